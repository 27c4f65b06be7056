/** The public face of the health room. Phases take their checks from checks/index.ts, which loads no report. */
export { readSnapshot, type LookContext } from './snapshot.ts';
export { followCluster, type Followed } from './live.ts';
export { LAYERS, type Layer, type Reading, type Snapshot, type TalosReading } from './snapshot.types.ts';
export { diagnose, judgeAll, type Cause, type Diagnosis, type Group, type Judged, type LayerRow, type Unknown } from './diagnosis.ts';
export { healthOutcome, severalOutcomes } from './report.ts';
export { STATUS_LAYERS, statusOutcome } from './status.ts';
export { FLUX_LAYERS, fluxStatusOutcome } from './flux-status.ts';
export { KINDS, listKey } from './kinds.ts';
export type { Finding, HealthCheck } from './finding.ts';
export * from './checks/index.ts';
