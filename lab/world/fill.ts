import type { LabCluster } from './cluster.ts';
import { digestOf, iso, sha256, suffix } from '../catalog/data.ts';
import type { KubeObject, Store } from './types.ts';

/** Pods of one Deployment, and Deployments of one namespace: what a well used cluster looks like. */
const PODS_EACH = 5;
const DEPLOYMENTS_EACH = 10;
/** Objects written between two turns of the event loop: the daemon goes on answering meanwhile. */
const AT_ONCE = 50;

const APPS = 'apps/v1';
const KUSTOMIZE = 'kustomize.toolkit.fluxcd.io/v1';
const SOURCE = 'source.toolkit.fluxcd.io/v1';
const HELM = 'helm.toolkit.fluxcd.io/v2';
/** Flux's own way to keep objects from the controllers of this cluster: another shard's reconcile them, and here there is none. */
const SHARD = 'sharding.fluxcd.io/key';
const FILLED = 'lab-fill';

export interface Filled { readonly pods: number; readonly deployments: number; readonly namespaces: number; readonly kustomizations: number; readonly helmReleases: number }
export class CannotFill extends Error {}

/**
 * Brings a cluster to `pods` further pods (each of a ReplicaSet of a Deployment) and `flux` further Flux objects (half
 * Kustomizations, half HelmReleases), all well, with the fields and the weight real ones have. They are written as
 * finished: no simulated time passes, no controller has work. What an earlier fill made is gone on with, never made less.
 * Throws CannotFill when the cluster has no API, no nodes or (with `flux`) no Flux.
 */
export async function fill(cluster: LabCluster, wanted: { readonly pods: number; readonly flux: number }): Promise<Filled> {
  const store = cluster.store;
  if (store === undefined || !cluster.api.running) throw new CannotFill(`${cluster.name} has no Kubernetes API yet`);
  const nodes = cluster.kubelets();
  if (nodes.length === 0) throw new CannotFill(`${cluster.name} has no nodes yet`);
  const now = iso(cluster.now());
  let written = 0;
  const breathe = async (): Promise<void> => {
    if (++written % AT_ONCE === 0) await new Promise<void>((go) => { setImmediate(go); });
  };

  const deployments = Math.ceil(wanted.pods / PODS_EACH);
  const namespaces = Math.ceil(deployments / DEPLOYMENTS_EACH);
  for (let n = 0; n < namespaces; n++) once(store, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: `filled-${n}`, labels: { [FILLED]: 'yes' } } });
  for (let n = 0; n < deployments; n++) {
    const size = Math.min(PODS_EACH, wanted.pods - n * PODS_EACH);
    for (const step of deployment(store, n, size, nodes, now)) {
      step();
      await breathe();
    }
  }

  const kustomizations = Math.ceil(wanted.flux / 2);
  const helmReleases = wanted.flux - kustomizations;
  if (wanted.flux > 0) source(cluster.name, store, now);
  for (const [apiVersion, kind, count] of [[KUSTOMIZE, 'Kustomization', kustomizations], [HELM, 'HelmRelease', helmReleases]] as const) {
    for (let n = 0; n < count; n++) {
      fluxObject(store, apiVersion, kind, n, now);
      await breathe();
    }
  }
  return { pods: wanted.pods, deployments, namespaces, kustomizations, helmReleases };
}

/** Creates what is not there yet. */
function once(store: Store, object: KubeObject, manager = 'lab'): KubeObject {
  const { name, namespace } = object.metadata;
  return store.get({ apiVersion: object.apiVersion, kind: object.kind, name, ...(namespace === undefined ? {} : { namespace }) }) ?? store.create(object, { manager });
}
const refOf = ({ apiVersion, kind, metadata: { name, namespace } }: KubeObject): { apiVersion: string; kind: string; name: string; namespace?: string } => ({ apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) });
const ownedBy = (object: KubeObject): NonNullable<KubeObject['metadata']['ownerReferences']> => [{ apiVersion: object.apiVersion, kind: object.kind, name: object.metadata.name, uid: object.metadata.uid ?? '', controller: true }];
const yes = (types: readonly string[], now: string): object[] => types.map((type) => ({ type, status: 'True', lastTransitionTime: now, lastUpdateTime: now, reason: `${type}Now`, message: 'filled in by the lab' }));

type Nodes = ReturnType<LabCluster['kubelets']>;

