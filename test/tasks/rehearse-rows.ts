/** How a rehearsal with a fault in it has to end. */
export type Ending =
  /** 75 before anything was wiped; what was frozen is awake again. */
  | 'refused'
  /** 75 after the wipe, over nothing: the same command goes on to green once the fault is healed. */
  | 'goes on'
  /** 1: rebuilt, and something of it is not as it had to be. */
  | 'red'
  /** 0: it gets through without help. */
  | 'green';

/** One fault of the table in rehearse-faults.test.ts. */
export interface Row {
  readonly fault: string;
  /** In the order in which a rehearsal comes to it: a step of it, or `wipe of MACHINE`, at whose beginning the fault is caused; before its start when there is none. */
  readonly at?: string;
  readonly about?: string;
  readonly machine?: string;
  readonly object?: string;
  readonly ends: Ending;
  /** Where it is another than its ending's. */
  readonly exit?: number;
  /** What its last words must name: the cause, by the id of its line where readiness refuses. */
  readonly says: readonly RegExp[];
  /** What its next step must be. */
  readonly next: RegExp;
  /** What became of data sets that did not come back as they had to. */
  readonly became?: Readonly<Record<string, string>>;
  /** Where healing is not enough: what the same command says then, and leaves to a person. */
  readonly byHand?: RegExp;
}

const READINESS = /task dr:readiness CLUSTER=apps .*ACCEPT=/;
const REHEARSE_AGAIN = /RUN=new/;

