import { Failure } from '../engine/failure.ts';
import { asleep, describe, readFrozen, resumeFlux } from './flux-freeze.ts';
import type { Action } from './task.ts';

/** Resumes what flux:suspend (or a destroy that was stopped) suspended; what others suspended stays so and is named. */
const fluxResume: Action = async (cx) => {
  const cluster = cx.clusters[0];
  if (cluster === undefined) throw new Failure({ exit: 'usage', what: 'no cluster was chosen', hint: 'task flux:resume CLUSTER=infra' });
  const context = cx.forCluster(cluster, 'resume');
  const since = readFrozen(context)?.at;
  const resumed = (await resumeFlux(context)).map(describe);
  const left = cx.flags.dryRun ? [] : (await asleep(context)).map(describe);
  return {
    exit: 'done',
    result: { cluster: cluster.name, resumed, stillSuspended: left },
    render: (style) => [
      resumed.length > 0
        ? `${style.green('✔')} ${cluster.name}: ${resumed.length} objects of Flux resumed, suspended since ${since ?? 'an unknown time'}`
        : `${style.green('✔')} ${cluster.name}: nothing to resume; this program has nothing suspended there`,
      ...(left.length === 0 ? [] : [`  still suspended, by others: ${left.join(', ')}`]),
    ],
  };
};
export default fluxResume;
