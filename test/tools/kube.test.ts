import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KubeObject } from '../../scripts/config/cluster.ts';
import { programVersion } from '../../scripts/tools/environment.ts';
import { KINDS } from '../../scripts/tools/kinds.ts';
import { makeKube } from '../../scripts/tools/kube.ts';
import { KubeFailure } from '../../scripts/tools/kube-status.ts';
import { makeRedactor } from '../../scripts/tools/redact.ts';
import { say, status, testApi } from './kube-server.ts';
import type { TestApi } from './kube-server.ts';
import { authority } from './pki.ts';
import { cluster, failureOf, fakeClock, scope, scratch } from './support.ts';

let api: TestApi;
let dir: ReturnType<typeof scratch>;
beforeEach(async () => { api = await testApi(); dir = scratch(); await api.writeFiles(dir.path); });
afterEach(async () => { await api[Symbol.asyncDispose](); dir[Symbol.dispose](); });

const door = (more: Parameters<typeof scope>[1] = {}) => { const told = scope(dir.path, more); return { told, kube: makeKube(told, cluster(), () => 0.5) }; };
const settings = (data: Record<string, string>, metadata: object = {}): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace: 'flux-system', ...metadata }, data });
const pod = (name: string, version: string): object => ({ metadata: { name, namespace: 'a', resourceVersion: version } });

describe('reading', () => {
  test('a list is raw, carries kind and version, and the caller says who it is', async () => {
    api.answer((_, response) => say(response, 200, { kind: 'PodList', metadata: { resourceVersion: '7' }, items: [pod('p', '5')] }));
    const { items, missing } = await door().kube.list(KINDS.Pod, { namespace: 'a', labelSelector: 'app=x,y' });
    expect([items, missing]).toEqual([[{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'a', resourceVersion: '5' } }], false]);
    expect(api.asked).toEqual([expect.objectContaining({ method: 'GET', path: '/api/v1/namespaces/a/pods', query: { labelSelector: 'app=x,y', limit: '250' }, user: 'admin', agent: `task/${programVersion()}` })]);
  });
  test('a kind that is not served is missing, an object that is not there is null', async () => {
    api.answer((_, response) => say(response, 404, '404 page not found'));
    expect(await door().kube.list(KINDS.HelmRelease)).toEqual({ items: [], missing: true });
    expect(await door().kube.get(KINDS.Node, 'n')).toBeNull();
  });
  test('a refusal is told in the server\'s words, secrets blanked', async () => {
    api.answer((_, response) => say(response, 403, status(403, 'Forbidden', 'pods is forbidden: token tok-secret-1 cannot list')));
    const failure = await failureOf(door({ redactor: makeRedactor(['tok-secret-1']) }).kube.list(KINDS.Pod));
    expect(failure).toBeInstanceOf(KubeFailure);
    expect([failure.code, failure.because]).toEqual([75, 'pods is forbidden: token [redacted] cannot list']);
  });
  test('the cluster\'s time is what it would stamp on an object, by a create that is none', async () => {
    api.answer((asked, response) => say(response, 201, { ...JSON.parse(asked.body), metadata: { ...JSON.parse(asked.body).metadata, creationTimestamp: '2026-11-20T06:00:00Z' } }));
    expect(await door({ dryRun: true, looking: true }).kube.now()).toBe(Date.parse('2026-11-20T06:00:00Z'));
    expect(api.asked).toEqual([expect.objectContaining({ method: 'POST', path: '/api/v1/namespaces/default/configmaps', query: { fieldManager: 'task', dryRun: 'All' } })]);
    api.answer((_, response) => say(response, 201, settings({})));
    expect((await failureOf(door().kube.now())).because).toBe('it stamps no time on what is made');
  });
  test('what a pod said is its last lines, secrets blanked; of one that is gone or silent it is nothing', async () => {
    api.answer((_, response) => say(response, 200, 'first\ntoken tok-secret-1\n'));
    expect(await door({ redactor: makeRedactor(['tok-secret-1']) }).kube.podLog('p', 'a', 5)).toBe('first\ntoken [redacted]\n');
    expect(api.asked).toEqual([expect.objectContaining({ path: '/api/v1/namespaces/a/pods/p/log', query: { tailLines: '5' } })]);
    for (const code of [404, 400]) {
      api.answer((_, response) => say(response, code, status(code, 'X', 'x')));
      expect(await door().kube.podLog('p', 'a', 5)).toBe('');
    }
    api.answer((_, response) => say(response, 403, status(403, 'Forbidden', 'no')));
    expect((await failureOf(door().kube.podLog('p', 'a', 5))).because).toBe('no');
  });
  test('readyz names what fails', async () => {
    api.answer((_, response) => say(response, 500, '[+]ping ok\n[-]etcd failed: reason withheld\n[-]poststarthook/rbac failed\nreadyz check failed'));
    expect((await failureOf(door().kube.readyz())).because).toBe('failing: etcd, poststarthook/rbac');
  });
  test('nobody listening says so, once, without trying again', async () => {
    await api[Symbol.asyncDispose]();
    const { told, kube } = door();
    expect((await failureOf(kube.readyz())).because).toBe('connection refused');
    expect(told.events).toEqual([]);
  });
  test('no kubeconfig says how to get one', async () => {
    using empty = scratch();
    const failure = await failureOf(makeKube(scope(empty.path), cluster()).serverVersion());
    expect([failure.code, failure.hint]).toEqual([75, 'task cluster:kubeconfig CLUSTER=infra']);
  });
});

