import type { Path } from '../../config/source.ts';
import { meant } from '../../config/words.ts';
import type { Edit, Source } from '../model.types.ts';
import { isObject, isPlain, list, plain, text, type Plain } from './data.ts';
import { jsonPatch, PatchError } from './json-patch.ts';
import { strategicMerge } from './merge.ts';
import { MergeError, Unclear } from './merge-lists.ts';
import { unreadable } from './objects.ts';
import { writtenBy } from './place.ts';
import { matchesTarget, sameObject, targetTrouble } from './targets.ts';
import { edited, fail, nearPath, renamed, within, type Instructions, type Res, type Work } from './work.ts';
import { readYaml } from './yaml.ts';

/** Reading and applying the patches of a kustomization.yaml, in all of their forms. */

interface Body { readonly value: unknown; readonly source: Source; /** One of several in one text: only the first of them can be walked into by path. */ readonly later: boolean }

/** `patches`. */
export function patchAll(work: Work, instructions: Instructions, objects: readonly Res[]): readonly Res[] {
  return list(instructions.data['patches']).map(plain).reduce<readonly Res[]>((all, entry, index) => patchOne(work, instructions, all, entry, ['patches', index]), objects);
}

/** `patchesJson6902`, which comes after names and labels. */
export function patchJson6902(work: Work, instructions: Instructions, objects: readonly Res[]): readonly Res[] {
  return list(instructions.data['patchesJson6902']).map(plain).reduce<readonly Res[]>((all, entry, index) => patchOne(work, instructions, all, entry, ['patchesJson6902', index], true), objects);
}

/** `patchesStrategicMerge`: each is a file, or the patch itself. */
export function patchStrategicMerge(work: Work, instructions: Instructions, objects: readonly Res[]): readonly Res[] {
  return list(instructions.data['patchesStrategicMerge']).reduce<readonly Res[]>((all, entry, index) => {
    const source = instructions.source(['patchesStrategicMerge', index]);
    const written = String(entry);
    const inline = written.includes('\n') || written.trimStart().startsWith('{');
    const bodies = inline ? inlineBodies(work, written, source) : fileBodies(work, instructions, written, source);
    return (bodies ?? []).reduce<readonly Res[]>((some, body) => merged(work, some, body, undefined, source, false), all);
  }, objects);
}

function patchOne(work: Work, instructions: Instructions, objects: readonly Res[], entry: Plain, at: Path, late = false): readonly Res[] {
  const source = instructions.source(at);
  const path = text(entry['path']);
  const patch = text(entry['patch'])?.trim();
  if ((path === undefined || path === '') === (patch === undefined || patch === '')) {
    fail(work, { rule: 'patch-invalid', source, message: path === undefined || path === '' ? 'a patch needs a patch or a path' : 'a patch has a patch or a path, not both', hint: 'write the patch itself below patch:, or the name of its file behind path:' });
    return objects;
  }
  const bodies = path !== undefined && path !== '' ? fileBodies(work, instructions, path, instructions.source([...at, 'path'])) : inlineBodies(work, patch ?? '', instructions.source([...at, 'patch']));
  if (bodies === undefined) return objects;
  const target = isPlain(entry['target']) ? entry['target'] : undefined;
  const options = plain(entry['options']);
  const wrong = target === undefined ? undefined : targetTrouble(target);
  if (wrong !== undefined) {
    fail(work, { rule: 'patch-invalid', source: instructions.source([...at, 'target', ...wrong.at]), message: wrong.message, hint: 'targets are regular expressions, and selectors as kubectl takes them' });
    return objects;
  }
  const [first] = bodies;
  if (first !== undefined && Array.isArray(first.value)) {
    if (target === undefined) {
      fail(work, { rule: 'patch-target', source, message: 'operations need a target: they do not say which object they are for', hint: 'add target: with kind and name' });
      return objects;
    }
    return operated(work, objects, first, target, instructions.source([...at, 'target']), late);
  }
  if (bodies.length > 1 && target !== undefined) {
    fail(work, { rule: 'patch-invalid', source: instructions.source([...at, 'target']), message: 'a target is for one patch, and this file has several', hint: 'make a file of each, or leave the target out: each patch names its object' });
    return objects;
  }
  if (options['allowNameChange'] === true || options['allowKindChange'] === true) work.beyond.push({ what: 'a patch that changes names or kinds', source: instructions.source([...at, 'options']) });
  return bodies.reduce<readonly Res[]>((all, body) => merged(work, all, body, target, target === undefined ? source : instructions.source([...at, 'target']), target !== undefined), objects);
}

