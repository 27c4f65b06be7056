import type { DataSet } from '../../config/recovery.ts';
import { textIn } from '../../config/data.ts';
import { KINDS } from '../../tools/kinds.ts';
import type { DrContext } from '../context.ts';
import { readRecord, type DataVerdict } from '../record.ts';
import * as barman from './barman.ts';
import { isAnswer, type BackedUp, type NewestBackup, type Scratch } from './shared.ts';
import * as volsync from './volsync.ts';

export { clusterNow, type BackedUp, type NewestBackup, type Scratch } from './shared.ts';

/** What the product knows of the two ways data is backed up; each by its operator's own API. */
const METHODS = { volsync, barman } as const;

export function isBackedUp(set: DataSet): set is BackedUp {
  return set.protection.by === 'backup';
}

function backedUp(set: DataSet): BackedUp {
  if (isBackedUp(set)) return set;
  throw new TypeError(`${set.name} has no backup: it is protected by ${set.protection.by}`);
}

/** When the newest backup of a set was made, and how large it is; or that there is none, or why it cannot be told. */
export async function newestBackup(cx: DrContext, set: DataSet): Promise<NewestBackup> {
  const of = backedUp(set);
  return METHODS[of.protection.method].newestBackup(cx, of);
}

/** Makes a backup that was begun after this call, waits for it, and takes its trigger away again. Answers when it was complete: ISO, on the cluster's clock. */
export async function backUpNow(cx: DrContext, set: DataSet, tag: string): Promise<string> {
  const of = backedUp(set);
  return METHODS[of.protection.method].backUpNow(cx, of, tag);
}

/**
 * Restores the newest backup of a set into a place of its own beside it. What it was restored into is the caller's to remove, whatever came
 * of it. An answer about the backup is in the result; a Failure is thrown when the restore could not even be asked for.
 */
export async function restoreScratch(cx: DrContext, set: DataSet, tag: string): Promise<Scratch> {
  const of = backedUp(set);
  return METHODS[of.protection.method].restoreScratch(cx, of, tag);
}

/** Undoes what an interrupted run left of its own: a trigger under which a schedule rests. Whoever calls it holds the cluster's lock. */
export async function release(cx: DrContext, set: DataSet): Promise<void> {
  if (isBackedUp(set) && set.protection.method === 'volsync') await volsync.release(cx, set);
}

/** What became of a data set after a rebuild. `frozenSim`: when the cluster was frozen, on its clock. A missing backup is never a fresh start. */
export async function becameOf(cx: DrContext, set: DataSet, frozenSim: string | null, objectiveMs: number | null): Promise<DataVerdict> {
  const verdict = async (): Promise<Pick<DataVerdict, 'became' | 'restoredFrom' | 'because'>> => {
    if (set.protection.by === 'git') return fromGit(cx, set);
    if (set.protection.by === 'none') return { became: 'fresh, as declared', restoredFrom: null, because: set.protection.reason };
    const of = backedUp(set);
    if (of.protection.method === 'volsync') {
      const [claim, destination] = await Promise.all([cx.looking.kube.get(KINDS.PersistentVolumeClaim, set.object, set.namespace), cx.looking.kube.get(KINDS.ReplicationDestination, of.protection.restore, set.namespace)]);
      return volsync.becameOf(of, claim, destination);
    }
    const [cluster, store] = await Promise.all([cx.looking.kube.get(KINDS.PostgresCluster, set.object, set.namespace), cx.looking.kube.get(KINDS.ObjectStore, of.protection.restore, set.namespace)]);
    const marked = readRecord(cx.runDir, 'sentinels', cx.cluster.name)?.find((each) => each.dataSet === set.name)?.backedUpSim;
    const backedUpAt = Date.parse(marked ?? '');
    const became = barman.becameOf(of, cluster, store, { backedUp: Number.isNaN(backedUpAt) ? undefined : backedUpAt, generation: readRecord(cx.runDir, 'generation', cx.cluster.name)?.from });
    const open = became.became === 'unknown' ? await barman.openBecause(cx, of) : undefined;
    return open === undefined ? became : { ...became, because: `its recovery is not over: ${open}` };
  };
  let answer: Pick<DataVerdict, 'became' | 'restoredFrom' | 'because'>;
  try {
    answer = await verdict();
  } catch (error) {
    if (!isAnswer(error)) throw error;
    answer = { became: 'unknown', restoredFrom: null, because: error.message };
  }
  return { dataSet: set.name, kind: set.kind, protection: set.protection.by, objectiveMs, lossMs: lossOf(answer.restoredFrom, frozenSim), ...answer };
}

/** ms between the moment data is of and the freeze; data written after the freeze is not less than no loss. */
export function lossOf(restoredFrom: string | null, frozenSim: string | null): number | null {
  const loss = Date.parse(frozenSim ?? '') - Date.parse(restoredFrom ?? '');
  return Number.isNaN(loss) ? null : Math.max(0, loss);
}

/** The Flux Kustomization that applied an object, by the label it leaves; null: nobody of Flux. */
export async function appliedBy(cx: Pick<DrContext, 'looking'>, set: DataSet): Promise<{ readonly there: boolean; readonly by: string | null }> {
  const [map, secret] = await Promise.all([cx.looking.kube.get(KINDS.ConfigMap, set.object, set.namespace), cx.looking.kube.list(KINDS.Secret, { namespace: set.namespace, metadataOnly: true })]);
  const found = map ?? secret.items.find((each) => each.metadata.name === set.object);
  return found === undefined ? { there: false, by: null } : { there: true, by: textIn(found, 'metadata', 'labels', 'kustomize.toolkit.fluxcd.io/name') ?? null };
}

async function fromGit(cx: DrContext, set: DataSet): Promise<Pick<DataVerdict, 'became' | 'restoredFrom' | 'because'>> {
  const { there, by } = await appliedBy(cx, set);
  if (!there) return { became: 'lost', restoredFrom: null, because: `there is no ConfigMap or Secret ${set.namespace}/${set.object}` };
  return by === null ? { became: 'unknown', restoredFrom: null, because: 'it is there, and no Kustomization says that it applied it' } : { became: 'from git', restoredFrom: null, because: `applied by Kustomization ${by}` };
}
