import { numberOf, plainValue } from './yaml.ts';

/**
 * How a text is written into YAML by the library Flux uses before it fills in variables. It matters because variables are filled in
 * in that text: `${N}` stands there without quotes and becomes a number, `[${N}]` stands there in quotes and stays text.
 */
export type Style = 'plain' | 'single' | 'double' | 'literal';

export function styleOf(text: string): Style {
  const { plain, single, block } = analysis(text);
  if (text.includes('\n')) return block ? 'literal' : 'double';
  if (!plainly(text)) return 'double';
  return plain ? 'plain' : single ? 'single' : 'double';
}

/** Whether a text without quotes would be read as text again. */
function plainly(text: string): boolean {
  if (plainValue(text, true) !== text || numberOf(text) !== undefined) return false;
  // Numbers to base 60, and moments, are put in quotes for the sake of other readers.
  return text !== '<<' && !/^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/.test(text) && !/^\d{4}-\d{1,2}-\d{1,2}(?:$|[Tt ]\d)/.test(text);
}

// eslint-disable-next-line no-control-regex -- what cannot be printed is what is looked for
const SPECIAL = /[\u0000-\u0009\u000b-\u001f\u007f-\u0084\u0086-\u009f\ud800-\udfff\ufeff\ufffe\uffff]/;
const BREAK = /[\n\r\u0085\u2028\u2029]/;

/** Which styles may hold a text. */
function analysis(text: string): { readonly plain: boolean; readonly single: boolean; readonly block: boolean } {
  if (text === '') return { plain: false, single: true, block: false };
  const special = SPECIAL.test(text.replaceAll(/[\u{10000}-\u{10FFFF}]/gu, ''));
  const breaks = BREAK.test(text);
  const spaceBreak = / [\n\r\u0085\u2028\u2029]/.test(text);
  const breakSpace = /[\n\r\u0085\u2028\u2029] /.test(text);
  const edges = /^[ \n\r\u0085\u2028\u2029]|[ \n\r\u0085\u2028\u2029]$/.test(text);
  const wrong = spaceBreak || special;
  return {
    plain: !wrong && !breakSpace && !breaks && !edges && !indicators(text),
    single: !wrong && !breakSpace,
    block: !wrong && !text.endsWith(' '),
  };
}

function indicators(text: string): boolean {
  if (/^(?:---|\.\.\.)/.test(text)) return true;
  if (/^[#,[\]{}&*!|>'"%@`]/.test(text)) return true;
  if (/^[-?:](?:[\s\u0085\u2028\u2029]|$)/.test(text)) return true;
  return /:(?:[\s\u0085\u2028\u2029]|$)/.test(text) || /[\s\u0085\u2028\u2029]#/.test(text);
}

/** A text as it is written in a style, with what is inside `fill`ed in; on a line of its own behind `start`. */
export function written(text: string, style: Style, start: string, fill: (text: string) => string): string {
  switch (style) {
    case 'plain': return `${start} ${fill(text)}\n`;
    case 'single': return `${start} '${fill(text.replaceAll("'", "''"))}'\n`;
    case 'double': return `${start} "${fill(JSON.stringify(text).slice(1, -1))}"\n`;
    case 'literal': {
      const hint = /^[ \n]/.test(text) ? '2' : '';
      const chomp = !text.endsWith('\n') ? '-' : text.endsWith('\n\n') || text === '\n' ? '+' : '';
      return `${start} |${hint}${chomp}\n${fill(text.replaceAll(/^(?=.)/gm, '  '))}${text.endsWith('\n') ? '' : '\n'}`;
    }
  }
}
