import { dig, listIn, textAt, textIn } from '../data.ts';
import type { Spot } from '../source.ts';
import { isFluxKustomization } from '../tree.ts';
import { meant } from '../words.ts';
import type { TreeObject, WrittenSite, WrittenTree } from '../written.ts';
import { PerCluster, treeIsWhole, type Rule } from './rule.ts';

interface Need { readonly name: string; readonly spot: Spot }
interface Unit { readonly name: string; readonly owner: string | undefined; readonly waits: boolean; readonly needs: readonly Need[] }

/**
 * Kustomizations that bring Kustomizations: a parent is Ready only after its children, and a child is not there before its
 * parent has started. Together with dependsOn that can close a circle no single file shows, and then nothing ever starts.
 */
export const layersStart: Rule = (site, sources) => {
  if (!treeIsWhole(sources)) return;
  const told = new Set<string>();
  for (const tree of site.trees) {
    const units = unitsOf(tree);
    const stuck = stuckAfterStart(units);
    for (const unit of stuck) {
      for (const need of unit.needs) {
        const way = [need.name, ...wayBack(units, need.name, unit)];
        const key = JSON.stringify(need.spot);
        // Circles of dependsOn alone are told by the rule about those.
        if (way.length < 2 || told.has(key) || !throughParents(units, unit.name, way)) continue;
        told.add(key);
        sources.report(need.spot, 'layer-deadlock', `Kustomization ${unit.name} waits for ${way.join(', which waits for ')}`, 'a parent waits for what it brings, and what it brings starts after it; let the components wait for each other instead of the layers');
      }
    }
  }
};

function unitsOf(tree: WrittenTree): ReadonlyMap<string, Unit> {
  return new Map(tree.objects.filter(({ apiVersion, kind }) => isFluxKustomization(apiVersion, kind)).map((object) => [object.name, {
    name: object.name, owner: object.owner, waits: dig(object.document.data, ['spec', 'wait']) === true,
    needs: listIn(object.document.data, 'spec', 'dependsOn').flatMap((_, index) => {
      const at = textAt(object.document, 'spec', 'dependsOn', index, 'name');
      return at === undefined ? [] : [{ name: at.value, spot: at.spot }];
    }),
  }]));
}

/** Plays the start of an empty cluster: what can start starts, what has all it waits for is Ready; answers what never is. */
function stuckAfterStart(units: ReadonlyMap<string, Unit>): readonly Unit[] {
  const started = new Set<string>();
  const ready = new Set<string>();
  for (let moved = true; moved;) {
    moved = false;
    for (const unit of units.values()) {
      const mayStart = (unit.owner === undefined || started.has(unit.owner) || !units.has(unit.owner)) && unit.needs.every(({ name }) => ready.has(name) || !units.has(name));
      if (!started.has(unit.name) && mayStart) { started.add(unit.name); moved = true; }
      const childrenReady = !unit.waits || [...units.values()].every((child) => child.owner !== unit.name || ready.has(child.name));
      if (!ready.has(unit.name) && started.has(unit.name) && childrenReady) { ready.add(unit.name); moved = true; }
    }
  }
  return [...units.values()].filter(({ name }) => !ready.has(name));
}

/** What a Kustomization waits for, one step on: its dependsOn, its parent, its children. */
function next(units: ReadonlyMap<string, Unit>, name: string): readonly string[] {
  const unit = units.get(name);
  if (unit === undefined) return [];
  const children = unit.waits ? [...units.values()].filter(({ owner }) => owner === name).map((child) => child.name) : [];
  return [...unit.needs.map((need) => need.name), ...(unit.owner === undefined ? [] : [unit.owner]), ...children];
}

/** The shortest way from a Kustomization back to one that waits for it; empty when there is none. */
function wayBack(units: ReadonlyMap<string, Unit>, from: string, to: Unit): readonly string[] {
  const open: string[][] = [[from]];
  const seen = new Set([from]);
  for (let way = open.shift(); way !== undefined; way = open.shift()) {
    for (const name of next(units, way.at(-1) ?? '')) {
      if (name === to.name) return [...way.slice(1), name];
      if (seen.has(name)) continue;
      seen.add(name);
      open.push([...way, name]);
    }
  }
  return [];
}

function throughParents(units: ReadonlyMap<string, Unit>, from: string, way: readonly string[]): boolean {
  return [from, ...way].some((name, index, all) => {
    const to = all[index + 1];
    return to !== undefined && units.get(name)?.needs.every((need) => need.name !== to) === true;
  });
}

/** Kinds that a chart makes, so that no manifest shows them; that the chart really makes these is for the tests, which have charts. */
const BY_CHARTS = ['Deployment', 'DaemonSet', 'StatefulSet', 'Job', 'FluxInstance'];

/** What a Kustomization checks the health of is brought by it, in that very version: otherwise it waits until its timeout, for ever. */
export const healthChecks: Rule = (site, sources) => {
  if (!treeIsWhole(sources)) return;
  const missing = new PerCluster();
  for (const tree of site.trees) {
    const filled = fill(site, tree.cluster);
    for (const unit of tree.objects.filter(({ apiVersion, kind }) => isFluxKustomization(apiVersion, kind))) {
      const own = tree.objects.filter(({ owner }) => owner === unit.name);
      listIn(unit.document.data, 'spec', 'healthChecks').forEach((check, index) => {
        const name = textAt(unit.document, 'spec', 'healthChecks', index, 'name');
        const kind = textIn(check, 'kind');
        if (name === undefined || kind === undefined) return;
        const namespace = textIn(check, 'namespace');
        const version = textAt(unit.document, 'spec', 'healthChecks', index, 'apiVersion');
        const named = own.filter((each) => each.kind === kind);
        const found = named.find((each) => filled(each.name) === name.value && (namespace === undefined || (each.namespace ?? namespace) === namespace));
        if (found === undefined) {
          if (BY_CHARTS.includes(kind) && own.some((each) => isRelease(each) && placeOf(each) === namespace)) return;
          missing.add(tree.cluster, name.spot, 'health-check-nothing', () => `Kustomization ${unit.name} checks the health of ${kind} ${namespace === undefined ? '' : `${namespace}/`}${name.value}, which it does not bring`, meant(name.value, named.map((each) => filled(each.name)), 'it would wait for it until its timeout, again and again; check what is below its path'));
        } else if (version !== undefined && found.apiVersion !== version.value) {
          missing.add(tree.cluster, version.spot, 'health-check-version', () => `${kind} ${name.value} is ${found.apiVersion}, its health is looked for as ${version.value}`, `did you mean ${found.apiVersion}?`);
        }
      });
    }
  }
  missing.tell(sources.report);
};

function isRelease(object: TreeObject): boolean {
  return object.kind === 'HelmRelease' && object.apiVersion.startsWith('helm.toolkit.fluxcd.io/');
}

function placeOf(release: TreeObject): string | undefined {
  return textIn(release.document.data, 'spec', 'targetNamespace') ?? release.namespace;
}

/** Names of objects as they are in a cluster, variables filled in. */
function fill(site: WrittenSite, cluster: string): (text: string) => string {
  const data = new Map((site.settings.get(cluster)?.data ?? []).map(({ key, value }) => [key.value, value.value]));
  return (text) => text.replaceAll(/\$\{(\w+)(?::?[=-]([^}]*))?\}/g, (whole, name: string, otherwise: string | undefined) => data.get(name) ?? otherwise ?? whole);
}
