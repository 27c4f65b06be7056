import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildTrees, entriesOf, Parses, readSettings, readTexts } from '../../scripts/manifests/build/index.ts';
import { buildRaw } from '../../scripts/manifests/build/raw.ts';
import { validate } from '../../scripts/manifests/validate.ts';
import { fc } from '../fast-check.ts';
import { aroundHere, ROOT } from './planted.ts';

const SOAK = process.env['SOAK'] !== undefined;
const TREES = ['flat', 'home'] as const;

let scratch = '';
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'kept-'));
  for (const name of TREES) cpSync(join(ROOT, 'test/fixtures/trees', name), join(scratch, name), { recursive: true });
});
afterAll(() => { rmSync(scratch, { recursive: true, force: true }); });

type Edit = { readonly file: number; readonly how: number; readonly at: number };
/** What people do to files: a line away, one twice, another value, a variable, the file gone, and all as it was. */
const HOW: readonly ((text: string, line: number) => string | null)[] = [
  (text, line) => text.split('\n').toSpliced(line, 1).join('\n'),
  (text, line) => { const lines = text.split('\n'); return lines.toSpliced(line, 0, lines[line] ?? '').join('\n'); },
  (text, line) => text.split('\n').map((each, index) => (index === line ? each.replace(/: .+$/, ': other') : each)).join('\n'),
  (text, line) => text.split('\n').map((each, index) => (index === line ? each.replace(/: .+$/, ': ${SOMETHING}') : each)).join('\n'),
  () => null,
  (text) => text,
];

test.each(TREES)('whatever is saved in %s, one file after the other, the answer is that of a look that knows nothing of the one before', async (name) => {
  const root = join(scratch, name);
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(?:ya?ml|json|sourceignore)$/.test(file)).toSorted();
  const was = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
  const reportOf = async (parses: Parses, changed: readonly string[] | undefined): Promise<unknown> => validate({ root, around: aroundHere(), parses, changed });
  const edit = fc.record({ file: fc.nat({ max: files.length - 1 }), how: fc.nat({ max: HOW.length - 1 }), at: fc.double({ min: 0, max: 0.999, noNaN: true }) });
  await fc.assert(fc.asyncProperty(fc.array(edit, { minLength: 3, maxLength: 6 }), async (edits: readonly Edit[]) => {
    const parses = new Parses();
    await reportOf(parses, undefined);
    for (const { file: index, how, at } of edits) {
      const file = files[index] ?? '';
      const path = join(root, file);
      const before = was.get(file) ?? '';
      const after = HOW[how]?.(before, Math.floor(at * before.split('\n').length)) ?? null;
      // Its folder counts as changed when the file comes or goes.
      const changed = [path, ...((after !== null) === existsSync(path) ? [] : [dirname(path)])];
      if (after === null) rmSync(path, { force: true }); else writeFileSync(path, after);
      expect(await reportOf(parses, changed), `${file} as ${String(how)}`).toEqual(await reportOf(new Parses(), undefined));
    }
    for (const [file, text] of was) writeFileSync(join(root, file), text);
  }), { numRuns: SOAK ? 100 : 1 });
}, SOAK ? 1_800_000 : 60_000);

test('what a save does not touch is not built again', async () => {
  const root = join(scratch, 'home');
  const file = join(root, 'kubernetes/apps/media/jellyfin/app/helmrelease.yaml');
  const parses = new Parses();
  const objects = async (changed: readonly string[] | undefined): Promise<readonly object[]> => {
    parses.changed(changed);
    const texts = readTexts(root, new Map(), parses);
    const { settings } = readSettings(texts);
    return (await buildTrees(texts, settings, entriesOf(texts, settings), aroundHere())).flatMap((tree) => tree.objects.map(({ object }) => object));
  };
  const first = new Set(await objects(undefined));
  expect((await objects([file])).filter((object) => !first.has(object))).toEqual([]);
  writeFileSync(file, readFileSync(file, 'utf8').replace('interval: 1h', 'interval: 2h'));
  const after = await objects([file]);
  const anew = after.filter((object) => !first.has(object)).length;
  expect(anew).toBeGreaterThan(0);
  expect(anew).toBeLessThan(after.length / 10);
});

test('a folder that held nothing is built anew when something comes', async () => {
  const root = join(scratch, 'empty');
  mkdirSync(join(root, 'app'), { recursive: true });
  const parses = new Parses();
  const objects = async (changed: readonly string[] | undefined): Promise<readonly string[]> => {
    parses.changed(changed);
    return (await buildRaw(readTexts(root, new Map(), parses), 'app', undefined, { file: '', document: 0, at: [] })).objects.map(({ object }) => object.metadata.name);
  };
  expect(await objects(undefined)).toEqual([]);
  const file = join(root, 'app/map.yaml');
  writeFileSync(file, 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: here\n');
  expect(await objects([file, dirname(file)])).toEqual(['here']);
});

test.each([...TREES.map((name) => join('test/fixtures/trees', name)), '.'])('a build of %s names every file it was made from', async (folder) => {
  const root = join(ROOT, folder);
  const texts = readTexts(root);
  const { settings } = readSettings(texts);
  const trees = await buildTrees(texts, settings, entriesOf(texts, settings), aroundHere());
  const units = trees.flatMap(({ units: all }) => all).filter((unit) => unit.folder !== undefined);
  expect(units.length).toBeGreaterThan(2);
  const missing: string[] = [];
  for (const unit of units) {
    const alone = readTexts(root);
    const { work } = await buildRaw(alone, unit.folder ?? '', unit.declared, { file: '', document: 0, at: [] }, aroundHere());
    const read = [...alone.consulted().files].map(([path]) => path.slice(root.length + 1));
    for (const file of read) if (!work.files.has(file) && !file.endsWith('.sourceignore')) missing.push(`${unit.name}: ${file}`);
  }
  expect(missing).toEqual([]);
});
