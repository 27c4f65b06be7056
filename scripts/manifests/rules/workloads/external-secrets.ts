import type { Path } from '../../../config/source.ts';
import { listed, meant } from '../../../config/words.ts';
import type { Built, Found, Rule, View } from '../../model.types.ts';
import { readGoTemplate } from '../../index/go-template.ts';
import { indexOf, type Index } from '../../index/index.ts';
import { itemsOf, type Items } from '../../index/items.ts';
import { at, entries, fields, isHole, isUnknown, items, text, type Fields } from '../../index/read.ts';
import { fetchedKeys, holdersOf } from '../../index/secrets.ts';
import { any, selects } from '../../index/selectors.ts';

type Finding = Omit<Found, 'rule'>;
const GROUP = 'external-secrets.io';

/** An ExternalSecret's spec, wherever it stands. */
interface External { readonly built: Built; readonly spec: Fields; readonly path: Path; /** Undefined for one of many namespaces. */ readonly namespace: string | undefined }

function externals(index: Index): readonly External[] {
  return [
    ...index.kind(`${GROUP}/ExternalSecret`).map((built): External => ({ built, spec: fields(built.object['spec']), path: ['spec'], namespace: index.namespaceOf(built) })),
    ...index.kind(`${GROUP}/ClusterExternalSecret`).map((built): External => ({ built, spec: fields(at(built.object['spec'], 'externalSecretSpec')), path: ['spec', 'externalSecretSpec'], namespace: undefined })),
  ];
}

interface StoreRef { readonly ref: Fields; readonly path: Path }
function stores({ spec, path }: External): readonly StoreRef[] {
  const of = (part: unknown, where: Path): readonly StoreRef[] => (part === undefined ? [] : [{ ref: fields(part), path: where }]);
  return [
    ...of(spec['secretStoreRef'], [...path, 'secretStoreRef']),
    ...(['data', 'dataFrom'] as const).flatMap((list) => entries(spec[list]).flatMap(({ entry, index }) => of(at(entry, 'sourceRef', 'storeRef'), [...path, list, index, 'sourceRef', 'storeRef']))),
  ];
}

export const secretStore: Rule = {
  id: 'secret-store',
  severity: 'error',
  summary: 'Secret stores that are named exist, and may be used from there.',
  why: 'The Secret is never made, and what needs it never starts.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    const pushes = index.kind(`${GROUP}/PushSecret`).map((built) => ({ built, namespace: index.namespaceOf(built), refs: entries(at(built.object['spec'], 'secretStoreRefs')).map(({ entry, index: position }): StoreRef => ({ ref: entry, path: ['spec', 'secretStoreRefs', position] })) }));
    for (const { built, namespace, refs } of [...externals(index).map((external) => ({ built: external.built, namespace: external.namespace, refs: stores(external) })), ...pushes]) {
      for (const { ref, path } of refs) {
        const name = text(ref['name']);
        if (name === undefined || isHole(ref['kind'])) continue;
        const cluster = ref['kind'] === 'ClusterSecretStore';
        if (!cluster && namespace === undefined) continue;
        const kind = cluster ? `${GROUP}/ClusterSecretStore` : `${GROUP}/SecretStore`;
        const where = cluster ? '' : namespace ?? '';
        const store = index.find(kind, where, name);
        if (store === undefined) {
          if (index.exists(kind, where, name) !== false) continue;
          const other = !cluster && index.find(`${GROUP}/ClusterSecretStore`, '', name) !== undefined;
          yield { built, path: [...path, 'name'], message: `nobody makes ${cluster ? 'ClusterSecretStore' : 'SecretStore'} ${where === '' ? '' : `${where}/`}${name}`, hint: other ? 'there is a ClusterSecretStore of that name: add kind: ClusterSecretStore' : meant(name, index.names(kind, where), 'name one that exists') };
        } else if (namespace !== undefined && cluster && refuses(index, store, namespace)) {
          yield { built, path: [...path, 'name'], message: `ClusterSecretStore ${name} may not be used from namespace ${namespace}`, hint: `add ${namespace} to its conditions`, related: [{ what: 'its conditions', source: { ...store.origin.source, at: [...store.origin.source.at, 'spec', 'conditions'] } }] };
        }
      }
    }
  },
};

