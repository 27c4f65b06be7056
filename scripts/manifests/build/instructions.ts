import { posix } from 'node:path';
import { meant } from '../../config/words.ts';
import type { Source } from '../model.types.ts';
import { isPlain, text } from './data.ts';
import { fail, type Instructions, type Work } from './work.ts';
import { unreadable } from './objects.ts';

/** Reading a kustomization.yaml: what kustomize itself refuses is told, the rest is taken as it is. */

export const KUSTOMIZATION_FILES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'] as const;

/** Every field, with the form kustomize wants. */
const FIELDS: Readonly<Record<string, 'text' | 'map' | 'list' | 'texts' | 'maps'>> = {
  apiVersion: 'text', kind: 'text', metadata: 'map', openapi: 'map', namePrefix: 'text', nameSuffix: 'text', namespace: 'text', commonLabels: 'map', labels: 'maps', commonAnnotations: 'map',
  patchesStrategicMerge: 'texts', patchesJson6902: 'maps', patches: 'maps', images: 'maps', imageTags: 'maps', replacements: 'maps', replicas: 'maps', vars: 'maps', sortOptions: 'map',
  resources: 'texts', components: 'texts', crds: 'texts', bases: 'texts', configMapGenerator: 'maps', secretGenerator: 'maps', helmGlobals: 'map', helmCharts: 'maps',
  helmChartInflationGenerator: 'maps', generatorOptions: 'map', configurations: 'texts', generators: 'texts', transformers: 'texts', validators: 'texts', buildMetadata: 'texts',
};
const NESTED: Readonly<Record<string, readonly string[]>> = {
  labels: ['pairs', 'includeSelectors', 'includeTemplates', 'fields'],
  patches: ['path', 'patch', 'target', 'options'],
  patchesJson6902: ['path', 'patch', 'target', 'options'],
  images: ['name', 'newName', 'newTag', 'digest', 'tagSuffix'],
  replicas: ['name', 'count'],
  configMapGenerator: ['name', 'namespace', 'behavior', 'files', 'literals', 'envs', 'env', 'options'],
  secretGenerator: ['name', 'namespace', 'behavior', 'files', 'literals', 'envs', 'env', 'options', 'type'],
  generatorOptions: ['labels', 'annotations', 'disableNameSuffixHash', 'immutable'],
};

/** The kustomization file of a folder; undefined when it has none, or more than one. */
export function kustomizationFileOf(work: Work, folder: string): string | undefined {
  const there = KUSTOMIZATION_FILES.filter((name) => work.texts.kind(posix.join(folder, name)) === 'file');
  return there[0] === undefined ? undefined : posix.join(folder, there[0]);
}

/** Reads the instructions of a folder. Undefined when they cannot be read, which is told; `asked` is where the folder is named. What Flux builds itself may be either kind. */
export function readInstructions(work: Work, folder: string, kind: 'Kustomization' | 'Component' | 'either', asked: Source): Instructions | undefined {
  const there = KUSTOMIZATION_FILES.filter((name) => work.texts.kind(posix.join(folder, name)) === 'file');
  const [name] = there;
  if (name === undefined) {
    work.files.add(posix.join(folder, KUSTOMIZATION_FILES[0]));
    fail(work, { rule: 'kustomization-missing', source: asked, message: `${folder === '' ? 'the root' : folder} has no kustomization.yaml`, hint: 'add one that lists what the folder holds; kustomize does not guess' });
    return undefined;
  }
  const file = posix.join(folder, name);
  for (const each of there) work.files.add(posix.join(folder, each));
  if (there[1] !== undefined) {
    fail(work, { rule: 'kustomization-twice', source: { file: posix.join(folder, there[1]), document: 0, at: [] }, message: `${folder} has ${there.join(' and ')}`, hint: 'kustomize takes one: remove the others', related: [{ what: 'the other one', source: { file, document: 0, at: [] } }] });
    return undefined;
  }
  const documents = work.texts.instructions(file);
  if (documents === undefined) { unreadable(work, file, asked); return undefined; }
  const data = documents[0]?.data ?? {};
  const document = documents[0]?.index ?? 0;
  const at = (path: Source['at']): Source => ({ file, document, at: path });
  if (!isPlain(data)) {
    fail(work, { rule: 'kustomization-value', source: at([]), message: 'a kustomization.yaml is a map', hint: 'it begins with resources:' });
    return undefined;
  }
  if (!checked(work, data, at)) return undefined;
  if (Object.keys(data).every((key) => key === 'apiVersion' || key === 'kind')) {
    fail(work, { rule: 'kustomization-value', source: at([]), message: 'this kustomization.yaml says nothing, and kustomize refuses an empty one', hint: 'list resources in it, or remove it' });
    return undefined;
  }
  const own = text(data['kind']) ?? 'Kustomization';
  if (kind !== 'either' && own !== kind) {
    fail(work, kind === 'Component'
      ? { rule: 'component-kind', source: asked, message: `${folder} is listed under components, but it is a ${own}`, hint: 'list it under resources, or make it kind: Component (kustomize.config.k8s.io/v1alpha1)', related: [{ what: 'its kind', source: at(['kind']) }] }
      : { rule: 'component-kind', source: asked, message: `${folder} is a Component and listed under resources`, hint: 'list it under components', related: [{ what: 'its kind', source: at(['kind']) }] });
    return undefined;
  }
  return { folder, file, data: canonical(data), source: at, by: (field) => field };
}

