import type { KubeObject } from '../../config/cluster.ts';
import type { Built, Source, Tree } from '../model.types.ts';

/** An object a tree has, and where: built, or given before Flux applies anything. */
export interface Known { readonly object: KubeObject; readonly built: Built | undefined; readonly source: Source }

/** Objects of a tree by kind, namespace and name. */
export interface Lookup {
  readonly tree: Tree;
  find(kind: string, namespace: string, name: string): Known | undefined;
  ofKind(kind: string): readonly Built[];
  /** Why an object that is not found could be there all the same; undefined when everything could be looked into. */
  readonly unseen: string | undefined;
}

export function lookupOf(tree: Tree): Lookup {
  const kinds = new Map<string, Built[]>();
  const known = new Map<string, Known>();
  for (const { object, source } of tree.settings.given) known.set(idOf(object), { object, built: undefined, source });
  for (const built of tree.objects) {
    const { kind } = built.object;
    const same = kinds.get(kind);
    if (same === undefined) kinds.set(kind, [built]); else same.push(built);
    known.set(idOf(built.object), { object: built.object, built, source: built.origin.source });
  }
  const closed = tree.units.find((unit) => unit.broken || unit.folder === undefined);
  return {
    tree,
    find: (kind, namespace, name) => known.get(`${kind}\n${namespace}\n${name}`),
    ofKind: (kind) => kinds.get(kind) ?? [],
    unseen: closed === undefined ? undefined : `the Kustomization ${closed.name} ${closed.broken ? 'cannot be built' : 'lies in another source'}`,
  };
}

function idOf(object: KubeObject): string {
  return `${object.kind}\n${object.metadata.namespace ?? ''}\n${object.metadata.name}`;
}
