import type { LabCluster } from './cluster.ts';
import { newId } from './etcd.ts';
import type { Machine } from './machine.ts';
import type { ActiveFault } from './types.ts';

/** Why a fault cannot be caused here and now, and what could be done instead. */
export interface CannotBefall { readonly error: string; readonly hint: string }

interface Scene { readonly cluster: LabCluster; readonly machine: Machine | undefined; readonly clusters: readonly LabCluster[] }

/**
 * What a fault changes at the moment it is caused; most are only looked up by the parts they hit, while they are on.
 * Answers why it cannot be caused; nothing has changed then.
 */
export function befall(fault: string, { cluster, machine, clusters }: Scene): CannotBefall | undefined {
  switch (fault) {
    case 'bootstrap-exists-foreign':
      if (machine?.file.role !== 'controlplane') return { error: `${machine?.name ?? cluster.name} is no control plane: only those hold etcd data`, hint: 'name a control plane' };
      if (machine.state.etcd !== null && !machine.state.etcd.foreign) return { error: `${machine.name} holds its own cluster's etcd data already`, hint: 'the fault is for a cluster that is not bootstrapped yet' };
      machine.state.etcd = { clusterId: newId(), memberId: newId(), readyAt: 0, foreign: true };
      return undefined;
    case 'node-lost':
      machine?.powerOff();
      return undefined;
    case 'disk-not-clean': {
      const disk = machine?.disks.at(-1);
      if (machine === undefined || disk === undefined) return { error: `${cluster.name} has no such disk`, hint: 'name a machine with a disk' };
      if (machine.state.config !== null) return { error: `${machine.name} is installed already`, hint: 'the fault is for a bare machine: what is on its disks matters before it is installed' };
      machine.state.leftovers = { ...machine.state.leftovers, [disk.path]: disk.purpose === 'ceph' ? 'bluestore' : 'partitions' };
      return undefined;
    }
    case 'machines-swapped':
      if (cluster.machines.length < 2) return { error: `${cluster.name} has one machine`, hint: 'two are needed to exchange them' };
      if (cluster.machines.some((entry) => entry.state.config !== null)) return { error: `machines of ${cluster.name} are installed already`, hint: 'an installed machine has its address on its disk; the fault is for bare ones' };
      return undefined;
    case 'clusters-swapped':
      return clusters.length < 2 ? { error: 'there is one cluster', hint: 'two are needed to exchange them' } : undefined;
    default:
      return undefined;
  }
}

/** Takes back what `befall` changed, when the fault is healed. */
export function relieve(fault: ActiveFault, clusters: readonly LabCluster[]): void {
  const cluster = clusters.find((entry) => entry.name === fault.cluster);
  for (const machine of cluster?.machines ?? []) {
    if (fault.machine !== undefined && fault.machine !== machine.name) continue;
    if (fault.fault === 'bootstrap-exists-foreign' && machine.state.etcd?.foreign === true) machine.state.etcd = null;
    if (fault.fault === 'node-lost' || fault.fault === 'machine-does-not-come-back') machine.powerOn(cluster?.now() ?? 0);
    if (fault.fault === 'disk-not-clean' || fault.fault === 'disk-stays-dirty') delete machine.state.leftovers;
  }
}
