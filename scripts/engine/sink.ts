import type { Clock } from './clock.ts';
import type { Emit, Event, EventBody } from './event.ts';
import { asFailure } from './failure.ts';
import type { Failure } from './failure.ts';

export type Listener = (event: Event) => void;

export interface SinkOptions {
  readonly clock: Clock;
  /** Replaces known secret values in a text. */
  redact(text: string): string;
  readonly listeners?: readonly Listener[];
  /** Wall time in ms since the epoch; for tests. */
  wall?(): number;
}

export interface Sink {
  /** Numbers, stamps, redacts and hands out. Throws the Failure of the first listener that failed, then and at every later event that would begin something. */
  readonly emit: Emit;
  /** Answers how to remove it again. */
  add(listener: Listener): () => void;
  /** After this, events are our bug: emit throws. */
  close(): void;
  /** Aborts with the Failure when a listener fails, so that lanes that are not emitting stop too. Join it with the run's signal. */
  readonly signal: AbortSignal;
}

/**
 * Events that only tell how something ended. They are still handed out after a listener failed, without throwing: the
 * screen must be able to say what happened, and they begin nothing.
 */
const ENDINGS: ReadonlySet<EventBody['type']> = new Set([
  'run-finished', 'phase-finished', 'phase-skipped', 'phase-failed', 'phase-not-started', 'checkpoint-answered', 'act-finished', 'note',
]);

/**
 * The one way from the engine and the doors to views, journal and reports. Every string is redacted before anyone sees
 * it. A listener that throws loses the event only for itself and is not called again (a journal with a half-written line
 * must not go on); its Failure is thrown by `emit` and aborts `signal`: a run whose journal cannot be written stops
 * before anything else is done.
 */
export function createSink(options: SinkOptions): Sink {
  const { clock } = options;
  const wall = options.wall ?? Date.now;
  const start = clock.now();
  const listeners = new Set<Listener>(options.listeners);
  const stop = new AbortController();
  // Events emitted by a listener while it is being told wait their turn, so that everyone sees one order.
  const queue: Event[] = [];
  let seq = 0;
  let delivering = false;
  let closed = false;
  let broken: Failure | undefined;

  const deliver = (event: Event): void => {
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (error) {
        listeners.delete(listener);
        broken ??= asFailure(error, `a listener of the event '${event.type}'`);
      }
    }
  };

  const emit: Emit = (body) => {
    if (closed) throw new TypeError(`event '${body.type}' after the end of the run`);
    const wasBroken = broken;
    queue.push(stamp(body, { seq: ++seq, at: new Date(wall()).toISOString(), t: Math.round(clock.now() - start) }, options.redact));
    if (delivering) return;
    delivering = true;
    try {
      for (let event = queue.shift(); event !== undefined; event = queue.shift()) deliver(event);
    } finally {
      delivering = false;
    }
    if (broken === undefined) return;
    if (!stop.signal.aborted) stop.abort(broken);
    if (wasBroken === undefined || !ENDINGS.has(body.type)) throw broken;
  };

  return {
    emit,
    add: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: () => { closed = true; },
    signal: stop.signal,
  };
}

/** Fields whose values are words of the program's own vocabulary: never secrets, and listeners switch on them. */
const VOCABULARY: ReadonlySet<string> = new Set(['type', 'is', 'exit', 'kind', 'state', 'effect', 'outcome', 'answer', 'how', 'level']);

function stamp(body: EventBody, marks: { readonly seq: number; readonly at: string; readonly t: number }, redact: (text: string) => string): Event {
  return { ...(clean(body, redact) as EventBody), ...marks };
}

/** The same value with every string, keys of records included, redacted. `variables` has the user's keys, not ours. */
function clean(value: unknown, redact: (text: string) => string, ours = true): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map((item) => clean(item, redact, ours));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) =>
    ours && VOCABULARY.has(key) && typeof item === 'string' ? [key, item] : [redact(key), clean(item, redact, ours && key !== 'variables')]));
}
