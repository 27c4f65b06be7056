import type { HealthCheck } from '../finding.ts';

// The names phases use; each group is filled from its own file.
const none: readonly HealthCheck[] = [];
export const machineChecks = none, talosChecks = none, etcdChecks = none, apiChecks = none, nodesRegisteredChecks = none, nodesReadyChecks = none;
export const cniChecks = none, crdChecks = none, coreChecks = none, sourceChecks = none, kustomizationChecks = none, helmReleaseChecks = none;
export const workloadChecks = none, certificateChecks = none, secretChecks = none, meshChecks = none;
export const ALL_CHECKS = none;
export function coreReleaseChecks(_name: string): readonly HealthCheck[] { return none; }
