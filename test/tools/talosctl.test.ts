import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { SITE } from '../../scripts/config/target.ts';
import { Failure } from '../../scripts/engine/failure.ts';
import type { Command, Proc } from '../../scripts/tools/doors.ts';
import { clusterFiles, writePrivate } from '../../scripts/tools/files.ts';
import { readIdentity } from '../../scripts/tools/identity.ts';
import { makeProc, ToolFailure } from '../../scripts/tools/proc.ts';
import { bundleFields, certificateFingerprint, pemOf } from '../../scripts/tools/talos-bundle.ts';
import { makeTalos } from '../../scripts/tools/talosctl.ts';
import { cluster, failureOf, fixture, machine, realTool, scope, scratch } from './support.ts';

const bundle = bundleFields(load(fixture('talosctl-1.12.0/gen-secrets.yaml')));
const infra01 = machine('infra-01');
/** A talosctl that answers by its verb, and remembers what it was asked. */
function fake(answers: (command: Command) => string | ToolFailure): Proc & { readonly asked: Command[] } {
  const asked: Command[] = [];
  return {
    asked,
    async run(command) {
      asked.push(command);
      const answer = answers(command);
      if (answer instanceof ToolFailure) throw answer;
      return { stdout: answer, stderr: command.argv.includes('--dry-run') ? fixture('talosctl-1.12.0/apply-config-dry-run-none.txt') : '', exitCode: 0 };
    },
  };
}
const failed = (stderr: string): ToolFailure => new ToolFailure({ exit: 'rerun', what: 'talosctl ended with exit code 1', because: stderr, tool: 'talosctl', exitCode: 1, stderr, stdout: '' });
const ready = async (dir: string) => writePrivate(clusterFiles(dir, SITE, 'infra').talosconfig, 'x');

test('the talosconfig names its endpoints; the identity is written with it; its key is hidden from then on', async () => {
  using dir = scratch();
  const told = scope(dir.path);
  const proc = fake(() => fixture('talosctl-1.12.0/gen-config-talosconfig.yaml'));
  await makeTalos(told, cluster(), proc).writeTalosconfig(bundle);
  const files = clusterFiles(dir.path, SITE, 'infra');
  const text = readFileSync(files.talosconfig, 'utf8');
  expect(load(text)).toMatchObject({ context: 'infra', contexts: { infra: { endpoints: ['10.25.11.11'] } } });
  expect(statSync(files.talosconfig).mode & 0o777).toBe(0o600);
  expect(readIdentity(files)?.clusterCA.sha256).toBe(certificateFingerprint(pemOf(bundle.CLUSTER_CA_CRT)));
  expect(told.redactor.redact(text)).toMatch(/key: \[redacted\]/);
  expect(proc.asked[0]).toMatchObject({ effect: 'local', stdinAsFile: true });
  expect(proc.asked[0]?.argv.join(' ')).not.toContain(bundle.CLUSTER_SECRET);
});

test('a configuration is applied only with the proof of that very machine', async () => {
  using dir = scratch();
  const proc = fake(() => '');
  const talos = makeTalos(scope(dir.path), cluster(), proc);
  const failure = await failureOf(talos.applyInsecure(infra01, 'config', { machine: 'infra-02', by: 'MAC', evidence: 'x' }));
  expect([failure.code, proc.asked.length]).toEqual([70, 0]);
  await talos.applyInsecure(infra01, 'config', { machine: 'infra-01', by: 'MAC', evidence: 'x' });
  expect(proc.asked).toEqual([expect.objectContaining({ effect: 'write', stdin: 'config', argv: ['apply-config', '--insecure', '-n', '10.25.11.11:50000', '--file', '/dev/stdin'] })]);
});

describe('etcd bootstrap', () => {
  test.each([
    ['AlreadyExists is an answer', failed(fixture('talosctl-1.12.0/bootstrap-already.txt')), 'already'],
    ['success is done', '', 'done'],
  ])('%s', async (_, answer, wanted) => {
    using dir = scratch();
    await ready(dir.path);
    expect(await makeTalos(scope(dir.path), cluster(), fake(() => answer)).bootstrap(infra01)).toBe(wanted);
  });
  test('any other refusal is a failure', async () => {
    using dir = scratch();
    await ready(dir.path);
    expect((await failureOf(makeTalos(scope(dir.path), cluster(), fake(() => failed('rpc error: code = FailedPrecondition desc = bootstrap is not available yet'))).bootstrap(infra01))).because).toContain('not available yet');
  });
  test('without a talosconfig nothing is called', async () => {
    using dir = scratch();
    const proc = fake(() => '');
    expect((await failureOf(makeTalos(scope(dir.path), cluster(), proc).bootstrap(infra01))).hint).toContain('bootstrap:talos');
    expect(proc.asked).toEqual([]);
  });
});

