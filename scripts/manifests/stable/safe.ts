// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const UNSAFE = /\u001b(?!\[\d+m)|[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Lines for a terminal, in which names out of a tree can do no more than be read: all it would obey is taken out, but for colours. */
export function safeLines(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.replaceAll(UNSAFE, '').replaceAll(/[\n\r\t]+/gu, ' '));
}
