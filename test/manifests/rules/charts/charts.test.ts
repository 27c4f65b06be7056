import { describe, expect, test, type TestContext } from 'vitest';
import type { Finding, Settings } from '../../../../scripts/manifests/model.types.ts';
import { RULES } from '../../../../scripts/manifests/rules/charts/index.ts';
import { realTool } from '../../../real-tool.ts';
import { ask, kustomization, release, told, treeOf, treeWith } from '../../charts/rig.ts';

function need(context: TestContext): void {
  if (realTool('helm') === undefined) context.skip('skipped: no helm here');
}

interface Case { readonly name: string; readonly text: string; readonly more?: Readonly<Record<string, string>>; readonly settings?: Partial<Settings>; readonly says: readonly string[]; readonly helm?: false }

function table(cases: readonly Case[]): void {
  test.for(cases)('$name', async ({ text, more, settings, says, helm = true }, context) => {
    if (helm) need(context);
    const tree = await treeWith(text, more, settings);
    expect(tree.found).toEqual([]);
    const { findings } = await ask(tree);
    expect(told(findings, tree)).toEqual(says);
    for (const { hint, message } of findings) {
      expect(hint).not.toBe('');
      expect(message).not.toMatch(/[.]$/);
    }
  });
}
const repository = (name: string, namespace = 'shop', url = 'https://charts.example.com'): string => `apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: {interval: 1h, url: "${url}"}\n---\n`;
const by = (spec: string): string => `apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web, namespace: shop}\nspec:\n  interval: 1h\n${spec}\n`;
const fromRepository = (name: string, rest = ''): string => by(`  chart:\n    spec:\n      chart: web\n      version: 1.2.3\n      sourceRef:\n        kind: HelmRepository\n        name: ${name}${rest}`);

test('every rule says what holds and what happens otherwise', () => {
  for (const { id, summary, why } of RULES) {
    expect(id).toMatch(/^[a-z]+(?:-[a-z]+)+$/);
    for (const sentence of [summary, why]) expect(sentence).toMatch(/^(?:[A-Z]|helm-controller ).*[^.]$/);
  }
  expect(new Set(RULES.map(({ id }) => id)).size).toBe(RULES.length);
});

describe('chart-source-missing', () => {
  table([
    { name: 'is quiet where the source is there', text: repository('repo') + fromRepository('repo'), says: [] },
    { name: 'no repository of this name', text: repository('repo') + fromRepository('other'), says: ['chart-source-missing error apps/release.yaml:name: other | there is no HelmRepository shop/other, which this chart comes from'] },
    { name: 'one in another namespace', text: repository('repo', 'elsewhere') + fromRepository('repo'), says: ['chart-source-missing error apps/release.yaml:name: repo | there is no HelmRepository shop/repo, which this chart comes from'] },
    { name: 'which may be named', text: repository('repo', 'elsewhere') + fromRepository('repo', '\n        namespace: elsewhere'), says: [] },
    { name: 'no OCIRepository', text: by('  chartRef:\n    kind: OCIRepository\n    name: none'), says: ['chart-source-missing error apps/release.yaml:name: none | there is no OCIRepository shop/none, which this chart comes from'] },
    { name: 'no chart at all', text: by('  values: {a: 1}'), says: ['chart-source-missing error apps/release.yaml:spec: | this HelmRelease names no chart'] },
    { name: 'no folder in this repository', text: by('  chart:\n    spec:\n      chart: ./charts/none\n      sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}'), says: ['chart-source-missing error apps/release.yaml:chart: ./charts/none | there is no chart in charts/none: charts/none/Chart.yaml is missing'] },
    { name: 'a HelmChart whose repository is missing', text: `apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmChart\nmetadata: {name: web, namespace: shop}\nspec: {chart: web, version: 1.2.3, sourceRef: {kind: HelmRepository, name: none}}\n---\n${by('  chartRef:\n    kind: HelmChart\n    name: web')}`, says: ['chart-source-missing error apps/release.yaml:kind: HelmChart | there is no HelmRepository shop/none, which this chart comes from'] },
  ]);
});

