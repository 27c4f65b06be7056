import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadAll } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { askDiff } from '../../../scripts/manifests/diff/ask.ts';
import { diffMarkdown } from '../../../scripts/manifests/diff/render-markdown.ts';
import { diffLines } from '../../../scripts/manifests/diff/render-text.ts';
import { askExplain } from '../../../scripts/manifests/explain/ask.ts';
import { explainLines } from '../../../scripts/manifests/explain/render.ts';
import { askGraph } from '../../../scripts/manifests/graph/ask.ts';
import { mermaidOf } from '../../../scripts/manifests/graph/mermaid.ts';
import { svgOf } from '../../../scripts/manifests/graph/svg.ts';
import { graphLines } from '../../../scripts/manifests/graph/text.ts';
import { build } from '../../../scripts/manifests/stable/build.ts';
import { openTrees } from '../../../scripts/manifests/stable/open.ts';
import { createStyle } from '../../../scripts/terminal/style.ts';
import type { GitTree } from '../../../scripts/tools/git-tree.ts';
import { SOAK, some } from '../sample.ts';

const PROGRAM = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const TREES = ['test/fixtures/trees/flat', 'test/fixtures/trees/home', '.'].map((path) => ({ path, root: join(PROGRAM, path) }));
const style = createStyle({ colour: false, width: 80 });

/** A repository in which the files that are named are otherwise in the commit. */
const repository = (laid: ReadonlyMap<string, string | null>): GitTree => ({ commit: async () => 'a'.repeat(40), mergeBase: async () => 'a'.repeat(40), laid: async () => laid });

describe.each(TREES)('the answers on $path', ({ root }) => {
  test('build: documents, the same twice', async () => {
    const [a, b] = await Promise.all([build({ root }), build({ root })]);
    expect(b).toEqual(a);
    if (a.is !== 'built') throw new Error(JSON.stringify(a));
    expect(loadAll(a.yaml)).toHaveLength(a.objects);
  });

  test('graph: in every form', async () => {
    const drawn = await askGraph({ root });
    if ('broken' in drawn) throw new Error('settings');
    for (const { graph, timing } of drawn) {
      expect(graphLines(graph, timing, style).length).toBeGreaterThan(5);
      expect(timing.rings).toEqual([]);
    }
    expect(svgOf(drawn)).toMatch(/<\/svg>\n$/);
    expect(mermaidOf(drawn)).toMatch(/^flowchart LR\n/);
  });

  test('explain: objects from all over the tree, each of its fields at a place', { timeout: SOAK ? 1_800_000 : 60_000 }, async () => {
    const opened = await openTrees({ root });
    if ('broken' in opened) throw new Error('settings');
    const names = [...new Set(opened.trees.flatMap((tree) => tree.objects.map(({ object }) => `${object.kind}/${object.metadata.namespace === undefined ? '' : `${object.metadata.namespace}/`}${object.metadata.name}`)))];
    // Each asks for the whole tree.
    for (const object of some(names, Math.ceil(names.length / 3))) {
      const found = await askExplain({ root, object, all: true });
      if ('broken' in found) throw new Error('settings');
      expect(found.length, object).toBeGreaterThan(0);
      for (const field of found.flatMap((each) => each.fields)) expect(field.at.line, `${object} ${field.field} ${field.at.file}`).toBeGreaterThan(0);
      expect(explainLines(found, style).length).toBeGreaterThan(3);
    }
  });

  test('diff: of itself none; of any file that is taken away an answer, in every form', { timeout: SOAK ? 1_800_000 : 60_000 }, async () => {
    const none = await askDiff({ root, base: 'main', head: undefined, git: repository(new Map()) });
    expect(none).toMatchObject({ files: [], clusters: [] });
    const files = below(root, 'kubernetes').concat(below(root, 'apps'), below(root, 'infrastructure')).filter((file) => file.endsWith('.yaml'));
    const opened = await openTrees({ root });
    if ('broken' in opened) throw new Error('settings');
    // A comment is content where a generator takes the file in as it is.
    const taken = new Set(opened.trees.flatMap(({ objects }) => objects.flatMap(({ origin }) => origin.edits.filter(({ by }) => by === 'generator').flatMap(({ sets }) => sets.flatMap(({ source }) => source?.file ?? [])))));
    for (const file of some(files, Math.ceil(files.length / 3))) {
      const text = readFileSync(join(root, file), 'utf8');
      // In the commit the file was there with one more comment, or was not there at all.
      for (const laid of [new Map([[file, `# before\n${text}`]]), new Map([[file, null]])]) {
        const report = await askDiff({ root, base: 'main', head: undefined, git: repository(laid) });
        if (!('clusters' in report)) throw new Error('settings');
        expect(diffLines(report, style).length, file).toBeGreaterThan(2);
        expect(diffMarkdown(report).length).toBeGreaterThan(50);
        if (laid.get(file) !== null && !taken.has(file)) expect(report.clusters.flatMap(({ objects }) => objects.map(({ id }) => id)), `a comment in ${file}`).toEqual([]);
      }
    }
  });
});

function below(root: string, folder: string): readonly string[] {
  try {
    return readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(root.length).replace(/^\//, '')).toSorted();
  } catch {
    // Not every tree has every folder.
    return [];
  }
}
