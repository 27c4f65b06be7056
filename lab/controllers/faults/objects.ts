/** Faults that are objects somebody put in place, changed or deleted: how each is brought about and taken back. */
import type { ActiveFault, ControllerContext, KubeObject, Ref } from '../../world/types.ts';
import { at, conditionOf, iso, plain, refOf, selects } from '../../catalog/data.ts';
import { encodeRelease, historyOf, RELEASE_TYPE } from '../../catalog/release.ts';
import { HELM, removeIfThere } from '../flux/common.ts';
import { splitKey } from '../runtime.ts';
import { OTHER_AUTHORITY } from './befalls.ts';

/**
 * A fault in the shape of objects. `hold` runs again and again while the fault is on and changes only what is not yet
 * as the fault wants it; `release` runs when it is healed (and once at the start, for what a killed daemon left), and
 * finds by marks what is to be taken back.
 */
export interface ObjectFault {
  readonly name: string;
  hold(cx: ControllerContext, fault: ActiveFault): void;
  release(cx: ControllerContext): void;
}

/** Put on what a fault made or changed, with the fault's name, so that it is found again. */
const MARK = 'lab.task/fault';
const marks = (fault: string): Record<string, string> => ({ [MARK]: fault });
const marked = (fault: string) => (object: KubeObject): boolean => object.metadata.annotations?.[MARK] === fault;
/** A finalizer that nobody in the lab serves. */
const HOLDS_ON = 'protection.example.io/hold';

const served = (cx: ControllerContext, ref: Ref): KubeObject | undefined => (cx.store.typeOf(ref.apiVersion, ref.kind) === undefined ? undefined : cx.store.get(ref));
function put(cx: ControllerContext, object: KubeObject): void {
  if (cx.store.typeOf(object.apiVersion, object.kind) !== undefined && cx.store.get(refOf(object)) === undefined) cx.store.create(object);
}
function dropFinalizer(cx: ControllerContext, object: KubeObject): void {
  const { [MARK]: _mark, ...annotations } = object.metadata.annotations ?? {};
  cx.store.update({ ...object, metadata: { ...object.metadata, annotations, finalizers: (object.metadata.finalizers ?? []).filter((name) => name !== HOLDS_ON) } });
}
/** Deletes the pods of a Deployment that run, once: whoever is Ready since before the fault. */
function replacePods(cx: ControllerContext, fault: ActiveFault, deployment: KubeObject, most = Number.POSITIVE_INFINITY): void {
  const from = Date.parse(fault.since);
  const old = cx.store.list('v1', 'Pod', deployment.metadata.namespace).filter((pod) => selects(at(deployment.spec, 'selector'), pod.metadata.labels) && Date.parse(pod.metadata.creationTimestamp ?? '') <= from);
  for (const pod of old.slice(0, most)) removeIfThere(cx, refOf(pod));
}

const pendingUpgrade: ObjectFault = {
  name: 'helm-pending-upgrade',
  hold(cx, fault) {
    const place = splitKey(fault.object ?? '');
    const release = served(cx, { apiVersion: HELM, kind: 'HelmRelease', ...place });
    if (release === undefined || marked(this.name)(release)) return;
    const history = historyOf(cx.store.list('v1', 'Secret', place.namespace), place.name);
    const last = history.at(-1);
    if (last === undefined) return;
    cx.store.update({ ...release, metadata: { ...release.metadata, annotations: { ...release.metadata.annotations, ...marks(this.name) } }, spec: { ...release.spec, suspend: true } });
    const now = cx.clock.now();
    const record = encodeRelease({ ...last, revision: last.revision + 1, status: 'pending-upgrade', description: 'Preparing upgrade', lastDeployed: iso(now) }, now);
    put(cx, { ...record, metadata: { ...record.metadata, annotations: marks(this.name) } });
  },
  release(cx) {
    for (const secret of cx.store.list('v1', 'Secret').filter((entry) => entry['type'] === RELEASE_TYPE && marked(this.name)(entry))) removeIfThere(cx, refOf(secret));
    if (cx.store.typeOf(HELM, 'HelmRelease') === undefined) return;
    for (const object of cx.store.list(HELM, 'HelmRelease').filter(marked(this.name))) {
      const { [MARK]: _mark, ...annotations } = object.metadata.annotations ?? {};
      const { suspend: _suspend, ...spec } = plain(object.spec);
      cx.store.update({ ...object, metadata: { ...object.metadata, annotations }, spec });
    }
  },
};

