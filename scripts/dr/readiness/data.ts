import { createHash } from 'node:crypto';
import { formatDuration } from '../../config/duration.ts';
import type { DataSet } from '../../config/recovery.ts';
import { mapIn, textIn } from '../../config/data.ts';
import type { KubeObject } from '../../config/cluster.ts';
import { each } from '../../engine/each.ts';
import type { Verdict } from '../../engine/verdict.ts';
import { KINDS } from '../../tools/kinds.ts';
import { serverName } from '../backup/barman.ts';
import { appliedBy, clusterNow, isBackedUp, newestBackup, release, restoreScratch, type BackedUp, type NewestBackup, type Scratch } from '../backup/index.ts';
import { isAnswer, quietly } from '../backup/shared.ts';
import { rebuiltGenerationOf, NO_GENERATION, type ReadinessRow } from '../record.ts';
import { fail, pass, row, skip, unknown, type ReadinessContext } from './row.ts';

type Read = Pick<Scratch, 'is' | 'restoredFrom' | 'because'>;
/** Of one set that is backed up: its rows, and what its store showed. */
interface Found { readonly set: BackedUp; readonly rows: readonly ReadinessRow[]; readonly read: Read }

/** Every data set of the cluster: when it was backed up, whether that can be read, and whether its store answered from inside. */
export async function dataRows(cx: ReadinessContext): Promise<readonly ReadinessRow[]> {
  const { name } = cx.cluster;
  const sets = cx.site.recovery.dataSets.filter((set) => set.cluster === name);
  const found = await each(sets, sets.length, async (set): Promise<Found | readonly ReadinessRow[]> => {
    if (isBackedUp(set)) return backedUp(cx, set);
    if (set.protection.by === 'none') return [row('data', `lost:${name}/${set.name}`, `${set.kind} ${set.name}`, skip(`expected to be lost: ${set.protection.reason}`))];
    return [row('data', `git:${name}/${set.name}`, `${set.kind} ${set.name}`, await gitVerdict(cx, set))];
  }, cx.signal, { what: 'asking about the data sets', name: (set) => set.name });
  return [...found.flatMap((one) => ('rows' in one ? one.rows : one)), ...storeRows(name, found.flatMap((one) => ('rows' in one ? [one] : [])))];
}

async function gitVerdict(cx: ReadinessContext, set: DataSet): Promise<Verdict> {
  return told(async () => {
    const { there, by } = await appliedBy(cx, set);
    if (!there) return fail(`there is no ConfigMap or Secret ${set.namespace}/${set.object}`, 'mend its name in bootstrap/dr.yaml');
    return by === null ? fail('no Kustomization applied it, so git would not bring it back', 'bring it into the tree, or say by: none with a reason') : pass(`Kustomization ${by} brings it back`);
  });
}

/** What the world refuses to say is not known; it is no reason to leave the other rows unasked. */
async function told(ask: () => Promise<Verdict>): Promise<Verdict> {
  try {
    return await ask();
  } catch (error) {
    if (!isAnswer(error)) throw error;
    return unknown(error.message, error.hint);
  }
}

async function backedUp(cx: ReadinessContext, set: BackedUp): Promise<Found> {
  const id = `${cx.cluster.name}/${set.name}`;
  const subject = `${set.kind} ${set.name}`;
  try {
    await release(cx, set);
    const [newest, now, read, archive] = await Promise.all([newestBackup(cx, set), clusterNow(cx), readBack(cx, set), archiveRows(cx, set)]);
    return { set, read, rows: [ageRow(`backup:${id}`, subject, set, newest, now), row('data', `restore:${id}`, `${subject}, restored beside it`, readVerdict(set, read, now), read.restoredFrom === null ? read.because : `of ${read.restoredFrom.slice(0, 16).replace('T', ' ')} UTC, ${read.because}`), ...archive] };
  } catch (error) {
    if (!isAnswer(error)) throw error;
    const verdict = unknown(error.message, error.hint);
    return { set, read: { is: 'unknown', restoredFrom: null, because: error.message }, rows: [row('data', `backup:${id}`, subject, verdict), row('data', `restore:${id}`, `${subject}, restored beside it`, verdict)] };
  }
}

/** Restores and removes: whether it can be read is all that is asked. */
async function readBack(cx: ReadinessContext, set: BackedUp): Promise<Read> {
  const subject = `scratch restore of ${set.name}`;
  const say = (state: 'working' | 'done' | 'failed', note: string): void => cx.emit({ type: 'progress', lane: cx.lane, step: cx.step, subject, state, note });
  say('working', 'restoring');
  try {
    const { cleanUp, ...read } = await restoreScratch(cx, set, createHash('sha256').update(`${cx.runDir}|${set.name}`).digest('hex').slice(0, 8));
    await quietly(cx, cleanUp);
    say(read.is === 'restored' ? 'done' : 'failed', read.because);
    return read;
  } catch (error) {
    if (!isAnswer(error)) throw error;
    say('failed', error.message);
    return { is: 'unknown', restoredFrom: null, because: error.message };
  }
}

/** The newest backup's age against what may be lost. Pure. */
export function ageRow(id: string, subject: string, set: BackedUp, newest: NewestBackup, now: number): ReadinessRow {
  if (newest.is !== 'there') return row('data', id, subject, newest.is === 'none' ? fail(newest.because, newest.hint) : unknown(newest.because, newest.hint));
  const objectiveMs = set.protection.dataLossMs;
  const ageMs = now - newest.at;
  const backup = { at: new Date(newest.at).toISOString(), ageMs, objectiveMs };
  const said = `${formatDuration(ageMs)} old, ${formatDuration(objectiveMs)} may be lost${newest.size === null ? '' : `; ${newest.size}`}`;
  return { ...row('data', id, subject, ageVerdict(newest, ageMs, objectiveMs), said), backup };
}

