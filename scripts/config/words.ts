/** Edits (insert, delete, replace, swap neighbours) between two words, for "did you mean". */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const above = rows[i - 1] ?? [];
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (above[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, (rows[i - 2]?.[j - 2] ?? 0) + 1);
      row.push(best);
    }
    rows.push(row);
  }
  return rows[a.length]?.[b.length] ?? 0;
}

/** The candidate nearest to a word, if one is within a third of its length; nobody means a name of over 80 characters. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  if (word === '' || word.length > 80) return undefined;
  const reach = Math.max(1, Math.floor(word.length / 3));
  let best: { readonly name: string; readonly far: number } | undefined;
  for (const name of candidates) {
    if (Math.abs(name.length - word.length) > reach) continue;
    const far = distance(word.toLowerCase(), name.toLowerCase());
    if (far <= reach && (best === undefined || far < best.far)) best = { name, far };
  }
  return best?.name;
}

/** The first character of a word that is none of a keyboard's plain ones, named by its number: some look exactly like others. */
export function lookAlike(word: string): string | undefined {
  const found = [...word].find((character) => character > '~' || character < ' ');
  return found === undefined ? undefined : `the ${/[\p{L}\p{N}\p{P}\p{S}]/u.test(found) ? `"${found}"` : 'invisible character'} in it is U+${(found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** "did you mean X?" when something is near, else `otherwise`. */
export function meant(word: string, candidates: Iterable<string>, otherwise: string): string {
  const near = nearest(word, candidates);
  return near === undefined ? otherwise : `did you mean ${near}?`;
}

/** `a, b and c`; `nothing` for none. */
export function listed(words: readonly string[]): string {
  if (words.length === 0) return 'nothing';
  return words.length === 1 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
}
