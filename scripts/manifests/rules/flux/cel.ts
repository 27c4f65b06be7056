/**
 * The form of CEL expressions, as far as it can be judged without evaluating one: Flux refuses what does not parse, and then the
 * Kustomization stands still. Types and functions are left to Flux.
 */

export interface CelTrouble { readonly because: string; /** The word it stumbles over; '' at the end. */ readonly at: string }
/** A name that stands for itself, not a field, a function or a variable of a macro. */
export interface Cel { readonly trouble: CelTrouble | undefined; readonly names: readonly string[] }

interface Token { readonly kind: 'name' | 'number' | 'string' | 'sign' | 'end'; readonly text: string }

class Stumble extends Error {
  readonly at: string;
  constructor(because: string, at: string) {
    super(because);
    this.at = at;
  }
}

const STRING = /^(?:[rR]?[bB]?|[bB][rR])(?:"""(?:[^\\]|\\[^])*?"""|'''(?:[^\\]|\\[^])*?'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')/;
const NUMBER = /^(?:0x[0-9a-fA-F]+u?|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?u?|\.\d+(?:[eE][+-]?\d+)?)/;
const NAME = /^[A-Za-z_]\w*/;
const SIGN = /^(?:&&|\|\||==|!=|<=|>=|[-+*/%!<>?:.,()[\]{}])/;
/** Words CEL keeps for itself; as a field they are fine. */
const RESERVED: ReadonlySet<string> = new Set(['as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import', 'let', 'loop', 'package', 'namespace', 'return', 'var', 'void', 'while']);
const LITERALS: ReadonlySet<string> = new Set(['true', 'false', 'null']);
/** Macros over a list or map, with how many arguments each may have; the first is a variable of its own. */
const MACROS: Readonly<Record<string, readonly number[]>> = { all: [2], exists: [2], exists_one: [2], existsOne: [2], filter: [2], map: [2, 3], optMap: [2], optFlatMap: [2] };
const SAID: Readonly<Record<string, string>> = { '=': '= compares nothing: write ==', '&': '& is no operator: write &&', '|': '| is no operator: write ||' };

function tokens(source: string): readonly Token[] {
  const found: Token[] = [];
  let rest = source;
  while (rest !== '') {
    const space = /^(?:\s+|\/\/[^\n]*)/.exec(rest);
    if (space !== null) {
      rest = rest.slice(space[0].length);
      continue;
    }
    const [kind, match] = ([['string', STRING], ['number', NUMBER], ['name', NAME], ['sign', SIGN]] as const)
      .map(([each, form]) => [each, form.exec(rest)?.[0]] as const).find(([, text]) => text !== undefined) ?? [];
    if (kind === undefined || match === undefined) {
      const character = rest.charAt(0);
      const quoted = character === '"' || character === "'";
      throw new Stumble(quoted ? 'a text begins here and never ends' : SAID[character] ?? `${character} is no sign of CEL`, quoted ? rest : character);
    }
    found.push({ kind, text: match });
    rest = rest.slice(match.length);
  }
  return found;
}

/** How tightly operators bind. */
const LEVELS: readonly (readonly string[])[] = [['||'], ['&&'], ['<', '<=', '>', '>=', '==', '!=', 'in'], ['+', '-'], ['*', '/', '%']];

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;
  readonly #bound: string[] = [];
  readonly names = new Set<string>();

  constructor(source: string) {
    this.#tokens = tokens(source);
  }

  #peek(): Token { return this.#tokens[this.#next] ?? { kind: 'end', text: '' }; }

  whole(): void {
    if (this.#peek().kind === 'end') throw new Stumble('it is empty', '');
    this.#expression();
    if (this.#peek().kind !== 'end') throw new Stumble(`after a whole expression comes ${this.#peek().text}`, this.#peek().text);
  }

  #take(text: string): boolean {
    if (this.#peek().kind === 'end' || this.#peek().kind === 'string' || this.#peek().text !== text) return false;
    this.#next += 1;
    return true;
  }

  #need(text: string, what: string): void {
    if (!this.#take(text)) throw new Stumble(this.#peek().kind === 'end' ? `it ends where ${what} is missing` : `${what} is missing before ${this.#peek().text}`, this.#peek().text);
  }

  #expression(): void {
    if (++this.#depth > 200) throw new Stumble('it is nested too deep', this.#peek().text);
    this.#binary(0);
    if (this.#take('?')) {
      this.#binary(0);
      this.#need(':', 'the : of a choice');
      this.#expression();
    }
    this.#depth -= 1;
  }

  #binary(level: number): void {
    const operators = LEVELS[level];
    if (operators === undefined) {
      this.#unary();
      return;
    }
    this.#binary(level + 1);
    while (operators.some((operator) => this.#take(operator))) this.#binary(level + 1);
  }

  #unary(): void {
    while (this.#take('!') || this.#take('-'));
    this.#member();
  }

  #member(): void {
    const plain = this.#primary();
    // Only a name, or names with dots between, may stand before the fields of a message.
    let type = plain !== undefined;
    for (;;) {
      if (this.#take('.')) {
        this.#take('?');
        const { kind, text } = this.#peek();
        if (kind !== 'name') throw new Stumble(kind === 'end' ? 'it ends after a dot' : `a field's name is missing before ${text}`, text);
        this.#next += 1;
        if (this.#take('(')) {
          this.#arguments(MACROS[text] === undefined ? undefined : text);
          type = false;
        }
      } else if (this.#take('[')) {
        this.#take('?');
        this.#expression();
        this.#need(']', 'the closing ]');
        type = false;
      } else if (type && this.#take('{')) {
        this.#map();
        type = false;
      } else break;
    }
    if (plain !== undefined && !this.#bound.includes(plain)) this.names.add(plain);
  }

  /** Answers the name, when it is one. */
  #primary(): string | undefined {
    const { kind, text } = this.#peek();
    if (kind === 'number' || kind === 'string') {
      this.#next += 1;
      return undefined;
    }
    if (this.#take('(')) {
      this.#expression();
      this.#need(')', 'the closing )');
      return undefined;
    }
    if (this.#take('[')) {
      this.#list(']', 'the closing ]', () => { this.#take('?'); this.#expression(); });
      return undefined;
    }
    if (this.#take('{')) {
      this.#map();
      return undefined;
    }
    this.#take('.');
    const name = this.#peek();
    if (name.kind !== 'name' || name.text === 'in') throw new Stumble(kind === 'end' ? 'it ends where a value is missing' : `a value is missing before ${text}`, text);
    if (RESERVED.has(name.text)) throw new Stumble(`${name.text} is a word CEL keeps for itself`, name.text);
    this.#next += 1;
    if (this.#take('(')) {
      this.#call(name.text);
      return undefined;
    }
    return LITERALS.has(name.text) ? undefined : name.text;
  }

  #call(name: string): void {
    const from = this.#next;
    const count = this.#arguments(undefined);
    if (name !== 'has') return;
    const inside = this.#tokens.slice(from, this.#next - 1);
    if (count !== 1 || inside.at(-1)?.kind !== 'name' || !['.', '?'].includes(inside.at(-2)?.text ?? '')) throw new Stumble('has() takes one field, as has(status.phase)', 'has');
  }

  /** Up to the closing bracket, which is taken; answers how many there were. */
  #arguments(macro: string | undefined): number {
    let count = 0;
    const variable = macro === undefined ? undefined : this.#peek();
    if (variable !== undefined && variable.kind !== 'name') throw new Stumble(`${macro ?? ''}() begins with the name of a variable`, variable.text);
    if (variable !== undefined) this.#bound.push(variable.text);
    this.#list(')', 'the closing )', () => { count += 1; this.#expression(); });
    if (variable !== undefined) this.#bound.pop();
    if (macro !== undefined && MACROS[macro]?.includes(count) !== true) throw new Stumble(`${macro}() takes ${(MACROS[macro] ?? []).join(' or ')} arguments, here are ${count}`, macro);
    return count;
  }

  #map(): void {
    this.#list('}', 'the closing }', () => {
      this.#take('?');
      this.#expression();
      this.#need(':', 'the : after a key');
      this.#expression();
    });
  }

  #list(end: string, what: string, each: () => void): void {
    while (!this.#take(end)) {
      each();
      if (this.#take(',')) continue;
      this.#need(end, what);
      return;
    }
  }
}

/** Reads an expression as Flux would before it uses it. */
export function readCel(source: string): Cel {
  try {
    const parser = new Parser(source);
    parser.whole();
    return { trouble: undefined, names: [...parser.names] };
  } catch (error) {
    if (!(error instanceof Stumble)) throw error;
    return { trouble: { because: error.message, at: error.at }, names: [] };
  }
}
