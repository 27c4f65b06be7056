import { Failure } from '../engine/failure.ts';
import type { Question, WorkPhase } from '../engine/phase.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from './context.ts';
import { chosenMachines, names, progress } from './machines/chosen.ts';
import { untilEtcdWell } from './machines/gates.ts';
import { planAll, type Ready } from './machines/plans.ts';
import { arrive, inOrder, takeTurn, untilBack, type Turn } from './machines/turn.ts';

const ACT = 'talos-apply';

/** Brings the repository's configuration to machines that run, one after the other: live where that is possible, by a drained reboot where it is not. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'talos-reconfigure',
  title: 'apply the configuration, one machine at a time',
  patience: 0,
  verify: [],
  async done(cx) {
    const planned = await planAll(cx, chosenMachines(cx));
    return planned.every((each) => 'plan' in each && each.plan.takes === 'none') && !planned.some(({ machine }) => cx.actOpen(ACT, machine.name)) ? `${names(planned.map(({ machine }) => machine))} have it` : false;
  },
  async run(cx) {
    const machines = chosenMachines(cx);
    const mode = modeOf(cx);
    const planned = await planAll(cx, machines);
    const told: string[] = [];
    const ready = planned.filter((each): each is Ready => 'plan' in each);
    const failed = planned.flatMap((each) => ('failure' in each ? [each.failure] : []));
    if (failed[0] !== undefined) throw new Failure({ exit: failed[0].exit, what: `${failed.length} of ${machines.length} machines could not be asked what would change, so none was changed`, because: failed.map((failure) => failure.message).join('; '), hint: failed[0].hint, parts: failed });
    const rebooting = ready.filter(({ plan }) => plan.takes === 'reboot');
    if (mode === 'no-reboot' && rebooting.length > 0) throw new Failure({ exit: 'rerun', what: `${names(rebooting.map(({ machine }) => machine))} cannot take it up without a reboot`, because: 'MODE=no-reboot', hint: 'MODE=auto reboots them one by one, drained; MODE=staged leaves it for their next boot; nothing was changed' });
    for (const machine of await inOrder(cx, machines)) {
      const own = ready.find((each) => each.machine.name === machine.name);
      if (own === undefined || (own.plan.takes === 'none' && !cx.actOpen(ACT, machine.name))) continue;
      if (own.plan.takes === 'none') {
        // An earlier run was killed while this machine rebooted with it.
        await cx.act(ACT, machine.name, async () => turnOf(cx, own).proof(machine), async () => 'it has its configuration');
        progress(cx, machine, 'done', await arrive(cx, machine, turnOf(cx, own)));
        continue;
      }
      if (mode === 'staged') await cx.doors.day2.apply(machine, own.config, 'staged');
      else if (own.plan.takes === 'reboot') await takeTurn(cx, machine, turnOf(cx, own));
      else await live(cx, own);
      told.push(`${machine.name} ${mode === 'staged' ? 'staged' : own.plan.takes === 'reboot' ? 'rebooted' : 'live'}`);
    }
    return told.join(', ') || 'nothing to change';
  },
};
export default phase;

/** MODE as it was given; a Failure (64) for one there is not. Talos' own mode `reboot` is gone in 1.14: a machine that needs one says so. */
export function modeOf(cx: Pick<Cx, 'variables'>): 'auto' | 'no-reboot' | 'staged' {
  const mode = cx.variables['MODE'] ?? 'auto';
  if (mode === 'auto' || mode === 'no-reboot' || mode === 'staged') return mode;
  throw new Failure({ exit: 'usage', what: `there is no MODE=${mode}`, hint: 'auto, no-reboot, staged' });
}

async function live(cx: Cx, { machine, config }: Ready): Promise<void> {
  if (!cx.dryRun) await untilEtcdWell(cx, machine);
  progress(cx, machine, 'working', 'applying, without a reboot');
  await cx.doors.day2.apply(machine, config, 'no-reboot');
  if (cx.dryRun) return;
  await untilBack(cx, machine);
  await untilEtcdWell(cx, undefined);
  progress(cx, machine, 'done', 'has it');
}

function turnOf(cx: Cx, { machine, config }: Ready): Turn {
  return {
    act: ACT,
    async proof() {
      await untilBack(cx, machine);
      const [now] = await planAll(cx, [machine]);
      return now !== undefined && 'plan' in now ? (now.plan.takes === 'none' ? 'done' : 'not-done') : 'unknown';
    },
    async begin() {
      const from = cx.dryRun ? undefined : await cx.doors.day2.bootId(machine);
      await cx.doors.day2.apply(machine, config, 'auto');
      if (!cx.dryRun) await untilBack(cx, machine, from);
      return `${machine.name} rebooted with its configuration`;
    },
    async arrived() {
      await untilBack(cx, machine);
      return 'has it, rebooted';
    },
  };
}

/** What is about to change, before it is asked for. */
export async function askApply(cx: Cx): Promise<Question> {
  const mode = modeOf(cx);
  const machines = chosenMachines(cx);
  const planned = cx.dryRun ? [] : await planAll(cx, machines);
  const of = (takes: string): string => planned.flatMap((each) => ('plan' in each && each.plan.takes === takes ? [each.machine.name] : [])).join(' ') || 'none';
  return {
    title: `Apply the configuration to ${cx.cluster.name}`,
    facts: [
      ['target', cx.site.target.label],
      ['machines', names(machines)],
      ...(cx.dryRun ? [] : [['unchanged', of('none')], ['live', of('live')], ['by a reboot', `${of('reboot')}${mode === 'staged' ? ' (staged: at their next boot)' : ', one by one, drained'}`]] as const),
      ['see', `task talos:diff CLUSTER=${cx.cluster.name} shows every line`],
    ],
    word: undefined,
  };
}
