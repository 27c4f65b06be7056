import { unreachable, type Event, type PlannedStep } from '../engine/event.ts';
import type { ExitCode, FailureData } from '../engine/failure.ts';
import { clean } from './width.ts';

/** How long steps took before, lane by lane, in ms of the run's clock. Steps nobody has timed are missing. */
export type Estimates = Readonly<Record<string, Readonly<Record<string, number>>>>;

export interface SubjectView {
  readonly subject: string;
  readonly state: 'working' | 'done' | 'failed';
  readonly note: string;
  readonly done?: number | undefined;
  readonly of?: number | undefined;
}

export interface WaitingView {
  readonly for: string;
  readonly reason: string;
  /** When the waiting began, on the run's clock, ms since the run started. */
  readonly from: number;
  readonly patienceMs: number;
  readonly done?: number | undefined;
  readonly of?: number | undefined;
}

export type StepState = 'todo' | 'working' | 'asking' | 'done' | 'already' | 'skipped' | 'failed' | 'not-started';

export interface StepView {
  readonly name: string;
  readonly title: string;
  readonly state: StepState;
  /** What ended it, in one sentence: the note, why it was skipped, what failed. */
  readonly note: string;
  /** When it began, on the run's clock. */
  readonly startedAt?: number;
  /** How long it took, on the run's clock. */
  readonly ms?: number;
  readonly subjects: readonly SubjectView[];
  readonly waiting?: WaitingView;
  /** The last thing tried again, and why. */
  readonly retrying?: string;
  /** It did not fail: it was stopped. */
  readonly stopped?: boolean;
  readonly wouldRun: number;
  /** Checks that passed, by name, so that judging the same one twice counts once. */
  readonly passed: readonly string[];
}

export interface LaneView {
  /** Cluster, or '' for the run as a whole. */
  readonly lane: string;
  readonly steps: readonly StepView[];
}

/** All a frame needs, and nothing that changes by itself: time comes in from outside. */
export interface ViewState {
  readonly run: string;
  readonly task: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly target: string;
  readonly speed: number;
  readonly dryRun: boolean;
  readonly lanes: readonly LaneView[];
  /** Wall instant of the first event, ms since the epoch; undefined before it. */
  readonly startedWall?: number;
  /** The newest event's clocks: the run's (ms since start) and the wall's (ms since the epoch). */
  readonly lastT: number;
  readonly lastWall: number;
  /** The latest sentence for people, shown while it is news. */
  readonly note?: { readonly level: 'info' | 'warn'; readonly text: string; readonly lane: string };
  readonly finished?: { readonly exit: ExitCode; readonly ms: number; readonly wallMs: number; readonly failure?: FailureData };
  readonly estimates: Estimates;
}

/** Before the first event. */
export function initialState(estimates: Estimates = {}): ViewState {
  return { run: '', task: '', variables: {}, target: '', speed: 1, dryRun: false, lanes: [], lastT: 0, lastWall: 0, estimates };
}

