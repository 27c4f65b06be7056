/** cluster.ClusterService/HealthCheck: the checks a control plane makes of its whole cluster, in the order and the words of Talos, over the simulation. */
import type { LabCluster } from '../world/cluster.ts';
import type { Machine } from '../world/machine.ts';
import { RpcError, refusedText } from '../world/rpc.ts';
import { servicesOf, stageOf } from '../world/services.ts';
import type { KubeObject } from '../world/types.ts';
import { at, isFields, textAt, textsAt } from '../world/value.ts';
import type { Fields } from '../world/value.ts';
import type { NodeCall } from './call.ts';
import { durationMs } from './methods/machine.ts';
import { looks } from './watching.ts';

interface Nodes { readonly planes: readonly Machine[]; readonly workers: readonly Machine[]; readonly missing: readonly string[] }
interface Check { readonly name: string; readonly holds: (cluster: LabCluster, nodes: Nodes) => string | undefined }

/** Go's %q of a list. */
const quoted = (words: readonly string[]): string => `[${words.map((word) => JSON.stringify(word)).join(' ')}]`;
const all = ({ planes, workers }: Nodes): readonly Machine[] => [...planes, ...workers];

const unreachable = (machines: readonly Machine[]): string | undefined => {
  const gone = machines.find((machine) => machine.face() !== 'installed');
  return gone === undefined ? undefined : `rpc error: code = Unavailable desc = ${refusedText(`${gone.file.address}:50000`)}`;
};
const service = (id: string, of: (nodes: Nodes) => readonly Machine[]): Check['holds'] => (cluster, nodes) => {
  const machines = of(nodes);
  const gone = unreachable(machines);
  if (gone !== undefined) return gone;
  for (const machine of machines) {
    const found = servicesOf(cluster, machine).find((one) => one.id === id);
    if (found === undefined) return `${machine.file.address}: service "${id}" not found`;
    if (found.state !== 'Running') return `${machine.file.address}: service "${id}" not in expected state "Running": current state [${found.state}] ${found.events.at(-1)?.msg ?? ''}`;
    if (found.healthy !== true) return `${machine.file.address}: service is not healthy: ${id}`;
  }
  return undefined;
};

/** Objects of the cluster's own API; undefined while it does not answer. */
function objects(cluster: LabCluster, apiVersion: string, kind: string, namespace?: string): readonly KubeObject[] | undefined {
  const { store } = cluster;
  if (store === undefined || !cluster.apiUp()) return undefined;
  return store.typeOf(apiVersion, kind) === undefined ? [] : store.list(apiVersion, kind, namespace);
}
const NO_API = 'Get "https://127.0.0.1:7445/api/v1/nodes": dial tcp 127.0.0.1:7445: connect: connection refused';
const isReady = (object: KubeObject): boolean => {
  const conditions = at(object.status, 'conditions');
  return Array.isArray(conditions) && conditions.some((condition) => isFields(condition) && condition['type'] === 'Ready' && condition['status'] === 'True');
};
const nodes = (cluster: LabCluster, wrong: (nodes: readonly KubeObject[]) => string | undefined): string | undefined => {
  const found = objects(cluster, 'v1', 'Node');
  return found === undefined ? NO_API : wrong(found);
};
const podsReady = (app: string, kind: 'DaemonSet' | 'Deployment'): Check['holds'] => (cluster) => {
  const owners = objects(cluster, 'apps/v1', kind, 'kube-system');
  if (owners === undefined) return NO_API;
  const there = owners.some((owner) => textAt(owner.metadata.labels, 'k8s-app') === app || textAt(owner.spec, 'selector', 'matchLabels', 'k8s-app') === app);
  if (!there) return SKIPPED;
  const waiting = (objects(cluster, 'v1', 'Pod', 'kube-system') ?? []).filter((pod) => pod.metadata.labels?.['k8s-app'] === app && !isReady(pod));
  return waiting.length === 0 ? undefined : `some pods are not ready: ${quoted(waiting.map((pod) => pod.metadata.name))}`;
};
const SKIPPED = 'SKIP';

