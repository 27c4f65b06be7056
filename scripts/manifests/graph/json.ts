import type { Json } from '../../engine/outcome.ts';
import type { Drawn } from './picture.ts';

/** A graph as plain data: nodes, edges, waves, the longest chain, rings. */
export function jsonOf({ graph, timing }: Drawn): Json {
  return {
    cluster: graph.name, entry: graph.entry,
    nodes: [...graph.nodes.values()].map((node): Json => ({
      id: node.id, kind: node.kind === 'unit' ? 'Kustomization' : node.kind === 'release' ? 'HelmRelease' : 'missing', namespace: node.namespace, name: node.name, makes: node.makes,
      parent: node.parent ?? null, wave: timing.wave.get(node.id) ?? null, timeoutSeconds: Math.round(node.timeoutMs / 1000), suspended: node.suspended, broken: node.broken,
    })),
    edges: graph.edges.map((edge): Json => ({ from: edge.from, to: edge.to, kind: edge.kind, ...(edge.kinds.length === 0 ? {} : { kinds: [...edge.kinds] }) })),
    waves: timing.waves.map((ids): Json => [...ids]),
    longest: { seconds: Math.round(timing.longestMs / 1000), chain: timing.longest.map(({ id, timeoutMs }): Json => ({ id, timeoutSeconds: Math.round(timeoutMs / 1000) })) },
    rings: timing.rings.map((ring): Json => [...ring]),
    unseen: [...graph.unseen],
  };
}
