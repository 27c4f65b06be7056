import { meant, nearest } from '../../../config/words.ts';
import { indexOf, type Index } from '../../index/index.ts';
import { at, entries, groupOf, isHole, items, kindKey, text } from '../../index/read.ts';
import type { Built, Rule, Unit, View } from '../../model.types.ts';
import { readCel } from './cel.ts';
import { isFlux, isRemote, partsOf, pathOf, spec, type Parts, type Say } from './parts.ts';
import { healthChecks, type HealthCheck } from './waits.ts';

interface Checked { readonly unit: Unit; readonly declared: Built; readonly check: HealthCheck; readonly own: readonly Built[] }

function* checks(view: View, parts: Parts): Iterable<Checked> {
  for (const unit of view.tree.units) {
    const { declared } = unit;
    if (declared === undefined || unit.broken || unit.folder === undefined || isRemote(unit)) continue;
    const found = healthChecks(declared);
    if (found.length === 0) continue;
    const own = [...unit.objects, ...unit.objects.flatMap((built) => parts.releaseOf.get(built)?.rendered ?? [])];
    for (const check of found) if (check.apiVersion !== undefined) yield { unit, declared, check, own };
  }
}

const nothing: Rule = {
  id: 'health-check-nothing', severity: 'error',
  summary: 'healthChecks name objects that the Kustomization, or somebody else, brings',
  why: 'A health check of something that never comes is waited for until the timeout, again and again, and everything that depends on the Kustomization waits with it',
  *check(view) {
    const parts = partsOf(view);
    if (parts.seen === 'hidden') return;
    const index = indexOf(view);
    for (const { unit, declared, check, own } of checks(view, parts)) {
      // What lies in a chart's crds folder is applied with it, unless the release is told to leave it.
      if (check.kind === 'CustomResourceDefinition' && own.some((each) => spec(each, 'install', 'crds') !== 'Skip' && parts.releaseOf.get(each)?.crds.some((crd) => crd.metadata.name === check.name) === true)) continue;
      const said = missing(index, parts, check, own);
      if (said === undefined) continue;
      const place = `${check.kind} ${check.namespace === undefined ? '' : `${check.namespace}/`}${check.name}`;
      yield {
        built: declared, path: ['spec', 'healthChecks', check.index, said.part],
        message: `Kustomization ${unit.name} checks the health of ${place}, which nobody brings`,
        hint: spec(declared, 'wait') === true ? `${said.hint} (beside wait: true, which waits for all that is applied, Flux does not look at healthChecks)` : said.hint,
      };
    }
  },
};

function missing(index: Index, parts: Parts, check: HealthCheck, own: readonly Built[]): { readonly part: 'name' | 'namespace'; readonly hint: string } | undefined {
  const kind = kindKey(groupOf(check.apiVersion), check.kind);
  const namespace = check.namespace ?? '';
  if (index.find(kind, namespace, check.name) !== undefined) return undefined;
  const group = groupOf(check.apiVersion);
  // The same in another version is told as that; in another group it is told here.
  const alike = own.filter(({ object }) => object.kind === check.kind && groupOf(object.apiVersion) === group);
  const elsewhere = alike.filter(({ object }) => object.metadata.name === check.name);
  if (elsewhere.some((built) => index.namespaceOf(built) === namespace)) return undefined;
  if (own.some((built) => built.object.kind === check.kind && built.object.metadata.name === check.name && index.namespaceOf(built) === namespace)) return undefined;
  const [other] = elsewhere;
  if (other !== undefined) {
    const where = index.namespaceOf(other);
    return isHole(where) ? undefined : { part: check.namespace === undefined ? 'name' : 'namespace', hint: where === '' ? `${pathOf(other.object)} has no namespace: take it away` : `it is in namespace ${where}: set namespace: ${where}` };
  }
  const names = alike.filter((built) => index.namespaceOf(built) === namespace).map(({ object }) => object.metadata.name);
  const near = nearest(check.name, names);
  if (near !== undefined) return { part: 'name', hint: `did you mean ${near}?` };
  const flux = group === 'helm.toolkit.fluxcd.io' || group === 'kustomize.toolkit.fluxcd.io';
  // What a chart makes that is not here is not known.
  const unrendered = own.some((built) => isFlux(built.object, 'HelmRelease') && parts.releaseOf.get(built)?.rendered === undefined);
  const sure = flux ? parts.seen === 'whole' : !unrendered && index.exists(kind, namespace, check.name) === false;
  return sure ? { part: 'name', hint: meant(check.name, names, 'name something it brings, or take the check away') } : undefined;
}

