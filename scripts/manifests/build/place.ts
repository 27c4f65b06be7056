import type { Path, Spot } from '../../config/source.ts';
import type { Built, Edit, Origin, Source, Texts } from '../model.types.ts';
import { get } from './data.ts';

/** Who wrote a value: the manifest itself, a generator's entry or file, something that changed it later, or a variable. */
export type Writer = Edit['by'] | 'file' | 'template' | 'variable';

/** Where a value of an object is written, and by whom. */
export interface Place {
  readonly source: Source;
  readonly by: Writer;
  /** Looked up when it is asked for. */
  readonly spot: Spot;
  /** The edit that wrote it; undefined when nobody changed what was read. */
  readonly edit: Edit | undefined;
}

/**
 * Who wrote the value at `path` of an object last, and where. The nearest parent that is written somewhere, when it is not itself.
 * A value that a variable was filled into stands where the variable is used: `by` is 'variable' then.
 */
export function placeOf(texts: Texts, built: Built, path: Path, part: 'key' | 'value' = 'value'): Place {
  const written = writtenBy(built.origin, path);
  const filled = part === 'value' && built.raw !== built.object && differs(built, path);
  return {
    ...written, by: filled ? 'variable' : written.by === 'file' && built.origin.template !== undefined ? 'template' : written.by,
    get spot() { return texts.spot(written.source, part); },
  };
}

function differs({ raw, object }: Built, path: Path): boolean {
  const now = get(object, ...path);
  return now !== undefined && (typeof now !== 'object' || now === null) && get(raw, ...path) !== now;
}

/** The same without looking anything up. */
export function writtenBy(origin: Origin, path: Path): { readonly source: Source; readonly by: Edit['by'] | 'file'; readonly edit: Edit | undefined } {
  let here = path;
  for (let index = origin.edits.length - 1; index >= 0; index -= 1) {
    const edit = origin.edits[index];
    if (edit === undefined) continue;
    const set = longest(edit.sets, here);
    if (set !== undefined) {
      const source = set.source ?? edit.source;
      return { source: { ...source, at: [...source.at, ...set.from, ...here.slice(set.path.length)] }, by: edit.by, edit };
    }
    const moved = longest(edit.moved ?? [], here);
    if (moved !== undefined) here = [...moved.was, ...here.slice(moved.path.length)];
  }
  return { source: { ...origin.source, at: [...origin.source.at, ...here] }, by: 'file', edit: undefined };
}

/** The entry whose path is the longest beginning of `path`. */
function longest<T extends { readonly path: Path }>(entries: readonly T[], path: Path): T | undefined {
  let best: T | undefined;
  for (const entry of entries) {
    if (entry.path.length <= path.length && (best === undefined || entry.path.length > best.path.length) && entry.path.every((part, index) => String(part) === String(path[index]))) best = entry;
  }
  return best;
}
