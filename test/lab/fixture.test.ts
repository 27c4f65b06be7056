import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { dump, load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { at, list, plain, strings, text } from '../../lab/catalog/data.ts';
import { isCrd } from '../../lab/catalog/install.ts';
import { buildFluxKustomization } from '../../lab/flux/build.ts';
import { fixtureTree } from '../../lab/world/data.ts';
import type { KubeObject } from '../../lab/world/types.ts';
import { realTool } from '../real-tool.ts';

const CHECKOUT = resolve(import.meta.dirname, '../..');
const REFERENCE = join(CHECKOUT, '../shared/reference/schemas');
const read = (file: string): unknown => load(readFileSync(join(CHECKOUT, file), 'utf8'));
const tree = fixtureTree(join(CHECKOUT, 'lab', 'fixture'));

/** Everything that Flux would bring into a cluster, with that cluster's own settings. */
async function brought(cluster: string, mode: string): Promise<readonly KubeObject[]> {
  const files = await tree.files('', 'kubernetes');
  const variables = { ...strings(at(read(`kubernetes/clusters/${cluster}/cluster-settings.yaml`), 'data')), DATA_MODE: mode, DATA_GENERATION: '20260901-100000', DATA_FROM: mode === 'fresh' ? 'none' : '20260801-100000' };
  // The operators too, as where the platform has none of its own.
  const root = ['cluster', 'operators/volsync', 'operators/cloudnative-pg', 'operators/barman-cloud'].flatMap((folder) => buildFluxKustomization('lab-fixture', { path: `./kubernetes/${folder}` }, files, variables));
  return [...root, ...root.filter(({ kind }) => kind === 'Kustomization').flatMap((each) => buildFluxKustomization(each.metadata.name, plain(each.spec), files, variables))];
}
const CASES = ['infra', 'apps'].flatMap((cluster) => ['fresh', 'restore'].map((mode) => [cluster, mode] as const));

describe("the lab's own data sets", () => {
  test.each(CASES)('%s, %s: every variable is filled in, and each object fits the schema of its kind', async (cluster, mode) => {
    const objects = await brought(cluster, mode);
    expect(objects.length).toBeGreaterThan(30);
    expect(JSON.stringify(objects)).not.toMatch(/[^$]\$\{[A-Z]/);
    const kubeconform = realTool('kubeconform');
    if (kubeconform === undefined || !existsSync(REFERENCE)) return;
    // The schema of definitions knows no preserved fields; the lab's are those of the real ones by name and columns only.
    const input = objects.filter((object) => !isCrd(object)).map((object) => dump(object, { noRefs: true, lineWidth: -1 })).join('---\n');
    const ran = spawnSync(kubeconform, ['-strict', '-summary', '-schema-location', `${REFERENCE}/core-v1.34/{{.ResourceKind}}{{.KindSuffix}}.json`, '-schema-location', `${REFERENCE}/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json`, '-'], { encoding: 'utf8', input });
    expect(`${ran.stdout}${ran.stderr}`).toMatch(/Invalid: 0, Errors: 0, Skipped: 0/);
  });

  test.each(CASES)('%s, %s: everything dr.yaml names is there', async (cluster, mode) => {
    const objects = await brought(cluster, mode);
    const there = (kind: string, name: unknown): boolean => objects.some((object) => object.kind === kind && object.metadata.namespace === 'lab-data' && object.metadata.name === name);
    const sets = list(at(read('lab/fixture/dr.yaml'), 'data-sets')).map(plain).filter((set) => set['cluster'] === cluster);
    expect(sets.map((set) => `${String(set['kind'])} ${String(set['name'])}`)).toEqual(['volume ledger', 'postgres orders', 'object handbook', 'volume sessions']);
    for (const set of sets) {
      expect(there({ volume: 'PersistentVolumeClaim', postgres: 'Cluster', object: 'ConfigMap' }[text(set['kind']) ?? ''] ?? '', set['object'])).toBe(true);
      const protection = plain(set['protection']);
      if (protection['method'] === 'volsync') expect([there('ReplicationSource', protection['source']), there('ReplicationDestination', protection['restore'])]).toEqual([true, mode === 'restore']);
      if (protection['method'] === 'barman') expect([there('ScheduledBackup', protection['source']), there('ObjectStore', protection['restore'])]).toEqual([true, true]);
    }
  });

  test('without an answer to DATA_MODE nothing is built', async () => {
    const files = await tree.files('', 'kubernetes');
    expect(() => buildFluxKustomization('lab-fixture', { path: './kubernetes/cluster' }, files, { CLUSTER: 'infra' })).toThrow(/DATA_MODE/);
  });
});
