import type { Around, Built, Source } from '../model.types.ts';
import { buildBeyond, withOrigin } from './beyond.ts';
import { accumulate } from './kustomize.ts';
import { fluxInstructions, overlayOf } from './flux.ts';
import { settle } from './names.ts';
import type { TreeTexts } from './texts.ts';
import { newWork, type Res, type Work } from './work.ts';

/** A folder as kustomize builds it, before variables. */
export interface Raw { readonly objects: readonly Res[]; readonly work: Work }

const known = new WeakMap<TreeTexts, Map<string, Promise<Raw>>>();

/** Builds a folder. What is built of one folder in the same way is built once for all clusters; who asks for it is not part of it. */
export function buildRaw(texts: TreeTexts, folder: string, declared: Built | undefined, asked: Source, around?: Around): Promise<Raw> {
  const mine = known.get(texts) ?? new Map<string, Promise<Raw>>();
  known.set(texts, mine);
  const overlay = declared === undefined ? undefined : overlayOf(declared.object);
  const key = overlay === undefined ? folder : JSON.stringify([folder, overlay, declared?.origin.source]);
  const there = mine.get(key);
  if (there !== undefined) return there;
  const made = build(texts, folder, declared, asked, around);
  mine.set(key, made);
  return made;
}

async function build(texts: TreeTexts, folder: string, declared: Built | undefined, asked: Source, around: Around | undefined): Promise<Raw> {
  const work = newWork(texts);
  const instructions = fluxInstructions(work, folder, declared, asked);
  if (instructions === undefined) return { objects: [], work };
  const plain = settle(work, accumulate(work, instructions));
  const objects = instructions.origins === true ? plain.map((res) => withOrigin(instructions, res)) : plain;
  return { objects: work.beyond.length === 0 ? objects : await buildBeyond(work, instructions, objects, around), work };
}
