import { X509Certificate } from 'node:crypto';
import { fc } from '../../fast-check.ts';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { createClock } from '../../../lab/world/clock.ts';
import { hardwareOf } from '../../../lab/world/hardware.ts';
import { createCA, issue, opensslKey, readKey } from '../../../lab/world/pki.ts';
import { parseReference } from '../../../lab/world/secrets.ts';
import { didYouMean } from '../../../lab/world/fault-board.ts';
import { durationMs, Exit, parseFlags, Unmodelled } from '../../../lab/standins/shared/flags.ts';
import { goDuration, humanBytes, table } from '../../../lab/standins/shared/table.ts';
import { goYaml } from '../../../lab/standins/shared/yaml.ts';

const { array, assert, boolean, constant, dictionary, integer, letrec, oneof, property, string } = fc;

describe('certificates', () => {
  test.each(['ed25519', 'p256'] as const)('a leaf of an authority (%s) chains to it and carries its names', (algorithm) => {
    const ca = createCA({ organization: ['talos'] }, algorithm);
    const leaf = new X509Certificate(issue(ca, { organization: ['os:admin'], commonName: 'x', names: ['10.0.0.1', 'a.b', 'fd00::1'], use: 'both' }).crt);
    expect(leaf.verify(new X509Certificate(ca.crt).publicKey)).toBe(true);
    expect(leaf.checkIssued(new X509Certificate(ca.crt))).toBe(true);
    expect(leaf.checkIP('10.0.0.1')).toBe('10.0.0.1');
    expect(leaf.checkHost('a.b')).toBe('a.b');
    expect(leaf.subject).toContain('O=os:admin');
  });
  test("Talos's label on an Ed25519 key is read as OpenSSL cannot", () => {
    const { key } = createCA({}, 'ed25519');
    expect(key).toContain('BEGIN ED25519 PRIVATE KEY');
    expect(readKey(key).asymmetricKeyType).toBe('ed25519');
    expect(opensslKey(key)).toContain('BEGIN PRIVATE KEY');
  });
});

test('the clock keeps the order of due times and drops what is cancelled', async () => {
  let wall = 0;
  const clock = createClock(1_000, 60, () => wall);
  const fired: string[] = [];
  const all = new Promise<void>((done) => {
    clock.after(600, () => { fired.push('late'); done(); });
    clock.after(60, () => fired.push('early'));
    clock.after(100, () => fired.push('never'))();
  });
  wall = 5;
  expect(clock.now()).toBe(1_300);
  wall = 10;
  await all;
  expect(fired).toEqual(['early', 'late']);
  clock.setSpeed(1);
  wall = 11;
  expect(clock.now()).toBe(1_601);
  clock.stop();
});

test('hardware fits the selectors and is the same each time', () => {
  const machine = { name: 'm', role: 'worker', address: '10.0.0.1', macs: ['f8:f2:1e:20:57:*'], disks: { install: { model: 'Samsung SSD 860' }, data: { openebs: { model: 'TEAM TM8FP6512G' }, ceph: { id: '/dev/disk/by-id/nvme-eui.64' } } } } as const;
  const made = hardwareOf('c', machine);
  expect(hardwareOf('c', machine)).toEqual(made);
  expect(made.links[0]?.mac).toMatch(/^f8:f2:1e:20:57:[0-9a-f]{2}$/);
  expect(made.disks.map((disk) => [disk.purpose, disk.path, disk.sizeBytes / 1e9])).toEqual([['system', '/dev/sda', 500], ['openebs', '/dev/nvme0n1', 512], ['ceph', '/dev/nvme1n1', 512]]);
  expect(made.disks[2]).toMatchObject({ wwid: 'eui.64' });
  expect(made.disks[2]?.symlinks).toContain('/dev/disk/by-id/nvme-eui.64');
});

describe('flags', () => {
  const spec = { nodes: { type: 'strings', short: 'n' }, wait: { type: 'bool', default: true }, force: { type: 'bool', short: 'f' }, timeout: { type: 'duration' } } as const;
  test.each([
    [['-n', 'a,b', '--nodes=c', 'x'], { nodes: ['a', 'b', 'c'], args: ['x'] }],
    [['-na', '-f', '--', '--wait'], { nodes: ['a'], args: ['--wait'] }],
  ])('%j', (argv, want) => {
    const got = parseFlags('t', spec, argv);
    expect({ nodes: got.list('nodes'), args: got.args }).toEqual(want);
  });
  test.each([[['--what']], [['-x']], [['--waits']]])('%j is not modelled', (argv) => expect(() => parseFlags('t', spec, argv)).toThrow(Unmodelled));
  test.each([[['--wait=maybe']], [['--timeout', 'soon']], [['-n']]])('%j is wrong', (argv) => expect(() => parseFlags('t', spec, argv)).toThrow(Exit));
  test.each([['30m0s', 1_800_000], ['1.5s', 1500], ['0', 0], ['x', undefined], ['5', undefined]])('duration %s', (text, ms) => expect(durationMs(text)).toBe(ms));
});

describe('output', () => {
  test('columns stand as tabwriter sets them', () => expect(table([['NODE', 'ID'], ['10.0.0.1', '']])).toBe('NODE       ID\n10.0.0.1   \n'));
  test.each([[24_576, '25 kB'], [999, '999 B'], [1_500_000, '1.5 MB']])('%d bytes', (bytes, text) => expect(humanBytes(bytes)).toBe(text));
  test.each([[59_400, '59s'], [3_661_000, '1h1m1s'], [120_000, '2m0s']])('%d ms', (ms, text) => expect(goDuration(ms)).toBe(text));
  test('YAML reads back as what was written', () => {
    const leaf = oneof(string(), integer(), boolean(), constant('a\nb\n'), constant('off'), constant('0o7'));
    const { tree } = letrec<{ tree: unknown }>((tie) => ({ tree: oneof({ maxDepth: 3 }, leaf, array(tie('tree'), { maxLength: 3 }), dictionary(string({ minLength: 1 }).filter((key) => key !== '__proto__' && key !== '<<'), tie('tree'), { maxKeys: 3 })) }));
    assert(property(tree, (value) => { expect(load(goYaml({ value }))).toEqual({ value: JSON.parse(JSON.stringify(value)) }); }), { numRuns: 300 });
  });
});

test.each([['op://v/i/f', { vault: 'v', item: 'i', field: 'f' }], ['op://v/i/s/f', { vault: 'v', item: 'i', field: 'f' }], ['op://v/i', undefined], ['v/i/f', undefined]])('reference %s', (text, want) => expect(parseReference(text)).toEqual(want));
test.each([['stuck', 'stuck-in-maintenance'], ['op-sesion-expired', 'op-session-expired'], ['zzz', undefined]])('did you mean, for %s', (word, want) => expect(didYouMean(word, ['stuck-in-maintenance', 'op-session-expired'])).toBe(want));
