import type { Question, WorkPhase } from '../engine/phase.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from './context.ts';
import { chosenMachines, names, progress } from './machines/chosen.ts';
import { beginRound, endRound, openRound } from './machines/round.ts';
import { arrive, inOrder, takeTurn, untilBack, type Turn } from './machines/turn.ts';
import type { Machine } from '../config/cluster.ts';

const ACT = 'talos-reboot';

/** Reboots one machine after the other, drained. A round that was interrupted goes on with the machines that are still in the boot they were in when it began. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'talos-reboot',
  title: 'reboot, one machine at a time',
  patience: 0,
  verify: [],
  async done() {
    // A reboot is wished for, not a state that could be there already.
    return false;
  },
  async run(cx) {
    const machines = chosenMachines(cx);
    if (cx.dryRun) {
      for (const machine of machines) await takeTurn(cx, machine, turnOf(cx, machine, undefined));
      return `would reboot ${names(machines)}`;
    }
    const wanted = machines.map(({ name }) => name);
    const open = openRound(cx, wanted);
    if (open !== undefined) cx.emit({ type: 'note', lane: cx.lane, step: cx.step, level: 'info', text: `going on with the round of ${new Date(open.at).toISOString()}` });
    // Asked of all before the first goes: which boots they are in is what says later who had its turn.
    const round = open ?? beginRound(cx, Object.fromEntries(await Promise.all(machines.map(async (machine) => [machine.name, await cx.doors.day2.bootId(machine)] as const))));
    const rebooted: string[] = [];
    for (const machine of await inOrder(cx, machines)) {
      const from = round.boots[machine.name];
      const turn = turnOf(cx, machine, from);
      // A machine that does not say which boot it is in is waited for: rebooting it for want of an answer would be once too often.
      if (await turn.proof(machine) === 'done') {
        await cx.act(ACT, machine.name, async () => turn.proof(machine), async () => 'it was rebooted by an earlier run');
        progress(cx, machine, 'done', await arrive(cx, machine, turn));
      } else await takeTurn(cx, machine, turn);
      rebooted.push(machine.name);
    }
    endRound(cx);
    return rebooted.join(' ');
  },
};
export default phase;

function turnOf(cx: Cx, machine: Machine, from: string | undefined): Turn {
  return {
    act: ACT,
    async proof() {
      return (await untilBack(cx, machine)).bootId === from ? 'not-done' : 'done';
    },
    async begin() {
      await cx.doors.day2.reboot(machine);
      if (!cx.dryRun) await untilBack(cx, machine, from);
      return `${machine.name} rebooted`;
    },
    async arrived() {
      await untilBack(cx, machine, from);
      return 'rebooted';
    },
  };
}

/** What a reboot means, before it is asked for. */
export function askReboot(cx: Cx): Question {
  return {
    title: `Reboot machines of ${cx.cluster.name}`,
    facts: [
      ['target', cx.site.target.label],
      ['machines', names(chosenMachines(cx))],
      ['each', 'one at a time: drained as disruption budgets allow, rebooted, and everything whole again before the next'],
    ],
    word: undefined,
  };
}
