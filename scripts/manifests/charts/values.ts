import type { Built, Found, Source } from '../model.types.ts';
import { isUnknown, readable, unknownOf } from '../build/unknown.ts';
import { readYaml, type YamlRead } from '../build/yaml.ts';
import { get, isPlain, list, plain, text, type Values } from '../build/data.ts';
import type { Known, Lookup } from './lookup.ts';
import { mergeLayers, type Layer } from './merge.ts';
import { StrvalsError } from './strvals.ts';

/** Where a source of values is written. */
export interface ValuesSource {
  /** Its place in spec.valuesFrom. */
  readonly index: number;
  readonly known: Known;
  readonly key: string;
  readonly targetPath: string | undefined;
  readonly values: Readonly<Values>;
  /** What is put at a target path. */
  readonly text: string;
}

export interface ReadValues {
  /** Undefined when a source of them cannot be read. */
  readonly values: Readonly<Values> | undefined;
  readonly unknown: string | undefined;
  readonly inline: Readonly<Values>;
  readonly sources: readonly ValuesSource[];
  readonly found: readonly Found[];
}

/** Kinds that make a Secret or a ConfigMap, and where they say which. */
const MAKERS: readonly { readonly kind: string; readonly makes: string; readonly name: readonly string[] }[] = [
  { kind: 'ExternalSecret', makes: 'Secret', name: ['spec', 'target', 'name'] },
  { kind: 'SealedSecret', makes: 'Secret', name: ['spec', 'template', 'metadata', 'name'] },
  { kind: 'Certificate', makes: 'Secret', name: ['spec', 'secretName'] },
  { kind: 'OnePasswordItem', makes: 'Secret', name: [] },
  { kind: 'VaultStaticSecret', makes: 'Secret', name: ['spec', 'destination', 'name'] },
  { kind: 'VaultDynamicSecret', makes: 'Secret', name: ['spec', 'destination', 'name'] },
  { kind: 'InfisicalSecret', makes: 'Secret', name: ['spec', 'managedSecretReference', 'secretName'] },
  { kind: 'SopsSecret', makes: 'Secret', name: [] },
  { kind: 'ObjectBucketClaim', makes: 'ConfigMap', name: [] },
  { kind: 'ObjectBucketClaim', makes: 'Secret', name: [] },
];

type Outcome = { readonly layer: Layer; readonly source: ValuesSource } | { readonly unknown: string } | { readonly found: Found } | undefined;

/** Values of a HelmRelease: its valuesFrom in order and spec.values, merged as helm-controller merges them. */
export function readValues(lookup: Lookup, declared: Built): ReadValues {
  const inline = plain(get(declared.object, 'spec', 'values'));
  const layers: Layer[] = [];
  const sources: ValuesSource[] = [];
  const found: Found[] = [];
  let unknown: string | undefined;
  list(get(declared.object, 'spec', 'valuesFrom')).forEach((entry, index) => {
    const outcome = readSource(lookup, declared, plain(entry), index);
    if (outcome === undefined) return;
    if ('found' in outcome) { found.push(outcome.found); unknown ??= outcome.found.message; }
    else if ('unknown' in outcome) unknown ??= outcome.unknown;
    else {
      layers.push(outcome.layer);
      sources.push(outcome.source);
    }
  });
  if (unknown !== undefined) return { values: undefined, unknown, inline, sources, found };
  try {
    return { values: mergeLayers(layers, inline), unknown, inline, sources, found };
  } catch (error) {
    if (!(error instanceof StrvalsError)) throw error;
    const bad = sources.find(({ targetPath }) => targetPath !== undefined);
    found.push({ rule: 'values-invalid', built: declared, path: ['spec', 'valuesFrom', bad?.index ?? 0, 'targetPath'], message: `the value cannot be put at its targetPath: ${error.message}`, hint: 'write the path as helm --set takes it: names with dots between them, list items as name[0]' });
    return { values: undefined, unknown: error.message, inline, sources, found };
  }
}

