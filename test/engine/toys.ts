import type { EventBody } from '../../scripts/engine/event.ts';
import { asFailure } from '../../scripts/engine/failure.ts';
import type { Failure } from '../../scripts/engine/failure.ts';
import type { CheckpointStep, EngineContext, Phase, PhaseStep, Step, Together } from '../../scripts/engine/phase.ts';
import { runSteps } from '../../scripts/engine/run.ts';
import type { CheckpointReply } from '../../scripts/engine/run.ts';
import type { Check, Verdict } from '../../scripts/engine/verdict.ts';
import { manualClock } from './manual-clock.ts';

/** The world of toy phases: a set of things that are there, by name. */
export type World = Set<string>;
export type ToyCx = EngineContext<World>;
export type ToyStep = Step<ToyCx, World>;

export function check(name: string, judge: (seen: World) => Verdict, layer = 'things'): Check<World> {
  return { name, layer, judge };
}

/** Passes when `thing` is in the world. */
export function isThere(thing: string): Check<World> {
  return check(`${thing} to be there`, (seen) => (seen.has(thing) ? { is: 'pass' } : { is: 'fail', because: `${thing} is not there`, hint: `make ${thing}` }));
}

/** A step named `name`; whatever `over` does not say is the simplest phase that works. */
export function phase(name: string, over: Partial<Phase<ToyCx, World>> = {}): PhaseStep<ToyCx, World> {
  const whole: Phase<ToyCx, World> = {
    name, title: `Toy ${name}`, verify: [], patience: 0,
    done: async () => false,
    run: async () => `${name} made`,
    ...over,
  };
  return { kind: 'phase', name, title: whole.title, load: async () => whole };
}

export function checkpoint(name: string, ask: CheckpointStep<ToyCx>['ask'] = async () => ({ title: `${name}?`, facts: [], word: undefined })): CheckpointStep<ToyCx> {
  return { kind: 'checkpoint', name, title: `Toy ${name}`, ask };
}

export function together(lanes: Readonly<Record<string, readonly ToyStep[]>>): Together<ToyCx, World> {
  return { kind: 'together', lanes: Object.entries(lanes).map(([lane, steps]) => ({ lane, steps })) };
}

export interface ToyRun {
  readonly failure: Failure | undefined;
  readonly events: readonly EventBody[];
  /** Events in one line each: type, lane/step, and what matters of them. */
  readonly story: readonly string[];
}

/** Runs toy steps to their end on a clock that jumps. */
export async function runToys(steps: readonly ToyStep[], options: {
  readonly world?: World; readonly dryRun?: boolean; readonly stop?: AbortController;
  readonly answer?: (lane: string, step: string) => Promise<CheckpointReply>;
  readonly look?: (layers: readonly string[], world: World) => Promise<World>;
  readonly listen?: (event: EventBody) => void;
  readonly earlier?: (lane: string, step: string) => string | undefined;
} = {}): Promise<ToyRun> {
  const clock = manualClock({ auto: true });
  const signal = (options.stop ?? new AbortController()).signal;
  const world = options.world ?? new Set();
  const events: EventBody[] = [];
  const listeners = new Set<(event: EventBody) => void>();
  const emit = (event: EventBody): void => {
    events.push(event);
    options.listen?.(event);
    for (const listener of listeners) listener(event);
  };
  const dryRun = options.dryRun ?? false;
  let failure: Failure | undefined;
  try {
    await runSteps<ToyCx, World>(steps, {
      emit, signal, clock, dryRun,
      hear: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      contextFor: (lane) => ({ lane, clock, signal, dryRun, emit, look: (layers) => options.look?.(layers, world) ?? Promise.resolve(world) }),
      ...(options.earlier === undefined ? {} : { earlier: options.earlier }),
      answer: options.answer ?? (async () => ({ answer: 'go', by: 'toy', how: 'yes', waitedMs: 0 })),
    });
  } catch (error) {
    failure = asFailure(error, 'toys');
  }
  return { failure, events, story: events.map(tell) };
}

function tell(event: EventBody): string {
  const where = 'step' in event ? `${event.lane}${event.lane === '' ? '' : '/'}${event.step}` : '';
  const more = event.type === 'judged' ? ` ${event.check}: ${event.verdict.is}`
    : event.type === 'waiting' ? ` ${event.for}: ${event.reason}`
    : event.type === 'phase-skipped' || event.type === 'phase-not-started' ? `: ${event.because}`
    : event.type === 'phase-finished' ? `: ${event.note}`
    : event.type === 'phase-failed' ? `: ${event.failure.what}`
    : event.type === 'note' ? `: ${event.text}`
    : event.type === 'would-run' ? `: ${event.command}`
    : event.type === 'checkpoint-answered' ? `: ${event.answer}` : '';
  return `${event.type} ${where}${more}`;
}
