import { posix } from 'node:path';
import { Failure } from '../../engine/failure.ts';
import { listed, meant } from '../../config/words.ts';
import type { Settings, Texts } from '../model.types.ts';

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

function discovered(texts: Texts): readonly Entry[] {
  for (const parent of ['kubernetes/clusters', 'clusters']) {
    const folders = texts.entries(parent).filter(({ kind }) => kind === 'directory');
    if (folders.length > 0) return folders.map(({ name }) => ({ name, folder: posix.join(parent, name) }));
  }
  for (const folder of ['kubernetes/flux/cluster', 'kubernetes/flux/config', 'kubernetes/flux', 'flux/cluster', 'flux']) {
    if (texts.kind(folder) === 'directory') return [{ name: 'cluster', folder }];
  }
  return [];
}
