import { loadAll } from 'js-yaml';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { build } from '../../../scripts/manifests/stable/build.ts';
import { tellBroken } from '../../../scripts/manifests/stable/broken.ts';
import { masked, maskedBoth } from '../../../scripts/manifests/stable/mask.ts';
import { safeLines } from '../../../scripts/manifests/stable/safe.ts';
import { yamlOf } from '../../../scripts/manifests/stable/stream.ts';
import { applyOrder } from '../../../scripts/manifests/stable/order.ts';
import { realTool } from '../../real-tool.ts';
import { aroundHere } from '../planted.ts';
import { docs, EMPTY, ks, thing } from './rig.ts';

const OURS = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const files = (all: Readonly<Record<string, string>>) => ({ root: EMPTY, overlay: new Map(Object.entries(all)) });
const TREE = {
  'clusters/one/all.yaml': docs(ks('late', 'apps/late', 'dependsOn:\n  - name: early'), ks('early', 'apps/early', 'suspend: true')),
  'apps/early/all.yaml': docs(thing('Service', 's'), thing('ConfigMap', 'b', 'data:\n  z: "1"\n  a: "yes"\n'), thing('Namespace', 'web', '', 'v1', '')),
  'apps/late/all.yaml': docs(thing('Secret', 'key', 'stringData:\n  password: hunter2hunter2\n'), thing('ConfigMap', 'x')),
};

