import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Failure } from '../../engine/failure.ts';
import type { Style } from '../../engine/outcome.ts';
import { bare } from './picture.ts';
import type { Told } from './report.ts';

/** A stretch of a text that is replaced; offsets in UTF-16 units. */
interface Edit { readonly from: number; readonly to: number; readonly text: string }

/** What mending does to one file. */
export interface Change {
  readonly file: string;
  readonly before: string;
  readonly after: string;
  readonly edits: readonly Edit[];
  readonly mends: readonly Told[];
}
export interface Plan { readonly changes: readonly Change[]; /** What has a fix that cannot be put in where it should be. */ readonly left: readonly { readonly finding: Told; readonly because: string }[] }

/**
 * The replacements that findings bring with them, each at its own spot and nowhere else, where the text there still is what it was. `read` gives a file as it is now.
 */
export function planFixes(findings: readonly Told[], read: (file: string) => string | undefined): Plan {
  const changes: Change[] = [];
  const left: { readonly finding: Told; readonly because: string }[] = [];
  const mendable = findings.filter((finding) => finding.fix !== null);
  for (const [file, of] of Map.groupBy(mendable, (finding) => finding.spot.file)) {
    const before = read(file);
    const edits: Edit[] = [];
    const mends: Told[] = [];
    for (const finding of of) {
      const edit = before === undefined ? undefined : editOf(finding, before);
      const same = edit === undefined ? undefined : edits.find((each) => each.from === edit.from && each.to === edit.to && each.text === edit.text);
      if (edit === undefined) left.push({ finding, because: `the text there is not ${finding.fix?.from ?? ''} any more` });
      else if (same === undefined && edits.some((each) => each.from < edit.to && edit.from < each.to)) left.push({ finding, because: 'another fix changes the same words; run it again' });
      else {
        if (same === undefined) edits.push(edit);
        mends.push(finding);
      }
    }
    if (before !== undefined && edits.length > 0) changes.push({ file, before, after: put(before, edits), edits: edits.toSorted((a, b) => a.from - b.from), mends });
  }
  return { changes, left };
}

/** Exactly at the spot, or once within what is underlined there (a word in a sentence, a value in its quotes). */
function editOf({ spot, fix }: Told, text: string): Edit | undefined {
  if (fix === null || spot.line === 0) return undefined;
  // Places are counted without a byte order mark.
  const bom = text.startsWith('\uFEFF') ? 1 : 0;
  let start = bom;
  for (let line = 1; line < spot.line; line += 1) {
    const end = text.indexOf('\n', start);
    if (end < 0) return undefined;
    start = end + 1;
  }
  const at = start + spot.column - 1;
  if (text.startsWith(fix.from, at) && fix.from !== '') return { from: at, to: at + fix.from.length, text: fix.to };
  const underlined = text.slice(at, at + spot.length).split('\n')[0] ?? '';
  const within = fix.from === '' ? -1 : underlined.indexOf(fix.from);
  return within < 0 || underlined.indexOf(fix.from, within + 1) >= 0 ? undefined : { from: at + within, to: at + within + fix.from.length, text: fix.to };
}

function put(text: string, edits: readonly Edit[]): string {
  return edits.toSorted((a, b) => b.from - a.from).reduce((kept, edit) => kept.slice(0, edit.from) + edit.text + kept.slice(edit.to), text);
}

/** A file of a tree as it is on disk, its byte order mark included; undefined when it is not there, or no text. */
export function readRaw(root: string, file: string): string | undefined {
  try {
    return readFileSync(join(root, file), 'utf8');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    return undefined;
  }
}

