import { meant, nearest } from '../../../config/words.ts';
import { indexOf } from '../../index/index.ts';
import { SYSTEM_NAMESPACES } from '../../index/kinds.ts';
import { text } from '../../index/read.ts';
import type { Built, Rule, View } from '../../model.types.ts';
import { applied, early, Users, type Maker, type Need } from './early.ts';
import { called, isAsleep, isRemote, isSuspended, partsOf, spec } from './parts.ts';

interface Namespaces {
  /** There before Flux applies anything. */
  readonly before: ReadonlySet<string>;
  readonly makers: ReadonlyMap<string, readonly Maker[]>;
  readonly users: Users;
  /** Where each is used first, and how often. */
  readonly uses: ReadonlyMap<string, { readonly built: Built; readonly path: readonly string[]; count: number }>;
}

const known = new WeakMap<View, Namespaces>();

function namespacesOf(view: View): Namespaces {
  const before = known.get(view);
  if (before !== undefined) return before;
  const found = read(view);
  known.set(view, found);
  return found;
}

function read(view: View): Namespaces {
  const { tree, releases } = view;
  const index = indexOf(view);
  const makers = new Map<string, Maker[]>();
  const make = (name: string | undefined, maker: Maker): void => {
    if (name === undefined) return;
    const all = makers.get(name);
    if (all === undefined) makers.set(name, [maker]);
    else all.push(maker);
  };
  const users = new Users();
  const uses = new Map<string, { readonly built: Built; readonly path: readonly string[]; count: number }>();
  const use = (name: string | undefined, built: Built, path: readonly string[], release?: Built): void => {
    if (name === undefined || name === '') return;
    const before = uses.get(name);
    if (before === undefined) uses.set(name, { built, path, count: 1 });
    else before.count += 1;
    users.add(name, built, release);
  };
  for (const built of applied(view)) {
    const { object } = built;
    if (object.kind === 'Namespace' && object.apiVersion === 'v1') make(text(object.metadata.name), built.release === undefined ? { built, by: 'unit' } : { built: built.release, by: 'release' });
    else use(text(index.namespaceOf(built)), built, ['metadata', 'namespace'], built.release);
  }
  for (const { declared, namespace } of releases) {
    if (isRemote(declared.unit) || isAsleep(declared.unit) || isSuspended(declared)) continue;
    if (spec(declared, 'install', 'createNamespace') === true) make(text(namespace), { built: declared, by: 'release' });
    else if (spec(declared, 'targetNamespace') !== undefined) use(text(namespace), declared, ['spec', 'targetNamespace'], declared);
    if (spec(declared, 'storageNamespace') !== undefined) use(text(spec(declared, 'storageNamespace')), declared, ['spec', 'storageNamespace'], declared);
  }
  const there = new Set([
    ...SYSTEM_NAMESPACES, ...tree.settings.before.map(({ namespace }) => namespace), ...tree.units.filter(({ parent }) => parent === undefined).map(({ namespace }) => namespace),
    ...tree.settings.given.flatMap(({ object }) => (object.kind === 'Namespace' ? [object.metadata.name] : [])),
  ]);
  return { before: there, makers, users, uses };
}

const missing: Rule = {
  id: 'namespace-missing', severity: 'error',
  summary: 'Every namespace that is used is made by somebody',
  why: 'Nothing can be put into a namespace that does not exist; the whole Kustomization fails, with everything beside it',
  *check(view) {
    const { seen } = partsOf(view);
    if (seen === 'hidden') return;
    const { before, makers, uses } = namespacesOf(view);
    const unseen = indexOf(view).unseen('');
    for (const [name, { built, path, count }] of uses) {
      if (before.has(name) || makers.has(name)) continue;
      const candidates = [...before, ...makers.keys()];
      const near = nearest(name, candidates);
      if (near === undefined && seen === 'partly') continue;
      const more = count > 1 ? ` and ${count - 1} more` : '';
      const place = built.release !== undefined && built.object.metadata.namespace === undefined ? { built: built.release, path: ['metadata', 'namespace'] } : { built, path };
      if (near === undefined && unseen !== undefined) {
        yield { ...place, unknown: true, message: `nobody seen here makes namespace ${name}, where ${called(built.object)}${more} ${count > 1 ? 'go' : 'goes'}, and ${unseen}`, hint: 'make it in the tree, or say in .manifests.yaml (given) what makes it before Flux' };
      } else {
        yield { ...place, message: `nobody makes namespace ${name}, where ${called(built.object)}${more} ${count > 1 ? 'go' : 'goes'}`, hint: meant(name, candidates, 'add a Namespace to the tree, or say in .manifests.yaml (given) what makes it before Flux') };
      }
    }
  },
};

function needs(view: View): readonly Need[] {
  const { before, makers, users } = namespacesOf(view);
  return [...users.keys()].flatMap((name) => {
    const made = makers.get(name);
    return before.has(name) || made === undefined ? [] : [{ what: `namespace ${name}`, makers: made, users: users.of(name) }];
  });
}

const never: Rule = {
  id: 'namespace-too-late', severity: 'error',
  summary: 'No namespace is made only after what goes into it',
  why: 'A Kustomization is applied all or nothing: while the namespace is not there nothing of it is applied, and if the namespace comes with or after it, that stays so for ever',
  check: (view) => early(view, needs(view), 'never', { makes: 'makes' }),
};

const unordered: Rule = {
  id: 'namespace-unordered', severity: 'warning',
  summary: 'What goes into a namespace comes after what makes the namespace',
  why: 'It is left to chance which is first: in a new cluster the Kustomization fails with "namespace not found" and is tried again later, and what waits for it fails with it',
  check: (view) => early(view, needs(view), 'unordered', { makes: 'makes' }),
};

export const NAMESPACES: readonly Rule[] = [missing, never, unordered];
