import { listed, nearest } from '../../config/words.ts';
import type { Path } from '../../config/source.ts';
import { isPlain, list, plain } from '../build/data.ts';
import { isUnknown } from '../build/unknown.ts';
import type { Built, Found } from '../model.types.ts';
import { evaluate } from './evaluate.ts';
import { fieldsAt, oneSlip, saysAt, schemasAt, spell, valueAt } from './look.ts';
import type { JsonSchema, Trouble } from './trouble.ts';

export type SchemaRule = 'schema-field' | 'schema-required' | 'schema-type' | 'schema-value' | 'schema-choice' | 'schema-missing' | 'schema-unchecked';
export type SchemaFound = Omit<Found, 'rule'> & { readonly rule: SchemaRule };

/** An object as it was judged: of the tree, of a chart, or one that stands inside another (`prefix`). */
export interface Subject {
  readonly built: Built;
  readonly object: unknown;
  readonly kind: string;
  readonly prefix: Path;
}

/** A trouble in plain words, at its place. [] where nothing can be said: the value is not known, or encrypted. */
export function explain(subject: Subject, schema: JsonSchema | undefined, trouble: Trouble): readonly SchemaFound[] {
  const { object } = subject;
  const value = valueAt(object, trouble.path);
  const name = spell([...subject.prefix, ...trouble.path]);
  const at = { path: trouble.path };
  switch (trouble.is) {
    case 'extra': return trouble.keys.flatMap((key) => extra(subject, schema, trouble.path, key));
    case 'missing': return missing(subject, schema, trouble.path, trouble.keys);
    case 'type': {
      // Labels and annotations have a rule of their own, which also sees those of custom resources.
      if (veiled(value) || ['labels', 'annotations'].some((each) => trouble.path.at(-2) === each && trouble.path.at(-3) === 'metadata')) return [];
      const wanted = words(trouble.want);
      return [place(subject, 'schema-type', at, `${name} is ${described(subject, trouble.path, value)}, but ${wanted} is wanted`, typeHint(subject, value, trouble.want, schema, trouble.path), quoteFix(subject, trouble, value))];
    }
    case 'enum': {
      if (veiled(value)) return [];
      const near = typeof value === 'string' ? trouble.want.find((each) => oneSlip(each, value)) ?? nearest(value, trouble.want) : undefined;
      const sure = typeof value === 'string' && near !== undefined && !isHidden(subject, trouble.path) && trouble.want.filter((each) => oneSlip(each, value)).length === 1 && oneSlip(near, value) && written(subject, trouble.path) === value;
      const all = trouble.want.map((each) => (each === '' ? '"" (nothing)' : each));
      return [place(subject, 'schema-value', at, `${name} is ${described(subject, trouble.path, value)}, which is none of the values it may have`, near === undefined || near === '' ? `write one of ${listed(all.slice(0, 20))}` : `did you mean ${near}? It may be ${listed(all.slice(0, 20))}`, sure ? { from: String(value), to: near ?? '' } : undefined)];
    }
    case 'pattern': return veiled(value) ? [] : [place(subject, 'schema-value', at, `${name} ${described(subject, trouble.path, value)} is not written as it must be`, patternHint(trouble.want, schema, trouble.path))];
    case 'format': return veiled(value) ? [] : [place(subject, 'schema-value', at, `${name} ${described(subject, trouble.path, value)} is no ${trouble.want}`, trouble.want === 'duration' ? 'write it like 30s, 5m or 1h30m' : `write it as a ${trouble.want}`)];
    case 'bound': return veiled(value) ? [] : [place(subject, 'schema-value', at, boundWords(name, trouble), saysAt(schema, trouble.path) ?? 'change it so that it keeps to that')];
    case 'same': return [place(subject, 'schema-value', { path: [...trouble.path, trouble.second] }, `${name} holds the same twice, at ${trouble.first + 1} and ${trouble.second + 1}`, 'remove one of the two')];
    case 'form': return veiled(value) ? [] : form(subject, schema, trouble, name);
    case 'other': return [place(subject, 'schema-choice', at, `${name === '' ? subject.kind : name} does not fit its schema`, `kubeconform says: ${trouble.said.replace(/^problem validating schema\. Check JSON formatting: /, '').slice(0, 200)}`)];
  }
}

