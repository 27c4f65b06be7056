import { Failure } from '../engine/failure.ts';
import { readIfThere, type ClusterFiles } from './files.ts';
import { proveClusterCA, readIdentity } from './identity.ts';
import { kubeconfigCA } from './kubeconfig.ts';

/** Before a tool that would believe any kubeconfig writes: whose cluster ours leads to, is settled. Throws a Failure (75). */
export async function proveKubeconfig(cluster: string, files: ClusterFiles): Promise<void> {
  const kubeconfig = readIfThere(files.kubeconfigDial);
  if (kubeconfig === undefined) throw new Failure({ exit: 'rerun', what: `there is no kubeconfig of ${cluster} yet`, hint: `task cluster:kubeconfig CLUSTER=${cluster}` });
  proveClusterCA(cluster, await kubeconfigCA(kubeconfig), readIdentity(files));
}
