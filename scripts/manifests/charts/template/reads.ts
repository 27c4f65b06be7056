import type { Chart } from '../chart.ts';
import { absKey, absOf, ANY_TEXT, join, NOTHING, textOf, type Abs } from './abstract.ts';
import { FUNCTIONS, nameMatcher } from './functions.ts';
import { TemplateError } from './lex.ts';
import { parseTemplate, type Command, type Node, type Operand, type Pipeline, type Template } from './parse.ts';
import { TooMuch, World, type Read } from './world.ts';

/** Steps, rounds, ways to call one template, turns of a loop: beyond them nothing is said. Ordinary charts need a tenth of each. */
const STEPS = 60_000;
const ROUNDS = 12;
const WAYS = 32;
const LOOPS = 24;

const HASHES = new Set(['sha256sum', 'sha1sum', 'sha512sum', 'adler32sum']);

interface Define { readonly name: string; readonly body: readonly Node[]; readonly ways: Map<string, number>; all: Abs }

/** A variable; `id` grows, so that older ones are told from newer ones. */
interface Cell { readonly id: number; abs: Abs }

class Scope {
  readonly #parent: Scope | undefined;
  readonly #cells = new Map<string, Cell>();
  constructor(parent?: Scope) { this.#parent = parent; }
  declare(name: string, cell: Cell): void { this.#cells.set(name, cell); }
  cell(name: string): Cell | undefined { return this.#cells.get(name) ?? this.#parent?.cell(name); }
}
/** `given`: no template has been seen yet to put something in the place of `.Values` here, though one will. */
interface Frame { readonly dot: Abs; readonly scope: Scope; readonly values: { given: boolean } }

/**
 * Which places of its values a chart can read, whatever they are set to: its templates and those of the charts in it, texts
 * among the values that are templates themselves (`strings`), conditions, tags and imports. Undefined: it cannot be told (everything may be).
 */
export function readsOf(chart: Chart, strings: readonly string[]): readonly Read[] | undefined {
  try {
    return new Reader(chart, strings).run();
  } catch (error) {
    if (error instanceof TooMuch || error instanceof TemplateError) return undefined;
    throw error;
  }
}

class Reader {
  readonly #world: World;
  readonly #defines: Define[] = [];
  readonly #bodies: { readonly body: readonly Node[]; readonly instance: World['top'] }[] = [];
  readonly #snippets: Define[] = [];
  /** Loops that are being read: the first cell that is younger than each, and whether an older one was changed in it. */
  readonly #loops: { readonly since: number; changed: boolean }[] = [];
  #cells = 0;
  #round = 0;
  #steps = 0;

  constructor(chart: Chart, strings: readonly string[]) {
    this.#world = new World(chart);
    const parsed = new Map<string, Template>();
    const texts = new Set(strings);
    let files = false;
    for (const instance of this.#world.instances) {
      for (const [path, text] of instance.chart.templates) {
        const template = parsed.get(text) ?? parseTemplate(text);
        if (!parsed.has(text)) for (const define of template.defines) this.#define(define.name, define.body);
        parsed.set(text, template);
        this.#bodies.push({ body: template.body, instance });
        // Templates can be included by their file as well.
        this.#define(`${this.#world.nameOf(instance)}/${path}`, template.body);
        for (const constant of template.texts) texts.add(constant);
        files ||= /\.Files\b/.test(text) && /\btpl\b/.test(text);
      }
    }
    if (files) for (const { chart: each } of this.#world.instances) for (const [path, text] of each.files) if (!/\.(?:md|gotmpl)$|^(?:values\.yaml|Chart\.yaml|LICENSE)$/.test(path)) texts.add(text);
    for (const text of texts) if (text.includes('{{')) this.#snippet(text);
  }

  #define(name: string, body: readonly Node[]): Define {
    const define = { name, body, ways: new Map<string, number>(), all: NOTHING };
    this.#defines.push(define);
    return define;
  }

  /** A text that `tpl` may be given. What is no template (its braces are another language's) cannot be run; one that names values all the same is not understood. */
  #snippet(text: string): void {
    try {
      const template = parseTemplate(text);
      for (const define of template.defines) this.#define(define.name, define.body);
      this.#snippets.push({ name: '', body: template.body, ways: new Map(), all: NOTHING });
    } catch (error) {
      if (!(error instanceof TemplateError) || text.includes('Values')) throw error;
    }
  }

  run(): readonly Read[] {
    for (this.#round = 1; this.#round <= ROUNDS; this.#round += 1) {
      const before = this.#world.version;
      for (const { body, instance } of this.#bodies) this.#walk(body, this.#frame(absOf({ is: 'root', instance }), body));
      this.#world.close();
      if (this.#world.version === before) return this.#world.reads;
    }
    throw new TooMuch();
  }

  #frame(dot: Abs, body: readonly Node[]): Frame {
    const scope = new Scope();
    this.#declare(scope, '$', dot);
    return { dot, scope, values: { given: replacesValues(body) } };
  }

  #declare(scope: Scope, name: string, abs: Abs): void {
    this.#cells += 1;
    scope.declare(name, { id: this.#cells, abs });
  }

  #walk(nodes: readonly Node[], frame: Frame): void {
    for (const node of nodes) this.#node(node, frame);
  }

  #node(node: Node, frame: Frame): void {
    if (node.is === 'action') {
      const value = this.#pipeline(node.pipeline, frame);
      if (node.pipeline.variables.length === 0) this.#world.whole(value);
      return;
    }
    if (node.is === 'template') {
      const dot = node.pipeline === undefined ? NOTHING : this.#pipeline(node.pipeline, frame);
      this.#call(textOf(node.name), dot);
      return;
    }
    const inner: Frame = { ...frame, scope: new Scope(frame.scope) };
    const value = this.#pipeline(node.pipeline, inner, node.is === 'range');
    this.#world.look(value, 'truth');
    if (node.is === 'range') this.#loop(node.pipeline, value, node.body, inner);
    else this.#walk(node.body, { ...frame, dot: node.is === 'with' ? value : frame.dot, scope: new Scope(inner.scope) });
    this.#walk(node.otherwise, { ...frame, scope: new Scope(inner.scope) });
  }

  /** Again and again, until a loop's variables hold nothing new. */
  #loop(pipeline: Pipeline, value: Abs, body: readonly Node[], frame: Frame): void {
    this.#world.lookAtKeys(value);
    const each = this.#world.field(value, '*');
    const [first, second] = pipeline.variables;
    for (let turn = 0; turn < LOOPS; turn += 1) {
      const loop = { since: this.#cells, changed: false };
      const scope = new Scope(frame.scope);
      if (first !== undefined && second === undefined) this.#declare(scope, first, each);
      if (first !== undefined && second !== undefined) {
        this.#declare(scope, first, ANY_TEXT);
        this.#declare(scope, second, each);
      }
      this.#loops.push(loop);
      this.#walk(body, { ...frame, dot: each, scope });
      this.#loops.pop();
      if (!loop.changed) return;
    }
    throw new TooMuch();
  }

  #pipeline(pipeline: Pipeline, frame: Frame, loops = false): Abs {
    let value: Abs | undefined;
    // What goes into a checksum of all values alone is not read: that only restarts something.
    const summed = pipeline.commands.some(([head], index) => index > 0 && head?.is === 'function' && HASHES.has(head.name));
    const before = this.#world.summing;
    this.#world.summing = summed;
    for (const command of pipeline.commands) value = this.#command(command, frame, value);
    this.#world.summing = before;
    const result = value ?? NOTHING;
    if (loops) return result;
    for (const name of pipeline.variables) {
      if (pipeline.declares) { this.#declare(frame.scope, name, result); continue; }
      const cell = frame.scope.cell(name);
      if (cell === undefined) continue;
      const after = join(cell.abs, result);
      if (after === cell.abs) continue;
      cell.abs = after;
      for (const loop of this.#loops) if (cell.id <= loop.since) loop.changed = true;
    }
    return result;
  }

  #command(command: Command, frame: Frame, piped: Abs | undefined): Abs {
    this.#steps += 1;
    if (this.#steps > STEPS) throw new TooMuch();
    const [head, ...rest] = command;
    if (head === undefined) return NOTHING;
    const args = [...rest.map((operand) => this.#operand(operand, frame)), ...(piped === undefined ? [] : [piped])];
    if (head.is === 'function') return this.#function(head.name, args, command, frame);
    const value = this.#operand(head, frame);
    if (args.length === 0) return value;
    // A method (.Files.Get, .Capabilities.APIVersions.Has): what it is given is read.
    for (const each of [value, ...args]) this.#world.whole(each);
    return ANY_TEXT;
  }

  #operand(operand: Operand, frame: Frame): Abs {
    switch (operand.is) {
      case 'dot': return frame.dot;
      case 'field': return this.#fields(frame.dot, operand.names, frame);
      case 'variable': return this.#fields(frame.scope.cell(operand.name)?.abs ?? ANY_TEXT, operand.names, frame);
      case 'pipeline': return this.#fields(this.#pipeline(operand.pipeline, frame), operand.names, frame);
      case 'text': return textOf(operand.text);
      case 'number': return textOf(operand.text);
      case 'word': return NOTHING;
      case 'function': return this.#function(operand.name, [], operand, frame);
    }
  }

  #fields(abs: Abs, names: readonly string[], frame: Frame): Abs {
    return names.reduce((value, name) => (name === 'Values' && frame.values.given ? this.#world.givenValues(value) : this.#world.field(value, name)), abs);
  }

  #function(name: string, args: readonly Abs[], site: object, frame: Frame): Abs {
    if (name === 'set' && args[1]?.texts?.some(([text]) => text === 'Values') === true) frame.values.given = false;
    if (name === 'include') {
      this.#world.whole(args[0] ?? NOTHING);
      this.#call(args[0] ?? ANY_TEXT, args[1] ?? NOTHING);
      return ANY_TEXT;
    }
    if (name === 'tpl') {
      this.#tpl(args[0] ?? ANY_TEXT, args[1] ?? NOTHING);
      return ANY_TEXT;
    }
    const plain = /^must[A-Z]/.test(name) ? name.charAt(4).toLowerCase() + name.slice(5) : name;
    const known = Object.hasOwn(FUNCTIONS, plain) ? FUNCTIONS[plain] : undefined;
    if (known !== undefined) return known(this.#world, args, site);
    for (const each of args) this.#world.whole(each);
    return ANY_TEXT;
  }

  /** Every template that may be meant, with this as its `.`. */
  #call(name: Abs, dot: Abs): void {
    const meant = nameMatcher(name);
    for (const define of this.#defines) if (meant(define.name)) this.#enter(define, dot);
  }

  #enter(define: Define, dot: Abs): void {
    let given = dot;
    if (define.ways.size >= WAYS) {
      // Too many to tell apart: as if called with all of them at once.
      define.all = join(define.all, dot);
      given = define.all;
    }
    const key = absKey(given);
    if (define.ways.get(key) === this.#round) return;
    define.ways.set(key, this.#round);
    const { summing } = this.#world;
    this.#world.summing = false;
    this.#walk(define.body, this.#frame(given, define.body));
    this.#world.summing = summing;
  }

  #tpl(text: Abs, dot: Abs): void {
    this.#world.whole(text);
    const constants = text.refs.size === 0 && text.texts !== undefined && text.texts.every((each) => each.length === 1 && typeof each[0] === 'string');
    // A constant was found by the parser already, among the texts of its template.
    if (constants && text.texts.every((each) => !String(each[0]).includes('{{'))) return;
    for (const snippet of this.#snippets) this.#enter(snippet, dot);
  }
}

const REPLACES = new WeakMap<readonly Node[], boolean>();

/** Whether there is a `set . "Values"` among these: what comes before it is about the values as they were given. */
function replacesValues(nodes: readonly Node[]): boolean {
  const known = REPLACES.get(nodes);
  if (known !== undefined) return known;
  const found = nodes.some((node) => (node.is === 'action' ? inPipeline(node.pipeline) : node.is !== 'template' && (inPipeline(node.pipeline) || replacesValues(node.body) || replacesValues(node.otherwise))));
  REPLACES.set(nodes, found);
  return found;
}

function inPipeline({ commands }: Pipeline): boolean {
  return commands.some(([head, , key, ...rest]) => (head?.is === 'function' && head.name === 'set' && key?.is === 'text' && key.text === 'Values') || [head, key, ...rest].some((each) => each?.is === 'pipeline' && inPipeline(each.pipeline)));
}