test('etcd status comes from those who answer; none answering is a failure with every reason', async () => {
  using dir = scratch();
  await ready(dir.path);
  const two = [infra01, machine('infra-02', { address: '10.25.11.12' })];
  const one = fake((command) => (command.argv.includes('10.25.11.12') ? failed('connection refused') : fixture('talosctl-1.12.0/etcd-status-single.txt')));
  expect(await makeTalos(scope(dir.path), cluster(), one).etcdStatus(two)).toEqual([expect.objectContaining({ node: '10.25.11.11' })]);
  const failure = await failureOf(makeTalos(scope(dir.path), cluster(), fake(() => failed('connection refused'))).etcdStatus(two));
  expect(failure.parts).toHaveLength(2);
});

describe('several machines are asked with one call', () => {
  const planes = [infra01, machine('infra-02', { address: '10.25.11.12' }), machine('infra-03', { address: '10.25.11.13' })];
  const nodes = (command: Command): string => command.argv[command.argv.indexOf('-n') + 1] ?? '';
  const endpoints = (command: Command): string => command.argv[command.argv.indexOf('-e') + 1] ?? '';
  const several = (command: Command): boolean => nodes(command).includes(',');
  const services = fixture('talosctl-1.12.0/services.txt');
  const told = async (proc: Proc, machines = planes) => {
    using dir = scratch();
    await ready(dir.path);
    const answers = await makeTalos(scope(dir.path), cluster(), proc).readEach('services', machines);
    return Object.fromEntries([...answers].map(([name, one]) => [name, one.ok ? one.value.map((service) => service.state).join(' ') : one.failure.because]));
  };

  test('and who is missing in the answer is asked alone, and gives its own reason', async () => {
    const proc = fake((command) => (several(command) ? fixture('talosctl-1.12.0/services-several.txt') : failed('dial tcp 10.25.11.12:50000: connection refused')));
    expect(await told(proc)).toEqual({ 'infra-01': 'Running Running', 'infra-02': 'dial tcp 10.25.11.12:50000: connection refused', 'infra-03': 'Running Failed' });
    expect(proc.asked.map(nodes)).toEqual(['10.25.11.11,10.25.11.12,10.25.11.13', '10.25.11.12']);
    expect(proc.asked[0]).toMatchObject({ effect: 'read', ok: [0, 1] });
  });
  test.each([
    ['fails', failed('Unavailable')],
    ['prints nothing', ''],
    ['prints what is no table', 'rpc error'],
    ['tells of somebody who was not asked', services.replaceAll('10.25.11.11', '10.25.11.99')],
  ])('and everyone alone when the common call %s', async (_, common) => {
    const proc = fake((command) => (several(command) ? common : nodes(command) === '10.25.11.13' ? failed('no route') : services));
    expect(await told(proc)).toEqual({ 'infra-01': 'Running Running Preparing Running', 'infra-02': 'Running Running Preparing Running', 'infra-03': 'no route' });
    expect(proc.asked).toHaveLength(4);
  });
  test('through the control planes among them, because a worker forwards nothing', async () => {
    const proc = fake(() => services);
    await told(proc, [machine('infra-04', { role: 'worker', address: '10.25.11.14' }), ...planes.slice(0, 2)]);
    expect(proc.asked.map((command) => [endpoints(command), nodes(command)])).toEqual([
      ['10.25.11.11:50000,10.25.11.12:50000', '10.25.11.14,10.25.11.11,10.25.11.12'],
      ['10.25.11.14:50000', '10.25.11.14'], ['10.25.11.12:50000', '10.25.11.12'],
    ]);
  });
  test('workers by themselves, one by one', async () => {
    const proc = fake(() => services);
    await told(proc, planes.map((plane) => ({ ...plane, role: 'worker' as const })));
    expect(proc.asked.map(nodes)).toEqual(['10.25.11.11', '10.25.11.12', '10.25.11.13']);
  });
  test('nobody, when nobody is asked for', async () => {
    const proc = fake(() => services);
    expect([await told(proc, []), proc.asked]).toEqual([{}, []]);
  });
  test('and an interruption ends it', async () => {
    const proc: Proc = { run: async () => { throw new Failure({ exit: 'interrupted', what: 'talosctl was stopped' }); } };
    await expect(told(proc)).rejects.toMatchObject({ exit: 'interrupted' });
  });
  test.each([
    ['version', 'version-several.txt', ['v1.12.1', 'v1.12.0']],
    ['etcdStatus', 'etcd-status.txt', [{ node: '10.25.11.11' }, { node: '10.25.11.12', learner: true }]],
    ['etcdMembers', 'etcd-members-several.txt', [[{ hostname: 'infra-01' }, { hostname: 'infra-02' }], [{ hostname: 'infra-01' }]]],
  ] as const)('also for %s', async (what, answer, wanted) => {
    using dir = scratch();
    await ready(dir.path);
    const proc = fake(() => fixture(`talosctl-1.12.0/${answer}`));
    const answers = [...(await makeTalos(scope(dir.path), cluster(), proc).readEach(what, planes.slice(0, 2))).values()];
    expect(answers).toMatchObject(wanted.map((value) => ({ ok: true, value })));
    expect(proc.asked).toHaveLength(1);
  });
});

