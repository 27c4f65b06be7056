import type { Cluster, Site } from '../config/cluster.ts';
import { Failure } from '../engine/failure.ts';
import { valueAt } from '../config/reference.ts';
import type { Redactor, SecretsBundle, Stores } from './doors.ts';
import { BUNDLE_FIELDS, bundleSecrets } from './talos-bundle.ts';

/** Resolved secrets, in memory only; the shape phases know as Secrets. */
export interface ResolvedSecrets {
  bundle(cluster: Cluster): SecretsBundle;
  value(reference: string): string;
}

/** Every reference a run on these clusters needs: the fourteen bundle fields of each, and the bootstrap secrets. */
export function neededReferences(site: Pick<Site, 'bootstrap'>, clusters: readonly Pick<Cluster, 'secrets'>[]): string[] {
  return [...new Set([
    ...clusters.flatMap((cluster) => BUNDLE_FIELDS.map((field) => valueAt(cluster.secrets, field))),
    ...site.bootstrap.secrets.flatMap((secret) => Object.values(secret.data)),
  ])];
}

/**
 * Resolves everything in one go, so that a session that ends later does not matter: one `op inject` for each account, which tells as well when nobody
 * is signed in (asking `op whoami` first was a second prompt for the operator's finger). Every value is known to the redactor before this returns.
 */
export async function resolveSecrets(stores: Pick<Stores, 'resolve'>, site: Site, clusters: readonly Cluster[], redactor: Redactor): Promise<ResolvedSecrets> {
  const values = await stores.resolve(neededReferences(site, clusters));
  const value = (reference: string): string => {
    const found = values.get(reference);
    if (found === undefined) throw new Failure({ exit: 'bug', what: `the secret ${reference} was not asked for at the start`, hint: 'please report this' });
    return found;
  };
  const bundles = new Map(clusters.map((cluster) => {
    const bundle = Object.fromEntries(BUNDLE_FIELDS.map((field) => [field, value(valueAt(cluster.secrets, field))]));
    return [cluster.name, asBundle(bundle)] as const;
  }));
  for (const found of values.values()) redactor.add(found);
  for (const bundle of bundles.values()) for (const secret of bundleSecrets(bundle)) redactor.add(secret);
  return {
    value,
    bundle(cluster) {
      const bundle = bundles.get(cluster.name);
      if (bundle === undefined) throw new Failure({ exit: 'bug', what: `the secrets of ${cluster.name} were not asked for at the start`, hint: 'please report this' });
      return bundle;
    },
  };
}

function asBundle(record: Readonly<Record<string, string>>): SecretsBundle {
  if (isBundle(record)) return record;
  throw new Failure({ exit: 'bug', what: 'a secrets bundle is incomplete', hint: 'please report this' });
}

function isBundle(record: Readonly<Record<string, string>>): record is SecretsBundle {
  return BUNDLE_FIELDS.every((field) => typeof record[field] === 'string');
}
