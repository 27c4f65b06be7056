import type { KubeObject } from '../config/cluster.ts';
import { at, fields, items, path, spec, status, text } from '../health/objects.ts';
import { KINDS } from '../tools/kinds.ts';

/** What a cluster is, apart from what every rebuild makes anew: two platforms of equal fingerprint are the same platform. */
export interface Fingerprint {
  readonly format: 1;
  readonly cluster: string;
  /** Wall time, ISO 8601. */
  readonly at: string;
  readonly target: { readonly id: string; readonly engine: string | null; readonly speed: number };
  /** Section to key to facts; sections that could not be read are named in `unread`, never left out silently. */
  readonly sections: Readonly<Record<string, Section>>;
  readonly unread: Readonly<Record<string, string>>;
}
export type Section = Readonly<Record<string, Fact>>;
export type Fact = string | readonly string[] | { readonly [name: string]: Fact };

type Lists = Readonly<Record<string, readonly KubeObject[]>>;
interface SectionRule { readonly from: readonly (keyof typeof FINGERPRINT_KINDS)[]; of(lists: Lists): Section }

/** The kinds a fingerprint is made of. */
export const FINGERPRINT_KINDS = {
  nodes: KINDS.Node, namespaces: KINDS.Namespace, definitions: KINDS.CustomResourceDefinition, sources: KINDS.GitRepository, kustomizations: KINDS.Kustomization,
  helmReleases: KINDS.HelmRelease, deployments: KINDS.Deployment, daemonSets: KINDS.DaemonSet, statefulSets: KINDS.StatefulSet, cronJobs: KINDS.CronJob, services: KINDS.Service,
  gateways: KINDS.Gateway, certificates: KINDS.Certificate, externalSecrets: KINDS.ExternalSecret, claims: KINDS.PersistentVolumeClaim, classes: KINDS.StorageClass, networkPolicies: KINDS.NetworkPolicy,
  ciliumPolicies: KINDS.CiliumNetworkPolicy,
} as const;

const one = (from: keyof typeof FINGERPRINT_KINDS, facts: (object: KubeObject) => Fact): SectionRule => ({ from: [from], of: (lists) => keyed(lists[from] ?? [], facts) });
/** Objects of several kinds share a section and are told apart by theirs. */
const several = (from: SectionRule['from'], facts: (object: KubeObject) => Fact): SectionRule => ({ from, of: (lists) => keyed(from.flatMap((name) => lists[name] ?? []), facts, (object) => `${object.kind} ${path(object)}`) });

const SECTIONS: Readonly<Record<string, SectionRule>> = {
  nodes: one('nodes', nodeFacts),
  namespaces: one('namespaces', (object) => podSecurity(object.metadata.labels ?? {})),
  definitions: one('definitions', servedVersions),
  sources: one('sources', (object) => compact({ url: text(spec(object, 'url')), revision: text(status(object, 'artifact', 'revision')) })),
  kustomizations: one('kustomizations', (object) => compact({ path: text(spec(object, 'path')), revision: text(status(object, 'lastAppliedRevision')), objects: String(items(status(object, 'inventory', 'entries')).length) })),
  releases: one('helmReleases', releaseFacts),
  workloads: several(['deployments', 'daemonSets', 'statefulSets', 'cronJobs'], workloadFacts),
  services: one('services', serviceFacts),
  gateways: one('gateways', (object) => compact({ class: text(spec(object, 'gatewayClassName')), listeners: items(spec(object, 'listeners')).map((each) => `${text(at(each, 'protocol')) ?? ''} ${String(at(each, 'port'))} ${text(at(each, 'hostname')) ?? '*'}`).toSorted() })),
  certificates: one('certificates', (object) => compact({ issuer: `${text(spec(object, 'issuerRef', 'kind')) ?? 'Issuer'} ${text(spec(object, 'issuerRef', 'name')) ?? ''}`, names: strings(spec(object, 'dnsNames')), secret: text(spec(object, 'secretName')) })),
  secrets: one('externalSecrets', (object) => compact({ store: text(spec(object, 'secretStoreRef', 'name')), target: text(spec(object, 'target', 'name')), keys: items(spec(object, 'data')).map((each) => text(at(each, 'secretKey')) ?? '').toSorted() })),
  volumes: one('claims', (object) => compact({ class: text(spec(object, 'storageClassName')), size: text(spec(object, 'resources', 'requests', 'storage')), modes: strings(spec(object, 'accessModes')), phase: text(status(object, 'phase')) })),
  storageClasses: one('classes', (object) => compact({ provisioner: text(object['provisioner']), reclaim: text(object['reclaimPolicy']), default: object.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] })),
  networkPolicies: several(['networkPolicies', 'ciliumPolicies'], (object) => object.kind),
};

/**
 * The sections of a fingerprint, out of whole lists; a section of which one list is missing is in `unread`, with that list's reason. Left
 * out on purpose: uids, times, resource versions, cluster addresses and names that a rebuild draws anew (pods, volumes), and every
 * value of a Secret.
 */
export function sectionsOf(lists: Lists, missing: Readonly<Record<string, string>> = {}): Pick<Fingerprint, 'sections' | 'unread'> {
  const sections: Record<string, Section> = {};
  const unread: Record<string, string> = {};
  for (const [name, rule] of Object.entries(SECTIONS)) {
    const lacking = rule.from.find((list) => lists[list] === undefined);
    if (lacking === undefined) sections[name] = rule.of(lists);
    else unread[name] = `${lacking}: ${missing[lacking] ?? 'not read'}`;
  }
  return { sections, unread };
}

