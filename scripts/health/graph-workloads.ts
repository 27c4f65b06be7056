import type { KubeObject } from '../config/cluster.ts';
import { CILIUM } from './checks/cni.ts';
import { blamesNetwork, nodeId } from './checks/nodes.ts';
import { podsOf } from './checks/rollout.ts';
import type { Edge, Failing } from './graph.types.ts';
import { KINDS } from './kinds.ts';
import { known } from './look.ts';
import { at, condition, fields, id, idOf, items, spec, status, text } from './objects.ts';
import type { Snapshot } from './snapshot.types.ts';

/** Pod -> its workload -> the node, the secret's maker; an HelmRelease -> what it brought. */
export function workloadEdges(seen: Snapshot, failing: Failing, edge: Edge): void {
  const pods = known(seen, KINDS.pods);
  const producers = secretProducers(seen);
  const workloads = [...known(seen, KINDS.deployments), ...known(seen, KINDS.daemonSets), ...known(seen, KINDS.statefulSets)];
  const owned = new Set<KubeObject>();
  for (const workload of workloads) {
    const self = idOf(workload);
    const labels = workload.metadata.labels ?? {};
    const [release, releaseNamespace] = [labels['helm.toolkit.fluxcd.io/name'], labels['helm.toolkit.fluxcd.io/namespace']];
    if (release !== undefined) edge(id('HelmRelease', release, releaseNamespace), self);
    const annotations = workload.metadata.annotations ?? {};
    const byHelm = annotations['meta.helm.sh/release-name'];
    for (const object of known(seen, KINDS.helmReleases)) {
      const names = (text(spec(object, 'releaseName')) ?? object.metadata.name) === byHelm && (text(spec(object, 'targetNamespace')) ?? object.metadata.namespace) === annotations['meta.helm.sh/release-namespace'];
      if (names) edge(idOf(object), self);
    }
    for (const pod of podsOf(workload, pods)) {
      owned.add(pod);
      // One broken workload is one trouble, however many pods show it.
      if (failing.has(self)) edge(idOf(pod), self);
      blame(pod, self);
    }
    // A DaemonSet can lack its pod on a node that is away altogether.
    if (workload.kind === 'DaemonSet') for (const node of deadNodes(failing)) edge(self, node);
  }
  for (const pod of pods) blame(pod, idOf(pod));

  function blame(pod: KubeObject, self: string): void {
    if (condition(pod, 'Ready')?.status === 'True') return;
    const node = text(spec(pod, 'nodeName'));
    if (node !== undefined) {
      const found = failing.get(nodeId(node));
      // Cilium is what such a node waits for; the other way round would make a circle.
      const waitsForNetwork = found !== undefined && blamesNetwork(found) && (self === CILIUM || spec(pod, 'hostNetwork') === true);
      if (!waitsForNetwork) edge(self, nodeId(node));
    } else if (condition(pod, 'PodScheduled')?.status === 'False') {
      for (const object of failing.keys()) if (object.startsWith('Node ')) edge(self, object);
    }
    const because = failing.get(self)?.because ?? '';
    for (const name of secretsOf(pod)) {
      if (!because.includes(name) && text(status(pod, 'phase')) !== 'Pending') continue;
      for (const producer of producers.get(`${pod.metadata.namespace ?? ''}/${name}`) ?? []) edge(self, producer);
    }
  }
}

function deadNodes(failing: Failing): readonly string[] {
  return [...failing].filter(([object, finding]) => object.startsWith('Node ') && (finding.state?.startsWith('Ready=Unknown') === true || finding.state === 'not registered')).map(([object]) => object);
}

/** Names of the secrets a pod mounts or reads. */
function secretsOf(pod: KubeObject): ReadonlySet<string> {
  const names = new Set<string>();
  const add = (value: unknown): void => {
    const name = text(value);
    if (name !== undefined) names.add(name);
  };
  for (const volume of items(spec(pod, 'volumes'))) add(at(volume, 'secret', 'secretName'));
  for (const container of [...items(spec(pod, 'initContainers')), ...items(spec(pod, 'containers'))].map(fields)) {
    for (const entry of items(container['envFrom'])) add(at(entry, 'secretRef', 'name'));
    for (const entry of items(container['env'])) add(at(entry, 'valueFrom', 'secretKeyRef', 'name'));
  }
  return names;
}

/** Who makes a Secret, by `namespace/name`: an ExternalSecret, a Certificate, or we ourselves at bootstrap. */
export function secretProducers(seen: Snapshot): ReadonlyMap<string, readonly string[]> {
  const producers = new Map<string, string[]>();
  const add = (key: string, producer: string): void => {
    producers.set(key, [...(producers.get(key) ?? []), producer]);
  };
  for (const object of known(seen, KINDS.externalSecrets)) add(`${object.metadata.namespace ?? ''}/${text(spec(object, 'target', 'name')) ?? object.metadata.name}`, idOf(object));
  for (const object of known(seen, KINDS.certificates)) {
    const name = text(spec(object, 'secretName'));
    if (name !== undefined) add(`${object.metadata.namespace ?? ''}/${name}`, idOf(object));
  }
  for (const secret of seen.site.bootstrap.secrets) add(`${secret.namespace}/${secret.name}`, id('Secret', secret.name, secret.namespace));
  return producers;
}
