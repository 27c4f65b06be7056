/** Faults of the lab that show in Flux objects. */
import type { ControllerContext, KubeObject } from '../../world/types.ts';
import { at, list, plain, text } from '../../catalog/data.ts';
import { isKind, type Controller, type Enqueue } from '../runtime.ts';
import { HELM, KUSTOMIZE } from './common.ts';

const LOOK = 2_000;
/** On a fast clock, not more often than this in wall ms. */
const LOOK_WALL = 100;

/**
 * With the fault dependency-cycle on, the tree in Git reads as if somebody had closed a circle: a Kustomization also
 * depends on one that depends on it. The fault's object may name it (`namespace/name`); otherwise the first pair counts.
 */
export function withCycle(cx: ControllerContext, objects: KubeObject[]): KubeObject[] {
  const fault = cx.faults.active('dependency-cycle', cx.cluster);
  if (fault === undefined) return objects;
  const kustomizations = objects.filter((object) => isKind(object, 'kustomize.toolkit.fluxcd.io/Kustomization'));
  const name = (object: KubeObject): string => object.metadata.name;
  const names = new Set(kustomizations.map(name));
  const pairs = kustomizations.flatMap((object) => list(at(object.spec, 'dependsOn')).map((entry) => text(plain(entry)['name']) ?? '').filter((needed) => names.has(needed)).map((needed) => ({ needed, needs: name(object) })));
  const wanted = fault.object?.split('/').at(-1);
  const pair = pairs.find(({ needed, needs }) => wanted === undefined || wanted === needed || wanted === needs);
  if (pair === undefined) return objects;
  return objects.map((object) => (kustomizations.includes(object) && name(object) === pair.needed
    ? { ...object, spec: { ...object.spec, dependsOn: [...list(at(object.spec, 'dependsOn')), { name: pair.needs }] } } : object));
}

/** The fault that stalls a HelmRelease, when it is about this one. */
export function stallFault(cx: ControllerContext, object: KubeObject): boolean {
  const fault = cx.faults.active('helmrelease-stalled', cx.cluster);
  if (fault === undefined) return false;
  const wanted = fault.object;
  return wanted === undefined || wanted === `${object.metadata.namespace ?? ''}/${object.metadata.name}` || wanted === object.metadata.name;
}

/** Faults come and go without an event in the store: looks now and then, and wakes those concerned. */
export function faultWatcher(cx: ControllerContext, enqueue: () => Enqueue, changed: () => void): Controller {
  let last = '';
  return {
    name: 'faults', keys: () => [], initial: () => ['all'],
    reconcile() {
      const now = cx.faults.list().filter((fault) => (fault.cluster === cx.cluster || fault.cluster === '*') && (fault.fault === 'helmrelease-stalled' || fault.fault === 'dependency-cycle')).map((fault) => `${fault.fault}|${fault.object ?? ''}`).join(',');
      if (now !== last) {
        last = now;
        changed();
        for (const [controller, apiVersion, kind] of [['kustomize-controller', KUSTOMIZE, 'Kustomization'], ['helm-controller', HELM, 'HelmRelease']] as const) {
          if (cx.store.typeOf(apiVersion, kind) === undefined) continue;
          for (const object of cx.store.list(apiVersion, kind)) enqueue()(controller, `${object.metadata.namespace ?? ''}/${object.metadata.name}`);
        }
      }
      return Math.max(LOOK, LOOK_WALL * cx.clock.speed);
    },
  };
}
