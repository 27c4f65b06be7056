import { asFailure, Failure, interrupted } from '../engine/failure.ts';
import type { Clock } from '../engine/clock.ts';
import type { Cluster, KubeObject, Machine, Site } from '../config/cluster.ts';
import type { Doors, KindRef, TalosReads } from '../tools/doors.ts';
import { listKey } from './kinds.ts';
import type { Layer, Reading, Snapshot } from './snapshot.types.ts';

/** What a look at a cluster needs. The doors are the looking ones: a write through them is a bug. */
export interface LookContext {
  readonly site: Site;
  readonly cluster: Cluster;
  readonly doors: Pick<Doors, 'talos' | 'kube' | 'helm'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly signal: AbortSignal;
}

export const NOT_LOOKED_AT = { ok: false, because: 'not looked at' } as const satisfies Reading<never>;

/**
 * Asks once. Whatever goes wrong becomes a reading that says so; only the run's own end is thrown, because then
 * nobody is interested in the answer any more.
 */
export async function ask<T>(cx: Pick<LookContext, 'signal'>, what: string, read: () => Promise<T>): Promise<Reading<T>> {
  if (cx.signal.aborted) throw interrupted(cx.signal.reason);
  try {
    return { ok: true, value: await read() };
  } catch (error) {
    if (cx.signal.aborted) throw interrupted(cx.signal.reason);
    const failure = asFailure(error, what);
    if (error instanceof Failure && failure.exit === 'interrupted') throw failure;
    return { ok: false, because: failure.message, ...(failure.hint === undefined ? {} : { hint: failure.hint }) };
  }
}

/** The same for several machines that are asked together; each has a reading of its own, by name. */
export async function askEach<K extends keyof TalosReads>(cx: Pick<LookContext, 'signal' | 'doors'>, what: K, machines: readonly Machine[]): Promise<ReadonlyMap<string, Reading<TalosReads[K]>>> {
  if (machines.length === 0) return new Map();
  const told = await ask(cx, `${what} of ${machines.map((machine) => machine.name).join(', ')}`, () => cx.doors.talos.readEach(what, machines));
  return new Map(machines.map((machine) => {
    if (!told.ok) return [machine.name, told] as const;
    const one = told.value.get(machine.name);
    if (one === undefined) return [machine.name, { ok: false, because: `nothing was said of ${machine.name}` }] as const;
    return [machine.name, one.ok ? one : { ok: false, because: one.failure.message, ...(one.failure.hint === undefined ? {} : { hint: one.failure.hint }) }] as const;
  }));
}

/** A reading that was not tried because what it stands on did not answer. */
export function notReached(because: string, needs: Layer, hint?: string): Reading<never> & { readonly ok: false } {
  return { ok: false, because: because.startsWith('not reached: ') ? because : `not reached: ${because}`, needs, ...(hint === undefined ? {} : { hint }) };
}

/** The list of a kind, as far as it was looked at. */
export function listOf(seen: Snapshot, kind: KindRef): Reading<readonly KubeObject[]> {
  return seen.lists[listKey(kind)] ?? NOT_LOOKED_AT;
}

/** Objects of a kind for connecting things; an unread list is no list here, and is judged elsewhere. */
export function known(seen: Snapshot, kind: KindRef): readonly KubeObject[] {
  const list = listOf(seen, kind);
  return list.ok ? list.value : [];
}

export function controlPlanes(cluster: Cluster): Cluster['machines'] {
  return cluster.machines.filter((machine) => machine.role === 'controlplane');
}
