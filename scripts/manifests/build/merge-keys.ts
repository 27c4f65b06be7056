/**
 * Which lists of the built-in kinds a strategic merge goes into, and by which keys: what the schema kustomize carries with it (that of
 * Kubernetes 1.21) says. Kinds it does not know have none: their lists are replaced.
 */
export interface Shape { readonly [field: string]: Field }
/** `keys`: the list is merged by these ([]: as a set of plain values); `inner`: what is below. */
export interface Field { readonly keys?: readonly string[]; readonly inner?: Shape }

const META: Shape = { finalizers: { keys: [] }, ownerReferences: { keys: ['uid'] } };
const MAPS: Shape = { env: { keys: ['name'] }, volumeMounts: { keys: ['mountPath'] }, volumeDevices: { keys: ['devicePath'] } };
const CONTAINER: Shape = { ...MAPS, ports: { keys: ['containerPort', 'protocol'] } };
const POD: Shape = {
  containers: { keys: ['name'], inner: CONTAINER }, initContainers: { keys: ['name'], inner: CONTAINER }, ephemeralContainers: { keys: ['name'], inner: MAPS },
  volumes: { keys: ['name'], inner: { ephemeral: { inner: { volumeClaimTemplate: { inner: { metadata: { inner: META } } } } } } }, imagePullSecrets: { keys: ['name'] }, hostAliases: { keys: ['ip'] },
  topologySpreadConstraints: { keys: ['topologyKey', 'whenUnsatisfiable'] },
};
const TEMPLATE: Shape = { metadata: { inner: META }, spec: { inner: POD } };
const object = (spec: Shape = {}): Shape => ({ metadata: { inner: META }, spec: { inner: spec } });
const WORKLOAD = object({ template: { inner: TEMPLATE } });
const CRON = object({ jobTemplate: { inner: WORKLOAD } });
const HOOKS: Shape = { metadata: { inner: META }, webhooks: { keys: ['name'] } };

/** Kinds without lists of their own, as `group/version: kinds`; '' is the core group. */
const PLAIN: Readonly<Record<string, string>> = {
  'v1': 'Binding ConfigMap Endpoints Event LimitRange Namespace PersistentVolume PersistentVolumeClaim ResourceQuota Secret ComponentStatus',
  'apiextensions.k8s.io/v1': 'CustomResourceDefinition', 'apiextensions.k8s.io/v1beta1': 'CustomResourceDefinition', 'apiregistration.k8s.io/v1': 'APIService', 'apiregistration.k8s.io/v1beta1': 'APIService',
  'apps/v1': 'ControllerRevision', 'autoscaling/v1': 'HorizontalPodAutoscaler Scale', 'autoscaling/v2beta1': 'HorizontalPodAutoscaler', 'autoscaling/v2beta2': 'HorizontalPodAutoscaler',
  'certificates.k8s.io/v1': 'CertificateSigningRequest', 'certificates.k8s.io/v1beta1': 'CertificateSigningRequest', 'coordination.k8s.io/v1': 'Lease', 'coordination.k8s.io/v1beta1': 'Lease',
  'discovery.k8s.io/v1': 'EndpointSlice', 'discovery.k8s.io/v1beta1': 'EndpointSlice', 'events.k8s.io/v1': 'Event', 'events.k8s.io/v1beta1': 'Event', 'extensions/v1beta1': 'Ingress',
  'flowcontrol.apiserver.k8s.io/v1beta1': 'FlowSchema PriorityLevelConfiguration', 'networking.k8s.io/v1': 'Ingress IngressClass NetworkPolicy', 'networking.k8s.io/v1beta1': 'Ingress IngressClass',
  'node.k8s.io/v1': 'RuntimeClass', 'node.k8s.io/v1beta1': 'RuntimeClass', 'policy/v1': 'PodDisruptionBudget', 'policy/v1beta1': 'Eviction PodDisruptionBudget PodSecurityPolicy',
  'rbac.authorization.k8s.io/v1': 'ClusterRole ClusterRoleBinding Role RoleBinding', 'rbac.authorization.k8s.io/v1beta1': 'ClusterRole ClusterRoleBinding Role RoleBinding',
  'scheduling.k8s.io/v1': 'PriorityClass', 'scheduling.k8s.io/v1beta1': 'PriorityClass', 'storage.k8s.io/v1': 'CSIDriver StorageClass VolumeAttachment', 'storage.k8s.io/v1beta1': 'CSIDriver CSIStorageCapacity StorageClass VolumeAttachment',
};
const SHAPES: ReadonlyMap<string, Shape> = new Map<string, Shape>([
  ...Object.entries(PLAIN).flatMap(([version, kinds]) => kinds.split(' ').map((kind): [string, Shape] => [`${version}/${kind}`, object()])),
  ['v1/Pod', { ...TEMPLATE }], ['v1/PodTemplate', { metadata: { inner: META }, template: { inner: TEMPLATE } }], ['v1/ReplicationController', WORKLOAD], ['v1/Service', object({ ports: { keys: ['port', 'protocol'] } })],
  ['v1/ServiceAccount', { metadata: { inner: META }, secrets: { keys: ['name'] } }], ['v1/Node', object({ podCIDRs: { keys: [] } })],
  ['apps/v1/Deployment', WORKLOAD], ['apps/v1/DaemonSet', WORKLOAD], ['apps/v1/ReplicaSet', WORKLOAD], ['apps/v1/StatefulSet', object({ template: { inner: TEMPLATE }, volumeClaimTemplates: { inner: object() } })],
  ['batch/v1/Job', WORKLOAD], ['batch/v1/CronJob', CRON], ['batch/v1beta1/CronJob', CRON],
  ['admissionregistration.k8s.io/v1/MutatingWebhookConfiguration', HOOKS], ['admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration', HOOKS],
  ['admissionregistration.k8s.io/v1beta1/MutatingWebhookConfiguration', HOOKS], ['admissionregistration.k8s.io/v1beta1/ValidatingWebhookConfiguration', HOOKS],
  ['storage.k8s.io/v1/CSINode', object({ drivers: { keys: ['name'] } })], ['storage.k8s.io/v1beta1/CSINode', object({ drivers: { keys: ['name'] } })],
]);

