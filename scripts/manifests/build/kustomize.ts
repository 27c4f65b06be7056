import { posix } from 'node:path';
import type { Source } from '../model.types.ts';
import { isPlain, list, text } from './data.ts';
import { noteBeyond } from './beyond.ts';
import { readConfigurations } from './configurations.ts';
import { generate } from './generators.ts';
import { ignoredIn } from './ignored.ts';
import { KUSTOMIZATION_FILES, readInstructions } from './instructions.ts';
import { addAll, objectsOf } from './objects.ts';
import { transform } from './transform.ts';
import { fail, nearPath, REMOTE, within, type Instructions, type Res, type Work } from './work.ts';

/** What kustomize does with a folder, for everything whose meaning is plain; what is not is noted in `work.beyond`. */
export function accumulate(work: Work, instructions: Instructions, before: readonly Res[] = [], trail: readonly string[] = []): readonly Res[] {
  const here = [...trail, instructions.folder];
  work.visited.push(instructions);
  noteBeyond(work, instructions);
  readConfigurations(work, instructions);
  let objects: Res[] = [...before];
  for (const field of ['resources', 'bases']) {
    list(instructions.data[field]).forEach((entry, index) => {
      const source = instructions.source([field, index]);
      if (typeof entry !== 'string' || entry === '') fail(work, { rule: 'kustomization-value', source, message: `each of ${field} is the path of a file or a folder`, hint: 'write a path, relative to this folder' });
      else addAll(work, objects, resource(work, instructions, entry, source, here));
    });
  }
  objects = generate(work, instructions, objects);
  list(instructions.data['components']).forEach((entry, index) => {
    const source = instructions.source(['components', index]);
    const folder = typeof entry === 'string' ? folderOf(work, instructions, entry, source, here) : undefined;
    if (folder === undefined) return;
    const component = readInstructions(work, folder, 'Component', source);
    if (component !== undefined) objects = [...accumulate(work, component, objects, here)];
  });
  return transform(work, instructions, objects);
}

function resource(work: Work, { folder }: Instructions, entry: string, source: Source, trail: readonly string[]): readonly Res[] {
  if (REMOTE.test(entry)) {
    work.beyond.push({ what: `${entry} is fetched from elsewhere`, source, remote: entry });
    return [];
  }
  const path = within(folder, entry);
  if (path === undefined) { outside(work, entry, source); return []; }
  switch (work.texts.kind(path)) {
    case 'file': {
      const why = ignoredIn(work.texts).why(path);
      if (why !== undefined) fail(work, { rule: 'resource-missing', source, message: `${entry} is listed here, but Flux never sees it: ${why}`, hint: 'take the pattern away, or move the file' });
      return objectsOf(work, path, source);
    }
    case 'directory': {
      if (trail.includes(path)) { cycle(work, entry, path, source); return []; }
      const inner = readInstructions(work, path, 'Kustomization', source);
      return inner === undefined ? [] : accumulate(work, inner, [], trail);
    }
    case undefined: {
      work.files.add(path);
      fail(work, { rule: 'resource-missing', source, message: `${entry} is listed here, but there is no ${path}`, hint: nearPath(work, folder, entry, 'add it, or take it off the list') });
      return [];
    }
  }
}

function outside(work: Work, entry: string, source: Source): void {
  fail(work, { rule: 'resource-outside', source, message: `${entry} leads out of the repository`, hint: 'Flux has nothing but the files of the repository: move it there, and name it relative to this folder' });
}
function cycle(work: Work, entry: string, path: string, source: Source): void {
  fail(work, { rule: 'resource-cycle', source, message: `${entry} leads back to ${path === '' ? 'the root' : path}, which led here`, hint: 'a folder cannot be part of itself: take it off the list' });
}

/** The folder of a component. */
function folderOf(work: Work, { folder }: Instructions, entry: string, source: Source, trail: readonly string[]): string | undefined {
  if (REMOTE.test(entry)) { work.beyond.push({ what: `${entry} is fetched from elsewhere`, source, remote: entry }); return undefined; }
  const path = within(folder, entry);
  if (path === undefined) { outside(work, entry, source); return undefined; }
  if (work.texts.kind(path) !== 'directory') {
    for (const name of KUSTOMIZATION_FILES) work.files.add(posix.join(path, name));
    fail(work, { rule: 'resource-missing', source, message: work.texts.kind(path) === 'file' ? `${entry} is a file, a component is a folder` : `${entry} is listed here, but there is no folder ${path}`, hint: nearPath(work, folder, entry, 'add it, or take it off the list') });
    return undefined;
  }
  if (trail.includes(path)) { cycle(work, entry, path, source); return undefined; }
  return path;
}

/** A kustomization.yaml's own kind, for messages. */
export function kindOf(data: unknown): string {
  return (isPlain(data) ? text(data['kind']) : undefined) ?? 'Kustomization';
}
