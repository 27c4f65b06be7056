import { readReleases } from '../charts/index.ts';
import type { Around, Release, Tree } from '../model.types.ts';

/** The releases of trees with chart and values; with `around` also what their charts render, where those are to be had. */
export async function releasesOf(trees: readonly Tree[], around: Around | undefined): Promise<(tree: Tree) => readonly Release[]> {
  const releases = await readReleases(trees, { around });
  return (tree) => releases.get(tree) ?? [];
}
