import { unreachable, type Event } from '../engine/event.ts';
import type { Style } from '../engine/outcome.ts';
import { sink, type Output } from './output.ts';
import { createPace, type Held } from './pace.ts';
import type { View } from './view.types.ts';
import { cell, clean, displayWidth } from './width.ts';
import { count, duration, limit, plural, spoken, timeOfDay, wallSeconds } from './words.ts';

export interface PlainOptions {
  readonly style: Style;
  /** Show commands and passed checks too. */
  readonly verbose: boolean;
  /** For tasks that answer: only what takes long or went wrong, because the answer itself follows. */
  readonly answersOnly?: boolean;
  /** Times of day in UTC instead of local time; for tests. */
  readonly utc?: boolean;
}

/** What is said again although nothing but time (or a number) changed: a line every 15 s of the wall shows life. */
const REPEAT_WALL_MS = 15_000;
/** So many reasons are told of a step that failed; the rest are counted. */
const MOST_REASONS = 8;
/** Columns for lane and step; longer names push their own line only. */
const LANE_COLUMNS = 8;
const STEP_COLUMNS = 16;

/**
 * One line per change, for CI, pipes and screen readers: time, cluster, step, what happened, in words. Returns the
 * lines of one event (mostly none or one); keeps what was last said so that waiting does not flood a log.
 */
