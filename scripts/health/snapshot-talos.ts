import { each } from '../engine/each.ts';
import type { Machine } from '../config/cluster.ts';
import type { EtcdMember, MachineStage, TalosFace, TalosReads, TalosService } from '../tools/doors.ts';
import { alarmsOfStatus } from '../tools/talos-parse.ts';
import { ask, askEach, controlPlanes, NOT_LOOKED_AT, notReached, type LookContext } from './look.ts';
import type { Layer, Reading, Snapshot } from './snapshot.types.ts';

export type TalosSide = Pick<Snapshot, 'faces' | 'talos' | 'etcd'>;

const PROBES = 16;
/** Calls at once: each is a process of its own, and a runner has few cores. */
const CALLS = 2;

interface Wants { readonly talos: boolean; readonly etcd: boolean }

/** What the machines say: who answers on the Talos port, and of those that are ours, stage, services, version and etcd. */
export async function readTalos(cx: LookContext, asked: ReadonlySet<Layer>): Promise<TalosSide> {
  const etcd = asked.has('etcd');
  const talos = asked.has('talos');
  const faces = talos || etcd || asked.has('machines') ? await readFaces(cx) : NOT_LOOKED_AT;
  if (!faces.ok || !(talos || etcd)) return { faces, talos: NOT_LOOKED_AT, etcd: { members: {}, status: NOT_LOOKED_AT, alarms: NOT_LOOKED_AT } };

  const machines = talos ? cx.cluster.machines : controlPlanes(cx.cluster);
  return { faces, ...await readMachines(cx, machines, faces.value, { talos, etcd }) };
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

type NotReached = Reading<never> & { readonly ok: false };

/**
 * Asks the machines together, one call per question. First the services: whoever does not answer is asked nothing further, so
 * that a hanging machine costs its time limit once and not with every question; and only where etcd runs is etcd asked.
 */
async function readMachines(cx: LookContext, machines: readonly Machine[], faces: Readonly<Record<string, TalosFace>>, wants: Wants): Promise<Omit<TalosSide, 'faces'>> {
  const stopped = new Map<string, NotReached>();
  for (const machine of machines) {
    const bar = barred(cx, machine, faces[machine.name]);
    if (bar !== undefined) stopped.set(machine.name, bar);
  }
  const question = async <K extends keyof TalosReads>(what: K, of: readonly Machine[]): Promise<ReadonlyMap<string, Reading<TalosReads[K]>>> => {
    const readings = await askEach(cx, what, of.filter((machine) => !stopped.has(machine.name)));
    const all = new Map(of.map((machine) => [machine.name, readings.get(machine.name) ?? stopped.get(machine.name) ?? NOT_LOOKED_AT]));
    for (const [name, reading] of readings) if (!reading.ok) stopped.set(name, notReached(reading.because, 'talos'));
    return all;
  };

  const services = await question('services', machines);
  const etcds = new Map(machines.filter((machine) => wants.etcd && machine.role === 'controlplane').map((machine) => [machine, stopped.get(machine.name) ?? etcdOf(services.get(machine.name))] as const));
  const running = [...etcds].filter(([, etcd]) => etcd === 'runs').map(([machine]) => machine);

  let stage: ReadonlyMap<string, Reading<MachineStage>> = new Map();
  let version: ReadonlyMap<string, Reading<string>> = new Map();
  let members: ReadonlyMap<string, Reading<readonly EtcdMember[]>> = new Map();
  let status: Snapshot['etcd']['status'] = NOT_LOOKED_AT;
  const rest = [
    ...(wants.talos ? [async () => { stage = await question('stage', machines); }, async () => { version = await question('version', machines); }] : []),
    ...(wants.etcd ? [async () => { members = await question('etcdMembers', running); }, async () => { status = await readStatus(cx, running); }] : []),
  ];
  await each(rest, CALLS, (read) => read(), cx.signal);

  return {
    talos: {
      ok: true,
      value: machines.map(({ name }) => ({
        machine: name, services: services.get(name) ?? NOT_LOOKED_AT, stage: stage.get(name) ?? NOT_LOOKED_AT, version: version.get(name) ?? NOT_LOOKED_AT,
      })),
    },
    etcd: { members: Object.fromEntries([...etcds].map(([machine, etcd]) => [machine.name, etcd === 'runs' ? members.get(machine.name) ?? NOT_LOOKED_AT : etcd])), status, alarms: wants.etcd ? alarmsOf(status) : NOT_LOOKED_AT },
  };
}

function etcdOf(services: Reading<readonly TalosService[]> | undefined): 'runs' | NotReached {
  if (services?.ok !== true) return services ?? NOT_LOOKED_AT;
  const etcd = services.value.find((service) => service.id === 'etcd');
  if (etcd?.state === 'Running') return 'runs';
  return notReached(`its etcd service is ${etcd === undefined ? 'not there' : `${etcd.state}${etcd.message === '' ? '' : ` (${etcd.message})`}`}`, 'talos');
}

async function readStatus(cx: LookContext, running: readonly Machine[]): Promise<Snapshot['etcd']['status']> {
  if (running.length === 0) return notReached('no control plane runs etcd', 'talos');
  return ask(cx, 'etcd status', () => cx.doors.talos.etcdStatus(running));
}

/** Alarms are the cluster's, and each member's status lists them all: a call of their own would tell nothing more. */
function alarmsOf(status: Snapshot['etcd']['status']): Reading<readonly string[]> {
  if (!status.ok || status.value.length === 0) return notReached('no etcd member tells its status', 'etcd');
  return { ok: true, value: alarmsOfStatus(status.value) };
}
