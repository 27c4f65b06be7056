import { workAhead } from './ahead.ts';
import type { Clock } from './clock.ts';
import type { CheckpointAnswered, Emit, EventBody } from './event.ts';
import { asFailure, Failure, gather, interrupted, toData } from './failure.ts';
import type { CheckpointStep, EngineContext, PhaseStep, Question, Step, Together } from './phase.ts';
import { flatten } from './plan.ts';
import { runPhase } from './run-phase.ts';

/** What a person, a flag or a policy said at a checkpoint. */
export type CheckpointReply = Pick<CheckpointAnswered, 'answer' | 'by' | 'how' | 'waitedMs'>;

/** What the engine needs from whoever starts a run. */
export interface RunHost<C extends EngineContext<S>, S> {
  /** The context of one step of one lane ('' for the run as a whole). */
  contextFor(lane: string, step: string): C;
  readonly emit: Emit;
  /** Aborted to stop safely; its reason is said in the error. Join the sink's signal to it. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly dryRun: boolean;
  /** Calls `listener` with every event from now on and answers how to end that; without it nothing is prepared ahead. */
  readonly hear?: (listener: (event: EventBody) => void) => () => void;
  /** Why a step marked `once` need not run: an earlier attempt of this very run came through it. */
  readonly earlier?: (lane: string, step: string) => string | undefined;
  /** Asks one question; never called twice at once, never in a dry run. Throws a Failure ('refused') where nobody can answer. */
  answer(lane: string, step: string, question: Question): Promise<CheckpointReply>;
}

/**
 * Runs a list of steps in order; the lanes of a `together` side by side. A failure stops its own lane, the other lanes
 * of the group go on to their end, nothing after the group starts, and every step not entered is told with the reason.
 * Rejects with one Failure (several lanes' are gathered); phases' own failures are its causes.
 */
export async function runSteps<C extends EngineContext<S>, S>(steps: readonly Step<C, S>[], host: RunHost<C, S>): Promise<void> {
  await runLane('', steps, host, oneAtATime());
}

type Turn = <T>(ask: () => Promise<T>) => Promise<T>;

async function runLane<C extends EngineContext<S>, S>(lane: string, steps: readonly Step<C, S>[], host: RunHost<C, S>, turn: Turn): Promise<void> {
  const end = workAhead(lane, steps, host);
  try {
    await runInOrder(lane, steps, host, turn);
  } finally {
    end();
  }
}

async function runInOrder<C extends EngineContext<S>, S>(lane: string, steps: readonly Step<C, S>[], host: RunHost<C, S>, turn: Turn): Promise<void> {
  for (const [index, step] of steps.entries()) {
    // With nothing left to enter the run was finished, not stopped.
    if (host.signal.aborted && flatten(steps.slice(index), lane).length > 0) {
      const failure = interrupted(host.signal.reason);
      tellNotStarted(lane, steps.slice(index), host.emit, reasonOf(failure, step));
      throw failure;
    }
    try {
      const earlier = step.kind !== 'together' && step.once === true && !host.dryRun ? host.earlier?.(lane, step.name) : undefined;
      if (step.kind === 'together') await runTogether(step, host, turn);
      else if (earlier !== undefined) host.emit({ type: 'phase-skipped', lane, step: step.name, because: earlier, ms: 0 });
      else if (step.kind === 'checkpoint') await runCheckpoint(lane, step, host, turn);
      else await runPhaseStep(lane, step, host);
    } catch (error) {
      const failure = asFailure(error, nameOf(lane, step));
      tellNotStarted(lane, steps.slice(index + 1), host.emit, reasonOf(failure, step));
      throw failure;
    }
  }
}

function reasonOf<C, S>(failure: Failure, step: Step<C, S>): string {
  if (failure.exit === 'interrupted') return failure.because === undefined ? 'stopped' : `stopped: ${failure.because}`;
  if (step.kind === 'checkpoint') return `${step.name}: ${failure.what}`;
  return step.kind === 'together' ? 'an earlier step failed' : `${step.name} failed`;
}

function tellNotStarted<C, S>(lane: string, steps: readonly Step<C, S>[], emit: Emit, because: string): void {
  for (const { lane: where, step } of flatten(steps, lane)) emit({ type: 'phase-not-started', lane: where, step: step.name, because });
}

function nameOf<C, S>(lane: string, step: Step<C, S>): string {
  if (step.kind === 'together') return step.lanes.map((inner) => inner.lane).join(', ');
  return lane === '' ? step.name : `${lane} ${step.name}`;
}

async function runTogether<C extends EngineContext<S>, S>(group: Together<C, S>, host: RunHost<C, S>, turn: Turn): Promise<void> {
  const ends = await Promise.allSettled(group.lanes.map(({ lane, steps }) => runLane(lane, steps, host, turn)));
  const failures = ends.flatMap((end) => (end.status === 'rejected' ? [asFailure(end.reason, nameOf('', group))] : []));
  if (failures.length > 0) throw gather(dropEchoes(failures), `${failures.length} of ${group.lanes.length} lanes failed`);
}