/** The state after one more event. Pure and total: events out of order or for steps nobody planned are shown, not refused. */
export function reduce(before: ViewState, event: Event): ViewState {
  const wall = Date.parse(event.at);
  const lastWall = Number.isNaN(wall) ? before.lastWall : wall;
  const state: ViewState = {
    ...before,
    lastT: Number.isFinite(event.t) ? Math.max(before.lastT, event.t) : before.lastT,
    lastWall,
    startedWall: before.startedWall ?? lastWall,
  };
  switch (event.type) {
    case 'run-started':
      return {
        ...state,
        run: clean(event.run), task: clean(event.task), variables: event.variables, target: clean(event.target.label), speed: event.target.speed,
        dryRun: event.dryRun, lanes: event.plan.map((lane) => ({ lane: lane.lane, steps: lane.steps.map(planned) })),
      };
    case 'run-finished':
      return { ...state, finished: { exit: event.exit, ms: event.ms, wallMs: event.wallMs, ...(event.failure === undefined ? {} : { failure: event.failure }) } };
    case 'phase-started':
      return step(state, event, (was) => ({ ...fresh(was), title: clean(event.title), state: 'working', startedAt: event.t }));
    case 'phase-skipped':
      return step(state, event, (was) => settled(was, event.because.startsWith('skip:') ? 'skipped' : 'already', event.because.replace(/^skip:\s*/u, ''), event.ms));
    case 'phase-finished':
      return step(state, event, (was) => settled(was, 'done', event.note, event.ms));
    case 'phase-failed':
      return step(state, event, (was) => ({
        ...settled(was, 'failed', event.failure.because === undefined ? event.failure.what : `${event.failure.what}: ${event.failure.because}`, event.ms),
        ...(event.failure.exit === 'interrupted' ? { stopped: true } : {}),
      }));
    case 'phase-not-started':
      return step(state, event, (was) => ({ ...was, state: 'not-started', note: clean(event.because) }));
    case 'progress':
      return step(state, event, (was) => ({ ...working(was, event.t), subjects: withSubject(was.subjects, { subject: clean(event.subject), state: event.state, note: clean(event.note), done: event.done, of: event.of }) }));
    case 'waiting':
      return step(state, event, (was) => ({
        ...working(was, event.t),
        waiting: { for: clean(event.for), reason: clean(event.reason), from: event.t - event.sinceMs, patienceMs: event.patienceMs, done: event.done, of: event.of },
      }));
    case 'retrying':
      return step(state, event, (was) => ({ ...working(was, event.t), retrying: clean(`${event.what}: ${event.reason} (attempt ${event.attempt})`) }));
    case 'would-run':
      return step(state, event, (was) => ({ ...was, wouldRun: was.wouldRun + 1 }));
    case 'judged':
      return step(state, event, (was) => {
        const others = was.passed.filter((check) => check !== event.check);
        return { ...was, passed: event.verdict.is === 'pass' ? [...others, event.check] : others };
      });
    case 'checkpoint-asked':
      return step(state, event, (was) => ({ ...working(was, event.t), state: 'asking', note: clean(event.question) }));
    case 'checkpoint-answered':
      return step(state, event, (was) => {
        const note = `${event.answer === 'go' ? 'agreed' : event.answer === 'pause' ? 'paused' : 'stopped'} by ${event.by} (${event.how})`;
        // A question that was put was entered, whatever the answer: only what comes after it was not.
        return event.answer === 'go' ? settled(was, 'done', note, event.waitedMs) : { ...settled(was, 'failed', note, event.waitedMs), stopped: true };
      });
    case 'note':
      return { ...state, note: { level: event.level, text: clean(event.text), lane: event.lane } };
    case 'lock-taken':
    case 'act-started':
    case 'act-finished':
    case 'command-ran':
      // For the journal and the plain view; in a frame they would only flicker.
      return state;
    default:
      return unreachable(event);
  }
}

function planned(plan: PlannedStep): StepView {
  return { name: plan.name, title: clean(plan.title), state: 'todo', note: '', subjects: [], wouldRun: 0, passed: [] };
}

/** A step begun anew forgets what an earlier attempt left. */
function fresh(was: StepView): StepView {
  return { name: was.name, title: was.title, state: was.state, note: '', subjects: [], wouldRun: was.wouldRun, passed: [] };
}

/** A sign of life from a step that has not said it started, or that waits again after a question. */
function working(was: StepView, t: number): StepView {
  return was.state === 'todo' || was.state === 'not-started' || was.state === 'asking' ? { ...was, state: 'working', startedAt: was.startedAt ?? t } : was;
}

function settled(was: StepView, state: StepState, note: string, ms: number): StepView {
  const { waiting: _over, retrying: _past, ...rest } = was;
  return { ...rest, state, note: clean(note), ms };
}

function withSubject(subjects: readonly SubjectView[], next: SubjectView): readonly SubjectView[] {
  const index = subjects.findIndex((each) => each.subject === next.subject);
  return index < 0 ? [...subjects, next] : subjects.with(index, next);
}

function step(state: ViewState, at: { readonly lane: string; readonly step: string }, change: (was: StepView) => StepView): ViewState {
  const laneIndex = state.lanes.findIndex((each) => each.lane === at.lane);
  const lane: LaneView = state.lanes[laneIndex] ?? { lane: at.lane, steps: [] };
  const stepIndex = lane.steps.findIndex((each) => each.name === at.step);
  const was = lane.steps[stepIndex] ?? planned({ name: at.step, title: at.step, kind: 'phase' });
  const steps = stepIndex < 0 ? [...lane.steps, change(was)] : lane.steps.with(stepIndex, change(was));
  return { ...state, lanes: laneIndex < 0 ? [...state.lanes, { lane: at.lane, steps }] : state.lanes.with(laneIndex, { lane: at.lane, steps }) };
}

/** Where the run's clock stands at wall instant `now`: it goes on between events, at the target's speed, until the end. */
export function runClock(state: ViewState, now: number): number {
  if (state.finished !== undefined) return Math.max(state.finished.ms, 0);
  const speed = Number.isFinite(state.speed) && state.speed > 0 ? state.speed : 1;
  return state.lastT + Math.max(0, now - state.lastWall) * speed;
}

/** Wall milliseconds since the run began. */
export function wallElapsed(state: ViewState, now: number): number {
  return state.finished?.wallMs ?? (state.startedWall === undefined ? 0 : Math.max(0, now - state.startedWall));
}
