import { isUnknown } from './unknown.ts';
import { expand, isDefault } from './envsubst-functions.ts';

/**
 * The shell forms Flux fills in, as its own library (fluxcd/pkg/envsubst) reads them: `${A}`, `${A:=b}`, `${A:-b}`, `${A=b}`, `${A:1:2}`,
 * `${A#b}`, `${A/b/c}`, `${A^^}`, `${#A}`; `$$` is a `$` that begins nothing. Only what begins with `${` is looked at.
 */
export type Template = readonly Piece[];
export type Piece = string | Expression;
export interface Expression {
  readonly name: string;
  /** '' for a bare variable. */
  readonly operator: string;
  readonly args: Template;
  /** Offsets in the text it was read from. */
  readonly from: number;
  readonly to: number;
  /** What is written behind the operator. */
  readonly rest: string;
}

/** What cannot be read, and where the expression begins. */
export class ExpressionError extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

const IDENT = /[\p{L}\p{Nd}_]*/uy;
const BAD = 'bad substitution';
const INSIDE = 'unable to parse substitution within function';

/** Reads a text. Throws ExpressionError. */
export function parseTemplate(text: string): Template {
  const pieces: Piece[] = [];
  let plain = '';
  let at = 0;
  while (at < text.length) {
    const dollar = text.indexOf('$', at);
    if (dollar < 0) { plain += text.slice(at); break; }
    plain += text.slice(at, dollar);
    const next = text[dollar + 1];
    if (next === '{') {
      if (plain !== '') pieces.push(plain);
      plain = '';
      const reader = new Reader(text, dollar);
      const expression = reader.expression();
      pieces.push(expression);
      at = expression.to;
    } else if (next === '$') { plain += '$'; at = dollar + 2; } else { plain += '$'; at = dollar + 1; }
  }
  if (plain !== '') pieces.push(plain);
  return pieces;
}

class Reader {
  readonly #text: string;
  readonly #from: number;
  #at: number;

  constructor(text: string, from: number) {
    this.#text = text;
    this.#from = from;
    this.#at = from + 2;
  }

  expression(): Expression {
    if (this.#peek() === '#') {
      this.#at += 1;
      const name = this.#ident();
      if (name === '') throw this.#error(BAD);
      return this.#closed(name, '#', []);
    }
    const name = this.#ident();
    if (name === '') throw this.#error('unable to parse variable name');
    switch (this.#peek()) {
      case ':': return '=-?+'.includes(this.#text[this.#at + 1] ?? '.') ? this.#default(name, 2) : this.#substring(name);
      case '=': return this.#default(name, 1);
      case ',': case '^': return this.#closed(name, this.#while(/[,^]{1,2}/y), []);
      case '/': return this.#replace(name);
      case '#': return this.#remove(name, /#{1,2}/y);
      case '%': return this.#remove(name, /%{1,2}/y);
    }
    if (this.#peek() !== '}') throw this.#error('missing closing brace');
    return this.#closed(name, '', []);
  }

  #default(name: string, length: number): Expression {
    const operator = this.#text.slice(this.#at, this.#at + length);
    this.#at += length;
    const start = this.#at;
    const args: Piece[] = [];
    while (this.#peek() !== '}') args.push(this.#param('}', false));
    return this.#closed(name, operator, args, this.#text.slice(start, this.#at));
  }

  #substring(name: string): Expression {
    this.#at += 1;
    const start = this.#at;
    const args: Piece[] = [this.#param(':}', false)];
    if (this.#peek() === ':') {
      this.#while(/:+/y);
      args.push(this.#param('}', false));
    }
    return this.#closed(name, ':', args, this.#text.slice(start, this.#at));
  }

  #remove(name: string, operator: RegExp): Expression {
    const word = this.#while(operator);
    const start = this.#at;
    return this.#closed(name, word, [this.#param('}', false)], this.#text.slice(start, this.#at));
  }

  #replace(name: string): Expression {
    const operator = this.#while(/\/[/#%]?/y);
    const start = this.#at;
    const args: Piece[] = [this.#param('/', true)];
    if (this.#while(/\/+/y) === '') throw this.#error(BAD);
    if (this.#peek() !== '}') args.push(this.#param('}', true));
    return this.#closed(name, operator, args, this.#text.slice(start, this.#at));
  }

  /** One argument: an expression of its own, or text up to one of the characters that end it. */
  #param(ends: string, escapes: boolean): Piece {
    if (this.#text.startsWith('${', this.#at)) {
      const inner = new Reader(this.#text, this.#at).expression();
      this.#at = inner.to;
      return inner;
    }
    let out = '';
    const start = this.#at;
    while (this.#at < this.#text.length) {
      const here = this.#peek();
      const next = this.#text[this.#at + 1];
      if (here === '$' && next === '{') break;
      if (escapes && ((here === '$' && next === '$') || (here === '\\' && (next === '/' || next === '\\')))) { out += next; this.#at += 2; continue; }
      if (here === undefined || ends.includes(here)) break;
      out += here;
      this.#at += 1;
    }
    if (this.#at === start) throw this.#error(INSIDE);
    return out;
  }

  #closed(name: string, operator: string, args: Template, rest = ''): Expression {
    if (this.#peek() !== '}') throw this.#error(BAD);
    this.#at += 1;
    return { name, operator, args, from: this.#from, to: this.#at, rest };
  }

  #peek(): string | undefined { return this.#text[this.#at]; }

  #while(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #ident(): string { return this.#while(IDENT); }

  #error(message: string): ExpressionError { return new ExpressionError(message, this.#from); }
}

/** Fills in a template. `missing` says what stands for a variable that has no value where one is needed. */
export function fillTemplate(template: Template, lookup: (name: string) => string | undefined, missing: (expression: Expression) => string): string {
  let out = '';
  for (const piece of template) out += typeof piece === 'string' ? piece : fill(piece, lookup, missing);
  return out;
}

function fill(expression: Expression, lookup: (name: string) => string | undefined, missing: (expression: Expression) => string): string {
  // As in the library, defaults are worked out whether they are needed or not: a variable missing in one is missing.
  const args = expression.args.map((arg) => (typeof arg === 'string' ? arg : fill(arg, lookup, missing)));
  const value = lookup(expression.name);
  if (value === undefined && !isDefault(expression.operator)) return missing(expression);
  // What is done to a value nobody knows is not known either.
  if (value !== undefined && isUnknown(value)) return value;
  return expand(expression.operator, value ?? '', args);
}

/** Every expression of a template, those in defaults too. */
export function* expressionsOf(template: Template): Generator<Expression> {
  for (const piece of template) {
    if (typeof piece === 'string') continue;
    yield piece;
    yield* expressionsOf(piece.args);
  }
}
