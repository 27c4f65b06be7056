import { readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { load, loadAll } from 'js-yaml';
import type { KubeObject } from '../../lab/world/types.ts';
import { at, list, plain, strings, text, type Plain } from '../../lab/catalog/data.ts';
import { PROJECT, type BuiltCluster } from './tree.ts';

/** What the checks look at: copies that a planted mistake may change. */
export interface Seen { readonly clusters: readonly BuiltCluster[]; readonly files: Map<string, string> }

export interface Check {
  /** What must hold, as a sentence. */
  readonly holds: string;
  /** The defect of the earlier tree it would have caught, in a few words; none when it is one of our own finds. */
  readonly defect?: string;
  /** Everything that is wrong, in words. */
  readonly find: (seen: Seen) => readonly string[];
  /** One mistake that it must find. */
  readonly plant: (seen: Seen) => void;
}

export function file(seen: Seen, path: string): string {
  const known = seen.files.get(path) ?? readFileSync(join(PROJECT, path), 'utf8');
  seen.files.set(path, known);
  return known;
}
export const exists = (path: string): boolean => existsSync(join(PROJECT, path));

export function all(cluster: BuiltCluster, kind: string): readonly KubeObject[] { return cluster.objects.filter((object) => object.kind === kind); }
/** The object, which must be there. */
export function one(cluster: BuiltCluster, kind: string, name: string): KubeObject {
  const found = all(cluster, kind).find((object) => object.metadata.name === name);
  if (found === undefined) throw new Error(`${cluster.name} has no ${kind} ${name}`);
  return found;
}
export function infraOf(seen: Seen): BuiltCluster { return named(seen, 'infra'); }
export function appsOf(seen: Seen): BuiltCluster { return named(seen, 'apps'); }
function named(seen: Seen, name: string): BuiltCluster {
  const found = seen.clusters.find((cluster) => cluster.name === name);
  if (found === undefined) throw new Error(`no cluster ${name}`);
  return found;
}

const parsed = new WeakMap<KubeObject, Plain>();
/** Values of a release of this cluster, variables filled in. They may be changed: the next look sees it. */
export function values(cluster: BuiltCluster, release: string): Plain {
  const map = one(cluster, 'ConfigMap', `${release}-values`);
  const known = parsed.get(map) ?? plain(load(strings(map.data)['values.yaml'] ?? ''));
  parsed.set(map, known);
  return known;
}
export function settingsOf(cluster: BuiltCluster): Record<string, string> { return { ...cluster.settings }; }

/** One finding per cluster and trouble. */
export function each(seen: Seen, find: (cluster: BuiltCluster, say: (trouble: string) => void) => void): readonly string[] {
  const found: string[] = [];
  for (const cluster of seen.clusters) find(cluster, (trouble) => found.push(`${cluster.name}: ${trouble}`));
  return found;
}

export function number(address: string): number { return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0); }
/** First and last address of `10.0.0.0/8`. */
export function range(cidr: string): readonly [number, number] {
  const [base = '', bits = '32'] = cidr.split('/');
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(number(base) / size) * size;
  return [first, first + size - 1];
}
export function within(inner: readonly [number, number], outer: readonly [number, number]): boolean { return inner[0] >= outer[0] && inner[1] <= outer[1]; }

export function clusterFile(seen: Seen, cluster: BuiltCluster): Plain { return plain(load(file(seen, `talos/clusters/${cluster.name}.yaml`))); }
export function documents(seen: Seen, path: string): readonly Plain[] { return loadAll(file(seen, path)).map(plain); }

/** Arguments and environment of a workload by the general chart. */
export function container(cluster: BuiltCluster, release: string): Plain {
  return plain(at(values(cluster, release), `controllers.${release}.containers.app`));
}
export function args(cluster: BuiltCluster, release: string): readonly string[] { return list(container(cluster, release)['args']).map(String); }

/** Names that `toFQDNs` rules of a namespace allow, and whether a host is among them. */
export function allowedNames(cluster: BuiltCluster, namespace: string): readonly string[] {
  return all(cluster, 'CiliumNetworkPolicy').filter((object) => object.metadata.namespace === namespace)
    .flatMap((object) => list(at(object.spec, 'egress'))).flatMap((rule) => list(plain(rule)['toFQDNs'])).map(plain).map((entry) => text(entry['matchName']) ?? text(entry['matchPattern']) ?? '');
}
/** As Cilium matches: a star stands for letters within one label. */
export function allows(patterns: readonly string[], host: string): boolean {
  return patterns.some((pattern) => new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '[-a-z0-9_]*')}$`).test(host));
}
export function hostOf(url: string): string { return new URL(url.replace(/^oci:/, 'https:')).hostname; }
