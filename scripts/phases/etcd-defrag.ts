import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import { etcdChecks } from '../health/checks/index.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { EtcdStatus } from '../tools/doors.ts';
import type { Cx } from './context.ts';
import { controlPlanes } from './etcd-membership.ts';
import { progress } from './machines/chosen.ts';
import { defragOrder, threshold, unusedShare } from './machines/defrag.ts';
import { untilEtcdWell } from './machines/gates.ts';
import { MINUTES } from './wait-phase.ts';

/** Makes the database files of etcd anew, one member at a time, the leader last, with every member well before each. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'etcd-defrag',
  title: 'defragment etcd, one member at a time',
  patience: 5 * MINUTES,
  verify: etcdChecks,
  async done(cx) {
    const statuses = await statusesOf(cx);
    const percent = Math.round(threshold(cx) * 100);
    return defragOrder(statuses, threshold(cx)).length === 0 ? `no member has ${percent} % unused: ${statuses.map(told).join(', ')}` : false;
  },
  async run(cx) {
    const planes = controlPlanes(cx);
    if (cx.dryRun) {
      const order = defragOrder(await statusesOf(cx), threshold(cx));
      for (const name of order) for (const machine of planes) if (machine.name === name) await cx.doors.day2.etcdDefrag(machine);
      return `would defragment ${order.join(' ')}`;
    }
    const before = await statusesOf(cx);
    const gained: string[] = [];
    for (const name of defragOrder(before, threshold(cx))) {
      const machine = planes.find((each) => each.name === name);
      if (machine === undefined) continue;
      // Two members that do not answer at once would be one too many.
      await untilEtcdWell(cx, undefined);
      progress(cx, machine, 'working', 'defragmenting');
      await cx.doors.day2.etcdDefrag(machine);
      await untilEtcdWell(cx, undefined);
      const [was, now] = [before.find((each) => each.machine === name), (await statusesOf(cx)).find((each) => each.machine === name)];
      const said = was === undefined || now === undefined ? name : `${name} ${megabytes(was.status)} -> ${megabytes(now.status)}`;
      progress(cx, machine, 'done', said);
      gained.push(said);
    }
    return gained.join(', ');
  },
};
export default phase;

interface Own { readonly machine: string; readonly status: EtcdStatus }
/** Throws one Failure (75) naming each member that does not tell: one that is not known is not defragmented around. */
async function statusesOf(cx: Cx): Promise<readonly Own[]> {
  const planes = controlPlanes(cx);
  const told = await cx.looking.talos.readEach('etcdStatus', planes);
  const silent = planes.flatMap(({ name }) => {
    const answer = told.get(name);
    return answer?.ok === true ? [] : [`${name}: ${answer?.failure.because ?? answer?.failure.what ?? 'it was not asked'}`];
  });
  if (silent.length > 0) throw new Failure({ exit: 'rerun', what: `etcd of ${cx.cluster.name} is not asked of all its members`, because: silent.join('; '), hint: `task etcd:status CLUSTER=${cx.cluster.name}` });
  return planes.flatMap(({ name }) => {
    const answer = told.get(name);
    return answer?.ok === true ? [{ machine: name, status: answer.value }] : [];
  });
}
const megabytes = (status: EtcdStatus): string => `${(status.dbSizeBytes / 1_000_000).toFixed(1)} MB`;
function told({ machine, status }: Own): string {
  const share = unusedShare(status);
  return `${machine} ${share === undefined ? 'not told' : `${Math.round(share * 100)} %`}`;
}
