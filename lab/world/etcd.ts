import { createHash, randomBytes } from 'node:crypto';
import type { Machine } from './machine.ts';
import { RpcError } from './rpc.ts';
import { TAKES } from './state.ts';
import type { ClusterState } from './state.ts';

/** What etcd's rules need of the cluster: machines, its state, and whether a fault holds a member down. */
export interface EtcdView { readonly state: ClusterState; readonly machines: readonly Machine[]; readonly down: (machine: string) => boolean }

/** Member and cluster ids as etcd prints them: 16 hex digits. */
export const newId = (): string => randomBytes(8).toString('hex');
/** Another cluster's members, as found in data that is not ours; the same at every reading. */
export function foreignMembers(clusterId: string): readonly { readonly id: string; readonly hostname: string; readonly address: string }[] {
  return [1, 2, 3].map((n) => ({ id: createHash('sha256').update(`${clusterId}/${n}`).digest('hex').slice(0, 16), hostname: `old-cp-${n}`, address: `192.0.2.${20 + n}` }));
}

/** When this machine's member takes part at the earliest; undefined when it has no data of our cluster. */
export function memberReadyAt(view: EtcdView, machine: Machine): number | undefined {
  const data = machine.state.etcd;
  if (data === null || data.foreign || machine.state.phase !== 'up' || view.state.etcd?.clusterId !== data.clusterId) return undefined;
  if (!view.state.etcd.members.some((member) => member.id === data.memberId)) return undefined;
  return Math.max(data.readyAt, machine.state.bootedAt + TAKES.etcdRestart);
}

export function memberHealthy(view: EtcdView, machine: Machine, now: number): boolean {
  const ready = memberReadyAt(view, machine);
  // etcd starts when the time is known, and goes on when it is lost.
  if (machine.clockOff() === 'since-boot') return false;
  return ready !== undefined && ready <= now && !view.down(machine.name);
}

/** More than half of the members take part. */
export function hasQuorum(view: EtcdView, now: number): boolean {
  const { etcd } = view.state;
  if (etcd === null) return false;
  const healthy = view.machines.filter((machine) => memberHealthy(view, machine, now)).length;
  return healthy > etcd.members.length / 2;
}

/** What etcd needs to be asked through a machine: throws RpcError as Talos does when it cannot be; `local` when its data is another cluster's. */
export function etcdAnswers(cluster: { readonly state: ClusterState; now(): number; etcdHeldDown(machine: Machine): boolean }, machine: Machine): { readonly local: boolean } {
  const data = machine.state.etcd;
  if (data?.foreign === true) return { local: true };
  if (data === null || cluster.state.etcd === null || cluster.now() < Math.max(data.readyAt, machine.state.bootedAt + TAKES.etcdRestart)) throw new RpcError('Unknown', 'error creating etcd client: failed to create etcd client: context deadline exceeded');
  if (cluster.etcdHeldDown(machine)) throw new RpcError('Unavailable', 'error reading from server: dial tcp 127.0.0.1:2379: connect: connection refused');
  return { local: false };
}

/** Makes this machine the first member of a new etcd cluster. */
export function bootstrapEtcd(view: EtcdView, machine: Machine, now: number): void {
  const [clusterId, memberId] = [newId(), newId()];
  machine.state.etcd = { clusterId, memberId, readyAt: now + TAKES.etcdBootstrap, foreign: false };
  view.state.etcd = {
    clusterId, identity: machine.config?.clusterId ?? '', bootstrappedAt: now, leader: memberId, term: 2,
    members: [{ id: memberId, machine: machine.name, hostname: machine.hostname, address: machine.file.address }],
  };
}

/** True when `machine` leaves; false when it is the last one that keeps the cluster alive and so cannot. */
export function leaveEtcd(view: EtcdView, machine: Machine, now: number): boolean {
  const { etcd } = view.state;
  if (etcd === null || machine.state.etcd === null) return true;
  if (etcd.members.length <= 1 || !hasQuorum(view, now)) return false;
  etcd.members = etcd.members.filter((member) => member.machine !== machine.name);
  machine.state.etcd = null;
  return true;
}

/**
 * One turn of etcd: elects a leader, lets one control plane after the other join, and ends the cluster when its last data is
 * gone. Answers the moments (simulated ms) at which something may change next.
 */
export function settleEtcd(view: EtcdView, now: number): readonly number[] {
  const { etcd } = view.state;
  if (etcd === null) return [];
  if (!view.machines.some((machine) => machine.state.etcd?.clusterId === etcd.clusterId)) {
    view.state.etcd = null;
    return [];
  }
  const wakes: number[] = [];
  for (const machine of view.machines) {
    const ready = memberReadyAt(view, machine);
    if (ready !== undefined && ready > now) wakes.push(ready);
  }
  if (!hasQuorum(view, now)) return wakes;
  const healthy = view.machines.filter((machine) => memberHealthy(view, machine, now));
  if (!healthy.some((machine) => machine.state.etcd?.memberId === etcd.leader)) {
    etcd.leader = healthy[0]?.state.etcd?.memberId ?? null;
    etcd.term++;
  }
  // etcd takes one learner at a time.
  let joining = view.machines.some((machine) => (machine.state.etcd?.readyAt ?? 0) > now);
  for (const machine of view.machines) {
    const { state } = machine;
    if (state.phase !== 'up' || machine.config?.type !== 'controlplane' || state.etcd !== null || machine.config.clusterId !== etcd.identity || machine.authority === undefined || machine.stranger || machine.clockOff() === 'since-boot') continue;
    const from = state.bootedAt + TAKES.etcdPreparing;
    if (from > now) wakes.push(from);
    else if (!joining) {
      joining = true;
      const memberId = newId();
      etcd.members = [...etcd.members.filter((member) => member.machine !== machine.name), { id: memberId, machine: machine.name, hostname: machine.hostname, address: machine.file.address }];
      state.etcd = { clusterId: etcd.clusterId, memberId, readyAt: now + TAKES.etcdJoin, foreign: false };
      wakes.push(state.etcd.readyAt);
    }
  }
  return wakes;
}
