import type { Path } from '../../../config/source.ts';
import { get, isPlain } from '../../build/data.ts';
import { isUnknown } from '../../build/unknown.ts';
import type { Built, Found, Rule } from '../../model.types.ts';
import { judgedAlone } from '../../view.ts';

type Say = Omit<Found, 'rule'>;

const NAME = /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/;
const LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const VALUE = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;
const KEY = /^(?:([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/** Kinds whose names become names in DNS; and those whose names may be nearly anything (`system:...`). */
const AS_LABEL = new Set(['Namespace', 'Service']);
const FREE = new Set(['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding', 'APIService']);

/** What a label cannot hold, in words; undefined for a good one. */
function labelTrouble(value: string): string | undefined {
  if (value.length > 63) return `has ${value.length} characters, and may have 63`;
  return VALUE.test(value) ? undefined : 'may hold letters, digits, "-", "_" and ".", and begins and ends with a letter or digit';
}

function nameTrouble(kind: string, name: string): string | undefined {
  if (FREE.has(kind)) return /[/%]/.test(name) ? 'may not hold "/" or "%"' : undefined;
  if (AS_LABEL.has(kind)) return name.length > 63 ? `has ${name.length} characters, and may have 63` : LABEL.test(name) ? undefined : 'may hold small letters, digits and "-", and begins and ends with a letter or digit';
  return name.length > 253 ? `has ${name.length} characters, and may have 253` : NAME.test(name) ? undefined : 'may hold small letters, digits, "-" and ".", and begins and ends with a letter or digit';
}

/** The labels and annotations of an object and of the templates in it whose objects get them. */
const TEMPLATES: readonly Path[] = [[], ['spec', 'template'], ['spec', 'jobTemplate'], ['spec', 'jobTemplate', 'spec', 'template']];

function* troubles(built: Built): Iterable<Say> {
  const { object } = built;
  const { name } = object.metadata;
  const wrong = isUnknown(name) ? undefined : nameTrouble(object.kind, name);
  if (wrong !== undefined) yield { built, path: ['metadata', 'name'], message: `the name "${name.length > 80 ? `${name.slice(0, 77)}...` : name}" ${wrong}`, hint: 'choose another name; where a variable makes it, look at its value' };
  for (const at of TEMPLATES) {
    for (const field of ['labels', 'annotations']) {
      const map = get(object, ...at, 'metadata', field);
      if (!isPlain(map)) continue;
      for (const [key, value] of Object.entries(map)) yield* entry(built, [...at, 'metadata', field, key], field, key, value);
    }
  }
}

function* entry(built: Built, path: Path, field: string, key: string, value: unknown): Iterable<Say> {
  const one = field.slice(0, -1);
  const [prefix = ''] = key.includes('/') ? key.split('/') : [];
  if (!isUnknown(key) && (!KEY.test(key) || prefix.length > 253 || key.length - prefix.length > 64)) {
    yield { built, path, key: true, message: `"${key.slice(0, 100)}" is no key of ${field}: at most one "/", and before it a name of DNS`, hint: 'write it like app.kubernetes.io/name' };
  }
  // A null is dropped before anybody sees it.
  if (value === null || isUnknown(value)) return;
  if (typeof value !== 'string') {
    const plain = typeof value === 'number' || typeof value === 'boolean';
    const raw = get(built.raw, ...path);
    const quotable = plain && raw === value && (typeof value === 'boolean' || Number.isInteger(value));
    yield { built, path, message: `the ${one} ${key} is ${plain ? `${typeof value === 'number' ? 'the number ' : ''}${String(value)}` : 'no text'}, but text is wanted`, hint: plain ? `put it in quotes: "${String(value)}"` : 'labels and annotations are texts', ...(quotable ? { fix: { from: String(value), to: `"${String(value)}"` } } : {}) };
  } else if (field === 'labels') {
    const wrong = labelTrouble(value);
    if (wrong !== undefined) yield { built, path, message: `the label ${key} ${wrong}`, hint: 'shorten or change its value, or make it an annotation' };
  }
}

export const metadata: Rule = {
  id: 'metadata', severity: 'error',
  summary: 'Names, labels and annotations are written as Kubernetes takes them',
  why: 'The API server refuses the object. Schemas of custom resources say nothing about metadata, so nothing else finds it.',
  *check(view) {
    for (const built of judgedAlone(view)) {
      for (const { fix, ...found } of troubles(built)) {
        if (built.release !== undefined) yield { ...found, message: `${found.message}, as the chart makes it`, hint: `${found.hint}; look for the value that sets it` };
        else yield fix === undefined ? found : { ...found, fix };
      }
    }
  },
};
