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
  const git = object('GitRepository', 'charts', 'flux-system', 'source.toolkit.fluxcd.io/v1', 'spec: {url: "https://example.com/r.git", ref: {tag: v1.0.0}}\n');
  table([
    { is: 'of the entry itself, which nobody here makes', files: { ...entry(ks('a') + ks('b')), 'a/x.yaml': map('a'), 'b/x.yaml': map('b') } },
    { is: 'misspelt for the entry\'s own', files: { ...entry(ks('a') + ks('b') + ks('d', 'sourceRef:', '  kind: GitRepository', '  name: flux-sytem')), 'a/x.yaml': map('a'), 'b/x.yaml': map('b'), 'd/x.yaml': map('d') }, finds: ['source-missing c/all.yaml "name: flux-sytem"'], says: /did you mean flux-system\?/ },
    { is: 'of a release, there', files: { ...entry(ks('a')), 'a/x.yaml': REPOSITORY + hr('app') } },
    { is: 'of a release, not there', files: { ...entry(ks('a')), 'a/x.yaml': hr('app', 'chart:', '  spec:', '    chart: app', '    version: 1.0.0', '    sourceRef:', '      kind: HelmRepository', '      name: charts') }, finds: ['source-missing a/x.yaml "name: charts"'] },
    { is: 'of a release, in another namespace', files: { ...entry(ks('a')), 'a/x.yaml': REPOSITORY.replace('namespace: flux-system', 'namespace: kube-system') + hr('app', 'chart:', '  spec:', '    chart: app', '    version: 1.0.0', '    sourceRef:', '      kind: HelmRepository', '      name: charts') }, finds: ['source-missing a/x.yaml "name: charts"'], says: /set namespace: kube-system/ },
    { is: 'of a release, in a namespace that is said', files: { ...entry(ks('a')), 'a/x.yaml': REPOSITORY.replace('namespace: flux-system', 'namespace: kube-system') + hr('app', 'chart: {spec: {chart: app, version: 1.0.0, sourceRef: {kind: HelmRepository, name: charts, namespace: kube-system}}}') } },
    { is: 'of a release, of another kind', files: { ...entry(ks('a')), 'a/x.yaml': REPOSITORY + hr('app', 'chartRef:', '  kind: OCIRepository', '  name: charts') }, finds: ['source-missing a/x.yaml "kind: OCIRepository"'], says: /did you mean HelmRepository\?/ },
    { is: 'of a chart in the same repository', files: { ...entry(ks('a')), 'a/x.yaml': hr('app', 'chart: {spec: {chart: ./charts/app, sourceRef: {kind: GitRepository, name: flux-system}}}') } },
    { is: 'of a chart in the same repository, where the entry has no Kustomization', files: { 'c/x.yaml': hr('app', 'chart: {spec: {chart: ./charts/app, sourceRef: {kind: GitRepository, name: flux-system}}}') } },
    { is: 'of a chart in another repository', files: { ...entry(ks('a')), 'a/x.yaml': git + hr('app', 'chart: {spec: {chart: ./charts/app, sourceRef: {kind: GitRepository, name: charts}}}') } },
    { is: 'given', files: { ...entry(ks('a')), 'a/x.yaml': hr('app') }, given: REPOSITORY },
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
    { is: 'all but what is taken off a list by a comment', files: { ...base, 'apps/a/kustomization.yaml': `${list('x.yaml')}  # - y.yaml\n`, 'apps/a/y.yaml': map('y') } },
    { is: 'what is no manifest', files: { ...base, 'apps/a/values.yaml': 'replicas: 2\n', 'apps/a/README.yaml': 'apiVersion: is a word here' } },
    { is: 'a chart beside the tree', files: { ...base, 'apps/chart/Chart.yaml': 'apiVersion: v2\nname: c\n', 'apps/chart/templates/x.yaml': map('x') } },
    { is: 'other folders of the repository', files: { ...base, 'terraform/x.yaml': map('x'), '.github/x.yaml': map('x'), 'apps/tests/x.yaml': map('x') } },
    {
      is: 'what only a cluster that is not looked at uses', entries: { c: 'clusters/c' }, settings: { entries: new Map() },
      files: { 'clusters/c/kustomization.yaml': list('ks.yaml'), 'clusters/c/ks.yaml': ks('a', 'path: ./apps/a'), 'apps/a/x.yaml': map('a'), 'clusters/d/kustomization.yaml': list('ks.yaml'), 'clusters/d/ks.yaml': ks('b', 'path: ./apps/b'), 'apps/b/kustomization.yaml': list('../base'), 'apps/base/kustomization.yaml': list('x.yaml'), 'apps/base/x.yaml': map('x') },
    },
    {
      is: 'what a cluster of the settings uses', entries: { c: 'clusters/c' }, settings: { entries: new Map([['c', 'clusters/c'], ['d', 'clusters/d']]) },
      files: { 'clusters/c/kustomization.yaml': list('ks.yaml'), 'clusters/c/ks.yaml': ks('a', 'path: ./apps/a'), 'apps/a/x.yaml': map('a'), 'clusters/d/kustomization.yaml': list('ks.yaml'), 'clusters/d/ks.yaml': ks('b', 'path: ./apps/b'), 'apps/b/x.yaml': map('b') },
    },
  ]);
});
