import { posix } from 'node:path';
import type { Spot } from '../../config/source.ts';
import { Positions } from '../build/positions.ts';
import { readYaml } from '../build/yaml.ts';
import type { Built, Found, Source, Tree } from '../model.types.ts';
import { get, has, list, text } from '../build/data.ts';
import type { ReadValues, ValuesSource } from './values.ts';

/** Where a Found points, without what it says. */
export type Place = Pick<Found, 'built' | 'path' | 'key' | 'source' | 'spot'>;

/**
 * Where somebody set a value: in the HelmRelease, in the file a ConfigMap is generated from, or in a ConfigMap's text. The nearest
 * parent that is set when the value itself is not; the HelmRelease when nothing of it is.
 */
export function placeOfValue(tree: Tree, declared: Built, read: ReadValues, path: readonly string[]): Place {
  for (let length = path.length; length > 0; length -= 1) {
    const place = exactPlace(tree, declared, read, path.slice(0, length));
    if (place !== undefined) return place;
  }
  const field = get(declared.object, 'spec', 'values') !== undefined ? 'values' : get(declared.object, 'spec', 'valuesFrom') !== undefined ? 'valuesFrom' : get(declared.object, 'spec', 'chartRef') !== undefined ? 'chartRef' : 'chart';
  return { built: declared, path: ['spec', field], key: true };
}

/** Where exactly this path is set; undefined when nobody sets it. */
export function exactPlace(tree: Tree, declared: Built, read: ReadValues, path: readonly string[]): Place | undefined {
  const targeted = read.sources.findLast(({ targetPath }) => targetPath !== undefined && targetPath.replaceAll('\\.', '\0').split('.').map((part) => part.replaceAll('\0', '.')).join('\n') === path.join('\n'));
  if (targeted !== undefined) return { built: declared, path: ['spec', 'valuesFrom', targeted.index, 'targetPath'] };
  if (has(read.inline, path)) return { built: declared, path: ['spec', 'values', ...path], key: true };
  const source = read.sources.findLast(({ values }) => has(values, path));
  if (source === undefined) return undefined;
  // Lines of a Secret are shown to nobody.
  return source.known.object.kind === 'Secret' ? { built: declared, path: ['spec', 'valuesFrom', source.index, 'name'] } : inSource(tree, source, path);
}

function inSource(tree: Tree, { known, key }: ValuesSource, path: readonly string[]): Place {
  const file = generatedFrom(tree, known.source, key);
  const content = file === undefined ? undefined : tree.texts.text(file);
  if (file !== undefined && content !== undefined) {
    const parsed = readYaml(content, true);
    if ('documents' in parsed && has(parsed.documents[0], path)) return { source: { file, document: 0, at: path }, key: true };
  }
  const spot = inText(tree, known.source, key, path);
  if (spot !== undefined) return { spot };
  return known.built === undefined ? { source: { ...known.source, at: [...known.source.at, 'data', key] }, key: true } : { built: known.built, path: ['data', key], key: true };
}

/** The file a generated ConfigMap has a key from. */
function generatedFrom(tree: Tree, source: Source, key: string): string | undefined {
  const [field] = source.at;
  if (field !== 'configMapGenerator' && field !== 'secretGenerator') return undefined;
  const document = tree.texts.documents(source.file)?.find(({ index }) => index === source.document);
  for (const entry of list(get(document?.data, ...source.at, 'files')).map(text)) {
    if (entry === undefined) continue;
    const equals = entry.indexOf('=');
    const file = entry.slice(equals + 1);
    if ((equals < 0 ? posix.basename(file) : entry.slice(0, equals)) === key) return posix.join(posix.dirname(source.file), file);
  }
  return undefined;
}

/** A place inside YAML that is itself the text of a key, when each of its lines is a line of the file. */
function inText(tree: Tree, source: Source, key: string, path: readonly string[]): Spot | undefined {
  const written = tree.texts.documents(source.file)?.find(({ index }) => index === source.document);
  const content = text(get(written?.data, ...source.at, 'data', key)) ?? text(get(written?.data, ...source.at, 'stringData', key));
  if (content === undefined) return undefined;
  const field = get(written?.data, ...source.at, 'data', key) === undefined ? 'stringData' : 'data';
  const head = tree.texts.spot({ ...source, at: [...source.at, field, key] });
  const inner = new Positions(source.file, content).spot(0, path, 'key');
  const innerLine = content.split('\n')[inner.line - 1];
  const fileLine = tree.texts.text(source.file)?.split('\n')[head.line + inner.line - 1];
  if (innerLine === undefined || fileLine === undefined || !fileLine.trimEnd().endsWith(innerLine.trimEnd())) return undefined;
  const indent = fileLine.trimEnd().length - innerLine.trimEnd().length;
  return { file: source.file, line: head.line + inner.line, column: indent + inner.column, length: inner.length };
}
