import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { Machine } from '../config/cluster.ts';
import { CLOCK, clockHint, etcdChecks } from '../health/checks/index.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { RecoverFrom, TalosService, Told } from '../tools/doors.ts';
import type { Cx } from './context.ts';
import { BEFORE_BOOTSTRAP, controlPlanes, foreignEtcd, membership, type ServicesTold } from './etcd-membership.ts';
import { snapshotToRecover, writeMark } from './etcd-snapshot-file.ts';
import { MINUTES } from './wait-phase.ts';

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
      const recover = snapshotToRecover(cx);
      await cx.doors.talos.bootstrap(first, recover);
      return `would bootstrap on ${first.name}${recover === undefined ? '' : ` from ${recover.file}`}`;
    }
    if (!cx.actOpen(ACT, cx.cluster.name) && await settledAlready(cx, await untilEtcdIsThere(cx))) return 'it runs by now';
    const recover = snapshotToRecover(cx);
    // From here on an etcd that is well is the one this restore made, and no reason to refuse it when it is run again.
    if (recover !== undefined) await writeMark(cx, recover.file);
    await cx.act(ACT, cx.cluster.name, async () => proof(cx), async () => bootstrapOn(cx, first, recover));
    return `on ${first.name}${recover === undefined ? '' : ' from the snapshot'}`;
  },
};
export default phase;

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
/**
 * Control planes whose etcd is past "waiting to be bootstrapped" hold data. Such a cluster is never bootstrapped (again):
 * it is given time to answer. True when it turned out to be ours and well; false when nothing holds data; throws (75) when
 * it stays mute, e.g. without a quorum.
 */
async function settledAlready(cx: Cx, told: ServicesTold | undefined): Promise<boolean> {
  if ((await membership(cx, 'doors', { told })).is === 'none') return false;
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
      hint: `task cluster:health CLUSTER=${cx.cluster.name} names the cause; lost for good: task etcd:restore CLUSTER=${cx.cluster.name} SNAPSHOT=<file>`, cause: error,
    });
  }
}

/** "Preparing" right after the call can mean "not yet": only a state that stayed so this long, and was asked this often, is proof. */
const QUIET_MS = 20_000;
const QUIET_ANSWERS = 4;
/** Silence is waited out longer: a machine may be rebooting. */
const PROOF_PATIENCE = 4 * MINUTES;

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

async function bootstrapOn(cx: Cx, first: Machine, recover: RecoverFrom | undefined): Promise<string> {
  const answer = await cx.doors.talos.bootstrap(first, recover);
  if (answer === 'done') return `bootstrapped on ${first.name}${recover === undefined ? '' : ` from ${recover.file}`}`;
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

