import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { ChangeFreeze, Power } from '../../scripts/config/recovery.ts';
import { accept, namesIn, unacceptedOf, verdictOf } from '../../scripts/dr/readiness/accept.ts';
import { ageRow, archiveVerdict, dataRows, readVerdict, storeRows } from '../../scripts/dr/readiness/data.ts';
import { etcdRow, snapshotVerdict } from '../../scripts/dr/readiness/etcd.ts';
import { healthId, rowsOf } from '../../scripts/dr/readiness/health.ts';
import { machineRows, powerRows, secretsRow } from '../../scripts/dr/readiness/machines.ts';
import { calendarRows, outsideRows } from '../../scripts/dr/readiness/outside.ts';
import { fluxVerdict, repositoryRows, treeVerdict } from '../../scripts/dr/readiness/repository.ts';
import type { ReadinessRow } from '../../scripts/dr/record.ts';
import { Failure } from '../../scripts/engine/failure.ts';
import type { Verdict } from '../../scripts/engine/verdict.ts';
import type { Diagnosis } from '../../scripts/health/index.ts';
import type { TalosFace } from '../../scripts/tools/doors.ts';
import { machine } from '../tools/support.ts';
import { outcomeOf } from '../../scripts/phases/dr-readiness.ts';
import { columns } from '../../scripts/health/layout.ts';
import { failureOf, handbook, ledger, object, orders, sessions, toy } from './toy.ts';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-11-20T12:00:00Z');
const one = (rows: readonly ReadinessRow[]): ReadinessRow => {
  const [row, ...more] = rows;
  if (row === undefined || more.length > 0) throw new Error(`one row was expected: ${JSON.stringify(rows)}`);
  return row;
};
const said = (rows: readonly ReadinessRow[]): readonly string[] => rows.map(({ id, verdict }) => `${id} ${verdict.is}`);

describe('accepting by name', () => {
  const row = (id: string, is: Verdict['is']): ReadinessRow => ({ id, group: 'data', subject: id, detail: '', verdict: is === 'pass' ? { is } : { is, because: 'so' } });
  const rows = [row('backup:infra/ledger', 'fail'), row('power:infra/person', 'unknown'), row('lost:infra/sessions', 'skip'), row('repository:tree', 'pass')];
  const me = { by: 'ada', how: 'variable' } as const;

  test('takes what is accepted out of the way, and marks by whom', () => {
    const marked = accept(rows, ['backup:infra/ledger', 'power:infra/person'], me);
    expect(marked.map(({ accepted }) => accepted?.by ?? null)).toEqual(['ada', 'ada', null, null]);
    expect([unacceptedOf(marked).length, verdictOf(marked)]).toEqual([0, 'done']);
  });
  test.each<[readonly ReadinessRow[], string]>([[rows, 'no'], [rows.slice(1), 'cannotTell'], [rows.slice(2), 'done'], [[], 'cannotTell']])('the verdict of rows', (some, verdict) => { expect(verdictOf(some)).toBe(verdict); });
  test('what is well needs no accepting, and is no mistake to name', () => { expect(accept(rows, ['repository:tree'], me)[3]?.accepted).toBeUndefined(); });
  test.each([
    ['backup:infra/leger', 'did you mean backup:infra/ledger?'],
    ['nothing-like-it', 'what could be accepted: backup:infra/ledger, power:infra/person'],
  ])('%s is a Failure 64', async (name, hint) => {
    const failure = await failureOf(Promise.resolve().then(() => accept(rows, [name], me)));
    expect([failure.code, failure.because, failure.hint]).toEqual([64, name, hint]);
  });
  test('a name of another cluster is that cluster\'s, unless these are all rows there are', async () => {
    expect(accept(rows, ['backup:apps/ledger'], me)).toHaveLength(4);
    expect((await failureOf(Promise.resolve().then(() => accept(rows, ['backup:apps/ledger'], me, true)))).code).toBe(64);
  });
  test('an exception of the health that has passed meanwhile is no mistake', () => { expect(accept(rows, ['health:infra/pod/x'], me, true)).toHaveLength(4); });
  test('names are separated by commas', () => { expect(namesIn(' a:b , c:d,,a:b')).toEqual(['a:b', 'c:d']); });
});

