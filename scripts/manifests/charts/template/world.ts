import type { Chart } from '../chart.ts';
import { absOf, ANY_TEXT, canBegin, canBeSame, join, joinAll, longer, Made, NOTHING, type Abs, type Instance, type Ref } from './abstract.ts';

/**
 * What is read at a place. `whole`: everything below it as well; `truth`: whether it is empty; `touch`: the value itself, or that
 * it is there.
 */
export type Reading = 'whole' | 'truth' | 'touch';
export interface Read { readonly path: readonly string[]; readonly how: Reading }

/** Places looked at; ordinary charts need a hundredth. */
const EFFORT = 1_000_000;

/** Thrown when so much may be read that nothing can be said. */
export class TooMuch extends Error {}

/** Methods of Helm's type for values: with them everything is at hand. */
const METHODS = new Set(['AsMap', 'YAML', 'Encode', 'Table', 'PathValue']);

interface Alias { readonly path: readonly string[]; abs: Abs }
const isWild = (path: readonly string[]): boolean => path.includes('*') || path.at(-1) === '**';

/** What has been learned of all templates of a chart together. Grows until nothing more is learned. */
export class World {
  readonly instances: readonly Instance[];
  readonly top: Instance;
  /** Counts what is learned. */
  version = 0;
  /** A checksum is being made: everything at once is not read by it. */
  summing = false;
  readonly #reads = new Map<string, Read>();
  /** What templates, imports and globals put at places of the values. */
  readonly #aliases = new Map<string, Alias>();
  /** Those of them with `*` in their place. */
  readonly #wild: Alias[] = [];
  #effort = 0;
  readonly #prefixes = new Set<string>();
  /** What templates set in their `.`. */
  readonly #rootFields = new Map<number, Map<string, Abs>>();
  readonly #rootSpread = new Map<number, Abs>();
  readonly #made = new Map<object, Made>();

  constructor(chart: Chart) {
    const instances: Instance[] = [];
    const instanceOf = (each: Chart, prefix: readonly string[]): Instance => {
      const children = each.charts.map((child) => instanceOf(child, [...prefix, child.called]));
      const instance = { id: instances.length, chart: each, prefix, children };
      instances.push(instance);
      return instance;
    };
    this.top = instanceOf(chart, []);
    this.instances = instances;
    for (const instance of instances) {
      this.#prefixes.add(instance.prefix.join('\0'));
      for (const child of instance.children) this.putAt([...child.prefix, 'global'], absOf({ is: 'values', path: [...instance.prefix, 'global'] }));
      for (const { called, conditions, tags, imports } of instance.chart.dependencies) {
        for (const condition of conditions) this.read([...instance.prefix, ...condition.split('.')], 'touch');
        for (const tag of tags) this.read(['tags', tag], 'touch');
        for (const { child, parent } of imports) this.putAt([...instance.prefix, ...parent], absOf({ is: 'values', path: [...instance.prefix, called, ...child] }));
      }
    }
  }

  /** A chart as the names of its templates begin. */
  nameOf(instance: Instance): string {
    const parent = this.instances.find((each) => each.children.includes(instance));
    return parent === undefined ? instance.chart.name : `${this.nameOf(parent)}/charts/${instance.chart.called}`;
  }