/** Lanes stopped by one and the same signal say the same thing; then it is said once, in the signal's own words. */
function dropEchoes(failures: readonly Failure[]): readonly Failure[] {
  const roots = Map.groupBy(failures, (failure) => {
    const root = rootOf(failure);
    return root.exit === 'interrupted' ? root.message : root;
  });
  return [...roots.values()].flatMap((same) => same.slice(0, 1).map((first) => (same.length === 1 ? first : rootOf(first))));
}

function rootOf(failure: Failure): Failure {
  return failure.cause instanceof Failure && failure.parts.length === 0 ? rootOf(failure.cause) : failure;
}

async function runPhaseStep<C extends EngineContext<S>, S>(lane: string, step: PhaseStep<C, S>, host: RunHost<C, S>): Promise<void> {
  const { emit, clock } = host;
  const start = clock.now();
  emit({ type: 'phase-started', lane, step: step.name, title: step.title });
  try {
    const phase = await step.load();
    const end = await runPhase(phase, host.contextFor(lane, step.name), { lane, step: step.name, host });
    const ms = Math.round(clock.now() - start);
    if (end.skipped) emit({ type: 'phase-skipped', lane, step: step.name, because: end.because, ms });
    else emit({ type: 'phase-finished', lane, step: step.name, note: end.note, ms });
  } catch (error) {
    throw stepFailed(error, lane, step, host, clock.now() - start);
  }
}

async function runCheckpoint<C extends EngineContext<S>, S>(lane: string, step: CheckpointStep<C>, host: RunHost<C, S>, turn: Turn): Promise<void> {
  const { emit, clock } = host;
  if (host.dryRun) {
    emit({ type: 'would-run', lane, step: step.name, effect: 'local', command: `ask: ${step.title}` });
    return;
  }
  const start = clock.now();
  let reply: CheckpointReply;
  try {
    const question = await step.ask(host.contextFor(lane, step.name));
    reply = await turn(async () => {
      if (host.signal.aborted) throw interrupted(host.signal.reason);
      emit({ type: 'checkpoint-asked', lane, step: step.name, question: question.title });
      return host.answer(lane, step.name, question);
    });
    emit({ type: 'checkpoint-answered', lane, step: step.name, answer: reply.answer, by: reply.by, how: reply.how, waitedMs: reply.waitedMs });
  } catch (error) {
    throw stepFailed(error, lane, step, host, clock.now() - start);
  }
  if (reply.answer === 'go') return;
  const where = nameOf(lane, step);
  if (reply.answer === 'pause') {
    throw new Failure({ exit: 'rerun', what: `${where}: paused`, because: `${reply.by} asked for a pause`, hint: 'Run the same command to go on.' });
  }
  throw new Failure({
    exit: 'refused', what: `${where}: refused`, because: `${reply.by} answered no`,
    hint: 'Nothing after this point was done. Running the same command asks again.',
  });
}

/** Tells the step's failure and answers it with the step's name in front, as the run's error. */
function stepFailed<C extends EngineContext<S>, S>(error: unknown, lane: string, step: PhaseStep<C, S> | CheckpointStep<C>, host: RunHost<C, S>, ms: number): Failure {
  const failure = afterAbort(error, nameOf(lane, step), host.signal);
  host.emit({ type: 'phase-failed', lane, step: step.name, failure: toData(failure), ms: Math.round(ms) });
  return new Failure({ ...parts(failure), what: `${nameOf(lane, step)}: ${failure.what}`, cause: failure });
}

/**
 * An error that came after the run was told to stop is the stop itself, however the tool in hand worded being ended;
 * except what must not be missed: a state to look at, or our own bug.
 */
function afterAbort(error: unknown, where: string, signal: AbortSignal): Failure {
  if (!signal.aborted) return asFailure(error, where);
  const why = interrupted(signal.reason);
  if (!(error instanceof Failure)) {
    // Waiting calls reject with the signal's reason itself, which may be any value.
    const ownWords = error === signal.reason || (error instanceof Error && error.name === 'AbortError');
    return ownWords ? why : asFailure(error, where);
  }
  if (error.exit === 'interrupted' || error.exit === 'look' || error.exit === 'bug') return error;
  return new Failure({ ...parts(why), leftBehind: error.leftBehind, log: error.log, cause: error });
}

function parts(failure: Failure): ConstructorParameters<typeof Failure>[0] {
  const { exit, what, because, hint, leftBehind, log } = failure;
  return { exit, what, because, hint, leftBehind, log, parts: failure.parts };
}

/** Lanes may come to a checkpoint at the same time; people answer one question at a time. */
function oneAtATime(): Turn {
  let last: Promise<unknown> = Promise.resolve();
  return (ask) => {
    const mine = last.then(ask, ask);
    // The next in line only waits for the end, good or bad; the failure belongs to whoever asked.
    last = mine.catch(() => undefined);
    return mine;
  };
}
