import { each } from '../engine/each.ts';
import type { Machine } from '../config/cluster.ts';
import type { EtcdMember, MachineStage, TalosFace, TalosService } from '../tools/doors.ts';
import { ask, controlPlanes, NOT_LOOKED_AT, notReached, type LookContext } from './look.ts';
import type { Layer, Reading, Snapshot, TalosReading } from './snapshot.types.ts';

export type TalosSide = Pick<Snapshot, 'faces' | 'talos' | 'etcd'>;

const PROBES = 16;
/** Machines asked side by side. One talosctl at a time each: a machine that does not answer is then asked once, not five times. */
const MACHINES = 6;

interface MachineAnswers { readonly reading: TalosReading; readonly members: Reading<readonly EtcdMember[]> }

/** What the machines say: who answers on the Talos port, and of those that are ours, stage, services, version and etcd. */
export async function readTalos(cx: LookContext, asked: ReadonlySet<Layer>): Promise<TalosSide> {
  const etcd = asked.has('etcd');
  const talos = asked.has('talos');
  const faces = talos || etcd || asked.has('machines') ? await readFaces(cx) : NOT_LOOKED_AT;
  if (!faces.ok || !(talos || etcd)) return { faces, talos: NOT_LOOKED_AT, etcd: { members: {}, status: NOT_LOOKED_AT, alarms: NOT_LOOKED_AT } };

  const machines = talos ? cx.cluster.machines : controlPlanes(cx.cluster);
  const answers = await each(machines, MACHINES, (machine) => readMachine(cx, machine, faces.value[machine.name], { talos, etcd }), cx.signal);
  return {
    faces,
    talos: { ok: true, value: answers.map((answer) => answer.reading) },
    etcd: etcd ? await readEtcd(cx, machines, answers) : { members: {}, status: NOT_LOOKED_AT, alarms: NOT_LOOKED_AT },
  };
}

async function readFaces(cx: LookContext): Promise<Reading<Readonly<Record<string, TalosFace>>>> {
  const faces = await each(cx.cluster.machines, PROBES, async (machine) => {
    const face = await ask(cx, `the probe of ${machine.name}`, () => cx.doors.talos.face(machine));
    return [machine.name, face.ok ? face.value : { is: 'closed', because: face.because } satisfies TalosFace] as const;
  }, cx.signal);
  return { ok: true, value: Object.fromEntries(faces) };
}

/** Why a machine cannot be asked anything with our certificate; undefined when it can. */
function barred(cx: LookContext, machine: Machine, face: TalosFace | undefined): (Reading<never> & { readonly ok: false }) | undefined {
  if (face === undefined || face.is === 'closed') return notReached(face?.because ?? 'its Talos port does not answer', 'machines');
  if (face.is === 'maintenance') return notReached(`${machine.name} is in maintenance mode`, 'machines');
  if (face.ours === false) return notReached(`the Talos API of ${machine.name} is signed by ${face.issuer}, not by our machine CA`, 'machines');
  if (!cx.doors.talos.hasTalosconfig()) return notReached(`there is no talosconfig of ${cx.cluster.name} here`, 'machines', `task cluster:kubeconfig CLUSTER=${cx.cluster.name}`);
  return undefined;
}

/** One question after the other; after the first that fails the rest is not asked, so a hanging machine costs one time limit. */
async function readMachine(cx: LookContext, machine: Machine, face: TalosFace | undefined, wants: { readonly talos: boolean; readonly etcd: boolean }): Promise<MachineAnswers> {
  let stopped = barred(cx, machine, face);
  const next = async <T>(wanted: boolean, what: string, read: () => Promise<T>): Promise<Reading<T>> => {
    if (!wanted) return NOT_LOOKED_AT;
    if (stopped !== undefined) return stopped;
    const reading = await ask(cx, `${what} of ${machine.name}`, read);
    if (!reading.ok) stopped = notReached(reading.because, 'talos');
    return reading;
  };
  const services = await next<readonly TalosService[]>(true, 'services', () => cx.doors.talos.services(machine));
  const stage = await next<MachineStage>(wants.talos, 'machine status', () => cx.doors.talos.stage(machine));
  const version = await next<string>(wants.talos, 'version', () => cx.doors.talos.version(machine));
  const etcd = services.ok ? services.value.find((service) => service.id === 'etcd') : undefined;
  const asksEtcd = wants.etcd && machine.role === 'controlplane';
  const members = asksEtcd && services.ok && etcd?.state !== 'Running'
    ? notReached(`its etcd service is ${etcd === undefined ? 'not there' : `${etcd.state}${etcd.message === '' ? '' : ` (${etcd.message})`}`}`, 'talos')
    : await next<readonly EtcdMember[]>(asksEtcd, 'etcd members', () => cx.doors.talos.etcdMembers(machine));
  return { reading: { machine: machine.name, stage, services, version }, members };
}

async function readEtcd(cx: LookContext, machines: readonly Machine[], answers: readonly MachineAnswers[]): Promise<Snapshot['etcd']> {
  const members: Record<string, Reading<readonly EtcdMember[]>> = {};
  for (const [index, machine] of machines.entries()) {
    if (machine.role === 'controlplane') members[machine.name] = answers[index]?.members ?? NOT_LOOKED_AT;
  }
  // Status is each member's own; an alarm list needs a quorum, and so does a member list: without one nobody answers either.
  const running = machines.filter((_, index) => {
    const services = answers[index]?.reading.services;
    return services?.ok === true && services.value.some((service) => service.id === 'etcd' && service.state === 'Running');
  });
  const answering = machines.find((machine) => members[machine.name]?.ok === true);
  const [status, alarms] = await Promise.all([
    running.length === 0 ? notReached('no control plane runs etcd', 'talos') : ask(cx, 'etcd status', () => cx.doors.talos.etcdStatus(running)),
    answering === undefined ? notReached('no etcd member answers', 'etcd') : ask(cx, 'etcd alarms', () => cx.doors.talos.etcdAlarms(answering)),
  ]);
  return { members, status, alarms };
}
