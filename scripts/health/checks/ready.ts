import type { KubeObject, TreeItem } from '../../config/cluster.ts';
import type { KindRef } from '../../tools/doors.ts';
import { fail, pass, unread, type Finding } from '../finding.ts';
import { listOf } from '../look.ts';
import { condition, id, idOf, number, spec, status, time as timeOf } from '../objects.ts';
import type { Snapshot } from '../snapshot.types.ts';
import { itemId } from '../tree.ts';

/** How the flux command calls a kind. */
const FLUX_NAMES: Readonly<Record<string, string>> = {
  GitRepository: 'source git', OCIRepository: 'source oci', HelmRepository: 'source helm', Kustomization: 'kustomization', HelmRelease: 'helmrelease',
};
/** kubectl's unambiguous name of a kind that shares its short one with others. */
const resource = (object: KubeObject): string => `${object.kind.toLowerCase()}.${object.apiVersion.split('/')[0] ?? ''}`;

function look(object: KubeObject): string {
  const namespace = object.metadata.namespace === undefined ? '' : `-n ${object.metadata.namespace} `;
  return `kubectl ${namespace}describe ${resource(object)} ${object.metadata.name}`;
}

function patchFinalizers(object: KubeObject): string {
  const namespace = object.metadata.namespace === undefined ? '' : `-n ${object.metadata.namespace} `;
  return `kubectl ${namespace}patch ${resource(object)} ${object.metadata.name} --type merge -p '{"metadata":{"finalizers":null}}'`;
}
/**
 * Whether an object that reports a Ready condition is ready: not suspended, not going away, looked at since its last
 * change, and Ready=True. Stalled (the controller has given up until something changes) and reconciling (it is at it)
 * are told apart.
 */
export function readiness(object: KubeObject): Finding {
  const fluxName = FLUX_NAMES[object.kind];
  const flux = (verb: string): string => `flux ${verb} ${fluxName ?? ''} ${object.metadata.name} -n ${object.metadata.namespace ?? ''}`;
  const subject = idOf(object);
  if (object.metadata.deletionTimestamp !== undefined) {
    return fail(subject, `finalizers: ${object.metadata.finalizers?.join(', ') ?? 'none'}`, {
      state: 'being deleted', hint: look(object),
      tries: (object.metadata.finalizers ?? []).length === 0 ? [] : [`whoever set a finalizer takes it away; only if that controller is gone for good: ${patchFinalizers(object)}`],
      ...sinceOf(timeOf(object.metadata.deletionTimestamp)),
    });
  }
  if (fluxName !== undefined && spec(object, 'suspend') === true) {
    return fail(subject, 'somebody suspended it: it is not reconciled', { state: 'suspended', hint: flux('resume') });
  }
  const ready = condition(object, 'Ready');
  const stalled = condition(object, 'Stalled');
  const reconciling = condition(object, 'Reconciling');
  if (stalled?.status === 'True') {
    const said = ready !== undefined && ready.status !== 'True' && ready.message !== '' ? ready : stalled;
    return fail(subject, said.message || stalled.message || 'it does not say why', {
      state: `Stalled${reasonOf(stalled.reason)}`, hint: fluxName === undefined ? look(object) : `mend the cause, then ${flux('reconcile')}${object.kind === 'HelmRelease' ? ' --reset' : ''}`, tries: [look(object)], ...sinceOf(stalled.since),
    });
  }
  const generation = object.metadata.generation ?? 0;
  const observed = number(status(object, 'observedGeneration')) ?? ready?.observedGeneration;
  const next = fluxName === undefined ? look(object) : flux('reconcile');
  if (ready === undefined) return fail(subject, 'its controller has not reported on it yet', { state: 'no status', hint: look(object) });
  if (observed !== undefined && observed < generation) {
    return fail(subject, reconciling?.message || 'its last change has not been acted on yet', { state: `generation ${Math.max(0, observed)} of ${generation}`, hint: next });
  }
  if (ready.status === 'True') return pass(subject);
  const busy = reconciling?.status === 'True' || ready.status === 'Unknown';
  return fail(subject, ready.message || reconciling?.message || 'it does not say why', {
    state: `${busy ? 'reconciling, ' : ''}Ready=${ready.status}${reasonOf(ready.reason)}`, hint: busy ? look(object) : next, tries: [look(object)], ...sinceOf(ready.since),
  });
}

const reasonOf = (reason: string): string => (reason === '' ? '' : ` (${reason})`);
const sinceOf = (since: number | undefined): { readonly since?: number } => (since === undefined ? {} : { since });

/**
 * Objects of one kind, wanted against there: each object of the tree (or of `expected`) that the cluster lacks, and
 * every object that is there, by `judge`. Nothing wanted and nothing there finds nothing.
 */
export function wantedAndThere(seen: Snapshot, kind: KindRef, expected: readonly Expected[], judge: (object: KubeObject) => Finding): readonly Finding[] {
  const list = listOf(seen, kind);
  if (!list.ok) {
    if (list.needs !== 'crds') return [unread(`${kind.kind}s`, list)];
    // The API answered: it does not know the kind, so what the tree wants of it is certainly not there.
    return expected.map((item) => fail(item.object, list.because, { state: 'not in the cluster', ...(list.hint === undefined ? {} : { hint: list.hint }) }));
  }
  const there = new Set(list.value.map((object) => idOf(object)));
  const missing = expected.filter((item) => !there.has(item.object)).map((item) =>
    fail(item.object, `${item.from} has it, the cluster does not`, { state: 'not in the cluster', hint: `task flux:status CLUSTER=${seen.cluster.name}`, tries: ['flux tree kustomization flux-system'] }));
  return [...missing, ...list.value.map(judge)];
}

/** An object that must be there, and where that is written. */
export interface Expected { readonly object: string; readonly from: string }
export function fromTree(items: readonly TreeItem[]): readonly Expected[] {
  return items.map((item) => ({ object: itemId(item), from: item.file }));
}

/** The root source and Kustomization, which FluxInstance makes and no file of the tree holds. */
export function fluxRoot(seen: Snapshot, kind: 'GitRepository' | 'Kustomization'): readonly Expected[] {
  const instance = seen.site.helmfile.core.find((release) => release.name === 'flux-instance');
  return instance === undefined ? [] : [{ object: id(kind, ROOT, instance.namespace), from: 'the Flux instance' }];
}
export const ROOT = 'flux-system';

/** Wanted things once each, whoever wants them. */
export function unique(expected: readonly Expected[]): readonly Expected[] {
  return expected.filter((item, index) => expected.findIndex((other) => other.object === item.object) === index);
}
