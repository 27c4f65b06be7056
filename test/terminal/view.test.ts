import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import type { Event } from '../../scripts/engine/event.ts';
import { Surface } from '../../scripts/terminal/live.ts';
import { printOutcome } from '../../scripts/terminal/outcome.ts';
import { writeLines } from '../../scripts/terminal/output.ts';
import { startWait } from '../../scripts/terminal/wait.ts';
import { chooseView, createView, type ViewOptions } from '../../scripts/terminal/view.ts';
import { createStyle } from '../../scripts/terminal/style.ts';
import { FakeStream, screen } from './fake-stream.ts';
import { ESTIMATES, syntheticRun } from './synthetic.ts';

const terminal = (): FakeStream => new FakeStream({ columns: 100, rows: 30 });
const pipe = (): FakeStream => new FakeStream();

describe('which view goes where', () => {
  type Row = [string, Partial<ViewOptions> & { readonly stdout: FakeStream; readonly stderr: FakeStream }, string];
  test.each<Row>([
    ['a terminal gets the live view', { stdout: terminal(), stderr: terminal() }, 'live stdout'],
    ['CI gets lines', { stdout: terminal(), stderr: terminal(), env: { CI: 'true' } }, 'plain stdout'],
    ['a dumb terminal gets lines', { stdout: terminal(), stderr: terminal(), env: { TERM: 'dumb' } }, 'plain stdout'],
    ['no rows, no frame', { stdout: new FakeStream({ columns: 80, rows: 0 }), stderr: terminal() }, 'plain stdout'],
    ['results own a pipe, progress goes to stderr', { stdout: pipe(), stderr: pipe() }, 'plain stderr'],
    ['a redirected result still has its live progress', { stdout: pipe(), stderr: terminal() }, 'live stderr'],
    ['--json leaves stdout to the document', { stdout: terminal(), stderr: terminal(), document: true }, 'live stderr'],
    ['--output=json is events on stdout', { stdout: terminal(), stderr: terminal(), mode: 'json' }, 'json stdout'],
    ['--output=plain is plain on a terminal too', { stdout: terminal(), stderr: terminal(), mode: 'plain' }, 'plain stdout'],
    ['--output=live means live in CI too', { stdout: terminal(), stderr: terminal(), mode: 'live', env: { CI: '1' } }, 'live stdout'],
    ['--output=live cannot be in a pipe', { stdout: pipe(), stderr: pipe(), mode: 'live' }, 'plain stderr'],
    ['a task that answers has a single waiting line', { stdout: terminal(), stderr: terminal(), shape: 'answer' }, 'answer stdout'],
    ['and only lines in a pipe', { stdout: pipe(), stderr: pipe(), shape: 'answer' }, 'plain stderr'],
  ])('%s', (_why, given, expected) => {
    const { kind, to } = chooseView({ mode: 'auto', env: {}, ...given });
    expect(`${kind} ${to}`).toBe(expected);
  });
});

test('--output=json is exactly the events, one per line, and the result last', async () => {
  const stdout = pipe();
  const events = syntheticRun();
  const view = createView({ mode: 'json', stdout, stderr: pipe(), env: {} });
  for (const event of events) view.on(event);
  await view.close();
  printOutcome({ exit: 'no', result: { healthy: false }, render: () => [] }, { stdout, style: createStyle({ colour: false, width: 80 }), form: 'line' });
  const lines = stdout.text.trimEnd().split('\n').map((line): unknown => JSON.parse(line));
  expect(lines.slice(0, -1)).toEqual(events);
  expect(lines.at(-1)).toEqual({ type: 'result', exit: 'no', code: 1, result: { healthy: false } });
});

test('an answer for people is its lines, as a document it is one', () => {
  const outcome = { exit: 'done' as const, result: { healthy: true }, render: () => ['✔ infra is healthy'] };
  const style = createStyle({ colour: false, width: 80 });
  const [people, document] = [pipe(), pipe()];
  printOutcome(outcome, { stdout: people, style, form: 'people' });
  printOutcome(outcome, { stdout: document, style, form: 'document' });
  expect(people.text).toBe('✔ infra is healthy\n');
  expect(JSON.parse(document.text)).toEqual({ healthy: true });
});

