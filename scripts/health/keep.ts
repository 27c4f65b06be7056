import type { KubeObject } from '../config/cluster.ts';
import type { Keep, KindRef } from '../tools/doors.ts';
import { KINDS, listKey } from './kinds.ts';
import { condition, fields, items, type Fields } from './objects.ts';

/**
 * What a look holds of each object it reads: what checks and the graph read, no more. A cluster has thousands of pods of ten
 * kB each, and definitions of half a megabyte; of most, a few hundred bytes are ever looked at.
 */
export function keepOf(kind: KindRef): Keep {
  return KEEP[listKey(kind)] ?? withoutBookkeeping;
}

/** For every kind: who wrote which field, and what kubectl applied last, are of no interest to anybody here. */
function withoutBookkeeping(object: KubeObject): KubeObject {
  const { managedFields: _, annotations, ...metadata } = object.metadata;
  if (annotations === undefined) return { ...object, metadata };
  const { 'kubectl.kubernetes.io/last-applied-configuration': _applied, ...others } = annotations;
  return { ...object, metadata: { ...metadata, annotations: others } };
}

function without(object: KubeObject, part: 'spec' | 'status', ...keys: readonly string[]): KubeObject {
  return { ...object, [part]: Object.fromEntries(Object.entries(fields(object[part])).filter(([key]) => !keys.includes(key))) };
}

function pod(object: KubeObject): KubeObject {
  const { name, namespace, labels, ownerReferences, deletionTimestamp } = object.metadata;
  const spec = fields(object['spec']);
  const status = fields(object['status']);
  const kept: KubeObject = {
    apiVersion: object.apiVersion, kind: object.kind,
    metadata: { name, ...given({ namespace, labels, ownerReferences, deletionTimestamp }) },
    spec: given({ nodeName: spec['nodeName'], hostNetwork: spec['hostNetwork'] }),
    status: given({
      phase: status['phase'], reason: status['reason'], message: status['message'], conditions: status['conditions'],
      initContainerStatuses: waitingOnly(status['initContainerStatuses']), containerStatuses: waitingOnly(status['containerStatuses']),
    }),
  };
  // What it reads matters only where it does not run: which Secret it may be waiting for.
  if (condition(object, 'Ready')?.status === 'True') return kept;
  const containers = (list: unknown): unknown => items(list).map(fields).map((container) => given({ name: container['name'], env: container['env'], envFrom: container['envFrom'] }));
  return { ...kept, spec: { ...fields(kept['spec']), ...given({ volumes: spec['volumes'] }), initContainers: containers(spec['initContainers']), containers: containers(spec['containers']) } };
}

/** Containers that wait; of those that run nothing is asked. */
function waitingOnly(statuses: unknown): unknown {
  const waiting = items(statuses).filter((status) => fields(fields(status)['state'])['waiting'] !== undefined);
  return waiting.length === 0 ? undefined : waiting;
}

const given = (values: Fields): Record<string, unknown> => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

const workload: Keep = (object) => without(withoutBookkeeping(object), 'spec', 'template', 'volumeClaimTemplates');
const KEEP: Readonly<Record<string, Keep>> = {
  [listKey(KINDS.pods)]: pod,
  [listKey(KINDS.deployments)]: workload, [listKey(KINDS.daemonSets)]: workload, [listKey(KINDS.statefulSets)]: workload,
  [listKey(KINDS.crds)]: (object) => without(withoutBookkeeping(object), 'spec', 'versions', 'conversion'),
  [listKey(KINDS.helmReleases)]: (object) => without(withoutBookkeeping(object), 'spec', 'values'),
  [listKey(KINDS.nodes)]: (object) => without(withoutBookkeeping(object), 'status', 'images'),
};
