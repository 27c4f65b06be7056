import { join } from 'node:path';
import { afterAll, expect, test, type TestContext } from 'vitest';
import { realTool } from '../../real-tool.ts';
import { buildTree, buildTrees, entriesOf, readSettings, readTexts } from '../../../scripts/manifests/build/index.ts';
import { substitutionDisabled } from '../../../scripts/manifests/build/substitute.ts';
import type { KubeObject } from '../../../scripts/config/cluster.ts';
import { overlayOf } from '../../../scripts/manifests/build/flux.ts';
import type { Unit } from '../../../scripts/manifests/model.types.ts';
import { sampled, SOAK, some } from '../sample.ts';
import { byId, few, fluxBuild, kustomize, objectsIn, ours, run, Scratch } from './real.ts';
import { FLUX_TREES, filesOf } from './flux-trees.ts';
import { SMALL_TREES } from './trees.ts';

/** What we build is what the real tools build, object by object. */

const PROJECT = join(import.meta.dirname, '../../..');
const FOREIGN = ['flat', 'home'].map((name) => join(import.meta.dirname, '../../fixtures/trees', name));
/** Of so many small trees, and of so many folders of large ones, one is built by the real tools. */
const TREES = 4;
const FOLDERS = 5;
const scratch = new Scratch();
afterAll(() => { scratch.remove(); });

function need(context: TestContext, ...tools: readonly string[]): void {
  const missing = tools.filter((tool) => realTool(tool) === undefined);
  if (missing.length > 0) context.skip(`skipped: no ${missing.join(', ')} on PATH, nor built by tools:install`);
}

test(`every small tree: the same objects, or both refuse it${sampled(TREES)}`, { timeout: 120_000 }, async (context) => {
  need(context, 'kustomize');
  const answers = await few(some(SMALL_TREES, TREES), async ({ name, files, folder = '' }) => {
    const root = scratch.lay(files);
    const [real, own] = [await kustomize(join(root, folder)), await ours(root, folder)];
    return { name, real: real.ok ? byId(objectsIn(real.stdout)) : 'refused', own: own === undefined ? 'refused' : own === 'beyond' ? own : byId(own) };
  });
  for (const { name, real, own } of answers) expect({ name, built: own }).toEqual({ name, built: real });
});

test(`every small tree with a Kustomization: the same objects as the controller's own code, or both refuse it${sampled(TREES)}`, { timeout: 120_000 }, async (context) => {
  need(context, 'flux');
  const answers = await few(some(FLUX_TREES, TREES), async (each) => {
    const root = scratch.lay(filesOf(each));
    const texts = readTexts(root);
    const tree = await buildTree(texts, readSettings(texts).settings, { name: 'one', folder: 'cluster' });
    const unit = tree.units.find(({ name }) => name === 'app');
    const real = unit === undefined ? 'no unit' : await fluxBuild(root, unit, scratch).then(byId, (error: Error) => (each.refused === undefined ? error.message : 'refused'));
    return { each, real, own: unit?.broken === true ? 'refused' : byId(unit?.objects.map(({ object }) => object) ?? []), said: tree.found.map(({ message }) => message) };
  });
  for (const { each: { name, refused }, real, own, said } of answers) {
    expect({ name, built: own, said }).toEqual({ name, built: real, said: refused === undefined ? [] : [expect.stringMatching(refused)] });
  }
});

test.each(FOREIGN)(`%s: every folder Flux builds${sampled(FOLDERS)}`, { timeout: 120_000 }, async (root) => {
  const texts = readTexts(root);
  const { settings } = readSettings(texts);
  const trees = await buildTrees(texts, settings, entriesOf(texts, settings));
  const folders = [...new Set(trees.flatMap(({ units }) => units.flatMap(({ folder }) => folder ?? [])))];
  expect(folders.length).toBeGreaterThan(4);
  if (realTool('kustomize') === undefined) return;
  const plain = folders.filter((folder) => ['kustomization.yaml', 'kustomization.yml', 'Kustomization'].some((name) => texts.kind(join(folder, name)) === 'file'));
  const answers = await few(some(plain, FOLDERS), async (folder) => ({ folder, real: await kustomize(join(root, folder)), own: await ours(root, folder) }));
  for (const { folder, real, own } of answers) if (own !== 'beyond') expect({ folder, built: byId(own ?? []) }).toEqual({ folder, built: byId(objectsIn(real.stdout)) });
});

