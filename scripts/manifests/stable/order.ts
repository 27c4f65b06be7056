import type { KubeObject } from '../../config/cluster.ts';
import { graphOf, unitId } from '../graph/model.ts';
import { timingOf } from '../graph/waves.ts';
import { groupOf } from '../index/read.ts';
import type { Tree, Unit } from '../model.types.ts';

/** Kinds that Flux applies before and after all others (fluxcd/pkg ssa, ReconcileOrder). */
const FIRST = [
  'CustomResourceDefinition', 'Namespace', 'ClusterRole', 'ClusterClass', 'RuntimeClass', 'PriorityClass', 'StorageClass', 'VolumeSnapshotClass', 'IngressClass', 'GatewayClass',
  'ClusterRoleBinding', 'ResourceQuota', 'ServiceAccount', 'Role', 'RoleBinding', 'ConfigMap', 'Secret', 'Service', 'LimitRange', 'Deployment', 'StatefulSet', 'CronJob', 'PodDisruptionBudget',
];
const LAST = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];
const RANK: ReadonlyMap<string, number> = new Map([...FIRST.map((kind, index) => [kind, index - FIRST.length] as const), ...LAST.map((kind, index) => [kind, index + 1] as const)]);

/** Definitions, namespaces and cluster roles go first and are waited for, then classes, then the rest. */
function stage({ kind, apiVersion }: KubeObject): number {
  const group = groupOf(apiVersion);
  if ((kind === 'CustomResourceDefinition' && group === 'apiextensions.k8s.io') || (kind === 'Namespace' && apiVersion === 'v1') || (kind === 'ClusterRole' && group === 'rbac.authorization.k8s.io')) return 0;
  return kind.endsWith('Class') ? 1 : 2;
}

/** The order in which the controller applies the objects of one Kustomization, whatever order they were built in. */
export function applyOrder(a: KubeObject, b: KubeObject): number {
  return stage(a) - stage(b) || (RANK.get(a.kind) ?? 0) - (RANK.get(b.kind) ?? 0)
    || compare(groupOf(a.apiVersion), groupOf(b.apiVersion)) || compare(a.kind, b.kind) || compare(a.metadata.namespace ?? '', b.metadata.namespace ?? '') || compare(a.metadata.name, b.metadata.name);
}

/** Units in the order their waves begin; within one, who is applied by somebody after him, then by name. */
export function unitsInOrder(tree: Tree): readonly Unit[] {
  const { wave } = timingOf(graphOf(tree, []));
  const depth = (unit: Unit): number => {
    let count = 0;
    for (let at = unit.parent; at !== undefined && count < tree.units.length; at = at.parent) count += 1;
    return count;
  };
  return tree.units.map((unit) => ({ unit, wave: wave.get(unitId(unit)) ?? 0, depth: depth(unit) }))
    .toSorted((a, b) => a.wave - b.wave || a.depth - b.depth || compare(a.unit.namespace, b.unit.namespace) || compare(a.unit.name, b.unit.name)).map(({ unit }) => unit);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
