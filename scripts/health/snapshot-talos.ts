import { each } from '../engine/each.ts';
import type { KubeObject, Machine } from '../config/cluster.ts';
import type { EtcdMember, MachineStage, TalosFace, TalosReads, TalosService } from '../tools/doors.ts';
import { alarmsOfStatus } from '../tools/talos-parse.ts';
import { ask, askEach, controlPlanes, NOT_LOOKED_AT, notReached, type LookContext } from './look.ts';
import { condition, status, text } from './objects.ts';
import type { Layer, Reading, Snapshot } from './snapshot.types.ts';

export type TalosSide = Pick<Snapshot, 'faces' | 'talos' | 'etcd'>;

const PROBES = 16;
/** Calls at once: each is a process of its own, and a runner has few cores. */
const CALLS = 2;

interface Wants { readonly talos: boolean; readonly etcd: boolean }

/** The Talos each machine runs as far as the cluster's nodes tell it, by machine name; nothing where they are not looked at. */
export type ToldVersions = () => Promise<ReadonlyMap<string, string>>;

/**
 * What the machines say: who answers on the Talos port, and of those that are ours, stage, services, version and etcd. A machine
 * whose node tells its version is not asked for it again.
 */
export async function readTalos(cx: LookContext, asked: ReadonlySet<Layer>, told: ToldVersions = async () => new Map()): Promise<TalosSide> {
  const etcd = asked.has('etcd');
  const talos = asked.has('talos');
  const faces = talos || etcd || asked.has('machines') ? await readFaces(cx) : NOT_LOOKED_AT;
  if (!faces.ok || !(talos || etcd)) return { faces, talos: NOT_LOOKED_AT, etcd: { members: {}, status: NOT_LOOKED_AT, alarms: NOT_LOOKED_AT } };

  const machines = talos ? cx.cluster.machines : controlPlanes(cx.cluster);
  return { faces, ...await readMachines(cx, machines, faces.value, { talos, etcd }, told) };
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

/** What every machine that is installed and ours can tell. */
const FIRST: ReadonlySet<keyof TalosReads> = new Set(['services', 'stage']);

type NotReached = Reading<never> & { readonly ok: false };

/**
 * Asks the machines together, one call per question. First the services and the stage: whoever does not answer is asked nothing
 * further, so that a hanging machine costs its time limit once and not with every question; and only where etcd runs is etcd asked.
 */
async function readMachines(cx: LookContext, machines: readonly Machine[], faces: Readonly<Record<string, TalosFace>>, wants: Wants, told: ToldVersions): Promise<Omit<TalosSide, 'faces'>> {
  const stopped = new Map<string, NotReached>();
  for (const machine of machines) {
    const bar = barred(cx, machine, faces[machine.name]);
    if (bar !== undefined) stopped.set(machine.name, bar);
  }
  const question = async <K extends keyof TalosReads>(what: K, of: readonly Machine[]): Promise<ReadonlyMap<string, Reading<TalosReads[K]>>> => {
    const readings = await askEach(cx, what, of.filter((machine) => !stopped.has(machine.name)));
    const all = new Map(of.map((machine) => [machine.name, readings.get(machine.name) ?? stopped.get(machine.name) ?? NOT_LOOKED_AT]));
    // Whoever told the first is asked the rest: a part that cannot be told is no reason to tell nothing.
    if (FIRST.has(what)) for (const [name, reading] of readings) if (!reading.ok) stopped.set(name, notReached(reading.because, 'talos'));
    return all;
  };

  const [services, stage] = await Promise.all([question('services', machines), wants.talos ? question('stage', machines) : new Map<string, Reading<MachineStage>>()]);
  const etcds = new Map(machines.filter((machine) => wants.etcd && machine.role === 'controlplane').map((machine) => {
    const told = services.get(machine.name);
    return [machine, told?.ok === true ? etcdOf(told.value) : stopped.get(machine.name) ?? NOT_LOOKED_AT] as const;
  }));
  const running = [...etcds].filter(([, etcd]) => etcd === 'runs').map(([machine]) => machine);

  const versions = async (): Promise<ReadonlyMap<string, Reading<string>>> => {
    const known = await told();
    // What a node said last is no news of a machine that does not answer, or is in maintenance again.
    const others = await question('version', machines.filter(({ name }) => stopped.has(name) || !known.has(name)));
    return new Map([...[...known].map(([name, value]) => [name, { ok: true, value }] as const), ...others]);
  };
  let version: ReadonlyMap<string, Reading<string>> = new Map();
  let members: ReadonlyMap<string, Reading<readonly EtcdMember[]>> = new Map();
  let status: Snapshot['etcd']['status'] = NOT_LOOKED_AT;
  const rest = [
    ...(wants.etcd ? [async () => { members = await question('etcdMembers', running); }, async () => { status = await readStatus(cx, running); }] : []),
    ...(wants.talos ? [async () => { version = await versions(); }] : []),
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

function etcdOf(services: readonly TalosService[]): 'runs' | NotReached {
  const etcd = services.find((service) => service.id === 'etcd');
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

/**
 * The Talos of each machine whose node is Ready, in the words of its kubelet (`Talos (v1.12.0)`): Talos changes only by a reboot, and the
 * kubelet that starts after it reads it anew. A node that is not Ready may speak of a system before that.
 */
export function versionsOf(nodes: Reading<readonly KubeObject[]> | undefined): ReadonlyMap<string, string> {
  if (nodes?.ok !== true) return new Map();
  return new Map(nodes.value.flatMap((node) => {
    const version = /^Talos \((v\d[^\s()]*)\)$/u.exec(text(status(node, 'nodeInfo', 'osImage')) ?? '')?.[1];
    return version === undefined || condition(node, 'Ready')?.status !== 'True' ? [] : [[node.metadata.name, version] as const];
  }));
}
