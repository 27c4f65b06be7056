import type { Style } from '../engine/outcome.ts';
import { laneHeight, laneLines, type LaneContext } from './lane.ts';
import { MARK } from './marks.ts';
import { runClock, wallElapsed, type LaneView, type ViewState } from './state.ts';
import { clean, displayWidth, fit, padEnd, truncate } from './width.ts';
import { duration, plural, shortId, spoken, wallSeconds } from './words.ts';

/** From here on clusters stand side by side; below, one under the other. */
export const SIDE_BY_SIDE_COLUMNS = 120;
/** A column narrower than this would cut every reason in half. */
const NARROWEST_COLUMN = 56;
const GUTTER = 3;
const FOOTER = 'Ctrl-C stops safely; running the same command again goes on from here.';

/**
 * The whole picture of a run, at most `height` lines of at most `width` columns: banner with both clocks, the clusters,
 * a footer. Pure: the same state at the same wall instant gives the same lines.
 * @param now the wall clock, ms since the epoch
 */
export function frame(state: ViewState, width: number, height: number, now: number, style: Style): string[] {
  const columns = Math.floor(width);
  const rows = Math.floor(height);
  if (columns <= 0 || rows <= 0 || state.task === '' && state.lanes.length === 0) return [];
  const banner = bannerLines(state, columns, now, style);
  const footer = footerLines(state, columns, style);
  const blocks = blocksOf(state, columns, now, style);

  // The lanes are what people look at: footer, then all but the banner's first line, then that too, make room for them.
  const wish = blocks.reduce((sum, block) => sum + Math.min(2, block.height), 0);
  let head = banner;
  let foot = footer;
  if (rows < wish + head.length + foot.length) foot = [];
  if (rows < wish + head.length) head = head.slice(0, 1);
  if (rows < wish + head.length) head = rows >= 3 ? head : [];
  const room = rows - head.length - foot.length;
  const lines = [...head, ...stack(blocks, room, columns, style), ...foot];
  // Airy where there is room: an empty line under the banner and above the footer.
  if (foot.length > 0 && lines.length + 2 <= rows) {
    lines.splice(lines.length - foot.length, 0, '');
    lines.splice(head.length, 0, '');
  }
  return lines.slice(0, rows).map((line) => fit(line, columns));
}

interface Block {
  readonly height: number;
  readonly lanes: number;
  lines(height: number): string[];
}

/** The lanes in rows of as many columns as fit; what belongs to the run as a whole spans the width. */
function blocksOf(state: ViewState, width: number, now: number, style: Style): Block[] {
  const nameWidth = Math.min(16, Math.max(3, ...state.lanes.map((lane) => displayWidth(lane.lane))));
  const cx: LaneContext = { width, now, clock: runClock(state, now), style, estimates: state.estimates, nameWidth, over: state.finished !== undefined };
  const clusters = state.lanes.filter((lane) => lane.lane !== '');
  const blocks: Block[] = [];
  const across = width >= SIDE_BY_SIDE_COLUMNS ? Math.max(1, Math.min(clusters.length, Math.floor((width + GUTTER) / (NARROWEST_COLUMN + GUTTER)))) : 1;
  const whole = state.lanes.filter((lane) => lane.lane === '' && lane.steps.length > 0).map((lane) => laneBlock([lane], cx));
  for (let index = 0; index < clusters.length; index += across) blocks.push(laneBlock(clusters.slice(index, index + across), cx, across));
  // Steps of the run as a whole stand above or below the clusters, as the plan has them.
  const above = (state.lanes[0]?.lane ?? '') === '';
  return above ? [...whole, ...blocks] : [...blocks, ...whole];
}

function laneBlock(lanes: readonly LaneView[], cx: LaneContext, across = 1): Block {
  const width = across === 1 ? cx.width : Math.floor((cx.width - GUTTER * (across - 1)) / across);
  const own: LaneContext = { ...cx, width };
  return {
    lanes: lanes.length,
    height: Math.max(...lanes.map((lane) => laneHeight(lane, own))),
    lines(height) {
      const columns = lanes.map((lane) => laneLines(lane, height, own));
      const tallest = Math.max(...columns.map((column) => column.length));
      return Array.from({ length: tallest }, (_, row) =>
        columns.map((column, index) => (index === columns.length - 1 ? (column[row] ?? '') : padEnd(column[row] ?? '', width))).join(' '.repeat(GUTTER)).trimEnd());
    },
  };
}

/** Shares `room` lines fairly: who needs less than an even share leaves the rest to the others. */
function stack(blocks: readonly Block[], room: number, width: number, style: Style): string[] {
  if (room <= 0 || blocks.length === 0) return [];
  if (room < blocks.length) {
    const shown = blocks.slice(0, room - 1);
    const hidden = blocks.slice(room - 1).reduce((sum, block) => sum + block.lanes, 0);
    const last = [style.dim(truncate(`  … and ${plural(hidden, 'cluster')} more`, width))];
    return [...shown.flatMap((block) => block.lines(1)), ...last];
  }
  const shares = new Map<Block, number>();
  let left = room;
  const byNeed = blocks.toSorted((a, b) => a.height - b.height);
  byNeed.forEach((block, index) => {
    const share = Math.min(block.height, Math.floor(left / (byNeed.length - index)));
    shares.set(block, share);
    left -= share;
  });
  const gaps = left >= blocks.length - 1 + 2;
  return blocks.flatMap((block, index) => [...(gaps && index > 0 ? [''] : []), ...block.lines(shares.get(block) ?? 1)]);
}

