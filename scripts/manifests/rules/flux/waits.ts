import { at, entries, isHole, text } from '../../index/read.ts';
import type { Built, Unit } from '../../model.types.ts';
import { isSuspended, keyOf, spec } from './parts.ts';

/** What Flux objects wait for, as they write it. */

export interface HealthCheck { readonly index: number; readonly key: string; readonly apiVersion: string | undefined; readonly kind: string; readonly name: string; readonly namespace: string | undefined }

/** What a Kustomization checks the health of; entries that are not known whole are left out. */
export function healthChecks(declared: Built): readonly HealthCheck[] {
  return entries(spec(declared, 'healthChecks')).flatMap(({ entry, index }) => {
    const [apiVersion, kind, name, namespace] = [text(entry['apiVersion']), text(entry['kind']), text(entry['name']), text(entry['namespace'])];
    if (kind === undefined || name === undefined || isHole(entry['apiVersion']) || isHole(entry['namespace'])) return [];
    const key = keyOf({ apiVersion: apiVersion ?? '', kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } });
    return [{ index, key, apiVersion, kind, name, namespace }];
  });
}

/** What a HelmRelease needs before it can be installed: its source and its values. */
export function inputs(built: Built): readonly { readonly key: string; readonly path: readonly (string | number)[] }[] {
  const own = built.object.metadata.namespace;
  const key = (kind: string | undefined, name: string | undefined, namespace: string | undefined, group: string): string | undefined => (
    kind === undefined || name === undefined || namespace === undefined ? undefined : `${group}/${kind}/${namespace}/${name}`
  );
  const found: { readonly key: string; readonly path: readonly (string | number)[] }[] = [];
  const add = (key_: string | undefined, path: readonly (string | number)[]): void => { if (key_ !== undefined) found.push({ key: key_, path }); };
  for (const path of [['chartRef'], ['chart', 'spec', 'sourceRef']]) {
    const ref = spec(built, ...path);
    add(key(text(at(ref, 'kind')), text(at(ref, 'name')), text(at(ref, 'namespace')) ?? own, 'source.toolkit.fluxcd.io'), ['spec', ...path, 'name']);
  }
  for (const { entry, index } of entries(spec(built, 'valuesFrom'))) {
    if (entry['optional'] !== true) add(key(text(entry['kind']), text(entry['name']), own, ''), ['spec', 'valuesFrom', index, 'name']);
  }
  return found;
}

/** Whether a Flux object never comes to be Ready because it, or what brings it, is suspended; the one that is. */
export function sleeper(built: Built): Built | undefined {
  if (isSuspended(built)) return built;
  for (let unit: Unit | undefined = built.unit; unit !== undefined; unit = unit.parent) {
    if (unit.declared !== undefined && isSuspended(unit.declared)) return unit.declared;
  }
  return undefined;
}

/** The name of a wait for a message: `namespace/name` where it is not the namespace of who waits. */
export function nameFor(who: Built, name: string, namespace: string): string {
  return namespace === (who.object.metadata.namespace ?? '') ? name : `${namespace}/${name}`;
}
