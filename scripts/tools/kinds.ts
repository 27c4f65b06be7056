import type { KindRef } from './doors.ts';

const kind = (apiVersion: string, plural: string, name: string, namespaced = true): KindRef => ({ apiVersion, plural, kind: name, namespaced });
const CLUSTER_WIDE = false;

/** Every kind the program names. What is not here is looked up in the API's discovery. */
export const KINDS = {
  Namespace: kind('v1', 'namespaces', 'Namespace', CLUSTER_WIDE),
  Node: kind('v1', 'nodes', 'Node', CLUSTER_WIDE),
  Pod: kind('v1', 'pods', 'Pod'),
  Secret: kind('v1', 'secrets', 'Secret'),
  ConfigMap: kind('v1', 'configmaps', 'ConfigMap'),
  Service: kind('v1', 'services', 'Service'),
  ServiceAccount: kind('v1', 'serviceaccounts', 'ServiceAccount'),
  Event: kind('v1', 'events', 'Event'),
  PersistentVolume: kind('v1', 'persistentvolumes', 'PersistentVolume', CLUSTER_WIDE),
  PersistentVolumeClaim: kind('v1', 'persistentvolumeclaims', 'PersistentVolumeClaim'),
  Deployment: kind('apps/v1', 'deployments', 'Deployment'),
  DaemonSet: kind('apps/v1', 'daemonsets', 'DaemonSet'),
  StatefulSet: kind('apps/v1', 'statefulsets', 'StatefulSet'),
  ReplicaSet: kind('apps/v1', 'replicasets', 'ReplicaSet'),
  Job: kind('batch/v1', 'jobs', 'Job'),
  CronJob: kind('batch/v1', 'cronjobs', 'CronJob'),
  CertificateSigningRequest: kind('certificates.k8s.io/v1', 'certificatesigningrequests', 'CertificateSigningRequest', CLUSTER_WIDE),
  Lease: kind('coordination.k8s.io/v1', 'leases', 'Lease'),
  StorageClass: kind('storage.k8s.io/v1', 'storageclasses', 'StorageClass', CLUSTER_WIDE),
  CustomResourceDefinition: kind('apiextensions.k8s.io/v1', 'customresourcedefinitions', 'CustomResourceDefinition', CLUSTER_WIDE),
  APIService: kind('apiregistration.k8s.io/v1', 'apiservices', 'APIService', CLUSTER_WIDE),
  ClusterRole: kind('rbac.authorization.k8s.io/v1', 'clusterroles', 'ClusterRole', CLUSTER_WIDE),
  ClusterRoleBinding: kind('rbac.authorization.k8s.io/v1', 'clusterrolebindings', 'ClusterRoleBinding', CLUSTER_WIDE),
  Role: kind('rbac.authorization.k8s.io/v1', 'roles', 'Role'),
  RoleBinding: kind('rbac.authorization.k8s.io/v1', 'rolebindings', 'RoleBinding'),
  NetworkPolicy: kind('networking.k8s.io/v1', 'networkpolicies', 'NetworkPolicy'),
  ValidatingWebhookConfiguration: kind('admissionregistration.k8s.io/v1', 'validatingwebhookconfigurations', 'ValidatingWebhookConfiguration', CLUSTER_WIDE),
  MutatingWebhookConfiguration: kind('admissionregistration.k8s.io/v1', 'mutatingwebhookconfigurations', 'MutatingWebhookConfiguration', CLUSTER_WIDE),
  PodDisruptionBudget: kind('policy/v1', 'poddisruptionbudgets', 'PodDisruptionBudget'),
  ValidatingAdmissionPolicy: kind('admissionregistration.k8s.io/v1', 'validatingadmissionpolicies', 'ValidatingAdmissionPolicy', CLUSTER_WIDE),
  ValidatingAdmissionPolicyBinding: kind('admissionregistration.k8s.io/v1', 'validatingadmissionpolicybindings', 'ValidatingAdmissionPolicyBinding', CLUSTER_WIDE),
  FluxInstance: kind('fluxcd.controlplane.io/v1', 'fluxinstances', 'FluxInstance'),
  GitRepository: kind('source.toolkit.fluxcd.io/v1', 'gitrepositories', 'GitRepository'),
  OCIRepository: kind('source.toolkit.fluxcd.io/v1', 'ocirepositories', 'OCIRepository'),
  HelmRepository: kind('source.toolkit.fluxcd.io/v1', 'helmrepositories', 'HelmRepository'),
  HelmChart: kind('source.toolkit.fluxcd.io/v1', 'helmcharts', 'HelmChart'),
  Kustomization: kind('kustomize.toolkit.fluxcd.io/v1', 'kustomizations', 'Kustomization'),
  HelmRelease: kind('helm.toolkit.fluxcd.io/v2', 'helmreleases', 'HelmRelease'),
  Certificate: kind('cert-manager.io/v1', 'certificates', 'Certificate'),
  CertificateRequest: kind('cert-manager.io/v1', 'certificaterequests', 'CertificateRequest'),
  Issuer: kind('cert-manager.io/v1', 'issuers', 'Issuer'),
  ClusterIssuer: kind('cert-manager.io/v1', 'clusterissuers', 'ClusterIssuer', CLUSTER_WIDE),
  ExternalSecret: kind('external-secrets.io/v1', 'externalsecrets', 'ExternalSecret'),
  ClusterSecretStore: kind('external-secrets.io/v1', 'clustersecretstores', 'ClusterSecretStore', CLUSTER_WIDE),
  SecretStore: kind('external-secrets.io/v1', 'secretstores', 'SecretStore'),
  PushSecret: kind('external-secrets.io/v1alpha1', 'pushsecrets', 'PushSecret'),
  GatewayClass: kind('gateway.networking.k8s.io/v1', 'gatewayclasses', 'GatewayClass', CLUSTER_WIDE),
  Gateway: kind('gateway.networking.k8s.io/v1', 'gateways', 'Gateway'),
  HTTPRoute: kind('gateway.networking.k8s.io/v1', 'httproutes', 'HTTPRoute'),
  CiliumNode: kind('cilium.io/v2', 'ciliumnodes', 'CiliumNode', CLUSTER_WIDE),
  CiliumEndpoint: kind('cilium.io/v2', 'ciliumendpoints', 'CiliumEndpoint'),
  CiliumNetworkPolicy: kind('cilium.io/v2', 'ciliumnetworkpolicies', 'CiliumNetworkPolicy'),
  CiliumClusterwideNetworkPolicy: kind('cilium.io/v2', 'ciliumclusterwidenetworkpolicies', 'CiliumClusterwideNetworkPolicy', CLUSTER_WIDE),
  CiliumLoadBalancerIPPool: kind('cilium.io/v2', 'ciliumloadbalancerippools', 'CiliumLoadBalancerIPPool', CLUSTER_WIDE),
  CiliumBGPClusterConfig: kind('cilium.io/v2', 'ciliumbgpclusterconfigs', 'CiliumBGPClusterConfig', CLUSTER_WIDE),
  CephCluster: kind('ceph.rook.io/v1', 'cephclusters', 'CephCluster'),
  CephBlockPool: kind('ceph.rook.io/v1', 'cephblockpools', 'CephBlockPool'),
  VolumeSnapshotClass: kind('snapshot.storage.k8s.io/v1', 'volumesnapshotclasses', 'VolumeSnapshotClass', CLUSTER_WIDE),
  VolumeSnapshot: kind('snapshot.storage.k8s.io/v1', 'volumesnapshots', 'VolumeSnapshot'),
  ReplicationSource: kind('volsync.backube/v1alpha1', 'replicationsources', 'ReplicationSource'),
  ReplicationDestination: kind('volsync.backube/v1alpha1', 'replicationdestinations', 'ReplicationDestination'),
  PostgresCluster: kind('postgresql.cnpg.io/v1', 'clusters', 'Cluster'),
  PostgresBackup: kind('postgresql.cnpg.io/v1', 'backups', 'Backup'),
  ScheduledBackup: kind('postgresql.cnpg.io/v1', 'scheduledbackups', 'ScheduledBackup'),
  ObjectStore: kind('barmancloud.cnpg.io/v1', 'objectstores', 'ObjectStore'),
  Pooler: kind('postgresql.cnpg.io/v1', 'poolers', 'Pooler'),
  PostgresDatabase: kind('postgresql.cnpg.io/v1', 'databases', 'Database'),
  Dragonfly: kind('dragonflydb.io/v1alpha1', 'dragonflies', 'Dragonfly'),
  Kafka: kind('kafka.strimzi.io/v1', 'kafkas', 'Kafka'),
  KafkaNodePool: kind('kafka.strimzi.io/v1', 'kafkanodepools', 'KafkaNodePool'),
  Keycloak: kind('k8s.keycloak.org/v2alpha1', 'keycloaks', 'Keycloak'),
  VMCluster: kind('operator.victoriametrics.com/v1beta1', 'vmclusters', 'VMCluster'),
  VMAgent: kind('operator.victoriametrics.com/v1beta1', 'vmagents', 'VMAgent'),
  VMRule: kind('operator.victoriametrics.com/v1beta1', 'vmrules', 'VMRule'),
} as const satisfies Readonly<Record<string, KindRef>>;

export const HELM_RELEASES: KindRef = KINDS.HelmRelease;
export const SECRETS: KindRef = KINDS.Secret;

const BY_TYPE: ReadonlyMap<string, KindRef> = new Map(Object.values(KINDS).map((ref) => [`${ref.apiVersion}/${ref.kind}`, ref]));

/** The reference of a kind, or undefined when the table does not have it (ask discovery then). */
export function kindOf(apiVersion: string, name: string): KindRef | undefined {
  return BY_TYPE.get(`${apiVersion}/${name}`);
}

/** URL path of a kind's list, or of one object of it. */
export function pathOf(ref: KindRef, namespace: string | undefined, name?: string): string {
  const base = ref.apiVersion.includes('/') ? `/apis/${ref.apiVersion}` : `/api/${ref.apiVersion}`;
  const scope = ref.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${base}${scope}/${ref.plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}
