import type { FieldSpec } from './fieldspecs.ts';

/** Which fields name other objects: kustomize's own list. */
export interface Reference { readonly to: { readonly kind: string; readonly group?: string; readonly version?: string }; readonly spec: FieldSpec }

const PODS: readonly (readonly [string, string])[] = [
  ['Pod', 'spec'], ['PodTemplate', 'template/spec'], ['Deployment', 'spec/template/spec'], ['ReplicaSet', 'spec/template/spec'], ['DaemonSet', 'spec/template/spec'],
  ['StatefulSet', 'spec/template/spec'], ['Job', 'spec/template/spec'], ['CronJob', 'spec/jobTemplate/spec/template/spec'],
];
/** Kinds for the references of later additions to the list; they leave some out and know others. */
const FEWER: readonly (readonly [string, string])[] = [...PODS.filter(([kind]) => kind !== 'PodTemplate' && kind !== 'ReplicaSet'), ['ReplicationController', 'spec/template/spec']];

const made: Reference[] = [];
const add = (to: Reference['to'], kind: string, path: string, rest: Omit<FieldSpec, 'path' | 'kind'> = {}): void => { made.push({ to, spec: { path, kind, ...rest } }); };
const inPods = (to: Reference['to'], paths: readonly string[], pods: readonly (readonly [string, string])[]): void => {
  for (const [kind, spec] of pods) for (const path of paths) add(to, kind, `${spec}/${path}`, kind === 'Pod' && pods === PODS ? { version: 'v1' } : {});
};
const rbac = { group: 'rbac.authorization.k8s.io' };

for (const kind of ['Deployment', 'ReplicationController', 'ReplicaSet', 'StatefulSet']) add({ kind }, 'HorizontalPodAutoscaler', 'spec/scaleTargetRef/name');

const configMap = { kind: 'ConfigMap', version: 'v1' };
inPods(configMap, ['volumes/configMap/name', 'containers/env/valueFrom/configMapKeyRef/name', 'initContainers/env/valueFrom/configMapKeyRef/name', 'containers/envFrom/configMapRef/name', 'initContainers/envFrom/configMapRef/name', 'volumes/projected/sources/configMap/name'], PODS);
add(configMap, 'Node', 'spec/configSource/configMap');
for (const kind of ['Role', 'ClusterRole']) add(configMap, kind, 'rules/resourceNames');
add(configMap, 'Ingress', 'metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap');

const secret = { kind: 'Secret', version: 'v1' };
inPods(secret, ['volumes/secret/secretName', 'containers/env/valueFrom/secretKeyRef/name', 'initContainers/env/valueFrom/secretKeyRef/name', 'containers/envFrom/secretRef/name', 'initContainers/envFrom/secretRef/name', 'imagePullSecrets/name', 'volumes/projected/sources/secret/name'], PODS);
for (const path of ['spec/tls/secretName', 'metadata/annotations/ingress.kubernetes.io\\/auth-secret', 'metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret', 'metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret']) add(secret, 'Ingress', path);
add(secret, 'ServiceAccount', 'imagePullSecrets/name');
for (const name of ['secretName', 'adminSecretName', 'userSecretName', 'secretRef']) add(secret, 'StorageClass', `parameters/${name}`);
for (const kind of ['Role', 'ClusterRole']) add(secret, kind, 'rules/resourceNames');
add(secret, 'Service', 'spec/template/spec/containers/env/valueFrom/secretKeyRef/name', { group: 'serving.knative.dev', version: 'v1' });
add(secret, 'PersistentVolume', 'spec/azureFile/secretName');

const service = { kind: 'Service', version: 'v1' };
add(service, 'StatefulSet', 'spec/serviceName', { group: 'apps' });
for (const path of ['spec/rules/http/paths/backend/serviceName', 'spec/backend/serviceName', 'spec/rules/http/paths/backend/service/name', 'spec/defaultBackend/service/name']) add(service, 'Ingress', path);
add(service, 'APIService', 'spec/service/name', { group: 'apiregistration.k8s.io' });
for (const kind of ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration']) add(service, kind, 'webhooks/clientConfig/service', { group: 'admissionregistration.k8s.io' });

add({ kind: 'Role', ...rbac }, 'RoleBinding', 'roleRef/name', rbac);
for (const kind of ['RoleBinding', 'ClusterRoleBinding']) add({ kind: 'ClusterRole', ...rbac }, kind, 'roleRef/name', rbac);
const account = { kind: 'ServiceAccount', version: 'v1' };
for (const kind of ['RoleBinding', 'ClusterRoleBinding']) add(account, kind, 'subjects', rbac);
inPods(account, ['serviceAccountName'], FEWER);
inPods({ kind: 'PersistentVolumeClaim', version: 'v1' }, ['volumes/persistentVolumeClaim/claimName'], FEWER);
add({ kind: 'PersistentVolume', version: 'v1' }, 'PersistentVolumeClaim', 'spec/volumeName');
add({ kind: 'PersistentVolume', version: 'v1' }, 'ClusterRole', 'rules/resourceNames');
const storage = { kind: 'StorageClass', version: 'v1', group: 'storage.k8s.io' };
for (const kind of ['PersistentVolume', 'PersistentVolumeClaim']) add(storage, kind, 'spec/storageClassName');
add(storage, 'StatefulSet', 'spec/volumeClaimTemplates/spec/storageClassName');
inPods({ kind: 'PriorityClass', version: 'v1', group: 'scheduling.k8s.io' }, ['priorityClassName'], FEWER);
add({ kind: 'ValidatingAdmissionPolicy', group: 'admissionregistration.k8s.io' }, 'ValidatingAdmissionPolicyBinding', 'spec/policyName', { group: 'admissionregistration.k8s.io' });

/** By the kind that holds the reference. */
export const REFERENCES: ReadonlyMap<string, readonly Reference[]> = Map.groupBy(made, ({ spec }) => spec.kind ?? '');
