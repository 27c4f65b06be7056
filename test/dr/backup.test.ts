import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../scripts/config/cluster.ts';
import { textIn } from '../../scripts/config/data.ts';
import { backUpNow, becameOf, clusterNow, lossOf, newestBackup, release, restoreScratch } from '../../scripts/dr/backup/index.ts';
import * as barman from '../../scripts/dr/backup/barman.ts';
import * as volsync from '../../scripts/dr/backup/volsync.ts';
import { failureOf, handbook, keyOf, ledger, object, orders, sessions, toy, type Toy } from './toy.ts';

// As VolSync 0.13 and restic 0.18 say it, kept by the operator's own filter.
const SAVED = 'using parent snapshot 1f2e3d4c\nAdded to the repository: 1.387 KiB (1.012 KiB stored)\nprocessed 3 files, 12.345 KiB in 0:00\nsnapshot 9a8b7c6d saved\nRestic completed in 4s';
const RESTORED = 'restoring snapshot 9a8b7c6d of [/data] at 2026-11-20 06:00:03.123456789 +0000 UTC by @volsync to .\nRestic completed in 5s';
const RESTORED_BEFORE = 'restoring <Snapshot 9a8b7c6d of [/data] at 2026-11-20 07:00:03.5 +0100 CET by @volsync> to .\nRestic completed in 5s';
const EMPTY = 'No eligible snapshots found\n=== No data will be restored ===\nRestic completed in 3s';
const INITIALIZED = `=== Initialize Dir ===\ncreated restic repository 0a1b2c3d4e at s3:http://10.25.11.3:9000/backups/infra/volumes/ledger\n${EMPTY}`;
const REFUSED = 'Fatal: create repository at s3:http://10.25.11.3:9000/backups failed: client.BucketExists: Get "http://10.25.11.3:9000/backups/?location=": dial tcp 10.25.11.3:9000: connect: connection refused';

const mover = (logs: string, result = 'Successful') => ({ latestMoverStatus: { result, logs } });
const source = (status: unknown, spec: Record<string, unknown> = {}): KubeObject => object('ReplicationSource', 'ledger', { spec: { sourcePVC: 'ledger', trigger: { schedule: '0 */6 * * *' }, restic: { repository: 'ledger-restic', copyMethod: 'Snapshot', moverSecurityContext: { runAsUser: 1000 }, retain: { daily: 7 } }, ...spec }, status });
const claim = (spec: Record<string, unknown> = {}, phase = 'Bound'): KubeObject => object('PersistentVolumeClaim', 'ledger', { spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'rook-ceph-block', resources: { requests: { storage: '5Gi' } }, ...spec }, status: { phase } });

describe('what a mover of VolSync says', () => {
  test.each([
    ['a backup', mover(SAVED), { is: 'saved', size: '12.345 KiB' }],
    ['a restore', mover(RESTORED), { is: 'restored', from: Date.parse('2026-11-20T06:00:03.123Z'), snapshot: '9a8b7c6d' }],
    ['a restore by an older restic, in another zone', mover(RESTORED_BEFORE), { is: 'restored', from: Date.parse('2026-11-20T06:00:03.500Z'), snapshot: '9a8b7c6d' }],
    ['a restore from an empty repository, which is called Successful', mover(EMPTY), { is: 'nothing', because: expect.stringContaining('no snapshot') }],
    ['a restore from where no repository was', mover(INITIALIZED), { is: 'nothing', because: expect.stringContaining('no snapshot') }],
    ['a backup of an empty volume, which is called Successful', mover('== Directory is empty skipping backup ==='), { is: 'nothing', because: expect.stringContaining('the volume was empty') }],
    ['a store that is down', mover(`Testing mandatory env variables\n${REFUSED}`, 'Failed'), { is: 'failed', because: REFUSED }],
    ['success without a word', mover(''), { is: 'unknown', because: expect.stringContaining('name no snapshot') }],
    ['nothing at all', {}, { is: 'unknown', because: 'VolSync says nothing of its last mover' }],
  ])('%s', (_, status, expected) => { expect(volsync.readMover(object('ReplicationSource', 'ledger', { status }))).toEqual(expected); });
  test.each([['4.5s', 4_500], ['1m2.5s', 62_500], ['1h0m3s', 3_603_000], ['', undefined], ['soon', undefined], [undefined, undefined]])('%s is %s ms', (text, ms) => { expect(volsync.goDuration(text)).toBe(ms); });
});

