/** The API against real clients: kubectl (when it is on PATH) and @kubernetes/client-node. */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KubeConfig, KubernetesObjectApi, PatchStrategy, Watch } from '@kubernetes/client-node';
import type { KubernetesObject } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { configMap, crd, deployment, namespace, serveStore } from './harness.ts';
import type { Served } from './harness.ts';

let served: Served;
beforeAll(async () => { served = await serveStore(); });
afterAll(() => { served.stop(); });

const environment = (): NodeJS.ProcessEnv => ({ PATH: process.env['PATH'], HOME: served.folder, KUBECONFIG: served.kubeconfig });
const run = promisify(execFile);
async function kubectl(...args: string[]): Promise<{ out: string; err: string; code: number }> {
  try {
    const { stdout, stderr } = await run('kubectl', args, { env: environment(), timeout: 30_000 });
    return { out: stdout, err: stderr, code: 0 };
  } catch (error) {
    const { stdout, stderr, code } = Object(error);
    return { out: String(stdout), err: String(stderr), code: Number(code) };
  }
}
function file(name: string, ...objects: object[]): string {
  // One document each: for a List kubectl wants /openapi/v2, which the lab has not.
  const path = join(served.folder, name);
  writeFileSync(path, objects.map((object) => stringify(object)).join('---\n'));
  return path;
}

const there = spawnSync('kubectl', ['version', '--client'], { stdio: 'ignore' }).status === 0;
describe.skipIf(!there)(there ? 'kubectl' : 'skipped: kubectl is not on PATH', () => {
  test('makes namespaces, ConfigMaps and Secrets, which it sends as protobuf', async () => {
    expect((await kubectl('create', 'namespace', 'made')).out).toBe('namespace/made created\n');
    expect((await kubectl('create', 'configmap', 'c', '-n', 'made', '--from-literal=a=b')).code).toBe(0);
    expect((await kubectl('create', 'secret', 'generic', 's', '-n', 'made', '--from-literal=a=b')).code).toBe(0);
    expect(served.store.get({ apiVersion: 'v1', kind: 'Secret', name: 's', namespace: 'made' })).toMatchObject({ type: 'Opaque', data: { a: 'Yg==' } });
  });
  test('gets Tables', async () => {
    served.store.create(deployment('shown'));
    const { out } = await kubectl('get', 'deploy,ns');
    expect(out).toMatch(/NAME +READY +UP-TO-DATE +AVAILABLE +AGE\ndeployment.apps\/shown +0\/1 +0 +0/);
    expect(out).toMatch(/namespace\/kube-system +Active/);
  });
  test('applies on the client side: created, unchanged, configured', async () => {
    const path = file('client.yaml', deployment('byclient'), configMap('byclient', { a: 'b' }));
    expect((await kubectl('apply', '-f', path)).out).toBe('deployment.apps/byclient created\nconfigmap/byclient created\n');
    expect((await kubectl('apply', '-f', path)).out).toBe('deployment.apps/byclient unchanged\nconfigmap/byclient unchanged\n');
    const changed = file('client.yaml', deployment('byclient', 'nginx:2'));
    expect((await kubectl('apply', '-f', changed, '--dry-run=server')).out).toBe('deployment.apps/byclient configured (server dry run)\n');
    expect((await kubectl('apply', '-f', changed)).out).toBe('deployment.apps/byclient configured\n');
    expect((await kubectl('get', 'deploy', 'byclient', '-o', 'jsonpath={.spec.template.spec.containers[*].image}')).out).toBe('nginx:2');
  });
  test('moves from client-side to server-side apply without a warning, and is told of conflicts', async () => {
    const path = file('moved.yaml', configMap('moved', { a: 'b' }));
    await kubectl('apply', '-f', path);
    expect(await kubectl('apply', '--server-side', '-f', path)).toEqual({ out: 'configmap/moved serverside-applied\n', err: '', code: 0 });
    const other = file('moved.yaml', configMap('moved', { a: 'c' }));
    const refused = await kubectl('apply', '--server-side', '--field-manager=other', '-f', other);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('conflict with "kubectl": .data.a')]);
    expect((await kubectl('apply', '--server-side', '--field-manager=other', '--force-conflicts', '--dry-run=server', '-f', other)).out).toBe('configmap/moved serverside-applied (server dry run)\n');
    expect((await kubectl('apply', '--server-side', '--field-manager=other', '--force-conflicts', '-f', other)).code).toBe(0);
  });
  test('patches, labels, scales, deletes', async () => {
    served.store.create(deployment('worked'));
    expect((await kubectl('patch', 'deploy', 'worked', '-p', '{"spec":{"paused":true}}')).out).toBe('deployment.apps/worked patched\n');
    expect((await kubectl('label', 'deploy', 'worked', 'a=b')).out).toBe('deployment.apps/worked labeled\n');
    expect((await kubectl('scale', 'deploy', 'worked', '--replicas=5')).out).toBe('deployment.apps/worked scaled\n');
    expect(served.store.get({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'worked', namespace: 'default' })).toMatchObject({ metadata: { labels: { a: 'b' } }, spec: { paused: true, replicas: 5 } });
    expect((await kubectl('delete', 'deploy', 'worked')).out).toBe('deployment.apps "worked" deleted\n');
    expect((await kubectl('get', 'deploy', 'worked')).err).toBe('Error from server (NotFound): deployments.apps "worked" not found\n');
  });
  test('waits for a CRD to be established, for creation, and for deletion', async () => {
    served.store.create(namespace('waited'));
    const path = file('crd.yaml', crd('Gizmo'));
    await kubectl('apply', '--server-side', '-f', path);
    expect((await kubectl('wait', '--for=condition=Established', 'crd/gizmos.example.com', '--timeout=20s')).out).toBe('customresourcedefinition.apiextensions.k8s.io/gizmos.example.com condition met\n');
    expect((await kubectl('get', 'gizmos')).err).toBe('No resources found in default namespace.\n');
    const creation = kubectl('wait', '--for=create', 'configmap/late', '-n', 'waited', '--timeout=20s');
    served.store.create(configMap('late', {}, 'waited'));
    expect((await creation).out).toBe('configmap/late condition met\n');
    served.store.patch({ apiVersion: 'v1', kind: 'ConfigMap', name: 'late', namespace: 'waited' }, 'merge', { metadata: { finalizers: ['x/y'] } });
    const deletion = kubectl('delete', 'ns', 'waited');
    const gone = kubectl('wait', '--for=delete', 'ns/waited', '--timeout=20s');
    const stuck = Promise.withResolvers<void>();
    const end = served.store.onChange((event) => { if (event.object.kind === 'ConfigMap' && event.object.metadata.deletionTimestamp !== undefined) stuck.resolve(); });
    await stuck.promise;
    end();
    served.store.patch({ apiVersion: 'v1', kind: 'ConfigMap', name: 'late', namespace: 'waited' }, 'merge', { metadata: { finalizers: null } });
    expect([(await deletion).code, (await gone).code]).toEqual([0, 0]);
  });
  test('watches with get -w', async () => {
    const child = spawn('kubectl', ['get', 'configmaps', '-n', 'kube-public', '-w', '--no-headers'], { env: environment(), stdio: ['ignore', 'pipe', 'inherit'] });
    const seen = Promise.withResolvers<void>();
    let out = '';
    let asked = false;
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      // The first row may come in pieces.
      if (out.includes('first') && !asked) {
        asked = true;
        served.store.create(configMap('second', { a: '1' }, 'kube-public'));
      }
      if (out.includes('second')) seen.resolve();
    });
    served.store.create(configMap('first', {}, 'kube-public'));
    await seen.promise;
    child.kill();
    await once(child, 'close');
    expect(out).toMatch(/^first +0 +\d+s\nsecond +1 +\d+s\n$/);
  });
});

