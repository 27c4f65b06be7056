import type { Outcome } from '../engine/outcome.ts';
import type { ActionContext } from './task.ts';

/** Ask again what cannot be watched after this long (ms of the run's clock): machines, etcd, Helm. */
const AT_THE_LATEST = 10_000;
/** In a fast lab that would be all the time: not more often than this, wall ms. */
const SELDOM_WALL_MS = 1_000;
/** Changes come in crowds (a rollout is dozens): this long after the first the rest is waited for, wall ms. */
const CROWD_WALL_MS = 20;
/** And answers follow each other not faster than this, wall ms. */
const BREATH_WALL_MS = 100;

/** Something that is followed while it is watched. */
export interface Watched {
  /** The answer as of now, from what is known; undefined before the first refresh has ended. */
  answer(): Outcome | undefined;
  /** Resolves when an answer that was begun is there; for answers that take a moment to work out. */
  settled?(): Promise<void>;
  /** Asks what does not tell of its changes by itself. */
  refresh(): Promise<void>;
  stop(): void;
}

/**
 * Shows a new answer whenever something watched changes, and asks the rest every few seconds, until Ctrl-C. An answer
 * that says the same as the last is not shown again. The last one is the task's: its exit code says how things stood when the
 * watching ended. `start` is given what to call when something changed, and when a refresh is due early.
 */
export async function watchUntilStopped(cx: Pick<ActionContext, 'signal' | 'clock' | 'show'>, start: (changed: () => void, due: () => void) => Watched, otherwise: () => Promise<Outcome>): Promise<Outcome> {
  const change = makeBell();
  const due = makeBell();
  const watched = start(change.ring, due.ring);
  const ended = new AbortController();
  const signal = AbortSignal.any([cx.signal, ended.signal]);
  let last: Outcome | undefined;
  let told = '';

  const answers = async (): Promise<void> => {
    for (;;) {
      await change.rung(signal);
      await wallSleep(CROWD_WALL_MS, cx, signal);
      change.reset();
      await watched.settled?.();
      const next = watched.answer();
      if (next === undefined) continue;
      last = next;
      const words = wordsOf(next);
      if (words === told) continue;
      told = words;
      cx.show(next);
      await wallSleep(BREATH_WALL_MS, cx, signal);
    }
  };
  const refreshes = async (): Promise<void> => {
    for (;;) {
      due.reset();
      await watched.refresh();
      change.ring();
      await wallSleep(SELDOM_WALL_MS, cx, signal);
      await Promise.race([due.rung(signal), cx.clock.sleep(Math.max(0, AT_THE_LATEST - SELDOM_WALL_MS * cx.clock.speed), signal)]);
    }
  };
  // Ctrl-C ends both with an error; so does the first trouble of either, which then ends the other.
  const both = [answers(), refreshes()].map((loop) => loop.finally(() => ended.abort()));
  try {
    await Promise.all(both);
  } catch (error) {
    if (!cx.signal.aborted) throw error;
  } finally {
    await Promise.allSettled(both);
    watched.stop();
  }
  return last === undefined ? otherwise() : { ...last, render: () => [] };
}

/** What an answer says, the moment it was given apart. */
function wordsOf({ exit, result }: Outcome): string {
  return JSON.stringify([exit, result], (key, value: unknown) => (key === 'at' ? undefined : value));
}

interface Bell { ring(): void; reset(): void; rung(signal: AbortSignal): Promise<void> }
function makeBell(): Bell {
  let bell = Promise.withResolvers<void>();
  return {
    ring: () => bell.resolve(),
    reset: () => { bell = Promise.withResolvers<void>(); },
    rung: (signal) => new Promise((resolve, reject) => {
      const aborted = (): void => reject(signal.reason);
      if (signal.aborted) return aborted();
      signal.addEventListener('abort', aborted, { once: true });
      void bell.promise.then(() => {
        signal.removeEventListener('abort', aborted);
        resolve();
      });
    }),
  };
}

const wallSleep = (ms: number, { clock }: Pick<ActionContext, 'clock'>, signal: AbortSignal): Promise<void> => clock.sleep(ms * clock.speed, signal);
