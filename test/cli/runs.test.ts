import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Outcome } from '../../scripts/engine/outcome.ts';
import { newHolder } from '../../scripts/engine/lock-holder.ts';
import runsExport from '../../scripts/phases/runs-export.ts';
import runsList from '../../scripts/phases/runs-list.ts';
import runsShow from '../../scripts/phases/runs-show.ts';
import { createStyle } from '../../scripts/terminal/style.ts';
import type { Attribute, Span, TracesData } from '../../scripts/tools/otlp.ts';
import { failureOf } from '../tools/support.ts';
import { actionContext, begun, failing, writeRun } from './runs-support.ts';

let taskDir = '';
beforeEach(() => { taskDir = mkdtempSync(join(tmpdir(), 'runs-')); });
afterEach(() => rmSync(taskDir, { recursive: true, force: true }));

const style = createStyle({ colour: false, width: 100 });
const text = (outcome: Outcome): string => outcome.render(style).join('\n');
const show = (RUN: string): Promise<Outcome> => runsShow(actionContext(taskDir, { RUN }));
const journal = (dir: string): string => join(dir, 'journal.jsonl');
const well = (run: string): Parameters<typeof writeRun>[1] extends (run: string) => infer T ? T : never => [[0, begun(run, { task: 'flux:reconcile' })], [2_500, { type: 'run-finished', run, exit: 0, ms: 2_500, wallMs: 2_500 }]];
/** A run whose last words were never said. */
const cutShort = (run: string): ReturnType<typeof failing> => failing(run).slice(0, 9);

describe('runs:list', () => {
  test('tells runs newest first: what, where, when, how long, how they ended', async () => {
    const [first, second, third] = [writeRun(taskDir, failing), writeRun(taskDir, well), writeRun(taskDir, cutShort, false)];
    const outcome = await runsList(actionContext(taskDir));
    const [heading = '', ...rows] = outcome.render(style);
    expect(heading).toMatch(/^RUN +TASK +TARGET +BEGAN \(UTC\) +TOOK +HOW IT ENDED$/);
    expect(rows.map((row) => row.split(/ {2,}/))).toEqual([
      [third.id.slice(0, 12), 'cluster:create CLUSTER=infra', 'site', expect.stringMatching(/^2026-02-03 04:\d\d:06$/), '33s', '✖ ended without a word'],
      [second.id.slice(0, 12), 'flux:reconcile CLUSTER=infra', 'site', expect.any(String), '3s', '✔ done'],
      [first.id.slice(0, 12), 'cluster:create CLUSTER=infra', 'site', expect.any(String), '1m2s', '✖ rerun'],
    ]);
    expect(outcome.result).toMatchObject([{ run: third.id, end: 'silent', exit: null }, { run: second.id, exit: 0, ms: 2500 }, { run: first.id, exit: 75, task: 'cluster:create' }]);
  });
  test('says so when there is none', async () => {
    expect(text(await runsList(actionContext(taskDir)))).toBe(`no run in ${taskDir} yet`);
  });
  test('tells a run that is going on by the lock its living process holds', async () => {
    const run = writeRun(taskDir, cutShort, false);
    mkdirSync(join(taskDir, 'locks'));
    const lock = (over: object): void => writeFileSync(join(taskDir, 'locks', 'site-infra.lock'), JSON.stringify({ ...newHolder({ user: 'anna', task: 'cluster:create', run: run.id }), ...over }));
    lock({});
    expect(text(await runsList(actionContext(taskDir)))).toContain('… running');
    lock({ pid: 2 ** 22 + 1 });
    expect(text(await runsList(actionContext(taskDir)))).toContain('✖ ended without a word');
  });
  test('tells ids that begin alike by as many letters as it takes', async () => {
    const one = writeRun(taskDir, well);
    const alike = `${one.id.slice(0, 15)}${one.id[15] === '0' ? '1' : '0'}${one.id.slice(16)}`;
    mkdirSync(join(taskDir, 'runs', alike));
    const said = text(await runsList(actionContext(taskDir)));
    for (const id of [one.id, alike]) expect(said).toContain(id.slice(0, 16));
    expect(said).toContain('killed before it began');
  });
});

