import { Agent } from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, openWatch } from './client.ts';
import type { Ask } from './client.ts';
import { configMap, crd, deployment, handClock, namespace, serveStore } from './harness.ts';
import type { HandClock, Served } from './harness.ts';
import type { KubeObject } from '../../../lab/world/types.ts';

let served: Served;
const clock: HandClock = handClock();
beforeAll(async () => { served = await serveStore(clock); });
afterAll(() => { served.stop(); });

const CM = '/api/v1/namespaces/default/configmaps';
const names = (reply: { readonly json: Record<string, unknown> }): string[] => Object(reply.json).items.map((item: { metadata: { name: string } }) => item.metadata.name);
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
const table = (reply: { readonly json: Record<string, unknown> }): { columns: string[]; rows: unknown[][] } => ({
  columns: Object(reply.json).columnDefinitions.map((column: { name: string }) => column.name), rows: Object(reply.json).rows.map((row: { cells: unknown[] }) => row.cells),
});

describe('who may speak', () => {
  test.each([['nobody', 401, 'Unauthorized'], ['guest', 403, 'Forbidden'], ['admin', 200, undefined]] as const)('%s is answered %i', async (as, code, reason) => {
    const reply = await ask(served, CM, { as });
    expect([reply.code, reply.json['reason']]).toEqual([code, reason]);
  });
  test('the refusal says who and what', async () => {
    expect((await ask(served, '/apis/apps/v1/namespaces/default/deployments', { as: 'guest' })).json['message']).toBe('deployments.apps is forbidden: User "guest" cannot list resource "deployments" in API group "apps" in the namespace "default"');
  });
  test('a client that comes again (with a session it could resume) is still who it was', async () => {
    const agent = new Agent({ keepAlive: false, maxCachedSessions: 10 });
    for (let n = 0; n < 3; n++) expect((await ask(served, CM, { agent })).code).toBe(200);
  });
});

