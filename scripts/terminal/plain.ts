import { unreachable, type Event } from '../engine/event.ts';
import type { Style } from '../engine/outcome.ts';
import type { Verdict } from '../engine/verdict.ts';
import { sink, type Output } from './output.ts';
import type { View } from './view.types.ts';
import { cell, clean, displayWidth } from './width.ts';
import { count, duration, limit, spoken, timeOfDay, wallSeconds } from './words.ts';

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

  /** Whether `text` is news about `about`: other words, or the same (numbers aside) after 15 s. */
  const news = (about: string, text: string, wall: number): boolean => {
    const shape = text.replace(/\d+/gu, '#');
    const last = said.get(about);
    if (last !== undefined && last.text === shape && wall - last.wall < REPEAT_WALL_MS) return false;
    said.set(about, { text: shape, wall });
    return true;
  };

  const lines = (event: Event): string[] => {
    const wall = Date.parse(event.at);
    const line = (at: { readonly lane: string; readonly step?: string }, word: string, text: string, dress: (text: string) => string = (same) => same): string[] => {
      const place = `${cell(at.lane === '' ? '' : clean(at.lane), Math.max(laneColumns, displayWidth(at.lane)))}  ${cell(clean(at.step ?? ''), Math.max(stepColumns, displayWidth(at.step ?? '')))}`;
      return [`${style.dim(timeOfDay(event.at, options.utc ?? false))} ${place}  ${dress(cell(word, Math.max(9, word.length)))}  ${clean(text)}`.trimEnd()];
    };
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
        return [
          ...line(event, 'failed', `${event.failure.what}${event.failure.because === undefined ? '' : `: ${event.failure.because}`} (after ${duration(event.ms)})`, style.red),
          ...(event.failure.hint === undefined ? [] : line(event, 'next', event.failure.hint)),
        ];
      case 'phase-not-started':
        return line(event, 'not begun', event.because);
      case 'progress': {
        const text = [event.subject, event.state === 'working' ? '' : event.state, count(event.done, event.of), event.note].filter((part) => part !== '').join('  ');
        if (!news(`progress ${event.lane} ${event.step} ${event.subject}`, `${event.state} ${event.note}`, wall)) return [];
        return line(event, 'progress', text, event.state === 'failed' ? style.red : undefined);
      }
      case 'waiting': {
        if (!news(`waiting ${event.lane} ${event.step}`, `${event.for} ${event.reason}`, wall)) return [];
        const counted = count(event.done, event.of);
        const reason = [counted, event.reason].filter((part) => part !== '').join('; ');
        return line(event, 'waiting', `${event.for}: ${reason} (${duration(event.sinceMs)} of ${limit(event.patienceMs)})`, style.yellow);
      }
      case 'retrying':
        return news(`retrying ${event.lane} ${event.step} ${event.what}`, event.reason, wall) ? line(event, 'retrying', `${event.what}: ${event.reason} (attempt ${event.attempt})`, style.yellow) : [];
      case 'command-ran':
        return options.verbose ? line(event, 'ran', `${[event.tool, ...event.argv].join(' ')} (exit ${event.exitCode ?? 'by signal'}, wall ${wallSeconds(event.wallMs)})`, style.dim) : [];
      case 'would-run':
        // The dry run's own list follows on stdout, grouped and copyable; here only for those who watch closely.
        return options.verbose ? line(event, 'would run', event.command) : [];
      case 'judged':
        return judged(event.verdict, event.lane, event.step, event.check, wall, line);
      case 'checkpoint-asked':
        return line(event, 'question', event.question, style.yellow);
      case 'checkpoint-answered':
        return line(event, 'answered', `${event.answer} by ${event.by} (${event.how}, waited ${wallSeconds(event.waitedMs)})`);
      case 'act-started':
        return line(event, 'once only', `${event.act} on ${event.subject} begins`);
      case 'act-finished':
        return line(event, 'once only', `${event.act} on ${event.subject}: ${event.outcome} (${event.because})`);
      case 'lock-taken':
        return line(event, 'lock', `${event.lock}: ${event.because}`);
      case 'note':
        return line(event, event.level === 'warn' ? 'warning' : 'note', event.text, event.level === 'warn' ? style.yellow : undefined);
      default:
        return unreachable(event);
    }
  };

  const judged = (verdict: Verdict, lane: string, step: string, check: string, wall: number, line: (at: { lane: string; step: string }, word: string, text: string, dress?: (text: string) => string) => string[]): string[] => {
    const because = verdict.because === undefined ? '' : `: ${verdict.because}`;
    if (verdict.is === 'pass') return options.verbose ? line({ lane, step }, 'pass', `${check}${because}`, style.green) : [];
    if (!options.verbose && (verdict.is === 'skip' || !news(`judged ${lane} ${step} ${check}`, `${verdict.is}${because}`, wall))) return [];
    const word = verdict.is === 'fail' ? 'not yet' : verdict.is === 'unknown' ? 'unknown' : 'skipped';
    return line({ lane, step }, word, `${check}${because}`, style.yellow);
  };

  return (event) => {
    if (options.answersOnly !== true) return lines(event);
    const worthSaying = event.type === 'waiting' || event.type === 'retrying' || (event.type === 'note' && event.level === 'warn') || options.verbose;
    return worthSaying ? lines(event) : [];
  };
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
