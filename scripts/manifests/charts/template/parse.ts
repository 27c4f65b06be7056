import { actionsOf, TemplateError, type Token } from './lex.ts';

/** A Go template as far as it says what is read: its texts between actions are left out. */

export type Operand =
  | { readonly is: 'dot' }
  | { readonly is: 'field'; readonly names: readonly string[] }
  | { readonly is: 'variable'; readonly name: string; readonly names: readonly string[] }
  | { readonly is: 'function'; readonly name: string }
  | { readonly is: 'pipeline'; readonly pipeline: Pipeline; readonly names: readonly string[] }
  | { readonly is: 'text'; readonly text: string }
  | { readonly is: 'number'; readonly text: string }
  /** true, false, nil. */
  | { readonly is: 'word' };
export type Command = readonly Operand[];
export interface Pipeline { readonly variables: readonly string[]; readonly declares: boolean; readonly commands: readonly Command[] }

export type Node =
  | { readonly is: 'action'; readonly pipeline: Pipeline }
  | { readonly is: 'if' | 'with' | 'range'; readonly pipeline: Pipeline; readonly body: readonly Node[]; readonly otherwise: readonly Node[] }
  | { readonly is: 'template'; readonly name: string; readonly pipeline: Pipeline | undefined };

export interface Template {
  readonly body: readonly Node[];
  readonly defines: readonly { readonly name: string; readonly body: readonly Node[] }[];
  /** Every text constant in it. */
  readonly texts: readonly string[];
}

/** The parsed template; throws TemplateError for what Go would refuse, too. */
export function parseTemplate(text: string): Template {
  const parser = new Parser(actionsOf(text));
  const { nodes, ended } = parser.nodes();
  if (ended !== undefined) throw new TemplateError(`unexpected {{${ended}}}`);
  return { body: nodes, defines: parser.defines, texts: parser.texts };
}

class Parser {
  readonly #actions: readonly (readonly Token[])[];
  readonly defines: { name: string; body: readonly Node[] }[] = [];
  readonly texts: string[] = [];
  #at = 0;

  constructor(actions: readonly (readonly Token[])[]) {
    this.#actions = actions;
  }

