import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../scripts/config/cluster.ts';
import { ALL_CHECKS, coreReleaseChecks } from '../../scripts/health/checks/index.ts';
import { judgeAll } from '../../scripts/health/diagnosis.ts';
import { fold } from '../../scripts/health/finding.ts';
import { KINDS, listKey } from '../../scripts/health/kinds.ts';
import { conditions, deployment, drop, find, healthy, item, list, NAMES, object, pod, say, service, set, talos, waiting, type Draft } from './builder.ts';

type Row = readonly [name: string, change: (draft: Draft) => void, layer: string, is: 'fail' | 'unknown', because: string, hint: string];
const K = KINDS;
const kustomization = (draft: Draft) => find(draft, K.kustomizations, 'issuers');
const helmRelease = (draft: Draft) => find(draft, K.helmReleases, 'reloader');

function release(draft: Draft, name: string, values: { status?: string; version?: string }): void {
  if (!draft.releases.ok) throw new Error('releases are unread');
  Object.assign(draft.releases.value.find((candidate) => candidate.name === name) ?? {}, values);
}
function face(draft: Draft, name: string, values: Extract<Draft['faces'], { ok: true }>['value'][string]): void {
  if (draft.faces.ok) draft.faces.value[name] = values;
}
function members(draft: Draft, on: string) {
  const reading = draft.etcd.members[on];
  if (reading?.ok !== true) throw new Error('members are unread');
  return reading.value;
}

/** A kubelet's request for its client certificate, signed in under its token; the name stands in DER as in a real one: a tag, its length, the text. */
function request(name: string, node: string, status: unknown): KubeObject {
  const subject = `system:node:${node}`;
  const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.concat([Buffer.from([0x30, 0x20, 0x0c, subject.length]), Buffer.from(subject)]).toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
  return object(K.certificateRequests, name, undefined, { spec: { signerName: 'kubernetes.io/kube-apiserver-client-kubelet', username: 'system:bootstrap:abcdef', request: Buffer.from(pem).toString('base64') }, status });
}

/** A mesh as the tree brings it, well. */
function meshed(d: Draft): Draft {
  d.site.tree['infra']?.push({ ...item('HelmRelease', 'clustermesh'), dependsOn: [] });
  list(d, K.deployments).push(deployment('clustermesh-apiserver', 'kube-system'));
  list(d, K.helmReleases).push(object(K.helmReleases, 'clustermesh', 'flux-system', { status: { observedGeneration: 1, conditions: conditions(['Ready', 'True', '', '']) } }));
  list(d, K.services).push(object(K.services, 'clustermesh-apiserver', 'kube-system', { status: { loadBalancer: { ingress: [{ ip: '10.25.11.100' }] } } }));
  for (const [name, keys] of [['cilium-clustermesh', ['apps']], ['cilium-ca', ['ca.crt', 'ca.key']], ['clustermesh-apiserver-server-cert', ['ca.crt', 'tls.crt', 'tls.key']]] as const) d.secretKeys[`kube-system/${name}`] = { ok: true, value: [...keys] };
  d.authorities = { 'kube-system/cilium-ca': 'a', 'kube-system/clustermesh-apiserver-server-cert': 'a' };
  return d;
}

