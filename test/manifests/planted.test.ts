import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { allRules } from '../../scripts/manifests/only.ts';
import type { Report } from '../../scripts/manifests/findings/report.ts';
import { alike, batches, judged, mended, missing, news, overlayOf, REFERENCE, reportOf, sampled, type Planted } from './planted.ts';

const SOAK = process.env['SOAK'] !== undefined;
/** Mistakes looked for together by default; one by one in the soak. */
const TOGETHER = 30;

/** Rules nobody can break in our own tree by a mistake alone, with where they are held instead. */
const NEVER_HERE: Readonly<Record<string, string>> = {
  'chart-crds-skipped': 'it is sure only where every chart can be looked into and nothing is installed before Flux; our definitions are (test/manifests/rules/charts/charts.test.ts)',
};

const lists = await Promise.all(globSync('planted/*.ts', { cwd: import.meta.dirname }).toSorted().map(async (file) => {
  const { PLANTED }: { readonly PLANTED: readonly Planted[] } = await import(join(import.meta.dirname, file));
  return { group: file.replace(/^planted\/|\.ts$/gu, ''), planted: PLANTED };
}));

const before = new Map<string, Promise<Report>>();
/** Our own tree as it is, on the machine a mistake is looked for on. */
function own(like: Pick<Planted, 'needs' | 'without'> = {}): Promise<Report> {
  const key = alike(like);
  const known = before.get(key) ?? reportOf(machineOf(like));
  before.set(key, known);
  return known;
}
function machineOf({ needs = [], without }: Pick<Planted, 'needs' | 'without'>): { readonly reference: boolean; readonly without: Planted['without'] } {
  return { reference: [needs].flat().includes('reference'), without };
}

async function wrongWith(planted: readonly Planted[]): Promise<readonly string[]> {
  const [like] = planted;
  if (like === undefined) return [];
  const overlay = overlayOf(planted);
  const found = news(await reportOf({ overlay, ...machineOf(like) }), await own(like));
  const wrong = judged(planted, found, await own(like));
  if (wrong.length > 0 || planted.length > 1) return wrong;
  // What brings its own remedy is mended by it, and by it alone.
  const remedied = mended(overlay, found);
  if (remedied === undefined) return [];
  const left = news(await reportOf({ overlay: remedied, ...machineOf(like) }), await own(like)).filter((finding) => finding.rule === like.rule);
  return left.map((finding) => `not mended by its fix: ${finding.message}`);
}

/** Mistakes that get into each other's way are looked for in halves: what is left is wrong with one alone. */
async function wrongApart(planted: readonly Planted[]): Promise<readonly string[]> {
  const wrong = await wrongWith(planted);
  if (wrong.length === 0 || planted.length === 1) return wrong;
  const middle = Math.ceil(planted.length / 2);
  return [...await wrongApart(planted.slice(0, middle)), ...await wrongApart(planted.slice(middle))];
}

test('our own tree has no findings but for what is not here', async () => {
  const { findings } = await own();
  expect(findings.filter(({ severity }) => severity !== 'unknown').map(({ rule, spot, message }) => `${rule} ${spot.file}:${spot.line}: ${message}`)).toEqual([]);
}, 60_000);

test.runIf(existsSync(REFERENCE))('nor has it with charts and schemas at hand', async () => {
  const { findings } = await own({ needs: 'reference' });
  expect(findings.filter(({ severity }) => severity !== 'unknown').map(({ rule, spot, message }) => `${rule} ${spot.file}:${spot.line}: ${message}`)).toEqual([]);
}, 120_000);

describe('names', () => {
  const all = lists.flatMap(({ planted }) => planted);
  test('each is of a rule there is, and told apart by its variant', () => {
    const known = new Set(allRules().map(({ id }) => id));
    const names = all.map(({ rule, variant }) => `${rule}, ${variant}`);
    expect(all.filter(({ rule }) => !known.has(rule)).map(({ rule }) => rule)).toEqual([]);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test('there is one of every rule', () => {
    const planted = new Set(all.map(({ rule }) => rule));
    expect(allRules().map(({ id }) => id).filter((id) => !planted.has(id) && NEVER_HERE[id] === undefined)).toEqual([]);
    expect(Object.keys(NEVER_HERE).filter((id) => planted.has(id))).toEqual([]);
  });
});

describe(`each mistake is found where it is, and nothing else is${SOAK ? '' : ' (one of each rule; all of them, one by one, with SOAK=1)'}`, () => {
  const all = lists.flatMap(({ planted }) => planted);
  for (const each of all.filter((one) => missing(one) !== undefined)) test.runIf(false)(`${each.rule}, ${each.variant} (${missing(each) ?? ''})`, () => undefined);
  const here = all.filter((one) => missing(one) === undefined);
  const sets = batches(SOAK ? here : sampled(here), SOAK ? 1 : TOGETHER);
  test.each(sets.map((set) => ({ name: set.map(({ rule, variant }) => `${rule}, ${variant}`).join('; '), set })))('$name', async ({ set }) => {
    expect(await wrongApart(set)).toEqual([]);
  }, 120_000);
});