/** Rehearsals of apps, on one world, in this order: what is refused leaves it as it was, everything else ends with a cluster that is well. */
export const ROWS: readonly Row[] = [
  // Readiness, before anything is touched.
  { fault: 'backup-missing', ends: 'refused', says: [/(backup|restore):apps\/ledger/, /holds no snapshot|No eligible snapshots/], next: READINESS },
  { fault: 'backup-stale', ends: 'refused', says: [/backup:apps\/ledger/, /3d/], next: READINESS },
  { fault: 'backup-unreadable', ends: 'refused', says: [/restore:apps\/ledger/, /ciphertext verification failed/], next: READINESS },
  { fault: 'postgres-restore-fails', ends: 'refused', says: [/restore:apps\/orders/, /WAL not found/], next: READINESS },
  { fault: 'store-down', ends: 'refused', says: [/stores:apps\/minio/, /refused|connect/i], next: READINESS },
  { fault: 'snapshot-corrupt', ends: 'refused', says: [/etcd:apps\/snapshot/, /digest/], next: READINESS },
  { fault: 'secret-store-down', ends: 'refused', says: [/ClusterSecretStore onepassword: .*connection refused/], next: /cluster:health/ },
  { fault: 'mesh-ca-mismatch', ends: 'refused', says: [/Secret kube-system\/cilium-ca holds other values/], next: /kubectl/ },
  { fault: 'peer-absent', ends: 'refused', says: [/does not name infra/], next: /cluster:health/ },
  { fault: 'helmrelease-stalled', ends: 'refused', says: [/HelmRelease/], next: /./ },
  { fault: 'op-session-expired', ends: 'refused', says: [/not currently signed in/], next: /op signin/ },
  { fault: 'op-session-expires-midway', object: '5', ends: 'refused', says: [/not currently signed in/], next: /op signin/ },
  { fault: 'tool-missing', ends: 'refused', says: [/helmfile is not on PATH/], next: /helmfile/ },
  { fault: 'lease-held', ends: 'refused', says: [/apps is locked by .*: somebody@elsewhere pid 4711 .* has held/], next: /[Ww]ait for/ },
  { fault: 'clusters-swapped', ends: 'refused', says: [/infra|not proven|CA/], next: /./ },
  { fault: 'wrong-machine-ca', machine: 'apps-02', ends: 'refused', says: [/apps-02/, /CA/], next: /./ },
  { fault: 'node-lost', machine: 'apps-03', ends: 'refused', says: [/apps-03/], next: /./ },
  { fault: 'etcd-no-quorum', ends: 'refused', says: [/etcd|quorum/], next: /./ },
  // Between readiness and the wipe.
  { fault: 'store-down', at: 'sentinels', ends: 'refused', says: [/was not backed up|backup/, /refused|connect/i], next: /./ },
  { fault: 'snapshot-corrupt', at: 'sentinels', ends: 'refused', says: [/no etcd snapshot of apps/, /digest|differs/], next: /cluster:health .*same command again/ },
  { fault: 'node-lost', machine: 'apps-03', at: 'freeze', about: 'a machine dies while the name is typed', ends: 'refused', says: [/apps-03 .*does not answer/], next: /power it on/ },
  // The wipe.
  { fault: 'node-lost', machine: 'apps-01', at: 'wipe of apps-03', about: 'while another is wiped', ends: 'goes on', exit: 76, says: [/wipe of apps-01 was begun and may or may not have happened/, /apps-01: connection refused/], next: /Look at apps-01 .*next run asks the world first/ },
  { fault: 'machine-does-not-come-back', machine: 'apps-02', at: 'wipe', ends: 'goes on', exit: 76, says: [/wipe of apps-02 was begun and may or may not have happened/, /apps-02: connection refused/], next: /Look at apps-02 .*next run asks the world first/ },
  { fault: 'disk-stays-dirty', machine: 'apps-03', at: 'wipe', ends: 'goes on', says: [/not clean/, /apps-03: ceph disk/], next: /same command/ },
  // The rebuild.
  { fault: 'op-session-expired', at: 'wipe', about: 'secrets are read once', ends: 'green', says: [], next: /$/ },
  { fault: 'stuck-in-maintenance', machine: 'apps-02', at: 'rebuild', ends: 'goes on', says: [/apps-02/, /maintenance/], next: /./ },
  { fault: 'bootstrap-exists-ours', at: 'talos-apply', ends: 'green', says: [], next: /$/ },
  { fault: 'secret-store-down', at: 'core', ends: 'goes on', says: [/ClusterSecretStore|Connect|ExternalSecret/], next: /cluster:health/ },
  { fault: 'store-down', at: 'core', ends: 'goes on', says: [/ledger|orders/, /refused|connect/i], next: /cluster:health/ },
  { fault: 'archive-not-empty', at: 'core', ends: 'goes on', says: [/orders/, /Expected empty archive/], next: /./ },
  { fault: 'postgres-restore-fails', at: 'core', ends: 'goes on', says: [/orders/, /WAL not found/], next: /./ },
  { fault: 'backup-unreadable', at: 'core', ends: 'goes on', says: [/ledger/, /ciphertext verification failed/], next: /./ },
  { fault: 'peer-absent', at: 'layers', ends: 'goes on', says: [/does not name infra/], next: /cluster:health/ },
  { fault: 'mesh-ca-mismatch', at: 'core', ends: 'goes on', says: [/Secret kube-system\/cilium-ca/], next: /kubectl|cluster:health/, byHand: /certificate .*was signed by another authority/ },
  { fault: 'certificate-limit', at: 'wipe', ends: 'green', says: [], next: /$/ },
  // What came back.
  { fault: 'backup-missing', at: 'freeze', about: 'gone after it was proven', ends: 'red', says: [/data set apps\/ledger/, /no snapshot/], next: REHEARSE_AGAIN, became: { ledger: 'lost' } },
  { fault: 'data-comes-back-fresh', at: 'core', ends: 'red', says: [/sentinel in apps\/ledger: .*empty or older/, /data set apps\/ledger: .*the mark written before the destroy is not in it/], next: REHEARSE_AGAIN, became: { ledger: 'lost' } },
  { fault: 'sentinel-lost', at: 'core', ends: 'red', says: [/sentinel in apps\/ledger/], next: REHEARSE_AGAIN, became: { ledger: 'lost' } },
  { fault: 'sentinel-lost', at: 'core', object: 'lab-data/orders', about: 'of a database', ends: 'red', says: [/sentinel in apps\/orders/], next: REHEARSE_AGAIN, became: { orders: 'lost' } },
  { fault: 'release-drifts', at: 'core', ends: 'red', says: [/fingerprint of apps/, /openebs/], next: REHEARSE_AGAIN },
];
