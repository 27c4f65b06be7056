import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { realTool } from '../../real-tool.ts';
import { gatewayApiCrds, fluxOperatorCrds } from '../../../lab/catalog/crd-tables.ts';
import { ROOT_DIR, said, URL as GIT } from './rig.ts';
import { liveCluster, ROOT, run, standin, type LiveCluster } from './served.ts';

let cluster: LiveCluster;
let folder: string;
let file: string;
const at = (): string[] => ['--kubeconfig', cluster.kubeconfig, '--kube-context', 'infra'];
const flux = (): string[] => ['--kubeconfig', cluster.kubeconfig, '--context', 'infra'];

beforeAll(async () => {
  cluster = await liveCluster();
  folder = mkdtempSync(join(tmpdir(), 'standins-'));
  mkdirSync(join(folder, 'helmfile.d'));
  file = join(folder, 'helmfile.d', '01-core.yaml');
  writeFileSync(join(folder, 'coredns.yaml'), 'replicaCount: 2\nservice: {clusterIP: 10.245.0.10}\n');
  writeFileSync(file, JSON.stringify({
    helmDefaults: { wait: true, waitForJobs: true, timeout: 120, createNamespace: false },
    releases: [
      { name: 'coredns', namespace: 'kube-system', chart: 'oci://registry.example.test/coredns', version: '1.45.0', needs: ['kube-system/cilium'], values: ['../coredns.yaml'] },
      { name: 'cilium', namespace: 'kube-system', chart: 'cilium/cilium', version: '1.18.3', set: [{ name: 'operator.replicas', value: 1 }] },
      { name: 'flux-operator', namespace: 'flux-system', chart: 'oci://registry.example.test/flux-operator', version: '0.49.0', set: [{ name: 'installCRDs', value: false }] },
      { name: 'flux-instance', namespace: 'flux-system', chart: 'oci://registry.example.test/flux-instance', version: '0.49.0', values: [{ instance: { distribution: { version: '2.9.x' }, sync: { url: GIT, ref: 'refs/heads/main', path: ROOT_DIR } } }] },
    ],
  }));
  cluster.files = new Map([[`${ROOT_DIR}/cm.yaml`, 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-git, namespace: default}\ndata: {a: b}\n']]);
  for (const crd of [...gatewayApiCrds(), ...fluxOperatorCrds()]) cluster.store.create(crd);
  cluster.store.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'flux-system' } });
});
afterAll(() => { cluster.end(); rmSync(folder, { recursive: true, force: true }); });

