import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Site } from '../../scripts/config/cluster.ts';
import { loadEnv } from '../../scripts/config/env.ts';
import { loadSite, sourceLine } from '../../scripts/config/load.ts';
import { SITE } from '../../scripts/config/target.ts';
import { PROJECT, Scratch } from './scratch.ts';

function siteOf(root: string): Site {
  const loaded = loadSite(root, SITE);
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems, null, 2));
  return loaded.site;
}

describe('the real configuration', () => {
  const site = siteOf(PROJECT);

  test('has the two clusters of the specification, in the order of their ids', () => {
    expect(site.clusters.map(({ name, id, podCIDR, serviceCIDR }) => ({ name, id, podCIDR, serviceCIDR }))).toEqual([
      { name: 'infra', id: 1, podCIDR: '10.244.0.0/16', serviceCIDR: '10.245.0.0/16' },
      { name: 'apps', id: 2, podCIDR: '10.246.0.0/16', serviceCIDR: '10.247.0.0/16' },
    ]);
    expect(site.clusters.flatMap(({ machines }) => machines.map(({ name, address, role }) => `${name} ${address} ${role}`))).toEqual([
      'infra-01 10.25.11.11 controlplane', 'infra-02 10.25.11.12 controlplane', 'infra-03 10.25.11.13 controlplane',
      'apps-01 10.25.11.14 controlplane', 'apps-02 10.25.11.15 controlplane', 'apps-03 10.25.11.16 controlplane',
    ]);
  });

  test('patches apply from the general to the particular', () => {
    expect(site.clusters[1]?.machines[2]?.patches).toEqual(['all', 'controlplane', 'clusters/apps', 'machines/apps-03'].map((layer) => `talos/patches/${layer}.yaml`));
  });

  test('the releases of core come in the order the bootstrap needs, each waiting for the one before', () => {
    expect(site.helmfile.core.map(({ name, needs }) => [name, ...needs])).toEqual([
      ['cilium'], ['coredns', 'kube-system/cilium'], ['cert-manager', 'kube-system/coredns'], ['external-secrets', 'cert-manager/cert-manager'],
      ['flux-operator', 'external-secrets/external-secrets'], ['flux-instance', 'flux-system/flux-operator'],
    ]);
  });

  test('the tree of each cluster holds every Kustomization and HelmRelease, with what it waits for', () => {
    // The same everywhere, but for the files each cluster has of its own.
    const [infra = [], apps = []] = ['infra', 'apps'].map((cluster) => (site.tree[cluster] ?? []).map((item) => ({ ...item, file: item.file.replace(`/${cluster}/`, '/CLUSTER/') })));
    const platform = (items: typeof infra): typeof infra => items.filter(({ file }) => !/\/(operators|workloads|observability)\/|layers\.yaml$/.test(file));
    expect(platform(apps)).toEqual(platform(infra));
    const waits = new Map(infra.filter(({ kind }) => kind === 'Kustomization').map(({ name, dependsOn }) => [name, dependsOn]));
    expect(Object.fromEntries(['cilium-core', 'cilium-ipam', 'coredns', 'cert-manager', 'cert-manager-issuers', 'external-secrets-store', 'cilium-gateway', 'flux-instance'].map((name) => [name, waits.get(name)]))).toEqual({
      'cilium-core': [], 'cilium-ipam': ['cilium-core'], coredns: ['cilium-core'], 'cert-manager': ['coredns'], 'cert-manager-issuers': ['cert-manager', 'cert-manager-secrets'],
      'external-secrets-store': ['external-secrets'], 'cilium-gateway': ['cilium-core', 'cilium-ipam', 'wildcard'], 'flux-instance': ['flux-operator'],
    });
    const releases = infra.filter(({ kind }) => kind === 'HelmRelease').map(({ namespace, name }) => `${namespace}/${name}`);
    for (const { namespace, name } of site.helmfile.core) expect(releases).toContain(`${namespace}/${name}`);
  });

  test('is frozen to its leaves', () => {
    expect(Object.isFrozen(site.clusters[0]?.machines[0]?.disks.data)).toBe(true);
    expect(() => Object.assign(site.clusters[0] ?? {}, { name: 'other' })).toThrow(TypeError);
  });
});

