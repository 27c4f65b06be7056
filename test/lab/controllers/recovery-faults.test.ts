import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../lab/world/types.ts';
import { dataCluster, logsOf, namespaced, NAMESPACE, POSTGRES, REPOSITORY, statusOf, VOLSYNC, type DataRig } from './data-rig.ts';
import { said } from './rig.ts';

const on = (r: DataRig, fault: string, object?: string): void => { r.faults.push({ fault, cluster: 'infra', since: new Date(r.clock.now()).toISOString(), ...(object === undefined ? {} : { object }) }); };
const off = (r: DataRig): void => { r.faults.length = 0; };
const source = (r: DataRig): KubeObject => r.of(VOLSYNC, 'ReplicationSource', 'ledger');
const orders = (r: DataRig): KubeObject => r.of(POSTGRES, 'Cluster', 'orders');
const sync = async (r: DataRig, tag: string, most?: number): Promise<void> => {
  r.store.patch({ apiVersion: VOLSYNC, kind: 'ReplicationSource', name: 'ledger', namespace: NAMESPACE }, 'merge', { spec: { trigger: { manual: tag } } });
  await r.until(`backup ${tag}`, () => statusOf(source(r))['lastManualSync'] === tag, most);
};
const copy = async (r: DataRig, name: string, done: () => boolean): Promise<KubeObject> => {
  r.put(namespaced(VOLSYNC, 'ReplicationDestination', name, { trigger: { manual: 'once' }, restic: { repository: 'ledger-restic', copyMethod: 'Direct', capacity: '1Gi', accessModes: ['ReadWriteOnce'] } }));
  await r.until(`${name} told`, done);
  return r.of(VOLSYNC, 'ReplicationDestination', name);
};
const told = (r: DataRig, name: string) => (): boolean => logsOf(r.of(VOLSYNC, 'ReplicationDestination', name)) !== '';
/** With marks in both data sets, backed up. */
async function marked(): Promise<DataRig> {
  const r = await dataCluster();
  await r.until('well', () => said(orders(r), 'LastBackupSucceeded').startsWith('True') && statusOf(source(r))['lastSyncTime'] !== undefined && said(orders(r)).startsWith('True'));
  const { contents } = r.world.of('infra');
  for (const [claim, key] of [['ledger', '.dr-sentinel'], ['orders-1', 'dr_sentinel']] as const) contents[r.of('v1', 'PersistentVolumeClaim', claim).metadata.uid ?? ''] = { ...r.inside(claim), [key]: 'mark' };
  await sync(r, 'marked');
  r.put(namespaced(POSTGRES, 'Backup', 'marked', { cluster: { name: 'orders' }, method: 'plugin', pluginConfiguration: { name: 'barman-cloud.cloudnative-pg.io' } }));
  await r.until('backed up', () => r.of(POSTGRES, 'Backup', 'marked').status?.['phase'] === 'completed');
  return r;
}
async function rebuilt(first: DataRig, fault?: readonly [name: string, object: string]): Promise<DataRig> {
  first.stop();
  const r = await dataCluster({ world: first.world, mode: 'restore', generation: 'two', from: 'one' });
  if (fault !== undefined) on(r, ...fault);
  return r;
}
const whole = async (r: DataRig): Promise<void> => r.until('well', () => said(orders(r)).startsWith('True') && r.of('v1', 'PersistentVolumeClaim', 'ledger').status?.['phase'] === 'Bound');

