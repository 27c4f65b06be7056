import type { Around, Built, Source } from '../model.types.ts';
import { withOrigin } from './beyond.ts';
import { get } from './data.ts';
import { decrypted } from './decrypt.ts';
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
  const decrypts = get(declared?.object, 'spec', 'decryption') !== undefined;
  const key = JSON.stringify(overlay === undefined ? [folder, decrypts] : [folder, decrypts, overlay, declared?.origin.source]);
  const there = mine.get(key);
  if (there !== undefined) return there;
  const made = build(newWork(texts, decrypts), folder, declared, asked, around);
  mine.set(key, made);
  return made;
}

async function build(work: Work, folder: string, declared: Built | undefined, asked: Source, around: Around | undefined): Promise<Raw> {
  const instructions = fluxInstructions(work, folder, declared, asked);
  if (instructions === undefined) return { objects: [], work };
  const plain = settle(work, accumulate(work, instructions));
  const objects = instructions.origins === true ? plain.map((res) => withOrigin(instructions, res)) : plain;
  const all = work.beyond.length === 0 ? objects : await (await import('./real.ts')).buildBeyond(work, instructions, objects, around);
  return { objects: work.decrypts ? all.map((res) => ({ ...res, object: decrypted(res.object) })) : all, work };
}
