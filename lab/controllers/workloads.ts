/** Deployments, ReplicaSets, DaemonSets, StatefulSets and Jobs: from their templates to pods and a complete status. */
import type { ControllerContext, KubeObject } from '../world/types.ts';
import { at, conditionOf, digestOf, iso, list, plain, podReady, refOf, selects, strings, suffix, text, whole, withConditions, type Plain } from '../catalog/data.ts';
import { overQuota } from './budgets.ts';
import { repelledBy } from './pods.ts';
import { isKind, keyOf, splitKey, type Again, type Controller } from './runtime.ts';

const APPS = 'apps/v1';

function owner(object: KubeObject): NonNullable<KubeObject['metadata']['ownerReferences']>[number] {
  return { apiVersion: object.apiVersion, kind: object.kind, name: object.metadata.name, uid: object.metadata.uid ?? '', controller: true };
}
function owned(cx: ControllerContext, object: KubeObject, apiVersion: string, kind: string): KubeObject[] {
  return cx.store.list(apiVersion, kind, object.metadata.namespace).filter((entry) => entry.metadata.ownerReferences?.some((reference) => reference.uid === object.metadata.uid) === true);
}
const hashOf = (template: unknown): string => suffix(digestOf(template), 10);

function podFrom(cx: ControllerContext, parent: KubeObject, name: string, labels: Record<string, string>, extra: Plain = {}): KubeObject {
  const template = plain(at(parent.spec, 'template')); const metadata = plain(template['metadata']);
  return cx.store.create({
    apiVersion: 'v1', kind: 'Pod',
    metadata: { name, namespace: parent.metadata.namespace ?? 'default', labels: { ...strings(metadata['labels']), ...labels }, annotations: strings(metadata['annotations']), ownerReferences: [owner(parent)] },
    spec: { ...structuredClone(plain(template['spec'])), ...extra },
  });
}
function remove(cx: ControllerContext, object: KubeObject): void { cx.store.delete(refOf(object)); }
/** A name no pod of this parent has had: the seed moves with every write to the store. */
function freshName(cx: ControllerContext, parent: KubeObject): string { return `${parent.metadata.name}-${suffix(`${parent.metadata.uid ?? ''}|${cx.store.resourceVersion}`, 5)}`; }

/** How soon a refused pod is asked for again. */
const CREATE_AGAIN = 10_000;

function replicaSet(cx: ControllerContext, set: KubeObject): Again {
  const want = whole(at(set.spec, 'replicas'), 1);
  const pods = owned(cx, set, 'v1', 'Pod').filter((pod) => pod.metadata.deletionTimestamp === undefined && pod.status?.['phase'] !== 'Failed');
  let refused: string | undefined;
  for (let i = pods.length; i < want && refused === undefined; i++) {
    // Asked in a name of its own: one that changed with every try would make each refusal a change, and each change a try.
    refused = overQuota(cx, set.metadata.namespace ?? 'default', `${set.metadata.name}-${suffix(set.metadata.uid ?? '', 5)}`);
    if (refused === undefined) podFrom(cx, set, freshName(cx, set), {});
  }
  for (const pod of pods.toSorted((a, b) => Number(podReady(a)) - Number(podReady(b))).slice(0, Math.max(0, pods.length - want))) remove(cx, pod);
  const ready = pods.filter(podReady).length;
  const conditions = withConditions(set, cx.clock.now(), refused === undefined ? [] : [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: refused }], refused === undefined ? ['ReplicaFailure'] : []);
  const status: Plain = { ...(conditions.length === 0 ? {} : { conditions }), replicas: refused === undefined ? Math.min(Math.max(pods.length, want), want) : pods.length, fullyLabeledReplicas: want, observedGeneration: set.metadata.generation ?? 1, ...(ready > 0 ? { readyReplicas: Math.min(ready, want), availableReplicas: Math.min(ready, want) } : {}) };
  cx.store.updateStatus(refOf(set), status);
  return refused === undefined ? undefined : CREATE_AGAIN;
}

