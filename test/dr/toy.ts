import type { KubeObject, Machine } from '../../scripts/config/cluster.ts';
import type { DataSet, Protection, Recovery } from '../../scripts/config/recovery.ts';
import type { DrContext } from '../../scripts/dr/context.ts';
import { Failure } from '../../scripts/engine/failure.ts';
import { poll } from '../../scripts/engine/poll.ts';
import type { BackedUp } from '../../scripts/dr/backup/index.ts';
import { fakeDoors, keyOf, type World } from './toy-doors.ts';
import { cluster, fakeClock, site } from '../tools/support.ts';

export { keyOf } from './toy-doors.ts';

/** The cluster's clock is ahead of the run's by this: ages told by the wrong clock show. */
export const AHEAD = 40 * 86_400_000;

export const volsync: Extract<Protection, { by: 'backup' }> = { by: 'backup', method: 'volsync', source: 'ledger', restore: 'ledger-restore', store: 'minio', dataLossMs: 86_400_000 };
export const ledger: BackedUp = { name: 'ledger', cluster: 'infra', kind: 'volume', namespace: 'lab-data', object: 'ledger', protection: volsync };
export const orders: BackedUp = { name: 'orders', cluster: 'infra', kind: 'postgres', namespace: 'lab-data', object: 'orders', protection: { ...volsync, method: 'barman', source: 'orders', restore: 'orders-backups' } };
export const handbook: DataSet = { name: 'handbook', cluster: 'infra', kind: 'object', namespace: 'lab-data', object: 'handbook', protection: { by: 'git' } };
export const sessions: DataSet = { name: 'sessions', cluster: 'infra', kind: 'volume', namespace: 'lab-data', object: 'sessions', protection: { by: 'none', reason: 'a cache' } };

export interface Toy extends World {
  readonly cx: DrContext & { secrets(): Promise<unknown> };
  /** Notes and other events. */
  readonly events: { readonly type: string; readonly text?: string }[];
  readonly stop: AbortController;
}

/** A context over a map of objects. `turn` plays the operators: it is called before each read. */
export function toy(objects: readonly KubeObject[], turn: (toy: Toy) => void = () => undefined, options: { readonly lab?: boolean; readonly recovery?: Partial<Recovery>; readonly runDir?: string; readonly machines?: readonly Machine[]; readonly doors?: Readonly<Record<string, unknown>> } = {}): Toy {
  const clock = fakeClock();
  const stop = new AbortController();
  const events: Toy['events'] = [];
  const writes: string[] = [];
  const base = site();
  const here = { ...base, recovery: { ...base.recovery, ...options.recovery }, target: options.lab === true ? { ...base.target, kind: 'lab' as const, label: 'LAB' } : base.target };
  const map = new Map(objects.map((object) => [keyOf(object), object]));
  const world: Toy = {
    objects: map, writes, events, stop, now: () => clock.now() + AHEAD,
    cx: {
      lane: 'infra', step: 'test', site: here, cluster: cluster(options.machines === undefined ? {} : { machines: options.machines }), clock, signal: stop.signal, dryRun: false, runDir: options.runDir ?? '/nonexistent', clusterDir: '/nonexistent',
      emit: (event) => { events.push(event); }, secrets: async () => ({}),
      doors: fakeDoors(() => world, turn, options.doors), looking: fakeDoors(() => world, turn, options.doors),
      wait: (what, probe, patience) => poll({ ...patience, what, probe, clock, signal: stop.signal }),
    },
  };
  return world;
}

export function object(kind: string, name: string, rest: { readonly spec?: unknown; readonly status?: unknown; readonly data?: unknown; readonly labels?: Record<string, string>; readonly namespace?: string } = {}): KubeObject {
  const { labels, namespace, ...more } = rest;
  return { apiVersion: 'v1', kind, metadata: { name, namespace: namespace ?? 'lab-data', ...(labels === undefined ? {} : { labels }) }, ...more };
}

export async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('nothing failed');
}
