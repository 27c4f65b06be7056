import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { cacheFolder, inherited } from '../../tools/environment.ts';
import { CATALOGS } from '../../tools/kubeconform.ts';
import type { View } from '../model.types.ts';
import { isPlain } from '../build/data.ts';
import { jsonSchema } from './definitions.ts';
import { knownDefinitions, type KnownVersion } from './known.ts';
import { apiVersionOf, isBuiltIn, type Gvk } from './kinds.ts';
import { remembered } from './memory.ts';
import type { JsonSchema } from './trouble.ts';

/** Where the schema of a kind was found. `id` changes whenever the schema does. */
export interface Located {
  readonly id: string;
  /** In words: the file, or whose definition it is. */
  readonly from: string;
  /** The file it is in; undefined for one that is made of a definition. */
  readonly file: string | undefined;
  /** Undefined for a file that holds no schema after all. */
  schema(): JsonSchema | undefined;
}

export interface Locator {
  find(gvk: Gvk): Located | undefined;
  /** Where it looks, in words, in order. */
  readonly places: readonly string[];
  /** Addresses of catalogs that may be asked for what is found nowhere, as kubeconform's templates. */
  readonly catalogs: readonly string[];
  /** Where kubeconform keeps what it downloads. */
  readonly downloads: string;
}

/** Folders below a given one with the schemas of one version of Kubernetes, by name: core-v1.34, v1.34.4-standalone-strict, as kubeconform's own catalog has them. */
const OF_VERSION = /^(?:core-?)?v?(\d+\.\d+)(?:\.\d+)?(?:-standalone)?(?:-strict)?$|^(?:core|master)(?:-standalone)?(?:-strict)?$/;

const made = new WeakMap<View, Locator>();

/** Looks for schemas where a tree and its surroundings may have them. */
export function locatorOf(view: View): Locator {
  const known = made.get(view) ?? locator(view, view.tree.settings.kubernetes);
  made.set(view, known);
  return known;
}

