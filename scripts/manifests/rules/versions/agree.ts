import { chartName } from '../../../config/rules/versions.ts';
import { isFields } from '../../index/read.ts';
import type { Rule, Settings, Source, Texts, View } from '../../model.types.ts';
import { called, pathOf, type Say } from '../flux/parts.ts';
import { bare, isExact, pinsOf, type Pin } from './pinned.ts';

/** A version somebody says of a chart. */
interface Said { readonly chart: string; readonly version: string; readonly who: string; readonly place: Pick<Say, 'built' | 'path' | 'source'>; readonly source: Source; readonly pin: Pin | undefined; readonly before: Settings['before'][number] | undefined }

function sourceOf({ place: { built, path } }: Pin): Source {
  return { ...built.origin.source, at: [...built.origin.source.at, ...path] };
}

/** Everything that says a version of a chart: what is installed before Flux, then the tree. */
function saidOf(view: View): readonly Said[] {
  const before = view.tree.settings.before.map((release): Said => {
    const source = { ...release.source, at: [...release.source.at, 'version'] };
    return { chart: chartName(release.chart), version: release.version, who: `release ${release.name}`, place: { source }, source, pin: undefined, before: release };
  });
  const tree = pinsOf(view.tree).flatMap((pin): readonly Said[] => (
    pin.version === undefined || !isExact(pin.version) ? [] : [{ chart: pin.chart, version: pin.version, who: called(pin.by.object), place: pin.place, source: sourceOf(pin), pin, before: undefined }]
  ));
  return [...before.filter(({ version }) => isExact(version)), ...tree];
}

interface Decision { readonly key: string; readonly version: string; readonly source: Source }
const decisions = new WeakMap<Texts, { readonly file: string; readonly found: ReadonlyMap<string, Decision> }>();

/** What the file of versions decides, by the name of the chart. A name that is there twice counts where it is nearest to the top. */
function decidedBy({ texts, settings }: View['tree']): ReadonlyMap<string, Decision> {
  const file = settings.versions;
  if (file === undefined) return new Map();
  const before = decisions.get(texts);
  if (before?.file === file) return before.found;
  const found = new Map<string, Decision & { readonly depth: number }>();
  const read = (value: unknown, at: readonly string[], document: number): void => {
    if (!isFields(value)) return;
    for (const [key, each] of Object.entries(value)) {
      const name = key.replaceAll(/([a-z\d])([A-Z])/g, '$1-$2').toLowerCase();
      const here = [...at, key];
      if (typeof each === 'string' || typeof each === 'number') {
        const same = found.get(name);
        if (same === undefined || same.depth > here.length) found.set(name, { key: here.join('.'), version: String(each), source: { file, document, at: here }, depth: here.length });
      } else read(each, here, document);
    }
  };
  for (const { data, index } of texts.documents(file) ?? []) read(data, [], index);
  decisions.set(texts, { file, found });
  return found;
}

function spotted(view: View, source: Source): string {
  const spot = view.tree.texts.spot(source);
  return `${spot.file}:${spot.line}`;
}

const agree: Rule = {
  id: 'version-differs', severity: 'error',
  summary: 'A chart has one version: in the file of versions, in what is installed before Flux, and in the tree',
  why: 'When Flux takes over what was installed before it, it changes it at once: definitions of one version meet a controller of another, and the first reconciliation of a new cluster is an upgrade',
  *check(view) {
    const decided = decidedBy(view.tree);
    const said = saidOf(view);
    const told = new Set<string>();
    for (const each of said) {
      const key = JSON.stringify(each.source);
      if (told.has(key)) continue;
      const decision = decided.get(each.chart);
      if (decision !== undefined) {
        if (!isExact(decision.version) || bare(decision.version) === bare(each.version)) continue;
        told.add(key);
        yield {
          ...each.place, message: `${each.chart} is ${each.version} here, but ${decision.key} is ${decision.version} (${spotted(view, decision.source)})`,
          hint: `did you mean ${decision.version}? definitions, bootstrap and Flux must agree`, related: [{ what: 'decided here', source: decision.source }],
        };
        continue;
      }
      // Without a file that decides, the tree is measured by what is there before it, and that by what else is.
      const other = said.find((before) => before.before !== undefined && before !== each && before.chart === each.chart && isSame(before, each) && bare(before.version) !== bare(each.version));
      if (other === undefined || (each.before !== undefined && told.has(JSON.stringify(other.source)))) continue;
      told.add(key);
      if (each.before !== undefined) told.add(JSON.stringify(other.source));
      yield {
        ...each.place, message: `${each.chart} is ${each.version} here, but ${other.who} installs ${other.version} before Flux (${spotted(view, other.source)})`,
        hint: 'give both the same version, or Flux changes at once what was just installed', related: [{ what: 'installed before Flux', source: other.source }],
      };
    }
  },
};

