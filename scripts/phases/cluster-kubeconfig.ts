import { Failure } from '../engine/failure.ts';
import { clusterFiles } from '../tools/files.ts';
import type { Action } from './task.ts';

/** Writes talosconfig (from the secrets bundle) and kubeconfig (from the cluster) and says how to use them. */
const clusterKubeconfig: Action = async (cx) => {
  const cluster = cx.clusters[0];
  if (cluster === undefined) throw new Failure({ exit: 'usage', what: 'no cluster was chosen', hint: 'task cluster:kubeconfig CLUSTER=infra' });
  const context = cx.forCluster(cluster, 'kubeconfig');
  const machine = cluster.machines.find((candidate) => candidate.role === 'controlplane');
  if (machine === undefined) throw new Failure({ exit: 'configuration', what: `${cluster.name} has no control plane`, hint: `add one to ${cluster.file}` });
  await context.doors.talos.writeTalosconfig((await context.secrets()).bundle(cluster));
  await context.doors.talos.writeKubeconfig(machine);
  const files = clusterFiles(cx.taskDir, cx.target, cluster.name);
  // In a lab the real address leads nowhere; the translated file is the one a person's kubectl can use.
  const usable = cx.target.kind === 'lab' ? files.kubeconfigDial : files.kubeconfig;
  return {
    exit: 'done',
    result: { cluster: cluster.name, kubeconfig: files.kubeconfig, usable, talosconfig: files.talosconfig },
    render: (style) => [
      `${style.green('✔')} context ${cluster.name}, readable by you alone`,
      `  export KUBECONFIG=${usable}`,
      `  export TALOSCONFIG=${files.talosconfig}`,
    ],
  };
};
export default clusterKubeconfig;
