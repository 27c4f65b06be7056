import { check } from '../finding.ts';
import { KINDS } from '../kinds.ts';
import { treeItems } from '../tree.ts';
import { fromTree, readiness, wantedAndThere } from './ready.ts';

export const helmReleaseChecks = [
  check('helmreleases', 'every HelmRelease to be Ready', (seen) => wantedAndThere(seen, KINDS.helmReleases, fromTree(treeItems(seen, 'HelmRelease')), readiness)),
];