describe('the repository', () => {
  test.each<[readonly string[], boolean, string]>([
    [[], false, 'pass'], [['README.md'], false, 'fail'], [['README.md'], true, 'pass'], [['README.md', 'talos/clusters/infra.yaml'], true, 'fail'],
  ])('changed files %j, lab %s: %s', (dirty, lab, is) => { expect(treeVerdict(dirty, lab).is).toBe(is); });

  const COMMIT = 'a'.repeat(40);
  const source = (commit: string | undefined) => object('GitRepository', 'flux-system', { namespace: 'flux-system', status: commit === undefined ? {} : { artifact: { revision: `main@sha1:${commit}` } } });
  const root = (commit: string) => object('Kustomization', 'flux-system', { namespace: 'flux-system', status: { lastAppliedRevision: `main@sha1:${commit}` } });
  test.each([
    ['ours', source(COMMIT), root(COMMIT), 'pass'], ['another, fetched', source('b'.repeat(40)), root(COMMIT), 'fail'], ['another, applied', source(COMMIT), root('b'.repeat(40)), 'fail'],
    ['nothing fetched', source(undefined), root(COMMIT), 'unknown'], ['no source', null, null, 'unknown'],
  ])('Flux runs %s', (_, fetched, applied, is) => { expect(fluxVerdict(COMMIT, fetched, applied, 'infra').is).toBe(is); });

  test('a git that does not answer is unknown, never well', async () => {
    const world = toy([], undefined, { doors: { git: { head: async () => { throw new Failure({ exit: 'rerun', what: 'git is not there' }); } } } });
    expect(said(await repositoryRows(world.cx))).toEqual(['repository:tree unknown', 'repository:infra/flux unknown']);
  });
});

describe('change freezes', () => {
  const freeze: ChangeFreeze = { name: 'year-end', from: '2025-12-22', until: '2026-01-02', because: 'holidays' };
  test.each([['2025-12-21T23:59:59Z', 'pass'], ['2025-12-22T00:00:00Z', 'fail'], ['2026-01-02T23:59:59Z', 'fail'], ['2026-01-03T00:00:00Z', 'pass']])('%s: %s', (at, is) => { expect(said(calendarRows([freeze], Date.parse(at), false))).toEqual([`calendar:year-end ${is}`]); });
  test('a lab is not held back, and says why', () => { expect(said(calendarRows([freeze], Date.parse('2025-12-25T00:00:00Z'), true))).toEqual(['calendar:year-end skip']); });
  test('the way out is its own name', () => { expect(one(calendarRows([freeze], Date.parse('2025-12-25T00:00:00Z'), false)).verdict).toMatchObject({ hint: expect.stringContaining('ACCEPT=calendar:year-end') }); });
});

describe('machines, power, secrets, outside', () => {
  test.each<[string, TalosFace, Verdict['is']]>([
    ['ours', { is: 'installed', ours: true, issuer: 'x' }, 'pass'], ['of whom is not known', { is: 'installed', ours: null, issuer: 'x' }, 'unknown'],
    ['another cluster\'s', { is: 'installed', ours: false, issuer: 'x', of: 'apps' }, 'fail'], ['silent', { is: 'closed', because: 'refused' }, 'fail'], ['bare', { is: 'maintenance' }, 'fail'],
  ])('a machine that is %s', async (_, face, is) => {
    const world = toy([], undefined, { doors: { talos: { face: async () => face, identify: async () => ({ machine: 'infra-01', by: 'MAC', evidence: '' }) } } });
    expect(said(await machineRows(world.cx))).toEqual([`machines:infra/infra-01 ${is}`]);
  });

  const power = (entries: Readonly<Record<string, Power>>, exitCode: number | null, lab = false) => toy([], undefined, {
    lab, recovery: { power: entries }, machines: [machine('infra-01'), machine('infra-02'), machine('infra-03')], doors: { hook: { run: async () => (exitCode === null ? null : { exitCode, said: 'off' }) } },
  }).cx;
  test('people are one row per cluster, to be confirmed by name; a machine without an answer is not well', async () => {
    const rows = await powerRows(power({ 'infra-01': { by: 'person' }, 'infra-02': { by: 'person' } }, 0));
    expect(said(rows)).toEqual(['power:infra/person unknown', 'power:infra/infra-03 fail']);
    expect(rows[0]?.subject).toBe('power of infra-01 infra-02');
  });
  test.each<[number, Verdict['is']]>([[0, 'pass'], [1, 'fail'], [2, 'unknown'], [127, 'unknown']])('a command that ends with %i: %s', async (exitCode, is) => {
    const command: Power = { by: 'command', status: ['ipmitool', 'status'], on: ['ipmitool', 'on'] };
    expect(said(await powerRows(power({ 'infra-01': command, 'infra-02': command, 'infra-03': command }, exitCode)))).toEqual([1, 2, 3].map((n) => `power:infra/infra-0${n} ${is}`));
  });
  test('nothing outside a lab is asked', async () => { expect(said(await powerRows(power({}, null, true)))).toEqual(['power:infra/lab skip']); });

  test('secrets are read from the provider itself; one that cannot be read is told', async () => {
    const stores = { whoami: async () => 'ada@example.test' };
    const world = toy([], undefined, { doors: { stores } });
    expect((await secretsRow(world.cx)).verdict).toEqual({ is: 'pass', because: expect.stringContaining('ada@example.test') });
    const broken = { ...world.cx, secrets: async () => { throw new Failure({ exit: 'rerun', what: 'one secret cannot be read', because: 'op://a/b/c', hint: 'op item edit' }); } };
    expect((await secretsRow(broken)).verdict).toEqual({ is: 'fail', because: 'one secret cannot be read: op://a/b/c', hint: 'op item edit' });
  });

  test('each thing outside by its own check', async () => {
    const outside = [
      { name: 'owners', what: 'a', handling: 'b', check: { by: 'person' } }, { name: 'limit', what: 'a', handling: 'b', check: { by: 'command', argv: ['op', 'item'] } },
      { name: 'saved', what: 'a', handling: 'b', check: { by: 'secret', reference: 'op://a/b/c' } },
    ] as const;
    const cx = (exitCode: number, resolves: boolean) => toy([], undefined, { recovery: { outside }, doors: { hook: { run: async () => ({ exitCode, said: 'no item' }) }, stores: { resolve: async () => { if (!resolves) throw new Failure({ exit: 'rerun', what: 'cannot be read' }); } } } }).cx;
    expect(said(await outsideRows(cx(0, true)))).toEqual(['outside:owners unknown', 'outside:limit pass', 'outside:saved pass']);
    expect(said(await outsideRows(cx(1, false)))).toEqual(['outside:owners unknown', 'outside:limit fail', 'outside:saved fail']);
  });
});

