/**
 * A strict subset of kustomize over files held in memory. What it knows it does as kustomize does; any field it does
 * not know is a build failure that names file and field, never a silent difference.
 */
import { CORE_SCHEMA, load, loadAll } from 'js-yaml';
import type { KubeObject } from '../world/types.ts';
import { identity, isPlain, list, plain, strings, text, type Plain } from '../catalog/data.ts';
import { isObject } from '../catalog/install.ts';
import { jsonPatch, PatchError, strategicMerge } from './merge.ts';

export class BuildError extends Error {}
export type Files = ReadonlyMap<string, string>;

export const KUSTOMIZATION_FILES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];
const KNOWN = new Set([
  'apiVersion', 'kind', 'metadata', 'resources', 'components', 'namespace', 'commonAnnotations', 'commonLabels', 'labels', 'patches', 'configMapGenerator', 'secretGenerator', 'generatorOptions', 'images',
]);
/** Kinds that live outside namespaces; kustomize takes every kind it does not know as namespaced. */
const CLUSTER_SCOPED = new Set([
  '/Namespace', '/Node', '/PersistentVolume', 'rbac.authorization.k8s.io/ClusterRole', 'rbac.authorization.k8s.io/ClusterRoleBinding', 'apiextensions.k8s.io/CustomResourceDefinition', 'storage.k8s.io/StorageClass',
  'storage.k8s.io/CSIDriver', 'storage.k8s.io/VolumeAttributesClass', 'scheduling.k8s.io/PriorityClass', 'networking.k8s.io/IngressClass', 'node.k8s.io/RuntimeClass', 'apiregistration.k8s.io/APIService',
  'admissionregistration.k8s.io/MutatingWebhookConfiguration', 'admissionregistration.k8s.io/ValidatingWebhookConfiguration', 'admissionregistration.k8s.io/ValidatingAdmissionPolicy', 'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding',
  'certificates.k8s.io/CertificateSigningRequest', 'flowcontrol.apiserver.k8s.io/FlowSchema', 'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration',
]);

/** `a/b/../c` to `a/c`. Throws when the path leaves the tree. */
export function normalise(path: string): string {
  const out: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') { if (out.pop() === undefined) throw new BuildError(`path ${path} leads out of the repository`); } else out.push(part);
  }
  return out.join('/');
}
const join = (directory: string, path: string): string => normalise(directory === '' ? path : `${directory}/${path}`);
const under = (directory: string): string => (directory === '' ? '' : `${directory}/`);

export function isDirectory(files: Files, path: string): boolean {
  if (path === '') return files.size > 0;
  for (const file of files.keys()) if (file.startsWith(`${path}/`)) return true;
  return false;
}
export function kustomizationFile(files: Files, directory: string): string | undefined {
  return KUSTOMIZATION_FILES.map((name) => `${under(directory)}${name}`).find((path) => files.has(path));
}

function parse(file: string, content: string): unknown[] {
  try { return [...loadAll(content, { schema: CORE_SCHEMA })].filter((document) => document !== null && document !== undefined); }
  catch (error) { throw new BuildError(`${file}: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`); }
}
function objectsOf(file: string, content: string): KubeObject[] {
  return parse(file, content).flatMap((document) => {
    if (isPlain(document) && document['kind'] === 'List' && Array.isArray(document['items'])) return document['items'];
    return [document];
  }).map((document) => {
    if (!isObject(document)) throw new BuildError(`${file}: a document has no apiVersion, kind or metadata.name`);
    return document;
  });
}

interface Accumulator { readonly objects: KubeObject[] }

/** Builds a directory as `kustomize build` does. Throws BuildError. */
export function build(files: Files, directory: string): KubeObject[] {
  return buildDirectory(files, normalise(directory), []);
}

function buildDirectory(files: Files, directory: string, trail: readonly string[]): KubeObject[] {
  const file = kustomizationFile(files, directory);
  if (file === undefined) throw new BuildError(`unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '${directory}'`);
  if (trail.includes(file)) throw new BuildError(`cycle detected: ${[...trail, file].join(' -> ')}`);
  const accumulator: Accumulator = { objects: [] };
  apply(files, directory, file, accumulator, [...trail, file], 'Kustomization');
  return accumulator.objects;
}

