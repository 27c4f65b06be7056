/** Time as the run sees it. Injected, so that tests never sleep and a simulated world can run faster than the wall. */
export interface Clock {
  /** Milliseconds since the epoch, on this clock. */
  now(): number;
  /** Resolves after `ms` of this clock; rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** How many of this clock's seconds pass in one second of the wall; 1 on real hardware. */
  readonly speed: number;
}
