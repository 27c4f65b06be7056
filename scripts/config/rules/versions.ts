import { createHash } from 'node:crypto';
import { listIn, textAt } from '../data.ts';
import type { At, Report } from '../source.ts';
import { meant } from '../words.ts';
import type { VersionKey, WrittenSite, WrittenVersions } from '../written.ts';
import type { Rule } from './rule.ts';

/** A version that means one thing for ever, as charts and tools are pinned. */
export const EXACT = /^v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;
const PATCH_LINE = /^\d+\.\d+\.(\d+|x)$/;

/** Reports a version that is not exact; answers whether it is. */
function exact(version: At<string>, what: string, report: Report): boolean {
  if (EXACT.test(version.value)) return true;
  report(version.spot, 'version-pin', `${what} ${version.value} is not an exact version`, 'ranges and latest make two runs of one commit different; pin it like 1.18.3');
  return false;
}

/** bootstrap/versions.yaml holds exact versions. Flux's distribution may be a patch line: its operator follows patches. */
export const pins: Rule = (site, { report }) => {
  const { versions } = site;
  if (versions === undefined) return;
  for (const [name, version] of named(versions)) {
    if (name !== 'flux') exact(version, name, report);
    else if (!PATCH_LINE.test(version.value)) report(version.spot, 'version-pin', `flux ${version.value} is neither an exact version nor a patch line`, 'pin it like 2.9.x');
  }
  for (const { key, value } of [...versions.charts ?? [], ...versions.tools ?? []]) exact(value, key.value, report);
  const used = new Set([...site.releases.crds, ...site.releases.core].map(({ chart }) => chartName(chart.value)));
  for (const { key } of versions.charts ?? []) {
    if (site.releases.crds.length > 0 && !used.has(key.value)) report(key.spot, 'version-unused', `no release uses the chart ${key.value}`, meant(key.value, used, 'remove it'));
  }
};

function named(versions: WrittenVersions): readonly (readonly [VersionKey, At<string>])[] {
  return (Object.keys(CHART_OF) as VersionKey[]).flatMap((key) => (versions[key] === undefined ? [] : [[key, versions[key]] as const]));
}

/** Which chart each named version is of; empty: not a chart. */
const CHART_OF: Readonly<Record<VersionKey, string>> = {
  talos: '', kubernetes: '', cilium: 'cilium', coredns: 'coredns', certManager: 'cert-manager', externalSecrets: 'external-secrets',
  flux: '', fluxOperator: 'flux-operator', fluxInstance: 'flux-instance', gatewayAPI: '',
};

/** A chart's own name: the last part of `oci://...` or of `<repository>/<chart>`. */
export function chartName(chart: string): string {
  return chart.split('/').at(-1) ?? chart;
}

/** The version decided for a chart, and what it is called in versions.yaml. */
function decided(site: WrittenSite, chart: string): { readonly key: string; readonly version: At<string> } | undefined {
  const { versions } = site;
  const own = versions === undefined ? undefined : named(versions).find(([key]) => CHART_OF[key] === chart);
  if (own !== undefined) return { key: own[0], version: own[1] };
  const other = versions?.charts?.find(({ key }) => key.value === chart);
  return other === undefined ? undefined : { key: `charts.${chart}`, version: other.value };
}

function compare(site: WrittenSite, chart: string, written: At<string>, required: boolean, report: Report): void {
  if (!exact(written, chart, report)) return;
  const want = decided(site, chart);
  if (want === undefined) {
    if (required && site.versions !== undefined && !Object.values(CHART_OF).includes(chart)) report(written.spot, 'version-undecided', `${chart} ${written.value} is not in bootstrap/versions.yaml`, `add it there below charts: ${chart}: ${written.value}`);
    return;
  }
  if (want.version.value !== written.value && EXACT.test(want.version.value)) {
    report(written.spot, 'version-differs', `${chart} is ${written.value} here, but ${want.key} is ${want.version.value} (${want.version.spot.file}:${want.version.spot.line})`, 'CRDs, bootstrap and Flux must agree, or the handover upgrades what was just installed');
  }
}

/** Releases of helmfile.d have the version of bootstrap/versions.yaml. */
export const releasePins: Rule = (site, { report }) => {
  for (const release of [...site.releases.crds, ...site.releases.core]) compare(site, chartName(release.chart.value), release.version, true, report);
};

/** Charts in the Flux tree are pinned, and equal to bootstrap/versions.yaml where that decides. */
export const treePins: Rule = (site, { report }) => {
  for (const { objects } of site.trees) {
    for (const { document, kind, name } of objects) {
      if (kind === 'OCIRepository') {
        const tag = textAt(document, 'spec', 'ref', 'tag');
        const url = textAt(document, 'spec', 'url');
        if (tag === undefined) report(document.spotAt(['spec', 'url']), 'version-pin', `OCIRepository ${name} has no tag`, 'add spec.ref.tag with an exact version');
        else if (url !== undefined) compare(site, chartName(url.value), tag, false, report);
      }
      if (kind === 'HelmRelease') {
        const chart = textAt(document, 'spec', 'chart', 'spec', 'chart');
        const version = textAt(document, 'spec', 'chart', 'spec', 'version');
        if (chart !== undefined && version === undefined) report(chart.spot, 'version-pin', `HelmRelease ${name} has no chart version`, 'add spec.chart.spec.version with an exact version');
        else if (chart !== undefined && version !== undefined) compare(site, chart.value, version, false, report);
      }
    }
  }
};

/** The digest the image factory knows a schematic by: of its canonical YAML, fields in the factory's order, four spaces. */
export function schematicId(data: unknown): string {
  const args = listIn(data, 'customization', 'extraKernelArgs').map(String);
  const extensions = listIn(data, 'customization', 'systemExtensions', 'officialExtensions').map(String);
  const lines = [
    ...(args.length === 0 ? [] : ['    extraKernelArgs:', ...args.map((each) => `        - ${each}`)]),
    ...(extensions.length === 0 ? [] : ['    systemExtensions:', '        officialExtensions:', ...extensions.map((each) => `            - ${each}`)]),
  ];
  const text = lines.length === 0 ? 'customization: {}\n' : ['customization:', ...lines, ''].join('\n');
  return createHash('sha256').update(text).digest('hex');
}

/** The installer image carries our schematic and our Talos version: another one would lack drivers or extensions. */
export const installerImage: Rule = (site, { report }) => {
  for (const documents of site.patches.values()) {
    for (const document of documents) {
      const image = textAt(document, 'machine', 'install', 'image');
      if (image === undefined || site.versions?.talos === undefined || site.schematic === undefined) continue;
      const id = schematicId(site.schematic.data);
      const version = site.versions.talos.value.replace(/^v?/, 'v');
      const match = /^factory\.talos\.dev\/metal-installer\/([0-9a-f]{64}):(v[\d.]+)$/.exec(image.value);
      const want = `factory.talos.dev/metal-installer/${id}:${version}`;
      if (match === null) report(image.spot, 'installer-image', 'the installer image is not one of the factory with id and version', `did you mean ${want}?`);
      else if (match[2] !== version) report(image.spot, 'installer-version', `the installer is Talos ${match[2] ?? ''}, bootstrap/versions.yaml says ${version}`, `did you mean ${want}?`);
      else if (match[1] !== id) report(image.spot, 'installer-schematic', 'the installer image is not of talos/schematic.yaml', `its id is ${id}`);
    }
  }
};