function locator(view: View, kubernetes: string | undefined): Locator {
  const environment = view.around?.environment ?? inherited();
  const downloads = join(cacheFolder(environment), 'manifests', 'catalogs');
  const given = view.tree.settings.schemas;
  const local = given.filter((each) => !isAddress(each)).map((each) => (isAbsolute(each) ? each : join(view.tree.texts.root, each)));
  const remote = [...given.filter(isAddress), ...CATALOGS];
  const definitions = knownDefinitions(view);
  const templates = local.flatMap((each) => expand(each, kubernetes));

  const folders = new Map<string, ReadonlySet<string>>();
  const file = (path: string, from: string): Located | undefined => {
    view.around?.read(path);
    // One look at a folder instead of one for every kind that might be in it.
    const folder = dirname(path);
    const names = folders.get(folder) ?? new Set(namesIn(folder));
    folders.set(folder, names);
    const stat = names.has(basename(path)) ? statSync(path, { throwIfNoEntry: false }) : undefined;
    if (stat === undefined || !stat.isFile()) return undefined;
    const id = `${path}|${stat.size}|${stat.mtimeMs}`;
    return { id, from, file: path, schema: () => remembered(id, () => readSchema(path)) };
  };
  const find = (gvk: Gvk): Located | undefined => {
    for (const each of templates) {
      if (each.only !== undefined && each.only !== (isBuiltIn(gvk.group) ? 'core' : 'others')) continue;
      const path = fill(each.template, gvk, kubernetes);
      const found = file(path, path);
      if (found !== undefined && (each.sure || isBuiltIn(gvk.group) || isFor(found, gvk))) return found;
    }
    const defined = definitions.get(gvk);
    if (defined !== undefined) return fromDefinition(defined);
    for (const each of remote) {
      const address = fill(each, gvk, kubernetes);
      const found = file(join(downloads, createHash('sha256').update(address).digest('hex')), address);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return {
    find, downloads, catalogs: remote,
    places: [...given.map((each) => (isAddress(each) ? `the catalog ${each}` : each)), 'the definitions of the tree and its charts', view.around?.offline === false ? 'the public catalogs' : 'what was kept of the public catalogs'],
  };
}

function isAddress(location: string): boolean {
  return /^https?:\/\//.test(location);
}

interface Template {
  readonly template: string;
  readonly only?: 'core' | 'others';
  /** The whole group is in the name; the core layout's leaves out most of it. */
  readonly sure: boolean;
}

/** A folder stands for both layouts of kubeconform in it; a pattern for itself. */
function expand(given: string, kubernetes: string | undefined): readonly Template[] {
  if (given.includes('{{')) return [{ template: given, sure: /\{\{-?\s*\.Group/.test(given) }];
  const core = '{{.ResourceKind}}{{.KindSuffix}}.json';
  const others = '{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json';
  return [
    ...['', ...coreFolders(given, kubernetes)].map((folder): Template => ({ template: join(given, folder, core), only: 'core', sure: true })),
    { template: join(given, others), only: 'others', sure: true },
    { template: join(given, core), only: 'others', sure: false },
    { template: join(given, others), only: 'core', sure: true },
  ];
}

/** Those of the clusters' version of Kubernetes; the newest where it is not known. Strict ones first. */
function coreFolders(given: string, kubernetes: string | undefined): readonly string[] {
  const minor = kubernetes === undefined ? undefined : /^v?(\d+\.\d+)/.exec(kubernetes)?.[1];
  const versions = namesIn(given).flatMap((name) => {
    const match = OF_VERSION.exec(name);
    return match === null ? [] : [{ name, version: match[1] }];
  });
  const rank = (version: string | undefined): number => Number(version?.split('.')[1] ?? Infinity);
  return versions.filter(({ version }) => minor === undefined || version === undefined || version === minor)
    .toSorted((a, b) => (minor === undefined ? rank(b.version) - rank(a.version) || 0 : Number(a.version === undefined) - Number(b.version === undefined)) || Number(b.name.endsWith('-strict')) - Number(a.name.endsWith('-strict')))
    .map(({ name }) => name);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    // Not there: whoever gave it is told where was looked.
    return [];
  }
}

/** kubeconform's templates, its few words filled in. */
export function fill(template: string, gvk: Gvk, kubernetes: string | undefined): string {
  const api = apiVersionOf(gvk);
  const [first = '', second] = api.split('/');
  const words: Readonly<Record<string, string>> = {
    ResourceKind: gvk.kind.toLowerCase(),
    ResourceAPIVersion: second ?? first,
    Group: first,
    KindSuffix: `-${(first.split('.')[0] ?? '').toLowerCase()}${second === undefined ? '' : `-${second.toLowerCase()}`}`,
    NormalizedKubernetesVersion: kubernetes === undefined ? 'master' : `v${kubernetes}`,
    StrictSuffix: '-strict',
  };
  return template.replaceAll(/\{\{-?\s*\.(\w+)\s*-?\}\}/g, (whole, word: string) => words[word] ?? whole);
}

/** A name like cluster-postgresql-v1.json may be another group's: what the schema itself says of its API version counts. */
function isFor(found: Located, gvk: Gvk): boolean {
  const properties = found.schema()?.['properties'];
  const api = isPlain(properties) ? properties['apiVersion'] : undefined;
  const allowed = isPlain(api) ? api['enum'] : undefined;
  return !Array.isArray(allowed) || allowed.includes(apiVersionOf(gvk));
}

function readSchema(path: string): JsonSchema | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isPlain(parsed) ? parsed : undefined;
  } catch {
    // Gone since it was looked for, or no JSON: kubeconform goes on to the next place as well.
    return undefined;
  }
}

function fromDefinition(version: KnownVersion): Located {
  const id = version.id() ?? '';
  return { id, from: `the definition in ${version.from}`, file: undefined, schema: () => remembered(id, () => { const openAPI = version.openAPI(); return openAPI === undefined ? undefined : jsonSchema(openAPI); }) };
}