describe('what the controllers would apply', () => {
  test('units as they wait for each other, objects as the controller sorts them, Secrets masked', async () => {
    const answer = await build(files(TREE));
    if (answer.is !== 'built') throw new Error(answer.is);
    const lines = answer.yaml.split('\n').filter((line) => /^(#|kind|  name:)/.test(line)).map((line) => line.trim());
    expect(lines).toEqual([
      '# Kustomization flux-system/flux-system (clusters/one)', 'kind: Kustomization', 'name: early', 'kind: Kustomization', 'name: late',
      '# Kustomization flux-system/early (apps/early), suspended', 'kind: Namespace', 'name: web', 'kind: ConfigMap', 'name: b', 'kind: Service', 'name: s',
      '# Kustomization flux-system/late (apps/late)', 'kind: ConfigMap', 'name: x', 'kind: Secret', 'name: key',
    ]);
    expect(answer.yaml).toContain("  a: 'yes'\n  z: '1'\n");
    expect(answer.yaml).toContain("password: '**masked**'");
    expect(JSON.stringify(answer)).not.toContain('hunter2');
    expect(loadAll(answer.yaml)).toHaveLength(answer.objects);
    expect(answer.absent).toEqual([]);
  });

  const REPLACED = {
    'clusters/one/all.yaml': ks('web', 'apps/web'),
    'apps/web/kustomization.yaml': 'resources: [all.yaml]\nreplacements:\n  - source: {kind: ConfigMap, name: x, fieldPath: data.size}\n    targets:\n      - select: {kind: Deployment}\n        fieldPaths: [spec.size]\n',
    'apps/web/all.yaml': docs(thing('ConfigMap', 'x', 'data:\n  size: large\n'), thing('Deployment', 'd', 'spec:\n  size: small\n', 'apps/v1')),
  };

  test('what only the real kustomize builds is built by it', async (context) => {
    if (realTool('kustomize') === undefined) context.skip('skipped: no kustomize on PATH, nor built by tools:install');
    const answer = await build({ ...files(REPLACED), tools: aroundHere() });
    expect(answer).toMatchObject({ is: 'built', unbuilt: [], yaml: expect.stringContaining('size: large\n---') as string });
    expect(answer.is === 'built' ? answer.yaml : '').not.toContain('size: small');
  });

  test('where there is no kustomize, what is not as it would be is named', async () => {
    const answer = await build({ ...files(REPLACED), tools: aroundHere('kustomize') });
    expect(answer).toMatchObject({ is: 'built', unbuilt: ['apps/web/kustomization.yaml: what this makes is not known: replacements, and kustomize is not here'] });
    expect(await build({ ...files(REPLACED), tools: aroundHere('kustomize'), unit: 'flux-system' })).toMatchObject({ is: 'built', unbuilt: [] });
  });

  test('what is not here is said where it would stand', () => {
    const part = { cluster: 'one', entry: 'clusters/one', id: 'HelmRelease web/x', from: 'x 1.0.0', suspended: false, absent: 'chart not at\nthe pin', objects: [], unshown: 0 };
    expect(yamlOf([part])).toBe('# HelmRelease web/x (x 1.0.0): not here, chart not at the pin\n');
  });

  test('does not hang on the order in which anything is written', async () => {
    const other = {
      'clusters/one/z.yaml': ks('early', 'apps/early', 'suspend: true'), 'clusters/one/a.yaml': ks('late', 'apps/late', 'dependsOn:\n  - name: early'),
      'apps/early/n.yaml': thing('Namespace', 'web', '', 'v1', ''), 'apps/early/b.yaml': docs(thing('ConfigMap', 'b', 'data:\n  a: "yes"\n  z: "1"\n'), thing('Service', 's')),
      'apps/late/1.yaml': thing('ConfigMap', 'x'), 'apps/late/2.yaml': thing('Secret', 'key', 'stringData:\n  password: another one\n'),
    };
    const [a, b] = await Promise.all([build(files(TREE)), build(files(other))]);
    expect(b).toEqual(a);
  });

  test('one Kustomization alone, also when another cannot be built', async () => {
    const broken = { ...TREE, 'apps/late/kustomization.yaml': 'resources: [gone.yaml]\n' };
    const one = await build({ ...files(broken), unit: 'flux-system/early' });
    expect(one).toMatchObject({ is: 'built', parts: 1, objects: 3 });
    const all = await build(files(broken));
    if (all.is !== 'broken') throw new Error(all.is);
    expect(all.findings.map(({ spot, message }) => [spot.file, spot.line, message])).toEqual([['apps/late/kustomization.yaml', 1, expect.stringContaining('gone.yaml')]]);
    const failure = tellBroken(all, 'nothing was printed');
    expect([failure.exit, failure.parts.map((part) => part.what)]).toEqual(['no', [expect.stringMatching(/^apps\/late\/kustomization\.yaml:1:13  .*gone\.yaml/)]]);
    await expect(build({ ...files(TREE), unit: 'erly' })).rejects.toMatchObject({ exit: 'usage', hint: 'did you mean early?' });
  });

  test('a value only the cluster knows stands there by its name', async () => {
    const answer = await build(files({
      'clusters/one/ks.yaml': ks('app', 'apps/app', 'postBuild:\n  substituteFrom:\n    - kind: Secret\n      name: vars'),
      'clusters/one/vars.yaml': `${thing('Secret', 'vars', 'stringData:\n  HOST: ENC[AES256_GCM,data:abc,iv:x,tag:y,type:str]\n', 'v1', 'flux-system')}sops:\n  mac: x\n  version: 3.9.0\n`,
      'apps/app/cm.yaml': thing('ConfigMap', 'x', 'data:\n  host: https://${HOST}/\n'),
    }));
    expect(answer).toMatchObject({ is: 'built', unshown: 1 });
    if (answer.is === 'built') {
      expect(answer.yaml).toContain('host: https://${HOST}/\n');
      expect(JSON.stringify(answer.json)).toContain('https://${HOST}/');
    }
  });

  test('a value out of a Secret that is filled in elsewhere is not shown there either', async () => {
    const answer = await build(files({
      'clusters/one/ks.yaml': ks('app', 'apps/app', 'postBuild:\n  substituteFrom:\n    - kind: Secret\n      name: vars\n    - kind: ConfigMap\n      name: open'),
      'clusters/one/vars.yaml': docs(thing('Secret', 'vars', 'stringData:\n  TOKEN: hunter2hunter2\n', 'v1', 'flux-system'), thing('ConfigMap', 'open', 'data:\n  HOST: a.example\n', 'v1', 'flux-system')),
      'apps/app/cm.yaml': thing('ConfigMap', 'x', 'data:\n  url: https://${TOKEN}@${HOST}/\n  host: ${HOST}\n'),
    }));
    expect(answer).toMatchObject({ is: 'built', unshown: 1 });
    expect(JSON.stringify(answer)).not.toContain('hunter2');
    if (answer.is === 'built') expect(answer.yaml).toContain('host: a.example\n  url: https://${TOKEN}@${HOST}/\n');
  });

  test('our own tree: every document is an object, twice the same bytes, nothing of one cluster in the other', async () => {
    const [a, b, apps] = await Promise.all([build({ root: OURS }), build({ root: OURS }), build({ root: OURS, cluster: 'apps' })]);
    expect(b).toEqual(a);
    if (a.is !== 'built' || apps.is !== 'built') throw new Error(a.is);
    expect([a.absent, a.clusters]).toEqual([[], ['infra', 'apps']]);
    const objects = loadAll(a.yaml) as readonly { readonly kind: string }[];
    expect(objects).toHaveLength(a.objects);
    expect(objects.every((object) => typeof object.kind === 'string')).toBe(true);
    expect(a.yaml.endsWith(apps.yaml)).toBe(true);
  });
});

describe('masks', () => {
  const secret = (rest: object) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x', annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"data":{"a":"geheim"}}', other: 'b' } }, ...rest });
  test('values go, keys stay', () => {
    const object = masked(secret({ data: { a: 'Z2VoZWlt' }, stringData: { b: 'geheim' }, type: 'Opaque' }));
    expect(object).toMatchObject({ data: { a: '**masked**' }, stringData: { b: '**masked**' }, type: 'Opaque', metadata: { annotations: { other: 'b' } } });
    expect(JSON.stringify(object)).not.toMatch(/geheim|Z2Vo/);
  });
  test('what is no Secret is the very same', () => {
    const object = { apiVersion: 'external-secrets.io/v1', kind: 'Secret', metadata: { name: 'x' }, data: { a: 'b' } };
    expect(masked(object)).toBe(object);
  });
  test('a value that changes shows that it did, and nothing else', () => {
    const [before, after] = maskedBoth(secret({ data: { same: '1', other: '2', gone: '3' } }), secret({ data: { same: '1', other: '9', more: '4' } }));
    expect([before['data'], after['data']]).toEqual([
      { same: '**masked**', other: '**masked** (before)', gone: '**masked**' }, { same: '**masked**', other: '**masked** (after)', more: '**masked**' },
    ]);
  });
  test('data that is a text is masked whole', () => expect(masked(secret({ data: 'geheim' }))['data']).toBe('**masked**'));
});