describe('without a cluster', () => {
  test.each([
    ['helmfile', ['--version'], 'helmfile version 1.8.0\n'], ['helm', ['version', '--short'], 'v4.3\n'], ['flux', ['version', '--client'], 'flux: v2.9.5\n'], ['flux', ['version', '--client', '--output', 'json'], '{\n  "flux": "v2.9.5"\n}\n'],
  ])('%s %j', async (tool, argv, expected) => { expect(await standin(tool, argv)).toMatchObject({ code: 0, stdout: expected, stderr: '' }); });
  test.each([
    ['helmfile', ['apply'], 'unknown command "apply" for "helmfile" (the lab\'s stand-in helmfile does not model it)'], ['helmfile', ['--bogus', 'sync'], 'unknown flag: --bogus (the lab\'s stand-in helmfile does not model it)'],
    ['helmfile', ['sync', '--args', 'x'], 'unknown flag: --args'], ['helm', ['install', 'x'], 'Error: unknown command "install" for "helm"'], ['helm', ['list', '--bogus'], 'Error: unknown flag: --bogus'], ['flux', ['bootstrap'], '✗ unknown command "bootstrap" for "flux"'],
    ['flux', ['get', 'ks', '--bogus'], '✗ unknown flag: --bogus'], ['flux', ['get', 'alerts'], '✗ kind alerts'],
  ])('%s %j is refused loudly', async (tool, argv, expected) => {
    const ended = await standin(tool, argv);
    expect(ended.code).toBe(64);
    expect(ended.stderr).toContain(expected);
  });
  test('helmfile template gives what a release brings, needs first', async () => {
    const ended = await standin('helmfile', ['--file', file, 'template', '--include-crds', '--skip-tests']);
    expect(ended.code).toBe(0);
    expect(ended.stderr.split('\n')[0]).toBe('Templating release=cilium, chart=cilium/cilium');
    expect(ended.stdout).toMatch(/^---\n# Source: cilium\/templates\/serviceaccount.yaml\napiVersion: v1\nkind: ServiceAccount\n/);
  });
  test('helmfile list as JSON', async () => {
    const ended = await standin('helmfile', ['--file', file, 'list', '--output', 'json']);
    expect(JSON.parse(ended.stdout)[1]).toEqual({ name: 'coredns', namespace: 'kube-system', enabled: true, installed: true, labels: 'chart:coredns,name:coredns,namespace:kube-system', chart: 'oci://registry.example.test/coredns', version: '1.45.0' });
  });
  test.each([
    ['a selector that fits nothing', ['--selector', 'name=nope', 'template'], 3, 'err: no releases found that matches specified selector(name=nope) and environment(default), in any helmfile'],
    ['a cluster that does not answer', ['--kubeconfig', '/nonexistent/kubeconfig', '--selector', 'name=coredns', 'sync'], 1, 'Error: kubernetes cluster unreachable: stat /nonexistent/kubeconfig: no such file or directory'],
  ])('helmfile with %s', async (_name, argv, code, message) => {
    const ended = await standin('helmfile', ['--file', file, ...argv]);
    expect(ended.code).toBe(code);
    expect(ended.stderr).toContain(message);
  });
  test.each([
    ['needs that nobody meets', { releases: [{ name: 'a', namespace: 'n', chart: 'coredns', version: '1.45.0', needs: ['n/gone'] }] }, 1, 'release(s) "n/a" depend(s) on an undefined release "n/gone"'],
    ['needs in a circle', { releases: [{ name: 'a', namespace: 'n', chart: 'x', needs: ['n/b'] }, { name: 'b', namespace: 'n', chart: 'x', needs: ['n/a'] }] }, 1, 'depends on itself through needs'],
    ['hooks', { releases: [{ name: 'a', chart: 'x', hooks: [] }] }, 64, 'release a: field hooks'],
    ['a values file that is not there', { releases: [{ name: 'a', chart: 'x', values: ['gone.yaml'] }] }, 1, 'values file matching "gone.yaml" does not exist'],
    ['an unknown chart', { releases: [{ name: 'a', chart: 'repo/nonsense', version: '1.0.0' }] }, 1, "the lab's catalog has no chart nonsense"],
  ])('a helmfile with %s is refused', async (_name, state, code, message) => {
    const other = join(folder, 'other.yaml');
    writeFileSync(other, JSON.stringify(state));
    const ended = await standin('helmfile', ['--file', other, 'template']);
    expect(ended.code).toBe(code);
    expect(ended.stderr).toContain(message);
  });
});

describe('with a cluster', () => {
  test('a release that never gets ready ends with a deadline and is recorded as failed', async () => {
    // Without Cilium no node is ready, so CoreDNS cannot be; 120 simulated seconds are patience enough.
    const ended = await standin('helmfile', ['--file', file, ...at(), '--no-color', '--selector', 'name=coredns', 'sync'], { LAB_SPEED: '600' });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('failed processing release coredns: command "helm" exited with non-zero status');
    expect(ended.stderr).toMatch(/resource Deployment\/kube-system\/coredns not ready\. status: InProgress, message: Available: 0\/2\n\s+context deadline exceeded/);
    const listed = JSON.parse((await standin('helm', ['list', '-A', ...at(), '-o', 'json'])).stdout);
    expect(listed).toMatchObject([{ name: 'coredns', status: 'failed', revision: '1' }]);
  });
  test('helmfile told to stop records the release as failed, so that it can be tried again', async () => {
    const child = spawn(join(ROOT, 'lab/bin/helmfile'), ['--file', file, ...at(), '--selector', 'name=coredns', 'sync'], { env: { ...process.env, LAB_NODE: process.execPath, LAB_SPEED: '1' }, stdio: 'ignore' });
    const ended = new Promise((done) => { child.on('close', done); });
    await expect.poll(() => cluster.store.list('v1', 'Secret', 'kube-system').map((secret) => secret.metadata.labels?.['status']), { timeout: 5_000 }).toContain('pending-install');
    child.kill('SIGTERM');
    expect(await ended).toBe(1);
    expect(JSON.parse((await standin('helm', ['list', '-A', ...at(), '-o', 'json'])).stdout)).toMatchObject([{ name: 'coredns', status: 'failed', revision: '2' }]);
  });
  test('sync installs in the order of needs and waits until all is ready', async () => {
    const ended = await standin('helmfile', ['--file', file, ...at(), '--no-color', 'sync'], { LAB_SPEED: '20' });
    expect(ended.stderr).not.toContain('failed');
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(/UPDATED RELEASES:\nNAME +NAMESPACE +CHART +VERSION +DURATION *\n/);
    const order = [...ended.stdout.matchAll(/^NAME: (\S+)$/gm)].map((match) => match[1]);
    expect(order).toEqual(['cilium', 'coredns', 'flux-operator', 'flux-instance']);
    for (const node of cluster.store.list('v1', 'Node')) expect(said(node)).toMatch(/^True/);
    expect(said(cluster.store.list('fluxcd.controlplane.io/v1', 'FluxInstance')[0] ?? { apiVersion: '', kind: '', metadata: { name: '' } })).toMatch(/^True/);
  }, 30_000);
  test('helm reads releases and their values', async () => {
    const listed = JSON.parse((await standin('helm', ['list', '--all-namespaces', '--max', '1000', ...at(), '--output', 'json'])).stdout);
    expect(listed.map((release: { name: string; status: string; chart: string }) => `${release.name} ${release.status} ${release.chart}`)).toEqual(['cilium deployed cilium-1.18.3', 'coredns deployed coredns-1.45.0', 'flux-instance deployed flux-instance-0.49.0', 'flux-operator deployed flux-operator-0.49.0']);
    expect(JSON.parse((await standin('helm', ['get', 'values', 'coredns', '--namespace', 'kube-system', ...at(), '--output', 'json'])).stdout)).toEqual({ replicaCount: 2, service: { clusterIP: '10.245.0.10' } });
    expect(await standin('helm', ['status', 'nope', '-n', 'kube-system', ...at()])).toMatchObject({ code: 1, stderr: 'Error: release: not found\n' });
  });
  test('a second sync of the same release makes a new revision and no new pods', async () => {
    const uids = (): unknown[] => cluster.store.list('v1', 'Pod', 'kube-system').map((pod) => pod.metadata.uid).toSorted();
    const before = uids();
    expect((await standin('helmfile', ['--file', file, ...at(), '--selector', 'name=coredns', 'sync'])).code).toBe(0);
    expect(uids()).toEqual(before);
    expect((await standin('helm', ['history', 'coredns', '-n', 'kube-system', ...at()])).stdout).toMatch(/superseded[\s\S]*deployed/);
  });
  test('a flapping API is ridden out', async () => {
    cluster.faults.set({ fault: 'api-flapping', cluster: 'infra', since: '' });
    try {
      expect(await standin('helmfile', ['--file', file, ...at(), '--selector', 'name=coredns', 'sync'])).toMatchObject({ code: 0 });
    } finally { cluster.faults.heal(() => true); }
  });
  test('flux reconciles, suspends, resumes and shows', async () => {
    await expect.poll(() => cluster.store.list('kustomize.toolkit.fluxcd.io/v1', 'Kustomization').map((entry) => said(entry).slice(0, 4)), { timeout: 5_000 }).toEqual(['True']);
    const done = await standin('flux', ['reconcile', 'kustomization', 'flux-system', '--with-source', ...flux()]);
    expect(done).toMatchObject({ code: 0 });
    expect(done.stderr).toContain(`✔ applied revision refs/heads/main@sha1:${cluster.commit}`);
    expect((await standin('flux', ['suspend', 'ks', 'flux-system', ...flux()])).stderr).toContain('✔ kustomization suspended');
    expect(await standin('flux', ['reconcile', 'ks', 'flux-system', ...flux()])).toMatchObject({ code: 1, stderr: '✗ resource is suspended\n' });
    expect((await standin('flux', ['resume', 'ks', 'flux-system', ...flux()])).stderr).toContain('✔ Kustomization flux-system reconciliation completed');
    expect((await standin('flux', ['get', 'ks', '-A', ...flux()])).stdout).toContain('Applied revision: refs/heads/main@sha1:bbbbbbbb');
    expect(await standin('flux', ['reconcile', 'ks', 'nope', ...flux()])).toMatchObject({ code: 1, stderr: '✗ kustomizations.kustomize.toolkit.fluxcd.io "nope" not found\n' });
  });
  test('every stand-in goes by its own name in the log', () => {
    const clients = new Set(cluster.log.entries.filter((entry) => entry.kind === 'kube').map((entry) => entry.by));
    for (const name of ['helmfile', 'flux']) expect(clients).toContain(name);
  });

  const real = realTool;
  describe.skipIf(real('helm') === undefined || real('flux') === undefined)('compared with the real helm and flux (skipped: where they are not on PATH)', () => {
    test.each([
      ['helm', ['list', '-A', '-o', 'json']], ['helm', ['get', 'values', 'coredns', '-n', 'kube-system', '-o', 'json']], ['helm', ['get', 'values', 'nope', '-n', 'kube-system', '-o', 'json']], ['helm', ['status', 'nope', '-n', 'kube-system']],
      ['flux', ['get', 'kustomizations', '-A']], ['flux', ['get', 'sources', 'git', '-A']], ['flux', ['get', 'ks', 'nope']], ['flux', ['reconcile', 'ks', 'nope']],
    ])('%s %j says the same', async (tool, argv) => {
      const place = tool === 'helm' ? at() : flux();
      const theirs = await run(real(tool) ?? '', [...argv, ...place]);
      const ours = await standin(tool, [...argv, ...place]);
      const tidy = (text: string): string => text.split('\n').map((line) => line.trimEnd()).join('\n').trim();
      expect(ours.code).toBe(theirs.code);
      expect(tidy(ours.stderr)).toBe(tidy(theirs.stderr));
      if (argv.includes('json') && theirs.code === 0) expect(JSON.parse(ours.stdout)).toEqual(JSON.parse(theirs.stdout));
      else expect(tidy(ours.stdout)).toBe(tidy(theirs.stdout));
    });
  });
});