describe('the newest backup of a volume', () => {
  const SYNCED = { lastSyncTime: '2026-11-20T06:00:10Z', lastSyncDuration: '10s' };
  test.each([
    ['is of the moment its sync began', source({ ...SYNCED, ...mover(SAVED) }), { is: 'there', at: Date.parse('2026-11-20T06:00:00Z'), size: '12.345 KiB' }],
    ['is there, and no other may come', source({ ...SYNCED, ...mover(REFUSED, 'Failed') }), { is: 'there', trouble: `the attempt since fails: ${REFUSED}` }],
    ['is there, and its schedule rests', source({ ...SYNCED, ...mover(SAVED) }, { trigger: { schedule: '0 0 * * *', manual: 'left' } }), { is: 'there', trouble: expect.stringContaining('rests') }],
    ['is there, and it is paused', source({ ...SYNCED, ...mover(SAVED) }, { paused: true }), { is: 'there', trouble: 'it is paused' }],
    ['was never made', source({}), { is: 'none', because: 'it was never backed up' }],
    ['was never made, because', source({ conditions: [{ type: 'Synchronizing', status: 'False', reason: 'Error', message: 'secrets "ledger-restic" not found' }] }), { is: 'none', because: 'it was never backed up; secrets "ledger-restic" not found' }],
    ['holds nothing', source({ ...SYNCED, ...mover('== Directory is empty skipping backup ===') }), { is: 'none' }],
    ['cannot be told', source({ ...SYNCED }), { is: 'unknown' }],
    ['has nobody who makes it', null, { is: 'none', because: expect.stringContaining('nothing backs it up') }],
  ])('%s', (_, found, expected) => { expect(volsync.newestOf(ledger, found)).toMatchObject(expected); });
});

describe('what became of a volume', () => {
  const restored = { dataSourceRef: { apiGroup: 'volsync.backube', kind: 'ReplicationDestination', name: 'ledger-restore' } };
  const destination = (status: unknown): KubeObject => object('ReplicationDestination', 'ledger-restore', { status });
  test.each<[string, KubeObject | null, KubeObject | null, { became: string; restoredFrom?: string | null; because?: unknown }]>([
    ['restored, and from when', claim(restored), destination(mover(RESTORED)), { became: 'restored', restoredFrom: '2026-11-20T06:00:03.123Z' }],
    ['lost: the repository was empty, and VolSync called it Successful', claim(restored), destination(mover(EMPTY)), { became: 'lost', restoredFrom: null }],
    ['lost: the claim was made without a source', claim(), destination(mover(RESTORED)), { became: 'lost', because: expect.stringContaining('dataSourceRef') }],
    ['lost: there is no claim', null, null, { became: 'lost' }],
    ['unknown: not filled yet', claim(restored, 'Pending'), destination({}), { became: 'unknown' }],
    ['unknown: not filled, and the restore fails', claim(restored, 'Pending'), destination(mover(REFUSED, 'Failed')), { became: 'unknown', because: expect.stringContaining('connection refused') }],
    ['unknown: nobody tells from when', claim(restored), null, { became: 'unknown' }],
    ['unknown: filled from something else', claim({ dataSourceRef: { ...restored.dataSourceRef, name: 'other' } }), destination(mover(RESTORED)), { became: 'unknown' }],
    ['unknown: Successful without a word', claim(restored), destination(mover('')), { became: 'unknown' }],
  ])('%s', (_, found, from, expected) => { expect(volsync.becameOf(ledger, found, from)).toMatchObject(expected); });
});

const PLUGIN = 'barman-cloud.cloudnative-pg.io';
const database = (spec: Record<string, unknown> = {}, status: unknown = { phase: 'Cluster in healthy state', currentPrimary: 'orders-1' }): KubeObject => object('Cluster', 'orders', {
  spec: { instances: 2, imageName: 'ghcr.io/cloudnative-pg/postgresql:17.6', storage: { size: '5Gi' }, bootstrap: { initdb: { database: 'orders', owner: 'orders' } }, plugins: [{ name: PLUGIN, isWALArchiver: true, parameters: { barmanObjectName: 'orders-backups', serverName: 'orders-20261101-060000' } }], ...spec }, status,
});
const store = (windows: unknown): KubeObject => object('ObjectStore', 'orders-backups', { status: { serverRecoveryWindow: windows } });
const recovery = { bootstrap: { recovery: { source: 'before' } }, externalClusters: [{ name: 'before', plugin: { name: PLUGIN, parameters: { barmanObjectName: 'orders-backups', serverName: 'orders-20261001-060000' } } }] };

