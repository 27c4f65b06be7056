import type { Around, Built, Release, Tree, Unit, View } from './model.types.ts';

/** What is there before Flux belongs to no Kustomization; it is told as one without a folder. */
function givenUnit(): Unit {
  return { namespace: '', name: 'given', declared: undefined, parent: undefined, folder: undefined, objects: [], substitutes: false, variables: new Map(), uses: [], files: new Set(), broken: false, hides: false, suspended: false };
}

/** What the rules look at: each of `trees` with its releases, the others beside it. */
export function viewsOf(trees: readonly { readonly tree: Tree; readonly releases: readonly Release[] }[], around: Around | undefined): readonly View[] {
  const unit = givenUnit();
  const viewOf = (tree: Tree, releases: readonly Release[], others: readonly Tree[], variant?: Pick<View, 'variant' | 'same'>): View => {
    const given = tree.settings.given.map(({ object, source }): Built => ({ object, raw: object, origin: { source, edits: [] }, unit }));
    const all = [...tree.objects, ...releases.flatMap((release) => release.rendered ?? []), ...given];
    const same = tree.variants === undefined ? undefined : new Set(all.map(({ object }) => object));
    return {
      tree, releases, others, all, ...variant,
      unrendered: releases.filter((release) => release.rendered === undefined),
      ...(around === undefined ? {} : { around }),
      ...(tree.variants === undefined || same === undefined ? {} : { variants: tree.variants.map(({ name, tree: other }) => viewOf(other, releasesOf(other, releases), others, { variant: name, same })) }),
    };
  };
  return trees.map(({ tree, releases }) => viewOf(tree, releases, trees.flatMap((each) => (each.tree === tree ? [] : [each.tree]))));
}

/** The objects to be judged each by itself: all of them; in another way of building those that are others there. */
export function judgedAlone({ all, same }: View): readonly Built[] {
  return same === undefined ? all : all.filter(({ object }) => !same.has(object));
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
