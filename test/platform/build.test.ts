import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { dump, load, loadAll } from 'js-yaml';
import { afterAll, describe, expect, test, type TestContext } from 'vitest';
import { at, list, plain, strings, text, type Plain } from '../../lab/catalog/data.ts';
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
  { release: 'coredns', chart: 'coredns', there: '1.46.2', shows: [/clusterIP: 10\.247\.0\.10/, /kind: ServiceMonitor/] },
  { release: 'spegel', chart: 'spegel', there: '0.0.1', shows: [/kind: DaemonSet/, /kind: ServiceMonitor/] },
  { release: 'cloudnative-pg', chart: 'cloudnative-pg', there: '0.29.0', shows: [/replicas: 2/, /--max-concurrent-reconciles=10/, /failurePolicy: Fail/, /runAsUser: 10001/] },
  { release: 'plugin-barman-cloud', chart: 'plugin-barman-cloud', there: '0.7.0', shows: [/kind: Deployment/, /cnpg\.io\/pluginName: barman-cloud\.cloudnative-pg\.io/] },
  { release: 'actions-runner-controller', chart: 'gha-runner-scale-set-controller', there: '0.14.2', shows: [/--listener-metrics-addr=:8080/, /--watch-single-namespace=actions-runner-system/, /name: actions-runner-controller$/m, /runAsUser: 65532/] },
  { release: 'pilar-runner', chart: 'gha-runner-scale-set', there: '0.14.2', shows: [/kind: AutoscalingRunnerSet/, /maxRunners: 6/, /serviceAccountName: pilar-runner/, /localhostProfile: profiles\/rootless-build.json/, /storageClassName: openebs-local-nvme/] },
  { release: 'fluent-bit', chart: 'fluent-bit', there: '0.58.1', shows: [/operator: Exists/, /type: DirectoryOrCreate/, /Header AccountID 2/, /Format json_lines/] },
];

/** Every release at the very version the tree pins, where the folder that CHARTS names has that chart, as for manifests:validate; and what must be in it. */
const PINNED: readonly { readonly release: string; readonly shows: readonly RegExp[]; readonly hides?: RegExp }[] = [
  { release: 'cilium', shows: [/kind: DaemonSet/, /k8sServiceHost|KUBERNETES_SERVICE_HOST/] },
  { release: 'coredns', shows: [/clusterIP: 10\.247\.0\.10/] },
  { release: 'spegel', shows: [/kind: DaemonSet/] },
  { release: 'reloader', shows: [/replicas: 2/, /readOnlyRootFilesystem: true/] },
  { release: 'external-secrets', shows: [/topologySpreadConstraints:/] },
  { release: 'cert-manager', shows: [/--dns01-recursive-nameservers-only/] },
  { release: 'openebs', shows: [] },
  { release: 'rook-ceph-operator', shows: [/ROOK_ENABLE_DISCOVERY_DAEMON: "true"/] },
  { release: 'flux-operator', shows: [/kind: ServiceMonitor/] },
  { release: 'flux-instance', shows: [/--concurrent=20/] },
  { release: 'external-dns-cloudflare', shows: [/kind: Deployment/] },
  { release: 'external-dns-rfc2136', shows: [/kind: Deployment/] },
  { release: 'cloudflared', shows: [/kind: Deployment/] },
  { release: 'victoria-metrics-operator', shows: [/replicas: 2/, /name: VM_ENABLESTRICTSECURITY/] },
  { release: 'victoria-logs', shows: [/kind: StatefulSet/, /storage: 100Gi/] },
  { release: 'fluent-bit', shows: [/Header AccountID 2/] },
  { release: 'cloudnative-pg', shows: [/replicas: 2/, /--max-concurrent-reconciles=10/, /failurePolicy: Fail/] },
  { release: 'plugin-barman-cloud', shows: [/kind: Deployment/] },
  { release: 'dragonfly-operator', shows: [/replicas: 2/] },
  { release: 'strimzi-operator', shows: [/replicas: 2/, /value: "messaging,strimzi-operator-system"/, /serviceAccountName: strimzi-cluster-operator/, /STRIMZI_POD_SECURITY_PROVIDER_CLASS/, /kind: PodDisruptionBudget/, /strimzi\.io\/kind: cluster-operator/] },
  { release: 'volsync', shows: [/replicas: 2/, /--restic-container-image=quay\.io\/backube\/volsync:0\.12\.0/, /--ignore-paths=\/metrics/, /control-plane: volsync-controller/, /runAsUser: 65534/] },
  { release: 'snapshot-controller', shows: [/replicas: 2/, /minAvailable: 1/, /kind: ServiceMonitor/, /allowPrivilegeEscalation: false/], hides: /snapshot-validation-webhook/ },
  { release: 'harbor', shows: [/harbor-pooler\.cnpg-system\.svc\.cluster\.local/, /regionendpoint: http:\/\/10\.25\.11\.3:9000/, /disable: true/, /relativeurls: true/, /name: harbor-admin-credentials/, /name: harbor-s3-credentials/, /name: harbor-db-credentials/, /type: Recreate/], hides: /Harbor12345|not-a-secure-key|cloudfront/i },
  { release: 'actions-runner-controller', shows: [/--listener-metrics-addr=:8080/, /--watch-single-namespace=actions-runner-system/, /--update-strategy=eventual/], hides: /kind: ClusterRole\b/ },
  { release: 'pilar-runner', shows: [/minRunners: 1/, /maxRunners: 6/, /serviceAccountName: pilar-runner/, /localhostProfile: profiles\/rootless-build\.json/, /cp -R --preserve=mode,links/], hides: /privileged: true|docker:dind/ },
  { release: 'gitlab', shows: [/host: "gitlab-pooler\.cnpg-system\.svc\.cluster\.local"/, /host: "shared-postgres-direct\.cnpg-system\.svc\.cluster\.local"/, /dragonfly\.dragonfly-system\.svc\.cluster\.local:6379\/6/, /gitlab-webservice-ce:v18\.5\.1/, /name: "gitlab-rails-secrets"/, /name: http-metrics-wh/, /name: gitlab-sidekiq-all-in-1-v2/, /omniauth\/gitlab-oidc-credentials\/provider/, /storageClassName: "rook-ceph-block"/], hides: /privileged: true|kind: Ingress\b|image: [^\n]*(?:postgresql|redis|minio)[^\n]*:/ },
  { release: 'gitlab-runner', shows: [/gitlab-runner:alpine-v18\.5\.0/, /concurrent = 10/, /name: "gitlab-runner-registration"/, /name: "gitlab-runner-cache"/, /privileged = false/, /BucketName = "gitlab-cache"/], hides: /privileged: true|kind: ClusterRole\b|resources: \["\*"\]/ },
];

