import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TargetFile } from '../config/target.ts';
import type { Event } from '../engine/event.ts';
import { listRuns, RESULT_FILE } from '../engine/runs.ts';
import type { Estimates } from '../terminal/state.ts';

/** From fewer steps nothing can be expected of a whole run. */
const FEWEST = 2;

/** Per lane, how each step ended and how long it took, in ms of the run's clock. */
export type LaneTimings = Readonly<Record<string, readonly { readonly step: string; readonly ms: number; readonly how: 'done' | 'already' | 'failed'; readonly note: string }[]>>;
export interface Timings { readonly on: (event: Event) => void; lanes(): LaneTimings }

/** Listens to a run and keeps how long its steps took. */
export function collectTimings(): Timings {
  const lanes: Record<string, { step: string; ms: number; how: 'done' | 'already' | 'failed'; note: string }[]> = {};
  const keep = (lane: string, entry: { step: string; ms: number; how: 'done' | 'already' | 'failed'; note: string }): void => {
    (lanes[lane] ??= []).push(entry);
  };
  return {
    on(event) {
      if (event.type === 'phase-finished') keep(event.lane, { step: event.step, ms: event.ms, how: 'done', note: event.note });
      else if (event.type === 'phase-skipped') keep(event.lane, { step: event.step, ms: event.ms, how: 'already', note: event.because });
      else if (event.type === 'phase-failed') keep(event.lane, { step: event.step, ms: event.ms, how: 'failed', note: event.failure.what });
    },
    lanes: () => lanes,
  };
}

/**
 * How long the steps of `task` took when each last really ran in a run that succeeded, on the same kind of target, engine
 * and speed; figures of different ones are never compared. A run that went on from another one has timed only its own
 * steps, so older runs fill in the rest. {} when too few steps are known.
 */
export function estimatesFor(taskDir: string, task: string, target: TargetFile): Estimates {
  const known: Record<string, Record<string, number>> = {};
  for (const run of listRuns(taskDir).toReversed()) {
    if (!run.ended) continue;
    const result = readResult(join(run.dir, RESULT_FILE));
    if (result === undefined || result.task !== task || result.exit !== 0) continue;
    if (result.target.kind !== target.kind || result.target.engine !== target.engine || result.target.speed !== target.speed) continue;
    for (const [lane, steps] of Object.entries(result.lanes)) {
      const of = (known[lane] ??= {});
      for (const step of steps) if (step.how === 'done') of[step.step] ??= step.ms;
    }
  }
  return Object.fromEntries(Object.entries(known).filter(([, steps]) => Object.keys(steps).length > FEWEST));
}

interface Result {
  readonly task: string;
  readonly exit: number;
  readonly target: Pick<TargetFile, 'kind' | 'engine' | 'speed'>;
  readonly lanes: LaneTimings;
}

/** A result another version wrote, or a damaged one, gives no estimate; nothing depends on it. */
function readResult(file: string): Result | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
  return isResult(parsed) ? parsed : undefined;
}

function isResult(value: unknown): value is Result {
  if (typeof value !== 'object' || value === null || !('task' in value) || !('exit' in value) || !('target' in value) || !('lanes' in value)) return false;
  return typeof value.task === 'string' && typeof value.exit === 'number' && typeof value.target === 'object' && value.target !== null
    && typeof value.lanes === 'object' && value.lanes !== null && Object.values(value.lanes).every((steps) => Array.isArray(steps));
}
