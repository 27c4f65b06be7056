import { meant } from '../../../config/words.ts';
import type { Built, Found, Rule, View } from '../../model.types.ts';
import { indexOf, type Index } from '../../index/index.ts';
import { containers } from '../../index/pods.ts';
import { at, entries, fields, groupOf, isHole, kindKey, kindOf, text } from '../../index/read.ts';

type Finding = Omit<Found, 'rule'>;

/** Kinds that size something, with where they say what. */
const SCALERS: Readonly<Record<string, { readonly at: string; readonly kind: string; readonly sets: boolean }>> = {
  'autoscaling/HorizontalPodAutoscaler': { at: 'scaleTargetRef', kind: 'Deployment', sets: true },
  'autoscaling.k8s.io/VerticalPodAutoscaler': { at: 'targetRef', kind: 'Deployment', sets: false },
  'keda.sh/ScaledObject': { at: 'scaleTargetRef', kind: 'Deployment', sets: true },
};

interface Scaler { readonly built: Built; readonly sets: boolean; readonly kind: string; readonly namespace: string; readonly name: string; readonly at: string }

function scalers(index: Index): readonly Scaler[] {
  return Object.entries(SCALERS).flatMap(([kind, { at: field, kind: usual, sets }]) => index.kind(kind).flatMap((built): Scaler[] => {
    const target = fields(at(built.object['spec'], field));
    const name = text(target['name']);
    if (name === undefined || isHole(target['kind']) || isHole(target['apiVersion'])) return [];
    const targetKind = text(target['kind']) ?? usual;
    const group = target['apiVersion'] === undefined ? (['Deployment', 'StatefulSet', 'ReplicaSet', 'DaemonSet'].includes(targetKind) ? 'apps' : undefined) : groupOf(target['apiVersion']);
    return group === undefined ? [] : [{ built, sets, kind: kindKey(group, targetKind), namespace: index.namespaceOf(built), name, at: field }];
  }));
}

const BY_TARGET = new WeakMap<Index, ReadonlyMap<Built, readonly Built[]>>();

/** What changes how many pods a workload has. */
export function scaledBy(index: Index, workload: Built): readonly Built[] {
  let found = BY_TARGET.get(index);
  if (found === undefined) {
    const map = new Map<Built, Built[]>();
    for (const { built, sets, kind, namespace, name } of scalers(index)) {
      const target = index.find(kind, namespace, name);
      if (sets && target !== undefined) map.set(target, [...map.get(target) ?? [], built]);
    }
    found = map;
    BY_TARGET.set(index, found);
  }
  return found.get(workload) ?? [];
}

export const scaleTarget: Rule = {
  id: 'scale-target',
  severity: 'error',
  summary: 'What an autoscaler scales exists, and only one scales it.',
  why: 'Nothing is scaled, or two autoscalers undo each other for ever.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    const taken = new Map<string, Built>();
    for (const { built, sets, kind, namespace, name, at: field } of scalers(index)) {
      const path = ['spec', field, 'name'];
      if (index.exists(kind, namespace, name) === false) {
        yield { built, path, message: `nobody makes ${kind.split('/').at(-1) ?? kind} ${namespace}/${name}`, hint: meant(name, index.names(kind, namespace), `name a workload of ${namespace}`) };
        continue;
      }
      if (!sets) continue;
      const other = taken.get(`${kind} ${namespace}/${name}`);
      if (other === undefined) taken.set(`${kind} ${namespace}/${name}`, built);
      else if (other.object.metadata.name !== built.object.metadata.name || other.object.kind !== built.object.kind) {
        yield { built, path, message: `${other.object.kind} ${other.object.metadata.name} scales ${name} already`, hint: 'keep one of them', related: [{ what: 'the other one', source: other.origin.source }] };
      }
    }
  },
};

export const scaleMetric: Rule = {
  id: 'scale-metric',
  severity: 'error',
  summary: 'What an autoscaler measures as a share is asked for by every container.',
  why: 'A share of nothing cannot be computed: the autoscaler says FailedGetResourceMetric and never scales.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    for (const { built, kind, namespace, name } of scalers(index)) {
      const target = index.find(kind, namespace, name);
      // A LimitRange may give what is missing.
      if (built.object.kind !== 'HorizontalPodAutoscaler' || target === undefined || index.kindIn('LimitRange', namespace).length > 0) continue;
      const [pods] = index.podsOf(target);
      if (pods?.path === undefined) continue;
      const own = containers(pods.spec, pods.path).filter(({ kind: list }) => list === 'containers');
      for (const { entry, index: position } of entries(at(built.object['spec'], 'metrics'))) {
        const of = entry['type'] === 'ContainerResource' ? 'containerResource' : 'resource';
        const metric = fields(entry[of]);
        const resource = text(metric['name']);
        if (resource === undefined || (entry['type'] !== 'Resource' && of === 'resource')) continue;
        const path = ['spec', 'metrics', position, of];
        const container = text(metric['container']);
        if (of === 'containerResource' && container !== undefined && !own.some((each) => each.name === container)) {
          yield { built, path: [...path, 'container'], message: `${name} has no container ${container}`, hint: meant(container, own.map((each) => each.name), 'name one of its containers') };
          continue;
        }
        if (at(metric['target'], 'type') !== 'Utilization') continue;
        const lacking = own.find((each) => (container === undefined || each.name === container) && at(each.fields, 'resources', 'requests', resource) === undefined && at(each.fields, 'resources', 'limits', resource) === undefined && !isHole(each.fields['resources']));
        if (lacking !== undefined) yield { built, path: [...path, 'name'], message: `container ${lacking.name} of ${name} asks for no ${resource}, so there is no share of it`, hint: `give it resources.requests.${resource}, or measure an AverageValue` };
      }
    }
  },
};

export const scaleReplicas: Rule = {
  id: 'scale-replicas',
  severity: 'warning',
  summary: 'What an autoscaler sizes does not say its own size.',
  why: 'Every time Flux applies it, it is set back to that size.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    for (const pods of index.pods) {
      const { built } = pods;
      if (built.release !== undefined || !['apps/Deployment', 'apps/StatefulSet'].includes(kindOf(built.object)) || at(built.object['spec'], 'replicas') === undefined) continue;
      const [scaler] = scaledBy(index, built);
      if (scaler !== undefined) yield { built, path: ['spec', 'replicas'], key: true, message: `replicas is written, and ${scaler.object.kind} ${scaler.object.metadata.name} changes it`, hint: 'take replicas out' };
    }
  },
};
