import { listed, nearest } from '../../../config/words.ts';
import { at, entries, fields, isFields, text } from '../../index/read.ts';
import type { Rule, Source, Tree, VariableUse, View } from '../../model.types.ts';
import { called, spec, type Say } from './parts.ts';

/** A variable as somebody defines it: in a ConfigMap or Secret of a cluster, or in the Kustomization itself. */
interface Definition { readonly name: string; readonly from: Source; /** In the Kustomization itself. */ readonly inline: boolean }

const keys = new WeakMap<Source, string>();
const placeKey = (source: Source): string => {
  const known = keys.get(source) ?? `${source.file}#${source.document}#${source.at.join('.')}`;
  keys.set(source, known);
  return known;
};

/** What one tree defines for variables, and which of them it uses in any way it may be built. */
interface Account {
  readonly definitions: ReadonlyMap<string, Definition>;
  /** Places of definitions some unit makes use of. */
  readonly used: ReadonlySet<string>;
  /** Names used anywhere, whoever defines them. */
  readonly names: ReadonlySet<string>;
  /** Something that takes variables could not be looked into. */
  readonly hidden: boolean;
}

const accounts = new WeakMap<Tree, Account>();

function accountOf(tree: Tree): Account {
  const before = accounts.get(tree);
  if (before !== undefined) return before;
  const given = new Set(tree.settings.given.map(({ source }) => source.file));
  const own = new Set(tree.units.flatMap(({ files }) => [...files]));
  const definitions = new Map<string, Definition>();
  const used = new Set<string>();
  const names = new Set<string>();
  let hidden = false;
  for (const unit of [tree, ...(tree.variants ?? []).map((variant) => variant.tree)].flatMap(({ units }) => units)) {
    const names_ = new Set(unit.uses.map(({ name }) => name));
    for (const name of names_) names.add(name);
    const inline = fields(unit.declared === undefined ? undefined : spec(unit.declared, 'postBuild', 'substitute'));
    for (const { name, from } of unit.variables.values()) {
      if (from === 'given' || (given.has(from.file) && !own.has(from.file))) continue;
      definitions.set(placeKey(from), { name, from, inline: Object.hasOwn(inline, name) });
      if (names_.has(name)) used.add(placeKey(from));
    }
    hidden ||= unit.broken || unit.suspended || (unit.folder === undefined && unit.declared !== undefined && spec(unit.declared, 'postBuild') !== undefined);
  }
  const account = { definitions, used, names, hidden };
  accounts.set(tree, account);
  return account;
}

const unused: Rule = {
  id: 'variable-unused', severity: 'warning',
  summary: 'Every variable that is defined is used in some cluster',
  why: 'A variable nobody uses looks as if it decided something; often it is one that was misspelt where it is used, or a value that is written out somewhere and forgotten here',
  *check(view) {
    // What is used in one way of building is used.
    if (view.variant !== undefined) return;
    const all = [view.tree, ...view.others].map(accountOf);
    // What is used in a part that cannot be seen would look unused.
    if (all.some(({ hidden }) => hidden)) return;
    const own = accountOf(view.tree);
    for (const [key, { name, from, inline }] of own.definitions) {
      // Kustomizations of one pattern define the same for themselves, whether each needs it or not.
      if (all.some((account) => account.used.has(key) || (inline && account.names.has(name)))) continue;
      // The same name in another cluster's settings, used there: this one only has it for the sake of being alike.
      if (all.some((account) => account !== own && [...account.definitions].some(([other, definition]) => definition.name === name && account.used.has(other)))) continue;
      if (isReadOtherwise(view, from)) continue;
      const near = nearest(name, own.names);
      yield {
        source: from, key: true, message: `${name} is used nowhere in what ${listed([view.tree, ...view.others].map((tree) => tree.name).toSorted())} ${view.others.length === 0 ? 'applies' : 'apply'}`,
        hint: near === undefined ? 'remove it, or use it where its value is now written out' : `remove it; ${near} is used, is that what it should be called?`,
      };
    }
  },
};

/** Whether a ConfigMap or Secret with variables is also read by something else: a release's values, a pod's environment. */
function isReadOtherwise(view: View, from: Source): boolean {
  const holder = view.tree.objects.find(({ object, origin }) => (object.kind === 'ConfigMap' || object.kind === 'Secret') && (origin.source.file === from.file) && origin.source.document === from.document);
  if (holder === undefined) return false;
  const name = holder.object.metadata.name;
  return view.all.some(({ object, release }) => object !== holder.object && object.kind !== 'Kustomization' && (release !== undefined || object.metadata.namespace === holder.object.metadata.namespace) && refersTo(object, name));
}

