import type { Cluster, Site, TreeItem } from '../config/cluster.ts';
import { id } from './objects.ts';

/** Flux objects the cluster's tree asks for. A cluster without a tree asks for none. */
export function treeOf(seen: { readonly site: Site; readonly cluster: Cluster }): readonly TreeItem[] {
  return seen.site.tree[seen.cluster.name] ?? [];
}
export function treeItems(seen: { readonly site: Site; readonly cluster: Cluster }, ...kinds: readonly TreeItem['kind'][]): readonly TreeItem[] {
  return treeOf(seen).filter((item) => kinds.includes(item.kind));
}
export const itemId = (item: TreeItem): string => id(item.kind, item.name, item.namespace);

/** Whether the tree brings the cluster mesh: something of it carries its name. */
export function treeHasMesh(site: Site, cluster: Cluster): boolean {
  return (site.tree[cluster.name] ?? []).some((item) => (item.kind === 'Kustomization' || item.kind === 'HelmRelease') && /(^|-)(cluster-?)?mesh($|-)/u.test(item.name));
}
