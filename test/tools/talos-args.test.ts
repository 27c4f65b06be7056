import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import * as args from '../../scripts/tools/talos-args.ts';
import { bundleFields, bundleSecrets, bundleText, BUNDLE_FIELDS, certificateFingerprint, pemOf } from '../../scripts/tools/talos-bundle.ts';
import { cluster, fixture, machine, realTool, scratch } from './support.ts';

const mtls: args.Via & { readonly by: 'mtls' } = { by: 'mtls', talosconfig: '/t/talosconfig', endpoint: '127.0.0.1:1', node: '10.25.11.11' };
const insecure: args.Via = { by: 'insecure', endpoint: '127.0.0.1:1' };
const together: args.Together = { by: 'together', talosconfig: '/t/talosconfig', endpoints: ['127.0.0.1:1', '127.0.0.1:2'], nodes: ['10.25.11.11', '10.25.11.12', '10.25.11.13'] };
const ALL = ['--talosconfig', '/t/talosconfig', '-e', '127.0.0.1:1,127.0.0.1:2', '-n', '10.25.11.11,10.25.11.12,10.25.11.13'];
const AT = ['--talosconfig', '/t/talosconfig', '-e', '127.0.0.1:1', '-n', '10.25.11.11'];
const versions = { talos: '1.12.0', kubernetes: 'v1.34.4' };

describe('every call names its endpoint and its node', () => {
  test.each([
    ['apply insecure', args.applyConfig(insecure), ['apply-config', '--insecure', '-n', '127.0.0.1:1', '--file', '/dev/stdin']],
    ['apply dry run', args.applyConfig(mtls, { dryRun: true }), ['apply-config', ...AT, '--file', '/dev/stdin', '--dry-run']],
    ['get disks', args.getResource(insecure, 'disks'), ['get', 'disks', '--insecure', '-n', '127.0.0.1:1', '-o', 'json']],
    ['machine status', args.getResource(mtls, 'machinestatus'), ['get', 'machinestatus', ...AT, '-o', 'json']],
    ['services', args.services(mtls), ['services', ...AT]],
    ['version', args.version(mtls), ['version', ...AT]],
    ['bootstrap', args.bootstrap(mtls), ['bootstrap', ...AT]],
    ['bootstrap from a snapshot', args.bootstrap(mtls, { file: '/e/db', raw: false }), ['bootstrap', ...AT, '--recover-from', '/e/db']],
    ['bootstrap from a raw copy', args.bootstrap(mtls, { file: '/e/db', raw: true }), ['bootstrap', ...AT, '--recover-from', '/e/db', '--recover-skip-hash-check']],
    ['reset of etcd alone', args.reset(mtls, { graceful: false, userDisks: [], labels: ['EPHEMERAL'], timeout: '15m0s' }), ['reset', ...AT, '--graceful=false', '--reboot', '--system-labels-to-wipe', 'EPHEMERAL', '--wait', '--timeout', '15m0s']],
    ['members', args.etcdMembers(mtls), ['etcd', 'members', ...AT]],
    ['status', args.etcdStatus(mtls), ['etcd', 'status', ...AT]],
    ['alarms', args.etcdAlarms(mtls), ['etcd', 'alarm', 'list', ...AT]],
    ['snapshot', args.etcdSnapshot(mtls, '/e/db'), ['etcd', 'snapshot', '/e/db', ...AT]],
    ['version of several', args.version(together), ['version', ...ALL]],
    ['machine status of several', args.getResource(together, 'machinestatus'), ['get', 'machinestatus', ...ALL, '-o', 'json']],
    ['services of several', args.services(together), ['services', ...ALL]],
    ['members of several', args.etcdMembers(together), ['etcd', 'members', ...ALL]],
    ['status of several', args.etcdStatus(together), ['etcd', 'status', ...ALL]],
    ['kubeconfig', args.kubeconfig(mtls, '/k/new', 'infra'), ['kubeconfig', '/k/new', ...AT, '--merge=false', '--force', '--force-context-name=infra']],
  ])('%s', (_, made, wanted) => { expect(made).toEqual(wanted); });

  test.each([[''], ['10.0.0.1,10.0.0.2'], ['--insecure']])('a node %j is refused', (node) => {
    expect(() => args.bootstrap({ ...mtls, node })).toThrow(/exactly one/);
  });
  test.each([[[]], [['']], [['10.0.0.1', '--insecure']], [['10.0.0.1,10.0.0.2']]])('nodes %j of a common call are refused', (nodes) => {
    expect(() => args.services({ ...together, nodes })).toThrow(/exactly one/);
    expect(() => args.services({ ...together, endpoints: nodes })).toThrow(/exactly one/);
  });
});

test('generation names both versions and applies the computed patches before the written ones', () => {
  const made = args.genConfig({ cluster: cluster(), versions, computed: ['{"a":1}'], patches: ['/r/all.yaml', '/r/m.yaml'], output: 'controlplane' });
  expect(made).toEqual(['gen', 'config', 'infra', 'https://infra-k8s.example.test:6443', '--with-secrets', '/dev/stdin', '--talos-version', 'v1.12.0', '--kubernetes-version', '1.34.4',
    '--with-docs=false', '--with-examples=false', '--config-patch', '{"a":1}', '--config-patch', '@/r/all.yaml', '--config-patch', '@/r/m.yaml', '--output-types', 'controlplane', '--output', '-']);
});

