import { posix } from 'node:path';
import { listIn, textIn } from '../data.ts';
import type { Report } from '../source.ts';
import { listed, meant } from '../words.ts';
import type { TreeObject, WrittenRelease, WrittenSite, WrittenTree } from '../written.ts';
import { treeIsWhole, type Rule } from './rule.ts';

const idOf = (release: WrittenRelease): string => `${release.namespace.value}/${release.name.value}`;

/** The HelmRelease of a tree that takes over a release of the bootstrap: same name, same namespace. */
export function adopter(tree: WrittenTree, release: WrittenRelease): TreeObject | undefined {
  return tree.objects.find((each) => each.kind === 'HelmRelease' && each.name === release.name.value && each.namespace === release.namespace.value);
}

/** Files a HelmRelease takes its values from, root-relative. */
function valuesOf(tree: WrittenTree, object: TreeObject): readonly string[] {
  return listIn(object.document.data, 'spec', 'valuesFrom').flatMap((each) => {
    const map = tree.generated.get(`${object.namespace ?? ''}/${textIn(each, 'name') ?? ''}`);
    const file = map?.get(textIn(each, 'valuesKey') ?? 'values.yaml');
    return file === undefined ? [] : [file];
  });
}

/** Values of a release are a file that exists, and the very file its HelmRelease takes: values exist once. */
export const releaseValues: Rule = (site, sources) => {
  const whole = treeIsWhole(sources);
  for (const release of [...site.releases.crds, ...site.releases.core]) {
    for (const value of release.values) {
      const file = posix.join(posix.dirname(release.file), value.value);
      if (posix.isAbsolute(value.value) || file.startsWith('../')) {
        sources.report(value.spot, 'values-outside', `${value.value} is outside the configuration`, 'values live beside the HelmRelease in the Flux tree');
        continue;
      }
      if (sources.kind(file) !== 'file') {
        const around = sources.filesBelow('kubernetes').filter((each) => each.endsWith('/values.yaml')).map((each) => `../${each}`);
        sources.report(value.spot, 'values-missing', `${file} does not exist`, meant(value.value, around, 'values live beside the HelmRelease in the Flux tree'));
        continue;
      }
      if (!whole || release.file !== 'helmfile.d/01-core.yaml') continue;
      for (const tree of site.trees) {
        const object = adopter(tree, release);
        if (object === undefined) continue;
        const used = valuesOf(tree, object);
        // Values from a ConfigMap that nothing makes are told where they are asked for.
        const known = used.length > 0 || listIn(object.document.data, 'spec', 'valuesFrom').length === 0;
        if (known && !used.includes(file)) {
          sources.report(value.spot, 'values-not-shared', `HelmRelease ${idOf(release)} (${object.document.file}) takes its values from ${listed(used)}, not from this file`, 'bootstrap and Flux must use the same file, or the handover changes what was just installed');
          break;
        }
      }
    }
  }
};

/** `needs` name releases of the same file. */
export const releaseNeeds: Rule = (site, { report }) => {
  for (const releases of [site.releases.crds, site.releases.core]) {
    const known = releases.map(idOf);
    const seen = new Set<string>();
    for (const release of releases) {
      if (seen.has(idOf(release))) report(release.name.spot, 'release-twice', `release ${idOf(release)} is listed twice`, 'remove one of them');
      seen.add(idOf(release));
      for (const need of release.needs) {
        if (need.value === idOf(release)) report(need.spot, 'need-unknown', `${release.name.value} needs itself`, 'remove it');
        else if (!known.includes(need.value)) report(need.spot, 'need-unknown', `${release.name.value} needs ${need.value}, which is no release of this file`, meant(need.value, known.filter((each) => each !== idOf(release)), `written namespace/name; known: ${known.join(', ')}`));
      }
    }
  }
};

/** No release waits for itself through others. */
export const releaseOrder: Rule = (site, { report }) => {
  for (const releases of [site.releases.crds, site.releases.core]) {
    reportCycles(releases.map((release) => ({
      name: idOf(release), needs: release.needs.filter(({ value }) => value !== idOf(release)).map(({ value, spot }) => ({ name: value, spot })),
    })), 'need-cycle', 'releases wait for each other', report);
  }
};

export interface Waiting { readonly name: string; readonly needs: readonly { readonly name: string; readonly spot: Parameters<Report>[0] }[] }

/** Reports each cycle once, at the wait that closes it when followed from the first member in order. */
export function reportCycles(items: readonly Waiting[], rule: string, what: string, report: Report): void {
  const byName = new Map(items.map((item) => [item.name, item]));
  const done = new Set<string>();
  const visit = (item: Waiting, path: readonly string[]): void => {
    for (const need of item.needs) {
      const from = path.indexOf(need.name);
      if (from >= 0) report(need.spot, rule, `${what}: ${[...path.slice(from), need.name].join(' -> ')}`, 'none of them can ever start; take one of these arrows away');
      else if (!done.has(need.name)) {
        const next = byName.get(need.name);
        if (next !== undefined) visit(next, [...path, need.name]);
      }
    }
    done.add(item.name);
  };
  for (const item of items) if (!done.has(item.name)) visit(item, [item.name]);
}

/** Names of namespaces that are there before Flux: Kubernetes' own and those of bootstrap/namespaces.yaml. */
export function namespacesBeforeFlux(site: WrittenSite): ReadonlySet<string> {
  return new Set(['kube-system', 'default', 'kube-public', 'kube-node-lease', ...site.namespaces.flatMap((each) => textIn(each.data, 'metadata', 'name') ?? [])]);
}

/** helmfile makes no namespaces here (they would lack their Pod Security labels): the bootstrap makes them before. */
export const releaseNamespaces: Rule = (site, { report }) => {
  if (site.namespaces.length === 0) return;
  const made = namespacesBeforeFlux(site);
  for (const { name, namespace } of [...site.releases.crds, ...site.releases.core]) {
    if (!made.has(namespace.value)) report(namespace.spot, 'namespace-missing', `release ${name.value} goes to namespace ${namespace.value}, which bootstrap/namespaces.yaml does not make`, meant(namespace.value, made, 'add it there, with its Pod Security labels'));
  }
};