describe('what passes by itself is tried again, and told', () => {
  test.each([
    ['too many requests, after the time asked for', 429, status(429, 'TooManyRequests', 'busy'), { 'Retry-After': '3' }, 3_000],
    ['unavailable with an invitation', 503, 'starting', { 'Retry-After': '1' }, 1_000],
    ['a new etcd leader', 500, status(500, 'InternalError', 'etcdserver: leader changed'), {}, 250],
  ])('%s', async (_, code, body, headers, pause) => {
    let calls = 0;
    api.answer((_asked, response) => { calls += 1; if (calls === 1) say(response, code, body, headers); else say(response, 200, { gitVersion: 'v1.34.4' }); });
    const clock = fakeClock();
    const { told, kube } = door({ clock });
    expect(await kube.serverVersion()).toBe('v1.34.4');
    expect(clock.slept).toEqual([pause]);
    expect(told.events).toEqual([expect.objectContaining({ type: 'retrying', attempt: 1 })]);
  });
  test('a dropped connection', async () => {
    let calls = 0;
    api.answer((_, response, request) => { calls += 1; if (calls <= 2) request.socket.destroy(); else say(response, 200, { gitVersion: 'v1' }); });
    expect(await door().kube.serverVersion()).toBe('v1');
    expect(calls).toBe(3);
  });
  test('an admission webhook that is not up yet, for a write only', async () => {
    const webhook = status(500, 'InternalError', 'Internal error occurred: failed calling webhook "webhook.cert-manager.io": connection refused');
    let calls = 0;
    api.answer((_, response) => { calls += 1; if (calls === 1) say(response, 500, webhook); else say(response, 200, settings({})); });
    await door().kube.apply(settings({ a: '1' }));
    expect(calls).toBe(2);
    api.answer((_, response) => say(response, 500, webhook));
    expect((await failureOf(door().kube.get(KINDS.ConfigMap, 'x', 'y'))).because).toContain('failed calling webhook');
  });
  test.each([[500, 'some bug'], [403, 'no'], [409, 'conflict']])('but not %i "%s"', async (code, body) => {
    api.answer((_, response) => say(response, code, body));
    const { told, kube } = door();
    expect((await failureOf(kube.serverVersion())).because).toBe(body);
    expect([api.asked.length, told.events]).toEqual([1, []]);
  });
  test('unavailable without an invitation, twelve times and not more', async () => {
    api.answer((_, response) => say(response, 503, 'down'));
    const clock = fakeClock();
    expect((await failureOf(door({ clock }).kube.serverVersion())).because).toBe('down');
    expect(clock.slept).toEqual([250, 500, 1000, 2000, 4000, 8000, 8000, 8000, 8000, 8000, 8000]);
    const asked = api.asked.length;
    await failureOf(door().kube.readyz());
    expect(api.asked.length).toBe(asked + 1);
  });
  test('for ever is not tried: the deadline ends it with the last reason', async () => {
    api.answer((_, response) => say(response, 429, status(429, 'TooManyRequests', 'still busy'), { 'Retry-After': '10' }));
    const clock = fakeClock();
    expect((await failureOf(door({ clock }).kube.serverVersion())).because).toBe('still busy');
    // Ten attempts are always made, whatever the clock says; here they outlast the minute.
    expect(clock.slept).toEqual(Array.from({ length: 9 }, () => 10_000));
  });
});

