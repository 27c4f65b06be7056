import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SITE } from '../../scripts/config/target.ts';
import type { EventBody } from '../../scripts/engine/event.ts';
import { Failure } from '../../scripts/engine/failure.ts';
import { BEAT_MS, newHolder } from '../../scripts/engine/lock-holder.ts';
import type { Proc, Scope } from '../../scripts/tools/doors.ts';
import { clusterFiles, writePrivate } from '../../scripts/tools/files.ts';
import { makeFlux } from '../../scripts/tools/flux.ts';
import { makeHelmfile } from '../../scripts/tools/helmfile.ts';
import { KINDS } from '../../scripts/tools/kinds.ts';
import { makeKube } from '../../scripts/tools/kube.ts';
import { acquireLease } from '../../scripts/tools/lease.ts';
import { makeLeases } from '../../scripts/tools/leases.ts';
import { makeProc } from '../../scripts/tools/proc.ts';
import type { Leases } from '../../scripts/tools/leases.ts';
import { certificateFingerprint } from '../../scripts/tools/talos-bundle.ts';
import { manualClock, settle } from '../engine/manual-clock.ts';
import type { ManualClock } from '../engine/manual-clock.ts';
import { configMap, handClock, serveStore } from '../lab/kube/harness.ts';
import type { Served } from '../lab/kube/harness.ts';
import { cluster, failureOf, scope, scratch } from './support.ts';

let api: Served;
let dir: ReturnType<typeof scratch>;
let clock: ManualClock;
let leases: Leases;
let events: EventBody[];
const lost: Failure[] = [];
beforeEach(async () => {
  api = await serveStore(handClock());
  dir = scratch();
  const files = clusterFiles(dir.path, SITE, 'infra');
  await writePrivate(files.kubeconfigDial, readFileSync(api.kubeconfig, 'utf8'));
  const ours = { sha256: certificateFingerprint(api.ca), pem: api.ca };
  await writePrivate(files.identity, JSON.stringify({ format: 1, cluster: 'infra', machineCA: ours, clusterCA: ours }));
  clock = manualClock();
  events = [];
  lost.length = 0;
  leases = makeLeases({ clock, emit: (event) => { events.push(event); }, who: { user: 'anna', task: 'cluster:create', run: 'r1' }, lost: (failure) => lost.push(failure) });
});
afterEach(async () => {
  await leases.release();
  api.stop();
  dir[Symbol.dispose]();
});

const of = (more: Partial<Scope> = {}): Scope => scope(dir.path, { clock, emit: (event) => { events.push(event); }, claim: leases.claim, ...more });
const kube = (more: Partial<Scope> = {}): ReturnType<typeof makeKube> => makeKube(of(more), cluster());
const writes = (): readonly string[] => api.log.entries.filter((entry) => entry.write).map((entry) => `${entry.verb} ${entry.object.split('/').at(-1) ?? ''}`);
const lease = async (): Promise<Record<string, unknown>> => (await makeKube(scope(dir.path), cluster()).get(KINDS.Lease, 'task-lock', 'kube-system'))?.['spec'] as Record<string, unknown>;
/** Another run, on another computer. */
const bert = { ...newHolder({ user: 'bert', task: 'flux:reconcile', run: 'r2' }), host: 'laptop', boot: 'of the laptop' };
const bertTakes = async (): Promise<void> => void await acquireLease(makeKube(scope(dir.path), cluster()), { cluster: 'infra', me: bert, clock: manualClock({ auto: true }), wall: Date.now, signal: new AbortController().signal });
/** Requests over a real connection take real time; each is waited for by what it leaves behind. */
const until = async (so: () => boolean): Promise<void> => { while (!so()) await settle(); };

