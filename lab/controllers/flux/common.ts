/** What all of Flux's controllers do alike: conditions, intervals, requests by annotation, which controller must be up. */
import type { ControllerContext, KubeObject, Ref } from '../../world/types.ts';
import { at, conditionOf, duration, list, plain, refOf, text, withConditions, type Condition, type Plain } from '../../catalog/data.ts';
import type { ClusterAccess } from '../../catalog/install.ts';
import { selectsAll } from './select.ts';

export const SOURCE = 'source.toolkit.fluxcd.io/v1';
export const KUSTOMIZE = 'kustomize.toolkit.fluxcd.io/v1';
export const HELM = 'helm.toolkit.fluxcd.io/v2';
export const REQUESTED = 'reconcile.fluxcd.io/requestedAt';
export const FINALIZER = 'finalizers.fluxcd.io';

/** Is the Deployment of this Flux component available? Nobody reconciles while it is not. */
export function componentUp(cx: ControllerContext, component: string): boolean {
  return cx.store.list('apps/v1', 'Deployment').some((deployment) => deployment.metadata.name === component && deployment.metadata.labels?.['app.kubernetes.io/part-of'] === 'flux'
    && conditionOf(deployment, 'Available')?.['status'] === 'True');
}
export function deploymentUp(cx: ControllerContext, labels: Readonly<Record<string, string>>): boolean {
  return cx.store.list('apps/v1', 'Deployment').some((deployment) => selectsAll(labels, deployment.metadata.labels) && conditionOf(deployment, 'Available')?.['status'] === 'True');
}

export function suspended(object: KubeObject): boolean { return at(object.spec, 'suspend') === true; }
/** Belongs to another shard's controllers (Flux's own label for that): not ours to reconcile. */
export function ofOtherShard(object: KubeObject): boolean { return object.metadata.labels?.['sharding.fluxcd.io/key'] !== undefined; }
export function intervalOf(object: KubeObject, otherwise = 60_000): number { return duration(at(object.spec, 'interval'), otherwise); }
export function generationOf(object: KubeObject): number { return object.metadata.generation ?? 1; }
export function requestOf(object: KubeObject): string | undefined { return object.metadata.annotations?.[REQUESTED]; }

/** Has somebody asked by annotation for a reconciliation that has not happened yet? */
export function asked(object: KubeObject): boolean {
  const wanted = requestOf(object);
  return wanted !== undefined && text(object.status?.['lastHandledReconcileAt']) !== wanted;
}
/** Something new to do: never seen, another generation, or asked for. */
export function isNew(object: KubeObject): boolean { return object.status?.['observedGeneration'] !== generationOf(object) || asked(object); }

export function setStatus(cx: ControllerContext, object: KubeObject, fields: Plain, conditions: readonly Condition[], gone: readonly string[] = []): KubeObject {
  const live = cx.store.get(refOf(object)) ?? object;
  const observed = conditions.map((condition) => ({ ...condition, observedGeneration: generationOf(object) }));
  return cx.store.updateStatus(refOf(object), { ...live.status, ...fields, conditions: withConditions(live, cx.clock.now(), observed, gone) });
}
/** A reconciliation that ended well or badly for now; `handled` fields tell which request it answered. */
export function handled(object: KubeObject): Plain {
  const wanted = requestOf(object);
  return { observedGeneration: generationOf(object), ...(wanted === undefined ? {} : { lastHandledReconcileAt: wanted }) };
}
export const ready = (status: Condition['status'], reason: string, message: string): Condition => ({ type: 'Ready', status, reason, message });

/** The store as an installer sees it. */
export function accessOf(cx: ControllerContext): ClusterAccess {
  return {
    get: (ref) => Promise.resolve(cx.store.typeOf(ref.apiVersion, ref.kind) === undefined ? undefined : cx.store.get(ref)),
    list: (apiVersion, kind, namespace, labels) => Promise.resolve(cx.store.list(apiVersion, kind, namespace).filter((object) => selectsAll(labels, object.metadata.labels))),
    apply: (object, options) => { cx.store.apply(object, options); return Promise.resolve(); },
    delete: (ref) => { removeIfThere(cx, ref); return Promise.resolve(); },
    namespaced: (apiVersion, kind) => Promise.resolve(cx.store.typeOf(apiVersion, kind)?.namespaced),
  };
}
export function removeIfThere(cx: ControllerContext, ref: Ref): void {
  if (cx.store.typeOf(ref.apiVersion, ref.kind) !== undefined && cx.store.get(ref) !== undefined) cx.store.delete(ref);
}
/** Adds or removes Flux's finalizer. */
export function setFinalizer(cx: ControllerContext, object: KubeObject, on: boolean): KubeObject {
  const live = cx.store.get(refOf(object));
  if (live === undefined || (live.metadata.finalizers ?? []).includes(FINALIZER) === on) return live ?? object;
  const finalizers = on ? [...(live.metadata.finalizers ?? []), FINALIZER] : (live.metadata.finalizers ?? []).filter((name) => name !== FINALIZER);
  return cx.store.update({ ...live, metadata: { ...live.metadata, finalizers } });
}
/** Names in dependsOn as `namespace/name`. */
export function dependencies(object: KubeObject): string[] {
  return list(at(object.spec, 'dependsOn')).map(plain).map((entry) => `${text(entry['namespace']) ?? object.metadata.namespace ?? ''}/${text(entry['name']) ?? ''}`);
}
/** Is the object on a cycle of dependsOn among objects of its kind? */
export function onCycle(cx: ControllerContext, object: KubeObject): boolean {
  const start = `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
  const all = new Map(cx.store.list(object.apiVersion, object.kind).map((entry) => [`${entry.metadata.namespace ?? ''}/${entry.metadata.name}`, entry]));
  const seen = new Set<string>();
  const open = dependencies(object);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next === start) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    const entry = all.get(next);
    if (entry !== undefined) open.push(...dependencies(entry));
  }
  return false;
}
