import { plain } from '../../health/layout.ts';
import type { Verdict } from '../../engine/verdict.ts';

/** HTML that is put into the page as it is. Only `h` makes it, and `h` escapes whatever is not made by itself. */
export class Markup {
  readonly html: string;
  constructor(html: string) {
    this.html = html;
  }
}
export type Piece = string | number | Markup | readonly Markup[];

/** A piece of the page: h`<b>${name}</b>`. Every text in it is escaped, and has neither control characters nor line breaks. */
export function h(texts: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  return new Markup(texts.reduce((html, text, index) => html + (index === 0 ? '' : shown(pieces[index - 1] ?? '')) + text, ''));
}
function shown(piece: Piece): string {
  if (piece instanceof Markup) return piece.html;
  if (typeof piece === 'number') return String(piece);
  return typeof piece === 'string' ? escape(piece) : piece.map(({ html }) => html).join('');
}
/** Any text from outside, safe in HTML and XML, in content and in quoted attributes. */
export function escape(text: string): string {
  // XML knows no lone surrogates and no U+FFFE and U+FFFF, not even escaped.
  return plain(text).toWellFormed().replaceAll(/[\uFFFE\uFFFF]/g, '').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}
export const NOTHING = h``;

export type Tone = 'pass' | 'fail' | 'unknown' | 'skip';
const SIGNS: Readonly<Record<Tone, string>> = { pass: '✔', fail: '✖', unknown: '?', skip: '–' };
/** A mark is sign, word and colour: each says it without the others. */
export function mark(tone: Tone, word: string): Markup {
  return h`<span class="mark ${tone}"><span aria-hidden="true">${SIGNS[tone]}</span> ${word}</span>`;
}
/** The mark, and why, where there is something to say. */
export function verdictCell(verdict: Verdict): Markup {
  const sign = mark(verdict.is, verdict.is === 'unknown' ? 'cannot tell' : verdict.is);
  return verdict.because === undefined || verdict.because === '' ? sign : h`${sign}<div class="why">${verdict.because}</div>`;
}

export interface Column { readonly head: string; /** n: a number; w: wide; f: wider; a: may be broken anywhere (hashes, paths); b: left blank for people to write in. */ readonly as?: 'n' | 'w' | 'f' | 'a' | 'b' }
/** A table with a caption; on a phone each row becomes a card whose cells carry their heading. An empty one is a sentence. */
export function table(caption: string, columns: readonly Column[], rows: readonly (readonly Piece[])[], empty = 'none'): Markup {
  if (rows.length === 0) return h`<p class="none">${caption}: ${empty}</p>`;
  const head = columns.map((column) => h`<th scope="col" class="${column.as ?? ''}">${column.head}</th>`);
  const body = rows.map((row) => h`<tr>${row.map((cell, index) => {
    const column = columns[index] ?? { head: '' };
    return index === 0 ? h`<th scope="row" data-head="${column.head}">${cell}</th>` : h`<td data-head="${column.head}" class="${column.as ?? ''}">${cell}</td>`;
  })}</tr>
`);
  return h`<div class="table"><table><caption>${caption}</caption><thead><tr>${head}</tr></thead><tbody>
${body}</tbody></table></div>`;
}

export function section(id: string, title: string, ...body: readonly Markup[]): Markup {
  return h`
<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
${body}</section>`;
}
/** What is long and seldom read: folded on a screen, open on paper. */
export function fold(says: string, ...body: readonly Markup[]): Markup {
  return h`<details><summary>${says}</summary>${body}</details>`;
}
export function list(items: readonly string[], empty: string): Markup {
  return items.length === 0 ? h`<p class="none">${empty}</p>` : h`<ul>${items.map((item) => h`<li>${item}</li>`)}</ul>`;
}
/** Name and value pairs. */
export function facts(pairs: readonly (readonly [name: string, value: Piece])[]): Markup {
  return h`<dl class="facts">${pairs.map(([name, value]) => h`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}
