import { createHash } from 'node:crypto';
import type { KubeObject } from '../../config/cluster.ts';
import type { Plain } from '../build/data.ts';
import type { View } from '../model.types.ts';
import { versionsOf } from './definitions.ts';
import { downloaded } from './downloaded.ts';
import type { Gvk } from './kinds.ts';

/** A version of a definition. */
export interface KnownVersion {
  readonly group: string;
  readonly kind: string;
  readonly version: string;
  readonly served: boolean;
  /** The definition's own words, or true when it has none. */
  readonly deprecated: string | true | undefined;
  /** Whose definition it is, in words. */
  readonly from: string;
  /** Changes when the schema does; undefined without one. */
  id(): string | undefined;
  openAPI(): Plain | undefined;
}

export interface Definitions {
  get(gvk: Gvk): KnownVersion | undefined;
  /** Every version of a kind of a group, by the first definition of it that was found. */
  versions(group: string, kind: string): readonly KnownVersion[];
  /** Kinds of a group, for what somebody may have meant. */
  kinds(group: string): readonly string[];
}

const made = new WeakMap<View, Definitions>();

/** The definitions the tree has, and those its charts bring. */
export function knownDefinitions(view: View): Definitions {
  const known = made.get(view) ?? collect(view);
  made.set(view, known);
  return known;
}

function collect(view: View): Definitions {
  const kinds = new Map<string, readonly KnownVersion[]>();
  const add = (object: KubeObject, from: string): void => {
    const versions = versionsOf(object);
    const [first] = versions;
    const key = first === undefined ? '' : `${first.group}/${first.kind}`;
    if (first !== undefined && !kinds.has(key)) kinds.set(key, versions.map((each) => ({ ...each, from, id: () => (each.openAPI === undefined ? undefined : digestOf(each.openAPI)), openAPI: () => each.openAPI })));
  };
  for (const built of view.all) if (built.object.kind === 'CustomResourceDefinition') add(built.object, built.release === undefined ? built.origin.source.file : chart(built.release.object));
  for (const release of view.releases) for (const object of release.crds) add(object, chart(release.declared.object));
  const later = new Map<string, KnownVersion[]>();
  for (const each of downloaded(view)) {
    const key = `${each.group}/${each.kind}`;
    if (!kinds.has(key)) later.set(key, [...later.get(key) ?? [], { ...each, id: () => each.id }]);
  }
  for (const [key, versions] of later) kinds.set(key, versions);
  return {
    get({ group, version, kind }) {
      return kinds.get(`${group}/${kind}`)?.find((each) => each.version === version && each.served && each.id() !== undefined);
    },
    versions: (group, kind) => kinds.get(`${group}/${kind}`) ?? [],
    kinds: (group) => [...kinds.keys()].filter((key) => key.startsWith(`${group}/`)).map((key) => key.slice(group.length + 1)),
  };
}

function chart(release: KubeObject): string {
  return `the chart of HelmRelease ${release.metadata.namespace ?? ''}/${release.metadata.name}`;
}

const digests = new WeakMap<object, string>();
function digestOf(openAPI: Plain): string {
  const known = digests.get(openAPI) ?? createHash('sha256').update(JSON.stringify(openAPI)).digest('hex');
  digests.set(openAPI, known);
  return known;
}
