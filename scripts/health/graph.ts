import type { KubeObject } from '../config/cluster.ts';
import { API } from './checks/api.ts';
import { endpointId } from './checks/endpoint.ts';
import { hooksOf, namespaceId, podsBehind } from './checks/admission.ts';
import { ETCD, etcdId } from './checks/etcd.ts';
import { machineId } from './checks/machines.ts';
import { blamesNetwork, nodeId } from './checks/nodes.ts';
import { CLOCK_STATE, serviceId, talosId } from './checks/talos.ts';
import { CILIUM } from './checks/cni.ts';
import { podsOf } from './checks/rollout.ts';
import { releaseId } from './checks/core.ts';
import { crdId } from './checks/crds.ts';
import type { Edge, Failing } from './graph.types.ts';
import { fluxEdges } from './graph-flux.ts';
import { secretProducers, workloadEdges } from './graph-workloads.ts';
import { KINDS, listKey } from './kinds.ts';
import { known } from './look.ts';
import { at, id, idOf, spec, text } from './objects.ts';
import type { Snapshot } from './snapshot.types.ts';


/**
 * The object graph among failing objects. Only those matter: what is well explains nothing. An object whose own words
 * name its own fault (a build that failed, a suspension) is not blamed on what it stands on.
 */
export function graphOf(seen: Snapshot, failing: Failing): ReadonlyMap<string, ReadonlySet<string>> {
  const graph = new Map<string, Set<string>>([...failing.keys()].map((object) => [object, new Set<string>()]));
  const edge: Edge = (from, to) => {
    if (!failing.has(to) || ownTrouble(failing, from, to)) return;
    graph.get(from)?.add(to);
  };
  machineEdges(seen, failing, edge);
  coreEdges(seen, failing, edge);
  fluxEdges(seen, failing, edge);
  workloadEdges(seen, failing, edge);
  secretEdges(seen, edge);
  admissionEdges(seen, failing, edge);
  wordEdges(failing, edge);
  return graph;
}

/**
 * What no other object explains: a deletion that does not end is its finalizer's doing (or its namespace's), and a
 * controller of which something still runs is at work.
 */
function ownTrouble(failing: Failing, from: string, to: string): boolean {
  if (failing.get(from)?.state === 'being deleted') return !to.startsWith('Namespace ');
  return to.startsWith('Deployment ') && CONTROLLED.test(from) && /^[1-9]\d* of /u.test(failing.get(to)?.state ?? '');
}
/** What a Deployment looks after without bringing it: for these it matters only whether anybody is there. */
const CONTROLLED = /^(?:ExternalSecret|SecretStore|ClusterSecretStore|Certificate|Issuer|ClusterIssuer|GitRepository|OCIRepository|HelmRepository) /u;

function machineEdges(seen: Snapshot, failing: Failing, edge: Edge): void {
  // Without a quorum (or with a stranger's data) the members' trouble is one trouble; otherwise a member's own explains the whole's.
  const whole = /no quorum|not bootstrapped|not ours/u.test(failing.get(ETCD)?.state ?? '');
  edge(API, endpointId(seen.cluster));
  for (const { name, role } of seen.cluster.machines) {
    const machine = machineId(name);
    // Whoever answers at a control plane's address answers for the API there.
    if (role === 'controlplane' && failing.get(API)?.state === 'signed by another authority') edge(API, machine);
    for (const object of [talosId(name), nodeId(name), etcdId(name)]) edge(object, machine);
    for (const object of failing.keys()) if (object.startsWith('service ') && object.endsWith(` on ${name}`)) edge(object, machine);
    edge(nodeId(name), serviceId('kubelet', name));
    // "unmet conditions" of a machine are its services or its node.
    const unmet = failing.get(talosId(name));
    if (unmet?.state === CLOCK_STATE) {
      for (const object of [nodeId(name), etcdId(name)]) edge(object, talosId(name));
      for (const object of failing.keys()) if (object.startsWith('service ') && object.endsWith(` on ${name}`)) edge(object, talosId(name));
    }
    if (unmet?.state === 'running, not ready') {
      edge(talosId(name), nodeId(name));
      for (const object of failing.keys()) if (object.startsWith('service ') && object.endsWith(` on ${name}`)) edge(talosId(name), object);
      if (unmet.because.includes('etcd')) edge(talosId(name), etcdId(name));
    }
    if (role === 'controlplane') {
      edge(ETCD, machine);
      if (!whole) edge(ETCD, etcdId(name));
      else if (!failing.has(machine)) edge(etcdId(name), ETCD);
    }
    const node = failing.get(nodeId(name));
    if (node !== undefined && blamesNetwork(node)) edge(nodeId(name), CILIUM);
  }
}

