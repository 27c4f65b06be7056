/** Whole faults as they look in a snapshot: not one field, but everything that changes with them. */
import { KINDS } from '../../scripts/health/kinds.ts';
import { find, list, NAMES, say, service, set, talos, type Draft } from './builder.ts';

const unread = (because: string, needs: 'machines' | 'talos' | 'etcd' | 'api') => ({ ok: false as const, because, needs });

/** Everything above the API is out of reach. */
export function apiDown(draft: Draft, because = 'GET https://127.0.0.1:6443/readyz: connect ECONNREFUSED'): void {
  draft.api = { ok: false, because };
  const gone = unread(`not reached: ${because}`, 'api');
  for (const key of Object.keys(draft.lists)) draft.lists[key] = gone;
  draft.releases = gone;
  for (const key of Object.keys(draft.secretKeys)) draft.secretKeys[key] = gone;
}

export function machineOut(draft: Draft, name: string, face: 'closed' | 'maintenance'): void {
  if (!draft.faces.ok) throw new Error('faces are unread');
  draft.faces.value[name] = face === 'closed' ? { is: 'closed', because: 'connect EHOSTUNREACH' } : { is: 'maintenance' };
  const gone = unread('not reached: it is away', 'machines');
  Object.assign(talos(draft, name), { version: gone, stage: gone, services: gone });
  draft.etcd.members[name] = gone;
  if (draft.etcd.status.ok) draft.etcd.status.value = draft.etcd.status.value.filter((status) => status.node !== name);
}

export function machineOff(draft: Draft, name: string): void {
  machineOut(draft, name, 'closed');
  say(find(draft, KINDS.nodes, name), ['Ready', 'Unknown', 'NodeStatusUnknown', 'Kubelet stopped posting node status.']);
  set(find(draft, KINDS.daemonSets, 'cilium'), 'status', { numberAvailable: 2 });
  for (const pod of list(draft, KINDS.pods)) {
    if ((pod['spec'] as { nodeName?: string }).nodeName !== name) continue;
    say(pod, ['PodScheduled', 'True', '', ''], ['Ready', 'False', 'NodeNotReady', '']);
    const app = list(draft, KINDS.deployments).find((candidate) => candidate.metadata.name === pod.metadata.labels?.['app']);
    if (app !== undefined) set(app, 'status', { availableReplicas: 0, readyReplicas: 0 });
  }
}

export function etcdNoQuorum(draft: Draft): void {
  for (const name of NAMES.slice(1)) {
    service(draft, name, 'etcd', { state: 'Failed', healthy: false, message: 'Failed to run pre stage: read-only file system' });
    draft.etcd.members[name] = unread('not reached: its etcd service is Failed', 'talos');
  }
  draft.etcd.members[NAMES[0]] = { ok: false, because: 'etcd members: rpc error: code = DeadlineExceeded desc = context deadline exceeded' };
  draft.etcd.status = { ok: true, value: [{ node: NAMES[0], memberId: 'a1', leader: '0', dbSizeBytes: 1, raftTerm: 2, raftIndex: 9, learner: false, errors: '' }] };
  draft.etcd.alarms = unread('not reached: no etcd member answers', 'etcd');
  apiDown(draft, 'HTTP 500 /readyz: etcd failed');
}

export function foreignEtcd(draft: Draft): void {
  const strangers = ['old-01', 'old-02'].map((hostname, index) => ({ id: `f${index}`, hostname, peerUrls: [], learner: false }));
  service(draft, NAMES[0], 'etcd', { healthy: false, message: 'context deadline exceeded' });
  draft.etcd.members[NAMES[0]] = { ok: true, value: strangers };
  for (const name of NAMES.slice(1)) {
    service(draft, name, 'etcd', { state: 'Preparing', healthy: null, message: 'Running pre state' });
    draft.etcd.members[name] = unread('not reached: its etcd service is Preparing', 'talos');
  }
  draft.etcd.status = { ok: true, value: [{ node: NAMES[0], memberId: 'f0', leader: 'f0', dbSizeBytes: 1, raftTerm: 2, raftIndex: 9, learner: false, errors: '' }] };
  draft.api = { ok: false, because: 'connect ECONNREFUSED' };
  apiDown(draft);
}

