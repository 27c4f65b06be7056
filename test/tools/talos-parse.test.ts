import { fc } from '../fast-check.ts';
import { describe, expect, test } from 'vitest';
import * as parse from '../../scripts/tools/talos-parse.ts';
import { fixture } from './support.ts';

const recorded = (name: string): string => fixture(`talosctl-1.12.0/${name}`);

test('disks: writable ones, with every name they are known by', () => {
  expect(parse.parseDisks(recorded('get-disks.json'))).toEqual([
    { name: 'nvme0n1', path: '/dev/nvme0n1', model: 'PNY CS1031 1TB SSD', serial: 'PNY24102410230100A95', wwid: 'eui.6479a7726a304b94', sizeBytes: 1_000_204_886_016, symlinks: ['/dev/disk/by-id/nvme-PNY_CS1031_1TB_SSD_PNY24102410230100A95', '/dev/disk/by-id/nvme-eui.6479a7726a304b94'] },
    { name: 'sda', path: '/dev/sda', model: 'Samsung SSD 860', serial: 'S3Z2NB0K123456A', wwid: 'naa.5002538e40a1b2c3', sizeBytes: 500_107_862_016, symlinks: ['/dev/disk/by-id/ata-Samsung_SSD_860_S3Z2NB0K123456A'] },
  ]);
});

test('links: the permanent address of a card in a bond, and which are cards', () => {
  expect(parse.parseLinks(recorded('get-links.json'))).toEqual([
    { name: 'lo', mac: '00:00:00:00:00:00', physical: false },
    { name: 'eno1', mac: 'f8:f2:1e:20:57:d1', physical: true },
    { name: 'bond0', mac: 'f8:f2:1e:20:57:d0', physical: false },
  ]);
});

test('stage, with what it still waits for', () => {
  expect(parse.parseStage(recorded('get-machinestatus.json'))).toEqual({ stage: 'booting', ready: false, unmet: ['services: services [etcd, kubelet] are not ready', 'nodeReady'] });
  expect(parse.parseStage(recorded('get-machinestatus-ready.json'))).toEqual({ stage: 'running', ready: true, unmet: [] });
});

test('services: healthy, not, and not known are three things', () => {
  expect(parse.parseServices(recorded('services.txt')).map(({ id, state, healthy }) => [id, state, healthy])).toEqual([
    ['apid', 'Running', true], ['dashboard', 'Running', null], ['etcd', 'Preparing', null], ['kubelet', 'Running', false],
  ]);
  expect(parse.parseServices(recorded('services.txt'))[3]?.message).toMatch(/^Health check failed: Get .* connection refused$/);
});

test('etcd members, one that has not started yet among them', () => {
  expect(parse.parseEtcdMembers(recorded('etcd-members.txt'))).toEqual([
    { id: '8e9e05c52164694d', hostname: 'infra-01', peerUrls: ['https://10.25.11.11:2380'], learner: false },
    { id: '91bc3c398fb3c146', hostname: 'infra-02', peerUrls: ['https://10.25.11.12:2380', 'https://[fd00::12]:2380'], learner: false },
    { id: 'fd422379fda50e48', hostname: '', peerUrls: ['https://10.25.11.13:2380'], learner: true },
  ]);
  expect(parse.parseEtcdMembers('')).toEqual([]);
});

test('etcd status, with and without the NODE column', () => {
  expect(parse.parseEtcdStatus(recorded('etcd-status.txt'), 'x')).toEqual([
    { node: '10.25.11.11', memberId: '8e9e05c52164694d', leader: '8e9e05c52164694d', dbSizeBytes: 13_000_000, dbInUseBytes: 4_700_000, raftTerm: 3, raftIndex: 11_234, learner: false, errors: '' },
    { node: '10.25.11.12', memberId: '91bc3c398fb3c146', leader: '8e9e05c52164694d', dbSizeBytes: 2_400_000, dbInUseBytes: 998_000, raftTerm: 3, raftIndex: 11_234, learner: true, errors: 'etcdserver: no space, memberID:10501334649042878790 alarm:NOSPACE' },
  ]);
  expect(parse.parseEtcdStatus(recorded('etcd-status-single.txt'), '10.0.0.9')[0]).toMatchObject({ node: '10.0.0.9', leader: '0000000000000000', dbSizeBytes: 16_000 });
});

test('etcd alarms and snapshot', () => {
  expect(parse.parseEtcdAlarms(recorded('etcd-alarms.txt'))).toEqual(['91bc3c398fb3c146: NOSPACE']);
  expect(parse.parseEtcdAlarms('')).toEqual([]);
  expect(parse.parseSnapshot(recorded('etcd-snapshot.txt'))).toEqual({ bytes: 5_246_992, hash: '0a1c4f9e', revision: 20_411, keys: 1523 });
});

test("machines' clocks beside their time servers', as Go prints moments", () => {
  const head = 'NODE          NTP-SERVER            NODE-TIME                                 NTP-SERVER-TIME\n';
  expect([...parse.parseTimes(`${head}10.25.11.11   time.cloudflare.com   2026-11-21 18:12:00.123456789 +0000 UTC   2026-11-21 18:12:00 +0000 UTC\n`)]).toEqual([
    ['10.25.11.11', { server: 'time.cloudflare.com', local: Date.parse('2026-11-21T18:12:00.123Z'), remote: Date.parse('2026-11-21T18:12:00Z') }],
  ]);
  expect(() => parse.parseTimes(`${head}10.25.11.11   time.cloudflare.com   yesterday                                 2026-11-21 18:12:00 +0000 UTC\n`)).toThrow(/cannot read a time/);
});

