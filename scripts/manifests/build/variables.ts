import type { KubeObject } from '../../config/cluster.ts';
import { nearest } from '../../config/words.ts';
import type { Built, Found, Settings, Source, Variable } from '../model.types.ts';
import { get, isPlain, list, plain, text } from './data.ts';
import { writtenBy } from './place.ts';
import { isUnknown } from './unknown.ts';

/** ConfigMaps and Secrets of a tree, and what else is known to make some: where variables come from. */
export class Sources {
  readonly #known = new Map<string, { readonly object: KubeObject; readonly from: (path: readonly string[]) => Source | 'given' }>();
  /** Made by a unit that is broken: what they hold is not all there is. */
  readonly #partial = new Set<string>();
  /** Secrets that an object of the tree has made in the cluster. */
  readonly #made = new Map<string, ReadonlySet<string> | 'open'>();

  constructor(settings: Settings) {
    for (const { object, source } of settings.given) {
      if (isSource(object)) this.#known.set(idOf(object), { object, from: (path) => ({ ...source, at: [...source.at, ...path] }) });
    }
  }

  add(built: Built): void {
    const { object } = built;
    if (isSource(object)) {
      this.#known.set(idOf(object), { object, from: (path) => writtenBy(built.origin, path).source });
      if (built.unit.broken && built.origin.edits.some(({ by }) => by === 'generator')) this.#partial.add(idOf(object));
    }
    if (object.kind === 'SealedSecret') this.#made.set(keyOf('Secret', object.metadata.namespace, object.metadata.name), new Set(Object.keys(plain(get(object, 'spec', 'encryptedData')))));
    if (object.kind === 'ExternalSecret') {
      const named = list(get(object, 'spec', 'data')).map((each) => text(get(each, 'secretKey'))).filter((each) => each !== undefined);
      const template = get(object, 'spec', 'target', 'template', 'data');
      const open = list(get(object, 'spec', 'dataFrom')).length > 0 || get(object, 'spec', 'target', 'template', 'templateFrom') !== undefined;
      this.#made.set(keyOf('Secret', object.metadata.namespace, text(get(object, 'spec', 'target', 'name')) ?? object.metadata.name), open ? 'open' : new Set(isPlain(template) ? Object.keys(template) : named));
    }
  }

  has(kind: string, namespace: string, name: string): boolean {
    return this.#find(kind, namespace, name) !== undefined || this.#made.has(keyOf(kind, namespace, name));
  }

