import { cut } from '../../health/layout.ts';
import type { Link } from './layout.ts';
import type { Edge, Graph, Node } from './model.ts';
import { duration } from './text.ts';
import type { Timing } from './waves.ts';

/** What both drawings (SVG, Mermaid) show: a box for each Kustomization with its releases in it, and an arrow for each wait. */

/** One cluster to be drawn. */
export interface Drawn { readonly graph: Graph; readonly timing: Timing }

/** Characters of a name in a box. */
export const LONGEST = 44;

/** Releases by the Kustomization they are in. */
export function releasesOf(graph: Graph): ReadonlyMap<string, readonly Node[]> {
  return Map.groupBy([...graph.nodes.values()].filter((node) => node.kind === 'release'), (node) => node.parent ?? '');
}

/** The box a node stands in: a release in its Kustomization's. */
export function unitOf(graph: Graph, id: string): string {
  const node = graph.nodes.get(id);
  return node?.kind === 'release' ? node.parent ?? id : id;
}

export interface Arrow extends Link { readonly kind: Edge['kind'] | 'through'; readonly says: string; /** Another way leads there as well. */ readonly implied: boolean }

/** Arrows between Kustomizations: their own, those of the releases in them, and definitions where nothing else ties the two. */
export function linksOf(graph: Graph): readonly Arrow[] {
  const found = new Map<string, { readonly from: string; readonly to: string; readonly kind: Edge['kind']; readonly says: string }>();
  for (const edge of graph.edges) {
    const [from, to] = [unitOf(graph, edge.to), unitOf(graph, edge.from)];
    const key = `${from}\n${to}`;
    if (from === to || (edge.kind === 'definition' && found.has(key))) continue;
    const name = (id: string): string => graph.nodes.get(id)?.name ?? id;
    found.set(key, { from, to, kind: edge.kind, says: edge.kind === 'dependsOn' ? `${name(edge.from)} waits for ${name(edge.to)}` : `${name(edge.from)} needs definitions of ${name(edge.to)}: ${edge.kinds.join(', ')}` });
  }
  const next = Map.groupBy(found.values(), (link) => link.from);
  const reaches = (from: string, to: string): boolean => {
    const seen = new Set<string>([from]);
    const queue = (next.get(from) ?? []).filter((link) => link.to !== to && link.kind === 'dependsOn').map((link) => link.to);
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      if (id === to) return true;
      if (seen.has(id)) continue;
      seen.add(id);
      for (const link of next.get(id) ?? []) if (link.kind === 'dependsOn') queue.push(link.to);
    }
    return false;
  };
  return [...found.values()].map((link) => ({ ...link, implied: reaches(link.from, link.to) }));
}

/** The second line of a box: what is special, who applies it, how long it may take, its charts. */
export function wordsOf(node: Node, graph: Graph, releases: readonly Node[]): string {
  if (node.kind === 'missing') return 'is not there';
  const parent = node.parent === undefined ? undefined : graph.nodes.get(node.parent);
  const charts = releases.length > 2 ? [`${releases.length} releases`] : releases.map((release) => release.makes);
  return cut([
    ...(node.suspended ? ['suspended'] : []), ...(node.broken ? ['cannot be built'] : []), ...(parent === undefined || parent.parent === undefined ? [] : [parent.name]), duration(node.timeoutMs), ...charts,
  ].join(' · '), LONGEST + 4);
}
