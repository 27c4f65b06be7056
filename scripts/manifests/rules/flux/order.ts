import type { Built, Unit, View } from '../../model.types.ts';
import { isFlux, partsOf, references, spec, type Item, type Parts, type Say } from './parts.ts';
import { healthChecks, inputs } from './waits.ts';

/**
 * What has to come before what, as Flux works: a Kustomization starts once its parent has applied it and everything in its
 * dependsOn is Ready; it applies definitions, namespaces and cluster roles first, then the rest, each all or nothing; it is Ready
 * once that is done and, with `wait` or `healthChecks`, once what it waits for is Ready. A HelmRelease starts when it is applied.
 */

type Phase = 'start' | 'definitions' | 'applied' | 'ready';
const PHASES: readonly Phase[] = ['start', 'definitions', 'applied', 'ready'];

/** `to` has to come before the event that holds the edge. */
interface Edge {
  readonly to: number;
  /** `own`: the order inside one object. `depends`: dependsOn alone. The others come from how Kustomizations bring each other. */
  readonly by: 'own' | 'depends' | 'parent' | 'wait' | 'check' | 'source';
  readonly place?: Pick<Say, 'built' | 'path' | 'key'>;
}

/** Objects that wait for each other, none of which can ever be the first. */
export interface Circle {
  /** dependsOn alone closes it. */
  readonly plain: boolean;
  readonly members: readonly Built[];
  /** The wait that is most likely the wrong one, and the others. */
  readonly at: { readonly place: Pick<Say, 'built' | 'path' | 'key'>; readonly owner: Built };
  readonly others: readonly { readonly place: Pick<Say, 'built' | 'path' | 'key'>; readonly owner: Built }[];
}

export class Order {
  readonly #edges: Edge[][] = [];
  readonly #after: number[][] = [];
  readonly #units = new Map<Unit, number>();
  readonly #releases = new Map<Built, number>();
  readonly #owner: (Built | undefined)[] = [];
  readonly #later = new Map<number, Uint8Array>();

  constructor(parts: Parts) {
    for (const unit of parts.tree.units) this.#units.set(unit, this.#nodes(unit.declared, PHASES.length));
    for (const { built } of parts.helmReleases.values()) this.#releases.set(built, this.#nodes(built, 2));
    for (const unit of parts.tree.units) this.#unit(unit, parts);
    for (const { built } of parts.helmReleases.values()) this.#release(built, parts);
    this.#edges.forEach((edges, from) => { for (const { to } of edges) this.#after[to]?.push(from); });
  }

