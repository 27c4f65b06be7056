import { each } from '../engine/each.ts';
import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { Verdict } from '../engine/verdict.ts';
import type { Machine } from '../config/cluster.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Volume } from '../tools/doors.ts';
import { writePrivate } from '../tools/files.ts';
import type { Cx } from './context.ts';
import { standings, type Standing } from './destroy-preflight.ts';
import { join } from 'node:path';
import { MINUTES } from './wait-phase.ts';

/** Ceph writes its label at these offsets (GB) of a disk; Talos shows what is at the first alone. */
const CEPH_COPIES = 'copies of a Ceph label further in (1, 10, 100, 1000 GB)';

interface DiskVerdict { readonly machine: string; readonly purpose: string; readonly device: string | null; readonly verdict: Verdict }

/** Proof, asked of the machines themselves: they are in maintenance, are the ones we mean, and their data disks show nothing. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'destroyed',
  title: 'prove that every machine is bare and every data disk clean',
  patience: 0,
  verify: [],
  async done() {
    return false;
  },
  async run(cx) {
    const { machines } = cx.cluster;
    if (cx.dryRun) return `would prove that ${machines.map((machine) => machine.name).join(' ')} are bare and clean`;
    const standing = await standings(cx);
    const installed = machines.filter((machine) => standing.get(machine.name)?.is === 'installed');
    if (installed.length > 0) {
      throw new Failure({ exit: 'rerun', what: `${installed.map((machine) => machine.name).join(', ')} still ${installed.length === 1 ? 'runs its' : 'run their'} installed system`, hint: 'run the same command again; it goes on from here' });
    }
    const verdicts = (await each(machines, machines.length, async (machine) => cleanOf(cx, machine, standing.get(machine.name)), cx.signal, { what: 'looking at the disks' })).flat();
    for (const { machine, purpose, device, verdict } of verdicts) cx.emit({ type: 'judged', lane: cx.lane, step: cx.step, check: `${machine} ${purpose} disk ${device ?? ''} is clean`, layer: 'disks', verdict });
    await writePrivate(join(cx.runDir, `disks-${cx.cluster.name}.json`), `${JSON.stringify(verdicts, undefined, 2)}\n`);
    const dirty = verdicts.filter(({ verdict }) => verdict.is === 'fail');
    if (dirty.length > 0) {
      throw new Failure({
        exit: 'rerun', what: `${dirty.length} data ${dirty.length === 1 ? 'disk is' : 'disks are'} not clean after the wipe`,
        parts: dirty.map(({ machine, purpose, device, verdict }) => new Failure({ exit: 'rerun', what: `${machine}: ${purpose} disk ${device ?? ''}`, because: verdict.is === 'fail' ? verdict.because : undefined, hint: `talosctl --insecure -n ${machine} get discoveredvolumes shows it` })),
        leftBehind: 'bare machines with the old data on these disks', hint: 'run the same command again to wipe them once more; a disk that stays dirty is zapped by hand (docs/runbooks) or replaced',
      });
    }
    const unknown = verdicts.filter(({ verdict }) => verdict.is === 'unknown').length;
    return `${machines.length} bare, ${verdicts.length} data disks without a signature${unknown === 0 ? '' : `; of ${unknown} Talos cannot show ${CEPH_COPIES}`}`;
  },
};
export default phase;

/** A machine that was found bare with a signature on a data disk is wiped of it once more: an earlier run may have been cut off between. */
async function cleanOf(cx: Cx, machine: Machine, standing: Standing | undefined): Promise<readonly DiskVerdict[]> {
  const first = await lookAt(cx, machine);
  const dirty = first.flatMap(({ device, verdict }) => (verdict.is === 'fail' && device !== null ? [device] : []));
  if (dirty.length === 0 || standing?.is !== 'maintenance') return first;
  await cx.doors.talos.wipeDisks(machine, dirty, standing.proof);
  let last = first;
  const clean = cx.wait(`${dirty.join(' ')} of ${machine.name} to be clean`, async () => {
    try {
      last = await lookAt(cx, machine);
    } catch (error) {
      // A machine that does not answer just now is asked again.
      if (!(error instanceof Failure) || error.exit !== 'rerun') throw error;
      return { ok: false, because: error.message };
    }
    const still = last.find(({ verdict }) => verdict.is === 'fail');
    return still === undefined ? { ok: true, value: true } : { ok: false, because: `${machine.name} ${still.device ?? still.purpose}: ${still.verdict.is === 'fail' ? still.verdict.because : ''}` };
  }, { patience: 5 * MINUTES, every: 2_000 });
  await clean.catch((error: unknown) => {
    // Not clean in time is a verdict, told with the others; anything else is a failure.
    if (!(error instanceof Failure) || error.exit !== 'rerun') throw error;
  });
  return last;
}

async function lookAt(cx: Cx, machine: Machine): Promise<readonly DiskVerdict[]> {
  const [disks, volumes] = await Promise.all([cx.doors.talos.dataDisks(machine, 'maintenance'), cx.doors.talos.volumes(machine, 'maintenance')]);
  return disks.map(({ purpose, device }) => ({ machine: machine.name, purpose, device: device ?? null, verdict: judge(purpose, device, volumes) }));
}

/** Clean is what shows no signature and no partition. What Talos does not show of a disk that held Ceph is unknown, not clean. */
export function judge(purpose: string, device: string | undefined, volumes: readonly Volume[]): Verdict {
  if (device === undefined) return { is: 'fail', because: 'no disk of the machine fits the configuration, or more than one does' };
  const own = volumes.filter((volume) => volume.disk === device);
  if (!own.some((volume) => volume.type === 'disk')) return { is: 'unknown', because: 'the machine does not say what is on it' };
  const found = own.find((volume) => volume.holds !== '' || volume.type === 'partition');
  if (found !== undefined) return { is: 'fail', because: found.type === 'partition' ? `partition ${found.path} ${found.partition} ${found.holds}`.trim() : `it shows ${found.holds}` };
  if (purpose === 'ceph') return { is: 'unknown', because: `no signature at its start; Talos cannot show ${CEPH_COPIES}` };
  return { is: 'pass' };
}
