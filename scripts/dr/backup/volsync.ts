import type { KubeObject } from '../../config/cluster.ts';
import { dig, listIn, mapIn, textIn } from '../../config/data.ts';
import { Failure } from '../../engine/failure.ts';
import type { Answer } from '../../engine/poll.ts';
import { KINDS } from '../../tools/kinds.ts';
import type { DrContext } from '../context.ts';
import type { DataVerdict } from '../record.ts';
import { clusterNow, EVERY, freshTag, iso, isAnswer, PATIENCE, quietly, remove, scratchLabels, scratchName, sweep, timeIn, type BackedUp, type NewestBackup, type Scratch } from './shared.ts';

/** What a mover's last words come to. VolSync calls a restore from an empty repository Successful; only the lines tell. */
export type Mover =
  | { readonly is: 'saved'; readonly size: string | null }
  | { readonly is: 'restored'; readonly from: number; readonly snapshot: string }
  | { readonly is: 'nothing' | 'failed' | 'unknown'; readonly because: string };

/** Reads status.latestMoverStatus: its result and the lines the operator kept of the mover's log. */
export function readMover(object: KubeObject): Mover {
  const logs = textIn(object, 'status', 'latestMoverStatus', 'logs') ?? '';
  const result = textIn(object, 'status', 'latestMoverStatus', 'result');
  if (result === undefined) return { is: 'unknown', because: 'VolSync says nothing of its last mover' };
  if (result !== 'Successful') return { is: 'failed', because: lastWords(logs) };
  if (/No eligible snapshots found|No data will be restored/.test(logs)) return { is: 'nothing', because: 'the repository holds no snapshot of it; VolSync calls that Successful' };
  if (/Directory is empty/i.test(logs)) return { is: 'nothing', because: 'the volume was empty, so nothing was backed up; VolSync calls that Successful' };
  // Go's way of writing a time: date, time with or without fractions, offset, zone.
  const [, snapshot, day, time, offset] = /restoring <?snapshot ([0-9a-f]+) of .*? at (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?) ([+-]\d{4})/i.exec(logs) ?? [];
  if (snapshot !== undefined && day !== undefined && time !== undefined && offset !== undefined) {
    const from = Date.parse(`${day}T${time.replace(/(\.\d{3})\d+$/, '$1')}${offset.slice(0, 3)}:${offset.slice(3)}`);
    return Number.isNaN(from) ? { is: 'unknown', because: `the mover names a time that cannot be read: ${day} ${time}` } : { is: 'restored', from, snapshot };
  }
  if (/^\s*snapshot [0-9a-f]+ saved/im.test(logs)) return { is: 'saved', size: /^\s*processed \d+ files?, (.+?) in /im.exec(logs)?.[1] ?? null };
  return { is: 'unknown', because: 'the mover\'s last words name no snapshot' };
}

function lastWords(logs: string): string {
  const lines = logs.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  // restic ends with how many errors there were; which they are stands before.
  return lines.findLast((line) => /fatal|error/i.test(line) && !/^Fatal: There were \d+ errors$/.test(line)) ?? lines.at(-1) ?? 'the mover failed and said nothing';
}

/** `1m2.5s` as Go writes a duration, in ms; undefined for anything else. */
export function goDuration(text: string | undefined): number | undefined {
  const parts = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?$/.exec(text ?? '');
  if (parts === null || text === undefined || text === '') return undefined;
  return (Number(parts[1] ?? 0) * 3600 + Number(parts[2] ?? 0) * 60 + Number(parts[3] ?? 0)) * 1000;
}

/** When the sync that was completed last began: the copy is of that moment, not of its end. */
function beganAt(object: KubeObject): number | undefined {
  const ended = timeIn(object, 'status', 'lastSyncTime');
  const took = goDuration(textIn(object, 'status', 'lastSyncDuration'));
  return ended === undefined || took === undefined ? undefined : ended - took;
}

