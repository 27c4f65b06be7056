import { EXACT, chartName } from '../../../config/rules/versions.ts';
import type { Path } from '../../../config/source.ts';
import { at, fields, isHole, text } from '../../index/read.ts';
import type { Built, Tree, View } from '../../model.types.ts';
import { isFlux, keyOf, partsOf, spec } from '../flux/parts.ts';

/** Where a tree says which version of a chart it takes. */
export interface Pin {
  /** The HelmRelease, or the HelmChart. */
  readonly by: Built;
  readonly chart: string;
  /** `oci://...` of the chart; the URL of its repository otherwise; undefined when its source is not in the tree. */
  readonly url: string | undefined;
  readonly source: string;
  /** As it is written; undefined when nothing is. */
  readonly version: string | undefined;
  /** It is a digest, or another form that cannot change. */
  readonly fixed: boolean;
  readonly place: { readonly built: Built; readonly path: Path; readonly key?: true };
}

/** Exactly one version: not a range, and not what only the cluster knows. */
export function isExact(version: string): boolean {
  return EXACT.test(version.replace(/\+[0-9A-Za-z.-]+$/, ''));
}

/** The number alone: charts are tagged with and without a v. */
export function bare(version: string): string {
  return version.replace(/^[=v]+/, '').replace(/\+.*$/, '');
}

const known = new WeakMap<Tree, readonly Pin[]>();

/** Every chart a tree takes. Pins that only the cluster knows are left out. */
export function pinsOf(tree: Tree): readonly Pin[] {
  const before = known.get(tree);
  if (before !== undefined) return before;
  const sources = new Map(tree.objects.map((built) => [keyOf(built.object), built]));
  const pins = tree.objects.flatMap((built): readonly Pin[] => {
    if (isFlux(built.object, 'HelmRelease')) return [ofRelease(built, sources) ?? []].flat();
    return built.object.kind === 'HelmChart' && built.object.apiVersion.startsWith('source.toolkit.fluxcd.io/') ? [ofTemplate(built, ['spec'], built.object['spec'], sources) ?? []].flat() : [];
  });
  known.set(tree, pins);
  return pins;
}

function find(kind: string | undefined, name: string | undefined, namespace: string | undefined, sources: ReadonlyMap<string, Built>): Built | undefined {
  if (kind === undefined || name === undefined || namespace === undefined) return undefined;
  return sources.get(keyOf({ apiVersion: 'source.toolkit.fluxcd.io/v1', kind, metadata: { namespace, name } }));
}

function ofRelease(built: Built, sources: ReadonlyMap<string, Built>): Pin | undefined {
  const reference = fields(spec(built, 'chartRef'));
  if (spec(built, 'chart') !== undefined) return ofTemplate(built, ['spec', 'chart', 'spec'], spec(built, 'chart', 'spec'), sources);
  if (reference['kind'] !== 'OCIRepository') return undefined;
  const source = find('OCIRepository', text(reference['name']), text(reference['namespace']) ?? built.object.metadata.namespace, sources);
  const url = source === undefined ? undefined : text(spec(source, 'url'));
  if (source === undefined || url === undefined) return undefined;
  const [tag, semver, digest] = ['tag', 'semver', 'digest'].map((key) => spec(source, 'ref', key));
  if ([tag, semver, digest].some(isHole)) return undefined;
  const written = semver ?? tag;
  const part = semver !== undefined ? 'semver' : tag !== undefined ? 'tag' : 'digest';
  const place = written === undefined && digest === undefined ? { built: source, path: ['spec', 'url'] } : { built: source, path: ['spec', 'ref', part] };
  return { by: built, chart: chartName(url), url, source: `OCIRepository ${source.object.metadata.name}`, version: text(written), fixed: digest !== undefined, place };
}

function ofTemplate(built: Built, path: Path, template: unknown, sources: ReadonlyMap<string, Built>): Pin | undefined {
  const chart = text(at(template, 'chart'));
  const version = at(template, 'version');
  const kind = text(at(template, 'sourceRef', 'kind'));
  if (chart === undefined || isHole(version)) return undefined;
  const source = find(kind, text(at(template, 'sourceRef', 'name')), text(at(template, 'sourceRef', 'namespace')) ?? built.object.metadata.namespace, sources);
  const url = source === undefined ? undefined : text(spec(source, 'url'));
  if (kind === 'HelmRepository') {
    const place = version === undefined ? { built, path: [...path, 'chart'] } : { built, path: [...path, 'version'] };
    return { by: built, chart: chartName(chart), url: url?.startsWith('oci://') === true ? `${url.replace(/\/$/, '')}/${chart}` : url, source: `HelmRepository ${source?.object.metadata.name ?? ''}`, version: text(version), fixed: false, place };
  }
  // A folder of a Git repository is pinned by what that is pinned to; the version beside it is not looked at.
  const ref = source === undefined || kind !== 'GitRepository' ? undefined : fields(spec(source, 'ref'));
  if (source === undefined || ref === undefined || Object.values(ref).some(isHole)) return undefined;
  const part = ['commit', 'tag', 'semver', 'name', 'branch'].find((key) => ref[key] !== undefined);
  const written = part === undefined ? undefined : text(ref[part]);
  return {
    by: built, chart: chartName(chart), url, source: `GitRepository ${source.object.metadata.name}`, version: part === 'tag' || part === 'semver' ? written : part === undefined ? undefined : `${part} ${written ?? ''}`,
    fixed: part === 'commit' || part === 'tag' || written?.startsWith('refs/tags/') === true, place: part === undefined ? { built: source, path: ['spec', 'url'] } : { built: source, path: ['spec', 'ref', part] },
  };
}

/** Sources that Kustomizations build from: what the tree itself is delivered by moves on purpose. */
export function deliveries(view: View): ReadonlySet<string> {
  const { kustomizations } = partsOf(view);
  return new Set([...kustomizations.values()].flatMap(({ built }) => {
    const [kind, name] = [text(spec(built, 'sourceRef', 'kind')), text(spec(built, 'sourceRef', 'name'))];
    const namespace = text(spec(built, 'sourceRef', 'namespace')) ?? built.object.metadata.namespace;
    return kind === undefined || name === undefined || namespace === undefined ? [] : [keyOf({ apiVersion: 'source.toolkit.fluxcd.io/v1', kind, metadata: { namespace, name } })];
  }));
}
