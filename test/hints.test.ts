import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

/** The object literal that begins at `from`, braces matched. */
function literal(text: string, from: number): string {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '{') depth += 1;
    else if (text[at] === '}' && (depth -= 1) === 0) return text.slice(from, at + 1);
  }
  return text.slice(from);
}

/** Failures without a next step, by what says so: our own mistakes, an interruption the person knows of, and those made of another one's parts. */
const EXEMPT: readonly (readonly [why: string, says: RegExp])[] = [
  ['a fault of the program tells to report it wherever it is shown', /exit: 'bug'/],
  ['who interrupted knows, and the run says how to go on', /exit: 'interrupted'/],
  ['its parts are spread in, hint included', /\.\.\.(?:parts\(|trouble|common)/],
];

test('every failure says what to do next, unless it is listed why not', () => {
  const files = readdirSync(join(ROOT, 'scripts'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const places = files.flatMap((file) => {
    const text = readFileSync(join(ROOT, 'scripts', file), 'utf8');
    return [...text.matchAll(/new (?:Tool)?Failure\(\{/g)].map((match) => ({ place: `scripts/${file}:${text.slice(0, match.index).split('\n').length}`, body: literal(text, match.index + match[0].length - 1) }));
  });
  expect(places.length).toBeGreaterThan(80);
  expect(places.filter(({ body }) => !/\bhint\b/.test(body) && !EXEMPT.some(([, says]) => says.test(body))).map(({ place }) => place)).toEqual([]);
  for (const [why, says] of EXEMPT) expect(places.some(({ body }) => says.test(body) && !/\bhint\b/.test(body)), why).toBe(true);
});
