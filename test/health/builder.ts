import type { Cluster, KubeObject, Machine, Site, TreeItem } from '../../scripts/config/cluster.ts';
import { SITE } from '../../scripts/config/target.ts';
import { listKey, KINDS } from '../../scripts/health/kinds.ts';
import type { Snapshot } from '../../scripts/health/snapshot.types.ts';
import type { KindRef } from '../../scripts/tools/doors.ts';

export const NOW = Date.parse('2026-11-21T09:18:44Z');
const SINCE = '2026-11-21T09:12:44Z';
export const REVISION = 'main@sha1:1111111111111111111111111111111111111111';
export const NAMES = ['infra-01', 'infra-02', 'infra-03'] as const;

/** Everything in a Snapshot may be changed by a row of a table; a deep copy that forgets readonly. */
export type Mutable<T> = T extends (infer I)[] | readonly (infer I)[] ? Mutable<I>[] : T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T;
export type Draft = Mutable<Snapshot>;

function machine(name: string, index: number): Machine {
  return { name, cluster: 'infra', role: 'controlplane', address: `10.25.11.1${index + 1}`, macs: [], disks: { install: { model: 'SSD' }, data: {} }, patches: [] };
}

const cluster: Cluster = {
  name: 'infra', id: 1, endpoint: 'https://infra-k8s.monosense.io:6443', podCIDR: '10.244.0.0/16', serviceCIDR: '10.245.0.0/16', dnsServiceIP: '10.245.0.10',
  loadBalancer: { start: '10.25.11.100', end: '10.25.11.119' }, mesh: { address: '10.25.11.100', peers: ['apps'] }, secrets: 'op://Prod/infra-talos',
  machines: NAMES.map(machine), settings: {}, file: 'talos/clusters/infra.yaml',
};

const CRDS = ['gitrepositories.source.toolkit.fluxcd.io', 'kustomizations.kustomize.toolkit.fluxcd.io', 'helmreleases.helm.toolkit.fluxcd.io', 'certificates.cert-manager.io', 'clusterissuers.cert-manager.io', 'externalsecrets.external-secrets.io', 'clustersecretstores.external-secrets.io'];
const CORE = [['cilium', 'kube-system', '1.18.3'], ['coredns', 'kube-system', '1.45.0'], ['cert-manager', 'cert-manager', 'v1.19.1'], ['external-secrets', 'external-secrets', '0.20.4'], ['flux-operator', 'flux-system', '0.49.0'], ['flux-instance', 'flux-system', '0.49.0']] as const;

export const item = (kind: TreeItem['kind'], name: string, dependsOn: readonly string[] = [], namespace = 'flux-system'): TreeItem =>
  ({ kind, namespace, name, dependsOn, file: kind === 'Kustomization' ? `kubernetes/infrastructure/${name}/ks.yaml` : `kubernetes/infrastructure/${name}/app/${kind.toLowerCase()}.yaml`, needsMesh: false });
const TREE: readonly TreeItem[] = [
  item('Kustomization', 'secrets'), item('Kustomization', 'issuers', ['secrets']), item('Kustomization', 'reloader', ['secrets']), item('HelmRelease', 'reloader', [], 'tools'), item('HelmRepository', 'stakater'),
];

const site: Site = {
  root: '/site', target: SITE, clusters: [cluster], tree: { infra: TREE },
  versions: { talos: '1.12.0', kubernetes: '1.34.4', cilium: '1.18.3', coredns: '1.45.0', certManager: 'v1.19.1', externalSecrets: '0.20.4', flux: '2.9.0', fluxOperator: '0.49.0', fluxInstance: '0.49.0', gatewayAPI: 'v1.4.0', tools: {}, charts: {} },
  bootstrap: {
    namespaces: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'tools' } }], secrets: [{ name: 'onepassword-connect-token', namespace: 'external-secrets', data: { token: 'op://x/y/z' } }],
    crds: { waitSet: CRDS, groups: [], manifests: [] }, flux: { url: 'https://example.invalid/site.git', branch: 'main', path: 'kubernetes/clusters/{cluster}' },
  },
  helmfile: { crds: [], core: CORE.map(([name, namespace, version], index) => ({ name, namespace, chart: `x/${name}`, version, needs: index === 0 ? [] : [`${CORE[index - 1]?.[1]}/${CORE[index - 1]?.[0]}`], values: [] })) },
  recovery: { objectives: { recoveryTimeMs: 2_700_000, dataLossMs: 86_400_000, rehearseEveryMs: 7_776_000_000 }, dataSets: [], stores: [], outside: [], power: {}, freeze: [], signingKey: null }, calendar: [],
};

