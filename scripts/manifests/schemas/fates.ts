import { groupOf, versionOf } from '../build/data.ts';
import { keyOf, type Gvk } from './kinds.ts';

/** What became of an API version: deprecated since, gone since, and what to use instead. */
export interface Fate {
  /** Whose version counts: Kubernetes, Flux, or a chart by its name. */
  readonly by: string;
  readonly deprecated?: string;
  readonly removed?: string;
  /** apiVersion to use; undefined when there is nothing like it any more. */
  readonly use: string | undefined;
  /** When more changes than the version. */
  readonly note?: string;
}

interface Fact extends Fate { readonly api: string; readonly kinds: string }

/** https://kubernetes.io/docs/reference/using-api/deprecation-guide/ */
const KUBERNETES: readonly Fact[] = [
  gone('1.32', 'flowcontrol.apiserver.k8s.io/v1beta3', 'FlowSchema PriorityLevelConfiguration', 'flowcontrol.apiserver.k8s.io/v1'),
  gone('1.29', 'flowcontrol.apiserver.k8s.io/v1beta2', 'FlowSchema PriorityLevelConfiguration', 'flowcontrol.apiserver.k8s.io/v1'),
  gone('1.27', 'storage.k8s.io/v1beta1', 'CSIStorageCapacity', 'storage.k8s.io/v1'),
  gone('1.26', 'flowcontrol.apiserver.k8s.io/v1beta1', 'FlowSchema PriorityLevelConfiguration', 'flowcontrol.apiserver.k8s.io/v1'),
  gone('1.26', 'autoscaling/v2beta2', 'HorizontalPodAutoscaler', 'autoscaling/v2'),
  gone('1.25', 'batch/v1beta1', 'CronJob', 'batch/v1'),
  gone('1.25', 'discovery.k8s.io/v1beta1', 'EndpointSlice', 'discovery.k8s.io/v1', 'topology of an endpoint became nodeName and zone'),
  gone('1.25', 'events.k8s.io/v1beta1', 'Event', 'events.k8s.io/v1'),
  gone('1.25', 'autoscaling/v2beta1', 'HorizontalPodAutoscaler', 'autoscaling/v2', 'targets of metrics are written as target.type and target.averageUtilization'),
  gone('1.25', 'policy/v1beta1', 'PodDisruptionBudget', 'policy/v1', 'an empty selector means every pod of the namespace now'),
  gone('1.25', 'policy/v1beta1', 'PodSecurityPolicy', undefined, 'Pod Security Admission took its place: labels on the namespace'),
  gone('1.25', 'node.k8s.io/v1beta1', 'RuntimeClass', 'node.k8s.io/v1'),
  gone('1.22', 'admissionregistration.k8s.io/v1beta1', 'MutatingWebhookConfiguration ValidatingWebhookConfiguration', 'admissionregistration.k8s.io/v1', 'sideEffects and admissionReviewVersions must be given'),
  gone('1.22', 'apiextensions.k8s.io/v1beta1', 'CustomResourceDefinition', 'apiextensions.k8s.io/v1', 'every version needs a schema of its own'),
  gone('1.22', 'apiregistration.k8s.io/v1beta1', 'APIService', 'apiregistration.k8s.io/v1'),
  gone('1.22', 'authentication.k8s.io/v1beta1', 'TokenReview', 'authentication.k8s.io/v1'),
  gone('1.22', 'authorization.k8s.io/v1beta1', 'LocalSubjectAccessReview SelfSubjectAccessReview SubjectAccessReview', 'authorization.k8s.io/v1'),
  gone('1.22', 'certificates.k8s.io/v1beta1', 'CertificateSigningRequest', 'certificates.k8s.io/v1', 'signerName and usages must be given'),
  gone('1.22', 'coordination.k8s.io/v1beta1', 'Lease', 'coordination.k8s.io/v1'),
  gone('1.22', 'extensions/v1beta1', 'Ingress', 'networking.k8s.io/v1', 'a path has a pathType, and its backend is service.name and service.port'),
  gone('1.22', 'networking.k8s.io/v1beta1', 'Ingress IngressClass', 'networking.k8s.io/v1', 'a path has a pathType, and its backend is service.name and service.port'),
  gone('1.22', 'rbac.authorization.k8s.io/v1beta1', 'ClusterRole ClusterRoleBinding Role RoleBinding', 'rbac.authorization.k8s.io/v1'),
  gone('1.22', 'scheduling.k8s.io/v1beta1', 'PriorityClass', 'scheduling.k8s.io/v1'),
  gone('1.22', 'storage.k8s.io/v1beta1', 'CSIDriver CSINode StorageClass VolumeAttachment', 'storage.k8s.io/v1'),
  gone('1.16', 'extensions/v1beta1', 'DaemonSet Deployment ReplicaSet', 'apps/v1', 'selector must be given'),
  gone('1.16', 'extensions/v1beta1', 'NetworkPolicy', 'networking.k8s.io/v1'),
  gone('1.16', 'extensions/v1beta1', 'PodSecurityPolicy', undefined, 'Pod Security Admission took its place: labels on the namespace'),
  gone('1.16', 'apps/v1beta1', 'Deployment StatefulSet', 'apps/v1', 'selector must be given'),
  gone('1.16', 'apps/v1beta2', 'DaemonSet Deployment ReplicaSet StatefulSet', 'apps/v1', 'selector must be given'),
  // https://kubernetes.io/blog/2025/04/24/endpoints-deprecation/: served on, but said to be deprecated since 1.33.
  { by: 'Kubernetes', deprecated: '1.33', api: 'v1', kinds: 'Endpoints', use: 'discovery.k8s.io/v1', note: 'an EndpointSlice with the label kubernetes.io/service-name takes its place' },
];

