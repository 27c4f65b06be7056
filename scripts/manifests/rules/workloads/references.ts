import { meant } from '../../../config/words.ts';
import type { Built, Found, Rule, View } from '../../model.types.ts';
import { said } from '../../index/charts.ts';
import { indexOf, type Index } from '../../index/index.ts';
import { referencesIn, referencesOf, type Reference } from '../../index/references.ts';
import { holdersOf } from '../../index/secrets.ts';
import { text } from '../../index/read.ts';

type Finding = Omit<Found, 'rule'>;

const REFERENCES = new WeakMap<Index, readonly Reference[]>();

/** Every name of a Secret or ConfigMap in the view that must be somebody's. */
function references(index: Index): readonly Reference[] {
  let found = REFERENCES.get(index);
  if (found === undefined) {
    found = [...index.pods.flatMap(referencesOf), ...index.view.all.flatMap((built) => referencesIn(built, index))].filter(({ optional, built, name }) => !optional && isAsked(index, built, name));
    REFERENCES.set(index, found);
  }
  return found;
}

/**
 * Whether somebody asked for this name: what a chart calls by a name of its own it makes itself, now or while it runs; what stands in
 * the release's values is for whoever wrote them to make.
 */
export function isAsked({ view }: Index, built: Built, name: string): boolean {
  if (built.release === undefined) return true;
  const release = view.releases.find(({ declared }) => declared === built.release);
  return release !== undefined && said(release).has(name);
}

export const configReference: Rule = {
  id: 'config-reference',
  severity: 'error',
  summary: 'Secrets and ConfigMaps that are named exist: in the tree, or made by something in it.',
  why: 'The pod stays in CreateContainerConfigError or ContainerCreating until somebody makes it.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    const holders = holdersOf(index);
    for (const { built, kind, namespace, name, path, who } of references(index)) {
      if (holders.exists(kind, namespace, name) !== false) continue;
      yield {
        built, path, message: `nobody makes ${kind} ${namespace}/${name}, which ${who} needs`,
        hint: meant(name, holders.names(kind, namespace), kind === 'Secret' ? `add an ExternalSecret or a Secret that makes it in ${namespace}` : `add it in ${namespace}`),
      };
    }
  },
};

export const configKey: Rule = {
  id: 'config-key',
  severity: 'error',
  summary: 'Keys that are named are in the Secret or ConfigMap.',
  why: 'The container never starts, or finds an empty folder where its file should be.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    const holders = holdersOf(index);
    for (const { built, kind, namespace, name, keys, who } of references(index)) {
      const there = keys.length === 0 ? undefined : holders.keys(kind, namespace, name);
      if (there === undefined) continue;
      const [maker] = holders.makers(kind, namespace, name);
      for (const { key, path } of keys) {
        // A path into a folder begins with the key.
        if (there.has(key) || there.has(key.split('/')[0] ?? key)) continue;
        yield {
          built, path, message: `${kind} ${namespace}/${name} has no key ${key}, which ${who} needs`, hint: meant(key, there, `it has ${[...there].toSorted().join(', ')}`),
          ...(maker === undefined ? {} : { related: [{ what: `made by ${maker.by.object.kind} ${maker.by.object.metadata.name}`, source: maker.by.origin.source }] }),
        };
      }
    }
  },
};

export const serviceAccount: Rule = {
  id: 'service-account',
  severity: 'error',
  summary: 'ServiceAccounts that pods run as exist.',
  why: 'No pod is made without it: the workload stays at zero, and only its events say why.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    for (const pods of index.pods) {
      if (pods.path === undefined) continue;
      for (const field of ['serviceAccountName', 'serviceAccount']) {
        const name = text(pods.spec[field]);
        if (name === undefined || name === '' || !isAsked(index, pods.built, name) || accountExists(index, pods.namespace, name) !== false) continue;
        yield { built: pods.built, path: [...pods.path, 'spec', field], message: `nobody makes ServiceAccount ${pods.namespace}/${name}`, hint: meant(name, index.names('ServiceAccount', pods.namespace), `add it in ${pods.namespace}, or take serviceAccountName out`) };
        break;
      }
    }
  },
};

/** Kubernetes makes `default` everywhere, and its controllers' own in kube-system. */
export function accountExists(index: Index, namespace: string, name: string): boolean | undefined {
  if (name === 'default') return true;
  const found = index.exists('ServiceAccount', namespace, name);
  return found === false && namespace === 'kube-system' ? undefined : found;
}
