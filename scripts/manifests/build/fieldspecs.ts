import type { KubeObject } from '../../config/cluster.ts';
import type { Path } from '../../config/source.ts';
import { groupOf, isPlain, versionOf } from './data.ts';

/** Where kustomize's transformers write: its built-in lists of fields. */
export interface FieldSpec { readonly path: string; readonly create?: boolean; readonly group?: string; readonly version?: string; readonly kind?: string }

const on = (kinds: string, path: string, rest: Omit<FieldSpec, 'path' | 'kind'> = { create: true }): FieldSpec[] => kinds.split(' ').map((kind) => ({ path, kind, ...rest }));

const templates = (field: 'labels' | 'annotations'): readonly FieldSpec[] => [
  { path: `metadata/${field}`, create: true },
  ...on('ReplicationController', `spec/template/metadata/${field}`, { create: true, version: 'v1' }),
  ...on('Deployment ReplicaSet DaemonSet', `spec/template/metadata/${field}`),
  ...on('StatefulSet', `spec/template/metadata/${field}`, field === 'labels' ? { create: true, group: 'apps' } : { create: true }),
  ...(field === 'labels' ? on('StatefulSet', 'spec/volumeClaimTemplates[]/metadata/labels', { create: true, group: 'apps' }) : []),
  ...on('Job', `spec/template/metadata/${field}`, { create: true, group: 'batch' }),
  ...on('CronJob', `spec/jobTemplate/metadata/${field}`, { create: true, group: 'batch' }),
  ...on('CronJob', `spec/jobTemplate/spec/template/metadata/${field}`, { create: true, group: 'batch' }),
];
const AFFINITY = ['podAffinity', 'podAntiAffinity'].flatMap((which) => [
  `spec/template/spec/affinity/${which}/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels`,
  `spec/template/spec/affinity/${which}/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels`,
]);

export const METADATA_LABELS: readonly FieldSpec[] = [{ path: 'metadata/labels', create: true }];
export const TEMPLATE_LABELS = templates('labels');
export const COMMON_ANNOTATIONS = templates('annotations');
export const COMMON_LABELS: readonly FieldSpec[] = [
  ...on('Service ReplicationController', 'spec/selector', { create: true, version: 'v1' }),
  ...on('Deployment ReplicaSet DaemonSet', 'spec/selector/matchLabels'),
  ...on('StatefulSet', 'spec/selector/matchLabels', { create: true, group: 'apps' }),
  ...[...AFFINITY, 'spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels'].flatMap((path) => on('Deployment StatefulSet', path, { group: 'apps' })),
  ...on('Job', 'spec/selector/matchLabels', { group: 'batch' }),
  ...on('CronJob', 'spec/jobTemplate/spec/selector/matchLabels', { group: 'batch' }),
  ...on('PodDisruptionBudget', 'spec/selector/matchLabels', { group: 'policy' }),
  ...['spec/podSelector/matchLabels', 'spec/ingress/from/podSelector/matchLabels', 'spec/egress/to/podSelector/matchLabels'].flatMap((path) => on('NetworkPolicy', path, { group: 'networking.k8s.io' })),
  ...TEMPLATE_LABELS,
];
export const NAMESPACE: readonly FieldSpec[] = [
  { path: 'metadata/name', kind: 'Namespace', version: 'v1', create: true },
  { path: 'spec/service/namespace', group: 'apiregistration.k8s.io', kind: 'APIService', create: true },
  { path: 'spec/conversion/webhook/clientConfig/service/namespace', group: 'apiextensions.k8s.io', kind: 'CustomResourceDefinition' },
];
export const REPLICAS: readonly FieldSpec[] = on('Deployment ReplicationController ReplicaSet StatefulSet', 'spec/replicas');
export const IMAGES: readonly FieldSpec[] = ['spec', 'spec/template/spec'].flatMap((at) => [`${at}/containers[]/image`, `${at}/initContainers[]/image`, `${at}/volumes[]/image/reference`].map((path) => ({ path, create: true })));

/** Whether a field's list of kinds has this one. */
export function appliesTo({ group, version, kind }: FieldSpec, object: KubeObject): boolean {
  return (kind === undefined || kind === '' || kind === object.kind) && (group === undefined || group === '' || group === groupOf(object.apiVersion)) && (version === undefined || version === '' || version === versionOf(object.apiVersion));
}

type Change = (value: unknown, path: Path) => unknown;

/**
 * Changes what a field leads to, in a copy: through lists to every entry; what is missing is made when the field says so. `leaf` is what
 * is made at its end ('none': nothing). The very same value comes back when nothing is changed.
 */
export function alter<T extends KubeObject>(object: T, spec: FieldSpec, leaf: 'map' | 'scalar' | 'none', change: Change): T {
  return appliesTo(spec, object) ? walk(object, partsOf(spec.path), spec.create === true && leaf !== 'none', leaf, change, []) as T : object;
}

function walk(value: unknown, parts: readonly string[], create: boolean, leaf: 'map' | 'scalar' | 'none', change: Change, path: Path): unknown {
  const [first, ...rest] = parts;
  if (first === undefined) return change(value, path);
  if (Array.isArray(value)) {
    let different = false;
    const next = value.map((each: unknown, index) => {
      const changed = walk(each, parts, create, leaf, change, [...path, index]);
      different ||= changed !== each;
      return changed;
    });
    return different ? next : value;
  }
  if (!isPlain(value)) return value;
  const name = first.endsWith('[]') ? first.slice(0, -2) : first;
  const isList = name !== first;
  const creating = create && !isList;
  const there = Object.hasOwn(value, name);
  if (!there && !creating) return value;
  const made = isList ? [] : rest.length > 0 || leaf === 'map' ? {} : '';
  const below: unknown = !there || (value[name] === null && (creating || isList)) ? made : value[name];
  const next = walk(below, rest, create, leaf, change, [...path, name]);
  return next === value[name] || (!there && next === made && isList) ? value : { ...value, [name]: next };
}

/** The parts of a field's path; a `/` that belongs to a name is written `\/`. */
function partsOf(path: string): readonly string[] {
  return path.includes('\\/') ? path.split(/(?<!\\)\//).map((part) => part.replaceAll('\\/', '/')) : path.split('/');
}
