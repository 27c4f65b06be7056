import { describe, expect, test, type TestContext } from 'vitest';
import type { Around, Tree } from '../../../scripts/manifests/model.types.ts';
import { realTool } from '../../real-tool.ts';
import { aroundHere } from '../planted.ts';
import { builtOf, ks, list, map, treeOf, unitOf, wrote } from './rig.ts';

/** What is not done in process is built by the real kustomize, from a copy of the files it may want. */

function around(context: TestContext, options: Partial<Around> = {}): Around & { readonly ran: string[] } {
  if (realTool('kustomize') === undefined) context.skip('skipped: no kustomize on PATH, nor built by tools:install');
  const here = aroundHere();
  const ran: string[] = [];
  return { ...here, ...options, ran, proc: { run: async (command) => { ran.push(command.argv.join(' ')); return here.proc.run(command); } } };
}
const WEB = 'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n  template:\n    spec:\n      containers:\n        - name: web\n          image: nginx:1\n';
const REPLACED = {
  'cluster/a.yaml': ks('a', 'a', '  targetNamespace: shop\n  patches:\n    - target: {kind: Deployment}\n      patch: |\n        - {op: add, path: /spec/paused, value: true}\n  postBuild:\n    substitute: {IMAGE: redis}\n'),
  'a/kustomization.yaml': `${list('web.yaml', 'm.yaml')}replacements:\n  - path: replace.yaml\n`,
  'a/replace.yaml': 'source: {kind: ConfigMap, name: m, fieldPath: data.image}\ntargets:\n  - select: {kind: Deployment}\n    fieldPaths: [spec.template.spec.containers.0.image]\n',
  'a/web.yaml': WEB, 'a/m.yaml': map('m', 'image: ${IMAGE}:7'),
};
const said = (tree: Tree): readonly string[] => tree.found.map(({ rule, unknown, message }) => `${unknown === true ? 'unknown ' : ''}${rule} ${message}`);

test('replacements, with what Flux adds, and who wrote what', async (context) => {
  const by = around(context);
  const tree = await treeOf(REPLACED, by);
  expect(said(tree)).toEqual([]);
  expect(by.ran).toHaveLength(1);
  const web = builtOf(tree, 'web');
  expect(web.object).toMatchObject({ metadata: { namespace: 'shop' }, spec: { paused: true, template: { spec: { containers: [{ image: 'redis:7' }] } } } });
  expect(web.object.metadata.annotations).toBeUndefined();
  expect(wrote(tree, web, ['spec', 'template', 'spec', 'containers', 0, 'image'])).toBe('variable a/kustomization.yaml:5:3');
  expect(wrote(tree, web, ['spec', 'replicas'])).toBe('file a/web.yaml:6:13');
  expect(wrote(tree, web, ['spec', 'paused'])).toBe('patch cluster/a.yaml:15:48');
  expect([...unitOf(tree, 'a').files]).toContain('a/web.yaml');
});

describe('without the real one', () => {
  test('what cannot be known is told as that, and the rest is built', async () => {
    const tree = await treeOf(REPLACED);
    expect(said(tree)).toEqual(['unknown kustomize-needed what this makes is not known: replacements, and kustomize is not here']);
    expect(unitOf(tree, 'a')).toMatchObject({ broken: false });
    expect(builtOf(tree, 'web').object).toMatchObject({ metadata: { namespace: 'shop' } });
  });

  test('a mistake that may be none is not told', async () => {
    const tree = await treeOf({ ...REPLACED, 'a/kustomization.yaml': `${list('web.yaml', 'm.yaml')}generators: [gen.yaml]\npatches: [{path: p.yaml}]\n`, 'a/gen.yaml': 'x: y\n', 'a/p.yaml': map('made', 'a: b') });
    expect(said(tree)).toEqual(['unknown kustomize-needed what this makes is not known: generators, and kustomize is not here']);
  });
});

test('what kustomize refuses is told in its words, at the field that asks for it', async (context) => {
  const tree = await treeOf({ ...REPLACED, 'a/replace.yaml': 'source: {kind: ConfigMap, name: nothing}\ntargets: []\n' }, around(context));
  expect(tree.found).toMatchObject([{ rule: 'kustomize-failed', source: { file: 'a/kustomization.yaml', at: ['replacements'] } }]);
  expect(said(tree)[0]).toMatch(/kustomize refuses this: .*nothing/);
  expect(unitOf(tree, 'a').broken).toBe(true);
});

test('what a transformer of another kind makes is placed at what asks for it', async (context) => {
  const tree = await treeOf({ 'cluster/a.yaml': ks('a', 'a'), 'a/kustomization.yaml': `${list('m.yaml')}transformers:\n  - |-\n    apiVersion: builtin\n    kind: PrefixTransformer\n    metadata: {name: x}\n    prefix: pre-\n    fieldSpecs: [{path: metadata/name}]\n`, 'a/m.yaml': map('m', 'k: v') }, around(context));
  expect(said(tree)).toEqual([]);
  const built = builtOf(tree, 'pre-m');
  expect(wrote(tree, built, ['metadata', 'name'])).toBe('kustomize a/kustomization.yaml:4:3');
  expect(wrote(tree, built, ['data', 'k'])).toBe('file a/m.yaml:6:6');
});

test('nothing is fetched when the network is not to be asked', async (context) => {
  const by = around(context, { offline: true });
  const tree = await treeOf({ 'cluster/a.yaml': ks('a', 'a'), 'a/kustomization.yaml': list('m.yaml', 'https://example.invalid/v1.2.3/x.yaml'), 'a/m.yaml': map('m', 'k: v') }, by);
  expect(said(tree)).toEqual(['resource-remote https://example.invalid/v1.2.3/x.yaml is fetched from elsewhere at every build', 'unknown kustomize-needed what this makes is not known: https://example.invalid/v1.2.3/x.yaml is fetched from elsewhere, and the network is not to be asked']);
  expect(by.ran).toEqual([]);
});

test('charts are not inflated, as Flux does not', async (context) => {
  const tree = await treeOf({ 'cluster/a.yaml': ks('a', 'a'), 'a/kustomization.yaml': `helmCharts:\n  - name: x\n    version: 1.0.0\n    repo: https://example.invalid\n` }, around(context));
  expect(said(tree)).toEqual([expect.stringMatching(/^kustomize-failed .*--enable-helm/)]);
});
