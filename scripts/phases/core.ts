import { isDeepStrictEqual } from 'node:util';
import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { KubeObject, Release } from '../config/cluster.ts';
import { coreChecks } from '../health/checks/index.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import { KINDS } from '../tools/kinds.ts';
import type { Cx } from './context.ts';
import { isOf, namesOf, syncReleases } from './helm-sync.ts';
import type { ToDo } from './helm-sync.ts';
import { MINUTES } from './wait-phase.ts';

const phase: WorkPhase<Cx, Snapshot> = {
  name: 'core',
  title: 'core releases in order: network, DNS, certificates, secrets, Flux',
  patience: 10 * MINUTES,
  verify: coreChecks,

  async done(cx) {
    const found = await releasesToDo(cx);
    const { open } = found;
    // What was just found is what `run` sets out from; a look of a moment ago, under the same lock.
    if (open.length > 0) foundOpen.set(cx, found);
    return open.length === 0 ? `${cx.site.helmfile.core.length} releases deployed as pinned` : false;
  },

  async run(cx) {
    const releases = cx.site.helmfile.core;
    const found = cx.dryRun ? { open: await openOrAll(cx), deployed: [] } : foundOpen.get(cx) ?? await releasesToDo(cx);
    if (cx.dryRun) {
      await cx.doors.helmfile.sync('01-core.yaml', namesOf(found.open), () => undefined);
      return `would install or upgrade ${found.open.length} of ${releases.length} releases`;
    }
    await syncReleases(cx, found, () => releasesToDo(cx));
    return `${releases.length}/${releases.length} releases`;
  },
};
export default phase;

/** By context, which is of one step of one run. */
const foundOpen = new WeakMap<Cx, ToDo>();

async function openOrAll(cx: Cx): Promise<readonly Release[]> {
  try {
    return (await releasesToDo(cx)).open;
  } catch (error) {
    // A dry run before there is a cluster: nothing can be asked, so every release would be installed.
    if (!(error instanceof Failure) || error.exit === 'interrupted' || error.exit === 'bug') throw error;
    return cx.site.helmfile.core;
  }
}

/**
 * A release is done when Helm has it deployed with the same chart, version and values, or when a Ready HelmRelease of
 * the tree has adopted it (then Flux, not we, decides its values).
 */
async function releasesToDo(cx: Cx): Promise<ToDo> {
  const [deployed, adopted] = await Promise.all([releasesNow(cx), cx.looking.kube.list(KINDS.HelmRelease)]);
  const open: Release[] = [];
  for (const release of cx.site.helmfile.core) {
    if (adopted.items.some((object) => isReadyReleaseOf(object, release))) continue;
    const found = deployed.find((candidate) => isOf(candidate, release));
    if (found === undefined || !isPinned(found, release)) open.push(release);
    else if (!isDeepStrictEqual(await cx.looking.helm.values(release.name, release.namespace), await cx.looking.helmfile.values('01-core.yaml', release.name))) open.push(release);
  }
  return { open, deployed };
}

/** Helm keeps its releases in Secrets: where there is none, which is every first create, a helm process has nothing to tell. */
async function releasesNow(cx: Cx): Promise<ToDo['deployed']> {
  const { items } = await cx.looking.kube.list(KINDS.Secret, { labelSelector: 'owner=helm', limit: 1 });
  return items.length === 0 ? [] : cx.looking.helm.list();
}

function isPinned(found: ToDo['deployed'][number], release: Release): boolean {
  return found.status === 'deployed' && found.version.replace(/^v/, '') === release.version.replace(/^v/, '');
}

function isReadyReleaseOf(object: KubeObject, release: Release): boolean {
  const spec = object['spec'];
  const status = object['status'];
  if (typeof spec !== 'object' || spec === null || typeof status !== 'object' || status === null) return false;
  const name = 'releaseName' in spec && typeof spec.releaseName === 'string' ? spec.releaseName : object.metadata.name;
  const namespace = 'targetNamespace' in spec && typeof spec.targetNamespace === 'string' ? spec.targetNamespace : object.metadata.namespace;
  if (name !== release.name || namespace !== release.namespace) return false;
  const conditions: unknown = 'conditions' in status ? status.conditions : undefined;
  return Array.isArray(conditions) && conditions.some((condition: unknown) =>
    typeof condition === 'object' && condition !== null && 'type' in condition && condition.type === 'Ready' && 'status' in condition && condition.status === 'True');
}
