import { expect, test } from 'vitest';
import { builtOf, ks, list, treeOf, wrote } from './rig.ts';

/** Who wrote a value, and where it stands in the source. */

const WEB = `# the web
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  template:
    spec:
      containers:
        - name: web
          image: nginx:1
        - name: side
          image: envoy:1
          env:
            - {name: A, value: "1"}
`;
const FILES = {
  'cluster/ks.yaml': ks('app', 'app', '  targetNamespace: shop\n  commonMetadata:\n    labels:\n      team: one\n  patches:\n    - target:\n        kind: Deployment\n      patch: |\n        - op: add\n          path: /spec/paused\n          value: true\n  postBuild:\n    substitute:\n      COUNT: "5"\n'),
  'app/kustomization.yaml': `${list('web.yaml')}labels:
  - pairs:
      tier: front
images:
  - name: envoy
    newTag: "2"
replicas:
  - name: web
    count: 3
patches:
  - path: patch.yaml
  - target: {kind: Deployment}
    patch: |-
      apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: any
      spec:
        strategy:
          type: Recreate
  - target: {kind: Deployment}
    patch: |
      - op: add
        path: /spec/template/spec/containers/0
        value:
          name: first
          image: first:1
configMapGenerator:
  - name: settings
    files: [values.yaml]
    literals: [a=b]
    options: {disableNameSuffixHash: true}
`,
  'app/web.yaml': WEB,
  'app/patch.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n        - name: side\n          env:\n            - name: B\n              value: ${COUNT}\n',
  'app/values.yaml': 'deep:\n  list:\n    - one\n    - ${COUNT}\n',
};

test('a value that nobody changed stands in the manifest, also when its list was changed around it', async () => {
  const tree = await treeOf(FILES);
  expect(tree.found).toEqual([]);
  const web = builtOf(tree, 'web');
  const containers = (web.object as unknown as { readonly spec: { readonly template: { readonly spec: { readonly containers: readonly { readonly name: string }[] } } } }).spec.template.spec.containers;
  expect(containers.map(({ name }) => name)).toEqual(['first', 'side', 'web']);
  const at = (...path: readonly (string | number)[]): string => wrote(tree, web, ['spec', 'template', 'spec', 'containers', ...path]);
  expect(at(2, 'image')).toBe('file app/web.yaml:12:18');
  expect(at(1, 'name')).toBe('file app/web.yaml:13:17');
  expect(at(1, 'env', 1, 'value')).toBe('file app/web.yaml:16:32');
  expect(wrote(tree, web, ['kind'])).toBe('file app/web.yaml:3:7');
  expect(wrote(tree, web, ['spec'], 'key')).toBe('file app/web.yaml:6:1');
  expect(wrote(tree, web, ['spec', 'nothing', 'below'])).toBe('file app/web.yaml:7:3');
});

test('what a patch wrote stands in the patch, an inline one at its own line', async () => {
  const tree = await treeOf(FILES);
  const web = builtOf(tree, 'web');
  const at = (...path: readonly (string | number)[]): string => wrote(tree, web, ['spec', ...path]);
  expect(at('template', 'spec', 'containers', 1, 'env', 0, 'name')).toBe('patch app/patch.yaml:11:21');
  expect(at('strategy', 'type')).toBe('patch app/kustomization.yaml:22:17');
  expect(wrote(tree, web, ['spec', 'strategy'], 'key')).toBe('patch app/kustomization.yaml:21:9');
  expect(at('template', 'spec', 'containers', 0, 'image')).toBe('patch app/kustomization.yaml:29:18');
  expect(at('paused')).toBe('patch cluster/ks.yaml:21:18');
});

test('what a transformer wrote stands in its field', async () => {
  const tree = await treeOf(FILES);
  const web = builtOf(tree, 'web');
  expect(wrote(tree, web, ['metadata', 'namespace'])).toBe('targetNamespace cluster/ks.yaml:11:20');
  expect(wrote(tree, web, ['metadata', 'labels', 'tier'])).toBe('labels app/kustomization.yaml:5:13');
  expect(wrote(tree, web, ['metadata', 'labels', 'team'])).toBe('commonMetadata cluster/ks.yaml:14:13');
  expect(wrote(tree, web, ['spec', 'template', 'spec', 'containers', 1, 'image'])).toBe('images app/kustomization.yaml:7:5');
  expect(wrote(tree, web, ['spec', 'replicas'])).toBe('replicas app/kustomization.yaml:11:12');
});

test('what a generator wrote stands in its files and literals, a variable where it is used', async () => {
  const tree = await treeOf(FILES);
  const settings = builtOf(tree, 'settings');
  expect(wrote(tree, settings, ['metadata', 'name'])).toBe('generator app/kustomization.yaml:31:11');
  expect(wrote(tree, settings, ['data', 'a'])).toBe('generator app/kustomization.yaml:33:16');
  const { source } = (await import('../../../scripts/manifests/build/index.ts')).placeOf(tree.texts, settings, ['data', 'values.yaml']);
  expect(source).toEqual({ file: 'app/values.yaml', document: 0, at: [] });
  expect(tree.texts.spotIn(source, '${COUNT}')).toMatchObject({ file: 'app/values.yaml', line: 4, column: 7 });
  expect(tree.texts.spot({ ...source, at: ['deep', 'list', 1] })).toMatchObject({ line: 4, column: 7 });
  expect(wrote(tree, builtOf(tree, 'web'), ['spec', 'template', 'spec', 'containers', 1, 'env', 0, 'value'])).toBe('variable app/patch.yaml:12:22');
});

test('anchors and merge keys are followed to where the value is written', async () => {
  const tree = await treeOf({ 'cluster/m.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata:\n  base: &base\n    x: 1\n  same: *base\n  more:\n    <<: *base\n    y: 2\n' });
  const m = builtOf(tree, 'm');
  expect(wrote(tree, m, ['data', 'more', 'x'])).toBe('file cluster/m.yaml:6:8');
  expect(wrote(tree, m, ['data', 'same', 'x'])).toBe('file cluster/m.yaml:6:8');
  expect(wrote(tree, m, ['data', 'more', 'y'])).toBe('file cluster/m.yaml:10:8');
});
