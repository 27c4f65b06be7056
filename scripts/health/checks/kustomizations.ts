import type { KubeObject } from '../../config/cluster.ts';
import { check, fail, type Finding } from '../finding.ts';
import { KINDS } from '../kinds.ts';
import { known } from '../look.ts';
import { id, idOf, spec, status, text } from '../objects.ts';
import type { Snapshot } from '../snapshot.types.ts';
import { treeItems } from '../tree.ts';
import { fluxRoot, fromTree, readiness, unique, wantedAndThere } from './ready.ts';

export const kustomizationChecks = [
  check('kustomizations', 'every Kustomization to be Ready at the expected revision', (seen) =>
    wantedAndThere(seen, KINDS.kustomizations, unique([...fluxRoot(seen, 'Kustomization'), ...fromTree(treeItems(seen, 'Kustomization'))]), (object) => atRevision(seen, object))),
];

/** Ready, and at what its source holds now: Ready=True for the commit before says nothing about this one. */
function atRevision(seen: Snapshot, object: KubeObject): Finding {
  const found = readiness(object);
  if (found.is !== 'pass') return found;
  const expected = sourceRevision(seen, object);
  const applied = text(status(object, 'lastAppliedRevision'));
  if (expected === undefined || applied === expected) return found;
  return fail(idOf(object), `it applied ${applied ?? 'nothing yet'}, its source holds ${expected}`, {
    state: 'not at the expected revision', hint: `flux reconcile kustomization ${object.metadata.name} -n ${object.metadata.namespace ?? ''} --with-source`,
  });
}

/** The id of the source a Kustomization is applied from. */
export function sourceOf(kustomization: KubeObject): string | undefined {
  const kind = text(spec(kustomization, 'sourceRef', 'kind'));
  const name = text(spec(kustomization, 'sourceRef', 'name'));
  if (kind === undefined || name === undefined) return undefined;
  return id(kind, name, text(spec(kustomization, 'sourceRef', 'namespace')) ?? kustomization.metadata.namespace);
}

/** What the source of a Kustomization holds; undefined when the source is not there or has fetched nothing (judged under sources). */
export function sourceRevision(seen: Snapshot, kustomization: KubeObject): string | undefined {
  const wanted = sourceOf(kustomization);
  const source = [...known(seen, KINDS.gitRepositories), ...known(seen, KINDS.ociRepositories)].find((candidate) => idOf(candidate) === wanted);
  return source === undefined ? undefined : text(status(source, 'artifact', 'revision'));
}