export function plainLines(options: PlainOptions): (event: Event) => string[] {
  const { style } = options;
  let laneColumns = LANE_COLUMNS;
  let stepColumns = STEP_COLUMNS;
  const said = new Map<string, { readonly text: string; readonly wall: number }>();
  const pace = createPace();
  /** By lane and step: the checks that do not pass, as they were judged last. */
  const against = new Map<string, Map<string, string>>();
  /** Steps that were not begun for one reason, told in one line once something else is heard. */
  let notBegun: { readonly first: Event & { readonly type: 'phase-not-started' }; readonly steps: string[] } | undefined;

  /** Whether `text` is news about `about`: other words, or the same (numbers aside) after 15 s. */
  const news = (about: string, text: string, wall: number): boolean => {
    const shape = text.replace(/\d+/gu, '#');
    const last = said.get(about);
    if (last !== undefined && last.text === shape && wall - last.wall < REPEAT_WALL_MS) return false;
    said.set(about, { text: shape, wall });
    return true;
  };

  const lineAt = (instant: string, at: { readonly lane: string; readonly step?: string }, word: string, text: string, dress: (text: string) => string = (same) => same): string[] => {
    const place = `${cell(at.lane === '' ? '' : clean(at.lane), Math.max(laneColumns, displayWidth(at.lane)))}  ${cell(clean(at.step ?? ''), Math.max(stepColumns, displayWidth(at.step ?? '')))}`;
    return [`${style.dim(timeOfDay(instant, options.utc ?? false))} ${place}  ${dress(cell(word, Math.max(9, word.length)))}  ${clean(text)}`.trimEnd()];
  };

  const told = (held: Held): string[] => {
    const { event } = held;
    switch (event.type) {
      case 'progress': {
        const failed = held.progress.some((each) => each.state === 'failed');
        return lineAt(event.at, event, 'progress', held.progress.map(progressText).join('; '), failed ? style.red : undefined);
      }
      case 'waiting': {
        const reason = [count(event.done, event.of), event.reason].filter((part) => part !== '').join('; ');
        return lineAt(event.at, event, 'waiting', `${event.for}: ${reason} (${duration(event.sinceMs)} of ${limit(event.patienceMs)})`, style.yellow);
      }
      case 'retrying': {
        const more = held.count === 1 ? '' : `, and ${plural(held.count - 1, 'other retry', 'other retries')} since`;
        return lineAt(event.at, event, 'retrying', `${event.what}: ${event.reason} (attempt ${event.attempt})${more}`, style.yellow);
      }
    }
  };
  /** Lines that are due before `event` is told. */
  const due = (event: Event): string[] => {
    const lines: string[] = [];
    if (notBegun !== undefined && !(event.type === 'phase-not-started' && event.lane === notBegun.first.lane && event.because === notBegun.first.because)) {
      lines.push(...lineAt(notBegun.first.at, { lane: notBegun.first.lane }, 'not begun', `${notBegun.steps.join(', ')}: ${notBegun.first.because}`));
      notBegun = undefined;
    }
    lines.push(...pace.due(event).flatMap(told));
    return lines;
  };

  const lines = (event: Event): string[] => {
    const wall = Date.parse(event.at);
    const line = (at: { readonly lane: string; readonly step?: string }, word: string, text: string, dress?: (text: string) => string): string[] => lineAt(event.at, at, word, text, dress);
    switch (event.type) {
      case 'run-started': {
        laneColumns = Math.min(20, Math.max(4, ...event.plan.map((lane) => displayWidth(lane.lane))));
        stepColumns = Math.min(24, Math.max(6, ...event.plan.flatMap((lane) => lane.steps.map((each) => displayWidth(each.name)))));
        const variables = spoken(event.variables).map((each) => ` ${each}`).join('');
        return [
          ...line({ lane: '' }, 'run', `task ${event.task}${variables}${event.dryRun ? ' (dry run: nothing will be changed)' : ''}, run ${event.run}`, style.bold),
          ...line({ lane: '' }, 'target', event.target.label),
          ...event.plan.flatMap((lane) => line({ lane: lane.lane }, 'plan', lane.steps.map((each) => each.name).join(', '))),
        ];
      }
      case 'run-finished': {
        const clocks = `${duration(event.ms)} (wall ${wallSeconds(event.wallMs)})`;
        return event.exit === 0
          ? line({ lane: '' }, 'done', `in ${clocks}`, style.green)
          : line({ lane: '' }, 'ended', `with exit ${event.exit} after ${clocks}${event.failure === undefined ? '' : `: ${event.failure.what}`}`, style.red);
      }
      case 'phase-started':
        return line(event, 'started', event.title);
      case 'phase-skipped':
        return event.because.startsWith('skip:')
          ? line(event, 'skipped', event.because.replace(/^skip:\s*/u, ''))
          : line(event, 'already', `${event.because} (${duration(event.ms)})`, style.green);
      case 'phase-finished':
        return line(event, 'done', `${event.note}${event.note === '' ? '' : ' '}(${duration(event.ms)})`, style.green);
      case 'phase-failed':
        if (event.failure.exit === 'interrupted') return line(event, 'stopped', `after ${duration(event.ms)}`, style.yellow);
        return [
          ...reasons(event, line),
          ...line(event, 'failed', `${event.failure.what}${event.failure.because === undefined ? '' : `: ${event.failure.because}`} (after ${duration(event.ms)})`, style.red),
          ...(event.failure.hint === undefined ? [] : line(event, 'next', event.failure.hint)),
        ];
      case 'phase-not-started':
        notBegun ??= { first: event, steps: [] };
        notBegun.steps.push(event.step);
        return [];
      case 'progress': {
        if (!news(`progress ${event.lane} ${event.step} ${event.subject}`, `${event.state} ${event.note}`, wall)) return [];
        return pace.take(event).flatMap(told);
      }
      case 'waiting':
        return news(`waiting ${event.lane} ${event.step}`, `${event.for} ${event.reason}`, wall) ? pace.take(event).flatMap(told) : [];
      case 'retrying':
        return pace.take(event).flatMap(told);
      case 'command-ran':
        return options.verbose ? line(event, 'ran', `${[event.tool, ...event.argv].join(' ')} (exit ${event.exitCode ?? 'by signal'}, wall ${wallSeconds(event.wallMs)})`, style.dim) : [];
      case 'would-run':
        // The dry run's own list follows on stdout, grouped and copyable; here only for those who watch closely.
        return options.verbose ? line(event, 'would run', event.command) : [];
      case 'judged':
        return judged(event, line);
      case 'checkpoint-asked':
        return line(event, 'question', event.question, style.yellow);
      case 'checkpoint-answered':
        return line(event, 'answered', `${event.answer} by ${event.by} (${event.how}, waited ${wallSeconds(event.waitedMs)})`);
      case 'act-started':
        return line(event, 'once only', `${event.act} on ${event.subject} begins`);
      case 'act-finished':
        return line(event, 'once only', `${event.act} on ${event.subject}: ${event.outcome} (${event.because})`);
      case 'lock-taken':
        return line(event, 'lock', `${event.because === 'free' ? 'taken' : event.because} (${event.lock})`);
      case 'note':
        return line(event, event.level === 'warn' ? 'warning' : 'note', event.text, event.level === 'warn' ? style.yellow : undefined);
      default:
        return unreachable(event);
    }
  };

  /**
   * While a step waits, its waiting line says what is in the way: every verdict by itself would flood a log. So they
   * are told when they are final, which is when the step failed; and each at once with --verbose.
   */
  const judged = (event: Event & { readonly type: 'judged' }, line: Line): string[] => {
    const { verdict, check } = event;
    const because = verdict.because === undefined ? '' : `: ${verdict.because}`;
    const of = against.get(keyOf(event)) ?? new Map<string, string>();
    against.set(keyOf(event), of);
    of.delete(check);
    if (verdict.is === 'fail' || verdict.is === 'unknown') of.set(check, `${verdict.is === 'unknown' ? 'cannot tell ' : ''}${check}${because}`);
    if (!options.verbose || (verdict.is !== 'pass' && !news(`judged ${keyOf(event)} ${check}`, `${verdict.is}${because}`, Date.parse(event.at)))) return [];
    const word = { pass: 'pass', fail: 'not yet', unknown: 'unknown', skip: 'skipped' }[verdict.is];
    return line(event, word, `${check}${because}`, verdict.is === 'pass' ? style.green : style.yellow);
  };
  const reasons = (event: Event & { readonly type: 'phase-failed' }, line: Line): string[] => {
    const all = [...(against.get(keyOf(event))?.values() ?? [])];
    const more = all.length - MOST_REASONS;
    return [...all.slice(0, MOST_REASONS), ...(more > 0 ? [`and ${more} more`] : [])].flatMap((text) => line(event, 'not so', text, style.yellow));
  };

  return (event) => {
    if (options.answersOnly !== true) return [...due(event), ...lines(event)];
    const worthSaying = event.type === 'waiting' || event.type === 'retrying' || (event.type === 'note' && event.level === 'warn') || options.verbose;
    return worthSaying ? [...due(event), ...lines(event)] : [];
  };
}

type Line = (at: { readonly lane: string; readonly step?: string }, word: string, text: string, dress?: (text: string) => string) => string[];

const keyOf = (event: { readonly lane: string; readonly step: string }): string => `${event.lane}\0${event.step}`;

function progressText(event: Event & { readonly type: 'progress' }): string {
  return [event.subject, event.state === 'working' ? '' : event.state, count(event.done, event.of), event.note].filter((part) => part !== '').join('  ');
}

/** The plain view on a stream. */
export function createPlainView(options: PlainOptions & { readonly stream: Output }): View {
  const out = sink(options.stream);
  const lines = plainLines(options);
  return {
    on(event) {
      for (const line of lines(event)) out.write(`${line}\n`);
    },
    say(text) {
      out.write(`${clean(text)}\n`);
    },
    async pause() {},
    resume() {},
    async close() {},
  };
}
