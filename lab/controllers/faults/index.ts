/** Faults come and go without an event in the store: looks now and then, brings them about, and wakes those concerned. */
import type { ControllerContext } from '../../world/types.ts';
import type { Controller, Enqueue } from '../runtime.ts';
import { HELM, KUSTOMIZE, SOURCE } from '../flux/common.ts';
import { OPERATORS } from '../operator-kinds.ts';
import { faultsOf } from './befalls.ts';
import { OBJECT_FAULTS as OTHERS, type ObjectFault } from './objects.ts';
import { RECOVERY_OBJECT_FAULTS } from './recovery.ts';

const OBJECT_FAULTS: readonly ObjectFault[] = [...OTHERS, ...RECOVERY_OBJECT_FAULTS];

const LOOK = 2_000;
/** On a fast clock, not more often than this in wall ms. */
const LOOK_WALL = 100;

/** Faults that the controllers themselves ask about, beside those that are objects. */
const ASKED = [
  'helmrelease-stalled', 'dependency-cycle', 'chart-pull-fails', 'chart-wrong-digest', 'kustomize-build-error', 'substitution-variable-missing', 'source-artifact-missing',
  'secret-store-down', 'secret-key-missing', 'backup-missing', 'backup-unreadable', 'sentinel-lost', 'data-comes-back-fresh', 'certificate-limit', 'release-drifts',
];
/** Who looks again when a fault came or went: controller, and the kinds whose keys it takes. */
const WOKEN: readonly (readonly [controller: string, apiVersion: string, kind: string, key: (place: string) => string])[] = [
  ...(['GitRepository', 'OCIRepository', 'HelmRepository', 'HelmChart'] as const).map((kind) => ['source-controller', SOURCE, kind, (place: string) => `${kind} ${place}`] as const),
  ['kustomize-controller', KUSTOMIZE, 'Kustomization', (place) => place],
  ['helm-controller', HELM, 'HelmRelease', (place) => place],
  ...OPERATORS.map(({ apiVersion, kind }) => ['operator', apiVersion, kind, (place: string) => `${apiVersion}/${kind} ${place}`] as const),
  ['workload', 'apps/v1', 'ReplicaSet', (place) => `apps/v1/ReplicaSet ${place}`],
  ['pod', 'v1', 'Pod', (place) => place],
];

/** The controller. `changed` is told before the others are woken: what they remember of their last round may not hold any more. */
export function faultWatcher(cx: ControllerContext, enqueue: () => Enqueue, changed: () => void): Controller {
  // Until it is known otherwise each may have been on: a daemon that was killed leaves the objects of its faults behind.
  let on: ReadonlySet<ObjectFault> = new Set(OBJECT_FAULTS);
  let last = '';
  return {
    name: 'faults', keys: () => [], initial: () => ['all'],
    reconcile() {
      const signature = [...ASKED, ...OBJECT_FAULTS.map((fault) => fault.name)].flatMap((name) => faultsOf(cx, name).map((fault) => `${name}|${fault.object ?? ''}|${fault.since}`)).join(',');
      const active = new Set(OBJECT_FAULTS.filter((fault) => faultsOf(cx, fault.name).length > 0));
      for (const fault of OBJECT_FAULTS) if (on.has(fault) && !active.has(fault)) fault.release(cx);
      on = active;
      for (const fault of [...active].toReversed()) for (const one of faultsOf(cx, fault.name)) fault.hold(cx, one);
      if (signature !== last) {
        last = signature;
        changed();
        for (const [controller, apiVersion, kind, key] of WOKEN) {
          if (cx.store.typeOf(apiVersion, kind) === undefined) continue;
          for (const object of cx.store.list(apiVersion, kind)) enqueue()(controller, key(`${object.metadata.namespace ?? ''}/${object.metadata.name}`));
        }
      }
      return Math.max(LOOK, LOOK_WALL * cx.clock.speed);
    },
  };
}
