import type { Planted } from '../planted.ts';

const HOUSE = 'kubernetes/infrastructure';
const NETWORKING = `${HOUSE}/networking`;
const SECURITY = `${HOUSE}/security`;

/** One place, changed. */
function at(file: string, from: string, to: string, line = to): Pick<Planted, 'change' | 'at'> {
  return { change: [{ file, from, to }], at: { file, line } };
}
/** A document added at the end of a file, behind a line that stands there once. */
const again = (name: string, path: string): string => `---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: ${name}
  namespace: flux-system
spec:
  interval: 10m
  retryInterval: 1m
  timeout: 5m
  prune: true
  wait: true
  path: ${path}
  sourceRef:
    kind: GitRepository
    name: flux-system
    namespace: flux-system
`;
const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: gadgets.example.com
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Gadget, listKind: GadgetList, plural: gadgets, singular: gadget}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object}}}}
`;
const gadget = `apiVersion: example.com/v1
kind: Gadget
metadata:
  name: first
  namespace: kube-system
spec: {}
`;
const listed = (folder: string, ...files: readonly string[]): string => `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n${files.map((file) => `  - ${file}\n`).join('')}`.replace('resources:', `# ${folder}\nresources:`);
const OPERATIONS = `${HOUSE}/operations/reloader`;
/** Two more Kustomizations of the operations layer, with what each applies. */
function pair(first: string, second: string, needs: 'first' | 'second' | undefined): Planted['change'] {
  const ks = (name: string, need: string | undefined): string => again(name, `./${HOUSE}/operations/${name}`).replace('  path:', need === undefined ? '  path:' : `  dependsOn:\n    - name: ${need}\n  path:`);
  return [
    { file: `${OPERATIONS}/kustomization.yaml`, from: '  - ks.yaml', to: '  - ks.yaml\n  - more.yaml' },
    { file: `${OPERATIONS}/more.yaml`, whole: ks('more-first', needs === 'first' ? 'more-second' : undefined) + ks('more-second', needs === 'second' ? 'more-first' : undefined) },
    { file: `${HOUSE}/operations/more-first/kustomization.yaml`, whole: listed('more-first', 'object.yaml') }, { file: `${HOUSE}/operations/more-first/object.yaml`, whole: first },
    { file: `${HOUSE}/operations/more-second/kustomization.yaml`, whole: listed('more-second', 'object.yaml') }, { file: `${HOUSE}/operations/more-second/object.yaml`, whole: second },
  ];
}
const FIRST = `${HOUSE}/operations/more-first/object.yaml`;
const SECOND = `${HOUSE}/operations/more-second/object.yaml`;
const namespace = `apiVersion: v1
kind: Namespace
metadata:
  name: gadgets
  labels:
    pod-security.kubernetes.io/enforce: restricted
    pod-security.kubernetes.io/audit: restricted
    pod-security.kubernetes.io/warn: restricted
`;
const inNamespace = `apiVersion: v1
kind: ConfigMap
metadata:
  name: first
  namespace: gadgets
data:
  some: thing
`;

/** As `sops --encrypt --encrypted-regex '^(data|stringData)$'` leaves a Secret; the words are made up. */
const ENCRYPTED = `apiVersion: v1
kind: Secret
metadata:
  name: zone-transfer
  namespace: networking
stringData:
  keyname: ENC[AES256_GCM,data:x8Hk2w==,iv:bm90aGluZyB0byBzZWUgaGVyZQ==,tag:bm90aGluZw==,type:str]
sops:
  age:
    - recipient: age1nobodyhasthiskeybecauseitwasmadeupforatestandopensnothing
      enc: |
        -----BEGIN AGE ENCRYPTED FILE-----
        bm90aGluZw==
        -----END AGE ENCRYPTED FILE-----
  lastmodified: "2025-11-01T00:00:00Z"
  mac: ENC[AES256_GCM,data:bm90aGluZw==,iv:bm90aGluZw==,tag:bm90aGluZw==,type:str]
  encrypted_regex: ^(data|stringData)$
  version: 3.11.0
`;

