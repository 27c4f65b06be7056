/** What limits pods: disruption budgets (who may be evicted) and resource quotas (how many may be made). */
import type { ControllerContext, KubeObject, Store } from '../world/types.ts';
import { at, conditionOf, plain, refOf, selects, text, whole, withConditions } from '../catalog/data.ts';
import { isKind, keyOf, splitKey, type Controller } from './runtime.ts';

const POLICY = 'policy/v1';
const BUDGET = 'PodDisruptionBudget';

/** A number or a percentage of `of`, rounded up as the disruption controller does. */
function amount(value: unknown, of: number): number {
  const share = /^(\d+)%$/.exec(text(value) ?? '')?.[1];
  return share === undefined ? whole(value, 0) : Math.ceil((Number(share) * of) / 100);
}

/** Keeps the status of budgets: how many pods are healthy, how many must be, how many may go. */
export function budgetController(cx: ControllerContext): Controller {
  return {
    name: 'budget',
    keys(event) {
      if (isKind(event.object, `policy/${BUDGET}`)) return [keyOf(event.object)];
      return isKind(event.object, '/Pod') ? cx.store.list(POLICY, BUDGET, event.object.metadata.namespace).filter((budget) => selects(at(budget.spec, 'selector'), event.object.metadata.labels)).map(keyOf) : [];
    },
    reconcile(key) {
      const budget = cx.store.get({ apiVersion: POLICY, kind: BUDGET, ...splitKey(key) });
      if (budget === undefined || budget.metadata.deletionTimestamp !== undefined) return undefined;
      const pods = cx.store.list('v1', 'Pod', budget.metadata.namespace).filter((pod) => selects(at(budget.spec, 'selector'), pod.metadata.labels));
      const healthy = pods.filter((pod) => conditionOf(pod, 'Ready')?.['status'] === 'True').length;
      const most = at(budget.spec, 'maxUnavailable');
      const desired = most === undefined ? amount(at(budget.spec, 'minAvailable'), pods.length) : Math.max(0, pods.length - amount(most, pods.length));
      const allowed = Math.max(0, healthy - desired);
      cx.store.updateStatus(refOf(budget), {
        observedGeneration: budget.metadata.generation ?? 1, expectedPods: pods.length, currentHealthy: healthy, desiredHealthy: desired, disruptionsAllowed: allowed,
        conditions: withConditions(budget, cx.clock.now(), [{ type: 'DisruptionAllowed', status: allowed > 0 ? 'True' : 'False', reason: allowed > 0 ? 'SufficientPods' : 'InsufficientPods', message: '' }]),
      });
      return undefined;
    },
  };
}

const counted = (pod: KubeObject): boolean => !['Succeeded', 'Failed'].includes(text(pod.status?.['phase']) ?? '');
function podsIn(store: Store, namespace: string | undefined): number { return store.list('v1', 'Pod', namespace).filter(counted).length; }

/** Why the quotas of a namespace admit no further pod, in the words of the admission plugin; undefined when they do. */
export function overQuota(cx: Pick<ControllerContext, 'store'>, namespace: string, pod: string): string | undefined {
  for (const quota of cx.store.list('v1', 'ResourceQuota', namespace)) {
    const hard = text(plain(at(quota.spec, 'hard'))['pods']);
    const used = podsIn(cx.store, namespace);
    if (hard !== undefined && used + 1 > Number(hard)) return `pods "${pod}" is forbidden: exceeded quota: ${quota.metadata.name}, requested: pods=1, used: pods=${used}, limited: pods=${hard}`;
  }
  return undefined;
}

/** Keeps the status of quotas; whoever could make no pod for one looks again when it went (workloads.ts). */
export function quotaController(cx: ControllerContext): Controller {
  return {
    name: 'quota',
    keys(event) {
      if (isKind(event.object, '/ResourceQuota')) return [keyOf(event.object)];
      return isKind(event.object, '/Pod') ? cx.store.list('v1', 'ResourceQuota', event.object.metadata.namespace).map(keyOf) : [];
    },
    reconcile(key) {
      const quota = cx.store.get({ apiVersion: 'v1', kind: 'ResourceQuota', ...splitKey(key) });
      if (quota === undefined) return undefined;
      const hard = plain(at(quota.spec, 'hard'));
      cx.store.updateStatus(refOf(quota), { hard, used: 'pods' in hard ? { pods: String(podsIn(cx.store, quota.metadata.namespace)) } : {} });
      return undefined;
    },
  };
}
