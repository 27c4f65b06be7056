import type { Cluster, Site } from '../config/cluster.ts';
import type { TargetFile } from '../config/target.ts';
import type { Clock } from '../engine/clock.ts';
import type { Sink } from '../engine/sink.ts';
import type { StagedTask, StepsTask, Taskfile } from '../phases/task.ts';
import type { View } from '../terminal/view.ts';
import { makeContexts } from './compose.ts';
import type { Invocation } from './invocation.ts';
import type { Locks } from './locks.ts';
import type { ResolvedTask } from './resolve.ts';
import type { StagedRun } from './staged.ts';

export interface TaskToRun {
  readonly resolved: ResolvedTask;
  readonly invocation: Invocation;
  readonly target: TargetFile;
  /** undefined for tasks that need no configuration: it is read when they ask. */
  readonly site: Site | undefined;
  readonly clock: Clock;
  /** The table of contents. */
  readonly tasks: Taskfile;
}

export type RedactorLike = { redact(text: string): string; add(value: string): void };

export function isStepsTask(task: ResolvedTask['task']): task is StepsTask {
  return 'steps' in task;
}
export function isStagedTask(task: ResolvedTask['task']): task is StagedTask {
  return 'stages' in task;
}

/** What a task's work is given of its run: id, folder, and the lock to ask for before it writes to a cluster. */
export interface Work { readonly id: string; readonly dir: string; readonly claim?: Locks['claim'] }

export function chosenClusters(site: Site, names: readonly string[]): readonly Cluster[] {
  return site.clusters.filter((cluster) => names.includes(cluster.name));
}

/** What the parts of one run share. */
export interface Parts { readonly todo: TaskToRun; readonly run: Work; readonly events: Sink; readonly redactor: RedactorLike; readonly view: View; readonly staged: StagedRun | undefined }

export function contextsFor({ todo, run, events, redactor }: Pick<Parts, 'todo' | 'run' | 'events' | 'redactor'>, site: Site, signal: AbortSignal): ReturnType<typeof makeContexts> {
  const { clock, invocation, resolved } = todo;
  return makeContexts({
    site, clusters: chosenClusters(site, resolved.clusters), emit: events.emit, signal, clock, dryRun: invocation.flags.dryRun,
    redactor, taskDir: invocation.places.taskDir, runDir: run.dir, env: invocation.env, variables: resolved.variables, ...(run.claim === undefined ? {} : { claim: run.claim }),
  });
}
