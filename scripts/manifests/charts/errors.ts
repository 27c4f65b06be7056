import type { Chart } from './chart.ts';

/** What helm says when it cannot render, taken apart. */
export type HelmError =
  | { readonly is: 'schema'; readonly wrong: readonly SchemaError[] }
  /** A schema could not be fetched. */
  | { readonly is: 'schema elsewhere'; readonly message: string }
  | { readonly is: 'dependencies'; readonly missing: readonly string[] }
  | { readonly is: 'template'; readonly message: string; /** The value it names, from the top of the release's values. */ readonly path: readonly string[] | undefined };

export interface SchemaError { readonly path: readonly string[]; readonly message: string; /** What is wrong is the key that stands there. */ readonly key: boolean; readonly chart: string }

export function readHelmError(text: string, chart: Chart): HelmError {
  const said = text.split('\n').map((line) => line.trimEnd()).filter((line) => line !== '' && !/^(?:level=|coalesce|warning:|Use --debug|\d{4}[/-]\d\d)/.test(line.trim()));
  const lines = said.slice(Math.max(0, said.findIndex((line) => line.startsWith('Error: '))));
  const first = (lines[0] ?? '').replace(/^Error: (?:INSTALLATION FAILED: )?/, '');
  const missing = /missing in charts\/ directory: (.+)$/m.exec(text)?.[1];
  if (missing !== undefined) return { is: 'dependencies', missing: missing.split(',').map((each) => each.trim()) };
  const unfetched = /failing loading "(https?:[^"]+)"/.exec(text)?.[1];
  if (unfetched !== undefined) return { is: 'schema elsewhere', message: unfetched };
  if (/don't meet the specifications of the schema/.test(first)) {
    const wrong = schemaErrors(lines.slice(1), chart);
    if (wrong.length > 0) return { is: 'schema', wrong };
  }
  const message = [first, ...lines.slice(1)].map((line) => line.trim()).join(' ');
  return { is: 'template', message: short(plainWords(message)), path: namedValue(message, chart) };
}

/** Without what says the same twice: where it was called from, and Go's words around the reason. */
function plainWords(message: string): string {
  const failed = /execution error at \(([^)]+)\): (.+)$/.exec(message);
  if (failed !== null) return `${failed[1]}: ${failed[2]}`;
  return message.replace(/^template: /, '').replaceAll(/executing "[^"]*" /g, '');
}

const LONGEST = 320;
const short = (text: string): string => (text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}...`);

/** The last value helm names, below the chart whose template it was in. */
function namedValue(message: string, chart: Chart): readonly string[] | undefined {
  const named = [...message.matchAll(/\.Values((?:\.[A-Za-z_]\w*)+)/g)].at(-1)?.[1];
  if (named === undefined) return undefined;
  const files = [...message.matchAll(/(?:^|[\s("])([\w.-]+(?:\/charts\/[\w.-]+)*)\/templates\//g)].at(-1)?.[1];
  const prefix = files === undefined ? [] : files.split('/charts/').slice(1);
  return [...(prefixIsOf(chart, prefix) ? prefix : []), ...named.split('.').slice(1)];
}

function prefixIsOf(chart: Chart, [first, ...rest]: readonly string[]): boolean {
  if (first === undefined) return true;
  const child = chart.charts.find((each) => each.called === first);
  return child !== undefined && prefixIsOf(child, rest);
}

interface Line { readonly indent: number; readonly text: string; readonly below: Line[] }

/** Helm tells schema errors as a tree below the name of each chart; older ones as a list. */
function schemaErrors(lines: readonly string[], chart: Chart): readonly SchemaError[] {
  let prefix: readonly string[] = [];
  let name = chart.name;
  const found: SchemaError[] = [];
  let open: Line[] = [];
  const tops: { readonly line: Line; readonly prefix: readonly string[]; readonly chart: string }[] = [];
  for (const line of lines) {
    const heading = /^([\w.-]+):$/.exec(line)?.[1];
    if (heading !== undefined) {
      name = heading;
      prefix = prefixOf(chart, heading) ?? [];
      open = [];
      continue;
    }
    const [, space = '', text] = /^(\s*)- (.+)$/.exec(line) ?? [];
    if (text === undefined) continue;
    const entry: Line = { indent: space.length, text, below: [] };
    while (open.length > 0 && (open.at(-1)?.indent ?? 0) >= entry.indent) open.pop();
    const above = open.at(-1);
    if (above === undefined) tops.push({ line: entry, prefix, chart: name }); else above.below.push(entry);
    open.push(entry);
  }
  const take = (line: Line, at: readonly string[], chartName: string): void => {
    const [, pointer, message = ''] = /^at '([^']*)': (.+)$/.exec(line.text) ?? [];
    if (pointer === undefined) { found.push(...oldError(line.text, at, chartName)); return; }
    if (line.below.length > 0 && /^(?:validation failed|'?allOf'? failed|.*\$ref)/.test(message)) { for (const each of line.below) take(each, at, chartName); return; }
    const path = [...at, ...pointer.split('/').slice(1).map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))];
    const extra = /^additional propert(?:y|ies) (.+) not allowed$/.exec(message)?.[1];
    if (extra !== undefined) {
      for (const [, key = ''] of extra.matchAll(/'([^']*)'/g)) found.push({ path: [...path, key], message: 'there is no such value', key: true, chart: chartName });
      return;
    }
    const alternatives = line.below.map((each) => each.text.replace(/^at '[^']*': /, ''));
    found.push({ path, message: alternatives.length === 0 ? message : short(`${message}: ${[...new Set(alternatives)].join('; ')}`), key: false, chart: chartName });
  };
  for (const { line, prefix: at, chart: chartName } of tops) take(line, at, chartName);
  return found;
}

/** `replicas: Invalid type. Expected: integer, given: string`, as helm said it before 3.18. */
function oldError(text: string, at: readonly string[], chart: string): readonly SchemaError[] {
  const [, where = '', message = text] = /^(\(root\)|[\w.-]+): (.+)$/.exec(text) ?? [];
  const path = [...at, ...(where === '(root)' || where === '' ? [] : where.split('.'))];
  const extra = /^Additional property (\S+) is not allowed/.exec(message)?.[1];
  return [extra === undefined ? { path, message: message.replace(/\.$/, ''), key: false, chart } : { path: [...path, extra], message: 'there is no such value', key: true, chart }];
}

function prefixOf(chart: Chart, name: string): readonly string[] | undefined {
  if (chart.called === name || chart.name === name) return [];
  for (const child of chart.charts) {
    const below = child.called === name ? [] : prefixOf(child, name);
    if (below !== undefined) return [child.called, ...below];
  }
  return undefined;
}