/** Whether a value, or something in it, is not known here: a variable only the cluster has, or what SOPS encrypted. */
function veiled(value: unknown): boolean {
  if (typeof value === 'string') return isUnknown(value) || value.startsWith('ENC[');
  if (Array.isArray(value)) return value.some(veiled);
  return isPlain(value) && Object.values(value).some(veiled);
}

/** A finding at its place; what a chart makes is placed at its HelmRelease, so the words say where it is wrong. */
function place({ built, prefix }: Subject, rule: SchemaRule, at: { readonly path: Path; readonly key?: true }, message: string, hint: string, fix?: { readonly from: string; readonly to: string }): SchemaFound {
  const rendered = built.release !== undefined;
  return {
    rule, built, path: [...prefix, ...at.path], ...(at.key === true ? { key: true as const } : {}),
    message: rendered ? `${message}, as ${chartOf(built)} makes it` : message,
    hint: rendered ? `${hint}; look for the value that sets it, or for another version of the chart` : hint,
    ...(fix === undefined || rendered ? {} : { fix }),
  };
}
function chartOf({ release, origin }: Built): string {
  return `the chart of HelmRelease ${release?.object.metadata.namespace ?? ''}/${release?.object.metadata.name ?? ''}${origin.template === undefined ? '' : ` (${origin.template})`}`;
}

function extra(subject: Subject, schema: JsonSchema | undefined, path: Path, key: string): readonly SchemaFound[] {
  // What SOPS writes into an object it encrypted is taken out before it is applied.
  if (key === 'sops' && path.length === 0) return [];
  const value = valueAt(subject.object, [...path, key]);
  const fields = fieldsAt(schema, path);
  const present = Object.keys(plain(valueAt(subject.object, path)));
  const near = nearest(key, fields.filter((each) => !present.includes(each)));
  const where = path.length === 0 ? subject.kind : spell([...subject.prefix, ...path]);
  const upper = [...path].map((_, index) => path.slice(0, index)).toReversed().find((each) => fieldsAt(schema, each).includes(key));
  const inner = fields.find((each) => fieldsAt(schema, [...path, each]).includes(key));
  const hint = near !== undefined ? `did you mean ${near}?`
    : upper !== undefined ? `it is a field of ${upper.length === 0 ? 'the object itself' : spell([...subject.prefix, ...upper])}: look at the indentation`
      : inner !== undefined ? `it is a field of ${spell([...subject.prefix, ...path, inner])}: move it there`
        : fields.length === 0 || fields.length > 30 ? 'remove it, or look into the documentation of its version' : `remove it; there are ${listed(fields)}`;
  const sure = near !== undefined && fields.filter((each) => oneSlip(each, key)).length === 1 && oneSlip(near, key) && schemasAt(schema, [...path, near]).slice(0, 1).every((each) => evaluate(each, value).is === 'valid');
  return [place(subject, 'schema-field', { path: [...path, key], key: true }, `${where} has no field ${key}`, hint, sure && near !== undefined ? { from: key, to: near } : undefined)];
}