/** The newest backup by the word of a ReplicationSource's status. */
export function newestOf(set: BackedUp, source: KubeObject | null): NewestBackup {
  const look = `kubectl -n ${set.namespace} describe replicationsource ${set.protection.source}`;
  if (source === null) return { is: 'none', because: `there is no ReplicationSource ${set.namespace}/${set.protection.source}: nothing backs it up`, hint: 'mend its name in bootstrap/dr.yaml, or bring it into the tree' };
  const mover = readMover(source);
  const trouble = mover.is === 'failed' ? `the attempt since fails: ${mover.because}` : errorOf(source) ?? resting(source);
  const at = beganAt(source) ?? timeIn(source, 'status', 'lastSyncTime');
  if (at === undefined) return { is: 'none', because: `it was never backed up${trouble === undefined ? '' : `; ${trouble}`}`, hint: look };
  if (mover.is === 'nothing') return { is: 'none', because: mover.because, hint: look };
  if (mover.is === 'unknown' || mover.is === 'restored') return { is: 'unknown', because: mover.is === 'unknown' ? mover.because : 'the mover says that it restored', hint: look };
  return { is: 'there', at, size: mover.is === 'saved' ? mover.size : null, note: `VolSync, last sync of ${iso(at)}`, ...(trouble === undefined ? {} : { trouble }) };
}

/** Why no further backup will come by itself. */
function resting(source: KubeObject): string | undefined {
  if (dig(source, ['spec', 'paused']) === true) return 'it is paused';
  const manual = textIn(source, 'spec', 'trigger', 'manual') ?? '';
  return manual !== '' && textIn(source, 'spec', 'trigger', 'schedule') !== undefined ? `its schedule rests for as long as the manual trigger ${manual} is set` : undefined;
}

function errorOf(object: KubeObject): string | undefined {
  const condition = listIn(object, 'status', 'conditions').find((each) => dig(each, ['type']) === 'Synchronizing' && dig(each, ['reason']) === 'Error');
  return condition === undefined ? undefined : textIn(condition, 'message') ?? 'VolSync reports an error';
}

export async function newestBackup(cx: DrContext, set: BackedUp): Promise<NewestBackup> {
  return newestOf(set, await cx.looking.kube.get(KINDS.ReplicationSource, set.protection.source, set.namespace));
}

const noSource = (cx: DrContext, set: BackedUp): Failure => new Failure({ exit: 'rerun', what: `${set.name} of ${cx.cluster.name} cannot be backed up or restored`, because: `there is no ReplicationSource ${set.namespace}/${set.protection.source}`, hint: 'mend its name in bootstrap/dr.yaml, or bring it into the tree' });

const notSaved = (cx: DrContext, set: BackedUp, because: string): Failure => new Failure({ exit: 'rerun', what: `${set.name} of ${cx.cluster.name} was not backed up`, because, hint: `kubectl -n ${set.namespace} describe replicationsource ${set.protection.source}` });

const OUR_TRIGGER = 'task-';

/** Lets the schedule rule again where an interrupted run left its own trigger: with one there, VolSync's schedule rests. */
export async function release(cx: DrContext, set: BackedUp): Promise<void> {
  const source = await cx.looking.kube.get(KINDS.ReplicationSource, set.protection.source, set.namespace);
  if (textIn(source, 'spec', 'trigger', 'manual')?.startsWith(OUR_TRIGGER) === true) await cx.doors.kube.patch(KINDS.ReplicationSource, set.protection.source, set.namespace, { spec: { trigger: { manual: null } } });
}

/**
 * A backup begun after this call and not before: a sync that is on its way when the trigger is set would be reported under our tag,
 * of a copy older than what it is to cover. Answers when it was complete.
 */
