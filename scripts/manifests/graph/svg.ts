import { columns as columnsOf, cut } from '../../health/layout.ts';
import { layoutOf, type Point } from './layout.ts';
import type { Graph, Node } from './model.ts';
import { linksOf, LONGEST, releasesOf, unitOf, wordsOf, type Arrow, type Drawn } from './picture.ts';
import { duration } from './text.ts';
import type { Timing } from './waves.ts';

/** Of a letter of fixed width, at 12 and at 10.5 pixels. */
const LETTER = 7.25;
const SMALL = 6.35;
const PAD = 10;
const HEIGHT = 40;
const MARGIN = 24;
const HEAD = 66;
/** So many boxes one under the other; a wave with more stands in several columns. */
const ROWS = 24;

/**
 * Graphs as one drawing, one under the other: columns are waves, arrows go from what is waited for to who waits. Nothing is fetched (fonts
 * are the reader's), light and dark follow the reader's choice, and every box says on being pointed at what it is. Pure.
 */
export function svgOf(clusters: readonly Drawn[]): string {
  let y = 0;
  let width = 0;
  const parts: string[] = [];
  for (const [index, cluster] of clusters.entries()) {
    const drawn = drawing(cluster, index);
    parts.push(`<g transform="translate(0 ${y})">`, ...drawn.lines, '</g>');
    y += drawn.height;
    width = Math.max(width, drawn.width);
  }
  const names = clusters.map(({ graph }) => graph.name).join(' and ');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" height="${y}" role="img" aria-label="${xml(`What ${names} is made of, and what waits for what`)}">`,
    `<title>${xml(`What ${names} is made of, and what waits for what`)}</title>`,
    `<style>${STYLE}</style>`,
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="tip" d="M0 0.5 8 4 0 7.5z"/></marker>'
      + '<marker id="long" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="5.5" markerHeight="5.5" orient="auto"><path class="ltip" d="M0 0.5 8 4 0 7.5z"/></marker></defs>',
    '<rect class="page" width="100%" height="100%"/>',
    ...parts, '</svg>', '',
  ].join('\n');
}

const STYLE = [
  ':root{--page:#ffffff;--ink:#1f2328;--dim:#59636e;--box:#f6f8fa;--edge:#afb8c1;--line:#8c959f;--long:#0969da;--lbox:#ddf4ff;--bad:#d1242f;--asleep:#9a6700}',
  '@media (prefers-color-scheme:dark){:root{--page:#0d1117;--ink:#e6edf3;--dim:#9198a1;--box:#161b22;--edge:#3d444d;--line:#656c76;--long:#4493f8;--lbox:#0c2d6b;--bad:#f85149;--asleep:#d29922}}',
  'text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:var(--ink);font-size:12px}',
  '.page{fill:var(--page)}.h{font-size:16px;font-weight:600}.d{fill:var(--dim);font-size:10.5px}.n{font-weight:600}',
  '.b rect{fill:var(--box);stroke:var(--edge)}.lb rect{fill:var(--lbox);stroke:var(--long)}.mb rect{stroke:var(--bad);stroke-dasharray:4 3}.mb .n{fill:var(--bad)}.ab rect{stroke:var(--asleep);stroke-dasharray:4 3}.ab .n{fill:var(--asleep)}',
  '.e{fill:none;stroke:var(--line);stroke-width:1.2}.t{opacity:.35}.c{stroke-dasharray:5 4}.l{stroke:var(--long);stroke-width:2.2}.tip{fill:var(--line)}.ltip{fill:var(--long)}.w{stroke:var(--edge);stroke-dasharray:1 5}',
].join('');

function drawing({ graph, timing }: Drawn, index: number): { readonly lines: readonly string[]; readonly width: number; readonly height: number } {
  const releases = releasesOf(graph);
  const nodes = [...graph.nodes.values()].filter((node) => node.kind !== 'release');
  const chain = timing.longest.map((each) => unitOf(graph, each.id)).filter((id, at, all) => id !== all[at - 1]);
  const links = [...linksOf(graph), ...through(graph, chain)];
  const columns = columnsBy(nodes, timing, links);
  const texts = new Map(nodes.map((node) => [node.id, wordsOf(node, graph, releases.get(node.id) ?? [])]));
  const wide = (node: Node): number => Math.ceil(2 * PAD + Math.max(columnsOf(cut(node.name, LONGEST)) * LETTER, columnsOf(texts.get(node.id) ?? '') * SMALL));
  const layout = layoutOf(nodes.map((node) => ({ id: node.id, column: columns.of.get(node.id) ?? 0, width: wide(node), height: HEIGHT })), links);
  const onChain = new Set(chain);
  const shifted = (point: Point): Point => ({ x: point.x + MARGIN, y: point.y + HEAD });
  const arrows = links.map((link, at) => {
    const points = (layout.paths[at] ?? []).map(shifted);
    const long = onChain.has(link.from) && onChain.has(link.to) && chain.indexOf(link.to) === chain.indexOf(link.from) + 1;
    const classes = ['e', ...(link.kind === 'dependsOn' ? [] : ['c']), ...(long ? ['l'] : link.implied ? ['t'] : [])].join(' ');
    return { long, line: points.length === 0 ? '' : `<path class="${classes}" d="${curve(points)}" marker-end="url(#${long ? 'long' : 'tip'})"><title>${xml(link.says)}</title></path>` };
  });
  const width = Math.max(layout.width, 560) + 2 * MARGIN;
  const lines = [
    `<text class="h" x="${MARGIN}" y="28">${xml(graph.name)}</text>`,
    `<text class="d" x="${MARGIN + columnsOf(graph.name) * 9.7 + 14}" y="28">${xml(`${nodes.filter((node) => node.kind === 'unit').length} Kustomizations, ${[...releases.values()].flat().length} HelmReleases; blue: the longest chain, ${duration(timing.longestMs)} at most`)}</text>`,
    ...columns.heads.map(({ column, wave }) => {
      const x = MARGIN + (layout.columns[column]?.x ?? 0);
      return `<text class="d" x="${x}" y="52">wave ${wave}</text>`;
    }),
    // The longest chain lies on top of the others.
    ...arrows.filter((arrow) => !arrow.long).map((arrow) => arrow.line), ...arrows.filter((arrow) => arrow.long).map((arrow) => arrow.line),
    ...nodes.flatMap((node) => boxLines(node, layout.boxes.get(node.id), texts.get(node.id) ?? '', onChain.has(node.id), graph, releases.get(node.id) ?? [], index)),
  ];
  return { lines: lines.filter((line) => line !== ''), width, height: layout.height + HEAD + MARGIN };
}

