import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, type TestContext } from 'vitest';
import { readReleases } from '../../../scripts/manifests/charts/index.ts';
import { forgetRenderings } from '../../../scripts/manifests/charts/render.ts';
import type { Release, Tree } from '../../../scripts/manifests/model.types.ts';
import { realTool } from '../../real-tool.ts';
import { around, ask, CHARTS, kustomization, pack, release, scratch, told, treeOf, treeWith } from './rig.ts';

function need(context: TestContext): void {
  if (realTool('helm') === undefined) context.skip('skipped: no helm here');
}
const objects = ({ rendered = [] }: Release): readonly string[] => rendered.map(({ object, origin }) => `${origin.template ?? ''} ${object.kind} ${object.metadata.name}`);
const one = async (tree: Tree, options: Parameters<typeof around>[0] = {}, cache?: string): Promise<Release> => {
  const [first] = (await ask(tree, around(options), cache)).releases;
  if (first === undefined) throw new Error('no release');
  return first;
};

describe('what a chart makes', () => {
  test('objects with their template, their release, and the labels Flux puts on them', async (context) => {
    need(context);
    const made = await one(await treeWith(release('web', '1.2.3', 'targetNamespace: front\nvalues:\n  replicaCount: 3\n  podLabels: {tier: "{{ .Release.Namespace }}"}')));
    expect(made).toMatchObject({ name: 'front-web', namespace: 'front', chart: { name: 'web', version: '1.2.3', url: 'oci://registry.example.com/charts/web' }, unknown: undefined });
    expect(objects(made).toSorted()).toEqual(['web/templates/config.yaml ConfigMap web', 'web/templates/deployment.yaml Deployment web', 'web/templates/service.yaml Service web']);
    const deployment = made.rendered?.find(({ object }) => object.kind === 'Deployment');
    expect(deployment?.object).toMatchObject({ metadata: { labels: { 'helm.toolkit.fluxcd.io/name': 'web', 'helm.toolkit.fluxcd.io/namespace': 'shop' } }, spec: { replicas: 3, template: { metadata: { labels: { tier: 'front' } } } } });
    expect(deployment?.release).toBe(made.declared);
    expect(deployment?.origin.source).toEqual(made.declared.origin.source);
    expect(deployment?.unit.name).toBe('apps');
  });

  test('knows what APIs the tree has, by its definitions and by what it uses', async (context) => {
    need(context);
    const monitor = 'apiVersion: monitoring.coreos.com/v1\nkind: PodMonitor\nmetadata: {name: x, namespace: shop}\nspec: {}\n';
    const tree = await treeOf({ 'apps/kustomization.yaml': kustomization('release.yaml', 'monitor.yaml'), 'apps/release.yaml': release('web', '1.2.3'), 'apps/monitor.yaml': monitor });
    expect(objects(await one(tree))).toContain('web/templates/service.yaml ServiceMonitor web');
  });

  test('charts in a chart and its definitions apart', async (context) => {
    need(context);
    const made = await one(await treeWith(release('parent', '3.0.0', 'values: {tags: {more: true}}')));
    expect(objects(made).toSorted()).toEqual(['parent/charts/child/templates/config.yaml ConfigMap parent-child', 'parent/charts/second/templates/config.yaml ConfigMap parent-second', 'parent/templates/config.yaml ConfigMap parent-parent']);
    expect(made.crds.map(({ metadata }) => metadata.name)).toEqual(['things.example.com']);
  });

  test('nothing in this cluster when it goes to another, though its values are looked at', async (context) => {
    need(context);
    const tree = await treeWith(release('web', '1.2.3', 'kubeConfig: {secretRef: {name: far}}\nvalues: {typo: 1}'));
    const { releases, findings } = await ask(tree);
    expect(releases[0]).toMatchObject({ rendered: [], unknown: undefined });
    expect(findings.map(({ rule }) => rule)).toEqual(['value-not-read']);
  });

  test('postRenderers and commonMetadata are applied', async (context) => {
    need(context);
    const made = await one(await treeWith(release('web', '1.2.3', `commonMetadata: {labels: {team: a}, annotations: {note: b}}
postRenderers:
  - kustomize:
      patches:
        - target: {kind: Deployment}
          patch: |
            - {op: replace, path: /spec/replicas, value: 7}
      images:
        - {name: registry.example.com/web, newTag: "9.9"}`)));
    const deployment = made.rendered?.find(({ object }) => object.kind === 'Deployment');
    expect(deployment?.object).toMatchObject({ metadata: { labels: { team: 'a' }, annotations: { note: 'b' } }, spec: { replicas: 7, template: { spec: { containers: [{ image: 'registry.example.com/web:9.9' }] } } } });
    expect(deployment?.origin.template).toBe('web/templates/deployment.yaml');
  });
});

