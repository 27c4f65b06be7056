import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../../config/cluster.ts';
import type { Path } from '../../config/source.ts';
import { at, fields, isFields, items, text } from '../../health/objects.ts';
import { kindOf } from '../index/read.ts';

/** A change the API refuses: the field, and why it may not change. */
export interface Frozen { readonly path: Path; readonly because: string }

/** Fields that can be set once, by kind. What the API fills in itself when it is left out may be written down later. */
const ONCE: Readonly<Record<string, readonly (readonly string[])[]>> = {
  Service: [['spec', 'clusterIP'], ['spec', 'clusterIPs']],
  'apps/Deployment': [['spec', 'selector']],
  'apps/DaemonSet': [['spec', 'selector']],
  'apps/ReplicaSet': [['spec', 'selector']],
  'batch/Job': [['spec', 'selector'], ['spec', 'template'], ['spec', 'completionMode'], ['spec', 'podFailurePolicy'], ['spec', 'backoffLimitPerIndex'], ['spec', 'managedBy']],
  'rbac.authorization.k8s.io/RoleBinding': [['roleRef']],
  'rbac.authorization.k8s.io/ClusterRoleBinding': [['roleRef']],
  'storage.k8s.io/StorageClass': [['provisioner'], ['parameters'], ['reclaimPolicy'], ['volumeBindingMode']],
  'storage.k8s.io/VolumeAttributesClass': [['driverName'], ['parameters']],
  'storage.k8s.io/CSIDriver': [['spec', 'attachRequired'], ['spec', 'fsGroupPolicy'], ['spec', 'volumeLifecycleModes']],
  'networking.k8s.io/IngressClass': [['spec', 'controller']],
  'gateway.networking.k8s.io/GatewayClass': [['spec', 'controllerName']],
  'node.k8s.io/RuntimeClass': [['handler']],
  'scheduling.k8s.io/PriorityClass': [['value'], ['preemptionPolicy']],
  'apiextensions.k8s.io/CustomResourceDefinition': [['spec', 'group'], ['spec', 'scope'], ['spec', 'names', 'kind'], ['spec', 'names', 'plural']],
  'snapshot.storage.k8s.io/VolumeSnapshot': [['spec', 'source']],
  PersistentVolume: [['spec', 'csi'], ['spec', 'local'], ['spec', 'nfs'], ['spec', 'hostPath'], ['spec', 'iscsi'], ['spec', 'volumeMode'], ['spec', 'nodeAffinity']],
  Secret: [['type']],
};
/** What the API takes for left out, so that naming it is no change. */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  'storage.k8s.io/StorageClass reclaimPolicy': 'Delete', 'storage.k8s.io/StorageClass volumeBindingMode': 'Immediate', 'Secret type': 'Opaque',
  'batch/Job spec.completionMode': 'NonIndexed', 'PersistentVolume spec.volumeMode': 'Filesystem', 'scheduling.k8s.io/PriorityClass preemptionPolicy': 'PreemptLowerPriority',
  'storage.k8s.io/CSIDriver spec.attachRequired': true, 'storage.k8s.io/CSIDriver spec.fsGroupPolicy': 'ReadWriteOnceWithFSType',
};
/** All of a StatefulSet's spec is set once but these. */
const STATEFUL_FREE = new Set(['replicas', 'ordinals', 'template', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy', 'minReadySeconds', 'revisionHistoryLimit']);
const STATEFUL_DEFAULTS: Readonly<Record<string, unknown>> = { podManagementPolicy: 'OrderedReady' };
const CLAIM_DEFAULTS: Readonly<Record<string, unknown>> = { volumeMode: 'Filesystem' };

/** Fields that change although the API lets them be set only once. Pure. */
export function frozenChanges(before: KubeObject, after: KubeObject): readonly Frozen[] {
  const kind = kindOf(before);
  if (kind !== kindOf(after)) return [];
  const found = (ONCE[kind] ?? []).flatMap((path): readonly Frozen[] => {
    const fallback = DEFAULTS[`${kind} ${path.join('.')}`];
    const [old, now] = [at(before, ...path) ?? fallback, at(after, ...path) ?? fallback];
    return isDeepStrictEqual(old, now) || mayBeSet(kind, path, old, now) ? [] : [{ path, because: `${path.join('.')} of a ${before.kind} cannot be changed` }];
  });
  switch (kind) {
    case 'apps/StatefulSet': return statefulSet(before, after);
    case 'PersistentVolumeClaim': return claim(before, after);
    case 'ConfigMap': return sealed(before, after, ['data', 'binaryData']);
    case 'Secret': return [...found, ...sealed(before, after, ['data', 'stringData'])];
    case 'apiextensions.k8s.io/CustomResourceDefinition': return [...found, ...versions(before, after)];
    default: return found;
  }
}

/** A Service that gave its address up to the API may say now which it has; one without any (ExternalName) may get one. */
function mayBeSet(kind: string, path: readonly string[], old: unknown, now: unknown): boolean {
  if (kind === 'Service') return old === undefined || old === '' || now === undefined;
  // The selector of a Job is the API's own unless somebody insists.
  if (kind === 'batch/Job' && path.at(-1) === 'selector') return old === undefined || now === undefined;
  return kind === 'PersistentVolume' && path.at(-1) === 'nodeAffinity' && old === undefined;
}

function statefulSet(before: KubeObject, after: KubeObject): readonly Frozen[] {
  const [old, now] = [fields(before['spec']), fields(after['spec'])];
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].toSorted().flatMap((key): readonly Frozen[] => {
    const same = isDeepStrictEqual(bareClaims(old[key] ?? STATEFUL_DEFAULTS[key]), bareClaims(now[key] ?? STATEFUL_DEFAULTS[key]));
    return STATEFUL_FREE.has(key) || same ? [] : [{ path: ['spec', key], because: `spec.${key} of a StatefulSet cannot be changed` }];
  });
}

/** Claim templates as the API completes them: naming what it adds is no change. */
function bareClaims(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((each: unknown) => {
    if (!isFields(each)) return each;
    const { apiVersion: _version, kind: _kind, ...rest } = each;
    return isFields(rest['spec']) ? { ...rest, spec: { ...CLAIM_DEFAULTS, ...rest['spec'] } } : rest;
  });
}

function claim(before: KubeObject, after: KubeObject): readonly Frozen[] {
  const [old, now] = [fields(before['spec']), fields(after['spec'])];
  const found = [...new Set([...Object.keys(old), ...Object.keys(now)])].toSorted().flatMap((key): readonly Frozen[] => {
    if (key === 'resources' || key === 'volumeAttributesClassName') return [];
    const [was, is] = [old[key] ?? CLAIM_DEFAULTS[key], now[key] ?? CLAIM_DEFAULTS[key]];
    // The API fills in a class and a volume by itself.
    const filled = (key === 'storageClassName' || key === 'volumeName') && (was === undefined || is === undefined);
    return filled || isDeepStrictEqual(was, is) ? [] : [{ path: ['spec', key], because: `spec.${key} of a PersistentVolumeClaim cannot be changed` }];
  });
  const [was, is] = [bytesOf(at(old, 'resources', 'requests', 'storage')), bytesOf(at(now, 'resources', 'requests', 'storage'))];
  return was !== undefined && is !== undefined && is < was ? [...found, { path: ['spec', 'resources', 'requests', 'storage'], because: 'a volume can grow, it cannot shrink' }] : found;
}

/** A ConfigMap or Secret that said it would not change. */
function sealed(before: KubeObject, after: KubeObject, keys: readonly string[]): readonly Frozen[] {
  if (before['immutable'] !== true) return [];
  const held = after['immutable'] === true ? [] : [{ path: ['immutable'], because: `a ${before.kind} that is immutable stays so` }];
  return [...held, ...keys.flatMap((key): readonly Frozen[] => (isDeepStrictEqual(before[key], after[key]) ? [] : [{ path: [key], because: `this ${before.kind} is immutable` }]))];
}

/** Versions in which objects may be stored: without them those can no longer be read. */
function versions(before: KubeObject, after: KubeObject): readonly Frozen[] {
  const stored = items(at(before['spec'], 'versions')).flatMap((each) => (at(each, 'storage') === true ? [text(at(each, 'name')) ?? ''] : []));
  const left = new Set(items(at(after['spec'], 'versions')).map((each) => text(at(each, 'name'))));
  return stored.filter((name) => !left.has(name)).map((name) => ({ path: ['spec', 'versions'], because: `objects are stored as ${name}, which would no longer be known` }));
}

const UNITS: Readonly<Record<string, number>> = { '': 1, m: 0.001, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 };
/** Bytes of a quantity of storage; undefined for what is none. */
export function bytesOf(quantity: unknown): number | undefined {
  const match = /^\+?(\d+(?:\.\d+)?)(m|[kMGTPE]|[KMGTPE]i)?$/.exec(typeof quantity === 'number' ? String(quantity) : text(quantity) ?? '');
  const unit = UNITS[match?.[2] ?? ''];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}
