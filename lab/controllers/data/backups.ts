/** Backups of databases: on demand, and by schedule; a Backup is taken once and never again. */
import type { BaseBackup } from '../../world/data.ts';
import type { ControllerContext, KubeObject } from '../../world/types.ts';
import { at, conditionOf, iso, plain, refOf, text, withConditions, type Condition, type Plain } from '../../catalog/data.ts';
import { TIMES } from '../../catalog/timings.ts';
import type { Outcome } from '../operator-kinds.ts';
import { archive, archiveAt, destinationOf, lsn, PLUGIN, stamp, walName, type Place } from './barman.ts';
import { nextTime } from './cron.ts';
import { database, databaseUp, POSTGRES } from './databases.ts';
import { befallsStore } from './faults.ts';
import { contentOf, dataOf } from './memory.ts';

const compact = (ms: number): string => iso(ms).replaceAll(/\D/g, '');

function onCluster(cx: ControllerContext, cluster: KubeObject, condition: Condition, more: Plain = {}): void {
  const live = cx.store.get(refOf(cluster)) ?? cluster;
  cx.store.updateStatus(refOf(live), { ...live.status, ...more, conditions: withConditions(live, cx.clock.now(), [condition]) });
}
/** What the ObjectStore says of a server after a backup, or after one that failed. */
function window(cx: ControllerContext, place: Place, failedAt?: number): void {
  const live = cx.store.get(refOf(place.store)) ?? place.store;
  const bases = archiveAt(cx, place)?.bases ?? [];
  const windows = plain(at(live.status, 'serverRecoveryWindow'));
  cx.store.updateStatus(refOf(live), {
    ...live.status,
    serverRecoveryWindow: {
      ...windows,
      [place.server]: {
        ...plain(windows[place.server]), ...(failedAt === undefined ? {} : { lastFailedBackupTime: iso(failedAt) }),
        ...(failedAt !== undefined || bases[0] === undefined ? {} : { firstRecoverabilityPoint: iso(bases[0].end), lastSuccessfulBackupTime: iso(bases.at(-1)?.end ?? bases[0].end) }),
      },
    },
  });
}

/** Takes the base backup: the log is closed with it, so all that was written before its end is in the archive. */
function take(cx: ControllerContext, place: Place, cluster: KubeObject, began: number): BaseBackup | string {
  const own = database(cx, cluster.metadata.namespace ?? '', cluster.metadata.name);
  if (own === undefined) return 'instance not found';
  if (befallsStore(cx)) return 'rpc error: code = Unknown desc = exit status 2';
  const content = contentOf(cx, own.volume);
  const trouble = archive(cx, place, cluster, content, conditionOf(cluster, 'ContinuousArchiving')?.['status'] !== 'True');
  const found = archiveAt(cx, place);
  if (trouble !== undefined || found === undefined) return trouble ?? 'rpc error: code = Unknown desc = exit status 1';
  const base: BaseBackup = { id: stamp(began), name: `backup-${compact(began)}`, begin: began, end: cx.clock.now(), segment: found.wal.segment, content };
  found.bases = [...found.bases, base].slice(-30);
  dataOf(cx).changed();
  return base;
}

