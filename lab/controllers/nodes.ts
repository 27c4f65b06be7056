/** Kubelets and the node life cycle: registering, the network plugin's say, going missing, coming back. */
import { certificateRequest } from '../world/pki.ts';
import { ApiError, type ControllerContext, type KubeObject } from '../world/types.ts';
import { conditionOf, iso, list, plain, sha256, suffix, withConditions, type Condition } from '../catalog/data.ts';
import { TIMES } from '../catalog/timings.ts';
import { isKind, type Again, type Controller } from './runtime.ts';

const CSR = 'certificates.k8s.io/v1';
const NO_CNI = 'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized';

export type Machine = ReturnType<ControllerContext['machines']>[number];

/** The node's pod range: the n-th /24 of the cluster's. */
function podRange(cidr: string, index: number): string {
  const [a, b] = cidr.split('.');
  return `${a}.${b}.${index}.0/24`;
}

/** Pods the kubelet runs from the machine's own files; they show what Talos starts on a control plane. */
function staticPods(cx: ControllerContext, machine: Machine, node: KubeObject): KubeObject[] {
  if (machine.role !== 'controlplane') return [];
  return ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map((component) => ({
    apiVersion: 'v1', kind: 'Pod',
    metadata: {
      name: `${component}-${machine.name}`, namespace: 'kube-system',
      labels: { 'k8s-app': component, tier: 'control-plane' }, annotations: { 'kubernetes.io/config.source': 'file', 'kubernetes.io/config.mirror': component },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: machine.name, uid: node.metadata.uid ?? '', controller: true }],
    },
    spec: { nodeName: machine.name, hostNetwork: true, priorityClassName: 'system-cluster-critical', tolerations: [{ operator: 'Exists' }], containers: [{ name: component, image: machine.images?.[component] ?? `registry.k8s.io/${component}:${version(cx)}` }] },
  }));
}
const tagOf = (image: string | undefined): string | undefined => /:(v[^:@/]+)(?:@.*)?$/.exec(image ?? '')?.[1];
function version(cx: ControllerContext): string { return cx.kubernetesVersion ?? 'v1.34.4'; }

/** Says why the network is not there on this node; undefined when it is. A node's network is the Cilium agent on it. */
export function networkProblem(cx: ControllerContext, node: string): string | undefined {
  const agent = cx.store.list('v1', 'Pod').find((pod) => pod.metadata.labels?.['k8s-app'] === 'cilium' && pod.spec?.['nodeName'] === node);
  return agent !== undefined && conditionOf(agent, 'Ready')?.['status'] === 'True' ? undefined : NO_CNI;
}

function imageOf(pod: KubeObject): unknown { return plain(list(pod.spec?.['containers'])[0])['image']; }