describe('a run\'s lock in the clusters it writes to', () => {
  test('is taken before the first write, once, and told', async () => {
    const doors = [kube(), kube()];
    await Promise.all(doors.map((door, index) => door.apply(configMap(`c${index}`))));
    expect(writes()[0]).toBe('create leases');
    expect(writes().filter((write) => write.endsWith('leases'))).toHaveLength(1);
    expect(await lease()).toMatchObject({ holderIdentity: expect.stringMatching(/^anna@.* \(pid \d+, cluster:create, run r1\)$/) });
    expect(events).toContainEqual({ type: 'lock-taken', lane: 'infra', lock: 'Lease kube-system/task-lock of infra', because: 'free' });
    await leases.release();
    expect(await lease()).toMatchObject({ holderIdentity: '' });
  });
  test.each([
    ['reading', async () => { await kube().get(KINDS.Node, 'n'); await kube().wouldChange(configMap('c')); }],
    ['a dry run', async () => kube({ dryRun: true }).apply(configMap('c'))],
  ])('%s takes none', async (_, work) => {
    await work();
    expect(await lease()).toBeUndefined();
  });
  test('of somebody else refuses before anything is written, naming them', async () => {
    await bertTakes();
    const before = writes().length;
    expect(await failureOf(kube().apply(configMap('c')))).toMatchObject({ code: 75, because: expect.stringMatching(/^bert@laptop .*flux:reconcile, run r2\) has held it since/) });
    expect(writes()).toHaveLength(before);
  });
  test('is asked for again at the next write after a refusal', async () => {
    await bertTakes();
    await failureOf(kube().apply(configMap('c')));
    const held = await acquireLease(makeKube(scope(dir.path), cluster()), { cluster: 'infra', me: bert, clock, wall: Date.now, signal: new AbortController().signal });
    await held.through(makeKube(scope(dir.path), cluster())).release();
    await kube().apply(configMap('c'));
    expect(await lease()).toMatchObject({ holderIdentity: expect.stringContaining('anna@') });
  });
  test('is renewed at every beat', async () => {
    await kube().apply(configMap('c'));
    const updates = (): number => writes().filter((write) => write === 'update task-lock').length;
    for (let beat = 1; beat <= 3; beat += 1) {
      await until(() => clock.sleeping() > 0);
      await clock.advance(BEAT_MS);
      await until(() => updates() === beat);
    }
    expect(lost).toEqual([]);
  });
  test('lost to somebody else stops the run once, and nothing more is written', async () => {
    await kube().apply(configMap('c'));
    await makeKube(scope(dir.path), cluster()).delete(KINDS.Lease, 'task-lock', 'kube-system');
    await bertTakes();
    const before = writes().length;
    await until(() => clock.sleeping() > 0);
    await clock.advance(BEAT_MS);
    await until(() => lost.length > 0);
    expect(lost[0]).toMatchObject({ code: 76, what: 'the lock of infra is no longer ours', because: expect.stringContaining('bert@laptop') });
    expect(await failureOf(kube().apply(configMap('d')))).toBe(lost[0]);
    await clock.advance(5 * BEAT_MS);
    await leases.release();
    expect([lost.length, writes().length]).toEqual([1, before]);
    expect(await lease()).toMatchObject({ holderIdentity: expect.stringContaining('bert@laptop') });
  });
  test('lost while a tool works ends the tool, and the run as one that lost its lock', async () => {
    await kube().apply(configMap('c'));
    const stop = new AbortController();
    // As cli/locks.ts has it: the run is aborted with the reason.
    const tool = failureOf(makeProc(of({ signal: stop.signal })).run({ tool: process.execPath, argv: ['-e', 'setInterval(() => {}, 1000)'], effect: 'write', timeoutMs: 60_000 }));
    await makeKube(scope(dir.path), cluster()).delete(KINDS.Lease, 'task-lock', 'kube-system');
    await bertTakes();
    await until(() => clock.sleeping() > 0);
    await clock.advance(BEAT_MS);
    await until(() => lost.length > 0);
    stop.abort(lost[0]);
    expect(await tool).toBe(lost[0]);
    expect(lost[0]?.code).toBe(76);
    expect(await failureOf(makeProc(of({ signal: stop.signal })).run({ tool: process.execPath, argv: [], effect: 'write', timeoutMs: 60_000 }))).toBe(lost[0]);
  });
  test('not renewed for three beats is made sure of before the next write', async () => {
    let now = clock.now();
    // A clock whose sleepers never wake: the process was stopped, or the API away, for longer than others wait.
    const stopped = { ...clock, now: () => now };
    leases = makeLeases({ clock: stopped, emit: (event) => { events.push(event); }, who: { user: 'anna', task: 't', run: 'r1' }, lost: (failure) => lost.push(failure) });
    await kube().apply(configMap('c'));
    await kube().apply(configMap('c'));
    expect(writes()).toEqual(['create leases', expect.stringContaining(' c'), expect.stringContaining(' c')]);
    now += 3 * BEAT_MS + 1;
    await kube().apply(configMap('d'));
    expect(writes().slice(3)).toEqual(['update task-lock', expect.stringContaining(' d')]);
    await makeKube(scope(dir.path), cluster()).delete(KINDS.Lease, 'task-lock', 'kube-system');
    await bertTakes();
    now += 3 * BEAT_MS + 1;
    const before = writes().length;
    expect((await failureOf(kube().apply(configMap('e')))).code).toBe(76);
    expect([writes().length, lost.length]).toEqual([before, 1]);
  });
  test('that cannot be given back is told, and the run ends all the same', async () => {
    await kube().apply(configMap('c'));
    await writePrivate(clusterFiles(dir.path, SITE, 'infra').kubeconfigDial, 'no kubeconfig');
    await leases.release();
    expect(events).toContainEqual(expect.objectContaining({ type: 'note', step: 'lock', text: expect.stringMatching(/^the lock of infra could not be given back .* gives way by itself after 3 missed beats$/) }));
  });
});

describe('before a tool that writes to a cluster runs, its lock is asked for', () => {
  const refused = new Failure({ exit: 'rerun', what: 'infra is locked by another run' });
  test.each([
    ['helmfile', (proc: Proc, more: Partial<Scope>) => makeHelmfile(of(more), cluster(), proc).sync('01-core.yaml', ['cilium'], () => undefined)],
    ['flux', (proc: Proc, more: Partial<Scope>) => makeFlux(of(more), cluster(), proc).reconcile('source git', 'a', 'b')],
  ] as const)('%s', async (_, write) => {
    const ran: string[] = [];
    const proc: Proc = { run: async (command) => { ran.push(command.tool); return { stdout: '', stderr: '', exitCode: 0 }; } };
    expect(await failureOf(write(proc, { claim: async () => { throw refused; } }))).toBe(refused);
    expect(ran).toEqual([]);
    await write(proc, { claim: async () => { throw refused; }, dryRun: true });
  });
});
