import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alive, configure, dial, makeLab, talos, until } from './support.ts';
import type { Lab } from './support.ts';

let it: Lab;
beforeAll(async () => {
  it = makeLab({ speed: 2000 });
  await it.up();
  await configure(it);
});
afterAll(async () => {
  const pid = it.daemonPid();
  await it.end();
  if (alive(pid)) throw new Error(`down left the daemon ${pid} behind`);
});

// One life of a cluster, in order: each test goes on where the one before left it.
describe('a machine in maintenance', () => {
  test('shows its disks and links to anybody', async () => {
    const disks = await it.tool('talosctl', ['get', 'disks', '--insecure', '-n', dial(it, 1), '-o', 'json']);
    expect(disks.out).toContain('"model": "Samsung SSD 860"');
    expect(disks.out).toContain('/dev/disk/by-id/nvme-eui.6479a7726a304b91');
    const links = await it.tool('talosctl', ['get', 'links', '--insecure', '-n', dial(it, 1)]);
    expect(links.out).toMatch(/^NODE +NAMESPACE +TYPE +ID +VERSION +ALIAS +TYPE +KIND +HW ADDR/);
    expect(links.out).toMatch(/f8:f2:1e:20:11:[0-9a-f]{2}/);
  });
  test.each([
    ['bootstrap with a talosconfig', ['bootstrap'], 'error executing bootstrap: rpc error: code = Unavailable desc = connection error: desc = "transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate signed by unknown authority"'],
    ['a kind it does not tell', ['get', 'bogus'], 'rpc error: code = Unavailable'],
  ])('refuses %s', async (_what, argv, text) => {
    const ran = await talos(it, 1, ...argv);
    expect(ran.code).toBe(1);
    expect(ran.err).toContain(text);
  });
  test('does not tell its version', async () => {
    expect((await it.tool('talosctl', ['version', '-i', '-n', dial(it, 1)])).err).toContain('rpc error: code = Unimplemented desc = API is not implemented in maintenance mode');
  });
  test('refuses a configuration that is none', async () => {
    const ran = await it.tool('talosctl', ['apply-config', '--insecure', '-n', dial(it, 1), '-f', join(it.folder, 'out', 'talosconfig')]);
    expect(ran).toMatchObject({ code: 1 });
    expect(ran.err).toContain('failed to parse config: missing kind');
  });
  test('says in a dry run that it has no configuration yet, and stays as it is', async () => {
    const ran = await it.tool('talosctl', ['apply-config', '--insecure', '-n', dial(it, 1), '-f', join(it.folder, 'm1.yaml'), '--dry-run']);
    expect(ran).toEqual({ code: 0, out: '', err: 'Dry run summary:\nNode is running in maintenance mode and does not have a config yet.\n' });
  });
});

