import { load } from 'js-yaml';
import { at, list, plain, strings, text, type Plain } from '../../lab/catalog/data.ts';
import type { KubeObject } from '../../lab/world/types.ts';
import { all, each, file, one, type Seen } from './networking.checks.ts';
import type { BuiltCluster } from './tree.ts';

/** What the checks of metrics, logs and dashboards look at. */

export const NS = 'observability';
export const GLOBAL = 'victoria-metrics-global';
export const OWN = ['VMCluster', 'VMAgent', 'VMAlert', 'VMAlertmanager', 'VMAuth'];
export const PLACES = ['observability', 'node-exporter', 'fluent-bit'];
/** On infra: what stands there alone. */
export function infraHas(seen_: Seen, find: (cluster: BuiltCluster, say: (trouble: string) => void) => void): readonly string[] {
  return each(seen_, (cluster, say) => { if (cluster.name === 'infra') find(cluster, say); });
}
/** Every part of VictoriaMetrics: its name, and its own piece of a spec. */
export function partsOf(cluster: BuiltCluster): readonly { readonly part: string; readonly object: KubeObject; readonly spec: Plain }[] {
  return OWN.flatMap((kind) => all(cluster, kind).flatMap((object) => (kind === 'VMCluster'
    ? ['vmstorage', 'vmselect', 'vminsert'].map((part) => ({ part, object, spec: plain(at(object.spec, part)) })) : [{ part: kind.toLowerCase(), object, spec: plain(object.spec) }])));
}
export const release = (cluster: BuiltCluster, name: string): Plain => plain(at(one(cluster, 'HelmRelease', name).spec, 'values'));
export const pipeline = (cluster: BuiltCluster): string => ['service', 'inputs', 'filters', 'outputs'].map((key) => text(at(release(cluster, 'fluent-bit'), `config.${key}`)) ?? '').join('\n');
/** What the audit log of the API server adds to it, as the chart is told. */
export const audit = (cluster: BuiltCluster, how: 'off' | 'on'): string => String(plain(at(load(strings(one(cluster, 'ConfigMap', 'fluent-bit-audit').data)[`audit-${how}.yaml`] ?? ''), 'config.extraFiles'))['audit.conf']);
export function setPiece(cluster: BuiltCluster, key: string, change: (value: string) => string): void {
  const config = plain(release(cluster, 'fluent-bit')['config']);
  config[key] = change(String(config[key]));
}
export const containers = (cluster: BuiltCluster, kind: string, name: string): readonly Plain[] => list(at(one(cluster, kind, name).spec, 'template.spec.containers')).map(plain);
export const alertsOf = (cluster: BuiltCluster, of: string): readonly Plain[] => list(at(one(cluster, 'VMRule', of).spec, 'groups')).flatMap((group) => list(at(group, 'rules'))).map(plain);
export const dashboards = (cluster: BuiltCluster): readonly KubeObject[] => all(cluster, 'ConfigMap').filter((map) => strings(map.metadata.labels)['grafana_dashboard'] === '1');
export const modelOf = (map: KubeObject): Plain => plain(JSON.parse(Object.values(strings(map.data))[0] ?? '{}'));
export const datasources = (cluster: BuiltCluster): readonly Plain[] => list(at(load(strings(one(cluster, 'ConfigMap', 'grafana-provisioning').data)['datasources.yaml'] ?? ''), 'datasources')).map(plain);
export const globals = (cluster: BuiltCluster): readonly KubeObject[] => all(cluster, 'Service').filter((service) => service.metadata.namespace === NS && strings(service.metadata.annotations)['service.cilium.io/global'] === 'true');
export const psa = (seen_: Seen, namespace: string): string | undefined => new RegExp(`name: ${namespace}\\n  labels:\\n    pod-security.kubernetes.io/enforce: (\\w+)`).exec(file(seen_, 'bootstrap/namespaces.yaml'))?.[1];
