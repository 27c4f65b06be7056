import { listed, nearest } from '../../../config/words.ts';
import { groupOf } from '../../build/data.ts';
import type { Built, Found, Rule, View } from '../../model.types.ts';
import { evaluate } from '../../schemas/evaluate.ts';
import { embedded } from '../../schemas/embedded.ts';
import { fateOf, type Fate } from '../../schemas/fates.ts';
import { atLeast, installedOf, isGone } from '../../schemas/installed.ts';
import { apiVersionOf, apiVersionsOf, BUILT_IN_KINDS, gvkOf, isBuiltIn, isServed, LISTED_UNTIL, type Gvk } from '../../schemas/kinds.ts';
import { knownDefinitions } from '../../schemas/known.ts';
import { locatorOf } from '../../schemas/locate.ts';
import { oneSlip, withoutNulls } from '../../schemas/look.ts';
import { judgedAlone } from '../../view.ts';

type Say = Omit<Found, 'rule'>;

function* subjects(view: View): Iterable<{ readonly built: Built; readonly object: Built['object']; readonly at: readonly (string | number)[] }> {
  for (const built of judgedAlone(view)) {
    yield { built, object: built.object, at: [] };
    for (const { object, prefix } of embedded(built)) yield { built, object, at: prefix };
  }
}

function say(built: Built, at: readonly (string | number)[], field: 'apiVersion' | 'kind', message: string, hint: string, fix?: { readonly from: string; readonly to: string }): Say {
  if (built.release === undefined) return { built, path: [...at, field], message, hint, ...(fix === undefined ? {} : { fix }) };
  return { built, path: [...at, field], message: `${message}, as the chart makes it`, hint: `${hint}; a newer version of the chart may do so` };
}

/** The other version, where nothing else has to change for it: the object fits its schema as it is. */
function swap(view: View, built: Built, object: Built['object'], use: string | undefined): { readonly from: string; readonly to: string } | undefined {
  if (use === undefined || built.release !== undefined || groupOf(use) !== groupOf(object.apiVersion)) return undefined;
  const schema = locatorOf(view).find(gvkOf({ apiVersion: use, kind: object.kind }))?.schema();
  return schema !== undefined && evaluate(schema, withoutNulls({ ...object, apiVersion: use })).is === 'valid' ? { from: object.apiVersion, to: use } : undefined;
}

function hintOf({ use, note }: Fate): string {
  return `${use === undefined ? 'remove it' : `write apiVersion: ${use}`}${note === undefined ? '' : `; ${note}`}`;
}
const words: Readonly<Record<string, string>> = { 'gateway-api': 'the Gateway API', cilium: 'Cilium', traefik: 'Traefik', 'strimzi-kafka-operator': 'Strimzi', 'snapshot-controller': 'the snapshot controller' };

export const apiRemoved: Rule = {
  id: 'api-removed', severity: 'error',
  summary: 'No object is of an API version that is gone where it will be applied',
  why: 'The API server knows no such kind any more: the apply fails, and with it everything the same Kustomization brings.',
  *check(view) {
    for (const { built, object, at } of subjects(view)) {
      const fate = fateOf(gvkOf(object));
      if (fate === undefined || isGone(view, fate) !== true) continue;
      yield say(built, at, 'apiVersion', `${object.kind} in ${object.apiVersion} is gone since ${words[fate.by] ?? fate.by} ${fate.removed ?? ''}`, hintOf(fate), swap(view, built, object, fate.use));
    }
  },
};

