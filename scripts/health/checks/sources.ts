import type { KubeObject } from '../../config/cluster.ts';
import { check, pass, type Finding } from '../finding.ts';
import { KINDS } from '../kinds.ts';
import { idOf, spec } from '../objects.ts';
import type { Snapshot } from '../snapshot.types.ts';
import { treeItems } from '../tree.ts';
import { fluxRoot, fromTree, readiness, unique, wantedAndThere } from './ready.ts';

export const sourceChecks = [
  check('sources', 'every Git source to be fetched', (seen) => wantedAndThere(seen, KINDS.gitRepositories, unique([...fluxRoot(seen, 'GitRepository'), ...fromTree(treeItems(seen, 'GitRepository'))]), readiness)),
  check('sources', 'every OCI source to be fetched', (seen) => wantedAndThere(seen, KINDS.ociRepositories, fromTree(treeItems(seen, 'OCIRepository')), readiness)),
  check('sources', 'every Helm repository to be fetched', (seen) => helmRepositories(seen)),
];

function helmRepositories(seen: Snapshot): readonly Finding[] {
  return wantedAndThere(seen, KINDS.helmRepositories, fromTree(treeItems(seen, 'HelmRepository')), fetched);
}

/** A repository of type oci is only a name: there is nothing to fetch and Flux reports nothing. */
function fetched(object: KubeObject): Finding {
  return spec(object, 'type') === 'oci' ? pass(idOf(object)) : readiness(object);
}
