import type { Report, Sources, Spot } from '../source.ts';
import { listed } from '../words.ts';
import type { WrittenSite } from '../written.ts';

/** A rule looks at what is written and reports what is wrong; it never throws and never changes anything. */
export type Rule = (site: WrittenSite, sources: Sources) => void;

/** Problems that hide parts of the tree. */
const HIDING: ReadonlySet<string> = new Set([
  'dangling-resource', 'dangling-path', 'file-missing', 'file-unreadable', 'file-large', 'folder-unreadable', 'not-text', 'merge-conflict',
  'yaml-syntax', 'yaml-tab', 'yaml-alias', 'yaml-merge', 'yaml-key', 'yaml-tag', 'yaml-deep', 'duplicate-key', 'empty-file', 'one-document', 'object-twice',
  'path-twice', 'not-an-object', 'remote-resource', 'cluster-unknown', 'kustomization-shape', 'resource-cycle', 'resource-outside',
]);

/** Whether the whole tree could be seen. If not, what is not there may only be hidden, and concluding from it must wait. */
export function treeIsWhole(sources: Sources): boolean {
  return !sources.problems.some(({ file, rule }) => file.startsWith('kubernetes/') && HIDING.has(rule));
}

/** Gathers what is wrong at one place for several clusters into one problem that names them all. */
export class PerCluster {
  readonly #found = new Map<string, { readonly spot: Spot; readonly rule: string; readonly clusters: string[]; readonly say: (clusters: string, several: boolean) => string; readonly hint: string }>();

  add(cluster: string, spot: Spot, rule: string, say: (clusters: string, several: boolean) => string, hint: string): void {
    const key = JSON.stringify([spot, rule, say('', false)]);
    const known = this.#found.get(key);
    if (known === undefined) this.#found.set(key, { spot, rule, clusters: [cluster], say, hint });
    else if (!known.clusters.includes(cluster)) known.clusters.push(cluster);
  }

  tell(report: Report): void {
    for (const { spot, rule, clusters, say, hint } of this.#found.values()) report(spot, rule, say(listed(clusters), clusters.length > 1), hint);
  }
}

/** Names of objects as they are in a cluster, variables filled in. */
export function fill(site: WrittenSite, cluster: string): (text: string) => string {
  const data = new Map((site.settings.get(cluster)?.data ?? []).map(({ key, value }) => [key.value, value.value]));
  return (text) => text.replaceAll(/\$\{(\w+)(?::?[=-]([^}]*))?\}/g, (whole, name: string, otherwise: string | undefined) => data.get(name) ?? otherwise ?? whole);
}
