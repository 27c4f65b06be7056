import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeObject } from '../../scripts/config/cluster.ts';
import type { DataSet } from '../../scripts/config/recovery.ts';
import { readSentinel, writeSentinel, type ProbeContext } from '../../scripts/probes/sentinel.ts';
import { KINDS } from '../../scripts/tools/kinds.ts';
import type { KindRef } from '../../scripts/tools/doors.ts';
import { inside } from './inside.ts';
import { makeRig, type Rig } from './rig.ts';

const NAMESPACE = 'lab-data';
const backup = (method: 'volsync' | 'barman'): DataSet['protection'] => ({ by: 'backup', method, source: '', restore: '', store: 'minio', dataLossMs: 86_400_000 });
const set = (name: string, kind: DataSet['kind'], protection: DataSet['protection']): DataSet => ({ name, cluster: 'apps', kind, namespace: NAMESPACE, object: name, protection });
const LEDGER = set('ledger', 'volume', backup('volsync'));
const ORDERS = set('orders', 'postgres', backup('barman'));
const HANDBOOK = set('handbook', 'object', { by: 'git' });
const SESSIONS = set('sessions', 'volume', { by: 'none', reason: 'a cache' });

const statusOf = (object: KubeObject | null): Readonly<Record<string, unknown>> => (object === null ? {} : Object.fromEntries(Object.entries(object['status'] ?? {})));
/** Waits until an object of the tests' namespace says what is wanted. */
async function until(cx: ProbeContext, kind: KindRef, name: string, wanted: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>> {
  const found = await cx.wait(`${kind.kind} ${name}`, async () => {
    const status = statusOf(await cx.looking.kube.get(kind, name, NAMESPACE));
    const off = Object.entries(wanted).find(([key, value]) => status[key] !== value);
    return off === undefined ? { ok: true, value: status } : { ok: false, because: `${off[0]} is ${JSON.stringify(status[off[0]])}` };
  }, { patience: 20 * 60_000, every: 2_000 });
  return found ?? {};
}
const dataOf = (object: KubeObject | null): Readonly<Record<string, string>> => Object.fromEntries(Object.entries(object?.['data'] ?? {}));

describe.runIf(process.env['SOAK'] !== undefined)("a lab with data sets of its own, through a cluster's loss and its restore", () => {
  let rig: Rig;
  const ok = async (...words: string[]): Promise<string> => {
    const ran = await rig.task(...words);
    expect(`${ran.code} ${ran.stderr}`).toMatch(/^0 /);
    return ran.stdout;
  };
  beforeAll(async () => {
    // A second layer of Flux waits behind the first here; a busy machine needs its time for both.
    rig = makeRig({ speed: '60' });
    await rig.lab('up', '--speed', '60');
  });
  afterAll(async () => { await rig.dispose(); });

  test('what was backed up is there again, what nothing protects is not, and asking twice changes nothing', async () => {
    const target = (): { readonly recovery?: string } => JSON.parse(readFileSync(join(rig.taskDir, 'lab', 'target.json'), 'utf8'));
    expect(target().recovery).toBeUndefined();
    await rig.lab('data');
    await rig.lab('data');
    expect(existsSync(target().recovery ?? '')).toBe(true);
    await ok('cluster:create', 'CLUSTER=apps', 'TARGET=lab', '--yes');

    let cx = inside(rig, 'apps');
    const before = { ledger: 'mark-1', orders: 'mark-2', sessions: 'mark-3', handbook: await readSentinel(cx, HANDBOOK) };
    expect(before.handbook).toMatch(/^[0-9a-f]{64}$/);
    expect(await readSentinel(cx, LEDGER)).toBeNull();
    expect(await readSentinel(cx, ORDERS)).toBeNull();
    const written = await writeSentinel(cx, LEDGER, before.ledger);
    await writeSentinel(cx, ORDERS, before.orders);
    await writeSentinel(cx, SESSIONS, before.sessions);
    // The Jobs are gone when they have answered.
    expect((await cx.looking.kube.list(KINDS.Job, { namespace: NAMESPACE })).items).toEqual([]);

    await cx.doors.kube.patch(KINDS.ReplicationSource, 'ledger', NAMESPACE, { spec: { trigger: { manual: 'test' } } });
    await cx.doors.kube.apply({ apiVersion: 'postgresql.cnpg.io/v1', kind: 'Backup', metadata: { name: 'test', namespace: NAMESPACE }, spec: { cluster: { name: 'orders' }, method: 'plugin', pluginConfiguration: { name: 'barman-cloud.cloudnative-pg.io' } } });
    const synced = await until(cx, KINDS.ReplicationSource, 'ledger', { lastManualSync: 'test' });
    expect(synced['latestMoverStatus']).toMatchObject({ result: 'Successful', logs: expect.stringMatching(/^snapshot [0-9a-f]{8} saved$/m) });
    expect(Date.parse(String(synced['lastSyncTime']))).toBeGreaterThan(Date.parse(written.writtenSim));
    expect(await until(cx, KINDS.PostgresBackup, 'test', { phase: 'completed' })).toMatchObject({ method: 'plugin', online: true });
    const generation = dataOf(await cx.looking.kube.get(KINDS.ConfigMap, 'platform-mode', 'flux-system'))['DATA_GENERATION'] ?? '';

    // The trigger set by hand above keeps the schedule from running, which the gate before a destroy does not let pass by itself.
    await ok('cluster:destroy', 'CLUSTER=apps', 'TARGET=lab', '--confirm=apps', 'ACCEPT=backup:apps/ledger');
    await ok('cluster:create', 'CLUSTER=apps', 'TARGET=lab', 'DATA_MODE=restore', `DATA_FROM=${generation}`, '--yes');
    cx = inside(rig, 'apps');
    expect(await readSentinel(cx, LEDGER)).toBe(before.ledger);
    expect(await readSentinel(cx, ORDERS)).toBe(before.orders);
    expect(await readSentinel(cx, SESSIONS)).toBeNull();
    expect(await readSentinel(cx, HANDBOOK)).toBe(before.handbook);
    const restored = statusOf(await cx.looking.kube.get({ apiVersion: 'volsync.backube/v1alpha1', plural: 'replicationdestinations', kind: 'ReplicationDestination', namespaced: true }, 'ledger-restore', NAMESPACE));
    expect(restored).toMatchObject({ lastManualSync: 'restore-once', latestMoverStatus: { result: 'Successful', logs: expect.stringMatching(/^restoring snapshot [0-9a-f]{8} of \[\/data\] at \d{4}-\d\d-\d\d .* by @volsync to \.$/m) } });
    const seen = (await rig.log()).at(-1)?.seq ?? 0;
    await ok('cluster:create', 'CLUSTER=apps', 'TARGET=lab', '--yes');
    expect((await rig.log(seen)).filter((entry) => entry.write && !entry.object.includes('/leases/'))).toEqual([]);
  }, 420_000);

  test('copies of a volume and of a database are restored beside them, and their marks read', async () => {
    const cx = inside(rig, 'apps');
    const from = dataOf(await cx.looking.kube.get(KINDS.ConfigMap, 'platform-mode', 'flux-system'))['DATA_FROM'] ?? '';
    await cx.doors.kube.apply({
      apiVersion: 'volsync.backube/v1alpha1', kind: 'ReplicationDestination', metadata: { name: 'dr-scratch-ledger', namespace: NAMESPACE },
      spec: { trigger: { manual: 'once' }, restic: { repository: 'ledger-restic', copyMethod: 'Direct', capacity: '5Gi', accessModes: ['ReadWriteOnce'] } },
    });
    await cx.doors.kube.apply({
      apiVersion: 'postgresql.cnpg.io/v1', kind: 'Cluster', metadata: { name: 'dr-scratch-orders', namespace: NAMESPACE },
      spec: {
        instances: 1, storage: { size: '5Gi' }, bootstrap: { recovery: { source: 'before', database: 'orders', owner: 'orders' } },
        externalClusters: [{ name: 'before', plugin: { name: 'barman-cloud.cloudnative-pg.io', parameters: { barmanObjectName: 'orders-backups', serverName: `orders-${from}` } } }],
      },
    });
    expect(await until(cx, KINDS.ReplicationDestination, 'dr-scratch-ledger', { lastManualSync: 'once' })).toMatchObject({ latestImage: { kind: 'PersistentVolumeClaim', name: 'volsync-dr-scratch-ledger-dest' } });
    expect(await readSentinel(cx, LEDGER, 'volsync-dr-scratch-ledger-dest')).toBe('mark-1');
    await until(cx, KINDS.PostgresCluster, 'dr-scratch-orders', { phase: 'Cluster in healthy state' });
    expect(await readSentinel(cx, ORDERS, 'dr-scratch-orders')).toBe('mark-2');
    for (const [kind, name] of [[KINDS.ReplicationDestination, 'dr-scratch-ledger'], [KINDS.PostgresCluster, 'dr-scratch-orders']] as const) await cx.doors.kube.delete(kind, name, NAMESPACE);
    expect((await cx.looking.kube.list(KINDS.PersistentVolumeClaim, { namespace: NAMESPACE })).items.map(({ metadata }) => metadata.name).toSorted()).toEqual(['ledger', 'orders-1', 'orders-2', 'sessions', 'volsync-src-ledger-cache']);
  }, 180_000);

  test('a Job that cannot be placed says so, and is gone, also when the run is stopped meanwhile', async () => {
    const stop = new AbortController();
    const cx = inside(rig, 'apps', stop.signal);
    await cx.doors.kube.apply({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'never', namespace: NAMESPACE }, spec: { accessModes: ['ReadWriteOnce'], dataSourceRef: { apiGroup: 'volsync.backube', kind: 'ReplicationDestination', name: 'nobody' }, resources: { requests: { storage: '1Gi' } } } });
    const reading = readSentinel({ ...cx, wait: (what, probe, options) => cx.wait(what, probe, { ...options, patience: 20_000 }) }, LEDGER, 'never');
    await expect(reading).rejects.toMatchObject({ exit: 'rerun', because: expect.stringMatching(/not placed \(Unschedulable\): .*unbound immediate PersistentVolumeClaims/) });
    const stopped = readSentinel(cx, LEDGER, 'never');
    const jobs = async (): Promise<number> => (await inside(rig, 'apps').looking.kube.list(KINDS.Job, { namespace: NAMESPACE })).items.length;
    await expect.poll(jobs, { timeout: 20_000 }).toBe(1);
    stop.abort();
    await expect(stopped).rejects.toMatchObject({ exit: 'interrupted' });
    await expect.poll(jobs, { timeout: 20_000 }).toBe(0);
    await inside(rig, 'apps').doors.kube.delete(KINDS.PersistentVolumeClaim, 'never', NAMESPACE);
  }, 60_000);
});
