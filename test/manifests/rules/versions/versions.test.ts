import { describe } from 'vitest';
import type { Settings } from '../../../../scripts/manifests/model.types.ts';
import { hr, ks, list, object, REPOSITORY, table } from '../flux/rig.ts';

const entry = (x: string): Readonly<Record<string, string>> => ({ 'c/kustomization.yaml': list('all.yaml'), 'c/all.yaml': ks('a'), 'a/x.yaml': x });
function oci(name: string, ...ref: readonly string[]): string {
  return object('OCIRepository', name, 'flux-system', 'source.toolkit.fluxcd.io/v1', `spec:\n  interval: 1h\n  url: oci://example.com/charts/${name}\n${ref.length === 0 ? '' : '  ref:\n'}${ref.map((line) => `    ${line}\n`).join('')}`);
}
const chart = (version?: string): string => REPOSITORY + hr('app', 'chart:', '  spec:', '    chart: app', ...(version === undefined ? [] : [`    version: ${version}`]), '    sourceRef: {kind: HelmRepository, name: charts}');
const ofOci = hr('app', 'chartRef: {kind: OCIRepository, name: app}');
const git = (ref: string): string => object('GitRepository', 'charts', 'flux-system', 'source.toolkit.fluxcd.io/v1', `spec:\n  url: https://example.com/r.git\n${ref}`) + hr('app', 'chart: {spec: {chart: ./charts/app, sourceRef: {kind: GitRepository, name: charts}}}');

describe('charts', () => {
  table([
    { is: 'pinned', files: entry(chart('1.2.3')) },
    { is: 'pinned with a v, a release candidate, a build', files: entry(chart('v1.2.3') + hr('two', 'chart: {spec: {chart: two, version: 1.0.0-rc.1, sourceRef: {kind: HelmRepository, name: charts}}}') + hr('three', 'chart: {spec: {chart: three, version: 1.0.0+k8s.1, sourceRef: {kind: HelmRepository, name: charts}}}')) },
    { is: 'without a version', files: entry(chart()), finds: ['version-pin a/x.yaml "chart: app"'] },
    { is: 'with a range', files: entry(chart('1.x')), finds: ['version-pin a/x.yaml "version: 1.x"'] },
    { is: 'with a caret', files: entry(chart('"^1.2.3"')), finds: ['version-pin a/x.yaml "version: "^1.2.3""'] },
    { is: 'with only two numbers', files: entry(chart('"1.2"')), finds: ['version-pin a/x.yaml "version: "1.2""'] },
    { is: 'by the tag of an OCIRepository', files: entry(oci('app', 'tag: 1.2.3') + ofOci) },
    { is: 'by the digest of an OCIRepository', files: entry(oci('app', 'digest: sha256:aaaa') + ofOci) },
    { is: 'by an exact semver of an OCIRepository', files: entry(oci('app', 'semver: 1.2.3') + ofOci) },
    { is: 'by a range of an OCIRepository', files: entry(oci('app', 'semver: ">=1.0.0"') + ofOci), finds: ['version-pin a/x.yaml "semver: ">=1.0.0""'] },
    { is: 'by latest of an OCIRepository, told once for two releases', files: entry(oci('app', 'tag: latest') + ofOci + hr('other', 'chartRef: {kind: OCIRepository, name: app}')), finds: ['version-pin a/x.yaml "tag: latest"'] },
    { is: 'by an OCIRepository without any', files: entry(oci('app') + ofOci), finds: ['version-pin a/x.yaml "url: oci://example.com/charts/app"'] },
    { is: 'of the same repository', files: entry(hr('app', 'chart: {spec: {chart: ./charts/app, sourceRef: {kind: GitRepository, name: flux-system}}}')) },
    { is: 'of a branch of another repository', files: entry(git('  ref:\n    branch: main\n')), finds: ['version-pin a/x.yaml "branch: main"'] },
    { is: 'of a tag of another repository', files: entry(git('  ref: {tag: v1.0.0}\n')) },
    { is: 'of a commit of another repository', files: entry(git('  ref: {branch: main, commit: 0123456789012345678901234567890123456789}\n')) },
    { is: 'whose version only the cluster knows', files: { ...entry(chart('${V}')), 'c/all.yaml': ks('a', 'postBuild: {substituteFrom: [{kind: Secret, name: vars}]}') }, given: object('Secret', 'vars', 'flux-system', 'v1', 'sops: {mac: x}\nstringData: {V: "ENC[AES256_GCM,data:x]"}\n') },
    { is: 'beside manifests that are delivered by latest', files: { ...entry(oci('app', 'tag: latest')), 'c/all.yaml': ks('a') + ks('b', 'sourceRef: {kind: OCIRepository, name: app}') } },
    { is: 'and an OCIRepository nobody reads that moves', files: entry(oci('app', 'tag: main')), finds: ['version-pin a/x.yaml "tag: main"'] },
  ]);
});

