import type { Style } from '../engine/outcome.ts';
import { bar, MARK, stepMark } from './marks.ts';
import type { Estimates, LaneView, StepView, SubjectView } from './state.ts';
import { cell, displayWidth, truncate, wrap } from './width.ts';
import { about, count, duration, limit, plural } from './words.ts';

/** How much of a lane is shown; from roomy to tight until it fits. */
interface Detail {
  /** How many of the newest finished steps have a line of their own; older ones share one. */
  readonly finished: number;
  readonly subjects: 'all' | 'line' | 'none';
  readonly waiting: number;
  readonly todo: number;
}

const LEVELS: readonly Detail[] = [
  { finished: Infinity, subjects: 'all', waiting: 3, todo: 3 },
  { finished: Infinity, subjects: 'line', waiting: 3, todo: 2 },
  { finished: Infinity, subjects: 'line', waiting: 2, todo: 1 },
  ...[6, 5, 4, 3, 2, 1, 0].map((finished): Detail => ({ finished, subjects: 'line', waiting: 2, todo: 1 })),
  { finished: 0, subjects: 'none', waiting: 2, todo: 1 },
  { finished: 0, subjects: 'none', waiting: 1, todo: 1 },
  { finished: 0, subjects: 'none', waiting: 1, todo: 0 },
  { finished: 0, subjects: 'none', waiting: 0, todo: 0 },
];

export interface LaneContext {
  readonly width: number;
  readonly now: number;
  /** Where the run's clock stands, ms. */
  readonly clock: number;
  readonly style: Style;
  readonly estimates: Estimates;
  /** Names of lanes take this many columns, so that bars stand under each other. */
  readonly nameWidth: number;
  /** No step has been entered after the run's end: nothing turns any more. */
  readonly over: boolean;
}

/** How many lines a lane would like. */
export function laneHeight(lane: LaneView, cx: LaneContext): number {
  return linesAt(lane, cx, LEVELS[0] ?? { finished: Infinity, subjects: 'all', waiting: 3, todo: 3 }).length;
}

/**
 * A lane in at most `height` lines of at most `width` columns. What gives way first: subjects move to one line, old
 * finished steps fold into one, what is still to come, then the details of waiting. What failed and what is being
 * done now are the last to go.
 */
export function laneLines(lane: LaneView, height: number, cx: LaneContext): string[] {
  if (height <= 0) return [];
  for (const level of LEVELS) {
    const lines = linesAt(lane, cx, level);
    if (lines.length <= height) return lines.map((line) => line.text);
  }
  // Tighter than any level: keep the header, then what failed, then what runs, in the order they stand.
  const all = linesAt(lane, cx, LEVELS.at(-1) ?? { finished: 0, subjects: 'none', waiting: 0, todo: 0 });
  const kept = new Set(all.toSorted((a, b) => a.rank - b.rank).slice(0, height));
  return all.filter((line) => kept.has(line)).map((line) => line.text);
}

interface Line { readonly text: string; readonly rank: number }
const RANK = { header: 0, failed: 1, active: 2, detail: 3, finished: 4, todo: 5 } as const;

function linesAt(lane: LaneView, cx: LaneContext, detail: Detail): Line[] {
  const { style, width } = cx;
  const lines: Line[] = [{ text: header(lane, cx), rank: RANK.header }];
  const names = Math.min(18, Math.max(8, ...lane.steps.map((step) => displayWidth(step.name))));
  const finished = lane.steps.filter(isFinished);
  const own = new Set(detail.finished >= finished.length ? finished : finished.slice(finished.length - detail.finished));
  const folded = finished.filter((step) => !own.has(step));
  if (folded.length > 0) {
    const text = `${folded.length} done: ${folded.map((step) => step.name).join(' ')}`;
    lines.push({ text: `  ${style.green(MARK.done)} ${style.dim(truncate(text, width - 4))}`, rank: RANK.finished });
  }
  for (const step of lane.steps) {
    if (isFinished(step)) {
      if (own.has(step)) lines.push({ text: finishedLine(step, names, cx), rank: RANK.finished });
    } else if (step.state === 'failed') {
      lines.push(...failedLines(step, names, cx).map((text) => ({ text, rank: RANK.failed })));
    } else if (step.state === 'working' || step.state === 'asking') {
      lines.push(...activeLines(step, names, cx, detail));
    }
  }
  lines.push(...todoLines(lane, cx, detail.todo).map((text) => ({ text, rank: RANK.todo })));
  return lines;
}

