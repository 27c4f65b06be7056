import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SITE } from '../../scripts/config/target.ts';
import { dialApi, dialMachine, parseHostPort } from '../../scripts/tools/dial.ts';
import { makeDownload } from '../../scripts/tools/download.ts';
import { clusterFiles, writePrivate } from '../../scripts/tools/files.ts';
import { parseFluxVersion, reconcileArgs } from '../../scripts/tools/flux.ts';
import { makeGit, parseStatus, withoutCredentials } from '../../scripts/tools/git.ts';
import { listArgs, parseHelmVersion, parseReleases, parseValues, valuesArgs } from '../../scripts/tools/helm.ts';
import { parseHelmfileVersion, syncArgs, templateArgs } from '../../scripts/tools/helmfile.ts';
import { dialKubeconfig, namedKubeconfig } from '../../scripts/tools/kubeconfig.ts';
import { parseManifests } from '../../scripts/tools/manifests.ts';
import { makeProc } from '../../scripts/tools/proc.ts';
import { compare } from '../../scripts/tools/versions.ts';
import { cluster, failureOf, fixture, labTarget, machine, scope, scratch, site } from './support.ts';

describe('where is dialled', () => {
  const lab = labTarget({ machines: { '10.25.11.11': '127.0.0.1:40123' }, apis: { infra: { address: '127.0.0.1:40999', serverName: 'infra-k8s.example.test' } } });
  test('site is the identity', () => {
    expect(dialMachine(SITE, machine('infra-01')).hostPort).toBe('10.25.11.11:50000');
    expect(dialMachine(SITE, machine('six', { address: 'fd00::1' })).hostPort).toBe('[fd00::1]:50000');
    expect(dialApi(SITE, cluster())).toEqual({ server: 'https://infra-k8s.example.test:6443', serverName: undefined });
  });
  test('the lab has its own ports', () => {
    expect(dialMachine(lab, machine('infra-01'))).toEqual({ host: '127.0.0.1', port: 40_123, hostPort: '127.0.0.1:40123' });
    expect(dialApi(lab, cluster())).toEqual({ server: 'https://127.0.0.1:40999', serverName: 'infra-k8s.example.test' });
  });
  test('a lab never falls through to the real machine', () => {
    expect(() => dialMachine(labTarget(), machine('infra-01'))).toThrow(/the lab has no machine infra-01/);
    expect(() => dialApi(labTarget(), cluster())).toThrow(/the lab has no cluster infra/);
  });
  test.each(['10.0.0.1', ':50000', 'a:0', 'a:70000', 'https://a:1', 'a b:1'])('%j is no host:port', (text) => { expect(() => parseHostPort(text)).toThrow(/no host:port/); });
});

test('files are written whole, for their owner only, and leave nothing beside them', async () => {
  using dir = scratch();
  const files = clusterFiles(dir.path, { id: 'lab-x' }, 'infra');
  await writePrivate(files.talosconfig, 'one');
  await writePrivate(files.talosconfig, 'two');
  expect([statSync(files.talosconfig).mode & 0o777, statSync(files.folder).mode & 0o777, readdirSync(files.folder)]).toEqual([0o600, 0o700, ['talosconfig']]);
});

test("a kubeconfig is named after its cluster, and dialled where the target says", async () => {
  const raw = 'apiVersion: v1\nkind: Config\ncurrent-context: admin@infra\nclusters: [{name: infra, cluster: {server: "https://infra-k8s.example.test:6443", certificate-authority-data: QQ==}}, {name: other, cluster: {server: "https://other"}}]\nusers: [{name: admin@infra, user: {client-key-data: QQ==}}]\ncontexts: [{name: admin@infra, context: {cluster: infra, user: admin@infra, namespace: default}}]\n';
  const named = await namedKubeconfig(raw, 'infra');
  expect(named).toContain('current-context: infra');
  expect(named).not.toMatch(/admin@|other/);
  expect(await dialKubeconfig(named, SITE, cluster())).toBe(named);
  const dialled = await dialKubeconfig(named, labTarget({ apis: { infra: { address: '127.0.0.1:4', serverName: 'infra-k8s.example.test' } } }), cluster());
  expect(dialled).toMatch(/server: https:\/\/127\.0\.0\.1:4\n\s+certificate-authority-data: QQ==\n\s+tls-server-name: infra-k8s\.example\.test/);
});

