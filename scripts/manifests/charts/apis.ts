import { get, list, plain, text } from '../build/data.ts';
import type { Tree } from '../model.types.ts';

/** Kinds every cluster has and charts ask for: helm alone, without a cluster, knows only their groups and versions. */
const BUILT_IN = [
  'v1/Secret', 'v1/ConfigMap', 'v1/Service', 'v1/Endpoints', 'v1/Pod', 'v1/Namespace',
  'apps/v1/Deployment', 'apps/v1/DaemonSet', 'apps/v1/StatefulSet', 'apps/v1/ReplicaSet',
  'batch/v1/Job', 'batch/v1/CronJob', 'autoscaling/v1/HorizontalPodAutoscaler', 'autoscaling/v2/HorizontalPodAutoscaler',
  'policy/v1/PodDisruptionBudget', 'policy/v1/Eviction',
  'networking.k8s.io/v1/Ingress', 'networking.k8s.io/v1/IngressClass', 'networking.k8s.io/v1/NetworkPolicy',
  'rbac.authorization.k8s.io/v1/Role', 'rbac.authorization.k8s.io/v1/RoleBinding', 'rbac.authorization.k8s.io/v1/ClusterRole', 'rbac.authorization.k8s.io/v1/ClusterRoleBinding',
  'storage.k8s.io/v1/StorageClass', 'storage.k8s.io/v1/CSIDriver', 'storage.k8s.io/v1/CSINode', 'storage.k8s.io/v1/VolumeAttachment',
  'scheduling.k8s.io/v1/PriorityClass', 'coordination.k8s.io/v1/Lease', 'node.k8s.io/v1/RuntimeClass', 'discovery.k8s.io/v1/EndpointSlice', 'events.k8s.io/v1/Event',
  'admissionregistration.k8s.io/v1/MutatingWebhookConfiguration', 'admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration',
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy', 'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding',
  'apiextensions.k8s.io/v1/CustomResourceDefinition', 'apiregistration.k8s.io/v1/APIService', 'certificates.k8s.io/v1/CertificateSigningRequest',
  'flowcontrol.apiserver.k8s.io/v1/FlowSchema', 'flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration',
];

/** Versions and kinds of custom resources a cluster of this tree has: those it defines, and those it uses. */
export function apisOf(tree: Tree): readonly string[] {
  const apis = new Set<string>(BUILT_IN);
  const add = (apiVersion: string, kind: string): void => {
    if (!/^[^/]+\.[^/]+\//.test(apiVersion)) return;
    apis.add(apiVersion);
    apis.add(`${apiVersion}/${kind}`);
  };
  for (const { object } of [...tree.objects, ...tree.settings.given]) {
    if (object.kind !== 'CustomResourceDefinition') { add(object.apiVersion, object.kind); continue; }
    const spec = plain(object['spec']);
    for (const version of list(spec['versions'])) if (get(version, 'served') !== false) add(`${text(spec['group']) ?? ''}/${text(get(version, 'name')) ?? ''}`, text(get(spec, 'names', 'kind')) ?? '');
  }
  return [...apis].toSorted();
}

/** Those of them a chart speaks of (`Meta.apis`). */
export function spokenOf(apis: readonly string[], mentions: readonly string[]): readonly string[] {
  const said = new Set(mentions);
  return apis.filter((api) => said.has(api) || said.has(api.slice(0, api.indexOf('/'))));
}
