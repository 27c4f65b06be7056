import type { Built } from '../model.types.ts';
import type { Index } from './index.ts';
import { broughtBy } from './operators.ts';
import { at, entries, fields, groupOf, isHole, isUnknown, items, kindOf, text, type Fields } from './read.ts';
import { any, selects, type Verdict } from './selectors.ts';

/** Who makes which Secrets and ConfigMaps, and with which keys. */

export type Holder = 'Secret' | 'ConfigMap';

export interface Maker {
  readonly by: Built;
  /** Undefined: what it holds is not known here. */
  readonly keys: ReadonlySet<string> | undefined;
  /** It writes into one that somebody else makes. */
  readonly merges: boolean;
}

export interface Holders {
  makers(kind: Holder, namespace: string, name: string): readonly Maker[];
  /** Whether it will be there; undefined when something that could make it cannot be looked into. */
  exists(kind: Holder, namespace: string, name: string): Verdict;
  /** Its keys; undefined when they are not all known. */
  keys(kind: Holder, namespace: string, name: string): ReadonlySet<string> | undefined;
  names(kind: Holder, namespace: string): readonly string[];
  /** Everything somebody makes: `kind namespace/name`, with who does. */
  readonly all: ReadonlyMap<string, readonly Maker[]>;
}

const HOLDERS = new WeakMap<Index, Holders>();

export function holdersOf(index: Index): Holders {
  let holders = HOLDERS.get(index);
  if (holders === undefined) {
    holders = new Table(index);
    HOLDERS.set(index, holders);
  }
  return holders;
}

/** Kubernetes and the machines' own. */
const SYSTEM = new Set(['ConfigMap kube-system/extension-apiserver-authentication', 'ConfigMap kube-system/kubeadm-config', 'ConfigMap kube-system/kubelet-config', 'ConfigMap kube-public/cluster-info']);
const EVERYWHERE = new Set(['ConfigMap kube-root-ca.crt', 'ConfigMap openshift-service-ca.crt']);
const CERTIFICATE_KEYS = ['tls.crt', 'tls.key', 'ca.crt'];

class Table implements Holders {
  readonly all = new Map<string, Maker[]>();
  readonly #index: Index;
  /** `kind name` of what is copied into other namespaces. */
  readonly #copied = new Set<string>();
  /** `kind namespace` in which names are made that nobody knows. */
  readonly #unnamed = new Set<string>();
  /** Namespaces in which something may write Secrets or ConfigMaps of its own, as `kind namespace`. */
  readonly #writers: ReadonlySet<string>;

  constructor(index: Index) {
    this.#index = index;
    for (const built of index.view.all) this.#read(built);
    this.#writers = writers(index);
  }

  makers(kind: Holder, namespace: string, name: string): readonly Maker[] { return this.all.get(`${kind} ${namespace}/${name}`) ?? []; }