export function nodeController(cx: ControllerContext): Controller {
  /** When a kubelet was first seen running, or gone, in this process; a restart only starts the grace anew. */
  const seen = new Map<string, { readonly bootId: string; readonly at: number }>();
  const missing = new Map<string, number>();

  function register(machine: Machine): KubeObject {
    const index = cx.clusterFile.machines.findIndex((entry) => entry.name === machine.name);
    return cx.store.create({
      apiVersion: 'v1', kind: 'Node',
      metadata: {
        name: machine.name,
        labels: {
          'beta.kubernetes.io/arch': 'amd64', 'beta.kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64', 'kubernetes.io/os': 'linux', 'kubernetes.io/hostname': machine.name,
          ...(machine.role === 'controlplane' ? { 'node-role.kubernetes.io/control-plane': '' } : {}),
          'topology.kubernetes.io/region': cx.cluster, 'topology.kubernetes.io/zone': 'm',
        },
        annotations: { 'networking.talos.dev/self-ips': machine.address },
      },
      spec: { podCIDR: podRange(cx.clusterFile.podCIDR, index), podCIDRs: [podRange(cx.clusterFile.podCIDR, index)], taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] },
    });
  }

  function heartbeat(machine: Machine, node: KubeObject): Again {
    const now = cx.clock.now();
    const problem = machine.problem ?? networkProblem(cx, machine.name);
    const was = conditionOf(node, 'Ready');
    const condition: Condition = problem === undefined
      ? { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }
      : { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: problem };
    const healthy: Condition[] = (['MemoryPressure', 'DiskPressure', 'PIDPressure'] as const).map((type) => ({ type, status: 'False', reason: `KubeletHasNo${type}`, message: `kubelet has no ${type}` }));
    cx.store.updateStatus({ apiVersion: 'v1', kind: 'Node', name: machine.name }, {
      ...node.status,
      addresses: [{ type: 'InternalIP', address: machine.address }, { type: 'Hostname', address: machine.name }],
      capacity: { cpu: '12', memory: '65571152Ki', pods: '110', 'ephemeral-storage': '975456Mi' }, allocatable: { cpu: '11950m', memory: '64920912Ki', pods: '110', 'ephemeral-storage': '898980Mi' },
      nodeInfo: {
        architecture: 'amd64', bootID: machine.bootId, containerRuntimeVersion: 'containerd://2.1.5', kernelVersion: '6.18.1-talos', kubeletVersion: tagOf(machine.images?.['kubelet']) ?? version(cx), kubeProxyVersion: version(cx),
        machineID: machine.name, operatingSystem: 'linux', osImage: `Talos (${machine.talosVersion ?? cx.talosVersion ?? 'v1.12.0'})`, systemUUID: machine.name,
      },
      conditions: withConditions(node, now, [...healthy, condition]),
    });
    setTaints(node, problem === undefined ? [] : [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }]);
    for (const pod of staticPods(cx, machine, node)) {
      const there = cx.store.get({ apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, namespace: 'kube-system' });
      if (there === undefined) cx.store.create(pod);
      // Another image is another pod: the kubelet makes it anew, and looks again once the old one is gone.
      else if (imageOf(there) !== imageOf(pod)) {
        cx.store.delete({ apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, namespace: 'kube-system' });
        return 1_000;
      }
    }
    return was === undefined ? 1 : undefined;
  }

  function setTaints(node: KubeObject, ours: readonly Record<string, string>[]): void {
    const current = cx.store.get({ apiVersion: 'v1', kind: 'Node', name: node.metadata.name }) ?? node;
    const others = list(current.spec?.['taints']).filter((taint) => !String(plain(taint)['key']).startsWith('node.kubernetes.io/'));
    const taints = [...others, ...ours];
    const { taints: _old, ...spec } = current.spec ?? {};
    cx.store.update({ ...current, spec: taints.length > 0 ? { ...spec, taints } : spec });
  }

  function lost(node: KubeObject): Again {
    const now = cx.clock.now();
    const since = missing.get(node.metadata.name) ?? now;
    missing.set(node.metadata.name, since);
    if (now - since < TIMES.nodeGrace) return since + TIMES.nodeGrace - now;
    if (conditionOf(node, 'Ready')?.['status'] !== 'Unknown') {
      cx.store.updateStatus({ apiVersion: 'v1', kind: 'Node', name: node.metadata.name }, {
        ...node.status,
        conditions: withConditions(node, now, (['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const).map((type) => ({ type, status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' }))),
      });
      setTaints(node, [{ key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule' }, { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }]);
    }
    const evictAt = since + TIMES.nodeGrace + TIMES.eviction;
    if (now < evictAt) return evictAt - now;
    for (const pod of cx.store.list('v1', 'Pod')) {
      if (pod.spec?.['nodeName'] !== node.metadata.name) continue;
      const owner = pod.metadata.ownerReferences?.[0]?.kind;
      if (owner === 'DaemonSet' || owner === 'Node') continue;
      try { cx.store.delete({ apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, namespace: pod.metadata.namespace ?? 'default' }); }
      catch (error) { if (!(error instanceof ApiError && error.code === 404)) throw error; }
    }
    return undefined;
  }

  /**
   * A kubelet asks for its client certificate by a CertificateSigningRequest, which the controller manager approves at
   * once; only while it does not is there anything to see. `known`: it had one before, and asks as the node it is.
   */
  function requestCertificate(name: string, known: boolean, waits: boolean): void {
    const request = `csr-${suffix(`${cx.cluster}/${name}`, 5)}`;
    const ref = { apiVersion: CSR, kind: 'CertificateSigningRequest', name: request };
    const there = cx.store.get(ref);
    if (waits && (there === undefined || conditionOf(there, 'Approved') !== undefined)) {
      if (there !== undefined) cx.store.delete(ref);
      cx.store.create({
        apiVersion: CSR, kind: 'CertificateSigningRequest', metadata: { name: request },
        spec: {
          request: Buffer.from(certificateRequest({ organization: ['system:nodes'], commonName: `system:node:${name}` })).toString('base64'), signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
          usages: ['digital signature', 'client auth'], username: known ? `system:node:${name}` : `system:bootstrap:${sha256(cx.cluster).slice(0, 6)}`, groups: known ? ['system:nodes', 'system:authenticated'] : ['system:bootstrappers', 'system:authenticated'],
        },
      });
    } else if (!waits && there !== undefined && conditionOf(there, 'Approved') === undefined) {
      const at = iso(cx.clock.now());
      cx.store.updateStatus(ref, { conditions: [{ type: 'Approved', status: 'True', reason: 'AutoApproved', message: 'Auto approving kubelet client certificate after SubjectAccessReview.', lastUpdateTime: at, lastTransitionTime: at }] });
    }
  }

  return {
    name: 'node',
    keys(event) {
      if (isKind(event.object, '/Node')) return [`/${event.object.metadata.name}`];
      const node = event.object.spec?.['nodeName'];
      return isKind(event.object, '/Pod') && event.object.metadata.labels?.['k8s-app'] === 'cilium' && typeof node === 'string' ? [`/${node}`] : [];
    },
    initial: () => cx.clusterFile.machines.map((machine) => `/${machine.name}`),
    reconcile(key) {
      const name = key.slice(1);
      const machine = cx.machines().find((entry) => entry.name === name);
      const node = cx.store.get({ apiVersion: 'v1', kind: 'Node', name });
      requestCertificate(name, node !== undefined, cx.waitingKubelets?.().includes(name) === true);
      if (machine === undefined) { seen.delete(name); return node === undefined ? undefined : lost(node); }
      missing.delete(name);
      const now = cx.clock.now();
      const first = seen.get(name);
      const at = first?.bootId === machine.bootId ? first.at : now;
      if (first?.bootId !== machine.bootId) seen.set(name, { bootId: machine.bootId, at: now });
      const known = plain(node?.status?.['nodeInfo'])['bootID'] === machine.bootId;
      if (!known && now - at < TIMES.nodeRegisters) return at + TIMES.nodeRegisters - now;
      return heartbeat(machine, node ?? register(machine));
    },
  };
}
