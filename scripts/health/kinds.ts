import type { KindRef } from '../tools/doors.ts';
import { KINDS as ALL } from '../tools/kinds.ts';
import type { Layer } from './snapshot.types.ts';

/** Every kind a look at a cluster reads. */
export const KINDS = {
  nodes: ALL.Node,
  /** Read only when a node is missing or silent: they are its kubelets' way in. */
  certificateRequests: ALL.CertificateSigningRequest,
  namespaces: ALL.Namespace,
  validatingWebhooks: ALL.ValidatingWebhookConfiguration,
  mutatingWebhooks: ALL.MutatingWebhookConfiguration,
  disruptionBudgets: ALL.PodDisruptionBudget,
  pods: ALL.Pod,
  services: ALL.Service,
  deployments: ALL.Deployment,
  daemonSets: ALL.DaemonSet,
  statefulSets: ALL.StatefulSet,
  crds: ALL.CustomResourceDefinition,
  gitRepositories: ALL.GitRepository,
  ociRepositories: ALL.OCIRepository,
  helmRepositories: ALL.HelmRepository,
  kustomizations: ALL.Kustomization,
  helmReleases: ALL.HelmRelease,
  certificates: ALL.Certificate,
  issuers: ALL.Issuer,
  clusterIssuers: ALL.ClusterIssuer,
  externalSecrets: ALL.ExternalSecret,
  secretStores: ALL.SecretStore,
  clusterSecretStores: ALL.ClusterSecretStore,
} as const satisfies Readonly<Record<string, KindRef>>;

/** Secrets are asked for one by one and only their keys are kept: a snapshot must be safe to print. */
export const SECRET: KindRef = ALL.Secret;

/** `pods`, `certificates.cert-manager.io`: the key of a kind in Snapshot.lists. For a kind from a CRD also the CRD's name. */
export function listKey(kind: KindRef): string {
  const slash = kind.apiVersion.indexOf('/');
  return slash < 0 ? kind.plural : `${kind.plural}.${kind.apiVersion.slice(0, slash)}`;
}

/** What each layer reads through the Kubernetes API. Layers share kinds; one look still reads each once. */
export const KINDS_OF: Readonly<Record<Layer, readonly KindRef[]>> = {
  machines: [], talos: [], etcd: [],
  api: [KINDS.namespaces],
  nodes: [KINDS.nodes],
  cni: [KINDS.nodes, KINDS.daemonSets, KINDS.deployments, KINDS.pods],
  crds: [KINDS.crds],
  core: [KINDS.helmReleases],
  sources: [KINDS.gitRepositories, KINDS.ociRepositories, KINDS.helmRepositories],
  kustomizations: [KINDS.kustomizations, KINDS.gitRepositories, KINDS.ociRepositories],
  helmreleases: [KINDS.helmReleases],
  workloads: [KINDS.deployments, KINDS.daemonSets, KINDS.statefulSets, KINDS.pods, KINDS.nodes, KINDS.services, KINDS.validatingWebhooks, KINDS.mutatingWebhooks, KINDS.disruptionBudgets],
  certificates: [KINDS.certificates, KINDS.issuers, KINDS.clusterIssuers],
  secrets: [KINDS.externalSecrets, KINDS.secretStores, KINDS.clusterSecretStores],
  mesh: [KINDS.deployments, KINDS.services],
};
