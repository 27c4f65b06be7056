import type { Path } from '../../../config/source.ts';
import { meant } from '../../../config/words.ts';
import type { Found, Rule, View } from '../../model.types.ts';
import { indexOf } from '../../index/index.ts';
import { at, entries, isHole, text } from '../../index/read.ts';

/** Objects of operators that name another by a field, and the kind of that. Sources: the definitions of each kind. */
interface Naming { readonly from: readonly string[]; readonly at: readonly string[]; readonly to: string; readonly wide?: true }

const CNPG = 'postgresql.cnpg.io';
const KAFKA = 'kafka.strimzi.io';
const NAMINGS: readonly Naming[] = [
  { from: ['ScheduledBackup', 'Backup', 'Pooler', 'Database', 'Publication', 'Subscription'].map((kind) => `${CNPG}/${kind}`), at: ['spec', 'cluster', 'name'], to: `${CNPG}/Cluster` },
  { from: ['KafkaTopic', 'KafkaUser', 'KafkaNodePool', 'KafkaRebalance'].map((kind) => `${KAFKA}/${kind}`), at: ['metadata', 'labels', 'strimzi.io/cluster'], to: `${KAFKA}/Kafka` },
  { from: [`${KAFKA}/KafkaConnector`], at: ['metadata', 'labels', 'strimzi.io/cluster'], to: `${KAFKA}/KafkaConnect` },
  { from: ['k8s.keycloak.org/KeycloakRealmImport'], at: ['spec', 'keycloakCRName'], to: 'k8s.keycloak.org/Keycloak' },
  { from: ['snapshot.storage.k8s.io/VolumeSnapshot'], at: ['spec', 'volumeSnapshotClassName'], to: 'snapshot.storage.k8s.io/VolumeSnapshotClass', wide: true },
  { from: ['volsync.backube/ReplicationSource', 'volsync.backube/ReplicationDestination'], at: ['spec', 'restic', 'volumeSnapshotClassName'], to: 'snapshot.storage.k8s.io/VolumeSnapshotClass', wide: true },
  { from: ['volsync.backube/ReplicationSource'], at: ['spec', 'sourcePVC'], to: 'PersistentVolumeClaim' },
];
const STORE = 'barmancloud.cnpg.io/ObjectStore';

export const operatorReference: Rule = {
  id: 'operator-reference',
  severity: 'error',
  summary: 'What objects of operators name exists: the cluster of a topic or a backup, the archive of a database.',
  why: 'The operator waits for it for ever, and says so only in the object\'s status: often a backup that is never made.',
  * check(view: View): Iterable<Omit<Found, 'rule'>> {
    const index = indexOf(view);
    const judged = function* (built: NonNullable<Found['built']>, path: Path, value: unknown, to: string, wide: boolean): Iterable<Omit<Found, 'rule'>> {
      const name = text(value);
      const namespace = wide ? '' : index.namespaceOf(built);
      if (name === undefined || name === '' || isHole(namespace) || index.exists(to, namespace, name) !== false) return;
      yield { built, path, message: `nobody makes ${to.split('/').at(-1) ?? to} ${wide ? '' : `${namespace}/`}${name}`, hint: meant(name, index.names(to, namespace), 'name one that exists') };
    };
    for (const { from, at: path, to, wide = false } of NAMINGS) {
      for (const built of from.flatMap((kind) => index.kind(kind))) yield* judged(built, path, at(built.object, ...path), to, wide);
    }
    for (const built of index.kind(`${CNPG}/Cluster`)) {
      const spec = built.object['spec'];
      for (const { entry, index: position } of entries(at(spec, 'plugins'))) yield* judged(built, ['spec', 'plugins', position, 'parameters', 'barmanObjectName'], at(entry, 'parameters', 'barmanObjectName'), STORE, false);
      for (const { entry, index: position } of entries(at(spec, 'externalClusters'))) yield* judged(built, ['spec', 'externalClusters', position, 'plugin', 'parameters', 'barmanObjectName'], at(entry, 'plugin', 'parameters', 'barmanObjectName'), STORE, false);
    }
  },
};