describe('an etcd snapshot', () => {
  const told = { bytes: 4096, hash: '5fbed659', revision: 2004, keys: 825 };
  test.each<[string, Partial<typeof told>, Parameters<typeof snapshotVerdict>[1], Verdict['is']]>([
    ['whole', {}, { bytes: 4128, sha256: '', whole: true }, 'pass'], ['whole, its size told with the digest', { bytes: 4128 }, { bytes: 4128, sha256: '', whole: true }, 'pass'],
    ['damaged', {}, { bytes: 4128, sha256: '', whole: false }, 'fail'], ['cut short', {}, { bytes: 2080, sha256: '', whole: true }, 'fail'],
    ['a copy of the database', {}, { bytes: 4096, sha256: '', whole: null }, 'fail'], ['empty', { bytes: 0 }, { bytes: 0, sha256: '', whole: null }, 'fail'], ['without keys', { keys: 0 }, { bytes: 4128, sha256: '', whole: true }, 'fail'],
    ['without a hash', { hash: '' }, { bytes: 4128, sha256: '', whole: true }, 'fail'],
  ])('%s', (_, more, found, is) => { expect(snapshotVerdict({ ...told, ...more }, found).is).toBe(is); });

  const dir = mkdtempSync(join(tmpdir(), 'readiness-'));
  afterAll(() => rmSync(dir, { recursive: true }));
  test.each([['as etcd wrote it', (bytes: Buffer) => bytes, 'pass'], ['with one byte changed', (bytes: Buffer) => { bytes[1000] = (bytes[1000] ?? 0) ^ 1; return bytes; }, 'fail']] as const)('is verified by its own digest %s, and does not stay', async (_, change, is) => {
    // Larger than one chunk of a stream, so that the digest at the end is held back across chunks.
    const database = randomBytes(64 * 1024 + 512 * 3);
    const file = change(Buffer.concat([database, createHash('sha256').update(database).digest()]));
    const world = toy([], undefined, { runDir: dir, doors: { talos: { etcdSnapshot: async (_machine: unknown, path: string) => { writeFileSync(path, file); return { ...told, bytes: database.length }; } } } });
    const row = await etcdRow(world.cx);
    expect([row.id, row.verdict.is]).toEqual(['etcd:infra/snapshot', is]);
    expect(existsSync(join(dir, 'etcd-infra-readiness.db'))).toBe(false);
  });
  test('that nobody gives is not there', async () => {
    const world = toy([], undefined, { runDir: dir, doors: { talos: { etcdSnapshot: async () => { throw new Failure({ exit: 'rerun', what: 'x', because: 'no leader' }); } } } });
    expect((await etcdRow(world.cx)).verdict).toMatchObject({ is: 'fail', because: 'no control plane gave one: infra-01: no leader' });
  });
});

