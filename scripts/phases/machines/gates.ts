import type { KubeObject, Machine } from '../../config/cluster.ts';
import { Failure } from '../../engine/failure.ts';
import type { EtcdMember, EtcdStatus, TalosService, Told } from '../../tools/doors.ts';
import { KINDS } from '../../tools/kinds.ts';
import type { Cx } from '../context.ts';
import { controlPlanes } from '../etcd-membership.ts';
import { MINUTES } from '../wait-phase.ts';

/** etcd after a boot, images pulled anew, a node that turns Ready. */
export const GATE_PATIENCE = 15 * MINUTES;
/** What OVERRIDE accepts by name, of what a gate refuses otherwise. */
export const LOSE_QUORUM = 'lose-quorum';
export const UNREADY_NODES = 'unready-nodes';

/** etcd as its members tell it, for a judgement without a doubt. */
export interface EtcdSeen {
  readonly members: readonly EtcdMember[] | undefined;
  readonly services: ReadonlyMap<string, Told<readonly TalosService[]>>;
  readonly status: ReadonlyMap<string, Told<EtcdStatus>>;
}

/**
 * Why etcd does not allow `away` to be taken away now, or (without it) is not well; undefined when nothing speaks against it.
 * Each other member must be there and healthy: then n - 1 remain, which from three members on is a quorum.
 */
export function etcdObjection(planes: readonly Machine[], away: Machine | undefined, seen: EtcdSeen): string | undefined {
  const others = planes.filter((machine) => machine.name !== away?.name);
  if (others.length === 0) return undefined;
  if (seen.members === undefined) return 'no member tells who belongs to etcd';
  const strangers = seen.members.filter((member) => !planes.some((machine) => machine.name === member.hostname));
  if (strangers.length > 0) return `etcd has ${strangers.map((member) => member.hostname || member.id).join(', ')} as a member, which is no control plane of this cluster`;
  for (const machine of others) {
    const because = memberObjection(machine, seen);
    if (because !== undefined) return because;
  }
  return undefined;
}

/** Why this machine's member of etcd is not well; undefined when it is. */
export function memberObjection(machine: Machine, seen: EtcdSeen): string | undefined {
  if (seen.members === undefined) return 'no member tells who belongs to etcd';
  const member = seen.members.find(({ hostname }) => hostname === machine.name);
  if (member === undefined) return `${machine.name} is no member of etcd`;
  if (member.learner) return `${machine.name} is still learning what etcd holds`;
  const services = seen.services.get(machine.name);
  if (services?.ok !== true) return `${machine.name}: ${services?.failure.because ?? services?.failure.what ?? 'it was not asked'}`;
  const etcd = services.value.find(({ id }) => id === 'etcd');
  if (etcd?.state !== 'Running' || etcd.healthy !== true) return `${machine.name}: etcd is ${etcd === undefined ? 'absent' : `${etcd.state}${etcd.healthy === false ? ', not healthy' : etcd.healthy === null ? ', its health not known yet' : ''}`}${etcd?.message ? ` (${etcd.message})` : ''}`;
  const status = seen.status.get(machine.name);
  if (status?.ok !== true) return `${machine.name}: ${status?.failure.because ?? status?.failure.what ?? 'its etcd was not asked'}`;
  if (status.value.errors !== '') return `${machine.name}: etcd says ${status.value.errors}`;
  if (/^0*$/.test(status.value.leader)) return `${machine.name}: etcd knows no leader`;
  return undefined;
}

/** Asks the control planes that answer. Never throws for one that does not: that is what is judged. */
export async function seeEtcd(cx: Cx, planes: readonly Machine[]): Promise<EtcdSeen> {
  const faces = await Promise.all(planes.map(async (machine) => ({ machine, face: await cx.looking.talos.face(machine) })));
  const open = faces.flatMap(({ machine, face }) => (face.is === 'installed' && face.ours === true ? [machine] : []));
  const [services, status, members] = await Promise.all([cx.looking.talos.readEach('services', open), cx.looking.talos.readEach('etcdStatus', open), cx.looking.talos.readEach('etcdMembers', open)]);
  const silent = new Map<string, Told<never>>(faces.flatMap(({ machine, face }) => (open.includes(machine) ? [] : [[machine.name, { ok: false, failure: new Failure({ exit: 'rerun', hint: `task cluster:status CLUSTER=${cx.cluster.name}`, what: face.is === 'closed' ? `does not answer (${face.because})` : face.is === 'maintenance' ? 'is in maintenance mode' : 'is not proven ours' }) }] as const])));
  const told = [...members.values()].flatMap((each) => (each.ok && each.value.length > 0 ? [each.value] : []));
  return { members: told[0], services: new Map([...services, ...silent]), status: new Map([...status, ...silent]) };
}

