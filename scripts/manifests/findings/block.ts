/** Lines by their indentation alone: comments must also be understood in a file that is no YAML at the moment, and a parse costs more than all rules. */

const isBlank = (line: string): boolean => line.trim() === '';
const isComment = (line: string): boolean => /^\s*#/u.test(line);
const isMarker = (line: string): boolean => /^(?:---|\.\.\.)(?:\s|$)/u.test(line);
const isItem = (line: string): boolean => /^\s*-(?:\s|$)/u.test(line);
const indentOf = (line: string): number => line.length - line.trimStart().length;

/**
 * First and last line (1-based) of the node a comment speaks of: the one that begins on its line, or on the next line that
 * is more than a comment.
 */
export function blockOf(lines: readonly string[], comment: number): readonly [from: number, to: number] {
  let first = comment;
  if (isComment(lines[comment] ?? '')) {
    first += 1;
    while (first < lines.length && (isBlank(lines[first] ?? '') || isComment(lines[first] ?? '') || isMarker(lines[first] ?? ''))) first += 1;
  }
  const head = lines[first] ?? '';
  const indent = indentOf(head);
  // The items of a list may stand below their key without indentation.
  const items = !isItem(head) && /:(?:\s+[&!]\S+)*\s*(?:#.*)?$/u.test(head);
  let last = first;
  for (let at = first + 1; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (isBlank(line) || (isComment(line) && indentOf(line) <= indent)) continue;
    if (isMarker(line)) break;
    const closes = indentOf(line) === indent && /^\s*[\]}]/u.test(line);
    if (indentOf(line) <= indent && !closes && !(items && indentOf(line) === indent && isItem(line))) break;
    last = at;
  }
  return [first + 1, last + 1];
}

/** First and last line (1-based) of the document a line is in. What stands above the first `---` belongs to what follows it. */
export function documentOf(lines: readonly string[], line: number): readonly [from: number, to: number] {
  const holds = (from: number, to: number): boolean => lines.slice(from, to).some((each) => !isBlank(each) && !isComment(each) && !isMarker(each));
  const starts = lines.flatMap((each, index) => (/^---(?:\s|$)/u.test(each) ? [index] : []));
  const bounds = [0, ...starts.filter((start) => holds(0, start)), lines.length];
  const at = bounds.findLastIndex((start) => start <= line);
  return [(bounds[at] ?? 0) + 1, bounds[at + 1] ?? lines.length];
}