test('a third cluster is brought in by adding files only', () => {
  using scratch = new Scratch();
  cpSync(join(PROJECT, 'test/fixtures/apps-dev'), scratch.root, { recursive: true });
  const site = siteOf(scratch.root);
  expect(site.clusters.map(({ name, mesh }) => [name, mesh?.peers ?? null])).toEqual([['infra', ['apps']], ['apps', ['infra']], ['apps-dev', null]]);
  expect(site.clusters[2]?.machines.map(({ patches }) => patches.at(-1))).toEqual(Array.from({ length: 3 }, () => 'talos/patches/controlplane.yaml'));
  // It may have less than the others, and nothing they have not; its lists are its own.
  const named = (cluster: string): readonly string[] => (site.tree[cluster] ?? []).map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`);
  expect(named('apps-dev').filter((each) => !named('apps').includes(each))).toEqual([]);
  expect(named('apps-dev').length).toBeGreaterThan(30);
  expect(site.clusters[2]?.settings['CLUSTERMESH_ENABLED']).toBe('false');
});

test('all problems come at once, sorted by file and line', () => {
  using scratch = new Scratch();
  scratch.change([
    { file: 'talos/clusters/apps.yaml', replace: ['address: 10.25.11.16', 'address: 10.25.11.300'] },
    { file: 'talos/clusters/apps.yaml', replace: ['secrets: op://Prod/apps-talos', 'secret: op://Prod/apps-talos'] },
    { file: 'bootstrap/versions.yaml', replace: ['helm: 4.3.1', 'helm: latest'] },
    { file: 'kubernetes/infrastructure/networking/coredns/ks.yaml', replace: ['name: cilium-core', 'name: cilium'] },
  ]);
  expect(scratch.problems().map(({ file, line, rule }) => `${file}:${line} ${rule}`)).toEqual([
    'bootstrap/versions.yaml:42 version-pin',
    'kubernetes/infrastructure/networking/coredns/ks.yaml:19 depends-on-nothing',
    'talos/clusters/apps.yaml:10 unknown-key',
    'talos/clusters/apps.yaml:32 address',
  ]);
});

test('an empty folder is told what it lacks, without an exception', () => {
  const root = mkdtempSync(join(tmpdir(), 'config-'));
  try {
    const loaded = loadSite(root, SITE);
    expect('problems' in loaded && loaded.problems.map(({ file, rule }) => `${file} ${rule}`)).toEqual([
      'bootstrap/calendar.yaml file-missing', 'bootstrap/crds.yaml file-missing', 'bootstrap/dr.yaml file-missing', 'bootstrap/flux.yaml file-missing', 'bootstrap/namespaces.yaml file-missing', 'bootstrap/secrets.yaml file-missing',
      'bootstrap/versions.yaml file-missing', 'helmfile.d/00-crds.yaml file-missing', 'helmfile.d/01-core.yaml file-missing', 'talos/clusters no-clusters',
      'talos/schematic.yaml file-missing',
    ]);
  } finally {
    rmSync(root, { recursive: true });
  }
});

describe('the picture under a problem', () => {
  test.each([
    ['bootstrap/secrets.yaml', '    token: abcdefgh12345678', '    token: [hidden]'],
    ['bootstrap/secrets.yaml', '    token: op://Infra/item/field', '    token: op://Infra/item/field'],
    ['bootstrap/secrets.yaml', '- name: onepassword-connect-token', '- name: onepassword-connect-token'],
    ['talos/patches/all.yaml', '    key: LS0tLS1CRUdJTiBFRDI1NTE5IFBSSVZBVEUgS0VZLS0tLS0K', '    key: [hidden]'],
    ['talos/clusters/apps.yaml', 'secrets: Tr0ub4dor', 'secrets: [hidden]'],
    ['kubernetes/x.yaml', '  value: "ghp_0123456789abcdefghijklmnopqrstuvwxyz"', '  value: "[hidden]"'],
    ['kubernetes/x.yaml', '  url: https://helm.cilium.io/', '  url: https://helm.cilium.io/'],
  ])('%s: %s', (file, line, shown) => {
    const root = mkdtempSync(join(tmpdir(), 'config-'));
    try {
      mkdirSync(join(root, file, '..'), { recursive: true });
      writeFileSync(join(root, file), `first\n${line}\n`);
      expect(sourceLine(root, file, 2)).toBe(shown);
      expect(sourceLine(root, file, 9)).toBeUndefined();
      expect(sourceLine(root, 'missing.yaml', 1)).toBeUndefined();
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});

test('.env is read without touching the environment, and may be missing', () => {
  const root = mkdtempSync(join(tmpdir(), 'config-'));
  try {
    expect(loadEnv(root)).toEqual({ variables: {}, problems: [] });
    writeFileSync(join(root, '.env'), '# speed\nLAB_SPEED="120"\nTARGET=lab\n');
    expect(loadEnv(root)).toEqual({ variables: { LAB_SPEED: '120', TARGET: 'lab' }, problems: [] });
    expect(process.env['LAB_SPEED']).not.toBe('120');
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('what needs the mesh is what says so, and all below it', () => {
  using scratch = new Scratch();
  scratch.change([{ file: 'kubernetes/clusters/apps/layers.yaml', replace: ['  name: operations\n  namespace: flux-system\n', '  name: operations\n  namespace: flux-system\n  labels: {task/needs: mesh}\n'] }]);
  const tree = siteOf(scratch.root).tree;
  const needing = (tree['apps'] ?? []).filter(({ needsMesh }) => needsMesh).map(({ kind, name }) => `${kind} ${name}`);
  expect(needing).toEqual(expect.arrayContaining(['Kustomization operations', 'Kustomization reloader', 'HelmRelease reloader']));
  expect(needing).not.toContain('Kustomization data');
  expect((tree['infra'] ?? []).some(({ needsMesh }) => needsMesh)).toBe(false);
});
