import type { FaultKind } from './kind.ts';

/** Faults of the Kubernetes API, Helm, Flux and workloads. */
export const KUBE_FAULTS: readonly FaultKind[] = [
  { name: 'api-flapping', scope: 'cluster', outcome: 'rides-out', radius: 'who asks the Kubernetes API', does: 'the Kubernetes API drops connections now and then', symptom: 'connections reset, 503 and 429 between good answers', heals: 'it answers steadily' },
  { name: 'watch-dropped', scope: 'cluster', outcome: 'rides-out', radius: 'who watches', does: 'watches end early, and resource versions expire', symptom: 'watch streams end; 410 Gone on the next', heals: 'watches last' },
  { name: 'crd-not-established', scope: 'object', outcome: 'fails-safely', radius: 'one definition and every object of its kind', does: 'a CustomResourceDefinition never becomes Established', symptom: 'NamesAccepted=False on the CRD, its kind is not served', heals: 'it becomes Established' },
  { name: 'helmrelease-stalled', scope: 'object', outcome: 'unhealthy', radius: 'one release and what depends on it', does: 'a HelmRelease fails and is not retried any more', symptom: 'Ready=False, Stalled=True', heals: 'it is reconciled again' },
  { name: 'dependency-cycle', scope: 'object', outcome: 'unhealthy', radius: 'two Kustomizations and what depends on them', does: 'two Kustomizations wait for each other', symptom: 'dependency not ready, on both, for ever', heals: 'the cycle is cut' },
  { name: 'chart-pull-fails', scope: 'object', outcome: 'unhealthy', radius: 'one chart; what runs of it keeps running, and nothing of it can be changed', does: 'the registry of a chart does not answer any more', symptom: 'OCIRepository Ready=False (OCIArtifactPullFailed), its HelmRelease SourceNotReady', heals: 'the registry answers' },
  { name: 'chart-wrong-digest', scope: 'object', outcome: 'unhealthy', radius: 'one chart; what runs of it keeps running, and nothing of it can be changed', does: 'the registry serves other bytes of a chart than its manifest promises', symptom: 'OCIRepository Ready=False (OCIArtifactLayerOperationFailed), "error verifying sha256 checksum", its HelmRelease SourceNotReady', heals: 'the registry serves what it promises' },
  { name: 'helm-pending-upgrade', scope: 'object', outcome: 'unhealthy', radius: 'one Helm release, whose HelmRelease is suspended; what runs of it keeps running', does: "somebody suspended a HelmRelease and upgraded by hand; their helm was killed in the middle", symptom: 'helm list: pending-upgrade; spec.suspend is true, so Flux does not settle it', heals: 'that revision is taken back and Flux goes on' },
  { name: 'kustomize-build-error', scope: 'object', outcome: 'unhealthy', radius: 'one Kustomization, and those that depend on it; what they applied before stays', does: 'a file of a Kustomization is no YAML any more', symptom: 'Ready=False (BuildFailed), "kustomize build failed"; DependencyNotReady on those behind it', heals: 'the file is mended' },
  { name: 'substitution-variable-missing', scope: 'object', outcome: 'unhealthy', radius: 'the Kustomizations that use the variable, and those that depend on them; what they applied before stays', does: 'a variable is gone from cluster-settings', symptom: 'Ready=False (BuildFailed), "variable not set (strict mode)"', heals: 'the variable is back' },
  { name: 'source-artifact-missing', scope: 'cluster', outcome: 'unhealthy', radius: 'every Kustomization of the cluster: nothing is reconciled; what runs keeps running', does: "source-controller lost its storage, and the Git host does not answer", symptom: 'GitRepository Ready=False (GitOperationFailed) without an artifact; Kustomizations ArtifactFailed, "Source artifact not found"', heals: 'the Git host answers' },
  { name: 'webhook-refuses-all', scope: 'cluster', outcome: 'unhealthy', radius: 'every write in every namespace but kube-system, and so all of Flux; what runs keeps running', does: 'a validating webhook that must be asked about everything has nobody behind it', symptom: 'Internal error occurred: failed calling webhook ...: service "policy-guard" not found', heals: 'the webhook configuration is gone' },
  { name: 'namespace-terminating', scope: 'object', outcome: 'unhealthy', radius: 'one namespace and all that is in it', does: 'somebody deleted a namespace, and an object in it holds on by a finalizer nobody serves', symptom: 'phase Terminating; "unable to create new content in namespace ... because it is being terminated"', heals: 'what holds on lets go, and the namespace is gone: cluster:create makes it anew' },
  { name: 'finalizer-stuck', scope: 'object', outcome: 'unhealthy', radius: 'one object, and the Kustomization that applies it', does: 'somebody deleted an object, and a finalizer nobody serves keeps it', symptom: 'metadata.deletionTimestamp set, and the finalizer stays', heals: 'the finalizer goes, and Flux makes the object anew' },
  { name: 'secret-store-down', scope: 'cluster', outcome: 'unhealthy', radius: 'every ExternalSecret: none is refreshed; the Secrets that are there stay', does: '1Password Connect does not answer', symptom: 'ClusterSecretStore Ready=False (ValidationFailed), ExternalSecrets Ready=False (SecretSyncedError)', heals: 'it answers' },
  { name: 'secret-key-missing', scope: 'object', outcome: 'unhealthy', radius: 'one ExternalSecret and what waits for it; the Secret that is there stays', does: "a field is gone from the secret provider's item", symptom: 'ExternalSecret Ready=False (SecretSyncedError), "key not found in 1Password Vaults"', heals: 'the field is back' },
  { name: 'certificate-pending', scope: 'object', outcome: 'unhealthy', radius: 'one certificate, and whoever serves with it', does: "a certificate's Secret is gone, and the challenge for its new one does not get through", symptom: 'Certificate Ready=False (DoesNotExist), Issuing=True; its Challenge waits for the DNS record', heals: 'the record is seen, the certificate is issued' },
  { name: 'image-pull-back-off', scope: 'object', outcome: 'unhealthy', radius: 'the pods of one Deployment, which were just replaced', does: 'pods of a Deployment are replaced, and their image cannot be pulled', symptom: 'waiting: ImagePullBackOff; Deployment Available=False', heals: 'the image can be pulled' },
  { name: 'quota-exceeded', scope: 'object', outcome: 'unhealthy', radius: 'new pods of one namespace; what runs keeps running', does: 'a ResourceQuota allows fewer pods than the namespace needs, and one pod was evicted', symptom: 'ReplicaSet ReplicaFailure=True (FailedCreate), "exceeded quota"', heals: 'the quota is gone' },
  { name: 'pdb-blocking', scope: 'object', outcome: 'rides-out', radius: 'evictions of the pods of one Deployment, so drains and upgrades of its nodes; nothing that runs', does: 'a PodDisruptionBudget lets no pod of a Deployment go', symptom: 'disruptionsAllowed 0; an eviction is answered with 429', heals: 'the budget is gone' },
  { name: 'mesh-ca-mismatch', scope: 'cluster', outcome: 'unhealthy', radius: 'the trust between meshed clusters; nothing inside one', does: "Cilium's authority was replaced in the secret store, and one cluster has taken it", symptom: 'Secret kube-system/cilium-ca holds an authority no other cluster knows, and another one than what the mesh server serves with was signed by', heals: 'the authority that was there is back' },
  { name: 'peer-absent', scope: 'cluster', outcome: 'unhealthy', radius: 'traffic between the clusters; nothing inside one', does: "the mesh's configuration does not name the cluster's peers", symptom: 'Secret kube-system/cilium-clustermesh without an entry per peer', heals: 'the peers are named again' },
  { name: 'lease-held', scope: 'cluster', outcome: 'refused', radius: 'whoever wants to write to the cluster; looking is free', does: 'somebody else holds the lock in the cluster, and is alive', symptom: 'Lease kube-system/task-lock held by somebody else, renewed every few seconds', heals: 'they gave it back' },
];

/** The object a fault befalls when none was named, as far as that is no question of what the cluster holds. */
export const USUAL_OBJECTS: Readonly<Record<string, string>> = {
  'crd-not-established': 'certificates.cert-manager.io',
  'helmrelease-stalled': 'cert-manager/cert-manager',
  'chart-pull-fails': 'cert-manager/cert-manager',
  'chart-wrong-digest': 'external-secrets/external-secrets',
  'helm-pending-upgrade': 'cert-manager/cert-manager',
  'kustomize-build-error': 'flux-system/external-secrets-store',
  'substitution-variable-missing': 'LETSENCRYPT_EMAIL',
  'namespace-terminating': 'observability',
  'finalizer-stuck': 'ExternalSecret/cert-manager/cloudflare-api-token',
  'secret-key-missing': 'cert-manager/cloudflare-api-token',
  'certificate-pending': 'cert-manager/pending',
  'image-pull-back-off': 'cert-manager/cert-manager-webhook',
  'quota-exceeded': 'external-secrets',
  'pdb-blocking': 'kube-system/coredns',
};