/** One Deployment with its ReplicaSet and pods, as steps, so that the caller can breathe between them. */
function* deployment(store: Store, n: number, size: number, nodes: Nodes, now: string): Generator<() => void> {
  const [name, namespace] = [`app-${n}`, `filled-${Math.floor(n / DEPLOYMENTS_EACH)}`];
  const labels = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': FILLED };
  const template = { metadata: { labels }, spec: podSpec(name) };
  const top = once(store, { apiVersion: APPS, kind: 'Deployment', metadata: { name, namespace, labels }, spec: { replicas: size, selector: { matchLabels: labels }, template } });
  // The name and labels the Deployment controller would give, so that it finds its own set and has nothing to do.
  const hash = suffix(digestOf(top.spec?.['template']), 10);
  const hashed = { ...labels, 'pod-template-hash': hash };
  const set = once(store, {
    apiVersion: APPS, kind: 'ReplicaSet', metadata: { name: `${name}-${hash}`, namespace, labels: hashed, annotations: { 'deployment.kubernetes.io/revision': '1' }, ownerReferences: ownedBy(top) },
    spec: { replicas: size, selector: { matchLabels: hashed }, template: { ...template, metadata: { labels: hashed } } },
  });
  for (let i = 0; i < size; i++) {
    const node = nodes[(n + i) % nodes.length];
    if (node === undefined) continue;
    yield () => pod(store, set, `${name}-${hash}-${suffix(`${n} ${i}`, 5)}`, hashed, node, { name, index: n * PODS_EACH + i, now });
  }
  yield () => {
    const counts = { replicas: size, readyReplicas: size, availableReplicas: size };
    store.updateStatus(refOf(set), { ...counts, fullyLabeledReplicas: size, observedGeneration: set.metadata.generation ?? 1 });
    store.updateStatus(refOf(top), { ...counts, updatedReplicas: size, observedGeneration: top.metadata.generation ?? 1, conditions: yes(['Available', 'Progressing'], now) });
  };
}

function pod(store: Store, set: KubeObject, name: string, labels: Record<string, string>, node: Nodes[number], about: { readonly name: string; readonly index: number; readonly now: string }): void {
  const { index, now } = about;
  const namespace = set.metadata.namespace ?? 'default';
  const ref = { apiVersion: 'v1', kind: 'Pod', name, namespace };
  if (store.get(ref)?.status?.['podIP'] !== undefined) return;
  const made = once(store, { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels, annotations: { 'checksum/config': sha256(name) }, ownerReferences: ownedBy(set) }, spec: { ...podSpec(about.name), nodeName: node.name } }, 'kube-controller-manager');
  const ip = `10.${200 + Math.floor(index / 65_536)}.${Math.floor(index / 256) % 256}.${index % 256}`;
  store.updateStatus(ref, {
    phase: 'Running', qosClass: 'Burstable', hostIP: node.address, podIP: ip, podIPs: [{ ip }], startTime: now,
    // What tells the simulated kubelet that it started this pod since its machine's last boot.
    hostBoot: sha256(`${made.metadata.uid ?? ''}|${node.bootId}`),
    conditions: yes(['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'], now),
    containerStatuses: ['app', 'exporter'].map((container) => ({
      name: container, image: `registry.example/${about.name}/${container}:1.0.${index}`, imageID: `registry.example/${about.name}/${container}@sha256:${sha256(container)}`, containerID: `containerd://${sha256(`${name} ${container}`)}`,
      ready: true, started: true, restartCount: 0, state: { running: { startedAt: now } }, lastState: {},
    })),
  });
}

