import { listed, meant } from '../../config/words.ts';
import { Failure } from '../../engine/failure.ts';
import type { Graph, Node } from './model.ts';

/**
 * What has to do with one Kustomization or release: all it waits for, all that waits for it, who applies it, and what it applies. A name
 * that several have means each of them. Throws Failure (64) for one that none of the graphs has.
 */
export function focused(graphs: readonly Graph[], name: string | undefined): readonly Graph[] {
  if (name === undefined) return graphs;
  const hits = graphs.map((graph) => [...graph.nodes.values()].filter((node) => isNamed(node, name)));
  if (hits.every((each) => each.length === 0)) {
    const names = [...new Set(graphs.flatMap((graph) => [...graph.nodes.values()].map((node) => node.name)))].toSorted();
    throw new Failure({ exit: 'usage', what: `nothing is called ${name}`, because: `no Kustomization or HelmRelease of ${listed(graphs.map((graph) => graph.name))} is`, hint: meant(name.split('/').at(-1) ?? name, names, 'task manifests:graph shows them all') });
  }
  return graphs.flatMap((graph, index) => {
    const found = hits[index] ?? [];
    return found.length === 0 ? [] : [around(graph, found)];
  });
}

const isNamed = (node: Node, name: string): boolean => [node.name, `${node.namespace}/${node.name}`, node.id, node.id.replace(' ', '/')].includes(name);

function around(graph: Graph, found: readonly Node[]): Graph {
  const keep = new Set(found.map((node) => node.id));
  const follow = (next: (id: string) => readonly string[]): void => {
    const queue = found.map((node) => node.id);
    const seen = new Set(queue);
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      for (const other of next(id)) {
        if (seen.has(other)) continue;
        seen.add(other);
        keep.add(other);
        queue.push(other);
      }
    }
  };
  const needs = Map.groupBy(graph.edges, (edge) => edge.from);
  const needed = Map.groupBy(graph.edges, (edge) => edge.to);
  const parents = (id: string): readonly string[] => {
    const parent = graph.nodes.get(id)?.parent;
    return parent === undefined ? [] : [parent];
  };
  const applied = Map.groupBy(graph.nodes.values(), (node) => node.parent);
  follow((id) => [...(needs.get(id) ?? []).map((edge) => edge.to), ...parents(id)]);
  follow((id) => (needed.get(id) ?? []).map((edge) => edge.from));
  follow((id) => (applied.get(id) ?? []).map((node) => node.id));
  // Who applies what is kept is kept as well, so that the tree has no loose ends.
  for (const id of keep) for (const parent of parents(id)) keep.add(parent);
  return {
    ...graph, nodes: new Map([...graph.nodes].filter(([id]) => keep.has(id))),
    edges: graph.edges.filter((edge) => keep.has(edge.from) && keep.has(edge.to)), unseen: graph.unseen.filter((id) => keep.has(id)),
  };
}
