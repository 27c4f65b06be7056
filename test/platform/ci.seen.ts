import { at, list, plain, text, type Plain } from '../../lab/catalog/data.ts';
import type { KubeObject } from '../../lab/world/types.ts';
import { containers } from '../../scripts/manifests/index/pods.ts';
import { breachesOf, podOf } from '../../scripts/manifests/rules/workloads/pod-security-controls.ts';
import { all, each, file, type Seen } from './networking.checks.ts';
import type { BuiltCluster } from './tree.ts';

/** What the checks of runners and GitLab look at. */

/** On apps: what stands there alone. */
export function appsHas(seen_: Seen, find: (cluster: BuiltCluster, say: (trouble: string) => void) => void): readonly string[] {
  return each(seen_, (cluster, say) => { if (cluster.name === 'apps') find(cluster, say); });
}
export function objectOf(cluster: BuiltCluster, kind: string, name: string, namespace: string): KubeObject {
  const found = all(cluster, kind).find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
  if (found === undefined) throw new Error(`${cluster.name} has no ${kind} ${namespace}/${name}`);
  return found;
}
export const valuesOf = (cluster: BuiltCluster, name: string, namespace: string): Plain => plain(at(objectOf(cluster, 'HelmRelease', name, namespace).spec, 'values'));
/** `key=item#property` of all that an ExternalSecret fetches. */
export const items = (object: KubeObject): readonly string[] => list(at(object.spec, 'data')).map((entry) => `${String(at(entry, 'secretKey'))}=${String(at(entry, 'remoteRef.key'))}#${String(at(entry, 'remoteRef.property'))}`);
/** What a Secret gets: keys of its template, or of its data. */
export function keys(object: KubeObject): readonly string[] {
  const template = Object.keys(plain(at(object.spec, 'target.template.data')));
  return template.length > 0 ? template : list(at(object.spec, 'data')).map((entry) => String(at(entry, 'secretKey')));
}
export const alertsOf = (object: KubeObject): readonly Plain[] => list(at(object.spec, 'groups')).flatMap((group) => list(plain(group)['rules'])).map(plain);
const WORDS = new Set(['absent', 'sum', 'count', 'max', 'min', 'by', 'on', 'rate', 'increase', 'or', 'and', 'unless', 'time', 'histogram_quantile']);
export const metricsIn = (expr: string): readonly string[] => [...expr.replaceAll(/"[^"]*"|\{[^}]*\}|\bby \([^)]*\)|\[[^\]]*\]/g, '').matchAll(/[a-z_][a-z0-9_]*/g)].map(([name]) => name).filter((name) => !WORDS.has(name));

/** Alerts by name, severity and wait, each with metrics that are known and a place in the runbook. */
export function alertTroubles(seen_: Seen, rule: KubeObject, wanted: Readonly<Record<string, string>>, known: ReadonlySet<string>, runbook: string): readonly string[] {
  const alerts = alertsOf(rule);
  const names = alerts.map((alert) => String(alert['alert']));
  return [
    ...(names.toSorted().join() === Object.keys(wanted).toSorted().join() ? [] : [`alerts ${names.join()}`]),
    ...alerts.flatMap((alert) => {
      const name = String(alert['alert']);
      return [
        ...(`${String(at(alert, 'labels.severity'))} ${String(alert['for'])}` === wanted[name] ? [] : [`${name} is ${String(at(alert, 'labels.severity'))} after ${String(alert['for'])}`]),
        ...metricsIn(String(alert['expr'])).filter((metric) => !known.has(metric)).map((metric) => `${name}: ${metric}`),
        ...(file(seen_, runbook).includes(`### ${name}\n`) ? [] : [`the runbook is silent about ${name}`]),
      ];
    }),
  ];
}

/** What Pod Security would refuse of a pod. */
export function refused(template: unknown, level: 'baseline' | 'restricted'): readonly string[] {
  const spec = plain(at(template, 'spec'));
  return breachesOf(podOf(template, containers(spec, ['spec']), []), level).map(({ what }) => what);
}
/** Standard of a namespace, in all three ways. */
export function standardOf(seen_: Seen, namespace: string): string | undefined {
  const labels = new RegExp(`name: ${namespace}\\n  labels:\\n((?:    pod-security.*\\n)+)`).exec(file(seen_, 'bootstrap/namespaces.yaml'))?.[1] ?? '';
  const levels = new Set([...labels.matchAll(/(?:enforce|audit|warn): (\w+)/g)].map(([, level]) => level));
  return levels.size === 1 && labels.split('\n').length === 4 ? [...levels][0] : undefined;
}

/** Kustomizations of a cluster wait for what exists, and are reached from its layers. */
export function wiring(cluster: BuiltCluster, wanted: Readonly<Record<string, readonly string[]>>): readonly string[] {
  const names = new Set(cluster.units.map(({ name }) => name));
  return Object.entries(wanted).flatMap(([name, needs]) => {
    const unit = cluster.units.find((each_) => each_.name === name);
    if (unit === undefined) return [`${name} is in no layer`];
    const waits = list(at(unit.object.spec, 'dependsOn')).map((entry) => String(plain(entry)['name']));
    return [...waits.filter((need) => !names.has(need)).map((need) => `${name} waits for ${need}, which is not there`), ...needs.filter((need) => !waits.includes(need)).map((need) => `${name} does not wait for ${need}`)];
  });
}

/** Egress rules of a policy that let out to everything: a namespace or pod selector that chooses none in particular. */
export function boundless(policy: KubeObject): readonly string[] {
  return list(at(policy.spec, 'egress')).map(plain).flatMap((rule) => [
    ...(list(rule['toEndpoints']).some((to) => Object.keys(plain(to)).length === 0) ? ['pods of its own namespace stand for the world'] : []),
    ...(list(rule['to']).some((to) => 'namespaceSelector' in plain(to)) ? ['namespaces stand for the world'] : []),
    ...list(rule['toCIDRSet']).map(plain).filter((set) => text(set['cidr']) === '0.0.0.0/0' && !['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].every((inside) => list(set['except']).includes(inside))).map(() => 'the home network is let out to'),
  ]);
}
