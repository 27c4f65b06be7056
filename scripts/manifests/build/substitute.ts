import type { KubeObject } from '../../config/cluster.ts';
import type { Path } from '../../config/source.ts';
import { isObject, isPlain } from './data.ts';
import { expressionsOf, ExpressionError, fillTemplate, parseTemplate, type Expression, type Template } from './envsubst.ts';
import { styleOf, written } from './emit.ts';
import { unknownOf } from './unknown.ts';
import { plainValue, readYaml } from './yaml.ts';

/** Filling in the variables of an object, as Flux does it in the object's YAML text, scalar by scalar. */

export const SUBSTITUTE = 'kustomize.toolkit.fluxcd.io/substitute';

/** Is substitution switched off for this object, by label or annotation? */
export function substitutionDisabled({ metadata: { labels, annotations } }: KubeObject): boolean {
  return labels?.[SUBSTITUTE] === 'disabled' || annotations?.[SUBSTITUTE] === 'disabled';
}

/** A text of an object that has something to fill in. */
export interface Hole { readonly path: Path; readonly text: string; readonly key: boolean; readonly template: Template | ExpressionError }

const holes = new WeakMap<KubeObject, readonly Hole[]>();

/** Where an object has something to fill in; worked out once, however many clusters share the object. */
export function holesOf(object: KubeObject): readonly Hole[] {
  const known = holes.get(object);
  if (known !== undefined) return known;
  const found: Hole[] = [];
  collect(object, [], found);
  holes.set(object, found);
  return found;
}

const INTERESTING = /\$[{$]/;
function collect(value: unknown, path: Path, into: Hole[]): void {
  if (typeof value === 'string') {
    if (value.includes('$') && INTERESTING.test(value)) into.push({ path, text: value, key: false, template: templateOf(value) });
  } else if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) collect(value[index], [...path, index], into);
  } else if (isPlain(value)) {
    for (const key of Object.keys(value)) {
      const each = value[key];
      if (key.includes('$') && INTERESTING.test(key)) into.push({ path: [...path, key], text: key, key: true, template: templateOf(key) });
      // Paths are made only where they may be wanted.
      if (typeof each === 'string' ? each.includes('$') : typeof each === 'object' && each !== null) collect(each, [...path, key], into);
    }
  }
}
function templateOf(text: string): Template | ExpressionError {
  try {
    return parseTemplate(text);
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
}

/** What is wrong with a text that is to be filled in. */
export type Trouble =
  | { readonly is: 'expression'; readonly hole: Hole; readonly message: string; readonly offset: number }
  | { readonly is: 'undefined'; readonly hole: Hole; readonly expression: Expression }
  | { readonly is: 'yaml'; readonly hole: Hole; readonly message: string; readonly text: string };

/** Objects with what they were filled with last: asked again with the same, the very same comes back, and all that is known of it. */
const fillings = new WeakMap<KubeObject, { readonly asked: ReadonlyMap<string, string | undefined>; readonly filled: KubeObject }[]>();
/** Clusters that share an object, each with values of its own. */
const SHARED = 4;

/** An object with its variables filled in; the very same when there are none. Every trouble is told, what is troubled is marked as unknown. */
export function substituteObject(object: KubeObject, lookup: (name: string) => string | undefined, tell: (trouble: Trouble) => void): KubeObject {
  const found = holesOf(object);
  if (found.length === 0) return object;
  const known = fillings.get(object) ?? [];
  const same = known.find(({ asked }) => [...asked].every(([name, value]) => lookup(name) === value));
  if (same !== undefined) return same.filled;
  const asked = new Map<string, string | undefined>();
  let troubled = false;
  const filled = fillIn(object, [], found, (name) => {
    const value = lookup(name);
    asked.set(name, value);
    return value;
  }, (trouble) => { troubled = true; tell(trouble); });
  if (!isObject(filled)) return object;
  // What is wrong is told each time.
  if (!troubled) fillings.set(object, [{ asked, filled }, ...known.slice(0, SHARED - 1)]);
  return filled;
}

function fillIn(value: unknown, path: Path, here: readonly Hole[], lookup: (name: string) => string | undefined, tell: (trouble: Trouble) => void): unknown {
  const [own] = here;
  if (own === undefined) return value;
  if (typeof value === 'string') return scalar(own, lookup, tell);
  const depth = path.length;
  const below = new Map<string | number, Hole[]>();
  for (const hole of here) {
    const part = hole.path[depth];
    if (part === undefined) continue;
    const group = below.get(part);
    if (group === undefined) below.set(part, [hole]); else group.push(hole);
  }
  if (Array.isArray(value)) {
    const next: unknown[] = [...value];
    for (const [part, group] of below) next[Number(part)] = fillIn(value[Number(part)], [...path, part], group, lookup, tell);
    return next;
  }
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => {
    const group = below.get(key) ?? [];
    const named = group.find((hole) => hole.key && hole.path.length === depth + 1);
    const inner = group.filter((hole) => hole !== named);
    return [named === undefined ? key : String(scalar(named, lookup, tell)), inner.length === 0 ? each : fillIn(each, [...path, key], inner, lookup, tell)];
  }));
}

