import { beforeEach, expect, test } from 'vitest';
import type { KubeObject } from '../../scripts/config/cluster.ts';
import { acquireLease, BEAT_MS, leaseHolder } from '../../scripts/tools/lease.ts';
import { failureOf } from './support.ts';

let stored: KubeObject | null = null;
let version = 0;
let now = 1_000_000;
/** Called before a write reaches the server: where somebody else may be faster. */
let race: (() => void) | undefined;
const keep = (object: KubeObject): void => { version += 1; stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } }; };
const kube = {
  get: async () => stored,
  create: async (object: KubeObject) => { race?.(); if (stored !== null) return 'exists' as const; keep(object); return 'created' as const; },
  replace: async (object: KubeObject) => { race?.(); if (stored?.metadata.resourceVersion !== object.metadata.resourceVersion) return 'changed' as const; keep(object); return 'replaced' as const; },
};
const anna = { user: 'anna', host: 'desk', pid: 7, run: 'r1' };
const bert = { user: 'bert', host: 'laptop', pid: 8, run: 'r2' };
const take = (who: typeof anna) => acquireLease(kube, 'infra', who, () => now);
beforeEach(() => { stored = null; race = undefined; now = 1_000_000; });

test('the second is told who, from where and since when, with exit 75', async () => {
  await take(anna);
  const failure = await failureOf(take(bert));
  expect([failure.code, failure.because]).toEqual([75, expect.stringContaining('anna@desk pid 7 run r1 since 1970-01-01T00:16:40.000000Z')]);
  expect(await leaseHolder(kube)).toMatchObject({ holder: 'anna@desk pid 7 run r1' });
});
test('a lock given back is free', async () => {
  await (await take(anna)).release();
  expect(await leaseHolder(kube)).toBeUndefined();
  expect((await take(bert)).because).toBe('it was free');
});
test('a holder that beats keeps it; one that missed three beats loses it and is told at its next', async () => {
  const first = await take(anna);
  now += 3 * BEAT_MS;
  expect(await first.renew()).toBe('held');
  now += 3 * BEAT_MS;
  await failureOf(take(bert));
  now += 1;
  expect((await take(bert)).because).toContain('anna@desk pid 7 run r1 has not been heard of for 30 s');
  expect(await first.renew()).toBe('lost');
  await first.release();
  expect(await leaseHolder(kube)).toMatchObject({ holder: expect.stringContaining('bert') });
});
test.each([['a free lock that was never there', false], ['a lock that was given back', true]])('of two who try at once one gets it: %s', async (_, before) => {
  if (before) await (await take(anna)).release();
  race = () => { race = undefined; keep({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'task-lock' }, spec: { holderIdentity: 'cleo@tram pid 9 run r3', renewTime: new Date(now).toISOString(), acquireTime: 'then' } }); };
  expect((await failureOf(take(bert))).because).toContain('cleo@tram');
});
