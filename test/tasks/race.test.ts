import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SITE } from '../../scripts/config/target.ts';
import { lockFile } from '../../scripts/engine/lock.ts';
import { newHolder, parseHolder, who } from '../../scripts/engine/lock-holder.ts';
import type { LockHolder } from '../../scripts/engine/lock-holder.ts';
import { acquireLease } from '../../scripts/tools/lease.ts';
import { makeKube } from '../../scripts/tools/kube.ts';
import { scaledClock } from '../../scripts/engine/clock.ts';
import { clusterFiles, writePrivate } from '../../scripts/tools/files.ts';
import { lockRef } from '../../scripts/tools/git-lock.ts';
import { certificateFingerprint } from '../../scripts/tools/talos-bundle.ts';
import { handClock, serveStore } from '../lab/kube/harness.ts';
import type { Served } from '../lab/kube/harness.ts';
import { git, remoteWithClones } from '../tools/git-support.ts';
import { cluster, failureOf, labTarget, scope, scratch, site } from '../tools/support.ts';
import { core } from './configuration.ts';
import { finish, journalOf, makeRig } from './rig.ts';
import type { TakeAnswer, TakeOrder } from './race-toy.ts';
import { randomOf } from './seeded.ts';

const NAMES = ['anna', 'bert', 'cleo'] as const;
const LONG = process.env['SOAK'] !== undefined;
/** Interleavings per kind of lock: a sample, all with SOAK. A push to a remote is many processes. */
const ROUNDS: Readonly<Record<TakeOrder['kind'], number>> = LONG ? { local: 200, lease: 200, git: 200 } : { local: 20, lease: 20, git: 4 };
const SEED = Number(process.env['SEED'] ?? '1');
/** How the lock is found. A living holder's is nobody's to take. */
const BEFORE = ['free', 'free', 'dead here', 'silent elsewhere', 'alive here'] as const;
type Before = (typeof BEFORE)[number];

interface Toy { readonly child: ChildProcess; readonly pid: number; ask(order: object): Promise<TakeAnswer> }
function startToy(name: string, dir: string): Promise<Toy> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'race-toy.ts'), name, dir], { stdio: ['pipe', 'pipe', 'inherit'] });
  let next: ((answer: TakeAnswer) => void) | undefined;
  let ended: ((error: Error) => void) | undefined;
  child.once('exit', () => ended?.(new Error(`${name} ended`)));
  const answer = (): Promise<TakeAnswer> => new Promise((resolve, reject) => {
    next = resolve;
    ended = reject;
  });
  const ready = answer();
  createInterface({ input: child.stdout }).on('line', (line) => next?.(JSON.parse(line)));
  return ready.then(() => ({ child, pid: child.pid ?? 0, ask: (order) => { const said = answer(); child.stdin.write(`${JSON.stringify(order)}\n`); return said; } }));
}

const dir = scratch();
let api: Served;
let toys: readonly Toy[] = [];
beforeAll(async () => {
  remoteWithClones(dir.path, ...NAMES);
  api = await serveStore(handClock());
  const files = clusterFiles(join(dir.path, 'shared'), SITE, 'infra');
  await writePrivate(files.kubeconfigDial, readFileSync(api.kubeconfig, 'utf8'));
  const ours = { sha256: certificateFingerprint(api.ca), pem: api.ca };
  await writePrivate(files.identity, JSON.stringify({ format: 1, cluster: 'infra', machineCA: ours, clusterCA: ours }));
  toys = await Promise.all(NAMES.map((name) => startToy(name, dir.path)));
});
afterAll(async () => {
  await Promise.all(toys.map((toy) => new Promise((resolve) => { toy.child.once('close', resolve); toy.child.stdin?.end(); })));
  api.stop();
  dir[Symbol.dispose]();
});

const HOUR_MS = 3_600_000;
const shared = join(dir.path, 'shared');
const clusterOf = (kind: TakeOrder['kind'], round: number): string => (kind === 'lease' ? 'infra' : `c${round}`);