/** Changelogs of the controllers: source 1.8.0, kustomize 1.7.0 and 1.8.0, helm 1.4.0 and 1.5.0, notification 1.7.0 and 1.9.0, image-reflector 1.2.0; https://fluxcd.io/blog/2025/09/flux-v2.7.0/#upgrade-procedure; https://github.com/fluxcd/flux2/discussions/5572 */
const FLUX: readonly Fact[] = [
  ...flux('2.7', 'source.toolkit.fluxcd.io/v1beta1', 'Bucket GitRepository HelmChart HelmRepository', 'v1'),
  ...flux('2.8', 'source.toolkit.fluxcd.io/v1beta2', 'Bucket GitRepository HelmChart HelmRepository OCIRepository', 'v1'),
  ...flux('2.7', 'kustomize.toolkit.fluxcd.io/v1beta1', 'Kustomization', 'v1'),
  ...flux('2.8', 'kustomize.toolkit.fluxcd.io/v1beta2', 'Kustomization', 'v1'),
  ...flux('2.7', 'helm.toolkit.fluxcd.io/v2beta1', 'HelmRelease', 'v2'),
  ...flux('2.8', 'helm.toolkit.fluxcd.io/v2beta2', 'HelmRelease', 'v2'),
  ...flux('2.7', 'notification.toolkit.fluxcd.io/v1beta1', 'Alert Provider', 'v1beta3'),
  ...flux('2.9', 'notification.toolkit.fluxcd.io/v1beta2', 'Alert Provider', 'v1beta3'),
  ...flux('2.7', 'notification.toolkit.fluxcd.io/v1beta1', 'Receiver', 'v1'),
  ...flux('2.9', 'notification.toolkit.fluxcd.io/v1beta2', 'Receiver', 'v1'),
  ...flux('2.7', 'image.toolkit.fluxcd.io/v1beta1', 'ImagePolicy ImageRepository ImageUpdateAutomation', 'v1'),
  ...flux('2.9', 'image.toolkit.fluxcd.io/v1beta2', 'ImagePolicy ImageRepository ImageUpdateAutomation', 'v1'),
];

