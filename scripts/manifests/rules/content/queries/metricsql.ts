import { nearest } from '../../../../config/words.ts';
import { METRICSQL_AGGREGATES, METRICSQL_FUNCTIONS } from './functions.ts';
import type { QueryTrouble } from './node.ts';
import { regexTrouble } from './types.ts';

/**
 * Reads MetricsQL, VictoriaMetrics' larger brother of PromQL, as far as telling what it refuses: WITH templates, labels joined by or, ranges
 * and arguments left out, numbers and durations with more units, keep_metric_names. It makes no tree, and looks at no types: nearly
 * everything is a number of series to MetricsQL.
 */

interface Token { readonly is: 'name' | 'number' | 'duration' | 'string' | 'sign' | 'end'; readonly text: string; readonly at: number }

/** Thrown inside to leave; never seen outside. */
class Stop extends Error {
  readonly trouble: QueryTrouble;
  constructor(trouble: QueryTrouble) {
    super(trouble.message);
    this.trouble = trouble;
  }
}

const UNIT = '(?:ms|s|m|h|d|w|y|i)';
/** The tokens of a query; in a range a colon separates, elsewhere it may be part of a name. */
function tokensWith(colon: string): RegExp {
  const escaped = String.raw`\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\[^xu]`;
  return new RegExp([
    String.raw`(?<space>\s+|#[^\n]*)`,
    String.raw`(?<string>"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*'|` + '`[^`]*`)',
    // A duration may have several parts, fractions, and steps back: 1h30m, 1.5d, 1h-5m, 1i.
    String.raw`(?<duration>\d+(?:\.\d+)?${UNIT}(?:-?\d+(?:\.\d+)?${UNIT})*(?![\w.])|\$__(?:rate_)?interval\b)`,
    String.raw`(?<number>0x[0-9a-f_]+|0o[0-7_]+|0b[01_]+|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:e[-+]?\d+)?(?:[kmgt]i?b?)?(?![\w.]))`,
    String.raw`(?<name>(?:[a-z_${colon}\u0080-\uffff]|${escaped})(?:[\w.${colon}\u0080-\uffff]|${escaped})*)`,
    String.raw`(?<sign>=~|!~|==|!=|>=|<=|[-+*/%^=<>(){}\[\],:@])`,
  ].join('|'), 'giy');
}
const TOKEN = tokensWith(':');
const TOKEN_IN_RANGE = tokensWith('');

