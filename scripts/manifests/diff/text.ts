import { formatPatch, structuredPatch, type StructuredPatch } from 'diff';

/** Lines that differ, as `git diff` writes them, without the two lines that name files. */
export interface TextDiff { readonly hunks: readonly Hunk[]; readonly added: number; readonly removed: number }
export interface Hunk { readonly from: number; readonly to: number; /** Where in the YAML it begins. */ readonly at: string; /** Each with its mark: ' ', '+', '-', '\\'. */ readonly lines: readonly string[] }

const CONTEXT = 3;
/** Beyond so many edits two texts have nothing to do with each other, and looking for the shortest way would take for ever. */
const MOST_EDITS = 1_000;

/** The difference between two texts, by lines. Pure. */
export function textDiff(before: string, after: string): TextDiff {
  const patch = patchOf(before, after);
  const lines = after.split('\n');
  const old = before.split('\n');
  const hunks = patch.hunks.map((hunk): Hunk => {
    const first = hunk.lines.findIndex((line) => !line.startsWith(' '));
    const gone = hunk.lines[first]?.startsWith('-') === true;
    return { from: hunk.oldStart, to: hunk.newStart, at: gone ? pathAt(old, hunk.oldStart - 1 + first) : pathAt(lines, hunk.newStart - 1 + first), lines: hunk.lines };
  });
  const count = (mark: string): number => hunks.reduce((sum, hunk) => sum + hunk.lines.filter((line) => line.startsWith(mark)).length, 0);
  return { hunks, added: count('+'), removed: count('-') };
}

/** The same as a patch that `git apply` and `patch` take. */
export function patchText(before: string, after: string, file: string): string {
  return formatPatch({ ...patchOf(before, after), oldFileName: `a/${file}`, newFileName: `b/${file}` });
}

function patchOf(before: string, after: string): StructuredPatch {
  const patch = structuredPatch('a', 'b', before, after, undefined, undefined, { context: CONTEXT, maxEditLength: MOST_EDITS });
  return patch ?? replaced(before, after);
}

/** Everything out, everything in. */
function replaced(before: string, after: string): StructuredPatch {
  const of = (text: string, mark: string): readonly string[] => {
    const whole = text.endsWith('\n');
    const lines = (whole ? text.slice(0, -1) : text).split('\n');
    return text === '' ? [] : [...lines.map((line) => mark + line), ...(whole ? [] : ['\\ No newline at end of file'])];
  };
  const [out, into] = [of(before, '-'), of(after, '+')];
  const counted = (lines: readonly string[]): number => lines.filter((line) => !line.startsWith('\\')).length;
  return {
    oldFileName: 'a', newFileName: 'b', oldHeader: undefined, newHeader: undefined,
    hunks: [{ oldStart: out.length === 0 ? 0 : 1, oldLines: counted(out), newStart: into.length === 0 ? 0 : 1, newLines: counted(into), lines: [...out, ...into] }],
  };
}

/** The keys above a line of YAML as it is written here (two spaces a level): `spec.template.spec.containers[app]`. */
function pathAt(lines: readonly string[], index: number): string {
  const parts: string[] = [];
  let indent = indentOf(lines[index] ?? '');
  for (let i = index - 1; i >= 0 && indent > 0; i -= 1) {
    const line = lines[i] ?? '';
    const own = indentOf(line);
    if (line.trim() === '' || own >= indent) continue;
    const entry = /^ *- (?:name: (?<name>[\w./:-]+)$)?(?:(?<key>[\w./-]+):(?: [|>][-+\d]*)?$)?/.exec(line)?.groups;
    const key = /^ *(?<key>[\w./-]+|'[^']+'|"[^"]+"):(?: [|>][-+\d]*)?$/.exec(line)?.groups?.['key'];
    if (entry !== undefined) {
      // The dash stands two columns left of what it begins.
      parts.unshift(entry['name'] === undefined ? '[]' : `[${entry['name']}]`);
      indent = own;
    } else if (key !== undefined) {
      parts.unshift(key);
      indent = own;
    }
  }
  return parts.join('.').replaceAll('.[', '[');
}
const indentOf = (line: string): number => line.length - line.trimStart().length;
