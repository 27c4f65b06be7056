import { Failure } from '../engine/failure.ts';
import type { Action } from './task.ts';

/** Fetches the source, then reconciles the root Kustomization: what everything else hangs on. */
const fluxReconcile: Action = async (cx) => {
  const cluster = cx.clusters[0];
  if (cluster === undefined) throw new Failure({ exit: 'usage', what: 'no cluster was chosen', hint: 'task flux:reconcile CLUSTER=infra' });
  const { doors } = cx.forCluster(cluster, 'reconcile');
  await doors.flux.reconcile('source git', 'flux-system', 'flux-system');
  await doors.flux.reconcile('kustomization', 'flux-system', 'flux-system');
  return {
    exit: 'done',
    result: { cluster: cluster.name, reconciled: ['GitRepository/flux-system', 'Kustomization/flux-system'] },
    render: (style) => [`${style.green('✔')} ${cluster.name}: source fetched, root Kustomization reconciled; task flux:status CLUSTER=${cluster.name} shows the rest`],
  };
};
export default fluxReconcile;
