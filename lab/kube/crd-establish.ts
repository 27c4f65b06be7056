import type { ControllerContext, KubeObject } from '../world/types.ts';
import { ApiError } from '../world/types.ts';
import { at, textAt } from '../world/value.ts';
import { conditionTrue, CRD_API, CRD_KIND } from './registry.ts';

/** How long the API server takes to establish a CRD, simulated ms. */
export const ESTABLISH_DELAY = 800;
/** How often a CRD held back by a fault is looked at again, simulated ms. */
const RETRY_DELAY = 1000;

/**
 * The part of the API server that accepts a CRD's names and serves its kinds. The fault `crd-not-established` (its object names the
 * CRD, or its kind or plural; without an object it means all) keeps new CRDs from it: NamesAccepted=False until it is healed.
 * Two of them on one store do no harm.
 */
export function establishCrds(cx: Pick<ControllerContext, 'cluster' | 'store' | 'clock' | 'faults'>): { stop(): void } {
  const { store, clock } = cx;
  const waiting = new Map<string, () => void>();
  let stopped = false;

  const heldBack = (crd: KubeObject): boolean => cx.faults.list().some((fault) => fault.fault === 'crd-not-established' && (fault.cluster === cx.cluster || fault.cluster === '*')
    && (fault.object === undefined || [crd.metadata.name, textAt(crd, 'spec', 'names', 'kind'), textAt(crd, 'spec', 'names', 'plural')].includes(fault.object)));
  const conditions = (crd: KubeObject, accepted: boolean): object[] => {
    const now = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
    const condition = (type: string, status: boolean, reason: string, message: string): object => ({ type, status: status ? 'True' : 'False', lastTransitionTime: now, reason, message });
    const plural = textAt(crd, 'spec', 'names', 'plural') ?? '';
    return accepted
      ? [condition('NamesAccepted', true, 'NoConflicts', 'no conflicts found'), condition('Established', true, 'InitialNamesAccepted', 'the initial names have been accepted')]
      : [condition('NamesAccepted', false, 'PluralConflict', `"${plural}" is already in use`), condition('Established', false, 'NotAccepted', 'not all names are accepted')];
  };
  const work = (name: string): void => {
    waiting.delete(name);
    const crd = stopped ? undefined : store.get({ apiVersion: CRD_API, kind: CRD_KIND, name });
    if (crd === undefined || crd.metadata.deletionTimestamp !== undefined || conditionTrue(crd, 'Established')) return;
    const held = heldBack(crd);
    const said = crd.status?.['conditions'];
    if (!held || said === undefined) {
      const stored = at(crd, 'spec', 'versions');
      const versions = Array.isArray(stored) ? stored.flatMap((version: unknown) => (at(version, 'storage') === true ? [textAt(version, 'name')] : [])) : [];
      try {
        store.updateStatus({ apiVersion: CRD_API, kind: CRD_KIND, name }, {
          ...crd.status, conditions: conditions(crd, !held), storedVersions: versions, ...(held ? {} : { acceptedNames: at(crd, 'spec', 'names') }),
        });
      } catch (error) {
        // Gone or changed meanwhile: its next event brings it back here.
        if (!(error instanceof ApiError)) throw error;
      }
    }
    if (held) later(name, RETRY_DELAY);
  };
  const later = (name: string, ms: number): void => {
    if (!stopped && !waiting.has(name)) waiting.set(name, clock.waits === undefined ? clock.after(ms, () => work(name)) : clock.waits(cx.cluster, ms, () => work(name)));
  };
  const look = (crd: KubeObject): void => {
    if (!conditionTrue(crd, 'Established') && crd.metadata.deletionTimestamp === undefined) later(crd.metadata.name, ESTABLISH_DELAY);
  };
  const end = store.onChange((event) => { if (event.type !== 'DELETED' && event.object.kind === CRD_KIND) look(event.object); });
  for (const crd of store.list(CRD_API, CRD_KIND)) look(crd);
  return {
    stop() {
      stopped = true;
      end();
      for (const cancel of waiting.values()) cancel();
      waiting.clear();
    },
  };
}
