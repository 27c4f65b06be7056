import { describe, expect, test } from 'vitest';
import { nextTime } from '../../../lab/controllers/data/cron.ts';
import { repositoryOf } from '../../../lab/controllers/data/volsync.ts';
import type { KubeObject } from '../../../lab/world/types.ts';
import { dataCluster, logsOf, namespaced, NAMESPACE, POSTGRES, REPOSITORY, statusOf, VOLSYNC, type DataRig } from './data-rig.ts';
import { said } from './rig.ts';

const BACKUP = { cluster: { name: 'orders' }, method: 'plugin', pluginConfiguration: { name: 'barman-cloud.cloudnative-pg.io' } };
const up = async (r: DataRig): Promise<void> => {
  await r.until('the volume backed up', () => statusOf(r.of(VOLSYNC, 'ReplicationSource', 'ledger'))['lastSyncTime'] !== undefined);
  await r.until('the database healthy and backed up', () => said(r.of(POSTGRES, 'Cluster', 'orders'), 'LastBackupSucceeded').startsWith('True'));
};
const write = (r: DataRig, claim: string, key: string, value: string): void => {
  const uid = r.of('v1', 'PersistentVolumeClaim', claim).metadata.uid ?? '';
  r.world.of('infra').contents[uid] = { ...r.inside(claim), [key]: value };
};
const source = (r: DataRig): KubeObject => r.of(VOLSYNC, 'ReplicationSource', 'ledger');
const trigger = async (r: DataRig, tag: string): Promise<void> => {
  r.store.patch({ apiVersion: VOLSYNC, kind: 'ReplicationSource', name: 'ledger', namespace: NAMESPACE }, 'merge', { spec: { trigger: { manual: tag } } });
  await r.until(`backup ${tag}`, () => statusOf(source(r))['lastManualSync'] === tag);
};
const restoring = (name: string, restic: Readonly<Record<string, unknown>>): KubeObject => namespaced(VOLSYNC, 'ReplicationDestination', name, { trigger: { manual: 'once' }, restic: { repository: 'ledger-restic', copyMethod: 'Direct', capacity: '1Gi', accessModes: ['ReadWriteOnce'], ...restic } });
const restored = async (r: DataRig, name: string, restic: Readonly<Record<string, unknown>> = {}): Promise<Readonly<Record<string, string>>> => {
  r.put(restoring(name, restic));
  await r.until(`${name} restored`, () => statusOf(r.of(VOLSYNC, 'ReplicationDestination', name))['lastManualSync'] === 'once');
  return r.inside(`volsync-${name}-dest`);
};

describe('schedules', () => {
  const at = (text: string): number => Date.parse(text);
  test.each([
    ['*/5 * * * *', '2026-09-01T10:02:30Z', '2026-09-01T10:05:00Z'], ['0 */6 * * *', '2026-09-01T18:00:00Z', '2026-09-02T00:00:00Z'], ['0 0 3 * * *', '2026-09-01T03:00:00Z', '2026-09-02T03:00:00Z'],
    ['@daily', '2026-12-31T23:59:59Z', '2027-01-01T00:00:00Z'], ['30 2 * * 0', '2026-09-01T00:00:00Z', '2026-09-06T02:30:00Z'], ['30 2 * * 7', '2026-09-01T00:00:00Z', '2026-09-06T02:30:00Z'],
    ['0 0 29 2 *', '2026-09-01T00:00:00Z', '2028-02-29T00:00:00Z'], ['0 12 1,15 * 1', '2026-09-02T00:00:00Z', '2026-09-07T12:00:00Z'], ['15-45/15 9 * * *', '2026-09-01T09:16:00Z', '2026-09-01T09:30:00Z'],
  ])('%s after %s is %s', (schedule, after, next) => { expect(new Date(nextTime(schedule, at(after)) ?? 0).toISOString()).toBe(new Date(at(next)).toISOString()); });
  test.each(['* * * *', '61 * * * *', 'a * * * *', '5-2 * * * *', '@reboot'])('%s is refused', (schedule) => { expect(() => nextTime(schedule, 0)).toThrow(/expected/); });
  test('one that never fires has no next time', () => { expect(nextTime('0 0 31 2 *', 0)).toBeUndefined(); });
});

