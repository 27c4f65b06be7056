import type { Verdict } from '../engine/verdict.ts';
import { ALL_CHECKS } from './checks/index.ts';
import type { Finding, HealthCheck } from './finding.ts';
import { dependencies } from './graph-flux.ts';
import { graphOf } from './graph.ts';
import { KINDS } from './kinds.ts';
import { known } from './look.ts';
import { idOf } from './objects.ts';
import { LAYERS, type Layer, type Snapshot } from './snapshot.types.ts';

/** A check with its answer about one snapshot, and what it found about each object. */
export interface Judged { readonly check: HealthCheck; readonly verdict: Verdict; readonly findings: readonly Finding[] }

export interface Group { readonly kind: string; readonly objects: readonly string[] }

/** Something that is wrong by itself, and what is wrong only because of it. */
export interface Cause {
  readonly layer: Layer;
  /** One object, or several that fail alike, joined by commas. */
  readonly object: string;
  readonly objects: readonly string[];
  readonly state?: string;
  readonly because: string;
  /** ms, on the clock of whoever said it. */
  readonly since?: number;
  readonly hint: string;
  readonly tryCommands: readonly string[];
  readonly consequences: readonly Group[];
}
export interface Unknown { readonly layer: Layer; readonly object: string; readonly because: string; readonly hint?: string; readonly needs?: Layer }

export interface LayerRow { readonly layer: Layer; readonly is: Verdict['is']; readonly because: string; /** Not judged because this one did not answer. */ readonly needs?: Layer }

export interface Diagnosis {
  readonly is: 'healthy' | 'unhealthy' | 'cannotTell';
  readonly causes: readonly Cause[];
  readonly unknowns: readonly Unknown[];
  readonly skips: readonly { readonly layer: Layer; readonly because: string }[];
  readonly warnings: readonly { readonly object: string; readonly because: string; readonly hint?: string }[];
  readonly layers: readonly LayerRow[];
}

/** Asks every check about one snapshot. */
export function judgeAll(seen: Snapshot, checks: readonly HealthCheck[] = ALL_CHECKS): readonly Judged[] {
  return checks.map((check) => ({ check, verdict: check.judge(seen), findings: check.findings(seen) }));
}

/**
 * Root causes before consequences. Any fail makes it unhealthy; without one, anything unknown makes it cannotTell; a
 * failing object is a cause unless another failing object explains it (graph.ts). Nothing judged at all is cannotTell too.
 */
export function diagnose(seen: Snapshot, judged: readonly Judged[] = judgeAll(seen)): Diagnosis {
  const failing = new Map<string, Finding>();
  const layerOf = new Map<string, Layer>();
  for (const { check, findings } of judged) {
    for (const finding of findings) {
      if (finding.is !== 'fail' || failing.has(finding.object)) continue;
      failing.set(finding.object, finding);
      layerOf.set(finding.object, check.layer);
    }
  }
  const causes = causesOf(seen, failing, layerOf);
  const unknowns = unknownsOf(judged);
  // By the verdicts too: a check and its findings must never be able to tell two stories.
  const anyFail = causes.length > 0 || judged.some(({ verdict }) => verdict.is === 'fail');
  const sure = judged.some(({ verdict }) => verdict.is === 'pass') && unknowns.length === 0 && judged.every(({ verdict }) => verdict.is === 'pass' || verdict.is === 'skip');
  return {
    is: anyFail ? 'unhealthy' : sure ? 'healthy' : 'cannotTell',
    causes, unknowns,
    skips: skipsOf(judged),
    warnings: judged.flatMap(({ findings }) => findings.flatMap(({ object, warning, hint }) => (warning === undefined ? [] : [{ object, because: warning, ...(hint === undefined ? {} : { hint }) }]))),
    layers: LAYERS.flatMap((layer) => rowOf(layer, judged)),
  };
}

type Graph = ReadonlyMap<string, ReadonlySet<string>>;