describe('the live view', () => {
  test('after a run only the compact picture is left on the screen, and the cursor is back', async () => {
    const stdout = terminal();
    const events = syntheticRun();
    const view = createView({ mode: 'live', stdout, stderr: pipe(), env: { NO_COLOR: '1' }, estimates: ESTIMATES, now: () => Date.parse(events.at(-1)?.at ?? '') });
    for (const event of events) view.on(event);
    await view.close();
    await view.close();
    const lines = screen(stdout.text, 30);
    expect(lines[0]).toMatch(/^task cluster:create CLUSTER=all/u);
    expect(lines.at(-2)).toMatch(/✔ done in/u);
    expect(lines).toHaveLength(6);
    expect(stdout.text.lastIndexOf('\u001b[?25h')).toBeGreaterThan(stdout.text.lastIndexOf('\u001b[?25l'));
  });

  test('leaves the screen to a question: nothing is drawn between pause and resume', async () => {
    const stdout = terminal();
    const events = syntheticRun();
    const view = createView({ mode: 'live', stdout, stderr: pipe(), env: {}, now: () => 0 });
    for (const event of events.slice(0, 10)) view.on(event);
    await view.pause();
    const before = stdout.text;
    expect(before.endsWith('\u001b[?25h')).toBe(true);
    for (const event of events.slice(10, 40)) view.on(event);
    stdout.emit('resize');
    expect(stdout.text).toBe(before);
    view.resume();
    stdout.emit('resize');
    expect(stdout.text.length).toBeGreaterThan(before.length);
    await view.close();
  });

  test('what is said from outside stays above, and the picture goes on below it', async () => {
    const stdout = terminal();
    const events = syntheticRun();
    const view = createView({ mode: 'live', stdout, stderr: pipe(), env: { NO_COLOR: '1' }, now: () => 0 });
    for (const event of events.slice(0, 10)) view.on(event);
    stdout.emit('resize');
    view.say('stopping safely; Ctrl-C again stops at once');
    const lines = screen(stdout.text, 30);
    expect(lines.slice(0, 2)).toEqual(['stopping safely; Ctrl-C again stops at once', expect.stringMatching(/^task cluster:create/u)]);
    expect(lines.filter((line) => line.startsWith('task '))).toHaveLength(1);
    await view.close();
  });

  test('takes no signal listeners: those are cli\'s', async () => {
    const before = process.listenerCount('SIGINT');
    const view = createView({ mode: 'live', stdout: terminal(), stderr: pipe(), env: {} });
    expect(process.listenerCount('SIGINT')).toBe(before);
    await view.close();
  });
});

test('a single wait shows nothing on a terminal without a width, where it would erase lines for ever', () => {
  const stream = terminal();
  stream.columns = 0;
  const wait = startWait('waking the lab', { stream, enabled: true, colour: false });
  wait.update('still waking it');
  wait.stop();
  expect(stream.text).toBe('');
});

describe('the drawing surface', () => {
  test('draws over the picture before, longer or shorter', () => {
    const stream = terminal();
    const surface = new Surface(stream);
    surface.draw(['a', 'b', 'c']);
    surface.draw(['d']);
    surface.draw(['e', 'f']);
    expect(screen(stream.text, 30)).toEqual(['e', 'f']);
    surface.settle(['end']);
    expect(screen(stream.text, 30)).toEqual(['end', '']);
  });

  test('writes nothing when nothing changed', () => {
    const stream = terminal();
    const surface = new Surface(stream);
    surface.draw(['a']);
    const before = stream.text;
    surface.draw(['a']);
    expect(stream.text).toBe(before);
  });

  test('a narrower window has broken lines in two: the picture begins that much higher', () => {
    const stream = terminal();
    const surface = new Surface(stream);
    surface.draw(['x'.repeat(90), 'y']);
    stream.columns = 50;
    surface.draw(['z']);
    expect(stream.text).toContain('\r\u001b[2A');
  });
});

test.each([['EPIPE', 'a reader'], ['EIO', 'a terminal']])('%s: %s that goes away does not end the work: what is written afterwards is dropped', async (code) => {
  const stdout = new FakeStream({ broken: code });
  const view = createView({ mode: 'json', stdout, stderr: pipe(), env: {} });
  const events: readonly Event[] = syntheticRun();
  view.on(events[0] as Event);
  await new Promise((resolve) => setImmediate(resolve));
  for (const event of events) view.on(event);
  writeLines(stdout, ['the end']);
  await view.close();
  expect(stdout.text).toBe('');
});

describe('in a process of its own, played by the demo', () => {
  const demo = new URL('demo.ts', import.meta.url).pathname;
  const shell = (line: string) => spawnSync('bash', ['--norc', '-c', line.replaceAll('DEMO', `"${process.execPath}" "${demo}"`)], { encoding: 'utf8', env: { PATH: process.env['PATH'] } });

  test('a pipe gets lines on stderr and keeps stdout clean for results', () => {
    const { status, stdout, stderr } = shell('DEMO auto 200');
    expect([status, stdout]).toEqual([0, '']);
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(/ done +in 5m14s \(wall 5\.2 s\)$/u);
  });

  test('a reader that leaves after one line does not make it fail', () => {
    const { stdout, stderr } = shell('DEMO json 200 | head -n 1; echo "${PIPESTATUS[0]}"');
    expect(stdout.split('\n').slice(1)).toEqual(['0', '']);
    expect(stderr).toBe('');
  });
});
