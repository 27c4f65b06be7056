import type { Cluster } from '../config/cluster.ts';
import { Failure } from '../engine/failure.ts';
import type { Flux, Proc, Scope } from './doors.ts';
import { clusterFiles } from './files.ts';
import { proveKubeconfig } from './prove.ts';

/** Wall ms: flux waits for the reconciliation itself, and is told to stop waiting before it is stopped. */
const RECONCILE_MS = 330_000;

export function reconcileArgs(at: { readonly kubeconfig: string; readonly context: string }, kind: 'source git' | 'kustomization' | 'helmrelease', name: string, namespace: string): string[] {
  return ['reconcile', ...kind.split(' '), name, '--namespace', namespace, '--kubeconfig', at.kubeconfig, '--context', at.context, '--timeout', '5m'];
}
export const versionArgs = (): string[] => ['version', '--client'];

/** flux for one cluster. */
export function makeFlux(scope: Scope, cluster: Cluster, proc: Proc): Flux {
  const files = clusterFiles(scope.taskDir, scope.site.target, cluster.name);
  const at = { kubeconfig: files.kubeconfigDial, context: cluster.name };
  return {
    async reconcile(kind, name, namespace) {
      if (!scope.dryRun && scope.looking !== true) {
        await proveKubeconfig(cluster.name, files);
        await scope.claim?.(scope, cluster);
      }
      await proc.run({ tool: 'flux', argv: reconcileArgs(at, kind, name, namespace), effect: 'write', timeoutMs: RECONCILE_MS });
    },
    clientVersion: async () => parseFluxVersion((await proc.run({ tool: 'flux', argv: versionArgs(), effect: 'read', timeoutMs: 20_000 })).stdout),
  };
}

/** `flux version --client`: "flux: v2.9.5". */
export function parseFluxVersion(text: string): string {
  const version = /^flux(?: version|:) v?(\S+)/m.exec(text)?.[1];
  if (version === undefined) throw new Failure({ exit: 'rerun', what: 'cannot read the version of flux', because: `it printed: ${text.trim().slice(0, 120)}`, hint: 'task tools:check' });
  return version;
}
