import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openActs, performAct, runsWithOpenActs } from '../../scripts/engine/acts.ts';
import type { Proof } from '../../scripts/engine/acts.ts';
import type { EventBody } from '../../scripts/engine/event.ts';
import { Failure } from '../../scripts/engine/failure.ts';
import { openJournal } from '../../scripts/engine/journal.ts';
import { keepRun, latestRun, listRuns, newRunDir, newRunId, pruneRuns, startOfRun, writeResult } from '../../scripts/engine/runs.ts';
import { createSink } from '../../scripts/engine/sink.ts';
import { manualClock } from './manual-clock.ts';

let taskDir = '';
beforeEach(() => { taskDir = mkdtempSync(join(tmpdir(), 'acts-')); });
afterEach(() => rmSync(taskDir, { recursive: true, force: true }));

const started = (target: string): EventBody => ({
  type: 'run-started', run: 'r', task: 'cluster:create', variables: {}, plan: [], dryRun: false, version: '0', commit: 'c',
  target: { id: target, label: '', speed: 1, simulated: [] }, by: { user: 'ann', host: 'h', pid: 1 },
});

interface Told { readonly story: readonly string[]; readonly failure: Failure | undefined; readonly ran: number; readonly asked: number }

/** One run of a target with a journal, performing one act; `die` ends it inside run() as kill -9 does: nothing more is written. */
async function run(act: { readonly proof?: () => Promise<Proof>; readonly run?: () => Promise<string>; readonly target?: string; readonly lane?: string; readonly die?: boolean } = {}): Promise<Told> {
  const { target = 'site', lane = 'infra' } = act;
  const open = openActs(taskDir, target, lane);
  const journal = openJournal(newRunDir(taskDir).dir);
  const sink = createSink({ clock: manualClock(), redact: (text) => text, listeners: [journal.append] });
  const story: string[] = [];
  sink.add((event) => { if (event.type === 'act-started' || event.type === 'act-finished') story.push(event.type === 'act-finished' ? event.outcome : 'started'); });
  sink.emit(started(target));
  let ran = 0;
  let asked = 0;
  let failure: Failure | undefined;
  const perform = performAct({
    act: 'etcd-bootstrap', subject: 'infra-01', lane, step: 'etcd-bootstrap', emit: sink.emit, open,
    proof: async () => { asked++; return (act.proof ?? (async () => 'unknown' as const))(); },
    run: async () => {
      ran++;
      if (act.die === true) { dead.resolve(); return new Promise<never>(() => undefined); }
      return (act.run ?? (async () => 'bootstrapped'))();
    },
  });
  if (act.die === true) await dead.promise;
  else await perform.catch((error: unknown) => { if (!(error instanceof Failure)) throw error; failure = error; });
  journal.close();
  return { story, failure, ran, asked };
}
let dead = Promise.withResolvers<void>();
beforeEach(() => { dead = Promise.withResolvers<void>(); });

const says = (proof: Proof) => async (): Promise<Proof> => proof;
const fails = (exit: 'rerun' | 'interrupted' = 'rerun') => async (): Promise<never> => { throw new Failure({ exit, what: 'talosctl timed out' }); };

