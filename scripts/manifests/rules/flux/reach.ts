import { posix } from 'node:path';
import { listed } from '../../../config/words.ts';
import { at, entries, items, text } from '../../index/read.ts';
import type { Rule, Settings, Texts, Tree, View } from '../../model.types.ts';
import { isFlux, type Say } from './parts.ts';

/**
 * Files beside what the entry points lead to. A folder counts as reached by anything that refers to it, reached itself or not: what
 * is told is the beginning of something forgotten, not all of it.
 */

type What = 'kustomization' | 'flux' | 'manifest';
/** `flux`: the Kustomizations nobody gets because of it. */
interface Forgotten { readonly file: string; readonly path: string; readonly flux: readonly string[] }

const KUSTOMIZATION = new Set(['kustomization.yaml', 'kustomization.yml', 'Kustomization']);
const YAML = /\.ya?ml$/;
/** Folders that hold YAML which is no part of a tree, whatever it looks like. */
const APART = /^(?:\..*|node_modules|charts?|templates|tests?|examples?|docs?|hack|scripts|vendor|testdata|ci|bootstrap|talos|terraform|ansible)$/;
const known = new WeakMap<Texts, { readonly trees: readonly Tree[]; readonly found: readonly Forgotten[] }>();

/** What no tree reaches; worked out once for all clusters that are looked at together. */
function forgotten(view: View): readonly Forgotten[] {
  // What the other ways of building lead to is looked at with the first.
  if (view.variant !== undefined) return [];
  const trees = [view.tree, ...view.others].flatMap((tree) => [tree, ...(tree.variants ?? []).map((variant) => variant.tree)]);
  const before = known.get(view.tree.texts);
  if (before !== undefined && before.trees.length === trees.length && trees.every((tree) => before.trees.includes(tree))) return before.found;
  const found = search(trees, view.tree.settings, view.tree.texts);
  known.set(view.tree.texts, { trees, found });
  return found;
}

function search(trees: readonly Tree[], settings: Settings, texts: Texts): readonly Forgotten[] {
  const reached = new Set(trees.flatMap(({ units }) => units.flatMap(({ files }) => [...files])));
  // What a broken unit would have led to is not forgotten.
  if (trees.some(({ units }) => units.some(({ hides }) => hides))) return [];
  const tops = new Set([...reached].map((file) => file.split('/')).filter((parts) => parts.length > 1).map(([top]) => top ?? ''));
  const files: string[] = [];
  for (const top of tops) walk(texts, top, files, reached);
  // Files another part of the settings names are used, if not by Flux.
  const said = new Set([...settings.given, ...settings.before].map(({ source }) => source.file));
  const what = new Map(files.filter((file) => !reached.has(file) && !said.has(file)).flatMap((file) => {
    const is = look(texts, file);
    return is === undefined ? [] : [[file, is] as const];
  }));
  const named = new Set([...what].flatMap(([file]) => leadsOf(texts, file).to));
  for (const file of reached) if (KUSTOMIZATION.has(posix.basename(file))) for (const each of leadsOf(texts, file).inComments) named.add(each);
  // What is read from elsewhere may still lie here.
  for (const { declared, folder } of trees.flatMap(({ units }) => units)) if (folder === undefined && declared !== undefined) named.add(folderNamed(text(at(declared.object, 'spec', 'path')) ?? ''));
  // A path with a variable in it leads to another folder with another value of it, where not all of those are known.
  for (const { declared } of trees.flatMap(({ units }) => units)) for (const folder of folderAlternatives(texts, settings, at(declared?.raw, 'spec', 'path'))) named.add(folder);
  const isNamed = (path: string): boolean => {
    for (let each = path; each !== '.' && each !== ''; each = posix.dirname(each)) if (named.has(each)) return true;
    return false;
  };
  const apart = otherRoots(texts, what, trees);
  const tops_ = [...what].filter(([file]) => !isNamed(file) && !elsewhere(file, trees, settings) && !apart.some((folder) => file.startsWith(`${folder}/`))).toSorted(([a, first], [b, second]) => depth(a, first.what) - depth(b, second.what) || (a < b ? -1 : 1));
  const told: string[] = [];
  return tops_.flatMap(([file, { what: is, flux }]) => {
    const folder = posix.dirname(file);
    if (told.some((each) => folder === each || folder.startsWith(`${each}/`))) return [];
    // A folder of which nothing is used is told once, by the file that speaks for it or by its first.
    const whole = is === 'kustomization' || (is === 'manifest' && !texts.entries(folder).some(({ name }) => reached.has(`${folder}/${name}`)));
    if (whole) told.push(folder);
    const below = is === 'kustomization' ? [...what].filter(([each]) => each.startsWith(`${folder}/`)).flatMap(([, each]) => each.flux ?? []) : [flux ?? []].flat();
    return [{ file, path: whole ? folder : file, flux: below }];
  });
}