function coreEdges(seen: Snapshot, failing: Failing, edge: Edge): void {
  const releases = seen.site.helmfile.core;
  for (const release of releases) {
    for (const need of release.needs) {
      const needed = releases.find((candidate) => candidate.name === need || `${candidate.namespace}/${candidate.name}` === need);
      if (needed !== undefined) edge(releaseId(release), releaseId(needed));
    }
    // A release that is not there explains everything it would have brought.
    if (failing.get(releaseId(release))?.state === 'not installed') for (const object of broughtBy(release.name, failing)) edge(object, releaseId(release));
  }
  const crds = new Map(known(seen, KINDS.crds).map((crd) => [`${text(spec(crd, 'names', 'kind')) ?? ''} ${text(spec(crd, 'group')) ?? ''}`, crd.metadata.name]));
  for (const [object, finding] of failing) {
    for (const kind of Object.values(KINDS)) if (object.startsWith(`${kind.kind} `)) edge(object, crdId(listKey(kind)));
    for (const match of finding.because.matchAll(/no matches for kind "([^"]+)" in (?:version|group) "([^"/]+)/gu)) {
      const crd = crds.get(`${match[1] ?? ''} ${match[2] ?? ''}`) ?? [...failing.keys()].find((name) => name.startsWith('CustomResourceDefinition ') && name.endsWith(`.${match[2] ?? ''}`) && name.includes((match[1] ?? '').toLowerCase()))?.slice('CustomResourceDefinition '.length);
      if (crd !== undefined) edge(object, crdId(crd));
    }
  }
}

/** Which failing things a core release brings when it is installed. */
function broughtBy(release: string, failing: Failing): readonly string[] {
  const prefixes: Readonly<Record<string, readonly string[]>> = {
    cilium: ['DaemonSet kube-system/cilium', 'Deployment kube-system/cilium'],
    coredns: ['Deployment kube-system/coredns'],
    'cert-manager': ['Certificate ', 'Issuer ', 'ClusterIssuer '],
    'external-secrets': ['ExternalSecret ', 'SecretStore ', 'ClusterSecretStore '],
    'flux-instance': ['GitRepository ', 'OCIRepository ', 'HelmRepository ', 'Kustomization ', 'HelmRelease '],
  };
  return [...failing.keys()].filter((object) => prefixes[release]?.some((prefix) => object.startsWith(prefix)) === true);
}

/** Certificate -> issuer, ExternalSecret -> store, and either -> who makes the secret it reads. */
function secretEdges(seen: Snapshot, edge: Edge): void {
  for (const certificate of known(seen, KINDS.certificates)) {
    const kind = text(spec(certificate, 'issuerRef', 'kind')) ?? 'Issuer';
    const name = text(spec(certificate, 'issuerRef', 'name'));
    if (name !== undefined) edge(idOf(certificate), id(kind, name, kind === 'ClusterIssuer' ? undefined : certificate.metadata.namespace));
  }
  for (const secret of known(seen, KINDS.externalSecrets)) {
    const kind = text(spec(secret, 'secretStoreRef', 'kind')) ?? 'SecretStore';
    const name = text(spec(secret, 'secretStoreRef', 'name'));
    if (name !== undefined) edge(idOf(secret), id(kind, name, kind === 'ClusterSecretStore' ? undefined : secret.metadata.namespace));
  }
  const producers = secretProducers(seen);
  const readers: readonly KubeObject[] = [...known(seen, KINDS.clusterIssuers), ...known(seen, KINDS.issuers), ...known(seen, KINDS.clusterSecretStores), ...known(seen, KINDS.secretStores)];
  for (const reader of readers) {
    for (const { name, namespace } of secretRefs(reader['spec'])) {
      // What has no namespace of its own reads from the operator's, cert-manager's by convention.
      const from = namespace ?? reader.metadata.namespace ?? 'cert-manager';
      for (const producer of producers.get(`${from}/${name}`) ?? []) edge(idOf(reader), producer);
    }
  }
  const controllers: readonly (readonly [prefixes: readonly string[], deployment: string])[] = [
    [['ExternalSecret', 'SecretStore', 'ClusterSecretStore'], 'external-secrets/external-secrets'],
    [['Certificate', 'Issuer', 'ClusterIssuer'], 'cert-manager/cert-manager'],
  ];
  for (const [kinds, deployment] of controllers) {
    for (const kind of Object.values(KINDS)) if (kinds.includes(kind.kind)) for (const object of known(seen, kind)) edge(idOf(object), `Deployment ${deployment}`);
  }
}

/** Every `...SecretRef: {name, namespace?}` somewhere in a spec. */
function secretRefs(value: unknown, under = ''): readonly { readonly name: string; readonly namespace: string | undefined }[] {
  if (Array.isArray(value)) return value.flatMap((entry) => secretRefs(entry, under));
  if (typeof value !== 'object' || value === null) return [];
  const name = /secretref$/iu.test(under) ? text(at(value, 'name')) : undefined;
  const own = name === undefined ? [] : [{ name, namespace: text(at(value, 'namespace')) }];
  return [...own, ...Object.entries(value).flatMap(([key, entry]) => secretRefs(entry, key))];
}

/** Whose write was refused -> the webhook nobody answers for -> the pods that should; and all that is in a namespace -> the namespace. */
function admissionEdges(seen: Snapshot, failing: Failing, edge: Edge): void {
  for (const hook of hooksOf(seen)) {
    const self = idOf(hook.configuration);
    const behind = podsBehind(seen, hook.namespace, hook.service) ?? [];
    for (const pod of behind) edge(self, idOf(pod));
    for (const deployment of known(seen, KINDS.deployments)) if (deployment.metadata.namespace === hook.namespace && podsOf(deployment, behind).length > 0) edge(self, idOf(deployment));
    for (const [object, finding] of failing) if (object !== self && finding.because.includes(`failed calling webhook "${hook.name}"`)) edge(object, self);
  }
  for (const [object, finding] of failing) {
    const inside = /^\S+ ([^/\s]+)\/\S+$/u.exec(object)?.[1];
    if (inside !== undefined) edge(object, namespaceId(inside));
    const refused = /in namespace (\S+) because it is being terminated|namespaces "([^"]+)" not found/u.exec(finding.because);
    if (refused !== null) edge(object, namespaceId(refused[1] ?? refused[2] ?? ''));
  }
}

const DNS_TROUBLE = /\blookup \S+.*(?:no such host|i\/o timeout|server misbehaving|connection refused)/u;

/** What a message names: `Kind/namespace/name` as Flux's health checks print it, and name resolution. */
function wordEdges(failing: Failing, edge: Edge): void {
  for (const [object, finding] of failing) {
    for (const match of finding.because.matchAll(/\b([A-Z][A-Za-z]+)\/([a-z0-9.-]+)\/([a-z0-9.-]+)/gu)) {
      const named = id(match[1] ?? '', match[3] ?? '', match[2] ?? '');
      if (named !== object) edge(object, named);
    }
    if (DNS_TROUBLE.test(finding.because)) edge(object, 'Deployment kube-system/coredns');
  }
}
