import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { load } from 'js-yaml';
import { list, plain, strings, type Plain } from '../../lab/catalog/data.ts';
import { built, CLUSTERS, PROJECT, type BuiltCluster } from './tree.ts';

/** Images of the tree: pinned, of the registry that publishes them, and found by Renovate, which reads files and not what is built of them. */

const FILES = new Map(readdirSync(join(PROJECT, 'kubernetes'), { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile() && entry.name.endsWith('.yaml'))
  .map((entry) => [join(entry.parentPath, entry.name).slice(PROJECT.length + 1), readFileSync(join(entry.parentPath, entry.name), 'utf8')] as const));
const renovate = plain(JSON.parse(readFileSync(join(PROJECT, 'renovate.json'), 'utf8')));
const patternsOf = (manager: unknown): readonly RegExp[] => list(plain(manager)['managerFilePatterns']).map((pattern) => new RegExp(String(pattern).slice(1, -1)));
const commentManagers = list(renovate['customManagers']).map(plain);
const matcherOf = (manager: Plain): RegExp => new RegExp(String(list(manager['matchStrings'])[0]), 'g');
const filesOf = (manager: unknown): readonly string[] => [...FILES].filter(([path]) => patternsOf(manager).some((pattern) => pattern.test(path))).map(([, text]) => text);

/** Every image a built object names: as one word, or as repository and tag, in values too. */
function imagesIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.includes('\n') && /^\s*(?:repository|image):/m.test(value) ? imagesIn(load(value)) : [];
  if (Array.isArray(value)) return value.flatMap(imagesIn);
  if (typeof value !== 'object' || value === null) return [];
  const map = plain(value);
  const split = typeof map['repository'] === 'string' && typeof map['tag'] === 'string' ? [`${map['repository']}:${map['tag']}`] : [];
  return [...split, ...Object.entries(map).flatMap(([key, each]) => (typeof each === 'string' && (/^image(?:Name)?$/.test(key) || key === 'value' && /^[\w.-]+\.[a-z]+\/[\w./-]+:v?\d[\w.-]*$/.test(each)) ? [each] : imagesIn(each)))];
}
const images = (clusters: readonly BuiltCluster[]): readonly string[] => [...new Set(clusters.flatMap(({ objects }) => objects).filter(({ kind }) => kind !== 'CustomResourceDefinition').flatMap((object) => imagesIn(object.kind === 'ConfigMap' ? strings(object.data) : object.spec)))].toSorted();

/** Which of Renovate's managers finds an image, by the files as they are written. */
function foundBy(image: string, files: (manager: unknown) => readonly string[] = filesOf): readonly string[] {
  const [, repository = '', tag = ''] = /^(.+):([^:]+)$/.exec(image) ?? [];
  const quoted = (word: string): string => word.replaceAll(/[.+]/g, '\\$&');
  const block = new RegExp(`repository: ${quoted(repository)}\\n\\s+tag: "?${quoted(tag)}"?\\n`);
  const comments = commentManagers.flatMap((manager) => files(manager).flatMap((text) => [...text.matchAll(matcherOf(manager))].map(({ groups }) => groups ?? {})));
  // Parts of one release have one version; cluster builds carry it with an ending.
  const own = comments.some(({ depName = '', currentValue = '' }) => (repository === depName || dirname(repository) === dirname(depName)) && currentValue === tag.replace(/-cluster$/, ''));
  return [
    ...(files(renovate['kubernetes']).some((text) => new RegExp(`image: "?${quoted(image)}"?\\n`).test(text)) ? ['kubernetes'] : []),
    ...(files(renovate['flux']).some((text) => text.includes('kind: HelmRelease') && block.test(text)) ? ['flux'] : []),
    ...(files(renovate['helm-values']).some((text) => block.test(text)) ? ['helm-values'] : []),
    ...(own ? ['comment'] : []),
  ];
}

