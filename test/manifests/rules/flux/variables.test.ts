import { describe } from 'vitest';
import { hr, ks, list, object, REPOSITORY, table } from './rig.ts';

const map = (name: string, data = ''): string => object('ConfigMap', name, 'flux-system', 'v1', data);
const from = 'postBuild: {substituteFrom: [{kind: ConfigMap, name: settings}]}';
const settings = (...lines: readonly string[]): string => map('settings', `data:\n${lines.map((line) => `  ${line}\n`).join('')}`);
function tree(defined: string, all: string, folders: Readonly<Record<string, string>>, cluster = 'c'): Readonly<Record<string, string>> {
  return { [`${cluster}/kustomization.yaml`]: list('settings.yaml', 'all.yaml'), [`${cluster}/settings.yaml`]: defined, [`${cluster}/all.yaml`]: all, ...Object.fromEntries(Object.entries(folders).map(([folder, text]) => [`${folder}/x.yaml`, text])) };
}
const both = { one: 'one', two: 'two' };

describe('variables', () => {
  table([
    { is: 'used', files: tree(settings('ZONE: eu'), ks('a', from), { a: map('a', 'data: {zone: "${ZONE}"}\n') }) },
    { is: 'never used', files: tree(settings('ZONE: eu', 'REGION: west'), ks('a', from), { a: map('a', 'data: {zone: "${ZONE}"}\n') }), finds: ['variable-unused c/settings.yaml "REGION: west"'] },
    { is: 'never used, but something like it', files: tree(settings('REGIONS: west'), ks('a', from), { a: map('a', 'data: {zone: "${REGION:=x}"}\n') }), finds: ['variable-unused c/settings.yaml "REGIONS: west"'], says: /REGION is used, is that what it should be called\?/ },
    { is: 'of the Kustomization itself, never used', files: tree(map('settings'), ks('a', 'postBuild:', '  substitute:', '    ZONE: eu', '    APP: a'), { a: map('a', 'data: {zone: "${ZONE}"}\n') }), finds: ['variable-unused c/all.yaml "APP: a"'] },
    { is: 'of a Kustomization that others of its kind use', files: tree(map('settings'), ks('a', 'postBuild: {substitute: {APP: a}}') + ks('b', 'postBuild: {substitute: {APP: b}}'), { a: map('a'), b: map('b', 'data: {app: "${APP}"}\n') }) },
    { is: 'used in another cluster', entries: both, files: { ...tree(settings('ZONE: eu'), ks('a', from), { a: map('a') }, 'one'), ...tree(settings('ZONE: us'), ks('b', from), { b: map('b', 'data: {zone: "${ZONE}"}\n') }, 'two') } },
    { is: 'used in no cluster', entries: both, files: { ...tree(settings('ZONE: eu'), ks('a', from), { a: map('a') }, 'one'), ...tree(settings('ZONE: us'), ks('b', from), { b: map('b') }, 'two') }, finds: ['variable-unused one/settings.yaml "ZONE: eu"', 'variable-unused two/settings.yaml "ZONE: us"'] },
    { is: 'also read as values', files: tree(settings('ZONE: eu'), ks('a', from), { a: REPOSITORY + hr('app', 'valuesFrom: [{kind: ConfigMap, name: settings}]') }) },
    { is: 'also read by a pod', files: tree(settings('ZONE: eu'), ks('a', from), { a: object('Pod', 'p', 'flux-system', 'v1', 'spec: {containers: [{name: c, image: "e.com/c:1", envFrom: [{configMapRef: {name: settings}}]}]}\n') }) },
    { is: 'given', files: { 'c/kustomization.yaml': list('all.yaml'), 'c/all.yaml': ks('a', from), 'a/x.yaml': map('a') }, given: settings('ZONE: eu') },
    { is: 'perhaps used in another repository', files: tree(settings('ZONE: eu'), ks('a', from) + ks('b', from, 'sourceRef: {kind: GitRepository, name: other}') + object('GitRepository', 'other', 'flux-system', 'source.toolkit.fluxcd.io/v1', 'spec: {url: "https://example.com/other.git", ref: {tag: v1.0.0}}\n'), { a: map('a'), b: map('b', 'data: {zone: "${ZONE}"}\n') }) },
    { is: 'of a suspended Kustomization', files: tree(settings('ZONE: eu'), ks('a', from, 'suspend: true'), { a: map('a') }) },
    { is: 'with the same default', files: tree(map('settings'), ks('a', from), { a: `${map('a', 'data: {zone: "${ZONE:=eu}"}\n')}${map('b', 'data: {zone: "${ZONE:=eu}"}\n')}` }) },
    { is: 'with differing defaults', files: tree(map('settings', 'data: {X: "1"}\n'), ks('a', from) + ks('b', from), { a: map('a', 'data:\n  x: ${X}\n  zone: ${ZONE:=eu}\n'), b: map('b', 'data:\n  zone: ${ZONE:=us}\n') }), finds: ['variable-defaults b/x.yaml "zone: ${ZONE:=us}"'], says: /"us" here .* "eu" in ConfigMap flux-system\/a/ },
    { is: 'with differing defaults, each Kustomization defining its own', files: tree(map('settings'), ks('a', 'postBuild: {substitute: {APP: a}}') + ks('b', 'postBuild: {substitute: {APP: b, SIZE: 2Gi}}'), { a: map('a', 'data: {app: "${APP}", size: "${SIZE:=1Gi}"}\n'), b: map('b', 'data: {app: "${APP}", size: "${SIZE:=5Gi}"}\n') }) },
    { is: 'with a part cut out, which is no default', files: tree(settings('DOMAIN: a.b'), ks('a', from), { a: map('a', 'data: {one: "${DOMAIN/./-}", two: "${DOMAIN:0:1}", three: "${DOMAIN}"}\n') }) },
  ]);
});

