import type { KubeObject } from '../../../config/cluster.ts';
import { nearest } from '../../../config/words.ts';
import { at, entries, fields, groupOf, isUnknown, text } from '../../index/read.ts';
import type { Built, Found, Release, Tree, Unit, View } from '../../model.types.ts';

/** What Flux's objects are, and how far a tree can be seen: shared by the rules about Flux. */

export type Say = Omit<Found, 'rule'>;
type Kind = 'Kustomization' | 'HelmRelease';

const GROUPS: Readonly<Record<Kind, string>> = { Kustomization: 'kustomize.toolkit.fluxcd.io', HelmRelease: 'helm.toolkit.fluxcd.io' };

export function isFlux(object: KubeObject, kind: Kind): boolean {
  return object.kind === kind && groupOf(object.apiVersion) === GROUPS[kind];
}

/** `namespace/name`; the name alone for what has no namespace. */
export function pathOf(object: KubeObject): string {
  return object.metadata.namespace === undefined ? object.metadata.name : `${object.metadata.namespace}/${object.metadata.name}`;
}

/** How a finding calls an object. */
export function called(object: KubeObject): string {
  return `${object.kind} ${pathOf(object)}`;
}

/** The group, kind, namespace and name of an object: two with the same key are one object in a cluster. */
export function keyOf(object: KubeObject): string {
  return `${groupOf(object.apiVersion)}/${object.kind}/${pathOf(object)}`;
}

/** How a finding calls a unit. */
export function unitCalled(unit: Unit): string {
  return unit.declared === undefined ? `the entry point ${unit.folder ?? unit.name}` : `Kustomization ${unit.name}`;
}

/** Spec fields of a Flux object. */
export function spec(built: Built, ...path: readonly string[]): unknown {
  return at(built.object['spec'], ...path);
}

/** Said not to be reconciled. */
export function isSuspended(built: Built): boolean {
  return spec(built, 'suspend') === true;
}

/** Applies to another cluster: what it applies is none of this one's. */
export function isRemote(unit: Unit | undefined): boolean {
  for (let each = unit; each !== undefined; each = each.parent) {
    if (each.declared !== undefined && spec(each.declared, 'kubeConfig') !== undefined) return true;
  }
  return false;
}

/** Nothing of it is applied: it or what brings it is suspended. */
export function isAsleep(unit: Unit | undefined): boolean {
  for (let each = unit; each !== undefined; each = each.parent) if (each.suspended) return true;
  return false;
}

export interface Item { readonly id: string; readonly built: Built }

export interface Parts {
  readonly tree: Tree;
  readonly kustomizations: ReadonlyMap<string, Item>;
  readonly helmReleases: ReadonlyMap<string, Item>;
  readonly releaseOf: ReadonlyMap<Built, Release>;
  readonly unitOf: ReadonlyMap<Built, Unit>;
  /** Objects applied to this cluster, those of charts as well, by `keyOf`. */
  readonly byKey: ReadonlyMap<string, readonly Built[]>;
  /**
   * How far "there is no such thing" can be said: `whole` the tree is all there is; `partly` something elsewhere may make it;
   * `hidden` a part of the tree could not be built, and what is missing may only be hidden there.
   */
  readonly seen: 'whole' | 'partly' | 'hidden';
  /** Something makes objects in the cluster of which the tree shows nothing. */
  readonly makers: boolean;
}

const known = new WeakMap<View, Parts>();

/** Lookups of a view, worked out once. */
export function partsOf(view: View): Parts {
  const before = known.get(view);
  if (before !== undefined) return before;
  const parts = collect(view);
  known.set(view, parts);
  return parts;
}

/** Objects that bring Flux objects of which the tree shows nothing. */
const MAKERS: ReadonlySet<string> = new Set(['fluxcd.controlplane.io/ResourceSet', 'apps.weave.works/GitOpsTemplate', 'infra.contrib.fluxcd.io/Terraform', 'kro.run/ResourceGraphDefinition']);

function collect(view: View): Parts {
  const { tree, releases } = view;
  const kustomizations = new Map<string, Item>();
  const helmReleases = new Map<string, Item>();
  const byKey = new Map<string, Built[]>();
  let makers = false;
  const add = (built: Built): void => {
    const { object } = built;
    const key = keyOf(object);
    const same = byKey.get(key);
    if (same === undefined) byKey.set(key, [built]);
    else same.push(built);
    if (MAKERS.has(`${groupOf(object.apiVersion)}/${object.kind}`)) makers = true;
    const items = isFlux(object, 'Kustomization') ? kustomizations : isFlux(object, 'HelmRelease') ? helmReleases : undefined;
    const id = pathOf(object);
    if (items !== undefined && !items.has(id)) items.set(id, { id, built });
  };
  for (const built of tree.objects) if (!isRemote(built.unit)) add(built);
  for (const release of releases) if (!isRemote(release.declared.unit)) for (const built of release.rendered ?? []) add(built);
  return {
    tree, kustomizations, helmReleases, byKey,
    releaseOf: new Map(releases.map((release) => [release.declared, release])),
    unitOf: new Map(tree.units.flatMap((unit) => (unit.declared === undefined ? [] : [[unit.declared, unit] as const]))),
    makers, seen: tree.units.some((unit) => unit.broken) ? 'hidden' : makers || tree.units.some((unit) => unit.folder === undefined) ? 'partly' : 'whole',
  };
}

/** Whether it can be said that `name` is not there. Where others may make it, only what is nearly the name of something else. */
export function isMissing(seen: Parts['seen'], name: string, candidates: Iterable<string>): boolean {
  if (seen === 'hidden' || isUnknown(name)) return false;
  return seen === 'whole' || nearest(name, candidates) !== undefined;
}

export interface Reference { readonly kind: string; readonly name: string; readonly namespace: string; readonly index: number; readonly entry: Readonly<Record<string, unknown>> }

/** References of a list in spec (dependsOn), the own namespace where none is written; those not known are left out. */
export function references(built: Built, list: string, kind: string): readonly Reference[] {
  return entries(spec(built, list)).flatMap(({ entry, index }) => {
    const name = text(entry['name']);
    const namespace = entry['namespace'] === undefined ? built.object.metadata.namespace ?? '' : text(entry['namespace']);
    return name === undefined || namespace === undefined ? [] : [{ kind, name, namespace, index, entry }];
  });
}

/** Where a Flux object says what it waits for: its dependsOn, or its name where it has none. */
export function waitsAt(built: Built): Pick<Say, 'built' | 'path' | 'key'> {
  return spec(built, 'dependsOn') === undefined ? { built, path: ['metadata', 'name'] } : { built, path: ['spec', 'dependsOn'], key: true };
}

/** A namespaced object's namespace, once it is known. */
export function namespaceOf(object: KubeObject): string | undefined {
  return text(object.metadata.namespace);
}

export function labelsIn(object: KubeObject, kind: 'annotations' | 'labels'): Readonly<Record<string, unknown>> {
  return fields(object.metadata[kind]);
}
