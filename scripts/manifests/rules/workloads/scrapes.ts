import type { Path } from '../../../config/source.ts';
import { listed, meant } from '../../../config/words.ts';
import type { Built, Found, Rule, View } from '../../model.types.ts';
import { indexOf, type Index } from '../../index/index.ts';
import { hasPort } from '../../index/pods.ts';
import { at, entries, isHole, items, text } from '../../index/read.ts';
import { any, labelsOf, said, selects, type Labels, type Verdict } from '../../index/selectors.ts';

type Finding = Omit<Found, 'rule'>;

/** Kinds that say what to collect metrics from. */
const SCRAPES: readonly { readonly kind: string; readonly of: 'Service' | 'Pod'; readonly endpoints: string }[] = [
  { kind: 'monitoring.coreos.com/ServiceMonitor', of: 'Service', endpoints: 'endpoints' },
  { kind: 'operator.victoriametrics.com/VMServiceScrape', of: 'Service', endpoints: 'endpoints' },
  { kind: 'monitoring.coreos.com/PodMonitor', of: 'Pod', endpoints: 'podMetricsEndpoints' },
  { kind: 'operator.victoriametrics.com/VMPodScrape', of: 'Pod', endpoints: 'podMetricsEndpoints' },
];

/** Something that can be scraped: its labels, and whether it has a port of a name. */
interface Target { readonly labels: Labels; has(port: string): Verdict; readonly ports: readonly string[] }

function services(index: Index, namespace: string): readonly Target[] {
  return index.kindIn('Service', namespace).map(({ object }): Target => {
    const ports = entries(at(object['spec'], 'ports')).map(({ entry }) => entry['name']);
    return { labels: labelsOf(object.metadata.labels), has: (port) => (ports.includes(port) ? true : ports.some(isHole) ? undefined : false), ports: ports.flatMap((port) => text(port) ?? []) };
  });
}

function pods(index: Index, namespace: string): readonly Target[] {
  return index.podsIn(namespace).map((each): Target => ({ labels: each.labels, has: (port) => hasPort(each, port), ports: [...each.ports.keys()] }));
}

/** Namespaces a scrape looks into; undefined for all. */
function namespacesOf(index: Index, built: Built): readonly string[] {
  const selector = at(built.object['spec'], 'namespaceSelector');
  if (at(selector, 'any') === true) return [...new Set([...index.namespaces.keys(), ...index.pods.map(({ namespace }) => namespace), ...index.kind('Service').map((each) => index.namespaceOf(each))])];
  const names = items(at(selector, 'matchNames')).flatMap((name) => text(name) ?? []);
  return names.length > 0 ? names : [index.namespaceOf(built)];
}

export const scrapeTarget: Rule = {
  id: 'scrape-target',
  severity: 'error',
  summary: 'Metrics are collected from Services and pods that exist, at ports they have.',
  why: 'Nothing is collected, and alerts on it stay silent.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    for (const { kind, of, endpoints } of SCRAPES) {
      for (const built of index.kind(kind)) {
        const spec = built.object['spec'];
        const names = namespacesOf(index, built);
        // Kubernetes and its operators keep Services of their own in these two.
        const unseen = names.some((name) => index.unseen(name) !== undefined || isHole(name) || (of === 'Service' && (name === 'kube-system' || name === 'default')));
        const targets = names.flatMap((name) => (of === 'Service' ? services(index, name) : pods(index, name))).map((target) => ({ target, verdict: selects(at(spec, 'selector'), target.labels) }));
        const where = names.length === 1 ? listed(names) : `${names.length} namespaces`;
        const sure = any(targets.map(({ verdict }) => verdict));
        if (sure === false) {
          // A chart's own monitor may wait for what the chart makes only with other values.
          if (!unseen && !operated(index, names)) yield { built, path: ['spec', 'selector'], message: `no ${of} of ${where} has ${said(at(spec, 'selector'))}`, hint: hint(index, names, of) };
          continue;
        }
        const sureTargets = targets.filter(({ verdict }) => verdict !== false).map(({ target }) => target);
        if (unseen) continue;
        for (const { port, path } of portsOf(spec, endpoints)) {
          if (any(sureTargets.map((target) => target.has(port))) !== false) continue;
          const there = [...new Set(sureTargets.flatMap((target) => target.ports))];
          yield { built, path, message: `no ${of} it selects has a port ${port}`, hint: meant(port, there, there.length === 0 ? `give the port this name in the ${of}` : `there is ${listed(there)}`) };
        }
      }
    }
  },
};

function portsOf(spec: unknown, endpoints: string): readonly { readonly port: string; readonly path: Path }[] {
  return entries(at(spec, endpoints)).flatMap(({ entry, index }) => {
    const port = text(entry['port']);
    return port === undefined || port === '' ? [] : [{ port, path: ['spec', endpoints, index, 'port'] }];
  });
}

/** Operators make Services with labels of their own. */
function operated(index: Index, namespaces: readonly string[]): boolean {
  return namespaces.some((namespace) => index.podsIn(namespace).some(({ path }) => path === undefined));
}

function hint(index: Index, namespaces: readonly string[], of: 'Service' | 'Pod'): string {
  const found = namespaces.flatMap((name) => (of === 'Service' ? services(index, name) : pods(index, name))).map(({ labels }) => [...labels.known].filter(([, value]) => value !== undefined).slice(0, 3).map(([key, value]) => `${key}=${value ?? ''}`).join(', ')).filter((each) => each !== '');
  return found.length === 0 ? `there is no ${of} with labels; look at its namespace` : `there is ${listed([...new Set(found)].slice(0, 3))}`;
}
