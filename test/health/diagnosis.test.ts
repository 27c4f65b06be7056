import { fc } from '../fast-check.ts';
import { describe, expect, test } from 'vitest';
import { diagnose } from '../../scripts/health/diagnosis.ts';
import { KINDS } from '../../scripts/health/kinds.ts';
import { find, drop, healthy, NAMES, say, set, waiting, list, type Draft } from './builder.ts';
import * as faults from './faults.ts';

const { assert, property, subarray } = fc;

type Fault = readonly [name: string, change: (draft: Draft) => void, object: string, consequences: readonly string[], hint: string];
const K = KINDS;

const FAULTS: readonly Fault[] = [
  ['stuck in maintenance', (d) => { faults.machineOut(d, 'infra-02', 'maintenance'); drop(d, K.nodes, 'infra-02'); }, 'machine infra-02', ['Node infra-02'], 'cluster:create'],
  ['a machine without power', (d) => faults.machineOff(d, 'infra-02'), 'machine infra-02', ['Node infra-02', 'DaemonSet kube-system/cilium', 'Deployment kube-system/coredns'], 'ping'],
  ["bootstrap said AlreadyExists, another cluster's", faults.foreignEtcd, 'etcd', ['etcd on infra-01', 'etcd on infra-02', 'etcd on infra-03'], 'find out whose data it is'],
  ['etcd without quorum', faults.etcdNoQuorum, 'etcd', ['etcd on infra-02', 'etcd on infra-03'], 'etcd status'],
  ['a definition never Established', faults.crdNotEstablished, 'CustomResourceDefinition externalsecrets.external-secrets.io', ['Kustomization flux-system/secrets', 'Kustomization flux-system/issuers'], 'describe crd'],
  ['a HelmRelease stalled', faults.releaseStalled, 'HelmRelease tools/reloader', ['Kustomization flux-system/reloader'], 'flux reconcile helmrelease reloader'],
  ['a dependency cycle', faults.dependencyCycle, 'Kustomization flux-system/secrets, Kustomization flux-system/issuers', ['Kustomization flux-system/reloader'], 'remove one dependsOn'],
  ['a secret store that does not answer', faults.storeDown, 'ClusterSecretStore onepassword', ['ExternalSecret cert-manager/cloudflare-token', 'ClusterIssuer letsencrypt', 'Certificate networking/wildcard'], 'describe clustersecretstore'],
  ['no network', faults.noCni, 'DaemonSet kube-system/cilium', ['Node infra-01', 'Node infra-02', 'Node infra-03'], 'describe daemonset cilium'],
  ['a bootstrap secret missing', (d) => { faults.storeDown(d); d.secretKeys['external-secrets/onepassword-connect-token'] = { ok: true, value: null }; }, 'Secret external-secrets/onepassword-connect-token', ['ClusterSecretStore onepassword', 'ExternalSecret tools/reloader-token'], 'bootstrap:crds'],
  ['a Git source that cannot be fetched', (d) => {
    say(find(d, K.gitRepositories, 'flux-system'), ['Ready', 'False', 'GitOperationFailed', 'timeout']);
    for (const name of ['flux-system', 'secrets']) say(find(d, K.kustomizations, name), ['Ready', 'False', 'ArtifactFailed', 'Source artifact not found']);
    faults.dependencyWait(d, 'issuers', 'secrets');
  }, 'GitRepository flux-system/flux-system', ['Kustomization flux-system/secrets', 'Kustomization flux-system/issuers'], 'flux reconcile source git'],
  ['a workload that crashes, as three objects see it', (d) => {
    waiting(find(d, K.pods, 'reloader-1'), 'CrashLoopBackOff', 'back-off', 'panic: no config');
    set(find(d, K.deployments, 'reloader'), 'status', { availableReplicas: 0 });
    faults.releaseStalled(d);
  }, 'Deployment tools/reloader', ['Pod tools/reloader-1', 'HelmRelease tools/reloader', 'Kustomization flux-system/reloader'], 'describe deployment reloader'],
  ['a Kustomization that does not build keeps what it would bring away', (d) => {
    say(find(d, K.kustomizations, 'reloader'), ['Ready', 'False', 'BuildFailed', 'kustomize build failed']);
    drop(d, K.helmReleases, 'reloader');
  }, 'Kustomization flux-system/reloader', ['HelmRelease tools/reloader'], 'flux reconcile kustomization reloader'],
  ['nothing installed yet', (d) => {
    d.releases = { ok: true, value: [] };
    for (const kind of [K.gitRepositories, K.helmRepositories, K.kustomizations, K.helmReleases, K.daemonSets, K.deployments, K.pods]) list(d, kind).splice(0);
  }, 'Helm release kube-system/cilium', ['DaemonSet kube-system/cilium', 'Kustomization flux-system/flux-system', 'HelmRelease tools/reloader'], 'bootstrap:core'],
  ['name resolution down', (d) => {
    set(find(d, K.deployments, 'coredns'), 'status', { availableReplicas: 0 });
    say(find(d, K.gitRepositories, 'flux-system'), ['Ready', 'False', 'GitOperationFailed', 'dial tcp: lookup github.com on 10.245.0.10:53: read udp: i/o timeout']);
  }, 'Deployment kube-system/coredns', ['GitRepository flux-system/flux-system'], 'describe deployment coredns'],
  ['a webhook with nobody behind it', (d) => {
    list(d, K.validatingWebhooks).push(webhookConfiguration('Fail'));
    for (const name of ['secrets', 'reloader']) say(find(d, K.kustomizations, name), ['Ready', 'False', 'ReconciliationFailed', `ConfigMap/tools/x dry-run failed (InternalError): Internal error occurred: failed calling webhook "validate.guard.example.io": failed to call webhook: Post "https://guard.tools.svc:443": service "guard" not found`]);
    faults.dependencyWait(d, 'issuers', 'secrets');
  }, 'ValidatingWebhookConfiguration guard', ['Kustomization flux-system/secrets', 'Kustomization flux-system/reloader', 'Kustomization flux-system/issuers'], 'kubectl -n tools get service'],
  ['a webhook whose pods are down', (d) => {
    list(d, K.validatingWebhooks).push(webhookConfiguration('Fail'));
    list(d, K.services).push({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'guard', namespace: 'tools' }, spec: { selector: { app: 'reloader' } } });
    waiting(find(d, K.pods, 'reloader-1'), 'ImagePullBackOff', 'back-off pulling image');
    set(find(d, K.deployments, 'reloader'), 'status', { availableReplicas: 0 });
  }, 'Deployment tools/reloader', ['ValidatingWebhookConfiguration guard', 'Pod tools/reloader-1'], 'describe deployment reloader'],
  ['a namespace that ends', (d) => {
    find(d, K.namespaces, 'tools').metadata.deletionTimestamp = '2026-11-21T09:10:00Z';
    drop(d, K.helmReleases, 'reloader');
    say(find(d, K.kustomizations, 'reloader'), ['Ready', 'False', 'ReconciliationFailed', 'HelmRelease/tools/reloader dry-run failed (Forbidden): helmreleases.helm.toolkit.fluxcd.io "reloader" is forbidden: unable to create new content in namespace tools because it is being terminated']);
  }, 'Namespace tools', ['HelmRelease tools/reloader', 'Kustomization flux-system/reloader'], 'kubectl get namespace tools'],
  ['a namespace the bootstrap makes is gone', (d) => drop(d, K.namespaces, 'tools'), 'Namespace tools', [], 'bootstrap:crds'],
  ['an upgrade by hand that was cut off, its HelmRelease suspended', (d) => {
    if (d.releases.ok) d.releases.value = d.releases.value.map((release) => (release.name === 'coredns' ? { ...release, revision: 2, status: 'pending-upgrade' } : release));
    list(d, K.helmReleases).push({ apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', metadata: { name: 'coredns', namespace: 'kube-system' }, spec: { suspend: true }, status: {} });
  }, 'Helm release kube-system/coredns', ['HelmRelease kube-system/coredns'], 'flux resume helmrelease coredns'],
  ['a pod that a quota does not let be made', (d) => set(find(d, K.deployments, 'reloader'), 'status', { availableReplicas: 0, conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'pods "reloader-x" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=2, limited: pods=2' }] }),
    'Deployment tools/reloader', [], 'describe resourcequota compute'],
  ['three bare machines', (d) => {
    for (const name of NAMES) faults.machineOut(d, name, 'maintenance');
    faults.apiDown(d);
  }, 'machine infra-01, infra-02, infra-03', ['etcd'], 'cluster:create'],
];