function apply(files: Files, directory: string, file: string, accumulator: Accumulator, trail: readonly string[], kind: 'Kustomization' | 'Component'): void {
  const documents = parse(file, files.get(file) ?? '');
  const spec = documents.length === 0 ? {} : documents[0];
  if (!isPlain(spec) || documents.length > 1) throw new BuildError(`${file}: one map is expected`);
  for (const field of Object.keys(spec)) if (!KNOWN.has(field)) throw new BuildError(`${file}: field ${field} is not in the subset of kustomize the lab knows (lab/flux/kustomize.ts)`);
  if ((text(spec['kind']) ?? 'Kustomization') !== kind) throw new BuildError(`${file}: kind is ${String(spec['kind'])}, a ${kind} is needed here`);
  const before = kind === 'Component' ? accumulator.objects.splice(0) : [];
  for (const entry of list(spec['resources'])) for (const object of resource(files, directory, file, entry, trail)) addObject(accumulator, object, file);
  generators(files, directory, file, spec, accumulator);
  if (kind === 'Component') for (const object of before.toReversed()) { accumulator.objects.unshift(object); }
  for (const entry of list(spec['components'])) {
    const path = join(directory, String(entry));
    const component = kustomizationFile(files, path);
    if (component === undefined) throw new BuildError(`${file}: component ${String(entry)}: no kustomization.yaml in ${path}`);
    if (trail.includes(component)) throw new BuildError(`cycle detected: ${[...trail, component].join(' -> ')}`);
    apply(files, path, component, accumulator, [...trail, component], 'Component');
  }
  transform(files, directory, file, spec, accumulator);
}

