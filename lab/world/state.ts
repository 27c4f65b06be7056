import type { DataState } from './data.ts';
import type { ActiveFault } from './types.ts';
import type { SecretData } from './secrets.ts';

/**
 * What a machine is doing. `accepted` still shows the maintenance API for a moment, as real ones do; `installing` and
 * `rebooting` answer nothing; `upgrading` still answers; `up` is everything from the boot of an installed machine on.
 */
export type Phase = 'off' | 'maintenance' | 'accepted' | 'installing' | 'rebooting' | 'up' | 'upgrading' | 'resetting' | 'stopping';

/** etcd's data folder on a machine. `readyAt` (simulated ms) is when this member first takes part; `defragged` the raft index at which its file was last made anew. */
export interface EtcdData { clusterId: string; memberId: string; readyAt: number; foreign: boolean; defragged?: number }

/** What one of the two boot slots holds: an installed system. */
export interface BootSlot { version: string; image: string }
/** `boots`: the one the boot loader starts. `other`: what a rollback goes back to. `trial`: `boots` came by an upgrade and has not been seen to its end. */
export interface BootSlots { boots: BootSlot; other: BootSlot | null; trial: boolean; next: BootSlot | null }

export interface MachineState {
  phase: Phase;
  /** Simulated ms at which the phase ends by itself; null when it does not. */
  until: number | null;
  /** What follows `rebooting`, `resetting` or `stopping`. */
  next: 'up' | 'maintenance' | 'off';
  /** The applied configuration: the STATE partition. */
  config: string | null;
  /** A configuration that was accepted and is not installed yet. */
  pending: string | null;
  bootId: string;
  bootedAt: number;
  /** Absent before an installation, and in a world that is older than it: then the version is the configuration's. */
  slots?: BootSlots;
  /** On EPHEMERAL. */
  etcd: EtcdData | null;
  /** Device path to the Ceph labels on it, by their offset in GB. */
  ceph: Record<string, number[]>;
  /** Device path to what an earlier owner left on it; absent: nothing on any disk. */
  leftovers?: Record<string, 'bluestore' | 'partitions'>;
  /** Reset, reboot and shutdown by actor id: what became of them. */
  actions: Record<string, { done: boolean; failed: string | null; kind: string }>;
  dmesg: string[];
  /** A configuration that is taken up at the next boot. */
  staged?: string;
  /** A configuration that is only tried: the one to go back to, and when (simulated ms). */
  trying?: { back: string; until: number };
  /** Services that were restarted by hand since the boot, and when (simulated ms). */
  restarted?: Record<string, number>;
  /** The META partition: key (`0x0a`) to value. */
  meta?: Record<string, string>;
}

export interface EtcdMemberState { id: string; machine: string; hostname: string; address: string }
export interface EtcdState {
  clusterId: string;
  /** `cluster.id` of the configuration it was bootstrapped with: only machines of the same cluster join. */
  identity: string;
  bootstrappedAt: number;
  members: EtcdMemberState[];
  leader: string | null;
  term: number;
}
export interface ClusterState {
  etcd: EtcdState | null;
  /** When the API server is (or will be) ready; null while etcd has no quorum. */
  apiAt: number | null;
  machines: Record<string, MachineState>;
  machinePorts: Record<string, number>;
  apiPort: number;
}
export interface WorldState {
  format: 1;
  id: string;
  root: string;
  speed: number;
  simNow: number;
  clusters: Record<string, ClusterState>;
  faults: ActiveFault[];
  secrets: SecretData;
  /** Machine CA fingerprint to its key: a worker's configuration has no key, its certificate comes from a control plane's. */
  caKeys: Record<string, string>;
  /** Absent in a world that is older than it. */
  data?: DataState;
}

/** How long things take, simulated ms. */
export const TAKES = {
  maintenanceLingers: 3_000, install: 37_000, slowInstall: 360_000, reboot: 25_000, reset: 10_000, shutdown: 5_000, upgrade: 30_000,
  etcdPreparing: 5_000, etcdBootstrap: 15_000, etcdJoin: 5_000, etcdRestart: 10_000, api: 12_000, kubelet: 5_000, worker: 10_000,
} as const;

/** A machine as it comes: blank disks, booted from its medium into maintenance. */
export function bareMachine(now: number, bootId: string): MachineState {
  return { phase: 'maintenance', until: null, next: 'maintenance', config: null, pending: null, bootId, bootedAt: now, etcd: null, ceph: {}, actions: {}, dmesg: [] };
}
