/** The first ten, which faults.test.ts has a row for. */
export const FIRST_ROWS: readonly string[] = [
  'stuck-in-maintenance', 'bootstrap-exists-ours', 'bootstrap-exists-foreign', 'etcd-no-quorum', 'api-flapping', 'watch-dropped', 'crd-not-established',
  'helmrelease-stalled', 'dependency-cycle', 'op-session-expired',
];
