/**
 * How many columns a text takes on a terminal, and cutting it to fit. Dressed text (colour sequences) is measured
 * without its dress. Everything that comes from a machine or a cluster goes through `clean` first: a message with
 * line breaks would break a frame, one with escape sequences could rewrite the screen.
 */

// A colour or cursor sequence (CSI), an operating-system command (OSC), or a single escape.
// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const ESCAPE = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-_]?)/gu;
// oxlint-disable-next-line no-control-regex -- as above
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu;
// Printable ASCII, Latin letters, dashes, dots, arrows, blocks and our marks are one column each and combine with
// nothing: nearly every line of ours, and about twenty times faster than asking the segmenter.
const ONE_EACH = /^[\u0020-\u007e\u00a0-\u00ac\u00ae-\u02ff\u2010-\u2027\u2190-\u2199\u2500-\u25fc\u2713-\u2718]*$/u;
const ASCII = /^[\u0020-\u007e]*$/u;
const EMOJI = /\p{Emoji_Presentation}|\p{Emoji}\uFE0F/u;
const ZERO = /^[\p{Mark}\p{Cf}\u200b-\u200d\ufe00-\ufe0f]+$/u;

// Made when first needed: it takes 9 ms, a third of a `task --list`, which needs none.
let segmenter: Intl.Segmenter | undefined;
function graphemes(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return segmenter.segment(text);
}

/** Removes what a terminal would obey (escape sequences, control and direction characters); breaks become one space. */
export function clean(text: string): string {
  if (ASCII.test(text)) return text;
  return text.replace(ESCAPE, '').replace(CONTROL, ' ');
}

/** Columns of one user-perceived character: 0 for a lone combining mark, 2 for wide East Asian and emoji, else 1. */
function graphemeWidth(grapheme: string): 0 | 1 | 2 {
  const point = grapheme.codePointAt(0) ?? 0;
  if (point < 0x20 || (point >= 0x7f && point < 0xa0)) return 0;
  if (ZERO.test(grapheme)) return 0;
  return isWide(point) || EMOJI.test(grapheme) ? 2 : 1;
}

/** The blocks Unicode's East Asian Width table calls wide or fullwidth, in ranges coarse enough to read. */
function isWide(point: number): boolean {
  return (
    (point >= 0x1100 && point <= 0x115f) || // Hangul leading consonants
    (point >= 0x2e80 && point <= 0x303e) || // radicals, CJK punctuation
    (point >= 0x3041 && point <= 0x33ff) || // kana, enclosed CJK
    (point >= 0x3400 && point <= 0x4dbf) || // extension A
    (point >= 0x4e00 && point <= 0xa4cf) || // unified ideographs, Yi
    (point >= 0xa960 && point <= 0xa97f) || // Hangul extended A
    (point >= 0xac00 && point <= 0xd7a3) || // Hangul syllables
    (point >= 0xf900 && point <= 0xfaff) || // compatibility ideographs
    (point >= 0xfe30 && point <= 0xfe6f) || // compatibility and small forms
    (point >= 0xff01 && point <= 0xff60) || // fullwidth forms
    (point >= 0xffe0 && point <= 0xffe6) ||
    (point >= 0x1f300 && point <= 0x1faff) || // pictographs
    (point >= 0x20000 && point <= 0x3fffd) // further ideographs
  );
}

/** Columns `text` takes on a terminal; escape sequences take none. */
export function displayWidth(text: string): number {
  if (ONE_EACH.test(text)) return text.length;
  const bare = text.replace(ESCAPE, '');
  if (ONE_EACH.test(bare)) return bare.length;
  let width = 0;
  for (const { segment } of graphemes(bare)) width += graphemeWidth(segment);
  return width;
}

/** Cuts undressed text to at most `width` columns; what was cut is shown by an ellipsis. */
export function truncate(text: string, width: number): string {
  if (width <= 0) return '';
  if (displayWidth(text) <= width) return text;
  return `${take(text, width - 1)}…`;
}

/** The longest beginning of undressed text that takes at most `width` columns. */
function take(text: string, width: number): string {
  if (ONE_EACH.test(text)) return text.slice(0, Math.max(0, width));
  let used = 0;
  let kept = '';
  for (const { segment } of graphemes(text)) {
    const next = graphemeWidth(segment);
    if (used + next > width) break;
    used += next;
    kept += segment;
  }
  return kept;
}

/** Cuts or pads undressed text to exactly `width` columns. */
export function cell(text: string, width: number): string {
  const cut = truncate(text, width);
  return cut + ' '.repeat(Math.max(0, width - displayWidth(cut)));
}

/** Pads (dressed or undressed) text on the right to `width` columns; longer text is left alone. */
export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

/** Cuts dressed text to at most `width` columns, keeping its dress and closing it. */
export function fit(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let used = 0;
  let kept = '';
  let last = 0;
  let dressed = false;
  for (const match of text.matchAll(ESCAPE)) {
    const plain = take(text.slice(last, match.index), width - used);
    kept += plain + match[0];
    used += displayWidth(plain);
    dressed = true;
    last = match.index + match[0].length;
  }
  kept += take(text.slice(last), width - used);
  return dressed ? `${kept}\u001b[0m` : kept;
}

/** Breaks undressed text into lines of at most `width` columns at spaces; a longer word is cut where it must be. */
export function wrap(text: string, width: number): string[] {
  const room = Math.max(1, width);
  const lines: string[] = [];
  let line = '';
  const flush = (): void => {
    if (line !== '') lines.push(line);
    line = '';
  };
  for (const word of text.split(' ')) {
    if (word === '') continue;
    const joined = line === '' ? word : `${line} ${word}`;
    if (displayWidth(joined) <= room) {
      line = joined;
      continue;
    }
    flush();
    let rest = word;
    while (displayWidth(rest) > room) {
      const head = take(rest, room);
      // A two-column character in a one-column room: nothing can be taken, so it is given up rather than looped on.
      if (head === '') return lines;
      lines.push(head);
      rest = rest.slice(head.length);
    }
    line = rest;
  }
  flush();
  return lines;
}