const pod = (image: string): string => object('Deployment', 'd', 'default', 'apps/v1', `spec:\n  template:\n    spec:\n      containers:\n        - name: c\n          image: ${image}\n`);
describe('images', () => {
  table([
    { is: 'with a tag', files: entry(pod('example.com:5000/app:1.2')) },
    { is: 'with a digest', files: entry(pod(`example.com/app@sha256:${'a'.repeat(64)}`)) },
    { is: 'without a tag, from a registry with a port', files: entry(pod('example.com:5000/app')), finds: ['image-pin a/x.yaml "image: example.com:5000/app"'] },
    { is: 'latest', files: entry(pod('app:latest')), finds: ['image-pin a/x.yaml "image: app:latest"'] },
    { is: 'latest, with its digest', files: entry(pod(`app:latest@sha256:${'a'.repeat(64)}`)) },
    { is: 'of what a chart makes', files: entry(REPOSITORY + hr('app')), charts: { 'flux-system/app': { makes: pod('app') } } },
    { is: 'of a job, before it begins', files: entry(object('CronJob', 'j', 'default', 'batch/v1', 'spec: {jobTemplate: {spec: {template: {spec: {initContainers: [{name: i, image: "a:1"}], containers: [{name: c, image: a}]}}}}}\n')), finds: ['image-pin a/x.yaml "spec: {jobTemplate: {spec: {template: {spec: {initContainers: [{name: i, image: "a:1"}], containers: [{name: c, image: a}]}}}}}"'] },
  ]);
});