  #find(kind: string, namespace: string, name: string): { readonly object: KubeObject; readonly from: (path: readonly string[]) => Source | 'given' } | undefined {
    return this.#known.get(keyOf(kind, namespace, name)) ?? this.#known.get(keyOf(kind, undefined, name));
  }

  /** Names of one kind that are known in a namespace, for "did you mean". */
  near(kind: string, namespace: string, name: string): string | undefined {
    const start = `${kind}/${namespace}/`;
    return nearest(name, [...this.#known.keys(), ...this.#made.keys()].filter((key) => key.startsWith(start)).map((key) => key.slice(start.length)));
  }

  /** Whether what is known of a source may not be all. */
  isPartial(kind: string, namespace: string, name: string): boolean {
    return this.#partial.has(keyOf(kind, namespace, name)) || this.#partial.has(keyOf(kind, undefined, name));
  }

  /** What one source holds; undefined when nobody knows it, 'open' when only the cluster knows which names it has. */
  variables(kind: string, namespace: string, name: string): readonly Variable[] | 'open' | undefined {
    const found = this.#find(kind, namespace, name);
    if (found === undefined) {
      const made = this.#made.get(keyOf(kind, namespace, name));
      return made === undefined || made === 'open' ? made : [...made].map((each) => ({ name: each, value: undefined, from: 'given' }));
    }
    const known = this.#held.get(found);
    if (known !== undefined) return known;
    const { object, from } = found;
    const encrypted = isPlain(object['sops']);
    const value = (each: unknown, encoded: boolean): string | undefined => {
      if (each === null || each === undefined) return '';
      const written = String(each);
      if (written.startsWith('ENC[') || isUnknown(written) || (encrypted && encoded)) return undefined;
      return flat(encoded ? Buffer.from(written, 'base64').toString('utf8') : written);
    };
    const all = (field: string, encoded: boolean): Variable[] => Object.entries(plain(object[field])).map(([key, each]) => ({ name: key, value: value(each, encoded), from: from([field, key]) }));
    const held = kind === 'Secret' ? [...all('data', true), ...all('stringData', false)] : all('data', false);
    this.#held.set(found, held);
    return held;
  }
  /** What a source holds is the same for every Kustomization that asks it. */
  readonly #held = new WeakMap<object, readonly Variable[]>();
}

const keyOf = (kind: string, namespace: string | undefined, name: string): string => `${kind}/${namespace ?? ''}/${name}`;
const idOf = (object: KubeObject): string => keyOf(object.kind, object.metadata.namespace, object.metadata.name);
const isSource = ({ apiVersion, kind }: KubeObject): boolean => apiVersion === 'v1' && (kind === 'ConfigMap' || kind === 'Secret');

/** Flux takes line breaks out of values. */
export function flat(value: string): string {
  return value.replaceAll('\n', '');
}

/** What a Flux Kustomization asks its variables of. */
export interface Asked { readonly kind: string; readonly name: string; readonly optional: boolean; readonly index: number }
export function askedBy(declared: KubeObject): readonly Asked[] {
  return list(get(declared, 'spec', 'postBuild', 'substituteFrom')).flatMap((each, index) => {
    const kind = text(get(each, 'kind'));
    const name = text(get(each, 'name'));
    return kind === undefined || name === undefined ? [] : [{ kind, name, optional: get(each, 'optional') === true, index }];
  });
}

export interface Variables {
  readonly known: ReadonlyMap<string, Variable>;
  /** There may be more, which only the cluster knows: `missing` when a source of them may not be there at all. */
  readonly open: 'no' | 'open' | 'missing';
  readonly found: readonly Found[];
  readonly broken: boolean;
}

const NAME = /^[_\p{L}][_\p{L}\d]*$/u;

/** The variables of a Flux Kustomization, later sources and the inline ones over earlier. */
export function variablesOf(built: Built, namespace: string, sources: Sources, closed: boolean): Variables {
  const known = new Map<string, Variable>();
  const found: Found[] = [];
  let open: Variables['open'] = 'no';
  let broken = false;
  for (const { kind, name, optional, index } of askedBy(built.object)) {
    const some = sources.variables(kind, namespace, name);
    if (some === 'open') open = open === 'missing' ? open : 'open';
    else if (some !== undefined) {
      for (const variable of some) known.set(variable.name, variable);
      if (sources.isPartial(kind, namespace, name)) open = 'open';
    }
    else {
      open = optional ? 'missing' : 'open';
      if (optional) continue;
      const near = sources.near(kind, namespace, name);
      const certain = near !== undefined || closed;
      found.push({
        rule: 'substitute-from-missing', ...(certain ? {} : { unknown: true as const }), built, path: ['spec', 'postBuild', 'substituteFrom', index, 'name'],
        message: `there is no ${kind} ${namespace}/${name} in the tree to take variables from`,
        hint: near === undefined ? 'add it, set optional: true, or name the file that makes it under given in .manifests.yaml' : `did you mean ${near}?`,
      });
    }
  }
  for (const [name, value] of Object.entries(plain(get(built.object, 'spec', 'postBuild', 'substitute')))) {
    known.set(name, { name, value: flat(String(value)), from: writtenBy(built.origin, ['spec', 'postBuild', 'substitute', name]).source });
  }
  for (const variable of known.values()) {
    if (NAME.test(variable.name)) continue;
    broken = true;
    const where = variable.from === 'given' ? { built, path: ['spec', 'postBuild'], key: true as const } : { source: variable.from };
    found.push({ rule: 'variable-name', ...where, message: `${JSON.stringify(variable.name)} cannot be the name of a variable, and Flux refuses all of them for it`, hint: 'letters, digits and _ only, no digit first; keep other keys in another ConfigMap' });
  }
  return { known, open, found, broken };
}