function resource(files: Files, directory: string, file: string, entry: unknown, trail: readonly string[]): KubeObject[] {
  if (typeof entry !== 'string') throw new BuildError(`${file}: resources must be paths`);
  if (/^[a-z+]+:\/\//.test(entry) || entry.startsWith('git@')) throw new BuildError(`${file}: remote resource ${entry} is not allowed; the tree must stand alone`);
  const path = join(directory, entry);
  const content = files.get(path);
  if (content !== undefined) return objectsOf(path, content);
  if (isDirectory(files, path)) {
    if (kustomizationFile(files, path) === undefined) throw new BuildError(`accumulating resources from '${entry}' (${file}): no kustomization.yaml in directory ${path}`);
    return buildDirectory(files, path, trail);
  }
  throw new BuildError(`accumulating resources: accumulation err='accumulating resources from '${entry}': ${path}: no such file or directory (listed in ${file})`);
}
function addObject(accumulator: Accumulator, object: KubeObject, file: string): void {
  const id = identity(object);
  if (accumulator.objects.some((other) => identity(other) === id)) {
    throw new BuildError(`may not add resource with an already registered id: ${object.kind}.${object.apiVersion}/${object.metadata.name}.${object.metadata.namespace ?? '[noNs]'} (in ${file})`);
  }
  accumulator.objects.push(structuredClone(object));
}

const GENERATOR_FIELDS = new Set(['name', 'namespace', 'files', 'literals', 'envs', 'options', 'behavior', 'type']);
function generators(files: Files, directory: string, file: string, spec: Plain, accumulator: Accumulator): void {
  const common = plain(spec['generatorOptions']);
  for (const [field, kind] of [['configMapGenerator', 'ConfigMap'], ['secretGenerator', 'Secret']] as const) {
    for (const entry of list(spec[field]).map(plain)) {
      for (const name of Object.keys(entry)) if (!GENERATOR_FIELDS.has(name)) throw new BuildError(`${file}: field ${field}.${name} is not in the subset of kustomize the lab knows`);
      if (entry['behavior'] !== undefined && entry['behavior'] !== 'create') throw new BuildError(`${file}: ${field} behavior ${String(entry['behavior'])} is not in the subset of kustomize the lab knows`);
      const options = { ...common, ...plain(entry['options']) };
      const name = text(entry['name']) ?? '';
      if (options['disableNameSuffixHash'] !== true) throw new BuildError(`${file}: ${field} ${name}: set generatorOptions.disableNameSuffixHash: true; the lab does not make hashed names`);
      const data: Record<string, string> = {};
      for (const source of list(entry['files']).map(String)) {
        const equals = source.indexOf('=');
        const path = join(directory, equals < 0 ? source : source.slice(equals + 1));
        const content = files.get(path);
        if (content === undefined) throw new BuildError(`${file}: ${field} ${name}: evalsymlink failure on '${path}': no such file or directory`);
        data[equals < 0 ? (source.split('/').at(-1) ?? source) : source.slice(0, equals)] = content;
      }
      for (const literal of list(entry['literals']).map(String)) data[literal.slice(0, literal.indexOf('='))] = literal.slice(literal.indexOf('=') + 1).replace(/^(["'])(.*)\1$/s, '$2');
      for (const env of list(entry['envs']).map(String)) {
        const content = files.get(join(directory, env));
        if (content === undefined) throw new BuildError(`${file}: ${field} ${name}: ${env}: no such file or directory`);
        for (const line of content.split('\n')) { if (line.trim() === '' || line.trimStart().startsWith('#')) continue; data[line.slice(0, line.indexOf('='))] = line.slice(line.indexOf('=') + 1); }
      }
      const labels = strings(options['labels']); const annotations = strings(options['annotations']);
      const encoded = kind === 'Secret' ? Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])) : data;
      addObject(accumulator, {
        apiVersion: 'v1', kind,
        metadata: {
          name, ...(text(entry['namespace']) === undefined ? {} : { namespace: text(entry['namespace']) ?? '' }),
          ...(Object.keys(labels).length > 0 ? { labels } : {}), ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
        },
        ...(Object.keys(encoded).length > 0 ? { data: encoded } : {}), ...(kind === 'Secret' ? { type: text(entry['type']) ?? 'Opaque' } : {}), ...(options['immutable'] === true ? { immutable: true } : {}),
      }, file);
    }
  }
}

function transform(files: Files, directory: string, file: string, spec: Plain, accumulator: Accumulator): void {
  for (const entry of list(spec['patches']).map(plain)) patch(files, directory, file, entry, accumulator);
  const namespace = text(spec['namespace']);
  accumulator.objects.forEach((object, index) => {
    let next = object;
    if (namespace !== undefined) next = inNamespace(next, namespace);
    const annotations = strings(spec['commonAnnotations']);
    if (Object.keys(annotations).length > 0) next = annotate(next, annotations);
    if (spec['commonLabels'] !== undefined) next = label(next, strings(spec['commonLabels']), true, true);
    for (const set of list(spec['labels']).map(plain)) {
      for (const field of Object.keys(set)) if (!['pairs', 'includeSelectors', 'includeTemplates'].includes(field)) throw new BuildError(`${file}: field labels.${field} is not in the subset of kustomize the lab knows`);
      next = label(next, strings(set['pairs']), set['includeSelectors'] === true, set['includeSelectors'] === true || set['includeTemplates'] === true);
    }
    for (const image of list(spec['images']).map(plain)) next = replaceImage(next, image);
    accumulator.objects[index] = next;
  });
}

/** A regular expression of a patch target; kustomize anchors it at both ends. */
function matches(pattern: unknown, value: string): boolean { return pattern === undefined || pattern === '' || new RegExp(`^(?:${String(pattern)})$`).test(value); }
function targeted(target: Plain, object: KubeObject): boolean {
  const [group, version] = object.apiVersion.includes('/') ? object.apiVersion.split('/') : ['', object.apiVersion];
  const pairs = (selector: unknown, have: Readonly<Record<string, string>> | undefined): boolean => selector === undefined || String(selector).split(',').every((pair) => {
    const [key, value] = pair.split('='); return have?.[key?.trim() ?? ''] === value?.trim();
  });
  return matches(target['group'], group ?? '') && matches(target['version'], version ?? '') && matches(target['kind'], object.kind) && matches(target['name'], object.metadata.name)
    && matches(target['namespace'], object.metadata.namespace ?? '') && pairs(target['labelSelector'], object.metadata.labels) && pairs(target['annotationSelector'], object.metadata.annotations);
}
/** Applies one patch entry (inline or from a file; target optional for a strategic merge that names its object). */
export function patch(files: Files, directory: string, file: string, entry: Plain, accumulator: { readonly objects: KubeObject[] }): void {
  for (const field of Object.keys(entry)) if (!['path', 'patch', 'target', 'options'].includes(field)) throw new BuildError(`${file}: field patches.${field} is not in the subset of kustomize the lab knows`);
  if (entry['options'] !== undefined) throw new BuildError(`${file}: field patches.options is not in the subset of kustomize the lab knows`);
  const path = text(entry['path']);
  const content = path === undefined ? text(entry['patch']) : files.get(join(directory, path));
  if (content === undefined) throw new BuildError(`${file}: patch ${path ?? ''}: no such file`);
  // kustomize reads a patch that begins with [ as JSON, so YAML's flow style is none.
  if (content.trimStart().startsWith('[')) {
    try { JSON.parse(content); } catch { throw new BuildError(`${file}: unable to parse SM or JSON patch from [${content.trim()}]`); }
  }
  for (const body of parse(path ?? file, content)) {
    const target = entry['target'] === undefined ? undefined : plain(entry['target']);
    const chosen = accumulator.objects.map((object, index) => ({ object, index })).filter(({ object }) => {
      if (target !== undefined) return targeted(target, object);
      return isObject(body) && body.kind === object.kind && body.apiVersion === object.apiVersion && body.metadata.name === object.metadata.name && (body.metadata.namespace ?? object.metadata.namespace) === object.metadata.namespace;
    });
    if (chosen.length === 0) {
      if (target !== undefined) continue;
      throw new BuildError(`${file}: no matches for Id ${isObject(body) ? `${body.kind}/${body.metadata.name}` : '?'}; failed to find unique target for patch`);
    }
    const removed = new Set<number>();
    for (const { object, index } of chosen) {
      try {
        if (Array.isArray(body)) accumulator.objects[index] = jsonPatch(object, body.filter(isPlain));
        else if (isPlain(body) && body['$patch'] === 'delete') removed.add(index);
        else if (isPlain(body)) accumulator.objects[index] = strategicMerge(object, body);
        else throw new BuildError(`${file}: a patch must be a map or a list of operations`);
      } catch (error) {
        if (error instanceof PatchError) throw new BuildError(`${file}: patch of ${object.kind}/${object.metadata.name}: ${error.message}`);
        throw error;
      }
    }
    for (const index of [...removed].toSorted((a, b) => b - a)) accumulator.objects.splice(index, 1);
  }
}

const groupKind = (object: KubeObject): string => `${object.apiVersion.includes('/') ? object.apiVersion.slice(0, object.apiVersion.indexOf('/')) : ''}/${object.kind}`;
/** The namespace transformer: every namespaced kind, and the service accounts of role bindings. */
export function inNamespace(object: KubeObject, namespace: string): KubeObject {
  if (groupKind(object) === '/Namespace') return object;
  let next = object;
  if (object.kind === 'RoleBinding' || object.kind === 'ClusterRoleBinding') {
    next = { ...next, subjects: list(object['subjects']).map((subject) => (isPlain(subject) && subject['kind'] === 'ServiceAccount' && subject['name'] === 'default' ? { ...subject, namespace } : subject)) };
  }
  return CLUSTER_SCOPED.has(groupKind(object)) ? next : { ...next, metadata: { ...next.metadata, namespace } };
}
function annotate(object: KubeObject, annotations: Record<string, string>): KubeObject {
  const next = { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } } };
  return inTemplate(next, (metadata) => ({ ...metadata, annotations: { ...strings(metadata['annotations']), ...annotations } }));
}
function inTemplate(object: KubeObject, change: (metadata: Plain) => Plain): KubeObject {
  if (!['Deployment', 'DaemonSet', 'StatefulSet', 'ReplicaSet', 'Job'].includes(object.kind) || !isPlain(object.spec?.['template'])) return object;
  const template = plain(object.spec['template']);
  return { ...object, spec: { ...object.spec, template: { ...template, metadata: change(plain(template['metadata'])) } } };
}
function label(object: KubeObject, labels: Record<string, string>, selectors: boolean, templates: boolean): KubeObject {
  let next: KubeObject = { ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...labels } } };
  if (templates) next = inTemplate(next, (metadata) => ({ ...metadata, labels: { ...strings(metadata['labels']), ...labels } }));
  if (!selectors || next.spec === undefined) return next;
  if (next.kind === 'Service' && isPlain(next.spec['selector'])) return { ...next, spec: { ...next.spec, selector: { ...next.spec['selector'], ...labels } } };
  if (['Deployment', 'DaemonSet', 'StatefulSet', 'ReplicaSet'].includes(next.kind)) {
    const selector = plain(next.spec['selector']);
    return { ...next, spec: { ...next.spec, selector: { ...selector, matchLabels: { ...strings(selector['matchLabels']), ...labels } } } };
  }
  return next;
}
function replaceImage(object: KubeObject, image: Plain): KubeObject {
  const name = text(image['name']) ?? '';
  const change = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(change);
    if (!isPlain(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => {
      if ((key === 'containers' || key === 'initContainers') && Array.isArray(entry)) {
        return [key, entry.map((container) => (isPlain(container) && typeof container['image'] === 'string' ? { ...container, image: renamed(container['image'], name, image) } : container))];
      }
      return [key, change(entry)];
    }));
  };
  return object.spec === undefined ? object : { ...object, spec: plain(change(object.spec)) };
}
function renamed(reference: string, name: string, image: Plain): string {
  const match = /^(.*?)(?::([^:/@]+))?(?:@(sha256:[0-9a-f]+))?$/.exec(reference);
  if (match?.[1] !== name) return reference;
  const base = text(image['newName']) ?? name;
  const digest = text(image['digest']);
  if (digest !== undefined) return `${base}@${digest}`;
  const tag = image['newTag'] === undefined ? match[2] : String(image['newTag']);
  return `${base}${tag === undefined ? '' : `:${tag}`}${match[3] === undefined || image['newTag'] !== undefined ? '' : `@${match[3]}`}`;
}

/** One document of a kustomization-like file, for tests and tools. */
export function readYaml(content: string): unknown { return load(content, { schema: CORE_SCHEMA }); }