describe('where a chart is', () => {
  const inTree = (path: string, valuesFiles = ''): string => `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: shop}
spec:
  interval: 1h
  chart:
    spec:
      chart: ${path}
      sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}
${valuesFiles}`;
  const webFiles = (folder: string): Record<string, string> => Object.fromEntries(['Chart.yaml', 'values.yaml', 'templates/_helpers.tpl', 'templates/service.yaml', 'templates/deployment.yaml'].map((file) => [`${folder}/${file}`, readFileSync(join(CHARTS, 'web', file), 'utf8')]));

  test('in the tree, as the files would be', async (context) => {
    need(context);
    const files = webFiles('charts/web');
    const made = await one(await treeWith(inTree('./charts/web'), { ...files, 'charts/web/templates/service.yaml': (files['charts/web/templates/service.yaml'] ?? '').replace('name: http', 'name: laid-over') }, { charts: [] }));
    expect(made.rendered?.find(({ object }) => object.kind === 'Service')?.object['spec']).toMatchObject({ ports: [{ name: 'laid-over' }] });
  });
  test('in the tree with values files of the repository instead of its own', async (context) => {
    need(context);
    const made = await one(await treeWith(inTree('charts/web', '      valuesFiles: [charts/web/values.yaml, production.yaml]\n'), { ...webFiles('charts/web'), 'production.yaml': 'replicaCount: 5\n' }, { charts: [] }));
    expect(made.rendered?.find(({ object }) => object.kind === 'Deployment')?.object['spec']).toMatchObject({ replicas: 5 });
  });
  test('in the tree with another one it depends on beside it', async (context) => {
    need(context);
    const library = { 'charts/lib/Chart.yaml': 'apiVersion: v2\nname: lib\ntype: library\nversion: 1.0.0\n', 'charts/lib/templates/_x.tpl': '{{ define "lib.map" }}\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\n{{ end }}' };
    const made = await one(await treeWith(inTree('charts/mine'), { ...library, 'charts/mine/Chart.yaml': 'apiVersion: v2\nname: mine\nversion: 1.0.0\ndependencies: [{name: lib, version: 1.0.0, repository: "file://../lib"}]\n', 'charts/mine/templates/x.yaml': '{{ include "lib.map" . }}' }, { charts: [] }));
    expect(objects(made)).toEqual(['mine/templates/x.yaml ConfigMap web']);
  });

  test('a HelmRepository, and a HelmChart by reference', async (context) => {
    need(context);
    const repository = 'apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\nmetadata: {name: repo, namespace: shop}\nspec: {interval: 1h, url: "https://charts.example.com/"}\n';
    const chart = 'apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmChart\nmetadata: {name: web, namespace: shop}\nspec: {chart: web, version: 1.2.3, sourceRef: {kind: HelmRepository, name: repo}}\n';
    const by = (spec: string): string => `apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web, namespace: shop}\nspec:\n  interval: 1h\n  ${spec}\n`;
    for (const spec of ['chart: {spec: {chart: web, version: v1.2.3, sourceRef: {kind: HelmRepository, name: repo}}}', 'chartRef: {kind: HelmChart, name: web}']) {
      const made = await one(await treeWith(`${repository}---\n${chart}---\n${by(spec)}`));
      expect(made.unknown).toBeUndefined();
      expect(made.chart.url).toBe('https://charts.example.com');
    }
  });

  test('an archive in a mirror; a version that is not there is said', async (context) => {
    need(context);
    const mirror = scratch();
    pack(join(CHARTS, 'web'), join(mirror, 'web-1.2.3.tgz'));
    expect((await one(await treeWith(release('web', '1.2.3'), {}, { charts: [mirror] }))).rendered).toHaveLength(3);
    const tree = await treeWith(release('web', '1.2.4'), {}, { charts: ['none', mirror] });
    expect(told((await ask(tree)).findings, tree)).toEqual(['release-not-rendered unknown apps/release.yaml:chartRef: | what this release makes is not known: chart not at the pin (there: 1.2.3, pinned: 1.2.4)']);
  });

  test('without helm nothing is rendered, and the way to it is told', async () => {
    const tree = await treeWith(release('web', '1.2.3'));
    const { findings } = await ask(tree, around({ helm: false }));
    expect(findings).toMatchObject([{ rule: 'release-not-rendered', severity: 'unknown', hint: expect.stringContaining('task tools:install TOOL=helm') as string }]);
  });

  test('where nothing may be used, nothing is said of charts', async () => {
    const tree = await treeWith(release('web', '1.2.3', 'values: {a: 1}'));
    const [read] = (await readReleases([tree], { around: undefined })).get(tree) ?? [];
    expect(read).toMatchObject({ values: { a: 1 }, rendered: undefined, unknown: 'charts were not asked for', found: [] });
  });
});

