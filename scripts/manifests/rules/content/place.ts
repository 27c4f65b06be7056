/** A piece of a text that is found at this offset and not before: the word there, else as much of its line as it takes. */
export function pieceAt(text: string, at: number, word: string | undefined): string | undefined {
  const lineEnd = text.indexOf('\n', at);
  const end = lineEnd < 0 ? text.length : lineEnd;
  const pieces = [word, text.slice(at, end), text.slice(text.lastIndexOf('\n', Math.max(0, at - 1)) + 1, end)];
  return pieces.find((piece) => piece !== undefined && piece.trim() !== '' && !piece.includes('\n') && text.indexOf(piece) === at) ?? pieces.slice(1).find((piece) => piece !== undefined && piece.trim() !== '');
}
