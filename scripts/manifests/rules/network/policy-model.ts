import type { Path } from '../../../config/source.ts';
import type { Built } from '../../model.types.ts';
import type { Index } from '../../index/index.ts';
import type { Pods } from '../../index/pods.ts';
import { at, entries, fields, isFields, isHole, items, text, type Fields } from '../../index/read.ts';
import { isEmpty, said, selects, type Labels, type Verdict } from '../../index/selectors.ts';

/** NetworkPolicies and Cilium's, in one form. */

/** A choice of pods. */
export interface Choice {
  readonly path: Path;
  readonly text: string;
  /** The one namespace it looks into, where it is one. */
  readonly only: string | undefined;
  /** It chooses every pod of its namespaces. */
  readonly everything: boolean;
  /** Namespaces it names outright, whether or not they exist. */
  readonly named: readonly { readonly name: string; readonly path: Path }[];
  inNamespace(namespace: string): Verdict;
  pods(pods: Pods): Verdict;
}

export interface PolicyPort { readonly port: string; readonly path: Path }

export interface PolicyRule {
  readonly direction: 'ingress' | 'egress';
  /** Pods on the other side; what is not pods (addresses, names, entities) is in `others`. */
  readonly peers: readonly Choice[];
  readonly others: readonly string[];
  /** Nothing is said of the other side: all of it. */
  readonly anybody: boolean;
  /** Undefined: every port, or ports nobody here knows. */
  readonly ports: readonly PolicyPort[] | undefined;
  /** It lets nothing through, and is there only to close the direction. */
  readonly nothing: boolean;
}

export interface Policy {
  readonly built: Built;
  /** Undefined for one of the whole cluster. */
  readonly namespace: string | undefined;
  readonly selects: Choice;
  readonly closes: { readonly ingress: boolean; readonly egress: boolean };
  readonly rules: readonly PolicyRule[];
}

const POLICIES = new WeakMap<Index, readonly Policy[]>();

/** All policies of a view. Those for nodes are left out: of nodes nothing is known here. */
export function policiesOf(index: Index): readonly Policy[] {
  let found = POLICIES.get(index);
  if (found === undefined) {
    found = [
      ...index.kind('networking.k8s.io/NetworkPolicy').map((built) => plainPolicy(index, built)),
      ...index.kind('cilium.io/CiliumNetworkPolicy').flatMap((built) => ciliumPolicies(index, built, index.namespaceOf(built))),
      ...index.kind('cilium.io/CiliumClusterwideNetworkPolicy').flatMap((built) => ciliumPolicies(index, built, undefined)),
    ];
    POLICIES.set(index, found);
  }
  return found;
}

const labelsOfNamespace = (index: Index, namespace: string): Labels => index.namespaces.get(namespace)?.labels ?? { known: new Map([['kubernetes.io/metadata.name', namespace]]), open: true };

function plainPolicy(index: Index, built: Built): Policy {
  const spec = fields(built.object['spec']);
  const namespace = index.namespaceOf(built);
  const own = (selector: unknown, path: Path): Choice => ({
    path, get text() { return said(selector); }, only: namespace, everything: isEmpty(selector), named: [], inNamespace: (each) => each === namespace, pods: (pods) => (pods.namespace === namespace ? selects(selector, pods.labels) : false),
  });
  const types = items(spec['policyTypes']);
  return {
    built, namespace, selects: own(spec['podSelector'], ['spec', 'podSelector']),
    closes: { ingress: types.length === 0 || types.includes('Ingress'), egress: types.length === 0 ? spec['egress'] !== undefined : types.includes('Egress') },
    rules: (['ingress', 'egress'] as const).flatMap((direction) => entries(spec[direction]).map(({ entry, index: position }): PolicyRule => {
      const path: Path = ['spec', direction, position];
      const side = direction === 'ingress' ? 'from' : 'to';
      const peers = entries(entry[side]);
      const ports = entries(entry['ports']);
      return {
        direction, anybody: peers.length === 0, nothing: false, others: peers.some(({ entry: peer }) => peer['ipBlock'] !== undefined) ? ['addresses'] : [],
        peers: peers.flatMap(({ entry: peer, index: place }) => (peer['ipBlock'] !== undefined ? [] : [peer['namespaceSelector'] === undefined ? own(peer['podSelector'], [...path, side, place, 'podSelector']) : across(index, peer, [...path, side, place])])),
        // A port without a number is all ports of a protocol.
        ports: ports.length === 0 || ports.some(({ entry: port }) => port['port'] === undefined || port['endPort'] !== undefined || isHole(port['port'])) ? undefined : ports.map(({ entry: port, index: place }) => ({ port: String(port['port']), path: [...path, 'ports', place, 'port'] })),
      };
    })),
  };
}