export async function backUpNow(cx: DrContext, set: BackedUp, tag: string): Promise<string> {
  const { source } = set.protection;
  const read = async (): Promise<KubeObject> => {
    const found = await cx.looking.kube.get(KINDS.ReplicationSource, source, set.namespace);
    if (found === null) throw noSource(cx, set);
    return found;
  };
  if (dig(await read(), ['spec', 'paused']) === true) throw new Failure({ exit: 'rerun', what: `${set.name} of ${cx.cluster.name} cannot be backed up`, because: `ReplicationSource ${set.namespace}/${source} is paused`, hint: `kubectl -n ${set.namespace} patch replicationsource ${source} --type=merge -p '{"spec":{"paused":false}}'` });
  const trigger = async (manual: string | null): Promise<void> => cx.doors.kube.patch(KINDS.ReplicationSource, source, set.namespace, { spec: { trigger: { manual } } }, { last: true });
  try {
    for (let attempt = 1; ; attempt += 1) {
      await cx.wait(`the backup of ${set.name} that is on its way`, async () => {
        const now = await read();
        const mover = readMover(now);
        // It is tried again for ever; what it fails of, ours would fail of too.
        if (mover.is === 'failed' && failedSince(now)) throw notSaved(cx, set, mover.because);
        return timeIn(now, 'status', 'lastSyncStartTime') === undefined ? { ok: true, value: true } : { ok: false, because: 'a sync began before this' };
      }, { patience: PATIENCE, every: EVERY });
      const asked = await clusterNow(cx);
      const own = freshTag(`${OUR_TRIGGER}${tag}`);
      await trigger(own);
      const done = await cx.wait(`a backup of ${set.name}`, async () => synced(await read(), own), { patience: PATIENCE, every: EVERY });
      // A dry run waits for nothing.
      if (done === undefined) return iso(asked);
      const mover = readMover(done);
      if (mover.is !== 'saved') throw notSaved(cx, set, mover.is === 'restored' ? 'the mover says that it restored' : mover.because);
      const ended = timeIn(done, 'status', 'lastSyncTime');
      const began = beganAt(done);
      // Times are told to the second.
      if (ended !== undefined && began !== undefined && began + 1_000 >= asked) return iso(ended);
      if (attempt === 3) throw new Failure({ exit: 'rerun', what: `no backup of ${set.name} began after it was asked for`, because: `three syncs in a row were on their way already, the last of ${began === undefined ? 'a time that is not told' : iso(began)}`, hint: `kubectl -n ${set.namespace} describe replicationsource ${source}` });
    }
  } finally {
    // With the tag there, its schedule would rest; where it stays, the next look at the backups takes it away.
    await quietly(cx, () => trigger(null));
  }
}

/** Whether a sync under this tag is complete; a mover that failed is retried by VolSync for ever, so it is an answer. */
function synced(object: KubeObject, tag: string): Answer<KubeObject> {
  if (textIn(object, 'status', 'lastManualSync') === tag) return { ok: true, value: object };
  const mover = readMover(object);
  const running = timeIn(object, 'status', 'lastSyncStartTime') !== undefined;
  if (mover.is === 'failed' && running && dig(object, ['spec', 'trigger', 'manual']) === tag && failedSince(object)) return { ok: true, value: object };
  return { ok: false, because: errorOf(object) ?? (mover.is === 'failed' ? `its mover failed: ${mover.because}` : running ? 'it is on its way' : 'it has not begun') };
}

/** Whether the failure told is of the sync that runs: nothing was completed since it began. */
function failedSince(object: KubeObject): boolean {
  const began = timeIn(object, 'status', 'lastSyncStartTime');
  const ended = timeIn(object, 'status', 'lastSyncTime');
  return began !== undefined && (ended === undefined || ended <= began);
}

/** Of a ReplicationSource, what a destination needs as well to open the same repository and write as the same user. */
const SHARED_OPTIONS = ['repository', 'customCA', 'cacheCapacity', 'cacheStorageClassName', 'cacheAccessModes', 'moverSecurityContext', 'moverServiceAccount', 'moverPodLabels', 'moverResources', 'moverAffinity'];