const version: Rule = {
  id: 'health-check-version', severity: 'error',
  summary: 'healthChecks look for objects in the version they are applied in',
  why: 'A version the cluster does not serve is never found, so the check waits until its timeout, again and again',
  *check(view) {
    const parts = partsOf(view);
    for (const { unit, declared, check, own } of checks(view, parts)) {
      const same = own.filter(({ object }) => object.kind === check.kind && object.metadata.name === check.name && (object.metadata.namespace ?? check.namespace) === check.namespace);
      const [found] = same;
      if (found === undefined || same.some(({ object }) => object.apiVersion === check.apiVersion) || isHole(found.object.apiVersion)) continue;
      if (groupOf(found.object.apiVersion) === groupOf(check.apiVersion) && isServed(view, found, check.apiVersion ?? '')) continue;
      yield {
        built: declared, path: ['spec', 'healthChecks', check.index, 'apiVersion'],
        message: `Kustomization ${unit.name} looks for ${check.kind} ${check.name} as ${check.apiVersion ?? ''}, it is applied as ${found.object.apiVersion}`,
        hint: `did you mean ${found.object.apiVersion}?`,
        fix: { from: check.apiVersion ?? '', to: found.object.apiVersion },
      };
    }
  },
};

/** Whether the definition of a kind, where the tree or a chart has it, serves this version. */
function isServed(view: View, built: Built, apiVersion: string): boolean {
  const group = groupOf(built.object.apiVersion);
  const definitions = [...indexOf(view).kind('apiextensions.k8s.io/CustomResourceDefinition').map(({ object }) => object), ...view.releases.flatMap(({ crds }) => crds)];
  return definitions.some((definition) => at(definition['spec'], 'group') === group && at(definition['spec'], 'names', 'kind') === built.object.kind
    && items(at(definition['spec'], 'versions')).some((each) => at(each, 'served') === true && `${group}/${String(at(each, 'name'))}` === apiVersion));
}

/** Names that stand for something in an expression about a whole object, for "did you mean". */
const FIELDS = ['apiVersion', 'kind', 'metadata', 'spec', 'status', 'data'];
/** What an expression of dependsOn may name: the two objects, and types. */
const PAIR: ReadonlySet<string> = new Set(['self', 'dep', 'bool', 'bytes', 'double', 'duration', 'dyn', 'int', 'list', 'map', 'null_type', 'string', 'timestamp', 'type', 'uint', 'optional', 'sets', 'base64', 'strings', 'math', 'google', 'optional_type']);

const expression: Rule = {
  id: 'expression', severity: 'error',
  summary: 'Expressions of health checks and of dependsOn (CEL) can be read',
  why: 'Flux refuses an expression it cannot read and gives up on the object until it is changed: it is Stalled, and nothing of it is applied any more',
  *check(view) {
    const { kustomizations, helmReleases } = partsOf(view);
    for (const { built } of [...kustomizations.values(), ...helmReleases.values()]) {
      for (const { entry, index } of entries(spec(built, 'healthCheckExprs'))) {
        for (const part of ['current', 'inProgress', 'failed']) {
          yield* judge(built, ['spec', 'healthCheckExprs', index, part], entry[part], (name) => (FIELDS.includes(name) ? undefined : meant(name, FIELDS, '')));
        }
      }
      for (const { entry, index } of entries(spec(built, 'dependsOn'))) {
        yield* judge(built, ['spec', 'dependsOn', index, 'readyExpr'], entry['readyExpr'], (name) => (PAIR.has(name) ? undefined : 'it knows self (who waits) and dep (what is waited for)'));
      }
    }
  },
};

function* judge(built: Built, path: readonly (string | number)[], value: unknown, wrong: (name: string) => string | undefined): Iterable<Say> {
  const source = text(value);
  if (source === undefined || source === '') return;
  const { trouble, names } = readCel(source);
  const place = { built, path };
  if (trouble !== undefined) {
    yield { ...place, ...(trouble.at === '' ? {} : { needle: trouble.at }), message: `this expression cannot be read: ${trouble.because}`, hint: "write it as CEL, for example has(status.phase) && status.phase == 'Ready'" };
    return;
  }
  for (const name of names) {
    const hint = wrong(name);
    if (hint !== undefined && hint !== '') yield { ...place, needle: name, message: `this expression asks for ${name}, which is nothing it knows`, hint };
  }
}

export const HEALTH: readonly Rule[] = [nothing, version, expression];
