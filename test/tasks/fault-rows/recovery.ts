/** The faults of backups and of what comes back, which the table of rehearsals (rehearse-rows.ts) has rows for. */
export const RECOVERY_ROWS: readonly string[] = [
  'backup-missing', 'backup-stale', 'backup-unreadable', 'store-down', 'archive-not-empty', 'postgres-restore-fails', 'sentinel-lost', 'data-comes-back-fresh',
  'certificate-limit', 'machine-does-not-come-back', 'disk-stays-dirty', 'snapshot-corrupt', 'release-drifts', 'op-session-expires-midway',
];