const CHECKS: readonly Check[] = [
  { name: 'etcd to be healthy', holds: service('etcd', ({ planes }) => planes) },
  {
    name: 'etcd members to be consistent across nodes', holds: (cluster, { planes }) => {
      const gone = unreachable(planes);
      if (gone !== undefined) return gone;
      return cluster.quorum() ? undefined : 'rpc error: code = Unknown desc = error getting etcd members: context deadline exceeded';
    },
  },
  {
    name: 'etcd members to be control plane nodes', holds: (cluster, { planes }) => {
      const addresses = planes.map((machine) => machine.file.address).toSorted();
      const members = (cluster.state.etcd?.members ?? []).map((member) => member.address).toSorted();
      return String(addresses) === String(members) ? undefined : `mismatch between etcd member and control plane nodes: expected ${quoted(addresses)}, got ${quoted(members)}`;
    },
  },
  { name: 'apid to be ready', holds: (_cluster, found) => unreachable(all(found)) },
  { name: 'all nodes memory sizes', holds: (_cluster, found) => unreachable(all(found)) },
  { name: 'all nodes disk sizes', holds: (_cluster, found) => unreachable(all(found)) },
  { name: 'no diagnostics', holds: (cluster, found) => { const waiting = cluster.waitingKubelets().find((name) => all(found).some((machine) => machine.hostname === name)); return waiting === undefined ? undefined : `active diagnostics: ${waiting}: kubelet server certificate rotation is enabled, but CSR is not approved`; } },
  { name: 'kubelet to be healthy', holds: service('kubelet', all) },
  {
    name: 'all nodes to finish boot sequence', holds: (cluster, found) => {
      const booting = all(found).find((machine) => stageOf(cluster, machine).stage !== 'running');
      return booting === undefined ? undefined : `nodes are not ready: ${quoted([booting.file.address])}: stage ${stageOf(cluster, booting).stage}`;
    },
  },
  {
    name: 'all k8s nodes to report', holds: (cluster, found) => nodes(cluster, (there) => {
      const missing = all(found).filter((machine) => !there.some((node) => node.metadata.name === machine.hostname));
      return missing.length === 0 ? undefined : `can't find expected node with IPs ${quoted(missing.map((machine) => machine.file.address))}`;
    }),
  },
  {
    name: 'all control plane static pods to be running', holds: (cluster, { planes }) => {
      const pods = objects(cluster, 'v1', 'Pod', 'kube-system');
      if (pods === undefined) return NO_API;
      const missing = planes.flatMap((machine) => ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map((name) => `${name}-${machine.hostname}`)).filter((name) => !pods.some((pod) => pod.metadata.name === name));
      return missing.length === 0 ? undefined : `missing static pods on node: ${quoted(missing)}`;
    },
  },
  {
    name: 'all control plane components to be ready', holds: (cluster, { planes }) => {
      const pods = objects(cluster, 'v1', 'Pod', 'kube-system');
      if (pods === undefined) return NO_API;
      const waiting = pods.filter((pod) => planes.some((machine) => pod.spec?.['nodeName'] === machine.hostname) && pod.metadata.labels?.['tier'] === 'control-plane' && !isReady(pod));
      return waiting.length === 0 ? undefined : `some pods are not ready: ${quoted(waiting.map((pod) => pod.metadata.name))}`;
    },
  },
  {
    name: 'all k8s nodes to report ready', holds: (cluster) => nodes(cluster, (there) => {
      const waiting = there.filter((node) => !isReady(node));
      return waiting.length === 0 ? undefined : `some nodes are not ready: ${quoted(waiting.map((node) => node.metadata.name))}`;
    }),
  },
  { name: 'kube-proxy to report ready', holds: podsReady('kube-proxy', 'DaemonSet') },
  { name: 'coredns to report ready', holds: podsReady('kube-dns', 'Deployment') },
  {
    name: 'all k8s nodes to report schedulable', holds: (cluster) => nodes(cluster, (there) => {
      const closed = there.filter((node) => node.spec?.['unschedulable'] === true);
      return closed.length === 0 ? undefined : `some nodes are not schedulable: ${quoted(closed.map((node) => node.metadata.name))}`;
    }),
  },
];

function nodesOf({ cluster, machine, request }: NodeCall): Nodes {
  const named = (role: string): readonly string[] => textsAt(request, 'clusterInfo', role);
  const [planes, workers] = [named('controlPlaneNodes'), named('workerNodes')];
  if (planes.length + workers.length > 0) {
    const find = (names: readonly string[]): readonly Machine[] => names.flatMap((name) => cluster.machine(name) ?? []);
    return { planes: find(planes), workers: find(workers), missing: [...planes, ...workers].filter((name) => cluster.machine(name) === undefined) };
  }
  // Who is found by the discovery service: machines of the same cluster that have come up once.
  const members = cluster.machines.filter((other) => other.config !== undefined && other.config.clusterId === machine.config?.clusterId && other.face() === 'installed');
  return { planes: members.filter((other) => other.config?.type === 'controlplane'), workers: members.filter((other) => other.config?.type === 'worker'), missing: [] };
}

/** Tells of each check until it holds; rejects with DeadlineExceeded when one does not in time (wall ms, as the client counts). */
export async function healthCheck(call: NodeCall, send: (item: Fields) => Promise<void>): Promise<void> {
  await call.ask('HealthCheck');
  const found = nodesOf(call);
  await send({ message: `discovered nodes: ${quoted([...all(found).map((machine) => machine.file.address), ...found.missing])}` });
  const deadline = performance.now() + durationMs(call.request['waitTimeout']);
  for (const { name, holds } of CHECKS) {
    await send({ message: `waiting for ${name}: ...` });
    let last = '';
    const told = async (): Promise<boolean> => {
      const missing = found.missing[0];
      const because = missing === undefined ? holds(call.cluster, found) : `rpc error: code = Unavailable desc = ${refusedText(`${missing}:50000`)}`;
      const line = `waiting for ${name}: ${because ?? 'OK'}`;
      if (line !== last) await send({ message: line });
      last = line;
      return because === undefined || because === SKIPPED;
    };
    if (await told()) continue;
    for await (const _look of looks(call)) {
      if (await told()) break;
      if (performance.now() > deadline) throw new RpcError('DeadlineExceeded', 'context deadline exceeded');
    }
  }
}
