import { describe, expect, test } from 'vitest';
import { readable } from '../../../scripts/manifests/build/index.ts';
import { lookupOf } from '../../../scripts/manifests/charts/lookup.ts';
import { helmReleases, specOf } from '../../../scripts/manifests/charts/spec.ts';
import { readValues, type ReadValues } from '../../../scripts/manifests/charts/values.ts';
import type { Settings } from '../../../scripts/manifests/model.types.ts';
import { kustomization, release, treeOf } from './rig.ts';

const FROM = (...entries: readonly string[]): string => `valuesFrom:\n${entries.map((entry) => `  - ${entry}`).join('\n')}`;

async function values(spec: string, more: Readonly<Record<string, string>> = {}, settings: Partial<Settings> = {}): Promise<ReadValues> {
  const files = Object.keys(more).filter((file) => file.endsWith('.yaml') && !file.startsWith('values')).map((file) => file.replace('apps/', ''));
  const tree = await treeOf({ 'apps/kustomization.yaml': kustomization('release.yaml', ...files), 'apps/release.yaml': release('web', '1.2.3', spec), ...more }, settings);
  const [declared] = helmReleases(tree);
  if (declared === undefined) throw new Error('no release');
  return readValues(lookupOf(tree), declared);
}
const MAP = (data: string, name = 'web-values', kind = 'ConfigMap', more = ''): string => `apiVersion: v1\nkind: ${kind}\nmetadata: {name: ${name}, namespace: shop}\n${more}${data}`;

describe('values of a release', () => {
  test('out of a ConfigMap, with its own over them', async () => {
    const read = await values(`${FROM('{kind: ConfigMap, name: web-values}')}\nvalues: {a: {x: 9}}`, { 'apps/map.yaml': MAP('data:\n  values.yaml: |\n    a: {x: 1, z: 2}\n    port: 0x10\n    flag: yes\n') });
    expect(read.values).toEqual({ a: { x: 9, z: 2 }, port: 16, flag: true });
    expect(read.found).toEqual([]);
  });
  test('another key, a Secret in base64 and in plain text, one value for a path', async () => {
    const read = await values(FROM('{kind: ConfigMap, name: web-values, valuesKey: more.yaml}', '{kind: Secret, name: hidden}', '{kind: Secret, name: hidden, valuesKey: token, targetPath: auth.token}'), {
      'apps/map.yaml': MAP('data:\n  more.yaml: "a: 1"\n'),
      'apps/secret.yaml': MAP(`data:\n  values.yaml: ${Buffer.from('b: 2').toString('base64')}\nstringData:\n  token: "12345678"\n`, 'hidden', 'Secret'),
    });
    expect(read.values).toEqual({ a: 1, b: 2, auth: { token: 12345678 } });
  });
  test('out of a generated ConfigMap, and out of one that is there before', async () => {
    const given = { object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'given', namespace: 'shop' }, data: { 'values.yaml': 'c: 3' } }, source: { file: 'given.yaml', document: 0, at: [] } };
    const tree = await treeOf({
      'apps/kustomization.yaml': `${kustomization('release.yaml')}configMapGenerator:\n  - name: web-values\n    namespace: shop\n    files: [values.yaml=values.yaml]\ngeneratorOptions: {disableNameSuffixHash: true}\n`,
      'apps/release.yaml': release('web', '1.2.3', FROM('{kind: ConfigMap, name: web-values}', '{kind: ConfigMap, name: given}')), 'apps/values.yaml': 'a: 1\n',
    }, { given: [given] });
    const [declared] = helmReleases(tree);
    if (declared === undefined) throw new Error('no release');
    expect(readValues(lookupOf(tree), declared).values).toEqual({ a: 1, c: 3 });
  });
  test('what is optional may be missing, the source as well as the key', async () => {
    const read = await values(FROM('{kind: ConfigMap, name: none, optional: true}', '{kind: ConfigMap, name: web-values, valuesKey: none, optional: true}'), { 'apps/map.yaml': MAP('data: {}\n') });
    expect(read).toMatchObject({ values: {}, found: [], unknown: undefined });
  });
});

describe('values nobody knows here', () => {
  const ENCRYPTED = 'sops: {mac: x}\ndata:\n  values.yaml: ENC[AES256_GCM,data:x,type:str]\n  token: ENC[AES256_GCM,data:x,type:str]\n';
  const EXTERNAL = 'apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: maker, namespace: shop}\nspec: {target: {name: hidden}}\n';
  test.each<readonly [string, string, Readonly<Record<string, string>>, RegExp]>([
    ['an encrypted Secret', '{kind: Secret, name: hidden}', { 'apps/secret.yaml': MAP(ENCRYPTED, 'hidden', 'Secret') }, /Secret hidden, which is encrypted/],
    ['a Secret that is made in the cluster', '{kind: Secret, name: hidden}', { 'apps/external.yaml': EXTERNAL }, /which ExternalSecret maker makes/],
    ['a Secret that is copied from another namespace', '{kind: Secret, name: hidden}', { 'apps/secret.yaml': MAP('', 'hidden', 'Secret').replace('namespace: shop}', 'namespace: other, annotations: {reflector.v1.k8s.emberstack.com/reflection-auto-enabled: "true"}}') }, /which Secret hidden makes/],
    ['a file that sops has encrypted', '{kind: Secret, name: hidden}', { 'apps/secret.yaml': MAP(`data:\n  values.yaml: ${Buffer.from('a: ENC[x]\nsops: {mac: y}').toString('base64')}\n`, 'hidden', 'Secret') }, /encrypted/],
  ])('%s', async (_, entry, more, because) => {
    const read = await values(FROM(entry), more);
    expect(read.values).toBeUndefined();
    expect(read.unknown).toMatch(because);
    expect(read.found).toEqual([]);
  });
  test('one value of them stands for itself', async () => {
    const read = await values(FROM('{kind: Secret, name: hidden, valuesKey: token, targetPath: auth.token}'), { 'apps/external.yaml': EXTERNAL });
    expect(readable(JSON.stringify(read.values))).toBe('{"auth":{"token":"${hidden/token}"}}');
  });
});

describe('names', () => {
  test.each([
    ['', { name: 'web', namespace: 'shop', storageNamespace: 'shop' }],
    ['targetNamespace: front', { name: 'front-web', namespace: 'front', storageNamespace: 'shop' }],
    ['targetNamespace: front\nreleaseName: site\nstorageNamespace: kept', { name: 'site', namespace: 'front', storageNamespace: 'kept' }],
    // From helm-controller's own tests of ShortenName.
    ['releaseName: release-name-with-very-long-name-which-is-longer-than-53-characters', { name: 'release-name-with-very-long-name-which-i-788ca0d0d7b0' }],
  ])('of a release: %s', async (spec, expected) => {
    const [declared] = helmReleases(await treeOf({ 'apps/kustomization.yaml': kustomization('release.yaml'), 'apps/release.yaml': release('web', '1.2.3', spec) }));
    if (declared === undefined) throw new Error('no release');
    expect(specOf(declared)).toMatchObject(expected);
  });
});
