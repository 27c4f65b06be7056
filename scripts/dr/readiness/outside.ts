import { each } from '../../engine/each.ts';
import type { ChangeFreeze, OutsideState } from '../../config/recovery.ts';
import type { Verdict } from '../../engine/verdict.ts';
import type { ReadinessRow } from '../record.ts';
import { isAnswer } from '../backup/shared.ts';
import { commandVerdict } from './machines.ts';
import { fail, isLab, pass, row, skip, unknown, type ReadinessContext } from './row.ts';

/** What lives outside the clusters and bites a rebuild, each by its own check. */
export async function outsideRows(cx: ReadinessContext): Promise<readonly ReadinessRow[]> {
  const states = cx.site.recovery.outside;
  return each(states, states.length, async (state) => row('outside', `outside:${state.name}`, state.what, await outsideVerdict(cx, state), state.handling), cx.signal, { what: 'asking about what is outside', name: (state) => state.name });
}

async function outsideVerdict(cx: ReadinessContext, { name, handling, check }: OutsideState): Promise<Verdict> {
  switch (check.by) {
    case 'person': return isLab(cx) ? skip('there is nothing outside a lab') : unknown('only a person can say that it is so', `when it is: ACCEPT=outside:${name}`);
    case 'command': return commandVerdict(cx, check.argv, handling, `outside: ${name} in bootstrap/dr.yaml`);
    case 'secret':
      try {
        await cx.looking.stores.resolve([check.reference]);
        return pass(`${check.reference} holds a value`);
      } catch (error) {
        if (!isAnswer(error)) throw error;
        return fail(error.message, error.hint);
      }
  }
}

/** Days on which nothing is torn down. Each freeze has a line, so that it can be overridden by its name and by no other. */
export function calendarRows(freezes: readonly ChangeFreeze[], now: number, lab: boolean): readonly ReadinessRow[] {
  const today = new Date(now).toISOString().slice(0, 10);
  return freezes.map((freeze) => {
    const when = `${freeze.from} to ${freeze.until}`;
    const active = freeze.from <= today && today <= freeze.until;
    const verdict = lab ? skip('nothing real is torn down in a lab') : active ? fail(`nothing is torn down from ${when}: ${freeze.because}`, `to do it all the same: ACCEPT=calendar:${freeze.name}`) : pass(`${when}; today is ${today}`);
    return row('calendar', `calendar:${freeze.name}`, `change freeze ${freeze.name}`, verdict, when);
  });
}