function checked(work: Work, data: Readonly<Record<string, unknown>>, at: (path: Source['at']) => Source): boolean {
  let good = true;
  const wrong = (path: Source['at'], rule: 'kustomization-field' | 'kustomization-value', message: string, hint: string): void => {
    good = false;
    const source = at(path);
    if (rule === 'kustomization-field') fail(work, { rule, spot: work.texts.spot(source, 'key'), message, hint });
    else fail(work, { rule, source, message, hint });
  };
  const kind = text(data['kind']) ?? 'Kustomization';
  if (kind !== 'Kustomization' && kind !== 'Component') wrong(['kind'], 'kustomization-value', `${kind} is no kind of a kustomization.yaml`, 'it is Kustomization or Component');
  const version = kind === 'Component' ? 'kustomize.config.k8s.io/v1alpha1' : 'kustomize.config.k8s.io/v1beta1';
  if (data['apiVersion'] !== undefined && data['apiVersion'] !== null && data['apiVersion'] !== '' && data['apiVersion'] !== version) wrong(['apiVersion'], 'kustomization-value', `the apiVersion of a ${kind} is ${version}, not ${String(data['apiVersion'])}`, `write apiVersion: ${version}`);
  for (const [key, value] of Object.entries(data)) {
    const field = nameOf(key);
    const form = field === undefined ? undefined : FIELDS[field];
    if (form === undefined) wrong([key], 'kustomization-field', `kustomize knows no field ${key}`, meant(key, Object.keys(FIELDS), 'remove it, or see the reference of kustomization.yaml'));
    else if (value !== null) shape(key, form, value, wrong);
  }
  return good;
}

/** Fields by their proper names: Go's JSON takes them in any case of their letters. */
function canonical(data: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (Object.keys(data).every((key) => Object.hasOwn(FIELDS, key))) return data;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [nameOf(key) ?? key, value]));
}
function nameOf(key: string): string | undefined {
  return Object.hasOwn(FIELDS, key) ? key : Object.keys(FIELDS).find((each) => each.toLowerCase() === key.toLowerCase());
}

type Wrong = (path: Source['at'], rule: 'kustomization-field' | 'kustomization-value', message: string, hint: string) => void;
function shape(key: string, form: 'text' | 'map' | 'list' | 'texts' | 'maps', value: unknown, wrong: Wrong): void {
  if (form === 'text') { if (typeof value !== 'string') wrong([key], 'kustomization-value', `${key} must be text`, 'put it in quotes'); return; }
  if (form === 'map') {
    if (!isPlain(value)) wrong([key], 'kustomization-value', `${key} must be a map`, 'write its parts as key: value');
    else if (key === 'commonLabels' || key === 'commonAnnotations') texts([key], value, wrong);
    else nested(key, [key], value, wrong);
    return;
  }
  if (!Array.isArray(value)) { wrong([key], 'kustomization-value', `${key} must be a list`, typeof value === 'string' ? `did you mean [${value}]?` : 'write - before each of its lines'); return; }
  value.forEach((each: unknown, index) => {
    if (form === 'texts' && typeof each !== 'string') wrong([key, index], 'kustomization-value', `each of ${key} must be text`, isPlain(each) ? 'write a path, without a colon behind it' : 'write a path');
    else if (form === 'maps' && !isPlain(each)) wrong([key, index], 'kustomization-value', `each of ${key} must be a map`, `its fields are ${(NESTED[key] ?? []).join(', ') || 'in the reference of kustomization.yaml'}`);
    else if (isPlain(each)) nested(key, [key, index], each, wrong);
  });
}
/** Labels and annotations are text: a number or `yes` without quotes is refused. */
function texts(path: Source['at'], value: Readonly<Record<string, unknown>>, wrong: Wrong): void {
  for (const [key, each] of Object.entries(value)) {
    if (typeof each !== 'string' && each !== null) wrong([...path, key], 'kustomization-value', `the value of ${key} must be text`, 'put it in quotes');
  }
}
function nested(key: string, path: Source['at'], value: Readonly<Record<string, unknown>>, wrong: Wrong): void {
  for (const field of ['pairs', 'labels', 'annotations']) {
    const inner = value[field];
    if (isPlain(inner)) texts([...path, field], inner, wrong);
    else if (isPlain(value['options']) && isPlain(value['options'][field])) texts([...path, 'options', field], value['options'][field], wrong);
  }
  const known = NESTED[key];
  if (known === undefined) return;
  for (const name of Object.keys(value)) {
    if (!known.some((each) => each.toLowerCase() === name.toLowerCase())) wrong([...path, name], 'kustomization-field', `kustomize knows no field ${name} in ${key}`, meant(name, known, `its fields are ${known.join(', ')}`));
  }
}