const source = { file: 'helmfile.yaml', document: 0, at: ['releases', 0] };
const helmfile = (version: string, name = 'app'): string => `releases:\n  - name: ${name}\n    version: ${version}\n`;
function before(named: string, version: string, crdsOnly = false, name = 'app'): Partial<Settings> {
  return { before: [{ name, namespace: 'flux-system', chart: named, version, source, crdsOnly }] };
}
describe('versions that must agree', () => {
  table([
    { is: 'do: before Flux and in the tree', files: { ...entry(oci('app', 'tag: 1.2.3') + ofOci), 'helmfile.yaml': helmfile('1.2.3') }, settings: before('oci://example.com/charts/app', '1.2.3') },
    { is: 'do, but for a v', files: { ...entry(oci('app', 'tag: v1.2.3') + ofOci), 'helmfile.yaml': helmfile('1.2.3') }, settings: before('oci://example.com/charts/app', '1.2.3') },
    { is: 'do not: before Flux and in the tree', files: { ...entry(oci('app', 'tag: 1.2.4') + ofOci), 'helmfile.yaml': helmfile('1.2.3') }, settings: before('oci://example.com/charts/app', '1.2.3'), finds: ['version-differs a/x.yaml "tag: 1.2.4"'], says: /release app installs 1\.2\.3 before Flux \(helmfile\.yaml:3\)/ },
    { is: 'do not: definitions before Flux and a chart of a repository', files: { ...entry(chart('1.2.4')), 'helmfile.yaml': helmfile('1.2.3') }, settings: before('oci://elsewhere.example.com/app', '1.2.3', true, 'crds'), finds: ['version-differs a/x.yaml "version: 1.2.4"'] },
    { is: 'need not: another chart of that name', files: { ...entry(oci('app', 'tag: 2.0.0') + ofOci.replace('name: app\n', 'name: mine\n')), 'helmfile.yaml': helmfile('1.2.3') }, settings: before('oci://elsewhere.example.com/app', '1.2.3') },
    { is: 'do: with the file of versions', files: { ...entry(oci('app', 'tag: 1.2.3') + ofOci), 'versions.yaml': 'app: 1.2.3\n' }, settings: { versions: 'versions.yaml' } },
    { is: 'do not: with the file of versions', files: { ...entry(oci('cert-manager', 'tag: v1.2.4') + hr('cert-manager', 'chartRef: {kind: OCIRepository, name: cert-manager}')), 'versions.yaml': 'certManager: v1.2.3\n' }, settings: { versions: 'versions.yaml' }, finds: ['version-differs a/x.yaml "tag: v1.2.4"'], says: /certManager is v1\.2\.3 \(versions\.yaml:1\)/ },
    { is: 'do not: before Flux, with the file of versions', files: { ...entry(oci('app', 'tag: 1.2.3') + ofOci), 'versions.yaml': 'charts: {app: 1.2.3}\ntools: {app: 0.1.0}\n', 'helmfile.yaml': helmfile('1.2.2') }, settings: { versions: 'versions.yaml', ...before('oci://example.com/charts/app', '1.2.2') }, finds: ['version-differs helmfile.yaml "version: 1.2.2"'] },
    { is: 'need not: a patch line in the file of versions', files: { ...entry(oci('app', 'tag: 1.2.3') + ofOci), 'versions.yaml': 'app: 1.2.x\n' }, settings: { versions: 'versions.yaml' } },
  ]);
  table([
    { is: 'do: definitions and their operator', files: entry(oci('thing', 'tag: 1.2.3') + oci('thing-crds', 'tag: 1.2.3') + hr('thing', 'chartRef: {kind: OCIRepository, name: thing}') + hr('thing-crds', 'chartRef: {kind: OCIRepository, name: thing-crds}')) },
    { is: 'do not: definitions and their operator', files: entry(oci('thing', 'tag: 1.2.3') + oci('thing-crds', 'tag: 1.2.0') + hr('thing', 'chartRef: {kind: OCIRepository, name: thing}') + hr('thing-crds', 'chartRef: {kind: OCIRepository, name: thing-crds}')), finds: ['definitions-differ a/x.yaml "tag: 1.2.0"'] },
    { is: 'do not: gateway-crds-helm and gateway-helm', files: entry(oci('gateway-helm', 'tag: 1.5.1') + oci('gateway-crds-helm', 'tag: 1.5.0') + hr('g', 'chartRef: {kind: OCIRepository, name: gateway-helm}') + hr('gc', 'chartRef: {kind: OCIRepository, name: gateway-crds-helm}')), finds: ['definitions-differ a/x.yaml "tag: 1.5.0"'] },
    { is: 'need not: numbered apart', files: entry(oci('thing', 'tag: 0.56.0') + oci('thing-crds', 'tag: 0.6.0') + hr('thing', 'chartRef: {kind: OCIRepository, name: thing}') + hr('thing-crds', 'chartRef: {kind: OCIRepository, name: thing-crds}')) },
    { is: 'need not: another major version', files: entry(oci('thing', 'tag: 37.0.0') + oci('thing-crds', 'tag: 1.11.0') + hr('thing', 'chartRef: {kind: OCIRepository, name: thing}') + hr('thing-crds', 'chartRef: {kind: OCIRepository, name: thing-crds}')) },
  ]);
  const clusters = (one: string, two: string): Readonly<Record<string, string>> => ({ 'one/kustomization.yaml': list('ks.yaml'), 'one/ks.yaml': ks('a'), 'two/kustomization.yaml': list('ks.yaml'), 'two/ks.yaml': ks('a', 'path: ./b'), 'a/x.yaml': chart(one), 'b/x.yaml': chart(two) });
  const entries = { one: 'one', two: 'two' };
  table([
    { is: 'do: in two clusters', entries, files: clusters('1.2.3', '1.2.3') },
    { is: 'do not: in two clusters, told at the older', entries, files: clusters('1.10.0', '1.9.0'), finds: ['version-clusters b/x.yaml "version: 1.9.0"'], says: /1\.9\.0 in two and 1\.10\.0 in one/ },
    { is: 'do not: a candidate in one', entries, files: clusters('2.0.0-rc.1', '2.0.0'), finds: ['version-clusters a/x.yaml "version: 2.0.0-rc.1"'] },
  ]);
});
