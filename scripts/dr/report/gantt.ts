import { span } from '../../engine/clock.ts';
import { h, Markup } from './html-parts.ts';
import { subtract, total, union, type Interval } from './interval.ts';
import type { Attempt, RehearsalReport, StepReport } from './report.types.ts';
import { count, instant, took } from './words.ts';

/** Units across a bar; the picture is stretched to whatever width there is. */
const WIDE = 1_000;
const TALL = 20;
/** Time in which nothing worked (a standstill, an unanswered question): from this share of the time that worked on, it is cut short to that. */
const IDLE_LONG = 0.15;
const IDLE_SHARE = 0.06;
/** Steps that take at least this share of the axis have a row of their own. */
const ROW_SHARE = 0.035;

interface Axis { place(run: number): number; readonly ticks: readonly { readonly at: number; readonly label: string }[]; readonly cuts: readonly { readonly from: number; readonly to: number; readonly label: string }[]; readonly worked: number }

/** Every cluster and stage on the run's clock. Bars say who the time was spent on; long idle stretches are cut short, and marked. */
export function gantt(report: RehearsalReport): Markup {
  const axis = axisOf(report);
  const lanes = [...new Set(report.stages.map((stage) => stage.lane))].toSorted((a, b) => (a === '' ? 1 : b === '' ? -1 : 0));
  return h`<div class="gantt" role="group" aria-label="Timeline of every cluster and stage">
<svg width="0" height="0" aria-hidden="true" class="defs"><defs>
<pattern id="people" width="9" height="8" patternUnits="userSpaceOnUse"><rect width="9" height="8" class="people-a"/><rect width="4" height="8" class="people-b"/></pattern>
<pattern id="stopped" width="12" height="8" patternUnits="userSpaceOnUse"><rect x="0" width="2" height="8" class="stopped-b"/></pattern>
</defs></svg>
<p class="legend"><span><i class="k machine"></i>machine at work</span><span><i class="k people"></i>waiting on people</span>${report.gaps.length === 0 ? [] : [h`<span><i class="k stopped"></i>no process ran</span>`]}<span><i class="k failed"></i>failed or cut off</span></p>
${lanes.map((lane) => laneOf(lane, report, axis))}
<div class="axis row"><div class="label">${report.target.speed === 1 ? 'since the beginning' : 'simulated time'}</div><div class="track ticks">${axis.ticks.map(({ at, label }, index) => h`<span class="${index % 2 === 1 ? 'odd' : ''}" style="left:${percent(at)}">${label}</span>`)}</div><div class="time"></div></div>
${axis.cuts.length === 0 ? [] : [h`<p class="cuts">Cut short here: ${axis.cuts.map((cut) => cut.label).join('; ')}.</p>`]}
</div>`;
}

function laneOf(lane: string, report: RehearsalReport, axis: Axis): Markup {
  const stages = report.stages.filter((stage) => stage.lane === lane);
  const rows = stages.flatMap((stage) => {
    const steps = report.steps.filter((step) => step.lane === lane && step.stage === stage.stage);
    const slow = steps.filter((step) => step.kind === 'phase' && axis.worked > 0 && step.took.run / axis.worked >= ROW_SHARE && steps.length > 1);
    return [
      row('stage', stage.title, stage.from === null ? '' : took(stage.elapsed.run), stage.from === null ? `${stage.title}: not begun` : `${stage.title}: ${took(stage.elapsed.run)}, of it waiting on people ${took(stage.people.run)}`, [...gapBars(axis, report), ...bars(steps, axis)]),
      ...slow.map((step) => row('step', step.step, took(step.took.run), `${step.step}: ${took(step.took.run)}`, bars([step], axis))),
    ];
  });
  return h`<h3>${lane === '' ? 'the rehearsal as a whole' : lane}</h3>${rows}`;
}

function row(kind: string, label: string, time: string, says: string, body: readonly Markup[]): Markup {
  return h`<div class="row ${kind}"><div class="label" title="${label}">${label}</div><div class="track"><svg viewBox="0 0 ${WIDE} ${TALL}" preserveAspectRatio="none" role="img" aria-label="${says}">${body}</svg></div><div class="time">${time}</div></div>
`;
}

function gapBars(axis: Axis, report: RehearsalReport): readonly Markup[] {
  return report.gaps.map((gap) => rect('gap', axis.place(gap.from.run), axis.place(gap.to.run), `no process ran: ${gap.after} at ${instant(gap.from.wall)}, gone on with at ${instant(gap.to.wall)}`));
}
function bars(steps: readonly StepReport[], axis: Axis): readonly Markup[] {
  return steps.flatMap((step) => step.attempts.map((attempt) => rect(classOf(step, attempt), axis.place(attempt.from.run), axis.place(attempt.to.run), `${step.step}: ${attempt.state}, ${took(attempt.to.run - attempt.from.run)}, from ${instant(attempt.from.wall)}${attempt.note === '' ? '' : `; ${attempt.note}`}`)));
}

