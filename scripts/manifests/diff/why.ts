import { isDeepStrictEqual } from 'node:util';
import { diffArrays } from 'diff';
import type { Path } from '../../config/source.ts';
import { get } from '../build/data.ts';
import { placeOf, type Writer } from '../build/index.ts';
import type { Built, Source, Tree, Unit } from '../model.types.ts';
import { changesOf, type Change } from './paths.ts';
import type { Reason } from './model.ts';

/** One side of an object: it, and the tree it is in. */
export interface At { readonly built: Built; readonly tree: Tree }

const MOST = 6;
/** Lines of a text that are looked into for where they are otherwise. */
const MOST_LINES = 3_000;

/** Places in changed files that make an object otherwise: where each field that differs is written, else what takes it in. */
export function reasonsOf(before: At | undefined, after: At | undefined, changed: ReadonlySet<string>): readonly Reason[] {
  const found = before !== undefined && after !== undefined ? fieldReasons(before, after, changed) : ownFile(after ?? before, after === undefined, changed);
  const list = found.length > 0 ? found : [...chain(after, false, changed), ...chain(before, true, changed)].slice(0, 1);
  const seen = new Set<string>();
  return list.filter(({ file, line, gone }) => {
    const key = `${file}:${line}:${String(gone)}`;
    return seen.has(key) ? false : seen.add(key) !== undefined;
  }).slice(0, MOST);
}

function fieldReasons(before: At, after: At, changed: ReadonlySet<string>): readonly Reason[] {
  return changesOf(before.built.object, after.built.object).flatMap((change) => {
    const now = change.after === undefined ? [] : reasonsAt({ at: after, path: change.after, other: before, otherPath: change.before, gone: false, changed });
    // What is no longer written anywhere was written before.
    return now.length > 0 || change.before === undefined ? now : reasonsAt({ at: before, path: change.before, other: after, otherPath: change.after, gone: true, changed });
  });
}

interface Field { readonly at: At; readonly path: Path; readonly other: At; readonly otherPath: Change['before']; readonly gone: boolean; readonly changed: ReadonlySet<string> }

/** Where a field is written, if that is what is otherwise; where its variables have their values from, for those that are. */
function reasonsAt({ at, path, other, otherPath, gone, changed }: Field): readonly Reason[] {
  const { built, tree } = at;
  const { source, by } = placeOf(tree.texts, built, path);
  const raw = get(built.raw, ...path);
  const same = otherPath !== undefined && isDeepStrictEqual(raw, get(other.built.raw, ...otherPath));
  const word = by === 'variable' || by === 'file' ? '' : WORDS[by];
  const lines = same || otherPath === undefined ? undefined : lineReasons(at, source, raw, get(other.built.raw, ...otherPath), gone, changed);
  const own = same ? [] : lines ?? [reason(tree, source, gone, word, changed)];
  const variables = variablesAt(built, path).filter(({ name, value }) => other.built.unit.variables.get(name)?.value !== value).map(({ name, from }) => reason(tree, from, gone, `variable ${name}`, changed));
  return [...own, ...variables].flatMap((each) => each ?? []);
}
const WORDS: Readonly<Record<Exclude<Writer, 'file' | 'variable'>, string>> = {
  template: 'template', generator: 'generator', patch: 'patch', namespace: 'namespace', name: 'name', labels: 'labels', annotations: 'annotations', images: 'images', replicas: 'replicas',
  targetNamespace: 'targetNamespace', commonMetadata: 'commonMetadata', kustomize: 'kustomization',
};

/** The lines of a text of many that are otherwise, where they stand in their file; undefined when that cannot be told. */
function lineReasons({ tree }: At, source: Source, raw: unknown, otherRaw: unknown, gone: boolean, changed: ReadonlySet<string>): readonly Reason[] | undefined {
  if (typeof raw !== 'string' || typeof otherRaw !== 'string' || !raw.includes('\n') || !changed.has(source.file)) return undefined;
  const lines = raw.split('\n');
  const file = tree.texts.text(source.file);
  if (file === undefined || lines.length > MOST_LINES) return undefined;
  const written = file.split('\n');
  // A file that is the text itself, or a block of YAML whose lines follow its mark.
  const first = file.trimEnd() === raw.trimEnd() ? 0 : tree.texts.spot(source).line;
  const found: Reason[] = [];
  let index = 0;
  for (const part of diffArrays(otherRaw.split('\n'), lines)) {
    if (part.removed) continue;
    if (part.added) {
      const line = written[first + index];
      if (line === undefined || line.trim() !== (lines[index] ?? '').trim()) return undefined;
      found.push({ file: source.file, line: first + index + 1, column: line.length - line.trimStart().length + 1, gone, what: '' });
    }
    index += part.value.length;
  }
  return found.length === 0 ? undefined : found;
}

/** Variables used at or below a path, with where each has its value from. */
export function variablesAt(built: Built, path: Path): readonly { readonly name: string; readonly value: string | undefined; readonly from: Source; readonly path: Path }[] {
  const names = new Map<string, { readonly name: string; readonly value: string | undefined; readonly from: Source; readonly path: Path }>();
  for (const use of built.unit.uses) {
    if (use.built !== built || !path.every((part, index) => String(use.path[index]) === String(part))) continue;
    const variable = built.unit.variables.get(use.name);
    if (variable !== undefined && variable.from !== 'given') names.set(use.name, { name: use.name, value: variable.value, from: variable.from, path: use.path });
  }
  return [...names.values()];
}

function reason(tree: Tree, source: Source, gone: boolean, what: string, changed: ReadonlySet<string>): Reason | undefined {
  if (!changed.has(source.file)) return undefined;
  const { line, column } = tree.texts.spot(source);
  return { file: source.file, line, column, gone, what };
}

/** The file the object itself is written in. */
function ownFile(at: At | undefined, gone: boolean, changed: ReadonlySet<string>): readonly Reason[] {
  const found = at === undefined ? undefined : reason(at.tree, at.built.origin.source, gone, '', changed);
  return found === undefined ? [] : [found];
}

/** What takes it in: a file of its Kustomization, where that is declared, and so on to the entry. */
function chain(at: At | undefined, gone: boolean, changed: ReadonlySet<string>): readonly Reason[] {
  if (at === undefined) return [];
  const seen = new Set<Unit>();
  for (let unit: Unit | undefined = at.built.unit; unit !== undefined && !seen.has(unit); unit = unit.parent) {
    seen.add(unit);
    const { files, declared }: Unit = unit;
    const touched = [...files].filter((file) => changed.has(file));
    const taken = touched.find((file) => /(?:^|\/)(?:kustomization\.ya?ml|Kustomization)$/.test(file));
    if (taken !== undefined) return [{ file: taken, line: 0, column: 0, gone: false, what: 'kustomization' }];
    const own = declared === undefined ? undefined : reason(at.tree, declared.origin.source, gone, `Kustomization ${unit.namespace}/${unit.name}`, changed);
    if (own !== undefined) return [own];
    if (touched[0] !== undefined) return [{ file: touched[0], line: 0, column: 0, gone: false, what: '' }];
  }
  return [];
}
