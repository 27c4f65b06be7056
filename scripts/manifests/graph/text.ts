import { formatDuration } from '../../config/duration.ts';
import type { Style } from '../../engine/outcome.ts';
import { columns, cut, flow, wrap } from '../../health/layout.ts';
import type { Graph, Node } from './model.ts';
import type { Timing } from './waves.ts';

/** What makes up a cluster as a tree, what begins together, and the longest chain; within the style's width. Pure. */
export function graphLines(graph: Graph, timing: Timing, style: Style): readonly string[] {
  const nodes = [...graph.nodes.values()];
  const count = (kind: Node['kind'], one: string, more: string): string => {
    const number = nodes.filter((node) => node.kind === kind).length;
    return `${number} ${number === 1 ? one : more}`;
  };
  return [
    ...flow([
      { plain: graph.name, dressed: style.bold(graph.name) },
      ...[`${count('unit', 'Kustomization', 'Kustomizations')}, ${count('release', 'HelmRelease', 'HelmReleases')}`].map((text) => ({ plain: text, dressed: text })),
      { plain: graph.entry, dressed: style.dim(graph.entry) },
    ], style.width),
    ...treeLines(graph, timing, style), '',
    ...waveLines(graph, timing, style), '',
    ...chainLines(graph, timing, style),
    ...trouble(graph, timing, style),
  ];
}

/** Columns of a name with its branch at most, and those of its wave and timeout. */
const NAME = 46;
const NUMBERS = 8;

interface Row { readonly node: Node; readonly lead: string; /** What stands left of its further lines. */ readonly under: string }

function treeLines(graph: Graph, timing: Timing, style: Style): readonly string[] {
  const rows = rowsOf(graph);
  const needs = needsOf(graph);
  const widest = Math.max(0, ...rows.map((row) => columns(row.lead) + columns(label(row.node))));
  const room = Math.max(16, Math.min(NAME, widest, style.width - 34));
  return [
    `  ${' '.repeat(Math.max(0, room - 1))}${style.dim('wave timeout')}`,
    ...rows.flatMap((row) => rowLines(row, room, needs.get(row.node.id) ?? [], timing, style)),
  ];
}

/** The tree of who applies whom, top to bottom. */
function rowsOf(graph: Graph): readonly Row[] {
  const children = new Map<string | undefined, Node[]>();
  for (const node of graph.nodes.values()) {
    // What is focused on may have lost its parent; it stands at the top then.
    const parent = node.parent !== undefined && graph.nodes.has(node.parent) ? node.parent : undefined;
    if (node.kind !== 'missing') (children.get(parent) ?? children.set(parent, []).get(parent) ?? []).push(node);
  }
  const rows: Row[] = [];
  const shown = new Set<string>();
  const show = (node: Node, lead: string, branch: string): void => {
    if (shown.has(node.id)) return;
    shown.add(node.id);
    const below = children.get(node.id) ?? [];
    const rest = lead + (branch === '' ? '' : branch === '└─ ' ? '   ' : '│  ');
    rows.push({ node, lead: lead + branch, under: rest + (below.length > 0 ? '│' : '') });
    below.forEach((each, index) => show(each, rest, index === below.length - 1 ? '└─ ' : '├─ '));
  };
  for (const node of children.get(undefined) ?? []) show(node, '  ', '');
  // A ring of parents has no top: what is in it is shown all the same.
  for (const node of graph.nodes.values()) if (node.kind !== 'missing') show(node, '  ', '');
  return rows;
}

function rowLines({ node, lead, under }: Row, room: number, needs: readonly string[], timing: Timing, style: Style): readonly string[] {
  const name = cut(label(node), room - columns(lead));
  const marks = [...(node.suspended ? ['suspended'] : []), ...(node.broken ? ['cannot be built'] : [])];
  const said = [...marks, ...(node.kind === 'release' ? [node.makes] : []), ...(needs.length === 0 ? [] : [`after ${needs.join(', ')}`])].join(', ');
  const numbers = `${String(timing.wave.get(node.id) ?? 0).padStart(2)} ${(node.timeoutMs === 0 ? '' : duration(node.timeoutMs)).padEnd(NUMBERS - 3)}`;
  const from = room + 2 + NUMBERS;
  const [first = '', ...more] = said === '' ? [''] : wrap(said, style.width - from);
  const dressed = node.broken ? style.red(name) : node.suspended ? style.yellow(name) : node.kind === 'release' ? style.cyan(name) : style.bold(name);
  return [
    `${style.dim(lead)}${dressed}${' '.repeat(room - columns(lead) - columns(name) + 2)}${numbers}${first}`.trimEnd(),
    ...more.map((line) => `${style.dim(under)}${' '.repeat(Math.max(1, from - columns(under)))}${line}`),
  ];
}