function webhookConfiguration(failurePolicy: 'Fail' | 'Ignore'): ReturnType<typeof find> {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration', metadata: { name: 'guard' },
    webhooks: [{ name: 'validate.guard.example.io', failurePolicy, clientConfig: { service: { name: 'guard', namespace: 'tools' } } }],
  };
}

describe('a single fault is a single cause', () => {
  test.each(FAULTS)('%s', (_name, change, object, consequences, hint) => {
    const draft = healthy();
    change(draft);
    const diagnosis = diagnose(draft);
    expect(diagnosis.is).toBe('unhealthy');
    expect(diagnosis.causes.map((cause) => cause.object)).toEqual([object]);
    const cause = diagnosis.causes[0];
    expect(cause?.consequences.flatMap((group) => group.objects)).toEqual(expect.arrayContaining([...consequences]));
    expect(cause?.hint).toContain(hint);
    expect(cause?.because).not.toBe('');
  });
});

const PAIRS: readonly (readonly [string, (draft: Draft) => void, (draft: Draft) => void, readonly string[]])[] = [
  ['store and release', faults.storeDown, faults.releaseStalled, ['HelmRelease tools/reloader', 'ClusterSecretStore onepassword']],
  ['cycle and machine', faults.dependencyCycle, (d) => faults.machineOut(d, 'infra-02', 'maintenance'), ['machine infra-02', 'Kustomization flux-system/secrets, Kustomization flux-system/issuers']],
  ['definition and release', faults.crdNotEstablished, faults.releaseStalled, ['CustomResourceDefinition externalsecrets.external-secrets.io', 'HelmRelease tools/reloader']],
  ['a build and what that Kustomization brought before', (d) => say(find(d, K.kustomizations, 'reloader'), ['Ready', 'False', 'BuildFailed', 'no such file']), (d) => say(find(d, K.helmReleases, 'reloader'), ['Ready', 'False', 'UpgradeFailed', 'timed out']), ['Kustomization flux-system/reloader', 'HelmRelease tools/reloader']],
  ['a store that is down and one of its secrets that does not go away', faults.storeDown, (d) => { find(d, K.externalSecrets, 'grafana').metadata.deletionTimestamp = '2026-11-21T09:10:00Z'; }, ['ClusterSecretStore onepassword', 'ExternalSecret observability/grafana']],
  ['a store that is down, and one of two pods of its operator', faults.storeDown, (d) => { const operator = find(d, K.deployments, 'external-secrets'); set(operator, 'spec', { replicas: 2 }); set(operator, 'status', { availableReplicas: 1, updatedReplicas: 2 }); }, ['Deployment external-secrets/external-secrets', 'ClusterSecretStore onepassword']],
  ['two secrets with reasons of their own', (d) => say(find(d, K.externalSecrets, 'grafana'), ['Ready', 'False', 'SecretSyncedError', 'item not found']), (d) => say(find(d, K.externalSecrets, 'harbor'), ['Ready', 'False', 'SecretSyncedError', 'field password missing']), ['ExternalSecret observability/grafana', 'ExternalSecret registry/harbor']],
];
test.each(PAIRS)('two independent faults are two causes: %s', (_name, one, other, objects) => {
  const draft = healthy();
  one(draft);
  other(draft);
  expect(diagnose(draft).causes.map((cause) => cause.object)).toEqual(objects);
});

