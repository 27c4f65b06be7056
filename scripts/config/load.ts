import { join, posix } from 'node:path';
import { readFileSync } from 'node:fs';
import type { Cluster, KubeObject, Machine, Release, Site, TreeItem } from './cluster.ts';
import { dig, listIn, mapIn, textIn } from './data.ts';
import { keptParses } from './kept.ts';
import type { Problem } from './problem.ts';
import { readSite } from './read.ts';
import { calendarOf, recoveryOf } from './recovery-file.ts';
import { RULES } from './rules/index.ts';
import { masked } from './rules/secrets.ts';
import { isFluxKustomization } from './tree.ts';
import type { Entry } from './shape.ts';
import { Sources, type At } from './source.ts';
import type { TargetFile } from './target.ts';
import { VERSION_KEYS, type TreeObject, type WrittenCluster, type WrittenDisk, type WrittenRelease, type WrittenSite, type WrittenTree } from './written.ts';

/**
 * Reads the whole configuration below `root`, once, and judges it by every rule. Either everything is right and the
 * site is complete and frozen, or all problems come together, sorted by file and line; nothing in between.
 * Throws only when the program itself is wrong. `cache`: a folder that is there, where parses of good files are kept.
 */
export function loadSite(root: string, target: TargetFile, cache?: string): { readonly site: Site } | { readonly problems: readonly Problem[] } {
  const kept = keptParses(cache);
  const sources = new Sources(root, kept);
  const written = readSite(sources, target.recovery);
  for (const rule of RULES) rule(written, sources);
  kept.save();
  if (sources.problems.length > 0) return { problems: sources.problems };
  return { site: freeze(complete(root, written, sources, target)) };
}

/** One line of a configuration file (1-based) for the picture under a problem, secrets hidden; undefined when it cannot be read. */
export function sourceLine(root: string, file: string, line: number): string | undefined {
  try {
    const text = readFileSync(join(root, file), 'utf8').replace(/^\uFEFF/, '').split(/\r?\n/)[line - 1];
    return text === undefined ? undefined : masked(file, text);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}

/** Every problem is told by now, so what is undefined here is a mistake of a rule or a reader. */
function sure<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new TypeError(`configuration was accepted without ${what}: a rule is missing in scripts/config`);
  return value;
}

function plain(entries: readonly Entry<At<string>>[]): Record<string, string> {
  return Object.fromEntries(entries.map((entry) => [entry.key.value, entry.value.value]));
}

function complete(root: string, written: WrittenSite, sources: Sources, target: TargetFile): Site {
  const versions = sure(written.versions, 'versions');
  const crds = sure(written.crds, 'crds');
  const flux = sure(written.flux, 'flux');
  const pins = Object.fromEntries(VERSION_KEYS.map((key) => [key, sure(versions[key], key).value])) as Record<(typeof VERSION_KEYS)[number], string>;
  return {
    root,
    versions: { ...pins, tools: plain(versions.tools ?? []), charts: plain(versions.charts ?? []) },
    clusters: written.clusters.map((cluster) => clusterOf(cluster, written, sources)),
    bootstrap: {
      namespaces: written.namespaces.map((document) => kubeObject(document.data)),
      secrets: written.secrets.map((secret) => ({ name: sure(secret.name, 'name').value, namespace: sure(secret.namespace, 'namespace').value, data: plain(secret.data ?? []) })),
      crds: {
        waitSet: (crds.waitSet?.value ?? []).map(({ value }) => value),
        groups: (crds.groups?.value ?? []).map(({ value }) => value),
        manifests: (crds.manifests?.value ?? []).map((each) => ({ url: sure(each.url, 'url').value, sha256: sure(each.sha256, 'sha256').value })),
      },
      flux: { url: sure(flux.url, 'url').value, branch: sure(flux.branch, 'branch').value, path: sure(flux.path, 'path').value },
    },
    helmfile: { crds: written.releases.crds.map(releaseOf), core: written.releases.core.map(releaseOf) },
    tree: Object.fromEntries(written.trees.map((tree) => [tree.cluster, treeItems(tree)])),
    recovery: recoveryOf(written.recovery, target.kind, sure),
    calendar: calendarOf(written.calendar, sure),
    target,
  };
}

function kubeObject(data: unknown): KubeObject {
  const metadata = mapIn(data, 'metadata');
  return {
    ...mapIn(data), apiVersion: sure(textIn(data, 'apiVersion'), 'apiVersion'), kind: sure(textIn(data, 'kind'), 'kind'),
    metadata: { ...metadata, name: sure(textIn(data, 'metadata', 'name'), 'metadata.name') },
  };
}