/** What each waits for, by names as people say them; definitions in brackets. */
export function needsOf(graph: Graph): ReadonlyMap<string, readonly string[]> {
  const needs = new Map<string, string[]>();
  for (const edge of graph.edges) {
    if (edge.kind !== 'dependsOn') continue;
    const to = graph.nodes.get(edge.to);
    const from = graph.nodes.get(edge.from);
    const name = to === undefined ? edge.to : to.kind === 'missing' ? `${to.name} (missing)` : to.namespace === from?.namespace ? to.name : `${to.namespace}/${to.name}`;
    (needs.get(edge.from) ?? needs.set(edge.from, []).get(edge.from) ?? []).push(name);
  }
  return needs;
}

function waveLines(graph: Graph, timing: Timing, style: Style): readonly string[] {
  return [
    `  ${style.bold('waves')}  ${style.dim(cut('what can begin together; each waits for something of the one before', style.width - 9))}`,
    ...timing.waves.flatMap((ids, index) => {
      const names = ids.flatMap((each) => (graph.nodes.get(each)?.kind === 'unit' ? [graph.nodes.get(each)?.name ?? each] : []));
      const number = String(index + 1).padStart(4);
      return wrap(names.join(', '), style.width - 8).map((line, at) => `${at === 0 ? number : '    '}  ${line}`);
    }),
  ];
}

function chainLines(graph: Graph, timing: Timing, style: Style): readonly string[] {
  if (timing.longest.length === 0) return [];
  let sum = 0;
  const wide = Math.max(...timing.longest.map((each) => columns(labelOf(graph, each.id))));
  return [
    `  ${style.bold('longest chain')}  ${cut(`${duration(timing.longestMs)} when everything takes as long as it may`, style.width - 17)}`,
    ...timing.longest.map(({ id, timeoutMs }) => {
      sum += timeoutMs;
      const name = cut(labelOf(graph, id), style.width - 26);
      return `    ${name}${' '.repeat(Math.max(1, Math.min(wide, style.width - 26) - columns(name) + 2))}${duration(timeoutMs).padStart(6)}  ${style.dim(`by ${duration(sum)}`)}`;
    }),
  ];
}
const label = (node: Node): string => (node.kind === 'release' ? `⎈ ${node.name}` : node.name);
const labelOf = (graph: Graph, id: string): string => {
  const node = graph.nodes.get(id);
  return node === undefined ? id : label(node);
};

function trouble(graph: Graph, timing: Timing, style: Style): readonly string[] {
  const missing = [...graph.nodes.values()].filter((node) => node.kind === 'missing');
  const unseen = graph.unseen.length === 0 ? [] : wrap(`? which definitions ${graph.unseen.length === 1 ? '1 release brings' : `${graph.unseen.length} releases bring`} is not known: their charts were not looked into`, style.width - 2).map((line) => `  ${style.dim(line)}`);
  return [
    ...definitions(graph, style),
    ...timing.rings.flatMap((ring) => ['', ...wrap(`✖ they wait for each other: ${[...ring, ring[0] ?? ''].map((id) => labelOf(graph, id)).join(' → ')}`, style.width - 2).map((line) => `  ${style.red(line)}`)]),
    ...missing.flatMap((node) => [`  ${style.red(`✖ ${node.id} is waited for and is not there`)}`]),
    ...(unseen.length === 0 ? [] : ['', ...unseen]),
  ];
}

/** Who needs definitions of whom, where nothing else says that they wait. */
function definitions(graph: Graph, style: Style): readonly string[] {
  const edges = graph.edges.filter((edge) => edge.kind === 'definition');
  if (edges.length === 0) return [];
  const byTo = Map.groupBy(edges, (edge) => edge.to);
  return ['', `  ${style.bold('definitions')}  ${style.dim(cut('who brings the kinds others use', style.width - 15))}`, ...[...byTo].flatMap(([to, list]) => {
    const kinds = [...new Set(list.flatMap((edge) => edge.kinds))].toSorted().join(', ');
    return [
      ...wrap(`${labelOf(graph, to)}: ${kinds}`, style.width - 4).map((line, index) => `    ${index === 0 ? line : `  ${line}`}`),
      ...wrap(`for ${list.map((edge) => labelOf(graph, edge.from)).join(', ')}`, style.width - 8).map((line) => `      ${style.dim(line)}`),
    ];
  })];
}

/** `1h 5m`, `90s` as `1m 30s`. */
export function duration(ms: number): string {
  return formatDuration(ms);
}
