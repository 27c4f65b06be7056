import { posix } from 'node:path';
import { textAt, textIn } from '../data.ts';
import type { At } from '../source.ts';
import { listed, meant } from '../words.ts';
import type { WrittenSite } from '../written.ts';
import { chartName } from './versions.ts';
import type { Rule } from './rule.ts';

/** Each namespace once. */
export const bootstrapObjects: Rule = (site, { report }) => {
  const seen = new Set<string>();
  for (const document of site.namespaces) {
    const name = textAt(document, 'metadata', 'name');
    if (name === undefined) report({ ...document.spotAt(['metadata']), length: 1 }, 'missing-key', 'metadata.name is missing', 'name the namespace');
    else if (seen.has(name.value)) report(name.spot, 'namespace-twice', `namespace ${name.value} is declared twice`, 'remove one of them');
    if (name !== undefined) seen.add(name.value);
  }
};

const MODES = ['enforce', 'audit', 'warn'] as const;
const LEVELS = ['privileged', 'baseline', 'restricted'];

/** Every namespace says what its pods may do; the default of the cluster is nobody's decision. */
export const namespaceLabels: Rule = (site, { report }) => {
  for (const document of site.namespaces) {
    const name = textAt(document, 'metadata', 'name');
    if (name === undefined) continue;
    const missing = MODES.filter((mode) => textIn(document.data, 'metadata', 'labels', `pod-security.kubernetes.io/${mode}`) === undefined);
    if (missing.length > 0) report(name.spot, 'namespace-labels', `namespace ${name.value} has no Pod Security label for ${listed(missing)}`, `add pod-security.kubernetes.io/${missing[0] ?? 'enforce'}: ${LEVELS.join(' | ')}`);
    for (const mode of MODES) {
      const level = textAt(document, 'metadata', 'labels', `pod-security.kubernetes.io/${mode}`);
      if (level !== undefined && !LEVELS.includes(level.value)) report(level.spot, 'namespace-labels', `${level.value} is no Pod Security level`, meant(level.value, LEVELS, `one of ${LEVELS.join(', ')}`));
    }
  }
};

/** Manifests are fetched by pinned URL and refused unless their digest matches. */
export const crdManifests: Rule = (site, { report }) => {
  const seen = new Set<string>();
  for (const { url, sha256 } of site.crds?.manifests?.value ?? []) {
    if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256.value)) report(sha256.spot, 'digest', `this is not a SHA-256 digest: ${sha256.value.length} characters, 64 lower-case hexadecimal digits are needed`, 'sha256sum of the reviewed file');
    if (url === undefined) continue;
    if (seen.has(url.value)) report(url.spot, 'manifest-twice', 'this manifest is listed twice', 'remove one of them');
    seen.add(url.value);
    const version = /\/(v\d+\.\d+\.\d+[\w.-]*)\//.exec(url.value)?.[1];
    if (!url.value.startsWith('https://')) report(url.spot, 'manifest-url', 'a manifest is fetched by https only', `did you mean ${url.value.replace(/^\w+:\/\//, 'https://')}?`);
    else if (version === undefined) report(url.spot, 'version-pin', 'this URL names no exact version: what it gives can change', 'use the URL at a tag, with /v1.4.0/ in it');
    else if (url.value.includes('gateway-api') && site.versions?.gatewayAPI !== undefined && version !== site.versions.gatewayAPI.value) {
      report(url.spot, 'version-differs', `the Gateway API is ${version} here, but gatewayAPI is ${site.versions.gatewayAPI.value} (${site.versions.gatewayAPI.spot.file}:${site.versions.gatewayAPI.spot.line})`, 'change both, and the digests with them');
    }
  }
};

/** API groups each chart of 00-crds brings; the manifests say theirs in their file names. */
const GROUPS_OF: Readonly<Record<string, readonly string[]>> = {
  'cert-manager': ['cert-manager.io', 'acme.cert-manager.io'],
  'external-secrets': ['external-secrets.io', 'generators.external-secrets.io'],
  'victoria-metrics-operator-crds': ['operator.victoriametrics.com'],
  'prometheus-operator-crds': ['monitoring.coreos.com'],
  'cloudnative-pg': ['postgresql.cnpg.io'],
  'flux-operator': ['fluxcd.controlplane.io'],
};