export function storeDown(draft: Draft): void {
  say(find(draft, KINDS.clusterSecretStores, 'onepassword'), ['Ready', 'False', 'InvalidProviderConfig', 'GET http://opconnect.monosense.dev/v1/vaults: connection refused']);
  for (const secret of list(draft, KINDS.externalSecrets)) say(secret, ['Ready', 'False', 'SecretSyncedError', 'could not get secret data from provider']);
  say(find(draft, KINDS.clusterIssuers, 'letsencrypt'), ['Ready', 'False', 'ErrInitIssuer', 'secret "cloudflare-token" not found']);
  say(find(draft, KINDS.certificates, 'wildcard'), ['Ready', 'False', 'DoesNotExist', 'Issuing certificate as Secret does not exist']);
}

export function crdNotEstablished(draft: Draft): void {
  say(find(draft, KINDS.crds, 'externalsecrets.external-secrets.io'), ['NamesAccepted', 'False', 'ListKindConflict', '"ExternalSecretList" is already in use'], ['Established', 'False', 'NotAccepted', 'not all names are accepted']);
  draft.lists['externalsecrets.external-secrets.io'] = { ok: false, because: 'the API does not know ExternalSecret (externalsecrets.external-secrets.io)', needs: 'crds' };
  say(find(draft, KINDS.kustomizations, 'secrets'), ['Ready', 'False', 'ReconciliationFailed', 'ExternalSecret/tools/x dry-run failed: no matches for kind "ExternalSecret" in version "external-secrets.io/v1"']);
  dependencyWait(draft, 'issuers', 'secrets');
  dependencyWait(draft, 'reloader', 'secrets');
}

export function dependencyWait(draft: Draft, name: string, on: string): void {
  say(find(draft, KINDS.kustomizations, name), ['Ready', 'False', 'DependencyNotReady', `dependency 'flux-system/${on}' is not ready`]);
}

export function releaseStalled(draft: Draft): void {
  const message = 'Helm install failed for release tools/reloader with chart reloader@2.2.3: context deadline exceeded';
  say(find(draft, KINDS.helmReleases, 'reloader'), ['Ready', 'False', 'InstallFailed', message], ['Stalled', 'True', 'RetriesExceeded', 'Failed to install after 3 attempt(s)']);
  say(find(draft, KINDS.kustomizations, 'reloader'), ['Ready', 'False', 'HealthCheckFailed', "health check failed after 30s: failed early due to stalled resources: [HelmRelease/tools/reloader status: 'Failed']"]);
}

export function dependencyCycle(draft: Draft): void {
  set(find(draft, KINDS.kustomizations, 'secrets'), 'spec', { dependsOn: [{ name: 'issuers' }] });
  dependencyWait(draft, 'secrets', 'issuers');
  dependencyWait(draft, 'issuers', 'secrets');
  dependencyWait(draft, 'reloader', 'secrets');
}

export function noCni(draft: Draft): void {
  for (const name of NAMES) say(find(draft, KINDS.nodes, name), ['Ready', 'False', 'KubeletNotReady', 'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized']);
  const cilium = find(draft, KINDS.daemonSets, 'cilium');
  set(cilium, 'status', { numberAvailable: 0 });
  for (const pod of list(draft, KINDS.pods)) {
    if (pod.metadata.labels?.['app'] !== 'cilium') continue;
    set(pod, 'spec', { hostNetwork: true });
    set(pod, 'status', { conditions: [{ type: 'Ready', status: 'False' }], containerStatuses: [{ name: 'cilium-agent', state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "quay.io/cilium/cilium:v1.18.3"' } } }] });
  }
}
