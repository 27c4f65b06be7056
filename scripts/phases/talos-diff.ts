import { Failure } from '../engine/failure.ts';
import type { Outcome, Style } from '../engine/outcome.ts';
import { severalOutcomes } from '../health/index.ts';
import type { Cx } from './context.ts';
import { chosenMachines } from './machines/chosen.ts';
import { planAll, type Planned } from './machines/plans.ts';
import type { Action } from './task.ts';

/** What talos:apply would change on each machine, and how the machine would take it up. Changes nothing. */
const talosDiff: Action = async (cx) => severalOutcomes(await Promise.all(cx.clusters.map(async (cluster) => {
  const context = cx.forCluster(cluster, 'talos-diff');
  return { cluster: cluster.name, outcome: await diffOf(context) };
})));
export default talosDiff;

const TAKES = { none: 'no changes', live: 'taken up while it runs', reboot: 'by a reboot' } as const;

async function diffOf(cx: Cx): Promise<Outcome> {
  if (!cx.looking.talos.hasTalosconfig()) await cx.doors.talos.writeTalosconfig((await cx.secrets()).bundle(cx.cluster));
  const planned = await planAll(cx, chosenMachines(cx));
  if (planned.length === 0) throw new Failure({ exit: 'configuration', what: `${cx.cluster.name} has no machines`, hint: `add them to ${cx.cluster.file}` });
  const failed = planned.filter((each) => 'failure' in each);
  const changed = planned.filter((each) => 'plan' in each && each.plan.takes !== 'none');
  return {
    exit: failed.length > 0 ? 'cannotTell' : changed.length > 0 ? 'no' : 'done',
    result: { format: 1, cluster: cx.cluster.name, machines: planned.map((each) => ('failure' in each ? { machine: each.machine.name, unknown: each.failure.message } : { machine: each.machine.name, takes: each.plan.takes, diff: each.plan.diff })) },
    render: (style) => [
      ...planned.flatMap((each) => linesOf(each, style)),
      changed.length === 0 && failed.length === 0 ? `${cx.cluster.name}: every machine has the configuration of the repository` : `${cx.cluster.name}: ${changed.length} of ${planned.length} machines differ${failed.length === 0 ? '' : `, ${failed.length} could not be asked`}; task talos:apply CLUSTER=${cx.cluster.name} brings it to them`,
    ],
  };
}

function linesOf(each: Planned, style: Style): readonly string[] {
  if ('failure' in each) return [`${style.yellow('?')} ${each.machine.name}   ${each.failure.message}`];
  if (each.plan.takes === 'none') return [`${style.green('✔')} ${each.machine.name}   ${TAKES.none}`];
  return [
    `${style.yellow('~')} ${each.machine.name}   ${TAKES[each.plan.takes]}`,
    ...each.plan.diff.map((line) => `    ${line.startsWith('+') ? style.green(line) : style.red(line)}`),
  ];
}