const ROWS: readonly Row[] = [
  ['a machine that does not answer', (d) => face(d, 'infra-02', { is: 'closed', because: 'EHOSTUNREACH' }), 'machines', 'fail', 'machine infra-02: no answer from 10.25.11.12: EHOSTUNREACH', 'ping 10.25.11.12'],
  ['a machine in maintenance', (d) => face(d, 'infra-03', { is: 'maintenance' }), 'machines', 'fail', 'machine infra-03: in maintenance mode', 'task cluster:create CLUSTER=infra'],
  ['a machine of somebody else', (d) => face(d, 'infra-01', { is: 'installed', ours: false, issuer: 'O=other' }), 'machines', 'fail', 'signed by O=other', 'find out whose it is'],
  ['a machine of another cluster', (d) => face(d, 'infra-01', { is: 'installed', ours: false, issuer: 'O=talos', of: 'apps' }), 'machines', 'fail', 'machine infra-01: is a machine of apps', 'check cabling, routes and the addresses in talos/clusters/infra.yaml'],
  ['no CA to compare with', (d) => face(d, 'infra-01', { is: 'installed', ours: null, issuer: 'O=talos' }), 'machines', 'unknown', 'machine infra-01', 'task cluster:kubeconfig'],
  ['no machine and no API answers', (d) => { for (const name of NAMES) face(d, name, { is: 'closed', because: 'timeout' }); d.api = { ok: false, because: 'timeout' }; }, 'machines', 'unknown', 'machine infra-01: no answer', 'is there a way from here'],
  ['no machine answers but the API does', (d) => { for (const name of NAMES) face(d, name, { is: 'closed', because: 'timeout' }); }, 'machines', 'fail', 'and 2 more: machine infra-02, machine infra-03', 'ping'],
  ['faces not looked at', (d) => { d.faces = { ok: false, because: 'not looked at' }; }, 'machines', 'unknown', 'not looked at', ''],
  ['a machine that boots', (d) => { talos(d, 'infra-02').stage = { ok: true, value: { stage: 'booting', ready: false, unmet: [] } }; }, 'talos', 'fail', 'Talos on infra-02: stage booting', 'talosctl -n 10.25.11.12 dmesg'],
  ['a machine with unmet conditions', (d) => { talos(d, 'infra-02').stage = { ok: true, value: { stage: 'running', ready: false, unmet: ['services: kubelet is not healthy'] } }; }, 'talos', 'fail', 'kubelet is not healthy', 'get machinestatus'],
  ['a machine whose clock is not in sync', (d) => { talos(d, 'infra-02').stage = { ok: true, value: { stage: 'booting', ready: false, unmet: ['time: time is not synced'] } }; }, 'talos', 'fail', 'Talos on infra-02: clock not in sync', 'talosctl -n 10.25.11.12 time'],
  ['a service that failed', (d) => service(d, 'infra-01', 'kubelet', { state: 'Failed', healthy: false, message: 'exit code 1' }), 'talos', 'fail', 'service kubelet on infra-01: Failed: exit code 1', 'talosctl -n 10.25.11.11 service kubelet'],
  ['an unhealthy service', (d) => service(d, 'infra-01', 'apid', { healthy: false, message: 'refused' }), 'talos', 'fail', 'service apid on infra-01: unhealthy: refused', 'service apid'],
  ['another Talos version', (d) => { talos(d, 'infra-03').version = { ok: true, value: 'v1.11.5' }; }, 'talos', 'fail', 'it runs v1.11.5, bootstrap/versions.yaml pins v1.12.0', 'task talos:upgrade CLUSTER=infra'],
  ['services that cannot be read', (d) => { talos(d, 'infra-01').services = { ok: false, because: 'rpc error: Unavailable' }; }, 'talos', 'unknown', 'Talos on infra-01: rpc error: Unavailable', ''],
  ['a machine without services', (d) => { talos(d, 'infra-01').services = { ok: true, value: [] }; }, 'talos', 'unknown', 'it lists no services', 'services'],
  ['etcd failed on one machine', (d) => service(d, 'infra-02', 'etcd', { state: 'Failed', healthy: false, message: 'disk full' }), 'etcd', 'fail', 'etcd on infra-02: Failed: disk full', 'talosctl -n 10.25.11.12 service etcd'],
  ['etcd waits for its bootstrap', (d) => { for (const name of NAMES) { service(d, name, 'etcd', { state: 'Preparing' }); d.etcd.members[name] = { ok: false, because: 'not reached: Preparing' }; } }, 'etcd', 'fail', 'etcd on infra-01: Preparing', 'task bootstrap:talos CLUSTER=infra'],
  ['a member that is not ours', (d) => { for (const name of NAMES) members(d, name).splice(2, 1, { id: 'a3', hostname: 'old-03', peerUrls: [], learner: false }); }, 'etcd', 'fail', 'old-03 is not of infra', 'talosctl -n 10.25.11.11 etcd members'],
  ['members that disagree', (d) => { d.etcd.members['infra-02'] = { ok: true, value: members(d, 'infra-01').slice(0, 2) }; }, 'etcd', 'fail', 'infra-02 says infra-01, infra-02', 'etcd members'],
  ['a control plane that is no member', (d) => { for (const name of NAMES) d.etcd.members[name] = { ok: true, value: members(d, name).slice(0, 2) }; }, 'etcd', 'fail', 'etcd on infra-03: not a member', 'joins when its etcd service starts'],
  ['a learner', (d) => { for (const name of NAMES) members(d, name)[1] = { id: 'a2', hostname: 'infra-02', peerUrls: [], learner: true }; }, 'etcd', 'fail', 'etcd on infra-02: learner', 'promoted'],
  ['no leader', (d) => { if (d.etcd.status.ok) for (const status of d.etcd.status.value) status.leader = '0000000000000000'; }, 'etcd', 'fail', 'etcd: no leader', 'etcd status'],
  ['two leaders', (d) => { if (d.etcd.status.ok && d.etcd.status.value[2]) d.etcd.status.value[2].leader = 'a3'; }, 'etcd', 'fail', 'infra-03 follows a3', 'etcd status'],
  ['a member with errors', (d) => { if (d.etcd.status.ok && d.etcd.status.value[0]) d.etcd.status.value[0].errors = 'etcdserver: corrupt'; }, 'etcd', 'fail', 'etcdserver: corrupt', 'etcd status'],
  ['an alarm', (d) => { d.etcd.alarms = { ok: true, value: ['infra-01 NOSPACE'] }; }, 'etcd', 'fail', 'etcd: alarm: infra-01 NOSPACE', 'defrag'],
  ['alarms that cannot be read', (d) => { d.etcd.alarms = { ok: false, because: 'deadline' }; }, 'etcd', 'unknown', 'etcd: deadline', ''],
  ['an API that does not answer', (d) => { d.api = { ok: false, because: 'no answer within 5 s' }; }, 'api', 'unknown', 'Kubernetes API: no answer within 5 s', 'https://infra-k8s.monosense.io:6443'],
  ['an API whose certificate is not for its name', (d) => { d.api = { ok: false, because: "Hostname/IP does not match certificate's altnames: Host: infra-k8s.monosense.io. is not in the cert's altnames" }; }, 'api', 'fail', 'Kubernetes API: its certificate is not for infra-k8s.monosense.io', 'certSANs in talos/patches/clusters/infra.yaml'],
  ['an API of another authority', (d) => { d.api = { ok: false, because: 'unable to verify the first certificate' }; }, 'api', 'fail', 'signed by another authority', 'task cluster:kubeconfig CLUSTER=infra'],
  ['an endpoint that does not resolve', (d) => { d.endpoint = { ok: true, value: { is: 'nowhere', host: 'infra-k8s.monosense.io', because: 'no such host' } }; }, 'api', 'fail', 'endpoint infra-k8s.monosense.io: no such name', 'one address record per control plane: 10.25.11.11, 10.25.11.12, 10.25.11.13'],
  ['an endpoint that leads elsewhere, if only sometimes', (d) => { d.endpoint = { ok: true, value: { is: 'leads', host: 'infra-k8s.monosense.io', addresses: ['10.25.11.11', '192.0.2.80'] } }; }, 'api', 'fail', 'resolves to 10.25.11.11, 192.0.2.80', 'one address record per control plane'],
  ['an endpoint without any address', (d) => { d.endpoint = { ok: true, value: { is: 'leads', host: 'infra-k8s.monosense.io', addresses: [] } }; }, 'api', 'fail', 'leads elsewhere', 'one address record per control plane'],
  ['name servers that do not answer', (d) => { d.endpoint = { ok: true, value: { is: 'unknown', host: 'infra-k8s.monosense.io', because: 'getaddrinfo EAI_AGAIN' } }; }, 'api', 'unknown', 'EAI_AGAIN', 'getent ahosts'],
  ['an API of another version', (d) => { d.api = { ok: true, value: { version: 'v1.33.1' } }; }, 'api', 'fail', 'it runs v1.33.1', 'talosctl upgrade-k8s --to 1.34.4'],
  ['a node that never registered', (d) => drop(d, K.nodes, 'infra-02'), 'nodes', 'fail', 'Node infra-02: not registered: the nodes are infra-01, infra-03', 'talosctl -n 10.25.11.12 service kubelet'],
  ['a node that waits for its certificate', (d) => { drop(d, K.nodes, 'infra-02'); d.lists[listKey(K.certificateRequests)] = { ok: true, value: [request('csr-aaaaa', 'infra-02', {})] }; }, 'nodes', 'fail', 'Node infra-02: certificate not approved', 'kubectl certificate approve csr-aaaaa'],
  ['a node that was silent before its certificate came', (d) => { drop(d, K.nodes, 'infra-02'); d.lists[listKey(K.certificateRequests)] = { ok: true, value: [request('csr-aaaaa', 'infra-02', { conditions: conditions(['Approved', 'True', 'AutoApproved', '']) })] }; }, 'nodes', 'fail', 'Node infra-02: not registered', 'service kubelet'],
  ["a node that is missing while a longer name's request waits", (d) => { drop(d, K.nodes, 'infra-02'); d.lists[listKey(K.certificateRequests)] = { ok: true, value: [request('csr-aaaaa', 'infra-021', {})] }; }, 'nodes', 'fail', 'Node infra-02: not registered', 'service kubelet'],
  ['a node with another address', (d) => set(find(d, K.nodes, 'infra-02'), 'status', { addresses: [{ type: 'InternalIP', address: '10.0.0.9' }] }), 'nodes', 'fail', 'it registered with 10.0.0.9', 'kubectl get node infra-02 -o wide'],
  ['a node that is not Ready', (d) => say(find(d, K.nodes, 'infra-03'), ['Ready', 'False', 'KubeletNotReady', 'PLEG is not healthy']), 'nodes', 'fail', 'Node infra-03: Ready=False (KubeletNotReady): PLEG is not healthy', 'kubectl describe node infra-03'],
  ['a node nobody hears of', (d) => say(find(d, K.nodes, 'infra-03'), ['Ready', 'Unknown', 'NodeStatusUnknown', 'Kubelet stopped posting node status.']), 'nodes', 'fail', 'Ready=Unknown', 'describe node'],
  ['a node without status', (d) => say(find(d, K.nodes, 'infra-03')), 'nodes', 'fail', 'no status', 'describe node'],
  ['a node under pressure', (d) => say(find(d, K.nodes, 'infra-03'), ['Ready', 'True', '', ''], ['DiskPressure', 'True', 'KubeletHasDiskPressure', 'disk is filling up']), 'nodes', 'fail', 'DiskPressure: disk is filling up', 'describe node'],
  ['a cordoned node', (d) => set(find(d, K.nodes, 'infra-03'), 'spec', { unschedulable: true }), 'nodes', 'fail', 'SchedulingDisabled', 'kubectl uncordon infra-03'],
  ['nodes that cannot be listed', (d) => { d.lists['nodes'] = { ok: false, because: 'HTTP 429 Too Many Requests' }; }, 'nodes', 'unknown', 'nodes: HTTP 429', ''],
  ['no Cilium', (d) => drop(d, K.daemonSets, 'cilium'), 'cni', 'fail', 'DaemonSet kube-system/cilium: not there', 'task bootstrap:core CLUSTER=infra'],
  ['Cilium missing on a node', (d) => set(find(d, K.daemonSets, 'cilium'), 'status', { numberAvailable: 2 }), 'cni', 'fail', '2 of 3 available', 'describe daemonset cilium'],
  ['no Cilium operator', (d) => drop(d, K.deployments, 'cilium-operator'), 'cni', 'fail', 'Deployment kube-system/cilium-operator', 'bootstrap:core'],
  ['a definition that is missing', (d) => drop(d, K.crds, 'certificates.cert-manager.io'), 'crds', 'fail', 'CustomResourceDefinition certificates.cert-manager.io: not there', 'task bootstrap:crds CLUSTER=infra'],
  ['a definition whose names are taken', (d) => say(find(d, K.crds, 'certificates.cert-manager.io'), ['NamesAccepted', 'False', 'KindConflict', '"Certificate" is already in use'], ['Established', 'False', 'NotAccepted', '']), 'crds', 'fail', 'NamesAccepted=False (KindConflict): "Certificate" is already in use', 'kubectl describe crd certificates.cert-manager.io'],
  ['a definition nobody looked at', (d) => say(find(d, K.crds, 'certificates.cert-manager.io')), 'crds', 'fail', 'not Established', 'describe crd'],
  ['a definition being deleted', (d) => { find(d, K.crds, 'certificates.cert-manager.io').metadata.deletionTimestamp = '2026-11-21T09:00:00Z'; }, 'crds', 'fail', 'being deleted', 'what is left'],
  ['a core release that is missing', (d) => { if (d.releases.ok) d.releases.value = d.releases.value.filter(({ name }) => name !== 'coredns'); }, 'core', 'fail', 'Helm release kube-system/coredns: not installed', 'task bootstrap:core'],
  ['a release left in the middle', (d) => release(d, 'cilium', { status: 'pending-upgrade' }), 'core', 'fail', 'Helm release kube-system/cilium: pending-upgrade, revision 1', 'rollback cilium'],
  ['a release that failed', (d) => release(d, 'cilium', { status: 'failed' }), 'core', 'fail', 'failed, revision 1', 'helm -n kube-system history cilium'],
  ['a release of another version', (d) => release(d, 'coredns', { version: '1.44.3' }), 'core', 'fail', 'it runs 1.44.3, helmfile.d pins 1.45.0', 'correct the pin'],
  ['releases that cannot be listed', (d) => { d.releases = { ok: false, because: 'helm: not found' }; }, 'core', 'unknown', 'helm: not found', ''],
  ['a source that cannot be fetched', (d) => say(find(d, K.gitRepositories, 'flux-system'), ['Ready', 'False', 'GitOperationFailed', 'failed to checkout: authentication required']), 'sources', 'fail', 'GitRepository flux-system/flux-system: Ready=False (GitOperationFailed): failed to checkout: authentication required', 'flux reconcile source git flux-system -n flux-system'],
  ['the root source missing', (d) => drop(d, K.gitRepositories, 'flux-system'), 'sources', 'fail', 'not in the cluster', 'task flux:status CLUSTER=infra'],
  ['a Helm repository of the tree missing', (d) => drop(d, K.helmRepositories, 'stakater'), 'sources', 'fail', 'HelmRepository flux-system/stakater: not in the cluster: kubernetes/infrastructure/stakater', 'flux'],
  ['an OCI source of the tree missing', (d) => { d.site.tree['infra']?.push({ ...item('OCIRepository', 'app'), dependsOn: [] }); }, 'sources', 'fail', 'OCIRepository flux-system/app: not in the cluster', 'flux'],
  ['a suspended Kustomization', (d) => set(kustomization(d), 'spec', { suspend: true }), 'kustomizations', 'fail', 'Kustomization flux-system/issuers: suspended', 'flux resume kustomization issuers -n flux-system'],
  ['a Kustomization that does not build', (d) => say(kustomization(d), ['Ready', 'False', 'BuildFailed', 'no such file']), 'kustomizations', 'fail', 'Ready=False (BuildFailed): no such file', 'flux reconcile kustomization issuers'],
  ['a Kustomization at an old commit', (d) => set(kustomization(d), 'status', { lastAppliedRevision: 'main@sha1:0000' }), 'kustomizations', 'fail', 'it applied main@sha1:0000, its source holds main@sha1:1111', '--with-source'],
  ['a Kustomization not looked at since its change', (d) => { kustomization(d).metadata.generation = 2; }, 'kustomizations', 'fail', 'generation 1 of 2', 'flux reconcile'],
  ['a Kustomization at work', (d) => say(kustomization(d), ['Reconciling', 'True', 'Progressing', 'running health checks'], ['Ready', 'Unknown', 'Progressing', 'running health checks']), 'kustomizations', 'fail', 'reconciling, Ready=Unknown (Progressing)', 'describe kustomization.kustomize.toolkit.fluxcd.io issuers'],
  ['a Kustomization that gave up', (d) => say(kustomization(d), ['Stalled', 'True', 'InvalidPath', 'path not found'], ['Ready', 'False', 'InvalidPath', 'path not found']), 'kustomizations', 'fail', 'Stalled (InvalidPath): path not found', 'mend the cause'],
  ['a Kustomization without status', (d) => { kustomization(d)['status'] = {}; }, 'kustomizations', 'fail', 'no status', 'describe'],
  ['a Kustomization going away', (d) => { kustomization(d).metadata.deletionTimestamp = '2026-11-21T09:00:00Z'; }, 'kustomizations', 'fail', 'being deleted', 'describe'],
  ['a Kustomization of the tree missing', (d) => drop(d, K.kustomizations, 'issuers'), 'kustomizations', 'fail', 'Kustomization flux-system/issuers: not in the cluster', 'task flux:status CLUSTER=infra'],
  ['Kustomizations the API does not know', (d) => { d.lists[listKey(K.kustomizations)] = { ok: false, because: 'the API does not know Kustomization', needs: 'crds', hint: 'kubectl get crd x' }; }, 'kustomizations', 'fail', 'the API does not know Kustomization', 'kubectl get crd'],
  ['a suspended HelmRelease', (d) => set(helmRelease(d), 'spec', { suspend: true }), 'helmreleases', 'fail', 'HelmRelease tools/reloader: suspended', 'flux resume helmrelease reloader -n tools'],
  ['a stalled HelmRelease', (d) => say(helmRelease(d), ['Stalled', 'True', 'RetriesExceeded', 'gave up'], ['Ready', 'False', 'InstallFailed', 'timed out']), 'helmreleases', 'fail', 'Stalled (RetriesExceeded): timed out', 'flux reconcile helmrelease reloader -n tools --reset'],
  ['a HelmRelease of the tree missing', (d) => drop(d, K.helmReleases, 'reloader'), 'helmreleases', 'fail', 'HelmRelease tools/reloader: not in the cluster', 'flux'],
  ['a Deployment that lacks a pod', (d) => set(find(d, K.deployments, 'reloader'), 'status', { availableReplicas: 0 }), 'workloads', 'fail', 'Deployment tools/reloader: 0 of 1 available', 'kubectl -n tools describe deployment reloader'],
  ['a Deployment past its deadline', (d) => set(find(d, K.deployments, 'reloader'), 'status', { availableReplicas: 0, conditions: conditions(['Progressing', 'False', 'ProgressDeadlineExceeded', 'ReplicaSet "x" has timed out progressing.']) }), 'workloads', 'fail', 'has timed out progressing', 'describe'],
  ['a Deployment not acted on', (d) => { find(d, K.deployments, 'reloader').metadata.generation = 3; }, 'workloads', 'fail', 'generation 1 of 3', 'describe'],
  ['a StatefulSet that waits', (d) => { list(d, K.statefulSets).push(object(K.statefulSets, 'db', 'data', { spec: { replicas: 3 }, status: { observedGeneration: 1, readyReplicas: 2, availableReplicas: 2, updatedReplicas: 3 } })); }, 'workloads', 'fail', 'StatefulSet data/db: 2 of 3 available', 'describe statefulset db'],
  ['a DaemonSet nobody looked at', (d) => { list(d, K.daemonSets).push(object(K.daemonSets, 'new', 'tools')); }, 'workloads', 'fail', 'DaemonSet tools/new: no status', 'describe daemonset new'],
  ['a pod that crashes', (d) => waiting(find(d, K.pods, 'reloader-1'), 'CrashLoopBackOff', 'back-off 5m0s restarting', 'panic: no config'), 'workloads', 'fail', 'Pod tools/reloader-1: CrashLoopBackOff: container reloader: panic: no config', 'kubectl -n tools logs reloader-1 -c reloader --previous'],
  ['a pod whose image cannot be pulled', (d) => waiting(find(d, K.pods, 'reloader-1'), 'ImagePullBackOff', 'Back-off pulling image "x:y"'), 'workloads', 'fail', 'ImagePullBackOff: container reloader: Back-off pulling image "x:y"', 'describe pod reloader-1'],
  ['a pod that fits nowhere', (d) => { set(find(d, K.pods, 'reloader-1'), 'status', { phase: 'Pending', containerStatuses: [] }); say(find(d, K.pods, 'reloader-1'), ['PodScheduled', 'False', 'Unschedulable', '0/3 nodes are available: 3 Insufficient memory.']); }, 'workloads', 'fail', 'Unschedulable: 0/3 nodes are available', 'describe pod'],
  ['a certificate that is not issued', (d) => say(find(d, K.certificates, 'wildcard'), ['Ready', 'False', 'DoesNotExist', 'Secret does not exist']), 'certificates', 'fail', 'Certificate networking/wildcard: Ready=False (DoesNotExist): Secret does not exist', 'describe certificate.cert-manager.io wildcard'],
  ['a certificate that ran out', (d) => set(find(d, K.certificates, 'wildcard'), 'status', { notAfter: '2026-11-20T00:00:00Z' }), 'certificates', 'fail', 'expired: valid until 2026-11-20', 'describe certificate wildcard'],
  ['an issuer without account', (d) => say(find(d, K.clusterIssuers, 'letsencrypt'), ['Ready', 'False', 'ErrRegisterACMEAccount', '429 rate limited']), 'certificates', 'fail', 'ClusterIssuer letsencrypt: Ready=False (ErrRegisterACMEAccount): 429 rate limited', 'describe clusterissuer'],
  ['certificates the API does not know although it should', (d) => { d.lists[listKey(K.certificates)] = { ok: false, because: 'the API does not know Certificate', needs: 'crds' }; }, 'certificates', 'unknown', 'does not know Certificate', ''],
  ['a store that does not answer', (d) => say(find(d, K.clusterSecretStores, 'onepassword'), ['Ready', 'False', 'InvalidProviderConfig', 'connection refused']), 'secrets', 'fail', 'ClusterSecretStore onepassword: Ready=False (InvalidProviderConfig): connection refused', 'describe clustersecretstore'],
  ['a secret that is not synced', (d) => say(find(d, K.externalSecrets, 'grafana'), ['Ready', 'False', 'SecretSyncedError', 'item not found']), 'secrets', 'fail', 'ExternalSecret observability/grafana', 'describe externalsecret'],
  ['a bootstrap secret missing', (d) => { d.secretKeys['external-secrets/onepassword-connect-token'] = { ok: true, value: null }; }, 'secrets', 'fail', 'Secret external-secrets/onepassword-connect-token: not there', 'task bootstrap:crds CLUSTER=infra'],
  ['a bootstrap secret without its key', (d) => { d.secretKeys['external-secrets/onepassword-connect-token'] = { ok: true, value: ['other'] }; }, 'secrets', 'fail', 'it lacks the key token', 'task bootstrap:crds'],
  ['a bootstrap secret that cannot be read', (d) => { d.secretKeys = {}; }, 'secrets', 'unknown', 'not looked at', ''],
  ['a mesh whose authority was replaced', (d) => { meshed(d).authorities = { 'kube-system/cilium-ca': 'b', 'kube-system/clustermesh-apiserver-server-cert': 'a' }; }, 'mesh', 'fail', 'Secret kube-system/cilium-ca: another authority', 'in every cluster tells whose differs'],
  ['a mesh without an authority', (d) => { meshed(d).authorities = { 'kube-system/clustermesh-apiserver-server-cert': 'a' }; }, 'mesh', 'fail', 'Secret kube-system/cilium-ca: no authority', 'describe secret cilium-ca'],
  ['a mesh whose authority cannot be read', (d) => { meshed(d).secretKeys['kube-system/cilium-ca'] = { ok: false, because: 'timeout' }; }, 'mesh', 'unknown', 'Secret kube-system/cilium-ca: timeout', ''],
  ['a mesh whose certificate cannot be read', (d) => { meshed(d).secretKeys['kube-system/clustermesh-apiserver-server-cert'] = { ok: false, because: 'timeout' }; }, 'mesh', 'unknown', 'server-cert: timeout', ''],
  ['a mesh that does not name its peer', (d) => { meshed(d).secretKeys['kube-system/cilium-clustermesh'] = { ok: true, value: [] }; }, 'mesh', 'fail', 'it does not name apps', 'describe secret cilium-clustermesh'],
  ['a mesh server at another address', (d) => { find(meshed(d), K.services, 'clustermesh-apiserver')['status'] = {}; }, 'mesh', 'fail', 'it has no address', 'describe service'],
  ['a mesh of the tree without its server', (d) => { d.site.tree['infra']?.push({ ...item('HelmRelease', 'clustermesh'), dependsOn: [] }); }, 'mesh', 'fail', 'Deployment kube-system/clustermesh-apiserver: not there', 'get deployments'],
];