/** Restores the newest snapshot into a claim of its own beside the data set. */
export async function restoreScratch(cx: DrContext, set: BackedUp, tag: string): Promise<Scratch> {
  const [source, claim] = await Promise.all([
    cx.looking.kube.get(KINDS.ReplicationSource, set.protection.source, set.namespace), cx.looking.kube.get(KINDS.PersistentVolumeClaim, set.object, set.namespace),
    sweep(cx, set, [KINDS.ReplicationDestination, KINDS.PersistentVolumeClaim]),
  ]);
  if (source === null) throw noSource(cx, set);
  if (claim === null) throw new Failure({ exit: 'rerun', what: `${set.name} of ${cx.cluster.name} cannot be restored into a scratch place`, because: `there is no claim ${set.namespace}/${set.object} to tell its size by`, hint: `kubectl -n ${set.namespace} get pvc` });
  const name = scratchName(set, tag);
  const own = freshTag(tag);
  const metadata = { name, namespace: set.namespace, labels: scratchLabels(set) };
  const cleanUp = async (): Promise<void> => remove(cx, set, [{ kind: KINDS.ReplicationDestination, name }, { kind: KINDS.PersistentVolumeClaim, name }]);
  const spec = mapIn(claim, 'spec');
  const options = mapIn(source, 'spec', 'restic');
  try {
    await cx.doors.kube.apply({
      apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata,
      spec: { accessModes: spec['accessModes'], resources: { requests: { storage: textIn(claim, 'spec', 'resources', 'requests', 'storage') } }, ...(spec['storageClassName'] === undefined ? {} : { storageClassName: spec['storageClassName'] }) },
    });
    await cx.doors.kube.apply({
      apiVersion: 'volsync.backube/v1alpha1', kind: 'ReplicationDestination', metadata,
      spec: { trigger: { manual: own }, restic: { ...Object.fromEntries(SHARED_OPTIONS.flatMap((key) => (options[key] === undefined ? [] : [[key, options[key]]]))), copyMethod: 'Direct', destinationPVC: name, cleanupCachePVC: true } },
    });
    const done = await cx.wait(`${set.name} to be restored into ${name}`, async () => {
      const now = await cx.looking.kube.get(KINDS.ReplicationDestination, name, set.namespace);
      return now === null ? { ok: false, because: 'it is not there yet' } : synced(now, own);
    }, { patience: PATIENCE, every: EVERY });
    return { object: name, cleanUp, ...(done === undefined ? { is: 'unknown', restoredFrom: null, because: 'a dry run restores nothing' } as const : scratchOf(readMover(done))) };
  } catch (error) {
    await quietly(cx, cleanUp);
    if (!isAnswer(error)) throw error;
    return { object: name, is: 'unknown', restoredFrom: null, because: error.because ?? error.what, cleanUp: async () => undefined };
  }
}

function scratchOf(mover: Mover): Pick<Scratch, 'is' | 'restoredFrom' | 'because'> {
  switch (mover.is) {
    case 'restored': return { is: 'restored', restoredFrom: iso(mover.from), because: `snapshot ${mover.snapshot}` };
    case 'nothing': return { is: 'nothing', restoredFrom: null, because: mover.because };
    case 'failed': return { is: 'unreadable', restoredFrom: null, because: mover.because };
    default: return { is: 'unknown', restoredFrom: null, because: mover.is === 'saved' ? 'the mover says that it saved' : mover.because };
  }
}

/** What a rebuild made of a volume, by its claim and the ReplicationDestination the claim is to be filled from. Pure. */
export function becameOf(set: BackedUp, claim: KubeObject | null, destination: KubeObject | null): Pick<DataVerdict, 'became' | 'restoredFrom' | 'because'> {
  const not = (became: 'lost' | 'unknown', because: string): Pick<DataVerdict, 'became' | 'restoredFrom' | 'because'> => ({ became, restoredFrom: null, because });
  const { restore } = set.protection;
  if (claim === null) return not('lost', `there is no claim ${set.namespace}/${set.object}`);
  const from = mapIn(claim, 'spec', 'dataSourceRef');
  if (from['kind'] !== 'ReplicationDestination') return not('lost', 'its claim was made without a source (dataSourceRef): it came up empty, although a backup protects it');
  if (from['name'] !== restore) return not('unknown', `its claim is filled from ReplicationDestination ${String(from['name'])}, not from ${restore}`);
  const mover: Mover = destination === null ? { is: 'unknown', because: `ReplicationDestination ${restore} is not there to tell from when it was restored` } : readMover(destination);
  // The claim of an empty repository is bound as well; and one that waits for a restore that fails is not lost yet.
  if (mover.is === 'nothing') return not('lost', mover.because);
  if (textIn(claim, 'status', 'phase') !== 'Bound') return not('unknown', `its claim is not filled yet${mover.is === 'failed' ? `, the restore fails: ${mover.because}` : ''}`);
  if (mover.is === 'restored') return { became: 'restored', restoredFrom: iso(mover.from), because: `restored by VolSync from snapshot ${mover.snapshot}` };
  return not('unknown', mover.is === 'saved' ? 'the mover says that it saved' : mover.because);
}
