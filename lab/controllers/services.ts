/** Services and what hangs on them: cluster addresses, endpoint slices, load balancer addresses; claims and namespaces. */
import type { ControllerContext, KubeObject } from '../world/types.ts';
import { at, list, plain, podReady, refOf, strings, suffix, text, withConditions, type Plain } from '../catalog/data.ts';
import { dropContent, putContent } from './data/memory.ts';
import { sourceOfClaim } from './data/volsync.ts';
import { podsOf } from './workloads.ts';
import { isKind, keyOf, splitKey, type Again, type Controller } from './runtime.ts';

function toNumber(address: string): number { return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0); }
function toAddress(value: number): string { return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.'); }

/** The n-th address of a range such as `10.245.0.0/16`. */
export function addressIn(cidr: string, index: number): string { return toAddress(toNumber(cidr.split('/')[0] ?? '0.0.0.0') + index); }

function clusterAddress(cx: ControllerContext): string {
  const used = new Set(cx.store.list('v1', 'Service').map((service) => text(at(service.spec, 'clusterIP'))));
  used.add(cx.clusterFile.dnsServiceIP);
  for (let i = 1; i < 4096; i++) {
    const address = addressIn(cx.clusterFile.serviceCIDR, i);
    if (!used.has(address)) return address;
  }
  throw new Error(`no address left in ${cx.clusterFile.serviceCIDR}`);
}

/** Ranges of a Cilium pool: start and stop, or a CIDR. */
function poolRange(block: Plain): readonly [number, number] | undefined {
  const start = text(block['start']); const cidr = text(block['cidr']);
  if (start !== undefined) return [toNumber(start), toNumber(text(block['stop']) ?? start)];
  if (cidr === undefined) return undefined;
  const first = toNumber(cidr.split('/')[0] ?? '');
  return [first, first + 2 ** (32 - Number(cidr.split('/')[1] ?? 32)) - 1];
}
/** An address for a LoadBalancer Service out of Cilium's pools; undefined while no pool can give it. */
function balancerAddress(cx: ControllerContext, service: KubeObject): string | undefined {
  if (cx.store.typeOf('cilium.io/v2', 'CiliumLoadBalancerIPPool') === undefined) return undefined;
  const wanted = (service.metadata.annotations?.['lbipam.cilium.io/ips'] ?? service.metadata.annotations?.['io.cilium/lb-ipam-ips'])?.split(',')[0]?.trim();
  const used = new Set(cx.store.list('v1', 'Service').filter((other) => keyOf(other) !== keyOf(service)).flatMap((other) => list(at(other.status, 'loadBalancer.ingress')).map((entry) => plain(entry)['ip'])));
  for (const pool of cx.store.list('cilium.io/v2', 'CiliumLoadBalancerIPPool')) {
    if (at(pool.spec, 'disabled') === true) continue;
    for (const block of list(at(pool.spec, 'blocks')).map(plain)) {
      const range = poolRange(block);
      if (range === undefined) continue;
      if (wanted !== undefined) { if (toNumber(wanted) >= range[0] && toNumber(wanted) <= range[1] && !used.has(wanted)) return wanted; continue; }
      for (let n = range[0]; n <= range[1]; n++) if (!used.has(toAddress(n))) return toAddress(n);
    }
  }
  return undefined;
}

function endpoints(cx: ControllerContext, service: KubeObject): void {
  const namespace = service.metadata.namespace ?? 'default';
  const selector = strings(at(service.spec, 'selector'));
  if (Object.keys(selector).length === 0 || cx.store.typeOf('discovery.k8s.io/v1', 'EndpointSlice') === undefined) return;
  const pods = podsOf(cx, namespace, selector).filter((pod) => text(pod.status?.['podIP']) !== undefined);
  const name = `${service.metadata.name}-${suffix(service.metadata.uid ?? service.metadata.name, 5)}`;
  cx.store.apply({
    apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice',
    metadata: {
      name, namespace, labels: { 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io', 'kubernetes.io/service-name': service.metadata.name },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name: service.metadata.name, uid: service.metadata.uid ?? '', controller: true }],
    },
    addressType: 'IPv4',
    endpoints: pods.map((pod) => ({ addresses: [text(pod.status?.['podIP']) ?? ''], conditions: { ready: podReady(pod), serving: podReady(pod), terminating: false }, nodeName: pod.spec?.['nodeName'], targetRef: { kind: 'Pod', name: pod.metadata.name, namespace, uid: pod.metadata.uid } })),
    ports: list(at(service.spec, 'ports')).map(plain).map((port) => ({ name: port['name'] ?? '', port: typeof port['targetPort'] === 'number' ? port['targetPort'] : port['port'], protocol: port['protocol'] ?? 'TCP' })),
  }, { manager: 'kube-controller-manager', force: true });
}

function service(cx: ControllerContext, key: string): Again {
  let object = cx.store.get({ apiVersion: 'v1', kind: 'Service', ...splitKey(key) });
  if (object === undefined) return undefined;
  if (text(at(object.spec, 'clusterIP')) === undefined && at(object.spec, 'type') !== 'ExternalName') {
    const address = clusterAddress(cx);
    object = cx.store.update({ ...object, spec: { type: 'ClusterIP', sessionAffinity: 'None', ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack', internalTrafficPolicy: 'Cluster', ...object.spec, clusterIP: address, clusterIPs: [address] } });
  }
  if (at(object.spec, 'type') === 'LoadBalancer' && list(at(object.status, 'loadBalancer.ingress')).length === 0) {
    const ip = balancerAddress(cx, object);
    cx.store.updateStatus(refOf(object), { ...object.status, loadBalancer: ip === undefined ? {} : { ingress: [{ ip, ipMode: 'VIP' }] } });
  }
  endpoints(cx, object);
  return undefined;
}

export function serviceController(cx: ControllerContext): Controller {
  return {
    name: 'service',
    keys(event) {
      if (isKind(event.object, '/Service')) return [keyOf(event.object)];
      if (isKind(event.object, 'cilium.io/CiliumLoadBalancerIPPool')) return cx.store.list('v1', 'Service').map(keyOf);
      if (!isKind(event.object, '/Pod')) return [];
      const labels = event.object.metadata.labels;
      return cx.store.list('v1', 'Service', event.object.metadata.namespace).filter((entry) => {
        const selector = strings(at(entry.spec, 'selector'));
        return Object.keys(selector).length > 0 && Object.entries(selector).every(([name, value]) => labels?.[name] === value);
      }).map(keyOf);
    },
    reconcile: (key) => service(cx, key),
  };
}

/** Claims are bound to a made-up volume: the lab's storage never runs out, and says nothing about real disks. One that is to be filled first waits for that. */
export function claimController(cx: ControllerContext): Controller {
  return {
    name: 'claim',
    keys(event) {
      if (isKind(event.object, '/PersistentVolumeClaim')) {
        // The volume goes with its claim.
        if (event.type === 'DELETED') dropContent(cx, event.object);
        return event.type === 'DELETED' ? [] : [keyOf(event.object)];
      }
      return isKind(event.object, 'volsync.backube/ReplicationDestination') ? cx.store.list('v1', 'PersistentVolumeClaim', event.object.metadata.namespace).filter((claim) => claim.status?.['phase'] !== 'Bound').map(keyOf) : [];
    },
    reconcile(key) {
      const claim = cx.store.get({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', ...splitKey(key) });
      if (claim === undefined || claim.status?.['phase'] === 'Bound') return undefined;
      const source = sourceOfClaim(cx, claim);
      if ('because' in source) return undefined;
      if (Object.keys(source.content).length > 0) putContent(cx, claim, source.content);
      cx.store.updateStatus(refOf(claim), { phase: 'Bound', accessModes: at(claim.spec, 'accessModes') ?? ['ReadWriteOnce'], capacity: { storage: text(at(claim.spec, 'resources.requests.storage')) ?? '1Gi' } });
      return undefined;
    },
  };
}

/** What keeps a namespace from ending, as its controller says it. */
function ending(cx: ControllerContext, namespace: KubeObject): Again {
  const left = cx.store.types().filter((type) => type.namespaced).flatMap((type) => cx.store.list(type.group === '' ? type.version : `${type.group}/${type.version}`, type.kind, namespace.metadata.name).map((object) => ({ type, object })));
  const finalizers = left.flatMap(({ object }) => object.metadata.finalizers ?? []);
  const many = (words: readonly string[]): string => [...new Set(words)].toSorted().map((word) => `${word} ${words.filter((other) => other === word).length}`).join(', ');
  const remaining = many(left.map(({ type }) => `${type.plural}.${type.group} has`));
  const held = many(finalizers.map((name) => `${name} in`));
  cx.store.updateStatus(refOf(namespace), {
    ...namespace.status,
    conditions: withConditions(namespace, cx.clock.now(), [
      { type: 'NamespaceContentRemaining', status: left.length > 0 ? 'True' : 'False', reason: left.length > 0 ? 'SomeResourcesRemain' : 'ContentRemoved', message: left.length > 0 ? `Some resources are remaining: ${remaining} resource instances` : 'All content successfully removed' },
      { type: 'NamespaceFinalizersRemaining', status: finalizers.length > 0 ? 'True' : 'False', reason: finalizers.length > 0 ? 'SomeFinalizersRemain' : 'ContentHasNoFinalizers', message: finalizers.length > 0 ? `Some content in the namespace has finalizers remaining: ${held} resource instances` : 'All content-preserving finalizers finished' },
    ]),
  });
  return 5_000;
}

const BASE_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** What every cluster has from its first moment: base namespaces, default service accounts, the Service of the API itself. */
export function namespaceController(cx: ControllerContext): Controller {
  return {
    name: 'namespace',
    keys: (event) => (isKind(event.object, '/Namespace') ? [event.object.metadata.name] : []),
    initial: () => BASE_NAMESPACES,
    reconcile(name) {
      const ref = { apiVersion: 'v1', kind: 'Namespace', name };
      let namespace = cx.store.get(ref);
      if (namespace === undefined && BASE_NAMESPACES.includes(name)) namespace = cx.store.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { 'kubernetes.io/metadata.name': name } }, spec: { finalizers: ['kubernetes'] } });
      if (namespace === undefined) return undefined;
      if (namespace.metadata.deletionTimestamp !== undefined) return ending(cx, namespace);
      if (namespace.status?.['phase'] === undefined) cx.store.updateStatus(ref, { phase: 'Active' });
      const account = { apiVersion: 'v1', kind: 'ServiceAccount', name: 'default', namespace: name };
      if (cx.store.get(account) === undefined) cx.store.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: name } });
      if (name === 'default' && cx.store.get({ apiVersion: 'v1', kind: 'Service', name: 'kubernetes', namespace: 'default' }) === undefined) {
        const address = addressIn(cx.clusterFile.serviceCIDR, 1);
        cx.store.create({
          apiVersion: 'v1', kind: 'Service', metadata: { name: 'kubernetes', namespace: 'default', labels: { component: 'apiserver', provider: 'kubernetes' } },
          spec: { type: 'ClusterIP', clusterIP: address, clusterIPs: [address], ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }] },
        });
      }
      return undefined;
    },
  };
}