/** Steps of the longest chain that lead through somebody else: who applies the one is Ready only when it is. */
function through(graph: Graph, chain: readonly string[]): readonly Arrow[] {
  return chain.flatMap((to, index): readonly Arrow[] => {
    const from = chain[index - 1];
    const tied = from === undefined || graph.edges.some((edge) => edge.kind === 'dependsOn' && unitOf(graph, edge.to) === from && unitOf(graph, edge.from) === to);
    if (from === undefined || tied) return [];
    const name = (id: string): string => graph.nodes.get(id)?.name ?? id;
    const parent = graph.nodes.get(from)?.parent;
    return [{ from, to, kind: 'through', implied: false, says: `${name(to)} waits for ${parent === undefined ? 'somebody' : name(parent)}, who is Ready only when ${name(from)} is` }];
  });
}

/** A column for every wave; more than one where a wave is long, what somebody waits for to the right. */
function columnsBy(nodes: readonly Node[], timing: Timing, links: readonly Arrow[]): { readonly of: ReadonlyMap<string, number>; readonly heads: readonly { readonly column: number; readonly wave: number }[] } {
  const waited = new Set(links.map((link) => link.from));
  const of = new Map<string, number>();
  const heads: { column: number; wave: number }[] = [];
  let column = 0;
  for (let wave = 1; wave <= Math.max(1, timing.waves.length); wave += 1) {
    const here = nodes.filter((node) => (timing.wave.get(node.id) ?? 1) === wave);
    if (here.length === 0) continue;
    heads.push({ column, wave });
    const sorted = [...here.filter((node) => !waited.has(node.id)), ...here.filter((node) => waited.has(node.id))];
    const many = Math.ceil(sorted.length / ROWS);
    sorted.forEach((node, index) => of.set(node.id, column + Math.floor((index * many) / sorted.length)));
    column += many;
  }
  return { of, heads };
}

function boxLines(node: Node, box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number } | undefined, words: string, onChain: boolean, graph: Graph, releases: readonly Node[], index: number): readonly string[] {
  if (box === undefined) return [];
  const kind = node.kind === 'missing' || node.broken ? 'b mb' : node.suspended ? 'b ab' : onChain ? 'b lb' : 'b';
  const needs = graph.edges.filter((edge) => edge.from === node.id && edge.kind === 'dependsOn').map((edge) => graph.nodes.get(edge.to)?.name ?? edge.to);
  const title = [node.id, node.makes, ...(needs.length === 0 ? [] : [`after ${needs.join(', ')}`]), ...releases.map((release) => `HelmRelease ${release.namespace}/${release.name}: ${release.makes}`)].filter((line) => line !== '').join('\n');
  const [x, y] = [box.x + MARGIN, box.y + HEAD];
  return [
    `<g class="${kind}" id="c${index}-${xml(node.namespace)}-${xml(node.name)}"><title>${xml(title)}</title><rect x="${x}" y="${y}" width="${box.width}" height="${box.height}" rx="6"/>`
      + `<text class="n" x="${x + PAD}" y="${y + 17}">${xml(cut(node.name, LONGEST))}</text><text class="d" x="${x + PAD}" y="${y + 32}">${xml(words)}</text></g>`,
  ];
}

/** A line through the points, level where it passes a column, swung between columns. */
function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  let at = first;
  const parts = [`M${first.x} ${first.y}`];
  for (const [index, point] of rest.entries()) {
    if (index % 2 === 1 && point.y === at.y) parts.push(`H${point.x}`);
    else {
      const reach = Math.max(18, Math.abs(point.x - at.x) / 2);
      parts.push(`C${r(at.x + reach)} ${at.y} ${r(point.x - reach)} ${point.y} ${point.x} ${point.y}`);
    }
    at = point;
  }
  return parts.join('');
}
const r = (value: number): number => Math.round(value * 10) / 10;

function xml(text: string): string {
  // oxlint-disable-next-line no-control-regex -- what XML cannot hold
  return text.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
