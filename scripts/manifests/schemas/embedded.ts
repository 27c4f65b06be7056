import type { KubeObject } from '../../config/cluster.ts';
import type { Path } from '../../config/source.ts';
import { get, isObject, list } from '../build/data.ts';
import { isUnknown } from '../build/unknown.ts';
import type { Built } from '../model.types.ts';

/** Objects that stand whole inside another and reach the cluster from there: those of a ResourceSet, and those of a List. */
export function embedded({ object }: Built): readonly { readonly object: KubeObject; readonly prefix: Path }[] {
  const at: Path | undefined = object.kind === 'ResourceSet' && object.apiVersion.startsWith('fluxcd.controlplane.io/') ? ['spec', 'resources'] : object.kind === 'List' && object.apiVersion === 'v1' ? ['items'] : undefined;
  if (at === undefined) return [];
  // What a template will put somewhere is not known here: `<< inputs.x >>`.
  return list(get(object, ...at)).flatMap((each, index) => (isObject(each) && !isUnknown(each) && !templated(each) ? [{ object: each, prefix: [...at, index] }] : []));
}

function templated(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('<<');
  return typeof value === 'object' && value !== null && Object.values(value).some(templated);
}
