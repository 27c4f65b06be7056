import { createHash } from 'node:crypto';
import type { KubeObject } from '../../config/cluster.ts';
import type { Path } from '../../config/source.ts';
import type { Source } from '../model.types.ts';
import { get, isPlain, plain, text } from './data.ts';
import { alter } from './fieldspecs.ts';
import { isClusterScoped } from './merge-keys.ts';
import { writtenBy } from './place.ts';
import { REFERENCES, type Reference } from './references.ts';
import { effectiveNamespace, edited, renamed, type Res, type Work } from './work.ts';

/** What kustomize does last: hashes behind the names of generated objects, and references that follow changed names. */
export function settle(work: Work, objects: readonly Res[]): readonly Res[] {
  const hashed = objects.map((res) => (res.hashed === true ? withHash(res) : res));
  const followed = hashed.some(({ was }) => was.length > 0) ? follow(work, hashed) : hashed;
  return followed.filter(({ object }) => { const local = object.metadata.annotations?.['config.kubernetes.io/local-config']; return local === undefined || local === 'false'; }).map((res) => tidied(work, res));
}

function withHash(res: Res): Res {
  const { object } = res;
  const name = `${object.metadata.name}-${hashOf(object)}`;
  return { ...renamed(res), object: { ...object, metadata: { ...object.metadata, name } } };
}

/** The hash kustomize puts behind a name; it has no part in where the name itself is written. */
export function hashOf(object: KubeObject): string {
  const encoded = object.kind === 'Secret'
    ? { data: object['data'] ?? '', kind: 'Secret', name: '', ...(isPlain(object['stringData']) ? { stringData: object['stringData'] } : {}), type: object['type'] ?? '' }
    : { ...(isPlain(object['binaryData']) ? { binaryData: object['binaryData'] } : {}), data: object['data'] ?? '', kind: 'ConfigMap', name: '' };
  const hex = createHash('sha256').update(goJson(encoded)).digest('hex');
  return hex.slice(0, 10).replaceAll(/[013ae]/g, (letter) => LETTERS[letter] ?? letter);
}
const LETTERS: Readonly<Record<string, string>> = { 0: 'g', 1: 'h', 3: 'k', a: 'm', e: 't' };

/** JSON as Go writes it: keys in order, and some characters escaped that others leave. */
function goJson(value: unknown): string {
  const sorted = (each: unknown): unknown => (Array.isArray(each) ? each.map(sorted) : isPlain(each) ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (Buffer.from(a).compare(Buffer.from(b)))).map(([key, inner]) => [key, sorted(inner)])) : each);
  return JSON.stringify(sorted(value)).replaceAll(/[<>&\u2028\u2029]|\\[bf]/g, (letter) => (letter === '\\b' ? '\\b' : letter === '\\f' ? '\\f' : `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`));
}

/** References to objects whose names or namespaces were changed. */
function follow(work: Work, objects: readonly Res[]): readonly Res[] {
  const byName = new Map<string, Res[]>();
  for (const res of objects) {
    for (const name of new Set(res.was.map((each) => each.name))) {
      const others = byName.get(name);
      if (others === undefined) byName.set(name, [res]); else others.push(res);
    }
  }
  const own = work.references;
  return objects.map((res) => {
    const first = res.was[0]?.kind ?? res.object.kind;
    let next = res;
    for (const reference of REFERENCES.get(first) ?? []) next = follows(work, next, reference, byName);
    for (const reference of own) if (reference.spec.kind === undefined || reference.spec.kind === '' || reference.spec.kind === first) next = follows(work, next, reference, byName);
    return next;
  });
}