describe('runs:show', () => {
  test('draws what each cluster went through, with waits and their longest reasons, commands, retries and where it stopped', async () => {
    const run = writeRun(taskDir, failing);
    const outcome = await show('last');
    expect(outcome.exit).toBe('done');
    expect(outcome.render(style).slice(0, 6)).toEqual([
      '✖ cluster:create CLUSTER=infra  rerun (exit 75)',
      `  run       ${run.id}`,
      '  target    SITE, real machines',
      '  by        anna@desk (pid 7), version 1.2.3, commit abc',
      expect.stringMatching(/^ {2}began {5}2026-02-03 04:\d\d:06 UTC$/),
      '  took      1m2s',
    ]);
    expect(text(outcome)).toContain([
      'infra',
      '  lock          Lease kube-system/task-lock of infra',
      '  ✔ preflight   already so; +20ms, took 1s; 3 machines as told',
      '  ✖ core        failed; +1s, took 1m',
      '                waited 59s for every release, longest (31s) because cilium is not Ready',
      '                ran helmfile ×2 in 19s of wall (2 failed)',
      '                tried again ×2: helmfile sync, the registry did not answer',
      '  – flux        not started; core failed',
      '                ran flux ×1 in 4ms of wall',
      '',
      '✖ core: helmfile sync failed',
      '  because   no route to the registry',
      '  in        infra core',
      '  next      mend the network, then run it again',
    ].join('\n'));
    expect(outcome.result).toMatchObject({ run: run.id, exit: 75, lanes: [{ lane: 'infra', steps: [{ step: 'preflight' }, { step: 'core', how: 'failed', waits: [{ ms: 59_000, longestMs: 31_000 }] }, { step: 'flux' }] }] });
  });
  test('says of a run without last words in what it was and how to go on', async () => {
    writeRun(taskDir, cutShort, false);
    const said = text(await show('last'));
    expect(said).toContain('? core        begun, and not ended; +1s, took 32s');
    expect(said).toMatch(/– flux {8}not started/);
    expect(said).toMatch(/the last that is known of it is of 2026-02-03T04:\d\d:39/);
    expect(said).toContain('in        infra core');
    expect(said).toContain('task cluster:create CLUSTER=infra TARGET=site, which goes on from there');
  });
  test('finds a run by its id, the beginning of it in either case, or last', async () => {
    const [first, second] = [writeRun(taskDir, failing), writeRun(taskDir, well)];
    for (const [wanted, run] of [[first.id, first], [first.id.slice(0, 12).toLowerCase(), first], ['last', second]] as const) expect((await show(wanted)).result).toMatchObject({ run: run.id });
  });
  test.each([
    ['a run that is not there', 'ZZZZ', /^there is no run ZZZZ$/, /^the newest is /],
    ['a beginning of several', '01', /^01 is the beginning of 2 runs$/, /, /],
  ])('%s is a mistake in the words, told with what there is', async (_, wanted, what, because) => {
    writeRun(taskDir, failing);
    writeRun(taskDir, well);
    expect(await failureOf(show(wanted))).toMatchObject({ code: 64, what: expect.stringMatching(what), because: expect.stringMatching(because), hint: 'task runs:list' });
  });
  test('without any run it says how to make one', async () => {
    expect(await failureOf(show('last'))).toMatchObject({ code: 64, what: `there is no run in ${taskDir} yet` });
  });
});