export function backup(cx: ControllerContext, object: KubeObject): Outcome {
  const now = cx.clock.now();
  const phase = text(at(object.status, 'phase'));
  if (phase === 'completed' || phase === 'failed') return {};
  const failed = (error: string): Outcome => ({ status: { phase: 'failed', error, method: text(at(object.spec, 'method')) ?? 'barmanObjectStore', reconciliationTerminatedAt: iso(now) } });
  const name = text(at(object.spec, 'cluster.name')) ?? '';
  const own = database(cx, object.metadata.namespace ?? '', name);
  if (own === undefined) return { status: { phase: 'pending' }, again: 30_000 };
  const { cluster } = own;
  if (at(object.spec, 'method') !== 'plugin' || at(object.spec, 'pluginConfiguration.name') !== PLUGIN) return failed(`requested plugin is not available: ${text(at(object.spec, 'pluginConfiguration.name')) ?? ''}`);
  if (!databaseUp(cx, cluster)) return { status: { phase: 'pending' }, again: 30_000 };
  const place = destinationOf(cx, cluster);
  if (phase !== 'started') {
    onCluster(cx, cluster, { type: 'LastBackupSucceeded', status: 'False', reason: 'BackupStarted', message: 'New Backup starting up' });
    return { status: { phase: 'started', method: 'plugin', instanceID: { podName: `${name}-1`, ContainerID: `containerd://${own.volume.metadata.uid ?? ''}` }, reconciliationStartedAt: iso(now), majorVersion: 17 }, again: TIMES.baseBackup };
  }
  const began = Date.parse(text(at(object.status, 'reconciliationStartedAt')) ?? iso(now));
  if (now < began + TIMES.baseBackup) return { again: began + TIMES.baseBackup - now };
  const taken = place === undefined ? 'no WAL archiver is configured' : 'error' in place ? place.error : take(cx, place, cluster, began);
  if (typeof taken === 'string') {
    onCluster(cx, cluster, { type: 'LastBackupSucceeded', status: 'False', reason: 'LastBackupFailed', message: taken }, { lastFailedBackup: iso(now) });
    if (place !== undefined && !('error' in place)) window(cx, place, now);
    return failed(taken);
  }
  if (place !== undefined && !('error' in place)) window(cx, place);
  onCluster(cx, cluster, { type: 'LastBackupSucceeded', status: 'True', reason: 'LastBackupSucceeded', message: 'Backup was successful' });
  return { status: {
    phase: 'completed', backupId: taken.id, backupName: taken.name, beginWal: walName(taken.segment), endWal: walName(taken.segment), beginLSN: lsn(taken.segment, 40), endLSN: lsn(taken.segment, 288),
    startedAt: iso(taken.begin), stoppedAt: iso(taken.end), online: true, reconciliationTerminatedAt: iso(now), pluginMetadata: { clusterUID: cluster.metadata.uid ?? '', displayName: 'BarmanCloudInstance', name: PLUGIN, timeline: '1', version: '0.9.0' },
  } };
}

export function scheduledBackup(cx: ControllerContext, object: KubeObject): Outcome {
  if (at(object.spec, 'suspend') === true) return {};
  const now = cx.clock.now();
  const namespace = object.metadata.namespace ?? '';
  const schedule = text(at(object.spec, 'schedule')) ?? '';
  const children = cx.store.list(POSTGRES, 'Backup', namespace).filter((entry) => entry.metadata.labels?.['cnpg.io/scheduled-backup'] === object.metadata.name);
  if (children.some((entry) => !['completed', 'failed'].includes(text(at(entry.status, 'phase')) ?? ''))) return { again: 59_000 };
  const checked = text(at(object.status, 'lastCheckTime'));
  const next = (from: number): number => nextTime(schedule, from) ?? Number.POSITIVE_INFINITY;
  const immediate = checked === undefined && at(object.spec, 'immediate') === true;
  if (checked === undefined && !immediate) return { status: { lastCheckTime: iso(now) }, again: next(now) - now };
  const due = immediate ? now : next(Date.parse(checked ?? iso(now)));
  if (now < due) return { again: due - now };
  const name = `${object.metadata.name}-${compact(due)}`;
  if (!children.some((entry) => entry.metadata.name === name)) {
    cx.store.create({
      apiVersion: POSTGRES, kind: 'Backup',
      metadata: {
        name, namespace, labels: { 'cnpg.io/cluster': text(at(object.spec, 'cluster.name')) ?? '', 'cnpg.io/immediateBackup': String(immediate), 'cnpg.io/scheduled-backup': object.metadata.name },
        ...(at(object.spec, 'backupOwnerReference') === 'self' ? { ownerReferences: [{ apiVersion: object.apiVersion, kind: object.kind, name: object.metadata.name, uid: object.metadata.uid ?? '', controller: true }] } : {}),
      },
      spec: { cluster: at(object.spec, 'cluster'), method: text(at(object.spec, 'method')) ?? 'barmanObjectStore', ...(at(object.spec, 'pluginConfiguration') === undefined ? {} : { pluginConfiguration: at(object.spec, 'pluginConfiguration') }) },
    });
  }
  // The lab keeps as many as its archive holds: a simulated month is an hour or two.
  for (const old of children.toSorted((a, b) => a.metadata.name.localeCompare(b.metadata.name)).slice(0, -30)) cx.store.delete(refOf(old));
  return { status: { lastCheckTime: iso(now), lastScheduleTime: iso(due), nextScheduleTime: iso(next(now)) }, again: next(now) - now };
}

/** The database a change of one of its pods, Jobs or volumes concerns. */
export function databaseOf(object: KubeObject): string | undefined {
  const name = object.metadata.labels?.['cnpg.io/cluster'];
  return name === undefined || !['Pod', 'Job'].includes(object.kind) || conditionOf(object, 'Ready')?.['status'] === 'Unknown' ? undefined : `${object.metadata.namespace ?? ''}/${name}`;
}
