import { each } from '../engine/each.ts';
import type { Question, WorkPhase } from '../engine/phase.ts';
import type { Machine } from '../config/cluster.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from './context.ts';
import { MINUTES } from './wait-phase.ts';

/** Pods get their grace period, disks are synced, firmware powers off. */
const OFF_PATIENCE = 10 * MINUTES;

/** Powers a cluster off: workers first, drained while there is somewhere to go; then the control planes, all at once. Nothing is wiped. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'shutdown',
  title: 'power every machine off',
  patience: 0,
  verify: [],
  async done(cx) {
    const faces = await Promise.all(cx.cluster.machines.map(async (machine) => cx.looking.talos.face(machine)));
    return !cx.dryRun && faces.every((face) => face.is === 'closed') ? 'no machine answers: they are off, or out of reach' : false;
  },
  async run(cx) {
    const { machines } = cx.cluster;
    const workers = machines.filter((machine) => machine.role === 'worker');
    const planes = machines.filter((machine) => machine.role === 'controlplane');
    for (const [group, force] of [[workers, false], [planes, true]] as const) {
      await each(group, group.length, async (machine) => powerOff(cx, machine, force), cx.signal, { what: 'powering off', name: (machine) => machine.name });
    }
    return cx.dryRun ? `would power off ${machines.map((machine) => machine.name).join(' ')}` : `${machines.map((machine) => machine.name).join(' ')}; etcd and all data stay on their disks`;
  },
};
export default phase;

/** What a shutdown means, before it is asked for. */
export function askShutdown(cx: Cx): Question {
  return {
    title: `Power off ${cx.cluster.name}`,
    facts: [['target', cx.site.target.label], ['machines', cx.cluster.machines.map((machine) => machine.name).join(' ')], ['after', 'everything in it stops; data stays on the disks; machines are powered on by hand or out of band']],
    word: undefined,
  };
}

async function powerOff(cx: Cx, machine: Machine, force: boolean): Promise<void> {
  cx.emit({ type: 'progress', lane: cx.lane, step: cx.step, subject: machine.name, state: 'working', note: 'stopping' });
  const face = cx.dryRun ? undefined : await cx.doors.talos.face(machine);
  // Silent already: an earlier run got so far.
  if (face?.is !== 'closed') await cx.doors.talos.shutdown(machine, { force });
  await cx.wait(`${machine.name} to be off`, async () => {
    const now = await cx.doors.talos.face(machine);
    return now.is === 'closed' ? { ok: true, value: true } : { ok: false, because: `${machine.name} still answers`, hint: 'look at its console; then run the same command again' };
  }, { patience: OFF_PATIENCE, every: 1_000 });
  cx.emit({ type: 'progress', lane: cx.lane, step: cx.step, subject: machine.name, state: 'done', note: 'off' });
}
