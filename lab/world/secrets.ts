import { createHash, createHmac, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { BUNDLE_FIELDS, newBundle } from './bundle.ts';
import type { ClusterFile } from './types.ts';
import { isFields } from './value.ts';

/** Data of the secret store: `vault/item` to field to value. */
export type SecretData = Record<string, Record<string, string>>;

export interface SecretStore {
  /** The value, made on first use for what the project refers to. undefined: there is no such item or field. */
  read(vault: string, item: string, field: string): Promise<string | undefined>;
  /** As External Secrets asks: by item alone, in any vault. Made on first use. */
  remote(item: string, field: string): string | undefined;
  /** Fields of an item in any vault that exist by now; undefined when there is no such item. */
  fieldsOf(item: string): readonly string[] | undefined;
  /** Writes a field of an item, as External Secrets does for a PushSecret: kept with the item where there is one, or in a new one. */
  keep(item: string, field: string, value: string): void;
  /** Fields of an item that exist by now. */
  fields(vault: string, item: string): readonly string[];
}

const reference = /^op:\/\/([^/]+)\/([^/]+)\/(?:([^/]+)\/)?([^/]+)$/;

/** Takes an `op://vault/item/[section/]field` reference apart; undefined when it has another form. */
export function parseReference(text: string): { readonly vault: string; readonly item: string; readonly field: string } | undefined {
  const match = reference.exec(text.trim());
  return match?.[1] === undefined || match[2] === undefined || match[4] === undefined ? undefined : { vault: match[1], item: match[2], field: match[4] };
}

/**
 * The `vault/item` a cluster's secrets are found under. Whatever store the project keeps them in, the lab has one of its own, which the program asks
 * as it asks 1Password: the names of files and variables become those of items.
 */
function itemOf(place: string): string {
  const slug = (text: string): string => text.replaceAll(/[^A-Za-z0-9]+/g, '-').replaceAll(/^-|-$/g, '');
  if (place.startsWith('sops://')) return `sops/${slug(place.slice('sops://'.length))}`;
  if (place.startsWith('env://')) return `environment/${slug(place.slice('env://'.length))}`;
  return place.replace(/^op:\/\//, '').replace(/\?.*$/, '').replace(/\/$/, '');
}

/** The same for one value: `vault/item/field`. */
function valueOf(text: string): string | undefined {
  const sops = /^sops:\/\/([^#]+)#(?:(.+)\.)?([^.]+)$/.exec(text);
  if (sops !== null) return `${itemOf(`sops://${sops[1] ?? ''}.${sops[2] ?? ''}`)}/${sops[3] ?? ''}`;
  if (text.startsWith('env://')) return `environment/all/${text.slice('env://'.length)}`;
  const parsed = text.startsWith('op://') ? parseReference(text.replace(/\?.*$/, '')) : undefined;
  return parsed === undefined ? undefined : `${parsed.vault}/${parsed.item}/${parsed.field}`;
}

/**
 * The lab's own secret store. A cluster's bundle is there from the start, as in a vault that was filled before the machines came; a reference of bootstrap/secrets.yaml and a
 * remote key of an ExternalSecret get a value that depends on the world's seed and the name alone, so that it is the same at every reading.
 */
export function secretStore(root: string, clusters: readonly ClusterFile[], data: SecretData, changed: () => void): SecretStore {
  const bundles = new Set(clusters.map((cluster) => itemOf(cluster.secrets)));
  const making = new Map<string, Promise<void>>();
  const seed = (data['lab/seed'] ??= { seed: randomBytes(32).toString('hex') })['seed'] ?? '';

  const put = (key: string, field: string, value: string): string => {
    (data[key] ??= {})[field] = value;
    changed();
    return value;
  };
  const bundle = async (key: string): Promise<void> => {
    if (BUNDLE_FIELDS.every((field) => data[key]?.[field] !== undefined)) return;
    let work = making.get(key);
    if (work === undefined) {
      work = newBundle(2048).then((made) => {
        data[key] = { ...made, ...data[key] };
        changed();
      }).finally(() => making.delete(key));
      making.set(key, work);
    }
    await work;
  };
  // Whoever reads one meets the error, if there is any; until then it is made beside everything else.
  for (const key of bundles) bundle(key).catch(() => undefined);
  return {
    async read(vault, item, field) {
      const key = `${vault}/${item}`;
      if (bundles.has(key)) {
        if (!BUNDLE_FIELDS.some((name) => name === field)) return data[key]?.[field];
        await bundle(key);
        return data[key]?.[field];
      }
      const known = data[key]?.[field];
      if (known !== undefined) return known;
      return bootstrapReferences(root).has(`${key}/${field}`) ? put(key, field, valueFor(seed, item, field)) : undefined;
    },
    remote(item, field) {
      for (const [key, fields] of Object.entries(data)) {
        if (key.endsWith(`/${item}`) && fields[field] !== undefined) return fields[field];
      }
      return put(`External/${item}`, field, valueFor(seed, item, field));
    },
    fieldsOf(item) {
      const found = Object.entries(data).filter(([key]) => key.endsWith(`/${item}`)).flatMap(([, fields]) => Object.keys(fields));
      return found.length === 0 ? undefined : found;
    },
    keep(item, field, value) {
      const key = Object.keys(data).find((each) => each.endsWith(`/${item}`)) ?? `External/${item}`;
      if (data[key]?.[field] !== value) put(key, field, value);
    },
    fields: (vault, item) => Object.keys(data[`${vault}/${item}`] ?? {}),
  };
}

/** A value that looks like what its name promises; nothing of it is real. */
function valueFor(seed: string, item: string, field: string): string {
  const digest = createHmac('sha256', seed).update(`${item}/${field}`);
  if (/user(name)?$/i.test(field)) return `${item.replace(/[^a-z0-9]+/gi, '_').toLowerCase()}_user`;
  if (/credentials.*json|\.json$/i.test(field)) return JSON.stringify({ verifier: { salt: digest.digest('base64') }, uniqueKey: { alg: 'A256GCM', kid: createHash('sha256').update(item).digest('hex').slice(0, 12) } });
  return digest.digest('base64url');
}

/** `vault/item/field` of every reference in bootstrap/secrets.yaml, read anew: the file is edited while the lab runs. */
function bootstrapReferences(root: string): ReadonlySet<string> {
  const file = join(root, 'bootstrap', 'secrets.yaml');
  const found = new Set<string>();
  if (!existsSync(file)) return found;
  const visit = (value: unknown): void => {
    if (typeof value === 'string') {
      const place = valueOf(value);
      if (place !== undefined) found.add(place);
    } else if (Array.isArray(value)) value.forEach(visit);
    else if (isFields(value)) Object.values(value).forEach(visit);
  };
  visit(load(readFileSync(file, 'utf8')));
  return found;
}
