import type { Rehearsal, ReadinessRow, DataVerdict, Frozen, Generation, Sentinel, SentinelFound, Unfrozen } from '../record.ts';
import type { Difference } from '../fingerprint.ts';
import type { ExitName } from '../../engine/failure.ts';
import type { Verdict } from '../../engine/verdict.ts';

/**
 * A duration on both clocks: `run` is the run's (in the lab simulated), `wall` the one people live by. On site they are the same.
 */
export interface Both { readonly run: number; readonly wall: number }
/** A moment: wall ms since the epoch, and ms of the run's clock since the rehearsal began, standstills included. */
export interface Moment { readonly wall: number; readonly run: number }
export interface Stretch { readonly from: Moment; readonly to: Moment }

/** How a process that worked on the rehearsal ended. `killed`: it said nothing; `open`: nothing is known of its end yet. */
export type ProcessEnd = 'done' | 'paused' | 'refused' | 'interrupted' | 'failed' | 'killed' | 'open';
/** One process of the rehearsal; an interrupted rehearsal has several. */
export interface ProcessRecord extends Stretch {
  readonly by: string;
  readonly pid: number;
  readonly version: string;
  readonly commit: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly end: ProcessEnd;
  readonly exit: ExitName | null;
  readonly because: string;
}
/** Time in which no process worked on the rehearsal, and why the one before had ended. */
export interface Gap extends Stretch { readonly after: ProcessEnd; readonly because: string }

export type StepState = 'done' | 'already' | 'failed' | 'not-started' | 'unfinished';
export interface Attempt extends Stretch { readonly state: 'done' | 'already' | 'failed' | 'unfinished'; readonly note: string }
/** One step of one cluster ('' for the rehearsal as a whole), over all processes. */
export interface StepReport {
  readonly lane: string;
  readonly stage: string;
  readonly step: string;
  readonly title: string;
  readonly kind: 'phase' | 'checkpoint';
  readonly state: StepState;
  readonly note: string;
  readonly failure: { readonly what: string; readonly because: string; readonly hint: string; readonly exit: ExitName } | null;
  readonly attempts: readonly Attempt[];
  /** Time it really worked (a checkpoint: it waited for an answer). */
  readonly took: Both;
  readonly retries: readonly { readonly what: string; readonly reason: string; readonly count: number }[];
}

export interface CheckpointReport extends Stretch {
  readonly lane: string;
  readonly step: string;
  readonly question: string;
  readonly answer: 'go' | 'pause' | 'stop' | 'none';
  readonly by: string;
  readonly how: 'typed' | 'flag' | 'policy' | 'yes' | '';
  readonly waited: Both;
}
export interface ActReport {
  readonly lane: string;
  readonly step: string;
  readonly act: string;
  readonly subject: string;
  /** How many times it was begun, and how many times it is known to have happened. */
  readonly begun: number;
  readonly happened: number;
  readonly open: boolean;
  readonly because: string;
}

/** A stretch of the rehearsal, split into who it was spent on. machine + people + stopped = elapsed. */
export interface Split {
  readonly elapsed: Both;
  /** At least one step was at work, or nothing else is known of the time. */
  readonly machine: Both;
  /** A question was open and nothing was at work. */
  readonly people: Both;
  /** No process ran: killed, paused, stopped. */
  readonly stopped: Both;
}
export interface StageReport extends Split { readonly lane: string; readonly stage: string; readonly title: string; readonly from: Moment | null; readonly to: Moment | null; readonly state: StepState | 'none' }
/** From the first wipe to the last check of the data. `null` where it did not come to that. */
export interface Recovery { readonly cluster: string; readonly from: Moment | null; readonly to: Moment | null; readonly time: Split | null }

/** One thing the rehearsal was to show, judged. Where it is `decisive`, anything but pass or skip stands in the way of green: unknown is never good. */
export interface Judgement { readonly id: string; readonly cluster: string; readonly what: string; readonly wanted: string; readonly seen: string; readonly verdict: Verdict; readonly decisive: boolean }
export interface FindingReport {
  readonly id: string;
  readonly weight: 'fault' | 'deviation' | 'observation';
  readonly what: string;
  readonly because: string;
  readonly next: string;
  /** For people to fill in. */
  readonly owner: string;
  readonly due: string;
  readonly retest: string;
}
export interface Intervention { readonly kind: 'checkpoint' | 'resume' | 'override' | 'acceptance'; readonly cluster: string; readonly what: string; readonly by: string; readonly at: string }
export interface EtcdSnapshot { readonly cluster: string; readonly machine: string; readonly hash: string; readonly revision: number; readonly keys: number; readonly bytes: number; readonly sha256: string }
export interface DiskReport { readonly cluster: string; readonly machine: string; readonly purpose: string; readonly device: string | null; readonly verdict: Verdict }
export interface ComponentRate { readonly cluster: string; readonly kind: string; readonly before: number; readonly back: number; readonly missing: readonly string[] }

