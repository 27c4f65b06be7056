import type { Style } from '../../engine/outcome.ts';
import { columns, cut, wrap } from '../../health/layout.ts';

// oxlint-disable-next-line no-control-regex -- a line of a file must not move the cursor
const UNPRINTABLE = /\u001b\[[0-?]*[ -/]*[@-~]|[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

/** A piece of a line of a file, as it can be shown: its blanks kept, nothing a terminal would obey. */
export function bare(text: string): string {
  return text.replaceAll('\t', ' ').replace(UNPRINTABLE, '');
}

export interface Picture {
  readonly line: number;
  /** 1-based, in UTF-16 units, as every place of this program. */
  readonly column: number;
  readonly length: number;
  readonly text: string;
  readonly hint: string;
  readonly severity: 'error' | 'warning' | 'unknown';
  /** Further lines below, dimmed. */
  readonly notes?: readonly string[];
}

const GUTTER = 8;
/** Columns kept before the caret when a line is too long to be shown from its beginning. */
const BEFORE = 12;

/** The line of a file with a caret under what is meant, and the way out beside it or below: as mistakes of the configuration are shown. */
export function picture(of: Picture, style: Style): readonly string[] {
  const bar = style.dim('│');
  const room = Math.max(10, style.width - GUTTER);
  const { shown, margin, underline } = cutOut(of, room);
  const mark = (of.severity === 'error' ? style.red : style.yellow)('^'.repeat(underline));
  const beside = of.hint !== '' && margin + underline + 1 + columns(of.hint) <= room;
  const below = (text: string, dress: (words: string) => string): readonly string[] => wrap(text, room).map((line) => `      ${bar} ${dress(line)}`);
  return [
    `${style.dim(String(of.line).padStart(5))} ${bar} ${shown}`.trimEnd(),
    `      ${bar} ${' '.repeat(margin)}${mark}${beside ? ` ${style.cyan(bare(of.hint))}` : ''}`,
    ...(beside || of.hint === '' ? [] : below(of.hint, style.cyan)),
    ...(of.notes ?? []).flatMap((note) => below(note, style.dim)),
  ];
}

/** The part of a line that holds the place: from its beginning where that fits, else from a little before it. */
function cutOut({ text, column, length }: Picture, room: number): { readonly shown: string; readonly margin: number; readonly underline: number } {
  const before = bare(text.slice(0, Math.max(0, column - 1)));
  const span = bare(text.slice(Math.max(0, column - 1), Math.max(0, column - 1) + Math.max(1, length)));
  const after = bare(text.slice(Math.max(0, column - 1) + Math.max(1, length)));
  const wide = Math.max(1, columns(span));
  const margin = columns(before);
  if (margin + Math.min(wide, BEFORE) <= room) return { shown: cut(before + span + after, room), margin, underline: Math.max(1, Math.min(wide, room - margin)) };
  const kept = lastColumns(before, Math.min(BEFORE, Math.floor(room / 3)) - 1);
  const from = columns(kept) + 1;
  return { shown: `…${cut(kept + span + after, room - 1)}`, margin: from, underline: Math.max(1, Math.min(wide, room - from)) };
}

/** The longest end that takes at most `width` columns. */
function lastColumns(text: string, width: number): string {
  let kept = '';
  for (const character of Array.from(text.slice(-4 * Math.max(1, width))).toReversed()) {
    if (columns(character + kept) > width) break;
    kept = character + kept;
  }
  return kept;
}
