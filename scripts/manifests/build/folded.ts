import { EVENT_ID, parseEvents, SCALAR_STYLE } from 'js-yaml';

/** Whether a text may hold folded scalars (`>`). */
const FOLDED = /^[^#\n]*[>][-+0-9]*[ \t]*(?:#.*)?\r?$/m;

/**
 * A text as kustomize passes it on. Its library writes folded scalars out again on the way, with one empty line too many in front of
 * every line that is indented further than the one before: what is applied has that line.
 */
export function folded(text: string): string {
  if (!text.includes('>') || !FOLDED.test(text)) return text;
  const cuts: number[] = [];
  for (const event of parseEvents(text, {})) {
    if (event.type !== EVENT_ID.SCALAR || event.style !== SCALAR_STYLE.FOLDED_BLOCK) continue;
    const { valueStart, valueEnd } = event;
    let before: 'text' | 'indented' | undefined;
    let indent: number | undefined;
    let at = valueStart;
    for (const line of text.slice(valueStart, valueEnd).split('\n')) {
      const start = at;
      at += line.length + 1;
      if (line.trim() === '') continue;
      // The first line says how far all of them are indented; the header's own line is none.
      if (start === valueStart && /^[>|][-+0-9]*/.test(line.trim())) continue;
      indent ??= /^ */.exec(line)?.[0].length ?? 0;
      const further = /^[ \t]/.test(line.slice(indent));
      if (further && before === 'text') cuts.push(start);
      before = further ? 'indented' : 'text';
    }
  }
  return cuts.toReversed().reduce((out, cut) => `${out.slice(0, cut)}\n${out.slice(cut)}`, text);
}
