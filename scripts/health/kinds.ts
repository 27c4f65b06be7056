import type { KindRef } from '../tools/doors.ts';
import type { Layer } from './snapshot.types.ts';

const core = (kind: string, plural: string, namespaced = true): KindRef => ({ apiVersion: 'v1', kind, plural, namespaced });
const of = (apiVersion: string, kind: string, plural: string, namespaced = true): KindRef => ({ apiVersion, kind, plural, namespaced });

/** Every kind a look at a cluster reads. Versions are those the pinned releases serve. */
export const KINDS = {
  nodes: core('Node', 'nodes', false),
  pods: core('Pod', 'pods'),
  services: core('Service', 'services'),
  deployments: of('apps/v1', 'Deployment', 'deployments'),
  daemonSets: of('apps/v1', 'DaemonSet', 'daemonsets'),
  statefulSets: of('apps/v1', 'StatefulSet', 'statefulsets'),
  replicaSets: of('apps/v1', 'ReplicaSet', 'replicasets'),
  crds: of('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'customresourcedefinitions', false),
  gitRepositories: of('source.toolkit.fluxcd.io/v1', 'GitRepository', 'gitrepositories'),
  ociRepositories: of('source.toolkit.fluxcd.io/v1', 'OCIRepository', 'ocirepositories'),
  helmRepositories: of('source.toolkit.fluxcd.io/v1', 'HelmRepository', 'helmrepositories'),
  kustomizations: of('kustomize.toolkit.fluxcd.io/v1', 'Kustomization', 'kustomizations'),
  helmReleases: of('helm.toolkit.fluxcd.io/v2', 'HelmRelease', 'helmreleases'),
  certificates: of('cert-manager.io/v1', 'Certificate', 'certificates'),
  issuers: of('cert-manager.io/v1', 'Issuer', 'issuers'),
  clusterIssuers: of('cert-manager.io/v1', 'ClusterIssuer', 'clusterissuers', false),
  externalSecrets: of('external-secrets.io/v1', 'ExternalSecret', 'externalsecrets'),
  secretStores: of('external-secrets.io/v1', 'SecretStore', 'secretstores'),
  clusterSecretStores: of('external-secrets.io/v1', 'ClusterSecretStore', 'clustersecretstores', false),
} as const satisfies Readonly<Record<string, KindRef>>;

/** Secrets are asked for one by one and only their keys are kept: a snapshot must be safe to print. */
export const SECRET: KindRef = core('Secret', 'secrets');

/** `pods`, `certificates.cert-manager.io`: the key of a kind in Snapshot.lists. For a kind from a CRD also the CRD's name. */
export function listKey(kind: KindRef): string {
  const slash = kind.apiVersion.indexOf('/');
  return slash < 0 ? kind.plural : `${kind.plural}.${kind.apiVersion.slice(0, slash)}`;
}

/** What each layer reads through the Kubernetes API. Layers share kinds; one look still reads each once. */
export const KINDS_OF: Readonly<Record<Layer, readonly KindRef[]>> = {
  machines: [], talos: [], etcd: [], api: [],
  nodes: [KINDS.nodes],
  cni: [KINDS.nodes, KINDS.daemonSets, KINDS.deployments, KINDS.pods],
  crds: [KINDS.crds],
  core: [KINDS.helmReleases],
  sources: [KINDS.gitRepositories, KINDS.ociRepositories, KINDS.helmRepositories],
  kustomizations: [KINDS.kustomizations, KINDS.gitRepositories, KINDS.ociRepositories],
  helmreleases: [KINDS.helmReleases],
  workloads: [KINDS.deployments, KINDS.daemonSets, KINDS.statefulSets, KINDS.pods, KINDS.nodes],
  certificates: [KINDS.certificates, KINDS.issuers, KINDS.clusterIssuers],
  secrets: [KINDS.externalSecrets, KINDS.secretStores, KINDS.clusterSecretStores],
  mesh: [KINDS.deployments, KINDS.services],
};
