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
    const found = disksOf(nodes);
    const wanting = JSON.stringify([...want].map(([name, id]) => ({ name, devices: [{ name: id }] })));
    if (found === undefined) {
      report(nodes.spot, 'ceph-disks', 'ROOK_CEPH_NODES is not a JSON list of {name, devices: [{name}]}', `did you mean '${wanting}'?`);
      continue;
    }
    for (const [machine, ids] of found) {
      const other = site.clusters.find((each) => each !== cluster && [...wanted(each)].some(([name, id]) => name === machine || ids.includes(id)));
      const id = want.get(machine);
      if (other !== undefined && (id === undefined || !ids.includes(id))) report(nodes.spot, 'ceph-disks', `ROOK_CEPH_NODES of ${cluster.stem} gives Ceph ${machine} ${ids.join(', ')}, which is ${other.stem}'s`, `did you mean '${wanting}'?`);
      else if (id === undefined) report(nodes.spot, 'ceph-disks', `ROOK_CEPH_NODES names ${machine}, which has no disk for ceph in ${cluster.file}`, `did you mean '${wanting}'?`);
      else if (ids.join() !== id) report(nodes.spot, 'ceph-disks', `ROOK_CEPH_NODES gives Ceph ${ids.join(', ') || 'nothing'} of ${machine}, ${cluster.file} says ${id}`, `did you mean '${wanting}'?`);
    }
    const forgotten = [...want.keys()].filter((name) => !found.has(name));
    if (forgotten.length > 0) report(nodes.spot, 'ceph-disks', `ROOK_CEPH_NODES leaves out ${forgotten.join(', ')}, which ${cluster.file} has a disk for ceph of`, `did you mean '${wanting}'?`);
  }
};

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