function missing(subject: Subject, schema: JsonSchema | undefined, path: Path, keys: readonly string[]): readonly SchemaFound[] {
  const raw = valueAt(subject.built.object, [...subject.prefix, ...path]);
  // Given as null where null is a value of its own.
  const wanting = keys.filter((key) => !(isPlain(raw) && raw[key] === null && schemasAt(schema, [...path, key]).some((each) => list(each['type']).includes('null'))));
  if (wanting.length === 0) return [];
  const name = spell([...subject.prefix, ...path]);
  const [only] = wanting.length === 1 ? wanting : [];
  const says = only === undefined ? undefined : saysAt(schema, [...path, only]);
  const last = path.at(-1);
  const at = path.length === 0 ? { path: ['kind'] } : { path, ...(typeof last === 'string' ? { key: true as const } : {}) };
  return [place(subject, 'schema-required', at, `${name === '' ? subject.kind : name} needs ${listed(wanting)}, and ${wanting.length === 1 ? 'it is' : 'they are'} not there`, says === undefined ? `add ${listed(wanting)}` : `add ${only ?? ''}: ${says}`)];
}

function form(subject: Subject, schema: JsonSchema | undefined, trouble: Extract<Trouble, { is: 'form' }>, name: string): readonly SchemaFound[] {
  const { path, forms, which } = trouble;
  const here = name === '' ? subject.kind : name;
  const here2 = { path: path.length === 0 ? ['kind'] : path };
  if (which === 'not') return [place(subject, 'schema-choice', here2, `${here} stands as its schema forbids`, saysAt(schema, path) ?? 'look into the documentation of its fields')];
  const groups = schemasAt(schema, path).flatMap((each) => list(each[which])).map((each) => list(plain(each)['required']).map(String)).filter((each) => each.length > 0);
  const choices = listed([...new Set(groups.map((each) => each.join(' with ')))]).replace(/ and ([^,]*)$/, ' or $1');
  if (trouble.matched > 1) return [place(subject, 'schema-choice', here2, groups.length > 0 ? `${here} has more than one of ${choices}, which exclude each other` : `${here} can be read in more than one way`, groups.length > 0 ? 'keep one of them' : saysAt(schema, path) ?? 'look into the documentation of its fields')];
  const flat = forms.flat();
  const sameplace = flat.every((each) => each.path.length === path.length);
  if (flat.length > 0 && sameplace && flat.every((each) => each.is === 'type')) {
    const want = [...new Set(flat.flatMap((each) => (each.is === 'type' ? each.want : [])))];
    const value = valueAt(subject.object, path);
    return [place(subject, 'schema-type', { path }, `${here} is ${described(subject, path, value)}, but ${words(want)} is wanted`, typeHint(subject, value, want, schema, path))];
  }
  if (groups.length > 1 && (flat.length === 0 || (sameplace && flat.every((each) => each.is === 'missing')))) return [place(subject, 'schema-choice', here2, `${here} needs one of ${choices}`, `add one of them${groups.length > 1 && which === 'oneOf' ? ', not more' : ''}`)];
  // The form that came closest is the one that was meant.
  const [best, second] = forms.toSorted((a, b) => a.length - b.length || depth(b) - depth(a));
  if (best !== undefined && (which === 'allOf' || second === undefined || best.length < second.length || depth(best) > depth(second))) return best.flatMap((each) => explain(subject, schema, each));
  return [place(subject, 'schema-choice', here2, `${here} fits none of the forms it may have`, saysAt(schema, path) ?? 'look into the documentation of its fields')];
}
function depth(troubles: readonly Trouble[]): number {
  return Math.max(0, ...troubles.map((each) => each.path.length));
}

const WORDS: Readonly<Record<string, string>> = { string: 'text', integer: 'a whole number', number: 'a number', boolean: 'true or false', array: 'a list', object: 'a map', null: 'nothing' };
function words(types: readonly string[]): string {
  return listed([...new Set(types.map((each) => WORDS[each] ?? each))]).replace(/ and ([^,]*)$/, ' or $1');
}

/** What stands there: what it is, and the value itself where it is short and no secret. */
function described(subject: Subject, path: Path, value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (isPlain(value)) return 'a map';
  if (value === null || value === undefined) return 'nothing';
  if (isHidden(subject, path)) return typeof value === 'string' ? 'text' : typeof value === 'number' ? 'a number' : 'true or false';
  const shown = String(value).length > 60 ? `"${String(value).slice(0, 57)}..."` : JSON.stringify(value);
  return typeof value === 'string' ? `the text ${shown}` : typeof value === 'number' ? `the number ${shown}` : shown;
}