/** Puts somebody's lock there before the race, last heard of an hour ago. */
function plant(kind: TakeOrder['kind'], round: number, before: Before): LockHolder | undefined {
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', name: 'task-lock', namespace: 'kube-system' };
  if (kind === 'lease' && api.store.get(lease) !== undefined) api.store.delete(lease);
  if (before === 'free') return undefined;
  const here = newHolder({ user: 'dora', task: 'test', run: `before-${round}` });
  const holder: LockHolder = before === 'dead here' ? { ...here, pid: 2 ** 22 + 1 } : before === 'alive here' ? here : { ...here, host: 'elsewhere', boot: 'of elsewhere' };
  const heard = new Date(Date.now() - HOUR_MS);
  switch (kind) {
    case 'local': {
      const file = lockFile(shared, 'site', clusterOf(kind, round));
      mkdirSync(join(file, '..'), { recursive: true });
      writeFileSync(file, JSON.stringify(holder));
      utimesSync(file, heard, heard);
      return holder;
    }
    case 'lease':
      api.store.create({
        apiVersion: lease.apiVersion, kind: lease.kind, metadata: { name: lease.name, namespace: lease.namespace, annotations: { 'task.lock/holder': JSON.stringify(holder) } },
        spec: { holderIdentity: who(holder), leaseDurationSeconds: 30, renewTime: heard.toISOString(), acquireTime: heard.toISOString(), leaseTransitions: 1 },
      });
      return holder;
    case 'git': {
      const root = join(dir.path, 'anna');
      const commit = git(root, 'commit-tree', git(root, 'write-tree'), '-m', `x\n\n${JSON.stringify({ ...holder, renewed: heard.toISOString() })}`);
      git(root, 'push', '-q', 'origin', `${commit}:${lockRef('site', clusterOf(kind, round))}`);
      return holder;
    }
  }
}

