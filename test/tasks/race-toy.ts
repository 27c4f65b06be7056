// An operator's process that takes a lock when it is told to, through the product's own code, with random pauses between
// its steps, and holds it until it is told to give it back. Speaks JSON lines on standard input and output.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import { scaledClock } from '../../scripts/engine/clock.ts';
import { Failure } from '../../scripts/engine/failure.ts';
import { takeLock } from '../../scripts/engine/lock.ts';
import { newHolder } from '../../scripts/engine/lock-holder.ts';
import type { Proc } from '../../scripts/tools/doors.ts';
import { takeGitLock } from '../../scripts/tools/git-lock.ts';
import { acquireLease } from '../../scripts/tools/lease.ts';
import { makeKube } from '../../scripts/tools/kube.ts';
import { makeProc } from '../../scripts/tools/proc.ts';
import { cluster, scope } from '../tools/support.ts';
import { randomOf } from './seeded.ts';

/** What a toy is told. */
export interface TakeOrder { readonly kind: 'local' | 'lease' | 'git'; readonly round: number; readonly seed: number; readonly cluster: string }
/** What it says of it. */
export interface TakeAnswer { readonly round: number; readonly is: 'held' | 'refused' | 'none' | 'broken' | 'released'; readonly pid: number; readonly because: string }

const [name = '', dir = ''] = process.argv.slice(2);
/** Beats and patience are of this clock: three missed beats are a fraction of a second of the wall. */
const clock = scaledClock(1000);
const signal = new AbortController().signal;
const LONGEST_PAUSE_MS = 6;

let random: (() => number) | undefined;
const nap = async (): Promise<void> => { if (random !== undefined) await pause(random() * LONGEST_PAUSE_MS); };
const sleeper = new Int32Array(new SharedArrayBuffer(4));
// The local lock's steps are calls of node:fs that do not give way; the pause is put in front of each.
for (const call of ['linkSync', 'readFileSync', 'renameSync', 'rmSync', 'writeFileSync'] as const) {
  const real = fs[call] as (...args: readonly unknown[]) => unknown;
  Object.assign(fs, { [call]: (...args: readonly unknown[]) => { if (random !== undefined) Atomics.wait(sleeper, 0, 0, random() * LONGEST_PAUSE_MS); return real(...args); } });
}
syncBuiltinESMExports();

const scopeHere = scope(join(dir, 'shared'), { clock });
const realProc = makeProc(scopeHere);
const slowProc: Proc = { async run(command) { await nap(); return realProc.run(command); } };
const who = { user: name, task: 'test', run: '' };

type Held = () => unknown;
async function take(order: TakeOrder): Promise<Held | { readonly none: string }> {
  const run = `round-${order.round}`;
  switch (order.kind) {
    case 'local': {
      const lock = await takeLock({ taskDir: join(dir, 'shared'), targetId: 'site', cluster: order.cluster, ...who, run });
      return () => lock.release();
    }
    case 'lease': {
      const kube = makeKube(scopeHere, cluster());
      const slow = { get: async (...a: Parameters<typeof kube.get>) => { await nap(); return kube.get(...a); }, create: async (...a: Parameters<typeof kube.create>) => { await nap(); return kube.create(...a); }, replace: async (...a: Parameters<typeof kube.replace>) => { await nap(); return kube.replace(...a); } };
      const lease = await acquireLease(slow, { cluster: order.cluster, me: newHolder({ ...who, run }), clock, wall: Date.now, signal });
      return () => lease.through(slow).release();
    }
    case 'git': {
      const taken = await takeGitLock({ root: join(dir, name), folder: join(dir, 'store', name), proc: () => slowProc, targetId: 'site', cluster: order.cluster, me: newHolder({ ...who, run }), clock, signal, wall: Date.now });
      if ('none' in taken) return taken;
      return () => taken.lock.release(signal);
    }
  }
}

const say = (answer: Omit<TakeAnswer, 'pid'>): void => void process.stdout.write(`${JSON.stringify({ ...answer, pid: process.pid })}\n`);
let held: Held | undefined;
say({ round: 0, is: 'released', because: 'ready' });
for await (const line of createInterface({ input: process.stdin })) {
  const order: TakeOrder | { readonly round: number; readonly release: true } = JSON.parse(line);
  const { round } = order;
  if ('release' in order) {
    random = undefined;
    await held?.();
    held = undefined;
    say({ round, is: 'released', because: '' });
    continue;
  }
  random = randomOf(order.seed);
  try {
    await nap();
    const got = await take(order);
    if (typeof got === 'function') held = got;
    say(typeof got === 'function' ? { round, is: 'held', because: '' } : { round, is: 'none', because: got.none });
  } catch (error) {
    const refused = error instanceof Failure && error.exit === 'rerun';
    say({ round, is: refused ? 'refused' : 'broken', because: error instanceof Error ? error.message : String(error) });
  }
}