/** What later rehearsals are compared with; kept small and stable, because old reports must stay readable. */
export interface Baseline {
  readonly run: string;
  readonly at: string;
  readonly verdict: 'green' | 'red' | 'unfinished';
  readonly kind: 'site' | 'lab';
  readonly engine: string;
  readonly speed: number;
  readonly clusters: readonly string[];
  /** Run's clock, machine time. */
  readonly recoveryMs: number | null;
  readonly stages: Readonly<Record<string, number>>;
  /** `<cluster>/<step>` to ms of the run's clock. */
  readonly steps: Readonly<Record<string, number>>;
  readonly objects: Readonly<Record<string, number>>;
  readonly worstLossMs: number | null;
}

/** Everything a rehearsal's report says, derived from the run folder alone. This is run.json. */
export interface RehearsalReport {
  readonly format: 1;
  readonly kind: 'rehearsal';
  readonly run: string;
  readonly began: Moment;
  readonly ended: Moment;
  readonly verdict: { readonly is: 'green' | 'red' | 'unfinished'; readonly sentence: string; readonly reasons: readonly string[]; readonly explained: readonly string[] };
  /** No process will go on with it: the folder may be sealed. */
  readonly final: boolean;
  /** Whether anything was destroyed. */
  readonly pointOfNoReturn: 'not reached' | 'passed';
  readonly scenario: string;
  readonly hypothesis: string;
  readonly stopConditions: readonly { readonly what: string; readonly fired: string }[];
  readonly target: Rehearsal['target'];
  readonly clusters: readonly string[];
  readonly objectives: Rehearsal['objectives'];
  readonly version: string;
  readonly commit: string;
  readonly people: readonly { readonly who: string; readonly roles: readonly string[] }[];
  readonly processes: readonly ProcessRecord[];
  readonly gaps: readonly Gap[];
  readonly recovery: Recovery;
  readonly recoveries: readonly Recovery[];
  /** The whole rehearsal. */
  readonly time: Split;
  readonly stages: readonly StageReport[];
  readonly steps: readonly StepReport[];
  readonly slowest: readonly { readonly cluster: string; readonly step: string; readonly took: Both; readonly before: number | null; readonly beforeAt: string | null }[];
  readonly checkpoints: readonly CheckpointReport[];
  readonly acts: readonly ActReport[];
  readonly judgements: readonly Judgement[];
  readonly dataSets: Rehearsal['dataSets'];
  readonly data: readonly (DataVerdict & { readonly cluster: string; readonly verdict: Verdict })[];
  readonly sentinels: readonly (SentinelFound & { readonly cluster: string; readonly written: Sentinel | null })[];
  readonly differences: readonly (Difference & { readonly cluster: string })[];
  readonly readiness: readonly (ReadinessRow & { readonly cluster: string })[];
  readonly secondCreate: readonly { readonly cluster: string; readonly writes: readonly string[] }[];
  readonly snapshots: readonly EtcdSnapshot[];
  readonly disks: readonly DiskReport[];
  readonly frozen: readonly (Frozen & { readonly cluster: string })[];
  readonly unfrozen: readonly (Unfrozen & { readonly cluster: string })[];
  readonly generations: readonly (Generation & { readonly cluster: string })[];
  readonly components: readonly ComponentRate[];
  readonly versions: readonly { readonly cluster: string; readonly what: string; readonly version: string }[];
  readonly objects: readonly { readonly cluster: string; readonly section: string; readonly before: number | null; readonly after: number | null }[];
  readonly interventions: readonly Intervention[];
  readonly deviations: readonly string[];
  readonly skipped: readonly { readonly lane: string; readonly step: string; readonly because: string }[];
  readonly commands: readonly { readonly tool: string; readonly effect: string; readonly count: number; readonly failed: number; readonly wallMs: number }[];
  readonly notes: readonly { readonly at: string; readonly lane: string; readonly step: string; readonly text: string }[];
  readonly findings: readonly FindingReport[];
  readonly controls: readonly { readonly control: string; readonly asks: string; readonly answer: string }[];
  readonly baseline: Baseline;
  /** Earlier rehearsals of the same target kind, engine and speed, oldest first. */
  readonly previous: readonly Baseline[];
}
