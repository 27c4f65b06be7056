import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { KubeObject } from '../config/cluster.ts';
import { Failure } from '../engine/failure.ts';
import { parseManifests } from '../tools/manifests.ts';
import { bootstrapMarkdown, readDryRun, type Definitions, type DryRun } from './ci/bootstrap.ts';
import type { Cx } from './context.ts';
import type { Action } from './task.ts';

/**
 * A dry run of cluster:create as Markdown, with what it alone does not say: how many definitions the charts at their pins
 * and the pinned manifests bring. Where that cannot be told the answer is 2: a chart that is not to be had is found out here.
 */
const ciBootstrap: Action = async (cx) => {
  const site = await cx.site();
  const dry = read(cx.variables['DRY_RUN'] ?? '');
  const definitions = new Map<string, Definitions>();
  for (const cluster of cx.clusters) definitions.set(cluster.name, await definitionsOf(cx.forCluster(cluster, 'ci:bootstrap')));
  const lines = bootstrapMarkdown(dry, site, definitions);
  return {
    exit: [...definitions.values()].some((each) => 'unknown' in each) ? 'cannotTell' : 'done',
    result: {
      changes: dry.writes, phases: dry.steps.map((step) => ({ ...step })),
      definitions: Object.fromEntries([...definitions].map(([cluster, each]) => [cluster, 'unknown' in each ? { unknown: each.unknown } : { groups: Object.fromEntries(each.groups) }])),
      releases: site.helmfile.core.map(({ name, namespace, chart, version }) => ({ name, namespace, chart, version })),
    },
    render: () => lines,
  };
};
export default ciBootstrap;

function read(file: string): DryRun {
  let text: string;
  try {
    text = readFileSync(resolve(file), 'utf8');
  } catch (error) {
    throw new Failure({ exit: 'usage', what: `cannot read ${file}`, because: error instanceof Error ? error.message : String(error), hint: `./task cluster:create CLUSTER=all --dry-run --json > ${file}`, cause: error });
  }
  return readDryRun(text, file);
}

async function definitionsOf(cx: Cx): Promise<Definitions> {
  const objects: KubeObject[] = [];
  try {
    objects.push(...await cx.looking.helmfile.template('00-crds.yaml', { includeCrds: true }));
    for (const { url, sha256 } of cx.site.bootstrap.crds.manifests) objects.push(...parseManifests(await cx.looking.download.fetch(url, sha256), url));
  } catch (error) {
    if (!(error instanceof Failure) || error.exit === 'interrupted' || error.exit === 'bug') throw error;
    return { unknown: error.message };
  }
  const groups = new Map<string, number>();
  for (const { kind, metadata } of objects) {
    if (kind !== 'CustomResourceDefinition') continue;
    const group = metadata.name.slice(metadata.name.indexOf('.') + 1);
    groups.set(group, (groups.get(group) ?? 0) + 1);
  }
  return { groups };
}
