/**
 * Kinds that have no namespace, as `group/Kind`, the core group without a slash. Kubernetes' own are complete (`kubectl api-resources
 * --namespaced=false` at 1.34); of others those that are met often. A definition in the tree or a chart says it for its own kind.
 */
const CLUSTER_SCOPED: ReadonlySet<string> = new Set([
  'Namespace', 'Node', 'PersistentVolume', 'ComponentStatus',
  ...of('admissionregistration.k8s.io', 'MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration', 'ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding', 'MutatingAdmissionPolicy', 'MutatingAdmissionPolicyBinding'),
  ...of('apiextensions.k8s.io', 'CustomResourceDefinition'),
  ...of('apiregistration.k8s.io', 'APIService'),
  ...of('authentication.k8s.io', 'TokenReview', 'SelfSubjectReview'),
  ...of('authorization.k8s.io', 'SelfSubjectAccessReview', 'SelfSubjectRulesReview', 'SubjectAccessReview'),
  ...of('certificates.k8s.io', 'CertificateSigningRequest', 'ClusterTrustBundle'),
  ...of('flowcontrol.apiserver.k8s.io', 'FlowSchema', 'PriorityLevelConfiguration'),
  ...of('internal.apiserver.k8s.io', 'StorageVersion'),
  ...of('networking.k8s.io', 'IngressClass', 'IPAddress', 'ServiceCIDR'),
  ...of('node.k8s.io', 'RuntimeClass'),
  ...of('rbac.authorization.k8s.io', 'ClusterRole', 'ClusterRoleBinding'),
  ...of('resource.k8s.io', 'DeviceClass', 'ResourceSlice', 'DeviceTaintRule'),
  ...of('scheduling.k8s.io', 'PriorityClass'),
  ...of('storage.k8s.io', 'StorageClass', 'CSIDriver', 'CSINode', 'VolumeAttachment', 'VolumeAttributesClass'),
  ...of('storagemigration.k8s.io', 'StorageVersionMigration'),
  ...of('cert-manager.io', 'ClusterIssuer'),
  ...of('cilium.io', 'CiliumClusterwideNetworkPolicy', 'CiliumClusterwideEnvoyConfig', 'CiliumLoadBalancerIPPool', 'CiliumBGPClusterConfig', 'CiliumBGPPeerConfig', 'CiliumBGPAdvertisement',
    'CiliumBGPNodeConfig', 'CiliumBGPNodeConfigOverride', 'CiliumBGPPeeringPolicy', 'CiliumL2AnnouncementPolicy', 'CiliumNode', 'CiliumIdentity', 'CiliumEgressGatewayPolicy',
    'CiliumExternalWorkload', 'CiliumCIDRGroup', 'CiliumPodIPPool'),
  ...of('crd.projectcalico.org', 'GlobalNetworkPolicy', 'IPPool', 'BGPConfiguration', 'BGPPeer', 'FelixConfiguration'),
  ...of('external-secrets.io', 'ClusterSecretStore', 'ClusterExternalSecret', 'ClusterPushSecret'),
  ...of('gateway.networking.k8s.io', 'GatewayClass'),
  ...of('generators.external-secrets.io', 'ClusterGenerator'),
  ...of('groupsnapshot.storage.k8s.io', 'VolumeGroupSnapshotClass', 'VolumeGroupSnapshotContent'),
  ...of('keda.sh', 'ClusterTriggerAuthentication'),
  ...of('kyverno.io', 'ClusterPolicy', 'ClusterCleanupPolicy', 'GlobalContextEntry'),
  ...of('policy.networking.k8s.io', 'AdminNetworkPolicy', 'BaselineAdminNetworkPolicy'),
  ...of('postgresql.cnpg.io', 'ClusterImageCatalog'),
  ...of('snapshot.storage.k8s.io', 'VolumeSnapshotClass', 'VolumeSnapshotContent'),
  ...of('trust.cert-manager.io', 'Bundle', 'ClusterBundle'),
  ...of('tuppr.home-operations.com', 'TalosUpgrade', 'KubernetesUpgrade'),
]);

function of(group: string, ...kinds: readonly string[]): readonly string[] {
  return kinds.map((kind) => `${group}/${kind}`);
}

/** Groups that Kubernetes itself serves. */
const BUILT_IN: ReadonlySet<string> = new Set([
  '', 'admissionregistration.k8s.io', 'apiextensions.k8s.io', 'apiregistration.k8s.io', 'apps', 'authentication.k8s.io', 'authorization.k8s.io', 'autoscaling', 'batch',
  'certificates.k8s.io', 'coordination.k8s.io', 'discovery.k8s.io', 'events.k8s.io', 'flowcontrol.apiserver.k8s.io', 'internal.apiserver.k8s.io', 'networking.k8s.io', 'node.k8s.io',
  'policy', 'rbac.authorization.k8s.io', 'resource.k8s.io', 'scheduling.k8s.io', 'storage.k8s.io', 'storagemigration.k8s.io',
]);

/** Whether Kubernetes serves this group itself, without a definition of anybody. */
export function isBuiltIn(group: string): boolean {
  return BUILT_IN.has(group);
}

/** Whether a kind (`group/Kind`) has no namespace, going by the table; undefined for a kind it does not know. */
export function isClusterScoped(kind: string): boolean | undefined {
  if (CLUSTER_SCOPED.has(kind)) return true;
  const slash = kind.indexOf('/');
  return isBuiltIn(slash < 0 ? '' : kind.slice(0, slash)) ? false : undefined;
}

/** Namespaces Kubernetes makes itself. */
export const SYSTEM_NAMESPACES: readonly string[] = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** Classes Kubernetes makes itself. */
export const SYSTEM_PRIORITIES: readonly string[] = ['system-cluster-critical', 'system-node-critical'];
