/**
 * The checks of `cluster:health`, by subject and in the order of dependence. Phases verify themselves with these very
 * lists, so a create can never be greener than the health task.
 */
import type { HealthCheck } from '../finding.ts';
import { namespaceChecks, webhookChecks } from './admission.ts';
import { apiChecks } from './api.ts';
import { budgetChecks } from './budgets.ts';
import { certificateChecks } from './certificates.ts';
import { cniChecks } from './cni.ts';
import { coreChecks } from './core.ts';
import { crdChecks } from './crds.ts';
import { etcdChecks } from './etcd.ts';
import { helmReleaseChecks } from './helmreleases.ts';
import { kustomizationChecks } from './kustomizations.ts';
import { machineChecks } from './machines.ts';
import { meshChecks } from './mesh.ts';
import { nodesReadyChecks, nodesRegisteredChecks } from './nodes.ts';
import { secretChecks } from './secrets.ts';
import { sourceChecks } from './sources.ts';
import { CLOCK, clockHint, talosChecks } from './talos.ts';
import { workloadChecks } from './workloads.ts';

export { coreReleaseChecks } from './core.ts';
export { CLOCK, clockHint };
export {
  apiChecks, budgetChecks, certificateChecks, cniChecks, coreChecks, crdChecks, etcdChecks, helmReleaseChecks, kustomizationChecks,
  machineChecks, meshChecks, namespaceChecks, nodesReadyChecks, nodesRegisteredChecks, secretChecks, sourceChecks, talosChecks, webhookChecks, workloadChecks,
};

export const ALL_CHECKS: readonly HealthCheck[] = [
  ...machineChecks, ...talosChecks, ...etcdChecks, ...apiChecks, ...namespaceChecks, ...nodesRegisteredChecks, ...nodesReadyChecks, ...cniChecks,
  ...crdChecks, ...coreChecks, ...sourceChecks, ...kustomizationChecks, ...helmReleaseChecks, ...webhookChecks, ...workloadChecks, ...budgetChecks,
  ...certificateChecks, ...secretChecks, ...meshChecks,
];