/** What may be a secret is neither shown nor put into a fix. */
function isHidden(subject: Subject, path: Path): boolean {
  return subject.kind === 'Secret' || path.some((part) => typeof part === 'string' && /pass|secret|token|credential|apikey|privatekey/i.test(part));
}

function typeHint(subject: Subject, value: unknown, want: readonly string[], schema: JsonSchema | undefined, path: Path): string {
  if (want.includes('string') && (typeof value === 'number' || typeof value === 'boolean')) return isHidden(subject, path) ? 'put it in quotes' : `put it in quotes: "${String(value)}"`;
  if (typeof value === 'string' && /^-?\d+$/.test(value) && want.includes('integer')) return 'write it without quotes; if a variable makes it, keep the quotes away from the ${...}';
  if (typeof value === 'string' && /^(?:true|false)$/.test(value) && want.includes('boolean')) return 'write it without quotes; if a variable makes it, keep the quotes away from the ${...}';
  if (want.includes('array') && value !== undefined && !Array.isArray(value)) return 'begin it with "- ": it is a list, also when it has one item';
  if (want.includes('object') && Array.isArray(value)) return 'it is a map: write its fields without "- "';
  return saysAt(schema, path) ?? 'look at the indentation, and into the documentation of this field';
}

/** Quotes round what is wanted as text: only where the file says just that value. */
function quoteFix(subject: Subject, { want, path }: Extract<Trouble, { is: 'type' }>, value: unknown): { readonly from: string; readonly to: string } | undefined {
  if (isHidden(subject, path) || !want.includes('string') || (typeof value !== 'number' && typeof value !== 'boolean') || written(subject, path) !== value) return undefined;
  return Number.isInteger(value) || typeof value === 'boolean' ? { from: String(value), to: `"${String(value)}"` } : undefined;
}

/** The value as it stood before variables were filled in. */
function written(subject: Subject, path: Path): unknown {
  return subject.built.release === undefined ? valueAt(subject.built.raw, [...subject.prefix, ...path]) : undefined;
}

function patternHint(pattern: string, schema: JsonSchema | undefined, path: Path): string {
  if (/\(ms\|s\|m\|h\)|\[smh\]|\(s\|m\|h\)/.test(pattern)) return 'write a duration like 30s, 5m or 1h30m';
  const says = saysAt(schema, path);
  const short = pattern.length > 80 ? undefined : `it must match ${pattern}`;
  return [says, short].filter((each) => each !== undefined).join('; ') || 'look into the documentation of this field';
}

function boundWords(name: string, { which, got, want }: Extract<Trouble, { is: 'bound' }>): string {
  switch (which) {
    case 'minimum': return `${name} is ${got}, less than ${want}, the least it may be`;
    case 'maximum': return `${name} is ${got}, more than ${want}, the most it may be`;
    case 'exclusiveMinimum': return `${name} is ${got}, and must be more than ${want}`;
    case 'exclusiveMaximum': return `${name} is ${got}, and must be less than ${want}`;
    case 'minLength': return want === 1 ? `${name} is empty` : `${name} has ${got} characters, less than ${want}`;
    case 'maxLength': return `${name} has ${got} characters, more than ${want}`;
    case 'minItems': return got === 0 ? `${name} is an empty list, and needs at least ${want}` : `${name} has ${got} items, less than ${want}`;
    case 'maxItems': return `${name} has ${got} items, more than ${want}`;
    case 'minProperties': return `${name} has ${got} fields, less than ${want}`;
    case 'maxProperties': return `${name} has ${got} fields, more than ${want}`;
    default: return `${name} is ${got}, which is no multiple of ${want}`;
  }
}
