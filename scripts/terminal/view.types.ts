import type { Event } from '../engine/event.ts';

/** Someone who shows what the engine says. Listens only: nothing a view does can slow or stop the work. */
export interface View {
  /** Whether what close() leaves on the screen says how a run of steps ended, so that nobody need print it again. */
  readonly summarises?: boolean;
  on(event: Event): void;
  /** A sentence from outside the run ("stopping safely"), put where it does not break the picture; the JSON view leaves it out. */
  say(text: string): void;
  /** Leaves the screen to a question; resolves when it is free. */
  pause(): Promise<void>;
  /** Takes the screen back after a question. */
  resume(): void;
  /** Shows what is still to be shown and lets go of the screen. Idempotent. */
  close(): Promise<void>;
}
