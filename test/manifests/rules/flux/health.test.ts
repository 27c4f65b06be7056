import { describe, expect, test } from 'vitest';
import { readCel } from '../../../../scripts/manifests/rules/flux/cel.ts';
import { definition, hr, ks, list, object, REPOSITORY, table } from './rig.ts';

const map = (name: string): string => object('ConfigMap', name, 'flux-system');
const deployment = (name: string): string => object('Deployment', name, 'flux-system', 'apps/v1', 'spec: {template: {spec: {containers: [{name: c, image: "example.com/c:1.0.0"}]}}}\n');
function check(kind: string, apiVersion: string, name: string, namespace?: string): readonly string[] {
  return ['healthChecks:', `  - apiVersion: ${apiVersion}`, `    kind: ${kind}`, `    name: ${name}`, ...(namespace === undefined ? [] : [`    namespace: ${namespace}`])];
}
function one(x: string, checks: readonly string[], ...more: readonly string[]): Readonly<Record<string, string>> {
  return { 'c/kustomization.yaml': list('all.yaml'), 'c/all.yaml': ks('a', ...checks, ...more), 'a/x.yaml': x };
}
const release = REPOSITORY + hr('app');
const made = { 'flux-system/app': { makes: deployment('app') } };

describe('health checks', () => {
  table([
    { is: 'of what is brought', files: one(deployment('app'), check('Deployment', 'apps/v1', 'app', 'flux-system')) },
    { is: 'of what a chart brings', files: one(release, check('Deployment', 'apps/v1', 'app', 'flux-system')), charts: made },
    { is: 'of what a chart does not bring', files: one(release, check('Deployment', 'apps/v1', 'app-server', 'flux-system')), charts: made, finds: ['health-check-nothing c/all.yaml "name: app-server"'] },
    { is: 'of a definition in a chart\'s folder of them', files: one(release, check('CustomResourceDefinition', 'apiextensions.k8s.io/v1', 'things.example.com')), charts: { 'flux-system/app': { defines: definition('Thing') } } },
    { is: 'of one that is not in it', files: one(release, check('CustomResourceDefinition', 'apiextensions.k8s.io/v1', 'things.example.org')), charts: { 'flux-system/app': { defines: definition('Thing') } }, finds: ['health-check-nothing c/all.yaml "name: things.example.org"'] },
    { is: 'of one the release leaves there', files: one(REPOSITORY + hr('app', 'install: {crds: Skip}'), check('CustomResourceDefinition', 'apiextensions.k8s.io/v1', 'things.example.com')), charts: { 'flux-system/app': { defines: definition('Thing') } }, finds: ['health-check-nothing c/all.yaml "name: things.example.com"'] },
    { is: 'of what a chart that is not here may bring', files: one(release, check('Deployment', 'apps/v1', 'app-server', 'flux-system')) },
    { is: 'of a HelmRelease, misspelt', files: one(release, check('HelmRelease', 'helm.toolkit.fluxcd.io/v2', 'ap', 'flux-system')), finds: ['health-check-nothing c/all.yaml "name: ap"'], says: /did you mean app\?/ },
    { is: 'of a HelmRelease that nobody brings, though its chart is not here', files: one(release, check('HelmRelease', 'helm.toolkit.fluxcd.io/v2', 'completely-different', 'flux-system')), finds: ['health-check-nothing c/all.yaml "name: completely-different"'] },
    { is: 'in another namespace', files: one(deployment('app'), check('Deployment', 'apps/v1', 'app', 'kube-system')), finds: ['health-check-nothing c/all.yaml "namespace: kube-system"'], says: /set namespace: flux-system/ },
    { is: 'without a namespace', files: one(deployment('app'), check('Deployment', 'apps/v1', 'app')), finds: ['health-check-nothing c/all.yaml "name: app"'] },
    { is: 'with a namespace of what has none', files: one(object('ClusterRole', 'r', undefined, 'rbac.authorization.k8s.io/v1'), check('ClusterRole', 'rbac.authorization.k8s.io/v1', 'r', 'flux-system')), finds: ['health-check-nothing c/all.yaml "namespace: flux-system"'], says: /has no namespace: take it away/ },
    { is: 'of what another Kustomization brings', files: { ...one(map('m'), check('ConfigMap', 'v1', 'other', 'flux-system')), 'c/all.yaml': ks('a', ...check('ConfigMap', 'v1', 'other', 'flux-system')) + ks('b'), 'b/x.yaml': map('other') } },
    { is: 'of what is given', files: one(map('m'), check('ConfigMap', 'v1', 'other', 'flux-system')), given: map('other') },
    { is: 'of what an operator makes of something', files: one(object('Cluster', 'db', 'flux-system', 'postgresql.cnpg.io/v1'), check('Service', 'v1', 'db-rw', 'flux-system')) },
    { is: 'of nothing, beside wait', files: one(deployment('app'), check('Deployment', 'apps/v1', 'web', 'flux-system'), 'wait: true'), finds: ['health-check-nothing c/all.yaml "name: web"'], says: /beside wait: true/ },
    { is: 'in a version that is not applied', files: one(release, check('HelmRelease', 'helm.toolkit.fluxcd.io/v2beta1', 'app', 'flux-system')), finds: ['health-check-version c/all.yaml "- apiVersion: helm.toolkit.fluxcd.io/v2beta1"'], says: /did you mean helm\.toolkit\.fluxcd\.io\/v2\?/ },
    { is: 'in another group', files: one(deployment('app'), check('Deployment', 'extensions/v1beta1', 'app', 'flux-system')), finds: ['health-check-version c/all.yaml "- apiVersion: extensions/v1beta1"'] },
    { is: 'in a version that is served as well', files: one(definition('Thing').replace('versions: [', 'versions: [{name: v2, served: true}, ') + object('Thing', 't', undefined, 'example.com/v1'), check('Thing', 'example.com/v2', 't')) },
    { is: 'of a name only the cluster knows', files: { ...one(object('Secret', 's', 'flux-system'), check('ConfigMap', 'v1', '${NAME}', 'flux-system')), 'c/all.yaml': ks('outer', 'postBuild: {substituteFrom: [{kind: Secret, name: vars}]}'), 'outer/x.yaml': ks('a', ...check('ConfigMap', 'v1', '${NAME}', 'flux-system')) }, given: object('Secret', 'vars', 'flux-system', 'v1', 'sops: {mac: x}\nstringData: {NAME: "ENC[AES256_GCM,data:x]"}\n') },
  ]);
});

