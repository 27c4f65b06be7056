import { describe, expect, test } from 'vitest';
import { declared, hasPort } from '../../../scripts/manifests/index/pods.ts';
import { isClusterScoped } from '../../../scripts/manifests/index/kinds.ts';
import { indexOf } from '../../../scripts/manifests/index/index.ts';
import { UNKNOWN } from '../../../scripts/manifests/build/unknown.ts';
import { lookups, viewOf } from './rig.ts';

const TREE = `
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: a}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          ports: [{name: http, containerPort: 8080}]
      initContainers:
        - name: proxy
          restartPolicy: Always
          ports: [{name: proxy, containerPort: 9090}]
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: clean, namespace: shop}
spec: {jobTemplate: {spec: {template: {metadata: {labels: {app: clean}}, spec: {containers: [{name: clean}]}}}}}
---
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: db, namespace: data}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader, namespace: ignored}
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: w}
`;

describe('objects', () => {
  const index = lookups({ tree: TREE, charts: { 'chart/one': 'apiVersion: v1\nkind: Service\nmetadata: {name: made}' }, given: 'apiVersion: v1\nkind: Namespace\nmetadata: {name: before}' });

  test('are found by kind, namespace and name', () => {
    expect(index.kind('apps/Deployment').map(({ object }) => object.metadata.name)).toEqual(['web']);
    expect(index.find('Service', 'shop', 'web')).toBeDefined();
    expect(index.find('Service', 'chart', 'made')?.release?.object.metadata.name).toBe('one');
    expect(index.find('rbac.authorization.k8s.io/ClusterRole', '', 'reader')).toBeDefined();
    expect(index.find('Service', 'shop', 'other')).toBeUndefined();
  });

  test.each([
    ['made by the tree', 'Service', 'shop', 'web', true],
    ['made by nobody', 'Service', 'shop', 'other', false],
    ['made by an operator', 'Service', 'data', 'db-rw', true],
    ['perhaps made by an operator', 'Service', 'data', 'db-any', undefined],
    ['made by nobody beside an operator', 'Service', 'data', 'other', false],
  ])('exist or not: %s', (_, kind, namespace, name, verdict) => {
    expect(index.exists(kind, namespace, name)).toBe(verdict);
  });

  test('namespaces have their own name for a label, and those of the system may have more', () => {
    expect(Object.fromEntries(index.namespaces.get('shop')?.labels.known ?? [])).toEqual({ team: 'a', 'kubernetes.io/metadata.name': 'shop' });
    expect(index.namespaces.get('before')?.labels.open).toBe(false);
    expect(index.namespaces.get('kube-system')?.labels.open).toBe(true);
    expect(index.namespaces.has('data')).toBe(false);
  });

  test('one index for one view', () => {
    const view = viewOf(TREE);
    expect(indexOf(view)).toBe(indexOf(view));
  });
});

describe('pods', () => {
  const index = lookups(TREE);

  test('of workloads and of operators', () => {
    expect(index.podsIn('shop').map(({ built, path, replicas }) => [built.object.kind, path?.join('.'), replicas])).toEqual([['Deployment', 'spec.template', 2], ['CronJob', 'spec.jobTemplate.spec.template', undefined]]);
    expect(index.podsIn('data').map(({ labels }) => labels.known.get('cnpg.io/cluster'))).toEqual(['db']);
    expect(index.podsIn('shop')[0]?.labels).toEqual({ known: new Map([['pod-template-hash', undefined], ['app', 'web']]), open: false });
  });

  test('have ports by name and number', () => {
    const [web, clean] = index.podsIn('shop');
    if (web === undefined || clean === undefined) throw new Error('no pods');
    expect([hasPort(web, 'http'), hasPort(web, 'proxy'), hasPort(web, 'other')]).toEqual([true, true, false]);
    expect(declared(web)).toEqual(new Set([8080, 9090]));
    expect(declared(clean)).toBeUndefined();
    const [db] = index.podsIn('data');
    expect(db === undefined ? 'none' : hasPort(db, 'other')).toBeUndefined();
  });
});

describe('what cannot be looked into is said', () => {
  test.each([
    ['a chart that is not here', { tree: TREE, charts: { 'shop/extra': undefined } }, 'shop', /chart of HelmRelease extra/],
    ['and what has no namespace with it', { tree: TREE, charts: { 'shop/extra': undefined } }, '', /extra/],
    ['a kind nobody knows', { tree: 'apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w, namespace: shop}' }, 'shop', /Widget w/],
    ['a Kustomization that is broken', { tree: TREE, unit: { broken: true, hides: true } }, 'shop', /cannot be built/],
    ['a Kustomization of another source', { tree: TREE, unit: { folder: undefined } }, 'flux-system', /another source/],
    ['a release before Flux', { tree: TREE, settings: { before: [{ name: 'cni', namespace: 'shop', chart: 'cni', version: '1', source: { file: 'f', document: 0, at: [] }, crdsOnly: false }] } }, 'shop', /release cni/],
  ])('%s', (_, parts, namespace, because) => {
    const index = lookups(parts);
    expect(index.unseen(namespace)).toMatch(because);
    expect(index.exists('Service', namespace, 'nobody')).toBeUndefined();
  });

  test.each([
    ['a chart of another namespace', { tree: TREE, charts: { 'other/extra': undefined } }, 'shop'],
    ['a chart that is rendered', { tree: TREE, charts: { 'shop/extra': '' } }, 'shop'],
    ['kinds that make nothing', { tree: 'apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r, namespace: shop}' }, 'shop'],
    ['definitions before Flux', { tree: TREE, settings: { before: [{ name: 'crds', namespace: 'shop', chart: 'c', version: '1', source: { file: 'f', document: 0, at: [] }, crdsOnly: true }] } }, 'shop'],
    ['a release before Flux that the tree takes over', { tree: TREE, charts: { 'shop/cni': '' }, settings: { before: [{ name: 'cni', namespace: 'shop', chart: 'cni', version: '1', source: { file: 'f', document: 0, at: [] }, crdsOnly: false }] } }, 'shop'],
  ])('but not %s', (_, parts, namespace) => {
    expect(lookups(parts).unseen(namespace)).toBeUndefined();
  });

  test('an object whose name is not known could be any of its kind', () => {
    const index = lookups(`apiVersion: v1\nkind: Service\nmetadata: {name: "a-${UNKNOWN}", namespace: shop}`);
    expect(index.exists('Service', 'shop', 'web')).toBeUndefined();
    expect(index.exists('Service', 'else', 'web')).toBe(false);
  });
});

describe('kinds without a namespace', () => {
  test.each([['Node', true], ['ConfigMap', false], ['rbac.authorization.k8s.io/ClusterRole', true], ['apps/Deployment', false], ['cert-manager.io/ClusterIssuer', true], ['example.com/Widget', undefined]])('%s: %s', (kind, is) => {
    expect(isClusterScoped(kind)).toBe(is);
  });

  test('a definition says it for its own kind', () => {
    const crd = (scope: string): string => `apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: w}\nspec: {group: example.com, scope: ${scope}, names: {kind: Widget}}\n---\napiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w, namespace: shop}`;
    expect(lookups(crd('Cluster')).find('example.com/Widget', '', 'w')).toBeDefined();
    expect(lookups(crd('Namespaced')).find('example.com/Widget', 'shop', 'w')).toBeDefined();
  });
});