test('the order Flux applies in', () => {
  const object = (kind: string, name = 'x', apiVersion = 'v1', namespace = 'n') => ({ apiVersion, kind, metadata: { name, namespace } });
  const sorted = [
    object('CustomResourceDefinition', 'x', 'apiextensions.k8s.io/v1'), object('Namespace'), object('ClusterRole', 'x', 'rbac.authorization.k8s.io/v1'), object('StorageClass', 'x', 'storage.k8s.io/v1'), object('IngressClass', 'x', 'networking.k8s.io/v1'),
    object('EC2NodeClass', 'x', 'karpenter.k8s.aws/v1'), object('ServiceAccount'), object('ConfigMap', 'a'), object('ConfigMap', 'b'), object('ConfigMap', 'a', 'v1', 'o'), object('Secret'), object('Service'), object('Deployment', 'x', 'apps/v1'),
    object('DaemonSet', 'x', 'apps/v1'), object('HelmRelease', 'x', 'helm.toolkit.fluxcd.io/v2'), object('ValidatingWebhookConfiguration', 'x', 'admissionregistration.k8s.io/v1'),
  ];
  expect(sorted.toReversed().toSorted(applyOrder).map((each) => `${each.kind} ${each.metadata.name}`)).toEqual(sorted.map((each) => `${each.kind} ${each.metadata.name}`));
});

test('lines for a terminal: names can be read, and do nothing else', () => {
  expect(safeLines(['\u001b[31mred\u001b[39m \u001b[2Jx\u001b]0;t\u0007 a\nb\tc \u202ed', 'plain →'])).toEqual(['\u001b[31mred\u001b[39m [2Jx]0;t a b c d', 'plain →']);
});