describe('one thing wrong', () => {
  test.each(ROWS)('%s', (_name, change, layer, is, because, hint) => {
    const draft = healthy();
    change(draft);
    // What the health says of it; whoever only waits for it may be sent elsewhere (below).
    const verdicts = judgeAll(draft).filter(({ check }) => check.layer === layer).map(({ findings }) => fold(findings));
    const said = verdicts.flatMap((verdict) => (verdict.is === 'pass' ? [] : [{ is: verdict.is, because: verdict.because, hint: verdict.hint ?? '' }]));
    expect(said).toContainEqual({ is, because: expect.stringContaining(because), hint: expect.stringContaining(hint) });
  });
});

describe('nothing wrong', () => {
  test('passes every check but those of what is not in the tree yet', () => {
    const verdicts = judgeAll(healthy()).map(({ check, verdict }) => [check.layer, check.name, verdict] as const);
    expect(verdicts.filter(([, , verdict]) => verdict.is === 'fail' || verdict.is === 'unknown')).toEqual([]);
    expect(new Set(verdicts.filter(([, , verdict]) => verdict.is === 'skip').map(([layer]) => layer))).toEqual(new Set(['mesh', 'sources', 'workloads']));
  });
  const FINE: readonly (readonly [string, (draft: Draft) => void])[] = [
    ['a release whose HelmRelease moved it on', (d) => { release(d, 'coredns', { version: '9.9.9' }); list(d, K.helmReleases).push(object(K.helmReleases, 'coredns', 'kube-system', { status: { conditions: conditions(['Ready', 'True', '', '']) } })); }],
    ['an OCI Helm repository, which has no status', (d) => { const repository = find(d, K.helmRepositories, 'stakater'); set(repository, 'spec', { type: 'oci' }); repository['status'] = {}; }],
    ['what a Job left over', (d) => { const left = pod('job-x', 'tools', 'job'); left.metadata['ownerReferences'] = [{ kind: 'Job' }]; left['status'] = { phase: 'Failed' }; list(d, K.pods).push(left); }],
    ['a Deployment scaled to nothing', (d) => { const none = deployment('none', 'tools'); none['spec'] = { replicas: 0 }; none['status'] = { observedGeneration: 1 }; list(d, K.deployments).push(none); }],
    ['a kind nobody waits for', (d) => { d.lists[listKey(K.issuers)] = { ok: false, because: 'unknown kind', needs: 'crds' }; }],
    ['a certificate near its end', (d) => set(find(d, K.certificates, 'wildcard'), 'status', { notAfter: '2026-11-25T00:00:00Z' })],
    ['a mesh in which all is well', (d) => { meshed(d); }],
    ['a mesh whose certificates are not made yet', (d) => { meshed(d).authorities = { 'kube-system/cilium-ca': 'a' }; }],
    ['a cluster without a mesh', (d) => { d.cluster.mesh = null; }],
  ];
  test.each(FINE)('%s is no trouble', (_name, change) => {
    const draft = healthy();
    change(draft);
    expect(judgeAll(draft).filter(({ verdict }) => verdict.is === 'fail' || verdict.is === 'unknown')).toEqual([]);
  });
  test('a certificate near its end is warned of', () => {
    const draft = healthy();
    set(find(draft, K.certificates, 'wildcard'), 'status', { notAfter: '2026-11-25T00:00:00Z' });
    const verdict = judgeAll(draft).find(({ check }) => check.name.startsWith('every certificate to be'))?.verdict;
    expect(verdict).toMatchObject({ is: 'pass', because: expect.stringContaining('expires in 3 days') });
  });
});

