import type { WaitPhase } from '../engine/phase.ts';
import type { Snapshot } from '../health/snapshot.types.ts';

/** Patience of the waits, in ms of the run's clock. Generous: a slow pull is not a failure, a silent hang is. */
export const MINUTES = 60_000;
/** Pause between two looks that are a few requests to the Kubernetes API and no child process, in ms of the run's clock. */
export const OFTEN = 1_000;

/** A phase that waits for the cluster to be as the checks of cluster:health want it; here only to have its type inferred. */
export function waits(phase: WaitPhase<Snapshot>): WaitPhase<Snapshot> {
  return phase;
}