describe('helm, helmfile, flux', () => {
  const at = { kubeconfig: '/k', context: 'infra' };
  test('every call names kubeconfig and context', () => {
    expect(listArgs(at)).toEqual(['list', '--all-namespaces', '--max', '1000', '--kubeconfig', '/k', '--kube-context', 'infra', '--output', 'json']);
    expect(valuesArgs(at, 'cilium', 'kube-system')).toEqual(['get', 'values', 'cilium', '--namespace', 'kube-system', '--kubeconfig', '/k', '--kube-context', 'infra', '--output', 'json']);
    expect(templateArgs({ ...at, file: '/f' }, { includeCrds: true })).toEqual(['--file', '/f', '--kubeconfig', '/k', '--kube-context', 'infra', '--no-color', 'template', '--include-crds']);
    expect(syncArgs({ ...at, file: '/f' }, ['cilium', 'coredns'])).toEqual(['--file', '/f', '--kubeconfig', '/k', '--kube-context', 'infra', '--no-color', '--selector', 'name=cilium', '--selector', 'name=coredns', 'sync']);
    expect(reconcileArgs(at, 'source git', 'flux-system', 'flux-system')).toEqual(['reconcile', 'source', 'git', 'flux-system', '--namespace', 'flux-system', '--kubeconfig', '/k', '--context', 'infra', '--timeout', '5m']);
  });
  test('versions as the real tools print them', () => {
    expect([parseHelmVersion(fixture('helm-4.3.1/version-short.txt')), parseHelmVersion('v4.3.1+g1234567'), parseHelmfileVersion(fixture('helmfile-1.8.0/version.txt')), parseFluxVersion(fixture('flux-2.9.5/version-client.txt'))]).toEqual(['4.3', '4.3.1', '1.8.0', '2.9.5']);
    expect(() => parseHelmVersion('Error: x')).toThrow(/cannot read/);
  });
  test('releases: chart and version are told apart', () => {
    expect(parseReleases(fixture('helm-4.3.1/list.json')).map(({ name, chart, version, status, revision }) => [name, chart, version, status, revision])).toEqual([
      ['cilium', 'cilium', '1.18.3', 'deployed', 2], ['cert-manager', 'cert-manager', 'v1.19.1', 'pending-install', 1], ['vm', 'victoria-metrics-k8s-stack', '0.61.11-rc.1', 'failed', 11],
    ]);
    expect(parseValues('null\n')).toEqual({});
    expect(() => parseReleases('')).toThrow(/cannot read/);
  });
  test('a rendering of the real helmfile is objects', () => {
    expect(parseManifests(fixture('helmfile-1.8.0/template.yaml'), 'x').map((object) => `${object.kind} ${object.metadata.name}`)).toEqual(['ConfigMap one', 'ConfigMap two']);
    expect(parseManifests('---\n---\napiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Secret, metadata: {name: s}}]\n', 'x')).toHaveLength(1);
  });
  test.each([['a: [', /no readable YAML/], ['hello', /no Kubernetes object/], ['apiVersion: v1\nkind: Secret\n', /without a name/]])('%j is refused', (text, why) => { expect(() => parseManifests(text, 'the text')).toThrow(why); });
});

