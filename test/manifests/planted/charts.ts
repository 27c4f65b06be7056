import type { Planted } from '../planted.ts';

const HOUSE = 'kubernetes/infrastructure';
const COREDNS = `${HOUSE}/networking/coredns/app`;
const SPEGEL = `${HOUSE}/networking/spegel/app`;
const CLOUDFLARED = `${HOUSE}/networking/cloudflared/app`;
const CILIUM = `${HOUSE}/networking/cilium/core/app`;
const OPENEBS = `${HOUSE}/storage/openebs/app`;
const ROOK = `${HOUSE}/storage/rook-ceph/operator`;
const RELOADER = `${HOUSE}/operations/reloader/app`;
const OPERATOR = `${HOUSE}/gitops/flux-operator/app`;
const INSTANCE = `${HOUSE}/gitops/flux-instance/app`;
/** Their charts are in the reference at the version that is pinned. */
const RENDERED = ['helm', 'reference'] as const;

/** One place, changed. */
function at(file: string, from: string, to: string, line = to.split('\n')[0] ?? ''): Pick<Planted, 'change' | 'at'> {
  return { change: [{ file, from, to }], at: { file, line: line.trim() } };
}

export const PLANTED: readonly Planted[] = [
  { rule: 'chart-source-missing', variant: 'an OCIRepository of another name', ...at(`${COREDNS}/helmrelease.yaml`, '    kind: OCIRepository\n    name: coredns', '    kind: OCIRepository\n    name: core-dns', 'name: core-dns'), says: /there is no OCIRepository kube-system\/core-dns/ },
  { rule: 'chart-source-missing', variant: 'a HelmRepository in another namespace', ...at(`${OPENEBS}/helmrelease.yaml`, '        kind: HelmRepository\n        name: openebs', '        kind: HelmRepository\n        name: openebs\n        namespace: flux-system', 'name: openebs'), says: /there is no HelmRepository flux-system\/openebs/ },
  { rule: 'chart-source-missing', variant: 'a chart that is to be in this repository', ...at(`${ROOK}/helmrelease.yaml`, '      chart: rook-ceph\n      version: v1.18.6\n      interval: 12h\n      sourceRef:\n        kind: HelmRepository\n        name: rook-ceph', '      chart: ./charts/rook-ceph\n      version: v1.18.6\n      interval: 12h\n      sourceRef:\n        kind: GitRepository\n        name: flux-system\n        namespace: flux-system', 'chart: ./charts/rook-ceph'), says: /there is no chart in charts\/rook-ceph/, also: ['chart-version'] },
  { rule: 'values-source-missing', variant: 'a ConfigMap of another name', ...at(`${SPEGEL}/helmrelease.yaml`, 'name: spegel-values', 'name: spegel-value'), says: /there is no ConfigMap kube-system\/spegel-value for the values/ },
  { rule: 'values-source-missing', variant: 'a ConfigMap with a hash behind its name', ...at(`${CILIUM}/kustomization.yaml`, '      disableNameSuffixHash: true\n', ''), at: { file: `${CILIUM}/helmrelease.yaml`, line: 'name: cilium-values' }, says: /there is no ConfigMap kube-system\/cilium-values/ },
  { rule: 'values-source-missing', variant: 'a Secret nobody makes', ...at(`${CLOUDFLARED}/helmrelease.yaml`, '    - kind: ConfigMap\n      name: cloudflared-values', '    - kind: ConfigMap\n      name: cloudflared-values\n    - kind: Secret\n      name: cloudflared-private', 'name: cloudflared-private'), says: /nothing here makes Secret networking\/cloudflared-private/, unknown: true },
  { rule: 'values-key-missing', variant: 'the generated key is another one', ...at(`${SPEGEL}/kustomization.yaml`, 'files: [values.yaml]', 'files: [spegel.yaml=values.yaml]'), at: { file: `${SPEGEL}/helmrelease.yaml`, line: 'name: spegel-values' }, says: /ConfigMap spegel-values has no key values\.yaml/ },
  { rule: 'values-key-missing', variant: 'a valuesKey there is not', ...at(`${COREDNS}/helmrelease.yaml`, '      name: coredns-values', '      name: coredns-values\n      valuesKey: values.yml', 'valuesKey: values.yml'), says: /ConfigMap coredns-values has no key values\.yml/ },
  { rule: 'values-invalid', variant: 'values that are a list', change: [{ file: `${OPERATOR}/values.yaml`, whole: '- installCRDs\n- resources\n' }], at: { file: `${OPERATOR}/values.yaml`, line: '- installCRDs' }, says: /values\.yaml of ConfigMap flux-operator-values holds no values: it is no map/ },
  { rule: 'release-name-twice', variant: 'one release name for two', ...at(`${RELOADER}/helmrelease.yaml`, '  interval: 10m', '  releaseName: spegel\n  interval: 10m', 'releaseName: spegel'), says: /the release spegel in kube-system is already that of HelmRelease kube-system\/spegel/ },
  { rule: 'release-not-rendered', variant: 'values only the cluster has', ...at(`${CLOUDFLARED}/helmrelease.yaml`, '      name: cloudflared-values', '      name: cloudflared-values\n    - kind: Secret\n      name: cloudflared-secret', 'valuesFrom:'), says: /its values come from Secret cloudflared-secret, which ExternalSecret cloudflared makes in the cluster/, unknown: true },
  { rule: 'value-not-read', variant: 'a misspelt value', ...at(`${OPERATOR}/values.yaml`, 'serviceMonitor:', 'serviceMonitors:'), says: /no template of flux-operator 0\.49\.0 reads serviceMonitors/, needs: RENDERED },
  { rule: 'value-not-read', variant: 'a value in the wrong place', ...at(`${OPERATOR}/values.yaml`, '  enabled: false\nserviceMonitor:\n  create: true', '  enabled: false\n  serviceMonitor:\n    create: true', 'serviceMonitor:'), says: /reads web\.serviceMonitor/, needs: RENDERED },
  { rule: 'values-schema', variant: 'a value of another type', ...at(`${INSTANCE}/values.yaml`, '    multitenant: false', '    multitenant: "no"'), says: /instance\.cluster\.multitenant: got string, want boolean/, needs: RENDERED },
  { rule: 'values-schema', variant: 'a value that is none of those there are', ...at(`${INSTANCE}/values.yaml`, '    type: kubernetes', '    type: talos'), says: /instance\.cluster\.type: value must be one of/, needs: RENDERED },
  { rule: 'release-template-error', variant: 'a map left empty', ...at(`${OPERATOR}/values.yaml`, 'web:\n', 'image:\nweb:\n', 'image:'), says: /nil pointer/, needs: RENDERED },
  { rule: 'post-renderer-invalid', variant: 'a patch of what the chart does not have', ...at(`${OPERATOR}/helmrelease.yaml`, '  valuesFrom:\n', '  postRenderers:\n    - kustomize:\n        patches:\n          - target:\n              kind: Deployment\n            patch: |\n              - op: remove\n                path: /spec/template/spec/dnsPolicy\n  valuesFrom:\n', 'path: /spec/template/spec/dnsPolicy'), says: /there is no \/spec\/template\/spec\/dnsPolicy to remove/, needs: RENDERED },
];
