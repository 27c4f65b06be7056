import type { Cluster, Site } from '../config/cluster.ts';
import type { EngineContext } from '../engine/phase.ts';
import type { Answer, PollOptions } from '../engine/poll.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Doors, SecretsBundle } from '../tools/doors.ts';

/** Secret values of this run: resolved once, at plan time, and kept in memory only. */
export interface Secrets {
  bundle(cluster: Cluster): SecretsBundle;
  /** The value of one `op://` reference of bootstrap/secrets.yaml. */
  value(reference: string): string;
}

/** What a phase gets: the cluster it works on, the doors to the world, and the engine's services. */
export interface Cx extends EngineContext<Snapshot> {
  readonly step: string;
  readonly site: Site;
  readonly cluster: Cluster;
  readonly doors: Doors;
  /**
   * Doors that only look, for `done`: computations (`local`) really run, even in a dry run, because without them
   * "is there anything to do?" has no answer; a write through them is a bug and says so.
   */
  readonly looking: Doors;
  /** Resolves on first use; throws a Failure (75) naming every reference that cannot be read. Never called in a dry run. */
  secrets(): Promise<Secrets>;
  /** Waits until `probe` answers ok; emits `waiting` with the last reason. Returns at once in a dry run. */
  wait<T>(what: string, probe: () => Promise<Answer<T>>, options: PollOptions): Promise<T | undefined>;
  /** A once-only act: journalled and fsynced before and after. Refuses (76) when an earlier start has no end and `proof` cannot tell. */
  act(act: string, subject: string, proof: () => Promise<'done' | 'not-done' | 'unknown'>, run: () => Promise<string>): Promise<void>;
  /** Whether an earlier run began this once-only act and no journal says how it ended. */
  actOpen(act: string, subject: string): boolean;
  /** What OVERRIDE accepts by name, of what a task would refuse otherwise; who gave it is in the journal with the run's variables. */
  readonly overrides: ReadonlySet<string>;
  /** The task's variables, as they were given. */
  readonly variables: Readonly<Record<string, string>>;
  /** What this process wrote to clusters in the steps `of` accepts, as commands a person could read; locks apart. */
  written(of: (lane: string, step: string) => boolean): readonly string[];
  /** How the data of a cluster that is made now begins; see docs/decisions/0011. */
  readonly data: { readonly mode: 'fresh' | 'restore'; readonly generation: string; readonly from: string };
  /** Files of the run, for what is saved as evidence. */
  readonly runDir: string;
  /** Files of this cluster on this target: kubeconfig, talosconfig, what was applied. 0700. */
  readonly clusterDir: string;
}
