import { Failure } from '../engine/failure.ts';
import { asleep, describe, suspendFlux } from './flux-freeze.ts';
import type { Action } from './task.ts';

/** Suspends Flux in one cluster and remembers what it suspended, so that flux:resume wakes exactly that. */
const fluxSuspend: Action = async (cx) => {
  const cluster = cx.clusters[0];
  if (cluster === undefined) throw new Failure({ exit: 'usage', what: 'no cluster was chosen', hint: 'task flux:suspend CLUSTER=infra' });
  const context = cx.forCluster(cluster, 'suspend');
  const others = (await asleep(context)).map(describe);
  const frozen = await suspendFlux(context);
  const ours = frozen.map(describe);
  const theirs = others.filter((name) => !ours.includes(name));
  return {
    exit: 'done',
    result: { cluster: cluster.name, suspended: ours, suspendedByOthers: theirs },
    render: (style) => [
      `${style.green('✔')} ${cluster.name}: ${ours.length} objects of Flux suspended; nothing was pruned. task flux:resume CLUSTER=${cluster.name} wakes exactly these`,
      ...(theirs.length === 0 ? [] : [style.dim(`  suspended already, by others, and left so: ${theirs.join(', ')}`)]),
    ],
  };
};
export default fluxSuspend;