describe('a once-only act', () => {
  test('is written down before and after', async () => {
    expect(await run()).toEqual({ story: ['started', 'done'], failure: undefined, ran: 1, asked: 0 });
    expect(openActs(taskDir, 'site')).toEqual([]);
  });

  test('is on the disk before it is done', async () => {
    let seen: unknown;
    await run({ run: async () => { seen = openActs(taskDir, 'site')[0]; return ''; } });
    expect(seen).toMatchObject({ act: 'etcd-bootstrap', subject: 'infra-01', lane: 'infra' });
  });

  test.each([
    ['done', { story: ['proven'], ran: 0, exit: undefined }],
    ['not-done', { story: ['not-done', 'started', 'done'], ran: 1, exit: undefined }],
    ['unknown', { story: [], ran: 0, exit: 'look' }],
  ] as const)('killed in the middle, then the world says %s', async (proof, expected) => {
    await run({ die: true });
    const again = await run({ proof: says(proof) });
    expect({ story: again.story, ran: again.ran, exit: again.failure?.exit }).toEqual(expected);
    expect(openActs(taskDir, 'site')).toHaveLength(proof === 'unknown' ? 1 : 0);
  });

  test('killed, and the world cannot be read: look, with the reason', async () => {
    await run({ die: true });
    const again = await run({ proof: async () => { throw new Failure({ exit: 'rerun', what: 'infra-01 does not answer' }); } });
    expect(again.ran).toBe(0);
    expect(again.failure).toMatchObject({ code: 76, because: expect.stringContaining('infra-01 does not answer'), hint: expect.stringContaining('only once') });
  });

  test.each([
    ['not-done', 'rerun', ['started', 'not-done'], 0],
    ['unknown', 'look', ['started'], 1],
    ['done', undefined, ['started', 'proven'], 0],
  ] as const)('that fails while the world says %s', async (proof, exit, story, open) => {
    const told = await run({ run: fails(), proof: says(proof) });
    expect({ exit: told.failure?.exit, story: told.story }).toEqual({ exit, story });
    expect(openActs(taskDir, 'site')).toHaveLength(open);
  });

  test('interrupted stays open and stays an interruption', async () => {
    const told = await run({ run: fails('interrupted') });
    expect(told.failure?.exit).toBe('interrupted');
    expect(openActs(taskDir, 'site')).toHaveLength(1);
  });

  test('open on another target or in another lane is none of ours', async () => {
    await run({ die: true });
    expect(openActs(taskDir, 'lab-2')).toEqual([]);
    expect(openActs(taskDir, 'site', 'apps')).toEqual([]);
    expect((await run({ target: 'lab-2' })).story).toEqual(['started', 'done']);
    expect((await run({ lane: 'apps' })).story).toEqual(['started', 'done']);
    expect(openActs(taskDir, 'site', 'infra')).toHaveLength(1);
  });

  test('whose start cannot be written is not done', async () => {
    const sink = createSink({ clock: manualClock(), redact: (text) => text, listeners: [() => { throw new Failure({ exit: 'rerun', what: 'disk full' }); }] });
    let ran = false;
    await expect(performAct({ act: 'wipe', subject: 'x', lane: '', step: '', emit: sink.emit, open: [], proof: says('unknown'), run: async () => { ran = true; return ''; } })).rejects.toMatchObject({ exit: 'rerun', what: 'disk full' });
    expect(ran).toBe(false);
  });

  test('in a journal that was changed afterwards is not believed: look', async () => {
    await run({ die: true });
    const { dir } = latestRun(taskDir) ?? { dir: '' };
    writeFileSync(join(dir, 'journal.jsonl'), '{"type":"note"}\n');
    expect(() => openActs(taskDir, 'site')).toThrow(expect.objectContaining({ exit: 'look' }));
  });
});

describe('runs', () => {
  test('ids are unique, sort by age, and tell when', () => {
    const ids = Array.from({ length: 2000 }, (_, index) => newRunId(1_800_000_000_000 + Math.floor(index / 500) - (index === 1000 ? 50 : 0)));
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(id))).toBe(true);
    expect(startOfRun(ids[0] ?? '')).toBe(1_800_000_000_000);
  });

  test('the last ones stay, kept ones stay for ever, and are not counted', () => {
    const made = Array.from({ length: 6 }, () => newRunDir(taskDir));
    keepRun(made[0]?.dir ?? '');
    const removed = pruneRuns(taskDir, new Set(), 3);
    expect(removed.map(({ id }) => id)).toEqual([made[1]?.id, made[2]?.id]);
    expect(listRuns(taskDir).map(({ id }) => id)).toEqual([0, 3, 4, 5].map((index) => made[index]?.id));
  });

  test('a run with an open act is not pruned, or the act would be forgotten', async () => {
    await run({ die: true });
    for (let index = 0; index < 3; index++) newRunDir(taskDir);
    pruneRuns(taskDir, runsWithOpenActs(taskDir), 1);
    expect(openActs(taskDir, 'site')).toHaveLength(1);
    expect(listRuns(taskDir)).toHaveLength(2);
  });

  test('latest, wanted, ended', () => {
    const first = newRunDir(taskDir, { keep: true });
    const second = newRunDir(taskDir);
    writeResult(first.dir, { exit: 0 });
    expect(latestRun(taskDir)).toEqual(second);
    expect(latestRun(taskDir, (each) => each.ended)).toEqual({ ...first, ended: true });
    expect(latestRun(join(taskDir, 'nowhere'))).toBeUndefined();
  });
});
