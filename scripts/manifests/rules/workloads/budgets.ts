import type { Built, Found, Rule, View } from '../../model.types.ts';
import { labelsIn } from '../../index/hints.ts';
import { indexOf, type Index } from '../../index/index.ts';
import type { Pods } from '../../index/pods.ts';
import { at, isHole, text, whole } from '../../index/read.ts';
import { any, said, selects, type Verdict } from '../../index/selectors.ts';
import { scaledBy } from './scaling.ts';

type Finding = Omit<Found, 'rule'>;
const BUDGET = 'policy/PodDisruptionBudget';

/** Pods of a budget's namespace with whether it chooses them. A budget without a selector chooses none. */
function chosen(index: Index, budget: Built): readonly { readonly pods: Pods; readonly verdict: Verdict }[] {
  const selector = at(budget.object['spec'], 'selector');
  return index.podsIn(index.namespaceOf(budget)).map((pods) => ({ pods, verdict: selector === undefined || selector === null ? false : selects(selector, pods.labels) }));
}

export const disruptionBudget: Rule = {
  id: 'disruption-budget',
  severity: 'error',
  summary: 'A disruption budget leaves room to move one pod.',
  why: 'Nodes can never be drained: every upgrade waits for ever at the node with that pod.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    for (const budget of index.kind(BUDGET)) {
      const spec = budget.object['spec'];
      const [most, least] = [at(spec, 'maxUnavailable'), at(spec, 'minAvailable')];
      if (most === 0 || most === '0' || most === '0%') {
        yield { built: budget, path: ['spec', 'maxUnavailable'], message: `maxUnavailable ${String(most)} lets no pod be moved`, hint: 'set it to 1' };
        continue;
      }
      if (least === undefined || least === null || isHole(least)) continue;
      const share = /^(\d+)%$/.exec(text(least) ?? '')?.[1];
      if (share !== undefined && Number(share) >= 100) {
        yield { built: budget, path: ['spec', 'minAvailable'], message: `minAvailable ${String(least)} lets no pod be moved`, hint: 'use maxUnavailable: 1 instead' };
        continue;
      }
      const replicas = replicasOf(index, budget);
      const wanted = share === undefined ? whole(least) : replicas === undefined ? undefined : Math.ceil((Number(share) * replicas) / 100);
      if (wanted === undefined || replicas === undefined || replicas === 0 || wanted < replicas) continue;
      yield {
        built: budget, path: ['spec', 'minAvailable'], message: `minAvailable ${String(least)} lets no pod be moved: there ${replicas === 1 ? 'is one' : `are ${replicas}`}`,
        hint: replicas === 1 ? 'run two, or do without the budget' : 'use maxUnavailable: 1 instead',
      };
    }
  },
};

/** How many pods a budget is about; undefined when that is not sure, or changes. */
function replicasOf(index: Index, budget: Built): number | undefined {
  if (index.unseen(index.namespaceOf(budget)) !== undefined) return undefined;
  let sum = 0;
  for (const { pods, verdict } of chosen(index, budget)) {
    if (verdict === false) continue;
    if (verdict === undefined || pods.replicas === undefined || scaledBy(index, pods.built).length > 0) return undefined;
    sum += pods.replicas;
  }
  return sum;
}

export const disruptionBudgetSelects: Rule = {
  id: 'disruption-budget-selects',
  severity: 'error',
  summary: 'A disruption budget chooses pods that exist.',
  why: 'It protects nothing: all pods may be taken away at once.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    for (const budget of index.kind(BUDGET)) {
      const namespace = index.namespaceOf(budget);
      if (index.unseen(namespace) !== undefined || any(chosen(index, budget).map(({ verdict }) => verdict)) !== false) continue;
      const selector = at(budget.object['spec'], 'selector');
      yield { built: budget, path: selector === undefined ? ['spec'] : ['spec', 'selector'], message: `no pod of ${namespace} has ${said(selector)}`, hint: labelsIn(index, namespace) };
    }
  },
};

export const disruptionBudgetTwice: Rule = {
  id: 'disruption-budget-twice',
  severity: 'error',
  summary: 'No pod has two disruption budgets.',
  why: 'The API refuses to move such a pod at all, so its node cannot be drained.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    const first = new Map<Pods, Built>();
    for (const budget of index.kind(BUDGET)) {
      for (const { pods, verdict } of chosen(index, budget)) {
        if (verdict !== true) continue;
        const other = first.get(pods);
        if (other === undefined) {
          first.set(pods, budget);
          continue;
        }
        if (other.object.metadata.name === budget.object.metadata.name) continue;
        yield {
          built: budget, path: ['spec', 'selector'], message: `pods of ${pods.built.object.kind} ${pods.built.object.metadata.name} have another budget already, ${other.object.metadata.name}`, hint: 'keep one of them',
          related: [{ what: 'the other one', source: other.origin.source }],
        };
        break;
      }
    }
  },
};