/** What comes out of a Secret is not known here, and stands for itself. */
function valuesOf(cluster: BuiltCluster, release: KubeObject): Plain {
  const values = list(at(release.spec, 'valuesFrom')).map(plain).filter((from) => from['kind'] === 'ConfigMap').map((from) => {
    const map = cluster.objects.find((object) => object.kind === 'ConfigMap' && object.metadata.name === from['name'] && object.metadata.namespace === release.metadata.namespace);
    return plain(load(strings(map?.data)[text(from['valuesKey']) ?? 'values.yaml'] ?? ''));
  });
  return [...values, plain(at(release.spec, 'values'))].reduce(merged, {});
}
/** As helm-controller merges values: mappings into each other, everything else by the later one. */
function merged(one: Plain, other: Plain): Plain {
  const isMap = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
  return { ...one, ...Object.fromEntries(Object.entries(other).map(([key, value]) => [key, isMap(value) && isMap(one[key]) ? merged(plain(one[key]), plain(value)) : value])) };
}
function secretsOf(release: KubeObject): readonly string[] {
  return list(at(release.spec, 'valuesFrom')).map(plain).filter((from) => from['kind'] === 'Secret').flatMap((from) => ['--set-string', `${String(from['targetPath'])}=from-${String(from['name'])}`]);
}
const releaseOf = (cluster: BuiltCluster, release: string): KubeObject | undefined => cluster.objects.find((object_) => object_.kind === 'HelmRelease' && object_.metadata.name === release);
/** Its chart and the version of it, as Flux looks for them. */
function sourceOf(cluster: BuiltCluster, release: KubeObject): { readonly chart: string; readonly version: string } {
  const source = cluster.objects.find((each) => each.kind === 'OCIRepository' && each.metadata.name === at(release.spec, 'chartRef.name') && each.metadata.namespace === release.metadata.namespace);
  return source === undefined ? { chart: String(at(release.spec, 'chart.spec.chart')), version: String(at(release.spec, 'chart.spec.version')) } : { chart: basename(String(at(source.spec, 'url'))), version: String(at(source.spec, 'ref.tag')) };
}
/** The cluster that has a release; apps, where both have it. */
function withRelease(release: string): { readonly cluster: BuiltCluster; readonly object: KubeObject } {
  for (const cluster of clusters.toSorted((one) => (one.name === 'apps' ? -1 : 1))) { const object = releaseOf(cluster, release); if (object !== undefined) return { cluster, object }; }
  throw new Error(`no release ${release}`);
}
function rendered(release: string, folder: string): string {
  const { cluster, object } = withRelease(release);
  const values = join(scratch, `${release}.yaml`);
  writeFileSync(values, dump(valuesOf(cluster, object), { noRefs: true }));
  const ran = spawnSync(realTool('helm') ?? '', ['template', release, folder, '--namespace', object.metadata.namespace ?? '', '--api-versions', 'monitoring.coreos.com/v1', '-f', values, ...secretsOf(object)], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, env: { HOME: scratch } });
  expect(`${release}: ${ran.stderr}`).toBe(`${release}: `);
  return ran.stdout;
}
/** To an API server a field of null is one that is not there; charts of VictoriaMetrics write such lists. */
function objectsIn(written: string): readonly KubeObject[] {
  return loadAll(written).map((object): unknown => JSON.parse(JSON.stringify(object), (_, value: unknown) => value ?? undefined)).filter(isObject).filter(({ kind }) => kind !== 'CustomResourceDefinition');
}