describe('what a look rides out or cannot tell', () => {
  test('what left no trace (AlreadyExists of our own etcd, a dropped watch) is healthy', () => {
    expect(diagnose(healthy())).toMatchObject({ is: 'healthy', causes: [], unknowns: [] });
  });
  test('a flapping API is not known, and named', () => {
    const draft = healthy();
    draft.lists['pods'] = { ok: false, because: 'the list of pods: HTTP 503 Service Unavailable' };
    const diagnosis = diagnose(draft);
    expect(diagnosis.is).toBe('cannotTell');
    expect(diagnosis.unknowns).toEqual([{ layer: 'workloads', object: 'Pods', because: 'the list of pods: HTTP 503 Service Unavailable' }]);
  });
  test('an expired session at the secret provider: without a talosconfig nothing of Talos is known, and it says what to do', () => {
    const draft = healthy();
    const because = 'not reached: there is no talosconfig of infra here';
    for (const name of NAMES) {
      if (draft.faces.ok) draft.faces.value[name] = { is: 'installed', ours: null, issuer: 'O=talos' };
      draft.etcd.members[name] = { ok: false, because, needs: 'machines' };
    }
    if (draft.talos.ok) for (const reading of draft.talos.value) Object.assign(reading, Object.fromEntries(['stage', 'version', 'services'].map((part) => [part, { ok: false, because, needs: 'machines', hint: 'task cluster:kubeconfig CLUSTER=infra' }])));
    const diagnosis = diagnose(draft);
    expect(diagnosis.is).toBe('cannotTell');
    expect(diagnosis.unknowns.some((unknown) => unknown.hint?.includes('cluster:kubeconfig'))).toBe(true);
  });
  test('an API that is away while etcd is well: cannot tell, and what stands on it was not judged', () => {
    const draft = healthy();
    faults.apiDown(draft, 'no answer within 5 s');
    const diagnosis = diagnose(draft);
    expect(diagnosis.is).toBe('cannotTell');
    expect(diagnosis.layers.filter((row) => row.needs === 'api').map((row) => row.layer)).toEqual(['nodes', 'cni', 'crds', 'core', 'sources', 'kustomizations', 'helmreleases', 'workloads', 'certificates', 'secrets']);
    expect(diagnosis.layers.find((row) => row.layer === 'etcd')?.is).toBe('pass');
  });
  test('without a quorum everything above the API was not judged', () => {
    const draft = healthy();
    faults.etcdNoQuorum(draft);
    expect(diagnose(draft).layers.filter((row) => row.needs === 'api')).toHaveLength(10);
  });
});