/** A peer with a selector of namespaces, and perhaps one of pods. */
function across(index: Index, peer: Fields, path: Path): Choice {
  const [namespaces, pods] = [peer['namespaceSelector'], peer['podSelector']];
  const label = text(at(namespaces, 'matchLabels', 'kubernetes.io/metadata.name'));
  const inNamespace = (namespace: string): Verdict => selects(namespaces, labelsOfNamespace(index, namespace));
  return {
    path: pods === undefined ? [...path, 'namespaceSelector'] : [...path, 'podSelector'], get text() { return said(pods ?? namespaces); }, only: label, everything: pods === undefined || isEmpty(pods),
    named: label === undefined ? [] : [{ name: label, path: [...path, 'namespaceSelector', 'matchLabels', 'kubernetes.io/metadata.name'] }],
    inNamespace,
    pods: (each) => { const there = inNamespace(each.namespace); return there === true ? (pods === undefined ? true : selects(pods, each.labels)) : there; },
  };
}

function ciliumPolicies(index: Index, built: Built, namespace: string | undefined): readonly Policy[] {
  const specs: readonly { readonly spec: Fields; readonly path: Path }[] = [
    ...(isFields(built.object['spec']) ? [{ spec: fields(built.object['spec']), path: ['spec'] }] : []),
    ...entries(built.object['specs']).map(({ entry, index: position }) => ({ spec: entry, path: ['specs', position] })),
  ];
  return specs.filter(({ spec }) => spec['nodeSelector'] === undefined).map(({ spec, path }): Policy => {
    const rules = (['ingress', 'egress'] as const).flatMap((direction) => entries(spec[direction]).map(({ entry, index: position }) => ciliumRule(index, entry, [...path, direction, position], direction, namespace)));
    const closes = (direction: 'ingress' | 'egress'): boolean => spec[direction] !== undefined && at(spec, 'enableDefaultDeny', direction) !== false;
    return { built, namespace, selects: endpoints(index, spec['endpointSelector'], [...path, 'endpointSelector'], namespace), closes: { ingress: closes('ingress'), egress: closes('egress') }, rules };
  });
}

function ciliumRule(index: Index, entry: Fields, path: Path, direction: 'ingress' | 'egress', namespace: string | undefined): PolicyRule {
  const side = direction === 'ingress' ? 'fromEndpoints' : 'toEndpoints';
  const others = Object.keys(entry).filter((key) => /^(?:from|to)[A-Z]/.test(key) && key !== side && key !== 'toPorts' && items(entry[key]).length > 0).flatMap((key) => (key.endsWith('Entities') ? items(entry[key]).map(String) : [key]));
  const peers = entries(entry[side]).map(({ entry: selector, index: place }) => endpoints(index, selector, [...path, side, place], namespace));
  const ports = entries(entry['toPorts']).flatMap(({ entry: group, index: place }) => entries(group['ports']).map(({ entry: port, index: at_ }) => ({ port: port['port'], end: port['endPort'], path: [...path, 'toPorts', place, 'ports', at_, 'port'] })));
  const anybody = peers.length === 0 && others.length === 0 && entry[side] === undefined;
  return {
    direction, peers, others, anybody, nothing: anybody && entry['toPorts'] === undefined && entry['icmps'] === undefined,
    ports: ports.length === 0 || ports.some(({ port, end }) => end !== undefined || port === '0' || port === 0 || isHole(port)) ? undefined : ports.map(({ port, path: where }) => ({ port: String(port), path: where })),
  };
}

const NAMESPACE_KEY = 'io.kubernetes.pod.namespace';
const NAMESPACE_LABELS = 'io.cilium.k8s.namespace.labels.';
/** Labels Cilium gives endpoints besides the pod's own; what is not known of them stays open. */
const OTHER = /^io\.cilium\.k8s\.policy\.|^io\.kubernetes\./;

