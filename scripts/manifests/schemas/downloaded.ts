import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CORE_SCHEMA, loadAll } from 'js-yaml';
import { cacheFolder } from '../../tools/environment.ts';
import { isObject, isPlain, text, type Plain } from '../build/data.ts';
import type { View } from '../model.types.ts';
import { versionsOf } from './definitions.ts';

/** A version of a definition that was downloaded for the bootstrap; its schema is read only when an object needs it. */
export interface Downloaded { readonly group: string; readonly kind: string; readonly version: string; readonly served: boolean; readonly deprecated: string | true | undefined; readonly id: string | undefined; readonly from: string; openAPI(): Plain | undefined }

/**
 * The definitions a tree gets before Flux from pinned addresses, as far as they are in the cache of downloads. What a file defines is
 * kept beside it by its digest: reading megabytes of YAML again would be most of a run.
 */
export function downloaded(view: View): readonly Downloaded[] {
  const { around } = view;
  const pinned = view.tree.settings.definitions ?? [];
  if (around === undefined || pinned.length === 0) return [];
  const cache = cacheFolder(around.environment);
  return pinned.flatMap(({ url, sha256 }) => {
    if (!/^[0-9a-f]{64}$/.test(sha256)) return [];
    const file = join(cache, 'downloads', sha256);
    around.read(file);
    return index(file, sha256, join(cache, 'manifests', 'definitions')).map((each) => ({ ...each, from: url, openAPI: () => (each.id === undefined ? undefined : readSchema(join(cache, 'manifests', 'definitions', `${each.id}.json`))) }));
  });
}

type Entry = Omit<Downloaded, 'from' | 'openAPI'>;

function index(file: string, sha256: string, folder: string): readonly Entry[] {
  const kept = join(folder, `${sha256}.index`);
  try {
    const parsed: unknown = JSON.parse(readFileSync(kept, 'utf8'));
    if (Array.isArray(parsed)) return parsed.flatMap(entry);
  } catch {
    // Not made yet, or damaged: made anew.
  }
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch {
    // Not downloaded here: kinds it defines have no schema from this place.
    return [];
  }
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) return [];
  let documents: unknown[];
  try {
    documents = loadAll(bytes.toString('utf8'), { schema: CORE_SCHEMA });
  } catch {
    // The digest is what somebody pinned; applying it will say that it is no YAML.
    return [];
  }
  const entries = documents.filter(isObject).flatMap(versionsOf).map((each) => {
    const schema = each.openAPI === undefined ? undefined : JSON.stringify(each.openAPI);
    const id = schema === undefined ? undefined : createHash('sha256').update(schema).digest('hex');
    if (id !== undefined) keep(join(folder, `${id}.json`), schema ?? '');
    return { group: each.group, kind: each.kind, version: each.version, served: each.served, deprecated: each.deprecated, id };
  });
  keep(kept, JSON.stringify(entries));
  return entries;
}

function entry(value: unknown): Entry[] {
  if (!isPlain(value)) return [];
  const group = text(value['group']);
  const kind = text(value['kind']);
  const version = text(value['version']);
  if (group === undefined || kind === undefined || version === undefined) return [];
  const deprecated = value['deprecated'];
  return [{ group, kind, version, served: value['served'] !== false, deprecated: deprecated === true ? true : text(deprecated), id: text(value['id']) }];
}

function keep(file: string, text: string): void {
  const part = `${file}.${process.pid}.part`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(part, text, { mode: 0o600 });
    renameSync(part, file);
  } catch {
    // A cache that cannot be written costs the next run its time.
  }
}

function readSchema(file: string): Plain | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return isPlain(parsed) ? parsed : undefined;
  } catch {
    // Taken away since: as a definition without a schema.
    return undefined;
  }
}
