import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { realTool } from '../../real-tool.ts';
import { CHECKOUT, run } from './support.ts';
import type { Ran } from './support.ts';

const found = realTool('talosctl');
const labels = (text: string): readonly string[] => text.split('\n').map((line) => line.replace(/:.*/, ''));

describe.skipIf(found === undefined)(found === undefined ? 'talosctl, stand-in and real: skipped: no real talosctl on PATH, nor built by tools:install' : 'talosctl, stand-in and real', () => {
  let folder = '';
  const env = (): Record<string, string> => ({ PATH: '/usr/bin:/bin', HOME: folder, TALOSCONFIG: join(folder, 'tc'), KUBECONFIG: join(folder, 'kc'), LAB_NODE: process.execPath, NODE_COMPILE_CACHE: join(folder, 'cc') });
  const both = async (argv: readonly string[]): Promise<{ readonly ours: Ran; readonly theirs: Ran }> => {
    const [ours, theirs] = [await run(join(CHECKOUT, 'lab', 'bin', 'talosctl'), argv, env(), '', folder), await run(found ?? '', argv, env(), '', folder)];
    return { ours, theirs };
  };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'talosctl-'));
    await run(found ?? '', ['gen', 'secrets', '-o', 's.yaml'], env(), '', folder);
    await run(found ?? '', ['gen', 'config', 'c', 'https://c.example:6443', '--with-secrets', 's.yaml', '-o', 'base', '--with-docs=false', '--with-examples=false'], env(), '', folder);
    for (const [name, text] of Object.entries(PATCHES)) writeFileSync(join(folder, `${name}.yaml`), text);
  });
  afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

  test.each([
    [['-t', 'controlplane']], [['-t', 'worker']], [['-t', 'controlplane', '--additional-sans', 'a.b,10.0.0.1', '--install-disk', '/dev/sdz', '--kubernetes-version', '1.34.4', '--talos-version', 'v1.12.0']],
    [['-t', 'worker', '--config-patch', '@lists.yaml', '--config-patch-worker', 'machine: {sysctls: {a: "1"}}']],
  ])('gen config %j gives the same documents', async (argv) => {
    const { ours, theirs } = await both(['gen', 'config', 'c', 'https://c.example:6443', '--with-secrets', 's.yaml', '-o', '-', '--with-docs=false', '--with-examples=false', ...argv]);
    expect([ours.code, theirs.code, ours.err, theirs.err.slice(0, 200)]).toEqual([0, 0, theirs.err, ours.err]);
    expect(loadAll(ours.out)).toEqual(loadAll(theirs.out));
  });
  test.each([['lists'], ['hostname'], ['volume'], ['delete'], ['cni'], ['falsehood'], ['text'], ['devices']])('machineconfig patch %s gives the same documents', async (name) => {
    const { ours, theirs } = await both(['machineconfig', 'patch', 'base/controlplane.yaml', '-p', '@lists.yaml', '-p', '@volume.yaml', '-p', `@${name}.yaml`]);
    expect([ours.code, theirs.code]).toEqual([0, 0]);
    expect(loadAll(ours.out)).toEqual(loadAll(theirs.out));
  });
  test.each([
    ['version', ['version', '--client', '--short']], ['valid', ['validate', '-c', 'base/worker.yaml', '-m', 'metal']], ['mode', ['validate', '-c', 'base/worker.yaml', '-m', 'metall']],
    ['kind', ['validate', '-c', 'base/talosconfig', '-m', 'metal']], ['no file', ['validate', '-c', 'nope', '-m', 'metal']], ['key', ['machineconfig', 'patch', 'base/worker.yaml', '-p', 'machine: {bogus: 1}']],
    ['json patch', ['machineconfig', 'patch', 'base/worker.yaml', '-p', '[{"op":"add","path":"/machine/sysctls","value":{}}]']], ['types', ['gen', 'config', 'c', 'https://c:6443', '-o', '-', '-t', 'worker,controlplane', '--with-secrets', 's.yaml']],
    ['bogus type', ['gen', 'config', 'c', 'https://c:6443', '-o', '-', '-t', 'bogus', '--with-secrets', 's.yaml']], ['scheme', ['gen', 'config', 'c', 'c:6443', '-o', '-', '-t', 'worker', '--with-secrets', 's.yaml']],
    ['apply file', ['apply-config', '--insecure', '-n', '127.0.0.1:9', '-f', 'nope']], ['apply refused', ['apply-config', '--insecure', '-n', '127.0.0.1:9', '-f', 'base/worker.yaml']],
    ['refused', ['--talosconfig', 'base/talosconfig', '-e', '127.0.0.1:9', '-n', '127.0.0.1', 'bootstrap']], ['refused list', ['--talosconfig', 'base/talosconfig', '-e', '127.0.0.1:9', '-n', '127.0.0.1', 'services']],
    ['several refused', ['--talosconfig', 'base/talosconfig', '-e', '127.0.0.1:9,127.0.0.1:9', '-n', '127.0.0.1,127.0.0.2', 'etcd', 'status']],
    ['several refused get', ['--talosconfig', 'base/talosconfig', '-e', '127.0.0.1:9,127.0.0.1:9', '-n', '127.0.0.1,127.0.0.2', 'get', 'machinestatus', '-o', 'json']],
    ['no endpoints', ['--talosconfig', 'base/talosconfig', 'etcd', 'members']], ['refused get', ['--talosconfig', 'base/talosconfig', '-e', '127.0.0.1:9', '-n', '127.0.0.1', 'get', 'disks', '-o', 'json']],
  ])('%s: same exit code, same words', async (_name, argv) => {
    const { ours, theirs } = await both(argv);
    expect(ours.code).toBe(theirs.code);
    expect(ours.out).toBe(theirs.out);
    expect(ours.err.trimEnd()).toBe(theirs.err.trimEnd());
  });
  test('version --client has the same lines', async () => {
    const { ours, theirs } = await both(['version', '--client']);
    expect(labels(ours.out)).toEqual(labels(theirs.out));
    expect(ours.out).toContain('Tag:         v1.12.0');
  });
});

