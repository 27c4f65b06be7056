import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { Machine } from '../config/cluster.ts';
import { CLOCK, clockHint, etcdChecks } from '../health/checks/index.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { EtcdMember, TalosFace, TalosService, Told } from '../tools/doors.ts';
import type { Cx } from './context.ts';
import { MINUTES } from './wait-phase.ts';

/** Members of etcd as one control plane tells them, or why it cannot: not bootstrapped is not the same as not asked. */
type Membership =
  | { readonly is: 'ours'; readonly on: string; readonly members: readonly EtcdMember[] }
  | { readonly is: 'foreign'; readonly on: string; readonly members: readonly EtcdMember[] }
  | { readonly is: 'none'; readonly because: string }
  | { readonly is: 'unknown'; readonly because: string };

const phase: WorkPhase<Cx, Snapshot> = {
  name: 'etcd-bootstrap',
  title: 'bootstrap etcd, once',
  patience: 10 * MINUTES,
  verify: etcdChecks,

  async done(cx) {
    const found = await membership(cx, 'looking');
    if (found.is === 'foreign') throw foreignEtcd(cx, found);
    return found.is === 'ours' ? `etcd runs on ${found.members.map((member) => member.hostname).join(' ')}` : false;
  },

  async run(cx) {
    const first = controlPlanes(cx)[0];
    if (first === undefined) throw new Failure({ exit: 'configuration', what: `${cx.cluster.name} has no control plane`, hint: `add one to ${cx.cluster.file}` });
    if (cx.dryRun) {
      await cx.doors.talos.bootstrap(first);
      return `would bootstrap on ${first.name}`;
    }
    if (!cx.actOpen(ACT, cx.cluster.name) && await settledAlready(cx, await untilEtcdIsThere(cx))) return 'it runs by now';
    await cx.act(ACT, cx.cluster.name, async () => proof(cx), async () => bootstrapOn(cx, first));
    return `on ${first.name}`;
  },
};
export default phase;

function controlPlanes(cx: Cx): readonly Machine[] {
  return cx.cluster.machines.filter((machine) => machine.role === 'controlplane');
}

