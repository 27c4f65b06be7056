import type { Outcome } from '../engine/outcome.ts';
import { diagnose, healthOutcome, LAYERS, readSnapshot, severalOutcomes } from '../health/index.ts';
import { watchUntilStopped } from './watching.ts';
import type { Action, ActionContext } from './task.ts';

/** Is every chosen cluster well, and if not, what is the cause. */
const clusterHealth: Action = async (cx) => {
  if (!cx.flags.watch) return look(cx);
  return watchUntilStopped(cx, async () => look(cx));
};
export default clusterHealth;

async function look(cx: ActionContext): Promise<Outcome> {
  const site = await cx.site();
  const outcomes = await Promise.all(cx.clusters.map(async (cluster) => {
    const { looking } = cx.forCluster(cluster, 'health');
    const seen = await readSnapshot({ site, cluster, doors: looking, clock: cx.clock, signal: cx.signal }, LAYERS);
    return { cluster: cluster.name, outcome: healthOutcome(diagnose(seen), cluster, seen, cx.target.label) };
  }));
  return severalOutcomes(outcomes);
}
