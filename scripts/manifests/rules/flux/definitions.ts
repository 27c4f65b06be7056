import { posix } from 'node:path';
import type { KubeObject } from '../../../config/cluster.ts';
import { chartName } from '../../../config/rules/versions.ts';
import { at, groupOf, kindOf, text } from '../../index/read.ts';
import type { Release, Rule, View } from '../../model.types.ts';
import { applied, early, Users, type Maker, type Need } from './early.ts';
import { isAsleep, isRemote, isSuspended, spec } from './parts.ts';

const isDefinition = (object: KubeObject): boolean => object.kind === 'CustomResourceDefinition' && groupOf(object.apiVersion) === 'apiextensions.k8s.io';

/** The kind a definition is of, as `group/Kind`. */
function kindDefined(definition: KubeObject): string | undefined {
  const [group, kind] = [text(at(definition['spec'], 'group')), text(at(definition['spec'], 'names', 'kind'))];
  return group === undefined || kind === undefined ? undefined : `${group}/${kind}`;
}

/** What a release installs itself: with `crds: Skip` the definitions beside its templates are somebody else's. */
function installed(release: Release): readonly KubeObject[] {
  const skips = spec(release.declared, 'install', 'crds') === 'Skip';
  return skips ? (release.rendered ?? []).map(({ object }) => object).filter(isDefinition) : release.crds;
}

const known = new WeakMap<View, readonly Need[]>();

/**
 * Definitions this tree brings, and the custom resources that need them. What is defined before Flux, and what nobody here
 * defines (a chart that is not here may, a controller may), is left alone.
 */
function needs(view: View): readonly Need[] {
  const before = known.get(view);
  if (before !== undefined) return before;
  const makers = new Map<string, Maker[]>();
  const there = new Set<string>(view.tree.settings.given.flatMap(({ object }) => (isDefinition(object) ? kindDefined(object) ?? [] : [])));
  const urls = (view.tree.settings.definitions ?? []).map(({ url }) => posix.basename(url));
  // Files of definitions are called group_plural.yaml, as controller-gen writes them.
  const isApplied = (definition: KubeObject): boolean => urls.includes(`${text(at(definition['spec'], 'group')) ?? ''}_${text(at(definition['spec'], 'names', 'plural')) ?? ''}.yaml`);
  const add = (kind: string | undefined, maker: Maker): void => {
    if (kind === undefined) return;
    const all = makers.get(kind);
    if (all === undefined) makers.set(kind, [maker]);
    else all.push(maker);
  };
  for (const built of view.tree.objects) {
    if (isDefinition(built.object) && isApplied(built.object)) there.add(kindDefined(built.object) ?? '');
    else if (isDefinition(built.object) && !isRemote(built.unit) && !isAsleep(built.unit)) add(kindDefined(built.object), { built, by: 'unit' });
  }
  const before_ = new Set(view.tree.settings.before.map(({ chart }) => chartName(chart)));
  for (const release of view.releases) {
    if (isRemote(release.declared.unit)) continue;
    for (const definition of release.crds) if (before_.has(release.chart.name) || isApplied(definition)) there.add(kindDefined(definition) ?? '');
    if (isSuspended(release.declared) || isAsleep(release.declared.unit)) continue;
    for (const definition of installed(release)) add(kindDefined(definition), { built: release.declared, by: 'release' });
  }
  const users = new Users();
  for (const built of applied(view)) {
    const kind = kindOf(built.object);
    // Whoever installs Flux installs the definitions of its own kinds.
    if (makers.has(kind) && !there.has(kind) && !groupOf(built.object.apiVersion).endsWith('.toolkit.fluxcd.io')) users.add(kind, built);
  }
  const found = [...users.keys()].map((kind) => ({ what: `the definition of ${kind.slice(kind.indexOf('/') + 1)}`, makers: makers.get(kind) ?? [], users: users.of(kind) }));
  // A release brings definitions by the dozen; who lacks one of its kinds lacks all, and one sentence says it.
  const merged = mergeByMaker(found);
  known.set(view, merged);
  return merged;
}

function mergeByMaker(found: readonly Need[]): readonly Need[] {
  const told = new Map<unknown, Set<unknown>>();
  return found.map((need) => ({
    ...need,
    users: need.users.filter((user) => {
      const who = user.release ?? user.unit;
      const makers = told.get(who) ?? new Set();
      told.set(who, makers);
      const fresh = need.makers.some(({ built }) => !makers.has(built));
      for (const { built } of need.makers) makers.add(built);
      return fresh;
    }),
  }));
}

const never: Rule = {
  id: 'definition-too-late', severity: 'error',
  summary: 'No custom resource has to be there before the definition of its kind can be',
  why: 'A Kustomization is applied all or nothing: with a kind nobody defined yet nothing of it is applied, and if the definition comes with or after it, that stays so for ever',
  check: (view) => early(view, needs(view), 'never', { makes: 'brings' }),
};

const unordered: Rule = {
  id: 'definition-unordered', severity: 'warning',
  summary: 'What applies custom resources comes after what defines their kinds',
  why: 'It is left to chance which is first: in a new cluster the Kustomization fails with "no matches for kind" and is tried again later, and what waits for it fails with it',
  check: (view) => early(view, needs(view), 'unordered', { makes: 'brings' }),
};

export const DEFINITIONS: readonly Rule[] = [never, unordered];
