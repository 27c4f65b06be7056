import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildTree, buildTrees, isUnknown, readSettings, readTexts } from '../../../scripts/manifests/build/index.ts';
import { builtOf, ks, list, map, treeOf, unitOf } from './rig.ts';

/** Which units a tree has, and where their variables come from. */

const FROM = (kind: string, name: string, more = ''): string => `  postBuild:\n    substituteFrom:\n      - kind: ${kind}\n        name: ${name}\n${more}`;

describe('units', () => {
  test('Kustomizations in what Kustomizations build are followed, each once', async () => {
    const tree = await treeOf({ 'cluster/a.yaml': ks('a', 'a'), 'a/b.yaml': ks('b', 'b'), 'b/m.yaml': map('m', 'k: v'), 'b/again.yaml': ks('a', 'a') });
    expect(tree.units.map(({ name, parent, folder }) => [name, parent?.name, folder])).toEqual([['flux-system', undefined, 'cluster'], ['a', 'flux-system', 'a'], ['b', 'a', 'b']]);
    expect(tree.objects.map(({ object }) => object.metadata.name)).toEqual(['a', 'b', 'a', 'm']);
  });

  test('the Kustomization of the entry itself is no unit of its own; what it says counts', async () => {
    const tree = await treeOf({ 'cluster/flux-system/gotk-sync.yaml': ks('root', 'cluster', '  postBuild:\n    substitute: {A: x}\n'), 'cluster/m.yaml': map('m', 'k: ${A}') });
    expect(tree.units).toHaveLength(1);
    expect(tree.units[0]).toMatchObject({ name: 'root', substitutes: true });
    expect(builtOf(tree, 'm').object['data']).toEqual({ k: 'x' });
  });

  test('what comes from another source is not looked into; what nobody declares is ours', async () => {
    const source = (name: string, url: string): string => `apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: ${name}, namespace: flux-system}\nspec: {url: ${url}}\n`;
    const tree = await treeOf({
      'cluster/a.yaml': ks('a', 'a'), 'cluster/b.yaml': ks('b', 'a').replace('name: flux-system\n', 'name: flux-system\n').replace(/name: flux-system\n$/, 'name: other\n'),
      'cluster/sources.yaml': `${source('other', 'https://example.com/other')}---\n${source('flux-system', 'ssh://git@example.com/mine.git')}---\n${source('mine', 'https://example.com/mine')}`, 'cluster/c.yaml': ks('c', 'a').replace(/name: flux-system\n$/, 'name: mine\n'), 'cluster/d.yaml': ks('d', 'a').replace(/name: flux-system\n$/, 'name: nobodys\n'), 'a/m.yaml': map('m', 'k: v'),
    });
    expect(tree.units.slice(1).map(({ name, folder, broken }) => [name, folder, broken])).toEqual([['a', 'a', false], ['b', undefined, false], ['c', 'a', false], ['d', 'a', false]]);
    expect(tree.found).toEqual([]);
  });

  test('what is cut out of our source into an artifact is ours, where it lies here', async () => {
    const generator = 'apiVersion: source.extensions.fluxcd.io/v1beta1\nkind: ArtifactGenerator\nmetadata: {name: g, namespace: flux-system}\nspec:\n  sources: [{alias: mono, kind: GitRepository, name: flux-system}, {alias: far, kind: OCIRepository, name: far}]\n  artifacts:\n    - {name: apps, copy: [{from: "@mono/apps/base/**", to: "@artifact/base/"}, {from: "@mono/apps/prod/**", to: "@artifact/prod/"}]}\n    - {name: all, copy: [{from: "@mono/apps/prod/**", to: "@artifact/"}]}\n    - {name: far, copy: [{from: "@far/**", to: "@artifact/"}]}\n';
    const of = (name: string, artifact: string, path: string): string => ks(name, path).replace('kind: GitRepository\n    name: flux-system', `kind: ExternalArtifact\n    name: ${artifact}`);
    const tree = await treeOf({ 'cluster/g.yaml': generator, 'cluster/far.yaml': 'apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: far, namespace: flux-system}\nspec: {url: oci://x/y}\n', 'cluster/a.yaml': of('a', 'apps', 'prod'), 'cluster/b.yaml': of('b', 'all', 'web'), 'cluster/c.yaml': of('c', 'far', 'x'), 'cluster/d.yaml': of('d', 'nobodys', 'x'), 'apps/prod/kustomization.yaml': list('../base'), 'apps/base/kustomization.yaml': list('m.yaml'), 'apps/base/m.yaml': map('m', 'k: v'), 'apps/prod/web/w.yaml': map('w', 'k: v') });
    expect(tree.found).toEqual([]);
    expect(tree.units.slice(1).map(({ name, folder, objects }) => [name, folder, objects.length])).toEqual([['a', 'apps/prod', 1], ['b', 'apps/prod/web', 1], ['c', undefined, 0], ['d', undefined, 0]]);
  });

  test('a source of a part of the repository: paths begin above the entry', async () => {
    const texts = readTexts(join(import.meta.dirname, 'nowhere'), new Map(Object.entries({ 'k8s/clusters/one/a.yaml': ks('a', 'apps/a'), 'k8s/clusters/one/b.yaml': ks('b', 'apps/b'), 'k8s/apps/a/m.yaml': map('m', 'k: v') })));
    const tree = await buildTree(texts, readSettings(texts).settings, { name: 'one', folder: 'k8s/clusters/one' });
    expect(tree.units.slice(1).map(({ folder, broken }) => [folder, broken])).toEqual([['k8s/apps/a', false], ['apps/b', true]]);
  });

  test('what Flux decrypts is there, and its values are not known', async () => {
    const secret = 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: "ENC[AES256_GCM,data:x]", b: plain}\nsops: {version: 3.9.0}\n';
    const files = { 'a/kustomization.yaml': `${list('s.yaml')}secretGenerator:\n  - name: g\n    envs: [g.env]\n    files: [whole.yaml]\n    options: {disableNameSuffixHash: true}\n`, 'a/s.yaml': secret, 'a/g.env': 'X=ENC[AES256_GCM,data:x]\nY=plain\nsops_version=3.9.0\n', 'a/whole.yaml': 'k: ENC[AES256_GCM,data:x]\nsops:\n  version: 3.9.0\n' };
    const tree = await treeOf({ ...files, 'cluster/a.yaml': ks('a', 'a', '  decryption: {provider: sops}\n') });
    expect(tree.found).toEqual([]);
    const [s, g] = [builtOf(tree, 's').object, builtOf(tree, 'g').object];
    expect(s).not.toHaveProperty('sops');
    expect([isUnknown((s['stringData'] as Record<string, unknown>)['a']), (s['stringData'] as Record<string, unknown>)['b']]).toEqual([true, 'plain']);
    expect(Object.entries(g['data'] as object).map(([key, value]) => [key, isUnknown(value)])).toEqual([['X', true], ['Y', false], ['whole.yaml', true]]);
    const left = await treeOf({ ...files, 'cluster/a.yaml': ks('a', 'a') });
    expect(builtOf(left, 's').object).toHaveProperty('sops');
  });

  test('a suspended one is built and says so; a path cannot lead out', async () => {
    const tree = await treeOf({ 'cluster/a.yaml': ks('a', '../../a', '  suspend: true\n'), 'a/m.yaml': map('m', 'k: v') });
    expect(unitOf(tree, 'a')).toMatchObject({ suspended: true, folder: 'a', broken: false });
  });

  test('files of a unit are those that can change it', async () => {
    const tree = await treeOf({ 'cluster/a.yaml': ks('a', 'a'), 'a/kustomization.yaml': `${list('m.yaml', 'gone.yaml')}patches: [{path: p.yaml}]\nconfigMapGenerator: [{name: g, files: [v.txt]}]\n`, 'a/m.yaml': map('m', 'k: v'), 'a/p.yaml': map('m', 'k: w'), 'a/v.txt': 'v', 'a/other.yaml': 'x: y' });
    expect([...unitOf(tree, 'a').files].toSorted()).toEqual(['a/gone.yaml', 'a/kustomization.yaml', 'a/m.yaml', 'a/p.yaml', 'a/v.txt']);
  });
});