  /** Nodes up to an end or an else (left to the caller, with what stands after it), or to the end of the text. */
  nodes(): { readonly nodes: readonly Node[]; readonly ended: 'end' | 'else' | undefined; readonly rest: readonly Token[] } {
    const nodes: Node[] = [];
    for (;;) {
      const action = this.#actions[this.#at];
      if (action === undefined) return { nodes, ended: undefined, rest: [] };
      this.#at += 1;
      const [first, ...rest] = action;
      if (first === undefined) continue;
      const word = first.is === 'identifier' ? first.text : '';
      if (word === 'end' || word === 'else') return { nodes, ended: word, rest };
      if (word === 'break' || word === 'continue') continue;
      if (word === 'if' || word === 'with' || word === 'range') nodes.push(this.#block(word, rest));
      else if (word === 'define') this.defines.push({ name: nameOf(rest), body: this.#toEnd() });
      else if (word === 'block') {
        const name = nameOf(rest);
        this.defines.push({ name, body: this.#toEnd() });
        nodes.push({ is: 'template', name, pipeline: this.#pipeline(rest.slice(1)) });
      } else if (word === 'template') nodes.push({ is: 'template', name: nameOf(rest), pipeline: rest.length > 1 ? this.#pipeline(rest.slice(1)) : undefined });
      else nodes.push({ is: 'action', pipeline: this.#pipeline(action) });
    }
  }

  #toEnd(): readonly Node[] {
    const { nodes, ended } = this.nodes();
    if (ended !== 'end') throw new TemplateError('a definition is not ended');
    return nodes;
  }

  #block(is: 'if' | 'with' | 'range', head: readonly Token[]): Node {
    const pipeline = this.#pipeline(head);
    const { nodes: body, ended, rest } = this.nodes();
    if (ended === 'end') return { is, pipeline, body, otherwise: [] };
    if (ended === undefined) throw new TemplateError(`{{${is}}} is not ended`);
    const [chained, ...condition] = rest;
    // {{else if x}} ends together with the first if.
    if (chained?.is === 'identifier' && (chained.text === 'if' || chained.text === 'with')) return { is, pipeline, body, otherwise: [this.#block(chained.text, condition)] };
    return { is, pipeline, body, otherwise: this.#toEnd() };
  }

  #pipeline(tokens: readonly Token[]): Pipeline {
    const reader = new Pieces(tokens, this.texts);
    const pipeline = reader.pipeline();
    if (!reader.ended) throw new TemplateError(`unexpected ${reader.next?.text ?? ''} in an action`);
    return pipeline;
  }
}

function nameOf([token]: readonly Token[]): string {
  if (token?.is !== 'string') throw new TemplateError('a template is named by a text in quotes');
  return token.text;
}

class Pieces {
  readonly #tokens: readonly Token[];
  readonly #texts: string[];
  #at = 0;

  constructor(tokens: readonly Token[], texts: string[]) {
    this.#tokens = tokens;
    this.#texts = texts;
  }

  get ended(): boolean { return this.#at >= this.#tokens.length; }
  get next(): Token | undefined { return this.#tokens[this.#at]; }

  pipeline(): Pipeline {
    const { variables, declares } = this.#declaration();
    const commands: Command[] = [];
    for (;;) {
      commands.push(this.#command());
      if (this.next?.is !== 'pipe') return { variables, declares, commands };
      this.#at += 1;
    }
  }

  /** `$x :=`, `$x =`, `$i, $x :=`. */
  #declaration(): { readonly variables: readonly string[]; readonly declares: boolean } {
    const one = this.#tokens[this.#at + 1];
    const two = this.#tokens[this.#at + 3];
    if (this.next?.is === 'variable' && (one?.is === 'declare' || one?.is === 'assign')) {
      const variables = [this.next.text];
      this.#at += 2;
      return { variables, declares: one.is === 'declare' };
    }
    if (this.next?.is === 'variable' && one?.is === 'comma' && (two?.is === 'declare' || two?.is === 'assign')) {
      const variables = [this.next.text, this.#tokens[this.#at + 2]?.text ?? ''];
      this.#at += 4;
      return { variables, declares: two.is === 'declare' };
    }
    return { variables: [], declares: false };
  }

  #command(): Command {
    const operands: Operand[] = [];
    while (this.next !== undefined && this.next.is !== 'pipe' && this.next.is !== 'close') operands.push(this.#operand());
    if (operands.length === 0) throw new TemplateError('a command is missing');
    return operands;
  }

  #operand(): Operand {
    const token = this.next;
    this.#at += 1;
    switch (token?.is) {
      case 'dot': return { is: 'dot' };
      case 'field': return { is: 'field', names: [token.text.slice(1), ...this.#names()] };
      case 'variable': return { is: 'variable', name: token.text, names: this.#names() };
      case 'identifier': return ['true', 'false', 'nil'].includes(token.text) ? { is: 'word' } : { is: 'function', name: token.text };
      case 'string': this.#texts.push(token.text); return { is: 'text', text: token.text };
      case 'char': case 'number': return { is: 'number', text: token.text };
      case 'open': {
        const pipeline = this.pipeline();
        if (this.next?.is !== 'close') throw new TemplateError('a parenthesis is not closed');
        this.#at += 1;
        return { is: 'pipeline', pipeline, names: this.#names() };
      }
      default: throw new TemplateError(`unexpected ${token?.text ?? 'end'} in an action`);
    }
  }

  /** `.a.b` that stands right after something. */
  #names(): readonly string[] {
    const names: string[] = [];
    while (this.next?.is === 'field' && this.next.glued) {
      names.push(this.next.text.slice(1));
      this.#at += 1;
    }
    return names;
  }
}
