import { helmReleaseChecks, kustomizationChecks, sourceChecks } from '../health/checks/index.ts';
import { MINUTES, OFTEN, waits } from './wait-phase.ts';

/** The handover: every source fetched, every Kustomization and HelmRelease of the tree Ready at the expected revision. */
export default waits({
  name: 'flux',
  title: 'wait until Flux has brought up the tree',
  verify: [...sourceChecks, ...kustomizationChecks, ...helmReleaseChecks],
  patience: 30 * MINUTES,
  every: OFTEN,
  holds: (seen) => {
    const tree = seen.site.tree[seen.cluster.name] ?? [];
    const number = (kind: string): number => tree.filter((item) => item.kind === kind).length;
    return `${number('Kustomization')} Kustomizations, ${number('HelmRelease')} HelmReleases Ready`;
  },
});