describe('a journal that is not whole', () => {
  const tear = (dir: string): void => truncateSync(journal(dir), statSync(journal(dir)).size - 40);
  const change = (dir: string): void => writeFileSync(journal(dir), readFileSync(journal(dir), 'utf8').replace('cilium is not Ready', 'cilium is Ready     '));
  test('torn: every whole line counts, and it is said', async () => {
    const run = writeRun(taskDir, failing, false);
    tear(run.dir);
    const outcome = await show('last');
    expect([outcome.exit, outcome.result]).toMatchObject(['done', { torn: true, tampered: null, end: { is: 'silent' } }]);
    expect(text(outcome)).toContain('it ends in a line that was not written to its end');
    expect(text(await runsList(actionContext(taskDir)))).toContain(`journal of ${run.id}: it ends in a line that was not written to its end`);
  });
  test('changed: only what is before is shown, and whoever relies on it has to look', async () => {
    const run = writeRun(taskDir, failing);
    change(run.dir);
    const outcome = await show('last');
    expect(outcome.exit).toBe('look');
    expect(text(outcome)).toMatch(/changed after it was written \(line 7: its content is not what was hashed\); only what is\s+before is believed/);
    expect(text(outcome)).not.toContain('coredns is not Ready');
    expect(text(await runsList(actionContext(taskDir)))).toMatch(/\? cannot be told[\s\S]*: changed after it was written/);
  });
  test('lines cut off at the end are missed, because the result knows of them', async () => {
    const run = writeRun(taskDir, failing);
    const lines = readFileSync(journal(run.dir), 'utf8').split('\n');
    writeFileSync(journal(run.dir), `${lines.slice(0, -3).join('\n')}\n`);
    expect((await show('last')).exit).toBe('look');
  });
  test('something added is no part of it', async () => {
    const run = writeRun(taskDir, well);
    appendFileSync(journal(run.dir), '{"type":"note"}\n');
    expect((await show('last')).exit).toBe('look');
    const file = join(taskDir, 'trace.json');
    expect(await runsExport(actionContext(taskDir, { RUN: 'last', FILE: file }))).toMatchObject({ exit: 'look' });
    expect(readFileSync(file, 'utf8')).toContain('task.journal.tampered');
  });
});

