import type { CheckpointAnswered, Event, PhaseFailed, RunFinished, RunStarted } from '../../engine/event.ts';
import { EXIT, type ExitName } from '../../engine/failure.ts';
import type { ActReport, Attempt, CheckpointReport, Gap, Moment, ProcessEnd, ProcessRecord, StepState } from './report.types.ts';

/** A journal laid out on two clocks that go on over every process of the rehearsal. */
export interface Timeline {
  readonly began: Moment;
  readonly ended: Moment;
  readonly processes: readonly ProcessRecord[];
  readonly gaps: readonly Gap[];
  readonly steps: readonly StepTrace[];
  readonly checkpoints: readonly CheckpointReport[];
  readonly acts: readonly (ActReport & { readonly from: Moment })[];
  readonly commands: readonly { readonly tool: string; readonly effect: string; readonly count: number; readonly failed: number; readonly wallMs: number }[];
  readonly notes: readonly { readonly at: string; readonly lane: string; readonly step: string; readonly text: string }[];
}
export interface StepTrace {
  readonly lane: string;
  readonly step: string;
  readonly title: string;
  readonly kind: 'phase' | 'checkpoint';
  readonly state: StepState;
  readonly note: string;
  readonly failure: PhaseFailed['failure'] | null;
  readonly attempts: readonly Attempt[];
  readonly retries: readonly { readonly what: string; readonly reason: string; readonly count: number }[];
}

interface Placed { readonly event: Event; readonly at: Moment; readonly process: number }
interface ProcessOf { readonly started: RunStarted; readonly events: Placed[]; finished: RunFinished | undefined }

/**
 * Lays a rehearsal's journal out. Each process counts its own clock from nothing; here it goes on where the one before stood, plus the
 * standstill between them at the world's speed (in the lab, simulated time passes while nobody works too).
 */
export function timelineOf(events: readonly Event[]): Timeline {
  const processes = split(events);
  const placed = processes.flatMap((process) => process.events);
  const first = placed[0]?.at ?? { wall: 0, run: 0 };
  const steps = new Map<string, Builder>();
  for (const { started } of processes) {
    for (const { lane, steps: planned } of started.plan) for (const step of planned) builder(steps, lane, step.name, step.kind, step.title);
  }
  const acts = new Map<string, ActReport & { readonly from: Moment }>();
  const checkpoints: CheckpointReport[] = [];
  const commands = new Map<string, Timeline['commands'][number]>();
  for (const [index, process] of processes.entries()) {
    for (const at of process.events) take(at, steps, acts, checkpoints, commands);
    const end = process.events.at(-1)?.at ?? first;
    for (const step of steps.values()) closeAttempt(step, 'unfinished', end, index + 1 === processes.length && process.finished === undefined ? 'begun, and nothing says how it ended' : 'cut off');
    closeQuestions(checkpoints, end);
  }
  const records = processes.map(recordOf);
  return {
    began: first, ended: placed.at(-1)?.at ?? first, processes: records, gaps: gapsOf(records),
    steps: [...steps.values()].map(({ open: _open, retries, ...step }) => ({ ...step, retries: [...retries.values()] })),
    checkpoints, acts: [...acts.values()], commands: [...commands.values()].toSorted((a, b) => b.count - a.count),
    notes: placed.flatMap(({ event }) => (event.type === 'note' && event.level === 'warn' ? [{ at: event.at, lane: event.lane, step: event.step, text: event.text }] : [])),
  };
}

function split(events: readonly Event[]): readonly ProcessOf[] {
  const processes: ProcessOf[] = [];
  let base = 0;
  let last: Moment | undefined;
  let zero = 0;
  for (const event of events) {
    const wall = Date.parse(event.at);
    if (event.type === 'run-started') {
      zero = event.t;
      // The computer's time may have been set back meanwhile: a standstill is never shorter than nothing.
      base = last === undefined ? 0 : last.run + Math.max(0, wall - last.wall) * event.target.speed;
      processes.push({ started: event, events: [], finished: undefined });
    }
    const current = processes.at(-1);
    // Nothing but a damaged journal begins otherwise; what it says before its first process is not believed.
    if (current === undefined) continue;
    const at = { wall: Math.max(wall, last?.wall ?? wall), run: base + event.t - zero };
    last = at;
    current.events.push({ event, at, process: processes.length - 1 });
    if (event.type === 'run-finished') current.finished = event;
  }
  return processes;
}

interface Builder {
  readonly lane: string;
  readonly step: string;
  title: string;
  readonly kind: 'phase' | 'checkpoint';
  state: StepState;
  note: string;
  failure: PhaseFailed['failure'] | null;
  readonly attempts: Attempt[];
  open: Moment | undefined;
  readonly retries: Map<string, { what: string; reason: string; count: number }>;
}

function builder(steps: Map<string, Builder>, lane: string, step: string, kind: 'phase' | 'checkpoint', title = ''): Builder {
  const key = `${lane}\0${step}`;
  const found = steps.get(key) ?? { lane, step, title, kind, state: 'not-started', note: '', failure: null, attempts: [], open: undefined, retries: new Map() };
  steps.set(key, found);
  return found;
}

function closeAttempt(step: Builder, state: Attempt['state'], at: Moment, note: string): void {
  if (step.open === undefined) return;
  step.attempts.push({ from: step.open, to: at, state, note });
  step.open = undefined;
  // A step that was once done and is looked at again stays done, whatever cut the second look off.
  if (state === 'unfinished' && (step.state === 'done' || step.state === 'already')) return;
  step.state = state === 'already' && step.state === 'done' ? 'done' : state;
  step.note = state === 'already' && step.state === 'done' && step.note !== '' ? step.note : note;
}

