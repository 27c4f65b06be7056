import { posix } from 'node:path';
import type { Around, Built, Source } from '../model.types.ts';
import { withOrigin } from './beyond.ts';
import { get } from './data.ts';
import { decrypted } from './decrypt.ts';
import { accumulate } from './kustomize.ts';
import { fluxInstructions, overlayOf } from './flux.ts';
import { settle } from './names.ts';
import { folderOf, type TreeTexts } from './texts.ts';
import { newWork, type Res, type Work } from './work.ts';

/** A folder as kustomize builds it, before variables. */
export interface Raw { readonly objects: readonly Res[]; readonly work: Work }

const known = new WeakMap<TreeTexts, Map<string, Promise<Raw>>>();

/** A folder as it was built at an earlier look, with all it was built from: contents of files, and of every folder on the way to one. */
interface Kept { readonly raw: Raw; readonly files: readonly (readonly [string, Buffer | string | undefined])[]; readonly folders: readonly (readonly [string, object])[] }
/** Builds that stay: whoever edits what Flux overlays onto a folder makes another one with every save. */
const KEPT = 4_000;
const kept = new WeakMap<object, Map<string, Kept>>();

/** Builds a folder. What is built of one folder in the same way is built once for all clusters; who asks for it is not part of it. */
export function buildRaw(texts: TreeTexts, folder: string, declared: Built | undefined, asked: Source, around?: Around): Promise<Raw> {
  const mine = known.get(texts) ?? new Map<string, Promise<Raw>>();
  known.set(texts, mine);
  const overlay = declared === undefined ? undefined : overlayOf(declared.object);
  const decrypts = get(declared?.object, 'spec', 'decryption') !== undefined;
  const key = JSON.stringify(overlay === undefined ? [folder, decrypts] : [folder, decrypts, overlay, declared?.origin.source]);
  const there = mine.get(key);
  if (there !== undefined) return there;
  const made = again(texts, key) ?? keep(texts, key, folder, build(newWork(texts, decrypts), folder, declared, asked, around));
  mine.set(key, made);
  return made;
}

/** The build of an earlier look, when nothing it was made from says anything else now. */
function again(texts: TreeTexts, key: string): Promise<Raw> | undefined {
  const there = kept.get(texts.memory)?.get(key);
  // Contents and listings that did not change are the very same values, so this compares no texts.
  if (there === undefined || there.folders.some(([folder, listing]) => texts.listing(folder) !== listing) || there.files.some(([file, content]) => texts.content(file) !== content)) return undefined;
  return Promise.resolve(there.raw);
}

async function keep(texts: TreeTexts, key: string, folder: string, building: Promise<Raw>): Promise<Raw> {
  const raw = await building;
  // What the real kustomize was asked hangs on more than files; what is broken is looked at again, so that everything wrong is told anew.
  // A folder without a kustomization.yaml is made of whatever it holds, be it nothing yet.
  const asked = [...raw.work.files, posix.join(folder, 'kustomization.yaml')];
  if (raw.work.beyond.length > 0 || raw.work.broken || !asked.every((file) => texts.isOnDisk(file))) return raw;
  const folders = new Set<string>();
  for (const file of asked) for (let folder = file; folder !== ''; ) folders.add(folder = folderOf(folder));
  const ignoring = [...folders].map((folder) => posix.join(folder, '.sourceignore'));
  const builds = kept.get(texts.memory) ?? new Map<string, Kept>();
  kept.set(texts.memory, builds);
  builds.delete(key);
  for (const oldest of builds.keys()) if (builds.size >= KEPT) builds.delete(oldest); else break;
  builds.set(key, { raw, folders: [...folders].map((folder) => [folder, texts.listing(folder)]), files: [...raw.work.files, ...ignoring].map((file) => [file, texts.content(file)]) });
  return raw;
}

async function build(work: Work, folder: string, declared: Built | undefined, asked: Source, around: Around | undefined): Promise<Raw> {
  const instructions = fluxInstructions(work, folder, declared, asked);
  if (instructions === undefined) return { objects: [], work };
  const plain = settle(work, accumulate(work, instructions));
  const objects = instructions.origins === true ? plain.map((res) => withOrigin(instructions, res)) : plain;
  const all = work.beyond.length === 0 ? objects : await (await import('./real.ts')).buildBeyond(work, instructions, objects, around);
  return { objects: work.decrypts ? all.map((res) => ({ ...res, object: decrypted(res.object) })) : all, work };
}
