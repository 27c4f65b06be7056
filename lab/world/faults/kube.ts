import type { FaultKind } from './kind.ts';

/** Faults of the Kubernetes API, Helm, Flux and workloads. */
export const KUBE_FAULTS: readonly FaultKind[] = [
  { name: 'api-flapping', scope: 'cluster', outcome: 'rides-out', radius: 'who asks the Kubernetes API', does: 'the Kubernetes API drops connections now and then', symptom: 'connections reset, 503 and 429 between good answers', heals: 'it answers steadily' },
  { name: 'watch-dropped', scope: 'cluster', outcome: 'rides-out', radius: 'who watches', does: 'watches end early, and resource versions expire', symptom: 'watch streams end; 410 Gone on the next', heals: 'watches last' },
  { name: 'crd-not-established', scope: 'object', outcome: 'fails-safely', radius: 'one definition and every object of its kind', does: 'a CustomResourceDefinition never becomes Established', symptom: 'NamesAccepted=False on the CRD, its kind is not served', heals: 'it becomes Established' },
  { name: 'helmrelease-stalled', scope: 'object', outcome: 'unhealthy', radius: 'one release and what depends on it', does: 'a HelmRelease fails and is not retried any more', symptom: 'Ready=False, Stalled=True', heals: 'it is reconciled again' },
  { name: 'dependency-cycle', scope: 'object', outcome: 'unhealthy', radius: 'two Kustomizations and what depends on them', does: 'two Kustomizations wait for each other', symptom: 'dependency not ready, on both, for ever', heals: 'the cycle is cut' },
];
