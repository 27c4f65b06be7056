import { posix } from 'node:path';
import { Failure } from '../../engine/failure.ts';
import { listed, meant } from '../../config/words.ts';
import type { Settings, Texts } from '../model.types.ts';
import { get } from './data.ts';
import { folderOfPath } from './flux.ts';

export interface Entry { readonly name: string; readonly folder: string }

/** The entry points that are meant: the one that is named, those of the settings, or what the tree looks like. Throws Failure (64). */
export function entriesOf(texts: Texts, settings: Settings, options: { readonly entry?: string; readonly cluster?: string } = {}): readonly Entry[] {
  if (options.entry !== undefined) {
    const folder = posix.normalize(options.entry).replace(/^\.?\//, '').replace(/\/$/, '').replace(/^\.$/, '');
    const named = [...settings.entries].find(([, each]) => each === folder)?.[0];
    return [{ name: options.cluster ?? named ?? (posix.basename(folder) || 'root'), folder }];
  }
  const all = settings.entries.size > 0 ? [...settings.entries].map(([name, folder]) => ({ name, folder })) : discovered(texts);
  if (all.length === 0) throw new Failure({ exit: 'usage', what: 'no entry point of Flux was found', because: 'there is no clusters/ folder, no FluxInstance with a path, no gotk-sync.yaml', hint: 'name the folder Flux begins with: ENTRY=kubernetes/flux/cluster' });
  if (options.cluster === undefined) return all;
  const wanted = all.filter(({ name }) => name === options.cluster);
  if (wanted.length === 0) throw new Failure({ exit: 'usage', what: `there is no cluster ${options.cluster}`, hint: meant(options.cluster, all.map(({ name }) => name), `there is ${listed(all.map(({ name }) => name))}`) });
  return wanted;
}

/** Folders Flux may begin with where nothing says so, in the order they are believed. */
const PARENTS = ['kubernetes/clusters', 'clusters', 'cluster', 'k8s/clusters', 'gitops/clusters', 'flux/clusters', 'deploy/clusters'];
const FOLDERS = ['kubernetes/flux/cluster', 'kubernetes/flux/config', 'kubernetes/flux', 'flux/cluster', 'flux/config', 'flux', 'cluster/flux', 'k8s/flux', 'kubernetes', 'k8s'];
/** Folders below the root that are looked into, and how many files, for what says where Flux begins. */
const DEEPEST = 7;
const MOST = 20_000;

/**
 * What the tree looks like: where a FluxInstance (or the chart that makes one) or gotk-sync.yaml says that Flux begins; else the folders
 * below clusters/; else a folder that is called flux.
 */
function discovered(texts: Texts): readonly Entry[] {
  const said = named([...new Set(synced(texts))].filter((folder) => texts.kind(folder) === 'directory'));
  if (said.length > 0) return said;
  for (const parent of PARENTS) {
    const folders = texts.entries(parent).filter(({ name, kind }) => kind === 'directory' && holdsManifests(texts, posix.join(parent, name)));
    // What clusters share lies beside them, and is none.
    const clusters = folders.filter(({ name }) => !/^(?:_.*|\..*|bases?|common|shared|templates?|lib)$/.test(name));
    if (clusters.length > 0) return clusters.map(({ name }) => ({ name, folder: posix.join(parent, name) }));
  }
  return FOLDERS.filter((folder) => holdsManifests(texts, folder)).slice(0, 1).map((folder) => ({ name: posix.basename(folder), folder }));
}

function holdsManifests(texts: Texts, folder: string): boolean {
  return texts.entries(folder).some(({ name, kind }) => (kind === 'file' ? /\.ya?ml$/.test(name) : name === 'flux-system'));
}

/** Each by the last folder of its path; by its whole path where two would be called the same. */
function named(folders: readonly string[]): readonly Entry[] {
  const names = folders.map((folder) => posix.basename(folder) || 'root');
  return folders.map((folder, index) => ({ name: names.filter((name) => name === names[index]).length > 1 ? folder.replaceAll('/', '-') : names[index] ?? folder, folder }));
}

/** Paths that FluxInstances, their charts' values and gotk-sync.yaml name. */
function* synced(texts: Texts): Generator<string> {
  for (const file of yamlFiles(texts)) {
    const text = texts.text(file) ?? '';
    if (!posix.basename(file).startsWith('gotk-sync') && !text.includes('FluxInstance') && !/^\s*sync:/m.test(text)) continue;
    for (const { data } of texts.documents(file) ?? []) {
      const paths = [
        ...(get(data, 'kind') === 'FluxInstance' ? [get(data, 'spec', 'sync', 'path')] : []), get(data, 'instance', 'sync', 'path'), get(data, 'spec', 'values', 'instance', 'sync', 'path'),
        ...(posix.basename(file).startsWith('gotk-sync') && get(data, 'kind') === 'Kustomization' ? [get(data, 'spec', 'path')] : []),
      ];
      for (const path of paths) if (typeof path === 'string' && !path.includes('$')) yield folderOfPath(path);
    }
  }
}

function* yamlFiles(texts: Texts): Generator<string> {
  let seen = 0;
  const open: { readonly folder: string; readonly depth: number }[] = [{ folder: '', depth: 0 }];
  for (let next = open.shift(); next !== undefined && seen < MOST; next = open.shift()) {
    for (const { name, kind } of texts.entries(next.folder)) {
      const path = posix.join(next.folder, name);
      seen += 1;
      if (kind === 'directory') { if (!name.startsWith('.') && name !== 'node_modules' && next.depth < DEEPEST) open.push({ folder: path, depth: next.depth + 1 }); } else if (/\.ya?ml$/.test(name)) yield path;
    }
  }
}
