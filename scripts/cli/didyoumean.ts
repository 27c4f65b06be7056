import { lookAlike } from '../config/words.ts';
import { clean } from '../terminal/width.ts';

export { lookAlike };

/**
 * How many single-character edits (insert, delete, replace, swap two neighbours) turn `a` into `b`: the
 * Damerau-Levenshtein distance, in its "optimal string alignment" form, which is enough for typing mistakes.
 */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** The same name for two spellings people mix up: case, and `-`, `_`, `.` or `/` where a colon belongs. */
function folded(word: string): string {
  return word.toLowerCase().replace(/[-_./]/gu, ':');
}

/** A word as it may stand in a message: nobody reads hundreds of characters, and a terminal must not obey any. */
export function short(word: string): string {
  const shown = clean(word);
  return shown.length <= LONGEST ? shown : `${shown.slice(0, LONGEST - 1)}…`;
}

/** Longer words would make the distance slow to compute, and nobody means a name by 200 characters. */
const LONGEST = 64;

/**
 * What `word` was probably meant to be, or undefined when nothing is near enough. Same letters in another case or with
 * another separator win; then the whole last part of a name (`health` for `cluster:health`, when only one has it);
 * then the nearest within a third of the word's length.
 */
export function didYouMean(word: string, candidates: readonly string[]): string | undefined {
  if (word === '' || word.length > LONGEST) return undefined;
  const wanted = folded(word);
  const same = candidates.find((candidate) => folded(candidate) === wanted);
  if (same !== undefined) return same;
  const byPart = candidates.filter((candidate) => candidate.includes(':') && folded(candidate).endsWith(`:${wanted}`));
  if (byPart.length === 1) return byPart[0];
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - wanted.length) >= bestDistance) continue;
    const distance = editDistance(wanted, folded(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best ?? byPart[0];
}
