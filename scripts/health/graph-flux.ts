import type { KubeObject } from '../config/cluster.ts';
import { releaseId } from './checks/core.ts';
import { sourceOf } from './checks/kustomizations.ts';
import { ROOT } from './checks/ready.ts';
import type { Edge, Failing } from './graph.types.ts';
import { KINDS } from './kinds.ts';
import { known } from './look.ts';
import { condition, fields, id, idOf, items, spec, status, text } from './objects.ts';
import type { Snapshot } from './snapshot.types.ts';
import { itemId, treeItems, treeOf } from './tree.ts';

/** Reasons with which Flux names a fault of the object itself: whatever it stands on is not to blame. */
const OWN_FAULT = new Set(['BuildFailed', 'ReconciliationFailed', 'PruneFailed', 'InstallFailed', 'UpgradeFailed', 'RollbackFailed', 'UninstallFailed', 'TestFailed', 'RetriesExceeded']);
const DEPENDENCY = 'DependencyNotReady';

/** dependsOn, sources, what a Kustomization applied, what a release brought, and the controllers that do it all. */
export function fluxEdges(seen: Snapshot, failing: Failing, edge: Edge): void {
  for (const object of known(seen, KINDS.kustomizations)) kustomizationEdges(object, edge);
  for (const object of known(seen, KINDS.helmReleases)) helmReleaseEdges(object, failing, edge);
  missingEdges(seen, failing, edge);
  for (const kind of [KINDS.gitRepositories, KINDS.ociRepositories, KINDS.helmRepositories]) for (const object of known(seen, kind)) edge(idOf(object), controller('source'));
  for (const object of known(seen, KINDS.kustomizations)) edge(idOf(object), controller('kustomize'));
  for (const object of known(seen, KINDS.helmReleases)) edge(idOf(object), controller('helm'));
  for (const workload of [...known(seen, KINDS.deployments), ...known(seen, KINDS.daemonSets), ...known(seen, KINDS.statefulSets)]) {
    const name = workload.metadata.annotations?.['meta.helm.sh/release-name'];
    const namespace = workload.metadata.annotations?.['meta.helm.sh/release-namespace'];
    if (name !== undefined && namespace !== undefined) edge(releaseId({ name, namespace }), idOf(workload));
  }
}

const controller = (name: string): string => `Deployment flux-system/${name}-controller`;
const reason = (object: KubeObject): string => condition(object, 'Ready')?.reason ?? '';

/** dependsOn of an object, as ids; `ns/name` and a bare name (its own namespace) both occur in trees read offline. */
export function dependencies(object: KubeObject): readonly string[] {
  return items(spec(object, 'dependsOn')).flatMap((entry) => {
    const name = text(fields(entry)['name']);
    return name === undefined ? [] : [id(object.kind, name, text(fields(entry)['namespace']) ?? object.metadata.namespace)];
  });
}

function kustomizationEdges(object: KubeObject, edge: Edge): void {
  const self = idOf(object);
  if (spec(object, 'suspend') === true || OWN_FAULT.has(reason(object))) return;
  if (reason(object) === DEPENDENCY) {
    for (const needed of dependencies(object)) edge(self, needed);
    return;
  }
  const source = sourceOf(object);
  if (source !== undefined) edge(self, source);
  for (const entry of items(spec(object, 'healthChecks'))) {
    const check = fields(entry);
    const [kind, name] = [text(check['kind']), text(check['name'])];
    if (kind !== undefined && name !== undefined) edge(self, id(kind, name, text(check['namespace'])));
  }
  for (const applied of inventory(object)) if (applied !== self) edge(self, applied);
}

/** Ids of what a Kustomization applied: entries are `namespace_name_group_Kind`. */
export function inventory(object: KubeObject): readonly string[] {
  return items(status(object, 'inventory', 'entries')).flatMap((entry) => {
    const [namespace, name, , kind] = (text(fields(entry)['id']) ?? '').split('_');
    return kind === undefined || name === undefined ? [] : [id(kind, name, namespace)];
  });
}

function helmReleaseEdges(object: KubeObject, failing: Failing, edge: Edge): void {
  const self = idOf(object);
  const release = releaseId({ name: text(spec(object, 'releaseName')) ?? object.metadata.name, namespace: text(spec(object, 'targetNamespace')) ?? object.metadata.namespace ?? '' });
  if (spec(object, 'suspend') === true) {
    // Somebody upgrades by hand, and suspended it for that: what they left unfinished is the trouble.
    if (failing.get(release)?.state?.startsWith('pending-') === true) edge(self, release);
    return;
  }
  if (reason(object) === DEPENDENCY) {
    for (const needed of dependencies(object)) edge(self, needed);
    return;
  }
  edge(release, self);
  if (OWN_FAULT.has(reason(object))) return;
  const ref = spec(object, 'chartRef') ?? spec(object, 'chart', 'spec', 'sourceRef');
  const [kind, source] = [text(fields(ref)['kind']), text(fields(ref)['name'])];
  if (kind !== undefined && source !== undefined) edge(self, id(kind, source, text(fields(ref)['namespace']) ?? object.metadata.namespace));
}

/** An object of the tree that is not there waits for whoever would apply it: the Kustomization whose path holds its file, else the root. */
function missingEdges(seen: Snapshot, failing: Failing, edge: Edge): void {
  const kustomizations = known(seen, KINDS.kustomizations);
  const root = treeRoot(seen);
  for (const item of treeOf(seen)) {
    const self = itemId(item);
    if (failing.get(self)?.state !== 'not in the cluster') continue;
    const holders = kustomizations.map((object) => ({ object: idOf(object), path: normal(text(spec(object, 'path')) ?? '') }))
      .filter(({ object, path }) => object !== self && path !== '' && item.file.startsWith(`${path}/`))
      .toSorted((a, b) => b.path.length - a.path.length);
    const holder = holders[0]?.object ?? nearest(seen, item.file, self) ?? root;
    if (holder !== self) edge(self, holder);
  }
  edge(root, root.replace('Kustomization', 'GitRepository'));
}

/** A missing object's Kustomization may be missing itself: then its file lies above the object's. */
function nearest(seen: Snapshot, file: string, self: string): string | undefined {
  const above = treeItems(seen, 'Kustomization').map((item) => ({ object: itemId(item), folder: item.file.slice(0, item.file.lastIndexOf('/')) }))
    .filter(({ object, folder }) => object !== self && folder !== '' && file.startsWith(`${folder}/`) && file.slice(0, file.lastIndexOf('/')) !== folder)
    .toSorted((a, b) => b.folder.length - a.folder.length);
  return above[0]?.object;
}

const normal = (path: string): string => path.replace(/^\.\//u, '').replace(/\/+$/u, '');
export const treeRoot = (seen: Snapshot): string => id('Kustomization', ROOT, seen.site.helmfile.core.find((release) => release.name === 'flux-instance')?.namespace ?? 'flux-system');