describe('the newest backup of a database', () => {
  const WINDOW = { 'orders-20261101-060000': { firstRecoverabilityPoint: '2026-11-01T07:00:00Z', lastSuccessfulBackupTime: '2026-11-20T03:00:20Z' } };
  const backup = (name: string, phase: string, stoppedAt: string): KubeObject => object('Backup', name, { spec: { cluster: { name } }, status: { phase, stoppedAt } });
  test.each<[string, KubeObject | null, KubeObject | null, readonly KubeObject[], object]>([
    ['by the ObjectStore', database(), store(WINDOW), [], { is: 'there', at: Date.parse('2026-11-20T03:00:20Z') }],
    ['by a Backup newer than that', database(), store(WINDOW), [backup('orders', 'completed', '2026-11-20T05:00:00Z')], { is: 'there', at: Date.parse('2026-11-20T05:00:00Z') }],
    ['one that failed, and another\'s, are none', database(), store({}), [backup('orders', 'failed', '2026-11-20T05:00:00Z'), backup('other', 'completed', '2026-11-20T05:00:00Z')], { is: 'none' }],
    ['another server\'s window is none', database(), store({ orders: WINDOW['orders-20261101-060000'] }), [], { is: 'none' }],
    ['its log is not archived', database({}, { conditions: [{ type: 'ContinuousArchiving', status: 'False', reason: 'ContinuousArchivingFailing', message: 'Expected empty archive' }] }), store(WINDOW), [], { is: 'there', trouble: 'its log is not archived: Expected empty archive' }],
    ['it archives nowhere', database({ plugins: [] }), store(WINDOW), [], { is: 'none' }],
    ['there is no store', database(), null, [], { is: 'none' }],
    ['there is no database', null, store(WINDOW), [], { is: 'none' }],
  ])('%s', (_, cluster, from, backups, expected) => { expect(barman.newestOf(orders, cluster, from, backups)).toMatchObject(expected); });
});

describe('what became of a database', () => {
  const known = { backedUp: Date.parse('2026-11-20T05:00:00Z'), generation: '20261001-060000' };
  test.each<[string, KubeObject | null, KubeObject | null, Parameters<typeof barman.becameOf>[3], { became: string; restoredFrom?: string | null; because?: unknown }]>([
    ['restored, at least to the backup that is known', database(recovery), store({}), known, { became: 'restored', restoredFrom: '2026-11-20T05:00:00.000Z' }],
    ['restored, and nobody tells from when', database(recovery), store({}), { backedUp: undefined, generation: undefined }, { became: 'restored', restoredFrom: null }],
    ['restored from another generation than was lost', database(recovery), store({}), { ...known, generation: '20261111-060000' }, { became: 'restored', restoredFrom: null, because: expect.stringContaining('not the archive of the generation') }],
    ['restored, and it does not archive', database(recovery, { phase: 'Cluster in healthy state', conditions: [{ type: 'ContinuousArchiving', status: 'False', message: 'Expected empty archive' }] }), store({}), known, { became: 'restored', because: expect.stringContaining('Expected empty archive') }],
    ['lost: made anew', database(), store({}), known, { became: 'lost', because: expect.stringContaining('initdb') }],
    ['lost: not there', null, null, known, { became: 'lost' }],
    ['unknown: its recovery is not over', database(recovery, { phase: 'Setting up primary', phaseReason: 'Creating primary instance orders-1' }), store({}), known, { became: 'unknown', because: expect.stringContaining('Setting up primary') }],
  ])('%s', (_, cluster, from, words, expected) => { expect(barman.becameOf(orders, cluster, from, words)).toMatchObject(expected); });
});

test('what nothing protects is fresh as declared; what git brings back is so only when a Kustomization applied it', async () => {
  const by = { 'kustomize.toolkit.fluxcd.io/name': 'handbook' };
  expect(await becameOf(toy([]).cx, sessions, null, null)).toMatchObject({ became: 'fresh, as declared', protection: 'none', lossMs: null });
  expect(await becameOf(toy([object('ConfigMap', 'handbook', { labels: by })]).cx, handbook, null, null)).toMatchObject({ became: 'from git', because: 'applied by Kustomization handbook' });
  expect(await becameOf(toy([object('Secret', 'handbook', { labels: by })]).cx, handbook, null, null)).toMatchObject({ became: 'from git' });
  expect(await becameOf(toy([object('ConfigMap', 'handbook')]).cx, handbook, null, null)).toMatchObject({ became: 'unknown' });
  expect(await becameOf(toy([]).cx, handbook, null, null)).toMatchObject({ became: 'lost' });
});