describe('what the API says about itself', () => {
  test.each([['/readyz', 'ok'], ['/livez', 'ok'], ['/healthz', 'ok']])('%s', async (path, text) => { expect((await ask(served, path)).text).toBe(text); });
  test('the version', async () => { expect((await ask(served, '/version')).json).toMatchObject({ major: '1', minor: '34', gitVersion: 'v1.34.4' }); });
  test('groups and resources, plain', async () => {
    expect(Object((await ask(served, '/apis')).json).groups.map((group: { name: string }) => group.name)).toContain('apps');
    const list = Object((await ask(served, '/apis/apps/v1')).json);
    expect(list.groupVersion).toBe('apps/v1');
    expect(list.resources.map((resource: { name: string }) => resource.name)).toContain('deployments/status');
    expect((await ask(served, '/apis/nope/v1')).code).toBe(404);
  });
  test('groups and resources, aggregated', async () => {
    const reply = await ask(served, '/apis', { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json' });
    expect(reply.headers['content-type']).toContain('as=APIGroupDiscoveryList');
    expect(Object(reply.json).items[0].versions[0].resources[0]).toMatchObject({ resource: 'deployments', scope: 'Namespaced', shortNames: ['deploy'] });
  });
  test('OpenAPI v3 says that patches know fieldValidation; v2 is not there', async () => {
    expect(Object((await ask(served, '/openapi/v3')).json).paths['apis/apps/v1'].serverRelativeURL).toBe('/openapi/v3/apis/apps/v1');
    const paths = Object((await ask(served, '/openapi/v3/apis/apps/v1')).json).paths;
    expect(paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}'].patch['x-kubernetes-group-version-kind']).toEqual({ group: 'apps', version: 'v1', kind: 'Deployment' });
    expect((await ask(served, '/openapi/v2')).code).toBe(404);
  });
});

describe('writing', () => {
  const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: applied\ndata:\n  k: v\n';
  const APPLY = 'application/apply-patch+yaml';
  test('create, read, replace, delete', async () => {
    expect((await ask(served, CM, { method: 'POST', body: configMap('one', { a: '1' }) })).code).toBe(201);
    expect((await ask(served, CM, { method: 'POST', body: configMap('one') })).json).toMatchObject({ kind: 'Status', status: 'Failure', reason: 'AlreadyExists', code: 409, details: { name: 'one', kind: 'configmaps' } });
    const live = (await ask(served, `${CM}/one`)).json;
    expect((await ask(served, `${CM}/one`, { method: 'PUT', body: { ...live, data: { a: '2' } } })).json['data']).toEqual({ a: '2' });
    expect((await ask(served, `${CM}/one`, { method: 'PUT', body: { ...live, data: { a: '3' } } })).json['reason']).toBe('Conflict');
    expect((await ask(served, `${CM}/one`, { method: 'DELETE' })).json).toMatchObject({ kind: 'Status', status: 'Success', details: { name: 'one', kind: 'configmaps' } });
    expect((await ask(served, `${CM}/one`)).json).toMatchObject({ message: 'configmaps "one" not found', code: 404 });
  });
  test('apply takes YAML, answers 201, then 200, and its log says what became of it', async () => {
    const from = served.log.entries.length;
    const path = `${CM}/applied?fieldManager=task`;
    const patch = (body: string, query = ''): ReturnType<typeof ask> => ask(served, path + query, { method: 'PATCH', type: APPLY, body, by: 'task/1.0' });
    expect([(await patch(yaml, '&dryRun=All')).code, (await patch(yaml)).code, (await patch(yaml)).code]).toEqual([201, 201, 200]);
    await patch(yaml.replace('k: v', 'k: w'));
    const other = await ask(served, `${CM}/applied?fieldManager=other`, { method: 'PATCH', type: APPLY, body: yaml });
    expect([other.code, other.json['reason'], other.json['message']]).toEqual([409, 'Conflict', 'Apply failed with 1 conflict: conflict with "task": .data.k']);
    expect(served.log.entries.slice(from).map((entry) => [entry.by, entry.verb, entry.object, entry.write, entry.result])).toEqual([
      ['task', 'patch', `${CM}/applied`, true, 'created'], ['task', 'patch', `${CM}/applied`, true, 'unchanged'], ['task', 'patch', `${CM}/applied`, true, 'configured'], ['tester', 'patch', `${CM}/applied`, true, '409 Conflict'],
    ]);
    expect(served.api.counters()['task']).toEqual({ 'patch (dry run)': 1, patch: 3 });
  });
  test.each<[string, string, Ask, number, string | RegExp]>([
    ['an unknown query parameter', `${CM}?surprise=1`, {}, 400, /unknown query parameter "surprise"/],
    ['a dryRun that is not All', `${CM}?dryRun=Some`, { method: 'POST', body: configMap('x') }, 422, /Unsupported value: "Some"/],
    ['apply without a manager', `${CM}/x`, { method: 'PATCH', type: 'application/apply-patch+yaml', body: yaml }, 422, /fieldManager: Required value/],
    ['a patch of unknown type', `${CM}/x`, { method: 'PATCH', type: 'text/plain', body: 'x' }, 415, /accepted media types include: application\/json-patch\+json/],
    ['a body that is no JSON', CM, { method: 'POST', body: '{', type: 'application/json' }, 400, /couldn't parse JSON/],
    ['protobuf of a kind not read', CM, { method: 'POST', body: 'k8s\0', type: 'application/vnd.kubernetes.protobuf' }, 415, /as protobuf/],
    ['another kind than the path says', CM, { method: 'POST', body: { ...configMap('x'), kind: 'Secret' } }, 400, /cannot be handled as a ConfigMap/],
    ['another name than the path says', `${CM}/y`, { method: 'PUT', body: configMap('x') }, 400, /does not match the name on the URL/],
    ['a namespace that is not there', '/api/v1/namespaces/nope/configmaps', { method: 'POST', body: configMap('x', {}, 'nope') }, 404, 'namespaces "nope" not found'],
    ['an unknown resource', '/apis/apps/v1/namespaces/default/things', {}, 404, 'the server could not find the requested resource'],
    ['a field no selector knows', `${CM}?fieldSelector=data.x%3D1`, {}, 400, 'field label not supported: data.x'],
    ['an unreadable label selector', `${CM}?labelSelector=${encodeURIComponent('a in b')}`, {}, 400, /unable to parse requirement/],
    ['a version from the future', `${CM}?resourceVersion=999999`, {}, 504, /Too large resource version: 999999/],
    ['a form the API has not', CM, { accept: 'application/vnd.kubernetes.protobuf' }, 406, /only the following media types/],
    ['a body beyond 3 MiB', CM, { method: 'POST', body: configMap('x', { a: 'x'.repeat(3 * 1024 * 1024) }) }, 413, /limit is 3145728/],
  ])('%s is refused', async (_what, path, how, code, message) => {
    const reply = await ask(served, path, how);
    expect(reply.code).toBe(code);
    expect(reply.json['message']).toMatch(message);
  });
  test('status, scale, eviction, log', async () => {
    served.store.create(deployment('scaled'));
    const path = '/apis/apps/v1/namespaces/default/deployments/scaled';
    await ask(served, `${path}/status`, { method: 'PATCH', type: 'application/merge-patch+json', body: { status: { replicas: 1 }, spec: { replicas: 9 } } });
    await ask(served, `${path}/scale`, { method: 'PATCH', type: 'application/merge-patch+json', body: { spec: { replicas: 4 } } });
    expect((await ask(served, path)).json).toMatchObject({ spec: { replicas: 4 }, status: { replicas: 1 } });
    expect((await ask(served, `${path}/scale`)).json).toMatchObject({ kind: 'Scale', spec: { replicas: 4 }, status: { replicas: 1, selector: 'app=scaled' } });
    served.store.create({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'default' }, spec: { containers: [] } });
    expect((await ask(served, '/api/v1/namespaces/default/pods/p/log')).text).toContain('(simulated)');
    expect((await ask(served, '/api/v1/namespaces/default/pods/p/eviction', { method: 'POST', body: {} })).code).toBe(201);
    expect((await ask(served, '/api/v1/namespaces/default/pods/p')).code).toBe(404);
  });
});

describe('lists', () => {
  beforeAll(() => {
    served.store.create(namespace('lists'));
    for (const [name, tier] of [['a', 'web'], ['b', 'db'], ['c', 'db'], ['d', '']] as const) {
      served.store.create({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'lists', ...(tier === '' ? {} : { labels: { tier } }) }, spec: { nodeName: name === 'a' ? 'n1' : 'n2', containers: [{ name: 'x' }] } });
    }
  });
  test.each([
    ['labelSelector=tier=db', ['b', 'c']], ['labelSelector=tier!=db', ['a', 'd']], ['labelSelector=tier in (web, db)', ['a', 'b', 'c']], ['labelSelector=tier notin (db)', ['a', 'd']],
    ['labelSelector=tier', ['a', 'b', 'c']], ['labelSelector=!tier', ['d']], ['labelSelector=tier in (db),tier!=web', ['b', 'c']],
    ['fieldSelector=metadata.name=b', ['b']], ['fieldSelector=spec.nodeName=n1', ['a']], ['fieldSelector=status.phase=Pending,metadata.name!=a', ['b', 'c', 'd']], ['fieldSelector=status.phase=Running', []], ['resourceVersion=0', ['a', 'b', 'c', 'd']],
  ])('%s', async (query, wanted) => {
    const [key = '', ...value] = query.split('=');
    expect(names(await ask(served, `/api/v1/namespaces/lists/pods?${key}=${encodeURIComponent(value.join('='))}`))).toEqual(wanted);
  });
  test('pages go on where the last one ended', async () => {
    const first = await ask(served, '/api/v1/namespaces/lists/pods?limit=3');
    expect(Object(first.json).metadata.remainingItemCount).toBe(1);
    expect(names(await ask(served, `/api/v1/namespaces/lists/pods?limit=3&continue=${Object(first.json).metadata.continue}`))).toEqual(['d']);
  });
  test('a collection is deleted by selector', async () => {
    expect((await ask(served, '/api/v1/namespaces/lists/pods?labelSelector=tier%3Ddb', { method: 'DELETE' })).code).toBe(200);
    expect(names(await ask(served, '/api/v1/namespaces/lists/pods'))).toEqual(['a', 'd']);
  });
});

describe('Tables', () => {
  test('a pod, a node, a Service in the API server’s own words', async () => {
    served.store.create(namespace('tables'));
    const pod = served.store.create({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'tables' }, spec: { nodeName: 'n1', containers: [{ name: 'x' }] } });
    served.store.updateStatus({ apiVersion: 'v1', kind: 'Pod', name: 'p', namespace: 'tables' }, { ...pod.status, containerStatuses: [{ ready: false, restartCount: 2, state: { waiting: { reason: 'CrashLoopBackOff' } } }] });
    clock.advance(200_000);
    expect(table(await ask(served, '/api/v1/namespaces/tables/pods', { accept: TABLE })).rows[0]?.slice(0, 5)).toEqual(['p', '0/1', 'CrashLoopBackOff', '2', '3m20s']);
    served.store.create({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', labels: { 'node-role.kubernetes.io/control-plane': '' } }, status: { conditions: [{ type: 'Ready', status: 'False' }], nodeInfo: { kubeletVersion: 'v1.34.4' } } });
    expect(table(await ask(served, '/api/v1/nodes', { accept: TABLE })).rows[0]?.slice(0, 5)).toEqual(['n1', 'NotReady', 'control-plane', '0s', 'v1.34.4']);
    served.store.create({ apiVersion: 'v1', kind: 'Service', metadata: { name: 's', namespace: 'tables' }, spec: { type: 'LoadBalancer', clusterIP: '10.96.0.9', ports: [{ port: 80, nodePort: 30_080 }] } });
    expect(table(await ask(served, '/api/v1/namespaces/tables/services', { accept: TABLE })).rows[0]?.slice(0, 5)).toEqual(['s', 'LoadBalancer', '10.96.0.9', '<pending>', '80:30080/TCP']);
  });
  test('custom resources by their printer columns', async () => {
    served.store.create(crd());
    clock.advance(1000);
    served.store.create({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w', namespace: 'default' }, spec: { size: 3 } });
    served.store.updateStatus({ apiVersion: 'example.com/v1', kind: 'Widget', name: 'w', namespace: 'default' }, { conditions: [{ type: 'Ready', status: 'True' }] });
    const shown = table(await ask(served, '/apis/example.com/v1/widgets', { accept: TABLE }));
    expect(shown).toEqual({ columns: ['Name', 'Ready', 'Size', 'Age'], rows: [['w', 'True', 3, '0s']] });
    expect((await ask(served, '/apis/example.com/v1/namespaces/default/widgets/w', { accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1' })).json).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'w' } });
  });
});

describe('watches', () => {
  test('start with what is there, then tell changes; selectors make objects come and go', async () => {
    served.store.create(namespace('w1'));
    served.store.create(configMap('old', {}, 'w1'));
    const watch = openWatch(served, '/api/v1/namespaces/w1/configmaps?watch=true');
    const picky = openWatch(served, `/api/v1/namespaces/w1/configmaps?watch=1&labelSelector=${encodeURIComponent('in=yes')}`);
    await Promise.all([watch.until(1), picky.opened]);
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', name: 'old', namespace: 'w1' };
    served.store.patch(ref, 'merge', { metadata: { labels: { in: 'yes' } } });
    served.store.patch(ref, 'merge', { data: { a: 'b' } });
    served.store.patch(ref, 'merge', { metadata: { labels: { in: 'no' } } });
    served.store.delete(ref);
    await Promise.all([watch.until(5), picky.until(3)]);
    expect(watch.events.map((event) => event.type)).toEqual(['ADDED', 'MODIFIED', 'MODIFIED', 'MODIFIED', 'DELETED']);
    expect(picky.events.map((event) => event.type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
    watch.stop();
    picky.stop();
  });
  test('go on from a version, end when their time is up, and send bookmarks when asked', async () => {
    served.store.create(namespace('w2'));
    const version = served.store.resourceVersion;
    served.store.create(configMap('late', {}, 'w2'));
    const watch = openWatch(served, `/api/v1/namespaces/w2/configmaps?watch=true&resourceVersion=${version}&allowWatchBookmarks=true&timeoutSeconds=10`);
    await watch.until(1);
    clock.advance(10_000);
    expect(await watch.ended).toBe('end');
    expect(watch.events.map((event) => event.type)).toEqual(['ADDED', 'BOOKMARK']);
    expect(Object(watch.events[1]?.object).metadata.resourceVersion).toBe(served.store.resourceVersion);
  });
  test('send initial events and say when they are through', async () => {
    const watch = openWatch(served, '/api/v1/namespaces?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&fieldSelector=metadata.name%3Ddefault');
    await watch.until(2);
    expect(watch.events[0]?.type).toBe('ADDED');
    expect(Object(watch.events[1]?.object).metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    watch.stop();
  });
  test('are told 410 in the stream when the version is from before the API started', async () => {
    const watch = openWatch(served, `${CM}?watch=true&resourceVersion=1`);
    expect(await watch.ended).toBe('end');
    expect(watch.events).toMatchObject([{ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } }]);
  });
});

describe('faults', () => {
  test('watch-dropped cuts watches every two simulated seconds, without an end, and forgets old versions', async () => {
    const before = served.store.resourceVersion;
    const watch = openWatch(served, `${CM}?watch=true&resourceVersion=${before}`);
    await watch.opened;
    served.faults.set({ fault: 'watch-dropped', cluster: 'infra', since: '' });
    served.store.create(configMap('meanwhile'));
    clock.advance(2000);
    expect(await watch.ended).toBe('cut');
    served.faults.heal(() => true);
    const again = openWatch(served, `${CM}?watch=true&resourceVersion=${before}`);
    expect(await again.ended).toBe('end');
    expect(again.events).toMatchObject([{ type: 'ERROR', object: { code: 410 } }]);
  });
  test('api-flapping throttles, refuses and resets in turn, and every other request passes', async () => {
    served.faults.set({ fault: 'api-flapping', cluster: 'infra', since: '' });
    const seen: (number | string)[] = [];
    for (let n = 0; n < 8; n++) seen.push(await ask(served, CM).then((reply) => (reply.headers['retry-after'] === undefined ? reply.code : `${reply.code} retry-after ${String(reply.headers['retry-after'])}`), () => 'reset'));
    served.faults.heal(() => true);
    expect(seen).toEqual(['429 retry-after 1', 200, 503, 200, '429 retry-after 1', 200, 'reset', 200]);
    expect((await ask(served, CM)).code).toBe(200);
  });
});

test('a stopped API server refuses connections and cuts those it had', async () => {
  const own = await serveStore(handClock());
  const watch = openWatch(own, `${CM}?watch=true`);
  await watch.opened;
  own.stop();
  expect(await watch.ended).toBe('cut');
  await expect(ask(own, CM)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

const pod = (n: number): KubeObject => ({
  apiVersion: 'v1', kind: 'Pod', metadata: { name: `pod-${n}`, namespace: 'default', labels: { app: 'x', n: String(n) }, annotations: { note: 'x'.repeat(3000) } },
  spec: { nodeName: 'n1', containers: [{ name: 'main', image: 'registry.example.com/some/image:v1.2.3', env: Array.from({ length: 20 }, (_, index) => ({ name: `V${index}`, value: 'value' })) }] },
});
test('1,000 pods are listed within 150 ms, and 5,000 changes reach 20 watches', async () => {
  const own = await serveStore(handClock());
  try {
    for (let n = 0; n < 1000; n++) own.store.create(pod(n));
    await ask(own, '/api/v1/pods');
    const took: number[] = [];
    for (let n = 0; n < 5; n++) {
      const start = performance.now();
      expect(Object((await ask(own, '/api/v1/pods')).json).items).toHaveLength(1000);
      took.push(performance.now() - start);
    }
    expect(Math.min(...took)).toBeLessThan(150);
    const watches = Array.from({ length: 20 }, () => openWatch(own, `/api/v1/pods?watch=true&resourceVersion=${own.store.resourceVersion}`));
    await Promise.all(watches.map((watch) => watch.opened));
    for (let n = 1000; n < 6000; n++) own.store.create({ ...pod(n), metadata: { name: `pod-${n}`, namespace: 'default' }, spec: { containers: [] } });
    await Promise.all(watches.map((watch) => watch.until(5000)));
    expect(watches.map((watch) => watch.events.length)).toEqual(Array.from({ length: 20 }, () => 5000));
    for (const watch of watches) watch.stop();
  } finally {
    own.stop();
  }
});
