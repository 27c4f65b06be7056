import { randomBytes } from 'node:crypto';
import type { KubeObject } from '../../config/cluster.ts';
import { textIn } from '../../config/data.ts';
import type { DataSet, Protection } from '../../config/recovery.ts';
import { Failure } from '../../engine/failure.ts';
import { lockedIn } from '../../engine/lock-holder.ts';
import type { KindRef } from '../../tools/doors.ts';
import type { DrContext } from '../context.ts';

/** A data set that is backed up. */
export type BackedUp = DataSet & { readonly protection: Extract<Protection, { by: 'backup' }> };

/** What can be said of the newest backup of a set; times are ms on the cluster's clock. */
export type NewestBackup =
  /** `at`: the moment the data in it is of. `trouble`: why the next one may not come, though this one is there. */
  | { readonly is: 'there'; readonly at: number; readonly size: string | null; readonly note: string; readonly trouble?: string }
  | { readonly is: 'none' | 'unknown'; readonly because: string; readonly hint: string };

/** A copy of a data set beside it, restored from its backup. */
export interface Scratch {
  /** The claim or the Cluster it was restored into. */
  readonly object: string;
  readonly is: 'restored' | 'nothing' | 'unreadable' | 'unknown';
  /** The moment the data is of, on the cluster's clock. */
  readonly restoredFrom: string | null;
  readonly because: string;
  /** Removes every object of it. Throws a Failure that names what is left. */
  cleanUp(): Promise<void>;
}

const MINUTES = 60_000;
/** A backup or a restore of the largest set may take so long, ms of the run's clock. */
export const PATIENCE = 60 * MINUTES;
export const EVERY = 5_000;

/** The cluster's own now, ms: ages of what it made are told by its clock and no other. Throws a Failure when it cannot be asked. */
export async function clusterNow(cx: Pick<DrContext, 'looking' | 'cluster'>): Promise<number> {
  if (cx.looking.kube.now === undefined) throw new Failure({ exit: 'rerun', what: `${cx.cluster.name} cannot be asked for its time`, hint: `task cluster:health CLUSTER=${cx.cluster.name}` });
  return cx.looking.kube.now();
}

export const iso = (ms: number): string => new Date(ms).toISOString();

/** A time of an object, ms; undefined when there is none, or none that can be read. */
export function timeIn(object: KubeObject, ...path: readonly (string | number)[]): number | undefined {
  const at = Date.parse(textIn(object, ...path) ?? '');
  return Number.isNaN(at) ? undefined : at;
}

/** Says which data set a scratch copy is of. */
export const SCRATCH_LABEL = 'task.dr/scratch-of';
export function scratchLabels(set: DataSet): Record<string, string> {
  return { [SCRATCH_LABEL]: set.name, 'app.kubernetes.io/managed-by': 'task' };
}

/** At most 50 characters, which is what CloudNativePG allows; each time another, because the one before may still be on its way out. */
export function scratchName(set: DataSet, tag: string): string {
  return `dr-scratch-${set.name.slice(0, 20)}-${tag.slice(0, 10)}-${randomBytes(3).toString('hex')}`.replaceAll(/-{2,}/g, '-');
}

/** A tag nobody has used: one that is done already would count as done at once. */
export function freshTag(tag: string): string {
  return `${tag}-${randomBytes(4).toString('hex')}`;
}

/** Removes scratch copies of the set that an interrupted run left behind. Whoever calls it holds the cluster's lock. */
export async function sweep(cx: DrContext, set: DataSet, kinds: readonly KindRef[]): Promise<void> {
  for (const kind of kinds) {
    const { items } = await cx.looking.kube.list(kind, { namespace: set.namespace, labelSelector: `${SCRATCH_LABEL}=${set.name}` });
    for (const object of items) {
      if (object.metadata.deletionTimestamp === undefined) await cx.doors.kube.delete(kind, object.metadata.name, set.namespace);
    }
  }
}

/** Deletes all of these; every one is tried, and those that stay are named. */
export async function remove(cx: DrContext, set: DataSet, objects: readonly { readonly kind: KindRef; readonly name: string }[]): Promise<void> {
  const left: string[] = [];
  const failures: Failure[] = [];
  for (const { kind, name } of objects) {
    try {
      await cx.doors.kube.delete(kind, name, set.namespace, { last: true });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      left.push(`${kind.kind} ${set.namespace}/${name}`);
      failures.push(error);
    }
  }
  const [first] = failures;
  if (first === undefined) return;
  throw new Failure({ exit: first.exit, what: `a scratch copy of ${set.name} could not be removed`, because: first.because ?? first.what, leftBehind: left.join(', '), hint: `the next task dr:readiness CLUSTER=${cx.cluster.name} removes it`, parts: failures });
}

/** Cleans up behind something that failed already: what stays is told beside that, and does not take its place. Whether nothing stayed. */
export async function quietly(cx: DrContext, cleanUp: () => Promise<void>): Promise<boolean> {
  try {
    await cleanUp();
    return true;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    cx.emit({ type: 'note', lane: cx.lane, step: cx.step, level: 'warn', text: `${error.message}${error.leftBehind === undefined ? '' : `; left behind: ${error.leftBehind}`}` });
    return false;
  }
}

/** Whether an error is the world's no, which can be told in a row; interruptions, another operator's lock and mistakes of the program go on up. */
export function isAnswer(error: unknown): error is Failure {
  return error instanceof Failure && error.exit !== 'interrupted' && error.exit !== 'bug' && lockedIn(error) === undefined;
}
