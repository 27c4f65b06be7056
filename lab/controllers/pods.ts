/** Scheduler and kubelets: gives pods a node, starts them when their node's network is there, restarts them with their machine. */
import type { ControllerContext, KubeObject } from '../world/types.ts';
import { conditionOf, iso, list, plain, sha256, text, whole, withConditions, type Condition, type Plain } from '../catalog/data.ts';
import { podReadyMs, TIMES } from '../catalog/timings.ts';
import { claimTrouble, leavesBehind, unboundClaim } from './data/claims.ts';
import { runsInside } from './data/insides.ts';
import { befalls } from './faults/befalls.ts';
import { networkProblem } from './nodes.ts';
import { isKind, keyOf, splitKey, type Again, type Controller } from './runtime.ts';

export function containersOf(pod: KubeObject): readonly Plain[] { return list(pod.spec?.['containers']).map(plain); }
function imageOf(pod: KubeObject): string { return text(containersOf(pod)[0]?.['image']) ?? ''; }
export function isStatic(pod: KubeObject): boolean { return pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined; }

function tolerates(pod: KubeObject, taint: Plain): boolean {
  return list(pod.spec?.['tolerations']).map(plain).some((toleration) => {
    const effect = toleration['effect'];
    if (effect !== undefined && effect !== '' && effect !== taint['effect']) return false;
    if (toleration['operator'] === 'Exists') return toleration['key'] === undefined || toleration['key'] === taint['key'];
    return toleration['key'] === taint['key'] && (toleration['value'] ?? '') === (taint['value'] ?? '');
  });
}
/** Taints of a node that keep this pod away. */
export function repelledBy(pod: KubeObject, node: KubeObject): Plain | undefined {
  // The node life cycle's own taint of a cordoned node.
  const cordon = node.spec?.['unschedulable'] === true ? [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] : [];
  return [...cordon, ...list(node.spec?.['taints']).map(plain)].find((taint) => taint['effect'] !== 'PreferNoSchedule' && !tolerates(pod, taint));
}

/** What a container of a pod said, where the lab knows it; read as the pod's log. */
export const POD_LOG = 'lab.task/log';

const sameOwner = (a: KubeObject, b: KubeObject): boolean => a.metadata.ownerReferences?.[0]?.uid === b.metadata.ownerReferences?.[0]?.uid;

function write(cx: ControllerContext, pod: KubeObject, status: Plain, conditions: readonly Condition[]): void {
  cx.store.updateStatus({ apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, namespace: pod.metadata.namespace ?? 'default' }, { ...pod.status, ...status, conditions: withConditions(pod, cx.clock.now(), conditions) });
}
const ready = (is: boolean, reason = '', message = ''): Condition[] => (['Ready', 'ContainersReady'] as const).map((type) => ({ type, status: is ? 'True' : 'False', reason, message }));

/** Puts a pod on the fitting node with the fewest of its siblings; says why when none fits. */
function assign(cx: ControllerContext, pod: KubeObject): Again {
  const nodes = cx.store.list('v1', 'Node');
  const unbound = unboundClaim(cx, pod, nodes.length);
  if (unbound !== undefined) {
    write(cx, pod, { phase: 'Pending' }, [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: unbound }]);
    return undefined;
  }
  const pods = cx.store.list('v1', 'Pod', undefined);
  const repelled = new Map<string, number>();
  const fits = nodes.filter((node) => {
    const taint = repelledBy(pod, node);
    if (taint === undefined && Object.entries(plain(pod.spec?.['nodeSelector'])).every(([label, value]) => node.metadata.labels?.[label] === value)) return true;
    const word = taint === undefined ? "node(s) didn't match Pod's node affinity/selector" : `node(s) had untolerated taint {${String(taint['key'])}: ${text(taint['value']) ?? ''}}`;
    repelled.set(word, (repelled.get(word) ?? 0) + 1);
    return false;
  });
  if (fits.length === 0) {
    const why = [...repelled].map(([word, n]) => `${n} ${word}`).join(', ');
    const message = nodes.length === 0 ? 'no nodes available to schedule pods' : `0/${nodes.length} nodes are available: ${why}. preemption: 0/${nodes.length} nodes are available: ${nodes.length} Preemption is not helpful for scheduling.`;
    write(cx, pod, { phase: 'Pending' }, [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }]);
    return undefined;
  }
  const load = (node: KubeObject): number => {
    const here = pods.filter((other) => other.spec?.['nodeName'] === node.metadata.name);
    return here.filter((other) => sameOwner(other, pod)).length * 1000 + here.length;
  };
  const best = fits.toSorted((a, b) => load(a) - load(b) || a.metadata.name.localeCompare(b.metadata.name))[0];
  if (best !== undefined) cx.store.update({ ...pod, spec: { ...pod.spec, nodeName: best.metadata.name } });
  return undefined;
}

