import { groupOf, versionOf } from '../build/data.ts';

/** What an object is, as schemas are looked up by it. */
export interface Gvk { readonly group: string; readonly version: string; readonly kind: string }

export function gvkOf(object: { readonly apiVersion: string; readonly kind: string }): Gvk {
  return { group: groupOf(object.apiVersion), version: versionOf(object.apiVersion), kind: object.kind };
}
export function keyOf({ group, version, kind }: Gvk): string {
  return `${group}/${version}/${kind}`;
}
export function apiVersionOf({ group, version }: Omit<Gvk, 'kind'>): string {
  return group === '' ? version : `${group}/${version}`;
}

/** Kinds of Kubernetes 1.34 by API version, as its API server lists them, those one writes into manifests. */
const SERVED: Readonly<Record<string, string>> = {
  'v1': 'Binding ConfigMap Endpoints Event LimitRange Namespace Node PersistentVolume PersistentVolumeClaim Pod PodTemplate ReplicationController ResourceQuota Secret Service ServiceAccount List',
  'admissionregistration.k8s.io/v1': 'MutatingWebhookConfiguration ValidatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding',
  'admissionregistration.k8s.io/v1beta1': 'ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding MutatingAdmissionPolicy MutatingAdmissionPolicyBinding',
  'admissionregistration.k8s.io/v1alpha1': 'ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding MutatingAdmissionPolicy MutatingAdmissionPolicyBinding',
  'apiextensions.k8s.io/v1': 'CustomResourceDefinition',
  'apiregistration.k8s.io/v1': 'APIService',
  'apps/v1': 'ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet',
  'authentication.k8s.io/v1': 'SelfSubjectReview TokenRequest TokenReview',
  'authorization.k8s.io/v1': 'LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview',
  'autoscaling/v1': 'HorizontalPodAutoscaler Scale',
  'autoscaling/v2': 'HorizontalPodAutoscaler',
  'batch/v1': 'CronJob Job',
  'certificates.k8s.io/v1': 'CertificateSigningRequest',
  'certificates.k8s.io/v1beta1': 'ClusterTrustBundle',
  'certificates.k8s.io/v1alpha1': 'ClusterTrustBundle PodCertificateRequest',
  'coordination.k8s.io/v1': 'Lease',
  'coordination.k8s.io/v1beta1': 'LeaseCandidate',
  'coordination.k8s.io/v1alpha2': 'LeaseCandidate',
  'discovery.k8s.io/v1': 'EndpointSlice',
  'events.k8s.io/v1': 'Event',
  'flowcontrol.apiserver.k8s.io/v1': 'FlowSchema PriorityLevelConfiguration',
  'internal.apiserver.k8s.io/v1alpha1': 'StorageVersion',
  'networking.k8s.io/v1': 'IPAddress Ingress IngressClass NetworkPolicy ServiceCIDR',
  'networking.k8s.io/v1beta1': 'IPAddress ServiceCIDR',
  'node.k8s.io/v1': 'RuntimeClass',
  'policy/v1': 'Eviction PodDisruptionBudget',
  'rbac.authorization.k8s.io/v1': 'ClusterRole ClusterRoleBinding Role RoleBinding',
  'resource.k8s.io/v1': 'DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice',
  'resource.k8s.io/v1beta1': 'DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice',
  'resource.k8s.io/v1beta2': 'DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice',
  'resource.k8s.io/v1alpha3': 'DeviceTaintRule',
  'scheduling.k8s.io/v1': 'PriorityClass',
  'storage.k8s.io/v1': 'CSIDriver CSINode CSIStorageCapacity StorageClass VolumeAttachment VolumeAttributesClass',
  'storage.k8s.io/v1beta1': 'VolumeAttributesClass',
  'storage.k8s.io/v1alpha1': 'VolumeAttributesClass',
  'storagemigration.k8s.io/v1alpha1': 'StorageVersionMigration',
};
const KINDS: ReadonlyMap<string, readonly string[]> = new Map(Object.entries(SERVED).map(([api, kinds]) => [api, kinds.split(' ')]));
const GROUPS: ReadonlySet<string> = new Set([...KINDS.keys()].map(groupOf));

/** Whether Kubernetes serves this group itself, without a definition of anybody. */
export function isBuiltIn(group: string): boolean {
  return GROUPS.has(group);
}
/** Whether Kubernetes 1.34 serves this kind in this version. */
export function isServed(gvk: Gvk): boolean {
  return KINDS.get(apiVersionOf(gvk))?.includes(gvk.kind) === true;
}
/** Every API version of Kubernetes that has this kind, the stable ones first. */
export function apiVersionsOf(kind: string): readonly string[] {
  return [...KINDS].filter(([, kinds]) => kinds.includes(kind)).map(([api]) => api).toSorted((a, b) => Number(/(?:alpha|beta)\d+$/.test(a)) - Number(/(?:alpha|beta)\d+$/.test(b)));
}
/** All kinds of Kubernetes, for what somebody may have meant. */
export const BUILT_IN_KINDS: readonly string[] = [...new Set([...KINDS.values()].flat())];