function selector(disk: WrittenDisk): { readonly id?: string; readonly model?: string } {
  return { ...(disk.id === undefined ? {} : { id: disk.id.value }), ...(disk.model === undefined ? {} : { model: disk.model.value }) };
}

function clusterOf(cluster: WrittenCluster, written: WrittenSite, sources: Sources): Cluster {
  const name = sure(cluster.name, 'name').value;
  const pool = sure(cluster.loadBalancer, 'loadBalancer');
  const machines = sure(cluster.machines, 'machines').value.map((machine): Machine => {
    const called = sure(machine.name, 'machine name').value;
    const role = sure(machine.role, 'role').value;
    const disks = sure(machine.disks, 'disks');
    return {
      name: called, cluster: name, role,
      address: sure(machine.address, 'address').value,
      macs: sure(machine.macs, 'macs').value.map(({ value }) => value),
      disks: { install: selector(sure(disks.install, 'install disk')), data: Object.fromEntries((disks.data ?? []).map(({ key, value }) => [key.value, selector(value)])) },
      patches: ['all', role, `clusters/${name}`, `machines/${called}`].map((layer) => `talos/patches/${layer}.yaml`).filter((file) => sources.kind(file) === 'file'),
    };
  });
  return {
    name, id: sure(cluster.id, 'id').value, endpoint: sure(cluster.endpoint, 'endpoint').value,
    podCIDR: sure(cluster.podCIDR, 'podCIDR').value, serviceCIDR: sure(cluster.serviceCIDR, 'serviceCIDR').value, dnsServiceIP: sure(cluster.dnsServiceIP, 'dnsServiceIP').value,
    loadBalancer: { start: sure(pool.start, 'start').value, end: sure(pool.end, 'end').value },
    mesh: cluster.mesh === undefined ? null : { address: sure(cluster.mesh.address, 'mesh address').value, peers: (cluster.mesh.peers?.value ?? []).map(({ value }) => value) },
    secrets: sure(cluster.secrets, 'secrets').value,
    machines,
    settings: Object.fromEntries((written.settings.get(cluster.stem)?.data ?? []).map(({ key, value }) => [key.value, value.value])),
    file: cluster.file,
  };
}

function releaseOf(release: WrittenRelease): Release {
  return {
    name: release.name.value, namespace: release.namespace.value, chart: release.chart.value, version: release.version.value,
    needs: release.needs.map(({ value }) => value),
    values: release.values.map(({ value }) => posix.join(posix.dirname(release.file), value)),
  };
}

const TREE_KINDS: Readonly<Record<string, readonly TreeItem['kind'][]>> = {
  'kustomize.toolkit.fluxcd.io': ['Kustomization'],
  'helm.toolkit.fluxcd.io': ['HelmRelease'],
  'source.toolkit.fluxcd.io': ['OCIRepository', 'HelmRepository', 'GitRepository'],
};

/** Says on a Flux Kustomization that what it brings needs the other clusters (docs/decisions/0018). */
const NEEDS = 'task/needs';

/** Flux Kustomizations that need the mesh: those that say so, and all below them. */
function needingMesh(tree: WrittenTree): ReadonlySet<string> {
  const needing = new Set<string>();
  // A Kustomization is walked after the one that brings it, so one pass sees parents first.
  for (const { apiVersion, kind, name, owner, document } of tree.objects) {
    if (!isFluxKustomization(apiVersion, kind)) continue;
    if (textIn(document.data, 'metadata', 'labels', NEEDS) === 'mesh' || (owner !== undefined && needing.has(owner))) needing.add(name);
  }
  return needing;
}

function treeItems(tree: WrittenTree): readonly TreeItem[] {
  const needing = needingMesh(tree);
  return tree.objects.flatMap((object: TreeObject): readonly TreeItem[] => {
    const kind = TREE_KINDS[object.apiVersion.split('/')[0] ?? '']?.find((each) => each === object.kind);
    if (kind === undefined) return [];
    const dependsOn = listIn(object.document.data, 'spec', 'dependsOn').flatMap((each) => {
      const name = textIn(each, 'name');
      return name === undefined ? [] : [name];
    });
    return [{ kind, namespace: object.namespace ?? sure(textIn(dig(object.document.data, ['metadata']), 'namespace'), 'namespace'), name: object.name, dependsOn, file: object.document.file, needsMesh: (kind === 'Kustomization' && needing.has(object.name)) || (object.owner !== undefined && needing.has(object.owner)) }];
  });
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner);
  }
  return value;
}
