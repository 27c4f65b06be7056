/**
 * VolSync: ReplicationSources take copies of volumes to their repository by schedule or by hand, ReplicationDestinations bring the newest back.
 * A sync is a state machine over the status alone (started, done, idle), as in the operator; the mover's Job is not shown.
 */
import type { Content } from '../../world/data.ts';
import type { ControllerContext, KubeObject, Ref } from '../../world/types.ts';
import { at, iso, plain, refOf, suffix, text, whole, withConditions, type Condition, type Plain } from '../../catalog/data.ts';
import { TIMES } from '../../catalog/timings.ts';
import type { OperatorKind, Outcome } from '../operator-kinds.ts';
import { nextTime } from './cron.ts';
import { volumeFault } from './faults.ts';
import { contentOf, dataOf, dropContent, putContent } from './memory.ts';
import { backup, restore, type Ran, type Repository } from './restic.ts';

export const VOLSYNC = { 'app.kubernetes.io/name': 'volsync' };
export const VOLSYNC_API = 'volsync.backube/v1alpha1';
const SNAPSHOT_API = 'snapshot.storage.k8s.io/v1';
const CREATED_BY = { 'app.kubernetes.io/created-by': 'volsync' };

const syncing: Condition = { type: 'Synchronizing', status: 'True', reason: 'SyncInProgress', message: 'Synchronization in-progress' };
const cleaning: Condition = { type: 'Synchronizing', status: 'False', reason: 'CleaningUp', message: 'Cleaning up' };
const scheduled: Condition = { type: 'Synchronizing', status: 'False', reason: 'WaitingForSchedule', message: 'Waiting for next scheduled synchronization' };
const manual: Condition = { type: 'Synchronizing', status: 'False', reason: 'WaitingForManual', message: 'Waiting for manual trigger' };
const failed = (message: string): Condition => ({ type: 'Synchronizing', status: 'False', reason: 'Error', message });

/** What a mover would have to do, once it is time: not yet and why, or how it went and what else belongs into the status then. */
type Mover = (started: number) => { readonly wait: number } | { readonly error: string } | { readonly ran: Ran<Plain> };

function turn(cx: ControllerContext, object: KubeObject, run: Mover): Outcome {
  const now = cx.clock.now();
  const status = plain(object.status);
  const say = (condition: Condition, more: Plain = {}): Plain => ({ ...more, conditions: withConditions(object, now, [condition]) });
  const tag = text(at(object.spec, 'trigger.manual')) ?? '';
  const cron = text(at(object.spec, 'trigger.schedule'));
  const began = text(status['lastSyncStartTime']);
  const last = text(status['lastSyncTime']);
  if (at(object.spec, 'paused') === true) return {};
  if (began !== undefined) {
    const did = run(Date.parse(began));
    if ('wait' in did) return { status: say(syncing), again: did.wait };
    if ('error' in did) return { status: say(failed(did.error)), again: TIMES.moverRetry };
    // The Job's retries are used up, it is deleted and made anew: the sync goes on for as long as it takes.
    if (!did.ran.ok) return { status: say(syncing, { latestMoverStatus: { result: 'Failed', logs: did.ran.logs } }), again: TIMES.moverGivesUp };
    return {
      status: say(cleaning, {
        lastSyncStartTime: undefined, lastSyncTime: iso(now), lastSyncDuration: `${((now - Date.parse(began)) / 1000).toFixed(3)}s`, latestMoverStatus: { result: 'Successful', logs: did.ran.logs },
        ...(tag === '' ? {} : { lastManualSync: tag }), ...did.ran.value,
      }),
      again: 1_000,
    };
  }
  // A tag wins over a schedule for as long as it is there, done or not; without either, one sync follows the other.
  const next = tag === '' && cron !== undefined && last !== undefined ? nextTime(cron, Date.parse(last)) : undefined;
  const due = last === undefined || (tag !== '' ? text(status['lastManualSync']) !== tag : cron === undefined || (next !== undefined && now > next));
  if (due) return { status: say(syncing, { lastSyncStartTime: iso(now) }), again: 1 };
  return { status: say(tag === '' && cron !== undefined ? scheduled : manual, { nextSyncTime: next === undefined ? undefined : iso(next) }), ...(next === undefined ? {} : { again: next - now + 1_000 }) };
}

const get = (cx: ControllerContext, ref: Ref): KubeObject | undefined => (cx.store.typeOf(ref.apiVersion, ref.kind) === undefined ? undefined : cx.store.get(ref));
const claimOf = (cx: ControllerContext, namespace: string, name: string): KubeObject | undefined => get(cx, { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace });
const bound = (claim: KubeObject): boolean => claim.status?.['phase'] === 'Bound';

