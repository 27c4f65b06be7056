import { listIn, textIn } from '../data.ts';
import type { At } from '../source.ts';
import type { WrittenCluster } from '../written.ts';
import type { Rule } from './rule.ts';

/** Ceph takes the disks it is told to, whole. So it is told those of this cluster's machines, by id, and no other. */
export const cephDisks: Rule = (site, { report }) => {
  for (const cluster of site.clusters) {
    const nodes = site.settings.get(cluster.stem)?.data.find(({ key }) => key.value === 'ROOK_CEPH_NODES')?.value;
    if (nodes === undefined) continue;
    const want = wanted(cluster);
    // Machines or disks that are claimed twice or misnamed are told for that.
    if ([...want].some(([name, id]) => !/^[a-z0-9-]+$/.test(name) || !id.startsWith('/dev/disk/by-id/') || claims(site.clusters, name, id) > 1)) continue;
    const wrong = difference(cluster, nodes, want, site.clusters);
    if (wrong !== undefined) report(nodes.spot, 'ceph-disks', wrong, `did you mean '${JSON.stringify([...want].map(([name, id]) => ({ name, devices: [{ name: id }] })))}'?`);
  }
};

/** The first thing that is wrong with what Ceph is told; the rest follows from it or is told next time. */
function difference(cluster: WrittenCluster, nodes: At<string>, want: ReadonlyMap<string, string>, clusters: readonly WrittenCluster[]): string | undefined {
  const found = disksOf(nodes);
  if (found === undefined) return 'ROOK_CEPH_NODES is not a JSON list of {name, devices: [{name}]}';
  for (const [machine, ids] of found) {
    const id = want.get(machine);
    if (ids.join() === id) continue;
    const other = clusters.find((each) => each !== cluster && [...wanted(each)].some(([name, theirs]) => name === machine || ids.includes(theirs)));
    if (other !== undefined) return `ROOK_CEPH_NODES of ${cluster.stem} gives Ceph ${machine} ${ids.join(', ')}, which is ${other.stem}'s`;
    return id === undefined ? `ROOK_CEPH_NODES names ${machine}, which has no disk for ceph in ${cluster.file}` : `ROOK_CEPH_NODES gives Ceph ${ids.join(', ') || 'nothing'} of ${machine}, ${cluster.file} says ${id}`;
  }
  const forgotten = [...want.keys()].filter((name) => !found.has(name));
  return forgotten.length === 0 ? undefined : `ROOK_CEPH_NODES leaves out ${forgotten.join(', ')}, which ${cluster.file} has a disk for ceph of`;
}

function claims(clusters: readonly WrittenCluster[], name: string, id: string): number {
  return clusters.flatMap((each) => (each.machines?.value ?? []).filter((machine) => machine.name?.value === name || machine.disks?.data?.some(({ value }) => value.id?.value === id) === true)).length;
}

function wanted(cluster: WrittenCluster): ReadonlyMap<string, string> {
  return new Map((cluster.machines?.value ?? []).flatMap(({ name, disks }) => {
    const id = disks?.data?.find(({ key }) => key.value === 'ceph')?.value.id;
    return name === undefined || id === undefined ? [] : [[name.value, id.value] as const];
  }));
}

function disksOf(nodes: At<string>): ReadonlyMap<string, readonly string[]> | undefined {
  try {
    const data: unknown = JSON.parse(nodes.value);
    if (!Array.isArray(data)) return undefined;
    const found = new Map<string, readonly string[]>();
    for (const node of data) {
      const name = textIn(node, 'name');
      if (name === undefined) return undefined;
      found.set(name, listIn(node, 'devices').map((device) => textIn(device, 'name') ?? '?'));
    }
    return found;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
