import type { Cluster, Site } from '../config/cluster.ts';
import type { TargetFile } from '../config/target.ts';
import type { Redactor } from '../tools/doors.ts';
import type { Emit } from '../engine/event.ts';
import type { Clock } from '../engine/clock.ts';
import type { Outcome } from '../engine/outcome.ts';
import type { Step } from '../engine/phase.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from './context.ts';

/** A variable of a task: `NAME=value` on the command line. */
export interface Variable {
  readonly summary: string;
  readonly required?: boolean;
  readonly default?: string;
  /** Values allowed; `clusters` means any cluster with a file in talos/clusters, `clusters|all` also all of them. */
  readonly values?: readonly string[] | 'clusters' | 'clusters|all';
}

/** What an action (a task that answers, rather than a list of steps) is given. */
export interface ActionContext {
  /** The configuration; rejects with a Failure (65) after its problems were shown. */
  site(): Promise<Site>;
  readonly target: TargetFile;
  /** The clusters chosen by CLUSTER, in the order of talos/clusters. */
  readonly clusters: readonly Cluster[];
  readonly variables: Readonly<Record<string, string>>;
  readonly flags: { readonly watch: boolean; readonly yes: boolean; readonly verbose: boolean; readonly dryRun: boolean };
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly taskDir: string;
  readonly runDir: string;
  readonly redactor: Redactor;
  /** Where the configuration is read from. */
  readonly root: string;
  /** Where this program lives; the configuration's root (site.root) may be elsewhere. */
  readonly programRoot: string;
  /** The environment children of development tasks are given. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The context of one cluster, as a phase would get it. */
  forCluster(cluster: Cluster, step?: string): Cx;
  /** Puts a new rendering of a watched answer on the screen (`--watch`). */
  show(outcome: Outcome): void;
}
export type Action = (cx: ActionContext) => Promise<Outcome>;

interface Common {
  readonly summary: string;
  /** Longer text for `--summary`, one paragraph per entry. */
  readonly details?: readonly string[];
  readonly aliases?: readonly string[];
  readonly variables: Readonly<Record<string, Variable>>;
  /** Values set by the name itself (cluster:create-infra is cluster:create with CLUSTER=infra). */
  readonly fixed?: Readonly<Record<string, string>>;
  /** Whether a run folder, journal and lock are needed. */
  readonly writes: boolean;
  /** Work that needs no configuration read first (lab:*, tools:*, doctor); it is still read where it can be. */
  readonly configuration?: 'required' | 'optional';
}
/** A task of steps, repeated side by side for every chosen cluster. */
export interface StepsTask extends Common { readonly steps: readonly Step<Cx, Snapshot>[] }
/** A task that answers. */
export interface ActionTask extends Common { load(): Promise<Action> }
export type Task = StepsTask | ActionTask;
export type Taskfile = Readonly<Record<string, Task>>;