function podAddress(cx: ControllerContext, pod: KubeObject, hostIP: string, range: string): string {
  if (pod.spec?.['hostNetwork'] === true) return hostIP;
  const kept = text(pod.status?.['podIP']);
  if (kept !== undefined) return kept;
  const used = new Set(cx.store.list('v1', 'Pod').map((other) => other.status?.['podIP']));
  const base = range.split('/')[0]?.split('.').slice(0, 3).join('.') ?? '10.244.0';
  for (let i = 2; i < 255; i++) if (!used.has(`${base}.${i}`)) return `${base}.${i}`;
  return `${base}.254`;
}

function kubelet(cx: ControllerContext, pod: KubeObject, nodeName: string): Again {
  const now = cx.clock.now();
  const machine = cx.machines().find((entry) => entry.name === nodeName);
  const node = cx.store.get({ apiVersion: 'v1', kind: 'Node', name: nodeName });
  const phase = pod.status?.['phase'];
  if (phase === 'Succeeded' || phase === 'Failed') return undefined;
  if (machine === undefined || node === undefined) {
    const unknown = conditionOf(node, 'Ready')?.['status'] === 'Unknown';
    if (unknown && conditionOf(pod, 'Ready')?.['status'] === 'True') write(cx, pod, {}, [{ type: 'Ready', status: 'False', reason: 'NodeNotReady', message: '' }]);
    return undefined;
  }
  if (machine.problem !== undefined) {
    // The node life cycle marks what runs on a node that is not ready; the kubelet takes it back.
    if (conditionOf(pod, 'Ready')?.['status'] === 'True') write(cx, pod, {}, [{ type: 'Ready', status: 'False', reason: 'NodeNotReady', message: '' }]);
    return undefined;
  }
  const scheduled: Condition = { type: 'PodScheduled', status: 'True', reason: '', message: '' };
  const waiting = (reason: string, message: string): Plain => ({
    containerStatuses: containersOf(pod).map((container) => ({ name: container['name'], image: container['image'], imageID: '', ready: false, started: false, restartCount: restarts(pod), state: { waiting: { reason, message } } })),
  });
  const problem = pod.spec?.['hostNetwork'] === true ? undefined : networkProblem(cx, nodeName);
  const running = conditionOf(pod, 'Ready')?.['status'] === 'True';
  if (problem !== undefined && !running) {
    write(cx, pod, { phase: 'Pending', hostIP: machine.address, startTime: pod.status?.['startTime'] ?? iso(now), ...waiting('ContainerCreating', problem) },
      [scheduled, { type: 'PodReadyToStartContainers', status: 'False', reason: 'NetworkNotReady', message: problem }, ...ready(false, 'ContainersNotReady', `containers with unready status: [${containersOf(pod).map((container) => String(container['name'])).join(' ')}]`)]);
    return undefined;
  }
  const missing = running ? undefined : missingReference(cx, pod) ?? claimTrouble(cx, pod);
  if (missing !== undefined) {
    write(cx, pod, { phase: 'Pending', hostIP: machine.address, startTime: pod.status?.['startTime'] ?? iso(now), ...waiting(missing.reason, missing.message) }, [scheduled, ...ready(false, 'ContainersNotReady', missing.message)]);
    return missing.reason === 'ContainerCreating' && missing.message.startsWith('Multi-Attach') ? TIMES.containerRestart : undefined;
  }
  const boot = sha256(`${pod.metadata.uid ?? ''}|${machine.bootId}`);
  const startedHere = text(pod.status?.['hostBoot']) === boot;
  const sandbox = conditionOf(pod, 'PodReadyToStartContainers');
  if (!startedHere || sandbox?.['status'] !== 'True') {
    const restarted = text(pod.status?.['hostBoot']) !== undefined && !startedHere;
    const count = restarts(pod) + (restarted ? 1 : 0);
    write(cx, { ...pod, status: { ...pod.status, conditions: list(pod.status?.['conditions']).filter((entry) => plain(entry)['type'] !== 'PodReadyToStartContainers') } }, {
      phase: 'Pending', hostIP: machine.address, startTime: pod.status?.['startTime'] ?? iso(now), hostBoot: boot,
      containerStatuses: list(waiting('ContainerCreating', '')['containerStatuses']).map((entry) => ({ ...plain(entry), restartCount: count })),
    }, [scheduled, { type: 'PodReadyToStartContainers', status: 'True', reason: '', message: '' }, ...ready(false, 'ContainersNotReady', 'containers are starting')]);
    return isStatic(pod) ? 1 : needs(pod, restarted);
  }
  if (running) return undefined;
  const unpulled = imageTrouble(cx, pod);
  if (unpulled !== undefined) {
    write(cx, pod, { phase: 'Pending', ...waiting('ImagePullBackOff', unpulled) }, [scheduled, ...ready(false, 'ContainersNotReady', `containers with unready status: [${containersOf(pod).map((container) => String(container['name'])).join(' ')}]`)]);
    return undefined;
  }
  const since = Date.parse(text(sandbox['lastTransitionTime']) ?? '');
  const due = since + (isStatic(pod) ? 0 : needs(pod, restarts(pod) > 0));
  if (now < due) return due - now;
  const job = pod.metadata.ownerReferences?.some((owner) => owner.kind === 'Job') === true;
  const inside = job ? runsInside(cx, pod) : undefined;
  const failed = inside !== undefined && inside.exitCode !== 0;
  if (inside?.log !== undefined) pod = cx.store.update({ ...pod, metadata: { ...pod.metadata, annotations: { ...pod.metadata.annotations, [POD_LOG]: inside.log } } });
  const ip = podAddress(cx, pod, machine.address, text(node.spec?.['podCIDR']) ?? cx.clusterFile.podCIDR);
  const statuses = containersOf(pod).map((container) => ({
    name: container['name'], image: container['image'], imageID: `${String(container['image'])}@sha256:${sha256(String(container['image']))}`, containerID: `containerd://${sha256(`${boot}|${String(container['name'])}|${restarts(pod)}`)}`,
    ready: !job, started: !job, restartCount: restarts(pod),
    state: job ? { terminated: { exitCode: inside?.exitCode ?? 0, reason: failed ? 'Error' : 'Completed', startedAt: iso(since), finishedAt: iso(now), ...(inside?.message === undefined ? {} : { message: inside.message }) } } : { running: { startedAt: iso(now) } },
  }));
  write(cx, pod, { phase: failed ? 'Failed' : job ? 'Succeeded' : 'Running', qosClass: 'Burstable', hostIP: machine.address, podIP: ip, podIPs: [{ ip }], containerStatuses: statuses },
    [scheduled, { type: 'Initialized', status: 'True', reason: '', message: '' }, ...(job ? ready(false, failed ? 'PodFailed' : 'PodCompleted') : ready(true))]);
  if (!job) leavesBehind(cx, pod);
  return undefined;
}
/** Why the image of a pod cannot be pulled, when a fault is about its Deployment; undefined when it can. */
function imageTrouble(cx: ControllerContext, pod: KubeObject): string | undefined {
  const set = pod.metadata.ownerReferences?.find((owner) => owner.kind === 'ReplicaSet');
  const owner = set === undefined ? undefined : cx.store.get({ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: set.name, namespace: pod.metadata.namespace ?? '' })?.metadata.ownerReferences?.[0];
  if (owner === undefined || !befalls(cx, 'image-pull-back-off', { apiVersion: 'apps/v1', kind: owner.kind, metadata: { name: owner.name, namespace: pod.metadata.namespace ?? '' } })) return undefined;
  const image = imageOf(pod);
  return `Back-off pulling image "${image}": ErrImagePull: failed to pull and unpack image "${image}": failed to resolve reference "${image}": dial tcp 192.0.2.20:443: i/o timeout`;
}
export function restarts(pod: KubeObject): number { return whole(plain(list(pod.status?.['containerStatuses'])[0])['restartCount'], 0); }

