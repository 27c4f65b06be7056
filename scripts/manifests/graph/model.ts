import { parseDuration } from '../../config/duration.ts';
import { at, fields, id, items, text } from '../../health/objects.ts';
import { groupOf, kindKey, kindOf } from '../index/read.ts';
import type { Built, Release, Tree, Unit } from '../model.types.ts';

/** A Flux Kustomization, a HelmRelease, or something waited for that is nowhere. */
export interface Node {
  /** `Kustomization namespace/name`, `HelmRelease namespace/name`. */
  readonly id: string;
  readonly kind: 'unit' | 'release' | 'missing';
  readonly namespace: string;
  readonly name: string;
  /** The folder it builds, or its chart with the version. */
  readonly makes: string;
  /** How long it may take before its controller calls it failed, ms. */
  readonly timeoutMs: number;
  /** The Kustomization whose objects it is one of; undefined for the entry. */
  readonly parent: string | undefined;
  /** It is Ready only when these are. */
  readonly waitsFor: readonly string[];
  readonly suspended: boolean;
  readonly broken: boolean;
  readonly built: Built | undefined;
}

/** `from` needs `to`: dependsOn of a Kustomization or a release, or the definition of a kind that `to` brings. */
export interface Edge { readonly from: string; readonly to: string; readonly kind: 'dependsOn' | 'definition'; /** The kinds `to` defines. */ readonly kinds: readonly string[] }

/** What one cluster is made of, and what waits for what. */
export interface Graph {
  readonly name: string;
  readonly entry: string;
  readonly nodes: ReadonlyMap<string, Node>;
  readonly edges: readonly Edge[];
  /** Releases whose chart could not be looked into: which definitions they bring is not known. */
  readonly unseen: readonly string[];
}

const MINUTE = 60_000;
/** What Helm's controller gives a release that does not say. */
const RELEASE_TIMEOUT = 5 * MINUTE;
/** What a Kustomization has when it says neither timeout nor interval. */
const UNIT_TIMEOUT = 5 * MINUTE;
const HELM = 'helm.toolkit.fluxcd.io/HelmRelease';

/** The graph of a tree. `releases` may be empty: then nothing is known of what charts define. Pure. */
export function graphOf(tree: Tree, releases: readonly Release[]): Graph {
  const nodes = new Map<string, Node>();
  const charts = new Map(releases.map((release) => [release.declared, release]));
  for (const unit of tree.units) add(nodes, unitNode(unit));
  for (const built of tree.objects) if (kindOf(built.object) === HELM && built.release === undefined) add(nodes, releaseNode(built, tree, charts.get(built)));
  const edges: Edge[] = [];
  const declared = [...nodes.values()];
  for (const node of declared) {
    for (const to of dependencies(node)) {
      if (!nodes.has(to)) nodes.set(to, missing(to));
      if (to !== node.id) edges.push({ from: node.id, to, kind: 'dependsOn', kinds: [] });
    }
  }
  edges.push(...definitionEdges(tree, releases, nodes));
  const unseen = [...nodes.values()].filter((node) => node.kind === 'release' && (node.built === undefined || charts.get(node.built)?.rendered === undefined)).map((node) => node.id);
  return { name: tree.name, entry: tree.entry, nodes, edges, unseen };
}

function add(nodes: Map<string, Node>, node: Node): void {
  // Declared twice, the first counts: a rule says that there is another.
  if (!nodes.has(node.id)) nodes.set(node.id, node);
}

export const unitId = (unit: Pick<Unit, 'name' | 'namespace'>): string => id('Kustomization', unit.name, unit.namespace);
const releaseId = (built: Built): string => id('HelmRelease', built.object.metadata.name, built.object.metadata.namespace);

function unitNode(unit: Unit): Node {
  const spec = fields(unit.declared?.object['spec']);
  return {
    id: unitId(unit), kind: 'unit', namespace: unit.namespace, name: unit.name, makes: unit.folder ?? text(spec['path']) ?? '',
    timeoutMs: ms(spec['timeout']) ?? ms(spec['interval']) ?? UNIT_TIMEOUT, parent: unit.parent === undefined ? undefined : unitId(unit.parent),
    waitsFor: waitedFor(unit), suspended: unit.suspended, broken: unit.broken, built: unit.declared,
  };
}

/** With `wait` all it applies; else what its health checks name. */
function waitedFor(unit: Unit): readonly string[] {
  const spec = fields(unit.declared?.object['spec']);
  if (spec['wait'] === true) return unit.objects.flatMap((built) => (isFlux(built) ? [id(built.object.kind, built.object.metadata.name, built.object.metadata.namespace)] : []));
  return items(spec['healthChecks']).flatMap((each) => {
    const [kind, name] = [text(at(each, 'kind')), text(at(each, 'name'))];
    return (kind === 'Kustomization' || kind === 'HelmRelease') && name !== undefined ? [id(kind, name, text(at(each, 'namespace')))] : [];
  });
}
const isFlux = ({ object }: Built): boolean => kindOf(object) === HELM || kindOf(object) === 'kustomize.toolkit.fluxcd.io/Kustomization';

