import type { Faults } from '../world/types.ts';

export type Answer = 'pass' | 'throttle' | 'unavailable' | 'reset';
/** What an API server under `api-flapping` does with requests, in turn: every other one passes, so that whoever tries again gets through. */
const PATTERN: readonly Answer[] = ['throttle', 'pass', 'unavailable', 'pass', 'throttle', 'pass', 'reset', 'pass'];

/** Decides each request's fate; without the fault everything passes, and the pattern starts anew. */
export function createFlapping(faults: Faults, cluster: string): () => Answer {
  let turn = 0;
  return () => {
    if (faults.active('api-flapping', cluster) === undefined) {
      turn = 0;
      return 'pass';
    }
    return PATTERN[turn++ % PATTERN.length] ?? 'pass';
  };
}