export function object(kind: KindRef, name: string, namespace: string | undefined, rest: { spec?: unknown; status?: unknown; labels?: Record<string, string>; annotations?: Record<string, string> } = {}): KubeObject {
  return {
    apiVersion: kind.apiVersion, kind: kind.kind,
    metadata: { name, generation: 1, ...(namespace === undefined ? {} : { namespace }), ...(rest.labels === undefined ? {} : { labels: rest.labels }), ...(rest.annotations === undefined ? {} : { annotations: rest.annotations }) },
    spec: rest.spec ?? {}, status: rest.status ?? {},
  };
}
type Said = readonly [type: string, status: string, reason: string, message: string];
export const conditions = (...said: Said[]) =>
  said.map(([type, status, reason, message]) => ({ type, status, reason, message, lastTransitionTime: SINCE }));
const ready = (reason = 'ReconciliationSucceeded') => ({ observedGeneration: 1, conditions: conditions(['Ready', 'True', reason, 'all is well']) });

export function deployment(name: string, namespace: string, release?: string): KubeObject {
  return object(KINDS.deployments, name, namespace, {
    spec: { replicas: 1, selector: { matchLabels: { app: name } } }, status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 },
    ...(release === undefined ? {} : { annotations: { 'meta.helm.sh/release-name': release, 'meta.helm.sh/release-namespace': namespace } }),
  });
}
export function pod(name: string, namespace: string, app: string, node: string = NAMES[0]): KubeObject {
  return object(KINDS.pods, name, namespace, {
    labels: { app }, spec: { nodeName: node, containers: [{ name: app }] },
    status: { phase: 'Running', conditions: conditions(['PodScheduled', 'True', '', ''], ['Ready', 'True', '', '']), containerStatuses: [{ name: app, ready: true, state: { running: {} } }] },
  });
}
function kustomization(name: string, dependsOn: readonly string[] = [], path = `./kubernetes/infrastructure/${name}/app`): KubeObject {
  return object(KINDS.kustomizations, name, 'flux-system', {
    spec: { path, dependsOn: dependsOn.map((needed) => ({ name: needed })), sourceRef: { kind: 'GitRepository', name: 'flux-system' } }, status: { ...ready(), lastAppliedRevision: REVISION },
  });
}

const DEPLOYMENTS = [['cilium-operator', 'kube-system', 'cilium'], ['coredns', 'kube-system', 'coredns'], ['cert-manager', 'cert-manager', 'cert-manager'], ['external-secrets', 'external-secrets', 'external-secrets'], ['source-controller', 'flux-system', undefined], ['kustomize-controller', 'flux-system', undefined], ['helm-controller', 'flux-system', undefined], ['reloader', 'tools', 'reloader']] as const;