function classOf(step: StepReport, attempt: Attempt): string {
  if (step.kind === 'checkpoint') return 'asked';
  return attempt.state === 'failed' || attempt.state === 'unfinished' ? 'bad' : attempt.state === 'already' ? 'work already' : 'work';
}

function rect(kind: string, from: number, to: number, title: string): Markup {
  const [x, width] = [from * WIDE, Math.max(1.5, (to - from) * WIDE)];
  const thin = width < 6 || kind === 'gap' ? ' thin' : '';
  return h`<rect class="${kind}${new Markup(thin)}" x="${x.toFixed(1)}" y="1" width="${width.toFixed(1)}" height="${TALL - 2}"><title>${title}</title></rect>`;
}

const percent = (share: number): string => `${(share * 100).toFixed(2)}%`;

/** Places moments of the run's clock between 0 and 1, with long idle time cut short so that what worked can be seen. */
function axisOf(report: RehearsalReport): Axis {
  const whole: Interval = { from: report.began.run, to: Math.max(report.ended.run, report.began.run + 1) };
  const idle = idleOf(report, whole);
  const working = Math.max(1, whole.to - whole.from - total(idle));
  const most = working * IDLE_SHARE;
  const cut = idle.filter(({ from, to }) => to - from > working * IDLE_LONG);
  const worked = whole.to - whole.from - cut.reduce((sum, { from, to }) => sum + (to - from) - most, 0);
  const place = (run: number): number => {
    const skipped = cut.reduce((sum, { from, to }) => (run <= from ? sum : sum + (Math.min(run, to) - from) * (1 - most / (to - from))), 0);
    return Math.min(1, Math.max(0, (run - whole.from - skipped) / worked));
  };
  const step = niceStep(worked / 6);
  const ticks: { at: number; label: string }[] = [];
  for (let run = whole.from; run <= whole.to; run += step) {
    if (cut.some(({ from, to }) => run > from && run < to)) {
      // Whole steps inside a cut are not walked one by one: it may be days.
      const [inside] = cut.filter(({ from, to }) => run > from && run < to);
      run = Math.ceil((inside?.to ?? run) / step) * step - step;
      continue;
    }
    const at = place(run);
    const before = ticks.at(-1);
    if (before === undefined || at - before.at > 0.07) ticks.push({ at, label: run === whole.from ? '0' : span(run - whole.from) });
  }
  const cuts = cut.map(({ from, to }) => {
    const gap = report.gaps.find((each) => each.from.run < to && each.to.run > from);
    return { from: place(from), to: place(to), label: `${took(to - from)} of ${gap === undefined ? 'waiting for an answer' : `standing still, ${gap.after}`}` };
  });
  return { place, ticks, cuts, worked };
}

/** Stretches in which nothing worked: no process, or only questions open. */
function idleOf(report: RehearsalReport, whole: Interval): readonly Interval[] {
  const working = report.steps.filter((step) => step.kind === 'phase').flatMap((step) => step.attempts.map(({ from, to }) => ({ from: from.run, to: to.run })));
  const asked = report.checkpoints.map(({ from, to }) => ({ from: from.run, to: to.run }));
  const gaps = report.gaps.map(({ from, to }) => ({ from: from.run, to: to.run }));
  return union([...gaps, ...subtract(asked, working)]).filter(({ from, to }) => from >= whole.from && to <= whole.to);
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400].map((seconds) => seconds * 1_000);
function niceStep(ms: number): number {
  return STEPS.find((step) => step >= ms) ?? Math.ceil(ms / 86_400_000) * 86_400_000;
}

/** One stretch of time as a bar of its parts, for tables. */
export function splitBar(parts: { readonly machine: number; readonly people: number; readonly stopped: number }, most: number): Markup {
  if (most <= 0) return h``;
  let x = 0;
  const rects = ([['work', parts.machine], ['asked', parts.people], ['gap', parts.stopped]] as const).filter(([, ms]) => ms > 0).map(([kind, ms]) => {
    const piece = rect(kind, x / most, (x + ms) / most, took(ms));
    x += ms;
    return piece;
  });
  return h`<svg class="bar" viewBox="0 0 ${WIDE} ${TALL}" preserveAspectRatio="none" role="img" aria-label="${count(Math.round((100 * x) / most), 'per cent', 'per cent')} of the longest">${rects}</svg>`;
}
