import { describe } from 'vitest';
import { definition, hr, ks, list, object, REPOSITORY, table } from './rig.ts';

const map = (name: string, more = ''): string => object('ConfigMap', name, 'flux-system').replace('  namespace', `${more}  namespace`);
const entry = (all: string): Readonly<Record<string, string>> => ({ 'c/kustomization.yaml': list('all.yaml'), 'c/all.yaml': all });

describe('owners', () => {
  table([
    { is: 'one of each object', files: { ...entry(ks('a') + ks('b')), 'a/x.yaml': map('a'), 'b/x.yaml': map('b') } },
    { is: 'two Kustomizations', files: { ...entry(ks('a') + ks('b')), 'a/x.yaml': map('same'), 'b/x.yaml': map('same') }, finds: ['object-twice b/x.yaml "name: same"'], says: /by Kustomization b and by Kustomization a/ },
    { is: 'two, of which one only merges fields into it', files: { ...entry(ks('a') + ks('b')), 'a/x.yaml': map('same'), 'b/x.yaml': map('same', '  annotations: {kustomize.toolkit.fluxcd.io/ssa: Merge}\n') } },
    { is: 'two, of which one is suspended', files: { ...entry(ks('a') + ks('b', 'suspend: true')), 'a/x.yaml': map('same'), 'b/x.yaml': map('same') } },
    { is: 'two, of which one is in another cluster', files: { ...entry(ks('a') + ks('b', 'kubeConfig: {secretRef: {name: x}}')), 'a/x.yaml': map('same'), 'b/x.yaml': map('same') } },
    { is: 'a Kustomization and a release, told at the manifest', files: { ...entry(ks('a') + ks('b')), 'a/x.yaml': map('same'), 'b/x.yaml': REPOSITORY + hr('app') }, charts: { 'flux-system/app': { makes: map('same') } }, finds: ['object-twice a/x.yaml "name: same"'], says: /HelmRelease flux-system\/app/ },
    { is: 'two releases', files: { ...entry(ks('b')), 'b/x.yaml': REPOSITORY + hr('one') + hr('two') }, charts: { 'flux-system/one': { makes: map('same') }, 'flux-system/two': { makes: map('same') } }, finds: ['object-twice b/x.yaml "name: two"'] },
    { is: 'two releases with a hook each', files: { ...entry(ks('b')), 'b/x.yaml': REPOSITORY + hr('one') + hr('two') }, charts: { 'flux-system/one': { makes: map('same', '  annotations: {helm.sh/hook: test}\n') }, 'flux-system/two': { makes: map('same') } } },
    { is: 'a definition in a chart and beside it', files: { ...entry(ks('a') + ks('b', 'dependsOn: [{name: a}]')), 'a/x.yaml': definition('Thing'), 'b/x.yaml': REPOSITORY + hr('one') }, charts: { 'flux-system/one': { makes: definition('Thing'), defines: definition('Thing') } } },
    { is: 'objects of one name in two namespaces', files: { ...entry(ks('a')), 'a/x.yaml': object('ConfigMap', 'same', 'default') + map('same') } },
    { is: 'one in each of two clusters', entries: { one: 'one', two: 'two' }, files: { 'one/kustomization.yaml': list('ks.yaml'), 'one/ks.yaml': ks('a'), 'two/kustomization.yaml': list('ks.yaml'), 'two/ks.yaml': ks('a'), 'a/x.yaml': map('a') } },
    { is: 'one folder, two Kustomizations', files: { ...entry(ks('a') + ks('b', 'path: ./a')), 'a/x.yaml': map('one'), 'a/y.yaml': map('two') }, finds: ['path-twice c/all.yaml "path: ./a"'], says: /both apply a \(2 objects\)/ },
    { is: 'one folder, two Kustomizations that make different objects of it', files: { ...entry(ks('a', 'namePrefix: one-') + ks('b', 'path: ./a', 'namePrefix: two-')), 'a/x.yaml': map('one') } },
    { is: 'a folder inside another one', files: { ...entry(ks('a') + ks('b', 'path: ./a/in')), 'a/x.yaml': map('one'), 'a/in/y.yaml': map('two') }, finds: ['path-twice c/all.yaml "path: ./a/in"'] },
    { is: 'the entry once more', files: { 'c/x.yaml': map('x'), 'c/sub/y.yaml': map('y'), 'c/all.yaml': ks('again', 'path: ./c/sub') }, finds: ['path-twice c/all.yaml "path: ./c/sub"'], says: /entry point c/ },
  ]);
});

