import type { KubeObject } from '../../config/cluster.ts';
import { check, pass, unread, type Finding } from '../finding.ts';
import { KINDS } from '../kinds.ts';
import { listOf } from '../look.ts';
import { idOf, number, status } from '../objects.ts';
import type { Snapshot } from '../snapshot.types.ts';

/** Nothing is broken by them, but the next drain or upgrade would wait for ever: worth a warning while there is time. */
export const budgetChecks = [check('workloads', 'no disruption budget in the way of a drain', budgetFindings)];

function budgetFindings(seen: Snapshot): readonly Finding[] {
  const list = listOf(seen, KINDS.disruptionBudgets);
  return list.ok ? list.value.map(budgetFinding) : [unread('PodDisruptionBudgets', list)];
}

function budgetFinding(budget: KubeObject): Finding {
  const object = idOf(budget);
  const of = (key: string): number => number(status(budget, key)) ?? 0;
  // While pods are missing the budget holds on to the rest for the moment; that is what it is for.
  const blocks = of('expectedPods') > 0 && of('disruptionsAllowed') === 0 && of('currentHealthy') >= of('expectedPods');
  if (!blocks) return pass(object);
  return { ...pass(object, '', `all ${of('expectedPods')} pods are healthy and none may go: a drain of their nodes would wait for ever`), hint: `kubectl -n ${budget.metadata.namespace ?? 'default'} describe poddisruptionbudget ${budget.metadata.name}` };
}
