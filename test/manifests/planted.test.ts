import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { allRules } from '../../scripts/manifests/only.ts';
import type { Report } from '../../scripts/manifests/findings/report.ts';
import { batches, judged, mended, missing, news, overlayOf, REFERENCE, reportOf, type Planted } from './planted.ts';

const SOAK = process.env['SOAK'] !== undefined;
/** Mistakes looked for together by default; one by one in the soak, and whenever together they are not found as they should. */
const TOGETHER = 8;

const lists = await Promise.all(globSync('planted/*.ts', { cwd: import.meta.dirname }).toSorted().map(async (file) => {
  const { PLANTED }: { readonly PLANTED: readonly Planted[] } = await import(join(import.meta.dirname, file));
  return { group: file.replace(/^planted\/|\.ts$/gu, ''), planted: PLANTED };
}));

const before = new Map<boolean, Promise<Report>>();
/** Our own tree as it is. */
function own(reference: boolean): Promise<Report> {
  const known = before.get(reference) ?? reportOf({ reference });
  before.set(reference, known);
  return known;
}
const wantsReference = ({ needs = [] }: Planted): boolean => [needs].flat().includes('reference');

async function wrongWith(planted: readonly Planted[]): Promise<readonly string[]> {
  const reference = planted.some(wantsReference);
  const overlay = overlayOf(planted);
  const found = news(await reportOf({ overlay, reference }), await own(reference));
  const wrong = judged(planted, found, await own(reference));
  if (wrong.length > 0 || planted.length > 1) return wrong;
  // What brings its own remedy is mended by it, and by it alone.
  const remedied = mended(overlay, found);
  if (remedied === undefined) return [];
  const left = news(await reportOf({ overlay: remedied, reference }), await own(reference)).filter((finding) => finding.rule === planted[0]?.rule);
  return left.map((finding) => `not mended by its fix: ${finding.message}`);
}

test('our own tree has no findings but for what is not here', async () => {
  const { findings } = await own(false);
  expect(findings.filter(({ severity }) => severity !== 'unknown').map(({ rule, spot, message }) => `${rule} ${spot.file}:${spot.line}: ${message}`)).toEqual([]);
}, 60_000);

test.runIf(existsSync(REFERENCE))('nor has it with charts and schemas at hand', async () => {
  const { findings } = await own(true);
  expect(findings.filter(({ severity }) => severity !== 'unknown').map(({ rule, spot, message }) => `${rule} ${spot.file}:${spot.line}: ${message}`)).toEqual([]);
}, 120_000);

describe('names', () => {
  test('each is of a rule there is, and told apart by its variant', () => {
    const known = new Set(allRules().map(({ id }) => id));
    const names = lists.flatMap(({ planted }) => planted.map(({ rule, variant }) => `${rule}, ${variant}`));
    expect(lists.flatMap(({ planted }) => planted.filter(({ rule }) => !known.has(rule)).map(({ rule }) => rule))).toEqual([]);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});

describe.each(lists.filter(({ planted }) => planted.length > 0))('$group', ({ planted }) => {
  for (const each of planted.filter((one) => missing(one) !== undefined)) test.runIf(missing(each) === undefined)(`${each.rule}, ${each.variant} (${missing(each) ?? ''})`, () => undefined);
  const here = planted.filter((one) => missing(one) === undefined);
  const sets = [here.filter(wantsReference), here.filter((one) => !wantsReference(one))].flatMap((set) => batches(set, SOAK ? 1 : TOGETHER));
  test.each(sets.map((set) => ({ name: set.map(({ rule, variant }) => `${rule}, ${variant}`).join('; '), set })))('$name', async ({ set }) => {
    const together = await wrongWith(set);
    if (together.length === 0 || set.length === 1) {
      expect(together).toEqual([]);
      return;
    }
    for (const one of set) expect(await wrongWith([one])).toEqual([]);
  }, 120_000);
});
