import { describe, expect, test } from 'vitest';
import { askExplain } from '../../../scripts/manifests/explain/ask.ts';
import { fieldPath, spoken } from '../../../scripts/manifests/explain/field.ts';
import type { Explanation } from '../../../scripts/manifests/explain/model.ts';
import { explainLines } from '../../../scripts/manifests/explain/render.ts';
import { placeOf } from '../../../scripts/manifests/findings/text.ts';
import { createStyle } from '../../../scripts/terminal/style.ts';
import { docs, EMPTY, ks, thing, type Files } from '../stable/rig.ts';

const TREE: Files = {
  'clusters/one/vars.yaml': docs(thing('ConfigMap', 'vars', 'data:\n  HOST: a.example\n', 'v1', 'flux-system'), thing('Secret', 'keys', 'stringData:\n  TOKEN: hunter2hunter2\n', 'v1', 'flux-system')),
  'clusters/one/web.yaml': ks('web', 'apps/web/overlay', 'commonMetadata:\n  labels:\n    team: red\npostBuild:\n  substitute:\n    SIZE: "3"\n  substituteFrom:\n    - kind: ConfigMap\n      name: vars\n    - kind: Secret\n      name: keys'),
  'apps/web/overlay/kustomization.yaml': 'namespace: web\nresources:\n  - ../base\ncomponents:\n  - ../../../components/safe\nimages:\n  - name: app\n    newTag: "2"\nconfigMapGenerator:\n  - name: values\n    files: [values.yaml]\n    options: {disableNameSuffixHash: true}\n',
  'apps/web/overlay/values.yaml': '# Values.\nreplicas: ${SIZE}\nhost: x\nother: 1\n',
  'apps/web/base/kustomization.yaml': 'resources: [d.yaml, hr.yaml]\npatches:\n  - path: patch.yaml\n',
  'apps/web/base/patch.yaml': thing('Deployment', 'd', 'spec:\n  template:\n    spec:\n      hostname: patched\n', 'apps/v1', ''),
  'apps/web/base/d.yaml': docs(thing('Service', 's', '', 'v1', ''), thing('Deployment', 'd', 'spec:\n  replicas: ${SIZE}\n  template:\n    spec:\n      containers:\n        - name: app\n          image: app:1\n          env:\n            - {name: HOST, value: "https://${HOST}/${PATH:=none}"}\n            - {name: TOKEN, value: "t-${TOKEN}"}\n', 'apps/v1', '')),
  'apps/web/base/hr.yaml': thing('HelmRelease', 'rel', 'spec:\n  interval: 1h\n  chart:\n    spec:\n      chart: c\n      version: 1.0.0\n      sourceRef: {kind: HelmRepository, name: r}\n  valuesFrom:\n    - kind: ConfigMap\n      name: values\n  values:\n    other: 2\n', 'helm.toolkit.fluxcd.io/v2', ''),
  'components/safe/kustomization.yaml': 'kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\npatches:\n  - target: {kind: Deployment}\n    patch: |\n      - op: add\n        path: /spec/template/spec/automountServiceAccountToken\n        value: false\n',
};
const ask = async (object: string, more: { readonly field?: string; readonly all?: boolean; readonly files?: Files } = {}): Promise<readonly Explanation[]> => {
  const found = await askExplain({ root: EMPTY, overlay: new Map(Object.entries(more.files ?? TREE)), object, all: more.all ?? false, ...(more.field === undefined ? {} : { field: more.field }) });
  if ('broken' in found) throw new Error('settings');
  return found;
};
const one = async (...args: Parameters<typeof ask>): Promise<Explanation> => {
  const [found, ...others] = await ask(...args);
  if (found === undefined || others.length > 0) throw new Error(`${others.length + 1} objects`);
  return found;
};
const origins = (of: Explanation): readonly string[] => of.fields.map(({ field, value, at, by, component, variables }) => [
  `${field} = ${value} ${placeOf(at)}${by === '' ? '' : ` ${by}`}${component ? ' (component)' : ''}`, ...variables.map((each) => `${each.name} = ${String(each.value)} ${each.how}${each.from === null ? '' : ` ${placeOf(each.from)}`}`),
].join(', '));

