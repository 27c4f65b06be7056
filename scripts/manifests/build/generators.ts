import { posix } from 'node:path';
import type { Edit, Source } from '../model.types.ts';
import { isPlain, list, plain, strings, text, type Plain } from './data.ts';
import { isEncryptedFile, isSopsKey } from './decrypt.ts';
import { idOf } from './objects.ts';
import { isUnknown, UNKNOWN } from './unknown.ts';
import { fail, mayBeUnread, nearPath, within, type Instructions, type Res, type Work } from './work.ts';

/** configMapGenerator and secretGenerator. */
export function generate(work: Work, instructions: Instructions, before: readonly Res[]): Res[] {
  let objects = [...before];
  for (const [field, kind] of [['configMapGenerator', 'ConfigMap'], ['secretGenerator', 'Secret']] as const) {
    list(instructions.data[field]).map(plain).forEach((entry, index) => {
      const made = makeOne(work, instructions, entry, field, index, kind);
      if (made !== undefined) objects = absorbed(work, objects, made, text(entry['behavior']) ?? 'create', instructions.source([field, index]));
    });
  }
  return objects;
}

interface Pair { readonly key: string; readonly value: Buffer | string; readonly source: Source; readonly from?: Source }

function makeOne(work: Work, instructions: Instructions, entry: Plain, field: string, index: number, kind: 'ConfigMap' | 'Secret'): Res | undefined {
  const source = instructions.source([field, index]);
  const name = text(entry['name']) ?? '';
  if (name === '') {
    fail(work, { rule: 'generator-invalid', source, message: 'a generator needs a name', hint: `add name: the name of the ${kind}` });
    return undefined;
  }
  const data = new Map<string, Pair>();
  for (const pair of pairsOf(work, instructions, entry, [field, index])) {
    if (data.has(pair.key)) fail(work, { rule: 'generator-invalid', source: pair.source, message: `the key ${pair.key} is given twice in ${kind} ${name}`, hint: 'kustomize refuses it: remove one, or call it otherwise (key=file)' });
    data.set(pair.key, pair);
  }
  const [own, common] = [plain(entry['options']), plain(instructions.data['generatorOptions'])];
  const labels = { ...strings(common['labels']), ...strings(own['labels']) };
  const annotations = { ...strings(common['annotations']), ...strings(own['annotations']) };
  const namespace = text(entry['namespace']);
  const texts: Record<string, string> = {};
  const bytes: Record<string, string> = {};
  const sets: Edit['sets'][number][] = [];
  for (const key of [...data.keys()].toSorted()) {
    const pair = data.get(key);
    if (pair === undefined) continue;
    const binary = kind === 'ConfigMap' && typeof pair.value !== 'string';
    if (binary) bytes[key] = encoded(pair.value); else texts[key] = kind === 'Secret' && !isUnknown(pair.value) ? encoded(pair.value) : String(pair.value);
    sets.push({ path: [binary ? 'binaryData' : 'data', key], from: [], source: pair.from ?? pair.source });
  }
  return {
    object: {
      apiVersion: 'v1', kind,
      metadata: { name, ...(namespace === undefined || namespace === '' ? {} : { namespace }), ...(Object.keys(labels).length > 0 ? { labels } : {}), ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
      ...(kind === 'Secret' || Object.keys(texts).length > 0 ? { data: texts } : {}), ...(Object.keys(bytes).length > 0 ? { binaryData: bytes } : {}),
      ...(kind === 'Secret' ? { type: text(entry['type']) || 'Opaque' } : {}), ...(own['immutable'] === true || common['immutable'] === true ? { immutable: true } : {}),
    },
    source, was: [], edits: [{ by: 'generator', source, sets: [{ path: ['metadata', 'name'], from: ['name'] }, { path: ['metadata', 'namespace'], from: ['namespace'] }, ...sets] }],
    ...(own['disableNameSuffixHash'] === true || common['disableNameSuffixHash'] === true ? {} : { hashed: true }),
  };
}

/** Base64 as the library writes it: in lines of 70 once it is that long. */
function encoded(value: Buffer | string): string {
  const whole = Buffer.from(value).toString('base64');
  return whole.length < 70 ? whole : whole.replaceAll(/.{1,70}/g, '$&\n');
}

function* pairsOf(work: Work, instructions: Instructions, entry: Plain, at: readonly (string | number)[]): Generator<Pair> {
  const envs = [...list(entry['envs']).map((each, index) => ({ each, at: [...at, 'envs', index] })), ...(text(entry['env']) === undefined || entry['env'] === '' ? [] : [{ each: entry['env'], at: [...at, 'env'] }])];
  for (const env of envs) {
    const source = instructions.source(env.at);
    const read = fileOf(work, instructions, String(env.each), source);
    if (read === undefined) continue;
    const lines = String(read.content).split('\n');
    for (const line of lines) {
      const written = line.replace(/\r$/, '').trimStart();
      if (written === '' || written.startsWith('#')) continue;
      const equals = written.indexOf('=');
      const key = equals < 0 ? written : written.slice(0, equals);
      if (key !== '' && !(work.decrypts && isSopsKey(key))) yield { key, value: equals < 0 ? '' : work.decrypts && written.startsWith('ENC[', equals + 1) ? UNKNOWN : written.slice(equals + 1), source: { file: read.file, document: 0, at: [] }, from: { file: read.file, document: 0, at: [] } };
    }
  }
  for (const [index, each] of list(entry['literals']).entries()) {
    const literal = String(each);
    const source = instructions.source([...at, 'literals', index]);
    const equals = literal.indexOf('=');
    if (equals < 1) fail(work, { rule: 'generator-invalid', source, message: `${literal} is no literal`, hint: 'write key=value' });
    else yield { key: literal.slice(0, equals), value: literal.slice(equals + 1).replace(/^(["'])([\s\S]*)\1$/, '$2'), source };
  }
  for (const [index, each] of list(entry['files']).entries()) {
    const written = String(each);
    const source = instructions.source([...at, 'files', index]);
    const [first = '', second, third] = written.split('=');
    if (third !== undefined || second === '' || (second !== undefined && first === '')) {
      fail(work, { rule: 'generator-invalid', source, message: `${written} is no file of a generator`, hint: 'write file, or key=file' });
      continue;
    }
    const read = fileOf(work, instructions, second ?? first, source);
    if (read !== undefined) yield { key: second === undefined ? posix.basename(first) : first, value: work.decrypts && typeof read.content === 'string' && isEncryptedFile(read.content) ? UNKNOWN : read.content, source, from: { file: read.file, document: 0, at: [] } };
  }
}

function fileOf(work: Work, { folder }: Instructions, path: string, source: Source): { readonly file: string; readonly content: string | Buffer } | undefined {
  if (/^https?:\/\//.test(path)) { work.beyond.push({ what: `${path} is fetched from elsewhere`, source, remote: path }); return undefined; }
  const file = within(folder, path);
  if (file === undefined) {
    fail(work, { rule: 'resource-outside', source, message: `${path} leads out of the repository`, hint: 'Flux has nothing but the files of the repository: move it there' });
    return undefined;
  }
  work.files.add(file);
  const content = work.texts.content(file);
  if (content !== undefined) return { file, content };
  const trouble = work.texts.kind(file) === 'directory' ? 'it is a folder' : work.texts.trouble(file);
  if (work.texts.kind(file) === undefined) fail(work, { rule: 'resource-missing', source, message: `${path} is named here, but there is no file ${file}`, hint: nearPath(work, folder, path, 'add it, or take it off the list') });
  else fail(work, { rule: 'file-unreadable', source, message: `${file} cannot be read: ${typeof trouble === 'string' ? trouble : 'it is no file'}`, hint: work.texts.kind(file) === 'directory' ? filesOf(work, path, file) : 'restore it from Git, or mend its rights' });
  return undefined;
}

/** What to write in the place of a folder: kustomize does not look into one. */
function filesOf(work: Work, path: string, folder: string): string {
  const files = work.texts.entries(folder).filter(({ kind }) => kind === 'file').map(({ name }) => posix.join(path, name));
  return files.length === 0 ? 'name a file' : `name each of its files: ${files.slice(0, 5).join(', ')}${files.length > 5 ? ', ...' : ''}`;
}

/** Adds what a generator made; `merge` and `replace` need an object of that name that is there already. */
function absorbed(work: Work, objects: Res[], made: Res, behavior: string, source: Source): Res[] {
  const id = idOf(made.object);
  const same = (res: Res): boolean => idOf(res.object) === id || res.was.some(({ kind, name, namespace }) => idOf({ ...made.object, kind, metadata: { name, namespace } }) === id);
  const old = objects.find(same);
  const { kind, metadata: { name } } = made.object;
  if (behavior !== 'merge' && behavior !== 'replace') {
    if (old === undefined) return [...objects, made];
    fail(work, { rule: 'resource-twice', source: { ...source, at: [...source.at, 'name'] }, message: `${kind} ${name} is made here, and there is one already`, hint: 'call it otherwise, or add behavior: merge (or replace)', related: [{ what: 'the other one', source: old.source }] });
    return objects;
  }
  if (old === undefined) {
    if (!mayBeUnread(work)) fail(work, { rule: 'generator-invalid', source: { ...source, at: [...source.at, 'behavior'] }, message: `there is no ${kind} ${name} here to ${behavior}`, hint: 'the one it changes must come from resources or components above; or leave behavior out' });
    return objects;
  }
  const metadata = {
    ...made.object.metadata, name: old.object.metadata.name,
    ...withEntries('labels', { ...strings(old.object.metadata.labels), ...strings(made.object.metadata.labels) }), ...withEntries('annotations', { ...strings(old.object.metadata.annotations), ...strings(made.object.metadata.annotations) }),
  };
  if (old.object.metadata.namespace === undefined) delete metadata.namespace; else metadata.namespace = old.object.metadata.namespace;
  const merges = behavior === 'merge';
  const data = merges ? { ...strings(old.object['data']), ...strings(made.object['data']) } : plain(made.object['data']);
  const binary = merges ? { ...strings(old.object['binaryData']), ...strings(made.object['binaryData']) } : plain(made.object['binaryData']);
  const { data: _data, binaryData: _binary, ...rest } = made.object;
  const object = { ...rest, metadata, ...withEntries('data', data), ...withEntries('binaryData', binary) };
  const edits = merges ? [...old.edits, ...made.edits] : made.edits;
  const next: Res = { object, source: merges ? old.source : made.source, edits, was: old.was, ...(made.hashed === true && old.hashed === true ? { hashed: true as const } : {}) };
  return objects.map((res) => (res === old ? next : res));
}
function withEntries(field: string, value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return isPlain(value) && Object.keys(value).length > 0 ? { [field]: value } : {};
}
