import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openStaged, type StagedAsk } from '../../scripts/cli/staged.ts';
import type { EventBody } from '../../scripts/engine/event.ts';
import { Failure } from '../../scripts/engine/failure.ts';
import { keepRun, RESULT_FILE } from '../../scripts/engine/runs.ts';
import type { PhaseStep } from '../../scripts/engine/phase.ts';
import type { Snapshot } from '../../scripts/health/snapshot.types.ts';
import type { Cx } from '../../scripts/phases/context.ts';
import type { StagedTask } from '../../scripts/phases/task.ts';
import { begun, writeRun, type Told } from './runs-support.ts';

const never = async (): Promise<never> => { throw new Error('nothing is loaded here'); };
const step = (name: string): PhaseStep<Cx, Snapshot> => ({ kind: 'phase', name, title: name, load: never });
const task: StagedTask = {
  summary: 'toy', variables: {}, writes: true, ending: never,
  stages: [
    { name: 'prepare', title: 'p', only: 'lab', steps: [step('first:core')] },
    { name: 'look', title: 'l', steps: [step('readiness')] },
    { name: 'destroy', title: 'd', steps: [step('wipe')] },
    { name: 'judge', title: 'j', steps: [step('compare')], first: [step('ask')], last: [step('verdict')] },
  ],
};
const folders: string[] = [];
afterAll(() => { for (const each of folders) rmSync(each, { recursive: true, force: true }); });
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'staged-'));
  folders.push(made);
  return made;
};
const ask = (taskDir: string, more: Partial<StagedAsk> = {}): StagedAsk => ({ task, name: 'dr:rehearse', clusters: ['infra'], variables: {}, target: { id: 'site', kind: 'site' }, taskDir, dryRun: false, ...more });
const at = { lane: 'infra', step: 'readiness' } as const;
const earlier = (taskDir: string, events: readonly EventBody[], ended = false, start: Parameters<typeof begun>[1] = {}): string => {
  const run = writeRun(taskDir, (id): Told => [[0, begun(id, { task: 'dr:rehearse', ...start })], ...events.map((event, n): Told[number] => [n + 1, event])], ended);
  keepRun(run.dir);
  return run.id;
};
const done: EventBody = { type: 'phase-finished', ...at, note: '31 things asked', ms: 5 };
const wiping: EventBody = { type: 'act-started', lane: 'infra', step: 'wipe', act: 'wipe', subject: 'infra-03' };
const failureOf = (work: () => unknown): Failure => {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('nothing failed');
};
const names = (of: ReturnType<typeof openStaged>): string[] => of.steps.map((each) => (each.kind === 'together' ? each.lanes.map((lane) => `${lane.lane}(${lane.steps.map((inner) => ('name' in inner ? inner.name : '')).join(' ')})`).join('|') : each.name));

describe('the steps of a staged task', () => {
  test('are its stages in order, each cluster in a lane of its own, what is of the run as a whole around them', () => {
    expect(names(openStaged(ask(folder(), { clusters: ['infra', 'apps'] })))).toEqual(['infra(readiness)|apps(readiness)', 'infra(wipe)|apps(wipe)', 'ask', 'infra(compare)|apps(compare)', 'verdict']);
  });
  test.each([
    ['what is only for a lab is not there on site', {}, 'site', ['infra(readiness)', 'infra(wipe)', 'ask', 'infra(compare)', 'verdict']],
    ['and is there in a lab', {}, 'lab', ['infra(first:core)', 'infra(readiness)', 'infra(wipe)', 'ask', 'infra(compare)', 'verdict']],
    ['UNTIL stops after a stage', { UNTIL: 'destroy' }, 'site', ['infra(readiness)', 'infra(wipe)']],
    ['FROM begins with one', { FROM: 'judge' }, 'site', ['ask', 'infra(compare)', 'verdict']],
  ] as const)('%s', (_what, variables, kind, wanted) => {
    expect(names(openStaged(ask(folder(), { variables, target: { id: 'site', kind } })))).toEqual(wanted);
  });
  test.each([
    ['a stage that does not exist', { FROM: 'wipe' }, /there is no stage wipe[^]*look, destroy, judge/],
    ['an end before the beginning', { FROM: 'judge', UNTIL: 'look' }, /comes before/],
  ] as const)('%s is usage, and the stages are named', (_what, variables, wanted) => {
    const failure = failureOf(() => openStaged(ask(folder(), { variables })));
    expect(failure.exit).toBe('usage');
    expect(`${failure.message} ${failure.hint}`).toMatch(wanted);
  });
  test('UNTIL the last stage stops nothing', () => {
    expect(openStaged(ask(folder(), { variables: { UNTIL: 'judge' } })).stopsAfter).toBeUndefined();
    expect(openStaged(ask(folder(), { variables: { UNTIL: 'look' } })).stopsAfter).toBe('look');
  });
});

