import { release } from '../dr/backup/index.ts';
import { readRecord, writeRecord } from '../dr/record.ts';
import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from './context.ts';
import { runHook } from './dr-freeze.ts';
import { setsOf } from './dr-sentinels.ts';
import { asleep, describe, resumeFlux } from './flux-freeze.ts';

/** Puts back what the freeze changed. A rebuilt cluster's Flux is awake by itself; what had been asleep before by others' doing is told. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'unfreeze',
  title: 'put back what was frozen',
  patience: 0,
  verify: [],
  async done() {
    return false;
  },
  async run(cx) {
    if (cx.dryRun) return 'would put back what was frozen';
    const { putBack, left } = await unfreeze(cx);
    if (left.length > 0) cx.emit({ type: 'note', lane: cx.lane, step: cx.step, level: 'warn', text: `for a person to decide: ${left.join('; ')}` });
    return putBack.length === 0 ? 'nothing to put back' : putBack.join(', ');
  },
};
export default phase;

/** Undoes the freeze of one cluster as far as that can be, and writes down both what was put back and what was not. */
export async function unfreeze(cx: Cx): Promise<{ readonly putBack: readonly string[]; readonly left: readonly string[] }> {
  const frozen = readRecord(cx.runDir, 'frozen', cx.cluster.name);
  const putBack: string[] = [];
  const left: string[] = [];
  const attempt = async (what: string, work: () => Promise<string | undefined>): Promise<void> => {
    try {
      const done = await work();
      if (done !== undefined) putBack.push(done);
    } catch (error) {
      if (!(error instanceof Failure) || error.exit === 'bug') throw error;
      left.push(`${what}: ${error.message}`);
    }
  };
  if (cx.looking.kube.hasKubeconfig()) {
    for (const set of setsOf(cx)) {
      await attempt(`the schedule of ${set.name}'s backups may rest`, async () => {
        await release(cx, set);
        return undefined;
      });
    }
  }
  if (frozen === undefined) return { putBack, left };
  await attempt(`Flux of ${cx.cluster.name} could not be woken (task flux:resume CLUSTER=${cx.cluster.name})`, async () => {
    if (!cx.looking.kube.hasKubeconfig()) return undefined;
    const resumed = await resumeFlux(cx);
    const still = (await asleep(cx)).map(describe);
    for (const object of frozen.byOthers) if (!still.includes(object)) left.push(`${object} had been suspended by somebody before and is awake now`);
    return resumed.length === 0 ? undefined : `${resumed.length} Flux objects awake again`;
  });
  for (const hook of cx.site.recovery.freeze) {
    if (!frozen.hooks.includes(hook.name)) continue;
    await attempt(hook.name, async () => {
      await runHook(cx, hook.name, hook.unfreeze);
      return cx.site.target.kind === 'lab' ? undefined : hook.name;
    });
  }
  for (const workload of frozen.scaledToZero) left.push(`${workload} had been scaled to nothing; a rebuild starts it as the tree says`);
  await writeRecord(cx.runDir, 'unfrozen', { putBack, left, because: cx.step === 'settle' ? 'the rehearsal stopped before anything was destroyed' : 'the cluster is back' }, cx.cluster.name);
  return { putBack, left };
}