test('whether a configuration would change something is read from what the server says on standard error', async () => {
  using dir = scratch();
  await ready(dir.path);
  expect(await makeTalos(scope(dir.path), cluster(), fake(() => '')).wouldChange(infra01, 'config')).toBe(false);
});

test('the kubeconfig becomes two files named after the cluster; its key is hidden from then on', async () => {
  using dir = scratch();
  await ready(dir.path);
  const told = scope(dir.path);
  const key = Buffer.from('-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIPcanaryline0123456789\n').toString('base64');
  const proc = fake((command) => {
    writeFileSync(command.argv[1] ?? '', `current-context: admin@infra\nclusters: [{name: infra, cluster: {server: "https://infra-k8s.example.test:6443"}}]\nusers: [{name: a, user: {client-key-data: ${key}}}]\ncontexts: [{name: admin@infra, context: {cluster: infra, user: a}}]\n`);
    return '';
  });
  await makeTalos(told, cluster(), proc).writeKubeconfig(infra01);
  const files = clusterFiles(dir.path, SITE, 'infra');
  expect([readFileSync(files.kubeconfig, 'utf8'), statSync(files.kubeconfigDial).mode & 0o777]).toEqual([readFileSync(files.kubeconfigDial, 'utf8'), 0o600]);
  expect(readFileSync(files.kubeconfig, 'utf8')).toContain('current-context: infra');
  expect(told.redactor.redact(`x MHcCAQEEIPcanaryline0123456789 ${key}`)).toBe('x [redacted] [redacted]');
});

test('a dry run tells what would be generated and fetched, and writes no file', async () => {
  using dir = scratch();
  const told = scope(dir.path, { dryRun: true });
  const talos = makeTalos(told, cluster(), makeProc(told, cluster()));
  expect(await talos.machineConfig(infra01, bundle)).toBe('');
  await talos.writeTalosconfig(bundle);
  await talos.writeKubeconfig(infra01);
  expect(await talos.bootstrap(infra01)).toBe('done');
  expect(told.events.map((event) => event.type)).toEqual(['would-run', 'would-run', 'would-run', 'would-run']);
  expect(JSON.stringify(told.events)).not.toContain(bundle.MACHINE_TOKEN);
  expect(talos.hasTalosconfig()).toBe(false);
});

const talosctl = realTool('talosctl');
describe.runIf(talosctl !== undefined)(talosctl === undefined ? 'skipped: the real talosctl is neither on PATH nor in the tools cache' : 'with the real talosctl', () => {
  test.each([['controlplane', 'controlplane'], ['worker', 'worker']] as const)('a generated %s configuration carries name, disk and networks, and is valid for metal', async (role, type) => {
    using dir = scratch();
    const told = scope(dir.path, { env: { PATH: `${dirname(talosctl ?? '')}:/usr/bin:/bin`, HOME: dir.path } });
    const proc = makeProc(told, cluster());
    const config = await makeTalos(told, cluster(), proc).machineConfig(machine('infra-01', { role }), bundle);
    expect(config).toContain(`type: ${type}`);
    expect(config).toMatch(/hostname: infra-01/);
    expect(config).toMatch(/diskSelector:\n\s+model: Samsung SSD 860/);
    expect(config).toMatch(/podSubnets:\n\s+- 10\.244\.0\.0\/16/);
    const said = await proc.run({ tool: 'talosctl', argv: ['validate', '--mode', 'metal', '--config', '/dev/stdin'], effect: 'read', stdin: config, stdinAsFile: true, timeoutMs: 20_000 });
    expect(said.stdout + said.stderr).toContain('is valid for metal mode');
    expect(JSON.stringify(told.events)).not.toContain(bundle.CLUSTER_SECRET);
  });
});