  exists(kind: Holder, namespace: string, name: string): Verdict {
    if (this.makers(kind, namespace, name).some(({ merges }) => !merges)) return true;
    if (EVERYWHERE.has(`${kind} ${name}`) || SYSTEM.has(`${kind} ${namespace}/${name}`)) return true;
    if (this.#copied.has(`${kind} ${name}`) || this.#unnamed.has(`${kind} ${namespace}`) || this.#writers.has(`${kind} ${namespace}`)) return undefined;
    // Operators' own names begin with their object's; all else is as with any object.
    return this.#index.exists(kind, namespace, name);
  }

  keys(kind: Holder, namespace: string, name: string): ReadonlySet<string> | undefined {
    const makers = this.makers(kind, namespace, name);
    if (makers.length === 0 || this.#copied.has(`${kind} ${name}`) || makers.every(({ merges }) => merges) || makers.some(({ keys }) => keys === undefined)) return undefined;
    return new Set(makers.flatMap(({ keys }) => [...keys ?? []]));
  }

  names(kind: Holder, namespace: string): readonly string[] {
    const start = `${kind} ${namespace}/`;
    return [...this.all.keys()].flatMap((key) => (key.startsWith(start) ? [key.slice(start.length)] : []));
  }

  #read(built: Built): void {
    const { object } = built;
    const namespace = this.#index.namespaceOf(built);
    const spec = fields(object['spec']);
    const secret = (name: unknown, keys: ReadonlySet<string> | undefined, merges = false): void => { this.#add('Secret', namespace, name, { by: built, keys, merges }); };
    switch (kindOf(object)) {
      case 'Secret': case 'ConfigMap': {
        this.#add(object.kind === 'Secret' ? 'Secret' : 'ConfigMap', namespace, object.metadata.name, { by: built, keys: written(object), merges: false });
        this.#copies(object.kind === 'Secret' ? 'Secret' : 'ConfigMap', object.metadata.annotations, object.metadata.name);
        break;
      }
      case 'external-secrets.io/ExternalSecret': this.#external(built, namespace, spec, object.metadata.name); break;
      case 'external-secrets.io/ClusterExternalSecret': this.#everywhere(built, spec); break;
      case 'cert-manager.io/Certificate': {
        const plain = spec['keystores'] === undefined && spec['additionalOutputFormats'] === undefined;
        secret(spec['secretName'], plain ? new Set(CERTIFICATE_KEYS) : undefined);
        this.#copies('Secret', at(spec, 'secretTemplate', 'annotations'), spec['secretName']);
        break;
      }
      case 'cert-manager.io/Issuer': secret(at(spec, 'acme', 'privateKeySecretRef', 'name'), new Set(['tls.key'])); break;
      case 'bitnami.com/SealedSecret': secret(at(spec, 'template', 'metadata', 'name') ?? object.metadata.name, new Set([...Object.keys(fields(spec['encryptedData'])), ...Object.keys(fields(at(spec, 'template', 'data')))])); break;
      case 'trust.cert-manager.io/Bundle': for (const kind of ['Secret', 'ConfigMap'] as const) this.#copied.add(`${kind} ${object.metadata.name}`); break;
      // cert-manager makes what these name, when asked by an annotation.
      case 'networking.k8s.io/Ingress': if (asksForCertificate(object.metadata.annotations)) for (const { entry } of entries(spec['tls'])) secret(entry['secretName'], new Set(CERTIFICATE_KEYS)); break;
      case 'gateway.networking.k8s.io/Gateway':
        if (asksForCertificate(object.metadata.annotations)) for (const { entry } of entries(spec['listeners'])) for (const each of entries(at(entry, 'tls', 'certificateRefs'))) secret(each.entry['name'], new Set(CERTIFICATE_KEYS));
        break;
      case 'kyverno.io/ClusterPolicy': for (const { entry } of entries(spec['rules'])) for (const kind of ['Secret', 'ConfigMap'] as const) if (at(entry, 'generate', 'kind') === kind) this.#copied.add(`${kind} ${String(at(entry, 'generate', 'name'))}`); break;
      default: for (const name of broughtBy(object, groupOf(object.apiVersion))?.secrets ?? []) secret(name, undefined);
    }
  }

  #add(kind: Holder, namespace: string, name: unknown, maker: Maker): void {
    if (isHole(name) || isHole(namespace)) this.#unnamed.add(`${kind} ${namespace}`);
    const known = text(name);
    if (known === undefined || known === '') return;
    const key = `${kind} ${namespace}/${known}`;
    const own = this.all.get(key);
    // The same object given and in the tree counts once.
    if (own === undefined) this.all.set(key, [maker]);
    else if (!own.some(({ by }) => by.object === maker.by.object || (by.object.kind === maker.by.object.kind && by.object.metadata.name === maker.by.object.metadata.name))) own.push(maker);
  }

  #external(built: Built, namespace: string, spec: Fields, own: string): void {
    const target = fields(spec['target']);
    const policy = target['creationPolicy'];
    if (policy === 'None') return;
    const kind: Holder = at(target, 'manifest', 'kind') === 'ConfigMap' ? 'ConfigMap' : 'Secret';
    const name = target['name'] ?? own;
    this.#add(kind, namespace, name, { by: built, keys: externalKeys(spec), merges: policy === 'Merge' });
    this.#copies(kind, at(target, 'template', 'metadata', 'annotations'), name);
  }