interface Reference { readonly kind: string; readonly name: string; readonly volume: string | undefined }
/** Secrets and ConfigMaps a pod cannot start without: its volumes, and what its containers take into their environment. */
function referencesOf(pod: KubeObject): Reference[] {
  const found = (kind: string, source: Plain, name: unknown, volume?: string): Reference[] => (typeof name === 'string' && source['optional'] !== true ? [{ kind, name, volume }] : []);
  return [
    ...list(pod.spec?.['volumes']).map(plain).flatMap((volume) => [
      ...found('Secret', plain(volume['secret']), plain(volume['secret'])['secretName'], text(volume['name'])), ...found('ConfigMap', plain(volume['configMap']), plain(volume['configMap'])['name'], text(volume['name'])),
    ]),
    ...containersOf(pod).flatMap((container) => [...list(container['env']).map((entry) => plain(plain(entry)['valueFrom'])), ...list(container['envFrom']).map(plain)]).flatMap((source) => [
      ...found('Secret', plain(source['secretKeyRef'] ?? source['secretRef']), plain(source['secretKeyRef'] ?? source['secretRef'])['name']), ...found('ConfigMap', plain(source['configMapKeyRef'] ?? source['configMapRef']), plain(source['configMapKeyRef'] ?? source['configMapRef'])['name']),
    ]),
  ];
}
function missingReference(cx: ControllerContext, pod: KubeObject): { readonly reason: string; readonly message: string } | undefined {
  const missing = referencesOf(pod).find((ref) => cx.store.get({ apiVersion: 'v1', kind: ref.kind, name: ref.name, namespace: pod.metadata.namespace ?? 'default' }) === undefined);
  if (missing === undefined) return undefined;
  const what = `${missing.kind.toLowerCase()} "${missing.name}" not found`;
  return missing.volume === undefined ? { reason: 'CreateContainerConfigError', message: what } : { reason: 'ContainerCreating', message: `MountVolume.SetUp failed for volume "${missing.volume}" : ${what}` };
}
function needs(pod: KubeObject, restarted: boolean): number {
  if (pod.metadata.ownerReferences?.some((owner) => owner.kind === 'Job') === true) return TIMES.jobRuns;
  return restarted ? Math.min(TIMES.containerRestart, podReadyMs(imageOf(pod))) : podReadyMs(imageOf(pod));
}

