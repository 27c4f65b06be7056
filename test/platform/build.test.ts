import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump, load, loadAll } from 'js-yaml';
import { afterAll, describe, expect, test, type TestContext } from 'vitest';
import { at, list, plain, strings } from '../../lab/catalog/data.ts';
import { isObject } from '../../lab/catalog/install.ts';
import type { KubeObject } from '../../lab/world/types.ts';
import { realTool } from '../real-tool.ts';
import { built, builtByKustomize, CLUSTERS, PROJECT, type BuiltCluster } from './tree.ts';

/** The tree in the hands of the real tools, where they and the reference are; each test says "skipped: ..." where they are not. */

const REFERENCE = join(PROJECT, '../shared/reference');
const scratch = mkdtempSync(join(tmpdir(), 'platform-'));
afterAll(() => { rmSync(scratch, { recursive: true, force: true }); });

function need(context: TestContext, ...tools: readonly string[]): void {
  const missing = tools.filter((tool) => realTool(tool) === undefined);
  if (missing.length > 0) context.skip(`skipped: no ${missing.join(', ')} on PATH, nor built by tools:install`);
}
function needReference(context: TestContext): void {
  if (!existsSync(REFERENCE)) context.skip(`skipped: nothing at ${REFERENCE}`);
}

/** What kubeconform says of objects: every complaint, and its summary. Kinds without a schema are complaints. */
function judged(objects: readonly KubeObject[]): string {
  const args = [
    '-strict', '-summary', '-schema-location', `${REFERENCE}/schemas/core-v1.34/{{.ResourceKind}}{{.KindSuffix}}.json`,
    '-schema-location', `${REFERENCE}/schemas/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json`, '-',
  ];
  const ran = spawnSync(realTool('kubeconform') ?? '', args, { encoding: 'utf8', input: objects.map((object) => dump(object, { noRefs: true, lineWidth: -1 })).join('---\n'), maxBuffer: 64 * 1024 * 1024 });
  return `${ran.stdout}${ran.stderr}`.trim();
}
function allValid(count: number): string { return `Summary: ${count} resource${count === 1 ? '' : 's'} found parsing stdin - Valid: ${count}, Invalid: 0, Errors: 0, Skipped: 0`; }

const name = (object: KubeObject): string => `${object.apiVersion} ${object.kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`;
const clusters = CLUSTERS.map(built);

