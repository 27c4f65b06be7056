import { describe } from 'vitest';
import { definition, hr, ks, list, object, REPOSITORY, table } from './rig.ts';

const map = (name: string): string => object('ConfigMap', name, 'flux-system');
const thing = object('Thing', 'one', undefined, 'example.com/v1');
function tree(all: string, folders: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return { 'c/kustomization.yaml': list('all.yaml'), 'c/all.yaml': all, ...Object.fromEntries(Object.entries(folders).map(([folder, text]) => [`${folder}/x.yaml`, text])) };
}
const operator = REPOSITORY + hr('operator');
const charts = { 'flux-system/operator': { defines: definition('Thing') + definition('Other') } };

describe('definitions', () => {
  table([
    { is: 'beside what needs them, in one Kustomization', files: tree(ks('a'), { a: definition('Thing') + thing }) },
    { is: 'in a Kustomization that is waited for', files: tree(ks('a') + ks('b', 'dependsOn: [{name: a}]'), { a: definition('Thing'), b: thing }) },
    { is: 'in a parent', files: tree(ks('a'), { a: definition('Thing') + ks('b'), b: thing }) },
    { is: 'of the entry itself', files: tree(definition('Thing') + ks('a'), { a: thing }) },
    { is: 'in a Kustomization nobody waits for', files: tree(ks('a') + ks('b'), { a: definition('Thing'), b: thing }), finds: ['definition-unordered c/all.yaml "name: b"'], says: /Kustomization b does not wait for Kustomization a.*add a to its dependsOn/ },
    { is: 'in a Kustomization nobody waits for, told at dependsOn', files: tree(ks('a') + ks('other') + ks('b', 'dependsOn:', '  - name: other'), { a: definition('Thing'), other: map('m'), b: thing }), finds: ['definition-unordered c/all.yaml "dependsOn:"'] },
    { is: 'in a Kustomization that waits for what needs them', files: tree(ks('a', 'dependsOn: [{name: b}]') + ks('b'), { a: definition('Thing'), b: thing }), finds: ['definition-too-late b/x.yaml "name: one"'], says: /only after Kustomization b/ },
    { is: 'by a release, waited for', files: tree(ks('a', 'wait: true') + ks('b', 'dependsOn: [{name: a}]'), { a: operator, b: thing }), charts },
    { is: 'by a release whose Kustomization is waited for but does not wait', files: tree(ks('a') + ks('b', 'dependsOn: [{name: a}]'), { a: operator, b: thing }), charts, finds: ['definition-unordered c/all.yaml "name: a"'], says: /set wait: true for Kustomization a/ },
    { is: 'by a release whose Kustomization says wait: false', files: tree(ks('a', 'wait: false') + ks('b', 'dependsOn: [{name: a}]'), { a: operator, b: thing }), charts, finds: ['definition-unordered c/all.yaml "wait: false"'] },
    { is: 'by a release that a health check waits for', files: tree(ks('a', 'healthChecks: [{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, name: operator, namespace: flux-system}]') + ks('b', 'dependsOn: [{name: a}]'), { a: operator, b: thing }), charts },
    { is: 'by a release beside what needs them', files: tree(ks('a', 'wait: true'), { a: operator + thing }), charts, finds: ['definition-too-late a/x.yaml "name: one"'], says: /applies all or nothing, so neither ever comes.*Kustomization of its own/ },
    { is: 'by a release, needed by its own chart', files: tree(ks('a', 'wait: true'), { a: operator }), charts: { 'flux-system/operator': { defines: definition('Thing'), makes: thing } } },
    { is: 'by a release, needed by another chart that waits', files: tree(ks('a'), { a: operator + hr('user', 'dependsOn: [{name: operator}]') }), charts: { ...charts, 'flux-system/user': { makes: thing } } },
    { is: 'by a release, needed by another chart that does not wait', files: tree(ks('a'), { a: operator + hr('user') }), charts: { ...charts, 'flux-system/user': { makes: thing } }, finds: ['definition-unordered a/x.yaml "name: user"'], says: /add HelmRelease flux-system\/operator to its dependsOn/ },
    { is: 'by a release that is told to leave them alone', files: tree(ks('a', 'wait: true'), { a: REPOSITORY + hr('operator', 'install: {crds: Skip}') + thing }), charts },
    { is: 'installed before Flux by the same chart', files: tree(ks('a', 'wait: true'), { a: operator + thing }), charts, settings: { before: [{ name: 'crds', namespace: 'flux-system', chart: 'oci://example.com/operator', version: '1.0.0', source: { file: 'h.yaml', document: 0, at: [] }, crdsOnly: true }] } },
    { is: 'given', files: tree(ks('a') + ks('b'), { a: definition('Thing'), b: thing }), given: definition('Thing') },
    { is: 'applied before Flux from an address', files: tree(ks('a') + ks('b'), { a: operator, b: thing }), charts, settings: { definitions: [{ url: 'https://example.com/v1.0.0/example.com_things.yaml', sha256: '', source: { file: 'x.yaml', document: 0, at: [] } }] } },
    { is: 'of a chart that is not here', files: tree(ks('a') + ks('b'), { a: operator, b: thing }) },
    { is: 'of nobody here', files: tree(ks('b'), { b: thing }) },
    { is: 'lacking twice of one release are one finding', files: tree(ks('a', 'wait: true') + ks('b'), { a: operator, b: thing + object('Other', 'two', undefined, 'example.com/v1') }), charts, finds: ['definition-unordered c/all.yaml "name: b"'] },
    { is: 'by one of two, in order with the other', files: tree(ks('a') + ks('a2') + ks('b', 'dependsOn: [{name: a2}]'), { a: definition('Thing'), a2: definition('Thing').replace('name: things.example.com', 'name: things.example.com\n  annotations: {kustomize.toolkit.fluxcd.io/ssa: Merge}'), b: thing }) },
    { is: 'in another cluster', files: tree(ks('a', 'kubeConfig: {secretRef: {name: remote}}') + ks('b'), { a: definition('Thing'), b: thing }) },
    { is: 'needed by what is suspended', files: tree(ks('a') + ks('b', 'suspend: true'), { a: definition('Thing'), b: thing }) },
  ]);
});

