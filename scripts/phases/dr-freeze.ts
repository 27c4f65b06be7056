import { clusterNow } from '../dr/backup/index.ts';
import { writeRecord } from '../dr/record.ts';
import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { KubeObject } from '../config/cluster.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import { KINDS } from '../tools/kinds.ts';
import type { Cx } from './context.ts';
import { asleep, describe, suspendFlux } from './flux-freeze.ts';

/** Flux asleep, alerts silenced; all of it remembered, so that it can be put back whatever happens. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'freeze',
  title: 'suspend Flux and silence what would call people',
  patience: 0,
  verify: [],
  async done() {
    return false;
  },
  async run(cx) {
    if (cx.dryRun) return `would suspend Flux of ${cx.cluster.name}${cx.site.recovery.freeze.map((hook) => `, ${hook.name}`).join('')}`;
    const byOthers = (await asleep(cx)).map(describe);
    const sim = new Date(await clusterNow(cx)).toISOString();
    const scaledToZero = await zeros(cx);
    // Written first: whoever finds this folder knows what may have been changed.
    const hooks = cx.site.recovery.freeze.map((hook) => hook.name);
    await writeRecord(cx.runDir, 'frozen', { at: new Date().toISOString(), sim, suspended: [], byOthers, scaledToZero, hooks }, cx.cluster.name);
    for (const hook of cx.site.recovery.freeze) await runHook(cx, hook.name, hook.freeze);
    const frozen = await suspendFlux(cx);
    await writeRecord(cx.runDir, 'frozen', { at: new Date().toISOString(), sim, suspended: frozen.map(describe), byOthers, scaledToZero, hooks }, cx.cluster.name);
    return `${frozen.length} Flux objects suspended${byOthers.length === 0 ? '' : `, ${byOthers.length} were already`}${hooks.length === 0 ? '' : `; ${hooks.join(', ')}`}`;
  },
};
export default phase;

/** Runs a command of the operator's own; one that fails is a Failure (75) in its own words. */
export async function runHook(cx: Cx, name: string, argv: readonly string[]): Promise<void> {
  const ended = await cx.doors.hook.run({ argv, effect: 'write' });
  if (ended === null || ended.exitCode === 0) return;
  throw new Failure({ exit: 'rerun', what: `${name} failed`, because: `${argv[0] ?? ''} ended with ${ended.exitCode}: ${ended.said}`, hint: 'bootstrap/dr.yaml names the command (freeze); mend it, or take it out' });
}

/** What somebody had scaled to nothing by hand: a rebuild starts it again, which is worth knowing. */
async function zeros(cx: Cx): Promise<readonly string[]> {
  const lists = await Promise.all([KINDS.Deployment, KINDS.StatefulSet].map(async (kind) => (await cx.looking.kube.list(kind)).items));
  return lists.flat().filter((object) => replicas(object) === 0).map((object) => `${object.kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`);
}
function replicas(object: KubeObject): unknown {
  const spec = object['spec'];
  return typeof spec === 'object' && spec !== null && 'replicas' in spec ? spec.replicas : undefined;
}