function tokens(text: string): readonly Token[] {
  const found: Token[] = [];
  let range = false;
  for (let at = 0; at < text.length;) {
    const regex: RegExp = range ? TOKEN_IN_RANGE : TOKEN;
    regex.lastIndex = at;
    const groups: Readonly<Record<string, string | undefined>> | undefined = regex.exec(text)?.groups;
    if (groups === undefined) {
      const quote = /^["'`]/.exec(text.slice(at))?.[0];
      throw new Stop({ message: quote === undefined ? `${JSON.stringify(text.slice(at, at + 1))} is no part of a query` : 'a quote is not closed', hint: quote === undefined ? 'remove it' : `close it with ${quote}`, at, needle: text.slice(at).split(/\s/)[0] ?? '' });
    }
    const kind = (['space', 'string', 'duration', 'number', 'name', 'sign'] as const).find((each) => groups[each] !== undefined) ?? 'space';
    const token = groups[kind] ?? ' ';
    if (kind !== 'space') found.push({ is: kind, text: token, at });
    if (token === '[' || token === ']') range = token === '[';
    at += token.length;
  }
  found.push({ is: 'end', text: '', at: text.length });
  return found;
}

const OPERATORS = new Set(['+', '-', '*', '/', '%', '^', '==', '!=', '>', '<', '>=', '<=', 'and', 'or', 'unless', 'atan2', 'default', 'if', 'ifnot']);
const COMPARISONS = new Set(['==', '!=', '>', '<', '>=', '<=']);
const WORDS_AFTER = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right', 'bool', 'offset', 'keep_metric_names', 'limit', 'prefix']);

class Reader {
  readonly #tokens: readonly Token[];
  readonly #own = new Set<string>();
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokens(text);
  }

  get #next(): Token {
    return this.#tokens[this.#at] ?? { is: 'end', text: '', at: 0 };
  }
  get #ended(): boolean {
    return this.#next.is === 'end';
  }
  #peek(ahead: number): Token | undefined {
    return this.#tokens[this.#at + ahead];
  }
  #take(): Token {
    const token = this.#next;
    this.#at += 1;
    return token;
  }
  #is(text: string): boolean {
    return (this.#next.is === 'sign' || this.#next.is === 'name') && this.#next.text.toLowerCase() === text;
  }
  #skip(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#at += 1;
    return true;
  }
  #want(text: string): void {
    if (!this.#skip(text)) this.#stop(`"${text}" is wanted`);
  }
  #stop(wanted: string): never {
    const { is, text, at } = this.#next;
    if (is === 'end') throw new Stop({ message: 'the query ends too early', hint: `${wanted} at its end`, at });
    throw new Stop({ message: `the query cannot be read from ${JSON.stringify(text)} on`, hint: wanted, at, needle: text });
  }

  all(): void {
    if (this.#ended) throw new Stop({ message: 'the query is empty', hint: 'write an expression', at: 0 });
    this.#expression();
    if (!this.#ended) this.#stop('an operator is wanted before it, or it is one too many');
  }

  #expression(): void {
    this.#operand();
    while (OPERATORS.has(this.#next.text.toLowerCase()) && (this.#next.is === 'sign' || this.#next.is === 'name')) {
      const compares = COMPARISONS.has(this.#take().text);
      if (this.#is('bool') && !compares) this.#stop('bool follows a comparison only');
      this.#skip('bool');
      if (this.#is('on') || this.#is('ignoring')) {
        this.#take();
        this.#labels();
        if (this.#is('group_left') || this.#is('group_right')) {
          this.#take();
          if (this.#is('(')) this.#labels();
          if (this.#skip('prefix')) this.#text();
        }
      }
      this.#operand();
    }
  }

  #operand(): void {
    while (this.#is('+') || this.#is('-')) this.#take();
    this.#primary();
    for (;;) {
      if (this.#is('[')) this.#range();
      else if (this.#skip('offset')) this.#duration();
      else if (this.#skip('@')) this.#primary();
      else if (!this.#skip('keep_metric_names')) return;
    }
  }

  #primary(): void {
    const { is, text } = this.#next;
    if (is === 'string' || is === 'number' || is === 'duration') this.#take();
    else if (this.#is('(')) this.#arguments();
    else if (this.#is('{')) this.#matchers();
    else if (is === 'name' && !OPERATORS.has(text.toLowerCase()) && !(WORDS_AFTER.has(text.toLowerCase()) && this.#peek(1)?.text === '(')) this.#named();
    else this.#stop('an expression is wanted there');
  }

  #named(): void {
    const { text, at } = this.#take();
    const name = text.toLowerCase();
    if (name === 'with' && this.#is('(')) {
      this.#templates();
      this.#expression();
    } else if (METRICSQL_AGGREGATES.has(name) && (this.#is('by') || this.#is('without'))) {
      this.#grouping();
      this.#arguments();
      this.#limit();
    } else if (this.#is('(')) {
      if (!METRICSQL_FUNCTIONS.has(name) && !METRICSQL_AGGREGATES.has(name) && !this.#own.has(text)) {
        const near = nearest(text, [...METRICSQL_FUNCTIONS, ...METRICSQL_AGGREGATES]);
        throw new Stop({ message: `neither PromQL nor MetricsQL has a function ${text}`, hint: near === undefined ? 'look at https://docs.victoriametrics.com/victoriametrics/metricsql/' : `did you mean ${near}?`, at, needle: text });
      }
      this.#arguments();
      if (METRICSQL_AGGREGATES.has(name)) {
        if (this.#is('by') || this.#is('without')) this.#grouping();
        this.#limit();
      }
    } else if (this.#is('{')) this.#matchers();
  }

  #grouping(): void {
    this.#take();
    this.#labels();
  }
  #limit(): void {
    if (this.#is('limit') && this.#peek(1)?.is === 'number') this.#at += 2;
  }

  #arguments(): void {
    this.#want('(');
    while (!this.#is(')')) {
      this.#expression();
      if (!this.#skip(',')) break;
    }
    this.#want(')');
  }

  #labels(): void {
    this.#want('(');
    while (!this.#is(')')) {
      if (this.#next.is === 'string' || this.#next.is === 'name' || this.#is('*')) this.#take();
      else this.#stop('the name of a label is wanted there');
      if (!this.#skip(',')) break;
    }
    this.#want(')');
  }

  /** WITH (name = expression, name(a, b) = expression, ...). */
  #templates(): void {
    this.#want('(');
    while (!this.#is(')')) {
      if (this.#next.is !== 'name' && this.#next.is !== 'string') this.#stop('the name of a template is wanted there');
      this.#own.add(this.#take().text);
      if (this.#skip('(')) {
        while (!this.#is(')')) {
          if (this.#next.is !== 'name') this.#stop('the name of an argument is wanted there');
          this.#own.add(this.#take().text);
          if (!this.#skip(',')) break;
        }
        this.#want(')');
      }
      this.#want('=');
      this.#expression();
      if (!this.#skip(',')) break;
    }
    this.#want(')');
  }

  #matchers(): void {
    this.#want('{');
    while (!this.#is('}')) {
      const { is, text } = this.#next;
      if (is !== 'name' && is !== 'string') this.#stop('a label is wanted there, as {job="x"}');
      this.#take();
      if (is === 'name' && this.#own.size === 0 && !/^(?:=~?|!=|!~)$/.test(this.#next.text)) this.#stop('=, !=, =~ or !~ is wanted there');
      if (this.#is('=') || this.#is('!=') || this.#is('=~') || this.#is('!~')) this.#value(this.#take().text, text);
      if (this.#skip(',')) continue;
      if (!this.#skip('or')) break;
      if (this.#is('}')) this.#stop('labels are wanted after or');
    }
    this.#want('}');
  }
  #value(operator: string, label: string): void {
    const { is, text, at } = this.#next;
    this.#text();
    // A template of WITH may still add to it.
    const broken = is === 'string' && operator.endsWith('~') && this.#own.size === 0 ? regexTrouble(text.slice(1, -1)) : undefined;
    if (broken !== undefined) throw new Stop({ message: `the regular expression of ${label} is broken: ${broken}`, hint: 'mend it; a backslash is written twice in double quotes', at, needle: text });
  }
  /** Texts and templates that stand for them, joined by +. */
  #text(): void {
    do {
      if (this.#next.is !== 'string' && !(this.#next.is === 'name' && this.#own.size > 0)) this.#stop('text in quotes is wanted there');
      this.#take();
    } while (this.#skip('+'));
  }

  #range(): void {
    this.#want('[');
    if (this.#is(']') || this.#is('-')) this.#stop('a duration like 5m is wanted there');
    if (!this.#is(':')) this.#duration();
    if (this.#skip(':') && !this.#is(']')) this.#duration();
    this.#want(']');
  }
  #duration(): void {
    while (this.#is('-') || this.#is('+')) this.#take();
    const { is } = this.#next;
    // A template of WITH may stand for one.
    if (is !== 'duration' && is !== 'number' && is !== 'name' && !this.#is('(')) this.#stop('a duration like 5m is wanted there');
    if (this.#is('(')) this.#arguments();
    else this.#take();
  }
}

/** What is wrong with a MetricsQL query; undefined for one that can be read. */
export function metricsqlTrouble(text: string): QueryTrouble | undefined {
  try {
    new Reader(text).all();
    return undefined;
  } catch (error) {
    if (error instanceof Stop) return error.trouble;
    throw error;
  }
}