function isFinished(step: StepView): boolean {
  return step.state === 'done' || step.state === 'already' || step.state === 'skipped';
}

/** `infra  ████████░░░░  core   2m41s of ~4m10s`; what does not fit goes from the right, the name stays. */
function header(lane: LaneView, cx: LaneContext): string {
  const { style, width } = cx;
  const name = lane.lane === '' ? 'run' : lane.lane;
  const failed = lane.steps.find((step) => step.state === 'failed');
  const active = lane.steps.find((step) => step.state === 'working' || step.state === 'asking');
  const ended = lane.steps.length > 0 && lane.steps.every((step) => step.state !== 'todo' && step.state !== 'working' && step.state !== 'asking');
  const at = failed !== undefined ? `failed at ${failed.name}` : active !== undefined ? active.name : ended ? 'done' : cx.over ? 'ended' : 'next';
  const time = laneTime(lane, cx);
  const left = `  ${cell(name, Math.min(cx.nameWidth, Math.max(1, width - 2)))}`;
  const right = ` ${time}`;
  const word = `  ${at}`;
  const dressed = (text: string): string => (failed !== undefined ? style.red(text) : active !== undefined ? style.cyan(text) : ended ? style.green(text) : style.dim(text));
  const room = width - displayWidth(left) - displayWidth(right) - displayWidth(word) - 3;
  if (room >= 6) {
    const wide = Math.min(26, room);
    const used = displayWidth(left) + 2 + wide + displayWidth(word);
    const gap = Math.max(1, Math.min(3, width - used - displayWidth(time)));
    return `${style.bold(left)}  ${bar(share(lane, cx), wide, style)}${dressed(word)}${' '.repeat(gap)}${style.dim(time)}`;
  }
  if (displayWidth(left) + displayWidth(word) + displayWidth(right) + 1 <= width) return `${style.bold(left)}${dressed(word)} ${style.dim(right)}`;
  const rest = width - displayWidth(left) - 2;
  return rest > 2 ? `${style.bold(left)}  ${dressed(truncate(at, rest))}` : style.bold(truncate(left, width));
}

/** What a lane's clock says: how long it has worked, and of how long when earlier runs tell. */
function laneTime(lane: LaneView, cx: LaneContext): string {
  const spent = lane.steps.reduce((sum, step) => sum + stepTime(step, cx), 0);
  const known = cx.estimates[lane.lane];
  const ended = cx.over || lane.steps.every((step) => step.ms !== undefined || step.state === 'not-started');
  if (known === undefined || ended) return duration(spent);
  const total = lane.steps.reduce((sum, step) => sum + expected(step, known, cx), 0);
  return total > spent ? `${duration(spent)} of ${about(total)}` : duration(spent);
}

function stepTime(step: StepView, cx: LaneContext): number {
  if (step.ms !== undefined) return step.ms;
  return step.startedAt === undefined || step.state === 'todo' || step.state === 'not-started' ? 0 : Math.max(0, cx.clock - step.startedAt);
}

/** What a step takes: the truth when it is over, else what it took before, or longer when it already is. */
function expected(step: StepView, known: Readonly<Record<string, number>>, cx: LaneContext): number {
  return step.ms ?? (step.state === 'not-started' ? 0 : Math.max(known[step.name] ?? 0, stepTime(step, cx)));
}