describe('git', () => {
  const git = (cwd: string, ...argv: string[]) => execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.test', ...argv], { cwd, stdio: 'pipe', env: { HOME: cwd, PATH: process.env['PATH'], GIT_CONFIG_NOSYSTEM: '1' } });
  test('head, branch, what is not committed, and a remote without its token', async () => {
    using dir = scratch();
    git(dir.path, 'init', '-q', '-b', 'main');
    writeFileSync(join(dir.path, 'a b.txt'), '1');
    git(dir.path, 'add', '.');
    git(dir.path, 'commit', '-q', '-m', 'x');
    const told = scope(dir.path, { site: site({ root: dir.path }) });
    const door = makeGit(told, makeProc(told));
    expect(await door.remote()).toBeUndefined();
    git(dir.path, 'mv', 'a b.txt', 'c.txt');
    mkdirSync(join(dir.path, 'new'));
    writeFileSync(join(dir.path, 'new', 'd'), '');
    git(dir.path, 'remote', 'add', 'origin', 'https://me:tok@example.test/x.git');
    expect(await door.head()).toEqual({ commit: expect.stringMatching(/^[0-9a-f]{40}$/), branch: 'main', dirty: ['c.txt', 'new/'] });
    expect(await door.remote()).toBe('https://example.test/x.git');
    git(dir.path, 'checkout', '-q', '--detach');
    expect((await door.head()).branch).toBe('');
  });
  test('no repository is a failure', async () => {
    using dir = scratch();
    const told = scope(dir.path, { site: site({ root: dir.path }) });
    expect((await failureOf(makeGit(told, makeProc(told)).head())).because).toMatch(/not a git repository/i);
  });
  test('status fields', () => { expect(parseStatus('R  new\0old\0?? x y\0')).toEqual(['new', 'x y']); });
  test.each([['git@github.com:o/r.git', 'git@github.com:o/r.git'], ['ssh://git@h/r', 'ssh://git@h/r'], ['https://tok@h/r', 'https://h/r']])('%s', (url, wanted) => { expect(withoutCredentials(url)).toBe(wanted); });
});

const never = async (): Promise<Response> => { throw new Error('no network in a lab'); };
describe('downloads', () => {
  const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
  const URL_ = 'https://example.test/crds.yaml';
  test('what has the pinned digest is kept, and then needs no network', async () => {
    using dir = scratch();
    let calls = 0;
    const get = async () => { calls += 1; return new Response('kind: X'); };
    const door = makeDownload(scope(dir.path), get);
    expect([await door.fetch(URL_, sha('kind: X')), await door.fetch(URL_, sha('kind: X')), calls]).toEqual(['kind: X', 'kind: X', 1]);
  });
  test('what has another digest is refused and not kept', async () => {
    using dir = scratch();
    const door = makeDownload(scope(dir.path), async () => new Response('kind: Evil'));
    expect((await failureOf(door.fetch(URL_, sha('kind: X')))).what).toContain('is not what is pinned');
    expect(() => readdirSync(join(dir.path, '.cache'))).toThrow('ENOENT');
  });
  test("a lab's file is taken in its place, by its own digest", async () => {
    using dir = scratch();
    const file = join(dir.path, 'served.yaml');
    writeFileSync(file, 'lab');
    const of = (digest: string) => scope(dir.path, { site: site({ target: labTarget({ downloads: { [URL_]: { file, sha256: digest } } }) }) });
    expect(await makeDownload(of(sha('lab')), never).fetch(URL_, sha('kind: X'))).toBe('lab');
    expect((await failureOf(makeDownload(of(sha('other')), never).fetch(URL_, sha('kind: X')))).exit).toBe('rerun');
  });
  test.each([['http://example.test/x', sha('x'), 65], [URL_, 'latest', 65]])('%s pinned as %s is a mistake in the configuration', async (url, digest, code) => {
    using dir = scratch();
    expect((await failureOf(makeDownload(scope(dir.path), async () => new Response('x')).fetch(url, digest))).code).toBe(code);
  });
  test('an answer that is no success names its status', async () => {
    using dir = scratch();
    expect((await failureOf(makeDownload(scope(dir.path), async () => new Response('', { status: 404 })).fetch(URL_, sha('x')))).because).toBe('HTTP status 404');
  });
});

test.each([['1.12.0', '1.12.0', 'same'], ['1.12.3', 'v1.12.0', 'close'], ['4.3', '4.3.1', 'close'], ['1.11.2', '1.12.0', 'different'], ['2.0.0', undefined, 'unpinned']])('%s against the pin %s is %s', (found, wanted, is) => {
  expect(compare('x', found, wanted).is).toBe(is);
});
