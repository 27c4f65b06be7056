import { span } from '../../engine/clock.ts';
import { plain } from '../../health/layout.ts';
import type { Verdict } from '../../engine/verdict.ts';
import type { Both, RehearsalReport } from './report.types.ts';
import { both, count, instant, took } from './words.ts';

const SIGN = { green: '✔', red: '✖', unfinished: '?' } as const;
const WORDS = { pass: '✔ pass', fail: '✖ fail', unknown: '? cannot tell', skip: '– skip' } as const;

/** The report for a ticket or a wiki: the same facts as the page, as GitHub-flavoured Markdown. */
export function markdown(report: RehearsalReport): string {
  return `${[...head(report), ...times(report), ...data(report), ...platform(report), ...people(report), ...findings(report), ...rest(report)].join('\n')}\n`;
}

// Everything that could be markup of Markdown or of the HTML inside it; a line of its own cannot begin, as breaks are spaces by then.
const SPECIAL = /[\\`*_{}[\]<>#|~&!]/g;
/** Text from outside, safe on a line and in a table. */
function esc(text: string | number): string {
  return plain(String(text)).replaceAll(SPECIAL, String.raw`\$&`);
}
function table(columns: readonly string[], rows: readonly (readonly (string | number)[])[], empty = 'none'): readonly string[] {
  if (rows.length === 0) return ['', empty];
  const line = (cells: readonly (string | number)[]): string => `| ${cells.map((cell) => (cell === '' ? '–' : esc(cell))).join(' | ')} |`;
  return ['', line(columns), `|${columns.map(() => '---|').join('')}`, ...rows.map(line)];
}
function list(items: readonly string[], empty = 'none'): readonly string[] {
  return ['', ...(items.length === 0 ? [empty] : items.map((item) => `- ${esc(item)}`))];
}
const heading = (text: string): readonly string[] => ['', `## ${text}`];
const caption = (text: string): readonly string[] => ['', `**${text}**`];
const words = (verdict: Verdict): string => `${WORDS[verdict.is]}${verdict.because === undefined || verdict.because === '' ? '' : `: ${verdict.because}`}`;
const at = (iso: string | null): string => (iso === null ? '' : instant(Date.parse(iso)));

function head({ verdict, clusters, run, began, target, recovery, objectives, judgements, version, commit }: RehearsalReport): readonly string[] {
  const time = recovery.time;
  const value = (of: Both): string => both(of, target.speed);
  return [
    `# ${SIGN[verdict.is]} Rehearsal ${verdict.is}: ${esc(clusters.join(' and '))}`, '', `Run ${esc(run)}, ${instant(began.wall)} UTC, ${esc(target.label)}, version ${esc(version)}, commit ${esc(commit)}.`,
    ...(target.kind === 'lab' ? ['', `**Simulated**: ${esc(target.simulated.join(', '))}. It shows that the procedure works; its times say nothing about real machines.`] : []),
    '', `${esc(verdict.sentence)}.`, ...(verdict.reasons.length === 0 ? [] : list(verdict.reasons)),
    ...table(['', ''], [
      ['recovered in', time === null ? 'not recovered' : value(time.elapsed)], ['machine time', time === null ? '' : `${value(time.machine)}, objective ${span(objectives.recoveryTimeMs)}`],
      ['waiting on people', time === null ? '' : value(time.people)], ['stood still', time === null ? '' : value(time.stopped)],
    ]),
    ...heading('What had to be shown'), ...table(['what', 'wanted', 'seen', 'verdict'], judgements.map((each) => [each.decisive ? each.what : `${each.what} (does not decide)`, each.wanted, each.seen, words(each.verdict)])),
  ];
}

function times({ stages, recoveries, slowest, previous, target, gaps }: RehearsalReport): readonly string[] {
  const value = (of: Both): string => (of.run === 0 && of.wall === 0 ? '' : both(of, target.speed));
  return [
    ...heading('Recovery time'), '', 'From the first wipe to the moment the platform is healthy and its data is judged and read.',
    ...table(['cluster', 'machine', 'people', 'stood still', 'in all'], recoveries.map(({ cluster, time }) => (time === null ? [cluster, '', '', '', 'not recovered'] : [cluster, value(time.machine), value(time.people), value(time.stopped), value(time.elapsed)]))),
    ...caption('By stage'), ...table(['cluster', 'stage', 'machine', 'people', 'stood still', 'in all', 'state'], stages.map((each) => [each.lane === '' ? 'all' : each.lane, each.title, value(each.machine), value(each.people), value(each.stopped), value(each.elapsed), each.state])),
    ...caption('Slowest steps'), ...table(['step', 'cluster', 'took', 'last green rehearsal'], slowest.map((each) => [each.step, each.cluster, value(each.took), each.before === null ? '' : `${took(each.before)} (${at(each.beforeAt)})`])),
    ...caption('Interruptions'), ...table(['after', 'from', 'to', 'because'], gaps.map((gap) => [gap.after, instant(gap.from.wall), instant(gap.to.wall), gap.because])),
    ...caption('Earlier rehearsals of the same kind'), ...table(['date', 'verdict', 'recovery (machine)', 'worst data loss'], previous.map((each) => [each.at.slice(0, 10), each.verdict, each.recoveryMs === null ? '' : took(each.recoveryMs), each.worstLossMs === null ? '' : took(each.worstLossMs)])),
  ];
}

function data({ data: sets, sentinels }: RehearsalReport): readonly string[] {
  return [
    ...heading('Data'), ...table(['data set', 'kind', 'protected by', 'became', 'data of', 'loss', 'at most', 'verdict'], sets.map((each) => [`${each.cluster}/${each.dataSet}`, each.kind, each.protection, each.became, at(each.restoredFrom), each.lossMs === null ? '' : took(each.lossMs), each.objectiveMs === null ? '' : span(each.objectiveMs), words(each.verdict)]), 'no data set is declared'),
    ...caption('Sentinels'), ...table(['data set', 'expected', 'written', 'found', 'verdict'], sentinels.map((each) => [`${each.cluster}/${each.dataSet}`, each.expected, at(each.written?.writtenSim ?? null), each.found === null ? 'nothing' : each.found === each.written?.value ? 'the very value' : each.found, words(each.verdict)])),
  ];
}

function platform({ components, differences, secondCreate, acts, snapshots, disks, unfrozen, generations, objects, versions }: RehearsalReport): readonly string[] {
  return [
    ...heading('The same platform'), ...table(['cluster', 'components', 'before', 'back', 'not as they were'], components.map((each) => [each.cluster, each.kind, each.before, each.back, each.missing.join(', ')])),
    ...caption('Differences between the fingerprints'), ...table(['cluster', 'what', 'kind', 'before', 'after', 'explained'], differences.map((each) => [each.cluster, `${each.section} ${each.key} ${each.field}`, each.kind, each.before, each.after, each.because ?? 'no'])),
    ...caption('Second create'), ...table(['cluster', 'writes'], secondCreate.map((each) => [each.cluster, each.writes.length === 0 ? 'nothing' : each.writes.join('; ')]), 'it did not come to that'),
    ...caption('Acts that must happen exactly once'), ...table(['act', 'cluster', 'of', 'begun', 'happened', 'known'], acts.map((each) => [each.act, each.lane, each.subject, each.begun, each.happened, each.because])),
    ...heading('Destroy'), ...table(['cluster', 'etcd snapshot of', 'keys', 'revision', 'hash', 'sha256'], snapshots.map((each) => [each.cluster, each.machine, each.keys, each.revision, each.hash, each.sha256]), 'no etcd snapshot'),
    ...table(['machine', 'disk', 'device', 'clean'], disks.map((each) => [each.machine, each.purpose, each.device ?? '', words(each.verdict)]), 'no proof of disks'),
    ...table(['cluster', 'put back', 'left for people'], unfrozen.map((each) => [each.cluster, each.putBack.join(', '), each.left.join(', ')]), 'nothing was put back'),
    ...table(['cluster', 'databases restored from', 'archive into'], generations.map((each) => [each.cluster, each.from, each.to]), ''),
    ...caption('Objects'), ...table(['cluster', 'kind', 'before', 'after'], objects.map((each) => [each.cluster, each.section, each.before ?? '', each.after ?? ''])),
    ...caption('Versions'), ...table(['cluster', 'what', 'version'], versions.map((each) => [each.cluster, each.what, each.version])),
  ];
}

function people({ people: all, checkpoints, interventions, deviations, skipped, processes, readiness }: RehearsalReport): readonly string[] {
  return [
    ...heading('People'), ...list(all.map(({ who, roles }) => `${who}: ${roles.join(', ')}`)),
    ...table(['question', 'cluster', 'asked', 'answer', 'by', 'waited (wall)'], checkpoints.map((each) => [each.question, each.lane === '' ? 'all' : each.lane, instant(each.from.wall), `${each.answer} ${each.how}`, each.by, took(each.waited.wall)]), 'nothing was asked'),
    ...caption('Manual interventions'), ...table(['what', 'kind', 'by', 'at'], interventions.map((each) => [each.what, each.kind, each.by, at(each.at === '' ? null : each.at)])),
    ...caption('Deviations'), ...list(deviations), ...caption('Processes'), ...table(['from', 'to', 'by', 'ended', 'because'], processes.map((each) => [instant(each.from.wall), instant(each.to.wall), `${each.by} (pid ${each.pid})`, each.end, each.because])),
    ...caption('Skipped'), ...table(['step', 'cluster', 'because'], skipped.map((each) => [each.step, each.lane, each.because])),
    ...heading('Readiness'), ...table(['check', 'cluster', 'seen', 'verdict', 'accepted by'], readiness.map((each) => [each.id, each.cluster, each.detail, words(each.verdict), each.accepted === undefined ? '' : `${each.accepted.by} (${each.accepted.how})`]), 'it was not asked'),
  ];
}

function findings({ findings: all }: RehearsalReport): readonly string[] {
  return [...heading('Findings'), '', `${count(all.length, 'finding')}; owner, due and re-test date are for people to fill in.`, ...(all.length === 0 ? [] : table(['id', 'weight', 'what', 'because', 'next', 'owner', 'due', 're-test'], all.map((each) => [each.id, each.weight, each.what, each.because, each.next, each.owner, each.due, each.retest])))];
}

function rest({ scenario, hypothesis, stopConditions, controls, steps, commands, target, run }: RehearsalReport): readonly string[] {
  return [
    ...heading('Scenario and controls'), '', esc(scenario), '', esc(hypothesis), ...table(['it stops when', 'fired'], stopConditions.map((each) => [each.what, each.fired === '' ? 'no' : each.fired])), ...table(['control', 'asks for', 'answer'], controls.map((each) => [each.control, each.asks, each.answer])),
    ...heading('Every step'), ...table(['step', 'cluster', 'state', 'attempts', 'took', 'what it said'], steps.map((each) => [each.step, each.lane === '' ? 'all' : each.lane, each.state, each.attempts.length, both(each.took, target.speed), each.note])),
    ...table(['tool', 'effect', 'times', 'failed', 'wall'], commands.map((each) => [each.tool, each.effect, each.count, each.failed, took(each.wallMs)]), 'no command was run'),
    ...heading('Evidence'), '', `\`sha256sum --check manifest.sha256\` in the run's folder, or \`task dr:verify RUN=${esc(run)} DIGEST=sha256:...\`. Chain and manifest show that nothing broke; that nobody made both anew shows only a digest kept elsewhere, or a signature.`,
  ];
}
