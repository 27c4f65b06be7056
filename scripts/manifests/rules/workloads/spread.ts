import type { Path } from '../../../config/source.ts';
import type { Found, Rule, View } from '../../model.types.ts';
import { indexOf, type Index } from '../../index/index.ts';
import type { Pods } from '../../index/pods.ts';
import { at, entries, isHole, items, text, type Fields } from '../../index/read.ts';
import { any, said, selects, type Verdict } from '../../index/selectors.ts';

type Finding = Omit<Found, 'rule'>;

export const podSpread: Rule = {
  id: 'pod-spread',
  severity: 'warning',
  summary: 'Pods are spread by labels they have themselves.',
  why: 'Pods that are not counted are not spread: all of them may end on one node.',
  * check(view: View): Iterable<Finding> {
    for (const { built, spec, path, labels } of indexOf(view).pods) {
      if (path === undefined) continue;
      for (const { entry, index } of entries(spec['topologySpreadConstraints'])) {
        const selector = entry['labelSelector'];
        if (selector === undefined || selects(selector, labels) !== false) continue;
        yield { built, path: [...path, 'spec', 'topologySpreadConstraints', index, 'labelSelector'], message: `the pods do not have ${said(selector)} themselves, so they are not spread`, hint: `choose labels of the pods: ${[...labels.known].filter(([, value]) => value !== undefined).map(([key, value]) => `${key}=${value ?? ''}`).join(', ')}` };
      }
    }
  },
};

export const podAffinity: Rule = {
  id: 'pod-affinity',
  severity: 'warning',
  summary: 'Pods keep near, or apart from, pods that exist.',
  why: 'Required affinity to nobody keeps pods from ever being placed; keeping apart from nobody does nothing.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    for (const pods of index.pods) {
      if (pods.path === undefined) continue;
      for (const how of ['podAffinity', 'podAntiAffinity']) {
        for (const { term, path } of terms(pods, how)) {
          if (term['labelSelector'] === undefined || matches(index, pods, term) !== false) continue;
          yield { built: pods.built, path: [...path, 'labelSelector'], message: `${how} to pods that nobody runs: ${said(term['labelSelector'])}`, hint: 'choose labels of the pods it is about, its own for keeping replicas apart' };
        }
      }
    }
  },
};

function terms({ spec, path: base }: Pods, how: string): readonly { readonly term: Fields; readonly path: Path }[] {
  const where = [...base ?? [], 'spec', 'affinity', how];
  const must = entries(at(spec, 'affinity', how, 'requiredDuringSchedulingIgnoredDuringExecution')).map(({ entry, index }) => ({ term: entry, path: [...where, 'requiredDuringSchedulingIgnoredDuringExecution', index] }));
  const may = entries(at(spec, 'affinity', how, 'preferredDuringSchedulingIgnoredDuringExecution')).flatMap(({ entry, index }) => entries([entry['podAffinityTerm']]).map(({ entry: term }) => ({ term, path: [...where, 'preferredDuringSchedulingIgnoredDuringExecution', index, 'podAffinityTerm'] })));
  return [...must, ...may];
}

/** Whether any pod of the namespaces of a term is chosen by it. */
function matches(index: Index, pods: Pods, term: Fields): Verdict {
  if (isHole(term['namespaces']) || items(term['namespaces']).some(isHole)) return undefined;
  const listed = items(term['namespaces']).flatMap((name) => text(name) ?? []);
  const selector = term['namespaceSelector'];
  const names = selector === undefined || selector === null ? (listed.length > 0 ? listed : [pods.namespace]) : [...index.namespaces.values()].filter(({ labels }) => selects(selector, labels) !== false).map(({ name }) => name).concat(listed);
  return any(names.map((name) => (index.unseen(name) === undefined ? any(index.podsIn(name).map(({ labels }) => selects(term['labelSelector'], labels))) : any([...index.podsIn(name).map(({ labels }) => selects(term['labelSelector'], labels)), undefined]))));
}
