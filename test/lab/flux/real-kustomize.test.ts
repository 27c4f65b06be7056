import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { CORE_SCHEMA, loadAll } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { canonicalJson, identity } from '../../../lab/catalog/data.ts';
import { isObject } from '../../../lab/catalog/install.ts';
import { realTool } from '../../real-tool.ts';
import { build, kustomizationFile } from '../../../lab/flux/kustomize.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

const kustomize = realTool('kustomize');

function read(folder: string): Map<string, string> {
  const out = new Map<string, string>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) if (entry.isFile()) { const file = join(entry.parentPath, entry.name); out.set(relative(ROOT, file), readFileSync(file, 'utf8')); }
  return out;
}
const sorted = (objects: readonly unknown[]): string[] => objects.filter(isObject).map((object) => `${identity(object)} ${canonicalJson(object)}`).toSorted();
const real = (folder: string): string[] => sorted([...loadAll(execFileSync(kustomize ?? '', ['build', folder]).toString(), { schema: CORE_SCHEMA })]);

const files = existsSync(join(ROOT, 'kubernetes')) ? read(join(ROOT, 'kubernetes')) : new Map<string, string>();
const directories = [...new Set([...files.keys()].map((file) => dirname(file)))].filter((directory) => {
  const file = kustomizationFile(files, directory);
  return file !== undefined && !/^kind: Component$/m.test(files.get(file) ?? '');
}).toSorted();

describe.skipIf(kustomize === undefined)(kustomize === undefined ? 'skipped: no kustomize on PATH or in the tool cache' : 'the same objects as the real kustomize', () => {
  test.each(directories)('%s', (directory) => { expect(sorted(build(files, directory))).toEqual(real(join(ROOT, directory))); });

  const CASES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'patches of both kinds, images, labels, annotations and a component': {
      'kustomization.yaml': 'namespace: apps\ncommonAnnotations: {note: x}\nlabels: [{pairs: {team: a}, includeSelectors: true}]\nresources: [d.yaml, s.yaml]\ncomponents: [c]\nimages: [{name: nginx, newTag: "2"}]\npatches:\n  - path: p.yaml\n  - target: {kind: Deployment, name: w.*}\n    patch: |-\n      - op: add\n        path: /spec/template/spec/containers/0/args\n        value: ["--x"]\n',
      'd.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  selector:\n    matchLabels:\n      app: web\n  template:\n    metadata:\n      labels:\n        app: web\n    spec:\n      containers:\n        - name: web\n          image: nginx:1\n          env:\n            - name: A\n              value: a\n          ports:\n            - containerPort: 80\n',
      's.yaml': 'apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  selector:\n    app: web\n  ports:\n    - port: 80\n',
      'p.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 2\n  template:\n    spec:\n      containers:\n        - name: web\n          env:\n            - name: B\n              value: b\n            - name: A\n              value: c\n        - name: side\n          image: side:1\n',
      'c/kustomization.yaml': 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [cm.yaml]\npatches: [{target: {kind: Service}, patch: "- {op: add, path: /spec/type, value: LoadBalancer}"}]\n',
      'c/cm.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: from-component\ndata:\n  a: b\n',
    },
    'generators, and a merge that removes': {
      'kustomization.yaml': 'generatorOptions: {disableNameSuffixHash: true, labels: {g: h}}\nresources: [cm.yaml]\nconfigMapGenerator: [{name: v, files: [values.yaml], literals: [x=y, "q=\'z\'"]}]\nsecretGenerator: [{name: s, literals: [a=b], type: example.test/x}]\npatches: [{patch: "apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: old}\\ndata: {a: null}"}]\n',
      'cm.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: old\ndata:\n  a: b\n  c: d\n', 'values.yaml': 'some: ${VALUE}\n',
    },
  };
  test.each(Object.entries(CASES))('%s', (_name, given) => {
    const folder = mkdtempSync(join(tmpdir(), 'kustomize-'));
    try {
      for (const [path, content] of Object.entries(given)) { mkdirSync(dirname(join(folder, path)), { recursive: true }); writeFileSync(join(folder, path), content); }
      expect(sorted(build(new Map(Object.entries(given)), ''))).toEqual(real(folder));
    } finally { rmSync(folder, { recursive: true, force: true }); }
  });
});
