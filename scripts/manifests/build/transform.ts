import type { KubeObject } from '../../config/cluster.ts';
import type { Path } from '../../config/source.ts';
import type { Edit } from '../model.types.ts';
import { groupOf, isPlain, list, plain, strings, text, type Plain } from './data.ts';
import { alter, appliesTo, COMMON_ANNOTATIONS, COMMON_LABELS, METADATA_LABELS, NAMESPACE, REPLICAS, TEMPLATE_LABELS, type FieldSpec } from './fieldspecs.ts';
import { withImage } from './images.ts';
import { isClusterScoped } from './merge-keys.ts';
import { addAll } from './objects.ts';
import { patchAll, patchJson6902, patchStrategicMerge } from './patches.ts';
import { edited, fail, renamed, type Instructions, type Res, type Work } from './work.ts';

/** What one kustomization.yaml does to the objects it has gathered, in kustomize's own order. */
export function transform(work: Work, instructions: Instructions, objects: readonly Res[]): readonly Res[] {
  const { data } = instructions;
  let all = patchStrategicMerge(work, instructions, objects);
  all = patchAll(work, instructions, all);
  const namespace = text(data['namespace']);
  if (namespace !== undefined && namespace !== '') all = distinct(work, all.map((res) => inNamespace(instructions, res, namespace)));
  for (const [field, change] of [['namePrefix', (name: string, part: string) => part + name], ['nameSuffix', (name: string, part: string) => name + part]] as const) {
    const part = text(data[field]);
    if (part !== undefined && part !== '') all = all.map((res) => named(instructions, field, res, change(res.object.metadata.name, part)));
  }
  list(data['labels']).map(plain).forEach((entry, index) => { all = all.map((res) => labelled(instructions, res, strings(entry['pairs']), specsOf(entry), ['labels', index, 'pairs'])); });
  if (isPlain(data['commonLabels'])) all = all.map((res) => labelled(instructions, res, strings(data['commonLabels']), COMMON_LABELS, ['commonLabels']));
  if (isPlain(data['commonAnnotations'])) all = all.map((res) => entered(instructions, res, 'annotations', strings(data['commonAnnotations']), COMMON_ANNOTATIONS, ['commonAnnotations']));
  all = patchJson6902(work, instructions, all);
  list(data['replicas']).map(plain).forEach((entry, index) => { all = replicas(work, instructions, all, entry, index); });
  for (const field of ['images', 'imageTags']) {
    list(data[field]).map(plain).forEach((entry, index) => {
      all = all.map((res) => {
        const paths: Path[] = [];
        const object = withImage(res.object, entry, (path) => paths.push(path));
        return edited(res, object, { by: instructions.by('images'), source: instructions.source([field, index]), sets: paths.map((path) => ({ path, from: [] })) });
      });
    });
  }
  return all;
}

/** Two objects that became the same one by their namespace. */
function distinct(work: Work, objects: readonly Res[]): readonly Res[] {
  const kept: Res[] = [];
  addAll(work, kept, objects);
  return kept;
}

function inNamespace(instructions: Instructions, res: Res, namespace: string): Res {
  const paths: Path[] = [];
  const set = (value: unknown, path: Path): unknown => { paths.push(path); return value === namespace ? value : namespace; };
  let object: KubeObject = res.object;
  const { apiVersion, kind } = object;
  if (!isClusterScoped(apiVersion, kind)) object = alter(object, { path: 'metadata/namespace', create: true }, 'scalar', set);
  if (kind === 'RoleBinding' || kind === 'ClusterRoleBinding') {
    object = alter(object, { path: 'subjects' }, 'none', (subjects, path) => (Array.isArray(subjects) ? subjects.map((each: unknown, index) => {
      if (!isPlain(each) || each['name'] !== 'default') return each;
      paths.push([...path, index, 'namespace']);
      return { ...each, namespace };
    }) : subjects));
  }
  for (const spec of NAMESPACE) object = alter(object, spec, 'scalar', set);
  const next = renamed(res);
  return { ...next, object, edits: [...next.edits, { by: instructions.by('namespace'), source: instructions.source(['namespace']), sets: paths.map((path) => ({ path, from: [] })) }] };
}