describe('@kubernetes/client-node', () => {
  const config = (): KubeConfig => {
    const made = new KubeConfig();
    made.loadFromFile(served.kubeconfig);
    return made;
  };
  test('applies, reads, lists and deletes, built-in and custom kinds', async () => {
    served.store.create(crd('Part'));
    const established = Promise.withResolvers<void>();
    const end = served.store.onChange((event) => { if (event.object.metadata.name === 'parts.example.com' && served.store.typeOf('example.com/v1', 'Part') !== undefined) established.resolve(); });
    await established.promise;
    end();
    const api = KubernetesObjectApi.makeApiClient(config());
    const part: KubernetesObject & { metadata: { name: string } } & Record<string, unknown> = { apiVersion: 'example.com/v1', kind: 'Part', metadata: { name: 'p', namespace: 'default' }, spec: { size: 1 } };
    const both: (typeof part)[] = [part, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'bynode', namespace: 'default' }, data: { a: 'b' } }];
    for (const object of both) {
      const made = await api.patch(object, undefined, undefined, 'task', true, PatchStrategy.ServerSideApply);
      expect(made.metadata?.uid).toBeDefined();
      const read = await api.read({ apiVersion: object.apiVersion ?? '', kind: object.kind ?? '', metadata: { name: object.metadata.name, namespace: 'default' } });
      expect(read.metadata?.resourceVersion).toBe(made.metadata?.resourceVersion);
    }
    expect((await api.list('example.com/v1', 'Part', 'default')).items).toHaveLength(1);
    await api.delete(part);
    await expect(api.read(part)).rejects.toMatchObject({ code: 404 });
    expect(served.log.entries.some((entry) => entry.write && entry.object === '/api/v1/namespaces/default/configmaps/bynode')).toBe(true);
  });
  test('watches', async () => {
    const seen: string[] = [];
    const two = Promise.withResolvers<void>();
    const abort = await new Watch(config()).watch('/api/v1/namespaces/kube-node-lease/configmaps', {}, (phase, object) => {
      seen.push(`${phase} ${String(Object(object).metadata.name)}`);
      if (seen.length === 2) two.resolve();
    }, () => undefined);
    served.store.create(configMap('x', {}, 'kube-node-lease'));
    served.store.delete({ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', namespace: 'kube-node-lease' });
    await two.promise;
    abort.abort();
    expect(seen).toEqual(['ADDED x', 'DELETED x']);
  });
});