/** Two containers with what charts give them: environment, probes, mounts, limits. */
function podSpec(name: string): Record<string, unknown> {
  const probe = (path: string): object => ({ httpGet: { path, port: 'http', scheme: 'HTTP' }, initialDelaySeconds: 10, periodSeconds: 10, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3 });
  const container = (container: string): object => ({
    name: container, image: `registry.example/${name}/${container}:1.0.0`, imagePullPolicy: 'IfNotPresent', args: ['serve', '--listen=:8080', `--name=${name}`, '--log-level=info', '--log-format=json'],
    ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }, { name: 'metrics', containerPort: 9090, protocol: 'TCP' }],
    env: [
      ...['LOG_LEVEL', 'REGION', 'FEATURES', 'UPSTREAM_URL', 'CACHE_SIZE'].map((key) => ({ name: key, value: `${key.toLowerCase()}-of-${name}` })),
      { name: 'POD_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } }, { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: `${name}-credentials`, key: 'password', optional: true } } },
    ],
    livenessProbe: probe('/livez'), readinessProbe: probe('/readyz'), resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '128Mi' } },
    volumeMounts: [{ name: 'config', mountPath: '/etc/app', readOnly: true }, { name: 'tmp', mountPath: '/tmp' }], terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File',
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: true, runAsNonRoot: true },
  });
  return {
    containers: [container('app'), container('exporter')], restartPolicy: 'Always', terminationGracePeriodSeconds: 30, dnsPolicy: 'ClusterFirst', serviceAccountName: name, schedulerName: 'default-scheduler', enableServiceLinks: true,
    securityContext: { runAsUser: 1000, fsGroup: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    tolerations: ['not-ready', 'unreachable'].map((key) => ({ key: `node.kubernetes.io/${key}`, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 })),
    volumes: [{ name: 'config', configMap: { name: `${name}-config`, defaultMode: 420, optional: true } }, { name: 'tmp', emptyDir: {} }],
  };
}

const REVISION = `1.0.0@sha256:${sha256('filled')}`;

/** What the filled Flux objects are of. Throws CannotFill where Flux is not there. */
function source(cluster: string, store: Store, now: string): void {
  for (const [apiVersion, kind] of [[SOURCE, 'OCIRepository'], [KUSTOMIZE, 'Kustomization'], [HELM, 'HelmRelease']] as const) {
    if (store.typeOf(apiVersion, kind) === undefined) throw new CannotFill(`${cluster} does not know ${kind}s yet: Flux is not there`);
  }
  const made = once(store, { apiVersion: SOURCE, kind: 'OCIRepository', metadata: { name: 'filled', namespace: 'flux-system', labels: { [SHARD]: FILLED } }, spec: { interval: '10m', url: 'oci://registry.example/filled', ref: { tag: '1.0.0' } } }, 'flux');
  const observedGeneration = made.metadata.generation ?? 1;
  store.updateStatus(refOf(made), {
    observedGeneration, artifact: { revision: REVISION, digest: `sha256:${sha256('artifact')}`, path: 'filled.tar.gz', url: 'http://source-controller/filled.tar.gz', lastUpdateTime: now },
    conditions: [{ type: 'Ready', status: 'True', reason: 'Succeeded', message: `stored artifact for digest '${REVISION}'`, lastTransitionTime: now, observedGeneration }],
  });
}

function fluxObject(store: Store, apiVersion: string, kind: 'Kustomization' | 'HelmRelease', n: number, now: string): void {
  const name = `filled-${n}`;
  const spec = kind === 'Kustomization'
    ? { interval: '10m', path: `./filled/${n}`, prune: true, wait: true, timeout: '5m', sourceRef: { kind: 'OCIRepository', name: 'filled' }, ...(n % 10 === 0 ? {} : { dependsOn: [{ name: `filled-${n - 1}` }] }) }
    : { interval: '10m', chartRef: { kind: 'OCIRepository', name: 'filled' }, values: { replicas: 2, resources: { requests: { cpu: '50m' } } } };
  const made = once(store, { apiVersion, kind, metadata: { name, namespace: 'flux-system', labels: { [SHARD]: FILLED } }, spec }, 'flux');
  const observedGeneration = made.metadata.generation ?? 1;
  const conditions = [{ type: 'Ready', status: 'True', reason: 'ReconciliationSucceeded', message: `Applied revision: ${REVISION}`, lastTransitionTime: now, observedGeneration }];
  const inventory = { entries: Array.from({ length: 20 }, (_, i) => ({ id: `filled-${n}_object-${i}__ConfigMap`, v: 'v1' })) };
  const history = [{ name, namespace: 'flux-system', version: 1, status: 'deployed', chartName: 'filled', chartVersion: '1.0.0', configDigest: `sha256:${sha256(name)}`, firstDeployed: now, lastDeployed: now }];
  store.updateStatus(refOf(made), { observedGeneration, conditions, ...(kind === 'Kustomization' ? { lastAppliedRevision: REVISION, lastAttemptedRevision: REVISION, inventory } : { history, lastAttemptedRevision: '1.0.0' }) });
}