function bannerLines(state: ViewState, width: number, now: number, style: Style, over = false): string[] {
  const variables = spoken(state.variables).map((each) => ` ${clean(each)}`).join('');
  const command = `task ${state.task}${variables}`;
  const wall = wallSeconds(wallElapsed(state, now));
  // At the end the clocks stand in the last line, and the run's name is whole, because it is what one looks for later.
  const clocks = over ? '' : state.speed === 1 ? ` (${duration(runClock(state, now))})` : ` (${duration(runClock(state, now))} simulated, wall ${wall})`;
  const shortClocks = over ? '' : state.speed === 1 ? clocks : ` (${duration(runClock(state, now))}, wall ${wall})`;
  const target = `target: ${state.target}${clocks}${state.dryRun ? '   DRY RUN, nothing is changed' : ''}`;
  const run = `run ${over ? state.run : shortId(state.run)}`;
  // Every warning is said once more below the last picture.
  const news = over ? [] : note(state, width, style);
  const gap = '      ';
  const one = displayWidth(command) + displayWidth(target) + displayWidth(run) + 2 * gap.length;
  if (one <= width) return [`${style.bold(command)}${gap}${style.cyan(target)}${gap}${style.dim(run)}`, ...news];
  const first = displayWidth(command) + 3 + displayWidth(run) <= width ? `${style.bold(command)}   ${style.dim(run)}` : style.bold(truncate(command, width));
  const short = `${state.target}${shortClocks}${state.dryRun ? '  DRY RUN' : ''}`;
  return [first, style.cyan(truncate(displayWidth(target) <= width ? target : short, width)), ...(over && !first.includes(run) ? [style.dim(truncate(run, width))] : []), ...news];
}

function note(state: ViewState, width: number, style: Style): string[] {
  if (state.note === undefined || state.note.level !== 'warn') return [];
  const where = state.note.lane === '' ? '' : `${state.note.lane}: `;
  return [style.yellow(truncate(`${MARK.warn} ${where}${state.note.text}`, width))];
}

function footerLines(state: ViewState, width: number, style: Style): string[] {
  if (state.finished !== undefined) return [];
  return [style.dim(truncate(`  ${FOOTER}`, width))];
}

/** How many of the slowest steps the last picture names. */
const SLOWEST = 3;

/**
 * What stays on the screen after a run: a line per cluster with its time and slowest steps, what failed, both clocks.
 * As long as it must be; nothing is drawn over it any more.
 */
export function finalFrame(state: ViewState, width: number, now: number, style: Style): string[] {
  if (width <= 0 || state.task === '' && state.lanes.length === 0) return [];
  const banner = bannerLines(state, width, now, style, true);
  const names = Math.min(16, Math.max(3, ...state.lanes.map((lane) => displayWidth(lane.lane))));
  const lines = [...banner, ...state.lanes.filter((lane) => lane.steps.length > 0).flatMap((lane) => finalLane(lane, names, width, style))];
  const { finished } = state;
  if (finished !== undefined) {
    const clocks = state.speed === 1 ? duration(finished.ms) : `${duration(finished.ms)} simulated, wall ${wallSeconds(finished.wallMs)}`;
    const good = finished.exit === 0;
    const stopped = finished.failure?.exit === 'interrupted';
    const text = stopped ? `stopped after ${clocks}` : good ? `${state.dryRun ? 'dry run complete' : 'done'} in ${clocks}` : `ended with exit ${finished.exit} after ${clocks}`;
    lines.push(`${good ? style.green(MARK.done) : stopped ? style.yellow(MARK.skipped) : style.red(MARK.failed)} ${style.bold(truncate(text, Math.max(0, width - 2)))}`);
  }
  return lines.map((line) => fit(line, width));
}

function finalLane(lane: LaneView, names: number, width: number, style: Style): string[] {
  const failed = lane.steps.filter((step) => step.state === 'failed');
  const done = lane.steps.filter((step) => step.state === 'done' || step.state === 'already' || step.state === 'skipped');
  const left = lane.steps.length - done.length - failed.length;
  const spent = lane.steps.reduce((sum, step) => sum + (step.ms ?? 0), 0);
  const mark = failed.some((step) => step.stopped !== true) ? style.red(MARK.failed) : left + failed.length > 0 ? style.yellow(MARK.skipped) : style.green(MARK.done);
  const already = done.filter((step) => step.state === 'already').length;
  const slowest = done.filter((step) => step.state === 'done' && (step.ms ?? 0) >= 1000).toSorted((a, b) => (b.ms ?? 0) - (a.ms ?? 0)).slice(0, SLOWEST);
  const parts = [
    `${done.length === lane.steps.length ? '' : `${done.length} of `}${plural(lane.steps.length, 'step')}`,
    ...(already === 0 ? [] : [already === done.length ? 'nothing needed doing' : `${already} needed nothing`]),
    duration(spent),
  ].join('   ');
  const room = Math.max(0, width - names - 6);
  // Half a name says nothing: as many as fit, whole.
  const words = (most: number): string => `slowest: ${slowest.slice(0, most).map((step) => `${step.name} ${duration(step.ms ?? 0)}`).join(', ')}`;
  const shown = [...slowest.keys()].map((index) => slowest.length - index).find((most) => displayWidth(parts) + 3 + displayWidth(words(most)) <= room) ?? 0;
  return [
    `  ${mark} ${style.bold(padEnd(truncate(lane.lane === '' ? 'run' : lane.lane, names), names))}  ${truncate(parts, room)}${shown === 0 ? '' : `   ${words(shown)}`}`,
    ...failed.map((step) => step.stopped === true ? `    ${style.yellow(truncate(`${MARK.skipped} stopped in ${step.name}`, Math.max(0, width - 4)))}` : `    ${style.red(truncate(`${MARK.failed} ${step.name}: ${step.note}`, Math.max(0, width - 4)))}`),
  ];
}
