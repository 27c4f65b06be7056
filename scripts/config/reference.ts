/** Where a secret is kept, as the configuration writes it; never the secret itself. Pure. */

export type SecretPlace =
  /** `op://vault/item[/section]/field[?account=NAME]`: 1Password; the account where more than one is signed in. */
  | { readonly store: '1password'; readonly reference: string; readonly account: string | undefined }
  /** `sops://FILE#KEY.KEY`: a file of the repository that SOPS encrypted, and where in it. */
  | { readonly store: 'sops'; readonly file: string; readonly key: readonly string[] }
  /** `env://NAME`: a variable of the environment, or of .env. */
  | { readonly store: 'environment'; readonly name: string };

/** Forms of a reference to one value, and of a place that holds several (a cluster's fourteen). */
export const FORMS = {
  value: 'op://vault/item/field, sops://file#key or env://NAME',
  place: 'op://vault/item, sops://file or env://PREFIX',
} as const;

const SCHEMES = ['op://', 'sops://', 'env://'];

/** Whether a text says where something is kept, well or badly. */
export function isReference(text: string): boolean {
  return SCHEMES.some((scheme) => text.startsWith(scheme));
}

/** Takes a reference to one value apart; undefined when it has none of the forms. */
export function readReference(text: string): SecretPlace | undefined {
  const op = /^op:\/\/([^/{}$?\s#][^/{}$?\n#]*(?:\/[^/{}$?\n#]+){2,3})(?:\?account=([\w.@-]+))?$/.exec(text);
  if (op !== null) return { store: '1password', reference: `op://${op[1] ?? ''}`, account: op[2] };
  const sops = /^sops:\/\/([\w][\w./-]*)#([\w-]+(?:\.[\w-]+)*)$/.exec(text);
  if (sops !== null) return isInside(sops[1] ?? '') ? { store: 'sops', file: sops[1] ?? '', key: (sops[2] ?? '').split('.') } : undefined;
  const env = /^env:\/\/([A-Za-z_]\w*)$/.exec(text);
  return env === null ? undefined : { store: 'environment', name: env[1] ?? '' };
}

/** Whether a text names a place that holds several values: an item, a file (or a part of it), the beginning of variables' names. */
export function isPlace(text: string): boolean {
  return readReference(valueAt(text, 'X')) !== undefined && (text.startsWith('op://') ? /^op:\/\/[^/]+\/[^/]+$/.test(text.replace(/\?account=.*$/, '')) : !text.endsWith('#') && text !== 'env://');
}

/** The reference of one value of a place. */
export function valueAt(place: string, field: string): string {
  if (place.startsWith('sops://')) return place.includes('#') ? `${place}.${field}` : `${place}#${field}`;
  if (place.startsWith('env://')) return `${place}_${field}`;
  const [item = '', ...query] = place.split('?');
  return `${item}/${field}${query.length === 0 ? '' : `?${query.join('?')}`}`;
}

function isInside(file: string): boolean {
  return !file.split('/').some((part) => part === '..' || part === '');
}

/**
 * How the lab's own store is asked for what a reference names: it has one store, which is asked as 1Password is, and no real secret is ever read for it.
 * The same in lab/world/secrets.ts, which imports nothing of ours.
 */
export function labReference(reference: string, fields: readonly string[]): string {
  const place = readReference(reference);
  if (place === undefined) return reference;
  if (place.store === '1password') return place.reference;
  if (place.store === 'sops') return `op://sops/${slug([place.file, ...place.key.slice(0, -1)].join('.'))}/${place.key.at(-1) ?? ''}`;
  // A name could be cut anywhere; only a cluster's fields tell where.
  const field = fields.find((each) => place.name.endsWith(`_${each}`));
  return field === undefined ? `op://environment/all/${place.name}` : `op://environment/${slug(place.name.slice(0, -field.length - 1))}/${field}`;
}

function slug(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9]+/g, '-').replaceAll(/^-|-$/g, '');
}
