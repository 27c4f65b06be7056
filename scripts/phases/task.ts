import type { Cluster, Site } from '../config/cluster.ts';
import type { TargetFile } from '../config/target.ts';
import type { Proc, Redactor } from '../tools/doors.ts';
import type { Emit } from '../engine/event.ts';
import type { Clock } from '../engine/clock.ts';
import type { Failure } from '../engine/failure.ts';
import type { Json, Outcome, Style } from '../engine/outcome.ts';
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
  /** The table of contents, for tasks that speak of tasks. */
  readonly tasks: Taskfile;
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
  /** Aliases that fix variables, with what they fix: bootstrap:infra-crds is bootstrap:crds CLUSTER=infra. */
  readonly fixedAliases?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly variables: Readonly<Record<string, Variable>>;
  /** Values set by the name itself (cluster:create-infra is cluster:create with CLUSTER=infra). */
  readonly fixed?: Readonly<Record<string, string>>;
  /** A lab is given data sets of its own: the platform's are nothing a lab could hold. */
  readonly labData?: true;
  /** Whether a run folder, journal and lock are needed. */
  readonly writes: boolean;
  /** Work that needs no configuration read first (lab:*, tools:*, doctor); it is still read where it can be. */
  readonly configuration?: 'required' | 'optional';
}
/** A task of steps, repeated side by side for every chosen cluster. */
export interface StepsTask extends Common { readonly steps: readonly Step<Cx, Snapshot>[] }
/** A part of a long task: every chosen cluster passes it, side by side, before the next begins. */
export interface Stage {
  readonly name: string;
  readonly title: string;
  /** One list for every cluster... */
  readonly steps: readonly Step<Cx, Snapshot>[];
  /** Steps of the run as a whole, before the clusters' and after. */
  readonly first?: readonly Step<Cx, Snapshot>[];
  readonly last?: readonly Step<Cx, Snapshot>[];
  /** Only where nothing is real: on site it is not there. */
  readonly only?: 'lab';
}
/**
 * A task of stages that is gone on with until it is over: its run folder and journal stay the same however often it is
 * interrupted, it is kept for ever, and it ends with a report.
 */
export interface StagedTask extends Common {
  readonly stages: readonly Stage[];
  ending(): Promise<{ readonly default: Ending }>;
}
/** What a staged task does around its steps: when an attempt at it begins, and when it ends, whichever way. */
export interface Ending {
  /** Before the first step: writes down what is set out to do. Throws a Failure when the world does not bear out the stage to begin with. */
  begin(at: BeginPlace): Promise<void>;
  /** Before the journal is closed: puts back what the attempt changed and does not stay. May write to the clusters. Answers whether the run is over. */
  settle(at: EndingPlace): Promise<{ readonly over: boolean; /** What it found out about why the attempt failed, to be told with the failure. */ readonly found?: readonly Failure[] }>;
  /** After it: the report, and the seal when the run is over. Answers the last lines for people, and what programs are told. */
  report(at: ReportPlace): Promise<Ended>;
}
export interface BeginPlace { readonly contexts: readonly Cx[]; readonly run: string; readonly runDir: string; readonly site: Site; readonly stages: readonly Stage[]; readonly goesOn: boolean; /** FROM, when it was given. */ readonly from: string | undefined; /** Whether an earlier attempt has begun to wipe. */ readonly pastNoReturn: boolean }
export interface EndingPlace { readonly contexts: readonly Cx[]; readonly runDir: string; readonly failure: Failure | undefined; readonly pastNoReturn: boolean; readonly paused: boolean; readonly stoppedAfter: string | undefined }
export interface ReportPlace { readonly runDir: string; readonly over: boolean; readonly site: Site; readonly proc: Proc; redact(text: string): string }
export interface Ended { readonly result: Json; render(style: Style): readonly string[] }
/** A task that answers. */
export interface ActionTask extends Common { load(): Promise<Action> }
export type Task = StepsTask | StagedTask | ActionTask;
export type Taskfile = Readonly<Record<string, Task>>;