describe('an installed machine', () => {
  test('answers its own authority alone', async () => {
    for (const n of [1, 2, 3, 4]) expect(await it.tool('talosctl', ['apply-config', '--insecure', '-n', dial(it, n), '-f', join(it.folder, `m${n}.yaml`)])).toMatchObject({ code: 0, err: '' });
    for (const n of [1, 2, 3, 4]) await until(() => talos(it, n, 'version'), (ran) => ran.code === 0);
    const stranger = await it.tool('talosctl', ['apply-config', '--insecure', '-n', dial(it, 1), '-f', join(it.folder, 'm1.yaml')]);
    expect(stranger.code).toBe(1);
    expect(stranger.err).toContain('certificate required');
    expect((await it.tool('talosctl', ['gen', 'config', 'other', 'https://o:6443', '-o', join(it.folder, 'other'), '--output-types', 'talosconfig'])).code).toBe(0);
    const foreign = await it.tool('talosctl', ['--talosconfig', join(it.folder, 'other'), '-e', dial(it, 1), '-n', '10.25.11.11', 'version']);
    expect(foreign.err).toContain('x509: certificate signed by unknown authority');
  });
  test('is bootstrapped once, and only as a control plane', async () => {
    await until(() => talos(it, 1, 'service', 'etcd'), (ran) => ran.out.includes('Preparing'));
    expect((await talos(it, 4, 'bootstrap')).err).toContain('code = FailedPrecondition desc = bootstrap can only be performed on a control plane node');
    expect(await talos(it, 1, 'bootstrap')).toEqual({ code: 0, out: '', err: '' });
    expect((await talos(it, 1, 'bootstrap')).err).toContain('code = AlreadyExists desc = etcd data directory is not empty');
  });
  test('joins etcd with its peers', async () => {
    const ran = await until(() => talos(it, 2, 'etcd', 'members'), (members) => (members.out.match(/ false$/gm) ?? []).length === 3);
    expect(ran.out.split('\n')[0]).toMatch(/^NODE +ID +HOSTNAME +PEER URLS +CLIENT URLS +LEARNER$/);
    expect(ran.out).toContain('https://10.25.11.13:2380');
    expect((await talos(it, 4, 'etcd', 'members')).err).toContain('code = Unimplemented desc = member list is only available on control plane nodes');
    expect((await talos(it, 1, '-n', '10.25.11.12', 'etcd', 'status')).out).toMatch(/^NODE +MEMBER +DB SIZE +IN USE +LEADER +RAFT INDEX +RAFT TERM/);
  });
  test('says what a change would do without doing it', async () => {
    expect((await talos(it, 1, 'apply-config', '--dry-run', '-f', join(it.folder, 'm1.yaml'))).err).toBe('Dry run summary:\nApplied configuration without a reboot (skipped in dry-run).\nConfig diff:\n\nNo changes.\n');
    expect((await talos(it, 1, 'apply-config', '--dry-run', '-f', join(it.folder, 'm2.yaml'))).err).toContain('+HostnameConfig/.hostname: "infra-02"');
  });
  test('gives a kubeconfig whose API answers, and an etcd snapshot', async () => {
    const file = join(it.folder, 'admin');
    expect(await talos(it, 1, 'kubeconfig', file)).toMatchObject({ code: 0 });
    expect(readFileSync(file, 'utf8')).toContain('server: https://infra-k8s.example.io:6443');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await until(() => it.lab('status'), (ran) => JSON.parse(ran.out).clusters[0].api.up === true && JSON.parse(ran.out).clusters[0].nodes === 4);
    expect((await talos(it, 1, 'etcd', 'snapshot', join(it.folder, 'snap'))).out).toMatch(/^etcd snapshot saved to ".*" \(\d+ bytes\)\nsnapshot info: hash [0-9a-f]{8}, revision \d+, total keys [1-9]\d*, total size \d+\n$/);
    expect(statSync(join(it.folder, 'snap')).size % 512).toBe(32);
  });
  const several = (endpoints: readonly number[], nodes: readonly number[], ...argv: readonly string[]) =>
    it.tool('talosctl', ['--talosconfig', join(it.folder, 'out', 'talosconfig'), '-e', endpoints.map((n) => dial(it, n)).join(','), '-n', nodes.map((n) => `10.25.11.${10 + n}`).join(','), ...argv]);
  const nodesIn = (text: string): readonly string[] => [...new Set(text.match(/10\.25\.11\.1\d(?!:)/g))];
  const FOUR = ['10.25.11.11', '10.25.11.12', '10.25.11.13', '10.25.11.14'];
  test.each([
    ['version', ['version'], /^\tNODE: {8}(\S+)$/gm], ['services', ['services'], /^(10\S+) +etcd|^(10\S+) +kubelet/gm], ['machine status', ['get', 'machinestatus', '-o', 'json'], /"node": "(\S+)"/g],
  ] as const)('tells of its peers too when several are asked: %s', async (_what, argv, rows) => {
    const ran = await several([1, 2], [1, 2, 3, 4], ...argv);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect([...new Set([...ran.out.matchAll(rows)].map((row) => row[1] ?? row[2]))]).toEqual(FOUR);
  });
  test('complains of one that cannot answer and prints the others', async () => {
    const ran = await several([1], [1, 4, 2], 'etcd', 'members');
    expect(ran).toMatchObject({ code: 0, err: 'WARNING: 1 error occurred:\n\t* 10.25.11.14: rpc error: code = Unimplemented desc = member list is only available on control plane nodes\n\n\n' });
    expect(ran.out.split('\n').slice(1).map((row) => row.split(' ')[0]).filter((node) => node !== '')).toEqual([...Array(3).fill('10.25.11.11'), ...Array(3).fill('10.25.11.12')]);
  });
  test('passes nothing on as a worker, and answers for itself', async () => {
    expect(await several([4], [1, 4], 'services')).toEqual({ code: 1, out: '', err: 'error listing services: rpc error: code = PermissionDenied desc = no request forwarding\n' });
    expect((await several([4], [1], 'version')).err).toContain('no request forwarding');
    expect(await several([4], [4], 'services')).toMatchObject({ code: 0, err: '' });
  });
  test('tells of the others when one is down: as a warning, and for resources as a failure', async () => {
    expect((await it.lab('power', 'off', '--machine', 'infra-04')).code).toBe(0);
    await until(() => talos(it, 4, 'version'), (ran) => ran.err.includes('connect: connection refused'));
    const [services, status, first] = await Promise.all([several([1, 2], [1, 4, 2], 'services'), several([1, 2], [1, 4, 2], 'get', 'machinestatus', '-o', 'json'), several([1], [4, 1], 'get', 'machinestatus', '-o', 'json')]);
    expect([services.code, nodesIn(services.out)]).toEqual([0, ['10.25.11.11', '10.25.11.12']]);
    expect(services.err).toMatch(/^WARNING: 1 error occurred:\n\t\* 10\.25\.11\.14: rpc error: code = Unavailable/);
    expect([status.code, nodesIn(status.out)]).toEqual([1, ['10.25.11.11', '10.25.11.12']]);
    expect(status.err).toContain('1 error occurred:\n\t* rpc error: code = Unavailable');
    // The kind is looked up at the first node: without it nothing is told.
    expect(first).toMatchObject({ code: 1, out: '' });
    // An endpoint that is down does not matter while another answers.
    expect(nodesIn((await several([4, 1], [1, 2], 'services')).out)).toEqual(['10.25.11.11', '10.25.11.12']);
    expect((await it.lab('power', 'on', '--machine', 'infra-04')).code).toBe(0);
    await until(() => talos(it, 4, 'version'), (ran) => ran.code === 0);
  });
  test('loses its API with its quorum, and has it back when the fault heals', async () => {
    expect((await it.lab('break', 'etcd-no-quorum')).code).toBe(0);
    await until(() => it.lab('status'), (ran) => JSON.parse(ran.out).clusters[0].api.up === false);
    expect((await talos(it, 3, 'service', 'etcd')).out).toContain('Failed');
    await it.lab('heal', '--all');
    await until(() => it.lab('status'), (ran) => JSON.parse(ran.out).clusters[0].api.up === true);
  });
  test('is wiped by a reset; the last etcd member leaves only by force', async () => {
    expect((await talos(it, 1, 'reset', '--user-disks-to-wipe', '/dev/nope', '--wait=false')).err).toContain("reset user disk failed: device /dev/nope wasn't found");
    for (const n of [2, 3]) expect(await talos(it, n, 'reset', '--reboot', '--wait=false')).toMatchObject({ code: 0, err: '' });
    for (const n of [2, 3]) await until(() => it.tool('talosctl', ['get', 'ms', '--insecure', '-n', dial(it, n)]), (ran) => ran.out.includes('maintenance'));
    expect((await talos(it, 1, 'reset', '--reboot')).err).toContain('failed to leave cluster');
    expect(await talos(it, 1, 'reset', '--reboot', '--graceful=false', '--system-labels-to-wipe', 'STATE,EPHEMERAL', '--user-disks-to-wipe', '/dev/nvme0n1')).toMatchObject({ code: 0 });
    await until(() => it.lab('status'), (ran) => JSON.parse(ran.out).clusters[0].etcd === null && JSON.parse(ran.out).clusters[0].machines[0].face === 'maintenance');
  });
  test('is Unavailable while it is down', async () => {
    expect((await it.lab('power', 'off', '--machine', 'infra-04')).code).toBe(0);
    await until(() => talos(it, 4, 'version'), (ran) => ran.err.includes('connect: connection refused'));
  });
});

