import { isHole, kindOf } from '../../index/read.ts';
import type { Built, Rule, Unit, View } from '../../model.types.ts';
import { called, isAsleep, isRemote, isSuspended, labelsIn, partsOf, unitCalled, type Say } from './parts.ts';

/** Who applies an object: a unit, or a release. */
type Owner = Unit | Built;
interface Twice { readonly first: Built; readonly second: Built }

const ownerOf = (built: Built): Owner => built.release ?? built.unit;
function ownerCalled(built: Built): string {
  return built.release === undefined ? unitCalled(built.unit) : called(built.release.object);
}

/** Annotations by which Flux leaves an object, or fields of it, to somebody else on purpose. */
function shares({ object }: Built): boolean {
  const annotations = labelsIn(object, 'annotations');
  return ['Merge', 'IfNotPresent', 'Ignore'].includes(String(annotations['kustomize.toolkit.fluxcd.io/ssa'])) || annotations['kustomize.toolkit.fluxcd.io/reconcile'] === 'disabled' || annotations['helm.sh/hook'] !== undefined;
}

const known = new WeakMap<View, readonly Twice[]>();

/** Objects that two apply, each pair of owners once per object. */
function twice(view: View): readonly Twice[] {
  const before = known.get(view);
  if (before !== undefined) return before;
  const found: Twice[] = [];
  for (const same of partsOf(view).byKey.values()) {
    if (same.length < 2) continue;
    const awake = same.filter((built) => !isAsleep(built.unit) && !(built.release !== undefined && isSuspended(built.release)) && !shares(built) && !isHole(built.object.metadata.name) && !isHole(built.object.metadata.namespace));
    const [first] = awake;
    if (first === undefined) continue;
    const told = new Set<Owner>([ownerOf(first)]);
    for (const second of awake.slice(1)) {
      const owner = ownerOf(second);
      // Definitions are installed by whoever comes first, and Helm leaves those beside a chart's templates alone.
      if (told.has(owner) || (kindOf(second.object) === 'apiextensions.k8s.io/CustomResourceDefinition' && (first.release ?? second.release) !== undefined)) continue;
      told.add(owner);
      found.push({ first, second });
    }
  }
  known.set(view, found);
  return found;
}

/** Both units build the same files: one folder, or one inside the other. */
function shareFolder({ first, second }: Twice): boolean {
  if (first.release !== undefined || second.release !== undefined) return false;
  const [a, b] = [first.unit.folder, second.unit.folder];
  return a !== undefined && b !== undefined && (a === b || within(a, b) || within(b, a));
}
function within(folder: string, parent: string): boolean {
  return parent === '' || parent === '.' || folder.startsWith(`${parent}/`);
}

const path: Rule = {
  id: 'path-twice', severity: 'error',
  summary: 'No folder is applied by two Kustomizations that make the same objects of it',
  why: 'Two owners take each object from one another at every reconciliation, and the one that is removed first takes it away from the other',
  *check(view) {
    const pairs = new Map<Unit, Map<Unit, number>>();
    for (const each of twice(view)) {
      if (!shareFolder(each)) continue;
      const others = pairs.get(each.second.unit) ?? new Map<Unit, number>();
      pairs.set(each.second.unit, others);
      others.set(each.first.unit, (others.get(each.first.unit) ?? 0) + 1);
    }
    for (const [later, others] of pairs) {
      for (const [earlier, count] of others) {
        const [unit, other] = later.declared === undefined ? [earlier, later] : [later, earlier];
        if (unit.declared === undefined) continue;
        yield {
          built: unit.declared, path: ['spec', 'path'],
          message: `${unitCalled(unit)} and ${unitCalled(other)} both apply ${unit.folder === other.folder ? unit.folder ?? '' : `what is in ${(unit.folder ?? '').length > (other.folder ?? '').length ? unit.folder ?? '' : other.folder ?? ''}`} (${count} ${count === 1 ? 'object' : 'objects'})`,
          hint: 'two owners of one folder undo each other; give each its own, or take one of them away',
          related: other.declared === undefined ? [] : [{ what: `${unitCalled(other)}`, source: other.declared.origin.source }],
        };
      }
    }
  },
};

const object: Rule = {
  id: 'object-twice', severity: 'error',
  summary: 'Every object has one owner: one Kustomization or one release',
  why: 'Two owners take it from one another at every reconciliation; Helm refuses to install over what is not its own; and the owner that is removed first takes the object away from the other',
  *check(view) {
    for (const each of twice(view)) if (!shareFolder(each)) yield* tell(each);
  },
};

function* tell({ first, second }: Twice): Iterable<Say> {
  if (isRemote(first.unit) || isRemote(second.unit)) return;
  // What a chart makes cannot be changed at its place: the plain manifest is.
  const [at, other] = second.release !== undefined && first.release === undefined ? [first, second] : [second, first];
  yield {
    built: at, path: ['metadata', 'name'],
    message: `${called(at.object)} is applied by ${ownerCalled(at)} and by ${ownerCalled(other)}`,
    hint: 'remove one of them; two owners of one object undo each other for ever',
    related: [{ what: `${ownerCalled(other)} brings it here`, source: other.origin.source }],
  };
}

export const OWNERS: readonly Rule[] = [path, object];