/** A selector of endpoints. In a policy of a namespace it means that namespace, unless it names others itself. */
function endpoints(index: Index, selector: unknown, path: Path, namespace: string | undefined): Choice {
  const bare = plainKeys(selector);
  const conditions = [...Object.entries(fields(at(bare, 'matchLabels'))).map(([key, value]) => ({ key, matchLabels: { [key]: value } })), ...entries(at(bare, 'matchExpressions')).map(({ entry }) => ({ key: String(entry['key']), matchExpressions: [entry] }))];
  const isOfNamespace = (key: string): boolean => key === NAMESPACE_KEY || key.startsWith(NAMESPACE_LABELS);
  const ofNamespace = conditions.filter(({ key }) => isOfNamespace(key));
  const ofPods = conditions.filter(({ key }) => !isOfNamespace(key));
  const reserved = conditions.some(({ key }) => key.startsWith('reserved:') || key.startsWith('cidr:'));
  const inNamespace = (each: string): Verdict => {
    if (ofNamespace.length === 0) return namespace === undefined ? true : each === namespace;
    const own = labelsOfNamespace(index, each);
    const labels: Labels = { known: new Map<string, string | undefined>([[NAMESPACE_KEY, each], ...[...own.known].map(([key, value]) => [`${NAMESPACE_LABELS}${key}`, value] as const)]), open: own.open };
    return selects({ matchLabels: Object.assign({}, ...ofNamespace.map((each_) => ('matchLabels' in each_ ? each_.matchLabels : {}))) as unknown, matchExpressions: ofNamespace.flatMap((each_) => ('matchExpressions' in each_ ? each_.matchExpressions : [])) }, labels);
  };
  const chosen = (labels: Labels): Verdict => (reserved || ofPods.some(({ key }) => OTHER.test(key)) ? undefined : selects({ matchLabels: Object.assign({}, ...ofPods.map((each_) => ('matchLabels' in each_ ? each_.matchLabels : {}))) as unknown, matchExpressions: ofPods.flatMap((each_) => ('matchExpressions' in each_ ? each_.matchExpressions : [])) }, labels));
  const name = text(Object.entries(fields(at(bare, 'matchLabels'))).find(([key]) => key === NAMESPACE_KEY)?.[1]);
  const written = Object.keys(fields(at(selector, 'matchLabels'))).find((key) => key.endsWith(NAMESPACE_KEY)) ?? NAMESPACE_KEY;
  return {
    path, get text() { return said(bare); }, only: ofNamespace.length === 0 ? namespace : ofNamespace.length === 1 ? name : undefined, everything: !reserved && ofPods.length === 0, named: name === undefined ? [] : [{ name, path: [...path, 'matchLabels', written] }], inNamespace,
    pods: (pods) => { const there = inNamespace(pods.namespace); return there === true ? chosen(pods.labels) : there; },
  };
}

/** Keys without their source (`k8s:`, `any:`), which says where a label comes from. */
function plainKeys(selector: unknown): Fields {
  const bare = (key: string): string => key.replace(/^(?:k8s|any)[:.]/, '');
  return {
    matchLabels: Object.fromEntries(Object.entries(fields(at(selector, 'matchLabels'))).map(([key, value]) => [bare(key), value])),
    matchExpressions: entries(at(selector, 'matchExpressions')).map(({ entry }) => ({ ...entry, key: bare(String(entry['key'])) })),
  };
}

/**
 * Names of the namespaces a choice looks into. Those that may fit, of which not all labels are known, count only where none fits for sure.
 */
export function namespacesOf(index: Index, choice: Choice): readonly string[] {
  if (choice.only !== undefined) return choice.inNamespace(choice.only) === false ? [] : [choice.only];
  const all = [...new Set([...index.namespaces.keys(), ...index.populated])].map((name) => ({ name, verdict: choice.inNamespace(name) }));
  const sure = all.filter(({ verdict }) => verdict === true);
  return (sure.length > 0 ? sure : all.filter(({ verdict }) => verdict === undefined)).map(({ name }) => name);
}

/** Pods that are, or may be, chosen. */
export function* chosenBy(index: Index, choice: Choice, namespaces: readonly string[] = namespacesOf(index, choice)): Iterable<{ readonly pods: Pods; readonly verdict: Verdict }> {
  for (const namespace of namespaces) {
    for (const pods of index.podsIn(namespace)) {
      const verdict = choice.pods(pods);
      if (verdict !== false) yield { pods, verdict };
    }
  }
}

/** Whether any pod is chosen; undefined as soon as one of its namespaces holds what is not seen. */
export function choosesAny(index: Index, choice: Choice): Verdict {
  let maybe = false;
  const namespaces = namespacesOf(index, choice);
  for (const { verdict } of chosenBy(index, choice, namespaces)) {
    if (verdict === true) return true;
    maybe = true;
  }
  return maybe || namespaces.some((name) => index.unseen(name) !== undefined) ? undefined : false;
}
