/** The faults that faults-kube.test.ts has a row for; the table there is held against this list. */
export const KUBE_ROWS: readonly string[] = [
  'chart-pull-fails', 'chart-wrong-digest', 'helm-pending-upgrade', 'kustomize-build-error', 'substitution-variable-missing', 'source-artifact-missing', 'webhook-refuses-all',
  'namespace-terminating', 'finalizer-stuck', 'secret-store-down', 'secret-key-missing', 'certificate-pending', 'image-pull-back-off', 'quota-exceeded', 'pdb-blocking',
  'mesh-ca-mismatch', 'peer-absent', 'lease-held',
];