/** How far a lane is, 0 to 1: by time when earlier runs tell how long steps take, else by steps. */
function share(lane: LaneView, cx: LaneContext): number {
  if (lane.steps.length === 0) return 0;
  if (lane.steps.every((step) => isFinished(step))) return 1;
  const known = cx.estimates[lane.lane];
  if (known !== undefined) {
    const total = lane.steps.reduce((sum, step) => sum + expected(step, known, cx), 0);
    const spent = lane.steps.reduce((sum, step) => sum + stepTime(step, cx), 0);
    if (total > 0) return Math.min(0.99, spent / total);
  }
  return Math.min(0.99, lane.steps.reduce((sum, step) => sum + (isFinished(step) ? 1 : step.state === 'working' ? stepShare(step) : 0), 0) / lane.steps.length);
}

function stepShare(step: StepView): number {
  const { done, of } = step.waiting ?? {};
  if (done !== undefined && of !== undefined && of > 0) return Math.min(1, Math.max(0, done / of));
  if (step.subjects.length === 0) return 0;
  return step.subjects.filter((each) => each.state === 'done').length / step.subjects.length;
}

/** `  ✔ crds             78 established                      19s`, the time at the right end. */
function row(mark: string, name: string, names: number, text: string, time: string, cx: LaneContext, dress: (text: string) => string, dressName: (text: string) => string = (same) => same): string {
  const { width, style } = cx;
  if (width < 5) return truncate(name, width);
  const named = cell(name, Math.min(names, width - 4));
  const used = 4 + displayWidth(named);
  const timeWidth = displayWidth(time);
  const room = width - used - 2 - timeWidth - 2;
  if (room < 4) return `  ${mark} ${dressName(used + 2 + timeWidth <= width ? named : truncate(name, width - 4))}${used + 2 + timeWidth <= width ? `  ${style.dim(time)}` : ''}`;
  return `  ${mark} ${dressName(named)}  ${dress(cell(text, room))}  ${style.dim(time)}`;
}

function finishedLine(step: StepView, names: number, cx: LaneContext): string {
  const { style } = cx;
  const note = step.state === 'already' ? `already: ${step.note}` : step.state === 'skipped' ? `skipped: ${step.note}` : finishedNote(step);
  return row(stepMark(step.state, cx.now, style), step.name, names, note, duration(step.ms ?? 0), cx, step.state === 'done' ? (text) => text : style.dim);
}

function finishedNote(step: StepView): string {
  if (step.wouldRun > 0) return `would run ${step.wouldRun}${step.note === '' ? '' : `; ${step.note}`}`;
  if (step.note !== '') return step.note;
  if (step.subjects.length > 0) return step.subjects.map((each) => each.subject).join(' ');
  return step.passed.length > 0 ? `${step.passed.length} checks` : step.title;
}

function failedLines(step: StepView, names: number, cx: LaneContext): string[] {
  const { style } = cx;
  const time = duration(step.ms ?? 0);
  const room = cx.width - names - displayWidth(time) - 8;
  const [first = '', ...more] = room < 12 ? [step.note] : wrap(step.note, room);
  const indent = ' '.repeat(names + 6);
  return [
    row(stepMark('failed', cx.now, style), step.name, names, first, time, cx, style.red, style.red),
    ...more.slice(0, 2).map((line, index) => `${indent}${style.red(truncate(index === 1 && more.length > 2 ? `${line} …` : line, cx.width - indent.length))}`),
  ];
}