function fileBodies(work: Work, { folder }: Instructions, path: string, source: Source): readonly Body[] | undefined {
  const file = within(folder, path);
  if (file === undefined) {
    fail(work, { rule: 'resource-outside', source, message: `${path} leads out of the repository`, hint: 'Flux has nothing but the files of the repository: move it there' });
    return undefined;
  }
  work.files.add(file);
  if (work.texts.kind(file) !== 'file') {
    fail(work, { rule: 'resource-missing', source, message: `${path} is the patch here, but there is no file ${file}`, hint: nearPath(work, folder, path, 'add it, or take the patch off the list') });
    return undefined;
  }
  const documents = work.texts.documents(file);
  if (documents === undefined) { unreadable(work, file, source); return undefined; }
  const [first] = documents;
  const operations = Array.isArray(first?.data) ? work.texts.instructions(file)?.slice(0, 1) : undefined;
  return checked(work, (operations ?? documents).map(({ data, index }) => ({ value: data, source: { file, document: index, at: [] }, later: false })), source);
}

function inlineBodies(work: Work, written: string, source: Source): readonly Body[] | undefined {
  // What begins with [ is read as JSON: YAML's own short form of lists is none.
  const once = written.trimStart().startsWith('[') ? asJson(written) : readYaml(written);
  // Operations are read as JSON, by a reader for which `yes` is true.
  const read = 'documents' in once && Array.isArray(once.documents[0]) && !written.trimStart().startsWith('[') ? readYaml(written, true) : once;
  if ('trouble' in read) {
    fail(work, { rule: 'patch-invalid', source, needle: written.split('\n')[Math.max(0, read.trouble.line - 1)]?.trim() ?? '', message: `this patch cannot be read: ${read.trouble.message}`, hint: 'it is a piece of the object, or a list of operations (op, path, value)' });
    return undefined;
  }
  return checked(work, read.documents.filter((each) => each !== null).map((value, index) => ({ value, source, later: index > 0 })), source);
}
function asJson(written: string): ReturnType<typeof readYaml> {
  try {
    const value: unknown = JSON.parse(written);
    return { documents: [value] };
  } catch (error) {
    return { trouble: { line: 1, column: 1, message: error instanceof Error ? `it begins with [ and is no JSON (${error.message})` : '', duplicate: false } };
  }
}

function checked(work: Work, bodies: readonly Body[], asked: Source): readonly Body[] | undefined {
  if (bodies.length === 0) {
    fail(work, { rule: 'patch-invalid', source: asked, message: 'this patch is empty', hint: 'write what it is to change, or take it off the list' });
    return undefined;
  }
  for (const { value, source } of bodies) {
    if (Array.isArray(value) || isObject(value)) continue;
    fail(work, { rule: 'patch-invalid', source, message: `this is no patch: ${isPlain(value) ? 'a piece of an object has apiVersion, kind and metadata.name' : 'it is neither a map nor a list of operations'}`, hint: 'kustomize wants all three, also where a target chooses the object' });
    return undefined;
  }
  return bodies;
}

/** JSON 6902 operations on whatever the target chooses. */
function operated(work: Work, objects: readonly Res[], body: Body, target: Plain, asked: Source, late: boolean): readonly Res[] {
  let found = false;
  const next = objects.map((res) => {
    if (!matchesTarget(target, res)) return res;
    found = true;
    try {
      const { value, sets, moved } = jsonPatch(res.object, list(body.value));
      return isObject(value) ? edited(late ? res : renamed(res), value, editOf(body, sets, moved)) : res;
    } catch (error) {
      if (!(error instanceof PatchError)) throw error;
      fail(work, { rule: 'patch-invalid', source: body.later ? body.source : { ...body.source, at: [...body.source.at, error.index, 'path'] }, message: `this operation cannot be applied to ${res.object.kind} ${res.object.metadata.name}: ${error.message}`, hint: 'paths are made of names and positions in lists; what is above the last of them must be there' });
      return res;
    }
  });
  if (!found) unused(work, objects, target, asked);
  return next;
}

