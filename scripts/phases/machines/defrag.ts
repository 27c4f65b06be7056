import { Failure } from '../../engine/failure.ts';
import type { EtcdStatus } from '../../tools/doors.ts';
import type { Cx } from '../context.ts';

/** How much of a member's database file is left over from what was deleted, 0 to 1; undefined where Talos does not tell. */
export function unusedShare(status: Pick<EtcdStatus, 'dbSizeBytes' | 'dbInUseBytes'>): number | undefined {
  if (status.dbInUseBytes === undefined || status.dbSizeBytes === 0) return undefined;
  return Math.max(0, 1 - status.dbInUseBytes / status.dbSizeBytes);
}

/** Below this share a defragmentation gives back less than it costs: a member that answers nothing meanwhile. */
const UNUSED_PERCENT = 30;

/** The share from which on a member is defragmented: the variable UNUSED, in percent. Throws a Failure (64) for what is none. */
export function threshold(cx: Pick<Cx, 'variables'>): number {
  const given = cx.variables['UNUSED'] ?? '';
  const percent = given === '' ? UNUSED_PERCENT : Number(given);
  if (!Number.isInteger(percent) || percent < 0 || percent > 99) throw new Failure({ exit: 'usage', what: `UNUSED=${given} is no percentage`, hint: 'a whole number from 0 to 99' });
  return percent / 100;
}

/** Members to defragment, the leader last: while it does not answer nobody can write. Only those whose file has that much unused, or all whose share is not known. */
export function defragOrder(statuses: readonly { readonly machine: string; readonly status: EtcdStatus }[], share: number): readonly string[] {
  const worth = statuses.filter(({ status }) => (unusedShare(status) ?? 1) >= share);
  const leads = ({ status }: { readonly status: EtcdStatus }): boolean => status.leader === status.memberId;
  return [...worth.filter((each) => !leads(each)), ...worth.filter(leads)].map(({ machine }) => machine);
}