describe('a volume', () => {
  test('is backed up by schedule and by hand, each in the words of restic, and a tag wins over the schedule while it is there', async () => {
    const r = await dataCluster();
    await up(r);
    await r.until('idle', () => said(source(r), 'Synchronizing') === 'False WaitingForSchedule: Waiting for next scheduled synchronization');
    expect(source(r).status).toMatchObject({ latestMoverStatus: { result: 'Successful' }, nextSyncTime: expect.stringMatching(/T(00|06|12|18):00:00Z$/) });
    expect(logsOf(source(r))).toMatch(/^=== Initialize Dir ===\ncreated restic repository [0-9a-f]{10} at s3:http:\/\/192\.0\.2\.3:9000\/backups\/infra\/volumes\/ledger\nno parent snapshot found, will read all files\nAdded to the repository: .*\nprocessed 1 files, .* in 0:00\nsnapshot [0-9a-f]{8} saved\nRestic completed in 4s$/);
    const first = statusOf(source(r))['lastSyncTime'];
    await r.until('the next by schedule', () => statusOf(source(r))['lastSyncTime'] !== first, 7 * 3_600_000);
    await trigger(r, 'by-hand');
    expect(logsOf(source(r))).toMatch(/^using parent snapshot [0-9a-f]{8}$/m);
    await r.clock.advance(2_000);
    expect(said(source(r), 'Synchronizing')).toBe('False WaitingForManual: Waiting for manual trigger');
    expect(source(r).status).not.toMatchObject({ nextSyncTime: expect.anything() });
    const before = statusOf(source(r))['lastSyncTime'];
    await r.clock.advance(13 * 3_600_000);
    expect(statusOf(source(r))['lastSyncTime']).toBe(before);
  });

  test('is known by its claim, whatever its repository is called: to who backs it up, who restores it, and who is to be filled', async () => {
    const r = await dataCluster();
    await up(r);
    // Of one and the same Secret, whose last word is no claim's name.
    r.store.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'ledger-restic', namespace: NAMESPACE }, data: { RESTIC_REPOSITORY: Buffer.from('s3:http://192.0.2.3:9000/volsync/books').toString('base64'), RESTIC_PASSWORD: Buffer.from('a password').toString('base64') } }, { manager: 'test', force: true });
    const named = (object: KubeObject): unknown => { const found = repositoryOf(r.cx, object); return 'error' in found ? found.error : found.volume; };
    expect(named(source(r))).toBe('ledger');
    const back = restoring('books-restore', {});
    expect(named(back)).toBe('ledger');
    const alone = { ...back, spec: { ...back.spec, restic: { repository: 'other-restic' } } };
    r.store.create({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'other-restic', namespace: NAMESPACE }, data: { RESTIC_REPOSITORY: Buffer.from('s3:http://192.0.2.3:9000/volsync/others').toString('base64'), RESTIC_PASSWORD: Buffer.from('x').toString('base64') } });
    expect(named(alone)).toBe('others');
    r.put(namespaced('v1', 'PersistentVolumeClaim', 'papers', { accessModes: ['ReadWriteOnce'], dataSourceRef: { apiGroup: 'volsync.backube', kind: 'ReplicationDestination', name: 'books-restore' }, resources: { requests: { storage: '1Gi' } } }));
    expect(named(alone)).toBe('papers');
  });

  test('that nobody uses yet is begun by the Job that is there for that, and by no other', async () => {
    const r = await dataCluster();
    for (const [claim, component] of [['begun', 'begin-volume'], ['read', 'reader']] as const) {
      r.put(namespaced('v1', 'PersistentVolumeClaim', claim, { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }));
      r.put(namespaced('batch/v1', 'Job', claim, { template: { metadata: { labels: { 'app.kubernetes.io/component': component } }, spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'docker.io/library/busybox:1.37.0' }], volumes: [{ name: 'data', persistentVolumeClaim: { claimName: claim } }] } } }));
      await r.until(`${claim} done`, () => said(r.of('batch/v1', 'Job', claim), 'Complete').startsWith('True'));
    }
    expect(Object.keys(r.inside('begun'))).toHaveLength(1);
    expect(r.inside('read')).toEqual({});
  });

  test('that is empty is backed up to nothing, and that is called a success', async () => {
    const r = await dataCluster();
    r.put(namespaced('v1', 'PersistentVolumeClaim', 'empty', { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }));
    r.put(namespaced(VOLSYNC, 'ReplicationSource', 'empty', { sourcePVC: 'empty', trigger: { manual: 'x' }, restic: { repository: 'ledger-restic', copyMethod: 'Direct' } }));
    await r.until('the backup', () => statusOf(r.of(VOLSYNC, 'ReplicationSource', 'empty'))['lastManualSync'] === 'x');
    expect(r.of(VOLSYNC, 'ReplicationSource', 'empty').status).toMatchObject({ latestMoverStatus: { result: 'Successful', logs: '== Directory is empty skipping backup ===' } });
  });

  test('is copied at the moment its backup begins: what is written later is not in it', async () => {
    const r = await dataCluster();
    await up(r);
    write(r, 'ledger', 'mark', 'before');
    r.store.patch({ apiVersion: VOLSYNC, kind: 'ReplicationSource', name: 'ledger', namespace: NAMESPACE }, 'merge', { spec: { trigger: { manual: 'x' } } });
    await r.clock.advance(2_000);
    write(r, 'ledger', 'mark', 'after');
    await r.until('the backup', () => statusOf(source(r))['lastManualSync'] === 'x');
    expect(await restored(r, 'copy')).toMatchObject({ mark: 'before' });
  });

  test('comes back into the next cluster before anybody uses it, as it was', async () => {
    const first = await dataCluster();
    await up(first);
    write(first, 'ledger', 'mark', 'one');
    await trigger(first, 'x');
    first.stop();
    const second = await dataCluster({ world: first.world, mode: 'restore', generation: 'two', from: 'one' });
    // Until the restore has an image, the claim is Pending and nobody runs with it.
    expect(second.of('v1', 'PersistentVolumeClaim', 'ledger').status?.['phase']).toBe('Pending');
    const pod = (): KubeObject | undefined => second.store.list('v1', 'Pod', NAMESPACE).find(({ metadata }) => metadata.name.startsWith('ledger-'));
    await second.until('a pod', () => pod() !== undefined);
    expect(said(pod() ?? first.of('v1', 'PersistentVolumeClaim', 'ledger'), 'PodScheduled')).toMatch(/unbound immediate PersistentVolumeClaims/);
    await second.until('the claim bound', () => second.of('v1', 'PersistentVolumeClaim', 'ledger').status?.['phase'] === 'Bound');
    expect(second.inside('ledger')).toMatchObject({ mark: 'one' });
    const destination = second.of(VOLSYNC, 'ReplicationDestination', 'ledger-restore');
    expect(destination.status).toMatchObject({ lastManualSync: 'restore-once', latestImage: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: expect.stringMatching(/^volsync-ledger-restore-dest-\d{14}$/) } });
    expect(logsOf(destination)).toMatch(/^restoring snapshot [0-9a-f]{8} of \[\/data\] at 2026-11-21 \d\d:\d\d:\d\d\.\d{9} \+0000 UTC by @volsync to \.\nRestic completed in 5s$/);
  });

  test('of which there is no backup comes back empty, and the operator calls that a success', async () => {
    const r = await dataCluster({ mode: 'restore', generation: 'two', from: 'one' });
    await r.until('the restore', () => statusOf(r.of(VOLSYNC, 'ReplicationDestination', 'ledger-restore'))['latestImage'] !== undefined);
    expect(r.of(VOLSYNC, 'ReplicationDestination', 'ledger-restore').status).toMatchObject({ latestMoverStatus: { result: 'Successful', logs: expect.stringMatching(/^=== Initialize Dir ===\ncreated restic repository .*\nNo eligible snapshots found\n=== No data will be restored ===\nRestic completed in 3s$/) } });
    await r.until('the claim bound', () => r.of('v1', 'PersistentVolumeClaim', 'ledger').status?.['phase'] === 'Bound');
  });

  test('is restored as of a moment, or from one further back', async () => {
    const r = await dataCluster();
    await up(r);
    for (const value of ['one', 'two', 'three']) {
      write(r, 'ledger', 'mark', value);
      await trigger(r, value);
      await r.clock.advance(60_000);
    }
    const [, , second] = r.world.of('infra').repositories[REPOSITORY]?.snapshots ?? [];
    expect(await restored(r, 'newest')).toMatchObject({ mark: 'three' });
    expect(await restored(r, 'previous', { previous: 1 })).toMatchObject({ mark: 'two' });
    expect(await restored(r, 'as-of', { restoreAsOf: new Date(second?.at ?? 0).toISOString() })).toMatchObject({ mark: 'two' });
    expect(await restored(r, 'too-early', { restoreAsOf: '2020-01-01T00:00:00Z' })).toEqual({});
  });

  test('whose password is another one, or whose Secret is not there, is told in the words of the mover and of the operator', async () => {
    const r = await dataCluster();
    await up(r);
    write(r, 'ledger', 'mark', 'one');
    await trigger(r, 'x');
    r.store.create({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'other', namespace: NAMESPACE }, data: { RESTIC_REPOSITORY: Buffer.from(REPOSITORY).toString('base64'), RESTIC_PASSWORD: Buffer.from('guessed').toString('base64') } });
    r.put(restoring('wrong', { repository: 'other' }));
    r.put(restoring('lost', { repository: 'nobody' }));
    await r.until('the failure', () => logsOf(r.of(VOLSYNC, 'ReplicationDestination', 'wrong')) !== '');
    expect(r.of(VOLSYNC, 'ReplicationDestination', 'wrong').status).toMatchObject({ latestMoverStatus: { result: 'Failed', logs: expect.stringMatching(/Fatal: wrong password or no key found/) } });
    expect(said(r.of(VOLSYNC, 'ReplicationDestination', 'wrong'), 'Synchronizing')).toMatch(/^True SyncInProgress/);
    expect(said(r.of(VOLSYNC, 'ReplicationDestination', 'lost'), 'Synchronizing')).toBe('False Error: secrets "nobody" not found');
  });
});