  get reads(): readonly Read[] { return [...this.#reads.values()]; }

  read(path: readonly string[], how: Reading): void {
    const key = `${how} ${path.join('\0')}`;
    if (this.#reads.has(key)) return;
    if (how === 'whole' && this.summing && this.#prefixes.has(path.join('\0'))) return;
    if (how === 'whole' && path.length === 0) throw new TooMuch();
    this.#reads.set(key, { path, how });
    this.version += 1;
  }

  /** Everything in a value is read. */
  whole(abs: Abs, seen = new Set<Made>()): void {
    for (const ref of abs.refs.values()) {
      if (ref.is === 'values') this.read(ref.path, 'whole');
      else if (ref.is === 'root') this.read(ref.instance.prefix, 'whole');
      else if (ref.is === 'subcharts') for (const child of ref.instance.children) this.read(child.prefix, 'whole');
      else if (!seen.has(ref.made)) {
        seen.add(ref.made);
        for (const each of [...ref.made.fields.values(), ref.made.any, ref.made.spread]) this.whole(each, seen);
      }
    }
  }

  /** Only this of a value is read. */
  look(abs: Abs, how: 'truth' | 'touch', seen = new Set<Made>()): void {
    for (const ref of abs.refs.values()) {
      if (ref.is === 'values') this.read(ref.path, how);
      else if (ref.is === 'made' && !seen.has(ref.made)) {
        seen.add(ref.made);
        this.look(ref.made.spread, how, seen);
      }
    }
  }

  /** Which keys a value has is read. */
  lookAtKeys(abs: Abs): void {
    this.look(this.field(abs, '*'), 'touch');
    this.look(abs, 'truth');
  }

  /** What lies at a place of the values. */
  valuesAt(path: readonly string[]): Abs {
    const others = isWild(path) ? this.#aliases : this.#wild;
    this.#effort += 1 + (others instanceof Map ? others.size : others.length);
    if (this.#effort > EFFORT) throw new TooMuch();
    let found = absOf({ is: 'values', path });
    const own = this.#aliases.get(path.join('\0'));
    if (own !== undefined) found = join(found, own.abs);
    for (const alias of others.values()) if (alias !== own && canBeSame(alias.path, path)) found = join(found, alias.abs);
    return found;
  }

  putAt(path: readonly string[], abs: Abs): void {
    const key = path.join('\0');
    const known = this.#aliases.get(key);
    const before = known?.abs ?? NOTHING;
    const after = join(before, abs);
    if (after === before) return;
    const alias = known ?? { path, abs: after };
    alias.abs = after;
    if (known === undefined) this.#aliases.set(key, alias);
    if (known === undefined && isWild(path)) this.#wild.push(alias);
    this.version += 1;
  }

  /** What is put below a place that is read whole is read, too. */
  close(): void {
    for (const { path, how } of this.reads) {
      if (how !== 'whole') continue;
      for (const alias of this.#aliases.values()) if (canBegin(path, alias.path)) this.whole(alias.abs);
    }
  }

  /** `.Values` as a chart is given them, whatever a template puts in their place. */
  givenValues(abs: Abs): Abs {
    return joinAll([...abs.refs.values()].map((ref) => (ref.is === 'root' ? this.valuesAt(ref.instance.prefix) : this.field({ refs: new Map([['', ref]]), texts: [] }, 'Values'))));
  }

  /** `.name` of a value; '*' for any key or item of it. */
  field(abs: Abs, name: string, seen = new Set<Made>()): Abs {
    // What came out of a text, or of the cluster, has fields nobody knows; what has not been learned yet has none so far.
    let found: Abs = abs.refs.size === 0 && abs.texts === undefined ? ANY_TEXT : NOTHING;
    for (const ref of abs.refs.values()) found = join(found, this.#fieldOf(ref, name, seen));
    return found;
  }

  #fieldOf(ref: Ref, name: string, seen: Set<Made>): Abs {
    if (ref.is === 'values') {
      if (METHODS.has(name) && this.#prefixes.has(ref.path.join('\0'))) this.read(ref.path, 'whole');
      return this.valuesAt(longer(ref.path, name));
    }
    if (ref.is === 'subcharts') return joinAll(ref.instance.children.filter((child) => name === '*' || child.chart.called === name).map((instance) => absOf({ is: 'root', instance })));
    if (ref.is === 'root') {
      const own = name === 'Values' ? this.valuesAt(ref.instance.prefix) : name === 'Subcharts' ? absOf({ is: 'subcharts', instance: ref.instance }) : name === '*' ? join(this.valuesAt(ref.instance.prefix), absOf({ is: 'subcharts', instance: ref.instance })) : ANY_TEXT;
      const fields = this.#rootFields.get(ref.instance.id);
      const put = name === '*' ? joinAll([...fields?.values() ?? []]) : join(fields?.get(name) ?? NOTHING, fields?.get('*') ?? NOTHING);
      const spread = this.#rootSpread.get(ref.instance.id);
      return joinAll([own === ANY_TEXT && put !== NOTHING ? NOTHING : own, put, spread === undefined ? NOTHING : this.#spreadField(spread, name, seen, ref)]);
    }
    if (seen.has(ref.made)) return NOTHING;
    seen.add(ref.made);
    const { fields, any, spread } = ref.made;
    const put = name === '*' ? joinAll([...fields.values()]) : fields.get(name) ?? NOTHING;
    const found = joinAll([put, any, spread.refs.size === 0 ? NOTHING : this.field(spread, name, seen)]);
    seen.delete(ref.made);
    return found;
  }

  /** What is merged into a `.` may hold that `.` itself. */
  #spreadField(spread: Abs, name: string, seen: Set<Made>, root: Ref & { readonly is: 'root' }): Abs {
    const others = [...spread.refs.values()].filter((ref) => !(ref.is === 'root' && ref.instance === root.instance));
    return this.field({ refs: new Map(others.map((ref, index) => [String(index), ref])), texts: [] }, name, seen);
  }

  /** Whatever has a key: `index`, `get`, a map made with a key that is known only when it runs. */
  byKey(abs: Abs, key: Abs): Abs {
    if (key.texts === undefined || key.refs.size > 0) return this.field(abs, '*');
    return joinAll(key.texts.map((text) => (text.length === 1 && typeof text[0] === 'string' ? this.field(abs, text[0]) : this.field(abs, '*'))));
  }

  /** The map or list a place in a template makes. */
  made(site: object): Made {
    let made = this.#made.get(site);
    if (made === undefined) {
      made = new Made(this.#made.size);
      this.#made.set(site, made);
    }
    return made;
  }

  /** `set`: puts a value below a key of whatever `into` may be. */
  set(into: Abs, key: Abs, value: Abs): void {
    const names = key.texts === undefined || key.refs.size > 0 ? ['*'] : key.texts.map((text) => (text.length === 1 && typeof text[0] === 'string' ? text[0] : '*'));
    for (const ref of into.refs.values()) {
      for (const name of names) {
        if (ref.is === 'values') this.putAt(longer(ref.path, name), value);
        else if (ref.is === 'made' && name === '*') this.#grow(ref.made.any, value, (abs) => { ref.made.any = abs; });
        else if (ref.is === 'made') this.#grow(ref.made.fields.get(name) ?? NOTHING, value, (abs) => ref.made.fields.set(name, abs));
        else if (ref.is === 'root') {
          const fields = this.#rootFields.get(ref.instance.id) ?? new Map<string, Abs>();
          this.#rootFields.set(ref.instance.id, fields);
          this.#grow(fields.get(name) ?? NOTHING, value, (abs) => fields.set(name, abs));
        }
      }
    }
  }

  /** `merge`: the keys of `from` become keys of whatever `into` may be. */
  merge(into: Abs, from: Abs): void {
    for (const ref of into.refs.values()) {
      if (ref.is === 'values') this.putAt(ref.path, from);
      else if (ref.is === 'made') this.#grow(ref.made.spread, from, (abs) => { ref.made.spread = abs; });
      else if (ref.is === 'root') this.#grow(this.#rootSpread.get(ref.instance.id) ?? NOTHING, from, (abs) => this.#rootSpread.set(ref.instance.id, abs));
    }
  }

  #grow(before: Abs, more: Abs, keep: (abs: Abs) => void): void {
    const after = join(before, more);
    if (after === before) return;
    keep(after);
    this.version += 1;
  }
}
