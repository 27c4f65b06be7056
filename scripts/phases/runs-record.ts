import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Event, PhaseFailed, RunFinished, RunStarted } from '../engine/event.ts';
import { EXIT, Failure, type ExitName } from '../engine/failure.ts';
import { parseHolder } from '../engine/lock-holder.ts';
import { whetherAlive } from '../engine/process-identity.ts';
import { listRuns, readRunJournal, startOfRun, type Run } from '../engine/runs.ts';

/** One wait of a step: for what, how long in all, and the reason that stood longest. Ms of the run's clock. */
export interface WaitRecord { readonly for: string; readonly ms: number; readonly longest: string; readonly longestMs: number }
/** What a step ran of one tool; `wallMs` together. */
export interface CommandRecord { readonly tool: string; readonly count: number; readonly wallMs: number; readonly failed: number }
export interface RetryRecord { readonly what: string; readonly reason: string; readonly count: number }

export interface StepRecord {
  readonly step: string;
  readonly title: string;
  /** `unfinished`: it began, and nothing says how it ended; `unasked` for what is told of no phase. */
  readonly how: 'done' | 'already' | 'failed' | 'not-started' | 'unfinished' | 'unasked';
  /** Ms of the run's clock after the run began. */
  readonly at: number | undefined;
  readonly ms: number | undefined;
  readonly note: string;
  readonly failure: PhaseFailed['failure'] | undefined;
  readonly waits: readonly WaitRecord[];
  readonly commands: readonly CommandRecord[];
  readonly retries: readonly RetryRecord[];
}
export interface LaneRecord { readonly lane: string; readonly locks: readonly string[]; readonly steps: readonly StepRecord[] }

/** What became of a run. Without a last word it is going on, or it was killed: `silent`. Where its journal was changed nothing is known of its end. */
export type RunEnd = { readonly is: 'ended'; readonly exit: ExitName } | { readonly is: 'running' } | { readonly is: 'unknown' } | { readonly is: 'silent'; readonly since: string };

/** A run as its journal tells it. */
export interface RunRecord {
  readonly id: string;
  readonly dir: string;
  /** Wall ms. */
  readonly began: number;
  readonly started: RunStarted | undefined;
  readonly finished: RunFinished | undefined;
  readonly end: RunEnd;
  readonly lanes: readonly LaneRecord[];
  readonly events: readonly Event[];
  /** What is wrong with the journal, in words; only what is before it is believed. */
  readonly torn: boolean;
  readonly tampered: string | undefined;
}

/** All runs of a task folder, newest first. */
export function readRuns(taskDir: string): readonly RunRecord[] {
  const alive = livingRuns(taskDir);
  return listRuns(taskDir).toReversed().map((run) => readRecord(run, alive.has(run.id)));
}

/**
 * The run a person means: `last`, an id, or the beginning of one in either case. Throws a Failure (64) that lists what there is when that is none
 * or several.
 */
export function findRun(taskDir: string, wanted: string): RunRecord {
  const runs = listRuns(taskDir);
  const start = wanted.toUpperCase();
  const found = wanted === 'last' ? runs.slice(-1) : runs.filter((run) => run.id.startsWith(start));
  const [only] = found;
  if (only !== undefined && found.length === 1) return readRecord(only, livingRuns(taskDir).has(only.id));
  if (runs.length === 0) throw new Failure({ exit: 'usage', what: `there is no run in ${taskDir} yet`, hint: 'a task that writes makes one: task cluster:create CLUSTER=infra TARGET=lab' });
  throw new Failure({
    exit: 'usage', what: found.length === 0 ? `there is no run ${wanted}` : `${wanted} is the beginning of ${found.length} runs`,
    because: found.length === 0 ? `the newest is ${runs.at(-1)?.id ?? ''}` : found.map((run) => run.id).join(', '), hint: 'task runs:list',
  });
}

/** Runs whose process holds a lock of this computer and is alive. */
function livingRuns(taskDir: string): ReadonlySet<string> {
  const dir = join(taskDir, 'locks');
  if (!existsSync(dir)) return new Set();
  return new Set(readdirSync(dir).filter((name) => name.endsWith('.lock')).flatMap((name) => {
    const holder = parseHolder(textOf(join(dir, name)));
    return holder === undefined || whetherAlive(holder).is === 'dead' ? [] : [holder.run];
  }));
}

/** Nothing for a lock given back while it was being read. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

function readRecord(run: Run, alive: boolean): RunRecord {
  const journal = readRunJournal(run);
  const { events, torn, tampered } = journal ?? { events: [], torn: false, tampered: undefined };
  // A line is being written at this very moment.
  return recordOf({ id: run.id, dir: run.dir, events, torn: torn && !alive, tampered: tampered === undefined ? undefined : `line ${tampered.line}: ${tampered.because}`, alive });
}

/** The record of a run from its events. Pure. */
export function recordOf(of: { readonly id: string; readonly dir: string; readonly events: readonly Event[]; readonly torn: boolean; readonly tampered: string | undefined; readonly alive: boolean }): RunRecord {
  const { events } = of;
  const started = events.find((event) => event.type === 'run-started');
  // A run that is gone on with begins anew in the same journal: only an end after the last beginning is its end.
  const mark = events.findLast((event) => event.type === 'run-finished' || event.type === 'run-started');
  const finished = mark?.type === 'run-finished' ? mark : undefined;
  const exit = finished === undefined ? undefined : nameOf(finished.exit);
  const last = events.at(-1);
  const lanes = new Map<string, LaneBuilder>();
  // In the order of the plan, whatever was prepared ahead; a step nothing is said of was not reached.
  for (const planned of started?.plan ?? []) for (const step of planned.steps) builder(lane(lanes, planned.lane), step.name).how = 'not-started';
  for (const event of events) if ('lane' in event) take(lane(lanes, event.lane), event);
  return {
    id: of.id, dir: of.dir, began: startOfRun(of.id), started, finished, events, torn: of.torn, tampered: of.tampered,
    end: exit !== undefined ? { is: 'ended', exit } : of.alive ? { is: 'running' } : of.tampered !== undefined ? { is: 'unknown' } : { is: 'silent', since: last?.at ?? new Date(startOfRun(of.id)).toISOString() },
    lanes: [...lanes.values()].map((each) => ({ lane: each.lane, locks: each.locks, steps: [...each.steps.values()].map((step) => stepRecord(step, last?.t ?? 0)) })),
  };
}

