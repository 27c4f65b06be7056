import { hostname } from 'node:os';
import { beforeEach, describe, expect, test } from 'vitest';
import type { KubeObject } from '../../scripts/config/cluster.ts';
import { BEAT_MS, newHolder } from '../../scripts/engine/lock-holder.ts';
import type { LockHolder } from '../../scripts/engine/lock-holder.ts';
import { acquireLease, leaseBeat } from '../../scripts/tools/lease.ts';
import type { Lease } from '../../scripts/tools/lease.ts';
import { KubeFailure } from '../../scripts/tools/kube-status.ts';
import { failureOf, fakeClock } from './support.ts';

let stored: KubeObject | null = null;
let version = 0;
let clock = fakeClock();
/** Called before a write reaches the server: where somebody else may be faster. */
let race: (() => void) | undefined;
/** Called after each look of somebody who listens. */
let looked: (() => void) | undefined;
const keep = (object: KubeObject): void => { version += 1; stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } }; };
const kube = {
  get: async () => { const seen = stored; looked?.(); return seen; },
  create: async (object: KubeObject): Promise<'created' | 'exists'> => { race?.(); if (stored !== null) return 'exists'; keep(object); return 'created'; },
  replace: async (object: KubeObject): Promise<'replaced' | 'changed'> => { race?.(); if (stored?.metadata.resourceVersion !== object.metadata.resourceVersion) return 'changed'; keep(object); return 'replaced'; },
};
const anna = (): LockHolder => ({ ...newHolder({ user: 'anna', task: 'cluster:create', run: 'r1' }), host: 'desk', boot: 'of the desk', since: '2026-01-01T08:00:00.000Z' });
const bert = (): LockHolder => ({ ...newHolder({ user: 'bert', task: 'flux:reconcile', run: 'r2' }), host: 'laptop', boot: 'of the laptop' });
const told: string[] = [];
/** `ahead`: how much somebody's clock is before ours, ms. */
const take = (me: LockHolder, ahead = 0): Promise<Lease> => acquireLease(kube, { cluster: 'infra', me, clock, wall: () => clock.now() + ahead, signal: new AbortController().signal, waiting: (reason) => { told.push(reason); } });
const spec = (): Record<string, unknown> => (stored?.['spec'] ?? {}) as Record<string, unknown>;
/** A Lease of somebody else's program. */
const foreign = (over: object): void => keep({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'task-lock', namespace: 'kube-system' }, spec: { holderIdentity: 'cleo@tram', acquireTime: '2026-01-01T07:00:00.000000Z', renewTime: new Date(clock.now()).toISOString(), leaseDurationSeconds: 30, ...over } });
beforeEach(() => { stored = null; race = undefined; looked = undefined; clock = fakeClock(); told.length = 0; });

describe('a cluster\'s lock in the cluster', () => {
  test('says to people and programs who holds it, where, since when and which run', async () => {
    expect((await take(anna())).because).toBe('free');
    expect(spec()).toMatchObject({ holderIdentity: expect.stringMatching(/^anna@desk \(pid \d+, cluster:create, run r1\)$/), leaseDurationSeconds: 30, leaseTransitions: 1 });
    const failure = await failureOf(take(bert()));
    expect(failure).toMatchObject({ code: 75, what: 'infra is locked by another run', hint: expect.stringMatching(/Wait .* ask anna.*Lease kube-system\/task-lock of infra/) });
    expect(failure.because).toMatch(/^anna@desk \(pid \d+, cluster:create, run r1\) has held it since 2026-01-01T08:00:00.000Z$/);
  });
  test('is free again once given back', async () => {
    await (await take(anna())).through(kube).release();
    expect(spec()).toMatchObject({ holderIdentity: '' });
    expect((await take(bert())).because).toBe('free');
  });
  test.each([['a free lock that was never there', false], ['a lock that was given back', true]])('of two who try at once one gets it: %s', async (_, before) => {
    if (before) await (await take(anna())).through(kube).release();
    race = () => { race = undefined; foreign({}); };
    expect((await failureOf(take(bert()))).because).toContain('cleo@tram');
  });
  test('our own request, sent twice because its answer was lost, is no conflict', async () => {
    const lossy = { ...kube, create: async (object: KubeObject) => { await kube.create(object); return kube.create(object); }, replace: async (object: KubeObject) => { await kube.replace(object); return kube.replace(object); } };
    const lease = await acquireLease(lossy, { cluster: 'infra', me: anna(), clock, wall: clock.now, signal: new AbortController().signal });
    await lease.through(lossy).renew();
    expect(spec()).toMatchObject({ holderIdentity: expect.stringContaining('anna@desk') });
  });
  test('waits a moment for kube-system in a cluster whose API has only just come up', async () => {
    let refusals = 3;
    const young = { ...kube, create: async (object: KubeObject) => {
      if (refusals-- > 0) throw new KubeFailure({ exit: 'rerun', what: 'cannot create', because: 'namespaces "kube-system" not found', status: 404, reason: 'NotFound', causes: [] });
      return kube.create(object);
    } };
    expect((await acquireLease(young, { cluster: 'infra', me: anna(), clock, wall: clock.now, signal: new AbortController().signal })).because).toBe('free');
    refusals = 1000;
    stored = null;
    expect((await failureOf(acquireLease(young, { cluster: 'infra', me: bert(), clock, wall: clock.now, signal: new AbortController().signal }))).because).toContain('kube-system');
  });
});