export function podController(cx: ControllerContext): Controller {
  return {
    name: 'pod',
    keys(event) {
      if (isKind(event.object, '/Pod')) {
        const keys = [keyOf(event.object)];
        // The agent brings the network of its node: everybody waiting there has to hear of it.
        if (event.object.metadata.labels?.['k8s-app'] === 'cilium') keys.push(...onNode(cx, event.object.spec?.['nodeName']));
        return keys;
      }
      if (isKind(event.object, '/PersistentVolumeClaim')) return event.object.status?.['phase'] === 'Bound' ? cx.store.list('v1', 'Pod', event.object.metadata.namespace).filter((pod) => pod.spec?.['nodeName'] === undefined).map(keyOf) : [];
      // What a pod waits for has come.
      if (isKind(event.object, '/Secret', '/ConfigMap')) return event.before === undefined ? cx.store.list('v1', 'Pod', event.object.metadata.namespace).filter((pod) => referencesOf(pod).some((ref) => ref.kind === event.object.kind && ref.name === event.object.metadata.name)).map(keyOf) : [];
      if (!isKind(event.object, '/Node')) return [];
      return cx.store.list('v1', 'Pod').filter((pod) => pod.spec?.['nodeName'] === undefined || pod.spec['nodeName'] === event.object.metadata.name).map(keyOf);
    },
    reconcile(key) {
      const pod = cx.store.get({ apiVersion: 'v1', kind: 'Pod', ...splitKey(key) });
      if (pod === undefined) return undefined;
      if (pod.metadata.deletionTimestamp !== undefined) return undefined;
      const node = text(pod.spec?.['nodeName']);
      return node === undefined ? assign(cx, pod) : kubelet(cx, pod, node);
    },
  };
}
function onNode(cx: ControllerContext, node: unknown): string[] {
  return cx.store.list('v1', 'Pod').filter((pod) => pod.spec?.['nodeName'] === node).map(keyOf);
}