/** One line per difference, in the order of section and key. */
export interface Difference {
  readonly section: string;
  readonly key: string;
  /** Path inside the facts; '' for the thing as a whole. */
  readonly field: string;
  readonly kind: 'gone' | 'new' | 'changed' | 'cannot be compared';
  readonly before: string;
  readonly after: string;
  /** Why it is as it should be, where that is known: an explained difference. */
  readonly because?: string;
}

/** What is different between two fingerprints. A section that one of them could not read is a difference, never an agreement. */
export function compareFingerprints(before: Fingerprint, after: Fingerprint): readonly Difference[] {
  const sections = [...new Set([...Object.keys(before.sections), ...Object.keys(after.sections), ...Object.keys(before.unread), ...Object.keys(after.unread)])].toSorted();
  return sections.flatMap((section) => {
    const unread = before.unread[section] ?? after.unread[section];
    const [a, b] = [before.sections[section], after.sections[section]];
    if (unread !== undefined || a === undefined || b === undefined) {
      return [{ section, key: '', field: '', kind: 'cannot be compared' as const, before: before.unread[section] ?? (a === undefined ? 'not read' : 'read'), after: after.unread[section] ?? (b === undefined ? 'not read' : 'read') }];
    }
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].toSorted();
    return keys.flatMap((key) => differencesOf(section, key, '', a[key], b[key]));
  });
}

function differencesOf(section: string, key: string, field: string, a: Fact | undefined, b: Fact | undefined): readonly Difference[] {
  if (a === undefined && b === undefined) return [];
  if (a === undefined) return [{ section, key, field, kind: 'new', before: '', after: shown(b) }];
  if (b === undefined) return [{ section, key, field, kind: 'gone', before: shown(a), after: '' }];
  if (isMap(a) && isMap(b)) {
    const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].toSorted();
    return names.flatMap((name) => differencesOf(section, key, field === '' ? name : `${field}.${name}`, a[name], b[name]));
  }
  return shown(a) === shown(b) ? [] : [{ section, key, field, kind: 'changed', before: shown(a), after: shown(b) }];
}

function shown(fact: Fact | undefined): string {
  if (fact === undefined) return '';
  if (typeof fact === 'string') return fact;
  return isMap(fact) ? Object.entries(fact).map(([name, value]) => `${name}=${shown(value)}`).join(' ') : fact.join(', ');
}
function isMap(fact: Fact): fact is { readonly [name: string]: Fact } {
  return typeof fact === 'object' && !Array.isArray(fact);
}

function keyed(objects: readonly KubeObject[], facts: (object: KubeObject) => Fact, key: (object: KubeObject) => string = path): Section {
  // Objects on their way out belong to neither platform.
  const found = objects.filter((object) => object.metadata.deletionTimestamp === undefined).map((object) => [key(object), facts(object)] as const);
  return Object.fromEntries(found.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function nodeFacts(node: KubeObject): Fact {
  const info = fields(status(node, 'nodeInfo'));
  return compact({
    kubelet: text(info['kubeletVersion']), os: text(info['osImage']), runtime: text(info['containerRuntimeVersion']),
    roles: Object.keys(node.metadata.labels ?? {}).filter((label) => label.startsWith('node-role.kubernetes.io/')).map((label) => label.slice('node-role.kubernetes.io/'.length)).toSorted(),
    taints: items(spec(node, 'taints')).map((taint) => `${text(at(taint, 'key')) ?? ''}:${text(at(taint, 'effect')) ?? ''}`).toSorted(),
  });
}

function podSecurity(labels: Readonly<Record<string, string>>): Fact {
  return Object.fromEntries(Object.entries(labels).filter(([label]) => label.startsWith('pod-security.kubernetes.io/')).map(([label, value]) => [label.slice('pod-security.kubernetes.io/'.length), value] as const).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function servedVersions(definition: KubeObject): readonly string[] {
  return items(spec(definition, 'versions')).filter((version) => at(version, 'served') === true).map((version) => text(at(version, 'name')) ?? '').toSorted();
}

/** The chart by the latest entry of the release's history (helm-controller 1.x), which says what runs, not what is wished. */
function releaseFacts(release: KubeObject): Fact {
  const latest = items(status(release, 'history'))[0];
  return compact({ chart: text(at(latest, 'chartName')), version: text(at(latest, 'chartVersion')), app: text(at(latest, 'appVersion')), status: text(at(latest, 'status')) });
}

function workloadFacts(workload: KubeObject): Fact {
  const template = workload.kind === 'CronJob' ? spec(workload, 'jobTemplate', 'spec', 'template', 'spec') : spec(workload, 'template', 'spec');
  const images = [...items(at(template, 'initContainers')), ...items(at(template, 'containers'))].map((container) => text(at(container, 'image')) ?? '').toSorted();
  const replicas = spec(workload, 'replicas');
  return compact({ images, replicas: typeof replicas === 'number' ? String(replicas) : undefined });
}

function serviceFacts(service: KubeObject): Fact {
  return compact({
    type: text(spec(service, 'type')) ?? 'ClusterIP',
    ports: items(spec(service, 'ports')).map((port) => `${String(at(port, 'port'))}/${text(at(port, 'protocol')) ?? 'TCP'}`).toSorted(),
    addresses: items(status(service, 'loadBalancer', 'ingress')).map((ingress) => text(at(ingress, 'ip')) ?? text(at(ingress, 'hostname')) ?? '').toSorted(),
  });
}

function strings(value: unknown): readonly string[] {
  return items(value).filter((entry): entry is string => typeof entry === 'string').toSorted();
}
function compact(facts: Readonly<Record<string, Fact | undefined>>): Fact {
  return Object.fromEntries(Object.entries(facts).filter((entry): entry is [string, Fact] => entry[1] !== undefined && (typeof entry[1] === 'string' || !Array.isArray(entry[1]) || entry[1].length > 0)));
}
