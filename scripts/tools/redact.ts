import type { Redactor } from './doors.ts';

/** What stands where a secret was. */
export const REDACTED = '[redacted]';
/** Shorter values would blank out ordinary words ("infra", "6443") and tell more than they hide. */
const SHORTEST = 6;
/** A line of a multi-line value (a PEM body, a JSON credential) is a secret of its own from this length on. */
const SHORTEST_LINE = 13;

/**
 * A redactor without values; `add` teaches it. Finds a value raw, in base64 at any of the three alignments (so also inside
 * a larger base64 text such as an encoded kubeconfig), as base64 of base64, URL-encoded, JSON-escaped (once and twice), and each longer line of it.
 * Overlapping finds are blanked as one, so no end of a longer secret is left behind a shorter one.
 */
export function makeRedactor(values: Iterable<string> = []): Redactor {
  const spellings = new Set<string>();
  let pattern: RegExp | undefined;
  const learn = (value: string): void => {
    for (const spelling of spellingsOf(value)) {
      if (spellings.has(spelling)) continue;
      spellings.add(spelling);
      pattern = undefined;
    }
  };
  for (const value of values) learn(value);
  return {
    add: learn,
    redact(text) {
      if (spellings.size === 0 || text.length < SHORTEST) return text;
      pattern ??= patternOf(spellings);
      return blank(text, pattern);
    },
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
    found.add(encodeURIComponent(text.toWellFormed()));
    const encoded = Buffer.from(text, 'utf8').toString('base64');
    found.add(encoded);
    found.add(Buffer.from(text, 'utf8').toString('base64url'));
    found.add(Buffer.from(encoded, 'utf8').toString('base64'));
    for (const part of alignments(text)) found.add(part);
    for (const part of alignments(encoded)) found.add(part);
  }
  return found;
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

/** One pattern for all spellings. It only looks ahead, so that overlapping finds are all seen; longest first at each place. */
function patternOf(spellings: ReadonlySet<string>): RegExp {
  const longestFirst = [...spellings].toSorted((a, b) => b.length - a.length);
  return new RegExp(`(?=(${longestFirst.map((text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`)).join('|')}))`, 'g');
}

function blank(text: string, pattern: RegExp): string {
  let out = '';
  let copied = 0;
  let from = -1;
  let to = -1;
  for (const match of text.matchAll(pattern)) {
    const start = match.index;
    const end = start + (match[1]?.length ?? 0);
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
