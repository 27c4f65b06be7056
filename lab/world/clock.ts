import type { SimClock } from './types.ts';

interface Timer { readonly due: number; readonly order: number; readonly fn: () => void; cancelled: boolean }

/** A lab's clock, with the means to slow it down or hurry it along. */
export interface LabClock extends SimClock {
  waits(cluster: string, ms: number, fn: () => void): () => void;
  /** Per cluster, simulated ms in which at least one of its waits was pending. */
  busy(): Readonly<Record<string, number>>;
  setSpeed(speed: number): void;
  /** Drops every timer; nothing fires afterwards. */
  stop(): void;
}

/** The longest a Node timer can wait. */
const LONGEST = 2_000_000_000;

/**
 * A clock that starts at `from` (simulated ms since the epoch) and runs `speed` times as fast as the wall.
 * Timers fire in the order of their due times; ones with the same time in the order they were made.
 * `wall` (ms) is for tests.
 */
export function createClock(from: number, speed: number, wall: () => number = () => performance.now()): LabClock {
  let base = from;
  let since = wall();
  let rate = speed;
  let made = 0;
  let armed: NodeJS.Timeout | undefined;
  let stopped = false;
  const queue: Timer[] = [];
  const now = (): number => base + (wall() - since) * rate;

  const arm = (): void => {
    clearTimeout(armed);
    armed = undefined;
    while (queue[0]?.cancelled === true) queue.shift();
    const next = queue[0];
    if (next === undefined || stopped) return;
    armed = setTimeout(fire, Math.min(LONGEST, Math.max(0, Math.ceil((next.due - now()) / rate))));
    armed.unref();
  };
  const fire = (): void => {
    const due = now();
    // Only what is due now: timers made by the callbacks wait for the next turn, so that nothing can spin here for ever.
    const ready: Timer[] = [];
    while (queue[0] !== undefined && (queue[0].cancelled || queue[0].due <= due)) {
      const timer = queue.shift();
      if (timer !== undefined && !timer.cancelled) ready.push(timer);
    }
    try {
      for (const timer of ready) if (!timer.cancelled && !stopped) timer.fn();
    } finally {
      arm();
    }
  };
  const counters = new Map<string, { open: number; since: number; total: number }>();
  const begin = (cluster: string): ((at: number) => void) => {
    const counter = counters.get(cluster) ?? { open: 0, since: 0, total: 0 };
    counters.set(cluster, counter);
    if (counter.open++ === 0) counter.since = now();
    let ended = false;
    return (at) => {
      if (ended) return;
      ended = true;
      if (--counter.open === 0) counter.total += Math.max(0, at - counter.since);
    };
  };
  const clock: LabClock = {
    get speed() { return rate; },
    now,
    busy: () => Object.fromEntries([...counters].map(([cluster, { open, since: from, total }]) => [cluster, Math.round(total + (open > 0 ? now() - from : 0))])),
    waits(cluster, ms, fn) {
      const end = begin(cluster);
      const due = now() + Math.max(0, ms);
      // What a late timer adds is the computer's doing, not a wait of the simulated world.
      const cancel = clock.after(ms, () => { end(due); fn(); });
      return () => { end(Math.min(due, now())); cancel(); };
    },
    after(ms, fn) {
      const timer: Timer = { due: now() + Math.max(0, ms), order: made++, fn, cancelled: false };
      let low = 0;
      let high = queue.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        const other = queue[middle];
        if (other !== undefined && (other.due < timer.due || (other.due === timer.due && other.order < timer.order))) low = middle + 1;
        else high = middle;
      }
      queue.splice(low, 0, timer);
      if (low === 0) arm();
      return () => { timer.cancelled = true; };
    },
    setSpeed(to) {
      base = now();
      since = wall();
      rate = to;
      arm();
    },
    stop() {
      stopped = true;
      queue.length = 0;
      clearTimeout(armed);
    },
  };
  return clock;
}