  #nodes(owner: Built | undefined, count: number): number {
    const first = this.#edges.length;
    for (let index = 0; index < count; index++) {
      this.#edges.push([]);
      this.#after.push([]);
      this.#owner.push(owner);
    }
    return first;
  }

  /** An event of a unit; undefined for a unit of another view. */
  unit(unit: Unit, phase: Phase): number | undefined {
    const first = this.#units.get(unit);
    return first === undefined ? undefined : first + PHASES.indexOf(phase);
  }

  /** An event of a HelmRelease; undefined for one that is not in the tree. */
  release(built: Built, phase: 'start' | 'ready'): number | undefined {
    const first = this.#releases.get(built);
    return first === undefined ? undefined : first + (phase === 'start' ? 0 : 1);
  }

  /** Whether `event` never happens before `first` has. */
  comesAfter(event: number, first: number): boolean {
    return this.#soonFound(event, first) ?? this.#laterThan(first)[event] === 1;
  }

  /** Looks a little way back from an event, which nearly always settles it; undefined when it does not. */
  #soonFound(event: number, first: number): boolean | undefined {
    const seen = new Set([event]);
    for (const at of seen) {
      if (at === first) return true;
      if (seen.size > 100) return undefined;
      for (const { to } of this.#edges[at] ?? []) seen.add(to);
    }
    return false;
  }

  #laterThan(first: number): Uint8Array {
    const before = this.#later.get(first);
    if (before !== undefined) return before;
    const later = new Uint8Array(this.#edges.length);
    later[first] = 1;
    const open = [first];
    for (let event = open.pop(); event !== undefined; event = open.pop()) {
      for (const next of this.#after[event] ?? []) {
        if (later[next] === 1) continue;
        later[next] = 1;
        open.push(next);
      }
    }
    this.#later.set(first, later);
    return later;
  }

  #edge(from: number | undefined, to: number | undefined, by: Edge['by'], place?: Edge['place']): void {
    if (from !== undefined && to !== undefined) this.#edges[from]?.push(place === undefined ? { to, by } : { to, by, place });
  }

  #unit(unit: Unit, parts: Parts): void {
    const event = (phase: Phase): number | undefined => this.unit(unit, phase);
    this.#edge(event('definitions'), event('start'), 'own');
    this.#edge(event('applied'), event('definitions'), 'own');
    this.#edge(event('ready'), event('applied'), 'own');
    if (unit.parent !== undefined) this.#edge(event('start'), this.unit(unit.parent, 'applied'), 'parent');
    const { declared } = unit;
    if (declared === undefined) return;
    for (const { name, namespace, index, entry } of references(declared, 'dependsOn', 'Kustomization')) {
      const needed = unitNamed(parts, `${namespace}/${name}`);
      if (needed === undefined) continue;
      const place = { built: declared, path: ['spec', 'dependsOn', index, 'name'] };
      // With an expression of its own it need not be Ready, but it must be there.
      if (entry['readyExpr'] === undefined) this.#edge(event('start'), this.unit(needed, 'ready'), 'depends', place);
      else if (needed.parent !== undefined) this.#edge(event('start'), this.unit(needed.parent, 'applied'), 'parent', place);
    }
    if (spec(declared, 'wait') === true) {
      const place = { built: declared, path: ['spec', 'wait'], key: true } as const;
      // It never waits for itself.
      for (const built of unit.objects) if (built !== declared) this.#edge(event('ready'), this.#readyOf(built, parts), 'wait', place);
    } else {
      for (const { index, key } of healthChecks(declared)) {
        for (const built of parts.byKey.get(key) ?? []) {
          if (built === declared) continue;
          const there = this.#readyOf(built, parts) ?? (built.release === undefined ? this.unit(built.unit, 'applied') : this.release(built.release, 'start'));
          if (built.unit !== unit || isFlux(built.object, 'Kustomization') || built.release !== undefined || isFlux(built.object, 'HelmRelease')) {
            this.#edge(event('ready'), there, 'check', { built: declared, path: ['spec', 'healthChecks', index, 'name'] });
          }
        }
      }
    }
  }

  #readyOf(built: Built, parts: Parts): number | undefined {
    if (isFlux(built.object, 'HelmRelease')) return this.release(built, 'ready');
    const unit = parts.unitOf.get(built);
    return unit === undefined ? undefined : this.unit(unit, 'ready');
  }

  #release(built: Built, parts: Parts): void {
    const [start, ready] = [this.release(built, 'start'), this.release(built, 'ready')];
    this.#edge(ready, start, 'own');
    this.#edge(start, built.release === undefined ? this.unit(built.unit, 'applied') : this.release(built.release, 'start'), 'parent');
    for (const { name, namespace, index, entry } of references(built, 'dependsOn', 'HelmRelease')) {
      const needed = parts.helmReleases.get(`${namespace}/${name}`)?.built;
      if (needed === undefined || entry['readyExpr'] !== undefined) continue;
      this.#edge(start, this.release(needed, 'ready'), 'depends', { built, path: ['spec', 'dependsOn', index, 'name'] });
    }
    for (const { key, path } of inputs(built)) {
      for (const input of parts.byKey.get(key) ?? []) {
        if (input.unit !== built.unit && input.release === undefined) this.#edge(ready, this.unit(input.unit, 'applied'), 'source', { built, path });
      }
    }
  }

  /** Every circle, each told by the edge that is most likely wrong; with that edge gone the next is looked for. */
  *circles(): Iterable<Circle> {
    const cut = new Set<Edge>();
    // A tree that is one knot is told in part: mending these shows the next.
    for (let round = 0; round < 50; round++) {
      const edges = this.#oneCircle(cut);
      if (edges === undefined) return;
      const members = [...new Set(edges.flatMap(({ from }) => this.#owner[from] ?? []))];
      const waits = edges.flatMap(({ from, edge }) => {
        const owner = this.#owner[from];
        return edge.place === undefined || owner === undefined ? [] : [{ from, edge, place: edge.place, owner }];
      });
      const plain = edges.every(({ edge }) => edge.by === 'own' || edge.by === 'depends');
      const chosen = waits.toSorted((a, b) => this.#weight(b, plain) - this.#weight(a, plain))[0];
      if (chosen === undefined) return;
      cut.add(chosen.edge);
      const first = members.indexOf(chosen.owner);
      yield { plain, members: [...members.slice(first), ...members.slice(0, first)], at: chosen, others: waits.filter((each) => each !== chosen) };
    }
  }

  /** What everybody waits for seldom waits itself, and a layer that waits is more likely wrong than a component inside one. */
  #weight({ from, edge, owner }: { readonly from: number; readonly edge: Edge; readonly owner: Built }, plain: boolean): number {
    const waiting = (this.#after[this.#readyIndex(from)] ?? []).length;
    const isParent = !plain && [...this.#units.keys()].some((unit) => unit.parent?.declared === owner);
    return (edge.by === 'depends' ? 1_000_000 : edge.by === 'check' ? 500_000 : 0) + (isParent ? 100_000 : 0) + waiting;
  }

  #readyIndex(from: number): number {
    const owner = this.#owner[from];
    let last = from;
    while (owner !== undefined && this.#owner[last + 1] === owner) last++;
    return last;
  }

  /** Some shortest circle through an event that lies on one. */
  #oneCircle(cut: ReadonlySet<Edge>): readonly { readonly from: number; readonly edge: Edge }[] | undefined {
    const knotted = knots(this.#edges, cut);
    const start = knotted[0];
    if (start === undefined) return undefined;
    const way = new Map<number, { readonly from: number; readonly edge: Edge }>();
    const open = [start];
    for (let event = open.shift(); event !== undefined; event = open.shift()) {
      for (const edge of this.#edges[event] ?? []) {
        if (cut.has(edge) || way.has(edge.to)) continue;
        way.set(edge.to, { from: event, edge });
        if (edge.to === start) {
          const found: { readonly from: number; readonly edge: Edge }[] = [];
          for (let back = way.get(start); back !== undefined; back = back.from === start ? undefined : way.get(back.from)) found.unshift(back);
          return found;
        }
        open.push(edge.to);
      }
    }
    return undefined;
  }
}

/** Events that wait for themselves: those left when everything that waits for nothing, or that nothing waits for, is taken away. */
function knots(edges: readonly (readonly Edge[])[], cut: ReadonlySet<Edge>): readonly number[] {
  const needs = edges.map((list) => list.filter((edge) => !cut.has(edge)).length);
  const waiting = edges.map((): number[] => []);
  edges.forEach((list, from) => { for (const edge of list) if (!cut.has(edge)) waiting[edge.to]?.push(from); });
  const open = needs.flatMap((count, event) => (count === 0 ? [event] : []));
  for (let event = open.pop(); event !== undefined; event = open.pop()) {
    for (const from of waiting[event] ?? []) {
      needs[from] = (needs[from] ?? 0) - 1;
      if (needs[from] === 0) open.push(from);
    }
  }
  const left = needs.flatMap((count, event) => (count > 0 ? [event] : []));
  // What is left waits for a circle or lies on one. Going on from any of it ends on one.
  const first = left[0];
  if (first === undefined) return [];
  const seen = new Set<number>();
  let event = first;
  while (!seen.has(event)) {
    seen.add(event);
    event = edges[event]?.find((edge) => !cut.has(edge) && (needs[edge.to] ?? 0) > 0)?.to ?? event;
  }
  return [event];
}

function unitNamed(parts: Parts, id: string): Unit | undefined {
  const item: Item | undefined = parts.kustomizations.get(id);
  return item === undefined ? undefined : parts.unitOf.get(item.built);
}

const orders = new WeakMap<Parts, Order>();

/** The order of a view, worked out once. */
export function orderOf(view: View): Order {
  const parts = partsOf(view);
  const before = orders.get(parts);
  if (before !== undefined) return before;
  const order = new Order(parts);
  orders.set(parts, order);
  return order;
}
