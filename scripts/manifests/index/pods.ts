import type { Path } from '../../config/source.ts';
import type { Built } from '../model.types.ts';
import { broughtBy, ADDED_LABELS, TEMPLATES } from './operators.ts';
import { at, entries, fields, groupOf, isHole, items, kindOf, text, whole, type Fields } from './read.ts';
import { labelsOf, type Labels, type Verdict } from './selectors.ts';

/** Pods that something of the tree runs: a workload by its template, or an operator for an object of its own kind. */
export interface Pods {
  readonly built: Built;
  readonly namespace: string;
  readonly labels: Labels;
  /** Where the pod template stands in the object; undefined where an operator makes the pods, of which only labels and ports are known. */
  readonly path: Path | undefined;
  /** The pod's spec; empty where an operator makes the pods. */
  readonly spec: Fields;
  /** How many there are; undefined where that is not known, or depends on the nodes. */
  readonly replicas: number | undefined;
  /** Ports that have a name, with their numbers. */
  readonly ports: ReadonlyMap<string, number>;
  /** There may be ports beside them. */
  readonly morePorts: boolean;
}

export interface Container {
  readonly name: string;
  readonly fields: Fields;
  /** In the object, not in the template. */
  readonly path: Path;
  readonly kind: 'containers' | 'initContainers' | 'ephemeralContainers';
}

/** The pods an object runs; [] when it runs none that are known. */
export function podsOf(built: Built, namespace: string): readonly Pods[] {
  const kind = kindOf(built.object);
  const path = TEMPLATES[kind];
  if (path !== undefined) return [ofTemplate(built, namespace, kind, path)];
  return (broughtBy(built.object, groupOf(built.object.apiVersion))?.pods ?? []).map(({ labels, ports }) => ({
    built, namespace, labels: { known: new Map(Object.entries(labels)), open: true }, path: undefined, spec: {}, replicas: undefined, ports: new Map(Object.entries(ports)), morePorts: true,
  }));
}

function ofTemplate(built: Built, namespace: string, kind: string, path: readonly string[]): Pods {
  const template = at(built.object, ...path);
  const spec = fields(at(template, 'spec'));
  const added = ADDED_LABELS[kind] ?? [];
  const labels = labelsOf(at(template, 'metadata', 'labels'), added);
  const ports = new Map<string, number>();
  for (const container of containers(spec, path)) {
    for (const { entry } of entries(container.fields['ports'])) {
      const [name, number] = [text(entry['name']), whole(entry['containerPort'])];
      if (name !== undefined && number !== undefined) ports.set(name, number);
    }
  }
  const open = [template, at(template, 'metadata'), at(template, 'metadata', 'labels')].some(isHole);
  const morePorts = [template, spec, spec['containers'], spec['initContainers'], ...items(spec['containers']), ...items(spec['containers']).flatMap((each) => [at(each, 'ports'), ...entries(at(each, 'ports')).map(({ entry }) => entry['name'])])].some(isHole);
  return { built, namespace, labels: open ? { ...labels, open: true } : labels, path, spec, replicas: replicasOf(built, kind), ports, morePorts };
}

function replicasOf({ object }: Built, kind: string): number | undefined {
  const written = at(object['spec'], 'replicas');
  switch (kind) {
    case 'Pod': return 1;
    case 'apps/Deployment': case 'apps/StatefulSet': case 'apps/ReplicaSet': case 'ReplicationController': return written === undefined || written === null ? 1 : whole(written);
    default: return undefined;
  }
}

/** Containers of a pod's spec in the order they are written, the ordinary ones first. `path`: where the pod template stands. */
export function containers(spec: Fields, path: Path): readonly Container[] {
  return (['containers', 'initContainers', 'ephemeralContainers'] as const).flatMap((kind) => entries(spec[kind]).map(({ entry, index }): Container => (
    { name: text(entry['name']) ?? `${kind}[${index}]`, fields: entry, path: [...path, 'spec', kind, index], kind }
  )));
}

/** Whether pods have a port of this name, or for a number, whether they say so. */
export function hasPort(pods: Pods, port: string): Verdict {
  return pods.ports.has(port) ? true : pods.morePorts ? undefined : false;
}

/** Numbers of the ports the pods' containers declare; undefined when a container declares none, for then nobody knows what it listens on. */
export function declared(pods: Pods): ReadonlySet<number> | undefined {
  const own = pods.path === undefined || pods.morePorts ? [] : containers(pods.spec, pods.path).filter(({ kind, fields: container }) => kind === 'containers' || container['restartPolicy'] === 'Always');
  if (own.length === 0) return undefined;
  const numbers = own.map(({ fields: container }) => entries(container['ports']).map(({ entry }) => whole(entry['containerPort'])));
  if (numbers.some((each) => each.length === 0 || each.includes(undefined))) return undefined;
  return new Set(numbers.flat().filter((number) => number !== undefined));
}
