import { kindOf } from '../index/read.ts';
import { lookupOf } from '../charts/lookup.ts';
import { wantedChart } from '../charts/source.ts';
import { readValues } from '../charts/values.ts';
import type { Around, Release, Tree } from '../model.types.ts';

const HELM = 'helm.toolkit.fluxcd.io/HelmRelease';

/** The releases of a tree with chart and values, nothing rendered: what can be said without any chart. */
export function declaredReleases(tree: Tree): readonly Release[] {
  const lookup = lookupOf(tree);
  return tree.objects.filter((built) => kindOf(built.object) === HELM).map((declared): Release => {
    const wanted = wantedChart(lookup, declared);
    const { values, unknown } = readValues(lookup, declared);
    return {
      declared, name: declared.object.metadata.name, namespace: declared.object.metadata.namespace ?? '',
      chart: { name: wanted.name, url: wanted.url, version: wanted.version }, values, rendered: undefined, crds: [], unknown: unknown ?? 'charts were not asked for',
    };
  });
}

/** The same with what their charts render, where those are to be had. */
export async function releasesOf(tree: Tree, around: Around): Promise<readonly Release[]> {
  void around;
  return declaredReleases(tree);
}
