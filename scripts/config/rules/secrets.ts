import { textIn } from '../data.ts';
import { scalars } from '../read.ts';
import { FORMS, isPlace, isReference, readReference, valueAt } from '../reference.ts';
import type { At, Sources, Spot } from '../source.ts';
import type { Rule } from './rule.ts';

/** A reference to one value (`value`), or to the place of several (`place`); nothing else is a secret here. */
export function reference(value: At<string>, kind: keyof typeof FORMS, what: string, { report, sopsKeys }: Pick<Sources, 'report'> & { readonly sopsKeys?: SopsKeys }): void {
  const text = value.value;
  if (!isReference(text)) {
    report(value.spot, 'secret-literal', `${what} is not a reference to a secret`, `secrets are never written here, only where they are: ${FORMS[kind]}`);
    return;
  }
  if (kind === 'value' ? readReference(text) === undefined : !isPlace(text)) {
    report(value.spot, 'secret-reference', `${text} is not a reference of the form ${FORMS[kind]}`, missingPart(text, kind));
    return;
  }
  sopsKeys?.(value, kind);
}

function missingPart(text: string, kind: keyof typeof FORMS): string {
  if (text.startsWith('sops://')) return text.includes('#') || kind === 'place' ? 'the path of a file of this repository, and its keys joined by dots' : 'the key is missing';
  if (text.startsWith('env://')) return 'letters, digits and underscores';
  const [parts, wanted] = [text.replace(/\?.*$/, '').slice('op://'.length).split('/').length, kind === 'value' ? 3 : 2];
  return parts < wanted ? `the ${parts < 2 ? 'item' : 'field'} is missing` : `exactly ${FORMS[kind].split(',')[0] ?? ''}`;
}

type SopsKeys = (value: At<string>, kind: keyof typeof FORMS) => void;

/** A SOPS file keeps its keys readable, so that what will not be found is told before anybody has to decrypt it. */
function sopsKeysOf(sources: Sources): SopsKeys {
  return (value, kind) => {
    const place = readReference(kind === 'value' ? value.value : valueAt(value.value, 'X'));
    if (place?.store !== 'sops') return;
    const data = sources.yaml(place.file, { optional: true })?.[0]?.data;
    if (data === undefined) { sources.report(value.spot, 'secret-file', `there is no ${place.file}`, 'sops encrypt makes it; its path is from the root of the repository'); return; }
    if (textIn(data, 'sops', 'mac') === undefined) { sources.report(value.spot, 'secret-file', `${place.file} is not encrypted by SOPS`, `sops encrypt --in-place ${place.file}, and change every secret that was in Git`); return; }
    const wanted = kind === 'value' ? [place.key] : BUNDLE.map((field) => [...place.key.slice(0, -1), field]);
    const missing = wanted.filter((key) => textIn(data, ...key) === undefined).map((key) => key.join('.'));
    if (missing.length > 0) sources.report(value.spot, 'secret-key', `${place.file} has no ${missing.join(', ')}`, `sops edit ${place.file}`);
  };
}

/** The fields of a cluster's Talos secrets, as scripts/tools/talos-bundle.ts names them. */
const BUNDLE = [
  'CLUSTER_ID', 'CLUSTER_SECRET', 'CLUSTER_TOKEN', 'CLUSTER_SECRETBOXENCRYPTIONSECRET', 'MACHINE_TOKEN', 'CLUSTER_ETCD_CA_CRT', 'CLUSTER_ETCD_CA_KEY', 'CLUSTER_CA_CRT',
  'CLUSTER_CA_KEY', 'CLUSTER_AGGREGATORCA_CRT', 'CLUSTER_AGGREGATORCA_KEY', 'CLUSTER_SERVICEACCOUNT_KEY', 'MACHINE_CA_CRT', 'MACHINE_CA_KEY',
] as const;

/** References have their form; whether they can be read is asked in preflight, not here. */
export const secretReferences: Rule = (site, sources) => {
  const how = { report: sources.report, sopsKeys: sopsKeysOf(sources) };
  for (const { secrets } of site.clusters) if (secrets !== undefined) reference(secrets, 'place', 'secrets', how);
  for (const secret of site.secrets) for (const { key, value } of secret.data ?? []) reference(value, 'value', `${key.value} of ${secret.name?.value ?? 'this Secret'}`, how);
};

/** Two clusters with the same Talos secrets would accept each other's certificates. */
export const secretsApart: Rule = (site, { report }) => {
  const owners = new Map<string, string>();
  for (const { secrets, stem } of site.clusters) {
    if (secrets === undefined) continue;
    const owner = owners.get(secrets.value);
    if (owner !== undefined) report(secrets.spot, 'secrets-shared', `${secrets.value} is already ${owner}'s`, `each cluster has secrets of its own; was ${secrets.value.replace(owner, stem)} meant?`);
    owners.set(secrets.value, owner ?? stem);
  }
  const first = new Set<string>();
  for (const { name, namespace } of site.secrets) {
    if (name === undefined || namespace === undefined) continue;
    const id = `${namespace.value}/${name.value}`;
    if (first.has(id)) report(name.spot, 'secret-twice', `Secret ${id} is given twice`, 'put all its keys into one entry');
    first.add(id);
  }
};