function causesOf(seen: Snapshot, failing: ReadonlyMap<string, Finding>, layerOf: ReadonlyMap<string, Layer>): readonly Cause[] {
  const graph = graphOf(seen, failing);
  const reach = new Map([...failing.keys()].map((object) => [object, reachable(graph, object)]));
  const order = (object: string): number => LAYERS.indexOf(layerOf.get(object) ?? 'mesh');
  const knots: (readonly string[])[] = [];
  const placed = new Set<string>();
  for (const object of [...failing.keys()].toSorted((a, b) => order(a) - order(b))) {
    if (placed.has(object)) continue;
    const beyond = [...(reach.get(object) ?? [])];
    // A root needs nothing but what needs it back: itself, or a knot of objects that wait for each other.
    if (!beyond.every((other) => other === object || reach.get(other)?.has(object) === true)) continue;
    const knot = [object, ...beyond.filter((other) => other !== object)];
    for (const member of knot) placed.add(member);
    knots.push(knot);
  }
  const roots = new Set(knots.flat());
  const causes = knots.flatMap((knot): readonly Cause[] => {
    const consequences = [...failing.keys()].filter((object) => !roots.has(object) && knot.some((member) => reach.get(object)?.has(member) === true));
    const head = knot[0];
    const finding = head === undefined ? undefined : failing.get(head);
    if (head === undefined || finding === undefined) return [];
    const layer = layerOf.get(head) ?? 'mesh';
    const circle = cycleOf(seen, knot, graph);
    if (circle !== undefined) return [cycleCause(seen, layer, circle, failing, [...consequences, ...knot.filter((member) => !circle.includes(member))])];
    return [{
      layer, object: head, objects: [head], because: finding.because, hint: finding.hint ?? `task cluster:status CLUSTER=${seen.cluster.name}`, tryCommands: finding.tries ?? [],
      ...(finding.state === undefined ? {} : { state: finding.state }), ...(finding.since === undefined ? {} : { since: finding.since }),
      consequences: grouped([...knot.slice(1), ...consequences]),
    }];
  });
  return alike(causes);
}

function reachable(graph: Graph, from: string): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [...(graph.get(from) ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    open.push(...(graph.get(next) ?? []));
  }
  return found;
}

/** A circle of dependsOn among the objects of a knot, as a path in its own order. */
function cycleOf(seen: Snapshot, knot: readonly string[], graph: Graph): readonly string[] | undefined {
  const needs = new Map([...known(seen, KINDS.kustomizations), ...known(seen, KINDS.helmReleases)].map((object) => [idOf(object), dependencies(object)]));
  for (const start of knot) {
    const path: string[] = [];
    const walk = (object: string): boolean => {
      path.push(object);
      for (const next of needs.get(object) ?? []) {
        if (!knot.includes(next) || graph.get(object)?.has(next) !== true) continue;
        if (next === start || (!path.includes(next) && walk(next))) return true;
      }
      path.pop();
      return false;
    };
    if (walk(start)) return path;
  }
  return undefined;
}

function cycleCause(seen: Snapshot, layer: Layer, circle: readonly string[], failing: ReadonlyMap<string, Finding>, consequences: readonly string[]): Cause {
  const first = circle[0] ?? '';
  const since = circle.map((object) => failing.get(object)?.since).filter((value) => value !== undefined).toSorted((a, b) => a - b)[0];
  const file = (seen.site.tree[seen.cluster.name] ?? []).find((item) => `${item.kind} ${item.namespace}/${item.name}` === first)?.file;
  return {
    layer, object: circle.join(', '), objects: circle, state: 'dependency cycle', because: `each waits for the next: ${[...circle, first].join(' -> ')}`,
    ...(since === undefined ? {} : { since }),
    hint: `remove one dependsOn of the circle${file === undefined ? '' : `, e.g. in ${file}`}; no reconcile can resolve it`, tryCommands: [`task flux:status CLUSTER=${seen.cluster.name}`],
    consequences: grouped(consequences),
  };
}