/** Where each publisher says its images are. */
const REGISTRIES: Readonly<Record<string, string>> = {
  'cr.fluentbit.io/fluent/fluent-bit': 'https://docs.fluentbit.io/manual/installation/downloads/docker',
  'docker.io/cloudflare/cloudflared': 'https://github.com/cloudflare/cloudflared',
  'docker.io/confluentinc/cp-schema-registry': 'https://docs.confluent.io/platform/7.8/installation/docker/image-reference.html',
  'docker.io/grafana/grafana': 'https://grafana.com/docs/grafana/latest/setup-grafana/installation/docker',
  'docker.io/library/busybox': 'https://github.com/docker-library/busybox',
  'docker.io/moby/buildkit': 'https://github.com/moby/buildkit',
  'ghcr.io/actions/actions-runner': 'https://github.com/actions/runner',
  'docker.io/minio/mc': 'https://github.com/minio/mc',
  'ghcr.io/cloudnative-pg/postgresql': 'https://github.com/cloudnative-pg/postgres-containers',
  'ghcr.io/dragonflydb/dragonfly': 'https://github.com/dragonflydb/dragonfly',
  'quay.io/ceph/ceph': 'https://docs.ceph.com/en/latest/install/containers',
  'quay.io/keycloak/keycloak': 'https://www.keycloak.org/server/containers',
  'quay.io/keycloak/keycloak-operator': 'https://www.keycloak.org/operator/installation',
  'quay.io/kiwigrid/k8s-sidecar': 'https://github.com/kiwigrid/k8s-sidecar',
  'quay.io/prometheus/alertmanager': 'https://github.com/prometheus/alertmanager',
  'quay.io/prometheus/node-exporter': 'https://github.com/prometheus/node_exporter',
  'registry.k8s.io/external-dns/external-dns': 'https://github.com/kubernetes-sigs/external-dns',
  'registry.k8s.io/kube-state-metrics/kube-state-metrics': 'https://github.com/kubernetes/kube-state-metrics',
  'victoriametrics/victoria-logs': 'https://docs.victoriametrics.com/victorialogs/quickstart',
  ...Object.fromEntries(['vmagent', 'vmalert', 'vmauth', 'vminsert', 'vmselect', 'vmstorage'].map((part) => [`quay.io/victoriametrics/${part}`, 'https://docs.victoriametrics.com/victoriametrics/quick-start'])),
};

describe('images', () => {
  const all = images(CLUSTERS.map(built));
  test('all of them are found', () => {
    expect(all.length).toBeGreaterThanOrEqual(20);
    for (const image of ['docker.io/grafana/grafana:', 'quay.io/kiwigrid/k8s-sidecar:', 'quay.io/keycloak/keycloak:', 'ghcr.io/cloudnative-pg/postgresql:16.8', 'cr.fluentbit.io/fluent/fluent-bit:']) expect(all.some((each) => each.startsWith(image)), image).toBe(true);
  });
  test('each names one version, exactly', () => { expect(all.filter((image) => !/:(v?\d+(\.\d+)+[\w.-]*|RELEASE\.\d{4}-\d\d-\d\dT[\d-]+Z)(@sha256:[0-9a-f]{64})?$/.test(image))).toEqual([]); });
  test('each comes from where its publisher puts it', () => {
    const repositories = [...new Set(all.map((image) => image.replace(/:[^:/]+(@.*)?$/, '')))];
    expect(repositories.filter((repository) => REGISTRIES[repository] === undefined)).toEqual([]);
    expect(Object.keys(REGISTRIES).filter((repository) => !repositories.includes(repository))).toEqual([]);
  });
  test('Renovate finds each of them', () => { expect(all.filter((image) => foundBy(image).length === 0)).toEqual([]); });
  test('an image nobody would raise is noticed', () => {
    expect(foundBy('docker.io/grafana/grafana:12.2.0')).toEqual([]);
    expect(foundBy('quay.io/prometheus/alertmanager:v0.28.1', (manager) => filesOf(manager).map((text) => text.replaceAll('# renovate:', '#')))).toEqual([]);
    expect(foundBy('docker.io/grafana/grafana:12.2.1', () => [])).toEqual([]);
  });
  test('a comment names a source Renovate knows, and the line below it has a version', () => {
    const found = commentManagers.flatMap((manager) => filesOf(manager).flatMap((text) => [...text.matchAll(matcherOf(manager))].map(({ groups }) => groups ?? {})));
    expect(found).toHaveLength([...FILES.values()].join('\n').split('# renovate:').length - 1);
    expect(found.filter(({ datasource = '' }) => !['docker', 'github-releases', 'github-tags'].includes(datasource))).toEqual([]);
  });
});
