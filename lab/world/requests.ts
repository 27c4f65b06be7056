import type { RequestCounts } from './types.ts';
import type { World } from './world.ts';

export interface ClusterRequests {
  /** Requests to its Kubernetes API, by client and verb, since this daemon has had the world: `task.list`. Watches count when they open. */
  readonly kubernetes: RequestCounts;
  /** Calls to its machines by what was asked, over the whole life of the world. */
  readonly machines: Readonly<Record<string, number>>;
}
export interface Requests { /** Simulated time of the count, ISO. */ readonly simulated: string; readonly clusters: Readonly<Record<string, ClusterRequests>> }

/** Who asked the world's API servers and machines for what, how often. Two of these, subtracted, are a rate. */
export function requestsOf(world: World): Requests {
  const machines = new Map<string, Record<string, number>>();
  for (const { kind, cluster, verb } of world.log.since(0)) {
    if (kind !== 'talos') continue;
    const own = machines.get(cluster) ?? {};
    own[verb] = (own[verb] ?? 0) + 1;
    machines.set(cluster, own);
  }
  return {
    simulated: new Date(world.clock.now()).toISOString(),
    clusters: Object.fromEntries(world.clusters.map((cluster) => [cluster.name, { kubernetes: cluster.api.requests(), machines: machines.get(cluster.name) ?? {} }])),
  };
}

/** Two counts as one. */
export function added(a: RequestCounts, b: RequestCounts): RequestCounts {
  const sum: Record<string, Record<string, number>> = {};
  for (const counts of [a, b]) {
    for (const [client, verbs] of Object.entries(counts)) {
      const own = (sum[client] ??= {});
      for (const [verb, count] of Object.entries(verbs)) own[verb] = (own[verb] ?? 0) + count;
    }
  }
  return sum;
}
