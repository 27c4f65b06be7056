/** Time as the run sees it. Injected, so that tests never sleep and a simulated world can run faster than the wall. */
export interface Clock {
  /** Milliseconds since the epoch, on this clock. */
  now(): number;
  /** Resolves after `ms` of this clock; rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** How many of this clock's seconds pass in one second of the wall; 1 on real hardware. */
  readonly speed: number;
}

/** The wall's clock, for real machines. */
export function wallClock(): Clock {
  return scaledClock(1);
}

/**
 * A clock on which `speed` seconds pass in one second of the wall, starting at the wall's now. sleep(ms) waits ms/speed
 * of the wall (a floor for pauses between questions is poll's business, see `pauseFor`). Throws for a speed that is not above 0.
 */
export function scaledClock(speed: number): Clock {
  if (!(speed > 0 && Number.isFinite(speed))) throw new RangeError(`a clock's speed must be above 0, not ${String(speed)}`);
  const wallStart = Date.now();
  // The monotonic clock, so that setting the computer's time in the middle of a run neither ends a wait nor makes it endless.
  const start = performance.now();
  return {
    speed,
    now: () => wallStart + (performance.now() - start) * speed,
    sleep: (ms, signal) => wallSleep(ms / speed, signal),
  };
}

/** setTimeout's longest delay; above it Node fires at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

async function wallSleep(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  for (let left = ms; left > 0; left -= LONGEST_TIMER) await oneTimer(Math.min(left, LONGEST_TIMER), signal);
}

function oneTimer(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', aborted);
      resolve();
    }, ms);
    signal.addEventListener('abort', aborted, { once: true });
  });
}

/** Questions to the world are at least this far apart, in wall ms: in a fast lab a pause of 2 s would otherwise be a busy loop. */
export const SHORTEST_PAUSE_WALL_MS = 80;

/** The pause before the next question, in ms of `clock`: `every`, but not below 80 wall ms, and not past what is left of the patience. */
export function pauseFor(clock: Clock, every: number, remaining: number): number {
  return Math.max(0, Math.min(Math.max(every, SHORTEST_PAUSE_WALL_MS * clock.speed), remaining));
}

/** "1m20s" for people: ms of any clock. */
export function span(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 1) return `${Math.round(ms)}ms`;
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60] as const;
  const [h, m, s] = parts;
  if (h > 0) return m > 0 ? `${h}h${m}m` : `${h}h`;
  if (m > 0) return s > 0 ? `${m}m${s}s` : `${m}m`;
  return `${s}s`;
}