/** Where a source or destination keeps its copies, by its Secret; why that cannot be told. */
export function repositoryOf(cx: ControllerContext, object: KubeObject): Repository | { readonly error: string } {
  const namespace = object.metadata.namespace ?? '';
  const name = text(at(object.spec, 'restic.repository')) ?? '';
  const secret = get(cx, { apiVersion: 'v1', kind: 'Secret', name, namespace });
  if (secret === undefined) return { error: `secrets "${name}" not found` };
  const read = (key: string): string => Buffer.from(secret.data?.[key] ?? '', 'base64').toString();
  const missing = ['RESTIC_REPOSITORY', 'RESTIC_PASSWORD'].find((key) => read(key) === '');
  if (missing !== undefined) return { error: `secret is missing field: ${missing}` };
  return { url: read('RESTIC_REPOSITORY'), password: read('RESTIC_PASSWORD'), namespace, volume: volumeOf(cx, object, name) ?? read('RESTIC_REPOSITORY').split('/').at(-1) ?? '' };
}

/** Whose volume's repository it is: the one that is backed up to it by the same Secret, or that is to be filled from it. */
function volumeOf(cx: ControllerContext, object: KubeObject, repository: string): string | undefined {
  const own = text(at(object.spec, 'sourcePVC'));
  if (own !== undefined) return own;
  const { namespace } = object.metadata;
  const source = cx.store.list(VOLSYNC_API, 'ReplicationSource', namespace).find((each) => at(each.spec, 'restic.repository') === repository);
  const filled = cx.store.list('v1', 'PersistentVolumeClaim', namespace).find((each) => at(each.spec, 'dataSourceRef.kind') === 'ReplicationDestination' && at(each.spec, 'dataSourceRef.name') === object.metadata.name);
  return text(at(source?.spec, 'sourcePVC')) ?? filled?.metadata.name;
}

/** A claim VolSync makes for itself: a cache, which may have a class of its own, or what is restored into. */
function ownClaim(cx: ControllerContext, owner: KubeObject, name: string, size: unknown): KubeObject {
  const namespace = owner.metadata.namespace ?? '';
  const storageClassName = (name.endsWith('-cache') ? at(owner.spec, 'restic.cacheStorageClassName') : undefined) ?? at(owner.spec, 'restic.storageClassName');
  return claimOf(cx, namespace, name) ?? cx.store.create({
    apiVersion: 'v1', kind: 'PersistentVolumeClaim',
    metadata: { name, namespace, labels: CREATED_BY, ownerReferences: [{ apiVersion: owner.apiVersion, kind: owner.kind, name: owner.metadata.name, uid: owner.metadata.uid ?? '', controller: true }] },
    spec: { accessModes: at(owner.spec, 'restic.accessModes') ?? ['ReadWriteOnce'], ...(storageClassName === undefined ? {} : { storageClassName }), resources: { requests: { storage: text(size) ?? '1Gi' } } },
  });
}
const kept = (retain: unknown): number => Object.values(plain(retain)).reduce((sum: number, count) => sum + (Number(count) > 0 ? Number(count) : 0), 0);

function source(cx: ControllerContext, object: KubeObject): Outcome {
  return turn(cx, object, (started) => {
    const namespace = object.metadata.namespace ?? '';
    const name = text(at(object.spec, 'sourcePVC')) ?? '';
    const claim = claimOf(cx, namespace, name);
    if (claim === undefined) return { error: `persistentvolumeclaims "${name}" not found` };
    if (!bound(claim) || volumeFault(cx, 'backup-stale', { namespace, volume: name }) !== undefined) return { wait: TIMES.moverRetry };
    // The moment the backup is of: a snapshot of the volume, made when the sync began, or when there was a volume to make it of.
    const { copies, changed } = dataOf(cx);
    const id = object.metadata.uid ?? '';
    const before = copies[id];
    const copy = before?.sync === started ? before : (copies[id] = { sync: started, at: cx.clock.now(), content: contentOf(cx, claim) });
    if (copy !== before) changed();
    const repository = repositoryOf(cx, object);
    if ('error' in repository) return repository;
    ownClaim(cx, object, `volsync-src-${object.metadata.name}-cache`, at(object.spec, 'restic.cacheCapacity'));
    const left = copy.at + TIMES.mover - cx.clock.now();
    if (left > 0) return { wait: left };
    const ran = backup(cx, repository, copy.content, copy.at, kept(at(object.spec, 'restic.retain')));
    if (!ran.ok) return { ran };
    delete copies[id];
    return { ran: { ...ran, value: {} } };
  });
}