describe('values-source-missing, values-key-missing, values-invalid', () => {
  const MAP = (data: string): Readonly<Record<string, string>> => ({ 'apps/kustomization.yaml': kustomization('release.yaml', 'map.yaml'), 'apps/map.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web-values, namespace: shop}\ndata:\n${data}` });
  const from = (entry: string): string => release('web', '1.2.3', `valuesFrom:\n  - kind: ConfigMap\n    name: web-values\n${entry}`);
  table([
    { name: 'no ConfigMap', text: from(''), says: ['values-source-missing error apps/release.yaml:name: web-values | there is no ConfigMap shop/web-values for the values'] },
    { name: 'one that got a hash behind its name', text: from(''), more: { 'apps/kustomization.yaml': `${kustomization('release.yaml')}configMapGenerator:\n  - {name: web-values, namespace: shop, files: [values.yaml=values.yaml]}\n`, 'apps/values.yaml': 'a: 1\n' }, says: ['values-source-missing error apps/release.yaml:name: web-values | there is no ConfigMap shop/web-values for the values'] },
    { name: 'a Secret nobody makes', text: release('web', '1.2.3', 'valuesFrom:\n  - kind: Secret\n    name: hidden'), says: ['values-source-missing unknown apps/release.yaml:name: hidden | nothing here makes Secret shop/hidden, so its values are not known'] },
    { name: 'what is neither', text: release('web', '1.2.3', 'valuesFrom:\n  - kind: Deployment\n    name: x'), says: ['values-source-missing error apps/release.yaml:- kind: Deployment | values come from a ConfigMap or a Secret, not from a Deployment'] },
    { name: 'no such key', text: from(''), more: MAP('  other.yaml: "a: 1"\n'), says: ['values-key-missing error apps/release.yaml:name: web-values | ConfigMap web-values has no key values.yaml'] },
    { name: 'no such key of another name', text: from('    valuesKey: some.yaml'), more: MAP('  other.yaml: "a: 1"\n'), says: ['values-key-missing error apps/release.yaml:valuesKey: some.yaml | ConfigMap web-values has no key some.yaml'] },
    { name: 'no YAML', text: from(''), more: MAP('  values.yaml: "a: [1"\n'), says: ['values-invalid error apps/map.yaml:values.yaml: "a: [1" | values.yaml of ConfigMap web-values holds no values: line 1: unexpected end of the stream within a flow collection'] },
    { name: 'no map', text: from(''), more: MAP('  values.yaml: "- a"\n'), says: ['values-invalid error apps/map.yaml:values.yaml: "- a" | values.yaml of ConfigMap web-values holds no values: it is no map'] },
    { name: 'a path that cannot be set', text: `${from('    valuesKey: x\n    targetPath: image.tag')}`.replace('valuesFrom:', 'values: {image: plain}\n  valuesFrom:'), more: MAP('  x: "1"\n'), says: ['values-invalid error apps/release.yaml:targetPath: image.tag | the value cannot be put at its targetPath: image is no map'] },
    { name: 'values files a chart does not have', text: repository('repo') + by('  chart:\n    spec:\n      chart: web\n      version: 1.2.3\n      valuesFiles: [values.yaml, none.yaml]\n      sourceRef: {kind: HelmRepository, name: repo}'), says: ['values-source-missing error apps/release.yaml:valuesFiles: [values.yaml, none.yaml] | the chart has no values file none.yaml'] },
  ]);
});

describe('values-schema', () => {
  const generated = { 'apps/kustomization.yaml': `${kustomization('release.yaml')}configMapGenerator:\n  - {name: strict-values, namespace: shop, files: [values.yaml=values.yaml]}\ngeneratorOptions: {disableNameSuffixHash: true}\n` };
  const from = release('strict', '0.4.0', 'valuesFrom:\n  - kind: ConfigMap\n    name: strict-values');
  table([
    { name: 'is quiet where they fit', text: release('strict', '0.4.0', 'values: {replicas: 3, mode: cluster}'), says: [] },
    { name: 'a value of another type, in the release', text: release('strict', '0.4.0', 'values:\n  replicas: "3"'), says: ['values-schema error apps/release.yaml:replicas: "3" | replicas: got string, want integer (values.schema.json of strict)'] },
    { name: 'several, in a generated file', text: from, more: { ...generated, 'apps/values.yaml': '# Values.\nreplicas: 0\nmode: both\n' }, says: ['values-schema error apps/values.yaml:replicas: 0 | replicas: minimum: got 0, want 1 (values.schema.json of strict)', "values-schema error apps/values.yaml:mode: both | mode: value must be one of 'single', 'cluster' (values.schema.json of strict)"] },
    { name: 'a key that is not allowed', text: from, more: { ...generated, 'apps/values.yaml': 'storage:\n  size: 2Gi\n  clas: fast\n' }, says: ['values-schema error apps/values.yaml:clas: fast | storage.clas: there is no such value (values.schema.json of strict)'] },
    { name: 'in the text of a ConfigMap', text: from, more: { 'apps/kustomization.yaml': kustomization('release.yaml', 'map.yaml'), 'apps/map.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: strict-values, namespace: shop}\ndata:\n  values.yaml: |\n    mode: single\n    storage:\n      size: 5\n' }, says: ['values-schema error apps/map.yaml:size: 5 | storage.size: got number, want string (values.schema.json of strict)'] },
    { name: 'unless the release does not want it checked', text: release('strict', '0.4.0', 'install: {disableSchemaValidation: true}\nvalues: {replicas: "3"}'), says: [] },
  ]);
  test('a value only the cluster knows is not judged', async (context) => {
    need(context);
    const secret = 'apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: hidden, namespace: shop}\nspec: {}\n';
    const tree = await treeOf({ 'apps/kustomization.yaml': kustomization('release.yaml', 'secret.yaml'), 'apps/secret.yaml': secret, 'apps/release.yaml': release('strict', '0.4.0', 'valuesFrom:\n  - {kind: Secret, name: hidden, valuesKey: count, targetPath: replicas}') });
    const { findings } = await ask(tree);
    expect(findings.map(({ rule, severity }) => `${rule} ${severity}`)).toEqual(['release-not-rendered unknown']);
  });
});

describe('release-template-error', () => {
  table([
    { name: 'a value the chart requires', text: release('picky', '2.0.0', 'values:\n  url: ""\n  server: {port: 1}'), says: ['release-template-error error apps/release.yaml:url: "" | the chart picky cannot be rendered: picky/templates/secret.yaml:6:10: a url is needed: set .Values.url'] },
    { name: 'a value that is not there', text: release('picky', '2.0.0', 'values:\n  url: x'), says: ['release-template-error error apps/release.yaml:values: | the chart picky cannot be rendered: picky/templates/secret.yaml:7:18 at <.Values.server.port>: nil pointer evaluating interface {}.port'] },
    { name: 'a value of another kind', text: release('picky', '2.0.0', 'values:\n  url: x\n  server:\n    - port'), says: ['release-template-error error apps/release.yaml:server: | the chart picky cannot be rendered: picky/templates/secret.yaml:7:18 at <.Values.server.port>: can\'t evaluate field port in type interface {}'] },
    { name: 'what it makes is no YAML', text: release('web', '1.2.3', 'values:\n  nameOverride: "x: y"'), says: ['release-template-error error apps/release.yaml:chartRef: | the chart web cannot be rendered: YAML parse error on web/templates/config.yaml: error converting YAML to JSON: yaml: line 4: mapping values are not allowed in this context'] },
  ]);
  test('values of Secrets are not in it', async (context) => {
    need(context);
    const secret = 'apiVersion: v1\nkind: Secret\nmetadata: {name: hidden, namespace: shop}\nstringData:\n  values.yaml: |\n    replicas: hunter-two\n';
    const tree = await treeOf({ 'apps/kustomization.yaml': kustomization('release.yaml', 'secret.yaml'), 'apps/secret.yaml': secret, 'apps/release.yaml': release('strict', '0.4.0', 'valuesFrom:\n  - {kind: Secret, name: hidden}\nvalues: {mode: hunter-two}') });
    const { findings } = await ask(tree);
    expect(findings.length).toBeGreaterThan(0);
    expect(JSON.stringify(findings)).not.toContain('hunter');
  });
});

describe('value-not-read', () => {
  const values = (text: string): string => release('web', '1.2.3', `values:\n${text.split('\n').map((line) => `  ${line}`).join('\n')}`);
  const unread = (line: string, path: string, more = ''): string => `value-not-read warning apps/release.yaml:${line} | no template of web 1.2.3 reads ${path}${more}`;
  table([
    { name: 'is quiet where all are', text: values('nameOverride: x\nreplicaCount: 2\nimage: {repository: a, tag: b}\nresources: {limits: {cpu: 1}}\npodLabels: {a: b}\nservice: {port: 1, annotations: {a: b}}\ningress: {enabled: false, hosts: [{host: a}]}\nautoscaling: {enabled: false}\nextraConfig: x\nprobes: {liveness: {path: /x}}\nsettings: {a: {value: b}}\nsidecar: {enabled: false, image: x}'), says: [] },
    { name: 'a misspelt one, though everything goes into a checksum', text: values('replicaCont: 2'), says: [unread('replicaCont: 2', 'replicaCont')] },
    { name: 'one in the wrong place', text: values('port: 80\nservice:\n  replicaCount: 2'), says: [unread('port: 80', 'port'), unread('replicaCount: 2', 'service.replicaCount')] },
    { name: 'the topmost of a map nothing reads', text: values('tracing:\n  enabled: true\n  sampling: 1'), says: [unread('tracing:', 'tracing')] },
    { name: 'below what a range goes over', text: values('settings:\n  a:\n    value: 1\n    vaule: 2'), says: [unread('vaule: 2', 'settings.a.vaule')] },
    { name: 'one of a part that is switched off', text: values('ingress:\n  enabled: false\n  clas: x'), says: [unread('clas: x', 'ingress.clas')] },
    { name: 'what only another value that is a template reads', text: values('extraConfig: "{{ .Values.mine }}"\nmine: 1\nyours: 2'), says: [unread('yours: 2', 'yours')] },
    { name: 'a place of anchors', text: values('common: &common {cpu: 1}\nresources: {limits: *common}'), says: [] },
    { name: 'in a chart below, by alias, global ones', text: release('parent', '3.0.0', 'values:\n  global:\n    domain: x\n  child:\n    enabled: true\n    size: 3\n    sise: 3\n  second:\n    exported: {one: 2}\n    other: 1\n  tags: {more: true}'), says: ['value-not-read warning apps/release.yaml:sise: 3 | no template of parent 3.0.0 reads child.sise', 'value-not-read warning apps/release.yaml:other: 1 | no template of parent 3.0.0 reads second.other'] },
    { name: 'in a chart that makes something else each time', text: release('random', '1.0.0', 'values:\n  length: 9\n  lenght: 10'), says: ['value-not-read warning apps/release.yaml:lenght: 10 | no template of random 1.0.0 reads lenght'] },
  ]);
  test('where it is set by a patch, and what is meant', async (context) => {
    need(context);
    const tree = await treeOf({
      'apps/kustomization.yaml': `${kustomization('release.yaml')}patches:\n  - path: patch.yaml\n`, 'apps/release.yaml': release('web', '1.2.3'),
      'apps/patch.yaml': 'apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web, namespace: shop}\nspec:\n  values:\n    replicaCount: 2\n    replicasCount: 3\n',
    });
    const { findings } = await ask(tree);
    expect(told(findings, tree)).toEqual(['value-not-read warning apps/patch.yaml:replicasCount: 3 | no template of web 1.2.3 reads replicasCount']);
    expect(findings[0]?.hint).toBe('did you mean replicaCount?');
    expect(findings[0]?.spot).toMatchObject({ line: 7, column: 5, length: 'replicasCount'.length } satisfies Partial<Finding['spot']>);
  });
});

describe('post-renderer-invalid', () => {
  table([
    { name: 'a patch that cannot be applied', text: release('web', '1.2.3', 'postRenderers:\n  - kustomize:\n      patches:\n        - target: {kind: Deployment}\n          patch: |\n            - {op: remove, path: /spec/none}'), says: ['post-renderer-invalid error apps/release.yaml:- {op: remove, path: /spec/none} | this operation cannot be applied to Deployment web: there is no /spec/none to remove'] },
  ]);
});

describe('chart-crds-skipped', () => {
  const spec = 'install: {crds: Skip}\nvalues: {tags: {more: true}}';
  const definition = 'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.com}\nspec: {group: example.com, names: {kind: Thing, plural: things}, scope: Namespaced, versions: []}\n';
  table([
    { name: 'is quiet where the release installs them', text: release('parent', '3.0.0', 'values: {tags: {more: true}}'), says: [] },
    { name: 'skipped, and nobody else', text: release('parent', '3.0.0', spec), says: ['chart-crds-skipped error apps/release.yaml:install: {crds: Skip} | nobody installs things.example.com: the chart parent brings it, and this says Skip'] },
    { name: 'skipped, and in the tree', text: release('parent', '3.0.0', spec), more: { 'apps/kustomization.yaml': kustomization('release.yaml', 'crd.yaml'), 'apps/crd.yaml': definition }, says: [] },
    { name: 'skipped, and another release of it does', text: `${release('parent', '3.0.0', spec)}---\n${release('parent', '3.0.0', 'values: {tags: {more: true}}', 'other')}`, says: [] },
    { name: 'skipped, and something is installed before Flux', text: release('parent', '3.0.0', spec), settings: { before: [{ name: 'crds', namespace: 'x', chart: 'y', version: '1', source: { file: 'x', document: 0, at: [] }, crdsOnly: true }] }, says: [] },
    { name: 'skipped, and a chart that is not here may', text: `${release('parent', '3.0.0', spec)}---\n${release('unseen', '1.0.0')}`, says: ['release-not-rendered unknown apps/release.yaml:chartRef: | what this release makes is not known: its chart unseen 1.0.0 is not here'] },
  ]);
});

describe('release-name-twice', () => {
  table([
    { name: 'two of one name', text: `${release('web', '1.2.3')}---\n${release('web', '1.2.3', 'releaseName: web', 'other')}`, says: ['release-name-twice error apps/release.yaml:releaseName: web | the release web in shop is already that of HelmRelease shop/web'] },
    { name: 'kept in other namespaces', text: `${release('web', '1.2.3')}---\n${release('web', '1.2.3', 'releaseName: web\nstorageNamespace: kept', 'other')}`, says: [] },
    { name: 'in another cluster', text: `${release('web', '1.2.3')}---\n${release('web', '1.2.3', 'releaseName: web\nkubeConfig: {secretRef: {name: far}}', 'other')}`, says: [] },
  ]);
});

/** A chart of the tree itself. */
const MINE = by('  chart:\n    spec:\n      chart: ./mine\n      sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}\n  values:\n    a: 1');
const mine = (files: Readonly<Record<string, string>>, meta = ''): Readonly<Record<string, string>> => ({ 'mine/Chart.yaml': `apiVersion: v2\nname: mine\nversion: 1.0.0\n${meta}`, ...Object.fromEntries(Object.entries(files).map(([path, text]) => [`mine/${path}`, text])) });
const MAP = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: {{ .Values.a | quote }}}\n';

describe('schemas that lie elsewhere', () => {
  const REMOTE = JSON.stringify({ $ref: 'https://schemas.example.com/lib/values.schema.json' });
  const library = (schema: unknown): Readonly<Record<string, string>> => ({ 'charts/lib/Chart.yaml': 'apiVersion: v2\nname: lib\nversion: 1.0.0\ntype: library\n', 'charts/lib/values.schema.json': JSON.stringify(schema), 'charts/lib/schemas/more.json': JSON.stringify({ number: { type: 'number' }, text: { type: 'string' } }) });
  const schema = (kind: string): unknown => ({ $id: 'https://schemas.example.com/lib/values.schema.json', type: 'object', properties: { a: { $ref: `schemas/more.json#/${kind}` }, lib: {}, global: {} } });
  table([
    { name: 'are told to be, where no network is asked', text: MINE, more: mine({ 'templates/x.yaml': MAP, 'values.schema.json': REMOTE }), says: ['values-schema unknown apps/release.yaml:spec: | its values are not held against the schema of mine: https://schemas.example.com/lib/values.schema.json is not here'] },
    { name: 'are taken out of the chart that they are from', text: MINE, more: mine({ 'templates/x.yaml': MAP, 'values.schema.json': REMOTE, ...library(schema('number')) }), says: [] },
    { name: 'and hold there', text: MINE, more: mine({ 'templates/x.yaml': MAP, 'values.schema.json': REMOTE, ...library(schema('text')) }), says: ['values-schema error apps/release.yaml:a: 1 | a: got number, want string (values.schema.json of mine)'] },
  ]);
});

describe('release-not-rendered', () => {
  table([
    { name: 'a chart of another repository', text: `apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: far, namespace: shop}\nspec: {interval: 1h, url: "https://git.example.com/far"}\n---\n${by('  chart:\n    spec:\n      chart: ./x\n      sourceRef: {kind: GitRepository, name: far}')}`, says: ['release-not-rendered unknown apps/release.yaml:spec: | what this release makes is not known: its chart lies in another repository, https://git.example.com/far'] },
    { name: 'a chart that asks the cluster and stops', text: MINE, more: mine({ 'templates/x.yaml': `${MAP}{{ if not (lookup "v1" "ConfigMap" "shop" "y") }}{{ fail "there is no y" }}{{ end }}` }), says: ['release-not-rendered unknown apps/release.yaml:spec: | what this release makes is not known: its templates ask the cluster (lookup), and stop without an answer: mine/templates/x.yaml:5:52: there is no y'] },
    { name: 'a chart that stops where an API is missing', text: MINE, more: mine({ 'templates/x.yaml': `${MAP}{{ if not (.Capabilities.APIVersions.Has "example.com/v1") }}{{ fail "no example" }}{{ end }}` }), says: ['release-not-rendered unknown apps/release.yaml:spec: | what this release makes is not known: it stops where nothing defines example.com/v1: mine/templates/x.yaml:5:64: no example'] },
    { name: 'a chart for another Kubernetes, which nobody says', text: MINE, more: mine({ 'templates/x.yaml': MAP }, 'kubeVersion: ">=1.99.0"\n'), says: ['release-not-rendered unknown apps/release.yaml:spec: | what this release makes is not known: chart requires kubeVersion: >=1.99.0 which is incompatible with Kubernetes v1.34.0'] },
    { name: 'a chart for another Kubernetes', text: MINE, more: mine({ 'templates/x.yaml': MAP }, 'kubeVersion: ">=1.99.0"\n'), settings: { kubernetes: '1.34.4' }, says: ['release-template-error error apps/release.yaml:spec: | the chart mine cannot be rendered: chart requires kubeVersion: >=1.99.0 which is incompatible with Kubernetes v1.34.4'] },
    { name: 'a chart that lacks what it depends on', text: by('  chart:\n    spec:\n      chart: ./mine\n      sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}'), more: { 'mine/Chart.yaml': 'apiVersion: v2\nname: mine\nversion: 1.0.0\ndependencies: [{name: far, version: 1.0.0, repository: "https://charts.example.com"}]\n' }, says: ['release-not-rendered unknown apps/release.yaml:spec: | what this release makes is not known: its chart does not hold what it depends on: far'] },
  ]);
});