/** `told`: services that were just asked for anyway. */
async function membership(cx: Cx, through: 'looking' | 'doors', told?: ServicesTold): Promise<Membership> {
  const talos = cx[through].talos;
  const ours = new Set(cx.cluster.machines.map((machine) => machine.name));
  const reasons: string[] = [];
  let silent = 0;
  const planes = controlPlanes(cx);
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

type ServicesTold = ReadonlyMap<string, Told<readonly TalosService[]>>;
/** A machine that was just installed may still be pulling etcd's image. */
const SERVICE_PATIENCE = 15 * MINUTES;

/**
 * The API of an installed machine answers before etcd can be bootstrapped: waits until every control plane's etcd service
 * says that it is past its own preparations. All are asked with one call; the last answers are what follows sets out from.
 */
async function untilEtcdIsThere(cx: Cx): Promise<ServicesTold | undefined> {
  const planes = controlPlanes(cx);
  return cx.wait('the etcd service of every control plane', async () => {
    const told = await cx.doors.talos.readEach('services', planes);
    // Etcd that is past its beginnings anywhere is not bootstrapped at all: nothing to wait for.
    if (planes.some((machine) => hasBegun(told.get(machine.name)))) return { ok: true, value: told };
    const reasons = planes.flatMap((machine) => {
      const answer = told.get(machine.name);
      if (answer?.ok !== true) {
        // A machine that has just come up closes connections while its API restarts; the deadline decides.
        if (answer !== undefined && answer.failure.exit !== 'rerun') throw answer.failure;
        return [`${machine.name}: ${answer?.failure.because ?? answer?.failure.what ?? 'nothing was said of it'}`];
      }
      const etcd = answer.value.find((service) => service.id === 'etcd');
      return etcd === undefined || etcd.state === 'Waiting' || etcd.state === 'Initialized' ? [`${machine.name}: etcd service is ${etcd === undefined ? 'not there yet' : `${etcd.state}${etcd.message === '' ? '' : ` (${etcd.message})`}`}`] : [];
    });
    const [first, ...more] = reasons;
    if (first === undefined) return { ok: true, value: told };
    return { ok: false, because: `${first}${more.length === 0 ? '' : ` (and ${more.length} more)`}`, done: planes.length - reasons.length, of: planes.length, ...(CLOCK.test(first) ? { hint: clockHint(planes.find((machine) => first.startsWith(`${machine.name}:`))) } : {}) };
  }, { patience: SERVICE_PATIENCE, every: 1_000 });
}

function hasBegun(answer: Told<readonly TalosService[]> | undefined): boolean {
  const etcd = answer?.ok === true ? answer.value.find((service) => service.id === 'etcd') : undefined;
  return etcd !== undefined && !BEFORE_BOOTSTRAP.has(etcd.state);
}

const ACT = 'etcd-bootstrap';
/** States of the etcd service on a machine without etcd data. */
const BEFORE_BOOTSTRAP: ReadonlySet<string> = new Set(['Initialized', 'Waiting', 'Preparing', 'Starting']);

/**
 * Control planes whose etcd is past "waiting to be bootstrapped" hold data. Such a cluster is never bootstrapped (again):
 * it is given time to answer. True when it turned out to be ours and well; false when nothing holds data; throws (75) when
 * it stays mute, e.g. without a quorum.
 */
async function settledAlready(cx: Cx, told: ServicesTold | undefined): Promise<boolean> {
  if ((await membership(cx, 'doors', told)).is === 'none') return false;
  try {
    const settled = await cx.wait('etcd, which holds data already, to answer', async () => {
      const found = await membership(cx, 'doors');
      if (found.is === 'foreign') throw foreignEtcd(cx, found);
      return found.is === 'unknown' ? { ok: false, because: found.because } : { ok: true, value: found.is };
    }, { patience: 3 * MINUTES, every: 3_000 });
    return settled === 'ours';
  } catch (error) {
    if (!(error instanceof Failure) || error.exit !== 'rerun') throw error;
    throw new Failure({
      exit: 'rerun', what: `etcd of ${cx.cluster.name} holds data but does not answer; it was not bootstrapped again`, because: error.because ?? error.what,
      hint: `task cluster:health CLUSTER=${cx.cluster.name} names the cause; lost for good: restore a snapshot`, cause: error,
    });
  }
}

/** "Preparing" right after the call can mean "not yet": only a state that stayed so this long, and was asked this often, is proof. */
const QUIET_MS = 20_000;
const QUIET_ANSWERS = 4;
/** Silence is waited out longer: a machine may be rebooting. */
const PROOF_PATIENCE = 4 * MINUTES;

/** A machine's services out of the common answer; throws its own reason for having none. */
function servicesOf(machine: Machine, face: TalosFace | undefined, told: Told<readonly TalosService[]> | undefined): readonly TalosService[] {
  if (told?.ok === true) return told.value;
  throw told?.failure ?? new Failure({ exit: 'rerun', what: `${machine.name} does not answer`, because: face?.is === 'closed' ? face.because : 'nothing was said of it', hint: 'look at its console or power, then run the same command again; nothing was bootstrapped' });
}

/** What became of an earlier bootstrap that never reported back. Asked patiently: etcd may still be starting. */
async function proof(cx: Cx): Promise<'done' | 'not-done' | 'unknown'> {
  const began = cx.clock.now();
  let quietSince: number | undefined;
  let quiet = 0;
  for (let asked = 1; ; asked++) {
    const found = await membership(cx, 'doors');
    if (found.is === 'ours') return 'done';
    if (found.is === 'foreign') throw foreignEtcd(cx, found);
    const now = cx.clock.now();
    quiet = found.is === 'none' ? quiet + 1 : 0;
    quietSince = found.is === 'none' ? quietSince ?? now : undefined;
    if (quiet >= QUIET_ANSWERS && quietSince !== undefined && now - quietSince >= QUIET_MS) return 'not-done';
    // In a fast lab one question may outlast the patience: a few are asked whatever the clock says.
    if (found.is !== 'none' && now - began >= PROOF_PATIENCE && asked > QUIET_ANSWERS) return 'unknown';
    cx.emit({ type: 'waiting', lane: cx.lane, step: cx.step, for: 'proof of an earlier bootstrap', reason: found.because, sinceMs: Math.round(now - began), patienceMs: PROOF_PATIENCE });
    await cx.clock.sleep(Math.max(3_000, 100 * cx.clock.speed), cx.signal);
  }
}

async function bootstrapOn(cx: Cx, first: Machine): Promise<string> {
  const answer = await cx.doors.talos.bootstrap(first);
  if (answer === 'done') return `bootstrapped on ${first.name}`;
  // AlreadyExists says only that the data directory is not empty. Whose data it is, the members tell.
  const settled = await cx.wait(`etcd on ${first.name} to say whose it is`, async () => {
    const found = await membership(cx, 'doors');
    if (found.is === 'foreign') throw foreignEtcd(cx, found);
    if (found.is === 'ours') return { ok: true, value: found };
    return { ok: false, because: found.because };
  }, { patience: 3 * MINUTES, every: 3_000 });
  if (settled === undefined) return 'nothing was asked in a dry run';
  return `already bootstrapped, proven ours: members ${settled.members.map((member) => member.hostname).join(' ')}`;
}

function foreignEtcd(cx: Cx, found: { readonly on: string; readonly members: readonly EtcdMember[] }): Failure {
  return new Failure({
    exit: 'look',
    what: `etcd on ${found.on} belongs to another cluster`,
    because: `its members are ${found.members.map((member) => member.hostname).join(', ')}; ${cx.cluster.name} has ${cx.cluster.machines.map((machine) => machine.name).join(', ')}`,
    hint: `find out whose data it is; when it may go: talosctl -n ${cx.cluster.machines.find((machine) => machine.name === found.on)?.address ?? found.on} reset --system-labels-to-wipe EPHEMERAL --reboot, then run this again`,
    leftBehind: 'configured machines; no etcd was bootstrapped by this run',
  });
}
