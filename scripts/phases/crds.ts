import { each } from '../engine/each.ts';
import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { Cluster, KubeObject } from '../config/cluster.ts';
import { crdChecks } from '../health/checks/index.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Doors } from '../tools/doors.ts';
import { parseManifests } from '../tools/manifests.ts';
import type { Cx } from './context.ts';
import { MINUTES, OFTEN } from './wait-phase.ts';

/** Requests in flight at once; a small API server is not the place to show how fast we are. */
const PARALLEL = 8;
const TOLD = 10;

const phase: WorkPhase<Cx, Snapshot> = {
  name: 'crds',
  title: 'custom resource definitions, before anything that needs them',
  patience: 5 * MINUTES,
  every: OFTEN,
  verify: crdChecks,

  async done(cx) {
    const crds = await rendered(cx);
    const differing: string[] = [];
    await each(crds, PARALLEL, async (crd) => {
      if (differing.length === 0 && await cx.looking.kube.wouldChange(crd)) differing.push(crd.metadata.name);
    }, cx.signal);
    return differing.length > 0 ? false : `${crds.length} definitions as rendered`;
  },

  async prepare(cx) {
    await rendered(cx);
  },

  async run(cx) {
    // A dry run goes through the gated doors, so that the rendering is among the commands it prints.
    const crds = cx.dryRun ? await wanted(cx, cx.doors) : await rendered(cx);
    let applied = 0;
    await each(crds, PARALLEL, async (crd) => {
      await cx.doors.kube.apply(crd, { force: true });
      applied += 1;
      // A line for every tenth: each is a line of the journal, and written through to the disk.
      if (applied % TOLD === 0 || applied === crds.length) cx.emit({ type: 'progress', lane: cx.lane, step: cx.step, subject: 'applied', state: applied === crds.length ? 'done' : 'working', note: crd.metadata.name, done: applied, of: crds.length });
    }, cx.signal);
    if (cx.dryRun) return `would apply those the charts bring, known once they are rendered, and ${crds.length} that are fetched`;
    return `${crds.length} applied`;
  },
};
export default phase;

/** By cluster as it was read for this run: `done` and `run` ask for the same rendering, which takes longer than applying it. */
const renderings = new WeakMap<Cluster, Promise<readonly KubeObject[]>>();

async function rendered(cx: Cx): Promise<readonly KubeObject[]> {
  const known = renderings.get(cx.cluster) ?? wanted(cx, cx.looking);
  renderings.set(cx.cluster, known);
  try {
    return await known;
  } catch (error) {
    // A failure is not kept: the next question may have a network again.
    renderings.delete(cx.cluster);
    throw error;
  }
}

/** Every definition: rendered from the charts of 00-crds.yaml, and from the pinned manifests. A name given twice is refused. */
async function wanted(cx: Cx, doors: Doors): Promise<readonly KubeObject[]> {
  const fromCharts = await doors.helmfile.template('00-crds.yaml', { includeCrds: true });
  const fetched: KubeObject[] = [];
  for (const manifest of cx.site.bootstrap.crds.manifests) {
    fetched.push(...parseManifests(await doors.download.fetch(manifest.url, manifest.sha256), manifest.url));
  }
  const crds = [...fromCharts, ...fetched].filter((object) => object.kind === 'CustomResourceDefinition');
  const seen = new Set<string>();
  for (const crd of crds) {
    if (seen.has(crd.metadata.name)) {
      throw new Failure({ exit: 'configuration', what: `two charts bring the definition ${crd.metadata.name}`, hint: 'switch it off in one of the releases of helmfile.d/00-crds.yaml' });
    }
    seen.add(crd.metadata.name);
  }
  return crds;
}