function readSource(lookup: Lookup, declared: Built, entry: Readonly<Values>, index: number): Outcome {
  const kind = text(entry['kind']) ?? '';
  const name = text(entry['name']) ?? '';
  const key = text(entry['valuesKey']) ?? 'values.yaml';
  const targetPath = text(entry['targetPath']);
  const optional = entry['optional'] === true;
  const path = ['spec', 'valuesFrom', index];
  const wrong = (rule: string, last: string, message: string, hint: string): Outcome => ({ found: { rule, built: declared, path: [...path, last], message, hint } });
  if (kind !== 'ConfigMap' && kind !== 'Secret') return wrong('values-source-missing', 'kind', `values come from a ConfigMap or a Secret, not from ${kind === '' ? 'nothing' : `a ${kind}`}`, 'write kind: ConfigMap or kind: Secret');
  const namespace = declared.object.metadata.namespace ?? '';
  if (isUnknown(name) || isUnknown(namespace)) return { unknown: `the name of the ${kind} with its values hangs on ${readable(isUnknown(name) ? name : namespace)}` };
  const known = lookup.find(kind, namespace, name);
  // What only a cluster knows stands for itself where it is one value; a whole file of values could hold anything.
  const onlyThere = (because: string): Outcome => (targetPath === undefined
    ? { unknown: `its values come from ${kind} ${name}, ${because}` }
    : { layer: { targetPath, value: unknownOf(`${name}/${key}`), literal: true }, source: { index, known: known ?? { object: declared.object, built: declared, source: declared.origin.source }, key, targetPath, values: {}, text: '' } });
  if (known === undefined) {
    const maker = makerOf(lookup, kind, namespace, name);
    if (maker !== undefined) return onlyThere(`which ${maker.object.kind} ${maker.object.metadata.name} makes in the cluster`);
    if (optional) return undefined;
    if (lookup.unseen !== undefined) return onlyThere(`which is not in the tree (${lookup.unseen})`);
    if (kind === 'Secret') return { found: { rule: 'values-source-missing', unknown: true, built: declared, path: [...path, 'name'], message: `nothing here makes Secret ${namespace}/${name}, so its values are not known`, hint: 'add it (encrypted, or as an ExternalSecret), or list it below given in .manifests.yaml when somebody makes it by hand' } };
    return wrong('values-source-missing', 'name', `there is no ConfigMap ${namespace}/${name} for the values`, nearby(lookup, namespace, name));
  }
  const content = contentOf(known, kind, key);
  if (content === undefined) {
    if (kind === 'Secret' && isEncrypted(known.object)) return onlyThere('which is encrypted');
    if (optional) return undefined;
    const keys = [...Object.keys(plain(known.object['data'])), ...Object.keys(plain(known.object['stringData']))];
    return { found: { rule: 'values-key-missing', built: declared, path: [...path, ...(entry['valuesKey'] === undefined ? ['name'] : ['valuesKey'])], message: `${kind} ${name} has no key ${key}`, hint: keys.length === 0 ? 'add the key' : `it has ${keys.slice(0, 6).join(', ')}: name one of them as valuesKey`, related: [{ what: `the ${kind}`, source: known.source }] } };
  }
  if (content === 'encrypted') return onlyThere('which is encrypted');
  if (targetPath !== undefined) return { layer: { targetPath, value: content, literal: entry['literal'] === true }, source: { index, known, key, targetPath, values: {}, text: content } };
  const read = readOnce(content);
  const data = 'trouble' in read ? undefined : read.documents[0] ?? {};
  if (!isPlain(data)) {
    // A whole file of values out of one variable.
    if (isUnknown(content)) return { unknown: `its values come from ${readable(content).trim().slice(0, 60)}` };
    // Flux takes the last of two; which one is meant is told where the file itself is looked at.
    if ('trouble' in read && read.trouble.duplicate) return { unknown: `a key is given twice in ${key} of ${kind} ${name}` };
    const trouble = 'trouble' in read ? `line ${read.trouble.line}: ${read.trouble.message}` : 'it is no map';
    return { found: { rule: 'values-invalid', ...placeInSource({ known, key }), message: `${key} of ${kind} ${name} holds no values: ${trouble}`, hint: 'values are a YAML map' } };
  }
  if (isPlain(data['sops'])) return onlyThere('which is encrypted');
  return { layer: { values: data }, source: { index, known, key, targetPath, values: data, text: '' } };
}

