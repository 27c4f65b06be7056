import type { KubeObject } from '../../config/cluster.ts';
import { fields, isFields } from '../../health/objects.ts';

/** What stands where a value of a Secret would. */
export const MASKED = '**masked**';
const APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** The object with no value of a Secret in it, nor what kubectl kept of one; the very same object when it is no Secret. Keys stay. */
export function masked(object: KubeObject): KubeObject {
  return isSecret(object) ? withValues(object, () => MASKED) : object;
}

/** Both sides of a change without their values; where those differ the marks do, so that a change stays one. */
export function maskedBoth(before: KubeObject, after: KubeObject): readonly [KubeObject, KubeObject] {
  const same = (field: string, key: string): boolean => fields(before[field])[key] === fields(after[field])[key];
  const mask = (object: KubeObject, side: string): KubeObject => (isSecret(object)
    ? withValues(object, (field, key) => (same(field, key) || !(key in fields(before[field])) || !(key in fields(after[field])) ? MASKED : `${MASKED} (${side})`))
    : object);
  return [mask(before, 'before'), mask(after, 'after')];
}

export function isSecret(object: KubeObject): boolean {
  return object.kind === 'Secret' && object.apiVersion === 'v1';
}

function withValues(object: KubeObject, mask: (field: string, key: string) => string): KubeObject {
  const { annotations } = object.metadata;
  const out: KubeObject = { ...object };
  for (const field of ['data', 'stringData']) {
    const values = object[field];
    if (isFields(values)) out[field] = Object.fromEntries(Object.keys(values).map((key) => [key, mask(field, key)]));
    else if (values !== undefined && values !== null) out[field] = MASKED;
  }
  if (annotations?.[APPLIED] !== undefined) out.metadata = { ...object.metadata, annotations: { ...annotations, [APPLIED]: MASKED } };
  return out;
}