const POLICY = 'policy-guard';
const webhook: ObjectFault = {
  name: 'webhook-refuses-all',
  hold(cx) {
    put(cx, {
      apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration', metadata: { name: POLICY, annotations: marks(this.name) },
      webhooks: [{
        name: `validate.${POLICY}.example.io`, failurePolicy: 'Fail', matchPolicy: 'Equivalent', sideEffects: 'None', timeoutSeconds: 10, admissionReviewVersions: ['v1'],
        clientConfig: { service: { name: POLICY, namespace: POLICY, path: '/validate', port: 443 } },
        rules: [{ apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], operations: ['CREATE', 'UPDATE'], scope: 'Namespaced' }],
        namespaceSelector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system', 'kube-node-lease'] }] },
      }],
    });
  },
  release(cx) {
    for (const object of cx.store.list('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration').filter(marked(this.name))) removeIfThere(cx, refOf(object));
  },
};

const namespaceTerminating: ObjectFault = {
  name: 'namespace-terminating',
  hold(cx, fault) {
    const name = fault.object ?? '';
    const namespace = served(cx, { apiVersion: 'v1', kind: 'Namespace', name });
    if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return;
    put(cx, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'held', namespace: name, annotations: marks(this.name), finalizers: [HOLDS_ON] } });
    cx.store.delete({ apiVersion: 'v1', kind: 'Namespace', name });
  },
  release(cx) {
    for (const object of cx.store.list('v1', 'ConfigMap').filter(marked(this.name))) dropFinalizer(cx, object);
  },
};

/** `Kind/namespace/name` (or `Kind/name`) as an object that is there. */
function named(cx: ControllerContext, words: string): KubeObject | undefined {
  const [kind, ...place] = words.split('/');
  const type = cx.store.types().find((entry) => entry.kind === kind);
  const name = place.at(-1);
  if (type === undefined || name === undefined) return undefined;
  return cx.store.get({ apiVersion: type.group === '' ? type.version : `${type.group}/${type.version}`, kind: type.kind, name, ...(place.length > 1 ? { namespace: place[0] ?? '' } : {}) });
}
const finalizerStuck: ObjectFault = {
  name: 'finalizer-stuck',
  hold(cx, fault) {
    const object = named(cx, fault.object ?? '');
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) return;
    const { metadata } = object;
    const held = cx.store.update({ ...object, metadata: { ...metadata, annotations: { ...metadata.annotations, ...marks(this.name) }, finalizers: [...new Set([...(metadata.finalizers ?? []), HOLDS_ON])] } });
    cx.store.delete(refOf(held));
  },
  release(cx) {
    for (const type of cx.store.types()) {
      const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
      for (const object of cx.store.list(apiVersion, type.kind).filter(marked(this.name))) dropFinalizer(cx, object);
    }
  },
};

