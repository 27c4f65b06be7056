import type { Outcome } from '../engine/outcome.ts';
import { diagnose, followCluster, healthOutcome, LAYERS, readSnapshot, severalOutcomes, type LookContext, type Snapshot } from '../health/index.ts';
import { watchUntilStopped } from './watching.ts';
import type { Action, ActionContext } from './task.ts';

/** Is every chosen cluster well, and if not, what is the cause. */
const clusterHealth: Action = async (cx) => {
  const contexts = await looksAt(cx);
  const look = async (): Promise<Outcome> => answer(await Promise.all(contexts.map((context) => readSnapshot(context, LAYERS))), cx);
  if (!cx.flags.watch) return look();
  return watchUntilStopped(cx, (changed, due) => {
    const followed = contexts.map((context) => followCluster(context, LAYERS, changed, due));
    return {
      async refresh() { await Promise.all(followed.map((cluster) => cluster.refresh())); },
      answer() {
        const seen = followed.flatMap((cluster) => cluster.snapshot() ?? []);
        return seen.length < followed.length ? undefined : answer(seen, cx);
      },
      stop() { for (const cluster of followed) cluster.stop(); },
    };
  }, look);
};
export default clusterHealth;

async function looksAt(cx: ActionContext): Promise<readonly LookContext[]> {
  const site = await cx.site();
  return cx.clusters.map((cluster) => ({ site, cluster, doors: cx.forCluster(cluster, 'health').looking, clock: cx.clock, signal: cx.signal }));
}

function answer(seen: readonly Snapshot[], cx: ActionContext): Outcome {
  return severalOutcomes(seen.map((snapshot) => ({ cluster: snapshot.cluster.name, outcome: healthOutcome(diagnose(snapshot), snapshot.cluster, snapshot, cx.target.label) })));
}