describe('what made an object what it is', () => {
  test('each field that is not simply written in its own file, with who wrote it', async () => {
    expect(origins(await one('Deployment/web/d'))).toEqual([
      '.metadata.namespace = web apps/web/overlay/kustomization.yaml:1:12 namespace',
      '.metadata.labels.team = red clusters/one/web.yaml:15:13 commonMetadata',
      '.spec.replicas = 3 apps/web/base/d.yaml:11:13, SIZE = 3 value clusters/one/web.yaml:18:13',
      expect.stringMatching(/^\.spec\.template\.spec\.containers\[app\]\.image = app:2 apps\/web\/overlay\/kustomization\.yaml:[78]:\d+ images$/),
      '.spec.template.spec.containers[app].env[HOST].value = https://a.example/none apps/web/base/d.yaml:18:35, HOST = a.example value clusters/one/vars.yaml:7:9, PATH = none default',
      '.spec.template.spec.containers[app].env[TOKEN].value = t-${TOKEN} apps/web/base/d.yaml:19:36, TOKEN = **masked** value clusters/one/vars.yaml:15:10',
      '.spec.template.spec.hostname = patched apps/web/base/patch.yaml:8:17 patch',
      '.spec.template.spec.automountServiceAccountToken = false components/safe/kustomization.yaml:8:16 patch (component)',
    ]);
  });

  test('who wrote it, who takes it in, who applies it, who had a hand in it', async () => {
    const of = await one('deploy/web/d');
    expect([placeOf(of.written.at), of.written.document, of.written.documents]).toEqual(['apps/web/base/d.yaml:9:9', 2, 2]);
    expect(of.takenIn.map(placeOf)).toEqual(['apps/web/overlay/kustomization.yaml:3:5', 'apps/web/base/kustomization.yaml:1:13']);
    expect(of.chain.map(({ unit, at }) => [unit, at === null ? null : placeOf(at)])).toEqual([['flux-system/web', 'clusters/one/web.yaml:4:9'], ['flux-system/flux-system', null]]);
    expect(of.edits.map(({ by, component }) => `${by}${component ? ' (component)' : ''}`)).toEqual(expect.arrayContaining(['patch', 'patch (component)', 'namespace', 'images', 'commonMetadata']));
    expect(of.others).toBeGreaterThan(3);
  });

  test('a generated one: its entry, its file, the line a variable stands on', async () => {
    const of = await one('cm/web/values');
    expect([placeOf(of.written.at), of.written.generator]).toEqual(['apps/web/overlay/kustomization.yaml:10:11', 'configMapGenerator']);
    const values = of.fields.find(({ field }) => field === '.data["values.yaml"]');
    expect([values?.value, values?.by, values === undefined ? '' : placeOf(values.at)]).toEqual(['4 lines', '', expect.stringMatching(/^apps\/web\/overlay\/values\.yaml:/)]);
    expect(values?.variables.map(({ name, value, used }) => [name, value, placeOf(used)])).toEqual([['SIZE', '3', 'apps/web/overlay/values.yaml:2:11']]);
  });

  test('one field, and what is below it; of a HelmRelease also a value, whoever sets it', async () => {
    expect(origins(await one('Deployment/web/d', { field: '.spec.template.spec.containers[app].env[HOST]' }))).toEqual([
      '.spec.template.spec.containers[app].env[HOST].name = HOST apps/web/base/d.yaml:18:22',
      expect.stringMatching(/env\[HOST\]\.value = https:\/\/a\.example\/none/),
    ]);
    const values = await one('hr/web/rel', { field: '.values' });
    expect(values.values.map(({ path, value, at, variables }) => [path, value, placeOf(at), ...variables.map((each) => `${each.name}=${String(each.value)}`)])).toEqual(expect.arrayContaining([
      ['replicas', '3', 'apps/web/overlay/values.yaml:2:1', 'SIZE=3'], ['host', 'x', 'apps/web/overlay/values.yaml:3:1'], ['other', '2', 'apps/web/base/hr.yaml:16:5'],
    ]));
    expect((await one('hr/web/rel', { field: 'spec.values.other' })).values).toHaveLength(1);
  });

  test('every field, when all are asked for', async () => {
    const [few, all] = [await one('Service/web/s'), await one('Service/web/s', { all: true })];
    expect([few.fields.length + few.others, all.others]).toEqual([all.fields.length, 0]);
  });

  test('no value of a Secret is ever shown', async () => {
    const all = await Promise.all(['Secret/flux-system/keys', 'Deployment/web/d'].map(async (object) => ask(object, { all: true })));
    expect(JSON.stringify(all)).not.toContain('hunter2');
    expect(explainLines(all.flat(), createStyle({ colour: false, width: 80 })).join('\n')).not.toContain('hunter2');
  });

  test('for people', async () => {
    expect(explainLines([await one('Service/web/s')], createStyle({ colour: false, width: 80 }))).toEqual([
      'Service web/s  v1', '  written     apps/web/base/d.yaml:4:9  document 1 of 2', '  taken in    apps/web/overlay/kustomization.yaml:3:5', '              apps/web/base/kustomization.yaml:1:13',
      '  applied by  flux-system/web  clusters/one/web.yaml:4:9', '              flux-system/flux-system  clusters/one (the entry)',
      '  changed by  apps/web/overlay/kustomization.yaml:1:12  namespace', '              clusters/one/web.yaml:14:5  commonMetadata', '',
      '  .metadata.namespace = web', '      apps/web/overlay/kustomization.yaml:1:12  namespace', '  .metadata.labels.team = red', '      clusters/one/web.yaml:15:13  commonMetadata', '',
      '  the other 3 fields stand as they are in its own file (--verbose shows each)',
    ]);
  });
});