describe('sources', () => {
  const bucket = object('Bucket', 'extra', 'flux-system', 'source.toolkit.fluxcd.io/v1', 'spec: {bucketName: b, endpoint: s3.example.com}\n');
  const read = (...lines: readonly string[]): string => ks('a') + ks('b') + ks('d', 'sourceRef:', ...lines.map((line) => `  ${line}`));
  const folders = { 'a/x.yaml': map('a'), 'b/x.yaml': map('b'), 'd/x.yaml': map('d') };
  table([
    { is: 'of the entry itself, which nobody here makes', files: { ...entry(ks('a') + ks('b')), ...folders } },
    { is: 'misspelt for the entry\'s own', files: { ...entry(read('kind: GitRepository', 'name: flux-sytem')), ...folders }, finds: ['source-missing c/all.yaml "name: flux-sytem"'], says: /did you mean flux-system\?/ },
    { is: 'in the tree', files: { ...entry(read('kind: Bucket', 'name: extra') + bucket), ...folders } },
    { is: 'given', files: { ...entry(read('kind: Bucket', 'name: extra')), ...folders }, given: bucket },
    { is: 'in another namespace', files: { ...entry(read('kind: Bucket', 'name: extra') + bucket.replace('namespace: flux-system', 'namespace: kube-system')), ...folders }, finds: ['source-missing c/all.yaml "name: extra"'], says: /set namespace: kube-system/ },
    { is: 'in another namespace, which is said', files: { ...entry(read('kind: Bucket', 'name: extra', 'namespace: kube-system') + bucket.replace('namespace: flux-system', 'namespace: kube-system')), ...folders } },
    { is: 'in a wrong namespace', files: { ...entry(read('kind: Bucket', 'name: extra', 'namespace: default') + bucket), ...folders }, finds: ['source-missing c/all.yaml "namespace: default"'] },
    { is: 'of another kind', files: { ...entry(read('kind: OCIRepository', 'name: extra') + bucket), ...folders }, finds: ['source-missing c/all.yaml "kind: OCIRepository"'], says: /did you mean Bucket\?/ },
    { is: 'that others may make', files: { ...entry(read('kind: Bucket', 'name: extra') + object('ResourceSet', 'x', 'flux-system', 'fluxcd.controlplane.io/v1')), ...folders } },
    { is: 'of charts, which are looked at with those', files: { ...entry(ks('a')), 'a/x.yaml': hr('app') } },
    { is: 'cut out of another by a generator', files: entry(object('ArtifactGenerator', 'parts', 'flux-system', 'source.extensions.fluxcd.io/v1beta1', 'spec: {artifacts: [{name: infra}]}\n') + ks('a', 'sourceRef: {kind: ExternalArtifact, name: infra}')) },
    { is: 'cut out of another by a generator, misspelt', files: entry(object('ArtifactGenerator', 'parts', 'flux-system', 'source.extensions.fluxcd.io/v1beta1', 'spec: {artifacts: [{name: infra}]}\n') + ks('a', 'sourceRef:', '  kind: ExternalArtifact', '  name: infa')), finds: ['source-missing c/all.yaml "name: infa"'] },
    { is: 'that others may make', files: { ...entry(ks('a')), 'a/x.yaml': hr('app') + object('ResourceSet', 'x', 'flux-system', 'fluxcd.controlplane.io/v1') } },
  ]);
});

