import type { Clock } from './clock.ts';
import { asFailure, type Failure } from './failure.ts';

export interface BeatOptions {
  /** Pause between two beats, ms of the run's clock. */
  readonly everyMs: number;
  readonly clock: Clock;
  /** What the beats are of, for the sentence of a mistake in them. */
  readonly what: string;
  /** One sign of life. Its signal ends with the beating. */
  beat(signal: AbortSignal): Promise<void>;
  /** Told once when a beat threw: there are no more. */
  failed(failure: Failure): void;
}

export interface Beating {
  /** Ends the beating; resolves when no beat is under way any more. */
  stop(): Promise<void>;
}

/** Gives signs of life until it is stopped. */
export function startBeating(options: BeatOptions): Beating {
  const ended = new AbortController();
  const beating = async (): Promise<void> => {
    for (;;) {
      await options.clock.sleep(options.everyMs, ended.signal);
      await options.beat(ended.signal);
    }
  };
  const over = beating().catch((error: unknown) => {
    // Being stopped is the usual end.
    if (!ended.signal.aborted) options.failed(asFailure(error, options.what));
  });
  return {
    async stop() {
      ended.abort();
      await over;
    },
  };
}
