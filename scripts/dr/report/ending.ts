import { span } from '../../engine/clock.ts';
import type { Style } from '../../engine/outcome.ts';
import { flow, plain, SIGN, wrap } from '../../health/layout.ts';
import type { RehearsalReport } from './report.types.ts';
import { count, day, took } from './words.ts';

export interface Sealed { readonly file: string; readonly digest: string | undefined; readonly signature: Signature }
/** Of a report that is only shown again, where its own one lies. */
type Shown = Sealed | { readonly file: string };
export type Signature = { readonly is: 'signed'; readonly key: string } | { readonly is: 'unsigned'; readonly because: string };

/** The last words of a rehearsal in the terminal: the verdict, what it cost, what came back, and where the evidence is. */
export function endingLines(report: RehearsalReport, sealed: Shown, style: Style): readonly string[] {
  return [...verdictLines(report, style), ...indented([slowestLine(report), backLine(report), ...clockLine(report)], style), ...evidenceLines(report, sealed, style)];
}

const DRESS = { green: { sign: SIGN.pass, dress: 'green' }, red: { sign: SIGN.fail, dress: 'red' }, unfinished: { sign: SIGN.warn, dress: 'yellow' } } as const;

function verdictLines(report: RehearsalReport, style: Style): readonly string[] {
  const { verdict, recovery, objectives } = report;
  const { sign, dress } = DRESS[verdict.is];
  const head = `${sign} rehearsal ${verdict.is}`;
  const piece = (text: string): { readonly plain: string; readonly dressed: string } => ({ plain: text, dressed: text });
  const time = recovery.time;
  const unplanned = report.interventions.filter((each) => each.kind !== 'checkpoint').length;
  const pieces = [
    { plain: head, dressed: style[dress](style.bold(head)) },
    ...(time === null ? [] : [
      piece(`recovered in ${took(time.elapsed.run)} (objective ${span(objectives.recoveryTimeMs)})`),
      piece([`machine ${took(time.machine.run)}`, `waiting on you ${took(time.people.run)}`, ...(time.stopped.run > 0 ? [`stood still ${took(time.stopped.run)}`] : [])].join(' · ')),
    ]),
    piece(count(unplanned, 'manual intervention')), ...worstLoss(report).map(piece),
  ];
  const reasons = verdict.is === 'green' ? [] : [verdict.sentence, ...verdict.reasons.filter((reason) => !verdict.sentence.includes(reason))];
  return [...flow(pieces, style.width), ...reasons.slice(0, 6).flatMap((reason) => wrap(plain(reason), style.width - 4).map((line, index) => `${index === 0 ? '  - ' : '    '}${line}`)), ...(reasons.length > 6 ? [`    and ${reasons.length - 6} more, in the report`] : [])];
}

function worstLoss({ data, objectives }: RehearsalReport): readonly string[] {
  const losses = data.flatMap((each) => (each.protection === 'backup' && each.lossMs !== null ? [each.lossMs] : []));
  return losses.length === 0 ? [] : [`data loss worst ${took(Math.max(...losses))} (objective ${span(objectives.dataLossMs)})`];
}

function slowestLine({ slowest }: RehearsalReport): string {
  if (slowest.length === 0) return '';
  return `slowest: ${slowest.slice(0, 3).map(({ cluster, step, took: time, before, beforeAt }) => {
    const change = before === null || beforeAt === null || Math.abs(time.run - before) < 1_000 ? '' : ` (${time.run > before ? '+' : ''}${took(time.run - before)} since ${day(Date.parse(beforeAt))})`;
    return `${cluster} ${step} ${took(time.run)}${change}`.trim();
  }).join(', ')}`;
}

function backLine(report: RehearsalReport): string {
  // Of a rehearsal that did not come to its data, nothing is counted.
  const guarded = report.data.filter((each) => each.protection !== 'none' && report.judgements.some((judged) => judged.id === `data:${each.cluster}/${each.dataSet}` && judged.seen !== ''));
  const lost = report.data.filter((each) => each.protection === 'none' && each.verdict.is === 'skip').length;
  const expected = report.sentinels.filter((each) => each.expected === 'returns' && (each.found !== null || each.verdict.is !== 'unknown'));
  const open = report.differences.filter((each) => each.because === undefined).length;
  const explained = report.differences.length - open;
  const writes = report.secondCreate.reduce((sum, each) => sum + each.writes.length, 0);
  const compared = report.judgements.some((each) => each.id.startsWith('fingerprint:') && each.seen !== '');
  return [
    ...(guarded.length === 0 ? [] : [`${guarded.filter((each) => each.verdict.is === 'pass').length}/${guarded.length} protected data sets back`]),
    ...(expected.length === 0 ? [] : [`${expected.filter((each) => each.verdict.is === 'pass').length}/${expected.length} expected sentinels equal${lost === 0 ? '' : ` (${count(lost, 'set')} unprotected, lost as declared)`}`]),
    ...(compared ? [open === 0 ? `fingerprints equal${explained === 0 ? '' : ` but for ${count(explained, 'explained difference')}`}` : `fingerprints differ: ${count(open, 'difference')} without an explanation`] : []),
    ...(report.secondCreate.length === 0 ? [] : [writes === 0 ? 'second create wrote nothing' : `second create wrote ${count(writes, 'time')}`]),
  ].join(', ');
}

/** Nobody may take simulated minutes for real ones. */
function clockLine({ target, recovery, time }: RehearsalReport): readonly string[] {
  if (target.speed === 1) return [];
  return [`${target.label}: times are simulated; by the wall ${recovery.time === null ? '' : `${took(recovery.time.elapsed.wall)} of recovery, `}${took(time.elapsed.wall)} in all`];
}

function indented(texts: readonly string[], style: Style): readonly string[] {
  return texts.filter((text) => text !== '').flatMap((text) => wrap(text, style.width - 4).map((line, index) => `${index === 0 ? '  ' : '    '}${line}`));
}

function evidenceLines({ verdict, run }: RehearsalReport, sealed: Shown, style: Style): readonly string[] {
  if (!('digest' in sealed)) return [`  report  ${sealed.file}`];
  const { file, digest, signature } = sealed;
  const open = verdict.is === 'unfinished' ? 'not sealed: the rehearsal is not over; the same command goes on with it' : 'not sealed';
  if (digest === undefined) return [`  report  ${file}`, ...wrap(open, style.width - 2).map((line) => `  ${style.dim(line)}`)];
  return [
    `  report  ${file}`,
    `  digest  sha256:${digest}`,
    ...wrap(`keep the digest somewhere else; later: task dr:verify RUN=${run} DIGEST=sha256:${digest.slice(0, 12)}...${signature.is === 'signed' ? `; signed with ${signature.key}` : signature.because === '' ? '' : `; not signed: ${signature.because}`}`, style.width - 10).map((line) => `          ${style.dim(line)}`),
  ];
}