test.each([
  [{ model: 'Samsung SSD 860' }, { diskSelector: { model: 'Samsung SSD 860' } }],
  [{ id: '/dev/disk/by-id/x' }, { disk: '/dev/disk/by-id/x' }],
  [{ id: '/dev/disk/by-id/x', model: 'M' }, { disk: '/dev/disk/by-id/x' }],
])('install disk %j', (install, wanted) => {
  const [config = '', hostname = ''] = args.computedPatches(cluster(), machine('infra-02', { disks: { install, data: {} } }));
  expect(JSON.parse(config)).toEqual({ machine: { install: wanted }, cluster: { network: { podSubnets: ['10.244.0.0/16'], serviceSubnets: ['10.245.0.0/16'] } } });
  expect(JSON.parse(hostname)).toMatchObject({ kind: 'HostnameConfig', hostname: 'infra-02', auto: 'off' });
});

describe('the secrets bundle', () => {
  const recorded: unknown = load(fixture('talosctl-1.12.0/gen-secrets.yaml'));

  test('goes to fourteen fields and back without a difference', () => {
    const fields = bundleFields(recorded);
    expect(Object.keys(fields)).toHaveLength(14);
    expect(JSON.parse(bundleText(fields))).toEqual(recorded);
  });
  test('certificates and keys may be kept as PEM', () => {
    const fields = bundleFields(recorded);
    const asPem = { ...fields, MACHINE_CA_CRT: pemOf(fields.MACHINE_CA_CRT), CLUSTER_SERVICEACCOUNT_KEY: pemOf(fields.CLUSTER_SERVICEACCOUNT_KEY) };
    expect(JSON.parse(bundleText(asPem))).toEqual(recorded);
  });
  test('every empty field is named at once', () => {
    const fields = bundleFields(recorded);
    expect(() => bundleText({ ...fields, CLUSTER_ID: '', MACHINE_TOKEN: ' ' })).toThrow(/CLUSTER_ID, MACHINE_TOKEN/);
    expect(() => bundleFields({})).toThrow(/cluster\.id, cluster\.secret/);
  });
  test('what must not be shown is all but the CA certificates', () => {
    const fields = bundleFields(recorded);
    const hidden = bundleSecrets(fields);
    for (const field of BUNDLE_FIELDS) expect(hidden.includes(fields[field])).toBe(!field.endsWith('_CRT'));
  });
  test('a fingerprint is of a certificate', () => {
    expect(certificateFingerprint(pemOf(bundleFields(recorded).MACHINE_CA_CRT))).toMatch(/^[0-9a-f]{64}$/);
    expect(() => certificateFingerprint('nonsense')).toThrow(/CA certificate/);
  });
});

// The real binary, when it is on PATH: proves that our words are its words. Nothing listens on 127.0.0.1:1.
const talosctl = realTool('talosctl');
const real = (argv: readonly string[], home: string, input?: string) => spawnSync(talosctl ?? '', argv, { encoding: 'utf8', timeout: 20_000, killSignal: 'SIGKILL', input, env: { HOME: home, TALOSCONFIG: '/dev/null', PATH: '/usr/bin:/bin' } });
describe.runIf(talosctl !== undefined)(talosctl === undefined ? 'skipped: the real talosctl is neither on PATH nor in the tools cache' : 'the real talosctl accepts', () => {
  const talosconfig = new URL('../fixtures/talosctl-1.12.0/gen-config-talosconfig.yaml', import.meta.url).pathname;
  const at: args.Via & { readonly by: 'mtls' } = { ...mtls, talosconfig };
  const many: args.Together = { ...together, talosconfig };
  test.each([
    ['get disks', args.getResource(insecure, 'disks')], ['get links', args.getResource(insecure, 'links')], ['get machinestatus', args.getResource(at, 'machinestatus')],
    ['services', args.services(at)], ['version', args.version(at)], ['bootstrap', args.bootstrap(at)], ['members', args.etcdMembers(at)], ['status', args.etcdStatus(at)],
    ['version of several', args.version(many)], ['machine status of several', args.getResource(many, 'machinestatus')], ['services of several', args.services(many)], ['members of several', args.etcdMembers(many)], ['status of several', args.etcdStatus(many)], ['alarms', args.etcdAlarms(at)],
  ])('%s: it fails at the connection, not at the words', (_, argv) => {
    using dir = scratch();
    const said = real(argv, dir.path);
    expect(said.stderr).toMatch(/connection refused|Unavailable/);
    expect(said.stderr).not.toMatch(/unknown|Usage:/);
  });
  test('snapshot and kubeconfig: they fail at the connection and leave nothing', () => {
    using dir = scratch();
    for (const argv of [args.etcdSnapshot(at, `${dir.path}/db`), args.kubeconfig(at, `${dir.path}/kubeconfig`, 'infra')]) {
      const said = real(argv, dir.path);
      expect(said.stderr).toMatch(/connection refused|Unavailable/);
    }
    expect(existsSync(`${dir.path}/kubeconfig`)).toBe(false);
  });
});
