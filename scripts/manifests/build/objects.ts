import type { KubeObject } from '../../config/cluster.ts';
import type { Path } from '../../config/source.ts';
import type { Source } from '../model.types.ts';
import { groupOf, isObject, isPlain, list, text } from './data.ts';
import { effectiveNamespace, fail, type Res, type Work } from './work.ts';

/** Reading manifests, and keeping objects apart. */

/** Says why a file that is asked for at `asked` cannot be read. */
export function unreadable(work: Work, file: string, asked: Source): void {
  const trouble = work.texts.trouble(file);
  if (trouble === undefined || typeof trouble === 'string') {
    fail(work, { rule: 'file-unreadable', source: asked, message: `${file} cannot be read: ${trouble ?? 'it is not there'}`, hint: 'restore it from Git, or mend its rights' });
    return;
  }
  const spot = { file, line: trouble.line, column: trouble.column, length: 1 };
  if (trouble.duplicate) fail(work, { rule: 'duplicate-key', spot, message: 'this key is given twice in one map', hint: 'remove one of them' });
  else fail(work, { rule: 'yaml-syntax', spot, message: `this is not valid YAML: ${trouble.message}`, hint: 'look at this line and the one above it: indentation, colons, quotes and brackets' });
}

/** The objects of a file, lists among them opened. */
export function objectsOf(work: Work, file: string, asked: Source): readonly Res[] {
  work.files.add(file);
  const documents = work.texts.documents(file);
  if (documents === undefined) { unreadable(work, file, asked); return []; }
  return documents.flatMap(({ index, data }) => opened(work, data, { file, document: index, at: [] }));
}

function opened(work: Work, data: unknown, source: Source): readonly Res[] {
  if (isPlain(data) && text(data['kind'])?.endsWith('List') === true && Array.isArray(data['items'])) return list(data['items']).flatMap((item, index) => opened(work, item, { ...source, at: [...source.at, 'items', index] }));
  if (!isObject(data)) {
    fail(work, { rule: 'not-an-object', source, message: lacks(data), hint: 'what is listed in resources are Kubernetes objects; other files (values, patches) are named where they are used' });
    return [];
  }
  return [{ object: data, source, edits: [], was: [] }];
}

function lacks(data: unknown): string {
  if (!isPlain(data)) return 'this is no Kubernetes object, but ' + (Array.isArray(data) ? 'a list' : 'a single value');
  const missing = [['apiVersion', text(data['apiVersion'])], ['kind', text(data['kind'])], ['metadata.name', isPlain(data['metadata']) ? text(data['metadata']['name']) : undefined]].filter(([, value]) => value === undefined || value === '').map(([name]) => name);
  return `this is no Kubernetes object: it has no ${missing.join(' and no ')}`;
}

/** What makes an object itself in one build: group, version, kind, namespace and name. */
export function idOf(object: KubeObject): string {
  return `${object.apiVersion}/${object.kind}/${effectiveNamespace(object)}/${object.metadata.name}`;
}

/** Adds objects to a list that may not have one of them already. */
export function addAll(work: Work, objects: Res[], more: readonly Res[]): void {
  if (more.length === 0) return;
  const known = new Map(objects.map((res) => [idOf(res.object), res]));
  for (const res of more) {
    const twin = known.get(idOf(res.object));
    if (twin === undefined) {
      known.set(idOf(res.object), res);
      objects.push(res);
      continue;
    }
    const { kind, metadata: { name, namespace } } = res.object;
    const at: Path = ['metadata', 'name'];
    fail(work, {
      rule: 'resource-twice', source: { ...res.source, at: [...res.source.at, ...at] }, message: `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name} is listed twice in one build`, hint: 'remove one of them',
      related: [{ what: 'the other one', source: { ...twin.source, at: [...twin.source.at, ...at] } }],
    });
  }
}

/** Group and kind, as tables name them. */
export function groupKind(object: KubeObject): string {
  return `${groupOf(object.apiVersion)}/${object.kind}`;
}