describe('reach', () => {
  const base = { ...entry(ks('apps/a', 'path: ./apps/a').replace('name: apps/a', 'name: a')), 'apps/a/kustomization.yaml': list('x.yaml'), 'apps/a/x.yaml': map('a') };
  table([
    { is: 'everything', files: base },
    { is: 'all but a Kustomization', files: { ...base, 'apps/b/ks.yaml': ks('b'), 'b/x.yaml': map('b') }, finds: ['kustomization-unreachable apps/b/ks.yaml "---"'] },
    { is: 'all but a folder that lists a Kustomization', files: { ...base, 'apps/b/kustomization.yaml': list('ks.yaml'), 'apps/b/ks.yaml': ks('b', 'path: ./apps/b/app'), 'apps/b/app/x.yaml': map('x') }, finds: ['kustomization-unreachable apps/b/kustomization.yaml "apiVersion: kustomize.config.k8s.io/v1beta1"'], says: /Kustomization b is in no cluster/ },
    { is: 'all but a file', files: { ...base, 'apps/a/y.yaml': map('y') }, finds: ['unreachable apps/a/y.yaml "---"'] },
    { is: 'all but a folder, told once', files: { ...base, 'apps/b/kustomization.yaml': list('y.yaml', 'z.yaml', 'in'), 'apps/b/y.yaml': map('y'), 'apps/b/z.yaml': map('z'), 'apps/b/in/kustomization.yaml': list('n.yaml'), 'apps/b/in/n.yaml': map('n') }, finds: ['unreachable apps/b/kustomization.yaml "apiVersion: kustomize.config.k8s.io/v1beta1"'] },
    { is: 'all but a folder without a kustomization.yaml, told once', files: { ...base, 'apps/b/y.yaml': map('y'), 'apps/b/z.yaml': map('z') }, finds: ['unreachable apps/b/y.yaml "---"'], says: /nothing leads to apps\/b:/ },
    { is: 'all but what is taken off a list by a comment', files: { ...base, 'apps/a/kustomization.yaml': `${list('x.yaml')}  # - y.yaml\n`, 'apps/a/y.yaml': map('y') } },
    {
      is: 'the folder that a variable of a path leads to with another value', given: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: mode, namespace: flux-system}\ndata: {MODE: fresh}\n",
      files: {
        'c/ks.yaml': ks('in', 'path: ./apps', 'postBuild: {substituteFrom: [{kind: ConfigMap, name: mode}]}'), 'apps/ks.yaml': ks('set', 'path: "./sets/${MODE}"'),
        'sets/base/kustomization.yaml': list('x.yaml'), 'sets/base/x.yaml': map('x'), 'sets/fresh/kustomization.yaml': list('../base'), 'sets/restore/kustomization.yaml': list('../base', 'y.yaml'), 'sets/restore/y.yaml': map('y'),
      },
    },
    { is: 'what is no manifest', files: { ...base, 'apps/a/values.yaml': 'replicas: 2\n', 'apps/a/README.yaml': 'apiVersion: is a word here' } },
    { is: 'a chart beside the tree', files: { ...base, 'apps/chart/Chart.yaml': 'apiVersion: v2\nname: c\n', 'apps/chart/templates/x.yaml': map('x') } },
    { is: 'other folders of the repository', files: { ...base, 'terraform/x.yaml': map('x'), '.github/x.yaml': map('x'), 'apps/tests/x.yaml': map('x') } },
    {
      is: 'what only a cluster that is not looked at uses', entries: { c: 'clusters/c' }, settings: { entries: new Map() },
      files: { 'clusters/c/kustomization.yaml': list('ks.yaml'), 'clusters/c/ks.yaml': ks('a', 'path: ./apps/a'), 'apps/a/x.yaml': map('a'), 'clusters/d/kustomization.yaml': list('ks.yaml'), 'clusters/d/ks.yaml': ks('b', 'path: ./apps/b'), 'apps/b/kustomization.yaml': list('../base'), 'apps/base/kustomization.yaml': list('x.yaml'), 'apps/base/x.yaml': map('x') },
    },
    {
      is: 'another cluster beside the one that is looked at, in a folder of its own', entries: { c: 'clusters/one/flux' }, settings: { entries: new Map([['c', 'clusters/one/flux']]) },
      files: { 'clusters/one/flux/ks.yaml': ks('a', 'path: ./clusters/one/apps'), 'clusters/one/apps/x.yaml': map('a'), 'clusters/two/flux/ks.yaml': ks('b', 'path: ./clusters/two/apps'), 'clusters/two/apps/b/ks.yaml': ks('in', 'path: ./clusters/two/apps/b/app'), 'clusters/two/settings/x.yaml': map('s') },
    },
    {
      is: 'what a cluster of the settings uses', entries: { c: 'clusters/c' }, settings: { entries: new Map([['c', 'clusters/c'], ['d', 'clusters/d']]) },
      files: { 'clusters/c/kustomization.yaml': list('ks.yaml'), 'clusters/c/ks.yaml': ks('a', 'path: ./apps/a'), 'apps/a/x.yaml': map('a'), 'clusters/d/kustomization.yaml': list('ks.yaml'), 'clusters/d/ks.yaml': ks('b', 'path: ./apps/b'), 'apps/b/x.yaml': map('b') },
    },
  ]);
});