describe('an unfinished run', () => {
  test('is gone on with; before the point of no return nothing of it is taken as done', () => {
    const taskDir = folder();
    const run = earlier(taskDir, [done]);
    const again = openStaged(ask(taskDir));
    expect(again).toMatchObject({ goesOn: true, run: { id: run } });
    expect(again.pastNoReturn()).toBe(false);
    expect(again.earlier('infra', 'readiness')).toBeUndefined();
  });
  test('is remembered step by step after the point of no return, checkpoints with who said go; what did not end is run again', () => {
    const taskDir = folder();
    earlier(taskDir, [done, { type: 'checkpoint-answered', lane: 'infra', step: 'confirm', answer: 'go', by: 'anna', how: 'typed', waitedMs: 3 }, { type: 'phase-started', lane: 'infra', step: 'wipe', title: 'w' }, wiping]);
    const again = openStaged(ask(taskDir));
    expect(again.pastNoReturn()).toBe(true);
    expect(again.earlier('infra', 'readiness')).toMatch(/came through at .*31 things asked/);
    expect(again.earlier('infra', 'confirm')).toMatch(/anna said go/);
    expect(again.earlier('infra', 'wipe')).toBeUndefined();
    expect(again.earlier('apps', 'readiness')).toBeUndefined();
  });
  test('what this attempt comes through is no reason to skip anything in it', () => {
    const taskDir = folder();
    earlier(taskDir, [wiping]);
    const again = openStaged(ask(taskDir));
    again.hear({ ...done, seq: 1, at: '2026-01-02T03:04:05.678Z', t: 0 });
    expect(again.earlier('infra', 'readiness')).toBeUndefined();
  });
  test('RUN=new leaves it behind for good', () => {
    const taskDir = folder();
    const old = earlier(taskDir, [wiping]);
    const fresh = openStaged(ask(taskDir, { variables: { RUN: 'new' } }));
    expect(fresh.goesOn).toBe(false);
    expect(fresh.run.id).not.toBe(old);
    expect(existsSync(join(taskDir, 'runs', old, RESULT_FILE))).toBe(true);
    expect(failureOf(() => openStaged(ask(taskDir, { variables: { RUN: old } }))).exit).toBe('rerun');
  });
  test.each([
    ['that is over', true, {}, {}],
    ['of another task', false, { task: 'cluster:create' }, {}],
    ['of a lab that is gone', false, { target: { id: 'lab-1', label: 'LAB', speed: 60, simulated: [] } }, {}],
  ] as const)('one %s is not gone on with', (_what, ended, start, _more) => {
    const taskDir = folder();
    const old = earlier(taskDir, [], ended, start);
    expect(openStaged(ask(taskDir)).run.id).not.toBe(old);
  });
  test('of other clusters is refused with both ways out; a dry run looks at none', () => {
    const taskDir = folder();
    earlier(taskDir, [], false, { variables: { CLUSTER: 'infra' } });
    const failure = failureOf(() => openStaged(ask(taskDir, { clusters: ['infra', 'apps'] })));
    expect(failure).toMatchObject({ exit: 'usage' });
    expect(failure.hint).toMatch(/CLUSTER=infra goes on[^]*RUN=new/);
    expect(openStaged(ask(taskDir, { clusters: ['infra', 'apps'], dryRun: true })).goesOn).toBe(false);
  });
  test('a pause is told of this attempt only', () => {
    const taskDir = folder();
    const pause: EventBody = { type: 'checkpoint-answered', lane: 'infra', step: 'confirm', answer: 'pause', by: 'anna', how: 'typed', waitedMs: 3 };
    earlier(taskDir, [pause]);
    const again = openStaged(ask(taskDir));
    expect(again.paused()).toBe(false);
    again.hear({ ...pause, seq: 1, at: '2026-01-02T03:04:05.678Z', t: 0 });
    expect(again.paused()).toBe(true);
  });
});
