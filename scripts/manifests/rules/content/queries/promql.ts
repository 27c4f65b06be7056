import { nearest } from '../../../../config/words.ts';
import { AGGREGATES, SIGNATURES } from './functions.ts';
import { worthOf } from './types.ts';
import { nodeOf, type QueryNode, type QueryTrouble } from './node.ts';

/** Prometheus' own grammar of queries. Loaded once, when the first query is to be read. */
type Parse = (text: string) => QueryNode;
let parser: Promise<Parse> | undefined;

export async function promqlParser(): Promise<Parse> {
  parser ??= import('@prometheus-io/lezer-promql').then(({ parser: grammar }) => (text: string): QueryNode => nodeOf(grammar.parse(text).topNode));
  return parser;
}

/** What is wrong with a PromQL query: how it is written, then what its parts are worth. Undefined for a good one. */
export function promqlTrouble(text: string, parse: Parse): QueryTrouble | undefined {
  const top = parse(text);
  const broken = firstError(top);
  if (broken !== undefined) return unreadable(text, broken);
  const [query] = top.children();
  if (query === undefined) return { message: 'the query is empty', hint: 'write an expression', at: 0 };
  const worth = worthOf(query, text);
  return 'trouble' in worth ? worth.trouble : undefined;
}

function firstError(node: QueryNode): QueryNode | undefined {
  if (node.isError) return node;
  for (const child of node.children()) {
    const found = firstError(child);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What stands where the grammar stumbled, in words. */
function unreadable(text: string, at: QueryNode): QueryTrouble {
  if (text.trim() === '') return { message: 'the query is empty', hint: 'write an expression', at: 0 };
  const called = [...text.matchAll(/\b([A-Za-z_]\w*)\s*\(/g)].find(([, name = '']) => !isKeyword(name) && !SIGNATURES.has(name) && !AGGREGATES.has(name));
  if (called?.[1] !== undefined && called.index <= at.from) {
    const near = nearest(called[1], [...SIGNATURES.keys(), ...AGGREGATES]);
    return { message: `PromQL has no function ${called[1]}`, hint: near === undefined ? 'look at https://prometheus.io/docs/prometheus/latest/querying/functions/' : `did you mean ${near}?`, at: called.index, needle: called[1] };
  }
  const quote = /^(?:[^"'`]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)*/.exec(text)?.[0].length ?? text.length;
  if (quote < text.length) return { message: 'a quote is not closed', hint: `close it with ${text[quote] ?? '"'}`, at: quote, needle: text.slice(quote).split('\n')[0] ?? '' };
  const open = unclosed(text);
  const word = /^\s*([\w.]+|\S)/.exec(text.slice(at.from))?.[1];
  if (word === undefined || at.from >= text.trimEnd().length) return { message: 'the query ends too early', hint: open === undefined ? 'look at its end: an operand is missing' : `${open} is not closed`, at: text.length };
  return { message: `the query cannot be read from ${JSON.stringify(text.slice(at.from).trim().slice(0, 30))} on`, hint: open === undefined ? `look at what stands before ${JSON.stringify(word)}: an operator, a comma or a quote is missing, or one too many` : `look there, and whether every bracket is closed: ${open} is not`, at: at.from, needle: word };
}
const KEYWORDS = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right', 'and', 'or', 'unless', 'offset', 'bool', 'atan2', 'fill', 'fill_left', 'fill_right', 'min', 'max', 'start', 'end', 'step']);
function isKeyword(name: string): boolean {
  return KEYWORDS.has(name.toLowerCase());
}

/** The last bracket that is opened and never closed, leaving out what stands in quotes. */
export function unclosed(text: string): string | undefined {
  const open: string[] = [];
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|[()[\]{}]/g)) {
    if ('([{'.includes(token)) open.push(token);
    else if (')]}'.includes(token)) open.pop();
  }
  return open.at(-1);
}
