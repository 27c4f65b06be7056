import { VERDICT } from './judge.ts';
import type { FindingReport, Judgement, RehearsalReport } from './report.types.ts';
import type { Timeline } from './timeline.ts';
import { count, took } from './words.ts';

type Known = Pick<RehearsalReport, 'clusters' | 'recovery' | 'steps' | 'data' | 'differences' | 'judgements' | 'readiness' | 'interventions' | 'pointOfNoReturn' | 'checkpoints' | 'gaps' | 'acts'>;

/** Whether nothing will be added to this rehearsal: it came to its end, or it has answered no for good (1). Anything else can be gone on with. */
export function isFinal(timeline: Timeline, judgements: readonly Judgement[]): boolean {
  const last = timeline.processes.at(-1);
  if (last?.exit == null) return false;
  return last.exit === 'no' || (judgements.find((each) => each.id === 'complete')?.verdict.is === 'pass' && (last.exit === 'done' || last.exit === 'cannotTell'));
}

/** Green, red or unfinished, in one sentence and with every reason. An unfinished rehearsal names what already went wrong too. */
export function verdictOf(known: Known, timeline: Timeline, final: boolean): RehearsalReport['verdict'] {
  const explained = known.differences.flatMap((each) => (each.because === undefined ? [] : [`${each.cluster} ${each.section} ${each.key} ${each.field} ${each.kind}: ${each.because}`.replaceAll(/ +/g, ' ')]));
  const against = known.judgements.filter((each) => each.decisive && (each.verdict.is === 'fail' || each.verdict.is === 'unknown'));
  // The verdict is being made: nothing is missing but itself.
  if (!final && known.steps.every((step) => step.state === 'done' || step.state === 'already' || step.step === VERDICT) && timeline.processes.at(-1)?.end === 'open') {
    return { is: 'unfinished', sentence: 'not ended yet', reasons: against.map(sentence), explained };
  }
  if (!final || known.pointOfNoReturn === 'not reached') {
    const faults = against.filter((each) => each.verdict.is === 'fail' && each.id !== 'complete').map(sentence);
    return { is: 'unfinished', sentence: stoppedSentence(known, timeline), reasons: [...stops(known, timeline), ...faults], explained };
  }
  const reasons = against.map(sentence);
  const last = timeline.processes.at(-1);
  if (reasons.length === 0 && last?.exit !== 'done') reasons.push(last === undefined || last.because === '' ? 'the run did not end well' : last.because);
  if (reasons.length === 0) return { is: 'green', sentence: greenSentence(known), reasons: [], explained };
  const time = known.recovery.time;
  return { is: 'red', sentence: `${known.clusters.join(' and ')} ${time === null ? 'did not come back whole' : `came back in ${took(time.elapsed.run)}, but not as ${known.clusters.length === 1 ? 'it was' : 'they were'}`}: ${reasons.length === 1 ? 'one thing is' : `${reasons.length} things are`} not as ${reasons.length === 1 ? 'it' : 'they'} had to be`, reasons, explained };
}

const sentence = (each: Judgement): string => `${each.what}: ${each.verdict.because ?? each.verdict.is}`;

function greenSentence({ clusters, recovery, data, differences }: Known): string {
  const guarded = data.filter((each) => each.protection !== 'none').length;
  const one = clusters.length === 1;
  const sets = guarded === 0 ? 'no protected data set is declared' : guarded === 1 ? 'its protected data set is back' : `all ${guarded} protected data sets are back`;
  const explained = differences.length === 0 ? '' : `, but for ${count(differences.length, 'difference')} with an explanation`;
  return `${one ? `cluster ${clusters.join()}` : clusters.join(' and ')} ${one ? 'was' : 'were'} destroyed and came back${recovery.time === null ? '' : ` in ${took(recovery.time.elapsed.run)}`}: ${sets}, and the platform is the one it was${explained}`;
}

function stoppedSentence(known: Known, timeline: Timeline): string {
  const last = timeline.processes.at(-1);
  const destroyed = known.pointOfNoReturn === 'passed' ? 'after the point of no return: what was destroyed is not proven back' : 'before the point of no return: nothing was destroyed';
  const how = { done: 'ended early, as it was told to', paused: 'paused', refused: 'stopped: somebody said no', interrupted: 'interrupted', failed: 'stopped by a failure', killed: 'killed', open: 'killed, or still going on' }[last?.end ?? 'open'];
  return `${how}, ${destroyed}`;
}