describe('what is only in the way is a warning, and the cluster is healthy', () => {
  test('a webhook that is not asked when nobody answers', () => {
    const draft = healthy();
    list(draft, K.validatingWebhooks).push(webhookConfiguration('Ignore'));
    expect(diagnose(draft)).toMatchObject({ is: 'healthy', warnings: [{ object: 'ValidatingWebhookConfiguration guard', because: expect.stringContaining('no Service tools/guard') }] });
  });
  test.each([[{ expectedPods: 2, currentHealthy: 2, disruptionsAllowed: 0 }, 1], [{ expectedPods: 2, currentHealthy: 1, disruptionsAllowed: 0 }, 0], [{ expectedPods: 2, currentHealthy: 2, disruptionsAllowed: 1 }, 0]])('a disruption budget of %j: %d warning', (status, warnings) => {
    const draft = healthy();
    list(draft, K.disruptionBudgets).push({ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'reloader', namespace: 'tools' }, status });
    const diagnosis = diagnose(draft);
    expect([diagnosis.is, diagnosis.warnings.length]).toEqual(['healthy', warnings]);
  });
});

test('a dependency cycle is told as its path', () => {
  const draft = healthy();
  faults.dependencyCycle(draft);
  expect(diagnose(draft).causes[0]).toMatchObject({ state: 'dependency cycle', because: 'each waits for the next: Kustomization flux-system/secrets -> Kustomization flux-system/issuers -> Kustomization flux-system/secrets' });
});

/** Every reading of a snapshot, by its path: what must never be taken for good when it fails. */
function readings(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('ok' in value) return [path, ...readings('value' in value ? value.value : undefined, [...path, 'value'])];
  return Object.entries(value).flatMap(([key, entry]) => readings(entry, [...path, key]));
}
function breakAt(draft: unknown, path: readonly string[]): void {
  let here = draft as Record<string, unknown>;
  for (const key of path.slice(0, -1)) here = here[key] as Record<string, unknown>;
  here[path.at(-1) ?? ''] = { ok: false, because: 'it could not be read' };
}
// These are in no check's question on a cluster that has no mesh: Services are only looked at for it.
const UNASKED = new Set(['lists.services']);

test('any reading that failed is never healthy', () => {
  const { site: _site, cluster: _cluster, ...world } = healthy();
  const paths = readings(world).filter((path) => !UNASKED.has(path.join('.')));
  expect(paths.length).toBeGreaterThan(30);
  assert(property(subarray([...paths], { minLength: 1, maxLength: 3 }), (chosen) => {
    const draft = healthy();
    // Inner ones first: an outer one that failed has no inside any more.
    for (const path of [...chosen].toSorted((a, b) => b.length - a.length)) breakAt(draft, path);
    return diagnose(draft).is !== 'healthy';
  }), { numRuns: 150 });
});
test('every single reading that failed is never healthy', () => {
  const { site: _site, cluster: _cluster, ...world } = healthy();
  const forgiven = readings(world).filter((path) => !UNASKED.has(path.join('.'))).filter((path) => {
    const draft = healthy();
    breakAt(draft, path);
    return diagnose(draft).is === 'healthy';
  });
  expect(forgiven).toEqual([]);
});
test('nothing judged at all is not healthy', () => {
  expect(diagnose(healthy(), []).is).toBe('cannotTell');
});