/** Texts of values that were read before in this process: clusters share them, and watching asks again and again. */
const READ = new Map<string, YamlRead>();
const MOST_READ = 512;

function readOnce(content: string): YamlRead {
  const known = READ.get(content);
  if (known !== undefined) return known;
  const read = readYaml(content, true);
  READ.set(content, read);
  const [oldest] = READ.keys();
  if (READ.size > MOST_READ && oldest !== undefined) READ.delete(oldest);
  return read;
}

/** Where a source's own key is written. */
function placeInSource({ known, key }: { readonly known: Known; readonly key: string }): { readonly built: Built; readonly path: string[] } | { readonly source: Source } {
  if (known.built === undefined) return { source: { ...known.source, at: [...known.source.at, 'data', key] } };
  return { built: known.built, path: ['data', key] };
}

function makerOf(lookup: Lookup, kind: string, namespace: string, name: string): Built | undefined {
  for (const maker of MAKERS) {
    if (maker.makes !== kind) continue;
    const made = lookup.ofKind(maker.kind).find(({ object }) => (object.metadata.namespace ?? '') === namespace && (text(get(object, ...maker.name)) ?? object.metadata.name) === name);
    if (made !== undefined) return made;
  }
  // Copied there by whoever copies such objects between namespaces.
  return lookup.ofKind(kind).find(({ object }) => object.metadata.name === name && Object.keys(object.metadata.annotations ?? {}).some((key) => /reflector|replicat|kubed/.test(key)));
}

/** The text of a key; 'encrypted' for what only a key opens. */
function contentOf({ object }: Known, kind: string, key: string): string | undefined {
  const plain = kind === 'Secret' ? get(object, 'stringData', key) : undefined;
  if (typeof plain === 'string') return isCipher(plain) ? 'encrypted' : plain;
  const value = get(object, 'data', key);
  if (typeof value !== 'string') return undefined;
  if (isCipher(value)) return 'encrypted';
  if (kind === 'ConfigMap' || isUnknown(value)) return value;
  return Buffer.from(value, 'base64').toString('utf8');
}

const isCipher = (value: string): boolean => value.startsWith('ENC[');
const isEncrypted = (object: Known['object']): boolean => isPlain(object['sops']) || Object.values(plain(object['data'])).some((value) => typeof value === 'string' && isCipher(value));

function nearby(lookup: Lookup, namespace: string, name: string): string {
  const elsewhere = lookup.ofKind('ConfigMap').find(({ object }) => object.metadata.name === name);
  if (elsewhere !== undefined) return `there is one in namespace ${elsewhere.object.metadata.namespace ?? '(none)'}; values are read from the namespace of the HelmRelease, ${namespace}`;
  const hashed = lookup.ofKind('ConfigMap').find(({ object }) => (object.metadata.namespace ?? '') === namespace && new RegExp(`^${name.replaceAll(/[^\w-]/g, '.')}-[0-9a-z]{10}$`).test(object.metadata.name));
  if (hashed !== undefined) return `there is ${hashed.object.metadata.name}: set generatorOptions.disableNameSuffixHash: true where it is generated, or let kustomize know that HelmReleases name it (nameReference)`;
  return 'add it to the kustomization.yaml beside the HelmRelease, or mend the name';
}