const namespace = (name: string): string => object('Namespace', name);
describe('namespaces', () => {
  table([
    { is: 'made beside what goes into them', files: tree(ks('a'), { a: namespace('web') + object('ConfigMap', 'm', 'web') }) },
    { is: 'given', files: tree(ks('a'), { a: object('ConfigMap', 'm', 'web') }), given: namespace('web') },
    { is: 'of Kubernetes itself', files: tree(ks('a'), { a: object('ConfigMap', 'm', 'kube-system') }) },
    { is: 'that nobody makes', files: tree(ks('a'), { a: object('ConfigMap', 'm', 'web') + object('ConfigMap', 'n', 'web') }), finds: ['namespace-missing a/x.yaml "namespace: web"'], says: /ConfigMap web\/m and 1 more go; / },
    { is: 'misspelt', files: tree(ks('a'), { a: object('ConfigMap', 'm', 'networkin') }), given: namespace('networking'), finds: ['namespace-missing a/x.yaml "namespace: networkin"'], says: /did you mean networking\?/ },
    { is: 'misspelt as targetNamespace', files: tree(ks('a', 'targetNamespace: networkin'), { a: object('ConfigMap', 'm') }), given: namespace('networking'), finds: ['namespace-missing c/all.yaml "targetNamespace: networkin"'] },
    { is: 'that a chart which is not here may make', files: tree(ks('a'), { a: REPOSITORY + hr('app') + object('ConfigMap', 'm', 'web') }), finds: ['? namespace-missing a/x.yaml "namespace: web"'] },
    { is: 'that Helm makes', files: tree(ks('a', 'wait: true') + ks('b', 'dependsOn: [{name: a}]'), { a: REPOSITORY + hr('app', 'targetNamespace: web', 'install: {createNamespace: true}'), b: object('ConfigMap', 'm', 'web') }) },
    { is: 'that Helm makes, beside what needs them', files: tree(ks('a'), { a: `${REPOSITORY}${hr('app', 'targetNamespace: web', 'install: {createNamespace: true}')}${object('ConfigMap', 'm', 'web')}` }), finds: ['namespace-too-late a/x.yaml "name: m"'] },
    { is: 'that a release goes to and nobody makes', files: tree(ks('a'), { a: REPOSITORY + hr('app', 'targetNamespace: web') }), charts: { 'flux-system/app': {} }, finds: ['namespace-missing a/x.yaml "targetNamespace: web"'] },
    { is: 'made by another Kustomization that is waited for', files: tree(ks('a') + ks('b', 'dependsOn: [{name: a}]'), { a: namespace('web'), b: object('ConfigMap', 'm', 'web') }) },
    { is: 'made by a parent', files: tree(ks('a'), { a: namespace('web') + ks('b', 'targetNamespace: web'), b: object('ConfigMap', 'm') }) },
    { is: 'made by another Kustomization nobody waits for', files: tree(ks('a') + ks('b'), { a: namespace('web'), b: object('ConfigMap', 'm', 'web') }), finds: ['namespace-unordered c/all.yaml "name: b"'] },
    { is: 'made after what goes into them', files: tree(ks('a', 'dependsOn: [{name: b}]') + ks('b'), { a: namespace('web'), b: object('ConfigMap', 'm', 'web') }), finds: ['namespace-too-late b/x.yaml "name: m"'] },
    { is: 'made by one of two, in order with the other', files: tree(ks('a') + ks('b'), { a: namespace('web'), b: namespace('web') + object('ConfigMap', 'm', 'web') }), finds: ['object-twice b/x.yaml "name: web"'] },
    { is: 'of what has none', files: tree(ks('a'), { a: object('ClusterRole', 'r', undefined, 'rbac.authorization.k8s.io/v1') + thing }) },
    { is: 'of another cluster', files: tree(ks('a', 'kubeConfig: {secretRef: {name: remote}}'), { a: object('ConfigMap', 'm', 'web') }) },
  ]);
});
