import { userInfo } from 'node:os';
import { each } from '../engine/each.ts';
import { EXIT } from '../engine/failure.ts';
import { lockedIn } from '../engine/lock-holder.ts';
import type { Json, Outcome, Style } from '../engine/outcome.ts';
import type { Cluster } from '../config/cluster.ts';
import { accept, namesIn, readinessRows, unacceptedOf, verdictOf } from '../dr/readiness/index.ts';
import type { ReadinessRow } from '../dr/record.ts';
import { columns, labelled, signOf, wrap } from '../health/layout.ts';
import type { Cx } from './context.ts';
import type { Action } from './task.ts';

/** Can we afford to destroy? Everything a rebuild needs, asked now; what is not well is accepted by name or stands in the way. */
const drReadiness: Action = async (cx) => {
  await cx.site();
  if (cx.flags.dryRun) return { exit: 'done', result: { format: 1, asked: false }, render: () => [`would ask whether ${cx.clusters.map(({ name }) => name).join(' and ')} can come back: it takes an etcd snapshot and restores every backup beside its data set`] };
  const asked = await each(cx.clusters, cx.clusters.length, async (cluster) => readReadiness(cx.forCluster(cluster, 'readiness')), cx.signal, { what: 'asking whether everything can come back', name: (cluster) => cluster.name });
  // What is of no cluster is the same for each of them.
  const rows = asked.flat().filter(({ id }, index, all) => all.findIndex((other) => other.id === id) === index);
  return outcomeOf(accept(rows, namesIn(cx.variables['ACCEPT']), byVariable(), true), cx.clusters, cx.target.label);
};
export default drReadiness;

/** All rows of one cluster, or those of some groups. */
export async function readReadiness(cx: Cx, groups?: readonly ReadinessRow['group'][]): Promise<readonly ReadinessRow[]> {
  await ownTalosconfig(cx);
  try {
    return await readinessRows(cx, groups);
  } catch (error) {
    // Everybody who wanted to write met the same lock: it is told once.
    throw lockedIn(error) ?? error;
  }
}

/** Whose a machine is, is judged by this run's secrets, never by what an earlier one left behind; without them that is not known, and a row says so. */
async function ownTalosconfig(cx: Cx): Promise<void> {
  try {
    await cx.doors.talos.writeTalosconfig((await cx.secrets()).bundle(cx.cluster));
  } catch (error) {
    const { isAnswer } = await import('../dr/backup/shared.ts');
    if (!isAnswer(error)) throw error;
  }
}

/** One cluster's rows, with those accepted that ACCEPT names. Throws a Failure (64) for names of no row. */
export function acceptedOf(rows: readonly ReadinessRow[], variables: Readonly<Record<string, string>>): readonly ReadinessRow[] {
  return accept(rows, namesIn(variables['ACCEPT']), byVariable());
}

function byVariable(): NonNullable<ReadinessRow['accepted']> {
  return { by: person(), how: 'variable' };
}
/** A user without a name in the system (a container's) is told by number. */
function person(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

/** The table as an answer: exit 0 ready, 1 not ready, 2 cannot tell. */
export function outcomeOf(rows: readonly ReadinessRow[], clusters: readonly Pick<Cluster, 'name'>[], target: string): Outcome {
  const exit = verdictOf(rows);
  const result: Json = {
    format: 1, target, clusters: clusters.map(({ name }) => name), verdict: ({ done: 'ready', no: 'not ready', cannotTell: 'cannot tell' } as const)[exit],
    rows: rows.map(({ id, group, subject, verdict, detail, accepted, backup }) => ({
      id, group, subject, is: verdict.is, because: verdict.because ?? null, hint: 'hint' in verdict ? verdict.hint ?? null : null, detail, accepted: accepted === undefined ? null : { ...accepted }, backup: backup === undefined ? null : { ...backup },
    })),
  };
  return { exit, result, render: (style) => render(rows, clusters, target, exit, style) };
}

function render(rows: readonly ReadinessRow[], clusters: readonly Pick<Cluster, 'name'>[], target: string, exit: ReturnType<typeof verdictOf>, style: Style): readonly string[] {
  const open = unacceptedOf(rows);
  const named = clusters.map(({ name }) => name).join(' and ');
  const headline = { done: `${named} can come back`, no: `${named}: not to be destroyed now`, cannotTell: `whether ${named} can come back cannot be told` }[exit];
  const wide = Math.min(Math.max(...rows.map(({ id }) => columns(id)), 0), Math.max(16, Math.floor(style.width / 2) - 4));
  const fine = rows.filter((row) => !open.includes(row));
  const lines = [
    ...wrap(`${headline} (exit ${EXIT[exit]})`, style.width - 2).map((line, index) => (index === 0 ? `${signOf(({ done: 'pass', no: 'fail', cannotTell: 'unknown' } as const)[exit], style)} ${style.bold(line)}` : `  ${style.bold(line)}`)),
    ...wrap(target, style.width - 2).map((line) => `  ${style.dim(line)}`),
    '',
    ...fine.flatMap((row) => line(row, wide, style)),
  ];
  for (const row of open) {
    lines.push(...line(row, wide, style));
    if ('hint' in row.verdict && row.verdict.hint !== undefined) lines.push(...labelled('try', row.verdict.hint, { indent: wide + 4, label: 5, width: style.width, dress: style.dim }));
  }
  // Typed as it stands here: never broken.
  if (open.length > 0) lines.push('', ...wrap('What you can live with is accepted by name; the report keeps it with yours:', style.width), `  ACCEPT=${open.map(({ id }) => id).join(',')}`);
  return lines;
}

/** Sign and id, and beside them what was found: the reason where it is not well, the figures where it is. */
function line(row: ReadinessRow, wide: number, style: Style): readonly string[] {
  const bad = row.verdict.is === 'fail' || row.verdict.is === 'unknown';
  const said = `${row.accepted === undefined ? '' : `accepted by ${row.accepted.by}: `}${bad || row.verdict.is === 'skip' ? row.verdict.because ?? row.detail : row.detail === '' ? row.verdict.because ?? '' : row.detail}`;
  const sign = row.accepted === undefined ? signOf(row.verdict.is, style) : style.yellow('!');
  const text = said === '' ? row.subject : said;
  // An id is typed as it stands: never broken, rather a line of its own.
  if (columns(row.id) > wide) return [`${sign} ${row.id}`, ...labelled('', text, { indent: 2, label: wide + 2, width: style.width })];
  const [first = '', ...more] = labelled(row.id, text, { indent: 2, label: wide + 2, width: style.width });
  return [`${sign} ${first.slice(2)}`, ...more];
}