describe('what needs another cluster', () => {
  /** A release of the layer that needs apps, failing, with a Deployment of its own beside it. */
  function broken(absent: boolean): Draft {
    const draft = meshed(healthy());
    draft.site.tree['infra']?.push({ ...item('Kustomization', 'cross-cluster'), dependsOn: [], needsMesh: true }, { ...item('HelmRelease', 'forge', [], 'forge'), dependsOn: [], needsMesh: true });
    list(draft, K.kustomizations).push(object(K.kustomizations, 'cross-cluster', 'flux-system', { status: { observedGeneration: 1, conditions: conditions(['Ready', 'False', 'HealthCheckFailed', 'timeout']) } }));
    list(draft, K.helmReleases).push(object(K.helmReleases, 'forge', 'forge', { status: { observedGeneration: 1, conditions: conditions(['Ready', 'False', 'InstallFailed', 'timeout']) } }));
    const web = deployment('web', 'forge');
    web['status'] = { observedGeneration: 1, replicas: 1, updatedReplicas: 1 };
    list(draft, K.deployments).push(web);
    draft.peers = { apps: absent ? { is: 'absent', because: 'connect ECONNREFUSED' } : { is: 'there' } };
    return draft;
  }
  const failing = (draft: Draft): readonly string[] => judgeAll(draft).flatMap(({ findings }) => findings.filter(({ is }) => is === 'fail').map((finding) => finding.object)).toSorted();

  test('fails like anything else while that is there', () => {
    expect(failing(broken(false))).toEqual(['Deployment forge/web', 'HelmRelease forge/forge', 'Kustomization flux-system/cross-cluster']);
  });
  test('is skipped while that is not there, and the mesh says so; what is wrong here stays wrong', () => {
    const draft = broken(true);
    expect(failing(draft)).toEqual([]);
    const skipped = judgeAll(draft).flatMap(({ findings }) => findings.filter(({ because }) => because === 'apps is not there, and this needs the mesh').map((finding) => finding.object));
    expect(skipped).toEqual(expect.arrayContaining(['Deployment forge/web', 'HelmRelease forge/forge', 'Kustomization flux-system/cross-cluster']));
    expect(judgeAll(draft).find(({ check }) => check.name === 'every mesh peer to be there')?.verdict).toMatchObject({ is: 'pass', because: expect.stringMatching(/apps is not there \(connect ECONNREFUSED\); what needs it is skipped/) });
    say(kustomization(draft), ['Ready', 'False', 'BuildFailed', 'no such file']);
    expect(failing(draft)).toEqual([`Kustomization flux-system/${kustomization(draft).metadata.name}`]);
  });
  test('a namespace that others are released into as well is not skipped', () => {
    const draft = broken(true);
    draft.site.tree['infra']?.push({ ...item('HelmRelease', 'other', [], 'forge'), dependsOn: [] });
    list(draft, K.helmReleases).push(object(K.helmReleases, 'other', 'forge', { status: { observedGeneration: 1, conditions: conditions(['Ready', 'True', '', '']) } }));
    expect(failing(draft)).toEqual(['Deployment forge/web']);
  });
});