function deployment(cx: ControllerContext, deploy: KubeObject): Again {
  const now = cx.clock.now();
  const want = whole(at(deploy.spec, 'replicas'), 1);
  const template = plain(at(deploy.spec, 'template'));
  const hash = hashOf(template);
  const name = `${deploy.metadata.name}-${hash}`;
  const sets = owned(cx, deploy, APPS, 'ReplicaSet');
  let current = sets.find((set) => set.metadata.name === name);
  if (current === undefined) {
    const labels = { ...strings(at(template, 'metadata.labels')), 'pod-template-hash': hash };
    current = cx.store.create({
      apiVersion: APPS, kind: 'ReplicaSet',
      metadata: { name, namespace: deploy.metadata.namespace ?? 'default', labels, annotations: { 'deployment.kubernetes.io/revision': String(sets.length + 1) }, ownerReferences: [owner(deploy)] },
      spec: {
        replicas: want, selector: { matchLabels: { ...strings(at(deploy.spec, 'selector.matchLabels')), 'pod-template-hash': hash } },
        template: { ...template, metadata: { ...plain(template['metadata']), labels } },
      },
    });
  } else if (whole(at(current.spec, 'replicas'), 1) !== want) cx.store.update({ ...current, spec: { ...current.spec, replicas: want } });
  const updated = owned(cx, current, 'v1', 'Pod');
  const updatedReady = updated.filter(podReady).length;
  // Old pods go when the new ones are ready, so availability never drops below what it was.
  const old = sets.filter((set) => set.metadata.name !== name && whole(at(set.spec, 'replicas'), 1) > 0);
  if (updatedReady >= want) for (const set of old) cx.store.update({ ...set, spec: { ...set.spec, replicas: 0 } });
  const oldPods = sets.filter((set) => set.metadata.name !== name).flatMap((set) => owned(cx, set, 'v1', 'Pod'));
  const ready = updatedReady + oldPods.filter(podReady).length;
  const total = Math.max(updated.length, 0) + oldPods.length;
  const unavailable = Math.max(0, want - ready);
  const available = ready >= want - Math.floor(want / 4) && (want === 0 || ready > 0);
  const done = updatedReady >= want && oldPods.length === 0;
  const deadline = whole(at(deploy.spec, 'progressDeadlineSeconds'), 600) * 1000;
  const started = Date.parse(current.metadata.creationTimestamp ?? iso(now));
  const late = !done && now - started >= deadline;
  const refused = plain(conditionOf(current, 'ReplicaFailure'))['message'];
  const conditions = withConditions(deploy, now, [
    ...(typeof refused === 'string' ? [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: refused } as const] : []),
    available ? { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' }
      : { type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable', message: 'Deployment does not have minimum availability.' },
    late ? { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: `ReplicaSet "${name}" has timed out progressing.` }
      : done ? { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable', message: `ReplicaSet "${name}" has successfully progressed.` }
        : { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated', message: `ReplicaSet "${name}" is progressing.` },
  ], typeof refused === 'string' ? [] : ['ReplicaFailure']);
  cx.store.updateStatus(refOf(deploy), {
    observedGeneration: deploy.metadata.generation ?? 1, replicas: total, updatedReplicas: updated.length,
    ...(ready > 0 ? { readyReplicas: ready, availableReplicas: ready } : {}), ...(unavailable > 0 ? { unavailableReplicas: unavailable } : {}), conditions,
  });
  return done || late ? undefined : started + deadline - now;
}

function daemonSet(cx: ControllerContext, set: KubeObject): Again {
  const hash = hashOf(at(set.spec, 'template'));
  const template: KubeObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: set.metadata.name }, spec: withDaemonTolerations(plain(at(set.spec, 'template.spec'))) };
  const nodes = cx.store.list('v1', 'Node').filter((node) => repelledBy(template, node) === undefined && fitsNode(template, node));
  const pods = owned(cx, set, 'v1', 'Pod').filter((pod) => pod.metadata.deletionTimestamp === undefined);
  const have = new Map(pods.map((pod) => [text(pod.spec?.['nodeName']) ?? '', pod]));
  for (const pod of pods) if (!nodes.some((node) => node.metadata.name === pod.spec?.['nodeName']) && cx.store.get({ apiVersion: 'v1', kind: 'Node', name: text(pod.spec?.['nodeName']) ?? '' }) === undefined) remove(cx, pod);
  for (const node of nodes) {
    if (!have.has(node.metadata.name)) podFrom(cx, set, freshName(cx, set), { 'controller-revision-hash': hash, 'pod-template-generation': '1' }, { nodeName: node.metadata.name, tolerations: list(template.spec?.['tolerations']) });
  }
  const isNew = (pod: KubeObject): boolean => pod.metadata.labels?.['controller-revision-hash'] === hash;
  const ready = pods.filter(podReady);
  // One old pod at a time, and only while the new ones are ready.
  const old = pods.filter((pod) => !isNew(pod));
  if (old[0] !== undefined && pods.filter(isNew).every(podReady)) remove(cx, old[0]);
  const updated = pods.filter(isNew).length;
  const unavailable = nodes.length - ready.length;
  cx.store.updateStatus(refOf(set), {
    observedGeneration: set.metadata.generation ?? 1, desiredNumberScheduled: nodes.length, currentNumberScheduled: pods.length, numberMisscheduled: 0, updatedNumberScheduled: updated,
    numberReady: ready.length, ...(ready.length > 0 ? { numberAvailable: ready.length } : {}), ...(unavailable > 0 ? { numberUnavailable: unavailable } : {}),
  });
  return undefined;
}
function withDaemonTolerations(spec: Plain): Plain {
  const added = ['not-ready', 'unreachable'].map((key) => ({ key: `node.kubernetes.io/${key}`, operator: 'Exists', effect: 'NoExecute' }));
  return { ...spec, tolerations: [...list(spec['tolerations']), ...added, { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' }] };
}
function fitsNode(pod: KubeObject, node: KubeObject): boolean {
  return Object.entries(plain(pod.spec?.['nodeSelector'])).every(([key, value]) => node.metadata.labels?.[key] === value);
}

function statefulSet(cx: ControllerContext, set: KubeObject): Again {
  const want = whole(at(set.spec, 'replicas'), 1);
  const hash = hashOf(at(set.spec, 'template'));
  const pods = owned(cx, set, 'v1', 'Pod').filter((pod) => pod.metadata.deletionTimestamp === undefined);
  const byName = new Map(pods.map((pod) => [pod.metadata.name, pod]));
  const parallel = at(set.spec, 'podManagementPolicy') === 'Parallel';
  for (let i = 0; i < want; i++) {
    const name = `${set.metadata.name}-${i}`;
    const pod = byName.get(name);
    if (pod === undefined) {
      const claims = list(at(set.spec, 'volumeClaimTemplates')).map(plain);
      for (const claim of claims) volumeClaim(cx, set, claim, name);
      // As the real one: each pod waits for claims of its own, and leaves something in them.
      const mounted = claims.map((claim) => ({ name: text(at(claim, 'metadata.name')) ?? 'data', persistentVolumeClaim: { claimName: claimName(claim, name) } }));
      podFrom(cx, set, name, { 'statefulset.kubernetes.io/pod-name': name, 'apps.kubernetes.io/pod-index': String(i), 'controller-revision-hash': hash }, mounted.length === 0 ? {} : { volumes: [...list(at(set.spec, 'template.spec.volumes')), ...mounted] });
      if (!parallel) break;
    } else if (pod.metadata.labels?.['controller-revision-hash'] !== hash && pods.every(podReady)) { remove(cx, pod); break; } else if (!podReady(pod) && !parallel) break;
  }
  for (const pod of pods) if (Number(pod.metadata.name.slice(set.metadata.name.length + 1)) >= want) remove(cx, pod);
  const ready = pods.filter(podReady).length;
  const fresh = pods.filter((pod) => pod.metadata.labels?.['controller-revision-hash'] === hash).length;
  cx.store.updateStatus(refOf(set), { observedGeneration: set.metadata.generation ?? 1, replicas: pods.length, readyReplicas: ready, availableReplicas: ready, currentReplicas: fresh, updatedReplicas: fresh, currentRevision: `${set.metadata.name}-${hash}`, updateRevision: `${set.metadata.name}-${hash}` });
  return undefined;
}
function claimName(claim: Plain, pod: string): string { return `${text(at(claim, 'metadata.name')) ?? 'data'}-${pod}`; }
function volumeClaim(cx: ControllerContext, set: KubeObject, claim: Plain, pod: string): void {
  const name = claimName(claim, pod);
  const namespace = set.metadata.namespace ?? 'default';
  if (cx.store.get({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace }) !== undefined) return;
  cx.store.create({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name, namespace, labels: strings(at(set.spec, 'selector.matchLabels')) }, spec: plain(claim['spec']) });
}

/** Between a failed pod and the next: 10 s, doubled each time, at most six minutes. */
const BACK_OFF = 10_000;
const MOST_BACK_OFF = 360_000;

function job(cx: ControllerContext, work: KubeObject): Again {
  const now = cx.clock.now();
  if (['Complete', 'Failed'].some((type) => conditionOf(work, type)?.['status'] === 'True')) {
    const ttl = at(work.spec, 'ttlSecondsAfterFinished');
    if (typeof ttl !== 'number') return undefined;
    const ended = Date.parse(text(work.status?.['completionTime']) ?? text(conditionOf(work, 'Failed')?.['lastTransitionTime']) ?? iso(now));
    if (now < ended + ttl * 1000) return ended + ttl * 1000 - now;
    remove(cx, work);
    return undefined;
  }
  if (at(work.spec, 'suspend') === true) return undefined;
  const pods = owned(cx, work, 'v1', 'Pod');
  const failed = pods.filter((pod) => pod.status?.['phase'] === 'Failed');
  const startTime = text(work.status?.['startTime']) ?? iso(now);
  const end = (type: 'Complete' | 'Failed', reason: string, message: string): Plain[] => withConditions(work, now, [
    { type: type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget', status: 'True', reason, message }, { type, status: 'True', reason, message },
  ]);
  if (pods.some((pod) => pod.status?.['phase'] === 'Succeeded')) {
    cx.store.updateStatus(refOf(work), {
      startTime, completionTime: iso(now), succeeded: 1, ready: 0, terminating: 0, uncountedTerminatedPods: {}, ...(failed.length > 0 ? { failed: failed.length } : {}),
      conditions: end('Complete', 'CompletionsReached', 'Reached expected number of succeeded pods'),
    });
    return undefined;
  }
  const late = at(work.spec, 'activeDeadlineSeconds');
  const deadline = typeof late === 'number' ? Date.parse(startTime) + late * 1000 : Number.POSITIVE_INFINITY;
  const tooMany = failed.length > whole(at(work.spec, 'backoffLimit'), 6);
  if (tooMany || now >= deadline) {
    for (const pod of pods) if (pod.status?.['phase'] !== 'Failed') remove(cx, pod);
    const [reason, message] = tooMany ? ['BackoffLimitExceeded', 'Job has reached the specified backoff limit'] : ['DeadlineExceeded', 'Job was active longer than specified deadline'];
    cx.store.updateStatus(refOf(work), { startTime, failed: Math.max(1, failed.length), ready: 0, terminating: 0, uncountedTerminatedPods: {}, conditions: end('Failed', reason ?? '', message ?? '') });
    return 1;
  }
  const active = pods.length - failed.length;
  const waits = deadline === Number.POSITIVE_INFINITY ? undefined : deadline - now;
  if (active === 0) {
    const since = Math.max(0, ...failed.map((pod) => Date.parse(text(plain(list(pod.status?.['conditions']).map(plain).find((entry) => entry['type'] === 'Ready'))['lastTransitionTime']) ?? '') || 0));
    const due = failed.length === 0 ? now : since + Math.min(MOST_BACK_OFF, BACK_OFF * 2 ** (failed.length - 1));
    if (now < due) return Math.min(due - now, waits ?? Number.POSITIVE_INFINITY);
    podFrom(cx, work, freshName(cx, work), { 'batch.kubernetes.io/job-name': work.metadata.name, 'job-name': work.metadata.name });
  }
  cx.store.updateStatus(refOf(work), { ...work.status, startTime, active: 1, ready: 0, ...(failed.length > 0 ? { failed: failed.length } : {}) });
  return waits;
}

const KINDS: Readonly<Record<string, (cx: ControllerContext, object: KubeObject) => Again>> = {
  'apps/v1/Deployment': deployment, 'apps/v1/ReplicaSet': replicaSet, 'apps/v1/DaemonSet': daemonSet, 'apps/v1/StatefulSet': statefulSet, 'batch/v1/Job': job,
};

export function workloadController(cx: ControllerContext): Controller {
  const key = (object: KubeObject): string => `${object.apiVersion}/${object.kind} ${keyOf(object)}`;
  return {
    name: 'workload',
    keys(event) {
      const object = event.object;
      if (KINDS[`${object.apiVersion}/${object.kind}`] !== undefined) return [key(object), ...parents(cx, object)];
      if (isKind(object, '/Pod')) return parents(cx, object);
      return isKind(object, '/Node') ? cx.store.list(APPS, 'DaemonSet').map(key) : [];
    },
    reconcile(id) {
      const [type, place] = id.split(' ');
      const handle = KINDS[type ?? ''];
      if (type === undefined || place === undefined || handle === undefined) return undefined;
      const slash = type.lastIndexOf('/');
      const object = cx.store.get({ apiVersion: type.slice(0, slash), kind: type.slice(slash + 1), ...splitKey(place) });
      return object === undefined || object.metadata.deletionTimestamp !== undefined ? undefined : handle(cx, object);
    },
  };
}
/** Keys of the owners, and for a pod of a ReplicaSet of the Deployment above it. */
function parents(cx: ControllerContext, object: KubeObject): string[] {
  const out: string[] = [];
  for (const reference of object.metadata.ownerReferences ?? []) {
    const place = `${object.metadata.namespace ?? ''}/${reference.name}`;
    out.push(`${reference.apiVersion}/${reference.kind} ${place}`);
    if (reference.kind !== 'ReplicaSet') continue;
    const set = cx.store.get({ apiVersion: reference.apiVersion, kind: reference.kind, ...splitKey(place) });
    if (set !== undefined) out.push(...parents(cx, set));
  }
  return out;
}

/** Pods a selector of a Service chooses. */
export function podsOf(cx: ControllerContext, namespace: string, selector: unknown): KubeObject[] {
  const labels = strings(selector);
  return Object.keys(labels).length === 0 ? [] : cx.store.list('v1', 'Pod', namespace).filter((pod) => selects({ matchLabels: labels }, pod.metadata.labels));
}
