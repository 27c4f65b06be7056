import type { Problem } from '../config/problem.ts';
import type { Json, Style } from '../engine/outcome.ts';
import { clean, displayWidth, fit, wrap } from '../terminal/width.ts';
import { plural } from '../terminal/words.ts';

/** Gives one line of a file (1-based), or undefined when it cannot be read: the message must not fail for want of a picture. */
export type SourceLine = (file: string, line: number) => string | undefined;

/**
 * Every problem of the configuration with its place, the line it is on, a caret under it and the way out, then the
 * promise that matters: nothing was changed. Exit 65.
 */
export function renderProblems(problems: readonly Problem[], source: SourceLine, style: Style): string[] {
  const head = `${style.red('✖')} ${style.bold(`${plural(problems.length, 'problem')} in the configuration; nothing was changed`)}`;
  const exit = 'exit 65';
  const gap = style.width - displayWidth(head) - exit.length;
  return [gap >= 2 ? `${head}${' '.repeat(gap)}${style.dim(exit)}` : `${head} ${style.dim(exit)}`, ...problems.flatMap((problem) => renderProblem(problem, source, style))];
}

function renderProblem(problem: Problem, source: SourceLine, style: Style): string[] {
  const place = problem.line > 0 ? `${problem.file}:${problem.line}:${problem.column}` : problem.file;
  const message = clean(problem.message);
  // The place stays whole on one line, so that editors and terminals make a link of it.
  const oneLine = displayWidth(place) + 2 + displayWidth(message) <= style.width;
  const lines = oneLine
    ? [`${style.bold(clean(place))}  ${message}`]
    : [style.bold(clean(place)), ...wrap(message, style.width - 2).map((line) => `  ${line}`)];
  const text = problem.line > 0 ? source(problem.file, problem.line) : undefined;
  if (text === undefined) return problem.hint === '' ? lines : [...lines, ...wrap(clean(problem.hint), style.width - 5).map((line) => `     ${style.cyan(line)}`)];

  const number = String(problem.line).padStart(5);
  const bar = style.dim('│');
  const before = clean(text.slice(0, Math.max(0, problem.column - 1)).replaceAll('\t', ' '));
  const shown = clean(text.replaceAll('\t', ' '));
  const margin = displayWidth(before);
  const underline = Math.max(1, Math.min(problem.length, Math.max(1, displayWidth(shown) - margin)));
  const room = style.width - 8;
  lines.push(`${style.dim(number)} ${bar} ${fit(shown, room)}`.trimEnd());
  if (margin + 1 > room) return problem.hint === '' ? lines : [...lines, ...hintLines(problem.hint, room, bar, style)];
  const caret = '^'.repeat(Math.min(underline, room - margin));
  const beside = margin + caret.length + 1 + displayWidth(problem.hint) <= room;
  lines.push(`      ${bar} ${' '.repeat(margin)}${style.red(caret)}${beside && problem.hint !== '' ? ` ${style.cyan(clean(problem.hint))}` : ''}`);
  if (!beside && problem.hint !== '') lines.push(...hintLines(problem.hint, room, bar, style));
  return lines;
}

function hintLines(hint: string, room: number, bar: string, style: Style): string[] {
  return wrap(clean(hint), room).map((line) => `      ${bar} ${style.cyan(line)}`);
}

/** The same for `--json`. */
export function problemsJson(problems: readonly Problem[]): Json {
  return { exit: 'configuration', code: 65, problems: problems.map((problem) => ({ ...problem })) };
}