describe('writing', () => {
  test('is a server-side apply with our own field manager', async () => {
    api.answer((_, response) => say(response, 200, settings({})));
    await door().kube.apply(settings({ a: '1' }));
    expect(api.asked).toEqual([expect.objectContaining({ method: 'PATCH', path: '/api/v1/namespaces/flux-system/configmaps/settings', type: 'application/apply-patch+yaml', query: { fieldManager: 'task', force: 'false' } })]);
    expect(JSON.parse(api.asked[0]?.body ?? '')).toEqual(settings({ a: '1' }));
  });
  test('a conflict is a failure; with force it is told whose fields are taken, then taken', async () => {
    const conflict = status(409, 'Conflict', 'Apply failed with 1 conflict: conflict with "helm": .data.a', [{ reason: 'FieldManagerConflict', message: 'conflict with "helm"', field: '.data.a' }]);
    api.answer((asked, response) => (asked.query['force'] === 'true' ? say(response, 200, settings({})) : say(response, 409, conflict)));
    expect((await failureOf(door().kube.apply(settings({ a: '1' })))).because).toContain('conflict with "helm"');
    const { told, kube } = door();
    await kube.apply(settings({ a: '1' }), { force: true });
    expect(told.events).toEqual([expect.objectContaining({ type: 'note', text: 'ConfigMap flux-system/settings: taking over .data.a from helm' })]);
  });
  test('is refused with 75 before anything is sent when the API belongs to another cluster', async () => {
    await api.writeFiles(dir.path, authority({ commonName: 'kubernetes' }));
    const { kube } = door();
    for (const write of [() => kube.apply(settings({})), () => kube.delete(KINDS.ConfigMap, 'x', 'y'), () => kube.patch(KINDS.ConfigMap, 'x', 'y', {})]) {
      const failure = await failureOf(write());
      expect([failure.code, failure.what]).toEqual([75, 'nothing is written: this kubeconfig belongs to another cluster than infra']);
    }
    expect(api.asked).toEqual([]);
  });
  test('in a dry run is told as a command and not made', async () => {
    const { told, kube } = door({ dryRun: true });
    await kube.apply(settings({ password: 'x' }));
    await kube.patch(KINDS.Kustomization, 'apps', 'flux-system', { spec: { suspend: true } });
    await kube.delete(KINDS.Namespace, 'old');
    expect(api.asked).toEqual([]);
    expect(told.events.map((event) => (event.type === 'would-run' ? event.command.replace(/--kubeconfig \S+ /, '') : event))).toEqual([
      'kubectl --context infra apply --server-side --field-manager=task -f - # ConfigMap flux-system/settings',
      `kubectl --context infra patch kustomizations apps -n flux-system --type=merge -p '{"spec":{"suspend":true}}'`,
      'kubectl --context infra delete namespaces old --wait=false',
    ]);
  });
  test('an invalid object is configuration, not a trouble to run again', async () => {
    api.answer((_, response) => say(response, 422, status(422, 'Invalid', 'spec.x: Required value')));
    expect((await failureOf(door().kube.apply(settings({})))).code).toBe(65);
  });
  test('a kind of a fresh CRD is looked up by discovery each time', async () => {
    api.answer((asked, response) => (asked.method === 'GET' ? say(response, 200, { resources: [{ name: 'widgets/status', kind: 'Widget', namespaced: true }, { name: 'widgets', kind: 'Widget', namespaced: false }] }) : say(response, 200, {})));
    await door().kube.apply({ apiVersion: 'ex.test/v1', kind: 'Widget', metadata: { name: 'w' } });
    expect(api.asked.map(({ path }) => path)).toEqual(['/apis/ex.test/v1', '/apis/ex.test/v1/widgets/w']);
  });
  test('deleting what is not there is done', async () => {
    api.answer((_, response) => say(response, 404, status(404, 'NotFound', 'not found')));
    await door().kube.delete(KINDS.Secret, 'x', 'y');
    expect(api.asked).toHaveLength(1);
  });
});

describe('would it change?', () => {
  const live = settings({ a: '1' }, { uid: 'u', resourceVersion: '5', generation: 2, creationTimestamp: 't', managedFields: [{ manager: 'task' }], labels: { b: '2', a: '1' } });
  test.each([
    ['the bookkeeping differs', settings({ a: '1' }, { uid: 'u', resourceVersion: '6', managedFields: [], labels: { a: '1', b: '2' } }), false],
    ['the data differs', settings({ a: '2' }, { labels: { a: '1', b: '2' } }), true],
    ['a label goes', settings({ a: '1' }, { labels: { a: '1' } }), true],
  ])('%s: the dry run is compared with what is there', async (_, wish, wanted) => {
    api.answer((asked, response) => say(response, 200, asked.method === 'GET' ? live : wish));
    expect(await door({ dryRun: true }).kube.wouldChange(settings({}))).toBe(wanted);
    expect(api.asked[1]).toMatchObject({ method: 'PATCH', query: { dryRun: 'All', force: 'true', fieldManager: 'task' } });
  });
  test('what is not there would be made', async () => {
    api.answer((_, response) => say(response, 404, status(404, 'NotFound', 'no')));
    expect(await door().kube.wouldChange(settings({}))).toBe(true);
  });
});