/** The same chart, not two that only have the same name: one release, one place it comes from, or definitions alone. */
function isSame(before: Said, each: Said): boolean {
  const release = before.before;
  if (release === undefined) return false;
  if (release.crdsOnly || each.before?.crdsOnly === true) return true;
  const own = each.before ?? (each.pin === undefined ? undefined : { name: each.pin.by.object.metadata.name, namespace: each.pin.by.object.metadata.namespace, chart: each.pin.url ?? '' });
  return own !== undefined && ((own.name === release.name && own.namespace === release.namespace) || own.chart === release.chart);
}

/** The chart a chart of definitions alone belongs to, going by its name. */
function operatorOf(chart: string): string | undefined {
  const found = /^(.+?)-crds?(-helm)?$/.exec(chart);
  return found === null ? undefined : `${found[1] ?? ''}${found[2] ?? ''}`;
}

/** Whether two charts that differ are numbered together all the same: one is at most a few releases behind the other. */
function numberedTogether(a: string, b: string): boolean {
  const [first = [], second = []] = [a, b].map((version) => bare(version).split(/[.-]/).map(Number));
  if (first[0] !== second[0]) return false;
  return first[0] === 0 ? Math.abs((first[1] ?? 0) - (second[1] ?? 0)) <= 3 : true;
}

const definitions: Rule = {
  id: 'definitions-differ', severity: 'warning',
  summary: 'A chart of definitions has the version of the chart it is for, where both are numbered together',
  why: 'The controller uses fields its definitions do not have yet, or have no more: the API drops them without a word',
  *check(view) {
    const said = saidOf(view);
    const byChart = new Map<string, Said[]>();
    for (const each of said) byChart.set(each.chart, [...byChart.get(each.chart) ?? [], each]);
    for (const each of said) {
      const operators = byChart.get(operatorOf(each.chart) ?? '') ?? [];
      const [operator] = operators;
      if (operator === undefined || operators.some(({ version }) => bare(version) === bare(each.version)) || !numberedTogether(each.version, operator.version)) continue;
      yield {
        ...each.place, message: `${each.chart} is ${each.version}, but ${operator.chart} is ${operator.version} (${spotted(view, operator.source)})`,
        hint: `give both the same version, the definitions first`, related: [{ what: `${operator.chart} ${operator.version}`, source: operator.source }],
      };
    }
  },
};

const clusters: Rule = {
  id: 'version-clusters', severity: 'warning',
  summary: 'A release has the same version of its chart in every cluster',
  why: 'What was proven in one cluster says nothing about the other; often it is only an update that was forgotten in one place',
  *check(view) {
    const own = pinsOf(view.tree).filter((pin) => pin.version !== undefined && isExact(pin.version));
    const told = new Set<unknown>();
    for (const other of view.others) {
      const theirs = new Map(pinsOf(other).map((pin) => [`${pathOf(pin.by.object)} ${pin.chart}`, pin]));
      for (const pin of own) {
        const their = theirs.get(`${pathOf(pin.by.object)} ${pin.chart}`);
        if (pin.version === undefined || their?.version === undefined || !isExact(their.version) || told.has(pin.place.built) || !isOlder(pin.version, their.version)) continue;
        told.add(pin.place.built);
        yield {
          ...pin.place, message: `${pin.chart} is ${pin.version} in ${view.tree.name} and ${their.version} in ${other.name}`,
          hint: `bring ${view.tree.name} to ${their.version}, or accept it here with a reason`, related: [{ what: `in ${other.name}`, source: sourceOf(their) }],
        };
      }
    }
  },
};

function isOlder(a: string, b: string): boolean {
  const [first, second] = [a, b].map((version) => bare(version).split(/[.-]/));
  if (first === undefined || second === undefined) return false;
  for (let index = 0; index < Math.max(first.length, second.length); index++) {
    // 1.0.0-rc.1 comes before 1.0.0.
    const [x, y] = [first[index], second[index]];
    if (x === y) continue;
    if (x === undefined || y === undefined) return y === undefined;
    return /^\d+$/.test(x) && /^\d+$/.test(y) ? Number(x) < Number(y) : x < y;
  }
  return false;
}

export const AGREE: readonly Rule[] = [agree, definitions, clusters];