const exprs = (...lines: readonly string[]): readonly string[] => ['healthCheckExprs:', '  - apiVersion: example.com/v1', '    kind: Thing', ...lines.map((line) => `    ${line}`)];
describe('expressions', () => {
  table([
    { is: 'that can be read', files: one(map('m'), exprs("current: status.conditions.exists(c, c.type == 'Ready' && c.status == 'True')", "failed: has(status.phase) && status.phase in ['Failed', 'Lost']")) },
    { is: 'that cannot', files: one(map('m'), exprs("current: status.phase = 'Ready'")), finds: [`expression c/all.yaml "current: status.phase = 'Ready'"`], says: /write ==/ },
    { is: 'with a bracket missing', files: one(map('m'), exprs("failed: has(status.phase && status.phase == 'x'", "current: 'true'")), finds: [`expression c/all.yaml "failed: has(status.phase && status.phase == 'x'"`] },
    { is: 'about a field that is nearly one', files: one(map('m'), exprs("current: stauts.phase == 'Ready'")), finds: [`expression c/all.yaml "current: stauts.phase == 'Ready'"`], says: /did you mean status\?/ },
    { is: 'about a field of its own', files: one(map('m'), exprs("current: state == 'Ready'")) },
    { is: 'of dependsOn', files: { 'c/kustomization.yaml': list('all.yaml'), 'c/all.yaml': ks('a') + ks('b', 'dependsOn:', '  - name: a', "    readyExpr: dep.metadata.labels['v'] == self.metadata.labels['v']"), 'a/x.yaml': map('a'), 'b/x.yaml': map('b') } },
    { is: 'of dependsOn about something it does not know', files: { 'c/kustomization.yaml': list('all.yaml'), 'c/all.yaml': ks('a') + ks('b', 'dependsOn:', '  - name: a', "    readyExpr: status.phase == 'x'"), 'a/x.yaml': map('a'), 'b/x.yaml': map('b') }, finds: [`expression c/all.yaml "readyExpr: status.phase == 'x'"`], says: /self .* and dep/ },
  ]);
});

describe('CEL', () => {
  test.each([
    'true', "status.phase == 'Ready'", "has(status.conditions) && status.conditions.filter(e, e.type == 'Ready').all(e, e.status == 'True')", '!has(status.x)', 'a ? b : c ? d : e', '-1 < 2 && 1.5e3 >= .5 || 0x1Fu == 7u',
    'r"raw\\d" + b"bytes" + """long "quoted" text""" + \'\'\'it\'s\'\'\'', "{'a': 1, 'b': [1, 2, 3,]}['a']", 'dep.status.?observedGeneration.orValue(0) == dep.metadata.generation', 'x[?0].hasValue()', 'timestamp(self.metadata.creationTimestamp) < timestamp("2025-01-01T00:00:00Z")',
    'status.list.map(e, e.a > 0, e.b).size() > 0', 'spec.namespace == status.package', 'optional.of(1).value() == 1', 'type(x) == int // why', 'status.conditions.exists_one(c,\n  c.type == "A")', "self.a.b['c/d'].matches('^v[0-9]+$')", 'google.protobuf.Duration{seconds: 1}.seconds == 1', '[?optional.none(), 2] == [2]',
  ])('reads %s', (source) => {
    expect(readCel(source).trouble).toBeUndefined();
  });

  test.each([
    ['', 'empty'], ['status.', 'ends after a dot'], ["status.phase = 'x'", 'write =='], ['a & b', 'write &&'], ['a | b', 'write ||'], ['(a', 'closing )'], ['a)', 'after a whole expression'], ['a b', 'after a whole expression'],
    ["'open", 'never ends'], ['a ==', 'value is missing'], ['[1, 2', 'closing ]'], ["{'a' 1}", ': after a key'], ['x.exists(c)', 'takes 2 arguments'], ['x.exists(1, true)', 'name of a variable'], ['has(status)', 'takes one field'], ['a ? b', ': of a choice'], ['for', 'keeps for itself'],
    ['a === b', 'write =='], ['a <= > b', 'value is missing before'], ['a # b', 'no sign of CEL'], ["status.conditions[0.type == 'x'", 'closing ]'], ['and', ''],
  ])('stumbles over %s', (source, because) => {
    const { trouble, names } = readCel(source);
    if (because === '') expect(names).toEqual(['and']);
    else expect(trouble?.because).toContain(because);
  });

  test('knows which names stand for themselves', () => {
    expect(readCel("status.conditions.exists(c, c.type == spec.want) && size(data) > 0 && stauts.x in [1, kind]").names).toEqual(['spec', 'status', 'data', 'stauts', 'kind']);
  });

  test('ends on anything', () => {
    for (const source of ['('.repeat(5000), '!'.repeat(5000), 'a.'.repeat(5000), '[{'.repeat(1000), '\uE0F0', '"""', "'\\", '?'.repeat(50)]) expect(readCel(source).trouble).toBeDefined();
  });
});
