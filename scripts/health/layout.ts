import type { Style } from '../engine/outcome.ts';

/** Marks of verdicts, each one column wide; the words next to them always say the same. */
export const SIGN = { pass: '✔', fail: '✖', unknown: '?', skip: '–', warn: '!' } as const;

export function signOf(is: 'pass' | 'fail' | 'unknown' | 'skip', style: Style): string {
  const dress = { pass: style.green, fail: style.red, unknown: style.yellow, skip: style.dim } as const;
  return dress[is](SIGN[is]);
}

// oxlint-disable-next-line no-control-regex -- words of machines and clusters must not move the cursor or break a line
const UNPRINTABLE = /\u001b\[[0-?]*[ -/]*[@-~]|[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]+/gu;

/** Words from outside, safe on a line: no escape sequences, breaks as one space. */
export function plain(text: string): string {
  return text.replace(UNPRINTABLE, ' ').replace(/ {2,}/gu, ' ').trim();
}

/** Columns of undressed text; anything from the wide scripts and emoji on is counted as two, rather too many than too few. */
export function columns(text: string): number {
  let width = 0;
  for (const character of text) width += isWide(character.codePointAt(0) ?? 0) ? 2 : 1;
  return width;
}
const isWide = (point: number): boolean => (point >= 0x1100 && point < 0x2000) || (point >= 0x2e80 && point < 0xfb00) || (point >= 0xfe30 && point < 0xfff0) || point >= 0x1f000;

/** The longest beginning that takes at most `width` columns; never nothing, so that cutting always gets on. */
function head(text: string, width: number): string {
  let used = 0;
  let kept = '';
  for (const character of text) {
    used += columns(character);
    if (used > width && kept !== '') break;
    kept += character;
  }
  return kept;
}

/** Lines of at most `width` columns, broken at spaces; a longer word is cut. */
export function wrap(text: string, width: number): readonly string[] {
  const room = Math.max(2, width);
  const lines: string[] = [];
  let line = '';
  for (const word of plain(text).split(' ')) {
    if (line !== '' && columns(line) + 1 + columns(word) <= room) {
      line += ` ${word}`;
      continue;
    }
    if (line !== '') lines.push(line);
    line = word;
    while (columns(line) > room) {
      const part = head(line, room);
      lines.push(part);
      line = line.slice(part.length);
    }
  }
  if (line !== '') lines.push(line);
  return lines;
}

export function cut(text: string, width: number): string {
  if (columns(text) <= width) return text;
  return width <= 1 ? '…'.slice(0, Math.max(0, width)) : `${head(text, width - 1)}…`;
}

/** `label` at `indent`, the text beside it, further lines under the text; in narrow places under the label. */
export function labelled(label: string, text: string, options: { readonly indent: number; readonly label: number; readonly width: number; readonly dress?: (text: string) => string }): readonly string[] {
  const { indent, width } = options;
  const beside = indent + options.label;
  const dress = options.dress ?? ((words: string) => words);
  if (width - beside < 16) return [...wrap(label, width - indent).map((line) => ' '.repeat(indent) + dress(line)), ...wrap(text, width - indent - 2).map((line) => ' '.repeat(indent + 2) + line)];
  return wrap(text, width - beside).map((line, index) => (index === 0 ? ' '.repeat(indent) + dress(label) + ' '.repeat(Math.max(0, options.label - columns(label))) : ' '.repeat(beside)) + line);
}

/** Pieces side by side, two spaces between, broken to further lines between pieces. Each is given plain and dressed. */
export function flow(pieces: readonly { readonly plain: string; readonly dressed: string }[], width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const piece of pieces) {
    const wide = columns(piece.plain);
    if (used > 0 && used + 2 + wide > width) {
      lines.push(line);
      line = '';
      used = 0;
    }
    // A piece wider than the whole place is cut, undressed: half a colour sequence would colour what follows.
    const shown = wide > width ? cut(piece.plain, width) : piece.dressed;
    line += (used > 0 ? '  ' : '') + shown;
    used += (used > 0 ? 2 : 0) + Math.min(wide, width);
  }
  if (used > 0) lines.push(line);
  return lines;
}

export interface Cell { readonly text: string; readonly dress?: (text: string) => string }
const GAP = 2;
const NARROWEST = 4;

/** A table within `width`: the widest columns give way first, what is cut ends in an ellipsis. */
export function table(heading: readonly string[], rows: readonly (readonly Cell[])[], style: Style, indent = 2): readonly string[] {
  const all: readonly (readonly Cell[])[] = [heading.map((text) => ({ text, dress: style.dim })), ...rows];
  const clean = all.map((row) => row.map((cell) => ({ ...cell, text: plain(cell.text) })));
  const widths = heading.map((_, column) => Math.max(...clean.map((row) => columns(row[column]?.text ?? ''))));
  const room = style.width - indent - GAP * (heading.length - 1);
  while (widths.reduce((sum, width) => sum + width, 0) > room) {
    const widest = widths.indexOf(Math.max(...widths));
    if ((widths[widest] ?? 0) <= NARROWEST) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return clean.map((row) => {
    const cells = row.map((cell, column) => {
      const text = cut(cell.text, widths[column] ?? 0);
      const last = column === row.length - 1;
      return (cell.dress?.(text) ?? text) + (last ? '' : ' '.repeat(Math.max(0, (widths[column] ?? 0) - columns(text))));
    });
    return ' '.repeat(indent) + cells.join(' '.repeat(GAP));
  });
}
