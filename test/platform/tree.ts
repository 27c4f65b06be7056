import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import type { KubeObject } from '../../lab/world/types.ts';
import { plain } from '../../lab/catalog/data.ts';
import { isObject } from '../../lab/catalog/install.ts';
import { buildFluxKustomization } from '../../lab/flux/build.ts';
import { build, inNamespace } from '../../lab/flux/kustomize.ts';
import { substituteObject } from '../../lab/flux/substitute.ts';
import { readSite } from '../../scripts/config/read.ts';
import { Sources } from '../../scripts/config/source.ts';
import { realTool } from '../real-tool.ts';

/** The platform's tree as each cluster gets it: every Kustomization built as Flux builds it, variables filled in strictly. */

export const PROJECT = join(import.meta.dirname, '../..');
/** What only a running cluster knows. */
const AT_RUN_TIME = { DATA_GENERATION: '20260101-000000', DATA_FROM: 'none' };

export interface Unit {
  readonly name: string;
  readonly path: string;
  readonly object: KubeObject;
  /** What it applies, variables filled in. */
  readonly objects: readonly KubeObject[];
}
export interface BuiltCluster { readonly name: string; readonly settings: Readonly<Record<string, string>>; readonly units: readonly Unit[]; readonly objects: readonly KubeObject[] }

export const CLUSTERS = readdirSync(join(PROJECT, 'talos/clusters')).map((file) => file.replace(/\.yaml$/, '')).toSorted();

export function files(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(join(PROJECT, 'kubernetes'), { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    found.set(path.slice(PROJECT.length + 1), readFileSync(path, 'utf8'));
  }
  return found;
}

/** What a Kustomization fills in: the cluster's settings, and what it says itself, which wins; undefined when it fills in nothing. */
function variablesOf(object: KubeObject, settings: Readonly<Record<string, string>>): Readonly<Record<string, string>> | undefined {
  const postBuild = object.spec?.['postBuild'];
  return postBuild === undefined ? undefined : { ...settings, ...stringsOf(plain(postBuild)['substitute']) };
}
const isKs = (object: KubeObject): boolean => object.kind === 'Kustomization' && object.apiVersion.startsWith('kustomize.toolkit.fluxcd.io/');

/** Everything Flux applies to a cluster, from its entry point through the paths of its Kustomizations; by the lab's own builder. */
export function built(cluster: string): BuiltCluster { return builtAs(cluster, 'fresh'); }
/** The same for a cluster that begins as told: fresh, or from its backups. */
export function builtAs(cluster: string, mode: 'fresh' | 'restore'): BuiltCluster {
  const tree = files();
  const root = build(tree, `kubernetes/clusters/${cluster}`);
  const settings = { ...AT_RUN_TIME, DATA_MODE: mode, ...stringsOf(root.find(({ metadata }) => metadata.name === 'cluster-settings')?.['data']) };
  const units: Unit[] = [];
  const open = root.filter(isKs);
  for (let object = open.shift(); object !== undefined; object = open.shift()) {
    const spec = object.spec ?? {};
    const objects = buildFluxKustomization(object.metadata.name, spec, tree, variablesOf(object, settings));
    units.push({ name: object.metadata.name, path: String(spec['path']).replace(/^\.\//, ''), object, objects });
    open.push(...objects.filter(isKs));
  }
  return { name: cluster, settings, units, objects: [...root, ...units.flatMap((unit) => unit.objects)] };
}

function stringsOf(data: unknown): Record<string, string> {
  return typeof data === 'object' && data !== null ? Object.fromEntries(Object.entries(data).map(([key, value]) => [key, String(value)])) : {};
}

/** The same by the real kustomize: every path once, however many clusters share it. Throws with its words when one does not build. */
export function builtByKustomize(clusters: readonly BuiltCluster[]): ReadonlyMap<string, readonly KubeObject[]> {
  const kustomize = realTool('kustomize');
  if (kustomize === undefined) throw new Error('no kustomize');
  const paths = new Set(clusters.flatMap(({ name, units }) => [`kubernetes/clusters/${name}`, ...units.map(({ path }) => path)]));
  const texts = new Map([...paths].map((path) => {
    const ran = spawnSync(kustomize, ['build', join(PROJECT, path)], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
    if (ran.status !== 0 || ran.stderr !== '') throw new Error(`${path}: ${ran.stderr}`);
    return [path, loadAll(ran.stdout).filter(isObject)];
  }));
  return new Map(clusters.map(({ name, units, settings }) => [name, [
    ...texts.get(`kubernetes/clusters/${name}`) ?? [],
    ...units.flatMap(({ path, object }) => (texts.get(path) ?? []).map((each) => {
      const variables = variablesOf(object, settings);
      const target = object.spec?.['targetNamespace'];
      const filled = variables === undefined ? each : substituteObject(each, variables);
      return typeof target === 'string' ? inNamespace(filled, target) : filled;
    })),
  ]]));
}

/** The configuration as the rules see it. */
export function written(): ReturnType<typeof readSite> {
  return readSite(new Sources(PROJECT));
}
