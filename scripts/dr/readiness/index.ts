import { each } from '../../engine/each.ts';
import { isAnswer } from '../backup/shared.ts';
import type { ReadinessRow } from '../record.ts';
import { dataRows } from './data.ts';
import { etcdRow } from './etcd.ts';
import { healthRows } from './health.ts';
import { machineRows, powerRows, secretsRow } from './machines.ts';
import { calendarRows, outsideRows } from './outside.ts';
import { repositoryRows } from './repository.ts';
import { isLab, row, unknown, type ReadinessContext } from './row.ts';

export { accept, namesIn, unacceptedOf, verdictOf } from './accept.ts';

const ORDER: readonly ReadinessRow['group'][] = ['repository', 'calendar', 'secrets', 'machines', 'power', 'health', 'etcd', 'data', 'stores', 'outside'];

/** Asks everything at once, or what is of these groups; what one part cannot tell is a row, never a reason to leave the others out. */
export async function readinessRows(cx: ReadinessContext, groups: readonly ReadinessRow['group'][] = ORDER): Promise<readonly ReadinessRow[]> {
  const all: readonly { readonly group: ReadinessRow['group']; readonly ask: () => Promise<readonly ReadinessRow[]> }[] = [
    { group: 'repository', ask: () => repositoryRows(cx) },
    { group: 'calendar', ask: async () => calendarRows(cx.site.calendar, cx.clock.now(), isLab(cx)) },
    { group: 'secrets', ask: async () => [await secretsRow(cx)] },
    { group: 'machines', ask: () => machineRows(cx) },
    { group: 'power', ask: () => powerRows(cx) },
    { group: 'health', ask: () => healthRows(cx) },
    { group: 'etcd', ask: async () => [await etcdRow(cx)] },
    { group: 'data', ask: () => dataRows(cx) },
    { group: 'outside', ask: () => outsideRows(cx) },
  ];
  const parts = all.filter(({ group }) => groups.includes(group));
  const rows = (await each(parts, parts.length, async ({ group, ask }) => {
    try {
      return await ask();
    } catch (error) {
      if (!isAnswer(error)) throw error;
      return [row(group, `${group}:${cx.cluster.name}/all`, group, unknown(error.message, error.hint))];
    }
  }, cx.signal, { what: `asking whether ${cx.cluster.name} can come back`, name: ({ group }) => group })).flat();
  for (const { subject, id, verdict, group } of rows) cx.emit({ type: 'judged', lane: cx.lane, step: cx.step, check: `${id} ${subject}`, layer: group, verdict });
  return ORDER.flatMap((group) => rows.filter((one) => one.group === group));
}