/** What a value that leaked looks like, whatever key it hangs on. */
const LEAKS: readonly { readonly like: RegExp; readonly what: string }[] = [
  { like: /-----BEGIN [A-Z ]*PRIVATE KEY-----/, what: 'a private key' },
  { like: /LS0tLS1CRUdJTi[A-Za-z0-9+/]{20}/, what: 'a key or certificate in base64' },
  { like: /\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{30,}/, what: 'a GitHub token' },
  { like: /\bglpat-[\w-]{20}/, what: 'a GitLab token' },
  { like: /\bAKIA[0-9A-Z]{16}\b/, what: 'an AWS access key' },
  { like: /\bxox[abprs]-[\w-]{10,}/, what: 'a Slack token' },
  { like: /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+/, what: 'a JSON web token' },
  { like: /\bops_eyJ[\w-]{20,}/, what: 'a 1Password service account token' },
  { like: /\bAGE-SECRET-KEY-1[0-9A-Z]{20,}/, what: 'an age key' },
];
const TELLING = /^(token|password|passwd|secret|key|apikey|api[-_]key|api[-_]token|private[-_]?key|client[-_]?secret|bootstraptoken|(aescbc|secretbox)encryptionsecret)$/i;
/** Long, without spaces, with letters and digits mixed, and neither a path, a name with words nor a variable. */
const RANDOM = /^(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9+/=_.-]{20,}$/;

/**
 * A line of a configuration file as it may be shown: what looks like a secret is hidden, and in bootstrap/secrets.yaml
 * every value that is no reference. The picture under a problem must not tell what the problem is about.
 */
export function masked(file: string, line: string): string {
  let shown = line;
  for (const { like } of LEAKS) shown = shown.replaceAll(new RegExp(`(?:${like.source})[^\\s"']*`, 'g'), HIDDEN);
  const [, before = '', key = '', value = ''] = /^(\s*(?:- )?["']?([\w.-]+)["']?:\s+)["']?([^"'#]*)/.exec(shown) ?? [];
  const kept = value.trim();
  if (kept === '' || isReference(kept) || kept === HIDDEN) return shown;
  const secret = file === 'bootstrap/secrets.yaml' ? !['name', 'namespace', 'data'].includes(key) : leak([key], kept) !== undefined || key === 'secrets' && file.startsWith('talos/clusters/');
  return secret ? `${before}${HIDDEN}` : shown;
}

const HIDDEN = '[hidden]';

function leak(path: readonly string[], value: string): string | undefined {
  const found = LEAKS.find(({ like }) => like.test(value));
  if (found !== undefined) return found.what;
  return TELLING.test(path.at(-1) ?? '') && RANDOM.test(value) && !/^[a-z0-9]+([./-][a-z0-9]+)*$/.test(value) ? 'a secret' : undefined;
}

/** No secret is in Git: not by its looks, not as a Secret with data, in no file of the configuration. */
export const noLiterals: Rule = (site, sources) => {
  for (const folder of ['talos', 'bootstrap', 'helmfile.d', 'kubernetes']) {
    // Every value of bootstrap/secrets.yaml is a reference or refused by the rule above.
    for (const file of sources.filesBelow(folder).filter((each) => each !== 'bootstrap/secrets.yaml')) {
      for (const document of sources.yaml(file, { optional: true }) ?? []) {
        for (const scalar of scalars(document)) {
          const what = leak(scalar.path, scalar.value);
          if (what !== undefined) say(scalar.spot, what, scalar.path, sources);
        }
      }
    }
  }
  for (const tree of site.trees) {
    for (const object of tree.objects) {
      if (object.kind !== 'Secret') continue;
      sources.report(object.document.spotAt(['metadata', 'name']), 'secret-in-git', `Secret ${object.name} is in Git`, 'use an ExternalSecret, or bootstrap/secrets.yaml for what must be there before Flux');
    }
  }
};

function say(spot: Spot, what: string, path: readonly string[], sources: Sources): void {
  // Never the value itself: problems are printed and kept.
  sources.report({ ...spot, length: 1 }, 'secret-literal', `${path.at(-1) ?? 'this value'} looks like ${what}`, 'take it out of Git and change it; write where it is kept: op://vault/item/field');
}

/** Bootstrap namespaces that Secrets go to must be made before them. */
export const secretNamespaces: Rule = (site, { report }) => {
  if (site.namespaces.length === 0) return;
  const made = new Set(['kube-system', 'default', ...site.namespaces.flatMap((document) => textIn(document.data, 'metadata', 'name') ?? [])]);
  for (const { namespace, name } of site.secrets) {
    if (namespace !== undefined && !made.has(namespace.value)) report(namespace.spot, 'namespace-missing', `Secret ${name?.value ?? ''} goes to namespace ${namespace.value}, which bootstrap/namespaces.yaml does not make`, `known: ${[...made].join(', ')}`);
  }
};
