import type { FaultKind } from './kind.ts';

/** Faults of backups and of what comes back: for rehearsals of a cluster's loss. */
export const RECOVERY_FAULTS: readonly FaultKind[] = [
  { name: 'backup-missing', scope: 'object', outcome: 'refused', radius: "one volume's backups; what runs keeps running", does: "a volume's repository holds no snapshot, and none arrives, though the mover says that it saved one", symptom: 'ReplicationSource Successful; a restore says "No eligible snapshots found", and Successful', heals: 'snapshots arrive again from the next backup on' },
  { name: 'backup-stale', scope: 'object', outcome: 'refused', radius: "one volume's backups; what runs keeps running", does: 'the newest backup of a volume is three days old, and the next does not end', symptom: 'ReplicationSource lastSyncTime of three days ago; Synchronizing=True (SyncInProgress)', heals: 'the backup that is on its way ends' },
  { name: 'backup-unreadable', scope: 'object', outcome: 'refused', radius: "one volume's backups; what runs keeps running", does: "a volume's repository is damaged: backups go in, nothing comes out", symptom: 'ReplicationDestination: "ciphertext verification failed", Failed; the ReplicationSource is Successful', heals: 'the repository is whole again' },
  { name: 'store-down', scope: 'world', outcome: 'refused', radius: 'every backup and every restore of all clusters; what runs keeps running', does: 'the object store does not answer', symptom: 'connection refused; ContinuousArchiving=False, Backups failed, movers Failed', heals: 'it answers, and all that waited goes on' },
  { name: 'archive-not-empty', scope: 'object', outcome: 'fails-safely', radius: 'one database, which does not come up; no archive is written to', does: 'something is there already where a database begins to archive', symptom: 'Cluster stays in "Setting up primary"; its recovery pod: "WAL archive check failed for server ...: Expected empty archive"', heals: 'the place is empty, and the Job is made anew' },
  { name: 'postgres-restore-fails', scope: 'object', outcome: 'refused', radius: 'one database, which does not come up', does: "a piece of a database's log is gone from the archive, so its backup cannot be recovered", symptom: 'Cluster stays in "Setting up primary"; its recovery pod: "WAL not found"', heals: 'the piece is there again, and the Job is made anew' },
  { name: 'sentinel-lost', scope: 'object', outcome: 'fails-safely', radius: 'one data set: something of it is missing, and nobody says so', does: 'what is restored of a data set lacks what was written last, though every status says that it is well', symptom: 'restored and healthy; the sentinel is not there', heals: 'the next restore is whole' },
  { name: 'data-comes-back-fresh', scope: 'object', outcome: 'fails-safely', radius: 'one volume: its claim is bound, and empty', does: 'a claim that is to be filled from a backup is bound empty, though the restore succeeded', symptom: 'PersistentVolumeClaim Bound, ReplicationDestination Successful, and a volume begun anew', heals: 'claims are filled again' },
  { name: 'certificate-limit', scope: 'cluster', outcome: 'rides-out', radius: 'every certificate the authority has to issue anew; one that was saved comes back without asking', does: 'the certificate authority refuses: its limit for the week is used up', symptom: 'Certificate Ready=False; "429 urn:ietf:params:acme:error:rateLimited: too many certificates"', heals: 'the week is over' },
  { name: 'machine-does-not-come-back', scope: 'machine', outcome: 'fails-safely', radius: 'one machine', does: 'a machine is off after its wipe, instead of rebooting', symptom: 'no answer on its Talos port, ever', heals: 'somebody switches it on' },
  { name: 'disk-stays-dirty', scope: 'machine', outcome: 'fails-safely', radius: 'one disk', does: 'a data disk still shows a signature after a wipe', symptom: 'get discoveredvolumes shows bluestore, as if nothing had been wiped', heals: 'the disk is zapped by hand' },
  { name: 'snapshot-corrupt', scope: 'cluster', outcome: 'refused', radius: 'the etcd snapshots that are taken meanwhile', does: 'an etcd snapshot arrives with a wrong byte in it', symptom: 'talosctl is content with its size; its own digest, at its end, is another', heals: 'snapshots arrive whole' },
  { name: 'release-drifts', scope: 'object', outcome: 'fails-safely', radius: 'one release, and what runs of it', does: 'a release that is installed anew comes as another version of its chart than is in Git', symptom: 'HelmRelease Ready, with another chart version and other images than before', heals: 'Flux brings it to the version in Git' },
  { name: 'op-session-expires-midway', scope: 'operator', outcome: 'refused', radius: 'the operator; the cluster stays as it is', does: "the op command's session ends after some answers (OBJECT: how many; 10)", symptom: '[ERROR] You are not currently signed in, after answers that came', heals: 'signed in again' },
];

/** The object such a fault befalls when none was named. */
export const RECOVERY_OBJECTS: Readonly<Record<string, string>> = {
  'backup-missing': 'lab-data/ledger',
  'backup-stale': 'lab-data/ledger',
  'backup-unreadable': 'lab-data/ledger',
  'archive-not-empty': 'lab-data/orders',
  'postgres-restore-fails': 'lab-data/orders',
  'sentinel-lost': 'lab-data/ledger',
  'data-comes-back-fresh': 'lab-data/ledger',
  'release-drifts': 'openebs-system/openebs',
};

/** Faults of data sets: without any, nothing of them would be seen. */
export const NEED_DATA: ReadonlySet<string> = new Set(['backup-missing', 'backup-stale', 'backup-unreadable', 'store-down', 'archive-not-empty', 'postgres-restore-fails', 'sentinel-lost', 'data-comes-back-fresh']);
