import { pauseFor, SHORTEST_PAUSE_WALL_MS, span } from './clock.ts';
import type { Clock } from './clock.ts';
import { Failure, interrupted } from './failure.ts';

/** How long to wait and how often to ask, in ms of the run's clock. */
export interface PollOptions {
  readonly patience: number;
  /** Pause between two questions. */
  readonly every?: number;
  /** How long one question may take before it counts as unanswered. */
  readonly attempt?: number;
}

/** One answer of the world: there it is, or not yet and why. `done`/`of` count where counting makes sense. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly because: string; readonly hint?: string | undefined; readonly done?: number | undefined; readonly of?: number | undefined };

/** Told when the reason changes, and now and then while it does not. `sinceMs` is how long the wait has taken already. */
export type WaitingListener = (reason: string, sinceMs: number, done: number | undefined, of: number | undefined) => void;

export interface Poll<T> extends PollOptions {
  /** Completes "waiting for ...". */
  readonly what: string;
  /** Asks once. Its signal ends with the attempt or the run, whichever is first. */
  probe(signal: AbortSignal): Promise<Answer<T>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly waiting?: WaitingListener | undefined;
  /** Subscribes to something that hints at change (a watch); calling the given function asks the next question early. Answers how to unsubscribe. */
  readonly wake?: ((now: () => void) => () => void) | undefined;
  /** Next step for people when the deadline passes and no answer carried a hint of its own. */
  readonly hint?: string | undefined;
}

const EVERY = 2_000;
const ATTEMPT = 30_000;
/** A simulated 10 s may be 0.2 s of the wall, less than a child process needs to start: a fast clock shortens no question below this (or its own limit). */
const SHORTEST_ATTEMPT_WALL_MS = 10_000;
/** How often an unchanged reason is repeated to the listener, at most: every 10 s of the run's clock and every second of the wall. */
const REPEAT = 10_000;
const REPEAT_WALL_MS = 1_000;

/**
 * The one wait loop. Asks at once, then every `every` ms, until the probe answers ok, and a last time when the patience
 * ends (patience 0 asks exactly once). Times are ms of the run's clock.
 *
 * A question that takes longer than `attempt` counts as unanswered: its signal aborts, its late answer is ignored, and
 * the wait goes on. A probe that *throws* ends the wait with that very error, whatever its exit: waiting cures what the
 * world has not done yet, not a missing tool or a broken program. A probe whose tool fails for passing reasons must
 * answer `{ok: false, because}` instead, by its own list of reasons (see retry.ts).
 *
 * Throws a Failure (75) that says what was waited for, how long, and the last reason; the run's interruption when `signal` aborts.
 */
export async function poll<T>(options: Poll<T>): Promise<T> {
  const { clock, patience } = options;
  const start = clock.now();
  const bell = makeBell();
  const unsubscribe = options.wake?.(bell.ring);
  const tell = makeTeller(options, start);
  try {
    for (;;) {
      const answer = await ask(options);
      if (answer.ok) return answer.value;
      const since = clock.now() - start;
      tell(answer.because, since, answer.done, answer.of);
      const remaining = patience - since;
      if (remaining <= 0) throw deadline(options, answer.because, answer.hint, since);
      await pause(options, remaining, bell);
    }
  } finally {
    unsubscribe?.();
  }
}

/** One question under its own time limit. Rejects with the run's interruption, or with what the probe threw. */
async function ask<T>(options: Poll<T>): Promise<Answer<T>> {
  const { clock, signal } = options;
  if (signal.aborted) throw interrupted(signal.reason);
  const limit = options.attempt ?? ATTEMPT;
  const attempt = new AbortController();
  const both = AbortSignal.any([signal, attempt.signal]);
  const wall = Math.max(limit / clock.speed, Math.min(limit, SHORTEST_ATTEMPT_WALL_MS));
  const late = clock.sleep(wall * clock.speed, both).then(
    (): Answer<T> => ({ ok: false, because: `no answer within ${span(limit)}` }),
    // Only an abort ends the timer early: the run's, or ours below when the probe was faster and this result is not looked at.
    (): Promise<never> => Promise.reject(interrupted(signal.reason)),
  );
  const answer = (async () => options.probe(both))();
  // The loser of the race may still reject, after nobody listens any more.
  late.catch(() => undefined);
  answer.catch(() => undefined);
  try {
    return await Promise.race([answer, late]);
  } catch (error) {
    // However the probe words being aborted, the run was interrupted; a Failure of its own still says more.
    if (signal.aborted && !(error instanceof Failure)) throw interrupted(signal.reason);
    throw error;
  } finally {
    attempt.abort();
  }
}

/** Until the next question: the interval, cut short by the bell, but never below the floor that protects the world from a busy loop. */
async function pause<T>(options: Poll<T>, remaining: number, bell: Bell): Promise<void> {
  const { clock, signal } = options;
  const whole = pauseFor(clock, options.every ?? EVERY, remaining);
  const floor = Math.min(whole, SHORTEST_PAUSE_WALL_MS * clock.speed);
  const sleep = async (ms: number, until: AbortSignal): Promise<void> => {
    try {
      await clock.sleep(ms, until);
    } catch {
      // The only thing a sleep rejects with is an abort; whose it was is asked of the signal itself.
      if (signal.aborted) throw interrupted(signal.reason);
    }
  };
  if (options.wake === undefined) return sleep(whole, signal);
  await sleep(floor, signal);
  if (!bell.rung() && whole > floor) {
    const early = new AbortController();
    bell.onRing(() => early.abort());
    await sleep(whole - floor, AbortSignal.any([signal, early.signal]));
  }
  bell.reset();
}

interface Bell { readonly ring: () => void; rung(): boolean; onRing(listener: () => void): void; reset(): void }

function makeBell(): Bell {
  let rung = false;
  let listener: (() => void) | undefined;
  return {
    ring: () => {
      rung = true;
      listener?.();
    },
    rung: () => rung,
    onRing: (next) => { listener = next; },
    reset: () => {
      rung = false;
      listener = undefined;
    },
  };
}

/** Passes on a reason when it is new, and repeats an old one seldom: every `waiting` is a line in the journal. */
function makeTeller<T>({ clock, waiting }: Poll<T>, start: number): WaitingListener {
  let last: string | undefined;
  let lastAt = start;
  return (reason, sinceMs, done, of) => {
    const now = clock.now();
    const key = JSON.stringify([reason, done, of]);
    if (key === last && now - lastAt < Math.max(REPEAT, REPEAT_WALL_MS * clock.speed)) return;
    last = key;
    lastAt = now;
    waiting?.(reason, sinceMs, done, of);
  };
}

function deadline<T>(options: Poll<T>, because: string, hint: string | undefined, since: number): Failure {
  return new Failure({
    exit: 'rerun',
    what: options.patience === 0 ? `no ${options.what}` : `waited ${span(since)} for ${options.what}`,
    because,
    hint: hint ?? options.hint,
  });
}