test("a server's version is not the client's", () => {
  expect(parse.parseVersion(recorded('version-node.txt'), 'server')).toBe('v1.12.1');
  expect(parse.parseVersion(recorded('version-node.txt'), 'client')).toBe('v1.12.0');
  expect(parse.parseVersion(recorded('version-client.txt'), 'client')).toBe('v1.12.0');
  expect(() => parse.parseVersion(recorded('version-client.txt'), 'server')).toThrow(/server's Talos version/);
});

test('a dry-run apply says whether something would change, or is not understood', () => {
  expect(parse.parseApplyDryRun(recorded('apply-config-dry-run-none.txt'))).toBe(false);
  expect(parse.parseApplyDryRun(recorded('apply-config-dry-run-diff.txt'))).toBe(true);
  expect(() => parse.parseApplyDryRun('Applied configuration')).toThrow(/cannot read/);
});

describe('several machines in one answer are told apart by their address', () => {
  const plain = (map: ReadonlyMap<string, unknown>): unknown => Object.fromEntries(map);

  test('versions', () => {
    expect(plain(parse.parseVersions(recorded('version-several.txt')))).toEqual({ '10.25.11.11': 'v1.12.1', '10.25.11.12': 'v1.12.0' });
  });
  test('services; a machine that did not answer is not there', () => {
    const found = parse.parseServicesEach(recorded('services-several.txt'));
    expect([...found].map(([node, services]) => [node, services.map(({ id, state }) => `${id} ${state}`)])).toEqual([
      ['10.25.11.11', ['apid Running', 'etcd Running']], ['10.25.11.13', ['apid Running', 'etcd Failed']],
    ]);
  });
  test('stages', () => {
    expect(plain(parse.parseStages(recorded('get-machinestatus-several.json')))).toMatchObject({ '10.25.11.11': { stage: 'running', ready: true }, '10.25.11.13': { stage: 'booting', ready: false } });
  });
  test('etcd members, as each tells them', () => {
    const found = parse.parseEtcdMembersEach(recorded('etcd-members-several.txt'));
    expect([...found].map(([node, members]) => [node, members.map((member) => member.hostname)])).toEqual([['10.25.11.11', ['infra-01', 'infra-02']], ['10.25.11.12', ['infra-01']]]);
  });
  test.each([
    ['members without headings, because the first machine knows none', () => parse.parseEtcdMembersEach(recorded('etcd-members-several-first-empty.txt'))],
    ['services without a NODE', () => parse.parseServicesEach('SERVICE   STATE     HEALTH\napid      Running   OK\n')],
    ['a version without its tag', () => parse.parseVersions('Server:\n\tNODE:        10.25.11.11\n\tSHA:         x\n')],
    ['a stage that says nothing', () => parse.parseStages('{"node": "10.25.11.11", "metadata": {"id": "machine"}, "spec": {}}')],
  ])('but not %s', (_, read) => { expect(read).toThrow(/^cannot read /); });
});

describe('alarms in the status of the members', () => {
  const [status] = parse.parseEtcdStatus(recorded('etcd-status.txt'), '').slice(1);
  test.each([
    ['none', ['', ''], []],
    ['one, told by all', ['memberID:10501334649042878790 alarm:NOSPACE', 'memberID:10501334649042878790 alarm:NOSPACE '], ['91bc3c398fb3c146: NOSPACE']],
    ['two in one status', ['etcdserver: no leader, memberID:1 alarm:NOSPACE , memberID:10501334649042878790 alarm:CORRUPT '], ['0000000000000001: NOSPACE', '91bc3c398fb3c146: CORRUPT']],
    ['another error', ['etcdserver: no leader'], []],
  ])('%s', (_, errors, wanted) => {
    expect(status).toBeDefined();
    expect(parse.alarmsOfStatus(errors.flatMap((text) => (status === undefined ? [] : [{ ...status, errors: text }])))).toEqual(wanted);
  });
  test('are worded as the list of alarms words them', () => {
    expect(parse.alarmsOfStatus(status === undefined ? [] : [status])).toEqual(parse.parseEtcdAlarms(recorded('etcd-alarms.txt')));
  });
});

describe('what cannot be read is never guessed at', () => {
  test.each([
    ['disks', () => parse.parseDisks('no resources')], ['half a document', () => parse.parseLinks('{"metadata": {"id": "x"')],
    ['a resource without id', () => parse.parseDisks('{"metadata": {}}')], ['no stage', () => parse.parseStage('')],
    ['services', () => parse.parseServices('')], ['members', () => parse.parseEtcdMembers('rpc error: code = Unavailable')],
    ['snapshot', () => parse.parseSnapshot('etcd snapshot saved to "x" (5 bytes)')], ['size', () => parse.humanBytes('13 MiB')],
  ])('%s', (_, read) => { expect(read).toThrow(/^cannot read /); });
});

test('documents one after the other are told apart, whatever is in their strings', () => {
  fc.assert(fc.property(fc.array(fc.dictionary(fc.string(), fc.jsonValue())), fc.constantFrom('', '\n', ' \n\n'), (documents, between) => {
    const text = documents.map((document) => JSON.stringify(document, undefined, 4)).join(between);
    expect(parse.jsonDocuments(text)).toEqual(JSON.parse(JSON.stringify(documents)));
  }));
});

test.each([['0 B', 0], ['999 B', 999], ['1.0 kB', 1000], ['2.4 MB', 2_400_000], ['13 GB', 13_000_000_000]])('%s is %i bytes', (text, bytes) => {
  expect(parse.humanBytes(text)).toBe(bytes);
});