describe('variables', () => {
  test('of ConfigMaps and Secrets wherever they are made, later over earlier, inline over all', async () => {
    const tree = await treeOf({
      'cluster/a.yaml': ks('a', 'a', `${FROM('ConfigMap', 'one', '      - kind: Secret\n        name: two\n')}    substitute:\n      C: inline\n`), 'cluster/b.yaml': ks('b', 'b'),
      'a/m.yaml': map('m', 'k: ${A} ${B} ${C}'), 'b/one.yaml': map('one', 'A: a1\n  B: b1\n  C: c1', 'flux-system'), 'b/two.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: two, namespace: flux-system}\ndata: {B: YjIK}\nstringData: {D: d}\n',
    });
    expect(tree.found).toEqual([]);
    expect(builtOf(tree, 'm').object['data']).toEqual({ k: 'a1 b2 inline' });
    expect(builtOf(tree, 'm').raw['data']).toEqual({ k: '${A} ${B} ${C}' });
    expect([...unitOf(tree, 'a').variables.values()].map(({ name, value, from }) => [name, value, from === 'given' ? from : `${from.file} ${from.at.join('.')}`])).toEqual([
      ['A', 'a1', 'b/one.yaml data.A'], ['B', 'b2', 'b/two.yaml data.B'], ['C', 'inline', 'cluster/a.yaml spec.postBuild.substitute.C'], ['D', 'd', 'b/two.yaml stringData.D'],
    ]);
    // Units stay in the order in which they are declared, whoever waited for whom.
    expect(tree.units.map(({ name }) => name)).toEqual(['flux-system', 'a', 'b']);
  });

  test('every use is known, with its default and its place', async () => {
    const tree = await treeOf({ 'cluster/a.yaml': ks('a', 'a', '  postBuild:\n    substitute: {A: x}\n'), 'a/m.yaml': map('m', 'k: ${A} ${B:=deep ${C:-c}}\n  ${A}: z') });
    expect(unitOf(tree, 'a').uses.map(({ name, fallback, text, path }) => [name, fallback, text, path.join('.')])).toEqual([
      ['A', undefined, '${A}', 'data.k'], ['B', 'deep ${C:-c}', '${B:=deep ${C:-c}}', 'data.k'], ['C', 'c', '${C:-c}', 'data.k'], ['A', undefined, '${A}', 'data.${A}'],
    ]);
  });

  test('of an encrypted Secret the names are known, the values are not', async () => {
    const tree = await treeOf({ 'cluster/a.yaml': ks('a', 'a', FROM('Secret', 's')), 'cluster/s.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: flux-system}\nstringData:\n  DOMAIN: ENC[AES256_GCM,data:x]\n  PLAIN: here\nsops: {version: 3.9.0}\n', 'a/m.yaml': map('m', 'k: https://${DOMAIN}/\n  p: ${PLAIN}\n  q: ${NOT}') });
    expect(tree.found.map(({ rule, message }) => `${rule}: ${message}`)).toEqual(['variable-undefined: the variable NOT has no value in Kustomization flux-system/a']);
    const data = builtOf(tree, 'm').object['data'] as Readonly<Record<string, string>>;
    expect([isUnknown(data['k']), data['p']]).toEqual([true, 'here']);
    expect(unitOf(tree, 'a').variables.get('DOMAIN')).toMatchObject({ value: undefined, from: { file: 'cluster/s.yaml' } });
  });

  test('of a Secret that something in the tree makes, what it says of its names counts', async () => {
    const external = (spec: string): string => `apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: e, namespace: flux-system}\nspec: ${spec}\n`;
    const files = { 'cluster/a.yaml': ks('a', 'a', FROM('Secret', 's')), 'a/m.yaml': map('m', 'k: ${KNOWN}\n  o: ${OTHER}') };
    const named = await treeOf({ ...files, 'cluster/e.yaml': external('{target: {name: s}, data: [{secretKey: KNOWN}]}') });
    expect(named.found.map(({ rule, needle }) => [rule, needle])).toEqual([['variable-undefined', '${OTHER}']]);
    const open = await treeOf({ ...files, 'cluster/e.yaml': external('{target: {name: s}, dataFrom: [{extract: {key: x}}]}') });
    expect(open.found).toEqual([]);
    expect(isUnknown(builtOf(open, 'm').object['data'])).toBe(true);
  });

  test('a source that may be missing leaves open what only it could say', async () => {
    const tree = await treeOf({ 'cluster/a.yaml': ks('a', 'a', FROM('Secret', 's', '        optional: true\n')), 'a/m.yaml': map('m', 'k: ${KNOWN}\n  d: ${OTHER:=x}') });
    expect(tree.found.map(({ rule, unknown, needle }) => [rule, unknown, needle])).toEqual([['variable-undefined', true, '${KNOWN}']]);
    expect(unitOf(tree, 'a').broken).toBe(false);
  });

  test('without any, nothing is filled in unless Flux is told to', async () => {
    const files = { 'a/m.yaml': map('m', 'k: ${A:=x}') };
    expect(builtOf(await treeOf({ ...files, 'cluster/a.yaml': ks('a', 'a', '  postBuild: {}\n') }), 'm').object['data']).toEqual({ k: '${A:=x}' });
    expect(builtOf(await treeOf({ ...files, 'cluster/a.yaml': ks('a', 'a', '  postBuild: {substituteStrategy: Always}\n') }), 'm').object['data']).toEqual({ k: 'x' });
  });

  test('what is given counts as a source', async () => {
    const tree = await treeOf({ '.manifests.yaml': 'given: [{apiVersion: v1, kind: ConfigMap, metadata: {name: g, namespace: flux-system}, data: {A: x}}]\n', 'cluster/a.yaml': ks('a', 'a', FROM('ConfigMap', 'g')), 'a/m.yaml': map('m', 'k: ${A}') });
    expect(tree.found).toEqual([]);
    expect(builtOf(tree, 'm').object['data']).toEqual({ k: 'x' });
  });
});

