/** How long things take in the lab, in simulated milliseconds. */

/** From the moment a pod's network is there until it is Ready; the first image part that matches. */
const POD_READY: readonly (readonly [string, number])[] = [
  ['cilium/cilium-envoy', 9_000], ['cilium/operator', 10_000], ['cilium/hubble', 6_000], ['cilium/clustermesh-apiserver', 8_000], ['cilium/cilium:', 26_000],
  ['coredns', 8_000], ['cert-manager-webhook', 17_000], ['cert-manager-cainjector', 12_000], ['cert-manager-startupapicheck', 3_000], ['cert-manager', 10_000],
  ['external-secrets', 12_000], ['flux-operator', 8_000], ['fluxcd/', 7_000], ['cloudnative-pg', 10_000], ['ceph/ceph:', 11_000], ['cephcsi', 7_000], ['openebs/', 6_000],
  ['keycloak/keycloak-operator', 8_000], ['keycloak/keycloak:', 25_000],
];
const POD_READY_OTHERWISE = 4_000;

/** Simulated ms a pod with this image needs to become Ready. */
export function podReadyMs(image: string): number {
  return POD_READY.find(([part]) => image.includes(part))?.[1] ?? POD_READY_OTHERWISE;
}
export const TIMES = {
  /** A kubelet that has just started registers its Node. */
  nodeRegisters: 5_000,
  /** A Node without heartbeat becomes Unknown. */
  nodeGrace: 40_000,
  /** Then pods are evicted, as by the default tolerations. */
  eviction: 300_000,
  containerRestart: 5_000,
  jobRuns: 3_000,
  /** Fetching a source, building and applying a Kustomization, a Helm action, and asking a dependency again. */
  sourceFetch: 2_000,
  kustomizationBuild: 1_500,
  helmAction: 2_500,
  dependencyRetry: 5_000,
  healthPoll: 1_000,
  fluxOperatorApply: 4_000,
  operatorStatus: 2_000,
  certificate: 6_000,
  secretStore: 3_000,
  externalSecret: 2_000,
  gateway: 3_000,
  pushSecret: 2_000,
  cephCluster: 8_000,
  cephPool: 4_000,
  /** A copy of a volume to its store, or back; how soon a mover looks again for what it lacks; and how long its Job tries before it is given up. */
  mover: 8_000,
  moverRetry: 5_000,
  moverGivesUp: 60_000,
  /** A base backup; how soon an operator looks again for a database that is not ready; how often a log segment is closed. */
  baseBackup: 10_000,
  databaseRetry: 5_000,
  walSegment: 300_000,
  walRetry: 60_000,
} as const;