const CERTIFICATES = 'cert-manager.io/v1';
const ACME = 'acme.cert-manager.io/v1';
const certificatePending: ObjectFault = {
  name: 'certificate-pending',
  hold(cx, fault) {
    if (cx.store.typeOf(CERTIFICATES, 'Certificate') === undefined || cx.store.typeOf(ACME, 'Challenge') === undefined) return;
    const { namespace, name } = splitKey(fault.object ?? '');
    if (cx.store.get({ apiVersion: 'v1', kind: 'Namespace', name: namespace }) === undefined) return;
    const issuer = cx.store.list(CERTIFICATES, 'ClusterIssuer').find((entry) => entry.metadata.name.includes('production')) ?? cx.store.list(CERTIFICATES, 'ClusterIssuer')[0];
    if (issuer === undefined) return;
    const host = `${name}.example.io`;
    put(cx, {
      apiVersion: CERTIFICATES, kind: 'Certificate', metadata: { name, namespace, annotations: marks(this.name) },
      spec: { secretName: `${name}-tls`, dnsNames: [host], issuerRef: { kind: 'ClusterIssuer', name: issuer.metadata.name } },
    });
    const own = cx.store.get({ apiVersion: CERTIFICATES, kind: 'Certificate', name, namespace });
    const secretName = String(at(own?.spec, 'secretName') ?? `${name}-tls`);
    const challenge: Ref = { apiVersion: ACME, kind: 'Challenge', name: `${name}-1`, namespace };
    if (cx.store.get(challenge) !== undefined) return;
    removeIfThere(cx, { apiVersion: 'v1', kind: 'Secret', name: secretName, namespace });
    put(cx, { apiVersion: ACME, kind: 'Challenge', metadata: { name: challenge.name, namespace, annotations: marks(this.name) }, spec: { type: 'DNS-01', dnsName: host, issuerRef: { kind: 'ClusterIssuer', name: issuer.metadata.name } } });
    cx.store.updateStatus(challenge, { state: 'pending', presented: true, processing: true, reason: `Waiting for DNS-01 challenge propagation: DNS record for "${host}" not yet propagated` });
  },
  release(cx) {
    for (const [apiVersion, kind] of [[ACME, 'Challenge'], [CERTIFICATES, 'Certificate']] as const) {
      for (const object of cx.store.typeOf(apiVersion, kind) === undefined ? [] : cx.store.list(apiVersion, kind).filter(marked(this.name))) removeIfThere(cx, refOf(object));
    }
  },
};

const imagePull: ObjectFault = {
  name: 'image-pull-back-off',
  hold(cx, fault) {
    const deployment = served(cx, { apiVersion: 'apps/v1', kind: 'Deployment', ...splitKey(fault.object ?? '') });
    if (deployment !== undefined) replacePods(cx, fault, deployment);
  },
  // The kubelets ask whether the fault is on; nothing of it is kept.
  release: () => undefined,
};

const quota: ObjectFault = {
  name: 'quota-exceeded',
  hold(cx, fault) {
    const namespace = fault.object ?? '';
    if (served(cx, { apiVersion: 'v1', kind: 'Namespace', name: namespace }) === undefined) return;
    const ref: Ref = { apiVersion: 'v1', kind: 'ResourceQuota', name: 'compute', namespace };
    if (cx.store.get(ref) !== undefined) return;
    const pods = cx.store.list('v1', 'Pod', namespace);
    const victim = pods.filter((pod) => conditionOf(pod, 'Ready')?.['status'] === 'True').toSorted((a, b) => a.metadata.name.localeCompare(b.metadata.name))[0];
    if (victim === undefined) return;
    put(cx, { ...ref, metadata: { name: ref.name, namespace, annotations: marks(this.name) }, spec: { hard: { pods: String(pods.length - 1) } } });
    removeIfThere(cx, refOf(victim));
  },
  release(cx) {
    for (const object of cx.store.list('v1', 'ResourceQuota').filter(marked(this.name))) removeIfThere(cx, refOf(object));
  },
};

const budget: ObjectFault = {
  name: 'pdb-blocking',
  hold(cx, fault) {
    const deployment = served(cx, { apiVersion: 'apps/v1', kind: 'Deployment', ...splitKey(fault.object ?? '') });
    if (deployment === undefined) return;
    put(cx, {
      apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: `${deployment.metadata.name}-all`, namespace: deployment.metadata.namespace ?? '', annotations: marks(this.name) },
      spec: { maxUnavailable: 0, selector: at(deployment.spec, 'selector') },
    });
  },
  release(cx) {
    for (const object of cx.store.list('policy/v1', 'PodDisruptionBudget').filter(marked(this.name))) removeIfThere(cx, refOf(object));
  },
};

