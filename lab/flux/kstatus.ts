/** Is an object ready? The rules of the kstatus library, which Helm 4 and Flux wait by. */
import type { KubeObject } from '../world/types.ts';
import { at, conditionOf, groupOf, whole } from '../catalog/data.ts';

export interface ObjectStatus { readonly status: 'Current' | 'InProgress' | 'Failed' | 'Terminating' | 'NotFound'; readonly message: string }

const current = (message: string): ObjectStatus => ({ status: 'Current', message });
const progress = (message: string): ObjectStatus => ({ status: 'InProgress', message });
const failed = (message: string): ObjectStatus => ({ status: 'Failed', message });

function deployment(object: KubeObject): ObjectStatus {
  const want = whole(at(object.spec, 'replicas'), 1);
  const progressing = conditionOf(object, 'Progressing');
  if (progressing?.['reason'] === 'ProgressDeadlineExceeded') return failed('Progress deadline exceeded');
  const seen = (field: string): number => whole(object.status?.[field], 0);
  if (seen('replicas') < want) return progress(`replicas: ${seen('replicas')}/${want}`);
  if (seen('updatedReplicas') < want) return progress(`Updated: ${seen('updatedReplicas')}/${want}`);
  if (seen('replicas') > want) return progress(`Pending termination: ${seen('replicas') - want}`);
  if (seen('availableReplicas') < want) return progress(`Available: ${seen('availableReplicas')}/${want}`);
  if (seen('readyReplicas') < want) return progress(`Ready: ${seen('readyReplicas')}/${want}`);
  if (conditionOf(object, 'Available')?.['status'] !== 'True') return progress('Deployment not Available');
  return current(`Deployment is available. Replicas: ${want}`);
}
function daemonSet(object: KubeObject): ObjectStatus {
  const want = object.status?.['desiredNumberScheduled'];
  if (typeof want !== 'number') return progress('Missing .status.desiredNumberScheduled');
  for (const [field, word] of [['currentNumberScheduled', 'Current'], ['updatedNumberScheduled', 'Updated'], ['numberAvailable', 'Available'], ['numberReady', 'Ready']] as const) {
    const have = whole(object.status?.[field], 0);
    if (have < want) return progress(`${word}: ${have}/${want}`);
  }
  return current(`All replicas scheduled as expected. Replicas: ${want}`);
}
function statefulSet(object: KubeObject): ObjectStatus {
  const want = whole(at(object.spec, 'replicas'), 1);
  for (const [field, word] of [['replicas', 'Replicas'], ['readyReplicas', 'Ready'], ['currentReplicas', 'current']] as const) {
    const have = whole(object.status?.[field], 0);
    if (have < want) return progress(`${word}: ${have}/${want}`);
  }
  return current(`All replicas scheduled as expected. Replicas: ${want}`);
}
function job(object: KubeObject): ObjectStatus {
  if (conditionOf(object, 'Complete')?.['status'] === 'True') return current('Job Completed');
  if (conditionOf(object, 'Failed')?.['status'] === 'True') return failed('Job Failed');
  return object.status?.['startTime'] === undefined ? progress('Job not started') : progress('Job in progress');
}
function pod(object: KubeObject): ObjectStatus {
  if (object.status?.['phase'] === 'Succeeded') return current('Pod has completed successfully');
  if (object.status?.['phase'] === 'Failed') return failed('Pod has completed, but not successfully');
  return conditionOf(object, 'Ready')?.['status'] === 'True' ? current('Pod is Ready') : progress('Pod is not ready');
}

/** Flux declares observedGeneration -1 by default, so its objects are never "current" before their controller saw them. */
function startsUnobserved(object: KubeObject): boolean {
  const group = groupOf(object.apiVersion);
  return group.endsWith('.toolkit.fluxcd.io') ? object.kind !== 'Alert' && object.kind !== 'Provider' : group === 'fluxcd.controlplane.io';
}

function generic(object: KubeObject): ObjectStatus {
  const observed = object.status?.['observedGeneration'];
  if (observed === undefined && startsUnobserved(object)) return progress(`${object.kind} generation is ${object.metadata.generation ?? 1}, but latest observed generation is -1`);
  if (typeof observed === 'number' && observed !== (object.metadata.generation ?? observed)) return progress(`${object.kind} generation is ${object.metadata.generation ?? 1}, but latest observed generation is ${observed}`);
  const stalled = conditionOf(object, 'Stalled');
  if (stalled?.['status'] === 'True') return failed(String(stalled['message']));
  const reconciling = conditionOf(object, 'Reconciling');
  if (reconciling?.['status'] === 'True') return progress(String(reconciling['message']));
  const ready = conditionOf(object, 'Ready');
  if (ready !== undefined && ready['status'] !== 'True') return progress(String(ready['message']));
  return current('Resource is current');
}

/** kstatus of an object as it is in the cluster; undefined is NotFound. */
export function kstatus(object: KubeObject | undefined): ObjectStatus {
  if (object === undefined) return { status: 'NotFound', message: 'Resource not found' };
  if (object.metadata.deletionTimestamp !== undefined) return { status: 'Terminating', message: 'Resource scheduled for deletion' };
  const group = groupOf(object.apiVersion);
  if (group === 'apps') {
    const observed = whole(object.status?.['observedGeneration'], 0);
    if (observed < whole(object.metadata.generation, 1)) return progress(`${object.kind} generation is ${object.metadata.generation ?? 1}, but latest observed generation is ${observed}`);
    if (object.kind === 'Deployment') return deployment(object);
    if (object.kind === 'DaemonSet') return daemonSet(object);
    if (object.kind === 'StatefulSet') return statefulSet(object);
  }
  if (group === 'batch' && object.kind === 'Job') return job(object);
  if (group === '' && object.kind === 'Pod') return pod(object);
  if (group === '' && object.kind === 'PersistentVolumeClaim') return object.status?.['phase'] === 'Bound' ? current('PVC is Bound') : progress('PVC is not Bound');
  if (group === '' && object.kind === 'Service') {
    return at(object.spec, 'type') === 'LoadBalancer' && at(object.spec, 'clusterIP') === undefined ? progress('ClusterIP not set. Service type: LoadBalancer') : current('Service is ready');
  }
  if (object.kind === 'CustomResourceDefinition') return conditionOf(object, 'Established')?.['status'] === 'True' ? current('CRD is established') : progress('Install in progress');
  return generic(object);
}
