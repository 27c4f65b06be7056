/** A piece of a text that stands at this offset and nowhere before: the word there, else the rest of its line, else the line. */
export function pieceAt(text: string, at: number, word: string | undefined): string | undefined {
  const start = text.lastIndexOf('\n', Math.max(0, at - 1)) + 1;
  const lineEnd = text.indexOf('\n', at);
  const end = lineEnd < 0 ? text.length : lineEnd;
  const first = (piece: string | undefined, from: number): piece is string => piece !== undefined && piece.trim() !== '' && !piece.includes('\n') && text.indexOf(piece) === from;
  const rest = text.slice(at, end);
  const line = text.slice(start, end);
  if (first(word, at)) return word;
  if (first(rest, at)) return rest;
  return line.trim() === '' ? undefined : line;
}