/** Mistakes about waiting, order, owners, sources, health checks, namespaces and variables. */
export const PLANTED: readonly Planted[] = [
  { rule: 'depends-on-nothing', variant: 'a misspelt name', ...at(`${NETWORKING}/coredns/ks.yaml`, '- name: cilium-core', '- name: cilium-cor'), says: /CoreDNS|coredns waits for Kustomization cilium-cor, which is not there/i },
  { rule: 'depends-on-nothing', variant: 'in one cluster only', cluster: 'apps', ...at('kubernetes/clusters/apps/layers.yaml', '- name: operations', '- name: operation'), says: /Kustomization flux-system\/data waits for Kustomization operation,/ },
  { rule: 'depends-on-nothing', variant: 'in another namespace', ...at(`${HOUSE}/gitops/flux-instance/ks.yaml`, '- name: flux-operator', '- name: flux-operator\n      namespace: kube-system', 'namespace: kube-system'), says: /kube-system\/flux-operator/ },
  { rule: 'depends-on-nothing', variant: 'a HelmRelease for a Kustomization', ...at(`${NETWORKING}/spegel/app/helmrelease.yaml`, '  timeout: 5m', '  timeout: 5m\n  dependsOn:\n    - name: cilium-core', '- name: cilium-core'), says: /HelmRelease kube-system\/spegel waits for HelmRelease cilium-core/ },
  { rule: 'depends-cycle', variant: 'of itself', ...at(`${NETWORKING}/spegel/ks.yaml`, '- name: cilium-core', '- name: spegel'), says: /Kustomization spegel waits for itself/ },
  { rule: 'depends-cycle', variant: 'of two', change: [{ file: `${NETWORKING}/cilium/ipam/ks.yaml`, from: '- name: cilium-core', to: '- name: cilium-bgp' }], at: { file: `${NETWORKING}/cilium/ipam/ks.yaml`, line: '- name: cilium-bgp' }, says: /cilium-ipam -> cilium-bgp -> cilium-ipam/ },
  { rule: 'depends-cycle', variant: 'of three', change: [{ file: `${SECURITY}/external-secrets/ks.yaml`, from: '- name: coredns', to: '- name: wildcard-restored' }], at: { file: `${SECURITY}/external-secrets/ks.yaml`, line: '- name: external-secrets' }, says: /external-secrets-store -> external-secrets -> wildcard-restored -> external-secrets-store/ },
  { rule: 'depends-cycle', variant: 'between HelmReleases', change: [{ file: `${NETWORKING}/spegel/app/helmrelease.yaml`, from: '  timeout: 5m', to: '  timeout: 5m\n  dependsOn:\n    - name: reloader' }, { file: `${OPERATIONS}/app/helmrelease.yaml`, from: '  timeout: 5m', to: '  timeout: 5m\n  dependsOn:\n    - name: spegel' }], at: { file: `${NETWORKING}/spegel/app/helmrelease.yaml`, line: '- name: reloader' }, says: /HelmReleases wait for each other: spegel -> reloader -> spegel/ },
  { rule: 'layer-deadlock', variant: 'a layer waits for a layer whose parts wait for its own', cluster: 'infra', ...at('kubernetes/clusters/infra/layers.yaml', '  path: ./kubernetes/clusters/infra/networking', '  path: ./kubernetes/clusters/infra/networking\n  dependsOn:\n    - name: security', '- name: security'), says: /^Kustomization flux-system\/networking waits for Kustomization flux-system\/security, which waits for .*networking$/ },
  { rule: 'layer-deadlock', variant: 'a part waits for its own layer', ...at(`${SECURITY}/cert-manager/ks.yaml`, '- name: coredns', '- name: security'), says: /cert-manager waits for Kustomization flux-system\/security, which waits for Kustomization flux-system\/cert-manager/ },
  { rule: 'layer-deadlock', variant: 'by a health check of what comes later', change: [
    { file: `${OPERATIONS}/kustomization.yaml`, from: '  - ks.yaml', to: '  - ks.yaml\n  - more.yaml' },
    { file: `${OPERATIONS}/more.yaml`, whole: again('more-first', `./${HOUSE}/operations/more-first`).replace('  wait: true', '  healthChecks:\n    - apiVersion: kustomize.toolkit.fluxcd.io/v1\n      kind: Kustomization\n      name: more-second\n      namespace: flux-system') + again('more-second', `./${HOUSE}/operations/more-second`).replace('  path:', '  dependsOn:\n    - name: more-first\n  path:') },
    { file: `${HOUSE}/operations/more-first/kustomization.yaml`, whole: listed('more-first', 'object.yaml') }, { file: FIRST, whole: inNamespace.replace('namespace: gadgets', 'namespace: kube-system') },
    { file: `${HOUSE}/operations/more-second/kustomization.yaml`, whole: listed('more-second', 'object.yaml') }, { file: SECOND, whole: inNamespace.replace('namespace: gadgets', 'namespace: kube-system').replace('name: first', 'name: second') },
  ], at: { file: `${OPERATIONS}/more.yaml`, line: '- name: more-first' }, says: /more-second waits for Kustomization flux-system\/more-first, which waits for Kustomization flux-system\/more-second/ },
  { rule: 'waits-for-suspended', variant: 'a Kustomization others depend on', ...at(`${NETWORKING}/cilium/ipam/ks.yaml`, '  wait: true', '  wait: true\n  suspend: true', 'suspend: true'), says: /cilium-ipam is suspended, and .* and 1 more wait for it/ },
  { rule: 'waits-for-suspended', variant: 'a release below a layer that waits', ...at(`${OPERATIONS}/app/helmrelease.yaml`, '  timeout: 5m', '  timeout: 5m\n  suspend: true', 'suspend: true'), says: /HelmRelease kube-system\/reloader is suspended, and Kustomization flux-system\/reloader waits for it/ },
  { rule: 'source-missing', variant: 'a misspelt name', ...at(`${OPERATIONS}/ks.yaml`, '    name: flux-system\n    namespace: flux-system', '    name: flux-sytem\n    namespace: flux-system', 'name: flux-sytem'), says: /Kustomization flux-system\/reloader reads from GitRepository flux-system\/flux-sytem, which does not exist/ },
  { rule: 'source-missing', variant: 'an artifact nobody cuts', change: [{ file: `${OPERATIONS}/kustomization.yaml`, from: '  - ks.yaml', to: '  - ks.yaml\n  - more.yaml' }, { file: `${OPERATIONS}/more.yaml`, whole: again('more', `./${HOUSE}/operations/more-first`).replace('    kind: GitRepository\n    name: flux-system', '    kind: OCIRepository\n    name: more') }, { file: FIRST, whole: inNamespace.replace('namespace: gadgets', 'namespace: kube-system') }], at: { file: `${OPERATIONS}/more.yaml`, line: 'name: more' }, says: /OCIRepository flux-system\/more, which does not exist/ },
  { rule: 'health-check-nothing', variant: 'a misspelt name', ...at(`${NETWORKING}/cilium/clustermesh/ks.yaml`, '      name: cilium-clustermesh', '      name: cilium-clustermash'), says: /ExternalSecret kube-system\/cilium-clustermash, which nobody brings/ },
  { rule: 'health-check-nothing', variant: 'another namespace', ...at(`${SECURITY}/cert-manager/ks.yaml`, '      name: cloudflare-api-token\n      namespace: cert-manager', '      name: cloudflare-api-token\n      namespace: kube-system', 'namespace: kube-system'), says: /kube-system\/cloudflare-api-token/ },
  { rule: 'health-check-nothing', variant: 'a namespace of what has none', ...at(`${SECURITY}/external-secrets/ks.yaml`, '      name: onepassword', '      name: onepassword\n      namespace: external-secrets', 'namespace: external-secrets'), says: /ClusterSecretStore external-secrets\/onepassword/ },
  { rule: 'health-check-nothing', variant: 'a HelmRelease, misspelt', ...at(`${HOUSE}/storage/openebs/ks.yaml`, '      name: openebs\n', '      name: opensebs\n', 'name: opensebs'), says: /HelmRelease openebs-system\/opensebs/ },
  { rule: 'health-check-nothing', variant: 'what its chart does not make', needs: ['reference', 'helm'], ...at(`${HOUSE}/gitops/flux-operator/ks.yaml`, '      name: flux-operator\n      namespace', '      name: flux-operater\n      namespace', 'name: flux-operater'), says: /Deployment flux-system\/flux-operater, which nobody brings/ },
  { rule: 'health-check-version', variant: 'one that is no more', ...at(`${OPERATIONS}/ks.yaml`, '- apiVersion: helm.toolkit.fluxcd.io/v2', '- apiVersion: helm.toolkit.fluxcd.io/v2beta2'), says: /as helm\.toolkit\.fluxcd\.io\/v2beta2, it is applied as helm\.toolkit\.fluxcd\.io\/v2/ },
  { rule: 'expression', variant: 'that cannot be read', ...at(`${NETWORKING}/cilium/gateway/ks.yaml`, "c.type == 'Programmed'", "c.type = 'Programmed'"), says: /write ==/ },
  { rule: 'expression', variant: 'with a bracket missing', ...at(`${NETWORKING}/cilium/gateway/ks.yaml`, "c.status == 'True')", "c.status == 'True'"), says: /it ends where the closing \) is missing/ },
  { rule: 'expression', variant: 'about a misspelt field', ...at(`${NETWORKING}/cilium/gateway/ks.yaml`, 'current: status.conditions', 'current: staus.conditions'), says: /asks for staus/ },
  { rule: 'namespace-missing', variant: 'misspelt', ...at(`${NETWORKING}/cilium/bgp/app/prometheusrule.yaml`, '  namespace: kube-system', '  namespace: kube-sistem'), says: /nobody makes namespace kube-sistem, where PrometheusRule kube-sistem\/cilium-bgp goes/ },
  { rule: 'namespace-missing', variant: 'taken from what is there before Flux', cluster: 'infra', change: [{ file: 'bootstrap/namespaces.yaml', from: '  name: keycloak-operator-system\n', to: '  name: keycloak-operators-system\n' }], at: { file: `${SECURITY}/networkpolicy/namespaces/keycloak-operator-system/kustomization.yaml`, line: 'namespace: keycloak-operator-system' }, says: /nobody makes namespace keycloak-operator-system, where .* more go/ },
  { rule: 'namespace-unordered', variant: 'made beside who uses it', change: pair(namespace, inNamespace, undefined), at: { file: `${OPERATIONS}/more.yaml`, line: 'name: more-second' }, says: /Kustomization more-second does not wait for Kustomization more-first, which makes namespace gadgets/ },
  { rule: 'namespace-too-late', variant: 'made after who uses it', change: pair(namespace, inNamespace, 'first'), at: { file: SECOND, line: 'name: first' }, says: /needs namespace gadgets, which Kustomization more-first makes only after Kustomization more-second/ },
  { rule: 'definition-unordered', variant: 'defined beside who uses it', change: pair(definition, gadget, undefined), at: { file: `${OPERATIONS}/more.yaml`, line: 'name: more-second' }, says: /does not wait for Kustomization more-first, which brings the definition of Gadget/ },
  { rule: 'definition-too-late', variant: 'defined after who uses it', change: pair(definition, gadget, 'first'), at: { file: SECOND, line: 'name: first' }, says: /needs the definition of Gadget/ },
  { rule: 'object-twice', variant: 'two Kustomizations', ...at(`${NETWORKING}/spegel/app/prometheusrule.yaml`, '  name: spegel\n  namespace', '  name: coredns\n  namespace', 'name: coredns'), says: /PrometheusRule kube-system\/coredns is applied by Kustomization spegel and by Kustomization coredns/ },
  { rule: 'object-twice', variant: 'a Kustomization and a chart', needs: ['reference', 'helm'], change: [
    { file: `${HOUSE}/gitops/flux-operator/app/kustomization.yaml`, from: '  - helmrelease.yaml', to: '  - helmrelease.yaml\n  - account.yaml' },
    { file: `${HOUSE}/gitops/flux-operator/app/account.yaml`, whole: 'apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: flux-operator\n  namespace: flux-system\n' },
  ], at: { file: `${HOUSE}/gitops/flux-operator/app/account.yaml`, line: 'name: flux-operator' }, says: /ServiceAccount flux-system\/flux-operator is applied by Kustomization flux-operator and by HelmRelease flux-system\/flux-operator/ },
  { rule: 'path-twice', variant: 'one folder, two Kustomizations', change: [{ file: `${OPERATIONS}/kustomization.yaml`, from: '  - ks.yaml', to: '  - ks.yaml\n  - more.yaml' }, { file: `${OPERATIONS}/more.yaml`, whole: again('more', `./${OPERATIONS}/app`) }], at: { file: `${OPERATIONS}/more.yaml`, line: `path: ./${OPERATIONS}/app` }, says: /Kustomization more and Kustomization reloader both apply/ },
  { rule: 'kustomization-unreachable', variant: 'a component no cluster lists', change: [{ file: 'kubernetes/clusters/infra/operations/kustomization.yaml', from: '  - ../../../infrastructure/operations/reloader\n', to: '' }, { file: 'kubernetes/clusters/apps/operations/kustomization.yaml', from: '  - ../../../infrastructure/operations/reloader\n', to: '' }], at: { file: `${OPERATIONS}/kustomization.yaml`, line: '# yaml-language-server' }, says: /nothing leads to kubernetes\/infrastructure\/operations\/reloader: Kustomization reloader is in no cluster/ },
  { rule: 'kustomization-unreachable', variant: 'a file no folder lists', change: [{ file: `${OPERATIONS}/extra/ks.yaml`, whole: again('extra', `./${OPERATIONS}/app`) }], at: { file: `${OPERATIONS}/extra/ks.yaml`, line: '---' }, says: /Kustomization extra is in no cluster/ },
  { rule: 'unreachable', variant: 'a manifest taken off its list', change: [{ file: `${NETWORKING}/spegel/app/kustomization.yaml`, from: '  - prometheusrule.yaml\n', to: '' }], at: { file: `${NETWORKING}/spegel/app/prometheusrule.yaml`, line: '# yaml-language-server' }, says: /nothing leads to .*spegel\/app\/prometheusrule\.yaml/ },
  { rule: 'unreachable', variant: 'a folder taken off its list', change: [{ file: `${SECURITY}/networkpolicy/apps/app/kustomization.yaml`, from: '  - ../../namespaces/gitlab-system\n', to: '' }], at: { file: `${SECURITY}/networkpolicy/namespaces/gitlab-system/kustomization.yaml`, line: '# yaml-language-server' }, says: /networkpolicy\/namespaces\/gitlab-system: no kustomization/ },
  { rule: 'variable-unused', variant: 'nobody asks for it', cluster: 'infra', ...at('kubernetes/clusters/infra/cluster-settings.yaml', '  EXTERNALDNS_INTERVAL: 1m', '  EXTERNALDNS_INTERVAL: 1m\n  EXTERNALDNS_PAGE: "100"', 'EXTERNALDNS_PAGE'), says: /EXTERNALDNS_PAGE is used nowhere in what apps and infra apply/ },
  { rule: 'variable-unused', variant: 'written out where it was used', change: [{ file: `${NETWORKING}/cloudflared/app/values.yaml`, from: '${CLOUDFLARED_REPLICAS}', to: '2' }], at: { file: 'kubernetes/clusters/apps/cluster-settings.yaml', line: 'CLOUDFLARED_REPLICAS' }, says: /CLOUDFLARED_REPLICAS is used nowhere/, also: ['variable-unused'] },
  { rule: 'variable-defaults', variant: 'between two Kustomizations', ...at(`${SECURITY}/certificates/wildcard/wildcard.yaml`, '${WILDCARD_ISSUER:=letsencrypt-production}', '${WILDCARD_ISSUER:=letsencrypt-staging}'), says: /WILDCARD_ISSUER is "letsencrypt-staging" here unless it is defined, and "letsencrypt-production"/ },
  { rule: 'variable-defaults', variant: 'in one file', ...at(`${NETWORKING}/cilium/core/app/values.yaml`, '  useAPIServer: ${CLUSTERMESH_ENABLED:=true}', '  useAPIServer: ${CLUSTERMESH_ENABLED:=false}', '    enabled: ${CLUSTERMESH_ENABLED:=true}'), says: /CLUSTERMESH_ENABLED is "true" here unless it is defined, and "false" in ConfigMap/ },
  { rule: 'decryption-missing', variant: 'an encrypted Secret beside the rest', change: [
    { file: `${NETWORKING}/external-dns/rfc2136/app/kustomization.yaml`, from: '  - rbac.yaml\n', to: '  - rbac.yaml\n  - secret.sops.yaml\n' },
    { file: `${NETWORKING}/external-dns/rfc2136/app/secret.sops.yaml`, whole: ENCRYPTED },
  ], at: { file: `${NETWORKING}/external-dns/rfc2136/ks.yaml`, line: 'spec:' }, says: /^Kustomization external-dns-rfc2136 applies Secret networking\/zone-transfer, encrypted by SOPS, and does not say how to decrypt$/ },
  { rule: 'unreachable', variant: 'beside what the other way of building takes', change: [{ file: 'kubernetes/workloads/platform/databases/shared-postgres/restore/extra.yaml', whole: 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: extra\n  namespace: cnpg-system\n' }], at: { file: 'kubernetes/workloads/platform/databases/shared-postgres/restore/extra.yaml', line: 'apiVersion' }, says: /^nothing leads to .*restore\/extra\.yaml/ },
];
