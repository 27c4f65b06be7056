import { join } from 'node:path';
import { SITE } from '../../scripts/config/target.ts';
import type { EventBody } from '../../scripts/engine/event.ts';
import { openJournal } from '../../scripts/engine/journal.ts';
import { newRunDir, newRunId, writeResult, type Run } from '../../scripts/engine/runs.ts';
import { createSink } from '../../scripts/engine/sink.ts';
import type { ActionContext } from '../../scripts/phases/task.ts';
import { makeRedactor } from '../../scripts/tools/redact.ts';

const never = (): never => {
  throw new Error('a task about runs asks for no cluster');
};

/** What a task about the runs of `taskDir` is given. */
export function actionContext(taskDir: string, variables: Readonly<Record<string, string>> = {}, environment: Readonly<Record<string, string>> = {}): ActionContext {
  return {
    site: never, forCluster: never, show: never, target: SITE, clusters: [], tasks: {}, variables, flags: { watch: false, yes: false, verbose: false, dryRun: false },
    emit: never, signal: new AbortController().signal, clock: { now: Date.now, sleep: never, speed: 1 }, taskDir, runDir: join(taskDir, 'scratch'), redactor: makeRedactor(), root: taskDir, programRoot: taskDir, environment,
  };
}

/** Events of a run, each at a moment of the run's clock, ms. */
export type Told = readonly (readonly [t: number, event: EventBody])[];

export const begun = (run: string, more: Partial<Extract<EventBody, { type: 'run-started' }>> = {}): EventBody => ({
  type: 'run-started', run, task: 'cluster:create', variables: { CLUSTER: 'infra', TARGET: 'site' }, target: { id: 'site', label: 'SITE, real machines', speed: 1, simulated: [] },
  plan: [{ lane: 'infra', steps: [{ name: 'preflight', title: 'look', kind: 'phase' }, { name: 'core', title: 'core releases', kind: 'phase' }, { name: 'flux', title: 'hand over', kind: 'phase' }] }],
  dryRun: false, by: { user: 'anna', host: 'desk', pid: 7 }, version: '1.2.3', commit: 'abc', ...more,
});

const BEGAN = Date.parse('2026-02-03T04:05:06.000Z');
let count = 0;

/** Writes the run a story tells, as the program would; with `ended` its result too. Runs are a minute apart. */
export function writeRun(taskDir: string, story: (run: string) => Told, ended = true): Run {
  count += 1;
  const wall = BEGAN + count * 60_000;
  const run = newRunDir(taskDir, { id: newRunId(wall) });
  const journal = openJournal(run.dir);
  let now = wall;
  const sink = createSink({ clock: { now: () => now, sleep: never, speed: 1 }, redact: (text) => text, wall: () => now, listeners: [journal.append] });
  for (const [t, event] of story(run.id)) {
    now = wall + t;
    sink.emit(event);
  }
  if (ended) writeResult(run.dir, { run: run.id, journal: journal.head() });
  journal.close();
  return run;
}
const at = { lane: 'infra', step: 'core' } as const;

/** A create whose core releases fail after a while of waiting, retrying and running tools. */
export const failing = (run: string): Told => {
  const failure = { exit: 'rerun', code: 75, what: 'core: helmfile sync failed', because: 'no route to the registry', hint: 'mend the network, then run it again' } as const;
  const waiting = (t: number, reason: string): Told[number] => [t, { type: 'waiting', ...at, for: 'every release', reason, sinceMs: t - 2_000, patienceMs: 600_000 }];
  const ran = (t: number, argv: readonly string[], exitCode: number, wallMs: number): Told[number] => [t, { type: 'command-ran', ...at, tool: 'helmfile', argv, effect: 'write', exitCode, wallMs }];
  return [
    [0, begun(run)],
    [5, { type: 'lock-taken', lane: 'infra', lock: 'Lease kube-system/task-lock of infra', because: 'free' }],
    // Prepared ahead, before its own step begins.
    [10, { type: 'command-ran', lane: 'infra', step: 'flux', tool: 'flux', argv: ['version', '--client'], effect: 'read', exitCode: 0, wallMs: 4 }],
    [20, { type: 'phase-started', lane: 'infra', step: 'preflight', title: 'look' }],
    [1_000, { type: 'phase-skipped', lane: 'infra', step: 'preflight', because: '3 machines as told', ms: 980 }],
    [1_000, { type: 'phase-started', ...at, title: 'core releases' }],
    waiting(3_000, 'cilium is not Ready'), waiting(13_000, 'cilium is not Ready'), waiting(33_000, 'coredns is not Ready'),
    ran(40_000, ['--file', '/home/anna/secret-place/01-core.yaml', 'sync'], 1, 9_000),
    [41_000, { type: 'retrying', ...at, what: 'helmfile sync', reason: 'the registry did not answer', attempt: 1 }],
    [45_000, { type: 'retrying', ...at, what: 'helmfile sync', reason: 'the registry did not answer', attempt: 2 }],
    ran(60_000, ['--file', 'x', 'sync'], 1, 10_000),
    [61_000, { type: 'phase-failed', ...at, failure, ms: 60_000 }],
    [61_000, { type: 'phase-not-started', lane: 'infra', step: 'flux', because: 'core failed' }],
    [61_500, { type: 'run-finished', run, exit: 75, ms: 61_500, wallMs: 61_500, failure }],
  ];
};