/** A cluster in which everything is as the configuration wants it. */
export function healthy(): Draft {
  const lists: [KindRef, KubeObject[]][] = [
    [KINDS.nodes, cluster.machines.map(({ name, address }) => object(KINDS.nodes, name, undefined, { status: { addresses: [{ type: 'InternalIP', address }], conditions: conditions(['Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'], ['DiskPressure', 'False', '', '']) } }))],
    [KINDS.deployments, DEPLOYMENTS.map(([name, namespace, release]) => deployment(name, namespace, release))],
    [KINDS.daemonSets, [object(KINDS.daemonSets, 'cilium', 'kube-system', { spec: { selector: { matchLabels: { app: 'cilium' } } }, status: { observedGeneration: 1, desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 3 } })]],
    [KINDS.statefulSets, []],
    [KINDS.pods, [...DEPLOYMENTS.map(([name, namespace], index) => pod(`${name}-1`, namespace, name, NAMES[index % 3] ?? NAMES[0])), ...NAMES.map((node) => pod(`cilium-${node}`, 'kube-system', 'cilium', node))]],
    [KINDS.services, []], [KINDS.validatingWebhooks, []], [KINDS.mutatingWebhooks, []], [KINDS.disruptionBudgets, []],
    [KINDS.namespaces, ['kube-system', 'flux-system', 'tools'].map((name) => object(KINDS.namespaces, name, undefined, { status: { phase: 'Active' } }))],
    [KINDS.crds, CRDS.map((name) => object(KINDS.crds, name, undefined, { spec: { group: name.slice(name.indexOf('.') + 1) }, status: { conditions: conditions(['NamesAccepted', 'True', 'NoConflicts', ''], ['Established', 'True', 'InitialNamesAccepted', '']) } }))],
    [KINDS.gitRepositories, [object(KINDS.gitRepositories, 'flux-system', 'flux-system', { status: { ...ready('Succeeded'), artifact: { revision: REVISION } } })]],
    [KINDS.ociRepositories, []],
    [KINDS.helmRepositories, [object(KINDS.helmRepositories, 'stakater', 'flux-system', { status: { ...ready('Succeeded') } })]],
    [KINDS.kustomizations, [kustomization('flux-system', [], './kubernetes/clusters/infra'), kustomization('secrets'), kustomization('issuers', ['secrets']), kustomization('reloader', ['secrets'])]],
    [KINDS.helmReleases, [object(KINDS.helmReleases, 'reloader', 'tools', { spec: { chart: { spec: { version: '2.2.3', sourceRef: { kind: 'HelmRepository', name: 'stakater', namespace: 'flux-system' } } } }, status: ready('InstallSucceeded') })]],
    [KINDS.certificates, [object(KINDS.certificates, 'wildcard', 'networking', { spec: { secretName: 'wildcard-tls', issuerRef: { kind: 'ClusterIssuer', name: 'letsencrypt' } }, status: { ...ready('Ready'), notAfter: '2027-01-21T00:00:00Z', renewalTime: '2026-12-21T00:00:00Z' } })]],
    [KINDS.issuers, []],
    [KINDS.clusterIssuers, [object(KINDS.clusterIssuers, 'letsencrypt', undefined, { spec: { acme: { solvers: [{ dns01: { cloudflare: { apiTokenSecretRef: { name: 'cloudflare-token', key: 'token' } } } }] } }, status: ready('ACMEAccountRegistered') })]],
    [KINDS.externalSecrets, [['cloudflare-token', 'cert-manager'], ['reloader-token', 'tools'], ['grafana', 'observability'], ['harbor', 'registry']].map(([name, namespace]) => object(KINDS.externalSecrets, name ?? '', namespace, { spec: { secretStoreRef: { kind: 'ClusterSecretStore', name: 'onepassword' }, target: { name } }, status: ready('SecretSynced') }))],
    [KINDS.secretStores, []],
    [KINDS.clusterSecretStores, [object(KINDS.clusterSecretStores, 'onepassword', undefined, { spec: { provider: { onepassword: { auth: { secretRef: { connectTokenSecretRef: { name: 'onepassword-connect-token', namespace: 'external-secrets' } } } } } }, status: ready('Valid') })]],
  ];
  const members = NAMES.map((hostname, index) => ({ id: `a${index + 1}`, hostname, peerUrls: [], learner: false }));
  const snapshot: Snapshot = {
    at: NOW, site, cluster,
    faces: { ok: true, value: Object.fromEntries(NAMES.map((name) => [name, { is: 'installed', ours: true, issuer: 'O=talos' }])) },
    talos: { ok: true, value: NAMES.map((name) => ({
      machine: name, version: { ok: true, value: 'v1.12.0' }, stage: { ok: true, value: { stage: 'running', ready: true, unmet: [] } },
      services: { ok: true, value: ['apid', 'etcd', 'kubelet'].map((id) => ({ id, state: 'Running', healthy: true, message: '' })) },
    })) },
    etcd: {
      members: Object.fromEntries(NAMES.map((name) => [name, { ok: true, value: members }])),
      status: { ok: true, value: NAMES.map((node, index) => ({ node, memberId: `a${index + 1}`, leader: 'a2', dbSizeBytes: 1, raftTerm: 2, raftIndex: 9, learner: false, errors: '' })) },
      alarms: { ok: true, value: [] },
    },
    endpoint: { ok: true, value: { is: 'leads', host: 'infra-k8s.monosense.io', addresses: cluster.machines.map(({ address }) => address) } },
    api: { ok: true, value: { version: 'v1.34.4' } },
    lists: Object.fromEntries(lists.map(([kind, value]) => [listKey(kind), { ok: true, value }])),
    releases: { ok: true, value: CORE.map(([name, namespace, version]) => ({ name, namespace, revision: 1, status: 'deployed', chart: name, version })) },
    secretKeys: { 'external-secrets/onepassword-connect-token': { ok: true, value: ['token'] } },
  };
  return structuredClone(snapshot) as Draft;
}

