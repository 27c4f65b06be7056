/** Faults of the lab that show in Flux objects. */
import type { ControllerContext, KubeObject } from '../../world/types.ts';
import { at, list, plain, text } from '../../catalog/data.ts';
import { ChartNotFound, findChart } from '../../catalog/charts.ts';
import { befalls, faultsOf } from '../faults/befalls.ts';
import { isKind } from '../runtime.ts';

/** The objects of a Kustomization as its files would say them under the faults that are about what is in Git. */
export function asInGit(cx: ControllerContext, objects: KubeObject[]): KubeObject[] { return withoutVariables(cx, withCycle(cx, objects)); }

/** The circle each fault has closed. */
const circles = new WeakMap<object, string>();

/**
 * With the fault dependency-cycle on, the tree in Git reads as if somebody had closed a circle: a Kustomization also
 * depends on one that depends on it. The fault's object may name it (`namespace/name`); otherwise the first pair counts.
 */
function withCycle(cx: ControllerContext, objects: KubeObject[]): KubeObject[] {
  const fault = cx.faults.active('dependency-cycle', cx.cluster);
  if (fault === undefined) return objects;
  const kustomizations = objects.filter((object) => isKind(object, 'kustomize.toolkit.fluxcd.io/Kustomization'));
  const name = (object: KubeObject): string => object.metadata.name;
  const names = new Set(kustomizations.map(name));
  const pairs = kustomizations.flatMap((object) => list(at(object.spec, 'dependsOn')).map((entry) => text(plain(entry)['name']) ?? '').filter((needed) => names.has(needed)).map((needed) => ({ needed, needs: name(object) })));
  const wanted = fault.object?.split('/').at(-1);
  const pair = pairs.find(({ needed, needs }) => wanted === undefined || wanted === needed || wanted === needs);
  // Several Kustomizations bring Kustomizations: one circle is the fault, not one in each.
  const chosen = pair === undefined ? undefined : `${pair.needed} ${pair.needs}`;
  if (pair === undefined || chosen === undefined || (circles.get(fault) ?? chosen) !== chosen) return objects;
  circles.set(fault, chosen);
  return objects.map((object) => (kustomizations.includes(object) && name(object) === pair.needed
    ? { ...object, spec: { ...object.spec, dependsOn: [...list(at(object.spec, 'dependsOn')), { name: pair.needs }] } } : object));
}

/** Variables that a fault took out of cluster-settings. */
export function missingVariables(cx: ControllerContext): ReadonlySet<string> {
  return new Set(faultsOf(cx, 'substitution-variable-missing').flatMap((fault) => (fault.object === undefined ? [] : [fault.object])));
}
function withoutVariables(cx: ControllerContext, objects: KubeObject[]): KubeObject[] {
  const missing = missingVariables(cx);
  if (missing.size === 0) return objects;
  return objects.map((object) => (isKind(object, '/ConfigMap') && object.metadata.name === 'cluster-settings'
    ? { ...object, data: Object.fromEntries(Object.entries(object.data ?? {}).filter(([name]) => !missing.has(name))) } : object));
}

/** How kustomize says that a file is no YAML; undefined while the files of this Kustomization are as they should be. */
export function unreadableFile(cx: ControllerContext, object: KubeObject): string | undefined {
  if (!befalls(cx, 'kustomize-build-error', object)) return undefined;
  return `kustomize build failed: accumulating resources: accumulation err='accumulating resources from 'app.yaml': MalformedYAMLError: yaml: line 12: mapping values are not allowed in this context in File: app.yaml': must build at directory: not a valid directory`;
}

/**
 * With the fault release-drifts on, a release that is installed anew comes as the version after the one in Git; one that runs already
 * stays what it is.
 */
export function driftedVersion(cx: ControllerContext, object: KubeObject, wanted: { readonly chart: string; readonly version: string }, deployed: string | undefined): string {
  const next = wanted.version.replace(/\d+$/, (patch) => String(Number(patch) + 1));
  if (!befalls(cx, 'release-drifts', object) || (deployed !== undefined && deployed !== next)) return wanted.version;
  try { findChart(wanted.chart, next); } catch (error) {
    if (error instanceof ChartNotFound) return wanted.version;
    throw error;
  }
  return next;
}

/** The fault that stalls a HelmRelease, when it is about this one. */
export function stallFault(cx: ControllerContext, object: KubeObject): boolean { return befalls(cx, 'helmrelease-stalled', object); }