describe('a backup', () => {
  const there = { is: 'there', at: NOW - 3 * HOUR, size: '12 KiB', note: 'VolSync' } as const;
  test.each<[string, Parameters<typeof ageRow>[3], Verdict['is']]>([
    ['fresh', there, 'pass'], ['older than may be lost', { ...there, at: NOW - 25 * HOUR }, 'fail'], ['with no other to come', { ...there, trouble: 'it is paused' }, 'fail'],
    ['from the future', { ...there, at: NOW + HOUR }, 'unknown'], ['none', { is: 'none', because: 'never', hint: '' }, 'fail'], ['not to be told', { is: 'unknown', because: 'silence', hint: '' }, 'unknown'],
  ])('%s', (_, newest, is) => { expect(ageRow('backup:infra/ledger', 'volume ledger', ledger, newest, NOW).verdict.is).toBe(is); });
  test('is told with its age and its objective', () => { expect(ageRow('x', 'y', ledger, there, NOW)).toMatchObject({ detail: '3h old, 1d may be lost; 12 KiB', backup: { at: '2026-11-20T09:00:00.000Z', ageMs: 3 * HOUR, objectiveMs: 24 * HOUR } }); });

  test.each<[string, Parameters<typeof readVerdict>[1], Verdict['is']]>([
    ['read', { is: 'restored', restoredFrom: '2026-11-20T09:00:00Z', because: '' }, 'pass'], ['read, and older than it is said to be', { is: 'restored', restoredFrom: '2026-11-18T09:00:00Z', because: '' }, 'fail'],
    ['read, from when nobody tells', { is: 'restored', restoredFrom: null, because: '' }, 'unknown'], ['not there', { is: 'nothing', restoredFrom: null, because: '' }, 'fail'],
    ['not readable', { is: 'unreadable', restoredFrom: null, because: '' }, 'fail'], ['not asked', { is: 'unknown', restoredFrom: null, because: '' }, 'unknown'],
  ])('that is %s', (_, read, is) => { expect(readVerdict(ledger, read, NOW).is).toBe(is); });
});

describe('the archive of a database that is built again', () => {
  const database = (serverName: string) => object('Cluster', 'orders', { spec: { plugins: [{ name: 'barman-cloud.cloudnative-pg.io', parameters: { barmanObjectName: 'orders-backups', serverName } }] } });
  const store = (...servers: readonly string[]) => object('ObjectStore', 'orders-backups', { status: { serverRecoveryWindow: Object.fromEntries(servers.map((server) => [server, {}])) } });
  const [NOW_IS, NEXT] = ['20261101-060000', '20261120-120000'];
  test.each([
    ['has a name of its own', database(`orders-${NOW_IS}`), store(`orders-${NOW_IS}`), NOW_IS, 'pass'], ['has the name of another', database(`orders-${NOW_IS}`), store(`orders-${NEXT}`), NOW_IS, 'fail'],
    ['would have the name it has now', database('orders'), store('orders'), NOW_IS, 'fail'], ['is of no generation', database('orders-none'), store(), 'none', 'unknown'], ['is of a generation nobody tells', database('orders'), store(), undefined, 'unknown'],
    ['is nowhere', object('Cluster', 'orders'), store(), NOW_IS, 'fail'], ['is of no database', null, null, NOW_IS, 'fail'],
  ])('%s', (_, cluster, from, now, is) => { expect(archiveVerdict(cluster, from, now, NEXT).is).toBe(is); });
});

describe('an object store', () => {
  const read = (set: typeof ledger, is: 'restored' | 'nothing' | 'unreadable' | 'unknown', because = '') => ({ set, read: { is, because } });
  test.each<[string, Parameters<typeof storeRows>[1], Verdict['is']]>([
    ['answered', [read(ledger, 'restored'), read(orders, 'unknown')], 'pass'], ['answered, and holds nothing', [read(ledger, 'nothing')], 'pass'],
    ['refused', [read(ledger, 'unreadable', 'dial tcp 10.25.11.3:9000: connect: connection refused')], 'fail'], ['holds what cannot be read', [read(ledger, 'unreadable', 'There were 1 errors')], 'unknown'],
    ['was not asked', [read(ledger, 'unknown', 'silence')], 'unknown'],
  ])('%s', (_, found, is) => { expect(said(storeRows('infra', found))).toEqual([`stores:infra/minio ${is}`]); });
  test('nobody uses is nobody\'s concern', () => { expect(storeRows('infra', [])).toEqual([]); });
});