/** A strategic merge: of the object it names, or of all the target chooses. */
function merged(work: Work, objects: readonly Res[], body: Body, target: Plain | undefined, asked: Source, several: boolean): readonly Res[] {
  const { value } = body;
  if (!isObject(value)) return objects;
  const chosen = objects.filter((res) => (target === undefined ? sameObject(value, res) : matchesTarget(target, res)));
  if (chosen.length === 0) {
    if (target !== undefined) unused(work, objects, target, asked);
    else {
      const near = objects.filter(({ object }) => object.kind === value.kind).map(({ object }) => object.metadata.name);
      fail(work, { rule: 'patch-target', source: body.later ? body.source : { ...body.source, at: [...body.source.at, 'metadata', 'name'] }, message: `there is no ${value.kind} ${value.metadata.namespace === undefined ? '' : `${value.metadata.namespace}/`}${value.metadata.name} here to patch`, hint: meant(value.metadata.name, near, 'apiVersion, kind, namespace and name are those of an object that is listed here') });
    }
    return objects;
  }
  if (!several && chosen.length > 1) {
    fail(work, { rule: 'patch-target', source: body.source, message: `${chosen.length} objects here were once called ${value.kind} ${value.metadata.name}`, hint: 'choose one by target:' });
    return objects;
  }
  return objects.flatMap((res) => (chosen.includes(res) ? mergedOne(work, res, body, value) : [res]));
}

function mergedOne(work: Work, res: Res, body: Body, patch: Plain): readonly Res[] {
  const { object } = res;
  try {
    const { value, sets, moved } = strategicMerge(object, { ...patch, apiVersion: object.apiVersion, kind: object.kind }, (path) => {
      const { source } = writtenBy({ source: res.source, edits: res.edits }, path);
      return work.texts.positions(source.file)?.style(source.document, source.at) ?? 'plain';
    });
    if (!isPlain(value)) return [];
    const metadata = { ...plain(value['metadata']), name: object.metadata.name };
    const own = ['apiVersion', 'kind', 'name', 'namespace'];
    const next = { ...value, apiVersion: object.apiVersion, kind: object.kind, metadata: object.metadata.namespace === undefined ? without(metadata, 'namespace') : { ...metadata, namespace: object.metadata.namespace } };
    return isObject(next) ? [edited(res, next, editOf(body, sets.filter(({ path }) => !own.includes(String(path.at(-1))) || path.length > 2), moved))] : [res];
  } catch (error) {
    if (error instanceof Unclear) {
      work.beyond.push({ what: error.message, source: body.source });
      return [res];
    }
    if (!(error instanceof MergeError)) throw error;
    fail(work, { rule: 'patch-invalid', source: body.source, needle: error.field, message: `this patch cannot be merged into ${object.kind} ${object.metadata.name}: at ${error.field} ${error.message}`, hint: 'write it in the form the object has' });
    return [res];
  }
}
function without(value: Readonly<Record<string, unknown>>, key: string): Record<string, unknown> {
  const { [key]: _gone, ...rest } = value;
  return rest;
}

function editOf({ source, later }: Body, sets: Edit['sets'], moved: Edit['moved']): Edit {
  return { by: 'patch', source, sets: later ? sets.map(({ path }) => ({ path, from: [] })) : sets, ...(moved === undefined || moved.length === 0 ? {} : { moved }) };
}

/** A target that chooses nothing: kustomize passes it over. Told only where it names one object, which then is a mistake. */
function unused(work: Work, objects: readonly Res[], target: Plain, asked: Source): void {
  const name = text(target['name']);
  const kind = text(target['kind']);
  if (name === undefined || kind === undefined || !/^[\w.-]+$/.test(name) || asked.at[0] === 'spec') return;
  const near = objects.filter(({ object }) => object.kind === kind).map(({ object }) => object.metadata.name);
  work.found.push({ rule: 'patch-target', source: { ...asked, at: [...asked.at, 'name'] }, message: `there is no ${kind} ${name} here to patch, and the patch is passed over without a word`, hint: meant(name, near, 'mend the target, or take the patch off the list') });
}
