import type { Around, Built, Release, Tree, Unit, View } from './model.types.ts';

/** What is there before Flux belongs to no Kustomization; it is told as one without a folder. */
function givenUnit(): Unit {
  return { namespace: '', name: 'given', declared: undefined, parent: undefined, folder: undefined, objects: [], substitutes: false, variables: new Map(), uses: [], files: new Set(), broken: false, hides: false, suspended: false };
}

/** What the rules look at: each of `trees` with its releases, the others beside it. */
export function viewsOf(trees: readonly { readonly tree: Tree; readonly releases: readonly Release[] }[], around: Around | undefined): readonly View[] {
  const unit = givenUnit();
  const viewOf = (tree: Tree, releases: readonly Release[], others: readonly Tree[], variant?: string): View => {
    const given = tree.settings.given.map(({ object, source }): Built => ({ object, raw: object, origin: { source, edits: [] }, unit }));
    return {
      tree, releases, others,
      all: [...tree.objects, ...releases.flatMap((release) => release.rendered ?? []), ...given],
      unrendered: releases.filter((release) => release.rendered === undefined),
      ...(around === undefined ? {} : { around }),
      ...(tree.variants === undefined ? {} : { variants: tree.variants.map(({ name, tree: other }) => viewOf(other, releasesOf(other, releases), others, name)) }),
      ...(variant === undefined ? {} : { variant }),
    };
  };
  return trees.map(({ tree, releases }) => viewOf(tree, releases, trees.flatMap((each) => (each.tree === tree ? [] : [each.tree]))));
}

/** The releases of a tree built in another way: where nothing is otherwise, they are what they are. One that is otherwise is not rendered once more, and not known. */
function releasesOf(tree: Tree, known: readonly Release[]): readonly Release[] {
  const byObject = new Map(known.map((release) => [release.declared.object, release]));
  return tree.objects.filter(({ object }) => object.kind === 'HelmRelease').map((declared): Release => {
    const same = byObject.get(declared.object);
    return same === undefined
      ? { declared, name: declared.object.metadata.name, namespace: declared.object.metadata.namespace ?? '', chart: { name: '', url: undefined, version: undefined }, values: undefined, rendered: undefined, crds: [], unknown: 'it is otherwise in a way of building the tree that is not rendered' }
      : { ...same, declared };
  });
}
