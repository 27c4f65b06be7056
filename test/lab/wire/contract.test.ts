import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as parse from '../../../scripts/tools/talos-parse.ts';
import { realTool } from '../../real-tool.ts';
import { CHECKOUT, run } from '../world/support.ts';
import type { Ran } from '../world/support.ts';
import { makeWireRig } from './rig.ts';
import type { Rig } from './rig.ts';

const found = realTool('talosctl');
type Reading = (ran: Ran) => unknown;
const out = (read: (text: string) => unknown): Reading => (ran) => read(ran.out);
/** What moves while a cluster runs: ages, indices, sizes of files, moments. */
const still = (text: string): string => text.replace(/-?\d[\dhms.µ]*s ago/g, 'AGO').replace(/ +/g, ' ').replace(/\n\n+$/, '\n').trim();
const said: Reading = (ran) => still(ran.out + ran.err);
const without = (value: unknown, ...keys: readonly string[]): unknown => JSON.parse(JSON.stringify(value, (key, entry: unknown) => (keys.includes(key) ? undefined : typeof entry === 'bigint' ? String(entry) : entry)));
const both = (text: string) => (): readonly string[] => text.split(' ');

interface Row { readonly name: string; readonly argv: (rig: Rig) => readonly string[]; readonly reads: Reading; readonly on?: readonly number[]; readonly through?: number; readonly insecure?: true }
const row = (name: string, reads: Reading, more: Partial<Row> = {}): Row => ({ name, argv: both(name), reads, ...more });

const INSTALLED: readonly Row[] = [
  row('version', out((text) => parse.parseVersion(text, 'server')), { on: [4] }), row('services', out(parse.parseServices)), row('services', said, { name: 'services, as text' , argv: both('services') }), row('service etcd', said),
  row('services (of several)', said, { argv: both('services'), on: [1, 4] }), row('services (one gone)', (ran) => ran.out.split('\n').length, { argv: both('services'), on: [1, 9] }),
  row('etcd members', out(parse.parseEtcdMembers)), row('etcd members (as text)', said, { argv: both('etcd members') }), row('etcd members (on a worker)', said, { argv: both('etcd members'), on: [4] }),
  row('etcd status', out((text) => without(parse.parseEtcdStatus(text, ''), 'raftIndex', 'dbSizeBytes', 'dbInUseBytes')), { on: [1, 2, 3] }), row('etcd alarm list', said),
  row('etcd snapshot', (ran) => without(parse.parseSnapshot(ran.out), 'bytes', 'hash', 'revision', 'keys'), { argv: (rig) => ['etcd', 'snapshot', join(rig.folder, `${Math.random()}.db`)] }),
  row('get disks -o json', out(parse.parseDisks)), row('get links -o json', out(parse.parseLinks)), row('get discoveredvolumes -o json', out(parse.parseVolumes)), row('get machinestatus -o json', out(parse.parseStage)),
  row('get disks', said), row('get members', said), row('get ms', said), row('get discoveredvolumes', said), row('get hostname -o yaml', said), row('get nodename -o json', said, { on: [1, 2] }), row('get volumestatus', said), row('get addresses', said),
  row('get nonsense', said), row('get ms absent', said), row('get ms (of a node that is not there)', said, { argv: both('get ms'), on: [9] }),
  row('read /etc/hostname', said), row('read /etc/nothing', said), row('logs etcd', said), row('logs nobody', said), row('dmesg', said),
  row('bootstrap', said), row('bootstrap (on a worker)', said, { argv: both('bootstrap'), on: [4] }), row('kubeconfig - (on a worker)', said, { argv: both('kubeconfig -'), on: [4] }),
  row('apply-config --dry-run', (ran) => [parse.parseApplyDryRun(ran.err), still(ran.err)], { argv: (rig) => ['apply-config', '-f', rig.file(1), '--dry-run'] }),
  row('apply-config --dry-run (with a change)', (ran) => [parse.parseApplyDryRun(ran.err), still(ran.err)], { argv: (rig) => ['apply-config', '-f', rig.file(1), '--dry-run', '-p', '{"machine":{"sysctls":{"a.b":"1"}}}'] }),
  row('apply-config (of nonsense)', said, { argv: (rig) => ['apply-config', '-f', join(rig.folder, 'talosconfig')] }),
  row('apply-config (of another type)', said, { argv: (rig) => ['apply-config', '-f', rig.file(4), '--mode', 'no-reboot'] }),
  row('wipe disk sda', said), row('wipe disk nothing', said), row('wipe disk nvme0n1', said),
  row('reset (of a disk that is not there)', said, { argv: both('reset --wait=false --user-disks-to-wipe /dev/nothing') }), row('reset (of a label that is not there)', said, { argv: both('reset --wait=false --system-labels-to-wipe NOTHING') }),
  row('etcd defrag', said), row('etcd remove-member 1234567890abcdef', said), row('etcd remove-member nonsense', said), // Below it the real one prints how it is used.
  row('etcd defrag (of several)', (ran) => ran.err.split('\n')[0], { argv: both('etcd defrag'), on: [1, 2] }),
  row('image pull registry.k8s.io/kube-apiserver:v1.34.5', said), row('image pull example.io/nothing:v1', said), row('upgrade --wait=false --image example.io/nothing:v1', said), row('time', (ran) => ran.code),
  row('rollback (of what was never upgraded)', said, { argv: both('rollback') }),
  row('patch mc (with a change)', said, { argv: both('patch mc --mode no-reboot --dry-run -p {"machine":{"sysctls":{"a.b":"1"}}}') }), row('patch mc (with none)', said, { argv: both('patch mc --mode no-reboot -p {"machine":{"type":"controlplane"}}') }),
  row('patch mc (that needs a reboot)', said, { argv: both('patch mc --mode no-reboot -p {"cluster":{"etcd":{"advertisedSubnets":["10.0.0.0/8"]}}}') }),
  row('version (through a worker)', said, { argv: both('version --short'), through: 4, on: [1] }),
];
const BARE: readonly Row[] = [
  row('get disks -o json', out(parse.parseDisks), { insecure: true, argv: both('get disks --insecure -o json') }), row('get links -o json', out(parse.parseLinks), { insecure: true, argv: both('get links --insecure -o json') }),
  row('get discoveredvolumes -o json', out(parse.parseVolumes), { insecure: true, argv: both('get discoveredvolumes --insecure -o json') }), row('version', said, { insecure: true, argv: both('version --insecure --short') }),
  row('get members', said, { insecure: true, argv: both('get members --insecure') }), row('apply-config --dry-run', said, { insecure: true, argv: (rig) => ['apply-config', '--insecure', '-f', rig.file(2), '--dry-run'] }),
  row('apply-config --mode staged', said, { insecure: true, argv: (rig) => ['apply-config', '--insecure', '-f', rig.file(2), '--mode', 'staged'] }),
  row('apply-config (not a configuration)', said, { insecure: true, argv: (rig) => ['apply-config', '--insecure', '-f', join(rig.folder, 'talosconfig')] }),
  row('wipe disk', said, { insecure: true, argv: both('wipe disk nvme0n1 --insecure') }), row('wipe disk nothing', said, { insecure: true, argv: both('wipe disk nothing --insecure') }), row('reset --insecure', said, { insecure: true, argv: both('reset --insecure --wait=false') }),
  row('mTLS against maintenance', (ran) => ran.code, { argv: both('version --short'), through: 2, on: [2] }),
];