const encrypted = object('Secret', 's', 'flux-system', 'v1', 'stringData: {password: "ENC[AES256_GCM,data:x,type:str]"}\nsops: {mac: "ENC[AES256_GCM,data:y]", version: 3.9.0}\n');
const file = 'password=ENC[AES256_GCM,data:aGVsbG8,iv:b,tag:c,type:str]\nsops_version=3.9.0\nsops_mac=ENC[AES256_GCM,data:y]\n';
const generator = 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: flux-system\nsecretGenerator:\n  - name: s\n    files: [secret.sops.env]\n';
describe('encrypted Secrets', () => {
  table([
    { is: 'with a way to decrypt them', files: tree(map('settings'), ks('a', 'decryption: {provider: sops}'), { a: encrypted }) },
    { is: 'without', files: tree(map('settings'), ks('a'), { a: encrypted }), finds: ['decryption-missing c/all.yaml "spec:"'] },
    { is: 'of the entry, whose Kustomization is not here', files: tree(map('settings'), encrypted, {}) },
    { is: 'left alone on purpose', files: tree(map('settings'), ks('a'), { a: encrypted.replace('  name: s\n', '  name: s\n  annotations: {kustomize.toolkit.fluxcd.io/decrypt: disabled}\n') }) },
    { is: 'generated of an encrypted file', files: { ...tree(map('settings'), ks('a'), {}), 'a/kustomization.yaml': generator, 'a/secret.sops.env': file }, finds: ['decryption-missing c/all.yaml "spec:"'] },
    { is: 'generated of an encrypted file, with a way to decrypt it', files: { ...tree(map('settings'), ks('a', 'decryption: {provider: sops}'), {}), 'a/kustomization.yaml': generator, 'a/secret.sops.env': file } },
    { is: 'that are none', files: tree(map('settings'), ks('a'), { a: object('Secret', 's', 'flux-system', 'v1', `data: {x: ${Buffer.from('something quite long that is not encrypted').toString('base64')}}\n`) }) },
  ]);
});
