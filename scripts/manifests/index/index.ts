import type { KubeObject } from '../../config/cluster.ts';
import type { Built, Release, View } from '../model.types.ts';
import { mayMake } from './charts.ts';
import { isBuiltIn, isClusterScoped, SYSTEM_NAMESPACES } from './kinds.ts';
import { broughtBy, isInert, TEMPLATES } from './operators.ts';
import { podsOf, type Pods } from './pods.ts';
import { at, fields, groupOf, isHole, kindOf, text } from './read.ts';
import { labelsOf, type Labels, type Verdict } from './selectors.ts';

/** A namespace of the cluster. `built` undefined: Kubernetes, or a release, makes it. */
export interface Namespace { readonly name: string; readonly labels: Labels; readonly built: Built | undefined }

/**
 * Lookups over everything of a view, built once for it. Kinds are written `group/Kind`, those of the core group without a slash;
 * what has no namespace is looked up with ''.
 */
export interface Index {
  readonly view: View;
  /** All objects of a kind. */
  kind(kind: string): readonly Built[];
  /** Objects of a kind in a namespace. */
  kindIn(kind: string, namespace: string): readonly Built[];
  find(kind: string, namespace: string, name: string): Built | undefined;
  /** Whether there is such an object; undefined when something that could make it cannot be looked into. Not for Secrets and ConfigMaps: see `secrets.ts`. */
  exists(kind: string, namespace: string, name: string): Verdict;
  /** Names of a kind in a namespace, for hints. */
  names(kind: string, namespace: string): readonly string[];
  /** Where an object goes: its own namespace, or its release's; '' for what has none. */
  namespaceOf(built: Built): string;
  readonly pods: readonly Pods[];
  podsIn(namespace: string): readonly Pods[];
  /** Namespaces in which pods are known to run, whoever makes them. */
  readonly populated: readonly string[];
  /** The pods of a workload. */
  podsOf(built: Built): readonly Pods[];
  readonly namespaces: ReadonlyMap<string, Namespace>;
  /**
   * What may put objects of its own into a namespace ('': objects without one) without anybody here seeing them, in words; undefined:
   * nothing. With a name: what may put one of that name there.
   */
  unseen(namespace: string, name?: string): string | undefined;
  /** The release an object was made by. */
  releaseOf(built: Built): Release | undefined;
}

const INDEXES = new WeakMap<View, Index>();

/** The lookups of a view. */
export function indexOf(view: View): Index {
  let index = INDEXES.get(view);
  if (index === undefined) {
    index = new Lookups(view);
    INDEXES.set(view, index);
  }
  return index;
}

const NONE: readonly never[] = [];
/** Somebody whose work is not seen, and whether an object of a name could be theirs. */
interface Unseen { readonly because: string; may(name: string): boolean }
const anything = (): boolean => true;

class Lookups implements Index {
  readonly view: View;
  readonly pods: readonly Pods[];
  readonly namespaces: ReadonlyMap<string, Namespace>;
  readonly #kinds = new Map<string, Built[]>();
  /** Kind -> namespace -> name -> object. */
  readonly #named = new Map<string, Map<string, Map<string, Built>>>();
  /** `kind namespace` of objects whose name or namespace is not known. */
  readonly #unnamed = new Set<string>();
  readonly #namespaceOf = new Map<Built, string>();
  readonly #podsIn = new Map<string, Pods[]>();
  readonly #podsOf = new Map<Built, readonly Pods[]>();
  readonly #unseen = new Map<string, Unseen[]>();
  readonly #anywhere: string | undefined;
  /** Namespace -> objects operators make something of. */
  readonly #owners = new Map<string, Built[]>();
  readonly #scopes: ReadonlyMap<string, boolean>;
  readonly #releases: ReadonlyMap<Built, Release>;

