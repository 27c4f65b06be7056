import { posix } from 'node:path';
import type { Path } from '../../config/source.ts';
import { isUnknown, readable } from '../build/unknown.ts';
import type { Built, Found, Tree } from '../model.types.ts';
import { get, list, plain, text } from '../build/data.ts';
import type { Known, Lookup } from './lookup.ts';

/** A chart as a release asks for it. `at` is where the HelmRelease says so. */
export type Wanted = { readonly at: Path; readonly name: string; readonly url: string | undefined; readonly version: string | undefined; readonly valuesFiles: readonly string[]; readonly ignoreMissing: boolean } & (
  /** `exact`: the version is one, not a range of them. */
  | { readonly is: 'registry'; readonly url: string; readonly exact: boolean; readonly digest: string | undefined; readonly plainHttp: boolean }
  /** A folder of this repository. */
  | { readonly is: 'tree'; readonly folder: string }
  | { readonly is: 'unknown'; readonly because: string; readonly hint: string }
  | { readonly is: 'wrong'; readonly found: Found }
);

const NOTHING = { url: undefined, version: undefined, valuesFiles: [], ignoreMissing: false } as const;

/** The chart of a HelmRelease. */
export function wantedChart(lookup: Lookup, declared: Built): Wanted {
  const spec = plain(declared.object['spec']);
  const home = declared.object.metadata.namespace ?? '';
  const ref = plain(spec['chartRef']);
  const template = plain(get(spec, 'chart', 'spec'));
  if (text(ref['kind']) === undefined && text(template['chart']) === undefined) {
    return { is: 'wrong', at: ['spec'], name: '', ...NOTHING, found: { rule: 'chart-source-missing', built: declared, path: ['spec'], key: true, message: 'this HelmRelease names no chart', hint: 'add spec.chartRef (an OCIRepository or a HelmChart) or spec.chart' } };
  }
  if (text(ref['kind']) !== undefined) return byReference(lookup, declared, text(ref['kind']) ?? '', text(ref['namespace']) ?? home, text(ref['name']) ?? '');
  return byTemplate(lookup, declared, template, text(get(template, 'sourceRef', 'namespace')) ?? home, ['spec', 'chart', 'spec'], declared);
}

function byReference(lookup: Lookup, declared: Built, kind: string, namespace: string, name: string): Wanted {
  const path: Path = ['spec', 'chartRef'];
  if (isUnknown(name)) return { is: 'unknown', at: path, name: readable(name), ...NOTHING, because: `the name of its ${kind} hangs on a variable only the cluster knows`, hint: 'write the name out' };
  const source = lookup.find(kind, namespace, name);
  if (source === undefined) return missing(lookup, declared, [...path, 'name'], kind, namespace, name);
  if (kind === 'HelmChart') return byTemplate(lookup, declared, plain(source.object['spec']), namespace, path, source.built);
  if (kind === 'OCIRepository') return fromOci(source, path);
  return { is: 'unknown', at: path, name, ...NOTHING, because: `its chart is a ${kind}, which only a cluster has`, hint: 'nothing to do here; what this release makes is not checked' };
}

function fromOci({ object }: Known, path: Path): Wanted {
  const url = (text(get(object, 'spec', 'url')) ?? '').replace(/\/+$/, '');
  const name = posix.basename(url);
  const ref = plain(get(object, 'spec', 'ref'));
  const [tag = text(ref['tag'])] = (text(ref['tag']) ?? '').split('@').filter((part) => part !== '');
  const digest = text(ref['digest']) ?? /@(sha256:[0-9a-f]{64})$/.exec(text(ref['tag']) ?? '')?.[1];
  const range = digest === undefined ? text(ref['semver']) : undefined;
  const version = range ?? tag;
  return registry({ at: path, name, url, version, exact: digest !== undefined || (range === undefined && isExact(version)), digest, plainHttp: get(object, 'spec', 'insecure') === true, valuesFiles: [], ignoreMissing: false });
}