test.each([['2026-11-20T05:00:00Z', '2026-11-20T06:00:00Z', 3_600_000], ['2026-11-20T06:30:00Z', '2026-11-20T06:00:00Z', 0], [null, '2026-11-20T06:00:00Z', null], ['2026-11-20T05:00:00Z', null, null]])('from %s, frozen at %s: %s ms are lost', (from, frozen, ms) => { expect(lossOf(from, frozen)).toBe(ms); });

/** Plays VolSync: a sync begins when its tag is new, takes `took` ms, and ends with `logs`. */
function plays(kind: string, name: string | undefined, end: { readonly logs: string; readonly result?: string; readonly took?: number; readonly early?: number }): (toy: Toy) => void {
  return ({ objects, now }) => {
    for (const [key, found] of objects) {
      if (found.kind !== kind || (name !== undefined && found.metadata.name !== name)) continue;
      const tag = textIn(found, 'spec', 'trigger', 'manual');
      if (tag === undefined || textIn(found, 'status', 'lastManualSync') === tag) continue;
      const began = textIn(found, 'status', 'lastSyncStartTime');
      const status = began === undefined ? { lastSyncStartTime: new Date(now() - (end.early ?? 0)).toISOString() }
        : now() - Date.parse(began) < (end.took ?? 8_000) ? { lastSyncStartTime: began }
          : end.result === 'Failed' ? { lastSyncStartTime: began, ...mover(end.logs, 'Failed') }
            : { lastSyncTime: new Date(now()).toISOString(), lastSyncDuration: `${(now() - Date.parse(began)) / 1000}s`, lastManualSync: tag, ...mover(end.logs) };
      objects.set(key, { ...found, status });
    }
  };
}