const PATCHES: Readonly<Record<string, string>> = {
  lists: 'machine: {certSANs: [x.y], network: {nameservers: [1.1.1.1], interfaces: [{interface: eth0, dhcp: true}]}}\n',
  hostname: 'apiVersion: v1alpha1\nkind: HostnameConfig\nauto: off\nhostname: a\n',
  volume: 'apiVersion: v1alpha1\nkind: UserVolumeConfig\nname: local\nprovisioning:\n  diskSelector: {match: "disk.model == \'x\'"}\n  minSize: 100GB\n',
  delete: 'machine: {nodeLabels: {node.kubernetes.io/exclude-from-external-load-balancers: {$patch: delete}}}\ncluster: {apiServer: {admissionControl: {$patch: delete}}}\n---\napiVersion: v1alpha1\nkind: UserVolumeConfig\nname: local\n$patch: delete\n',
  cni: 'cluster: {network: {cni: {name: none}, podSubnets: [10.1.0.0/16], serviceSubnets: [10.2.0.0/16]}, proxy: {disabled: true}}\n',
  falsehood: 'machine: {features: {kubePrism: {enabled: false}}, kubelet: {extraArgs: {rotate-server-certificates: true}}}\n',
  text: 'machine: {sysctls: {net.core.rmem_max: "1", vm.x: 2}, kubelet: {extraArgs: {a: 1}}, files: [{path: /etc/x, op: create, permissions: 0o600, content: "a\\nb\\n"}]}\n',
  devices: 'machine: {network: {interfaces: [{interface: eth0, addresses: [10.0.0.1/24], mtu: 9000}, {interface: eth1, dhcp: false}]}}\n',
};