function stops(known: Known, timeline: Timeline): readonly string[] {
  const failed = known.steps.filter((step) => step.state === 'failed' && step.step !== VERDICT).map((step) => `${step.lane} ${step.step}: ${step.failure?.what ?? step.note}${step.failure?.because === undefined || step.failure.because === '' ? '' : `: ${step.failure.because}`}`.trim());
  const refused = known.checkpoints.filter((each) => each.answer === 'stop' || each.answer === 'pause').slice(-1).map((each) => `${each.lane} ${each.step}: ${each.by} answered ${each.answer}`.trim());
  const open = known.acts.filter((act) => act.open).map((act) => `${act.act} of ${act.subject} was begun, and nothing says how it ended`);
  const begun = known.steps.filter((step) => step.state === 'unfinished' && step.kind === 'phase').map((step) => `${step.lane} ${step.step} was begun and not ended`.trim());
  const last = timeline.processes.at(-1);
  const all = [...failed, ...refused, ...open, ...begun];
  return all.length > 0 ? all : last?.because === undefined || last.because === '' ? ['it did not come to its end'] : [last.because];
}

/** Every thing that was not well, for people to own: faults first. */
export function findingsOf(known: Known, timeline: Timeline, final: boolean): readonly FindingReport[] {
  const blank = { owner: '', due: '', retest: '' };
  const found: Omit<FindingReport, 'id'>[] = [];
  for (const each of known.judgements) {
    // What a stopped rehearsal did not come to is the stop's own finding, not one of its own.
    const missed = each.seen === '' && (!final || known.pointOfNoReturn === 'not reached');
    if (each.verdict.is !== 'fail' && (each.verdict.is !== 'unknown' || missed)) continue;
    if (each.id === 'complete') continue;
    found.push({ weight: each.decisive ? 'fault' : each.id.startsWith('put-back:') ? 'deviation' : 'observation', what: each.what, because: each.verdict.because, next: each.verdict.hint ?? '', ...blank });
  }
  for (const step of known.steps) if (step.state === 'failed' && step.step !== VERDICT) found.push({ weight: 'fault', what: `${step.lane} ${step.step} failed`.trim(), because: [step.failure?.what, step.failure?.because].filter((part) => part !== undefined && part !== '').join(': '), next: step.failure?.hint ?? '', ...blank });
  for (const gap of known.gaps) if (gap.after !== 'paused' && gap.after !== 'done') found.push({ weight: 'deviation', what: `the rehearsal was ${gap.after} and stood still for ${took(gap.to.wall - gap.from.wall)} of wall time`, because: gap.because, next: '', ...blank });
  for (const each of known.interventions) if (each.kind === 'override' || each.kind === 'acceptance') found.push({ weight: 'deviation', what: each.what, because: `${each.kind === 'override' ? 'overridden' : 'accepted'} by ${each.by}`, next: '', ...blank });
  for (const [first, ...more] of Map.groupBy(known.differences.filter((each) => each.because !== undefined), (each) => `${each.cluster}\0${each.because ?? ''}`).values()) {
    if (first !== undefined) found.push({ weight: 'observation', what: `${first.cluster}: ${first.section} ${first.key}${more.length === 0 ? '' : ` and ${more.length} more`} different, with an explanation`, because: first.because ?? '', next: '', ...blank });
  }
  for (const { lane, step, text } of timeline.notes) found.push({ weight: 'observation', what: `${lane} ${step} warned`.trim(), because: text, next: '', ...blank });
  for (const step of known.steps) for (const again of step.retries) found.push({ weight: 'observation', what: `${step.lane} ${step.step} tried again ${count(again.count, 'time')}: ${again.what}`.trim(), because: again.reason, next: '', ...blank });
  const order = ['fault', 'deviation', 'observation'];
  return found.toSorted((a, b) => order.indexOf(a.weight) - order.indexOf(b.weight)).map((each, index) => ({ id: `F${String(index + 1).padStart(2, '0')}`, ...each }));
}
