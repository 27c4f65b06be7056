import type { LabCluster } from './cluster.ts';
import type { Machine } from './machine.ts';
import { TAKES } from './state.ts';

export interface ServiceEvent { readonly state: string; readonly msg: string; readonly ts: number }
/** One service as talosctl lists it. `healthy` null: no health check (a `?` in the table). */
export interface ServiceState { readonly id: string; readonly state: string; readonly healthy: boolean | null; readonly message: string; readonly events: readonly ServiceEvent[] }

/** The services of an installed machine. Their states follow from when it booted and from etcd. */
export function servicesOf(cluster: LabCluster, machine: Machine): readonly ServiceState[] {
  const now = cluster.now();
  const booted = machine.state.bootedAt;
  const always = (id: string, after: number, healthy: boolean | null): ServiceState => {
    const at = Math.max(booted + after, (machine.state.restarted?.[id] ?? 0) + 1_000);
    if (at > now) return { id, state: 'Waiting', healthy: null, message: '', events: [{ state: 'Waiting', msg: 'Waiting for service "cri" to be "up"', ts: booted }] };
    const events = [{ state: 'Starting', msg: 'Starting service', ts: at - 1000 }, { state: 'Running', msg: healthy === null ? 'Service started as goroutine' : 'Health check successful', ts: at }];
    return { id, state: 'Running', healthy, message: '', events };
  };
  const plane = machine.config?.type === 'controlplane';
  return [
    always('apid', 1000, true), always('auditd', 500, true), always('containerd', 800, true), always('cri', 2000, true), always('dashboard', 1500, null),
    ...(plane ? [etcdService(cluster, machine)] : []),
    ...(machine.clockOff() === 'since-boot' ? [{ id: 'kubelet', state: 'Waiting', healthy: null, message: '', events: [{ state: 'Waiting', msg: 'Waiting for time sync', ts: booted }] }] : [always('kubelet', TAKES.worker - 2000, true)]), always('machined', 0, true), always('syslogd', 500, true), ...(plane ? [always('trustd', 1500, true)] : []), always('udevd', 500, true),
  ];
}

/** What a service has said since the boot, line by line; undefined for one that the machine does not have. */
export function logOf(cluster: LabCluster, machine: Machine, id: string): string | undefined {
  const service = servicesOf(cluster, machine).find((entry) => entry.id === id);
  return service?.events.map((event) => `${new Date(event.ts).toISOString()} ${event.state}: ${event.msg}\n`).join('');
}

const one = (state: string, healthy: boolean | null, message: string, msg: string, ts: number): ServiceState => ({ id: 'etcd', state, healthy, message, events: [{ state, msg, ts }] });

function etcdService(cluster: LabCluster, machine: Machine): ServiceState {
  const now = cluster.now();
  const { bootedAt, etcd } = machine.state;
  const preparing = bootedAt + TAKES.etcdPreparing;
  if (machine.clockOff() === 'since-boot') return one('Waiting', null, '', 'Waiting for time sync', bootedAt);
  if (preparing > now) return one('Waiting', null, '', 'Waiting for service "cri" to be "up", time sync, network, etcd spec', bootedAt);
  if (etcd === null) return one('Preparing', null, '', 'Running pre state', preparing);
  if (etcd.foreign) return one('Running', false, 'context deadline exceeded', 'Health check failed: context deadline exceeded', preparing);
  if (cluster.etcdHeldDown(machine)) return one('Failed', false, 'etcdserver: no leader', 'Failed to run task: etcd exited with code 1', now - 1000);
  if (Math.max(etcd.readyAt, bootedAt + TAKES.etcdRestart) > now) return one('Running', null, '', 'Started task etcd', preparing);
  if (!cluster.quorum()) return one('Running', false, 'context deadline exceeded', 'Health check failed: context deadline exceeded', now - 1000);
  return one('Running', true, '', 'Health check successful', Math.max(etcd.readyAt, bootedAt + TAKES.etcdRestart));
}

/** A control plane has booted once its etcd came up after the boot; losing etcd later makes it not ready, not booting. */
function hasBooted(cluster: LabCluster, machine: Machine): boolean {
  const { etcd, bootedAt } = machine.state;
  return etcd !== null && !etcd.foreign && Math.max(etcd.readyAt, bootedAt + TAKES.etcdRestart) <= cluster.now();
}

export interface StageState { readonly stage: string; readonly ready: boolean; readonly unmet: readonly { readonly name: string; readonly reason: string }[] }

/** The machine's stage as `talosctl get machinestatus` has it. A control plane boots until its etcd is up; ready also wants the node Ready. */
export function stageOf(cluster: LabCluster, machine: Machine): StageState {
  const { phase } = machine.state;
  if (phase === 'maintenance' || phase === 'accepted') return { stage: 'maintenance', ready: true, unmet: [] };
  if (phase === 'installing') return { stage: 'installing', ready: false, unmet: [] };
  if (phase === 'upgrading') return { stage: 'upgrading', ready: false, unmet: [] };
  if (phase === 'resetting') return { stage: 'resetting', ready: false, unmet: [] };
  if (phase === 'stopping') return { stage: 'shuttingDown', ready: false, unmet: [] };
  if (phase !== 'up') return { stage: 'rebooting', ready: false, unmet: [] };
  const services = servicesOf(cluster, machine);
  const waiting = services.filter((service) => service.healthy === false || service.state !== 'Running');
  const plane = machine.config?.type === 'controlplane';
  const running = cluster.now() >= machine.state.bootedAt + TAKES.worker && (!plane || hasBooted(cluster, machine));
  const unmet: { name: string; reason: string }[] = [];
  if (machine.clockOff() !== 'no') unmet.push({ name: 'time', reason: 'time is not synced' });
  if (waiting.length > 0) unmet.push({ name: 'services', reason: waiting.map((service) => `service "${service.id}" not ${service.healthy === false ? 'healthy' : 'running'}`).join(', ') });
  if (plane && cluster.quorum() && !cluster.apiUp()) unmet.push({ name: 'staticPods', reason: 'static pods not ready' });
  const node = cluster.store?.get({ apiVersion: 'v1', kind: 'Node', name: machine.hostname });
  const conditions = node?.status?.['conditions'];
  const ready = Array.isArray(conditions) && conditions.some((condition: unknown) => typeof condition === 'object' && condition !== null && 'type' in condition && condition.type === 'Ready' && 'status' in condition && condition.status === 'True');
  if (!ready) unmet.push({ name: 'nodeReady', reason: node === undefined ? `node "${machine.hostname}" not found` : `node "${machine.hostname}" status is not available yet` });
  return { stage: running ? 'running' : 'booting', ready: running && unmet.length === 0, unmet };
}
