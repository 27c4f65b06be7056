import { pauseFor, span } from './clock.ts';
import type { Clock } from './clock.ts';
import { asFailure, Failure, interrupted } from './failure.ts';

/** A passing trouble, known by name. `why` says why trying again can help; it is kept next to the call, with its evidence. */
export interface RetryReason {
  readonly name: string;
  readonly why: string;
  matches(error: unknown): boolean;
}

export interface RetryOptions {
  /** What is tried, for the sentence people see. */
  readonly what: string;
  readonly reasons: readonly RetryReason[];
  /** One deadline for all tries together, ms of the run's clock. */
  readonly within: number;
  /** Pause between tries, ms of the run's clock. */
  readonly every?: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told before each pause: the reason in the error's own words, and how many tries there were. */
  retrying?(reason: string, attempt: number): void;
}

const EVERY = 2_000;

/**
 * Tries until it works, but only for the listed reasons: any other error is thrown at once, unchanged. When the deadline
 * passes the Failure keeps the exit of the last error and says its reason, by which name it was expected to pass, and how long was tried.
 */
export async function retry<T>(options: RetryOptions, fn: (attempt: number) => Promise<T>): Promise<T> {
  const { clock, signal } = options;
  const start = clock.now();
  for (let attempt = 1; ; attempt++) {
    if (signal.aborted) throw interrupted(signal.reason);
    try {
      return await fn(attempt);
    } catch (error) {
      if (signal.aborted) throw error instanceof Failure ? error : interrupted(signal.reason);
      const reason = options.reasons.find((candidate) => candidate.matches(error));
      if (reason === undefined) throw error;
      const said = error instanceof Error ? error.message : String(error);
      const since = clock.now() - start;
      const remaining = options.within - since;
      if (remaining <= 0) throw givenUp(options, error, reason, said, attempt, since);
      options.retrying?.(`${reason.name}: ${said}`, attempt);
      await sleep(clock, pauseFor(clock, options.every ?? EVERY, remaining), signal);
    }
  }
}

async function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch {
    // A sleep ends early only by abort.
    throw interrupted(signal.reason);
  }
}

function givenUp(options: RetryOptions, error: unknown, reason: RetryReason, said: string, attempts: number, since: number): Failure {
  const last = error instanceof Failure ? error : undefined;
  return new Failure({
    // What was expected to pass by itself and did not is safe to try again, unless the error says something graver.
    exit: last?.exit ?? 'rerun',
    what: `${options.what} did not work in ${span(since)} (${attempts} tries)`,
    because: `${said} (expected to pass: ${reason.why})`,
    hint: last?.hint,
    leftBehind: last?.leftBehind,
    log: last?.log,
    cause: asFailure(error, options.what),
  });
}
