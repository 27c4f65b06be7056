import type { Planted } from '../planted.ts';

const HOUSE = 'kubernetes/infrastructure';
const NETWORKING = `${HOUSE}/networking`;
const STORAGE = `${HOUSE}/storage`;
const SECURITY = `${HOUSE}/security`;

/** One place, changed. */
function at(file: string, from: string, to: string, line = to): Pick<Planted, 'change' | 'at'> {
  return { change: [{ file, from, to }], at: { file, line } };
}

const TOOLBOX = `${STORAGE}/rook-ceph/cluster/toolbox.yaml`;
const CLASS = `${STORAGE}/openebs/app/storageclass.yaml`;
const PEER = `${NETWORKING}/cilium/bgp/app/peer-config.yaml`;
const ISSUERS = `${SECURITY}/cert-manager/issuers/letsencrypt.yaml`;
const DNS = `${NETWORKING}/external-dns/cloudflare/app/helmrelease.yaml`;
const REDIRECT = `${NETWORKING}/cilium/gateway/app/redirect.yaml`;
const BUDGET = `${NETWORKING}/cloudflared/app/pdb.yaml`;
const L2 = `${NETWORKING}/cilium/ipam/app/l2.yaml`;
const RBAC = `${NETWORKING}/external-dns/cloudflare/app/rbac.yaml`;