describe('work that is not done twice, and not more than in proportion', () => {
  const generated = (count: number): ReadonlyMap<string, string> => new Map([
    ['cluster/settings.yaml', map('settings', 'A: x', 'flux-system')],
    ...Array.from({ length: count }, (_, index): readonly (readonly [string, string])[] => [[`cluster/k${index}.yaml`, ks(`k${index}`, `apps/a${index}`, FROM('ConfigMap', 'settings'))], [`apps/a${index}/kustomization.yaml`, `namespace: n${index}\n${list('m.yaml', 'n.yaml')}`], [`apps/a${index}/m.yaml`, map('m', 'k: ${A}')], [`apps/a${index}/n.yaml`, map('n', 'k: v')]]).flat(),
  ]);
  const cpu = async (count: number): Promise<number> => {
    const before = process.cpuUsage();
    const texts = readTexts(join(import.meta.dirname, 'nowhere'), generated(count));
    const tree = await buildTree(texts, readSettings(texts).settings, { name: 'one', folder: 'cluster' });
    expect([tree.units.length, tree.objects.length, tree.found]).toEqual([count + 1, 3 * count + 1, []]);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  };

  test('twenty times the Kustomizations take no more than thirty times as long', { timeout: 60_000 }, async () => {
    await cpu(50);
    const small = Math.min(await cpu(50), await cpu(50), await cpu(50));
    const large = await cpu(1_000);
    expect(large / small).toBeLessThan(30);
  });

  test('what clusters share is read and built once', async () => {
    const texts = readTexts(join(import.meta.dirname, '../../..'));
    const { settings } = readSettings(texts);
    const [infra, apps] = await buildTrees(texts, settings, [...settings.entries].map(([name, folder]) => ({ name, folder })));
    const shared = infra?.objects.filter(({ raw }) => apps?.objects.some((other) => other.raw === raw)) ?? [];
    expect(shared.length).toBeGreaterThan(100);
  });
});
