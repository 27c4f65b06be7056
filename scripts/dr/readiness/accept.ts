import type { ExitName } from '../../engine/failure.ts';
import { Failure } from '../../engine/failure.ts';
import { nearest } from '../../config/words.ts';
import type { ReadinessRow } from '../record.ts';

/** Ids in a variable, with commas; nothing twice. */
export function namesIn(variable: string | undefined): readonly string[] {
  return [...new Set((variable ?? '').split(',').map((each) => each.trim()).filter((each) => each !== ''))];
}

/** Rows that come and go with the world's state: naming one that is gone is no mistake. */
const PASSING: readonly ReadinessRow['group'][] = ['health'];

/** `health:infra/x` is of infra; `outside:x` of nobody. */
const clusterOf = (id: string): string | undefined => /^[a-z]+:([a-z0-9-]+)\//.exec(id)?.[1];

/**
 * Marks rows that were accepted by name. A row that is well needs it not and stays as it is. `whole`: these are all rows there are; else names of
 * other clusters are somebody else's. Throws a Failure (64) for names of no row.
 */
export function accept(rows: readonly ReadinessRow[], names: readonly string[], by: NonNullable<ReadinessRow['accepted']>, whole = false): readonly ReadinessRow[] {
  const clusters = new Set(rows.flatMap(({ id }) => clusterOf(id) ?? []));
  const unknown = names.filter((name) => {
    if (rows.some(({ id }) => id === name) || PASSING.some((group) => name.startsWith(`${group}:`))) return false;
    const cluster = clusterOf(name);
    return whole || cluster === undefined || clusters.has(cluster);
  });
  if (unknown.length > 0) {
    const open = openOf(rows).map(({ id }) => id);
    const meant = unknown.flatMap((name) => nearest(name, rows.map(({ id }) => id)) ?? []);
    throw new Failure({
      exit: 'usage', what: `ACCEPT names ${unknown.length === 1 ? 'what nothing is called' : `${unknown.length} things nothing is called`}`, because: unknown.join(', '),
      hint: meant.length > 0 ? `did you mean ${meant.join(', ')}?` : open.length > 0 ? `what could be accepted: ${open.join(', ')}` : 'everything is well: nothing needs to be accepted',
    });
  }
  return rows.map((row) => (isBad(row) && names.includes(row.id) ? { ...row, accepted: by } : row));
}

const isBad = (row: ReadinessRow): boolean => row.verdict.is === 'fail' || row.verdict.is === 'unknown';
const openOf = (rows: readonly ReadinessRow[]): readonly ReadinessRow[] => rows.filter((row) => isBad(row) && row.accepted === undefined);

/** What stands in the way: not well or not known, and accepted by nobody. */
export function unacceptedOf(rows: readonly ReadinessRow[]): readonly ReadinessRow[] {
  return openOf(rows);
}

/** 0 ready, 1 not ready, 2 cannot tell. Nothing asked at all is no yes. */
export function verdictOf(rows: readonly ReadinessRow[]): Extract<ExitName, 'done' | 'no' | 'cannotTell'> {
  const open = openOf(rows);
  if (open.some(({ verdict }) => verdict.is === 'fail')) return 'no';
  return open.length > 0 || rows.length === 0 ? 'cannotTell' : 'done';
}