describe('the whole tree of each cluster', () => {
  test('builds with kustomize to what the lab builds, and every object fits its schema, no kind skipped', (context) => {
    need(context, 'kustomize', 'kubeconform');
    needReference(context);
    const real = builtByKustomize(clusters);
    for (const cluster of clusters) {
      const objects = real.get(cluster.name) ?? [];
      expect(objects.map(name).toSorted()).toEqual(cluster.objects.map(name).toSorted());
      expect(objects.length).toBeGreaterThan(200);
      expect(JSON.stringify(objects)).not.toMatch(/[^$]\$\{[A-Z]/);
      expect(judged(objects)).toBe(allValid(objects.length));
    }
  }, 120_000);

  test('a field that does not exist is found', (context) => {
    need(context, 'kubeconform');
    needReference(context);
    const pool = clusters[0]?.objects.find(({ kind }) => kind === 'CephBlockPool');
    if (pool === undefined) throw new Error('no pool');
    expect(judged([{ ...pool, spec: { ...pool.spec, replicatd: {} } }])).toContain('Invalid: 1');
  });
});

/** Releases with a chart in the reference: its name there, and the version there where that is not the pinned one. */
const CHARTS: readonly { readonly release: string; readonly chart: string; readonly there: string; readonly shows: readonly RegExp[] }[] = [
  { release: 'openebs', chart: 'openebs', there: '4.2.0', shows: [] },
  { release: 'reloader', chart: 'reloader', there: '2.2.16', shows: [/replicas: 2/, /kind: PodDisruptionBudget/, /minAvailable: 1/, /readOnlyRootFilesystem: true/, /runAsUser: 65534/, /kind: PodMonitor/, /topologyKey: kubernetes.io\/hostname/] },
  { release: 'rook-ceph-operator', chart: 'rook-ceph', there: '0.0.1', shows: [/ROOK_ENABLE_DISCOVERY_DAEMON: "true"/, /ROOK_OPERATOR_METRICS_BIND_ADDRESS: ":9090"/, /runAsUser: 2016/] },
  { release: 'cert-manager', chart: 'cert-manager', there: 'v0.0.0', shows: [/kind: ServiceMonitor/, /topologySpreadConstraints:/, /--dns01-recursive-nameservers-only/] },
  { release: 'external-secrets', chart: 'external-secrets', there: '2.9.0', shows: [/topologySpreadConstraints:/] },
  { release: 'flux-operator', chart: 'flux-operator', there: '0.49.0', shows: [/kind: ServiceMonitor/] },
  { release: 'flux-instance', chart: 'flux-instance', there: '0.49.0', shows: [/--concurrent=20/] },
  { release: 'victoria-metrics-operator', chart: 'victoria-metrics-operator', there: '0.67.2', shows: [/replicas: 2/, /name: VM_ENABLESTRICTSECURITY/, /minAvailable: 1/] },
  { release: 'victoria-logs', chart: 'victoria-logs-single', there: '0.13.9', shows: [/kind: StatefulSet/, /name: victoria-logs-server/, /storageClassName: rook-ceph-block/, /storage: 100Gi/, /--retentionPeriod=30d/] },
  { release: 'fluent-bit', chart: 'fluent-bit', there: '0.58.1', shows: [/operator: Exists/, /type: DirectoryOrCreate/, /Header AccountID 2/, /Format json_lines/] },
];

function valuesOf(cluster: BuiltCluster, release: KubeObject): unknown {
  const [from] = list(at(release.spec, 'valuesFrom')).map(plain);
  if (from === undefined) return at(release.spec, 'values');
  const map = cluster.objects.find((object) => object.kind === 'ConfigMap' && object.metadata.name === from['name'] && object.metadata.namespace === release.metadata.namespace);
  return load(strings(map?.data)['values.yaml'] ?? '');
}

describe('charts', () => {
  test.for(CHARTS)('$release renders with the chart of the reference ($there) from our values, and what it makes fits the schemas', { timeout: 60_000 }, ({ release, chart, there, shows }, context) => {
    need(context, 'helm', 'kubeconform');
    needReference(context);
    const folder = join(REFERENCE, 'charts', chart);
    expect(plain(load(readFileSync(join(folder, 'Chart.yaml'), 'utf8')))['version']).toBe(there);
    const of = (each: BuiltCluster): KubeObject | undefined => each.objects.find((object_) => object_.kind === 'HelmRelease' && object_.metadata.name === release);
    const cluster = clusters.toSorted((one) => (one.name === 'apps' ? -1 : 1)).find((each) => of(each) !== undefined);
    const object = cluster === undefined ? undefined : of(cluster);
    if (cluster === undefined || object === undefined) throw new Error(`no release ${release}`);
    const values = join(scratch, `${release}.yaml`);
    writeFileSync(values, dump(valuesOf(cluster, object), { noRefs: true }));
    const ran = spawnSync(realTool('helm') ?? '', ['template', release, folder, '--namespace', object.metadata.namespace ?? '', '--api-versions', 'monitoring.coreos.com/v1', '-f', values], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, env: { HOME: scratch } });
    expect(`${release}: ${ran.stderr}`).toBe(`${release}: `);
    // To an API server a field of null is one that is not there; charts of VictoriaMetrics write such lists.
    const objects = loadAll(ran.stdout).map((object): unknown => JSON.parse(JSON.stringify(object), (_, value: unknown) => value ?? undefined)).filter(isObject).filter(({ kind }) => kind !== 'CustomResourceDefinition');
    for (const text of shows) expect(ran.stdout).toMatch(text);
    expect(judged(objects)).toBe(allValid(objects.length));
  });
});
