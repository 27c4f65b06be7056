import { posix } from 'node:path';
import { readArchive, type ChartFiles } from './archive.ts';
import type { Chart } from './chart.ts';
import { get, has, isPlain, list, plain, text } from '../build/data.ts';

/** Schemas of values: which values they name, and where the schemas are that they refer to. */

/** A place nobody can fetch from, for schemas that do not say where they are from. */
const HERE = 'chart:///';
/** Beyond this many references one goes round in a circle. */
const DEEPEST = 32;

/** Whether a schema of the chart, or of a chart in it, says something of this very value. In doubt it does. */
export function namedBySchema(chart: Chart, path: readonly string[]): boolean {
  const known = new Map<string, unknown>();
  register(known, chart, HERE);
  const ask = (each: Chart, base: string, below: readonly string[]): boolean => {
    if (each.schema !== undefined && names({ known, root: each.schema, base: text(get(each.schema, '$id')) ?? `${base}values.schema.json` }, each.schema, below, 0)) return true;
    const [first, ...rest] = below;
    return each.charts.some((child) => child.called === first && ask(child, `${base}charts/${child.called}/`, rest));
  };
  return ask(chart, HERE, path);
}

/** Every schema in a chart by where it lies, and by the address it gives itself. */
function register(known: Map<string, unknown>, chart: Chart, base: string): void {
  const bases = [base, ...[text(get(chart.schema, '$id'))].flatMap((id) => (id === undefined || !URL.canParse(id) ? [] : [new URL('.', id).href]))];
  for (const each of bases) {
    known.set(new URL('values.schema.json', each).href, chart.schema);
    for (const [path, content] of chart.files) if (path.endsWith('.json')) known.set(new URL(path, each).href, jsonOf(content));
  }
  for (const child of chart.charts) register(known, child, `${base}charts/${child.called}/`);
}

function jsonOf(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    // No schema: whoever refers to it is told by helm.
    return undefined;
  }
}

interface Place { readonly known: ReadonlyMap<string, unknown>; readonly root: unknown; readonly base: string }

function names(place: Place, schema: unknown, path: readonly string[], depth: number): boolean {
  const [first, ...rest] = path;
  if (first === undefined || depth > DEEPEST) return true;
  if (!isPlain(schema)) return false;
  const next = (each: unknown, below: readonly string[] = rest): boolean => names(place, each, below, depth + 1);
  const ref = text(schema['$ref']);
  if (ref !== undefined) {
    const [address = '', pointer = ''] = (URL.canParse(ref, place.base) ? new URL(ref, place.base).href : '').split('#');
    const root = address === place.base.split('#')[0] ? place.root : place.known.get(address);
    // What is not here may name anything.
    if (root === undefined) return true;
    const parts = pointer.split('/').filter((part) => part !== '').map((part) => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~'));
    if (names({ ...place, root, base: address }, get(root, ...parts), path, depth + 1)) return true;
  }
  if (has(schema, ['properties', first]) && next(get(schema, 'properties', first))) return true;
  if (list(schema['required']).includes(first) || ['propertyNames', 'minProperties', 'maxProperties', 'unevaluatedProperties'].some((key) => key in schema)) return true;
  if (Object.entries(plain(schema['patternProperties'])).some(([pattern, each]) => fits(pattern, first) && next(each))) return true;
  if (isPlain(schema['additionalProperties']) && Object.keys(schema['additionalProperties']).length > 0 && !has(schema, ['properties', first]) && next(schema['additionalProperties'])) return true;
  const branches = [...['allOf', 'anyOf', 'oneOf'].flatMap((key) => list(schema[key])), schema['if'], schema['then'], schema['else'], schema['not'], ...Object.values(plain(schema['dependentSchemas']))];
  return branches.some((each) => each !== undefined && next(each, path));
}

/** A pattern only Go understands fits everything. */
function fits(pattern: string, key: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(key);
  } catch {
    return true;
  }
}

const REFERENCE = /"\$ref"\s*:\s*"(https?:\/\/[^"#]+)[^"]*"/g;

/** Addresses schemas refer to that no file of the chart is from, and whether any reference at all is one of an address. */
export function schemasElsewhere(files: ChartFiles): { readonly elsewhere: readonly string[]; readonly linked: boolean } {
  const folders = [...foldersByAddress(files).keys()];
  const found = [...files].flatMap(([path, bytes]) => (path.endsWith('.tgz') ? schemasElsewhere(readArchive(bytes)).elsewhere : isSchema(path) ? [...bytes.toString('utf8').matchAll(REFERENCE)].map(([, address = '']) => address) : []));
  const elsewhere = [...new Set(found)].filter((address) => !folders.some((folder) => address.startsWith(folder)));
  return { elsewhere, linked: found.length > elsewhere.length };
}

/** The chart with references to what is in it by their place in `folder`, so that helm fetches nothing. */
export function linkedSchemas(files: ChartFiles, folder: string): ChartFiles {
  const folders = foldersByAddress(files);
  return new Map([...files].map(([path, bytes]) => {
    if (!isSchema(path)) return [path, bytes];
    let content = bytes.toString('utf8').replaceAll(/"\$id"(\s*:\s*"https?:)/g, '"x-id"$1');
    for (const [address, below] of folders) content = content.replaceAll(`"${address}`, `"file://${posix.join(folder, below)}/`);
    // What is relative is so to the address that was just taken away; helm gives a schema none.
    if ([...folders.values()].some((below) => below === '.' || path.startsWith(`${below}/`))) content = content.replaceAll(/("\$ref"\s*:\s*")(?![a-z]+:|#)/g, `$1file://${posix.join(folder, posix.dirname(path))}/`);
    return [path, Buffer.from(content, 'utf8')];
  }));
}

const isSchema = (path: string): boolean => path.endsWith('.json') && !path.includes('templates/');

/** Where a schema says its folder is, and where that folder is in the chart. */
function foldersByAddress(files: ChartFiles): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [path, bytes] of files) {
    if (posix.basename(path) !== 'values.schema.json') continue;
    const id = text(get(jsonOf(bytes.toString('utf8')), '$id'));
    if (id !== undefined && /^https?:/.test(id) && URL.canParse(id)) found.set(new URL('.', id).href, posix.dirname(path));
  }
  return found;
}
