import type { Planted } from '../planted.ts';

const HOUSE = 'kubernetes/infrastructure';
const NETWORKING = `${HOUSE}/networking`;

/** One place, changed. */
function at(file: string, from: string, to: string, line = to): Pick<Planted, 'change' | 'at'> {
  return { change: [{ file, from, to }], at: { file, line } };
}

const SPEGEL = `${NETWORKING}/spegel/app/prometheusrule.yaml`;
const TUNNEL = `${NETWORKING}/cloudflared/app`;
const DNS = `${NETWORKING}/external-dns/cloudflare/app`;
const GATEWAY = `${NETWORKING}/cilium/gateway/app`;

/** A dashboard as a file of its own, brought by a generator with the sidecar's label. */
function dashboard(json: string, line: string): Pick<Planted, 'change' | 'at'> {
  return {
    change: [
      { file: `${GATEWAY}/kustomization.yaml`, from: 'resources:\n', to: 'configMapGenerator:\n  - name: dashboard-gateway\n    namespace: kube-system\n    files: [gateway.json]\n    options:\n      disableNameSuffixHash: true\n      labels:\n        grafana_dashboard: "1"\nresources:\n' },
      { file: `${GATEWAY}/gateway.json`, whole: json },
    ],
    at: { file: `${GATEWAY}/gateway.json`, line },
  };
}
const panels = (first: string, second: string): string => `{
  "uid": "gateway",
  "title": "Gateway",
  "templating": {"list": [{"name": "source", "type": "datasource", "query": "prometheus"}]},
  "panels": [
    {"id": 1, "title": "Requests", "type": "timeseries", "datasource": {"type": "prometheus", "uid": "$source"},
     "targets": [{"expr": "${first}"}]},
    ${second}
  ]
}
`;
const SECOND = '{"id": 2, "title": "Errors", "type": "stat"}';

/** Made up here, in pieces: no scanner shall stumble over this file. */
const GITHUB = ['gh', 'p_16C7e42F292c6912E7710c838347Ae178B4a'].join('');
const SQUARE = ['sq0', 'atp-', 'aB3dE5gH7jK9mN1pQ3sT5u'].join('');
const RANDOM = ['kX9mQ2v', 'Lp7Rw4Tz'].join('');

