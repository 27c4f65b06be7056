import { posix } from 'node:path';
import { dig, listIn, mapIn, textAt, textIn } from '../data.ts';
import { keySpot, type Spot } from '../source.ts';
import { isFluxKustomization } from '../tree.ts';
import { listed, meant } from '../words.ts';
import type { TreeObject, WrittenTree } from '../written.ts';
import { adopter, namespacesBeforeFlux, reportCycles } from './helmfile.ts';
import { fill, PerCluster, treeIsWhole, type Rule } from './rule.ts';

/** Everything below kubernetes/ is applied to some cluster; what nothing leads to is forgotten, and looks as if it were there. */
export const treeReachable: Rule = (site, sources) => {
  const known = new Set(site.stems.map((stem) => `kubernetes/clusters/${stem}`));
  // Where no cluster could be read at all, that is what is told.
  for (const folder of site.stems.length === 0 ? [] : sources.folders('kubernetes/clusters')) {
    if (!known.has(folder)) sources.report({ file: `${folder}/kustomization.yaml`, line: 1, column: 1, length: 1 }, 'cluster-unknown', `there is no cluster ${posix.basename(folder)}: talos/clusters has no file of that name`, meant(posix.basename(folder), site.stems, 'add it, or remove this folder'));
  }
  if (site.trees.length === 0 || !treeIsWhole(sources)) return;
  // Settings that are not listed are told by the rule about settings.
  const reached = new Set([...site.trees.flatMap((tree) => [...tree.files]), ...site.stems.map((stem) => `kubernetes/clusters/${stem}/cluster-settings.yaml`)]);
  const told: string[] = [];
  // What lies below a folder that begins with _ is a beginning to be copied, and no cluster's.
  for (const file of sources.filesBelow('kubernetes').filter((each) => !reached.has(each) && !each.includes('/_')).toSorted((a, b) => depth(a) - depth(b))) {
    if (told.some((folder) => file.startsWith(`${folder}/`))) continue;
    // A whole folder that nothing leads to is told once, at the file that would lead into it.
    if (posix.basename(file) === 'kustomization.yaml') told.push(posix.dirname(file));
    else if (sources.kind(`${posix.dirname(file)}/kustomization.yaml`) === 'file' && !reached.has(`${posix.dirname(file)}/kustomization.yaml`)) continue;
    sources.report({ file, line: 1, column: 1, length: 1 }, 'unreachable', `nothing leads to ${file}: no kustomization.yaml lists it and no Kustomization points to it`, 'list it where it belongs, or remove it');
  }
};

function depth(file: string): number {
  return file.split('/').length * 2 - (posix.basename(file) === 'kustomization.yaml' ? 1 : 0);
}

const groupOf = (object: TreeObject): string => object.apiVersion.split('/')[0] ?? '';
const isKs = (object: TreeObject): boolean => isFluxKustomization(object.apiVersion, object.kind);

/** dependsOn names what this cluster has, nothing waits for itself, and Kustomizations are where their variables are. */
export const dependencies: Rule = (site, sources) => {
  const { report } = sources;
  const missing = new PerCluster();
  const whole = treeIsWhole(sources);
  for (const tree of site.trees) {
    for (const kind of ['Kustomization', 'HelmRelease'] as const) {
      const items = tree.objects.filter((each) => (kind === 'Kustomization' ? isKs(each) : each.kind === kind && groupOf(each) === 'helm.toolkit.fluxcd.io'));
      // Kustomizations are found by name, wherever they are: no two have the same.
      const id = (namespace: string | undefined, name: string): string => (kind === 'Kustomization' ? name : `${namespace ?? ''}/${name}`);
      const known = new Set(items.map(({ namespace, name }) => id(namespace, name)));
      const waiting = items.map((item) => ({
        name: id(item.namespace, item.name),
        needs: listIn(item.document.data, 'spec', 'dependsOn').flatMap((each, index) => {
          const at = textAt(item.document, 'spec', 'dependsOn', index, 'name');
          if (at === undefined) return [];
          const target = id(textIn(each, 'namespace') ?? item.namespace, at.value);
          if (known.has(target)) return [{ name: target, get spot() { return at.spot; } }];
          const names = items.filter((other) => other !== item).map(({ name }) => name);
          if (whole) missing.add(tree.cluster, at.spot, 'depends-on-nothing', (clusters, several) => `${kind} ${item.name} waits for ${at.value}, which ${clusters} ${several ? 'do' : 'does'} not have`, meant(at.value, names, `it would wait for ever; there is ${listed(names)}`));
          return [];
        }),
      }));
      reportCycles(waiting, 'depends-cycle', `${kind}s wait for each other`, report);
    }
    for (const item of tree.objects.filter(isKs)) kustomization(item, report);
  }
  missing.tell(report);
};

