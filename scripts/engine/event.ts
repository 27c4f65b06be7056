import type { ExitCode, FailureData } from './failure.ts';
import type { Verdict } from './verdict.ts';

/**
 * Everything the engine and the doors have to say. Views, journal and reports only listen to this; a new variant
 * does not compile until every listener speaks it (each ends its switch in `unreachable(event)`).
 * `lane` is the cluster a thing belongs to, or '' for the run as a whole. Times in ms are of the run's clock.
 */
export type EventBody =
  | RunStarted | RunFinished | PhaseStarted | PhaseSkipped | PhaseFinished | PhaseFailed | PhaseNotStarted
  | Progress | Waiting | Retrying | CommandRan | WouldRun | Judged | CheckpointAsked | CheckpointAnswered
  | ActStarted | ActFinished | LockTaken | Note;

/** An event as it leaves the sink: numbered, stamped with both clocks, every secret value already replaced. */
export type Event = EventBody & {
  readonly seq: number;
  /** Wall time, ISO 8601. */
  readonly at: string;
  /** The run's clock in ms since the run started (simulated in a lab). */
  readonly t: number;
};

export interface PlannedStep { readonly name: string; readonly title: string; readonly kind: 'phase' | 'checkpoint' }
export interface PlannedLane { readonly lane: string; readonly steps: readonly PlannedStep[] }

/** A run begins; carries the plan, which is the very list that will run. */
export interface RunStarted {
  readonly type: 'run-started';
  readonly run: string;
  readonly task: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly target: { readonly id: string; readonly label: string; readonly speed: number; readonly simulated: readonly string[] };
  readonly plan: readonly PlannedLane[];
  readonly dryRun: boolean;
  readonly by: { readonly user: string; readonly host: string; readonly pid: number };
  /** Version of the program and commit of the configuration, with `+dirty` when there are uncommitted changes. */
  readonly version: string;
  readonly commit: string;
}
/** A run is over, whatever the outcome. Always the last event. */
export interface RunFinished { readonly type: 'run-finished'; readonly run: string; readonly exit: ExitCode; readonly ms: number; readonly wallMs: number; readonly failure?: FailureData }
export interface PhaseStarted { readonly type: 'phase-started'; readonly lane: string; readonly step: string; readonly title: string }
/** The world already is as the phase would make it; `because` is what was seen. Its verify has passed too. */
export interface PhaseSkipped { readonly type: 'phase-skipped'; readonly lane: string; readonly step: string; readonly because: string; readonly ms: number }
export interface PhaseFinished { readonly type: 'phase-finished'; readonly lane: string; readonly step: string; readonly note: string; readonly ms: number }
export interface PhaseFailed { readonly type: 'phase-failed'; readonly lane: string; readonly step: string; readonly failure: FailureData; readonly ms: number }
/** A phase the run did not enter, and why (interrupted, an earlier one failed). */
export interface PhaseNotStarted { readonly type: 'phase-not-started'; readonly lane: string; readonly step: string; readonly because: string }
/** One subject inside a phase (a node, a CRD set) moved on. `done`/`of` count where counting makes sense. */
export interface Progress { readonly type: 'progress'; readonly lane: string; readonly step: string; readonly subject: string; readonly state: 'working' | 'done' | 'failed'; readonly note: string; readonly done?: number; readonly of?: number }
/** Still waiting: for what, the last reason why not, how long already and how long at most. */
export interface Waiting { readonly type: 'waiting'; readonly lane: string; readonly step: string; readonly for: string; readonly reason: string; readonly sinceMs: number; readonly patienceMs: number; readonly done?: number; readonly of?: number }
/** A call failed for a reason that is on its list of passing troubles and is tried again. */
export interface Retrying { readonly type: 'retrying'; readonly lane: string; readonly step: string; readonly what: string; readonly reason: string; readonly attempt: number }
/** A child process ended. `effect` says what the door declared it to be; `said` is the end of what one that changes something, or failed, put out. */
export interface CommandRan { readonly type: 'command-ran'; readonly lane: string; readonly step: string; readonly tool: string; readonly argv: readonly string[]; readonly effect: 'read' | 'local' | 'write'; readonly exitCode: number | null; readonly wallMs: number; readonly said?: string }
/** Dry run: what would have been done, as a command line or an API call a person could read. */
export interface WouldRun { readonly type: 'would-run'; readonly lane: string; readonly step: string; readonly effect: 'local' | 'write'; readonly command: string }
export interface Judged { readonly type: 'judged'; readonly lane: string; readonly step: string; readonly check: string; readonly layer: string; readonly verdict: Verdict }
export interface CheckpointAsked { readonly type: 'checkpoint-asked'; readonly lane: string; readonly step: string; readonly question: string }
export interface CheckpointAnswered { readonly type: 'checkpoint-answered'; readonly lane: string; readonly step: string; readonly answer: 'go' | 'pause' | 'stop'; readonly by: string; readonly how: 'typed' | 'flag' | 'policy' | 'yes'; readonly waitedMs: number }
/** A once-only act (etcd bootstrap, wipe) is about to be done. Journalled and fsynced before the act. */
export interface ActStarted { readonly type: 'act-started'; readonly lane: string; readonly step: string; readonly act: string; readonly subject: string }
/** The act is known to have happened (`done`), or proven from the world not to have (`not-done`). */
export interface ActFinished { readonly type: 'act-finished'; readonly lane: string; readonly step: string; readonly act: string; readonly subject: string; readonly outcome: 'done' | 'not-done' | 'proven'; readonly because: string }
export interface LockTaken { readonly type: 'lock-taken'; readonly lane: string; readonly lock: string; readonly because: string }
/** A sentence for people that is none of the above. */
export interface Note { readonly type: 'note'; readonly lane: string; readonly step: string; readonly level: 'info' | 'warn'; readonly text: string }

/** Closes an exhaustive switch: a variant nobody handles is a compile error here. */
export function unreachable(value: never): never {
  throw new TypeError(`unhandled variant: ${JSON.stringify(value)}`);
}

export type Emit = (event: EventBody) => void;