describe('charts', () => {
  test.for(CHARTS)('$release renders with the chart of the reference ($there) from our values, and what it makes fits the schemas', { timeout: 60_000 }, ({ release, chart, there, shows }, context) => {
    need(context, 'helm', 'kubeconform');
    needReference(context);
    const folder = join(REFERENCE, 'charts', chart);
    expect(plain(load(readFileSync(join(folder, 'Chart.yaml'), 'utf8')))['version']).toBe(there);
    const made = rendered(release, folder);
    for (const shown of shows) expect(made).toMatch(shown);
    const objects = objectsIn(made);
    expect(judged(objects)).toBe(allValid(objects.length));
  });

  test('the audit log is part of the pipeline when it is switched on, and only then', (context) => {
    need(context, 'helm');
    needReference(context);
    const folder = join(REFERENCE, 'charts', 'fluent-bit');
    const { object } = withRelease('fluent-bit');
    expect(rendered('fluent-bit', folder)).not.toContain('/var/log/audit');
    const from = plain(list(at(object.spec, 'valuesFrom'))[0]);
    from['valuesKey'] = 'audit-on.yaml';
    try {
      const on = rendered('fluent-bit', folder);
      for (const piece of ['@INCLUDE audit.conf', 'Path /var/log/audit/kube/*.log', 'Name kube_audit', 'Header AccountID 2']) expect(on).toContain(piece);
    } finally { from['valuesKey'] = 'audit-off.yaml'; }
  }, 60_000);

  test.for(PINNED)('$release renders with its own chart, and what it makes fits the schemas', { timeout: 60_000 }, ({ release, shows, hides }, context) => {
    need(context, 'helm', 'kubeconform');
    needReference(context);
    const { cluster, object } = withRelease(release);
    const { chart, version } = sourceOf(cluster, object);
    const folder = join(process.env['CHARTS'] ?? scratch, chart);
    if (!existsSync(folder)) context.skip(`skipped: ${chart} ${version} is in no folder CHARTS names`);
    expect(String(plain(load(readFileSync(join(folder, 'Chart.yaml'), 'utf8')))['version'])).toBe(version);
    const made = rendered(release, folder);
    for (const shown of shows) expect(made).toMatch(shown);
    if (hides !== undefined) expect(made).not.toMatch(hides);
    const objects = objectsIn(made);
    expect(judged(objects)).toBe(allValid(objects.length));
  });

  test('no release of the tree is left out', () => {
    const named = new Set(PINNED.map(({ release }) => release));
    expect(clusters.flatMap(({ objects }) => objects).filter(({ kind, metadata }) => kind === 'HelmRelease' && !named.has(metadata.name)).map(({ metadata }) => metadata.name)).toEqual([]);
    const charts = existsSync(REFERENCE) ? readdirSync(join(REFERENCE, 'charts')) : [];
    const tried = new Set(CHARTS.map(({ chart }) => chart));
    expect(PINNED.map(({ release }) => withRelease(release)).map(({ cluster, object }) => sourceOf(cluster, object).chart).filter((chart) => charts.includes(chart) && !tried.has(chart))).toEqual([]);
  });
});
