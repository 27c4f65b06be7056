import type { Redactor } from './doors.ts';

/** What stands where a secret was. */
export const REDACTED = '[redacted]';
/** Shorter values would blank out ordinary words ("infra", "6443") and tell more than they hide. */
const SHORTEST = 6;
/** A line of a multi-line value (a PEM body, a JSON credential) is a secret of its own from this length on. */
const SHORTEST_LINE = 13;

/**
 * A redactor without values; `add` teaches it. Finds a value raw, in base64 at any of the three alignments (so also inside
 * a larger base64 text such as an encoded kubeconfig), as base64 of base64, URL-encoded, JSON-escaped (once and twice, also as Go does for pages), in YAML's single quotes, and each longer line of it.
 * Overlapping finds are blanked as one, so no end of a longer secret is left behind a shorter one.
 */
export function makeRedactor(values: Iterable<string> = []): Redactor {
  const index = makeIndex();
  const known = new Set<string>();
  const learn = (value: string): void => {
    if (known.has(value)) return;
    known.add(value);
    for (const spelling of spellingsOf(value)) index.add(spelling);
  };
  for (const value of values) learn(value);
  return {
    add: learn,
    redact: (text) => (index.size === 0 || text.length < SHORTEST ? text : blank(text, index)),
  };
}

/** Every spelling a value may be met in; empty for values too short to be looked for. */
export function spellingsOf(value: string): ReadonlySet<string> {
  const found = new Set<string>();
  const whole = value.trim();
  if (whole.length < SHORTEST) return found;
  const texts = [value, whole];
  if (whole.includes('\n')) {
    for (const line of whole.split(/\r?\n/)) {
      const text = line.trim();
      if (text.length >= SHORTEST_LINE && !/^-----.*-----$/.test(text)) texts.push(text);
    }
  }
  for (const text of texts) {
    if (text.length < SHORTEST) continue;
    found.add(text);
    const escaped = JSON.stringify(text).slice(1, -1);
    found.add(escaped);
    found.add(JSON.stringify(escaped).slice(1, -1));
    // Go's encoding/json writes <, > and & as numbers, so that a page may hold them.
    const forPages = escaped.replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
    found.add(forPages);
    found.add(JSON.stringify(forPages).slice(1, -1));
    // YAML's single quotes double a quote; a literal block and double quotes are as raw text and JSON.
    found.add(text.replaceAll("'", "''"));
    for (const spelling of inAddresses(text.toWellFormed())) found.add(spelling);
    const encoded = Buffer.from(text, 'utf8').toString('base64');
    found.add(encoded);
    found.add(Buffer.from(text, 'utf8').toString('base64url'));
    found.add(Buffer.from(encoded, 'utf8').toString('base64'));
    for (const part of alignments(text)) found.add(part);
    for (const part of alignments(encoded)) found.add(part);
  }
  return found;
}

/** Per cent signs as JavaScript puts them, as Go does in a path and in a query, and with small letters. */
function inAddresses(text: string): readonly string[] {
  const usual = encodeURIComponent(text);
  const strict = usual.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  const form = new URLSearchParams([['', text]]).toString().slice(1);
  return [usual, strict, strict.replaceAll('%20', '+'), form].flatMap((each) => [each, each.replace(/%[0-9A-F]{2}/g, (found) => found.toLowerCase())]);
}

/** The characters of base64 that depend on `text` alone, for each of the three places it can start at in a larger text. */
function alignments(text: string): string[] {
  const parts: string[] = [];
  for (const before of [0, 1, 2]) {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(text, 'utf8')]);
    const encoded = bytes.toString('base64').replace(/=+$/, '');
    const head = before === 0 ? 0 : before + 1;
    const tail = bytes.length % 3 === 0 ? encoded.length : encoded.length - 1;
    const part = encoded.slice(head, tail);
    if (part.length >= SHORTEST) parts.push(part);
  }
  return parts;
}

/** Spellings by how they begin. No spelling is shorter than SHORTEST, so that many characters are always there to look at. */
interface Index {
  readonly size: number;
  add(spelling: string): void;
  /** Whether a spelling may begin with the characters whose rolling number this is; never a wrong no. */
  maybe(rolled: number): boolean;
  /** Length of the longest spelling that stands in `text` at `at`; 0 for none. */
  lengthAt(text: string, at: number): number;
}

/** Bits of the rolling number, and by how many a character moves it: after SHORTEST characters one has left it. */
const BITS = 18;
const SHIFT = BITS / SHORTEST;
const roll = (rolled: number, code: number): number => ((rolled << SHIFT) ^ code) & ((1 << BITS) - 1);

/** Every event's every text passes here, and there are thousands of spellings: one pattern of all of them took a fifth of a create's time. */
function makeIndex(): Index {
  const byStart = new Map<string, string[]>();
  const starts = new Uint8Array(1 << BITS);
  let size = 0;
  return {
    get size() { return size; },
    add(spelling) {
      const start = spelling.slice(0, SHORTEST);
      const same = byStart.get(start) ?? [];
      if (same.includes(spelling)) return;
      byStart.set(start, [...same, spelling].toSorted((a, b) => b.length - a.length));
      let rolled = 0;
      for (let i = 0; i < SHORTEST; i += 1) rolled = roll(rolled, start.charCodeAt(i));
      starts[rolled] = 1;
      size += 1;
    },
    maybe: (rolled) => starts[rolled] === 1,
    lengthAt: (text, at) => byStart.get(text.slice(at, at + SHORTEST))?.find((spelling) => text.startsWith(spelling, at))?.length ?? 0,
  };
}

/** Looks at every place of the text, also inside of what was found, so that overlapping finds are all seen. */
function blank(text: string, index: Index): string {
  let out = '';
  let copied = 0;
  let from = -1;
  let to = -1;
  let rolled = 0;
  for (let last = 0; last < text.length; last += 1) {
    rolled = roll(rolled, text.charCodeAt(last));
    const start = last - SHORTEST + 1;
    if (start < 0 || !index.maybe(rolled)) continue;
    const length = index.lengthAt(text, start);
    if (length === 0) continue;
    const end = start + length;
    if (from < 0) { from = start; to = end; }
    else if (start <= to) to = Math.max(to, end);
    else {
      out += text.slice(copied, from) + REDACTED;
      copied = to;
      from = start;
      to = end;
    }
  }
  if (from < 0) return text;
  return out + text.slice(copied, from) + REDACTED + text.slice(to);
}
