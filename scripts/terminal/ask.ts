import { confirm, isCancel, text } from '@clack/prompts';
import type { Readable, Writable } from 'node:stream';
import type { Style } from '../engine/outcome.ts';
import type { Question } from '../engine/phase.ts';
import { clean, displayWidth, wrap } from './width.ts';

export interface AskOptions {
  readonly input: Readable;
  readonly output: Writable;
  readonly style: Style;
  /** Aborts the question: the answer is then `stop`. */
  readonly signal?: AbortSignal;
  /** Shown at the right of the title: `run 01JD…7K, step 9 of 31`. */
  readonly where?: string;
  /** The wall clock in ms, for `waitedMs`. */
  readonly now?: () => number;
}

export interface Answer {
  readonly answer: 'go' | 'pause' | 'stop';
  /** Wall ms a person was waited for. */
  readonly waitedMs: number;
}

/**
 * Asks a person, the only place that does. A destructive question (one with a `word`) wants that word typed, exactly;
 * `p` pauses; anything else, Enter alone included, stops. A yes/no question starts at "no". Ctrl-C and Escape stop
 * safely: clack answers them with a symbol, which is truthy, hence isCancel.
 */
export async function ask(question: Question, options: AskOptions): Promise<Answer> {
  const now = options.now ?? Date.now;
  const from = now();
  options.output.write(`${questionLines(question, options.style, options.where ?? '').join('\n')}\n`);
  const io = { input: options.input, output: options.output, ...(options.signal === undefined ? {} : { signal: options.signal }) };
  const answer = question.word === undefined ? await yesOrNo(question, io) : await typed(question.word, io);
  return { answer, waitedMs: Math.max(0, now() - from) };
}

interface Io {
  readonly input: Readable;
  readonly output: Writable;
  readonly signal?: AbortSignal;
}

async function typed(word: string, io: Io): Promise<Answer['answer']> {
  const given = await text({ message: `Type ${clean(word)} to go on, p to pause here, anything else stops:`, ...io });
  return isCancel(given) ? 'stop' : judgeTyped(given, word);
}

/** What a typed answer means: only the exact word (spaces around it aside) is consent. */
export function judgeTyped(given: string | undefined, word: string): Answer['answer'] {
  const trimmed = (given ?? '').trim();
  if (trimmed !== '' && trimmed === word) return 'go';
  return trimmed === 'p' || trimmed === 'P' ? 'pause' : 'stop';
}

async function yesOrNo(question: Question, io: Io): Promise<Answer['answer']> {
  const given = await confirm({ message: `${clean(question.title)}: go on?`, initialValue: false, ...io });
  return given === true ? 'go' : 'stop';
}

/** The title and the facts of a question, wrapped to the style's width; what is about to be lost is never cut off. */
export function questionLines(question: Question, style: Style, where: string): string[] {
  const title = `${style.yellow('◆')} ${style.bold(clean(question.title))}`;
  const gap = style.width - displayWidth(title) - displayWidth(where);
  const labels = Math.max(0, ...question.facts.map(([label]) => displayWidth(label)));
  const head = where === '' ? [title] : gap >= 2 ? [`${title}${' '.repeat(gap)}${style.dim(where)}`] : [title, `${style.dim('│')}  ${style.dim(where)}`];
  const facts = question.facts.flatMap(([label, fact]) =>
    wrap(clean(fact), style.width - labels - 6).map((line, index) => `${style.dim('│')}  ${style.cyan((index === 0 ? clean(label) : '').padEnd(labels))}  ${line}`));
  return [...head, ...facts];
}