  constructor(view: View) {
    this.view = view;
    this.#scopes = scopesOf(view);
    this.#releases = new Map(view.releases.map((release) => [release.declared, release]));
    for (const built of view.all) this.#add(built);
    const pods: Pods[] = [];
    for (const built of view.all) {
      const own = podsOf(built, this.namespaceOf(built));
      if (own.length === 0) continue;
      this.#podsOf.set(built, own);
      pods.push(...own);
    }
    this.pods = pods;
    for (const each of pods) push(this.#podsIn, each.namespace, each);
    this.namespaces = this.#readNamespaces();
    this.#anywhere = this.#look();
  }

  kind(kind: string): readonly Built[] { return this.#kinds.get(kind) ?? NONE; }

  kindIn(kind: string, namespace: string): readonly Built[] { return [...this.#named.get(kind)?.get(namespace)?.values() ?? NONE]; }

  find(kind: string, namespace: string, name: string): Built | undefined { return this.#named.get(kind)?.get(namespace)?.get(name); }

  names(kind: string, namespace: string): readonly string[] {
    const brought = kind === 'Service' ? (this.#owners.get(namespace) ?? NONE).flatMap(({ object }) => broughtBy(object, groupOf(object.apiVersion))?.services ?? NONE) : NONE;
    return [...this.#named.get(kind)?.get(namespace)?.keys() ?? NONE, ...brought];
  }

  exists(kind: string, namespace: string, name: string): Verdict {
    if (this.find(kind, namespace, name) !== undefined || this.names(kind, namespace).includes(name)) return true;
    if (isHole(name) || isHole(namespace) || this.#unnamed.has(`${kind} ${namespace}`) || this.#unnamed.has(`${kind} `) || this.unseen(namespace, name) !== undefined) return undefined;
    // Operators make what Kubernetes itself serves; objects of their own kinds are for people to write.
    return isBuiltIn(kind.includes('/') ? kind.slice(0, kind.indexOf('/')) : '') && this.#owners.get(namespace)?.some(({ object }) => couldMake(object, name)) === true ? undefined : false;
  }

  namespaceOf(built: Built): string { return this.#namespaceOf.get(built) ?? this.#locate(built, kindOf(built.object)); }

  get populated(): readonly string[] { return [...this.#podsIn.keys()]; }

  podsIn(namespace: string): readonly Pods[] { return this.#podsIn.get(namespace) ?? NONE; }

  podsOf(built: Built): readonly Pods[] { return this.#podsOf.get(built) ?? NONE; }

  unseen(namespace: string, name?: string): string | undefined {
    return this.#anywhere ?? this.#unseen.get(namespace)?.find(({ may }) => name === undefined || may(name))?.because;
  }

  releaseOf({ release }: Built): Release | undefined { return release === undefined ? undefined : this.#releases.get(release); }

  #add(built: Built): void {
    const kind = kindOf(built.object);
    push(this.#kinds, kind, built);
    const namespace = this.#locate(built, kind);
    this.#namespaceOf.set(built, namespace);
    const name = built.object.metadata.name;
    if (isHole(name) || isHole(namespace)) this.#unnamed.add(`${kind} ${isHole(namespace) ? '' : namespace}`);
    else {
      const inKind = this.#named.get(kind) ?? new Map<string, Map<string, Built>>();
      this.#named.set(kind, inKind);
      const inNamespace = inKind.get(namespace) ?? new Map<string, Built>();
      inKind.set(namespace, inNamespace);
      // What Flux applies counts before what is only given.
      if (!inNamespace.has(name)) inNamespace.set(name, built);
    }
    const group = groupOf(built.object.apiVersion);
    if (isBuiltIn(group) || namespace === '') return;
    if (broughtBy(built.object, group) !== undefined) push(this.#owners, namespace, built);
    else if (!isInert(group, built.object.kind) && TEMPLATES[kind] === undefined) this.#openAll([namespace], `what is made of ${built.object.kind} ${name} is not known`);
  }

  #locate(built: Built, kind: string): string {
    const wide = this.#isClusterScoped(kind);
    if (wide === true) return '';
    const own = built.object.metadata.namespace;
    if (own !== undefined && own !== '') return own;
    if (built.release !== undefined) return releaseNamespace(built.release);
    return wide === false ? 'default' : '';
  }

  #isClusterScoped(kind: string): boolean | undefined { return this.#scopes.get(kind) ?? isClusterScoped(kind); }

  #readNamespaces(): ReadonlyMap<string, Namespace> {
    const found = new Map<string, Namespace>();
    for (const built of this.kind('Namespace')) {
      const name = built.object.metadata.name;
      if (!found.has(name)) found.set(name, { name, built, labels: withName(labelsOf(built.object.metadata.labels), name) });
    }
    const others = [...SYSTEM_NAMESPACES, ...this.view.releases.flatMap((release) => (at(release.declared.object['spec'], 'install', 'createNamespace') === true ? [release.namespace] : []))];
    for (const name of others) if (!found.has(name)) found.set(name, { name, built: undefined, labels: withName({ known: new Map(), open: SYSTEM_NAMESPACES.includes(name) }, name) });
    return found;
  }

  /** Notes who may make things unseen; answers what may make them anywhere. */
  #look(): string | undefined {
    const { tree, releases, unrendered } = this.view;
    let anywhere: string | undefined;
    for (const unit of tree.units) {
      if (unit.hides) anywhere = `Kustomization ${unit.name} cannot be built`;
      else if (unit.folder === undefined) this.#openAll([text(at(unit.declared?.object['spec'], 'targetNamespace')), unit.namespace, ''], `Kustomization ${unit.name} builds from another source`);
    }
    for (const release of unrendered) this.#openAll([release.namespace, release.declared.object.metadata.namespace, ''], `what the chart of HelmRelease ${release.name} makes is not known`, (name) => mayMake(release, name));
    const known = new Set(releases.map(({ declared }) => declared.object));
    for (const { object } of this.kind('helm.toolkit.fluxcd.io/HelmRelease')) if (!known.has(object)) this.#openAll([text(at(object['spec'], 'targetNamespace')), object.metadata.namespace, ''], `what HelmRelease ${object.metadata.name} installs is not known`);
    const seen = new Set(releases.map(({ namespace, name }) => `${namespace}/${name}`));
    for (const release of tree.settings.before) {
      if (!release.crdsOnly && !seen.has(`${release.namespace}/${release.name}`)) this.#openAll([release.namespace, ''], `what release ${release.name} brings before Flux is not known`);
    }
    return anywhere;
  }

  #openAll(namespaces: readonly (string | undefined)[], because: string, may: Unseen['may'] = anything): void {
    for (const namespace of new Set(namespaces)) if (namespace !== undefined) push(this.#unseen, namespace, { because, may });
  }
}

function withName(labels: Labels, name: string): Labels {
  return { known: new Map([...labels.known, ['kubernetes.io/metadata.name', name]]), open: labels.open };
}

/** Whether an operator could make something of this name for an object. */
function couldMake(object: KubeObject, name: string): boolean {
  const brought = broughtBy(object, groupOf(object.apiVersion));
  return brought?.only !== true && (name.startsWith(`${object.metadata.name}-`) || brought?.names?.test(name) === true);
}

/** The namespace a HelmRelease installs into. */
function releaseNamespace(declared: Built): string {
  return text(at(declared.object['spec'], 'targetNamespace')) ?? declared.object.metadata.namespace ?? 'default';
}

/** Kinds whose definition is in the view, by whether they have no namespace. */
function scopesOf(view: View): ReadonlyMap<string, boolean> {
  const found = new Map<string, boolean>();
  const read = (object: unknown): void => {
    const spec = fields(at(object, 'spec'));
    const [group, kind, scope] = [text(spec['group']), text(at(spec, 'names', 'kind')), text(spec['scope'])];
    if (group !== undefined && kind !== undefined && scope !== undefined) found.set(`${group}/${kind}`, scope === 'Cluster');
  };
  for (const { object } of view.all) if (object.kind === 'CustomResourceDefinition') read(object);
  for (const release of view.releases) for (const definition of release.crds) read(definition);
  return found;
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const own = map.get(key);
  if (own === undefined) map.set(key, [value]);
  else own.push(value);
}