/** Conditions of a store, one of which must hold for the namespace. */
function refuses(index: Index, store: Built, namespace: string): boolean {
  const conditions = entries(at(store.object['spec'], 'conditions'));
  const labels = index.namespaces.get(namespace)?.labels;
  if (conditions.length === 0 || labels === undefined) return false;
  return any(conditions.map(({ entry }) => {
    if (isUnknown(entry) || entry['namespaceRegexes'] !== undefined) return undefined;
    if (items(entry['namespaces']).includes(namespace)) return true;
    return entry['namespaceSelector'] === undefined ? false : selects(entry['namespaceSelector'], labels);
  })) === false;
}

export const secretItem: Rule = {
  id: 'secret-item',
  severity: 'error',
  summary: 'Items and fields that are fetched are in the list of what the provider holds.',
  why: 'The Secret is never made (SecretSyncedError), and what needs it never starts.',
  * check(view: View): Iterable<Finding> {
    const list = itemsOf(view.tree);
    if (list === undefined) return;
    const index = indexOf(view);
    for (const external of externals(index)) {
      if (!asksProvider(index, external)) continue;
      for (const { entry, index: position } of entries(external.spec['data'])) yield* asked(list, external.built, entry['remoteRef'], [...external.path, 'data', position, 'remoteRef'], ['key', 'property']);
      for (const { entry, index: position } of entries(external.spec['dataFrom'])) {
        yield* asked(list, external.built, entry['extract'], [...external.path, 'dataFrom', position, 'extract'], ['key', 'property']);
        yield* asked(list, external.built, entry['find'], [...external.path, 'dataFrom', position, 'find'], ['path', '']);
      }
    }
    for (const built of index.kind(`${GROUP}/PushSecret`)) {
      for (const { entry, index: position } of entries(at(built.object['spec'], 'data'))) yield* asked(list, built, at(entry, 'match', 'remoteRef'), ['spec', 'data', position, 'match', 'remoteRef'], ['remoteKey', 'property']);
    }
  },
};

function* asked(list: Items, built: Built, ref: unknown, path: Path, [keyName, propertyName]: readonly [string, string]): Iterable<Finding> {
  const [key, property] = [text(at(ref, keyName)), propertyName === '' ? undefined : text(at(ref, propertyName))];
  if (key === undefined) return;
  const there = list.fields(key);
  if (there === undefined) yield { built, path: [...path, keyName], message: `${list.file} lists no item ${key}`, hint: meant(key, list.names.map((name) => name.split(' / ').at(-1) ?? name), 'make the item, and add it to the list') };
  else if (property !== undefined && !there.has(property) && !there.has('')) yield { built, path: [...path, propertyName], message: `${list.file} lists no field ${property} of item ${key}`, hint: meant(property, there, `it has ${listed([...there])}`) };
}

/** Whether an ExternalSecret fetches from the provider the list is of, not from the cluster itself or a generator. */
function asksProvider(index: Index, external: External): boolean {
  return stores(external).every(({ ref }) => {
    const name = text(ref['name']) ?? '';
    const store = ref['kind'] === 'ClusterSecretStore' ? index.find(`${GROUP}/ClusterSecretStore`, '', name) : index.find(`${GROUP}/SecretStore`, external.namespace ?? '', name);
    return !['kubernetes', 'fake', 'webhook'].some((provider) => at(store?.object['spec'], 'provider', provider) !== undefined);
  });
}

export const secretTwice: Rule = {
  id: 'secret-twice',
  severity: 'error',
  summary: 'Every Secret has one maker.',
  why: 'Two makers overwrite each other, or the second refuses to touch what is not its own.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    for (const [key, makers] of holdersOf(index).all) {
      const owners = makers.filter(({ by, merges }) => !merges && !handsOver(by));
      const [first, ...others] = owners;
      if (first === undefined) continue;
      for (const { by } of others) {
        if (!['ExternalSecret', 'Certificate', 'SealedSecret'].includes(by.object.kind) && !['ExternalSecret', 'Certificate', 'SealedSecret'].includes(first.by.object.kind)) continue;
        const [told, other] = by.object.kind === 'Secret' ? [first.by, by] : [by, first.by];
        yield {
          built: told, path: targetOf(told), message: `${key} is made by ${other.object.kind} ${other.object.metadata.name} as well`, hint: 'let one of them make it, or give them two names',
          related: [{ what: 'the other one', source: other.origin.source }],
        };
      }
    }
  },
};

