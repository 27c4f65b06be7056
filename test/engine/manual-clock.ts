import type { Clock } from '../../scripts/engine/clock.ts';

interface Sleeper { readonly at: number; readonly order: number; readonly wake: () => void }

export interface ManualClock extends Clock {
  /** Moves time on, waking sleepers in order and letting what they start run in between. */
  advance(ms: number): Promise<void>;
  /** How many are asleep. */
  sleeping(): number;
}

/** Lets everything that is ready run, promises and their followers included. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 5; round++) await new Promise((resolve) => setImmediate(resolve));
}

/** A clock that stands still until it is moved by hand. With `auto` it jumps to the next sleeper whenever nothing else is to do. */
export function manualClock(options: { readonly start?: number; readonly speed?: number; readonly auto?: boolean } = {}): ManualClock {
  let now = options.start ?? 1_000_000;
  let order = 0;
  let jumping = false;
  const sleepers = new Set<Sleeper>();
  const next = (): Sleeper | undefined => [...sleepers].toSorted((a, b) => a.at - b.at || a.order - b.order)[0];

  const jump = async (): Promise<void> => {
    if (jumping) return;
    jumping = true;
    for (;;) {
      await settle();
      const first = next();
      if (first === undefined) break;
      now = Math.max(now, first.at);
      first.wake();
    }
    jumping = false;
  };

  return {
    speed: options.speed ?? 1,
    now: () => now,
    sleeping: () => sleepers.size,
    sleep: (ms, signal) => new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const end = (): void => {
        sleepers.delete(sleeper);
        signal.removeEventListener('abort', aborted);
      };
      const aborted = (): void => {
        end();
        reject(signal.reason);
      };
      const sleeper: Sleeper = { at: now + ms, order: order++, wake: () => { end(); resolve(); } };
      sleepers.add(sleeper);
      signal.addEventListener('abort', aborted, { once: true });
      if (options.auto === true) void jump();
    }),
    advance: async (ms) => {
      const until = now + ms;
      await settle();
      for (let first = next(); first !== undefined && first.at <= until; first = next()) {
        now = Math.max(now, first.at);
        first.wake();
        await settle();
      }
      now = until;
      await settle();
    },
  };
}
