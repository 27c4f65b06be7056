import { readSnapshot, severalOutcomes, STATUS_LAYERS, statusOutcome } from '../health/index.ts';
import type { Action } from './task.ts';

/** Machines, etcd, nodes and Flux at a glance; a part that does not answer says so. */
const clusterStatus: Action = async (cx) => {
  const site = await cx.site();
  return severalOutcomes(await Promise.all(cx.clusters.map(async (cluster) => {
    const { looking } = cx.forCluster(cluster, 'status');
    const seen = await readSnapshot({ site, cluster, doors: looking, clock: cx.clock, signal: cx.signal }, STATUS_LAYERS);
    return { cluster: cluster.name, outcome: statusOutcome(seen, cx.target.label) };
  })));
};
export default clusterStatus;