describe('faults of backups', () => {
  test('backup-missing: the mover says that it saved one, and nothing can be restored', async () => {
    const r = await marked();
    on(r, 'backup-missing', 'lab-data/ledger');
    await sync(r, 'again');
    expect(logsOf(source(r))).toMatch(/saved$/m);
    expect((await copy(r, 'gone', told(r, 'gone'))).status).toMatchObject({ latestMoverStatus: { result: 'Successful', logs: expect.stringMatching(/No eligible snapshots found/) } });
    off(r);
    await sync(r, 'healed');
    expect(logsOf(await copy(r, 'there', told(r, 'there')))).toMatch(/^restoring snapshot/m);
  });

  test('backup-stale: the newest is three days old and the next does not end; healed it does', async () => {
    const r = await marked();
    on(r, 'backup-stale', 'lab-data/ledger');
    await r.until('stale', () => r.clock.now() - Date.parse(String(statusOf(source(r))['lastSyncTime'])) >= 72 * 3_600_000);
    expect(r.clock.now() - (r.world.of('infra').repositories[REPOSITORY]?.snapshots.at(-1)?.at ?? 0)).toBeGreaterThanOrEqual(72 * 3_600_000);
    await expect(sync(r, 'stuck', 20 * 60_000)).rejects.toThrow(/not backup stuck/);
    expect(said(source(r), 'Synchronizing')).toMatch(/^True SyncInProgress/);
    off(r);
    await r.until('healed', () => statusOf(source(r))['lastManualSync'] === 'stuck');
  });

  test('backup-unreadable: backups go in and nothing comes out', async () => {
    const r = await marked();
    on(r, 'backup-unreadable', 'lab-data/ledger');
    await sync(r, 'again');
    const broken = await copy(r, 'broken', told(r, 'broken'));
    expect(broken.status).toMatchObject({ latestMoverStatus: { result: 'Failed', logs: expect.stringMatching(/ciphertext verification failed[\s\S]*Fatal: There were 1 errors$/) } });
    expect(broken.status?.['latestImage']).toBeUndefined();
    off(r);
    await r.until('healed', () => statusOf(r.of(VOLSYNC, 'ReplicationDestination', 'broken'))['lastManualSync'] === 'once');
  });

  test('store-down: movers, backups and the log fail, each in its own words; healed all goes on', async () => {
    const r = await marked();
    on(r, 'store-down');
    r.store.patch({ apiVersion: VOLSYNC, kind: 'ReplicationSource', name: 'ledger', namespace: NAMESPACE }, 'merge', { spec: { trigger: { manual: 'down' } } });
    r.put(namespaced(POSTGRES, 'Backup', 'down', { cluster: { name: 'orders' }, method: 'plugin', pluginConfiguration: { name: 'barman-cloud.cloudnative-pg.io' } }));
    await r.until('told', () => /Failed/.test(JSON.stringify(statusOf(source(r))['latestMoverStatus'])) && r.of(POSTGRES, 'Backup', 'down').status?.['phase'] === 'failed' && said(orders(r), 'ContinuousArchiving').startsWith('False'));
    expect(logsOf(source(r))).toMatch(/Fatal: create repository at s3:.* connection refused$/m);
    expect(said(orders(r), 'LastBackupSucceeded')).toBe('False LastBackupFailed: rpc error: code = Unknown desc = exit status 2');
    expect(r.of('barmancloud.cnpg.io/v1', 'ObjectStore', 'orders-backups').status).toMatchObject({ serverRecoveryWindow: { 'orders-one': { lastFailedBackupTime: expect.any(String), lastSuccessfulBackupTime: expect.any(String) } } });
    off(r);
    await r.until('healed', () => statusOf(source(r))['lastManualSync'] === 'down' && said(orders(r), 'ContinuousArchiving').startsWith('True'));
  });
});

describe('faults of what comes back', () => {
  test('archive-not-empty: the database does not come up, and its pod says why; healed it does', async () => {
    const r = await rebuilt(await marked(), ['archive-not-empty', 'lab-data/orders']);
    await r.until('told', () => r.store.list('v1', 'Pod', NAMESPACE).some((pod) => pod.metadata.annotations?.['lab.task/log']?.includes('WAL archive check failed for server orders-two: Expected empty archive') === true));
    await r.until('given up', () => said(r.of('batch/v1', 'Job', 'orders-1-full-recovery'), 'Failed').startsWith('True'), 3_600_000);
    expect(orders(r).status).toMatchObject({ phase: 'Setting up primary' });
    off(r);
    await whole(r);
    expect(r.inside('orders-1')).toMatchObject({ dr_sentinel: 'mark' });
  });

  test('postgres-restore-fails: likewise, with a piece of the log', async () => {
    const r = await rebuilt(await marked(), ['postgres-restore-fails', 'lab-data/orders']);
    await r.until('told', () => r.store.list('v1', 'Pod', NAMESPACE).some((pod) => /first needed WAL in the archive: file not found [0-9A-F]{24}: WAL not found/.test(pod.metadata.annotations?.['lab.task/log'] ?? '')));
    off(r);
    await whole(r);
  });

  test('sentinel-lost and data-comes-back-fresh: every status is well, and the data is not', async () => {
    const first = await marked();
    const lost = await rebuilt(first, ['sentinel-lost', 'ledger']);
    await whole(lost);
    expect(logsOf(lost.of(VOLSYNC, 'ReplicationDestination', 'ledger-restore'))).toMatch(/^restoring snapshot/m);
    expect(Object.keys(lost.inside('ledger'))).toEqual(['ledger.csv']);
    expect(lost.inside('ledger')['ledger.csv']).toBe(first.inside('ledger')['ledger.csv']);
    lost.stop();
    const fresh = await dataCluster({ world: first.world, mode: 'restore', generation: 'three', from: 'one' });
    on(fresh, 'data-comes-back-fresh', 'lab-data/ledger');
    await whole(fresh);
    await fresh.until('begun anew', () => 'ledger.csv' in fresh.inside('ledger'));
    expect(fresh.inside('ledger')['ledger.csv']).not.toBe(first.inside('ledger')['ledger.csv']);
    expect(fresh.of(VOLSYNC, 'ReplicationDestination', 'ledger-restore').status).toMatchObject({ latestMoverStatus: { result: 'Successful' } });
  });

  test('without a fault all of it is there', async () => {
    const r = await rebuilt(await marked());
    await whole(r);
    expect([r.inside('ledger')['.dr-sentinel'], r.inside('orders-1')['dr_sentinel']]).toEqual(['mark', 'mark']);
  });
});