/** Clocks of one cluster differ by less than this. */
const SKEW = 60_000;

function ageVerdict(newest: Extract<NewestBackup, { is: 'there' }>, ageMs: number, objectiveMs: number): Verdict {
  const hint = 'find out why none was made since; one is made by hand with the data set\'s own operator';
  if (ageMs < -SKEW) return unknown(`its time is ${formatDuration(-ageMs)} ahead of the cluster's own: one of the clocks is wrong`);
  if (ageMs > objectiveMs) return fail(`the newest backup is ${formatDuration(ageMs)} old, ${formatDuration(objectiveMs)} may be lost`, hint);
  if (newest.trouble !== undefined) return fail(newest.trouble, hint);
  return pass(newest.note);
}

/** What a restore beside the data set showed. It may be older than what the operator calls the newest. Pure. */
export function readVerdict(set: BackedUp, read: Read, now: number): Verdict {
  const hint = `the store ${set.protection.store} and what is in it: without this, nothing of ${set.name} would come back`;
  switch (read.is) {
    case 'unknown': return unknown(read.because, hint);
    case 'nothing': return fail(`nothing was restored: ${read.because}`, hint);
    case 'unreadable': return fail(`it cannot be read: ${read.because}`, hint);
    case 'restored': {
      if (read.restoredFrom === null) return unknown('it was restored, and nobody tells from when', hint);
      const age = now - Date.parse(read.restoredFrom);
      return age > set.protection.dataLossMs ? fail(`what was restored is ${formatDuration(age)} old, ${formatDuration(set.protection.dataLossMs)} may be lost`, hint) : pass('it can be read');
    }
  }
}

/**
 * A database that is built again archives under a name of its own: CloudNativePG refuses to start one whose archive holds another's log
 * ("Expected empty archive").
 */
async function archiveRows(cx: ReadinessContext, set: BackedUp): Promise<readonly ReadinessRow[]> {
  if (set.protection.method !== 'barman') return [];
  const verdict = await told(async () => {
    const [cluster, store, mode] = await Promise.all([
      cx.looking.kube.get(KINDS.PostgresCluster, set.object, set.namespace), cx.looking.kube.get(KINDS.ObjectStore, set.protection.restore, set.namespace), cx.looking.kube.get(KINDS.ConfigMap, 'platform-mode', 'flux-system'),
    ]);
    return archiveVerdict(cluster, store, textIn(mode, 'data', 'DATA_GENERATION'), rebuiltGenerationOf(cx.runDir));
  });
  return [row('data', `archive:${cx.cluster.name}/${set.name}`, `archive of the next ${set.name}`, verdict)];
}

/** Pure. `now` and `next`: the generation the cluster was made with, and one a rebuild would make. */
export function archiveVerdict(cluster: KubeObject | null, store: KubeObject | null, now: string | undefined, next: string): Verdict {
  const server = cluster === null ? undefined : serverName(cluster);
  if (server === undefined) return fail('it archives nowhere', 'spec.plugins of its Cluster names where');
  if (now === undefined || now === '' || now === NO_GENERATION) return unknown('platform-mode does not say of which generation this cluster is', 'kubectl -n flux-system get configmap platform-mode -o yaml');
  if (!server.includes(now)) return fail(`it archives as ${server}, which would be the same after a rebuild: the restored database would refuse to start (Expected empty archive)`, 'put ${DATA_GENERATION} into the serverName of its plugin'); // eslint-disable-line no-template-curly-in-string -- Flux's variable, not ours
  const successor = server.replace(now, next);
  if (successor === server) return unknown('this very run would be its generation', 'run it again');
  return mapIn(store, 'status', 'serverRecoveryWindow')[successor] === undefined ? pass(`a rebuild archives as ${successor}, where nothing is known to be`) : fail(`${successor} holds an archive already`, 'choose another generation, or remove what is below that name');
}

/** A store is judged by what was restored from it, from inside the cluster: nobody else can say. Pure. */
export function storeRows(cluster: string, found: readonly { readonly set: BackedUp; readonly read: Pick<Read, 'is' | 'because'> }[]): readonly ReadinessRow[] {
  const stores = [...new Set(found.map(({ set }) => set.protection.store))];
  return stores.map((store) => {
    const reads = found.filter(({ set }) => set.protection.store === store);
    const answered = reads.filter(({ read }) => read.is === 'restored' || read.is === 'nothing');
    const refused = reads.find(({ read }) => read.is === 'unreadable' && /connection refused|no such host|i\/o timeout|timed out|could not connect|no route to host|BucketExists|Could not connect to the endpoint/i.test(read.because));
    const [first] = reads;
    const verdict = answered.length > 0 ? pass(`it answered ${answered.length} of ${reads.length} restores`)
      : refused !== undefined ? fail(refused.read.because, `is ${store} up, and may ${cluster} reach it?`)
        : unknown(`no restore shows that it answers: ${first?.read.because ?? ''}`, 'see the rows restore: above');
    return row('stores', `stores:${cluster}/${store}`, `object store ${store}`, verdict);
  });
}
