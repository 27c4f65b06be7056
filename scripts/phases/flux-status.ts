import { FLUX_LAYERS, fluxStatusOutcome, readSnapshot, severalOutcomes } from '../health/index.ts';
import type { Action } from './task.ts';

/** Sources, Kustomizations and HelmReleases with revision and reason, in order of dependence. */
const fluxStatus: Action = async (cx) => {
  const site = await cx.site();
  return severalOutcomes(await Promise.all(cx.clusters.map(async (cluster) => {
    const { looking } = cx.forCluster(cluster, 'flux-status');
    const seen = await readSnapshot({ site, cluster, doors: looking, clock: cx.clock, signal: cx.signal }, FLUX_LAYERS);
    return { cluster: cluster.name, outcome: fluxStatusOutcome(seen, cx.target.label) };
  })));
};
export default fluxStatus;