const line = (type: string, object: object): string => `${JSON.stringify({ type, object })}\n`;
describe('watching', () => {
  test('lists, follows, goes on where the stream broke, lists anew after 410, and stops when told', async () => {
    let lists = 0;
    const watched: string[] = [];
    api.answer((asked, response, request) => {
      if (asked.query['watch'] === undefined) {
        lists += 1;
        say(response, 200, { metadata: { resourceVersion: lists === 1 ? '10' : '50' }, items: lists === 1 ? [pod('a', '9')] : [pod('z', '49')] });
        return;
      }
      watched.push(asked.query['resourceVersion'] ?? '');
      response.writeHead(200);
      if (watched.length === 1) { response.write(line('ADDED', pod('b', '11')) + line('BOOKMARK', pod('', '20')).slice(0, 10)); response.write(line('BOOKMARK', pod('', '20')).slice(10)); setImmediate(() => request.socket.destroy()); }
      else if (watched.length === 2) response.end(line('DELETED', pod('a', '21')));
      else if (watched.length === 3) response.end(line('ERROR', status(410, 'Expired', 'too old resource version')));
      else response.write(line('MODIFIED', pod('z', '51')));
    });
    const seen: string[][] = [];
    const troubles: string[] = [];
    const finished = Promise.withResolvers<void>();
    const { kube } = door();
    const handle = kube.watch(KINDS.Pod, (items) => {
      seen.push(items.map((item) => `${item.metadata.name}@${item.metadata.resourceVersion ?? ''}`));
      if (items.some((item) => item.metadata.resourceVersion === '51')) finished.resolve();
    }, (because) => troubles.push(because));
    await finished.promise;
    handle.stop();
    // After the trouble what is known is told again, though nothing changed: it is known to be so once more.
    expect(seen).toEqual([['a@9'], ['a@9', 'b@11'], ['a@9', 'b@11'], ['b@11'], ['z@49'], ['z@51']]);
    expect(watched[0]).toBe('10');
    expect(watched[2]).toBe('21');
    expect(troubles).toHaveLength(1);
  });
  test('twenty open watches leave room for questions', async () => {
    api.answer((asked, response) => {
      if (asked.path === '/version') say(response, 200, { gitVersion: 'v1.34.4' });
      else if (asked.query['watch'] === undefined) say(response, 200, { metadata: { resourceVersion: '1' }, items: [] });
      else response.writeHead(200).write(line('ADDED', pod('a', '2')));
    });
    const { kube } = door();
    const open = Array.from({ length: 20 }, () => {
      const told = Promise.withResolvers<void>();
      return { told: told.promise, handle: kube.watch(KINDS.Pod, (items) => { if (items.length > 0) told.resolve(); }, () => undefined) };
    });
    await Promise.all(open.map(({ told }) => told));
    expect(await kube.serverVersion()).toBe('v1.34.4');
    for (const { handle } of open) handle.stop();
  });
  test('a listener that throws ends nothing, and is told', async () => {
    api.answer((asked, response) => (asked.query['watch'] === undefined ? say(response, 200, { metadata: { resourceVersion: '1' }, items: [] }) : response.writeHead(200).write(line('ADDED', pod('a', '2')))));
    const troubles: string[] = [];
    const second = Promise.withResolvers<void>();
    let calls = 0;
    const handle = door().kube.watch(KINDS.Pod, () => { calls += 1; if (calls === 1) throw new Error('listener bug'); second.resolve(); }, (because) => troubles.push(because));
    await second.promise;
    handle.stop();
    expect(troubles).toEqual(['the listener failed: listener bug']);
  });
  test('a kind that is not served is waited for with growing pauses', async () => {
    api.answer((_, response) => say(response, 404, '404 page not found'));
    const clock = fakeClock();
    const third = Promise.withResolvers<void>();
    const troubles: string[] = [];
    const handle = door({ clock }).kube.watch(KINDS.HelmRelease, () => undefined, (because) => { troubles.push(because); if (troubles.length === 4) third.resolve(); });
    await third.promise;
    handle.stop();
    expect(new Set(troubles)).toEqual(new Set(['the API server does not know this kind (yet)']));
    expect(clock.slept.slice(0, 3)).toEqual([375, 750, 1500]);
  });
});
