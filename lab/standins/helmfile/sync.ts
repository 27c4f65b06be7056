/** helmfile sync: installs or upgrades releases one after the other and waits for what they brought. */
import { ApiError, type KubeObject } from '../../world/types.ts';
import { ChartNotFound, chartName } from '../../catalog/charts.ts';
import { applyPlan, finishPlan, HelmError, planRelease, unready, type InstallOptions, type Plan } from '../../catalog/install.ts';
import { refOf } from '../../catalog/data.ts';
import { labSpeed, LOOK_MS, openCluster, sleep, type KubeApi } from '../kubeapi.ts';
import { tabbed } from '../run.ts';
import { Exit } from '../shared/flags.ts';
import type { HelmfileRelease } from './file.ts';

export interface SyncTarget { readonly kubeconfig: string; readonly context: string | undefined; readonly file: string }

class ReleaseFailed extends Error {}

/** helm, told to stop, records its release as failed before it goes; killed outright, it leaves it pending. */
let interrupted = false;
function stopGently(): void { interrupted = true; }

/** Waits until all are ready; asks only about those that were not. */
async function wait(cluster: KubeApi, objects: readonly KubeObject[], timeoutMs: number): Promise<void> {
  const until = performance.now() + timeoutMs / labSpeed();
  let left = [...objects];
  for (;;) {
    const not = await unready(cluster, left);
    left = left.filter((object) => not.some((line) => line.startsWith(`resource ${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name} `)));
    if (left.length === 0) return;
    if (interrupted) throw new ReleaseFailed('context canceled');
    if (performance.now() >= until) throw new ReleaseFailed(`${not.join('\n')}\ncontext deadline exceeded`);
    await sleep(LOOK_MS);
  }
}

async function run(cluster: KubeApi, release: HelmfileRelease, options: InstallOptions): Promise<Plan> {
  if (release.createNamespace) await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: release.namespace, labels: { name: release.namespace } } }, { manager: 'helm', force: true });
  const plan = await planRelease(cluster, { name: release.name, namespace: release.namespace, chart: release.chart, version: release.version, values: release.values }, options);
  try {
    await applyPlan(cluster, plan, options);
    if (release.wait) await wait(cluster, plan.objects, release.timeoutMs);
    for (const hook of plan.action === 'install' ? plan.hooks : []) {
      await cluster.delete(refOf(hook));
      await cluster.apply(hook, { manager: 'helm', force: true });
      await wait(cluster, [hook], release.timeoutMs);
      await cluster.delete(refOf(hook));
    }
    await finishPlan(cluster, plan, options);
    return plan;
  } catch (error) {
    if (error instanceof ReleaseFailed || error instanceof ApiError) await finishPlan(cluster, plan, options, error.message);
    throw error;
  }
}

/** Syncs in order; the first failure ends it with helmfile's own account of it (exit 1). */
export async function sync(target: SyncTarget, releases: readonly HelmfileRelease[]): Promise<void> {
  const done: string[][] = [];
  process.once('SIGTERM', stopGently);
  process.once('SIGINT', stopGently);
  let cluster: KubeApi;
  try { cluster = openCluster(target.kubeconfig, target.context, 'helmfile'); } catch (error) {
    throw new Exit(1, failure(target, releases[0], `kubernetes cluster unreachable: ${error instanceof Error ? error.message : String(error)}`, 0));
  }
  try {
    for (const release of releases.filter((entry) => entry.installed)) {
      const began = performance.now();
      process.stderr.write(`Upgrading release=${release.name}, chart=${release.chart}, namespace=${release.namespace}\n`);
      const seconds = (): number => Math.round((performance.now() - began) / 1000);
      try {
        const plan = await run(cluster, release, { manager: 'helm', nowMs: Date.now() });
        process.stdout.write(`${account(plan)}\n`);
        done.push([release.name, release.namespace, release.chart, release.version, `${seconds()}s`]);
      } catch (error) {
        const message = error instanceof ReleaseFailed || error instanceof HelmError || error instanceof ChartNotFound || error instanceof ApiError || error instanceof Error ? error.message : String(error);
        const said = /connect|ECONN|socket|certificate/.test(message) && !(error instanceof ApiError) && !(error instanceof HelmError) ? `kubernetes cluster unreachable: ${message}` : message;
        throw new Exit(1, failure(target, release, said, seconds()));
      }
    }
  } finally {
    process.off('SIGTERM', stopGently);
    process.off('SIGINT', stopGently);
    cluster.close();
  }
  process.stdout.write(`\nUPDATED RELEASES:\n${tabbed([['NAME', 'NAMESPACE', 'CHART', 'VERSION', 'DURATION'], ...done]).replaceAll('\t', '   ')}\n`);
}

function account(plan: Plan): string {
  const { release, record, action } = plan;
  const first = action === 'install' ? `Release "${release.name}" does not exist. Installing it now.` : `Release "${release.name}" has been upgraded. Happy Helming!`;
  return `${first}\nNAME: ${release.name}\nLAST DEPLOYED: ${record.lastDeployed}\nNAMESPACE: ${release.namespace}\nSTATUS: deployed\nREVISION: ${record.revision}\nDESCRIPTION: ${action === 'install' ? 'Install complete' : 'Upgrade complete'}\nTEST SUITE: None\n`;
}

/** The shape of helmfile's report of a helm that failed. */
function failure(target: SyncTarget, release: HelmfileRelease | undefined, message: string, seconds: number): string {
  const name = release?.name ?? '';
  const argv = ['helm', '--kubeconfig', target.kubeconfig, ...(target.context === undefined ? [] : ['--kube-context', target.context]), 'upgrade', '--install', name, chartName(release?.chart ?? '')];
  const error = `Error: ${message}`.split('\n').map((line) => `  ${line}`).join('\n');
  return [
    '', '===================== Failed Releases ======================', tabbed([['NAME', 'NAMESPACE', 'CHART', 'VERSION', 'DURATION'], [name, release?.namespace ?? '', release?.chart ?? '', release?.version ?? '', `${seconds}s`]]).replaceAll('\t', '   ').trimEnd(), '',
    `in ${target.file}: failed processing release ${name}: command "helm" exited with non-zero status:`, '', 'PATH:', '  helm', '', 'ARGS:', ...argv.map((word, index) => `  ${index}: ${word} (${word.length} bytes)`), '',
    'ERROR:', '  exit status 1', '', 'EXIT STATUS', '  1', '', 'STDERR:', error, '', 'COMBINED OUTPUT:', error,
  ].join('\n');
}
