import { text } from './data.ts';
import { groupKind } from './objects.ts';
import { edited, type Instructions, type Res, type Work } from './work.ts';

const CLUSTER_SCOPED = new Set(['/Namespace', '/Node', '/PersistentVolume', 'rbac.authorization.k8s.io/ClusterRole', 'rbac.authorization.k8s.io/ClusterRoleBinding', 'apiextensions.k8s.io/CustomResourceDefinition', 'storage.k8s.io/StorageClass', 'scheduling.k8s.io/PriorityClass']);

export function transform(_work: Work, instructions: Instructions, objects: readonly Res[]): readonly Res[] {
  const namespace = text(instructions.data['namespace']);
  if (namespace === undefined) return objects;
  return objects.map((res) => (CLUSTER_SCOPED.has(groupKind(res.object)) ? res : edited(res, { ...res.object, metadata: { ...res.object.metadata, namespace } }, { by: instructions.by('namespace'), source: instructions.source(['namespace']), sets: [{ path: ['metadata', 'namespace'], from: [] }] })));
}