test('one core release can be asked for alone', () => {
  const draft = healthy();
  release(draft, 'cilium', { status: 'failed' });
  expect(coreReleaseChecks('coredns').map((check) => check.judge(draft).is)).toEqual(['pass']);
  expect(coreReleaseChecks('cilium').map((check) => check.judge(draft).is)).toEqual(['fail']);
  expect(coreReleaseChecks('nonsense').map((check) => check.judge(draft).is)).toEqual(['skip']);
});

test('who waited in vain for what Flux brings is sent to where the cause is told; for what has causes of its own, to those', () => {
  const draft = healthy();
  say(kustomization(draft), ['Ready', 'False', 'BuildFailed', 'no such file']);
  drop(draft, K.crds, 'certificates.cert-manager.io');
  const hints = Object.fromEntries(judgeAll(draft).flatMap(({ check, verdict }) => (verdict.is === 'fail' ? [[check.layer, verdict.hint]] : [])));
  expect(hints).toEqual({ kustomizations: 'task cluster:health CLUSTER=infra', crds: 'task bootstrap:crds CLUSTER=infra' });
});

test('every name completes "waiting for ..." and is used once', () => {
  const names = ALL_CHECKS.map((check) => `${check.layer} ${check.name}`);
  expect(new Set(names).size).toBe(names.length);
  for (const check of ALL_CHECKS) expect(check.name).toMatch(/^(every|the|etcd|no) /u);
});
