import { dig, listIn, textAt, textIn } from '../data.ts';
import type { Spot } from '../source.ts';
import { isFluxKustomization } from '../tree.ts';
import { meant } from '../words.ts';
import type { TreeObject, WrittenTree } from '../written.ts';
import { namespacesBeforeFlux } from './helmfile.ts';
import { fill, PerCluster, treeIsWhole, type Rule } from './rule.ts';

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
    for (const unit of units.values()) {
      for (const need of unit.needs) {
        const way = wayBack(units, `ready ${need.name}`, `start ${unit.name}`);
        // Circles of dependsOn alone are told by the rule about those.
        if (way === undefined || !way.throughParents) continue;
        const key = JSON.stringify(need.spot);
        if (told.has(key)) continue;
        told.add(key);
        sources.report(need.spot, 'layer-deadlock', `Kustomization ${unit.name} waits for ${way.names.join(', which waits for ')}`, 'a parent waits for what it brings, and what it brings starts after it; let the components wait for each other instead of the layers');
      }
    }
  }
};

function unitsOf(tree: WrittenTree): ReadonlyMap<string, Unit> {
  return new Map(tree.objects.filter(({ apiVersion, kind }) => isFluxKustomization(apiVersion, kind)).map((object) => [object.name, {
    name: object.name, owner: object.owner, waits: dig(object.document.data, ['spec', 'wait']) === true,
    needs: listIn(object.document.data, 'spec', 'dependsOn').flatMap((_, index) => {
      const at = textAt(object.document, 'spec', 'dependsOn', index, 'name');
      return at === undefined ? [] : [{ name: at.value, get spot() { return at.spot; } }];
    }),
  }]));
}

interface Step { readonly to: string; readonly byParent: boolean }

/** What has to come before an event, `start NAME` or `ready NAME`: dependsOn and the parent's start, or the own start and all children. */
function before(units: ReadonlyMap<string, Unit>, event: string): readonly Step[] {
  const [what, name = ''] = event.split(' ');
  const unit = units.get(name);
  if (unit === undefined) return [];
  if (what === 'start') return [...unit.needs.map((need) => ({ to: `ready ${need.name}`, byParent: false })), ...(unit.owner === undefined ? [] : [{ to: `start ${unit.owner}`, byParent: true }])];
  const children = unit.waits ? [...units.values()].filter(({ owner }) => owner === name) : [];
  return [{ to: `start ${name}`, byParent: false }, ...children.map((child) => ({ to: `ready ${child.name}`, byParent: true }))];
}

/** The shortest way back from one event to another that waits for it, as names of Kustomizations; undefined when there is none. */
function wayBack(units: ReadonlyMap<string, Unit>, from: string, to: string): { readonly names: readonly string[]; readonly throughParents: boolean } | undefined {
  const open: { readonly events: readonly string[]; readonly throughParents: boolean }[] = [{ events: [from], throughParents: false }];
  const seen = new Set([from]);
  for (let way = open.shift(); way !== undefined; way = open.shift()) {
    for (const step of before(units, way.events.at(-1) ?? '')) {
      const throughParents = way.throughParents || step.byParent;
      const events = [...way.events, step.to];
      if (step.to === to) return { names: events.map((event) => event.split(' ')[1] ?? '').filter((name, index, all) => name !== all[index - 1]), throughParents };
      if (seen.has(step.to)) continue;
      seen.add(step.to);
      open.push({ events, throughParents });
    }
  }
  return undefined;
}

/** Kinds that a chart makes, so that no manifest shows them; that the chart really makes these is for the tests, which have charts. */
const BY_CHARTS = ['Deployment', 'DaemonSet', 'StatefulSet', 'Job', 'FluxInstance', 'AutoscalingRunnerSet', 'CustomResourceDefinition'];

/** What a Kustomization checks the health of is brought by it, in that very version: otherwise it waits until its timeout, for ever. */
export const healthChecks: Rule = (site, sources) => {
  if (!treeIsWhole(sources)) return;
  const missing = new PerCluster();
  for (const tree of site.trees) {
    const filled = fill(site, tree.cluster);
    const made = namespacesBeforeFlux(site);
    for (const unit of tree.objects.filter(({ apiVersion, kind }) => isFluxKustomization(apiVersion, kind))) {
      const own = tree.objects.filter(({ owner }) => owner === unit.name);
      listIn(unit.document.data, 'spec', 'healthChecks').forEach((check, index) => {
        const name = textAt(unit.document, 'spec', 'healthChecks', index, 'name');
        const kind = textIn(check, 'kind');
        if (name === undefined || kind === undefined) return;
        const namespace = textIn(check, 'namespace');
        const version = textAt(unit.document, 'spec', 'healthChecks', index, 'apiVersion');
        const named = own.filter((each) => each.kind === kind);
        const found = named.find((each) => filled(each.name) === name.value && (namespace === undefined || filled(each.namespace ?? namespace) === namespace));
        if (found === undefined) {
          // One that is in a namespace nobody makes is told for that.
          if (named.some((each) => filled(each.name) === name.value && each.namespace !== undefined && !made.has(each.namespace))) return;
          if (BY_CHARTS.includes(kind) && own.some((each) => isRelease(each) && (namespace === undefined || placeOf(each) === namespace))) return;
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