  #everywhere(built: Built, spec: Fields): void {
    const inner = fields(spec['externalSecretSpec']);
    const own = text(spec['externalSecretName']) ?? built.object.metadata.name;
    const selectors = [...entries(spec['namespaceSelectors']).map(({ entry }) => entry), ...(spec['namespaceSelector'] === undefined ? [] : [spec['namespaceSelector']])];
    for (const { name, labels } of this.#index.namespaces.values()) {
      const chosen = items(spec['namespaces']).includes(name) ? true : any(selectors.map((selector) => selects(selector, labels)));
      if (chosen === true) this.#external(built, name, inner, own);
      else if (chosen === undefined) this.#copied.add(`Secret ${text(at(inner, 'target', 'name')) ?? own}`);
    }
  }

  /** Controllers that copy by annotation: reflector, replicator, and those like them. */
  #copies(kind: Holder, annotations: unknown, name: unknown): void {
    if (Object.keys(fields(annotations)).some((key) => /reflector|replicator|replicate|kubed\.appscode|config-syncer/.test(key))) this.#copied.add(`${kind} ${String(name)}`);
  }
}

/** Keys of a Secret or ConfigMap as it is written; an empty one is filled by somebody else. */
function written(object: Fields): ReadonlySet<string> | undefined {
  const parts = [object['data'], object['stringData'], object['binaryData']];
  const keys = parts.flatMap((part) => Object.keys(fields(part)));
  const filled = object['type'] === 'kubernetes.io/service-account-token' || Object.keys(fields(at(object['metadata'], 'labels'))).some((key) => key.includes('inject-trusted-cabundle'));
  return keys.length === 0 || filled || parts.some(isHole) || keys.some(isHole) ? undefined : new Set(keys);
}

/** Keys an ExternalSecret writes, by its template or by what it fetches. */
export function externalKeys(spec: Fields): ReadonlySet<string> | undefined {
  const template = fields(at(spec, 'target', 'template'));
  const data = Object.keys(fields(template['data']));
  if (template['templateFrom'] !== undefined || isUnknown(data)) return undefined;
  if (data.length > 0 && template['mergePolicy'] !== 'Merge') return new Set(data);
  const fetched = fetchedKeys(spec);
  return fetched === undefined ? undefined : new Set([...fetched, ...data]);
}

/** Keys an ExternalSecret fetches; undefined when the provider names them. */
export function fetchedKeys(spec: Fields): ReadonlySet<string> | undefined {
  if (items(spec['dataFrom']).length > 0) return undefined;
  const keys = entries(spec['data']).map(({ entry }) => text(entry['secretKey']));
  return keys.includes(undefined) ? undefined : new Set(keys.filter((key) => key !== undefined));
}

function asksForCertificate(annotations: unknown): boolean {
  return ['cert-manager.io/issuer', 'cert-manager.io/cluster-issuer', 'kubernetes.io/tls-acme', 'certmanager.k8s.io/cluster-issuer'].some((key) => fields(annotations)[key] !== undefined);
}

/** Namespaces where a Role lets its subject make Secrets or ConfigMaps: what those are called is theirs to choose. */
function writers(index: Index): ReadonlySet<string> {
  const found = new Set<string>();
  for (const role of index.kind('rbac.authorization.k8s.io/Role')) {
    for (const { entry } of entries(role.object['rules'])) {
      const [resources, verbs] = [items(entry['resources']), items(entry['verbs'])];
      if (!verbs.includes('create') && !verbs.includes('*')) continue;
      if (resources.includes('secrets') || resources.includes('*')) found.add(`Secret ${index.namespaceOf(role)}`);
      if (resources.includes('configmaps') || resources.includes('*')) found.add(`ConfigMap ${index.namespaceOf(role)}`);
    }
  }
  return found;
}

