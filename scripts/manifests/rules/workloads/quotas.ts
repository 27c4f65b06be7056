import type { Built, Found, Rule, View } from '../../model.types.ts';
import { indexOf, type Index } from '../../index/index.ts';
import { containers, type Container, type Pods } from '../../index/pods.ts';
import { quantity } from '../../index/quantity.ts';
import { at, entries, fields, isUnknown } from '../../index/read.ts';
import { scaledBy } from './scaling.ts';

type Finding = Omit<Found, 'rule'>;
type Part = 'requests' | 'limits';

/** What a quota's word counts: `cpu` is what is asked for, `limits.memory` what may be used. */
function counted(word: string): { readonly part: Part; readonly resource: string } | undefined {
  const [, part = 'requests', resource] = /^(?:(requests|limits)\.)?(cpu|memory|ephemeral-storage)$/.exec(word) ?? [];
  return resource === undefined ? undefined : { part: part === 'limits' ? 'limits' : 'requests', resource };
}

export const quota: Rule = {
  id: 'quota',
  severity: 'error',
  summary: 'Pods fit into the quotas and limits of their namespace.',
  why: 'The API refuses the pods, and the workload stays below its size.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    for (const range of index.kind('LimitRange')) yield* beyond(index, range);
    for (const each of index.kind('ResourceQuota')) {
      const spec = each.object['spec'];
      // A quota for some pods only.
      if (at(spec, 'scopes') !== undefined || at(spec, 'scopeSelector') !== undefined) continue;
      const namespace = index.namespaceOf(each);
      for (const [word, hard] of Object.entries(fields(at(spec, 'hard')))) {
        const [what, most] = [counted(word), quantity(hard)];
        if (what === undefined || most === undefined) continue;
        yield* silentOn(index, each, namespace, word, what);
        const sum = total(index, namespace, what);
        if (sum > most) yield { built: each, path: ['spec', 'hard', word], message: `the workloads of ${namespace} ${what.part === 'limits' ? 'may use' : 'ask for'} more ${what.resource} than ${String(hard)}`, hint: 'raise the quota, or let them ask for less' };
      }
    }
  },
};

/** Containers that say nothing where a quota makes them say something. */
function* silentOn(index: Index, quotaBuilt: Built, namespace: string, word: string, { part, resource }: { readonly part: Part; readonly resource: string }): Iterable<Finding> {
  if (given(index, namespace, part, resource)) return;
  for (const pods of index.podsIn(namespace)) {
    if (pods.path === undefined || pods.replicas === 0) continue;
    const silent = containers(pods.spec, pods.path).find((container) => container.kind !== 'ephemeralContainers' && amount(container, part, resource) === undefined && !isUnknown(container.fields['resources']));
    if (silent === undefined) continue;
    // As near to what is missing as anything is written.
    const there = at(silent.fields, 'resources', part) !== undefined ? ['resources', part] : at(silent.fields, 'resources') !== undefined ? ['resources'] : ['name'];
    yield {
      built: pods.built, path: [...silent.path, ...there], key: true, message: `container ${silent.name} says nothing of ${part}.${resource}, and a quota of ${namespace} counts it`, hint: `set resources.${part}.${resource}`,
      related: [{ what: `the quota on ${word}`, source: quotaBuilt.origin.source }],
    };
  }
}

/** Whether a LimitRange gives containers what they do not say. */
function given(index: Index, namespace: string, part: Part, resource: string): boolean {
  const fills = ['default', 'max', ...(part === 'requests' ? ['defaultRequest', 'min'] : [])];
  return index.unseen(namespace) !== undefined || index.kindIn('LimitRange', namespace).some(({ object }) => entries(at(object['spec'], 'limits')).some(({ entry }) => entry['type'] === 'Container' && fills.some((field) => at(entry, field, resource) !== undefined)));
}

/** What a container says; who says only the limit asks for as much. */
function amount({ fields: container }: Container, part: Part, resource: string): unknown {
  const limit = at(container, 'resources', 'limits', resource);
  return part === 'limits' ? limit : at(container, 'resources', 'requests', resource) ?? limit;
}

/** At least this much is asked for: by what says its size, and is not scaled. */
function total(index: Index, namespace: string, { part, resource }: { readonly part: Part; readonly resource: string }): number {
  const of = (pods: Pods): number => {
    if (pods.path === undefined || pods.replicas === undefined || scaledBy(index, pods.built).length > 0) return 0;
    return pods.replicas * containers(pods.spec, pods.path).filter(({ kind }) => kind === 'containers').reduce((sum, container) => sum + (quantity(amount(container, part, resource)) ?? 0), 0);
  };
  return index.podsIn(namespace).reduce((sum, pods) => sum + of(pods), 0);
}

/** Containers outside what a LimitRange lets them be. */
function* beyond(index: Index, range: Built): Iterable<Finding> {
  const namespace = index.namespaceOf(range);
  for (const { entry } of entries(at(range.object['spec'], 'limits'))) {
    if (entry['type'] !== 'Container') continue;
    for (const pods of index.podsIn(namespace)) {
      if (pods.path === undefined) continue;
      for (const container of containers(pods.spec, pods.path)) {
        for (const [part, edge, wrong, word] of [['limits', 'max', (own: number, bound: number) => own > bound, 'above'], ['requests', 'max', (own: number, bound: number) => own > bound, 'above'], ['requests', 'min', (own: number, bound: number) => own < bound, 'below']] as const) {
          for (const [resource, bound] of Object.entries(fields(entry[edge]))) {
            const written = at(container.fields, 'resources', part, resource);
            const [own, edgeValue] = [quantity(written), quantity(bound)];
            if (own === undefined || edgeValue === undefined || !wrong(own, edgeValue)) continue;
            yield {
              built: pods.built, path: [...container.path, 'resources', part, resource], message: `${part}.${resource} of container ${container.name} (${String(written)}) is ${word} what ${namespace} allows (${String(bound)})`, hint: `change it, or the LimitRange ${range.object.metadata.name}`,
              related: [{ what: 'the LimitRange', source: range.origin.source }],
            };
          }
        }
      }
    }
  }
}
