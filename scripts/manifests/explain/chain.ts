import { posix } from 'node:path';
import { at, fields, isFields, items } from '../../health/objects.ts';
import { KUSTOMIZATION_FILES } from '../build/instructions.ts';
import type { Built, Source, Texts, Unit } from '../model.types.ts';

/** One Kustomization of the chain that leads to an object: the nearest first, the entry last. */
export interface Link { readonly unit: Unit; /** Where it is declared; undefined for the entry, which whoever installs Flux makes. */ readonly source: Source | undefined }

export function chainOf(built: Built): readonly Link[] {
  const links: Link[] = [];
  for (let unit: Unit | undefined = built.unit; unit !== undefined && !links.some((link) => link.unit === unit); unit = unit.parent) links.push({ unit, source: unit.declared?.origin.source });
  return links;
}

/** Entries of kustomization.yaml files that take a file in, from the Kustomization's folder down; [] when it lies there without any. */
export function takenIn(texts: Texts, folder: string, file: string): readonly Source[] {
  return search(texts, folder, file, new Set()) ?? [];
}

function search(texts: Texts, folder: string, file: string, seen: Set<string>): readonly Source[] | undefined {
  if (seen.has(folder)) return undefined;
  seen.add(folder);
  const own = kustomizationFile(texts, folder);
  // Flux takes every file below a folder that has none.
  if (own === undefined) return file.startsWith(folder === '' ? '' : `${folder}/`) ? [] : undefined;
  if (own === file) return [];
  const [document] = texts.documents(own) ?? [];
  if (document === undefined) return undefined;
  for (const field of ['resources', 'components', 'bases', 'generators']) {
    for (const [index, entry] of items(at(document.data, field)).entries()) {
      if (typeof entry !== 'string') continue;
      const path = posix.normalize(posix.join(folder === '' ? '.' : folder, entry)).replace(/\/$/, '');
      const source: Source = { file: own, document: document.index, at: [field, index] };
      if (path === file) return [source];
      const below = texts.kind(path) === 'directory' ? search(texts, path === '.' ? '' : path, file, seen) : undefined;
      if (below !== undefined) return [source, ...below];
    }
  }
  return undefined;
}

function kustomizationFile(texts: Texts, folder: string): string | undefined {
  return KUSTOMIZATION_FILES.map((name) => posix.join(folder === '' ? '.' : folder, name)).find((path) => texts.kind(path) === 'file');
}

/** Whether a file is a component, or one that a component names. */
export function isOfComponent(texts: Texts, file: string): boolean {
  for (let folder = posix.dirname(file); ; folder = posix.dirname(folder)) {
    const own = kustomizationFile(texts, folder === '.' ? '' : folder);
    if (own !== undefined) return fields(texts.documents(own)?.[0]?.data)['kind'] === 'Component';
    if (folder === '.' || folder === '/') return false;
  }
}

/** How many documents a file has, to say which of them an object is. */
export function documentsIn(texts: Texts, file: string): number {
  return texts.documents(file)?.filter(({ data }) => isFields(data)).length ?? 0;
}