describe('a holder', () => {
  const anotherBoot = { boot: 'another computer' };
  test('of this computer whose process is dead gives way at once, however lately it beat', async () => {
    await take({ ...anna(), ...newHolder({ user: 'anna', task: 't', run: 'r1' }), pid: 2 ** 22 + 1 });
    expect((await take(bert())).because).toMatch(/^taken over from anna@.*process \d+ is gone$/);
    expect(clock.slept).toEqual([]);
  });
  test('of this computer that is alive never does, however silent', async () => {
    await take(newHolder({ user: 'anna', task: 't', run: 'r1' }));
    await clock.sleep(1000 * BEAT_MS, new AbortController().signal);
    expect((await failureOf(take(bert()))).because).toContain('anna@');
    expect(clock.slept).toHaveLength(1);
  });
  test('elsewhere that beat lately is believed at once', async () => {
    await take({ ...anna(), ...anotherBoot });
    await clock.sleep(2 * BEAT_MS, new AbortController().signal);
    expect((await failureOf(take(bert()))).because).toContain('anna@desk');
    expect(clock.slept).toHaveLength(1);
  });
  test('elsewhere on a computer of the same name, with a process number nobody has here, is not taken for dead', async () => {
    await take({ ...anna(), ...anotherBoot, host: hostname(), pid: 2 ** 22 + 1 });
    expect((await failureOf(take(bert()))).because).toContain('anna@');
  });
  test.each([['is behind ours', -3_600_000], ['is ahead of ours', 3_600_000]])('elsewhere whose clock %s is listened for, and never loses it while it beats', async (_, ahead) => {
    const held = (await take(anna(), ahead)).through(kube);
    looked = () => { if (clock.slept.length % 3 === 0 && clock.slept.length > 0) { looked = undefined; void held.renew(); } };
    expect((await failureOf(take(bert()))).because).toContain('anna@desk');
    expect(told[0]).toMatch(/^listening whether anna@desk .* is still there$/);
  });
  test('elsewhere that stays silent for three beats loses it, and learns so at its next', async () => {
    const held = (await take(anna())).through(kube);
    const began = clock.now() + 4 * BEAT_MS;
    await clock.sleep(4 * BEAT_MS, new AbortController().signal);
    expect((await take(bert())).because).toMatch(/^taken over from anna@desk .*: no sign of life for 40 s from anna@desk/);
    expect(clock.now() - began).toBeGreaterThanOrEqual(3 * BEAT_MS);
    expect(await failureOf(held.renew())).toMatchObject({ code: 76, what: 'the lock of infra is no longer ours', because: expect.stringContaining('bert@laptop') });
    await held.release();
    expect(spec()).toMatchObject({ holderIdentity: expect.stringContaining('bert@laptop') });
  });
  test('that gives it back while somebody listens makes room at once', async () => {
    const held = (await take(anna())).through(kube);
    await clock.sleep(4 * BEAT_MS, new AbortController().signal);
    looked = () => { if (clock.slept.length === 3) { looked = undefined; void held.release(); } };
    expect((await take(bert())).because).toBe('free');
  });
  test('finds its lock again after somebody made the cluster anew', async () => {
    const held = (await take(anna())).through(kube);
    stored = null;
    await held.renew();
    expect(spec()).toMatchObject({ holderIdentity: expect.stringContaining('anna@desk') });
  });
  test.each([
    ['given back by somebody who had it in between', { holderIdentity: '' }, /given back/],
    ['held by somebody else\'s program', {}, /cleo@tram holds/],
  ])('whose lock is %s has lost it', async (_, over, because) => {
    const held = (await take(anna())).through(kube);
    foreign(over);
    expect(await failureOf(held.renew())).toMatchObject({ code: 76, because: expect.stringMatching(because) });
  });
  test('that another program left without a word of how long or since when is listened for, then replaced', async () => {
    foreign({ renewTime: undefined, leaseDurationSeconds: undefined, acquireTime: undefined });
    expect((await take(bert())).because).toMatch(/^taken over from cleo@tram: no sign of life for 30 s/);
    foreign({ acquireTime: undefined });
    expect((await failureOf(take(anna()))).because).toBe('cleo@tram has held Lease kube-system/task-lock of infra since a time it does not say');
  });
});

test('beats are ten seconds of the run\'s clock apart, and in a fast lab never less than a second of the wall', () => {
  expect([1, 5, 10, 60, 240].map((speed) => leaseBeat({ speed }) / speed)).toEqual([10_000, 2_000, 1_000, 1_000, 1_000]);
});
