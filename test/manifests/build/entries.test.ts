import { join } from 'node:path';
import { expect, test } from 'vitest';
import { entriesOf, readSettings, readTexts } from '../../../scripts/manifests/build/index.ts';

const found = (files: Readonly<Record<string, string>>, options: { readonly entry?: string; readonly cluster?: string } = {}) => {
  const texts = readTexts(join(import.meta.dirname, 'nowhere'), new Map(Object.entries(files)));
  return entriesOf(texts, readSettings(texts).settings, options);
};
const ANY = 'a: b\n';

test.each([
  ['settings', { '.manifests.yaml': 'entries: {one: a/b, two: c}\n', 'clusters/x/a.yaml': ANY }, [['one', 'a/b'], ['two', 'c']]],
  ['a FluxInstance', { 'flux/instance.yaml': 'apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata: {name: flux}\nspec: {sync: {path: kubernetes/main}}\n', 'kubernetes/main/a.yaml': ANY, 'clusters/x/a.yaml': ANY }, [['main', 'kubernetes/main']]],
  ['the values of its chart', { 'apps/flux/values.yaml': 'instance:\n  sync:\n    path: ./kubernetes/flux/cluster\n', 'kubernetes/flux/cluster/a.yaml': ANY }, [['cluster', 'kubernetes/flux/cluster']]],
  ['a HelmRelease of it', { 'x.yaml': 'kind: HelmRelease\nspec:\n  values:\n    instance:\n      sync: {path: k}\n', 'k/a.yaml': ANY }, [['k', 'k']]],
  ['gotk-sync.yaml, several', { 'clusters/one/flux-system/gotk-sync.yaml': 'kind: GitRepository\n---\nkind: Kustomization\nspec: {path: ./clusters/one}\n', 'clusters/two/flux-system/gotk-sync.yaml': 'kind: Kustomization\nspec: {path: ./clusters/two}\n', 'clusters/common/a.yaml': ANY }, [['one', 'clusters/one'], ['two', 'clusters/two']]],
  ['two of one name', { 'a/gotk-sync.yaml': 'kind: Kustomization\nspec: {path: a/prod}\n', 'b/gotk-sync.yaml': 'kind: Kustomization\nspec: {path: b/prod}\n', 'a/prod/x.yaml': ANY, 'b/prod/x.yaml': ANY }, [['a-prod', 'a/prod'], ['b-prod', 'b/prod']]],
  ['a path that is not there, or that nobody knows', { 'x.yaml': 'kind: FluxInstance\nspec: {sync: {path: nowhere}}\n', 'y.yaml': 'kind: FluxInstance\nspec: {sync: {path: "${PATH}"}}\n', 'clusters/x/a.yaml': ANY }, [['x', 'clusters/x']]],
  ['folders of clusters', { 'kubernetes/clusters/b/a.yaml': ANY, 'kubernetes/clusters/a/flux-system/x.yaml': ANY, 'kubernetes/clusters/docs/readme.md': 'x', 'kubernetes/clusters/base/x.yaml': ANY, 'kubernetes/clusters/_shared/x.yaml': ANY }, [['a', 'kubernetes/clusters/a'], ['b', 'kubernetes/clusters/b']]],
  ['a folder called flux', { 'kubernetes/flux/kustomization.yaml': ANY }, [['flux', 'kubernetes/flux']]],
] as const)('what says where Flux begins: %s', (_, files, entries) => {
  expect(found(files)).toEqual(entries.map(([name, folder]) => ({ name, folder })));
});

test('one is chosen by its cluster, or named as a folder', () => {
  const files = { 'clusters/one/a.yaml': ANY, 'clusters/two/a.yaml': ANY };
  expect(found(files, { cluster: 'two' })).toEqual([{ name: 'two', folder: 'clusters/two' }]);
  expect(found(files, { entry: './somewhere/else/' })).toEqual([{ name: 'else', folder: 'somewhere/else' }]);
  expect(found(files, { entry: '.' })).toEqual([{ name: 'root', folder: '' }]);
  expect(found({ ...files, '.manifests.yaml': 'entries: {prod: clusters/one}\n' }, { entry: 'clusters/one' })).toEqual([{ name: 'prod', folder: 'clusters/one' }]);
});

test('a cluster there is not, and a tree without any, say what to do', () => {
  expect(() => found({ 'clusters/one/a.yaml': ANY }, { cluster: 'on' })).toThrow(expect.objectContaining({ exit: 'usage', hint: 'did you mean one?' }));
  expect(() => found({ 'readme.md': 'x' })).toThrow(expect.objectContaining({ exit: 'usage', hint: expect.stringContaining('ENTRY=') }));
});