describe('a database', () => {
  test('begins empty, archives, is backed up at once and by demand, and says so as its operators do', async () => {
    const r = await dataCluster();
    await up(r);
    const cluster = r.of(POSTGRES, 'Cluster', 'orders');
    expect(cluster.status).toMatchObject({ phase: 'Cluster in healthy state', currentPrimary: 'orders-1', instances: 2, readyInstances: 2, writeService: 'orders-rw' });
    expect([said(cluster), said(cluster, 'ContinuousArchiving'), said(cluster, 'LastBackupSucceeded')]).toEqual([
      'True ClusterIsReady: Cluster is Ready', 'True ContinuousArchivingSuccess: Continuous archiving is working', 'True LastBackupSucceeded: Backup was successful',
    ]);
    const [first] = r.store.list(POSTGRES, 'Backup', NAMESPACE);
    expect(first).toMatchObject({ metadata: { labels: { 'cnpg.io/scheduled-backup': 'orders', 'cnpg.io/immediateBackup': 'true' } }, status: { phase: 'completed', method: 'plugin', backupId: expect.stringMatching(/^\d{8}T\d{6}$/), online: true } });
    expect(r.of('barmancloud.cnpg.io/v1', 'ObjectStore', 'orders-backups').status).toMatchObject({ serverRecoveryWindow: { 'orders-one': { firstRecoverabilityPoint: expect.any(String), lastSuccessfulBackupTime: expect.any(String) } } });
    expect(Buffer.from(r.of('v1', 'Secret', 'orders-app').data?.['uri'] ?? '', 'base64').toString()).toMatch(/^postgresql:\/\/orders:\w+@orders-rw\.lab-data:5432\/orders$/);
    r.put(namespaced(POSTGRES, 'Backup', 'mine', BACKUP));
    await r.until('it', () => r.of(POSTGRES, 'Backup', 'mine').status?.['phase'] === 'completed');
    await r.until('the daily one', () => r.store.list(POSTGRES, 'Backup', NAMESPACE).length === 3, 25 * 3_600_000);
  });

  test('is recovered to the end of its log, below a new name, whatever the newest base backup holds', async () => {
    const r = await dataCluster();
    await up(r);
    write(r, 'orders-1', 'row', 'one');
    await r.clock.advance(6 * 60_000);
    write(r, 'orders-1', 'row', 'too late');
    r.stop();
    const next = await dataCluster({ world: r.world, mode: 'restore', generation: 'two', from: 'one' });
    await next.until('healthy', () => said(next.of(POSTGRES, 'Cluster', 'orders')).startsWith('True'));
    expect(next.inside('orders-1')).toMatchObject({ row: 'one' });
    expect(Object.keys(next.world.of('infra').archives)).toEqual(['http://192.0.2.3:9000 s3://backups/infra/databases/orders-one', 'http://192.0.2.3:9000 s3://backups/infra/databases/orders-two']);
  });

  test('never writes into an archive that is there already: recovered into it, it stays where it is, and its pod says why', async () => {
    const r = await dataCluster();
    await up(r);
    r.stop();
    const next = await dataCluster({ world: r.world, mode: 'restore', generation: 'one', from: 'one' });
    const failed = (): KubeObject | undefined => next.store.list('v1', 'Pod', NAMESPACE).find((pod) => pod.metadata.labels?.['cnpg.io/jobRole'] === 'full-recovery' && pod.status?.['phase'] === 'Failed');
    await next.until('a failed pod', () => failed() !== undefined);
    expect(failed()?.metadata.annotations?.['lab.task/log']).toContain('ERROR: WAL archive check failed for server orders-one: Expected empty archive');
    expect(next.of(POSTGRES, 'Cluster', 'orders').status).toMatchObject({ phase: 'Setting up primary' });
    await next.until('the Job given up', () => said(next.of('batch/v1', 'Job', 'orders-1-full-recovery'), 'Failed').startsWith('True BackoffLimitExceeded'), 3_600_000);
    expect(next.of(POSTGRES, 'Cluster', 'orders').status).toMatchObject({ phase: 'Setting up primary' });
    // Begun empty it comes up, and archives nothing.
    const fresh = await dataCluster({ world: r.world });
    await fresh.until('healthy', () => said(fresh.of(POSTGRES, 'Cluster', 'orders')).startsWith('True'));
    expect(said(fresh.of(POSTGRES, 'Cluster', 'orders'), 'ContinuousArchiving')).toMatch(/^False ContinuousArchivingFailing: rpc error: .*barman-cloud-wal-archive: exit status 1/);
    await fresh.until('the backup failed', () => fresh.store.list(POSTGRES, 'Backup', NAMESPACE)[0]?.status?.['phase'] === 'failed');
  });

  test('without a backup to recover from says so, and waits', async () => {
    const r = await dataCluster({ mode: 'restore', generation: 'two', from: 'one' });
    await r.until('a failed pod', () => r.store.list('v1', 'Pod', NAMESPACE).some((pod) => pod.metadata.annotations?.['lab.task/log']?.includes('no target backup found') === true));
    expect(said(r.of(POSTGRES, 'Cluster', 'orders'))).toBe('False ClusterIsNotReady: Cluster Is Not Ready');
  });

  test('waits for its plugin', async () => {
    const r = await dataCluster({ parts: ['operators/cloudnative-pg/app'] });
    r.put(namespaced(POSTGRES, 'Cluster', 'plain', { instances: 1, storage: { size: '1Gi' }, plugins: [{ name: 'barman-cloud.cloudnative-pg.io', isWALArchiver: true, parameters: { barmanObjectName: 'x' } }] }));
    await r.until('told', () => statusOf(r.of(POSTGRES, 'Cluster', 'plain'))['phase'] !== undefined);
    expect(r.of(POSTGRES, 'Cluster', 'plain').status).toMatchObject({ phase: 'Cluster cannot proceed to reconciliation due to an unknown plugin being required' });
  });
});