test('the log knows every write by machine, and no secret', async () => {
  const entries: readonly { readonly kind: string; readonly verb: string; readonly object: string; readonly write: boolean }[] = JSON.parse((await it.lab('log')).out);
  expect(entries.filter((entry) => entry.verb === 'Bootstrap' && entry.write).map((entry) => entry.object)).toEqual(['infra-04', 'infra-01', 'infra-01']);
  expect(entries.filter((entry) => entry.kind === 'talos' && entry.verb === 'Resources' && entry.write)).toEqual([]);
  const log = readFileSync(join(it.taskDir, 'lab', 'log.jsonl'), 'utf8');
  const secrets = readFileSync(join(it.folder, 'secrets.yaml'), 'utf8').matchAll(/: (\S{20,})$/gm);
  for (const [, secret = ''] of secrets) expect(log).not.toContain(secret);
});

test('what the stand-in does not model fails loudly and is noted', async () => {
  const ran = await it.tool('talosctl', ['version', '--frobnicate']);
  expect(ran).toMatchObject({ code: 64, err: "unknown flag: --frobnicate (the lab's stand-in talosctl does not model it)\n" });
  expect((await it.tool('talosctl', ['rotate-ca'])).code).toBe(64);
  expect((await it.lab('log')).out).toContain('--frobnicate');
});