/** What is only read, of something that changes by itself. */
const MOVES = /^(?:get|logs|dmesg|services|version|etcd (?:status|members))\b/;

describe.skipIf(found === undefined)(found === undefined ? 'stand-in and real talosctl on the same machines: skipped: no real talosctl on PATH, nor built by tools:install' : 'stand-in and real talosctl on the same machines', () => {
  let rig: Rig;
  let bare: Rig;
  beforeAll(async () => {
    [rig, bare] = await Promise.all([makeWireRig(), makeWireRig({ planes: 2, workers: 0 })]);
    await rig.grow();
  });
  afterAll(async () => { await Promise.all([rig.end(), bare.end()]); });
  const ask = (tool: string, on: Rig, argv: readonly string[]): Promise<Ran> => run(tool, argv, {
    PATH: '/usr/bin:/bin', HOME: on.folder, TALOSCONFIG: join(on.folder, 'talosconfig'), KUBECONFIG: join(on.folder, 'none'), LAB_NODE: process.execPath, LAB_SOCKET: join(on.folder, 's'), NODE_COMPILE_CACHE: join(rig.folder, 'cc'),
  }, '', on.folder);
  const oneByOne = async (on: Rig, line: Row, where: readonly string[]): Promise<readonly unknown[]> => {
    const [ours, theirs] = [await ask(join(CHECKOUT, 'lab', 'bin', 'talosctl'), on, [...line.argv(on), ...where]), await ask(found ?? '', on, [...line.argv(on), ...where])];
    return [{ code: ours.code, read: line.reads(ours) }, { code: theirs.code, read: line.reads(theirs) }];
  };
  const same = async (on: Rig, line: Row): Promise<void> => {
    const through = line.through ?? 1;
    const nodes = (line.on ?? [through]).map((n) => `10.25.11.${10 + n}`).join(',');
    const where = line.insecure === true ? ['-n', on.at(2)] : ['-e', on.at(through), '-n', nodes];
    const pair = async (): Promise<readonly unknown[]> => Promise.all([join(CHECKOUT, 'lab', 'bin', 'talosctl'), found ?? ''].map(async (tool) => {
      const ran = await ask(tool, on, [...line.argv(on), ...where]);
      return { code: ran.code, read: line.reads(ran) };
    }));
    let [ours, theirs] = MOVES.test(line.name) ? await pair() : await oneByOne(on, line, where);
    // The machines go on between two questions: a difference that is one is there again.
    for (let again = 0; again < 3 && MOVES.test(line.name) && JSON.stringify(ours) !== JSON.stringify(theirs); again++) [ours, theirs] = await pair();
    expect(ours).toEqual(theirs);
  };
  test.each(INSTALLED.map((line) => [line.name, line] as const))('%s', async (_name, line) => { await same(rig, line); });
  test.each(BARE.map((line) => [line.name, line] as const))('in maintenance: %s', async (_name, line) => { await same(bare, line); });
});
