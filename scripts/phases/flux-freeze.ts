import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../engine/failure.ts';
import type { KubeObject } from '../config/cluster.ts';
import type { KindRef } from '../tools/doors.ts';
import { writePrivate } from '../tools/files.ts';
import { KINDS } from '../tools/kinds.ts';
import type { Cx } from './context.ts';

/** What was suspended by us, so that resuming wakes nothing that somebody else had put to sleep. */
export interface Frozen { readonly format: 1; readonly cluster: string; readonly at: string; readonly objects: readonly FrozenObject[] }
export interface FrozenObject { readonly kind: 'FluxInstance' | 'Kustomization' | 'HelmRelease'; readonly namespace: string; readonly name: string }

/** flux-operator leaves an instance alone that says so (its annotation); else it would put its root Kustomization right again. */
const RECONCILE = 'fluxcd.controlplane.io/reconcile';
/** What owns the others first, or it would undo the rest. */
const ORDER = ['FluxInstance', 'Kustomization', 'HelmRelease'] as const;

/**
 * Suspends Flux: the instance, every Kustomization, every HelmRelease that is not suspended yet. What is about to be changed is
 * written down before it is. Nothing is pruned by it. Answers what is frozen by us now.
 */
export async function suspendFlux(cx: Cx): Promise<readonly FrozenObject[]> {
  const awake: FrozenObject[] = [];
  for (const kind of ORDER) {
    const { items } = await cx.looking.kube.list(KINDS[kind]);
    for (const item of items) if (!isAsleep(kind, item)) awake.push({ kind, namespace: item.metadata.namespace ?? '', name: item.metadata.name });
  }
  const before = readFrozen(cx)?.objects ?? [];
  const frozen = [...before, ...awake.filter((object) => !before.some((other) => same(object, other)))];
  if (!cx.dryRun) await remember(cx, frozen);
  for (const object of awake) await cx.doors.kube.patch(kindOf(object), object.name, object.namespace, sleep(object.kind, true));
  return frozen;
}

/** Resumes what `suspendFlux` suspended, in the opposite order; what is gone by now is left out. Answers what was resumed. */
export async function resumeFlux(cx: Cx): Promise<readonly FrozenObject[]> {
  const frozen = readFrozen(cx)?.objects ?? [];
  const resumed: FrozenObject[] = [];
  for (const kind of ORDER.toReversed()) {
    const mine = frozen.filter((object) => object.kind === kind);
    if (mine.length === 0) continue;
    const { items } = await cx.looking.kube.list(KINDS[kind]);
    for (const object of mine) {
      const found = items.find((item) => item.metadata.name === object.name && (item.metadata.namespace ?? '') === object.namespace);
      if (found === undefined || !isAsleep(kind, found)) continue;
      await cx.doors.kube.patch(kindOf(object), object.name, object.namespace, sleep(kind, false));
      resumed.push(object);
    }
  }
  if (!cx.dryRun) forgetFrozen(cx);
  return resumed;
}

/** What is suspended in the cluster, whoever did it. */
export async function asleep(cx: Cx): Promise<readonly FrozenObject[]> {
  const found = await Promise.all(ORDER.map(async (kind) => {
    const { items } = await cx.looking.kube.list(KINDS[kind]);
    return items.filter((item) => isAsleep(kind, item)).map((item) => ({ kind, namespace: item.metadata.namespace ?? '', name: item.metadata.name }));
  }));
  return found.flat();
}

/** What an earlier run wrote down, or undefined. A damaged file is a Failure (75): nobody knows then what to wake. */
export function readFrozen(cx: Pick<Cx, 'clusterDir' | 'cluster'>): Frozen | undefined {
  const file = fileOf(cx);
  if (!existsSync(file)) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw damaged(cx, file, error);
  }
  if (isFrozen(parsed)) return parsed;
  throw damaged(cx, file, undefined);
}

/** A destroyed cluster has nothing to be resumed. */
export function forgetFrozen(cx: Pick<Cx, 'clusterDir'>): void {
  rmSync(fileOf(cx), { force: true });
}

/** "Kustomization flux-system/apps" */
export function describe(object: FrozenObject): string {
  return `${object.kind} ${object.namespace}/${object.name}`;
}

async function remember(cx: Cx, objects: readonly FrozenObject[]): Promise<void> {
  const frozen: Frozen = { format: 1, cluster: cx.cluster.name, at: new Date(cx.clock.now()).toISOString(), objects };
  await writePrivate(fileOf(cx), `${JSON.stringify(frozen, undefined, 2)}\n`);
}

function fileOf(cx: Pick<Cx, 'clusterDir'>): string { return join(cx.clusterDir, 'suspended.json'); }
function kindOf(object: FrozenObject): KindRef { return KINDS[object.kind]; }
function same(a: FrozenObject, b: FrozenObject): boolean { return a.kind === b.kind && a.namespace === b.namespace && a.name === b.name; }

function isAsleep(kind: FrozenObject['kind'], object: KubeObject): boolean {
  if (kind === 'FluxInstance') return object.metadata.annotations?.[RECONCILE] === 'disabled';
  const spec = object['spec'];
  return typeof spec === 'object' && spec !== null && 'suspend' in spec && spec.suspend === true;
}

function sleep(kind: FrozenObject['kind'], on: boolean): unknown {
  if (kind === 'FluxInstance') return { metadata: { annotations: { [RECONCILE]: on ? 'disabled' : 'enabled' } } };
  return { spec: { suspend: on } };
}

function damaged(cx: Pick<Cx, 'cluster'>, file: string, cause: unknown): Failure {
  return new Failure({
    exit: 'rerun', what: `${file} is damaged, so it is not known what of ${cx.cluster.name} was suspended by this program`,
    hint: `task flux:status CLUSTER=${cx.cluster.name} shows what is suspended; remove the file and resume by hand what should run`, cause,
  });
}

function isFrozen(value: unknown): value is Frozen {
  return isObject(value) && value['format'] === 1 && typeof value['cluster'] === 'string' && typeof value['at'] === 'string' && Array.isArray(value['objects']) && value['objects'].every((each: unknown) =>
    isObject(each) && ORDER.some((kind) => kind === each['kind']) && typeof each['namespace'] === 'string' && typeof each['name'] === 'string');
}
function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