describe('a repository that may be asked', () => {
  async function serve(folder: string): Promise<{ readonly url: string; readonly asked: string[] }> {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      const file = join(folder, request.url ?? '');
      if (!existsSync(file) || !statSync(file).isFile()) { response.statusCode = 404; response.end(); return; }
      response.end(readFileSync(file));
    });
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    onTestFinished(() => { server.close(); });
    const address = server.address();
    return { url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`, asked };
  }
  const by = (url: string, version: string): string => `apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: repo, namespace: shop}
spec: {interval: 1h, url: "${url}"}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: shop}
spec:
  interval: 1h
  chart: {spec: {chart: web, version: "${version}", sourceRef: {kind: HelmRepository, name: repo}}}
`;

  test('is asked once; from then on the chart is here, without a network as well, until it is damaged', async (context) => {
    need(context);
    const folder = scratch();
    const { url, asked } = await serve(folder);
    pack(join(CHARTS, 'web'), join(folder, 'web-1.2.3.tgz'));
    writeFileSync(join(folder, 'index.yaml'), `apiVersion: v1\nentries:\n  web:\n    - {name: web, version: 1.2.3, apiVersion: v2, urls: [web-1.2.3.tgz]}\n`);
    const cache = scratch();
    const tree = await treeWith(by(url, '1.2.3'), {}, { charts: [] });
    expect((await one(tree, { offline: true }, cache)).unknown).toBe('its chart web 1.2.3 is not here');
    expect((await one(tree, { offline: false }, cache)).rendered).toHaveLength(3);
    expect(asked).toEqual(['/index.yaml', '/web-1.2.3.tgz']);
    expect((await one(tree, { offline: true }, cache)).rendered).toHaveLength(3);
    expect((await one(tree, { offline: false }, cache)).rendered).toHaveLength(3);
    expect(asked).toHaveLength(2);
    const archives = join(cache, 'archives');
    const [archive] = readdirSync(archives, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tgz'));
    expect(statSync(join(archives, archive ?? '')).mode & 0o777).toBe(0o600);
    writeFileSync(join(archives, archive ?? ''), 'damaged');
    expect((await one(tree, { offline: true }, cache)).unknown).toBe('its chart web 1.2.3 is not here');
    expect((await one(tree, { offline: false }, cache)).rendered).toHaveLength(3);
    expect(asked).toHaveLength(4);
  });

  test('a range leads to a version, and the answer hangs on it', async (context) => {
    need(context);
    const folder = scratch();
    const { url } = await serve(folder);
    pack(join(CHARTS, 'web'), join(folder, 'web-1.2.3.tgz'));
    writeFileSync(join(folder, 'index.yaml'), `apiVersion: v1\nentries:\n  web:\n    - {name: web, version: 1.2.3, apiVersion: v2, urls: [web-1.2.3.tgz]}\n`);
    const tree = await treeWith(by(url, '>=1.0.0 <2.0.0'), {}, { charts: [CHARTS] });
    const here = around({ offline: false });
    expect((await ask(tree, here)).releases[0]?.rendered).toHaveLength(3);
    expect(here.volatiles).toHaveLength(1);
    expect((await one(tree, { offline: true })).unknown).toBe('chart not at the pin (there: 1.2.3, pinned: >=1.0.0 <2.0.0)');
  });

  test('that does not answer is said with helm\'s own words, and not remembered', async (context) => {
    need(context);
    const { url } = await serve(scratch());
    const here = around({ offline: false });
    const [read] = (await ask(await treeWith(by(url, '1.2.3'), {}, { charts: [] }), here)).releases;
    expect(read?.unknown).toMatch(/cannot be fetched from http:\/\/127\.0\.0\.1:\d+: .*404/);
    expect(here.volatiles).toHaveLength(1);
  });
});

describe('nothing unchanged is rendered again', () => {
  const tree = async (spec = 'values: {replicaCount: 2, typo: 1}'): Promise<Tree> => treeWith(release('web', '1.2.3', spec));
  const renderings = ({ ran }: ReturnType<typeof around>): number => ran.filter(({ argv }) => argv[0] === 'template').length;

  test('the second run asks helm nothing at all, and says the same', async (context) => {
    need(context);
    const cache = scratch();
    const [first, second] = [around(), around()];
    const before = await ask(await tree(), first, cache);
    expect(renderings(first)).toBeGreaterThan(0);
    const after = await ask(await tree(), second, cache);
    expect(second.ran).toEqual([]);
    expect(after.findings).toEqual(before.findings);
    expect(JSON.stringify(after.releases.map(({ rendered, crds }) => [rendered?.map(({ object, origin }) => [object, origin]), crds]))).toBe(JSON.stringify(before.releases.map(({ rendered, crds }) => [rendered?.map(({ object, origin }) => [object, origin]), crds])));
  });

  test('another value, another namespace, another chart are rendered', async (context) => {
    need(context);
    const cache = scratch();
    await ask(await tree('values: {}'), around(), cache);
    for (const spec of ['values: {replicaCount: 2}', 'targetNamespace: other', 'releaseName: other']) {
      const by = around();
      await ask(await tree(spec), by, cache);
      expect(renderings(by)).toBe(1);
    }
    const mirror = scratch();
    cpSync(join(CHARTS, 'web'), join(mirror, 'web'), { recursive: true });
    const copied = await treeWith(release('web', '1.2.3', 'values: {}'), {}, { charts: [mirror] });
    const same = around();
    await ask(copied, same, cache);
    expect(same.ran).toEqual([]);
    writeFileSync(join(mirror, 'web/templates/more.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n');
    const changed = around();
    expect((await ask(copied, changed, cache)).releases[0]?.rendered).toHaveLength(4);
    expect(renderings(changed)).toBe(1);
  });

  test('entries are for their owner alone; a damaged one is made again', async (context) => {
    need(context);
    const cache = scratch();
    const before = await ask(await tree(), around(), cache);
    const files = readdirSync(cache, { recursive: true, encoding: 'utf8' }).map((name) => join(cache, name));
    for (const file of files) expect(statSync(file).mode & 0o777).toBe(statSync(file).isDirectory() ? 0o700 : 0o600);
    for (const file of files.filter((each) => statSync(each).isFile())) {
      const bytes = readFileSync(file);
      bytes[bytes.length - 2] = (bytes[bytes.length - 2] ?? 0) ^ 1;
      writeFileSync(file, bytes);
    }
    const by = around();
    expect((await ask(await tree(), by, cache)).findings).toEqual(before.findings);
    expect(renderings(by)).toBeGreaterThan(0);
  });

  test('a cache that takes nothing costs time and nothing else', async (context) => {
    need(context);
    const file = join(scratch(), 'file');
    writeFileSync(file, '');
    expect((await ask(await tree(), around(), join(file, 'below'))).releases[0]?.rendered).toHaveLength(3);
  });

  test('secrets are on no command line and in no file of the rendering', async (context) => {
    need(context);
    const by = around();
    await ask(await tree('values: {settings: {token: {value: s3cret-value}}}'), by);
    expect(JSON.stringify(by.ran.map(({ argv, env }) => [argv, env]))).not.toContain('s3cret-value');
    expect(by.ran.some(({ stdin }) => stdin?.includes('s3cret-value') === true)).toBe(true);
  });

  test('two clusters with the same release render it once', async (context) => {
    need(context);
    const [a, b] = [await tree('values: {}'), await tree('values: {}')];
    const by = around();
    forgetRenderings();
    const read = await readReleases([a, b], { around: by, cache: scratch() });
    expect([...read.values()].map(([each]) => each?.rendered?.length)).toEqual([3, 3]);
    expect(renderings(by)).toBe(1);
  });
});

test('helm has no home, no logins and no cluster of anybody', async (context) => {
  need(context);
  const by = around();
  await ask(await treeWith(release('web', '1.2.3')), by);
  for (const { env } of by.ran) for (const name of ['HOME', 'HELM_CACHE_HOME', 'HELM_CONFIG_HOME', 'HELM_REGISTRY_CONFIG', 'HELM_REPOSITORY_CONFIG', 'DOCKER_CONFIG']) expect(env?.[name]).toMatch(/\/charts-[^/]+\/helm/);
});