/** How an object of a kind is merged; undefined for kinds that schema does not know. */
export function shapeOf(apiVersion: string, kind: string): Shape | undefined {
  return SHAPES.get(`${apiVersion}/${kind}`);
}

const CLUSTER: Readonly<Record<string, string>> = {
  'v1': 'ComponentStatus Namespace Node NodeProxyOptions PersistentVolume',
  'admissionregistration.k8s.io/v1': 'MutatingWebhookConfiguration ValidatingWebhookConfiguration', 'admissionregistration.k8s.io/v1beta1': 'MutatingWebhookConfiguration ValidatingWebhookConfiguration',
  'apiextensions.k8s.io/v1': 'CustomResourceDefinition', 'apiextensions.k8s.io/v1beta1': 'CustomResourceDefinition', 'apiregistration.k8s.io/v1': 'APIService', 'apiregistration.k8s.io/v1beta1': 'APIService',
  'certificates.k8s.io/v1': 'CertificateSigningRequest', 'certificates.k8s.io/v1beta1': 'CertificateSigningRequest', 'flowcontrol.apiserver.k8s.io/v1beta1': 'FlowSchema PriorityLevelConfiguration',
  'networking.k8s.io/v1': 'IngressClass', 'networking.k8s.io/v1beta1': 'IngressClass', 'node.k8s.io/v1': 'RuntimeClass', 'node.k8s.io/v1beta1': 'RuntimeClass', 'policy/v1beta1': 'PodSecurityPolicy',
  'rbac.authorization.k8s.io/v1': 'ClusterRole ClusterRoleBinding', 'rbac.authorization.k8s.io/v1beta1': 'ClusterRole ClusterRoleBinding', 'scheduling.k8s.io/v1': 'PriorityClass', 'scheduling.k8s.io/v1beta1': 'PriorityClass',
  'storage.k8s.io/v1': 'CSIDriver CSINode StorageClass VolumeAttachment', 'storage.k8s.io/v1beta1': 'CSIDriver CSINode StorageClass VolumeAttachment',
};
const CLUSTER_SCOPED: ReadonlySet<string> = new Set(Object.entries(CLUSTER).flatMap(([version, kinds]) => kinds.split(' ').map((kind) => `${version}/${kind}`)));

/** Kinds kustomize knows to live outside namespaces; every kind it does not know it takes for one that lives in them. */
export function isClusterScoped(apiVersion: string, kind: string): boolean {
  return CLUSTER_SCOPED.has(`${apiVersion}/${kind}`);
}