export const apiDeprecated: Rule = {
  id: 'api-deprecated', severity: 'warning',
  summary: 'No object is of an API version that is deprecated',
  why: 'It works until the next upgrade of what serves it, and then fails all at once.',
  *check(view) {
    for (const { built, object, at } of subjects(view)) {
      const gvk = gvkOf(object);
      const fate = fateOf(gvk);
      if (fate !== undefined) {
        if (isGone(view, fate) === true) continue;
        const installed = installedOf(view).get(fate.by);
        if (fate.deprecated !== undefined && installed !== undefined && !atLeast(installed, fate.deprecated)) continue;
        const when = fate.removed === undefined ? `since ${words[fate.by] ?? fate.by} ${fate.deprecated ?? ''}` : `and goes with ${words[fate.by] ?? fate.by} ${fate.removed}`;
        yield say(built, at, 'apiVersion', `${object.kind} in ${object.apiVersion} is deprecated ${when}`, hintOf(fate), swap(view, built, object, fate.use));
        continue;
      }
      const version = knownDefinitions(view).versions(gvk.group, gvk.kind).find((each) => each.version === gvk.version);
      if (version?.deprecated === undefined || !version.served) continue;
      const others = knownDefinitions(view).versions(gvk.group, gvk.kind).filter((each) => each.served && each.deprecated === undefined).map(({ version: other }) => `${gvk.group}/${other}`);
      yield say(built, at, 'apiVersion', `${object.kind} in ${object.apiVersion} is deprecated, says the definition in ${version.from}`, others.length === 0 ? 'look into the release notes of what brings the definition' : `write apiVersion: ${listed(others)}`, others.length === 1 ? swap(view, built, object, others[0]) : undefined);
    }
  },
};

export const apiUnknown: Rule = {
  id: 'api-unknown', severity: 'error',
  summary: 'Every object is of a kind and version that its API group has',
  why: 'The API server answers "no matches for kind": the apply fails, and with it everything the same Kustomization brings.',
  *check(view) {
    for (const { built, object, at } of subjects(view)) {
      const gvk = gvkOf(object);
      if (fateOf(gvk) !== undefined) continue;
      const found = isBuiltIn(gvk.group) ? ofKubernetes(view, built, object, gvk, at) : ofDefinitions(view, built, object, gvk, at);
      if (found !== undefined) yield found;
    }
  },
};

function ofKubernetes(view: View, built: Built, object: Built['object'], gvk: Gvk, at: readonly (string | number)[]): Say | undefined {
  // A newer Kubernetes may have it: a schema of it says so.
  if (isServed(gvk) || locatorOf(view).find(gvk) !== undefined) return undefined;
  const { kubernetes } = view.tree.settings;
  // What is listed is that of one version; a later one may serve more versions of a group, and new kinds.
  const later = kubernetes === undefined || atLeast(kubernetes, LISTED_UNTIL);
  const apis = apiVersionsOf(gvk.kind);
  const [api, ...more] = apis;
  if (api !== undefined) {
    if (later && apis.some((each) => groupOf(each) === gvk.group)) return undefined;
    return say(built, at, 'apiVersion', `Kubernetes has no ${gvk.kind} in ${object.apiVersion}`, `write apiVersion: ${listed(apis)}`, more.length === 0 && built.raw.apiVersion === object.apiVersion ? sameObject(view, object, api) : undefined);
  }
  const near = later ? BUILT_IN_KINDS.find((each) => oneSlip(each, gvk.kind)) : nearest(gvk.kind, BUILT_IN_KINDS);
  if (later && near === undefined) return undefined;
  return say(built, at, 'kind', `Kubernetes has no kind ${gvk.kind} in ${object.apiVersion}`, near === undefined ? 'look at its kind and apiVersion' : `did you mean ${near} (${listed(apiVersionsOf(near))})?`);
}

function sameObject(view: View, object: Built['object'], api: string): { readonly from: string; readonly to: string } | undefined {
  const schema = locatorOf(view).find(gvkOf({ apiVersion: api, kind: object.kind }))?.schema();
  return schema !== undefined && evaluate(schema, withoutNulls({ ...object, apiVersion: api })).is === 'valid' ? { from: object.apiVersion, to: api } : undefined;
}

function ofDefinitions(view: View, built: Built, object: Built['object'], gvk: Gvk, at: readonly (string | number)[]): Say | undefined {
  const versions = knownDefinitions(view).versions(gvk.group, gvk.kind);
  const served = versions.filter((each) => each.served);
  const [first] = versions;
  if (first === undefined || served.some((each) => each.version === gvk.version)) return undefined;
  const there = served.map(({ version }) => apiVersionOf({ group: gvk.group, version }));
  return say(built, at, 'apiVersion', `the definition of ${gvk.kind} in ${first.from} does not serve ${gvk.version}`, there.length === 0 ? 'it serves no version at all; look at the definition' : `write apiVersion: ${listed(there)}`, there.length === 1 ? swap(view, built, object, there[0]) : undefined);
}