/** The objects of a kind, to be changed in place. */
export function list(draft: Draft, kind: KindRef): KubeObject[] {
  const reading = draft.lists[listKey(kind)];
  if (reading?.ok !== true) throw new Error(`the builder has no ${kind.kind}`);
  return reading.value as KubeObject[];
}
export function find(draft: Draft, kind: KindRef, name: string): KubeObject {
  const found = list(draft, kind).find((candidate) => candidate.metadata.name === name);
  if (found === undefined) throw new Error(`the builder has no ${kind.kind} ${name}`);
  return found;
}
export function drop(draft: Draft, kind: KindRef, name: string): void {
  const objects = list(draft, kind);
  objects.splice(objects.indexOf(find(draft, kind, name)), 1);
}
/** Gives an object other conditions than its own. */
export function say(target: KubeObject, ...said: Said[]): void {
  target['status'] = { ...(target['status'] as object), conditions: conditions(...said) };
}
export function set(target: KubeObject, part: 'spec' | 'status', values: Record<string, unknown>): void {
  target[part] = { ...(target[part] as object), ...values };
}
export function waiting(target: KubeObject, reason: string, message: string, lastMessage?: string): void {
  const name = target.metadata.labels?.['app'];
  set(target, 'status', {
    conditions: conditions(['PodScheduled', 'True', '', ''], ['Ready', 'False', 'ContainersNotReady', '']),
    containerStatuses: [{ name, ready: false, state: { waiting: { reason, message } }, ...(lastMessage === undefined ? {} : { lastState: { terminated: { exitCode: 1, reason: 'Error', message: lastMessage } } }) }],
  });
}
/** The Talos reading of a machine. */
export function talos(draft: Draft, name: string): Extract<Draft['talos'], { ok: true }>['value'][number] {
  const reading = draft.talos.ok ? draft.talos.value.find((candidate) => candidate.machine === name) : undefined;
  if (reading === undefined) throw new Error(`the builder has no machine ${name}`);
  return reading;
}
export function service(draft: Draft, name: string, id: string, values: { state?: string; healthy?: boolean | null; message?: string }): void {
  const { services } = talos(draft, name);
  if (!services.ok) throw new Error('services are unread');
  const found = services.value.find((candidate) => candidate.id === id);
  if (found === undefined) throw new Error(`no service ${id}`);
  Object.assign(found, values);
}
