import { describe, expect, test } from 'vitest';
import { buildFluxKustomization } from '../../../lab/flux/build.ts';
import { build } from '../../../lab/flux/kustomize.ts';

const CM = (name: string, more = ''): string => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${more}data:\n  key: value\n`;
const DEPLOY = 'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  selector:\n    matchLabels: {app: web}\n  template:\n    metadata:\n      labels: {app: web}\n    spec:\n      containers:\n        - name: web\n          image: nginx:1.0\n        - name: side\n          image: ghcr.io/x/side:2\n';
const tree = (files: Readonly<Record<string, string>>): Map<string, string> => new Map(Object.entries(files));
const names = (objects: readonly { kind: string; metadata: { name: string } }[]): string[] => objects.map((object) => `${object.kind}/${object.metadata.name}`);

describe('what the subset builds', () => {
  test('resources from files and directories, in the order of listing', () => {
    expect(names(build(tree({ 'a/kustomization.yaml': 'resources: [../b, one.yaml]', 'a/one.yaml': CM('one'), 'b/kustomization.yaml': 'resources: [two.yaml]', 'b/two.yaml': `${CM('two')}---\n${CM('three')}` }), 'a')))
      .toEqual(['ConfigMap/two', 'ConfigMap/three', 'ConfigMap/one']);
  });
  test('namespace on namespaced kinds only', () => {
    const built = build(tree({ 'kustomization.yaml': 'namespace: apps\nresources: [a.yaml]', 'a.yaml': `${CM('one')}---\napiVersion: v1\nkind: Namespace\nmetadata: {name: apps}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\n` }), '');
    expect(built.map((object) => object.metadata.namespace)).toEqual(['apps', undefined, undefined]);
  });
  test('labels with and without selectors, and common annotations down to templates', () => {
    const [plain] = build(tree({ 'kustomization.yaml': 'commonAnnotations: {a: b}\nlabels: [{pairs: {team: x}}]\nresources: [d.yaml]', 'd.yaml': DEPLOY }), '');
    expect(plain).toMatchObject({ metadata: { labels: { team: 'x' }, annotations: { a: 'b' } }, spec: { selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' }, annotations: { a: 'b' } } } } });
    const [selecting] = build(tree({ 'kustomization.yaml': 'labels: [{pairs: {team: x}, includeSelectors: true}]\nresources: [d.yaml]', 'd.yaml': DEPLOY }), '');
    expect(selecting).toMatchObject({ spec: { selector: { matchLabels: { app: 'web', team: 'x' } }, template: { metadata: { labels: { app: 'web', team: 'x' } } } } });
  });
  test.each([
    ['a strategic merge that finds a container by name', 'patches: [{patch: "apiVersion: apps/v1\\nkind: Deployment\\nmetadata: {name: web}\\nspec: {template: {spec: {containers: [{name: side, env: [{name: A, value: b}]}]}}}"}]', { spec: { template: { spec: { containers: [{ name: 'side', image: 'ghcr.io/x/side:2', env: [{ name: 'A', value: 'b' }] }, { name: 'web', image: 'nginx:1.0' }] } } } }],
    ['a JSON patch by target', 'patches: [{target: {kind: Deployment}, patch: "- {op: replace, path: /spec/template/spec/containers/0/image, value: new:1}\\n- {op: add, path: /spec/replicas, value: 3}"}]', { spec: { replicas: 3, template: { spec: { containers: [{ image: 'new:1' }, {}] } } } }],
    ['a patch file', 'patches: [{path: patch.yaml}]', { spec: { replicas: 7 } }],
    ['images', 'images: [{name: nginx, newName: mirror/nginx, newTag: "1.1"}]', { spec: { template: { spec: { containers: [{ image: 'mirror/nginx:1.1' }, { image: 'ghcr.io/x/side:2' }] } } } }],
  ])('%s', (_name, kustomization, expected) => {
    const [built] = build(tree({ 'kustomization.yaml': `${kustomization}\nresources: [d.yaml]`, 'd.yaml': DEPLOY, 'patch.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 7}\n' }), '');
    expect(built).toMatchObject(expected);
  });
  test('lists of custom resources are replaced as a whole by a merge', () => {
    const [built] = build(tree({ 'kustomization.yaml': 'resources: [w.yaml]\npatches: [{patch: "apiVersion: x/v1\\nkind: W\\nmetadata: {name: w}\\nspec: {containers: [{name: b}]}"}]', 'w.yaml': 'apiVersion: x/v1\nkind: W\nmetadata: {name: w}\nspec: {containers: [{name: a}], keep: 1}\n' }), '');
    expect(built?.spec).toEqual({ containers: [{ name: 'b' }], keep: 1 });
  });
  test('ConfigMaps and Secrets from files, literals and options', () => {
    const built = build(tree({ 'kustomization.yaml': 'namespace: n\ngeneratorOptions: {disableNameSuffixHash: true}\nconfigMapGenerator: [{name: c, files: [values.yaml, other=values.yaml], options: {labels: {l: m}}}]\nsecretGenerator: [{name: s, literals: [a=b]}]', 'values.yaml': 'x: 1\n' }), '');
    expect(built).toEqual([
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'n', labels: { l: 'm' } }, data: { 'values.yaml': 'x: 1\n', other: 'x: 1\n' } },
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'n' }, data: { a: 'Yg==' }, type: 'Opaque' },
    ]);
  });
  test('components change what was gathered before them', () => {
    const [built] = build(tree({ 'a/kustomization.yaml': 'resources: [d.yaml]\ncomponents: [../c]', 'a/d.yaml': DEPLOY, 'c/kustomization.yaml': 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{target: {kind: Deployment}, patch: "- {op: add, path: /spec/replicas, value: 2}"}]' }), 'a');
    expect(built?.spec).toMatchObject({ replicas: 2 });
  });
});

describe('what the subset refuses, naming it', () => {
  test.each([
    ['a field it does not know', { 'kustomization.yaml': 'replacements: []' }, 'kustomization.yaml: field replacements is not in the subset'],
    ['helm charts', { 'kustomization.yaml': 'helmCharts: [{name: x}]' }, 'field helmCharts is not in the subset'],
    ['the old patch fields', { 'kustomization.yaml': 'patchesStrategicMerge: [x]' }, 'field patchesStrategicMerge'],
    ['a resource that is not there', { 'kustomization.yaml': 'resources: [gone.yaml]' }, "accumulating resources from 'gone.yaml': gone.yaml: no such file or directory"],
    ['a directory without kustomization', { 'kustomization.yaml': 'resources: [d]', 'd/a.yaml': CM('a') }, 'no kustomization.yaml in directory d'],
    ['a remote resource', { 'kustomization.yaml': 'resources: ["https://example.test/x.yaml"]' }, 'remote resource https://example.test/x.yaml is not allowed'],
    ['a path out of the tree', { 'kustomization.yaml': 'resources: [../../x]' }, 'leads out of the repository'],
    ['the same object twice', { 'kustomization.yaml': 'resources: [a.yaml, b.yaml]', 'a.yaml': CM('one'), 'b.yaml': CM('one') }, 'may not add resource with an already registered id: ConfigMap.v1/one.[noNs]'],
    ['a circle', { 'kustomization.yaml': 'resources: [d]', 'd/kustomization.yaml': 'resources: [../../x]', 'x/kustomization.yaml': 'resources: []' }, 'leads out of the repository'],
    ['a circle of directories', { 'a/kustomization.yaml': 'resources: [../b]', 'b/kustomization.yaml': 'resources: [../a]', 'kustomization.yaml': 'resources: [a]' }, 'cycle detected: kustomization.yaml -> a/kustomization.yaml -> b/kustomization.yaml -> a/kustomization.yaml'],
    ['hashed names', { 'kustomization.yaml': 'configMapGenerator: [{name: c, literals: [a=b]}]' }, 'configMapGenerator c: set generatorOptions.disableNameSuffixHash: true'],
    ['a generator file that is not there', { 'kustomization.yaml': 'generatorOptions: {disableNameSuffixHash: true}\nconfigMapGenerator: [{name: c, files: [gone]}]' }, "evalsymlink failure on 'gone'"],
    ['a patch for nobody', { 'kustomization.yaml': 'patches: [{patch: "apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: nobody}"}]' }, 'no matches for Id ConfigMap/nobody'],
    ['a patch with a wrong path', { 'kustomization.yaml': 'resources: [a.yaml]\npatches: [{target: {kind: ConfigMap}, patch: "- {op: replace, path: /data/nope, value: x}"}]', 'a.yaml': CM('one') }, 'patch of ConfigMap/one: path /data/nope does not exist'],
    ['a list of operations that only looks like JSON', { 'kustomization.yaml': 'resources: [a.yaml]\npatches: [{target: {kind: ConfigMap}, patch: "[{op: add, path: /data/x, value: y}]"}]', 'a.yaml': CM('one') }, 'unable to parse SM or JSON patch'],
    ['YAML that is none', { 'kustomization.yaml': 'resources: [a.yaml]', 'a.yaml': 'a: [' }, 'a.yaml: '],
    ['a document that is no object', { 'kustomization.yaml': 'resources: [a.yaml]', 'a.yaml': 'just: text\n' }, 'a.yaml: a document has no apiVersion, kind or metadata.name'],
    ['a component among the resources', { 'kustomization.yaml': 'resources: [c]', 'c/kustomization.yaml': 'kind: Component' }, 'kind is Component, a Kustomization is needed here'],
  ])('%s', (_name, files, message) => {
    expect(() => build(tree(files), '')).toThrow(message);
  });
});

describe('what Flux adds', () => {
  test('a directory without kustomization.yaml: every YAML below, and directories that have their own', () => {
    const files = tree({ 'k/a.yaml': CM('a'), 'k/sub/b.yaml': CM('b'), 'k/own/kustomization.yaml': 'resources: [c.yaml]', 'k/own/c.yaml': CM('c'), 'k/own/ignored.yaml': CM('ignored'), 'k/notes.txt': 'x', 'other/d.yaml': CM('d') });
    expect(names(buildFluxKustomization('k', { path: './k' }, files, undefined)).toSorted()).toEqual(['ConfigMap/a', 'ConfigMap/b', 'ConfigMap/c']);
  });
  test('targetNamespace, patches and commonMetadata of the Kustomization itself', () => {
    const [built] = buildFluxKustomization('k', { path: 'k', targetNamespace: 't', commonMetadata: { labels: { a: 'b' } }, patches: [{ target: { kind: 'ConfigMap' }, patch: '[{"op": "add", "path": "/data/more", "value": "x"}]' }] }, tree({ 'k/a.yaml': CM('a') }), undefined);
    expect(built).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 't', labels: { a: 'b' } }, data: { key: 'value', more: 'x' } });
  });
  test('without variables nothing is substituted', () => {
    const [built] = buildFluxKustomization('k', { path: 'k' }, tree({ 'k/a.yaml': CM('a').replace('value', '${X}') }), {});
    expect(built?.data).toEqual({ key: '${X}' });
  });
});
