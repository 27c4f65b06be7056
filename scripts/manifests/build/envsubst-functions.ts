/** What the operators of `${name<operator>...}` do to a value; lengths and offsets count bytes, as in the library Flux uses. */

/** Operators that stand for a missing value themselves. All of them behave as `:-`; `:+` and `:?` too, unlike in a shell. */
export function isDefault(operator: string): boolean {
  return operator === '=' || operator === ':=' || operator === ':-' || operator === ':+' || operator === ':?';
}

/** Applies one operator. */
export function expand(operator: string, value: string, args: readonly string[]): string {
  switch (operator) {
    case ',': return first(value, (letter) => letter.toLowerCase());
    case ',,': return value.toLowerCase();
    case '^': return first(value, (letter) => letter.toUpperCase());
    case '^^': return value.toUpperCase();
    case '#': return args.length === 0 ? String(Buffer.byteLength(value)) : trim(value, args[0] ?? '', false);
    case '##': return trim(value, args[0] ?? '', true);
    case '%': return reversed(trim(reversed(value), reversed(args[0] ?? ''), false));
    case '%%': return reversed(trim(reversed(value), reversed(args[0] ?? ''), true));
    case ':': return substring(value, args);
    case '/#': return args.length === 2 && value.startsWith(args[0] ?? '') ? (args[1] ?? '') + value.slice((args[0] ?? '').length) : value;
    case '/%': return args.length === 2 && value.endsWith(args[0] ?? '') ? value.slice(0, value.length - (args[0] ?? '').length) + (args[1] ?? '') : value;
    case '/': return replaceFirst(value, args[0] ?? '', args[1] ?? '');
    case '//': return args[0] === '' ? between(value, args[1] ?? '') : value.replaceAll(args[0] ?? '', () => args[1] ?? '');
    default: return value === '' ? args.join('') : value;
  }
}

function first(value: string, change: (letter: string) => string): string {
  const [letter] = value;
  if (letter === undefined) return value;
  const changed = change(letter);
  // One character stays one character, as in Go.
  return ([...changed].length === 1 ? changed : letter) + value.slice(letter.length);
}
function replaceFirst(value: string, from: string, to: string): string {
  const at = value.indexOf(from);
  return at < 0 ? value : value.slice(0, at) + to + value.slice(at + from.length);
}
function between(value: string, to: string): string {
  return to + [...value].map((letter) => letter + to).join('');
}
function reversed(value: string): string { return [...value].toReversed().join(''); }

/** A whole number as Go reads one; undefined when it is none. */
function whole(text: string | undefined): number | undefined {
  return text !== undefined && /^[-+]?\d+$/.test(text) ? Number(text) : undefined;
}
function substring(value: string, args: readonly string[]): string {
  const offset = whole(args[0]);
  if (offset === undefined) return value;
  const bytes = Buffer.from(value);
  const from = offset < 0 ? Math.max(0, bytes.length + offset) : offset;
  if (args.length < 2) return bytes.subarray(Math.min(from, bytes.length)).toString();
  const length = whole(args[1]);
  if (length === undefined) return value;
  const to = length < 0 ? bytes.length + length : from + length;
  return to < from || from >= bytes.length ? '' : bytes.subarray(from, Math.min(to, bytes.length)).toString();
}

/** Takes the shortest or the longest beginning away that a pattern matches. */
function trim(value: string, pattern: string, longest: boolean): string {
  let found = '';
  for (let length = value.length; length > 0; length -= 1) {
    const start = value.slice(0, length);
    const matches = matchesPattern(pattern, start);
    if (matches === undefined) return value;
    if (!matches) continue;
    if (longest) return value.slice(length);
    found = start;
  }
  return value.slice(found.length);
}

/** Whether a pattern of `*`, `?`, `[a-z]` and `\` matches a whole text; undefined when it is malformed, where that is noticed. */
export function matchesPattern(pattern: string, name: string): boolean | undefined {
  let rest = pattern;
  let left = name;
  scan: while (rest.length > 0) {
    let star = false;
    while (rest.startsWith('*')) { rest = rest.slice(1); star = true; }
    const length = chunkLength(rest);
    const chunk = rest.slice(0, length);
    rest = rest.slice(length);
    if (star && chunk === '') return true;
    const here = matchChunk(chunk, left);
    if (typeof here === 'string' && (here === '' || rest.length > 0)) { left = here; continue; }
    if (here === undefined) return undefined;
    if (star) {
      for (let skip = 0; skip < left.length; skip += 1) {
        const there = matchChunk(chunk, left.slice(skip + 1));
        if (there === undefined) return undefined;
        if (there === false || (rest.length === 0 && there.length > 0)) continue;
        left = there;
        continue scan;
      }
    }
    return false;
  }
  return left === '';
}

function chunkLength(pattern: string): number {
  let inRange = false;
  let at = 0;
  for (; at < pattern.length; at += 1) {
    const here = pattern[at];
    if (here === '\\') at += at + 1 < pattern.length ? 1 : 0;
    else if (here === '[') inRange = true;
    else if (here === ']') inRange = false;
    else if (here === '*' && !inRange) break;
  }
  return at;
}

/** What is left of a text behind a chunk; false when it does not begin with it; undefined when the chunk is malformed. */
function matchChunk(pattern: string, text: string): string | false | undefined {
  let chunk = pattern;
  let left = text;
  while (chunk.length > 0) {
    if (left === '') return false;
    if (chunk.startsWith('[')) {
      const letter = left.codePointAt(0) ?? 0;
      left = left.slice(letter > 0xffff ? 2 : 1);
      const parsed = range(chunk.slice(1), letter);
      if (parsed === undefined) return undefined;
      if (!parsed.in) return false;
      chunk = parsed.rest;
      continue;
    }
    if (chunk.startsWith('?')) { left = left.slice((left.codePointAt(0) ?? 0) > 0xffff ? 2 : 1); chunk = chunk.slice(1); continue; }
    if (chunk.startsWith('\\')) {
      chunk = chunk.slice(1);
      if (chunk === '') return undefined;
    }
    if (chunk[0] !== left[0]) return false;
    left = left.slice(1);
    chunk = chunk.slice(1);
  }
  return left;
}

function range(pattern: string, letter: number): { readonly in: boolean; readonly rest: string } | undefined {
  const negated = pattern.startsWith('^');
  let rest = negated ? pattern.slice(1) : pattern;
  let inside = false;
  for (let count = 0; !(rest.startsWith(']') && count > 0); count += 1) {
    const low = escaped(rest);
    if (low === undefined) return undefined;
    const high = low.rest.startsWith('-') ? escaped(low.rest.slice(1)) : low;
    if (high === undefined) return undefined;
    if (low.letter <= letter && letter <= high.letter) inside = true;
    rest = high.rest;
  }
  return { in: inside !== negated, rest: rest.slice(1) };
}
function escaped(pattern: string): { readonly letter: number; readonly rest: string } | undefined {
  if (pattern === '' || pattern.startsWith('-') || pattern.startsWith(']')) return undefined;
  const chunk = pattern.startsWith('\\') ? pattern.slice(1) : pattern;
  const letter = chunk.codePointAt(0);
  if (letter === undefined) return undefined;
  const rest = chunk.slice(letter > 0xffff ? 2 : 1);
  return rest === '' ? undefined : { letter, rest };
}
