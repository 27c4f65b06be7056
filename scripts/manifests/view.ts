import type { Around, Built, Release, Tree, Unit, View } from './model.types.ts';

/** What is there before Flux belongs to no Kustomization; it is told as one without a folder. */
function givenUnit(): Unit {
  return { namespace: '', name: 'given', declared: undefined, parent: undefined, folder: undefined, objects: [], substitutes: false, variables: new Map(), uses: [], files: new Set(), broken: false, suspended: false };
}

/** What the rules look at: each of `trees` with its releases, the others beside it. */
export function viewsOf(trees: readonly { readonly tree: Tree; readonly releases: readonly Release[] }[], around: Around | undefined): readonly View[] {
  const unit = givenUnit();
  return trees.map(({ tree, releases }) => {
    const given = tree.settings.given.map(({ object, source }): Built => ({ object, raw: object, origin: { source, edits: [] }, unit }));
    return {
      tree, releases, others: trees.flatMap((each) => (each.tree === tree ? [] : [each.tree])),
      all: [...tree.objects, ...releases.flatMap((release) => release.rendered ?? []), ...given],
      unrendered: releases.filter((release) => release.rendered === undefined),
      ...(around === undefined ? {} : { around }),
    };
  });
}