export const PLANTED: readonly Planted[] = [
  { rule: 'rule-expression', variant: 'a bracket that is not closed', ...at(SPEGEL, 'expr: count(up{namespace="kube-system", pod=~"spegel-.+"} == 1) < 2', 'expr: count(up{namespace="kube-system", pod=~"spegel-.+"} == 1 < 2'), says: /the expression of SpegelAlone: the query ends too early/ },
  { rule: 'rule-expression', variant: 'a function nobody has', ...at(SPEGEL, 'expr: count(up', 'expr: cuont(up', 'cuont(up'), says: /has (?:a|no) function cuont/ },
  { rule: 'rule-expression', variant: 'a regular expression that is broken', ...at(SPEGEL, 'expr: up{namespace="kube-system", pod=~"spegel-.+"} == 0', 'expr: up{namespace="kube-system", pod=~"spegel-(.+"} == 0'), says: /the expression of SpegelDown: the regular expression of pod is broken: a \( is not closed/ },
  { rule: 'rule-twice', variant: 'an alert copied', ...at(SPEGEL, '        - alert: SpegelAlone', '        - alert: SpegelDown\n', 'alert: SpegelDown'), says: /SpegelDown is there twice with the same labels/ },
  { rule: 'rule-form', variant: 'both an alert and a recording', ...at(SPEGEL, '        - alert: SpegelAlone', '        - alert: SpegelAlone\n          record: spegel:alone', 'record: spegel:alone'), says: /SpegelAlone has both alert and record/ },
  { rule: 'rule-template', variant: 'braces that are not closed', ...at(SPEGEL, "'{{ $labels.pod }} has not", "'{{ $labels.pod } has not", '{{ $labels.pod } has not'), says: /description of SpegelDown: a \{\{ is not closed/ },
  { rule: 'rule-template', variant: 'a variable misspelt', ...at(SPEGEL, "'{{ $labels.pod }} has not", "'{{ $lables.pod }} has not", '{{ $lables.pod }} has not'), says: /description of SpegelDown: the template has no variable \$lables/ },
  { rule: 'rule-duration', variant: 'words instead of a duration', ...at(SPEGEL, 'for: 10m', 'for: 10 minutes'), says: /for is "10 minutes", which is no duration/ },
  { rule: 'rule-group-twice', variant: 'a group copied', ...at(SPEGEL, '    - name: spegel.rules\n', '    - name: spegel.rules\n      rules: []\n    - name: spegel.rules\n', 'name: spegel.rules'), says: /the group spegel\.rules is there twice/ },
  { rule: 'data-parses', variant: 'a value that is no YAML', ...at(`${TUNNEL}/config.yaml`, '  - service: http_status:404', '  - service: "http_status:404', 'service: "http_status:404'), says: /config\.yaml is no YAML/ },
  { rule: 'dashboard-json', variant: 'a comma too many', ...dashboard(panels('up', `${SECOND},`), ']'), says: /the dashboard gateway\.json is no JSON/ },
  { rule: 'dashboard-query', variant: 'a query that ends too early', ...dashboard(panels('sum(rate(requests_total[5m])', SECOND), '"expr": "sum(rate(requests_total[5m])"'), says: /a query of "Requests": the query ends too early/ },
  { rule: 'dashboard-panel', variant: 'an id given twice', ...dashboard(panels('up', SECOND.replace('2', '1')), '"title": "Errors"'), says: /the id 1 of "Errors" is also that of "Requests"/ },
  { rule: 'dashboard-source', variant: 'a variable it does not have', ...dashboard(panels('up', SECOND).replace('"uid": "$source"', '"uid": "$DS_PROMETHEUS"'), 'DS_PROMETHEUS'), says: /the dashboard has no variable DS_PROMETHEUS/ },
  { rule: 'dashboard-uid', variant: 'one that Grafana does not take', ...dashboard(panels('up', SECOND).replace('"uid": "gateway"', '"uid": "the gateway"'), '"uid": "the gateway"'), says: /"the gateway" is no uid/ },
  {
    rule: 'secret-plain', variant: 'a Secret as it is', change: [
      { file: `${TUNNEL}/kustomization.yaml`, from: '  - pdb.yaml\n', to: '  - pdb.yaml\n  - secret.yaml\n' },
      { file: `${TUNNEL}/secret.yaml`, whole: 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: tunnel\nstringData:\n  username: tunnel\n  password: correct horse battery\n' },
    ], at: { file: `${TUNNEL}/secret.yaml`, line: 'password:' }, says: /^password of a Secret stands in the tree unencrypted$/,
  },
  { rule: 'secret-shape', variant: 'a token in a remark', ...at(`${TUNNEL}/values.yaml`, '# Values of cloudflared:', `# Values of cloudflared, old token ${GITHUB}:`, '# Values of cloudflared, old token '), says: /^a token of GitHub stands here in clear text$/ },
  { rule: 'secret-value', variant: 'a password in values', ...at(`${TUNNEL}/values.yaml`, '          NO_AUTOUPDATE: "true"', `          NO_AUTOUPDATE: "true"\n          TUNNEL_PASSWORD: ${RANDOM}`, 'TUNNEL_PASSWORD:'), says: /^TUNNEL_PASSWORD holds what looks like a secret in clear text$/ },
  { rule: 'secret-value', variant: 'a token in the settings', cluster: 'apps', ...at('kubernetes/clusters/apps/cluster-settings.yaml', '  CLUSTER: apps\n', `  CLUSTER: apps\n  API_TOKEN: ${RANDOM}\n`, 'API_TOKEN:'), says: /^API_TOKEN holds what looks like a secret/, also: ['variable-unused', 'unused-variable'] },
  { rule: 'secret-shape', variant: 'a password in an address', ...at(`${DNS}/ocirepository.yaml`, 'kind: OCIRepository', `# see https://dns:${RANDOM}@dns.internal.test/zone\nkind: OCIRepository`, '# see https://dns:'), says: /^a password in an address stands here in clear text$/ },
  { rule: 'secret-gitleaks', variant: 'a shape only it knows', needs: 'gitleaks', ...at(`${TUNNEL}/pdb.yaml`, 'kind: PodDisruptionBudget', `# square: ${SQUARE}\nkind: PodDisruptionBudget`, '# square: '), says: /^gitleaks \(square-access-token\): / },
];