function nameOf(code: number): ExitName | undefined {
  return (Object.keys(EXIT) as ExitName[]).find((name) => EXIT[name] === code);
}

interface Stretch { readonly for: string; readonly reason: string; readonly from: number; readonly began: number; to: number }
interface StepBuilder {
  readonly step: string;
  title: string;
  how: StepRecord['how'];
  at: number | undefined;
  ms: number | undefined;
  note: string;
  failure: PhaseFailed['failure'] | undefined;
  open: Stretch | undefined;
  readonly stretches: Stretch[];
  readonly commands: Map<string, { count: number; wallMs: number; failed: number }>;
  readonly retries: Map<string, { what: string; reason: string; count: number }>;
}
interface LaneBuilder { readonly lane: string; readonly locks: string[]; readonly steps: Map<string, StepBuilder> }

function lane(lanes: Map<string, LaneBuilder>, name: string): LaneBuilder {
  const found = lanes.get(name) ?? { lane: name, locks: [], steps: new Map() };
  lanes.set(name, found);
  return found;
}

function builder(into: LaneBuilder, step: string): StepBuilder {
  const found = into.steps.get(step) ?? { step, title: '', how: 'unasked', at: undefined, ms: undefined, note: '', failure: undefined, open: undefined, stretches: [], commands: new Map(), retries: new Map() };
  into.steps.set(step, found);
  return found;
}

function take(into: LaneBuilder, event: Extract<Event, { readonly lane: string }>): void {
  if (event.type === 'lock-taken') return void into.locks.push(`${event.lock}${event.because === 'free' ? '' : `, ${event.because}`}`);
  const at = builder(into, event.step);
  switch (event.type) {
    case 'phase-started':
      Object.assign(at, { title: event.title, how: 'unfinished', at: event.t });
      return;
    case 'phase-finished':
    case 'phase-skipped':
      closeWait(at, event.t);
      Object.assign(at, { how: event.type === 'phase-finished' ? 'done' : 'already', note: event.type === 'phase-finished' ? event.note : event.because, ms: event.ms });
      return;
    case 'phase-failed':
      closeWait(at, event.t);
      Object.assign(at, { how: 'failed', note: event.failure.what, failure: event.failure, ms: event.ms });
      return;
    case 'phase-not-started':
      Object.assign(at, { how: 'not-started', note: event.because });
      return;
    case 'waiting': {
      const began = event.t - event.sinceMs;
      const { open } = at;
      if (open !== undefined && open.for === event.for && open.reason === event.reason && event.sinceMs >= open.to - open.began) {
        open.to = event.t;
        return;
      }
      // The same wait for another reason: the one before stood until now.
      closeWait(at, open !== undefined && open.for === event.for && began <= open.to ? event.t : undefined);
      at.open = { for: event.for, reason: event.reason, from: event.t, began, to: event.t };
      return;
    }
    case 'command-ran': {
      const known = at.commands.get(event.tool) ?? { count: 0, wallMs: 0, failed: 0 };
      at.commands.set(event.tool, { count: known.count + 1, wallMs: known.wallMs + event.wallMs, failed: known.failed + (event.exitCode === 0 ? 0 : 1) });
      return;
    }
    case 'retrying': {
      const key = `${event.what}\0${event.reason}`;
      at.retries.set(key, { what: event.what, reason: event.reason, count: (at.retries.get(key)?.count ?? 0) + 1 });
      return;
    }
    default:
  }
}

/** Ends the wait a step is in; `at` is when its last reason ceased, where that is known. */
function closeWait(step: StepBuilder, at: number | undefined): void {
  if (step.open === undefined) return;
  if (at !== undefined) step.open.to = at;
  step.stretches.push(step.open);
  step.open = undefined;
}

function stepRecord(step: StepBuilder, end: number): StepRecord {
  closeWait(step, step.how === 'unfinished' ? end : undefined);
  const waits = [...Map.groupBy(step.stretches, (stretch) => stretch.for)].map(([what, stretches]): WaitRecord => {
    // Several waits for the same thing, each of several reasons: the first reason of a wait stood since it began.
    const reasons = new Map<string, number>();
    let until = -Infinity;
    for (const stretch of stretches) {
      const from = Math.max(until, Math.min(stretch.from, stretch.began));
      reasons.set(stretch.reason, (reasons.get(stretch.reason) ?? 0) + Math.max(0, stretch.to - from));
      until = stretch.to;
    }
    const [longest = '', longestMs = 0] = [...reasons].toSorted((a, b) => b[1] - a[1])[0] ?? [];
    return { for: what, ms: [...reasons.values()].reduce((sum, ms) => sum + ms, 0), longest, longestMs };
  });
  return {
    step: step.step, title: step.title, how: step.how, at: step.at, ms: step.ms ?? (step.how === 'unfinished' && step.at !== undefined ? end - step.at : undefined), note: step.note, failure: step.failure,
    waits, commands: [...step.commands].map(([tool, ran]) => ({ tool, ...ran })), retries: [...step.retries.values()],
  };
}