/** What becomes of one text. It need not stay a text: what is filled in is read as YAML. */
function scalar(hole: Hole, lookup: (name: string) => string | undefined, tell: (trouble: Trouble) => void): unknown {
  const { template, text } = hole;
  if (template instanceof ExpressionError) {
    tell({ is: 'expression', hole, message: template.message, offset: template.offset });
    return unknownOf('');
  }
  let out: string;
  const lacking = new Set<Expression>();
  out = fillTemplate(template, lookup, (expression) => { lacking.add(expression); return unknownOf(expression.name); });
  for (const expression of lacking) tell({ is: 'undefined', hole, expression });
  const style = styleOf(text);
  if (style === 'plain' && styleOf(out) === 'plain') return out;
  if (style === 'plain' && SIMPLE.test(out)) return plainValue(out, true);
  if (style === 'literal' && ends(out) === ends(text) && /^\s/.test(out) === /^\s/.test(text)) return out;
  // Quotes around it keep it what it is, as long as nothing in it ends them.
  if (style === 'single' && !out.includes("'") && !text.includes("'") && !BREAKS.test(out)) return out;
  if (style === 'double' && !/["\\]/.test(out) && !/["\\]/.test(text) && !BREAKS.test(out)) return out;
  return again(hole, style, lookup, tell);
}
/** Nothing but a word or a number: read without looking at the text around it. */
const SIMPLE = /^(?!-$)[\w.+-]+$/;
const BREAKS = /[\n\r\t]/;
const ends = (text: string): number => text.length - text.replace(/\n+$/, '').length;

/** Reads the line as Flux would. */
function again(hole: Hole, style: ReturnType<typeof styleOf>, lookup: (name: string) => string | undefined, tell: (trouble: Trouble) => void): unknown {
  const start = typeof hole.path.at(-1) === 'number' ? '-' : 'k:';
  const fill = (text: string): string => fillTemplate(parseTemplate(text), lookup, (expression) => unknownOf(expression.name));
  let yaml: string;
  try {
    yaml = hole.key ? `${written(hole.text, style, '', fill).trim()}: x\n` : written(hole.text, style, start, fill);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    tell({ is: 'expression', hole, message: error.message, offset: 0 });
    return unknownOf('');
  }
  const read = readYaml(yaml, true);
  if ('trouble' in read) {
    tell({ is: 'yaml', hole, message: read.trouble.message, text: yaml.trim() });
    return unknownOf('');
  }
  const [document] = read.documents;
  if (hole.key) return Object.keys(isPlain(document) ? document : {})[0] ?? hole.text;
  return Array.isArray(document) ? document[0] : isPlain(document) ? document['k'] : document;
}

/** Every expression of an object with where it stands; those that cannot be read are left out. */
export function* usesIn(object: KubeObject): Generator<{ readonly hole: Hole; readonly expression: Expression }> {
  for (const hole of holesOf(object)) {
    if (hole.template instanceof ExpressionError) continue;
    for (const expression of expressionsOf(hole.template)) yield { hole, expression };
  }
}
