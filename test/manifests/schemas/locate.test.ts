import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { fill, locatorOf, wordsOf } from '../../../scripts/manifests/schemas/locate.ts';
import { checkSchemas } from '../../../scripts/manifests/schemas/check.ts';
import type { Settings } from '../../../scripts/manifests/model.types.ts';
import { aroundOf, scratch, told, view } from '../rules/schemas/rig.ts';

const deployment = { group: 'apps', version: 'v1', kind: 'Deployment' };
const namespace = { group: '', version: 'v1', kind: 'Namespace' };
const cluster = { group: 'postgresql.cnpg.io', version: 'v1', kind: 'Cluster' };
const policy = { group: 'networking.k8s.io', version: 'v1', kind: 'NetworkPolicy' };

test.each([
  ['{{.ResourceKind}}{{.KindSuffix}}.json', deployment, 'deployment-apps-v1.json'],
  ['{{ .ResourceKind }}{{ .KindSuffix }}.json', namespace, 'namespace-v1.json'],
  ['{{.ResourceKind}}{{.KindSuffix}}.json', policy, 'networkpolicy-networking-v1.json'],
  ['{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json', cluster, 'postgresql.cnpg.io/cluster_v1.json'],
  ['{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json', namespace, 'v1/namespace_v1.json'],
  ['{{ .NormalizedKubernetesVersion }}-standalone{{ .StrictSuffix }}', deployment, 'v1.34.4-standalone-strict'],
  ['{{.Other}}', deployment, '{{.Other}}'],
])('kubeconform\'s template %s of %j is %s', (template, gvk, path) => { expect(fill(template, wordsOf(gvk, '1.34.4'))).toBe(path); });

describe('in a folder', () => {
  const found = (files: readonly string[], gvk: typeof deployment, settings: Partial<Settings> = {}): string | undefined => {
    using own = scratch();
    for (const file of files) own.write(file, file.includes('other-group') ? '{"properties": {"apiVersion": {"enum": ["other/v1"]}}}' : '{}');
    return locatorOf(view({ tree: '', settings: { schemas: [own.path], ...settings } })).find(gvk)?.from.slice(own.path.length + 1);
  };
  test.each<[readonly string[], typeof deployment, Partial<Settings>, string | undefined]>([
    [['deployment-apps-v1.json'], deployment, {}, 'deployment-apps-v1.json'],
    [['core-v1.33/deployment-apps-v1.json', 'core-v1.34/deployment-apps-v1.json'], deployment, { kubernetes: '1.33.2' }, 'core-v1.33/deployment-apps-v1.json'],
    // Without a version the newest; of another version than the clusters' none.
    [['core-v1.9/deployment-apps-v1.json', 'core-v1.34/deployment-apps-v1.json'], deployment, {}, 'core-v1.34/deployment-apps-v1.json'],
    [['core-v1.33/deployment-apps-v1.json'], deployment, { kubernetes: '1.34.4' }, undefined],
    [['v1.34.4-standalone/deployment-apps-v1.json', 'v1.34.4-standalone-strict/deployment-apps-v1.json'], deployment, { kubernetes: '1.34.4' }, 'v1.34.4-standalone-strict/deployment-apps-v1.json'],
    [['master-standalone-strict/deployment-apps-v1.json'], deployment, { kubernetes: '1.34.4' }, 'master-standalone-strict/deployment-apps-v1.json'],
    [['apps/deployment_v1.json'], deployment, {}, 'apps/deployment_v1.json'],
    [['postgresql.cnpg.io/cluster_v1.json', 'cluster-postgresql-v1.json'], cluster, {}, 'postgresql.cnpg.io/cluster_v1.json'],
    [['cluster-postgresql-v1.json'], cluster, {}, 'cluster-postgresql-v1.json'],
    [['other-group/x.json', 'unrelated.json'], cluster, {}, undefined],
  ])('%j: %j', (files, gvk, settings, wanted) => { expect(found(files, gvk, settings)).toBe(wanted); });

  test('a name that fits, of another group, is none', () => {
    using own = scratch();
    own.write('cluster-postgresql-v1.json', '{"properties": {"apiVersion": {"enum": ["postgresql.example.com/v1"]}}}');
    expect(locatorOf(view({ tree: '', settings: { schemas: [own.path] } })).find(cluster)).toBeUndefined();
  });

  test('a pattern stands for itself', () => {
    using own = scratch();
    own.write('mine/cluster.json', '{}');
    expect(locatorOf(view({ tree: '', settings: { schemas: [`${own.path}/mine/{{.ResourceKind}}.json`] } })).find(cluster)?.from).toBe(`${own.path}/mine/cluster.json`);
  });

  test('what was downloaded before is found again, and what the answer hangs on is said, there or not', () => {
    using own = scratch();
    const address = 'https://raw.githubusercontent.com/datreeio/CRDs-catalog/main/postgresql.cnpg.io/cluster_v1.json';
    const kept = own.write(`talos-flux-runner/manifests/catalogs/${createHash('sha256').update(address).digest('hex')}`, '{}');
    const { around, heard } = aroundOf({ cache: own.path });
    const locator = locatorOf(view({ tree: '', settings: { schemas: [`${own.path}/schemas`] } }, { around }));
    expect([locator.find(cluster)?.from, locator.find(cluster)?.file]).toEqual([address, kept]);
    expect(heard.read).toContain(`${own.path}/schemas/postgresql.cnpg.io/cluster_v1.json`);
    expect(locator.places).toEqual([`${own.path}/schemas`, 'the definitions of the tree and its charts', 'what was kept of the public catalogs']);
  });
});

test('objects that stand whole inside another are checked there; those a template still changes are not', async () => {
  using own = scratch();
  own.write('configmap-v1.json', JSON.stringify({ properties: { data: { type: 'object', additionalProperties: { type: 'string' } } } }));
  own.write('fluxcd.controlplane.io/resourceset_v1.json', '{}');
  const map = (value: string): string => `    - {apiVersion: v1, kind: ConfigMap, metadata: {name: m}, data: {a: ${value}}}\n`;
  const tree = `apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSet\nmetadata: {name: set}\nspec:\n  resources:\n${map('"1"')}${map('2')}${map('3').replace('name: m', 'name: "<< inputs.name >>"')}`;
  expect((await checkSchemas(view({ tree, settings: { schemas: [own.path] } }))).map(told)).toEqual(['ResourceSet set spec.resources[1].data.a: spec.resources[1].data.a is the number 2, but text is wanted | put it in quotes: "2" [2 -> "2"]']);
});
