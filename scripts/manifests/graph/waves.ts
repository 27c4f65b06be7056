import type { Graph, Node } from './model.ts';

/** In which wave each begins, and how late it may be Ready when everything takes as long as it may. */
export interface Timing {
  /** From 1; what is in one wave can begin together. */
  readonly wave: ReadonlyMap<string, number>;
  readonly waves: readonly (readonly string[])[];
  /** The chain that ends last: each waits for the one before. */
  readonly longest: readonly { readonly id: string; readonly timeoutMs: number }[];
  readonly longestMs: number;
  /** Nodes that wait for each other, in a ring. */
  readonly rings: readonly (readonly string[])[];
}

interface Point { readonly wave: number; readonly ms: number; /** What it had to wait for, and whether its own timeout was spent on it. */ readonly after: string | undefined }

/** Works out waves and the longest chain. A ring is told and, for the rest, cut where it closes. Pure. */
export function timingOf(graph: Graph): Timing {
  const needs = new Map<string, string[]>();
  for (const edge of graph.edges) if (edge.kind === 'dependsOn') (needs.get(edge.from) ?? needs.set(edge.from, []).get(edge.from) ?? []).push(edge.to);
  const points = new Map<string, Point>();
  const open: string[] = [];
  const rings = new Map<string, readonly string[]>();
  const NOW: Point = { wave: 0, ms: 0, after: undefined };
  const last = (list: readonly Point[]): Point => list.reduce((late, each) => (each.ms > late.ms || (each.ms === late.ms && each.wave > late.wave) ? each : late), NOW);
  const late = (list: readonly Point[]): number => list.reduce((most, { wave }) => Math.max(most, wave), 0);

  /** When something begins (`b id`), or is Ready (`r id`). */
  const point = (key: string): Point => {
    const known = points.get(key);
    if (known !== undefined) return known;
    const at = open.indexOf(key);
    if (at >= 0) {
      const ring = [...new Set(open.slice(at).map((each) => each.slice(2)))];
      rings.set(ring.toSorted().join('\n'), ring);
      return NOW;
    }
    const node = graph.nodes.get(key.slice(2));
    if (node === undefined) return NOW;
    open.push(key);
    const made = key.startsWith('b') ? begin(node) : ready(node);
    open.pop();
    points.set(key, made);
    return made;
  };
  const begin = (node: Node): Point => {
    const before = [...(node.parent === undefined ? [] : [`b ${node.parent}`]), ...(needs.get(node.id) ?? []).map((each) => `r ${each}`)];
    const all = before.map((key) => ({ ...point(key), after: key }));
    return { ...last(all), wave: late(all) };
  };
  const ready = (node: Node): Point => {
    const own = point(`b ${node.id}`);
    const below = node.waitsFor.filter((each) => graph.nodes.has(each) && each !== node.id).map((each) => ({ ...point(`r ${each}`), after: `r ${each}` }));
    const alone: Point = { wave: own.wave + 1, ms: own.ms + node.timeoutMs, after: `b ${node.id}` };
    const all = [alone, ...below];
    return { ...last(all), wave: late(all) };
  };

  const wave = new Map<string, number>();
  for (const node of graph.nodes.values()) {
    point(`r ${node.id}`);
    if (node.kind !== 'missing') wave.set(node.id, point(`b ${node.id}`).wave + 1);
  }
  const end = [...graph.nodes.values()].map((node) => `r ${node.id}`).reduce<string | undefined>((latest, key) => (latest === undefined || point(key).ms > point(latest).ms ? key : latest), undefined);
  const longest: { id: string; timeoutMs: number }[] = [];
  const seen = new Set<string>();
  for (let key = end; key !== undefined && !seen.has(key); key = points.get(key)?.after) {
    seen.add(key);
    const node = graph.nodes.get(key.slice(2));
    // Its own time was spent only where it was Ready because of itself.
    if (key.startsWith('r') && node !== undefined && points.get(key)?.after === `b ${node.id}` && node.timeoutMs > 0) longest.unshift({ id: node.id, timeoutMs: node.timeoutMs });
  }
  const waves: string[][] = [];
  for (const [id, number] of wave) (waves[number - 1] ??= []).push(id);
  return { wave, waves: Array.from(waves, (each) => each ?? []), longest, longestMs: end === undefined ? 0 : point(end).ms, rings: [...rings.values()] };
}