/** Puts changed files in place, each at once and with the mode it had; through links, to what they lead to. Throws a Failure (75) that says which were changed already. */
export function writeChanges(root: string, changes: readonly Change[]): void {
  const done: string[] = [];
  for (const { file, before, after } of changes) {
    try {
      const path = realpathSync(join(root, file));
      // Somebody may have saved it meanwhile: theirs is not overwritten.
      if (readFileSync(path, 'utf8') !== before) throw new Failure({ exit: 'rerun', what: `${file} was changed while it was being mended`, hint: 'run the same command again' });
      const part = join(dirname(path), `.${basename(path)}.${process.pid}.${randomBytes(4).toString('hex')}.part`);
      try {
        writeFileSync(part, after, { flag: 'wx' });
        chmodSync(part, statSync(path).mode & 0o7777);
        renameSync(part, path);
      } finally {
        rmSync(part, { force: true });
      }
      done.push(file);
    } catch (error) {
      const leftBehind = done.length === 0 ? 'nothing was changed' : `${done.join(', ')} changed, the rest as it was`;
      if (error instanceof Failure) throw new Failure({ exit: error.exit, what: error.what, because: error.because, hint: error.hint, leftBehind });
      if (!(error instanceof Error && 'code' in error)) throw error;
      throw new Failure({ exit: 'rerun', what: `${file} cannot be changed`, because: error.message, hint: 'make the file and its folder writable, then run the same command again', leftBehind, cause: error });
    }
  }
}

const CONTEXT = 2;

/** Changes as a unified diff, coloured. */
export function renderDiff(changes: readonly Change[], style: Style): readonly string[] {
  return changes.flatMap((change) => [style.bold(`--- a/${change.file}`), style.bold(`+++ b/${change.file}`), ...hunks(change).flatMap((hunk) => [style.cyan(hunk.head), ...hunk.lines.map(bare).map((line) => (line.startsWith('-') ? style.red(line) : line.startsWith('+') ? style.green(line) : line))])]);
}

interface Hunk { readonly head: string; readonly lines: readonly string[] }

/** Edits whose surroundings touch are one hunk. */
function hunks({ before, edits }: Change): readonly Hunk[] {
  const lines = before.split('\n');
  const starts = [0];
  for (const line of lines) starts.push((starts.at(-1) ?? 0) + line.length + 1);
  const lineAt = (offset: number): number => starts.findLastIndex((start) => start <= offset);
  const groups: { first: number; last: number; edits: Edit[] }[] = [];
  for (const edit of edits) {
    const [first, last] = [lineAt(edit.from), lineAt(Math.max(edit.from, edit.to - 1))];
    const group = groups.at(-1);
    if (group !== undefined && first - group.last <= 2 * CONTEXT) { group.last = Math.max(group.last, last); group.edits.push(edit); } else groups.push({ first, last, edits: [edit] });
  }
  let moved = 0;
  return groups.map(({ first, last, edits: own }) => {
    const from = Math.max(0, first - CONTEXT);
    const to = Math.min(lines.length - 1, last + CONTEXT);
    const offset = starts[first] ?? 0;
    const old = lines.slice(first, last + 1);
    const made = put(old.join('\n'), own.map((edit) => ({ ...edit, from: edit.from - offset, to: edit.to - offset }))).split('\n');
    const above = lines.slice(from, first).map((line) => ` ${line}`);
    const below = lines.slice(last + 1, to + 1).map((line) => ` ${line}`);
    const [size, grown] = [to - from + 1, to - from + 1 + made.length - old.length];
    const head = `@@ -${from + 1},${size} +${from + 1 + moved},${grown} @@`;
    moved += made.length - old.length;
    return { head, lines: [...above, ...paired(old, made), ...below] };
  });
}

/** Lines of a stretch that are the same in both are not told as changed. */
function paired(old: readonly string[], made: readonly string[]): readonly string[] {
  if (old.length !== made.length) return [...old.map((line) => `-${line}`), ...made.map((line) => `+${line}`)];
  const lines: string[] = [];
  const gone: string[] = [];
  const come: string[] = [];
  const flush = (): void => { lines.push(...gone.splice(0), ...come.splice(0)); };
  for (const [index, line] of old.entries()) {
    if (line === made[index]) { flush(); lines.push(` ${line}`); } else { gone.push(`-${line}`); come.push(`+${made[index] ?? ''}`); }
  }
  flush();
  return lines;
}