test(`every Kustomization of our tree: kustomize build | flux envsubst --strict with the settings of its cluster, or flux build where Flux changes the build itself${sampled(FOLDERS)}`, { timeout: 300_000 }, async (context) => {
  need(context, 'kustomize', 'flux');
  const texts = readTexts(PROJECT);
  const { settings } = readSettings(texts);
  const trees = await buildTrees(texts, settings, entriesOf(texts, settings));
  expect(trees.flatMap(({ found }) => found.map(({ message }) => message))).toEqual([]);
  const every = trees.flatMap(({ units }) => units);
  expect(every.length).toBeGreaterThan(50);
  // What the other ways of building lead to is not left to chance.
  const otherwise = trees.flatMap(({ units, variants = [] }) => variants.flatMap(({ tree }) => tree.units.filter((unit) => !units.some(({ name, folder }) => name === unit.name && folder === unit.folder))));
  expect(otherwise.map(({ folder }) => folder)).toContain('kubernetes/workloads/platform/databases/shared-postgres/restore');
  const all = [...some(every, FOLDERS), ...otherwise];
  // With SOAK every one of them by the code of the controller.
  const origins = (unit: Unit): boolean => unit.objects.some(({ object }) => object.metadata.annotations?.['config.kubernetes.io/origin'] !== undefined);
  const byFlux = (unit: Unit): boolean => unit.declared !== undefined && (SOAK || overlayOf(unit.declared.object) !== undefined || origins(unit));
  const folders = [...new Set(all.filter((unit) => !byFlux(unit)).map(({ folder }) => folder ?? ''))];
  const built = new Map(await few(folders, async (folder) => {
    const { ok, stdout, stderr } = await kustomize(join(PROJECT, folder));
    expect({ folder, ok, stderr }).toEqual({ folder, ok: true, stderr: '' });
    return [folder, stdout] as const;
  }));
  const piped = await filledIn(all.filter((unit) => !byFlux(unit)), built);
  const whole = new Map(await few(all.filter(byFlux), async (unit) => [unit, await fluxBuild(PROJECT, unit, scratch)] as const));
  for (const unit of all) {
    const real = whole.get(unit) ?? piped.get(unit);
    expect({ unit: unit.name, objects: byId(unit.objects.map(({ object }) => object)) }).toEqual({ unit: unit.name, objects: byId(real ?? []) });
  }
});

/** What kustomize built with the variables filled in: one run of flux for all units with the same variables. */
async function filledIn(units: readonly Unit[], built: ReadonlyMap<string, string>): Promise<ReadonlyMap<Unit, readonly KubeObject[]>> {
  const variables = (unit: Unit): string => JSON.stringify([...unit.variables.values()].map(({ name, value }) => [name, value]).toSorted());
  const out = new Map<Unit, KubeObject[]>(units.map((unit) => [unit, []]));
  const groups = Map.groupBy(units.filter(({ substitutes }) => substitutes), variables);
  await few([...groups], async ([written, own]) => {
    const environment = Object.fromEntries(JSON.parse(written) as readonly (readonly [string, string])[]);
    const documents = own.flatMap((unit) => documentsOf(unit, built).filter((document) => filled(unit, document)).map((document) => ({ unit, document })));
    const { ok, stdout, stderr } = await run('flux', ['envsubst', '--strict'], { env: environment, input: documents.map(({ document }) => document).join('\n---\n') });
    expect({ ok, stderr }).toEqual({ ok: true, stderr: '' });
    const answers = stdout.split(/^---$/m).flatMap((document) => objectsIn(document, true));
    expect(answers.length).toBe(documents.length);
    documents.forEach(({ unit }, index) => { const object = answers[index]; if (object !== undefined) out.get(unit)?.push(object); });
  });
  for (const unit of units) out.get(unit)?.push(...documentsOf(unit, built).filter((document) => !filled(unit, document)).flatMap((document) => objectsIn(document)));
  return out;
}
const documentsOf = (unit: Unit, built: ReadonlyMap<string, string>): readonly string[] => (built.get(unit.folder ?? '') ?? '').split(/^---$/m);
const filled = (unit: Unit, document: string): boolean => unit.substitutes && objectsIn(document).every((object) => !substitutionDisabled(object));