test('data sets of another cluster are not asked about; one that cannot be asked about leaves the others', async () => {
  const world = toy([object('ConfigMap', 'handbook', { labels: { 'kustomize.toolkit.fluxcd.io/name': 'handbook' } })], undefined, { recovery: { dataSets: [handbook, sessions, ledger, { ...handbook, name: 'other', cluster: 'apps' }] } });
  expect(said(await dataRows(world.cx))).toEqual(['git:infra/handbook pass', 'lost:infra/sessions skip', 'backup:infra/ledger fail', 'restore:infra/ledger unknown', 'stores:infra/minio unknown']);
});

describe('health', () => {
  const well: Diagnosis = { is: 'healthy', causes: [], unknowns: [], skips: [], warnings: [], layers: [{ layer: 'etcd', is: 'pass', because: '' }] };
  test('well is one row', () => { expect(said(rowsOf('infra', well))).toEqual(['health:infra/all pass']); });
  test('each cause and each unknown has an id of its own, to be typed', () => {
    const rows = rowsOf('infra', { ...well, is: 'unhealthy', causes: [{ layer: 'kustomizations', object: 'Kustomization flux-system/apps', objects: [], because: 'x', hint: 'y', tryCommands: [], consequences: [] }], unknowns: [{ layer: 'mesh', object: 'peer apps', because: 'silence' }] });
    expect(said(rows)).toEqual(['health:infra/kustomization/flux-system/apps fail', 'health:infra/peer/apps unknown']);
    for (const { id } of rows) expect(id).toMatch(/^[a-z0-9:./-]+$/);
  });
  test('a verdict without a cause is not lost', () => { expect(said(rowsOf('infra', { ...well, is: 'cannotTell' }))).toEqual(['health:infra/all unknown']); });
  test('ids hold neither spaces nor commas', () => { expect(healthId('infra', 'Pod a/b, Pod a/c')).toBe('health:infra/pod/a/b/pod/a/c'); });
});

describe('the table', () => {
  const style = (width: number) => ({ width, bold: String, dim: String, red: String, green: String, yellow: String, cyan: String });
  const rows: readonly ReadinessRow[] = [
    { id: 'repository:tree', group: 'repository', subject: 'this checkout', verdict: { is: 'pass', because: 'clean' }, detail: 'commit 0123456789ab of main' },
    { id: 'etcd:infra/snapshot', group: 'etcd', subject: 'x', verdict: { is: 'pass' }, detail: 'hash 5fbed659, revision 2004, 825 keys, 179232 bytes, sha256 5fbed65996e1' },
    { id: 'backup:infra/ledger', group: 'data', subject: 'volume ledger', verdict: { is: 'fail', because: 'the newest backup is 3d old, 1d may be lost', hint: 'find out why none was made since' }, detail: '3d old' },
    { id: 'power:infra/person', group: 'power', subject: 'power', verdict: { is: 'unknown', because: 'nobody has said so' }, detail: '', accepted: { by: 'ada', how: 'variable' } },
    { id: 'health:infra/kustomization/flux-system/a-very-long-name-of-a-kustomization', group: 'health', subject: 'x', verdict: { is: 'unknown', because: 'silence' }, detail: '' },
  ];
  test.each([80, 60, 120])('stays within %i columns, but for the line that is to be typed', (width) => {
    const lines = outcomeOf(rows, [{ name: 'infra' }], 'LAB').render(style(width));
    expect(lines.filter((line) => columns(line) > width && !line.includes('ACCEPT=') && !line.includes('health:infra/'))).toEqual([]);
    expect(lines[0]).toBe('✖ infra: not to be destroyed now (exit 1)');
    expect(lines.at(-1)).toBe('  ACCEPT=backup:infra/ledger,health:infra/kustomization/flux-system/a-very-long-name-of-a-kustomization');
  });
  test('says why what is not well is not, by whom it was accepted, and the figures of what is well', () => {
    const text = outcomeOf(rows, [{ name: 'infra' }], 'LAB').render(style(120)).join('\n');
    for (const words of ['the newest backup is 3d old', 'accepted by ada', '825 keys', 'try  find out why']) expect(text).toContain(words);
  });
  test('is told to programs with everything that is known of each row', () => {
    expect(outcomeOf(rows.slice(0, 2), [{ name: 'infra' }], 'LAB')).toMatchObject({ exit: 'done', result: { format: 1, verdict: 'ready', rows: [{ id: 'repository:tree', is: 'pass', accepted: null, backup: null }, {}] } });
  });
});