/** A reference to a ConfigMap or Secret as Kubernetes and Flux write them. */
function refersTo(value: unknown, name: string): boolean {
  if (Array.isArray(value)) return value.some((each) => refersTo(each, name));
  if (!isFields(value)) return false;
  for (const key of ['configMapRef', 'configMapKeyRef', 'configMap', 'secretRef', 'secretKeyRef', 'secret']) {
    const reference = value[key];
    if (text(at(reference, 'name')) === name || text(at(reference, 'secretName')) === name) return true;
  }
  for (const { entry } of entries(value['valuesFrom'])) if (entry['name'] === name) return true;
  return Object.values(value).some((each) => (typeof each === 'object' && each !== null ? refersTo(each, name) : false));
}

const defaults: Rule = {
  id: 'variable-defaults', severity: 'warning',
  summary: 'A variable has the same default wherever it is used',
  why: 'As long as nobody defines it, it means one thing here and another there; who reads one of the places does not know of the other',
  *check(view) {
    const inline = new Set([view.tree, ...view.others].flatMap(({ units }) => units.flatMap((unit) => (unit.declared === undefined ? [] : Object.keys(fields(spec(unit.declared, 'postBuild', 'substitute')))))));
    const cluster = new Map<string, VariableUse[]>();
    for (const unit of view.tree.units) {
      const inUnit = new Map<string, VariableUse[]>();
      for (const use of unit.uses) {
        if (!hasDefault(use)) continue;
        // What a Kustomization defines for itself means something else in every one of them.
        const uses = inline.has(use.name) ? inUnit : cluster;
        const same = uses.get(use.name);
        if (same === undefined) uses.set(use.name, [use]);
        else same.push(use);
      }
      for (const uses of inUnit.values()) yield* differing(uses);
    }
    for (const uses of cluster.values()) yield* differing(uses);
  },
};

/** Written with a default; the other operators of the same form (substrings, replacements) have none. */
function hasDefault({ fallback, text: written }: VariableUse): boolean {
  return fallback !== undefined && /^\$\{[\p{L}\p{Nd}_]+(?::=|:-|=)/u.test(written);
}

/** The first use with the default most have is the measure; each other default is told once. */
function* differing(uses: readonly VariableUse[]): Iterable<Say> {
  const counts = new Map<string, VariableUse[]>();
  for (const use of uses) {
    const same = counts.get(use.fallback ?? '');
    if (same === undefined) counts.set(use.fallback ?? '', [use]);
    else same.push(use);
  }
  if (counts.size < 2) return;
  const [most, ...others] = [...counts.values()].toSorted((a, b) => b.length - a.length);
  const [measure] = most ?? [];
  if (measure === undefined) return;
  for (const [use] of others) {
    if (use === undefined) continue;
    yield {
      built: use.built, path: use.path, needle: use.text,
      message: `${use.name} is "${use.fallback ?? ''}" here unless it is defined, and "${measure.fallback ?? ''}" in ${called(measure.built.object)}`,
      hint: `define ${use.name} in one place, or write the same default everywhere`,
      related: [{ what: 'the other default', source: { ...measure.built.origin.source, at: [...measure.built.origin.source.at, ...measure.path] } }],
    };
  }
}

const decryption: Rule = {
  id: 'decryption-missing', severity: 'error',
  summary: 'A Kustomization with encrypted Secrets says how they are decrypted',
  why: 'Flux refuses the whole Kustomization: "is SOPS encrypted, configuring decryption is required"',
  *check(view) {
    for (const unit of view.tree.units) {
      // The entry's own Kustomization is made by whoever installs Flux, and may well say it.
      if (unit.declared === undefined || at(unit.declared.object['spec'], 'decryption', 'provider') !== undefined) continue;
      const encrypted = unit.objects.filter(({ object }) => object.kind === 'Secret' && object.apiVersion === 'v1' && object['sops'] !== undefined && String(object.metadata.annotations?.['kustomize.toolkit.fluxcd.io/decrypt']).toLowerCase() !== 'disabled');
      const generated = unit.objects.filter(({ object }) => object.kind === 'Secret' && object['sops'] === undefined && Object.values(isFields(object['data']) ? object['data'] : {}).some(isEncryptedFile));
      const [first] = [...encrypted, ...generated];
      if (first === undefined) continue;
      const count = encrypted.length + generated.length;
      yield {
        built: unit.declared, path: ['spec'], key: true,
        message: `Kustomization ${unit.name} applies ${called(first.object)}${count > 1 ? ` and ${count - 1} more` : ''}, encrypted by SOPS, and does not say how to decrypt`,
        hint: 'add spec.decryption: {provider: sops, secretRef: {name: ...}} with the Secret of the key',
        related: [{ what: 'the encrypted Secret', source: first.origin.source }],
      };
    }
  },
};

/** Data of a generated Secret whose file was encrypted whole. */
function isEncryptedFile(value: unknown): boolean {
  if (typeof value !== 'string' || value.length < 40) return false;
  const plain = Buffer.from(value, 'base64').toString('utf8');
  return plain.includes('ENC[AES256_GCM,') && /\bsops/.test(plain);
}

export const VARIABLES: readonly Rule[] = [unused, defaults, decryption];