/** Made once, or only looked after: what somebody else does with it later is not undone. */
function handsOver({ object }: Built): boolean {
  return at(object['spec'], 'target', 'creationPolicy') === 'Orphan' || at(object['spec'], 'refreshPolicy') === 'CreatedOnce';
}

function targetOf({ object }: Built): Path {
  if (object.kind === 'Certificate') return ['spec', 'secretName'];
  return text(at(object['spec'], 'target', 'name')) === undefined ? ['metadata', 'name'] : ['spec', 'target', 'name'];
}

export const secretMerge: Rule = {
  id: 'secret-merge',
  severity: 'error',
  summary: 'A Secret that is only added to is made by somebody.',
  why: 'The ExternalSecret waits for it for ever, and so does what needs it.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    const holders = holdersOf(index);
    for (const { built, spec, path, namespace } of externals(index)) {
      const name = text(at(spec, 'target', 'name')) ?? built.object.metadata.name;
      if (at(spec, 'target', 'creationPolicy') !== 'Merge' || namespace === undefined || holders.exists('Secret', namespace, name) !== false) continue;
      yield { built, path: [...path, 'target', 'creationPolicy'], message: `nobody makes Secret ${namespace}/${name}, to which this only adds (Merge)`, hint: meant(name, holders.names('Secret', namespace).filter((each) => each !== name), 'use creationPolicy: Owner to make it') };
    }
  },
};

export const secretTemplate: Rule = {
  id: 'secret-template',
  severity: 'error',
  summary: 'Templates of Secrets can be read, and use only what is fetched.',
  why: 'The Secret is never made, or is made with "<no value>" in it.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    for (const { built, spec, path } of externals(index)) {
      const keys = entries(spec['data']).map(({ entry, index: position }) => ({ key: text(entry['secretKey']), where: [...path, 'data', position, 'secretKey'] }));
      for (const [position, { key, where }] of keys.entries()) if (key !== undefined && keys.findIndex((each) => each.key === key) < position) yield { built, path: where, message: `${key} is fetched twice`, hint: 'take one of them out' };
      const there = fetched(view, index, { built, spec, path, namespace: undefined });
      for (const part of ['data', 'metadata'] as const) {
        for (const { value, where } of texts(at(spec, 'target', 'template', part), [...path, 'target', 'template', part])) {
          if (isHole(value)) continue;
          const { trouble, names } = readGoTemplate(value);
          if (trouble !== undefined) yield { built, path: where, message: `this template cannot be read: ${trouble}`, hint: 'mend it; every {{ if }}, {{ range }} and {{ with }} needs an {{ end }}' };
          else if (there !== undefined && at(spec, 'target', 'template', 'engineVersion') !== 'v1') for (const name of names.filter((each) => !there.has(each))) yield { built, path: where, needle: `.${name}`, message: `the template uses .${name}, which is not fetched`, hint: meant(name, there, `fetched are ${listed([...there])}`) };
        }
      }
    }
  },
};

/** What a template can use; undefined when only the provider knows. */
function fetched(view: View, index: Index, external: External): ReadonlySet<string> | undefined {
  const own = fetchedKeys(external.spec);
  if (own !== undefined) return own;
  const list = itemsOf(view.tree);
  if (list === undefined || !asksProvider(index, external)) return undefined;
  const found = new Set(entries(external.spec['data']).flatMap(({ entry }) => text(entry['secretKey']) ?? []));
  for (const { entry } of entries(external.spec['dataFrom'])) {
    const key = text(at(entry, 'extract', 'key'));
    const there = key === undefined || at(entry, 'extract', 'property') !== undefined || entry['rewrite'] !== undefined ? undefined : list.fields(key);
    if (there === undefined || there.has('') || [...there].some((field) => field.includes(' '))) return undefined;
    for (const field of there) found.add(field);
  }
  return found;
}

function texts(value: unknown, where: Path): readonly { readonly value: string; readonly where: Path }[] {
  if (typeof value === 'string') return [{ value, where }];
  return Object.entries(fields(value)).flatMap(([key, each]) => texts(each, [...where, key]));
}
