import { isAbsolute, join } from 'node:path';
import { parse } from 'dotenv';
import { readTextFile } from './file.ts';
import type { Problem } from './problem.ts';
import { nearest } from './words.ts';

const FILE = '.env';
/** What this program reads from the environment (.env.example). Other names are somebody else's (proxies, sign-ins) and stay. */
const OWN = ['TARGET', 'LAB', 'LAB_SPEED', 'LAB_SOCKET', 'TASK_ROOT', 'TASK_DIR', 'NO_COLOR', 'FORCE_COLOR'];
/** Paths: relative ones are meant from where the file is, not from where one happens to stand. */
const PATHS = ['LAB_SOCKET', 'TASK_ROOT', 'TASK_DIR'];

export interface EnvFile { readonly variables: Readonly<Record<string, string>>; readonly problems: readonly Problem[] }

/**
 * Variables of <root>/.env, or none when there is no such file, and everything that is wrong with it: what dotenv would
 * pass over in silence is told. Never put into process.env: what the shell says wins, and cli decides that.
 */
export function loadEnv(root: string): EnvFile {
  const read = readTextFile(join(root, FILE));
  if ('missing' in read) return { variables: {}, problems: [] };
  if ('trouble' in read) {
    const { rule, because, hint, line = 0, column = 0 } = read.trouble;
    return { variables: {}, problems: [{ file: FILE, line, column, length: 1, rule, message: line === 0 ? `${FILE} cannot be read: ${because}` : because, hint: `${hint}; or remove it: every variable in it can be set in the shell` }] };
  }
  const variables = Object.entries(parse(read.text)).map(([name, value]) => [name, PATHS.includes(name) && value !== '' && !isAbsolute(value) ? join(root, value) : value] as const);
  return { variables: Object.fromEntries(variables), problems: judge(read.text) };
}

/** Lines that say nothing, say a thing twice, or say it to nobody. Never shows a value: sign-ins are kept in this file too. */
function judge(text: string): readonly Problem[] {
  const problems: Problem[] = [];
  const first = new Map<string, { readonly line: number; readonly value: string }>();
  const lines = text.split(/\r?\n/);
  for (let index = 0; index < lines.length; index += 1) {
    const written = lines[index] ?? '';
    const line = index + 1;
    const say = (column: number, length: number, rule: string, message: string, hint: string): void => void problems.push({ file: FILE, line, column, length: Math.max(1, length), rule, message, hint });
    if (/^\s*(?:#|$)/.test(written)) continue;
    const [, before = '', name = '', rest = ''] = /^(\s*(?:export\s+)?)([\w.-]+)\s*=\s*(.*)$/.exec(written) ?? [];
    if (name === '') {
      say(1, written.trimEnd().length, 'env-line', 'this line is no NAME=value', 'write NAME=value, or # in front of a remark');
      continue;
    }
    const quote = /^["'`]/.exec(rest)?.[0];
    let value = rest;
    if (quote !== undefined) {
      // A quoted value may go on over lines; it ends with the same quote.
      let end = index;
      while (!closes(value, quote) && end + 1 < lines.length) value += `\n${lines[end += 1] ?? ''}`;
      if (!closes(value, quote)) {
        say(written.length - rest.length + 1, 1, 'env-quote', `the quote that begins ${name} is never closed`, `add ${quote} at the end of the value`);
        continue;
      }
      index = end;
    }
    const meant = OWN.includes(name) ? undefined : OWN.includes(name.toUpperCase()) ? name.toUpperCase() : nearest(name, OWN);
    const earlier = first.get(name);
    if (meant !== undefined) say(before.length + 1, name.length, 'env-unknown', `nobody reads ${name}`, `did you mean ${meant}?`);
    if (earlier !== undefined && earlier.value !== value) say(before.length + 1, name.length, 'env-twice', `${name} is set twice, first in line ${earlier.line}`, 'the last one would count; remove one of them');
    first.set(name, earlier ?? { line, value });
  }
  return problems;
}

/** Whether a quoted value ends with its quote, on whatever line. */
function closes(value: string, quote: string): boolean {
  return new RegExp(`^${quote}(?:\\\\[^]|(?!${quote})[^\\\\])*${quote}`).test(value);
}
