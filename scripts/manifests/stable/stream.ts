import type { KubeObject } from '../../config/cluster.ts';
import type { Json } from '../../engine/outcome.ts';
import { at, idOf, isFields } from '../../health/objects.ts';
import { readable } from '../build/index.ts';
import { isUnknown } from '../index/read.ts';
import type { Built, Release, Tree, Unit } from '../model.types.ts';
import { masked, withoutSecrets } from './mask.ts';
import { applyOrder, unitsInOrder } from './order.ts';
import { keyOrder, stableYaml } from './yaml.ts';

/** What one Kustomization or chart brings, without values of Secrets, in the order it is applied. */
export interface Part {
  readonly cluster: string;
  readonly entry: string;
  /** `Kustomization namespace/name`, `HelmRelease namespace/name`. */
  readonly id: string;
  /** Its folder, or its chart with the version. */
  readonly from: string;
  readonly suspended: boolean;
  /** Why nothing of it is here: it lies in another source, its chart could not be rendered. */
  readonly absent: string | undefined;
  readonly objects: readonly KubeObject[];
  /** How many of them show the names of variables instead of values: those are secret, or only the cluster knows them. */
  readonly unshown: number;
}

/** Parts of trees in apply order: a Kustomization, then what its releases render. `releases` by tree; none when charts are not asked for. */
export function partsOf(tree: Tree, releases: readonly Release[] | undefined, asks: (unit: Unit) => boolean): readonly Part[] {
  const of = { cluster: tree.name, entry: tree.entry };
  return unitsInOrder(tree).filter(asks).flatMap((unit): readonly Part[] => [
    {
      ...of, id: `Kustomization ${unit.namespace}/${unit.name}`, from: unit.folder === '' ? '.' : unit.folder ?? String(at(unit.declared?.object['spec'], 'path') ?? ''), suspended: unit.suspended,
      absent: unit.folder === undefined ? 'it lies in another source' : undefined, ...inOrder(unit.objects, tree),
    },
    ...(releases ?? []).filter(({ declared }) => declared.unit === unit).toSorted((a, b) => applyOrder(a.declared.object, b.declared.object)).map((release): Part => ({
      ...of, id: idOf(release.declared.object), from: [release.chart.name, release.chart.version ?? ''].join(' ').trim(), suspended: at(release.declared.object['spec'], 'suspend') === true,
      absent: release.rendered === undefined ? release.unknown ?? 'its chart could not be rendered' : undefined, ...inOrder(release.rendered ?? [], tree),
    })),
  ]);
}

function inOrder(built: readonly Built[], { texts }: Tree): Pick<Part, 'objects' | 'unshown'> {
  const shown = built.map((each) => ({ each, object: withoutSecrets(each, texts) }));
  return { objects: shown.map(({ object }) => masked(object)).toSorted(applyOrder), unshown: shown.filter(({ each, object }) => object !== each.object || isUnknown(object)).length };
}

/** Everything as one YAML text: a comment for each part, a document for each object. The same bytes whenever the same is built. */
export function yamlOf(parts: readonly Part[]): string {
  const several = new Set(parts.map((part) => part.cluster)).size > 1;
  const out: string[] = [];
  parts.forEach((part, index) => {
    if (several && part.cluster !== parts[index - 1]?.cluster) out.push(`# Cluster ${part.cluster} (${part.entry})\n`);
    out.push(`# ${readable(part.id)} (${readable(part.from)})${part.suspended ? ', suspended' : ''}${part.absent === undefined ? '' : `: not here, ${readable(part.absent).replaceAll('\n', ' ')}`}\n`);
    for (const object of part.objects) out.push('---\n', readable(stableYaml(object)));
  });
  return out.join('');
}

/** The same as plain data. */
export function jsonOf(parts: readonly Part[]): Json {
  return [...Map.groupBy(parts, (part) => part.cluster)].map(([cluster, list]): Json => ({
    cluster, entry: list[0]?.entry ?? '',
    parts: list.map((part): Json => ({
      id: readable(part.id), from: readable(part.from), suspended: part.suspended, absent: part.absent === undefined ? null : readable(part.absent),
      objects: part.objects.map((object): Json => inKeyOrder(object)),
    })),
  }));
}

/** Keys in the order YAML has them, and variables nobody here knows by their name. */
function inKeyOrder(value: unknown): Json {
  if (Array.isArray(value)) return value.map(inKeyOrder);
  if (isFields(value)) return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => keyOrder(a, b)).map(([key, each]) => [readable(key), inKeyOrder(each)]));
  return typeof value === 'string' ? readable(value) : typeof value === 'number' || typeof value === 'boolean' ? value : null;
}
