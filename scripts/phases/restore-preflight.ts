import { join } from 'node:path';
import { Failure } from '../engine/failure.ts';
import type { Question, WorkPhase } from '../engine/phase.ts';
import type { Machine } from '../config/cluster.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from './context.ts';
import { standings, type Standing } from './destroy-preflight.ts';
import { controlPlanes, foreignEtcd, membership, type Membership } from './etcd-membership.ts';
import { markOf, readSnapshotFile, saveSnapshot, type SnapshotFile } from './etcd-snapshot-file.ts';
import { untilBack, WIPE } from './etcd-wiped.ts';
import { MINUTES } from './wait-phase.ts';

/** The name by which OVERRIDE accepts that what happened since the snapshot is thrown away. */
const HEALTHY = 'healthy-etcd';
/** etcd that is only starting, or choosing a leader, has answered by then. */
const SETTLING = 3 * MINUTES;

/** Everything that would refuse a restore, found before anything is changed. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'restore-preflight',
  title: 'what the snapshot holds, and whether it is needed',
  patience: 0,
  verify: [],
  async done() {
    // Never: what was so an hour ago proves nothing now.
    return false;
  },
  async run(cx) {
    const snapshot = await readSnapshotFile(cx);
    if (snapshot.evidence === undefined) cx.emit({ type: 'note', lane: cx.lane, step: cx.step, level: 'warn', text: `that ${snapshot.file} is of ${cx.cluster.name}, and from when, is not proven: there is no ${snapshot.file}.json beside it` });
    if (cx.dryRun) return `${told(snapshot)}; would prove that ${cx.cluster.machines.map((machine) => machine.name).join(' ')} are ours, and that etcd has no quorum`;
    await cx.doors.talos.writeTalosconfig((await cx.secrets()).bundle(cx.cluster));
    // One that an earlier run wiped may be on its way back up.
    for (const machine of controlPlanes(cx).filter(({ name }) => cx.actOpen(WIPE, name))) await untilBack(cx, machine);
    const standing = await standings(cx);
    const found = await settled(cx, installedPlanes(cx, standing));
    return `${told(snapshot)}; ${await judged(cx, snapshot, found)}`;
  },
};
export default phase;

/** What is thrown away and what comes back, said before the cluster's name is asked for. */
export async function askRestore(cx: Cx): Promise<Question> {
  const [snapshot, standing] = [await readSnapshotFile(cx), await standings(cx)];
  const planes = installedPlanes(cx, standing);
  const bare = cx.cluster.machines.filter((machine) => standing.get(machine.name)?.is === 'maintenance');
  const found = planes.length === 0 ? undefined : await membership(cx, 'looking', { planes });
  const { evidence } = snapshot;
  const names = (machines: readonly Machine[]): string => machines.map((machine) => machine.name).join(' ');
  return {
    title: `Point of no return: etcd of ${cx.cluster.name} goes back to a snapshot`,
    facts: [
      ['target', cx.site.target.label],
      ['snapshot', `${snapshot.file}, ${snapshot.bytes} bytes, sha256 ${snapshot.sha256.slice(0, 12)}${snapshot.raw ? ' (a copy of the database, without a digest of its own)' : ''}`],
      ['from', evidence === undefined ? `not proven; the file is of ${snapshot.modified}` : `${evidence.at ?? `not written down; the file is of ${snapshot.modified}`}, by ${evidence.machine}`],
      ['holds', evidence === undefined ? `not proven; whether it is of ${cx.cluster.name} is for you to know` : `${evidence.keys} keys at revision ${evidence.revision}`],
      ['thrown away', `everything that was written to ${cx.cluster.name}'s API since then${found?.is === 'ours' ? `; etcd is well now (${found.members.map((member) => member.hostname).join(' ')}), so this is a choice` : ''}`],
      ['etcd now', found === undefined ? 'no control plane is installed' : found.is === 'ours' ? 'well' : 'because' in found ? found.because : 'its members are not ours'],
      ['machines', [...(planes.length === 0 ? [] : [`${names(planes)}: EPHEMERAL is wiped (etcd, images, what pods kept on the system disk), then rebooted`]), ...(bare.length === 0 ? [] : [`${names(bare)}: bare, installed`])].join('; ')],
      ['stays', 'machine configuration, data disks, volumes; what is outside the cluster. What was made since the snapshot and lives there is not known to the API any more'],
    ],
    word: cx.cluster.name,
  };
}