function destination(cx: ControllerContext, object: KubeObject): Outcome {
  return turn(cx, object, (started) => {
    const namespace = object.metadata.namespace ?? '';
    const direct = at(object.spec, 'restic.copyMethod') === 'Direct';
    const given = text(at(object.spec, 'restic.destinationPVC'));
    const temporary = `volsync-${object.metadata.name}-dest`;
    const claim = given === undefined ? (direct || at(object.spec, 'restic.cleanupTempPVC') !== true ? ownClaim(cx, object, temporary, at(object.spec, 'restic.capacity')) : undefined) : claimOf(cx, namespace, given);
    if (given !== undefined && claim === undefined) return { error: `persistentvolumeclaims "${given}" not found` };
    const repository = repositoryOf(cx, object);
    if ('error' in repository) return repository;
    if (claim !== undefined && !bound(claim)) return { wait: 1_000 };
    if (at(object.spec, 'restic.cleanupCachePVC') !== true) ownClaim(cx, object, `volsync-dst-${object.metadata.name}-cache`, at(object.spec, 'restic.cacheCapacity'));
    const left = started + TIMES.mover - cx.clock.now();
    if (left > 0) return { wait: left };
    const asOf = text(at(object.spec, 'restic.restoreAsOf'));
    const ran = restore(cx, repository, asOf === undefined ? undefined : Date.parse(asOf), whole(at(object.spec, 'restic.previous'), 0));
    if (!ran.ok) return { ran };
    if (claim !== undefined) putContent(cx, claim, { ...contentOf(cx, claim), ...ran.value });
    if (direct) return { ran: { ...ran, value: { latestImage: { apiGroup: '', kind: 'PersistentVolumeClaim', name: claim?.metadata.name ?? temporary } } } };
    const image = imageOf(cx, object, given ?? temporary, claim === undefined ? ran.value : contentOf(cx, claim));
    return { ran: { ...ran, value: { latestImage: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: image } } } };
  });
}

/** The snapshot of what was restored, which claims are filled from; the one before it goes. */
function imageOf(cx: ControllerContext, object: KubeObject, claim: string, content: Content): string {
  const namespace = object.metadata.namespace ?? '';
  const name = `${claim}-${iso(cx.clock.now()).replaceAll(/\D/g, '')}`;
  const before = text(at(object.status, 'latestImage.name'));
  const old = before === undefined || before === name ? undefined : get(cx, { apiVersion: SNAPSHOT_API, kind: 'VolumeSnapshot', name: before, namespace });
  if (old !== undefined) { dropContent(cx, old); cx.store.delete(refOf(old)); }
  if (cx.store.typeOf(SNAPSHOT_API, 'VolumeSnapshot') === undefined) return name;
  const image = get(cx, { apiVersion: SNAPSHOT_API, kind: 'VolumeSnapshot', name, namespace }) ?? cx.store.create({
    apiVersion: SNAPSHOT_API, kind: 'VolumeSnapshot',
    metadata: { name, namespace, labels: CREATED_BY, ownerReferences: [{ apiVersion: object.apiVersion, kind: object.kind, name: object.metadata.name, uid: object.metadata.uid ?? '', controller: true }] },
    spec: { source: { persistentVolumeClaimName: claim }, ...(at(object.spec, 'restic.volumeSnapshotClassName') === undefined ? {} : { volumeSnapshotClassName: at(object.spec, 'restic.volumeSnapshotClassName') }) },
  });
  cx.store.updateStatus(refOf(image), { readyToUse: true, creationTime: iso(cx.clock.now()), restoreSize: text(at(object.spec, 'restic.capacity')) ?? '1Gi', boundVolumeSnapshotContentName: `snapcontent-${suffix(image.metadata.uid ?? name, 12)}` });
  putContent(cx, image, content);
  return name;
}

/**
 * What a claim is to be filled with before it is bound: nothing for one that names no source; why it waits for one that cannot be filled yet.
 */
export function sourceOfClaim(cx: ControllerContext, claim: KubeObject): { readonly content: Content } | { readonly because: string } {
  const reference = plain(at(claim.spec, 'dataSourceRef') ?? at(claim.spec, 'dataSource'));
  const name = text(reference['name']);
  const namespace = claim.metadata.namespace ?? '';
  const kind = text(reference['kind']);
  if (name === undefined || (kind !== 'ReplicationDestination' && kind !== 'VolumeSnapshot')) return { content: {} };
  let image = name;
  if (kind === 'ReplicationDestination') {
    const from = get(cx, { apiVersion: VOLSYNC_API, kind, name, namespace });
    if (from === undefined) return { because: `Unable to populate volume: replicationdestinations.volsync.backube "${name}" not found` };
    const latest = plain(at(from.status, 'latestImage'));
    if (text(latest['name']) === undefined) return { because: 'Unable to populate volume, waiting for replicationdestination to have latestImage' };
    if (latest['kind'] !== 'VolumeSnapshot') return { because: 'Unable to populate volume: ReplicationDestination latestImage is not a volumesnapshot' };
    image = text(latest['name']) ?? '';
  }
  const snapshot = get(cx, { apiVersion: SNAPSHOT_API, kind: 'VolumeSnapshot', name: image, namespace });
  // The image is whole, and the volume made of it is not.
  if (volumeFault(cx, 'data-comes-back-fresh', { namespace, volume: claim.metadata.name }) !== undefined) return { content: {} };
  return snapshot === undefined ? { because: `volumesnapshots.snapshot.storage.k8s.io "${image}" not found` } : { content: contentOf(cx, snapshot) };
}

export const VOLSYNC_KINDS: readonly OperatorKind[] = [
  { apiVersion: VOLSYNC_API, kind: 'ReplicationSource', operator: VOLSYNC, afterMs: 0, reconcile: source },
  { apiVersion: VOLSYNC_API, kind: 'ReplicationDestination', operator: VOLSYNC, afterMs: 0, reconcile: destination },
];