type Acts = Map<string, ActReport & { readonly from: Moment }>;

function take({ event, at }: Placed, steps: Map<string, Builder>, acts: Acts, checkpoints: CheckpointReport[], commands: Map<string, Timeline['commands'][number]>): void {
  switch (event.type) {
    case 'phase-started': {
      const step = builder(steps, event.lane, event.step, 'phase', event.title);
      step.title = event.title;
      step.open = at;
      return;
    }
    case 'phase-finished':
    case 'phase-skipped': {
      const step = builder(steps, event.lane, event.step, 'phase');
      closeAttempt(step, event.type === 'phase-finished' ? 'done' : 'already', at, event.type === 'phase-finished' ? event.note : event.because);
      step.failure = null;
      return;
    }
    case 'phase-failed': {
      const step = builder(steps, event.lane, event.step, 'phase');
      // A checkpoint that could not be asked or answered has no beginning of its own.
      step.open ??= at;
      closeAttempt(step, 'failed', at, event.failure.what);
      step.failure = event.failure;
      return;
    }
    case 'phase-not-started': {
      const step = builder(steps, event.lane, event.step, 'phase');
      if (step.state === 'not-started') step.note = event.because;
      return;
    }
    case 'retrying': {
      const { retries } = builder(steps, event.lane, event.step, 'phase');
      const key = `${event.what}\0${event.reason}`;
      retries.set(key, { what: event.what, reason: event.reason, count: (retries.get(key)?.count ?? 0) + 1 });
      return;
    }
    case 'checkpoint-asked':
      builder(steps, event.lane, event.step, 'checkpoint').open = at;
      checkpoints.push({ lane: event.lane, step: event.step, question: event.question, answer: 'none', by: '', how: '', from: at, to: at, waited: { run: 0, wall: 0 } });
      return;
    case 'checkpoint-answered':
      answered(event, at, builder(steps, event.lane, event.step, 'checkpoint'), checkpoints);
      return;
    case 'act-started':
    case 'act-finished': {
      // Bringing a cluster up for the first time and rebuilding it bootstrap the same subject, each once.
      const key = `${event.lane}\0${event.step}\0${event.act}\0${event.subject}`;
      const known = acts.get(key) ?? { lane: event.lane, step: event.step, act: event.act, subject: event.subject, begun: 0, happened: 0, open: false, because: '', from: at };
      acts.set(key, event.type === 'act-started'
        ? { ...known, begun: known.begun + 1, open: true }
        : { ...known, open: false, happened: known.happened + (event.outcome === 'not-done' ? 0 : 1), because: event.because });
      return;
    }
    case 'command-ran': {
      const key = `${event.tool}\0${event.effect}`;
      const known = commands.get(key) ?? { tool: event.tool, effect: event.effect, count: 0, failed: 0, wallMs: 0 };
      commands.set(key, { ...known, count: known.count + 1, failed: known.failed + (event.exitCode === 0 ? 0 : 1), wallMs: known.wallMs + event.wallMs });
      return;
    }
    default:
  }
}

function answered(event: CheckpointAnswered, at: Moment, step: Builder, checkpoints: CheckpointReport[]): void {
  const { lane, answer, by, how, waitedMs } = event;
  closeAttempt(step, answer === 'go' ? 'done' : 'unfinished', at, `${answer}, by ${by} (${how})`);
  step.failure = null;
  const index = checkpoints.findLastIndex((each) => each.lane === lane && each.step === event.step && each.answer === 'none');
  const asked = checkpoints[index];
  if (asked === undefined) return;
  checkpoints[index] = { ...asked, answer, by, how, to: at, waited: { run: Math.max(0, at.run - asked.from.run), wall: waitedMs } };
}

/** A question that was open when its process ended was waited on until then. */
function closeQuestions(checkpoints: CheckpointReport[], end: Moment): void {
  for (const [index, asked] of checkpoints.entries()) {
    if (asked.answer !== 'none' || asked.to !== asked.from) continue;
    const wall = Math.max(0, end.wall - asked.from.wall);
    checkpoints[index] = { ...asked, to: end, waited: { run: Math.max(0, end.run - asked.from.run), wall } };
  }
}

function recordOf(process: ProcessOf, index: number, all: readonly ProcessOf[]): ProcessRecord {
  const { started, finished, events } = process;
  const zero = { wall: 0, run: 0 };
  const exit = finished === undefined ? null : ((Object.keys(EXIT) as ExitName[]).find((name) => EXIT[name] === finished.exit) ?? null);
  return {
    from: events[0]?.at ?? zero, to: events.at(-1)?.at ?? zero, by: `${started.by.user}@${started.by.host}`, pid: started.by.pid,
    version: started.version, commit: started.commit, variables: started.variables, exit,
    end: finished === undefined ? (index + 1 < all.length ? 'killed' : 'open') : endOf(exit, events),
    because: finished?.failure === undefined ? '' : [finished.failure.what, finished.failure.because].filter((part) => part !== undefined).join(': '),
  };
}

function endOf(exit: ExitName | null, events: readonly Placed[]): ProcessEnd {
  if (exit === 'done') return 'done';
  if (exit === 'interrupted') return 'interrupted';
  if (events.some(({ event }) => event.type === 'checkpoint-answered' && event.answer === 'pause')) return 'paused';
  return exit === 'refused' ? 'refused' : 'failed';
}

function gapsOf(processes: readonly ProcessRecord[]): readonly Gap[] {
  return processes.flatMap((process, index) => {
    const next = processes[index + 1];
    return next === undefined ? [] : [{ from: process.to, to: next.from, after: process.end, because: process.because }];
  });
}
