import { at, fields, idOf } from '../../health/objects.ts';
import type { KubeObject } from '../../config/cluster.ts';
import type { Built, Unit } from '../model.types.ts';
import { keyOf } from './identity.ts';

/** What becomes in the cluster of an object that is no longer asked for, and why. */
export interface Fate { readonly is: 'deleted' | 'stays' | 'waits'; readonly because: string }

const FLUX = 'kustomize.toolkit.fluxcd.io';

/** What a change makes of the units, to ask about each object that is gone. */
export interface After {
  /** Units after the change, by `namespace/name`. */
  readonly units: ReadonlyMap<string, Unit>;
  /** Objects after the change, by key (identity.ts). */
  readonly objects: ReadonlyMap<string, Built>;
}

/** What becomes of an object that nothing applies any more, as the controllers do it: garbage collection, finalizers, Helm. */
export function fateOf(built: Built, after: After): Fate {
  return built.release === undefined ? fateInUnit(built, after) : fateInRelease(built, built.release, after);
}

function fateInRelease(built: Built, release: Built, after: After): Fate {
  const { object } = built;
  if (object.kind === 'CustomResourceDefinition' && /(?:^|\/)crds\//.test(built.origin.template ?? '')) return { is: 'stays', because: 'Helm never deletes definitions of a crds folder' };
  if (object.metadata.annotations?.['helm.sh/resource-policy'] === 'keep') return { is: 'stays', because: 'helm.sh/resource-policy: keep' };
  const now = after.objects.get(keyOf(release));
  if (now !== undefined) {
    return at(now.object['spec'], 'suspend') === true ? { is: 'waits', because: `${idOf(now.object)} is suspended` } : { is: 'deleted', because: `Helm removes what ${idOf(now.object)} no longer renders` };
  }
  const fate = fateInUnit(release, after);
  return fate.is === 'deleted' ? { is: 'deleted', because: `${idOf(release.object)} is uninstalled` } : fate;
}

function fateInUnit(built: Built, after: After, depth = 0): Fate {
  if (says(built.object, 'prune', 'disabled')) return { is: 'stays', because: `${FLUX}/prune: disabled` };
  if (says(built.object, 'ssa', 'ignore') || says(built.object, 'reconcile', 'disabled')) return { is: 'stays', because: 'Flux does not apply it' };
  const { unit } = built;
  const name = `${unit.namespace}/${unit.name}`;
  const now = after.units.get(name);
  if (now !== undefined) {
    if (now.suspended) return { is: 'waits', because: `Kustomization ${name} is suspended` };
    // Whoever installs Flux makes the first one, and always prunes.
    if (now.declared === undefined || at(now.declared.object['spec'], 'prune') === true) return { is: 'deleted', because: `Kustomization ${name} prunes` };
    return { is: 'stays', because: `Kustomization ${name} does not prune` };
  }
  if (unit.declared === undefined || depth > 32) return { is: 'deleted', because: `Kustomization ${name} is gone` };
  return fateOfFinalized(unit, unit.declared, name, after, depth);
}

/** What a Kustomization leaves behind when it is deleted itself. */
function fateOfFinalized(unit: Unit, declared: Built, name: string, after: After, depth: number): Fate {
  const fate = fateInUnit(declared, after, depth + 1);
  if (fate.is !== 'deleted') return { is: fate.is, because: `Kustomization ${name} is no longer asked for and ${fate.is === 'waits' ? 'waits' : 'stays'}: ${fate.because}` };
  if (unit.suspended) return { is: 'stays', because: `Kustomization ${name} is deleted while it is suspended` };
  const { deletionPolicy, prune } = fields(declared.object['spec']);
  const deletes = deletionPolicy === 'Delete' || deletionPolicy === 'WaitForTermination' || (deletionPolicy !== 'Orphan' && prune === true);
  return deletes ? { is: 'deleted', because: `Kustomization ${name} is deleted with all it applied` } : { is: 'stays', because: `Kustomization ${name} is deleted and leaves what it applied (${deletionPolicy === 'Orphan' ? 'deletionPolicy: Orphan' : 'it does not prune'})` };
}

/** A word to Flux in the labels or annotations of an object. */
export function says(object: KubeObject, word: string, value: string): boolean {
  const key = `${FLUX}/${word}`;
  const { labels, annotations } = object.metadata;
  return [labels?.[key], annotations?.[key]].some((said) => typeof said === 'string' && said.toLowerCase() === value);
}

/** Whether the controller deletes an object and makes it anew where the API refuses a change. */
export function forced(built: Built): boolean {
  if (built.release !== undefined) return at(built.release.object['spec'], 'upgrade', 'force') === true;
  return says(built.object, 'force', 'enabled') || at(built.unit.declared?.object['spec'], 'force') === true;
}