/** Whom the lock itself names now. */
function named(kind: TakeOrder['kind'], round: number): LockHolder | undefined {
  switch (kind) {
    case 'local':
      return parseHolder(readFileSync(lockFile(shared, 'site', clusterOf(kind, round)), 'utf8'));
    case 'lease':
      return parseHolder(api.store.get({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', name: 'task-lock', namespace: 'kube-system' })?.metadata.annotations?.['task.lock/holder'] ?? '');
    case 'git':
      return parseHolder(git(join(dir.path, 'remote.git'), 'show', '-s', '--format=%B', lockRef('site', clusterOf(kind, round))).split('\n').find((line) => line.startsWith('{')) ?? '');
  }
}

describe('of operators who reach for the same cluster at the same moment exactly one proceeds, and the others learn who', () => {
  test.each(Object.entries(ROUNDS) as [TakeOrder['kind'], number][])('by the %s lock, in %i interleavings', async (kind, rounds) => {
    const deviations: string[] = [];
    const counts: Record<string, number> = {};
    for (let round = 1; round <= rounds; round += 1) {
      const seed = SEED * 1_000_003 + round;
      const random = randomOf(seed);
      const before = BEFORE[Math.floor(random() * BEFORE.length)] ?? 'free';
      const racing = random() < 0.5 ? toys : toys.filter((_, index) => index !== round % toys.length);
      const earlier = plant(kind, round, before);
      const answers = await Promise.all(racing.map((toy, index) => toy.ask({ kind, round, seed: seed * 8 + index, cluster: clusterOf(kind, round) } satisfies TakeOrder)));
      const winners = answers.filter((answer) => answer.is === 'held');
      const expected = before === 'alive here' ? 0 : 1;
      const first = winners[0]?.pid ?? earlier?.pid;
      const tell = (what: string): void => void deviations.push(`${kind} round ${round} (SEED=${SEED}, ${before}, ${racing.length} at once): ${what}: ${JSON.stringify(answers)}`);
      if (winners.length !== expected) tell(`${winners.length} proceed`);
      if (answers.some((answer) => answer.is !== 'held' && answer.is !== 'refused')) tell('an answer that is neither');
      if (answers.some((answer) => answer.is === 'refused' && !answer.because.includes(`pid ${first},`))) tell(`a loser does not name ${first}`);
      if (named(kind, round)?.pid !== first) tell(`the lock names ${named(kind, round)?.pid}`);
      counts[before] = (counts[before] ?? 0) + 1;
      await Promise.all(racing.filter((_, index) => answers[index]?.is === 'held').map((toy) => toy.ask({ round, release: true })));
    }
    if (LONG) process.stdout.write(`${kind}: ${rounds} interleavings, ${JSON.stringify(counts)}, ${deviations.length} deviations\n`);
    expect(deviations).toEqual([]);
    expect(Object.keys(counts).length).toBeGreaterThan(1);
  }, LONG ? 900_000 : 60_000);
});

describe('two whole runs at once', () => {
  const words = ['cluster:create', 'CLUSTER=apps', 'TARGET=lab', '--yes', '--output=json'];

  test('of one folder one proceeds, and nobody gets in between through the cluster either', async () => {
    const rig = makeRig({ ...core(), speed: '120' });
    try {
      const inCluster = Promise.withResolvers<void>();
      let target = '';
      const runs = [1, 2].map(() => {
        const child = rig.start(...words);
        child.stdout?.on('data', (chunk: Buffer) => {
          target = /"id":"(lab-[^"]+)"/.exec(String(chunk))?.[1] ?? target;
          if (String(chunk).includes('Lease kube-system/task-lock')) inCluster.resolve();
        });
        const ended = finish(child);
        return { pid: child.pid, ended };
      });
      await Promise.race([inCluster.promise, Promise.all(runs.map((run) => run.ended))]);
      // A third operator, whose computer knows nothing of the lock file.
      const elsewhere = scope(rig.taskDir, { site: site({ target: labTarget({ id: target }) }), clock: scaledClock(240) });
      const kube = makeKube(elsewhere, cluster({ name: 'apps' }));
      const me = newHolder({ user: 'eve', task: 'test', run: 'r3' });
      const reach = (): ReturnType<typeof acquireLease> => acquireLease(kube, { cluster: 'apps', me, clock: elsewhere.clock, wall: Date.now, signal: elsewhere.signal });
      const refused = await failureOf(reach());
      const ends = await Promise.all(runs.map((run) => run.ended));
      expect(ends.map((end) => end.code).toSorted((a, b) => Number(a) - Number(b))).toEqual([0, 75]);
      const winner = runs[ends.findIndex((end) => end.code === 0)]?.pid;
      expect(ends.find((end) => end.code === 75)?.stdout).toContain(`(pid ${winner}, cluster:create, run `);
      expect(refused).toMatchObject({ code: 75, because: expect.stringContaining(`(pid ${winner}, cluster:create, run `) });

      // And the other way round: whoever holds it in the cluster keeps a run from its first write.
      const lease = await reach();
      const seq = (await rig.log()).at(-1)?.seq ?? 0;
      const late = await rig.task('flux:reconcile', 'CLUSTER=apps', 'TARGET=lab', '--output=json');
      expect([late.code, late.stdout]).toEqual([75, expect.stringContaining(who(me))]);
      expect((await rig.log(seq)).filter((entry) => entry.write)).toEqual([]);
      await lease.through(kube).release();
      expect((await rig.task('flux:reconcile', 'CLUSTER=apps', 'TARGET=lab')).code).toBe(0);
      const last = readdirSync(join(rig.taskDir, 'runs')).toSorted().at(-1) ?? '';
      expect(journalOf(rig.taskDir, last).filter((event) => event.type === 'lock-taken').map((event) => event['because'])).toEqual(['free', 'free']);
    } finally {
      await rig.dispose();
    }
  }, 180_000);
});
