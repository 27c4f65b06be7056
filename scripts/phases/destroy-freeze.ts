import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import { NO_GENERATION } from '../dr/record.ts';
import type { Cx } from './context.ts';
import { liveGeneration } from './data-generation.ts';
import { suspendFlux } from './flux-freeze.ts';

/**
 * Flux is suspended rather than pruned: it must not rebuild while the machines go, and a prune would delete what is
 * outside the cluster too (DNS records, load balancer announcements, object store contents).
 */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'freeze',
  title: 'suspend Flux',
  patience: 0,
  verify: [],
  async done(cx) {
    return cx.looking.kube.hasKubeconfig() ? false : 'there is no kubeconfig of this cluster, so nothing of it runs by our doing';
  },
  async run(cx) {
    try {
      await tellGeneration(cx);
      const frozen = await suspendFlux(cx);
      return `${frozen.length} objects suspended; task flux:resume CLUSTER=${cx.cluster.name} takes it back while the cluster lives`;
    } catch (error) {
      // A cluster that is to be destroyed may have no API any more, which is no reason to keep it; but it is said.
      if (!(error instanceof Failure) || error.exit !== 'rerun' || cx.signal.aborted) throw error;
      cx.emit({ type: 'note', lane: cx.lane, step: cx.step, level: 'warn', text: `Flux of ${cx.cluster.name} could not be suspended: ${error.message}; the machines go all the same` });
      return 'not suspended: the Kubernetes API does not answer';
    }
  },
};
export default phase;

/** After this nobody can ask the cluster any more; who builds it again has to say it. */
async function tellGeneration(cx: Cx): Promise<void> {
  if (cx.dryRun || !cx.site.recovery.dataSets.some((set) => set.cluster === cx.cluster.name && set.kind === 'postgres')) return;
  const generation = await liveGeneration(cx);
  if (generation === NO_GENERATION) return;
  cx.emit({ type: 'note', lane: cx.lane, step: cx.step, level: 'warn', text: `databases of ${cx.cluster.name} archive as generation ${generation}; they come back with task cluster:create CLUSTER=${cx.cluster.name} DATA_MODE=restore DATA_FROM=${generation}` });
}
