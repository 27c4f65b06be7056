import type { Event } from '../engine/event.ts';

/** A step says how it gets on once a second of the wall at most, or a log would be nothing else. */
const BETWEEN_WALL_MS = 1_000;

export type PacedEvent = Event & { readonly type: 'progress' | 'waiting' | 'retrying' };
type ProgressEvent = Event & { readonly type: 'progress' };

/** What a step has to say of one kind, after at most a second: the newest event, and what came with it. */
export interface Held {
  readonly event: PacedEvent;
  /** How many events this stands for. */
  readonly count: number;
  /** The newest word of each subject, oldest first; only for progress. */
  readonly progress: readonly ProgressEvent[];
}

interface Slot {
  told: number;
  count: number;
  newest: PacedEvent | undefined;
  readonly subjects: Map<string, ProgressEvent>;
}

export interface Pace {
  /** Takes an event; gives back what is to be told now. Something that failed is never held back. */
  take(event: PacedEvent): readonly Held[];
  /** What has been held back long enough when `event` comes, or must be told because its step ends with it. */
  due(event: Event): readonly Held[];
}

/** Lets through one progress, one waiting and one retry per step and second of the wall; the last of each is never lost. */
export function createPace(): Pace {
  const slots = new Map<string, Slot>();
  const keyOf = (event: { readonly lane: string; readonly step: string }): string => `${event.lane}\0${event.step}\0`;
  const release = (slot: Slot, wall: number): readonly Held[] => {
    const { newest, count } = slot;
    if (newest === undefined) return [];
    const held: Held = { event: newest, count, progress: [...slot.subjects.values()] };
    slot.told = wall;
    slot.count = 0;
    slot.newest = undefined;
    slot.subjects.clear();
    return [held];
  };
  return {
    take(event) {
      const key = keyOf(event) + event.type;
      const slot = slots.get(key) ?? { told: Number.NEGATIVE_INFINITY, count: 0, newest: undefined, subjects: new Map() };
      slots.set(key, slot);
      slot.newest = event;
      slot.count += 1;
      if (event.type === 'progress') {
        // Taken out first, so that the newest word stands last.
        slot.subjects.delete(event.subject);
        slot.subjects.set(event.subject, event);
      }
      const wall = Date.parse(event.at);
      return wall - slot.told >= BETWEEN_WALL_MS || (event.type === 'progress' && event.state === 'failed') ? release(slot, wall) : [];
    },
    due(event) {
      const wall = Date.parse(event.at);
      const over = event.type === 'run-finished';
      const ended = event.type === 'phase-finished' || event.type === 'phase-failed' || event.type === 'phase-skipped' ? keyOf(event) : undefined;
      return [...slots].flatMap(([key, slot]) => {
        const ends = over || (ended !== undefined && key.startsWith(ended));
        // What was waited for is of no interest once the step is over: how it ended is told next.
        if (ends && slot.newest?.type === 'waiting') slot.newest = undefined;
        return ends || wall - slot.told >= BETWEEN_WALL_MS ? release(slot, wall) : [];
      });
    },
  };
}