function follows(work: Work, res: Res, reference: Reference, byName: ReadonlyMap<string, readonly Res[]>): Res {
  let out = res;
  const change = (value: unknown, path: Path): unknown => {
    if (typeof value === 'string') return renamedTo(value, path);
    if (Array.isArray(value)) return value.map((each: unknown, index) => change(each, [...path, index]));
    return isPlain(value) ? mapping(value, path) : value;
  };
  const renamedTo = (name: string, path: Path): string => {
    const target = referred(work, res, reference, name, byName.get(name) ?? [], false);
    if (target === undefined || target.object.metadata.name === name) return name;
    note(path, target);
    return target.object.metadata.name;
  };
  const mapping = (value: Readonly<Record<string, unknown>>, path: Path): unknown => {
    const name = text(value['name']);
    if (name === undefined) return value;
    const namespace = text(value['namespace']);
    const all = byName.get(name) ?? [];
    const originally = namespace === undefined ? all : all.filter(({ object, was }) => (was[0]?.namespace ?? effectiveNamespace(object)) === namespace);
    const candidates = originally.length > 0 ? originally : all.filter(({ object }) => effectiveNamespace(object) === namespace);
    const target = referred(work, res, reference, name, candidates, true);
    if (target === undefined || (target.object.metadata.name === name && (target.object.metadata.namespace ?? '') === '')) return value;
    const { name: newName, namespace: newNamespace } = target.object.metadata;
    if (newName !== name) note([...path, 'name'], target);
    if (newNamespace !== undefined && newNamespace !== namespace) note([...path, 'namespace'], target);
    return newName === name && (newNamespace === undefined || newNamespace === namespace) ? value : { ...value, name: newName, ...(newNamespace === undefined ? {} : { namespace: newNamespace }) };
  };
  const notes: { readonly path: Path; readonly source: Source }[] = [];
  const note = (path: Path, target: Res): void => {
    const source = target.edits.findLast(({ by }) => by === 'name' || by === 'namespace' || by === 'targetNamespace')?.source ?? target.source;
    notes.push({ path, source });
  };
  const object = alter(res.object, reference.spec, 'none', change);
  const [one] = notes;
  if (object !== res.object && one !== undefined) out = edited(res, object, { by: 'name', source: one.source, sets: notes.map(({ path, source }) => ({ path, from: [], source })) });
  return out;
}

/** The object a name refers to; undefined for none. Where several could be meant, the real kustomize must say. */
function referred(work: Work, referrer: Res, { to, spec }: Reference, name: string, all: readonly Res[], withNamespace: boolean): Res | undefined {
  const { object } = referrer;
  const outside = isClusterScoped(object.apiVersion, object.kind);
  const role = spec.path.endsWith('roleRef/name') ? { kind: text(get(object, 'roleRef', 'kind')), group: text(get(object, 'roleRef', 'apiGroup')) } : undefined;
  const candidates = all.filter((res) => {
    const { apiVersion, kind } = res.object;
    const kinds = res.was.map((each) => each.kind);
    if (!kinds.includes(to.kind) || (to.group !== undefined && !apiVersion.startsWith(`${to.group}/`)) || (to.version !== undefined && !`/${apiVersion}`.endsWith(`/${to.version}`))) return false;
    if (role?.kind !== undefined && role.group !== undefined && !(kinds.includes(role.kind) && (role.group === '' || apiVersion.startsWith(`${role.group}/`)))) return false;
    return outside || isClusterScoped(apiVersion, kind) || kind === 'ServiceAccount' || effectiveNamespace(res.object) === effectiveNamespace(object);
  });
  const [one, ...others] = candidates;
  if (one === undefined || others.length === 0) return one;
  const alike = others.every((other) => other.object.metadata.name === one.object.metadata.name && (!withNamespace || other.object.metadata.namespace === one.object.metadata.namespace));
  if (alike) return one;
  work.beyond.push({ what: `several objects could be meant by ${name}`, source: referrer.source });
  return undefined;
}

/** kustomize makes texts of all annotations, as they are written, and leaves no empty map of them. */
function tidied(work: Work, res: Res): Res {
  const { object } = res;
  if (!Object.hasOwn(object.metadata, 'annotations')) return res;
  const entries = Object.entries(plain(object.metadata.annotations));
  if (entries.length === 0) {
    const { annotations: _annotations, ...metadata } = object.metadata;
    return { ...res, object: { ...object, metadata } };
  }
  if (entries.every(([, value]) => typeof value === 'string')) return res;
  const annotations = Object.fromEntries(entries.map(([key, value]) => {
    if (typeof value === 'string') return [key, value];
    const { source } = writtenBy(res, ['metadata', 'annotations', key]);
    return [key, work.texts.positions(source.file)?.scalar(source.document, source.at) ?? (value === null ? '' : String(value))];
  }));
  return { ...res, object: { ...object, metadata: { ...object.metadata, annotations } } };
}
