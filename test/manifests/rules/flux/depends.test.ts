import { describe } from 'vitest';
import { hr, ks, list, object, REPOSITORY, table } from './rig.ts';

const map = (name: string): string => object('ConfigMap', name, 'flux-system');
/** Two components, each of one ConfigMap. */
function two(a: string, b: string): Readonly<Record<string, string>> {
  return { 'c/kustomization.yaml': list('all.yaml'), 'c/all.yaml': a + b, 'a/x.yaml': map('a'), 'b/x.yaml': map('b') };
}

/** A Kustomization in another namespace. */
const elsewhere = ks('a', 'sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}').replace('namespace: flux-system\nspec', 'namespace: other\nspec');

describe('dependsOn', () => {
  table([
    { is: 'names what is there', files: two(ks('a'), ks('b', 'dependsOn: [{name: a}]')) },
    { is: 'names what is there, in another namespace', files: two(elsewhere, ks('b', 'dependsOn: [{name: a, namespace: other}]')), given: object('Namespace', 'other') },
    { is: 'misspelt', files: two(ks('a-component', 'path: ./a'), ks('b', 'dependsOn:', '  - name: a-componant')), finds: ['depends-on-nothing c/all.yaml "- name: a-componant"'], says: /did you mean a-component\?/ },
    { is: 'of another namespace, which is not said', files: two(elsewhere, ks('b', 'dependsOn:', '  - name: a')), given: object('Namespace', 'other'), finds: ['depends-on-nothing c/all.yaml "- name: a"'], says: /set namespace: other/ },
    { is: 'with a wrong namespace', files: two(ks('a'), ks('b', 'dependsOn:', '  - name: a', '    namespace: apps')), finds: ['depends-on-nothing c/all.yaml "namespace: apps"'] },
    { is: 'a HelmRelease waits for a Kustomization of that name, which it cannot', files: { ...two(ks('a'), ks('b')), 'b/x.yaml': REPOSITORY + hr('app', 'dependsOn:', '  - name: a') }, finds: ['depends-on-nothing b/x.yaml "- name: a"'] },
    { is: 'between HelmReleases', files: { ...two(ks('a'), ks('b')), 'a/x.yaml': REPOSITORY + hr('one'), 'b/x.yaml': hr('two', 'dependsOn: [{name: one}]') } },
    {
      is: 'of something that may come from another repository is left alone',
      files: { ...two(ks('a'), ks('b', 'dependsOn: [{name: elsewhere}]', 'sourceRef: {kind: GitRepository, name: flux-system}')), 'a/x.yaml': `${object('ResourceSet', 'apps', 'flux-system', 'fluxcd.controlplane.io/v1')}` },
    },
    { is: 'nearly the name of something, where others may make things too', files: { ...two(ks('a'), ks('b', 'dependsOn:', '  - name: datab')), 'a/x.yaml': `${object('ResourceSet', 'apps', 'flux-system', 'fluxcd.controlplane.io/v1')}${ks('datax', 'path: ./b2')}`, 'b2/y.yaml': map('b2') }, finds: ['depends-on-nothing c/all.yaml "- name: datab"'] },
    { is: 'of itself', files: two(ks('a', 'dependsOn:', '  - name: a'), ks('b')), finds: ['depends-cycle c/all.yaml "- name: a"'], says: /waits for itself/ },
    { is: 'in a circle', files: two(ks('a', 'dependsOn:', '  - name: b'), ks('b', 'dependsOn:', '  - name: a')), finds: ['depends-cycle c/all.yaml "- name: b"'], says: /a -> b -> a/ },
    {
      is: 'in a circle of three, told where what most wait for waits itself',
      files: {
        'c/kustomization.yaml': list('all.yaml'), 'base/x.yaml': map('m1'), 'middle/x.yaml': map('m2'), 'top/x.yaml': map('m3'), 'other/x.yaml': map('m4'),
        'c/all.yaml': ks('base', 'dependsOn:', '  - name: top') + ks('middle', 'dependsOn:', '  - name: base') + ks('top', 'dependsOn:', '  - name: middle') + ks('other', 'dependsOn: [{name: base}]'),
      },
      finds: ['depends-cycle c/all.yaml "- name: top"'], says: /base -> top -> middle -> base/,
    },
    { is: 'between HelmReleases in a circle', files: { ...two(ks('a'), ks('b')), 'b/x.yaml': REPOSITORY + hr('one', 'dependsOn:', '  - name: two') + hr('two', 'dependsOn:', '  - name: one') }, finds: ['depends-cycle b/x.yaml "- name: two"'] },
    { is: 'with an expression of its own need not be Ready, so that is no circle', files: two(ks('a', 'dependsOn: [{name: b, readyExpr: "dep.metadata.generation > 0"}]'), ks('b', 'dependsOn: [{name: a}]')) },
    {
      is: 'in two circles is two findings',
      files: { ...two(ks('a', 'dependsOn:', '  - name: b') + ks('e', 'dependsOn:', '  - name: f') + ks('f', 'dependsOn: [{name: e}]'), ks('b', 'dependsOn: [{name: a}]')), 'e/x.yaml': map('e'), 'f/x.yaml': map('f') },
      finds: ['depends-cycle c/all.yaml "- name: b"', 'depends-cycle c/all.yaml "- name: f"'],
    },
  ]);
});