function activeLines(step: StepView, names: number, cx: LaneContext, detail: Detail): Line[] {
  const { style, width } = cx;
  const waiting = step.waiting;
  const counted = count(waiting?.done, waiting?.of);
  const sofar = counted !== '' ? counted : waiting !== undefined ? '' : step.subjects.length > 0 ? (detail.subjects === 'all' && step.subjects.every((each) => each.of === undefined) ? '' : subjectCount(step.subjects)) : step.passed.length > 0 ? `${plural(step.passed.length, 'check')} passed` : '';
  const main = step.state === 'asking' ? step.note : [sofar, step.title].filter((part) => part !== '').join('  ');
  const lines: Line[] = [{ text: row(stepMark(step.state, cx.now, style), step.name, names, main, duration(stepTime(step, cx)), cx, (text) => text, style.bold), rank: RANK.active }];
  const indent = Math.min(names + 6, Math.max(4, Math.floor(width / 3)));
  const room = width - indent;
  if (room < 8) return lines;
  const lead = ' '.repeat(indent);
  const add = (text: string, dress: (text: string) => string, most: number): void => {
    const all = wrap(text, room);
    const shown = all.slice(0, most);
    if (all.length > most && shown.length > 0) shown[shown.length - 1] = truncate(`${shown.at(-1) ?? ''} ${all[most] ?? ''}`, room);
    lines.push(...shown.map((line) => ({ text: lead + dress(line), rank: RANK.detail })));
  };
  // How long and how long at most comes first: at the end of a long reason it would be what is cut off.
  if (waiting !== undefined) add(`${duration(cx.clock - waiting.from)} of ${limit(waiting.patienceMs)}, waiting for ${waiting.for}${waiting.reason === '' ? '' : `: ${waiting.reason}`}`, style.yellow, detail.waiting);
  if (step.retrying !== undefined && detail.subjects !== 'none') add(`trying again: ${step.retrying}`, style.yellow, 1);
  if (detail.subjects === 'all') {
    const longest = Math.min(20, Math.max(0, ...step.subjects.map((each) => displayWidth(each.subject))));
    for (const each of step.subjects) {
      const text = truncate([cell(each.subject, longest), count(each.done, each.of), each.note].filter((part) => part !== '').join('  '), Math.max(0, room - 2));
      const mark = each.state === 'done' ? style.green(MARK.done) : each.state === 'failed' ? style.red(MARK.failed) : style.cyan('·');
      lines.push({ text: `${lead}${mark} ${each.state === 'done' ? style.dim(text) : text}`, rank: RANK.detail });
    }
  } else if (detail.subjects === 'line' && step.subjects.length > 0) {
    // Those still at work say more than those that are done.
    const ordered = step.subjects.toSorted((a, b) => Number(a.state === 'done') - Number(b.state === 'done'));
    add(ordered.map((each) => (each.state === 'done' ? `${each.subject} done` : `${each.subject} ${[count(each.done, each.of), each.note].filter((part) => part !== '').join(' ')}`)).join(', '), style.dim, 1);
  }
  return lines;
}

/** Where a step counts for itself, that; subjects it has not come to are not known here. */
function subjectCount(subjects: readonly SubjectView[]): string {
  const counting = subjects.filter((each) => each.of !== undefined).toSorted((a, b) => (a.done ?? 0) - (b.done ?? 0)).at(-1);
  if (counting !== undefined) return count(counting.done, counting.of);
  return `${subjects.filter((each) => each.state === 'done').length}/${subjects.length}`;
}

/** `○ nodes-ready ○ flux ○ layers`: what is still to come, and what will not be entered. */
function todoLines(lane: LaneView, cx: LaneContext, most: number): string[] {
  const { style, width } = cx;
  if (most === 0 || width < 8) return [];
  const lines: string[] = [];
  const todo = lane.steps.filter((step) => step.state === 'todo');
  if (todo.length > 0) {
    const all = wrap(todo.map((step) => `${MARK.todo}\u00a0${step.name}`).join(' '), width - 2);
    const shown = all.slice(0, most);
    if (all.length > most) shown[most - 1] = truncate(`${shown[most - 1] ?? ''} ${all[most] ?? ''}`, width - 2);
    lines.push(...shown.map((line) => `  ${style.dim(line.replaceAll('\u00a0', ' '))}`));
  }
  const left = lane.steps.filter((step) => step.state === 'not-started');
  if (left.length > 0) lines.push(`  ${style.dim(truncate(`${MARK.skipped} not entered: ${left.map((step) => step.name).join(' ')}`, width - 2))}`);
  return lines;
}