describe('a backup made now', () => {
  test('is triggered by a tag of its own, waited for, and its trigger is taken away, so that the schedule rules again', async () => {
    const world = toy([source({ lastManualSync: 'abc' })], plays('ReplicationSource', 'ledger', { logs: SAVED }));
    const asked = await clusterNow(world.cx);
    const ended = await backUpNow(world.cx, ledger, 'abc');
    expect(Date.parse(ended)).toBeGreaterThan(asked);
    expect(world.writes).toEqual([expect.stringMatching(/manual":"task-abc-[0-9a-f]{8}"/), expect.stringContaining('"manual":null')]);
    expect(textIn(world.objects.get('ReplicationSource lab-data/ledger'), 'spec', 'trigger', 'schedule')).toBe('0 */6 * * *');
  });

  test('that began before it was asked for does not count: it is asked for again', async () => {
    const early = plays('ReplicationSource', 'ledger', { logs: SAVED, early: 60_000 });
    const good = plays('ReplicationSource', 'ledger', { logs: SAVED });
    const world = toy([source({})], (seen) => {
      (seen.writes.filter((write) => write.includes('task-abc')).length < 2 ? early : good)(seen);
    });
    await backUpNow(world.cx, ledger, 'abc');
    expect(world.writes.filter((write) => write.includes('task-abc'))).toHaveLength(2);
  });

  test.each([
    ['an empty volume', { logs: '== Directory is empty skipping backup ===' }, 'the volume was empty'],
    ['a store that is down', { logs: REFUSED, result: 'Failed' }, 'connection refused'],
  ])('of %s is none, and the trigger is taken away', async (_, end, because) => {
    const world = toy([source({})], plays('ReplicationSource', 'ledger', end));
    const failure = await failureOf(backUpNow(world.cx, ledger, 'abc'));
    expect(failure.because).toContain(because);
    expect(world.writes.at(-1)).toContain('"manual":null');
  });

  test('waits for the sync that is on its way, and gives up when that one fails', async () => {
    const world = toy([source({ lastSyncStartTime: '2026-01-01T00:00:00Z', ...mover(REFUSED, 'Failed') })]);
    expect((await failureOf(backUpNow(world.cx, ledger, 'abc'))).because).toContain('connection refused');
    expect(world.writes.filter((write) => write.includes('task-'))).toEqual([]);
  });

  test('that is interrupted takes its trigger away', async () => {
    const world = toy([source({})], ({ stop, writes }) => { if (writes.length > 0) stop.abort(); });
    expect((await failureOf(backUpNow(world.cx, ledger, 'abc'))).exit).toBe('interrupted');
    expect(world.writes.at(-1)).toContain('"manual":null');
  });

  test('a trigger an interrupted run left is taken away; anybody else\'s stays', async () => {
    const ours = toy([source({}, { trigger: { schedule: '0 0 * * *', manual: 'task-abc-0' } })]);
    await release(ours.cx, ledger);
    expect(ours.writes).toEqual([expect.stringContaining('"manual":null')]);
    const theirs = toy([source({}, { trigger: { manual: 'by-hand' } })]);
    await release(theirs.cx, ledger);
    expect(theirs.writes).toEqual([]);
  });

  test('of a database is a Backup by the plugin, removed when it is complete', async () => {
    const world = toy([database()], ({ objects, now }) => {
      for (const [key, found] of objects) if (found.kind === 'Backup') objects.set(key, { ...found, status: textIn(found, 'status', 'phase') === 'running' ? { phase: 'completed', stoppedAt: new Date(now()).toISOString() } : { phase: 'running' } });
    });
    expect(Date.parse(await backUpNow(world.cx, orders, 'abc'))).toBeGreaterThan(0);
    expect(world.writes.map((write) => write.replace(/-[0-9a-f]{8}$/, ''))).toEqual(['apply Backup lab-data/dr-abc', 'delete Backup lab-data/dr-abc']);
  });

  test('of a database that fails says why, and the Backup is removed all the same', async () => {
    const world = toy([database()], ({ objects }) => {
      for (const [key, found] of objects) if (found.kind === 'Backup') objects.set(key, { ...found, status: { phase: 'failed', error: 'rpc error: store refused' } });
    });
    expect((await failureOf(backUpNow(world.cx, orders, 'abc'))).because).toBe('failed: rpc error: store refused');
    expect(world.writes.at(-1)).toContain('delete Backup');
  });
});

describe('a scratch restore', () => {
  test('of a volume has a claim and a destination of its own, opens the same repository, and removes both', async () => {
    const world = toy([source({}), claim()], plays('ReplicationDestination', undefined, { logs: RESTORED }));
    const scratch = await restoreScratch(world.cx, ledger, 'abc');
    expect(scratch).toMatchObject({ is: 'restored', restoredFrom: '2026-11-20T06:00:03.123Z', because: 'snapshot 9a8b7c6d' });
    expect(scratch.object).toMatch(/^dr-scratch-ledger-abc-[0-9a-f]{6}$/);
    expect(world.objects.get(`ReplicationDestination lab-data/${scratch.object}`)?.['spec']).toMatchObject({ restic: { repository: 'ledger-restic', copyMethod: 'Direct', destinationPVC: scratch.object, moverSecurityContext: { runAsUser: 1000 } } });
    expect(world.objects.get(`ReplicationDestination lab-data/${scratch.object}`)?.['spec']).not.toHaveProperty('restic.retain');
    await scratch.cleanUp();
    expect([...world.objects.keys()].toSorted()).toEqual(['PersistentVolumeClaim lab-data/ledger', 'ReplicationSource lab-data/ledger']);
  });

  test.each([
    ['nothing', { logs: EMPTY }, 'VolSync calls that Successful'],
    ['unreadable', { logs: 'Fatal: There were 1 errors', result: 'Failed' }, 'There were 1 errors'],
  ])('that brings %s says so', async (is, end, because) => {
    const world = toy([source({}), claim()], plays('ReplicationDestination', undefined, end));
    expect(await restoreScratch(world.cx, ledger, 'abc')).toMatchObject({ is, restoredFrom: null, because: expect.stringContaining(because) });
  });

  test('that never ends is unknown, and leaves nothing behind', async () => {
    const world = toy([source({}), claim()]);
    expect(await restoreScratch(world.cx, ledger, 'abc')).toMatchObject({ is: 'unknown' });
    expect([...world.objects.keys()].filter((key) => key.includes('scratch'))).toEqual([]);
  });

  test.each(['ledger', 'orders'])('of %s that is interrupted leaves nothing behind', async (name) => {
    const world = toy([source({}), claim(), database()], ({ objects, stop }) => {
      if ([...objects.keys()].some((key) => key.includes('dr-scratch'))) stop.abort();
    });
    expect((await failureOf(restoreScratch(world.cx, name === 'ledger' ? ledger : orders, 'abc'))).exit).toBe('interrupted');
    expect([...world.objects.keys()].filter((key) => key.includes('scratch'))).toEqual([]);
  });

  test('takes away what an interrupted one left of this set, and of no other', async () => {
    const left = (name: string, of: string): KubeObject => object('PersistentVolumeClaim', name, { labels: { 'task.dr/scratch-of': of } });
    const world = toy([source({}), claim(), left('dr-scratch-ledger-x', 'ledger'), left('dr-scratch-other-x', 'other')], plays('ReplicationDestination', undefined, { logs: RESTORED }));
    await restoreScratch(world.cx, ledger, 'abc');
    expect(world.objects.has('PersistentVolumeClaim lab-data/dr-scratch-ledger-x')).toBe(false);
    expect(world.objects.has('PersistentVolumeClaim lab-data/dr-scratch-other-x')).toBe(true);
  });

  test('of a database is one instance, recovered from the archive of now, which archives nothing itself', async () => {
    const world = toy([database(), store({ 'orders-20261101-060000': { lastSuccessfulBackupTime: '2026-11-20T03:00:20Z' } })], ({ objects }) => {
      for (const [key, found] of objects) if (found.metadata.name.startsWith('dr-scratch')) objects.set(key, { ...found, status: { phase: 'Cluster in healthy state' } });
    });
    const scratch = await restoreScratch(world.cx, orders, 'abc');
    expect(scratch).toMatchObject({ is: 'restored', restoredFrom: '2026-11-20T03:00:20.000Z' });
    const spec = world.objects.get(`Cluster lab-data/${scratch.object}`)?.['spec'];
    expect(spec).toMatchObject({ instances: 1, imageName: 'ghcr.io/cloudnative-pg/postgresql:17.6', bootstrap: { recovery: { source: 'original', database: 'orders', owner: 'orders' } }, externalClusters: [{ name: 'original', plugin: { parameters: { barmanObjectName: 'orders-backups', serverName: 'orders-20261101-060000' } } }] });
    expect(spec).not.toHaveProperty('plugins');
    expect(scratch.object.length).toBeLessThanOrEqual(50);
    await scratch.cleanUp();
    expect(world.objects.has(`Cluster lab-data/${scratch.object}`)).toBe(false);
  });

  test('that fails says so in the words of its log: a tool\'s own before its exit status', () => {
    const line = (more: object): string => JSON.stringify({ level: 'info', ts: '2026-11-20T06:00:00Z', ...more });
    expect(barman.errorIn([line({ msg: 'Target backup found' }), line({ level: 'error', msg: 'Error while restoring a backup', error: 'no target backup found' })].join('\n'))).toBe('no target backup found');
    expect(barman.errorIn(['not json', line({ msg: '2026-11-20 06:00:00,032 [17] ERROR: WAL archive check failed for server orders: Expected empty archive', logger: 'barman-cloud-check-wal-archive' }), line({ level: 'error', msg: 'x', error: 'exit status 1' })].join('\n'))).toBe('WAL archive check failed for server orders: Expected empty archive');
    expect(barman.errorIn('')).toBeUndefined();
  });

  test.each([['no target backup found', 'nothing'], ['could not connect to the endpoint', 'unreadable']])('of a database whose recovery fails with %s is %s', async (message, is) => {
    const world = toy([database(), store({})], ({ objects }) => {
      for (const found of [...objects.values()].filter((each) => each.metadata.name.startsWith('dr-scratch') && each.kind === 'Cluster')) {
        for (const n of [1, 2]) {
          const pod = object('Pod', `${found.metadata.name}-${n}`, { labels: { 'cnpg.io/cluster': found.metadata.name }, status: { phase: 'Failed', containerStatuses: [{ name: 'full-recovery', state: { terminated: { exitCode: 1, message } } }] } });
          objects.set(keyOf(pod), pod);
        }
      }
    });
    expect(await restoreScratch(world.cx, orders, 'abc')).toMatchObject({ is, because: message, restoredFrom: null });
  });
});

test('ages are told by the cluster\'s clock', async () => {
  const world = toy([source({})]);
  expect(await clusterNow(world.cx)).toBe(Math.floor(world.now() / 1000) * 1000);
  expect(await newestBackup(world.cx, ledger)).toMatchObject({ is: 'none' });
});
