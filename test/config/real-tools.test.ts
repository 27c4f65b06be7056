import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, describe, expect, test, type TestContext } from 'vitest';
import type { Site } from '../../scripts/config/cluster.ts';
import { loadSite } from '../../scripts/config/load.ts';
import { SITE } from '../../scripts/config/target.ts';
import { computedPatches, genConfig } from '../../scripts/tools/talos-args.ts';
import { realTool } from '../real-tool.ts';
import { PROJECT } from './scratch.ts';

/** Our data in the hands of the real tools, where they are; each test says "skipped: ..." where they are not. */

const scratch = mkdtempSync(join(tmpdir(), 'config-tools-'));
afterAll(() => { rmSync(scratch, { recursive: true, force: true }); });

const REFERENCE = join(PROJECT, '../shared/reference');
const binary = realTool;

function need(context: TestContext, ...tools: readonly string[]): void {
  const missing = tools.filter((tool) => binary(tool) === undefined);
  if (missing.length > 0) context.skip(`skipped: no ${missing.join(', ')} on PATH, nor built by tools:install`);
}

function run(tool: string, args: readonly string[], input?: string): SpawnSyncReturns<string> {
  const file = binary(tool) ?? tool;
  return spawnSync(file, args, {
    encoding: 'utf8', cwd: scratch, maxBuffer: 64 * 1024 * 1024, ...(input === undefined ? {} : { input }),
    env: { PATH: [dirname(file), ...(process.env['PATH'] ?? '').split(delimiter)].join(delimiter), HOME: scratch, KUBECONFIG: join(scratch, 'none'), TALOSCONFIG: join(scratch, 'none') },
  });
}

function site(): Site {
  const loaded = loadSite(PROJECT, SITE);
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
  return loaded.site;
}

function filled(text: string, settings: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{(\w+)(?::=([^}]*))?\}/g, (whole, name: string, otherwise: string | undefined) => settings[name] ?? otherwise ?? whole);
}

describe('machine configuration', () => {
  const { clusters, versions } = site();
  test('talosctl generates, patches and validates every machine, as control plane and as worker', (context) => {
    need(context, 'talosctl');
    const bundle = join(scratch, 'secrets.yaml');
    expect(run('talosctl', ['gen', 'secrets', '-o', bundle, '--talos-version', `v${versions.talos}`])).toMatchObject({ status: 0 });
    for (const cluster of clusters) {
      for (const machine of cluster.machines) {
        for (const role of ['controlplane', 'worker'] as const) {
          const patches = machine.patches.map((file) => join(PROJECT, file.replace(`/${machine.role}.yaml`, `/${role}.yaml`)));
          const argv = genConfig({ cluster, versions, computed: computedPatches(cluster, machine), patches, output: role }).map((each) => (each === '/dev/stdin' ? bundle : each));
          const generated = run('talosctl', argv);
          expect(`${machine.name} ${generated.status === 0 ? '' : generated.stderr}`).toBe(`${machine.name} `);
          const file = join(scratch, `${machine.name}-${role}.yaml`);
          writeFileSync(file, generated.stdout);
          const validated = run('talosctl', ['validate', '--mode', 'metal', '--strict', '--config', file]);
          expect(`${machine.name} ${validated.stderr}${validated.stdout}`.trim()).toBe(`${machine.name} ${file} is valid for metal mode`);
          for (const fact of [`${machine.address}/24`, cluster.podCIDR, cluster.serviceCIDR, `hostname: ${machine.name}`, machine.macs[0] ?? '?', 'name: none', 'port: 7445']) expect(generated.stdout).toContain(fact);
        }
      }
    }
  });
});

function schemaArgs(): readonly string[] {
  return [
    '-strict', '-schema-location', `${REFERENCE}/schemas/core-v1.34/{{.ResourceKind}}{{.KindSuffix}}.json`,
    '-schema-location', `${REFERENCE}/schemas/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json`, '-',
  ];
}

describe('charts', () => {
  const CHARTS = [
    { chart: 'coredns', shows: ['k8s-app: kube-dns', 'clusterIP: 10.247.0.10', 'replicas: 2', 'kind: PodDisruptionBudget', 'forward . /etc/resolv.conf', 'kubernetes cluster.local'] },
    { chart: 'cert-manager', shows: ['replicas: 2', 'kind: PodDisruptionBudget'] },
    { chart: 'external-secrets', shows: ['replicas: 2'] },
    { chart: 'flux-operator', shows: ['memory: 64Mi'] },
    { chart: 'flux-instance', shows: ['path: kubernetes/clusters/apps', 'version: "2.9.x"', 'url: https://github.com/monosense-io/platform.git'] },
  ];

  test('every chart at hand renders with our values, without custom resource definitions, and fits the schemas', (context) => {
    need(context, 'helm', 'kubeconform');
    if (!existsSync(REFERENCE)) context.skip(`skipped: no charts at ${REFERENCE}`);
    const { clusters, helmfile } = site();
    const cluster = clusters.find(({ name }) => name === 'apps');
    for (const { chart, shows } of CHARTS) {
      const release = helmfile.core.find(({ name }) => name === chart);
      const values = join(scratch, `${chart}.yaml`);
      writeFileSync(values, filled(readFileSync(join(PROJECT, release?.values[0] ?? ''), 'utf8'), cluster?.settings ?? {}));
      const rendered = run('helm', ['template', chart, join(REFERENCE, 'charts', chart), '--namespace', release?.namespace ?? '', '-f', values]);
      expect(`${chart}: ${rendered.stderr}`).toBe(`${chart}: `);
      expect(rendered.stdout).not.toContain('kind: CustomResourceDefinition');
      for (const text of shows) expect(rendered.stdout).toContain(text);
      const judged = run('kubeconform', schemaArgs(), rendered.stdout);
      expect(`${chart}: ${judged.stdout}${judged.stderr}`).toBe(`${chart}: `);
    }
  });

  test('helmfile reads both files and sees every release as we do', (context) => {
    need(context, 'helmfile', 'helm');
    const { helmfile } = site();
    for (const [file, releases] of [['00-crds.yaml', helmfile.crds], ['01-core.yaml', helmfile.core]] as const) {
      const result = run('helmfile', ['--file', join(PROJECT, 'helmfile.d', file), '--skip-deps', 'list', '--skip-charts', '--output', 'json']);
      expect(`${file}: ${result.status} ${result.status === 0 ? '' : result.stderr}`).toBe(`${file}: 0 `);
      const seen: readonly { readonly name: string; readonly namespace: string; readonly chart: string; readonly version: string }[] = JSON.parse(result.stdout);
      expect(seen.map(({ name, namespace, chart, version }) => ({ name, namespace, chart, version })).toSorted((a, b) => (a.name < b.name ? -1 : 1)))
        .toEqual(releases.map(({ name, namespace, chart, version }) => ({ name, namespace, chart, version })).toSorted((a, b) => (a.name < b.name ? -1 : 1)));
    }
  });
});
