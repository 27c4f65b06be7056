import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../../config/cluster.ts';
import type { Path } from '../../config/source.ts';
import { at, idOf, items, text } from '../../health/objects.ts';
import { kindKey, kindOf } from '../index/read.ts';
import type { Built } from '../model.types.ts';
import { forced, type After, type Fate } from './fate.ts';
import { frozenChanges } from './immutable.ts';

/**
 * Why a change wants a second look. `data`: what was stored is lost. `outage`: more than the object itself goes, or it is gone for a
 * while. `refused`: the API will not have it, and everything the Kustomization applies stands still until it is mended.
 */
export interface Danger { readonly kind: 'data' | 'outage' | 'refused'; readonly says: string; /** What to do about it. */ readonly hint: string; /** The field it is about. */ readonly path?: Path }

/** The other side of the change, and what stands around the object. */
export interface Around {
  /** Objects before the change. */
  readonly before: readonly Built[];
  readonly after: After;
}

const KEEP = 'kustomize.toolkit.fluxcd.io/prune: disabled on it, merged before this, keeps it';

/** Kinds that store something: `group/Kind`, and what its deletion takes along. */
const STORES: Readonly<Record<string, string>> = {
  PersistentVolumeClaim: 'its volume goes with it', PersistentVolume: 'the volume goes with it, unless its reclaim policy is Retain',
  'postgresql.cnpg.io/Cluster': 'its databases and their volumes go with it', 'postgresql.cnpg.io/Database': 'the database goes with it, unless it is to be retained',
  'ceph.rook.io/CephCluster': 'the storage of the whole cluster goes with it', 'ceph.rook.io/CephBlockPool': 'every image in the pool goes with it', 'ceph.rook.io/CephFilesystem': 'every file in it goes with it',
  'ceph.rook.io/CephObjectStore': 'every bucket in it goes with it', 'objectbucket.io/ObjectBucketClaim': 'the bucket goes with it, unless its class retains it',
  'snapshot.storage.k8s.io/VolumeSnapshot': 'the snapshot goes with it, unless its class retains it', 'snapshot.storage.k8s.io/VolumeSnapshotContent': 'the snapshot goes with it, unless it is to be retained',
  'kafka.strimzi.io/Kafka': 'its topics go with it, unless its volumes stay (deleteClaim)', 'kafka.strimzi.io/KafkaNodePool': 'the volumes of its brokers go with it, unless they stay (deleteClaim)', 'kafka.strimzi.io/KafkaTopic': 'what is in the topic goes with it',
  'dragonflydb.io/Dragonfly': 'what it holds goes with it', 'rabbitmq.com/RabbitmqCluster': 'its queues go with it', 'elasticsearch.k8s.elastic.co/Elasticsearch': 'its indices go with it', 'minio.min.io/Tenant': 'its buckets go with it, unless its volumes stay',
  'mongodbcommunity.mongodb.com/MongoDBCommunity': 'its databases go with it', 'psmdb.percona.com/PerconaServerMongoDB': 'its databases go with it', 'clickhouse.altinity.com/ClickHouseInstallation': 'its tables go with it',
  'k8s.mariadb.com/MariaDB': 'its databases go with it', 'k8s.mariadb.com/Database': 'the database goes with it, unless it is to be kept', 'mysql.oracle.com/InnoDBCluster': 'its databases go with it',
  'acid.zalan.do/postgresql': 'its databases go with it', 'postgres-operator.crunchydata.com/PostgresCluster': 'its databases and their volumes go with it',
  'operator.victoriametrics.com/VMSingle': 'its metrics go with it', 'operator.victoriametrics.com/VMCluster': 'its metrics go with it', 'longhorn.io/Volume': 'what is on the volume goes with it',
};
const BACKUPS = new Set(['volsync.backube/ReplicationSource', 'postgresql.cnpg.io/ScheduledBackup', 'velero.io/Schedule', 'k8s.mariadb.com/Backup', 'k8up.io/Schedule']);

/** What is dangerous about an object that nothing applies any more. */
export function dangersOfRemoval(built: Built, fate: Fate, around: Around): readonly Danger[] {
  const { object } = built;
  const kind = kindOf(object);
  if (fate.is === 'stays') return [];
  const soon = fate.is === 'waits' ? `, as soon as it goes on (${fate.because})` : '';
  if (kind === 'Namespace') return [inNamespace(object, around, soon)];
  if (kind === 'apiextensions.k8s.io/CustomResourceDefinition') return [ofDefinition(object, around, soon)];
  if (kind === 'apps/StatefulSet') return [ofStatefulSet(object, soon)];
  if (BACKUPS.has(kind)) return [{ kind: 'outage', says: `no backup is taken by it any more${soon}`, hint: 'make sure that something else takes them' }];
  const stores = STORES[kind];
  if (stores === undefined) return [];
  const kept = kind === 'PersistentVolumeClaim' ? reclaims(object, around) : undefined;
  if (kept === 'Retain') return [{ kind: 'outage', says: `its claim on the volume is deleted; the volume stays (reclaimPolicy: Retain) and is bound to nothing${soon}`, hint: KEEP }];
  return [{ kind: 'data', says: `${stores}${soon}`, hint: KEEP }];
}