function kustomization(item: TreeObject, report: (spot: Spot, rule: string, message: string, hint: string) => void): void {
  const { document, name } = item;
  // A tenant's own is in the tenant's namespace, because the account it is applied as is there.
  const tenants = item.namespace !== undefined && textIn(document.data, 'spec', 'serviceAccountName') !== undefined && listIn(document.data, 'spec', 'postBuild', 'substituteFrom').length === 0;
  if (item.namespace !== 'flux-system' && !tenants) report(document.spotAt(['metadata', 'namespace']), 'kustomization-namespace', `Kustomization ${name} is in ${item.namespace ?? 'no namespace'}; it cannot see cluster-settings there`, 'namespace: flux-system, or for what is a tenant\'s own a serviceAccountName, and no substituteFrom');
  const source = mapIn(document.data, 'spec', 'sourceRef');
  if (source['kind'] !== 'GitRepository' || source['name'] !== 'flux-system') report(document.spotAt(['spec', 'sourceRef', 'name']), 'kustomization-source', `Kustomization ${name} reads from ${String(source['kind'] ?? 'nothing')} ${String(source['name'] ?? '')}`, 'the one source here is GitRepository flux-system, which the Flux instance makes');
  if (dig(document.data, ['spec', 'wait']) !== true) report(keySpot(document, [], 'spec'), 'kustomization-wait', `Kustomization ${name} does not wait for what it applies, so what depends on it starts too early`, 'add wait: true');
  if (textIn(document.data, 'spec', 'timeout') === undefined) report(keySpot(document, [], 'spec'), 'kustomization-timeout', `Kustomization ${name} has no timeout`, 'add timeout: 5m');
}

/** HelmReleases find their chart and values, and the bootstrap's releases are adopted as they are. */
export const helmSources: Rule = (site, sources) => {
  const { report } = sources;
  const missing = new PerCluster();
  const whole = treeIsWhole(sources);
  for (const tree of site.trees) {
    for (const object of tree.objects) {
      if (object.kind === 'OCIRepository' && dig(object.document.data, ['spec', 'layerSelector']) === undefined) {
        report(keySpot(object.document, [], 'spec'), 'layer-selector', `OCIRepository ${object.name} has no layerSelector, so it holds the artifact instead of the chart`, 'add layerSelector: {mediaType: application/vnd.cncf.helm.chart.content.v1.tar+gzip, operation: copy}');
      }
      if (object.kind !== 'HelmRelease' || groupOf(object) !== 'helm.toolkit.fluxcd.io') continue;
      if (!whole) continue;
      chart(tree, object, report);
      listIn(object.document.data, 'spec', 'valuesFrom').forEach((each, index) => {
        const name = textAt(object.document, 'spec', 'valuesFrom', index, 'name');
        if (name === undefined || textIn(each, 'kind') !== 'ConfigMap') return;
        const id = `${object.namespace ?? ''}/${name.value}`;
        const there = tree.generated.has(id) || tree.objects.some((other) => other.kind === 'ConfigMap' && `${other.namespace ?? ''}/${other.name}` === id);
        if (!there) report(name.spot, 'values-missing', `HelmRelease ${object.name} takes values from ConfigMap ${id}, which nothing makes`, meant(id, tree.generated.keys(), 'add a configMapGenerator for it'));
      });
    }
    for (const release of site.releases.core) {
      const object = adopter(tree, release);
      const source = object === undefined ? undefined : chartOf(tree, object);
      if (source !== undefined && release.source !== undefined && source !== release.source) {
        report(release.chart.spot, 'release-chart', `the chart here is ${release.source}, HelmRelease ${release.namespace.value}/${release.name.value} takes ${source}`, 'bootstrap and Flux must install the same chart');
      }
      if (object === undefined && whole) {
        missing.add(tree.cluster, release.name.spot, 'release-not-adopted', (clusters, several) => `${clusters} ${several ? 'have' : 'has'} no HelmRelease ${release.namespace.value}/${release.name.value} to take over this release`, 'add it to the Flux tree, under the same name and namespace');
      }
    }
  }
  missing.tell(report);
};