const UNPREFIXED: readonly FieldSpec[] = [{ path: '', kind: 'CustomResourceDefinition' }, { path: '', kind: 'APIService', group: 'apiregistration.k8s.io' }, { path: '', kind: 'Namespace' }];

function named(instructions: Instructions, field: 'namePrefix' | 'nameSuffix', res: Res, name: string): Res {
  if (UNPREFIXED.some((spec) => appliesTo(spec, res.object))) return res;
  const object = { ...res.object, metadata: { ...res.object.metadata, name } };
  return edited(renamed(res), object, { by: 'name', source: instructions.source([field]), sets: [{ path: ['metadata', 'name'], from: [] }] });
}

function specsOf(entry: Plain): readonly FieldSpec[] {
  const own = list(entry['fields']).map(plain).flatMap((each): FieldSpec[] => {
    const path = text(each['path']);
    if (path === undefined) return [];
    const [group, version, kind] = [text(each['group']), text(each['version']), text(each['kind'])];
    return [{ path, create: each['create'] === true, ...(group === undefined ? {} : { group }), ...(version === undefined ? {} : { version }), ...(kind === undefined ? {} : { kind }) }];
  });
  if (entry['includeSelectors'] === true) return [...own, ...COMMON_LABELS];
  return [...own, ...(entry['includeTemplates'] === true ? TEMPLATE_LABELS : []), ...METADATA_LABELS];
}

function labelled(instructions: Instructions, res: Res, pairs: Readonly<Record<string, string>>, specs: readonly FieldSpec[], from: Path): Res {
  return entered(instructions, res, 'labels', pairs, specs, from);
}

/** Writes pairs into every map the fields lead to. */
function entered(instructions: Instructions, res: Res, by: 'labels' | 'annotations', pairs: Readonly<Record<string, string>>, specs: readonly FieldSpec[], from: Path): Res {
  const keys = Object.keys(pairs);
  if (keys.length === 0) return res;
  const sets: Edit['sets'][number][] = [];
  let { object } = res;
  for (const spec of specs) {
    object = alter(object, spec, 'map', (value, path) => {
      if (!isPlain(value)) return value;
      for (const key of keys) sets.push({ path: [...path, key], from: [key] });
      return { ...value, ...pairs };
    });
  }
  return edited(res, object, { by: instructions.by(by), source: instructions.source(from), sets });
}

function replicas(work: Work, instructions: Instructions, objects: readonly Res[], entry: Plain, index: number): readonly Res[] {
  const name = text(entry['name']) ?? '';
  const count = Number(entry['count'] ?? 0);
  let found = false;
  const source = instructions.source(['replicas', index]);
  const next = objects.map((res) => {
    if (res.object.metadata.name !== name && !res.was.some((each) => each.name === name)) return res;
    let { object } = res;
    const paths: Path[] = [];
    for (const spec of REPLICAS) {
      if (!appliesTo(spec, object)) continue;
      found = true;
      object = alter(object, spec, 'scalar', (_, path) => { paths.push(path); return count; });
    }
    return edited(res, object, { by: instructions.by('replicas'), source, sets: paths.map((path) => ({ path, from: ['count'] })) });
  });
  if (!found) fail(work, { rule: 'patch-target', source: instructions.source(['replicas', index, 'name']), message: `there is no Deployment, StatefulSet, ReplicaSet or ReplicationController ${name} here to set replicas of`, hint: `kustomize fails for it; mend the name, or remove it (here are ${objects.filter(({ object }) => groupOf(object.apiVersion) === 'apps').map(({ object }) => object.metadata.name).slice(0, 8).join(', ') || 'none'})` });
  return next;
}
