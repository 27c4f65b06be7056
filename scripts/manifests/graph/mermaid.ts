import type { Graph, Node } from './model.ts';
import { linksOf, releasesOf, wordsOf, type Drawn } from './picture.ts';

/** What GitHub draws at most: characters of a diagram, and arrows in it. */
const MOST_TEXT = 50_000;
const MOST_ARROWS = 500;

/**
 * Graphs as one Mermaid flowchart, for a page of GitHub: a box for each Kustomization with its releases, arrows from what is waited for
 * to who waits. Where it would be too much to be drawn, words are left out first, then arrows; a comment says so. Pure.
 */
export function mermaidOf(clusters: readonly Drawn[]): string {
  const whole = drawn(clusters, { words: true, most: MOST_ARROWS });
  return whole.length <= MOST_TEXT ? whole : drawn(clusters, { words: false, most: MOST_ARROWS });
}

function drawn(clusters: readonly Drawn[], how: { readonly words: boolean; readonly most: number }): string {
  const boxes: string[] = [];
  const arrows: string[] = [];
  const classes = new Map<string, string[]>();
  clusters.forEach(({ graph, timing }, index) => {
    const nodes = [...graph.nodes.values()].filter((node) => node.kind !== 'release');
    const names = new Map(nodes.map((node, at) => [node.id, `${clusters.length > 1 ? `c${index}` : ''}n${at}`]));
    const releases = releasesOf(graph);
    const lines = nodes.map((node) => `  ${names.get(node.id) ?? ''}${shape(node, graph, releases.get(node.id) ?? [], how.words)}`);
    boxes.push(...(clusters.length > 1 ? [`  subgraph c${index} ["${escape(graph.name)}"]`, ...lines, '  end'] : lines));
    // What another way leads to as well would only hide the others.
    arrows.push(...linksOf(graph).filter((link) => !link.implied).map((link) => `  ${names.get(link.from) ?? ''} ${link.kind === 'definition' ? '-.->' : '-->'} ${names.get(link.to) ?? ''}`));
    const chain = new Set(timing.longest.map((each) => each.id));
    for (const node of nodes) {
      const style = node.kind === 'missing' || node.broken ? 'missing' : node.suspended ? 'asleep' : chain.has(node.id) || (releases.get(node.id) ?? []).some((each) => chain.has(each.id)) ? 'longest' : undefined;
      if (style !== undefined) (classes.get(style) ?? classes.set(style, []).get(style) ?? []).push(names.get(node.id) ?? '');
    }
  });
  const left = [...(how.words ? [] : ['timeouts and charts']), ...(arrows.length > how.most ? [`${arrows.length - how.most} of ${arrows.length} arrows`] : [])];
  return [
    'flowchart LR',
    ...(left.length === 0 ? [] : [`  %% left out, for GitHub draws no more: ${left.join(', ')}`]),
    ...boxes, ...arrows.slice(0, how.most),
    ...[...classes].flatMap(([style, list]) => [`  classDef ${style} ${STYLES[style] ?? ''}`, `  class ${list.join(',')} ${style}`]), '',
  ].join('\n');
}

/** Colours that can be read on light and dark pages. */
const STYLES: Readonly<Record<string, string>> = {
  longest: 'stroke:#0969da,stroke-width:3px', missing: 'stroke:#d1242f,stroke-width:2px,stroke-dasharray:4 3', asleep: 'stroke:#9a6700,stroke-width:2px,stroke-dasharray:4 3',
};

function shape(node: Node, graph: Graph, releases: readonly Node[], words: boolean): string {
  const label = words ? `${escape(node.name)}<br/>${escape(wordsOf(node, graph, releases))}` : escape(node.name);
  return node.kind === 'missing' ? `{{"${label}"}}` : `["${label}"]`;
}

/** Text between quotes: what Mermaid or the page would read as its own is written by number. */
function escape(text: string): string {
  return text.replaceAll(/[^\w ./:@+,·-]/gu, (character) => `#${character.codePointAt(0) ?? 63};`);
}