const layers = (outer: string, other: string): Readonly<Record<string, string>> => ({ 'c/kustomization.yaml': list('all.yaml'), 'c/all.yaml': outer + other, 'outer/ks.yaml': ks('inner'), 'inner/x.yaml': map('inner'), 'other/x.yaml': map('other') });

describe('layers that wait', () => {
  table([
    { is: 'for what they bring, and nothing back', files: layers(ks('outer', 'wait: true'), ks('other', 'dependsOn: [{name: outer}]')) },
    { is: 'while what they bring waits for them', files: { ...layers(ks('outer', 'wait: true'), ks('other')), 'outer/ks.yaml': ks('inner', 'dependsOn:', '  - name: outer') }, finds: ['layer-deadlock outer/ks.yaml "- name: outer"'], says: /Kustomization flux-system\/inner waits for Kustomization flux-system\/outer, which waits for Kustomization flux-system\/inner/ },
    { is: 'not at all: a child may wait for its parent', files: { ...layers(ks('outer'), ks('other')), 'outer/ks.yaml': ks('inner', 'dependsOn: [{name: outer}]') } },
    { is: 'while what they bring waits for something that waits for them', files: { ...layers(ks('outer', 'wait: true'), ks('other', 'dependsOn: [{name: outer}]')), 'outer/ks.yaml': ks('inner', 'dependsOn:', '  - name: other') }, finds: ['layer-deadlock outer/ks.yaml "- name: other"'] },
    {
      is: 'for one another through what they bring, told at the layer',
      files: { ...layers(ks('outer', 'wait: true'), ks('other', 'wait: true', 'dependsOn:', '  - name: outer')), 'outer/ks.yaml': ks('inner', 'dependsOn: [{name: leaf}]'), 'other/x.yaml': ks('leaf'), 'leaf/x.yaml': map('leaf') },
      finds: ['layer-deadlock c/all.yaml "- name: outer"'],
    },
    {
      is: 'by a health check of something that waits for them',
      files: { 'c/kustomization.yaml': list('all.yaml'), 'c/all.yaml': ks('a', 'healthChecks:', '  - apiVersion: kustomize.toolkit.fluxcd.io/v1', '    kind: Kustomization', '    name: b', '    namespace: flux-system') + ks('b', 'dependsOn:', '  - name: a'), 'a/x.yaml': map('a'), 'b/x.yaml': map('b') },
      finds: ['layer-deadlock c/all.yaml "- name: a"'],
    },
    {
      is: 'for a release whose source comes only after them',
      files: { 'c/kustomization.yaml': list('all.yaml'), 'c/all.yaml': ks('a', 'wait: true') + ks('b', 'dependsOn:', '  - name: a'), 'a/x.yaml': hr('app'), 'b/x.yaml': REPOSITORY },
      finds: ['layer-deadlock c/all.yaml "- name: a"'],
    },
    { is: 'for themselves, as flux bootstrap writes it', files: { 'c/kustomization.yaml': list('flux-system', 'all.yaml'), 'c/flux-system/kustomization.yaml': list('sync.yaml'), 'c/flux-system/sync.yaml': `${object('GitRepository', 'flux-system', 'flux-system', 'source.toolkit.fluxcd.io/v1', 'spec: {url: "https://example.com/r.git", ref: {branch: main}}\n')}${ks('flux-system', 'path: ./c', 'wait: true')}`, 'c/all.yaml': ks('a'), 'a/x.yaml': map('a') } },
  ]);
});

describe('what is suspended', () => {
  table([
    { is: 'and waited for', files: two(ks('a', 'suspend: true'), ks('b', 'dependsOn:', '  - name: a')), finds: ['waits-for-suspended c/all.yaml "suspend: true"'], says: /a is suspended, and Kustomization flux-system\/b waits for it/ },
    { is: 'with what brings it, and waited for', files: { ...layers(ks('outer', 'suspend: true'), ks('other', 'dependsOn:', '  - name: inner')) }, finds: ['waits-for-suspended c/all.yaml "suspend: true"'], says: /outer is suspended, and Kustomization flux-system\/other waits/ },
    { is: 'and waited for by several, told once', files: { ...two(ks('outer', 'wait: true', 'path: ./a'), ks('b', 'dependsOn: [{name: inner}]')), 'a/x.yaml': ks('inner', 'suspend: true', 'path: ./in') + ks('beside', 'path: ./beside', 'dependsOn: [{name: inner}]'), 'in/x.yaml': map('in'), 'beside/x.yaml': map('beside') }, finds: ['waits-for-suspended a/x.yaml "suspend: true"'], says: /b, Kustomization flux-system\/beside and Kustomization flux-system\/outer wait for it/ },
    { is: 'and nobody waits', files: two(ks('a', 'suspend: true'), ks('b')) },
    { is: 'together with who waits', files: two(ks('a', 'suspend: true'), ks('b', 'suspend: true', 'dependsOn: [{name: a}]')) },
    { is: 'below a Kustomization that waits for all it applies', files: { ...two(ks('a', 'wait: true'), ks('b')), 'a/x.yaml': REPOSITORY + hr('app', 'suspend: true') }, finds: ['waits-for-suspended a/x.yaml "suspend: true"'] },
    { is: 'below one that does not wait', files: { ...two(ks('a'), ks('b')), 'a/x.yaml': REPOSITORY + hr('app', 'suspend: true') } },
  ]);
});
