import type { KubeObject } from '../../config/cluster.ts';
import { at, fields, isFields, items } from '../../health/objects.ts';
import { get, isObject, withAt } from '../build/data.ts';
import type { Built, Texts, Unit } from '../model.types.ts';

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

const known = new WeakMap<Unit, ReadonlySet<string>>();

/** Names of variables whose values are out of a Secret of the tree, or may be: those a ConfigMap or the Kustomization itself says are not. */
export function secretVariables(unit: Unit, texts: Texts): ReadonlySet<string> {
  const there = known.get(unit);
  if (there !== undefined) return there;
  const asks = items(at(unit.declared?.object['spec'], 'postBuild', 'substituteFrom')).some((each) => at(each, 'kind') === 'Secret');
  const found = new Set(!asks ? [] : [...unit.variables.values()].flatMap(({ name, value, from }) => {
    if (from === 'given' || value === undefined) return [];
    const kind = at(texts.documents(from.file)?.find(({ index }) => index === from.document)?.data, 'kind');
    return kind === 'ConfigMap' || from.at[0] === 'configMapGenerator' || (from.at[0] === 'spec' && kind === 'Kustomization') ? [] : [name];
  }));
  known.set(unit, found);
  return found;
}

/** The object as it may be shown: where a variable out of a Secret was filled in, its name stands again. The very same object where none was. */
export function withoutSecrets(built: Built, texts: Texts): KubeObject {
  const secret = secretVariables(built.unit, texts);
  if (secret.size === 0 || built.raw === built.object) return built.object;
  let object: unknown = built.object;
  for (const use of built.unit.uses) if (use.built === built && secret.has(use.name)) object = withAt(object, use.path, get(built.raw, ...use.path));
  return isObject(object) ? object : built.object;
}