/** Causes of one kind with the same words are one: three machines in maintenance are a cluster not made yet. */
function alike(causes: readonly Cause[]): readonly Cause[] {
  const merged: Cause[] = [];
  for (const cause of causes) {
    const index = merged.findIndex((other) => other.layer === cause.layer && kindOf(other.objects[0] ?? '') === kindOf(cause.objects[0] ?? '') && other.state?.replace(/[\d.]+/gu, '#') === cause.state?.replace(/[\d.]+/gu, '#') && wording(other) === wording(cause));
    const other = merged[index];
    if (other === undefined) {
      merged.push(cause);
      continue;
    }
    const objects = [...other.objects, ...cause.objects];
    merged[index] = {
      ...other, objects, object: objects.map((object, place) => (place === 0 ? object : nameOf(object))).join(', '),
      consequences: grouped([...new Set([...flat(other.consequences), ...flat(cause.consequences)])]),
    };
  }
  return merged;
}

/** What a cause says, without the names, addresses and numbers that differ between objects in the same trouble. */
function wording(cause: Cause): string {
  const name = nameOf(cause.objects[0] ?? '');
  return [name, ...name.split('/')].reduce((words, part) => words.replaceAll(part, '@'), cause.because).replace(/\d+/gu, '#');
}

/** `Kustomization`, `service`: the first word of an object's name. */
export const kindOf = (object: string): string => object.slice(0, Math.max(0, object.indexOf(' '))) || object;
const nameOf = (object: string): string => object.slice(object.indexOf(' ') + 1);
const flat = (groups: readonly Group[]): readonly string[] => groups.flatMap((group) => group.objects);

function grouped(objects: readonly string[]): readonly Group[] {
  const groups = new Map<string, string[]>();
  for (const object of objects) groups.set(kindOf(object), [...(groups.get(kindOf(object)) ?? []), object]);
  return [...groups].map(([kind, members]) => ({ kind, objects: members }));
}

function unknownsOf(judged: readonly Judged[]): readonly Unknown[] {
  const unknowns = new Map<string, Unknown>();
  for (const { check, verdict, findings } of judged) {
    const found = findings.filter((finding) => finding.is === 'unknown');
    const told: readonly Finding[] = found.length > 0 || verdict.is !== 'unknown' ? found : [{ is: 'unknown', object: check.name, because: verdict.because }];
    for (const { object, because, hint, needs } of told) {
      const key = `${check.layer} ${object} ${because}`;
      // The first check to say so says most: later ones stand on it.
      if (!unknowns.has(key)) unknowns.set(key, { layer: check.layer, object, because, ...(hint === undefined ? {} : { hint }), ...(needs === undefined ? {} : { needs }) });
    }
  }
  return [...unknowns.values()];
}

function skipsOf(judged: readonly Judged[]): Diagnosis['skips'] {
  return LAYERS.flatMap((layer) => {
    const verdicts = judged.filter(({ check }) => check.layer === layer).map(({ verdict }) => verdict);
    const first = verdicts[0];
    return first !== undefined && first.is !== 'pass' && verdicts.every((verdict) => verdict.is === 'skip') ? [{ layer, because: first.because }] : [];
  });
}

/** One layer in the row of layers: the worst of its checks; nothing for a layer nobody asked about. */
function rowOf(layer: Layer, judged: readonly Judged[]): readonly LayerRow[] {
  const mine = judged.filter(({ check }) => check.layer === layer);
  if (mine.length === 0) return [];
  const worst = (['fail', 'unknown', 'pass', 'skip'] as const).find((is) => mine.some(({ verdict }) => verdict.is === is)) ?? 'skip';
  const because = mine.find(({ verdict }) => verdict.is === worst)?.verdict.because ?? '';
  const unknown = mine.flatMap(({ findings }) => findings.filter((finding) => finding.is === 'unknown'));
  const needs = unknown[0]?.needs;
  // Where some of it could be judged, the rest is an open question of its own.
  const partly = mine.some(({ findings }) => findings.some((finding) => finding.is === 'pass'));
  const barred = worst === 'unknown' && !partly && needs !== undefined && needs !== layer && unknown.every((finding) => finding.needs !== undefined && finding.needs !== layer);
  return [{ layer, is: worst, because, ...(barred ? { needs } : {}) }];
}