const OTHERS: readonly Fact[] = [
  // https://cert-manager.io/docs/releases/upgrading/remove-deprecated-apis/
  ...['v1alpha2', 'v1alpha3', 'v1beta1'].flatMap((version): Fact[] => [
    { by: 'cert-manager', deprecated: '1.4', removed: '1.6', api: `cert-manager.io/${version}`, kinds: 'Certificate CertificateRequest ClusterIssuer Issuer', use: 'cert-manager.io/v1' },
    { by: 'cert-manager', deprecated: '1.4', removed: '1.6', api: `acme.cert-manager.io/${version}`, kinds: 'Challenge Order', use: 'acme.cert-manager.io/v1' },
  ]),
  // https://github.com/external-secrets/external-secrets/releases/tag/v0.17.0, and issue 4633 for v1alpha1.
  { by: 'external-secrets', deprecated: '0.16', removed: '0.17', api: 'external-secrets.io/v1beta1', kinds: 'ExternalSecret ClusterExternalSecret SecretStore ClusterSecretStore', use: 'external-secrets.io/v1' },
  { by: 'external-secrets', deprecated: '0.5', removed: '0.16', api: 'external-secrets.io/v1alpha1', kinds: 'ExternalSecret SecretStore ClusterSecretStore', use: 'external-secrets.io/v1', note: 'dataFrom entries became extract and find' },
  // Gateway API pull requests 2069 (0.8.0) and 3361 (1.2.0); ReferencePolicy went with 0.6.0, pull request 1559.
  { by: 'gateway-api', deprecated: '0.6', removed: '0.8', api: 'gateway.networking.k8s.io/v1alpha2', kinds: 'Gateway GatewayClass HTTPRoute', use: 'gateway.networking.k8s.io/v1' },
  { by: 'gateway-api', deprecated: '1.1', removed: '1.2', api: 'gateway.networking.k8s.io/v1alpha2', kinds: 'GRPCRoute', use: 'gateway.networking.k8s.io/v1' },
  { by: 'gateway-api', deprecated: '0.8', removed: '1.2', api: 'gateway.networking.k8s.io/v1alpha2', kinds: 'ReferenceGrant', use: 'gateway.networking.k8s.io/v1beta1' },
  { by: 'gateway-api', deprecated: '0.5', removed: '0.6', api: 'gateway.networking.k8s.io/v1alpha2', kinds: 'ReferencePolicy', use: 'gateway.networking.k8s.io/v1beta1', note: 'its kind is ReferenceGrant now' },
  // https://docs.cilium.io/en/v1.18/operations/upgrade/#upgrade-notes, and the definitions of 1.18 themselves (CiliumNodeConfig).
  { by: 'cilium', deprecated: '1.18', api: 'cilium.io/v2alpha1', kinds: 'CiliumBGPClusterConfig CiliumBGPPeerConfig CiliumBGPAdvertisement CiliumBGPNodeConfig CiliumBGPNodeConfigOverride CiliumCIDRGroup CiliumNodeConfig', use: 'cilium.io/v2' },
  { by: 'cilium', deprecated: '1.18', api: 'cilium.io/v2alpha1', kinds: 'CiliumBGPPeeringPolicy', use: 'cilium.io/v2', note: 'it became CiliumBGPClusterConfig, CiliumBGPPeerConfig and CiliumBGPAdvertisement' },
  // https://github.com/strimzi/strimzi-kafka-operator/releases/tag/0.49.0 and 1.0.0
  { by: 'strimzi-kafka-operator', deprecated: '0.49', removed: '1.0', api: 'kafka.strimzi.io/v1beta2', kinds: 'Kafka KafkaBridge KafkaConnect KafkaConnector KafkaMirrorMaker2 KafkaNodePool KafkaRebalance KafkaTopic KafkaUser', use: 'kafka.strimzi.io/v1', note: 'the conversion tool of Strimzi changes what else must change' },
  // CHANGELOG-6.1 of the external-snapshotter.
  { by: 'snapshot-controller', deprecated: '4.1', removed: '6.1', api: 'snapshot.storage.k8s.io/v1beta1', kinds: 'VolumeSnapshot VolumeSnapshotClass VolumeSnapshotContent', use: 'snapshot.storage.k8s.io/v1' },
  // https://doc.traefik.io/traefik/migrate/v2-to-v3-details/
  { by: 'traefik', deprecated: '2.10', removed: '3.0', api: 'traefik.containo.us/v1alpha1', kinds: 'IngressRoute IngressRouteTCP IngressRouteUDP Middleware MiddlewareTCP ServersTransport TLSOption TLSStore TraefikService', use: 'traefik.io/v1alpha1' },
];

function gone(removed: string, api: string, kinds: string, use: string | undefined, note?: string): Fact {
  return { by: 'Kubernetes', removed, api, kinds, use, ...(note === undefined ? {} : { note }) };
}
function flux(removed: string, api: string, kinds: string, use: string): readonly Fact[] {
  return [{ by: 'Flux', removed, api, kinds, use: `${groupOf(api)}/${use}` }];
}

const FATES: ReadonlyMap<string, Fate> = new Map([...KUBERNETES, ...FLUX, ...OTHERS].flatMap(({ api, kinds, ...fate }) => (
  kinds.split(' ').map((kind): [string, Fate] => [keyOf({ group: groupOf(api), version: versionOf(api), kind }), fate])
)));

/** What became of a kind in this version; undefined for one nothing is known of. */
export function fateOf(gvk: Gvk): Fate | undefined {
  return FATES.get(keyOf(gvk));
}