export const PLANTED: readonly Planted[] = [
  { rule: 'schema-field', variant: 'a slip of the pen in a Deployment', needs: 'reference', ...at(TOOLBOX, '      dnsPolicy: ClusterFirstWithHostNet', '      dnsPolicie: ClusterFirstWithHostNet', 'dnsPolicie'), says: /spec\.template\.spec has no field dnsPolicie/ },
  { rule: 'schema-field', variant: 'one level too high', needs: 'reference', ...at(BUDGET, 'spec:\n  minAvailable: 1', 'minAvailable: 1\nspec:', 'minAvailable: 1'), says: /^PodDisruptionBudget has no field minAvailable$/, also: ['budget-blocks-drain', 'budget-empty'] },
  { rule: 'schema-field', variant: 'in a kind of somebody else', needs: 'reference', ...at(PEER, '    holdTimeSeconds: 9', '    holdTimeSecond: 9'), says: /spec\.timers has no field holdTimeSecond/ },
  { rule: 'schema-field', variant: 'in a release', needs: 'reference', ...at(DNS, '    cleanupOnFail: true', '    cleanUpOnFail: true'), says: /spec\.upgrade has no field cleanUpOnFail/ },
  { rule: 'schema-field', variant: 'put in by a patch', needs: 'reference', change: [{ file: `${NETWORKING}/cilium/bgp/app/kustomization.yaml`, from: 'resources:\n', to: 'patches:\n  - target:\n      kind: CiliumBGPPeerConfig\n    patch: |\n      - op: add\n        path: /spec/holdTime\n        value: 9\nresources:\n' }], at: { file: `${NETWORKING}/cilium/bgp/app/kustomization.yaml`, line: 'value: 9' }, says: /spec has no field holdTime/ },
  { rule: 'schema-required', variant: 'a field taken away', needs: 'reference', ...at(CLASS, 'provisioner: openebs.io/local\n', '', 'kind: StorageClass'), says: /^StorageClass needs provisioner/ },
  { rule: 'schema-required', variant: 'a part of a part', needs: 'reference', ...at(ISSUERS, '    privateKeySecretRef:\n      name: letsencrypt-staging\n', '', 'acme:'), says: /spec\.acme needs privateKeySecretRef/ },
  { rule: 'schema-type', variant: 'quotes round a number', needs: 'reference', ...at(TOOLBOX, '  replicas: 1', '  replicas: "1"'), says: /spec\.replicas is the text "1", but a whole number is wanted/ },
  { rule: 'schema-type', variant: 'a number where text belongs', needs: 'reference', ...at(`${SECURITY}/networkpolicy/namespaces/harbor/allow.yaml`, '- port: "5432"', '- port: 5432'), says: /ports\[0\]\.port is the number 5432, but text is wanted/ },
  { rule: 'schema-type', variant: 'one value where a list belongs', needs: 'reference', ...at(L2, '  interfaces: ["^bond0$"]', '  interfaces: ^bond0$'), says: /spec\.interfaces is the text "\^bond0\$", but a list is wanted/ },
  { rule: 'schema-type', variant: 'what a variable makes of it', needs: 'reference', cluster: 'apps', change: [{ file: 'kubernetes/clusters/apps/cluster-settings.yaml', from: '  COREDNS_REPLICAS: "2"', to: '  COREDNS_REPLICAS: "2"\n  TOOLBOX_REPLICAS: two' }, { file: 'kubernetes/clusters/infra/cluster-settings.yaml', from: '  COREDNS_REPLICAS: "2"', to: '  COREDNS_REPLICAS: "2"\n  TOOLBOX_REPLICAS: "1"' }, { file: TOOLBOX, from: '  replicas: 1', to: '  replicas: ${TOOLBOX_REPLICAS}' }], at: { file: TOOLBOX, line: 'replicas: ${TOOLBOX_REPLICAS}' }, says: /spec\.replicas is the text "two"/ },
  { rule: 'schema-value', variant: 'one of several words, misspelt', needs: 'reference', ...at(CLASS, 'volumeBindingMode: WaitForFirstConsumer', 'volumeBindingMode: WaitForFirstConsumr'), says: /volumeBindingMode is the text "WaitForFirstConsumr", which is none of the values/, also: ['storageclass-binding'] },
  { rule: 'schema-value', variant: 'a number beyond its bound', needs: 'reference', ...at(PEER, '  ebgpMultihop: 1', '  ebgpMultihop: 300'), says: /spec\.ebgpMultihop is 300, more than 255/ },
  { rule: 'schema-value', variant: 'a duration with a space', needs: 'reference', ...at(DNS, '  timeout: 5m', '  timeout: 5 m'), says: /spec\.timeout the text "5 m" is not written as it must be/ },
  { rule: 'schema-value', variant: 'a status nobody answers with', needs: 'reference', ...at(REDIRECT, '            statusCode: 301', '            statusCode: 300'), says: /statusCode is the number 300, which is none of the values/ },
  { rule: 'api-removed', variant: 'of Kubernetes', ...at(BUDGET, 'apiVersion: policy/v1', 'apiVersion: policy/v1beta1'), says: /PodDisruptionBudget in policy\/v1beta1 is gone since Kubernetes 1\.25/ },
  { rule: 'api-removed', variant: 'of Flux', ...at(`${NETWORKING}/cloudflared/app/ocirepository.yaml`, 'apiVersion: source.toolkit.fluxcd.io/v1', 'apiVersion: source.toolkit.fluxcd.io/v1beta2'), says: /OCIRepository in source\.toolkit\.fluxcd\.io\/v1beta2 is gone since Flux 2\.8/ },
  { rule: 'api-removed', variant: 'of an operator the tree installs', ...at(`${NETWORKING}/external-dns/rfc2136/app/externalsecret.yaml`, 'apiVersion: external-secrets.io/v1', 'apiVersion: external-secrets.io/v1beta1'), says: /ExternalSecret in external-secrets\.io\/v1beta1 is gone since external-secrets 0\.17/ },
  { rule: 'api-deprecated', variant: 'of Cilium', ...at(PEER, 'apiVersion: cilium.io/v2', 'apiVersion: cilium.io/v2alpha1'), says: /CiliumBGPPeerConfig in cilium\.io\/v2alpha1 is deprecated since Cilium 1\.18/ },
  { rule: 'api-unknown', variant: 'the wrong group', ...at(BUDGET, 'apiVersion: policy/v1', 'apiVersion: apps/v1'), says: /Kubernetes has no PodDisruptionBudget in apps\/v1/ },
  { rule: 'api-unknown', variant: 'a kind misspelt', ...at(CLASS, 'kind: StorageClass', 'kind: StorageClas'), says: /Kubernetes has no kind StorageClas in storage\.k8s\.io\/v1/, also: ['storage-class', 'storageclass-unknown', 'health-check-missing'] },
  { rule: 'metadata', variant: 'a label that is a number', ...at(L2, '  name: loadbalancer-ips\n', '  name: loadbalancer-ips\n  labels:\n    generation: 2\n', 'generation: 2'), says: /the label generation is the number 2, but text is wanted/ },
  { rule: 'metadata', variant: 'a name with capitals', ...at(BUDGET, '  name: cloudflared\n', '  name: Cloudflared\n', 'name: Cloudflared'), says: /the name "Cloudflared" may hold small letters/ },
  { rule: 'metadata', variant: 'a label with a space', ...at(REDIRECT, '  annotations:\n', '  labels:\n    owner: the platform\n  annotations:\n', 'owner: the platform'), says: /the label owner may hold letters, digits/ },
  { rule: 'schema-missing', variant: 'a kind nobody knows', unknown: true, needs: 'reference', ...at(L2, 'kind: CiliumL2AnnouncementPolicy', 'kind: CiliumL2AnnouncementPolicies'), says: /there is no schema for CiliumL2AnnouncementPolicies/ },
  { rule: 'schema-field', variant: 'a list one level too deep', needs: 'reference', ...at(RBAC, 'rules:\n', 'rule:\n', 'rule:'), says: /^ClusterRole has no field rule$/ },
  { rule: 'schema-choice', variant: 'a dash forgotten between two of one kind', needs: 'reference', ...at(`${SECURITY}/networkpolicy/namespaces/flux-system/allow.yaml`, '        - matchName: quay.io\n        - matchPattern:', '        - matchName: quay.io\n          matchPattern:', 'matchName: quay.io'), says: /toFQDNs\[\d+\] has more than one of matchName or matchPattern, which exclude each other/ },
  { rule: 'schema-unchecked', variant: 'a name with an accent', unknown: true, needs: 'reference', without: 'kubeconform', ...at('kubernetes/infrastructure/observability/grafana/app/httproute.yaml', 'hostnames: ["grafana.${SECRET_DOMAIN}"]', 'hostnames: ["grafana.café.example"]', 'kind: HTTPRoute'), says: /^this object was not held against its schema: kubeconform is not here/ },
  { rule: 'schema-field', variant: 'in the way of building that is not the default', needs: 'reference', ...at('kubernetes/workloads/platform/databases/shared-postgres/restore/bootstrap.yaml', '    recovery:\n      source: before', '    recovery:\n      sourse: before', 'sourse: before'), says: /^spec\.bootstrap\.recovery has no field sourse \(with DATA_MODE=restore\)$/ },
];