describe('which object was meant', () => {
  test.each([['web/d', ['Deployment web/d']], ['Deployment/web/d', ['Deployment web/d']], ['deployments/d', ['Deployment web/d']], ['Deployment web/d', ['Deployment web/d']], ['d', ['Deployment web/d']], ['ks/flux-system/web', ['Kustomization flux-system/web']]])('%s', async (text, ids) => {
    expect((await ask(text)).map(({ id }) => id)).toEqual(ids);
  });

  test.each([
    ['Deployment/web/dd', 'did you mean Deployment/web/d?'], ['web/value', 'did you mean ConfigMap/web/values?'], ['Deployment/shop/d', 'did you mean Deployment/web/d?'], ['xyzzy-nothing', 'write it as Kind/namespace/name; task manifests:build shows all there are'],
  ])('%s is nowhere', async (text, hint) => {
    await expect(ask(text)).rejects.toMatchObject({ exit: 'usage', what: `there is no object ${text} in one`, hint });
  });

  test('what cannot be looked into is said to be why', async () => {
    await expect(ask('web/nowhere', { files: { ...TREE, 'apps/web/base/kustomization.yaml': 'resources: [gone.yaml]\n' } })).rejects.toMatchObject({ because: expect.stringContaining('web cannot be built') });
  });
});

describe('fields as people write them', () => {
  const value = { metadata: { labels: { 'app.kubernetes.io/name': 'x', app: 'y' } }, spec: { list: [{ name: 'a', v: 1 }, { name: 'b', v: 2 }], plain: ['p'] }, data: { 'values.yaml': 'z' } };
  test.each([
    ['', []], ['.', []], ['.spec.list[1].v', ['spec', 'list', 1, 'v']], ['spec.list[b].v', ['spec', 'list', 1, 'v']], ['spec.list[name=b]', ['spec', 'list', 1]], ['$.spec.list[?(@.name=="b")].v', ['spec', 'list', 1, 'v']], ['.spec.plain[0]', ['spec', 'plain', 0]],
    ['.metadata.labels.app.kubernetes.io/name', ['metadata', 'labels', 'app.kubernetes.io/name']], ['.metadata.labels["app.kubernetes.io/name"]', ['metadata', 'labels', 'app.kubernetes.io/name']], ['.metadata.labels.app', ['metadata', 'labels', 'app']], ['data.values.yaml', ['data', 'values.yaml']],
  ])('%s', (text, path) => expect(fieldPath(value, text)).toEqual(path));

  test.each([['.spec.lst', '.spec has no lst', 'did you mean list?'], ['.spec.list[c]', '.spec.list has no [c]', 'it has [a], [b]'], ['.spec.list[7]', '.spec.list has no [7]', 'it has [a], [b]'], ['.data.values.yaml.x', '.data["values.yaml"] has no x', 'that is a value, nothing is below it'], ['nothing', 'the object has no nothing', 'it has metadata, spec, data']])('%s is none', (text, because, hint) => {
    expect(() => fieldPath(value, text)).toThrow(expect.objectContaining({ exit: 'usage', because, hint }));
  });

  test('are written back so that they can be typed again', () => {
    for (const path of [['spec', 'list', 1, 'v'], ['data', 'values.yaml'], ['metadata', 'labels', 'app.kubernetes.io/name'], ['spec', 'plain', 0]]) expect(fieldPath(value, spoken(path, value))).toEqual(path);
  });
});