function releaseNode(built: Built, tree: Tree, release: Release | undefined): Node {
  const { object } = built;
  return {
    id: releaseId(built), kind: 'release', namespace: object.metadata.namespace ?? '', name: object.metadata.name, makes: chartOf(built, tree, release),
    timeoutMs: ms(at(object['spec'], 'timeout')) ?? RELEASE_TIMEOUT, parent: unitId(built.unit), waitsFor: [],
    suspended: at(object['spec'], 'suspend') === true, broken: false, built,
  };
}

/** `chart version`, as far as the tree says. */
function chartOf({ object }: Built, tree: Tree, release: Release | undefined): string {
  if (release !== undefined) return [release.chart.name, release.chart.version ?? ''].join(' ').trim();
  const ref = fields(at(object['spec'], 'chartRef'));
  const name = text(ref['name']);
  if (name === undefined) return [text(at(object['spec'], 'chart', 'spec', 'chart')) ?? '', text(at(object['spec'], 'chart', 'spec', 'version')) ?? ''].join(' ').trim();
  const source = tree.objects.find((each) => each.object.kind === ref['kind'] && each.object.metadata.name === name && each.object.metadata.namespace === (text(ref['namespace']) ?? object.metadata.namespace));
  const url = text(at(source?.object['spec'], 'url'));
  return [url?.split('/').at(-1) ?? name, text(at(source?.object['spec'], 'ref', 'tag')) ?? text(at(source?.object['spec'], 'ref', 'semver')) ?? ''].join(' ').trim();
}

/** Ids of spec.dependsOn; a name without a namespace is in its own. */
function dependencies(node: Node): readonly string[] {
  const kind = node.kind === 'release' ? 'HelmRelease' : 'Kustomization';
  return [...new Set(items(at(node.built?.object['spec'], 'dependsOn')).flatMap((each) => {
    const name = text(at(each, 'name'));
    return name === undefined ? [] : [id(kind, name, text(at(each, 'namespace')) ?? node.namespace)];
  }))];
}

function missing(of: string): Node {
  const [, path = ''] = of.split(' ');
  const [namespace, name] = path.includes('/') ? path.split('/', 2) : ['', path];
  return { id: of, kind: 'missing', namespace: namespace ?? '', name: name ?? '', makes: '', timeoutMs: 0, parent: undefined, waitsFor: [], suspended: false, broken: false, built: undefined };
}

/** Who brings the definition of each kind that is used. */
function definitionEdges(tree: Tree, releases: readonly Release[], nodes: ReadonlyMap<string, Node>): readonly Edge[] {
  const brings = new Map<string, Set<string>>();
  const put = (definition: Readonly<Record<string, unknown>>, by: string): void => {
    const [group, kind] = [text(at(definition['spec'], 'group')), text(at(definition['spec'], 'names', 'kind'))];
    if (group === undefined || kind === undefined) return;
    const key = kindKey(group, kind);
    (brings.get(key) ?? brings.set(key, new Set()).get(key) ?? new Set()).add(by);
  };
  for (const built of tree.objects) if (built.object.kind === 'CustomResourceDefinition') put(built.object, unitId(built.unit));
  for (const release of releases) for (const definition of release.crds) put(definition, releaseId(release.declared));
  const edges = new Map<string, Set<string>>();
  const use = (from: string, object: { readonly apiVersion: string; readonly kind: string }): void => {
    const providers = brings.get(kindKey(groupOf(object.apiVersion), object.kind)) ?? new Set();
    // Who brings it himself, or applies who brings it, waits for nobody else.
    if (providers.has(from)) return;
    for (const to of providers) {
      if (nodes.get(to)?.parent === from) continue;
      const key = `${from}\n${to}`;
      (edges.get(key) ?? edges.set(key, new Set()).get(key) ?? new Set()).add(object.kind);
    }
  };
  for (const built of tree.objects) use(unitId(built.unit), built.object);
  for (const release of releases) for (const built of release.rendered ?? []) use(releaseId(release.declared), built.object);
  return [...edges].map(([key, kinds]): Edge => {
    const [from = '', to = ''] = key.split('\n');
    return { from, to, kind: 'definition', kinds: [...kinds].toSorted() };
  });
}

function ms(value: unknown): number | undefined {
  const written = text(value);
  if (written === undefined) return undefined;
  // Go writes fractions and ms too; they are rare and small.
  return parseDuration(written) ?? (/^\d+(?:\.\d+)?s$/.test(written) ? Math.round(Number(written.slice(0, -1)) * 1000) : undefined);
}