/** Every folder there is that a path could mean, whatever its variables are; none for a path without any. */
function folderAlternatives(texts: Texts, settings: Settings, path: unknown): readonly string[] {
  if (typeof path !== 'string' || !path.includes('${') || [...path.matchAll(/\$\{(\w+)/g)].every(([, name = '']) => settings.variants?.has(name))) return [];
  return folderNamed(path).split('/').reduce<readonly string[]>((folders, part) => {
    if (!part.includes('${')) return folders.map((folder) => posix.join(folder, part));
    const fits = new RegExp(`^${part.split(/\$\{[^}]*\}/).map((piece) => piece.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.+')}$`);
    return folders.flatMap((folder) => texts.entries(folder).filter(({ name, kind }) => kind === 'directory' && fits.test(name)).map(({ name }) => posix.join(folder, name)));
  }, ['']);
}

/** A kustomization.yaml speaks for everything below it. */
function depth(file: string, what: What): number {
  return file.split('/').length * 2 - (what === 'kustomization' ? 1 : 0);
}

function walk(texts: Texts, folder: string, into: string[], reached: ReadonlySet<string>): void {
  const names = texts.entries(folder);
  // A chart's files are no manifests.
  if (names.some(({ name }) => name === 'Chart.yaml')) return;
  for (const { name, kind } of names) {
    const path = posix.join(folder, name);
    if (kind === 'file' && YAML.test(name)) into.push(path);
    else if (kind === 'file' && name === 'Kustomization') into.push(path);
    else if (kind === 'directory' && (!APART.test(name) || [...reached].some((file) => file.startsWith(`${path}/`)))) walk(texts, path, into, reached);
  }
}

/** Belongs to an entry point that is not looked at now: another cluster of the settings, or a folder beside an entry. */
function elsewhere(file: string, trees: readonly Tree[], settings: Settings): boolean {
  for (const folder of settings.entries.values()) if (file.startsWith(`${folder}/`) && !trees.some(({ entry }) => entry === folder)) return true;
  return trees.some(({ entry }) => {
    const parent = posix.dirname(entry);
    return parent !== '.' && parent !== '' && file.startsWith(`${parent}/`) && !file.startsWith(`${entry}/`) && file.slice(parent.length + 1).includes('/') && !trees.some((tree) => file.startsWith(`${tree.entry}/`)) && settings.entries.size === 0;
  });
}

/**
 * Folders of clusters that are not looked at: a Kustomization nobody lists that leads to more Kustomizations is where another cluster
 * begins. All of the folder in which it and our entries part is that cluster's.
 */
function otherRoots(texts: Texts, what: ReadonlyMap<string, { readonly what: What }>, trees: readonly Tree[]): readonly string[] {
  const flux = [...what].filter(([, each]) => each.what === 'flux').map(([file]) => file);
  return flux.flatMap((file) => {
    const leads = leadsOf(texts, file).to.some((folder) => flux.some((other) => other !== file && other.startsWith(`${folder}/`)));
    if (!leads || trees.some(({ entry }) => file.startsWith(`${entry}/`))) return [];
    const parts = file.split('/');
    const shared = Math.max(...trees.map(({ entry }) => parts.findIndex((part, index) => entry.split('/')[index] !== part)));
    return shared > 0 && shared < parts.length - 1 ? [parts.slice(0, shared + 1).join('/')] : [];
  });
}

/** What a file holds, as far as Flux could apply it; undefined when it holds nothing of the kind. */
function look(texts: Texts, file: string): { readonly what: What; readonly flux: string | undefined } | undefined {
  if (KUSTOMIZATION.has(posix.basename(file))) return { what: 'kustomization', flux: undefined };
  const content = texts.text(file);
  // Parsing everything would take longer than all the rest; manifests say what they are in words that can be searched for.
  if (content === undefined || !/^apiVersion:/m.test(content) || !/^kind:/m.test(content)) return undefined;
  let what: What | undefined;
  for (const { data } of texts.documents(file) ?? []) {
    const [apiVersion, kind, name] = [text(at(data, 'apiVersion')), text(at(data, 'kind')), text(at(data, 'metadata', 'name'))];
    if (apiVersion === undefined || kind === undefined || name === undefined || apiVersion.startsWith('kustomize.config.k8s.io/')) continue;
    if (isFlux({ apiVersion, kind, metadata: { name } }, 'Kustomization')) return { what: 'flux', flux: name };
    what = 'manifest';
  }
  return what === undefined ? undefined : { what, flux: undefined };
}

/** A path as a Flux Kustomization writes it, relative to the root. */
function folderNamed(path: string): string {
  return posix.normalize(path).replace(/^\.?\//, '').replace(/\/$/, '');
}

/** What a file leads to, and what a comment of it names: it hangs on its text alone, and is found once for as long as that is the same. */
interface Leads { readonly text: string | undefined; readonly to: readonly string[]; readonly inComments: readonly string[] }
const leads = new WeakMap<object, Map<string, Leads>>();
function leadsOf(texts: Texts, file: string): Leads {
  const kept = leads.get(texts.memory) ?? new Map<string, Leads>();
  leads.set(texts.memory, kept);
  const content = texts.text(file);
  const known = kept.get(file);
  if (known !== undefined && known.text === content) return known;
  const found = { text: content, to: [...refersTo(texts, file)], inComments: [...comments(texts, file)] };
  kept.set(file, found);
  return found;
}

/** Files and folders a file leads to. */
function* refersTo(texts: Texts, file: string): Iterable<string> {
  const folder = posix.dirname(file);
  for (const { data } of texts.documents(file) ?? []) {
    for (const { entry } of [{ entry: data }]) {
      if (isFlux({ apiVersion: text(at(entry, 'apiVersion')) ?? '', kind: text(at(entry, 'kind')) ?? '', metadata: { name: '' } }, 'Kustomization')) {
        const path = text(at(entry, 'spec', 'path'));
        if (path !== undefined) yield folderNamed(path);
      }
    }
    if (!KUSTOMIZATION.has(posix.basename(file))) continue;
    for (const list of ['resources', 'components', 'bases', 'crds', 'configurations', 'generators', 'transformers', 'validators', 'patchesStrategicMerge']) {
      for (const each of items(at(data, list))) if (typeof each === 'string' && !each.includes('\n')) yield posix.join(folder, each).replace(/\/$/, '');
    }
    for (const list of ['patches', 'patchesJson6902', 'replacements']) for (const { entry } of entries(at(data, list))) if (typeof entry['path'] === 'string') yield posix.join(folder, entry['path']);
    for (const list of ['configMapGenerator', 'secretGenerator']) {
      for (const { entry } of entries(at(data, list))) {
        for (const each of [...items(entry['files']), ...items(entry['envs'])]) if (typeof each === 'string') yield posix.join(folder, each.slice(each.indexOf('=') + 1));
      }
    }
  }
}

/** What a kustomization.yaml has in a comment instead of its list: switched off on purpose. */
function* comments(texts: Texts, file: string): Iterable<string> {
  for (const [, entry] of (texts.text(file) ?? '').matchAll(/^\s*#\s*-\s*["']?([^\s"'#]+)/gm)) {
    if (entry !== undefined) yield posix.join(posix.dirname(file), entry).replace(/\/$/, '');
  }
}

function* tell(view: View, flux: boolean): Iterable<Say> {
  for (const { file, path, flux: names } of forgotten(view)) {
    if (names.length > 0 !== flux) continue;
    const spot = { file, line: 1, column: 1, length: 1 };
    if (flux) yield { spot, message: `nothing leads to ${path}: Kustomization ${listed(names)} ${names.length === 1 ? 'is' : 'are'} in no cluster`, hint: 'list it in the kustomization.yaml above it, or remove it' };
    else yield { spot, message: `nothing leads to ${path}: no kustomization.yaml lists it and no Kustomization points to it`, hint: 'list it where it belongs, or remove it' };
  }
}

const kustomizations: Rule = {
  id: 'kustomization-unreachable', severity: 'error',
  summary: 'Every Flux Kustomization in the repository is in some cluster',
  why: 'What it would apply looks as if it were there, and is not',
  check: (view) => tell(view, true),
};

const files: Rule = {
  id: 'unreachable', severity: 'warning',
  summary: 'Every manifest and every folder of manifests is built by something',
  why: 'Who changes it changes nothing in any cluster, and does not notice',
  check: (view) => tell(view, false),
};

export const REACH: readonly Rule[] = [kustomizations, files];