interface Received { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: string }
async function collector(answer: { readonly status: number; readonly body: string }): Promise<{ readonly url: string; readonly received: Received[]; [Symbol.asyncDispose](): Promise<void> }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      received.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() });
      response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`, received,
    async [Symbol.asyncDispose]() { server.closeAllConnections(); await new Promise((resolve) => { server.close(resolve); }); },
  };
}

describe('runs:export', () => {
  const spansIn = (traces: TracesData): readonly Span[] => traces.resourceSpans.flatMap((each) => each.scopeSpans.flatMap((scope) => scope.spans));
  const plain = (attributes: readonly Attribute[]): Record<string, unknown> => Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
  const send = (url: string, env: Readonly<Record<string, string>> = {}): Promise<Outcome> => runsExport(actionContext(taskDir, { RUN: 'last' }, { OTEL_EXPORTER_OTLP_ENDPOINT: url, ...env }));

  test('sends run, lane, phases and commands as nested spans, waits and retries as their events', async () => {
    const run = writeRun(taskDir, failing);
    await using here = await collector({ status: 200, body: '{}' });
    const outcome = await send(`${here.url}/`, { OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20tok-1,x-team=ops' });
    expect(text(outcome)).toBe(`✔ 7 spans of run ${run.id} to ${here.url}/v1/traces`);
    const [request] = here.received;
    expect([request?.path, request?.headers['content-type'], request?.headers['authorization'], request?.headers['x-team']]).toEqual(['/v1/traces', 'application/json', 'Bearer tok-1', 'ops']);
    const traces: TracesData = JSON.parse(request?.body ?? '');
    expect(plain(traces.resourceSpans[0]?.resource.attributes ?? [])).toMatchObject({ 'service.name': 'talos-flux-runner', 'service.version': '1.2.3', 'host.name': 'desk' });
    const spans = spansIn(traces);
    const named = (span: Span | undefined): string => (span === undefined ? '' : `${named(spans.find((each) => each.spanId === span.parentSpanId))}/${span.name}`);
    expect(spans.map(named)).toEqual(['/cluster:create', '/cluster:create/infra', '/cluster:create/infra/flux version', '/cluster:create/infra/preflight', '/cluster:create/infra/core', '/cluster:create/infra/core/helmfile sync', '/cluster:create/infra/core/helmfile sync']);
    expect(new Set(spans.map((span) => span.spanId)).size).toBe(spans.length);
    for (const span of spans) {
      expect([span.traceId, span.spanId]).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), expect.stringMatching(/^[0-9a-f]{16}$/)]);
      expect(BigInt(span.endTimeUnixNano) >= BigInt(span.startTimeUnixNano)).toBe(true);
    }
    const core = spans.find((span) => span.name === 'core');
    expect([core?.status, plain(core?.attributes ?? [])]).toEqual([{ code: 2, message: 'core: helmfile sync failed' }, expect.objectContaining({ 'task.cluster': 'infra', 'task.phase.how': 'failed', 'task.failure.because': 'no route to the registry' })]);
    expect(core?.events.map((event) => [event.name, plain(event.attributes)['reason']])).toEqual([['waiting', 'cilium is not Ready'], ['waiting', 'cilium is not Ready'], ['waiting', 'coredns is not Ready'], ['retrying', 'the registry did not answer'], ['retrying', 'the registry did not answer']]);
    expect(spans.slice(0, 2).map((span) => span.status.code)).toEqual([2, 2]);
    const ran = spans.at(-1);
    expect(BigInt(ran?.endTimeUnixNano ?? 0) - BigInt(ran?.startTimeUnixNano ?? 0)).toBe(10_000_000_000n);
  });
  test('leaves the arguments of commands at home', async () => {
    writeRun(taskDir, failing);
    const file = join(taskDir, 'trace.json');
    await runsExport(actionContext(taskDir, { RUN: 'last', FILE: file }));
    expect(readFileSync(file, 'utf8')).not.toContain('secret-place');
  });
  test('writes a file instead where one is named, readable by its owner, and the same each time', async () => {
    writeRun(taskDir, failing);
    const [one, two] = [join(taskDir, 'one.json'), join(taskDir, 'two.json')];
    await runsExport(actionContext(taskDir, { RUN: 'last', FILE: one }, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }));
    await runsExport(actionContext(taskDir, { RUN: 'last', FILE: two }));
    expect(readFileSync(one)).toEqual(readFileSync(two));
    expect(statSync(one).mode & 0o777).toBe(0o600);
    expect(spansIn(JSON.parse(readFileSync(one, 'utf8')))).toHaveLength(7);
  });
  test.each([
    ['a refusal', { status: 403, body: 'who are you' }, /it answered 403: who are you/, /OTEL_EXPORTER_OTLP_HEADERS/],
    ['spans that were turned away', { status: 200, body: '{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}' }, /3 rejected: too old/, /collector says why/],
  ])('%s is a failure in the collector\'s words', async (_, answer, because, hint) => {
    writeRun(taskDir, well);
    await using here = await collector(answer);
    expect(await failureOf(send(here.url))).toMatchObject({ code: 75, because: expect.stringMatching(because), hint: expect.stringMatching(hint) });
  });
  test.each([
    ['nobody listening', 'http://127.0.0.1:1', 75, /could not be sent to http:\/\/127.0.0.1:1\/v1\/traces/],
    ['no address', '', 64, /nothing says where the trace should go/],
    ['an address that is none', 'localhost', 64, /OTEL_EXPORTER_OTLP_ENDPOINT is no address/],
  ])('%s: exit %#', async (_, url, code, what) => {
    writeRun(taskDir, well);
    expect(await failureOf(send(url))).toMatchObject({ code, what: expect.stringMatching(what) });
  });
  test('a file that cannot be written is told', async () => {
    writeRun(taskDir, well);
    expect(await failureOf(runsExport(actionContext(taskDir, { RUN: 'last', FILE: join(taskDir, 'no', 'trace.json') })))).toMatchObject({ code: 75, what: expect.stringContaining('cannot be written') });
  });
});