function chart(tree: WrittenTree, object: TreeObject, report: (spot: Spot, rule: string, message: string, hint: string) => void): void {
  const { document, name } = object;
  const path = dig(document.data, ['spec', 'chartRef']) === undefined ? ['spec', 'chart', 'spec', 'sourceRef'] : ['spec', 'chartRef'];
  if (path[1] === 'chartRef' && dig(document.data, ['spec', 'version']) !== undefined) report(keySpot(document, ['spec'], 'version'), 'release-version', `HelmRelease ${name} has spec.version, which does not exist beside chartRef`, 'the version is the tag of the OCIRepository');
  const source = textAt(document, ...path, 'name');
  const kind = textIn(document.data, ...path, 'kind');
  if (source === undefined || kind === undefined) {
    report(keySpot(document, [], 'spec'), 'source-missing', `HelmRelease ${name} says nowhere where its chart is`, 'add chartRef: {kind: OCIRepository, name: ...}');
    return;
  }
  const namespace = textIn(document.data, ...path, 'namespace') ?? object.namespace;
  const there = tree.objects.filter((each) => each.kind === kind && each.namespace === namespace);
  if (!there.some((each) => each.name === source.value)) report(source.spot, 'source-missing', `${kind} ${namespace ?? ''}/${source.value} does not exist`, meant(source.value, there.map((each) => each.name), `HelmRelease ${name} would wait for it for ever`));
}

/** Where a HelmRelease's chart comes from, in the form of WrittenRelease.source; undefined when a part of it is missing. */
function chartOf(tree: WrittenTree, object: TreeObject): string | undefined {
  const spec = object.document.data;
  const reference = textIn(spec, 'spec', 'chartRef', 'name') ?? textIn(spec, 'spec', 'chart', 'spec', 'sourceRef', 'name');
  const kind = textIn(spec, 'spec', 'chartRef', 'kind') ?? textIn(spec, 'spec', 'chart', 'spec', 'sourceRef', 'kind');
  const source = tree.objects.find((each) => each.kind === kind && each.name === reference && each.namespace === object.namespace);
  const url = source === undefined ? undefined : textIn(source.document.data, 'spec', 'url');
  const name = textIn(spec, 'spec', 'chart', 'spec', 'chart');
  return url === undefined || kind === 'OCIRepository' ? url : name === undefined ? undefined : `${url.replace(/\/$/, '')}/${name}`;
}

/** Namespaces used are made by somebody, and by one only: two owners would take each other's labels away. */
export const treeNamespaces: Rule = (site, { report }) => {
  if (site.namespaces.length === 0) return;
  for (const tree of site.trees) {
    const before = namespacesBeforeFlux(site);
    const filled = fill(site, tree.cluster);
    const made = new Set([...before, ...tree.objects.filter(({ kind }) => kind === 'Namespace').map(({ name }) => name)]);
    for (const object of tree.objects) {
      if (object.kind === 'Namespace' && before.has(object.name)) report(object.document.spotAt(['metadata', 'name']), 'namespace-twice', `namespace ${object.name} is made by bootstrap/namespaces.yaml already`, 'two owners take each other\'s labels away; remove it here');
      else if (object.namespace !== undefined && !made.has(filled(object.namespace))) {
        report(object.document.spotAt(['metadata', 'namespace']), 'namespace-missing', `${object.kind} ${object.name} goes to namespace ${object.namespace}, which nobody makes`, meant(object.namespace, made, 'add it to bootstrap/namespaces.yaml, with its Pod Security labels'));
      }
    }
  }
};