function installedPlanes(cx: Cx, standing: ReadonlyMap<string, Standing>): readonly Machine[] {
  return controlPlanes(cx).filter((machine) => standing.get(machine.name)?.is === 'installed');
}

/** How etcd is once it has had time to answer: no answer in passing is not a lost quorum. undefined: there is nobody to ask. */
export async function settled(cx: Cx, planes: readonly Machine[]): Promise<Membership | undefined> {
  if (planes.length === 0) return undefined;
  let last: Membership | undefined;
  try {
    await cx.wait(`etcd of ${cx.cluster.name} to say how it is`, async () => {
      last = await membership(cx, 'doors', { planes });
      return last.is === 'unknown' ? { ok: false, because: last.because } : { ok: true, value: true };
    }, { patience: SETTLING, every: 5_000 });
  } catch (error) {
    if (!(error instanceof Failure) || error.exit !== 'rerun') throw error;
  }
  return last;
}

/** Says why etcd may be thrown away, or throws: for one that is not ours (76), and for one that is well (75). */
async function judged(cx: Cx, snapshot: SnapshotFile, found: Membership | undefined): Promise<string> {
  if (found === undefined) return 'no control plane is installed';
  if (found.is === 'none') return 'etcd was not bootstrapped';
  if (found.is === 'unknown') return `etcd has no quorum (${found.because})`;
  const allowed = mayGo(cx, snapshot, found);
  if (allowed === 'ours-already') return 'etcd is well, and the work of a restore of this very snapshot: going on with it';
  // The one case in which there is something to lose can also still be saved.
  const machine = cx.cluster.machines.find(({ name }) => name === found.on);
  const file = join(cx.runDir, `etcd-${cx.cluster.name}-before.db`);
  const saved = machine === undefined ? undefined : await saveSnapshot(cx, machine, file);
  return `etcd is well and goes all the same, by OVERRIDE=${HEALTHY}; ${saved === undefined ? 'nothing' : `as it is now, ${saved.keys} keys at revision ${saved.revision},`} saved in ${file}`;
}

/** Whether an etcd that answers may be thrown away, or need not be. Throws where neither is so. */
export function mayGo(cx: Cx, snapshot: SnapshotFile, found: Membership & { readonly is: 'ours' | 'foreign' }): 'allowed' | 'ours-already' {
  if (found.is === 'foreign') throw foreignEtcd(cx, found);
  if (markOf(cx, snapshot.sha256) !== undefined) return 'ours-already';
  if (cx.overrides.has(HEALTHY)) return 'allowed';
  throw new Failure({
    exit: 'rerun', what: `etcd of ${cx.cluster.name} is well, so it is not restored`,
    because: `${found.members.map((member) => member.hostname).join(' ')} have a quorum, and a restore throws away everything that was written since ${snapshot.evidence?.at ?? 'the snapshot'}`,
    hint: `task cluster:health CLUSTER=${cx.cluster.name} names what is wrong; to go back all the same: OVERRIDE=${HEALTHY} (journalled; what is there now is saved first)`,
  });
}

const told = ({ evidence, bytes }: SnapshotFile): string => (evidence === undefined ? `${bytes} bytes, not proven from when` : `${evidence.keys} keys at revision ${evidence.revision}${evidence.at === undefined ? '' : ` of ${evidence.at}`}`);
