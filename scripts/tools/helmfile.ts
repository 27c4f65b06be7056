import type { Cluster } from '../config/cluster.ts';
import { Failure } from '../engine/failure.ts';
import type { Helmfile, Proc, Scope } from './doors.ts';
import { clusterFiles } from './files.ts';
import { proveKubeconfig } from './prove.ts';
import { parseManifests } from './manifests.ts';
import { releaseValues, renderHelmfile, writeRendering } from './render.ts';

/** Wall ms. A sync waits for workloads (helmfile.d says how long); rendering fetches charts. */
const TEMPLATE_MS = 300_000;
const SYNC_MS = 1_200_000;
const RELEASE_MS = 600_000;

export interface HelmfileAt { readonly file: string; readonly kubeconfig: string; readonly context: string }

export function templateArgs(at: HelmfileAt, options: { readonly includeCrds: boolean }): string[] { return [...flags(at), 'template', ...(options.includeCrds ? ['--include-crds'] : [])]; }
/**
 * Selectors add up, and helmfile keeps the order of needs among the selected (its planner, tried with gaps in the chain); needs
 * that are not selected are skipped. Never `apply`: that diffs all releases first and fails where CRDs are missing.
 */
export function syncArgs(at: HelmfileAt, releases: readonly string[]): string[] { return [...flags(at), ...releases.flatMap((release) => ['--selector', `name=${release}`]), 'sync']; }
export const versionArgs = (): string[] => ['--version'];
function flags(at: HelmfileAt): string[] { return ['--file', at.file, '--kubeconfig', at.kubeconfig, '--kube-context', at.context, '--no-color']; }

/** helmfile for one cluster, on a rendering of helmfile.d with that cluster's settings. */
export function makeHelmfile(scope: Scope, cluster: Cluster, proc: Proc): Helmfile {
  const files = clusterFiles(scope.taskDir, scope.site.target, cluster.name);
  const at = (file: string): HelmfileAt => ({ file: `${files.render}/helmfile.d/${file}`, kubeconfig: files.kubeconfigDial, context: cluster.name });
  const runs = (effect: 'local' | 'write'): boolean => scope.looking === true ? effect === 'local' : !scope.dryRun;
  return {
    async template(file, options) {
      if (runs('local')) await writeRendering(files.render, await renderHelmfile(scope.site, cluster, file));
      const said = await proc.run({ tool: 'helmfile', argv: templateArgs(at(file), options), effect: 'local', timeoutMs: TEMPLATE_MS });
      return parseManifests(said.stdout, `helmfile.d/${file} as rendered for ${cluster.name}`);
    },
    async sync(file, releases, told) {
      if (runs('write')) {
        await proveKubeconfig(cluster.name, files);
        await scope.claim?.(scope, cluster);
        await writeRendering(files.render, await renderHelmfile(scope.site, cluster, file));
      }
      const heard = (line: string): void => {
        const said = releaseNews(line);
        if (said !== undefined) told(said.release, said.state);
      };
      await proc.run({ tool: 'helmfile', argv: syncArgs(at(file), releases), effect: 'write', timeoutMs: SYNC_MS + releases.length * RELEASE_MS, heard });
    },
    async values(file, release) {
      return releaseValues(await renderHelmfile(scope.site, cluster, file), scope.site.root, release);
    },
    clientVersion: async () => parseHelmfileVersion((await proc.run({ tool: 'helmfile', argv: versionArgs(), effect: 'read', timeoutMs: 20_000 })).stdout),
  };
}

/** What a line of `helmfile sync` says of a release: helmfile's "Upgrading release=..." before helm runs, helm's "NAME: ..." when it has ended well. */
export function releaseNews(line: string): { readonly release: string; readonly state: 'begun' | 'ended' } | undefined {
  const begun = /^Upgrading release=([^,\s]+),/.exec(line)?.[1];
  if (begun !== undefined) return { release: begun, state: 'begun' };
  const ended = /^NAME: (\S+)$/.exec(line)?.[1];
  return ended === undefined ? undefined : { release: ended, state: 'ended' };
}

/** `helmfile --version`: "helmfile version 1.8.0". (`helmfile version` asks GitHub for the newest one.) */
export function parseHelmfileVersion(text: string): string {
  const version = /^helmfile version v?(\S+)/m.exec(text)?.[1];
  if (version === undefined) throw new Failure({ exit: 'rerun', what: 'cannot read the version of helmfile', because: `it printed: ${text.trim().slice(0, 120)}`, hint: 'task tools:check' });
  return version;
}