function inNamespace(object: KubeObject, { before }: Around, soon: string): Danger {
  const inside = before.filter((each) => each.object.metadata.namespace === object.metadata.name);
  const claims = inside.filter((each) => STORES[kindOf(each.object)] !== undefined).length;
  const more = inside.length === 0 ? '' : `: ${inside.length} objects of this tree${claims === 0 ? '' : `, ${claims} of them with data`}, and whatever else is there`;
  return { kind: 'data', says: `everything in the namespace goes with it${more}${soon}`, hint: KEEP };
}

function ofDefinition(object: KubeObject, { before }: Around, soon: string): Danger {
  const kind = text(at(object['spec'], 'names', 'kind')) ?? object.metadata.name;
  const group = text(at(object['spec'], 'group')) ?? '';
  const count = before.filter((each) => kindOf(each.object) === kindKey(group, kind)).length;
  return { kind: 'data', says: `every ${kind} in the cluster goes with it${count === 0 ? '' : ` (${count} of this tree)`}${soon}`, hint: KEEP };
}

function ofStatefulSet(object: KubeObject, soon: string): Danger {
  const claims = items(at(object['spec'], 'volumeClaimTemplates')).length;
  if (claims > 0 && at(object['spec'], 'persistentVolumeClaimRetentionPolicy', 'whenDeleted') === 'Delete') return { kind: 'data', says: `its pods stop and their volumes go with them (whenDeleted: Delete)${soon}`, hint: KEEP };
  return { kind: 'outage', says: `its pods stop${claims === 0 ? '' : '; the claims of their volumes stay'}${soon}`, hint: KEEP };
}

/** What becomes of the volume of a claim, as far as its storage class is in the tree. */
function reclaims(object: KubeObject, { before }: Around): string | undefined {
  const name = text(at(object['spec'], 'storageClassName'));
  const found = before.find((each) => kindOf(each.object) === 'storage.k8s.io/StorageClass' && each.object.metadata.name === name);
  return found === undefined ? undefined : text(found.object['reclaimPolicy']) ?? 'Delete';
}

/** What is dangerous about an object that changes. */
export function dangersOfChange(before: Built, after: Built): readonly Danger[] {
  const frozen = frozenChanges(before.object, after.object);
  const anew = forced(after) && frozen.length > 0;
  const stores = STORES[kindOf(after.object)] !== undefined;
  return [
    ...frozen.map(({ path, because }): Danger => (anew
      ? { kind: stores ? 'data' : 'outage', says: `${because}: it is deleted and made anew, for force is on${stores ? ', and what is stored goes with it' : ''}`, hint: stores ? 'take force off, and move the data by hand' : 'expect it to be gone for a moment', path }
      : { kind: 'refused', says: `${because}: the API refuses it, and nothing more of ${after.release === undefined ? `Kustomization ${after.unit.namespace}/${after.unit.name}` : idOf(after.release.object)} is applied until it is undone`, hint: 'give it another name, or delete it by hand first when that is safe', path })),
    ...looser(before.object, after.object),
    ...handedOn(before, after),
  ];
}

/** Settings that decide what a later deletion takes along. */
function looser(before: KubeObject, after: KubeObject): readonly Danger[] {
  const turned = (path: readonly string[], says: string): readonly Danger[] => {
    const [old, now] = [at(before, ...path), at(after, ...path)];
    return now === 'Delete' && !isDeepStrictEqual(old, now) ? [{ kind: 'data', says, hint: 'leave it as it is where the data is needed', path }] : [];
  };
  switch (kindOf(after)) {
    case 'PersistentVolume': return turned(['spec', 'persistentVolumeReclaimPolicy'], 'from now on the volume goes with its claim');
    case 'apps/StatefulSet': return [
      ...turned(['spec', 'persistentVolumeClaimRetentionPolicy', 'whenScaled'], 'from now on fewer replicas mean fewer volumes'),
      ...turned(['spec', 'persistentVolumeClaimRetentionPolicy', 'whenDeleted'], 'from now on the volumes go with it'),
    ];
    default: return [];
  }
}

/** Applied by another Kustomization from now on: the old one deletes it, unless the new one was there first and took it over. */
function handedOn(before: Built, after: Built): readonly Danger[] {
  if (before.release !== undefined || after.release !== undefined || before.unit.name === after.unit.name && before.unit.namespace === after.unit.namespace) return [];
  const heavy = STORES[kindOf(after.object)] !== undefined || ['Namespace', 'apiextensions.k8s.io/CustomResourceDefinition', 'apps/StatefulSet'].includes(kindOf(after.object));
  const pruned = at(before.unit.declared?.object['spec'], 'prune') === true;
  if (!heavy || !pruned) return [];
  return [{ kind: 'data', says: `it moves to Kustomization ${after.unit.namespace}/${after.unit.name}: ${before.unit.namespace}/${before.unit.name} deletes it if it comes first`, hint: 'merge kustomize.toolkit.fluxcd.io/prune: disabled on it before the move, and take it off afterwards' }];
}