const MESH = 'kube-system';
/** What a Secret held before a fault changed it, beside it under another name: a killed daemon must be able to take it back. */
const kept = (name: string): string => `${name}.before`;
function replaceSecret(cx: ControllerContext, fault: string, name: string, data: (before: Readonly<Record<string, string>>) => Record<string, string>): void {
  const secret = cx.store.get({ apiVersion: 'v1', kind: 'Secret', name, namespace: MESH });
  if (cx.store.get({ apiVersion: 'v1', kind: 'Secret', name: kept(name), namespace: MESH }) !== undefined) return;
  put(cx, { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata: { name: kept(name), namespace: MESH, annotations: { ...marks(fault), ...(secret === undefined ? { 'lab.task/was-absent': 'true' } : {}) } }, data: secret?.data ?? {} });
  if (secret === undefined) put(cx, { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata: { name, namespace: MESH }, data: data({}) });
  else cx.store.update({ ...secret, data: data(secret.data ?? {}) });
}
function restoreSecret(cx: ControllerContext, name: string): void {
  const before = cx.store.get({ apiVersion: 'v1', kind: 'Secret', name: kept(name), namespace: MESH });
  if (before === undefined) return;
  const now = cx.store.get({ apiVersion: 'v1', kind: 'Secret', name, namespace: MESH });
  if (before.metadata.annotations?.['lab.task/was-absent'] === 'true') { if (now !== undefined) removeIfThere(cx, refOf(now)); } else if (now !== undefined) cx.store.update({ ...now, data: before.data ?? {} });
  removeIfThere(cx, refOf(before));
}
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const meshAuthority: ObjectFault = {
  name: 'mesh-ca-mismatch',
  hold(cx) { replaceSecret(cx, this.name, 'cilium-ca', () => ({ 'ca.crt': base64(OTHER_AUTHORITY['CA_CRT'] ?? ''), 'ca.key': base64(OTHER_AUTHORITY['CA_KEY'] ?? '') })); },
  release(cx) { restoreSecret(cx, 'cilium-ca'); },
};
const peerAbsent: ObjectFault = {
  name: 'peer-absent',
  hold(cx) { replaceSecret(cx, this.name, 'cilium-clustermesh', () => ({})); },
  release(cx) { restoreSecret(cx, 'cilium-clustermesh'); },
};

const LEASE: Ref = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', name: 'task-lock', namespace: 'kube-system' };
const SOMEBODY = 'somebody@elsewhere pid 4711 run elsewhere-0001';
/** Wall ms between two beats. Whoever listens counts on the lab's clock: on a fast one the promise is as much longer. */
const BEAT_WALL_MS = 1_000;
const promised = (speed: number): number => Math.ceil(30 * Math.max(1, speed / 10));
const micro = (ms: number): string => new Date(ms).toISOString().replace(/Z$/, '000Z');
const lease: ObjectFault = {
  name: 'lease-held',
  hold(cx) {
    const found = cx.store.get(LEASE);
    const spec = plain(found?.['spec']);
    const ours = spec['holderIdentity'] === SOMEBODY;
    if (ours && Date.now() - Date.parse(String(spec['renewTime'])) < BEAT_WALL_MS) return;
    const now = micro(Date.now());
    const wanted = {
      ...LEASE, metadata: { name: LEASE.name, namespace: 'kube-system', annotations: { ...marks(this.name), 'task.lock/host': 'elsewhere' } },
      spec: { holderIdentity: SOMEBODY, leaseDurationSeconds: promised(cx.clock.speed), acquireTime: ours ? spec['acquireTime'] : now, renewTime: now, leaseTransitions: 1 },
    };
    if (found === undefined) cx.store.create(wanted); else cx.store.update(wanted);
  },
  release(cx) {
    const found = cx.store.get(LEASE);
    if (found !== undefined && plain(found['spec'])['holderIdentity'] === SOMEBODY) removeIfThere(cx, LEASE);
  },
};

/** Taken back in this order and brought about in the reverse one: under the webhook nothing else could be changed. */
export const OBJECT_FAULTS: readonly ObjectFault[] = [
  webhook, pendingUpgrade, namespaceTerminating, finalizerStuck, certificatePending, imagePull, quota, budget, meshAuthority, peerAbsent, lease,
];