/** What is waited for is brought by somebody: otherwise the wait could only time out. */
export const crdProviders: Rule = (site, { report }) => {
  if (site.crds === undefined || site.releases.crds.length === 0) return;
  const { groups, names } = provided(site);
  const everywhere = (group: string): string => meant(group, groups, `add the chart or manifest that brings it; brought now: ${[...groups].toSorted().join(', ')}`);
  const told = new Set<string>();
  for (const group of site.crds.groups?.value ?? []) {
    if (groups.has(group.value)) continue;
    told.add(group.value);
    report(group.spot, 'crd-not-provided', `nothing brings the API group ${group.value}`, everywhere(group.value));
  }
  for (const crd of site.crds.waitSet?.value ?? []) {
    const [plural = '', ...rest] = crd.value.split('.');
    const group = rest.join('.');
    if (!/^[a-z0-9]+$/.test(plural) || !group.includes('.')) report(crd.spot, 'crd-name', `${crd.value} is not the name of a CRD`, 'written plural.group, like certificates.cert-manager.io');
    else if (!groups.has(group)) {
      if (!told.has(group)) report(crd.spot, 'crd-not-provided', `nothing brings ${crd.value}: no release of 00-crds.yaml and no manifest has the group ${group}`, everywhere(group));
    } else {
      const exact = names.get(group);
      if (exact !== undefined && !exact.includes(plural)) report(crd.spot, 'crd-not-provided', `no manifest brings ${crd.value}`, meant(plural, exact, `of ${group} there is ${listed(exact)}`));
    }
  }
};

function provided(site: WrittenSite): { readonly groups: ReadonlySet<string>; readonly names: ReadonlyMap<string, readonly string[]> } {
  const groups = new Set(site.releases.crds.flatMap(({ chart }) => GROUPS_OF[chartName(chart.value)] ?? []));
  const names = new Map<string, string[]>();
  for (const { url } of site.crds?.manifests?.value ?? []) {
    const [, group, plural] = /^([a-z0-9.]+)_([a-z0-9]+)\.yaml$/.exec(posix.basename(url?.value ?? '')) ?? [];
    if (group === undefined || plural === undefined) continue;
    groups.add(group);
    names.set(group, [...names.get(group) ?? [], plural]);
  }
  return { groups, names };
}

const OLD = 'monosense-io/k8s-gitops';

/** Flux reads our repository, each cluster its own folder; and the Flux instance is told the same as we check. */
export const fluxSource: Rule = (site, sources) => {
  const { flux } = site;
  if (flux === undefined) return;
  const { url, branch, path } = flux;
  if (url !== undefined) {
    if (url.value.includes(OLD)) sources.report(url.spot, 'flux-old-repository', `${url.value} is the repository this one replaces`, 'Flux would bring up the old platform; give the URL of this repository');
    else if (!/^(https:\/\/|ssh:\/\/git@)[^\s]+$/.test(url.value)) sources.report(url.spot, 'flux-url', `${url.value} is not a URL Flux can read`, 'https://... or ssh://git@...');
  }
  let ownFolder = false;
  if (path !== undefined) {
    if (!path.value.includes('{cluster}')) sources.report(path.spot, 'flux-path', `${path.value} is the same folder for every cluster`, 'did you mean kubernetes/clusters/{cluster}?');
    else if (posix.normalize(path.value).replace(/\/$/, '') !== 'kubernetes/clusters/{cluster}') sources.report(path.spot, 'flux-path', `${path.value} is not where the clusters' folders are`, 'did you mean kubernetes/clusters/{cluster}?');
    else ownFolder = true;
  }
  const values = 'kubernetes/infrastructure/gitops/flux-instance/app/values.yaml';
  const document = sources.yaml(values, { optional: true })?.[0];
  if (document === undefined) return;
  const same = (at: At<string> | undefined, want: string | undefined, what: string): void => {
    if (at === undefined || want === undefined || at.value === want) return;
    if (at.value.includes(OLD)) sources.report(at.spot, 'flux-old-repository', `${at.value} is the repository this one replaces`, `did you mean ${want}?`);
    else sources.report(at.spot, 'flux-differs', `the Flux instance's ${what} is ${at.value}, bootstrap says ${want}`, `did you mean ${want}?`);
  };
  same(textAt(document, 'instance', 'sync', 'url'), url?.value.includes(OLD) === true ? undefined : url?.value, 'url');
  same(textAt(document, 'instance', 'sync', 'ref'), branch === undefined ? undefined : `refs/heads/${branch.value}`, 'ref');
  // eslint-disable-next-line no-template-curly-in-string -- Flux's variable, not ours
  same(textAt(document, 'instance', 'sync', 'path'), ownFolder ? 'kubernetes/clusters/${CLUSTER}' : undefined, 'path');
  same(textAt(document, 'instance', 'distribution', 'version'), site.versions?.flux?.value, 'distribution');
};