/** Waits until etcd can do without `away`, or (without it) is whole. Answers in a few words how etcd is. */
export async function untilEtcdWell(cx: Cx, away: Machine | undefined, patience = GATE_PATIENCE): Promise<string> {
  const planes = controlPlanes(cx);
  if (away !== undefined && away.role !== 'controlplane') return `etcd is not concerned`;
  if (away !== undefined && planes.length < 3) {
    if (!cx.overrides.has(LOSE_QUORUM)) throw new Failure({ exit: 'rerun', what: `without ${away.name} etcd of ${cx.cluster.name} has no quorum`, because: `it has ${planes.length} ${planes.length === 1 ? 'member' : 'members'}, so the Kubernetes API stops for as long as ${away.name} is away`, hint: `OVERRIDE=${LOSE_QUORUM} goes on all the same (journalled)` });
    cx.emit({ type: 'note', lane: cx.lane, step: cx.step, level: 'warn', text: `while ${away.name} is away etcd of ${cx.cluster.name} has no quorum, as OVERRIDE=${LOSE_QUORUM} allows` });
  }
  await cx.wait(away === undefined ? 'etcd to be whole' : `etcd to be able to do without ${away.name}`, async () => {
    const because = etcdObjection(planes, away, await seeEtcd(cx, planes));
    return because === undefined ? { ok: true, value: true } : { ok: false, because, hint: `task cluster:health CLUSTER=${cx.cluster.name} tells the cause; then run the same command again` };
  }, { patience, every: 3_000 });
  return `etcd well on ${planes.filter((machine) => machine.name !== away?.name).length} of ${planes.length}`;
}

/** Why these machines are not all nodes that are Ready; undefined when they are. */
export function nodeObjection(machines: readonly Machine[], nodes: readonly KubeObject[]): string | undefined {
  const ill = machines.flatMap((machine) => {
    const node = nodes.find(({ metadata }) => metadata.name === machine.name);
    if (node === undefined) return [`${machine.name} is no node`];
    const ready = conditionOf(node, 'Ready');
    return ready?.status === 'True' ? [] : [`node ${machine.name} is not Ready (${ready?.message ?? 'it says nothing'})`];
  });
  return ill.length === 0 ? undefined : ill.join('; ');
}

/** Waits until these machines are nodes and Ready; skipped by name with OVERRIDE. */
export async function untilNodesReady(cx: Cx, machines: readonly Machine[], patience = GATE_PATIENCE): Promise<void> {
  if (machines.length === 0 || cx.overrides.has(UNREADY_NODES)) return;
  await cx.wait(`${machines.map(({ name }) => name).join(' ')} to be Ready`, async () => {
    const because = await nodesNow(cx, machines);
    return because === undefined ? { ok: true, value: true } : { ok: false, because, hint: `task cluster:health CLUSTER=${cx.cluster.name}; OVERRIDE=${UNREADY_NODES} goes on all the same (journalled)` };
  }, { patience, every: 2_000 });
}

async function nodesNow(cx: Cx, machines: readonly Machine[]): Promise<string | undefined> {
  try {
    return nodeObjection(machines, (await cx.looking.kube.list(KINDS.Node)).items);
  } catch (error) {
    // While a control plane is away its API server is too: asked again.
    if (!(error instanceof Failure) || error.exit !== 'rerun') throw error;
    return error.message;
  }
}

interface Condition { readonly status: string; readonly message: string }
function conditionOf(object: KubeObject, type: string): Condition | undefined {
  const status: unknown = object['status'];
  const conditions: unknown = typeof status === 'object' && status !== null ? Reflect.get(status, 'conditions') : undefined;
  const found: unknown = Array.isArray(conditions) ? conditions.find((each: unknown) => typeof each === 'object' && each !== null && Reflect.get(each, 'type') === type) : undefined;
  return typeof found === 'object' && found !== null ? { status: String(Reflect.get(found, 'status')), message: String(Reflect.get(found, 'message') ?? '') } : undefined;
}
