import type { Planted } from '../planted.ts';

const HOUSE = 'kubernetes/infrastructure';
const [SPEGEL, RELOADER, COREDNS, CEPH, OPENEBS, DNS] = [`${HOUSE}/networking/spegel`, `${HOUSE}/operations/reloader`, `${HOUSE}/networking/coredns`, `${HOUSE}/storage/rook-ceph/cluster`, `${HOUSE}/storage/openebs/app`, 'kubernetes/components/networkpolicy/allow-dns'];

function at(file: string, from: string, to: string, line = to): Pick<Planted, 'change' | 'at'> {
  return { change: [{ file, from, to }], at: { file, line } };
}
const RULES = '  - prometheusrule.yaml';
const patched = (patch: string): string => `${RULES}\npatches:\n${patch}`;

/** Mistakes that keep a Kustomization from being built, or from being built as it was meant. */
export const PLANTED: readonly Planted[] = [
  { rule: 'resource-missing', variant: 'a misspelt file', ...at(`${SPEGEL}/app/kustomization.yaml`, RULES, '  - prometheusrules.yaml'), says: /there is no kubernetes\/.*prometheusrules\.yaml/ },
  { rule: 'resource-missing', variant: 'a file that was taken away', change: [{ file: `${RELOADER}/app/prometheusrule.yaml`, whole: null }], at: { file: `${RELOADER}/app/kustomization.yaml`, line: RULES.trim() }, says: /prometheusrule\.yaml is listed here, but there is no/ },
  { rule: 'resource-missing', variant: 'a patch', ...at(`${COREDNS}/app/kustomization.yaml`, RULES, patched('  - path: less.yaml'), 'path: less.yaml'), says: /less\.yaml is the patch here/ },
  { rule: 'resource-outside', variant: 'too many steps up', ...at(`${CEPH}/kustomization.yaml`, RULES, `${RULES}\n  - ../../../../../../elsewhere/x.yaml`, 'elsewhere/x.yaml'), says: /leads out of the repository/ },
  { rule: 'resource-twice', variant: 'listed twice', ...at(`${CEPH}/kustomization.yaml`, RULES, `${RULES}\n  - ./toolbox.yaml`, RULES.trim()), at: { file: `${CEPH}/toolbox.yaml`, line: 'name: rook-ceph-tools' }, says: /Deployment rook-ceph\/rook-ceph-tools is listed twice/ },
  { rule: 'resource-remote', variant: 'a manifest by its address', ...at(`${OPENEBS}/kustomization.yaml`, RULES, `${RULES}\n  - https://example.invalid/x.yaml`, 'https://example.invalid/x.yaml'), says: /is fetched from elsewhere at every build/, also: ['kustomize-needed', 'remote-pin'] },
  { rule: 'kustomization-field', variant: 'a misspelt field', ...at(`${DNS}/kustomization.yaml`, 'resources:', 'ressources:'), says: /kustomize knows no field ressources/ },
  { rule: 'kustomization-value', variant: 'a label without quotes', ...at(`${SPEGEL}/app/kustomization.yaml`, 'watch: Enabled', 'watch: true'), says: /must be text/ },
  { rule: 'component-kind', variant: 'a component among resources', ...at(`${HOUSE}/security/networkpolicy/namespaces/networking/kustomization.yaml`, '  - allow.yaml\ncomponents:', '  - allow.yaml\n  - ../../../../../components/networkpolicy/allow-fqdn\ncomponents:', 'allow-fqdn'), says: /allow-fqdn is a Component and listed under resources/ },
  { rule: 'yaml-syntax', variant: 'a colon too many', ...at(`${COREDNS}/app/prometheusrule.yaml`, 'summary: No CoreDNS is being watched.', 'summary: No: CoreDNS is being watched.'), says: /not valid YAML/ },
  { rule: 'duplicate-key', variant: 'a field given twice', ...at(`${RELOADER}/app/prometheusrule.yaml`, 'kind: PrometheusRule\n', 'kind: PrometheusRule\nkind: PodMonitor\n', 'kind: PodMonitor'), says: /given twice/ },
  { rule: 'not-an-object', variant: 'without a name', ...at(`${CEPH}/volumesnapshotclass.yaml`, '  name: csi-ceph-block\n', '', 'apiVersion: snapshot.storage.k8s.io/v1'), says: /no metadata\.name/ },
  { rule: 'patch-target', variant: 'a patch of an object that is not there', ...at(`${COREDNS}/app/kustomization.yaml`, RULES, patched('  - patch: |\n      apiVersion: monitoring.coreos.com/v1\n      kind: PrometheusRule\n      metadata:\n        name: core-dns\n        namespace: kube-system\n      spec: {}'), 'name: core-dns'), says: /there is no PrometheusRule kube-system\/core-dns here to patch/ },
  { rule: 'patch-unused', variant: 'a target nobody meets', ...at(`${COREDNS}/app/kustomization.yaml`, RULES, patched('  - target:\n      kind: PrometheusRule\n      name: coredn\n    patch: |\n      - op: remove\n        path: /spec'), 'name: coredn'), says: /there is no PrometheusRule coredn here to patch/ },
  { rule: 'patch-invalid', variant: 'an operation on nothing', ...at(`${COREDNS}/app/kustomization.yaml`, RULES, patched('  - target:\n      kind: PrometheusRule\n    patch: |\n      - op: remove\n        path: /spec/nothing'), 'path: /spec/nothing'), says: /there is no \/spec\/nothing to remove/ },
  { rule: 'path-missing', variant: 'a misspelt folder', ...at(`${RELOADER}/ks.yaml`, 'operations/reloader/app', 'operations/reloader/ap', 'path: ./kubernetes'), says: /reloader\/ap is not there/ },
  { rule: 'variable-undefined', variant: 'misspelt in a manifest', ...at(`${OPENEBS}/storageclass.yaml`, 'value: ${OPENEBS_BASEPATH}', 'value: ${OPENEBS_BASE_PATH}'), says: /the variable OPENEBS_BASE_PATH has no value in Kustomization flux-system\/openebs/ },
  { rule: 'variable-undefined', variant: 'of one cluster only', cluster: 'apps', change: [{ file: 'kubernetes/clusters/apps/cluster-settings.yaml', from: '  BLOCK_SC:', to: '  BLOCK_SCC:' }], at: { file: `${CEPH}/storageclass.yaml`, line: 'name: ${BLOCK_SC}' }, says: /the variable BLOCK_SC has no value/, also: ['variable-undefined'] },
  { rule: 'variable-expression', variant: 'a shell array', ...at(`${COREDNS}/app/prometheusrule.yaml`, 'summary: A CoreDNS does not answer.', 'summary: A CoreDNS of ${all[0]} does not answer.', '${all[0]}'), says: /Flux cannot read this expression: missing closing brace/ },
  { rule: 'variable-name', variant: 'a file among the settings', cluster: 'infra', ...at('kubernetes/clusters/infra/cluster-settings.yaml', '  CLUSTER: infra\n', '  CLUSTER: infra\n  a.yaml: x\n', 'a.yaml: x'), says: /"a\.yaml" cannot be the name of a variable/ },
  { rule: 'substituted-yaml', variant: 'a value that breaks the line', cluster: 'infra', ...at('kubernetes/clusters/infra/cluster-settings.yaml', 'OPENEBS_BASEPATH: /var/mnt/openebs', 'OPENEBS_BASEPATH: "x: y"'), at: { file: `${OPENEBS}/helmrelease.yaml`, line: 'basePath: ${OPENEBS_BASEPATH}' }, says: /no YAML any more/, also: ['substituted-yaml'] },
  { rule: 'substitute-from-missing', variant: 'a misspelt ConfigMap', ...at(`${SPEGEL}/ks.yaml`, 'name: cluster-settings', 'name: cluster-setting'), says: /there is no ConfigMap flux-system\/cluster-setting in the tree/ },
];
