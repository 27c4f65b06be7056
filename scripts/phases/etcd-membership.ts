import type { Machine } from '../config/cluster.ts';
import { Failure } from '../engine/failure.ts';
import type { EtcdMember, TalosFace, TalosService, Told } from '../tools/doors.ts';
import type { Cx } from './context.ts';

/** Members of etcd as one control plane tells them, or why it cannot: not bootstrapped is not the same as not asked. */
export type Membership =
  | { readonly is: 'ours'; readonly on: string; readonly members: readonly EtcdMember[] }
  | { readonly is: 'foreign'; readonly on: string; readonly members: readonly EtcdMember[] }
  | { readonly is: 'none'; readonly because: string }
  | { readonly is: 'unknown'; readonly because: string };

/** The machines that run etcd by the configuration, in its order. */
export function controlPlanes(cx: Cx): readonly Machine[] {
  return cx.cluster.machines.filter((machine) => machine.role === 'controlplane');
}

export interface Asking {
  /** Services that were just asked for anyway. */
  readonly told?: ServicesTold | undefined;
  /** Only these: what a machine in maintenance does not say is no doubt about the others. Default: every control plane. */
  readonly planes?: readonly Machine[];
}

/** Asks the control planes one after the other who belongs to etcd, until one knows. A member list is only answered with a quorum. */
export async function membership(cx: Cx, through: 'looking' | 'doors', { told, planes = controlPlanes(cx) }: Asking = {}): Promise<Membership> {
  const talos = cx[through].talos;
  const ours = new Set(cx.cluster.machines.map((machine) => machine.name));
  const reasons: string[] = [];
  let silent = 0;
  // A machine that does not answer would take a call its time limit, and every other answer with it: its port is looked at first.
  const faces = new Map(await Promise.all(planes.map(async (machine) => [machine.name, await talos.face(machine)] as const)));
  const services = told ?? await talos.readEach('services', planes.filter((machine) => faces.get(machine.name)?.is !== 'closed'));
  for (const machine of planes) {
    try {
      const etcd = servicesOf(machine, faces.get(machine.name), services.get(machine.name)).find((service) => service.id === 'etcd');
      if (etcd === undefined || etcd.state !== 'Running') {
        // Stopped or failed is not "never bootstrapped": there may be data.
        if (etcd !== undefined && !BEFORE_BOOTSTRAP.has(etcd.state)) silent += 1;
        reasons.push(`${machine.name}: etcd service is ${etcd?.state ?? 'absent'}${etcd?.message ? ` (${etcd.message})` : ''}`);
        continue;
      }
      // One member's answer decides; the next is asked only when this one has none.
      const members = await talos.etcdMembers(machine);
      if (members.length === 0) {
        silent += 1;
        reasons.push(`${machine.name}: etcd knows no members`);
        continue;
      }
      const strangers = members.filter((member) => !ours.has(member.hostname));
      return { is: strangers.length > 0 ? 'foreign' : 'ours', on: machine.name, members };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      silent += 1;
      reasons.push(`${machine.name}: ${error.because ?? error.what}`);
    }
  }
  const because = reasons.join('; ');
  return silent > 0 ? { is: 'unknown', because } : { is: 'none', because };
}

export type ServicesTold = ReadonlyMap<string, Told<readonly TalosService[]>>;
/** States of the etcd service on a machine without etcd data. */
export const BEFORE_BOOTSTRAP: ReadonlySet<string> = new Set(['Initialized', 'Waiting', 'Preparing', 'Starting']);

/** A machine's services out of the common answer; throws its own reason for having none. */
function servicesOf(machine: Machine, face: TalosFace | undefined, told: Told<readonly TalosService[]> | undefined): readonly TalosService[] {
  if (told?.ok === true) return told.value;
  throw told?.failure ?? new Failure({ exit: 'rerun', what: `${machine.name} does not answer`, because: face?.is === 'closed' ? face.because : 'nothing was said of it', hint: 'look at its console or power, then run the same command again; nothing was bootstrapped' });
}

/** The members etcd tells are not machines of this cluster: whose data that is, a person must find out. */
export function foreignEtcd(cx: Cx, found: { readonly on: string; readonly members: readonly EtcdMember[] }): Failure {
  return new Failure({
    exit: 'look',
    what: `etcd on ${found.on} belongs to another cluster`,
    because: `its members are ${found.members.map((member) => member.hostname).join(', ')}; ${cx.cluster.name} has ${cx.cluster.machines.map((machine) => machine.name).join(', ')}`,
    hint: `find out whose data it is; when it may go: talosctl -n ${cx.cluster.machines.find((machine) => machine.name === found.on)?.address ?? found.on} reset --system-labels-to-wipe EPHEMERAL --reboot, then run this again`,
    leftBehind: 'configured machines; no etcd was bootstrapped by this run',
  });
}