function byTemplate(lookup: Lookup, declared: Built, template: Readonly<Record<string, unknown>>, namespace: string, path: Path, home: Built | undefined): Wanted {
  const chart = text(template['chart']) ?? '';
  const version = text(template['version']) ?? '*';
  const kind = text(get(template, 'sourceRef', 'kind')) ?? '';
  const name = text(get(template, 'sourceRef', 'name')) ?? '';
  const parts = { at: path, name: posix.basename(chart), version, url: undefined, valuesFiles: list(template['valuesFiles']).filter((each) => typeof each === 'string'), ignoreMissing: template['ignoreMissingValuesFiles'] === true };
  if (isUnknown(name) || isUnknown(chart) || isUnknown(version)) return { is: 'unknown', ...parts, name: readable(parts.name), version: readable(version), because: 'its chart hangs on a variable only the cluster knows', hint: 'write the chart, its version and its source out' };
  const source = lookup.find(kind, namespace, name);
  if (kind === 'GitRepository' && isOurs(lookup.tree, namespace, name)) {
    const folder = posix.normalize(chart.replace(/^\/+/, ''));
    if (lookup.tree.texts.text(posix.join(folder, 'Chart.yaml')) !== undefined) return { is: 'tree', ...parts, folder };
    const place = home === declared ? { built: declared, path: [...path, 'chart'] } : { built: declared, path };
    return { is: 'wrong', ...parts, found: { rule: 'chart-source-missing', ...place, message: `there is no chart in ${folder}: ${folder}/Chart.yaml is missing`, hint: 'the path of a chart is relative to the root of the repository' } };
  }
  if (source === undefined) return missing(lookup, declared, home === declared ? [...path, 'sourceRef', 'name'] : path, kind, namespace, name);
  const url = (text(get(source.object, 'spec', 'url')) ?? '').replace(/\/+$/, '');
  if (kind !== 'HelmRepository') return { is: 'unknown', ...parts, url: url === '' ? undefined : url, because: `its chart lies in another ${kind === 'Bucket' ? 'place, a Bucket' : `repository${url === '' ? '' : `, ${readable(url)}`}`}`, hint: 'nothing to do here; what this release makes is not checked' };
  const oci = url.startsWith('oci://');
  return registry({ ...parts, url: oci ? `${url}/${chart}` : url, exact: isExact(version), digest: undefined, plainHttp: get(source.object, 'spec', 'insecure') === true });
}

function registry(parts: Omit<Extract<Wanted, { readonly is: 'registry' }>, 'is'>): Wanted {
  if (isUnknown(parts.url) || isUnknown(parts.version)) return { ...parts, is: 'unknown', name: readable(parts.name), url: readable(parts.url), version: parts.version === undefined ? undefined : readable(parts.version), because: 'its chart hangs on a variable only the cluster knows', hint: 'write the address and the version out' };
  return { ...parts, is: 'registry' };
}

function missing(lookup: Lookup, declared: Built, path: Path, kind: string, namespace: string, name: string): Wanted {
  const parts = { at: path, name, ...NOTHING };
  if (lookup.unseen !== undefined) return { is: 'unknown', ...parts, because: `its ${kind} ${namespace}/${name} is not in the tree (${lookup.unseen})`, hint: 'mend that first' };
  const other = lookup.ofKind(kind).find(({ object }) => object.metadata.name === name);
  const hint = other === undefined ? `add the ${kind}, or name one there is` : `there is one in namespace ${other.object.metadata.namespace ?? '(none)'}: add namespace there, or move it`;
  return { is: 'wrong', ...parts, found: { rule: 'chart-source-missing', built: declared, path, message: `there is no ${kind === '' ? 'source' : kind} ${namespace}/${name}, which this chart comes from`, hint } };
}

/** Whether a GitRepository is the one the tree itself comes from: folders of this repository are built from it. */
function isOurs(tree: Tree, namespace: string, name: string): boolean {
  return tree.units.some((unit) => {
    const ref = plain(get(unit.declared?.object, 'spec', 'sourceRef'));
    return unit.folder !== undefined && ref['kind'] === 'GitRepository' && ref['name'] === name && (text(ref['namespace']) ?? unit.namespace) === namespace;
  });
}

/** One version, as opposed to a range of them. */
export function isExact(version: string | undefined): boolean {
  return version !== undefined && /^v?\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:[+_][0-9A-Za-z.-]+)?$/.test(version);
}

/** Whether two texts name one version: with and without v, and with the + that registries keep as _. */
export function sameVersion(a: string, b: string): boolean {
  const plain = (version: string): string => version.replace(/^v/, '').replace('_', '+');
  return plain(a) === plain(b);
}
