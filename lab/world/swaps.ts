import type { LabCluster } from './cluster.ts';
import type { Machine } from './machine.ts';
import type { Faults } from './types.ts';

/** The one after this in a list, the first after the last: whom a swap is with. */
const next = <T>(list: readonly T[], one: T): T | undefined => list[(list.indexOf(one) + 1) % list.length];

/** The cluster whose addresses lead to this one's machines and API: itself, unless two clusters are exchanged. */
export function standsFor(clusters: readonly LabCluster[], faults: Faults, cluster: LabCluster): LabCluster {
  for (const one of clusters) {
    const other = next(clusters, one);
    if (other === undefined || other === one || faults.active('clusters-swapped', one.name) === undefined) continue;
    if (one === cluster) return other;
    if (other === cluster) return one;
  }
  return cluster;
}

/**
 * The machine at whose address this one answers: itself, unless two machines (or whole clusters, place by place) are
 * exchanged. Nobody stands for a machine whose place in the other cluster does not exist: it keeps its own.
 */
export function placeOf(clusters: readonly LabCluster[], faults: Faults, cluster: LabCluster, machine: Machine): Machine {
  const other = standsFor(clusters, faults, cluster);
  if (other !== cluster) {
    const index = cluster.machines.indexOf(machine);
    return other.machines[index] ?? machine;
  }
  for (const one of cluster.machines) {
    const partner = next(cluster.machines, one);
    // A fault without a machine would be on for all of them: only a named one is exchanged.
    if (partner === undefined || faults.active('machines-swapped', cluster.name, one.name)?.machine !== one.name) continue;
    if (one === machine) return partner;
    if (partner === machine) return one;
  }
  return machine;
}
