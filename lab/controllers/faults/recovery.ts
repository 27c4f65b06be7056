/** Faults of backups and restores that are more than an answer: what they change of objects and stores, and what is taken up again when they are healed. */
import type { ControllerContext, KubeObject } from '../../world/types.ts';
import { at, conditionOf, iso, refOf, text } from '../../catalog/data.ts';
import { dataOf } from '../data/memory.ts';
import { repositoryOf, VOLSYNC_API } from '../data/volsync.ts';
import { removeIfThere } from '../flux/common.ts';
import { befalls } from './befalls.ts';
import type { ObjectFault } from './objects.ts';

const STALE = 72 * 3_600_000;
const claim = (source: KubeObject): KubeObject => ({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { namespace: source.metadata.namespace ?? '', name: text(at(source.spec, 'sourcePVC')) ?? '' } });

const stale: ObjectFault = {
  name: 'backup-stale',
  hold(cx, fault) {
    if (cx.store.typeOf(VOLSYNC_API, 'ReplicationSource') === undefined) return;
    const most = Date.parse(fault.since) - STALE;
    for (const source of cx.store.list(VOLSYNC_API, 'ReplicationSource').filter((each) => befalls(cx, this.name, claim(each)))) {
      const repository = repositoryOf(cx, source);
      const known = 'error' in repository ? undefined : dataOf(cx).repositories[repository.url];
      const newest = known?.snapshots.at(-1);
      if (known !== undefined && newest !== undefined && newest.at > most) {
        known.snapshots = known.snapshots.map((snapshot) => ({ ...snapshot, at: snapshot.at - (newest.at - most) }));
        dataOf(cx).changed();
      }
      const last = text(at(source.status, 'lastSyncTime'));
      // Whoever looked just then sees a backup of three days ago, and the next one on its way ever since.
      if (last !== undefined && Date.parse(last) > most) cx.store.updateStatus(refOf(source), { ...source.status, lastSyncTime: iso(most) });
    }
  },
  release: () => undefined,
};

/** A recovery that was given up is begun anew once its cause is gone, as when somebody deletes the Job. */
const begunAnew = (name: string): ObjectFault => ({
  name,
  hold: () => undefined,
  release(cx: ControllerContext) {
    for (const job of cx.store.list('batch/v1', 'Job').filter((each) => each.metadata.labels?.['cnpg.io/jobRole'] !== undefined && conditionOf(each, 'Failed')?.['status'] === 'True')) removeIfThere(cx, refOf(job));
  },
});

export const RECOVERY_OBJECT_FAULTS: readonly ObjectFault[] = [stale, begunAnew('archive-not-empty'), begunAnew('postgres-restore-fails'), begunAnew('store-down')];
