import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, posix, resolve } from 'node:path';
import { kindOfPath } from '../../config/file.ts';
import { lastWords } from '../../tools/command-line.ts';
import { ToolFailure } from '../../tools/proc.ts';
import { readYaml } from '../build/yaml.ts';
import type { Texts, Tree } from '../model.types.ts';
import { readArchive, type ChartFiles } from './archive.ts';
import type { Context } from './context.ts';
import { get, list, plain, text } from '../build/data.ts';
import { sameVersion, type Wanted } from './source.ts';
import { digestOf, getJson, putJson } from './store.ts';
import { metaOf, type Meta } from './meta.ts';

/** A chart that is here. */
export interface Obtained {
  /** Of all it holds. */
  readonly digest: string;
  readonly meta: Meta;
  files(): ChartFiles;
  /** A folder or an archive for helm. */
  place(): string;
}
export type Obtaining = Obtained | { readonly unknown: string; readonly hint: string };

/** Ms. What a range of versions led to is believed so long. */
const RANGE_MS = 3_600_000;
/** Charts in charts by file://. */
const DEEPEST = 8;

/** The chart a release wants: out of the tree, a mirror, our cache, or its registry when that may be asked. */
export async function obtain(cx: Context, tree: Tree, wanted: Extract<Wanted, { readonly is: 'registry' | 'tree' }>): Promise<Obtaining> {
  if (wanted.is === 'tree') return fromTree(cx, tree, wanted.folder);
  const mirrored = fromMirrors(cx, tree, wanted);
  if (mirrored !== undefined && 'digest' in mirrored) return mirrored;
  const kept = fromCache(cx, wanted);
  if (kept !== undefined) return kept;
  const pinned = wanted.version ?? wanted.digest ?? 'the newest';
  const pull = wanted.url.startsWith('oci://') ? `helm pull ${wanted.url}` : `helm pull ${wanted.name} --repo ${wanted.url}`;
  const version = wanted.version === undefined ? '' : ` --version ${wanted.version}`;
  const hint = `fetch it into a folder of charts (${pull}${version}) and name that by CHARTS=, or run with a network`;
  const there = mirrored === undefined ? undefined : `chart not at the pin (there: ${mirrored.there.join(', ')}, pinned: ${pinned})`;
  if (cx.around.offline || cx.helm === undefined) return { unknown: there ?? `its chart ${wanted.name} ${pinned} is not here`, hint };
  return pulled(cx, wanted, there, hint);
}

function fromTree(cx: Context, tree: Tree, folder: string): Obtained {
  let read: ChartFiles | undefined;
  const files = (): ChartFiles => {
    read ??= filesOf(tree, folder, 0);
    return read;
  };
  const digest = digestOfFiles(files());
  return { digest, meta: metaOf(cx.store, digest, files), files, place: () => cx.laidOut(digest, files) };
}

/** A chart's folder with those it depends on by `file://`, which Flux puts into it as well. */
function filesOf(tree: Tree, folder: string, depth: number): ChartFiles {
  const files = new Map(filesBelow(tree.texts, folder, '').map((path) => [path, bytesOf(tree, posix.join(folder, path))]));
  const read = readYaml(files.get('Chart.yaml')?.toString('utf8') ?? '', true);
  for (const each of list('trouble' in read ? undefined : get(read.documents[0], 'dependencies'))) {
    const [name, repository] = [text(get(each, 'name')), text(get(each, 'repository'))];
    if (name === undefined || repository?.startsWith('file://') !== true || depth >= DEEPEST || [...files.keys()].some((path) => path.startsWith(`charts/${name}/`) || path.startsWith(`charts/${name}-`))) continue;
    for (const [path, bytes] of filesOf(tree, posix.join(folder, repository.slice('file://'.length)), depth + 1)) files.set(`charts/${name}/${path}`, bytes);
  }
  return files;
}

function filesBelow(texts: Texts, folder: string, below: string): readonly string[] {
  return texts.entries(posix.join(folder, below)).flatMap(({ name, kind }) => (kind === 'file' ? [posix.join(below, name)] : filesBelow(texts, folder, posix.join(below, name))));
}

/** What is no text (an archive, a picture) is read from disk: nobody lays such a thing over a tree. */
function bytesOf(tree: Tree, file: string): Buffer {
  const content = tree.texts.text(file);
  return content === undefined ? readFileSync(join(tree.texts.root, file)) : Buffer.from(content, 'utf8');
}

function digestOfFiles(files: ChartFiles): string {
  return digestOf(...[...files].toSorted(([a], [b]) => (a < b ? -1 : 1)).flatMap(([path, bytes]) => [path, bytes]));
}

/** The chart out of a local folder of charts; which versions are there instead; undefined when there is none of its name. */
function fromMirrors(cx: Context, tree: Tree, wanted: Extract<Wanted, { readonly is: 'registry' }>): Obtained | { readonly there: readonly string[] } | undefined {
  const there: string[] = [];
  for (const each of tree.settings.charts) {
    const mirror = resolve(tree.texts.root, each);
    cx.around.read(mirror);
    for (const name of entriesOf(mirror)) {
      if (name !== wanted.name && !name.startsWith(`${wanted.name}-`)) continue;
      if (name !== wanted.name && !/^v?\d/.test(name.slice(wanted.name.length + 1))) continue;
      const path = join(mirror, name);
      cx.around.read(path);
      const found = seen(cx, path);
      if (found === undefined || found.meta.name !== wanted.name) continue;
      if (wanted.exact && wanted.version !== undefined && sameVersion(found.meta.version, wanted.version)) return found;
      there.push(found.meta.version);
    }
  }
  return there.length === 0 ? undefined : { there: [...new Set(there)] };
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    // No such folder, or not ours to look into: no chart is in it.
    return [];
  }
}

/** A chart on disk; what it holds is read again only when a size or a time says that it changed. Undefined for what is no chart, whatever its name says. */
function seen(cx: Context, path: string): Obtained | undefined {
  try {
    const stat = statSync(path);
    if (!stat.isDirectory() && !path.endsWith('.tgz')) return undefined;
    const inside = stat.isDirectory() ? filesIn(path, '') : [''];
    const signature = inside.flatMap((name) => {
      const { size, mtimeMs, ctimeMs } = statSync(name === '' ? path : `${path}/${name}`);
      if (name !== '') cx.around.read(`${path}/${name}`);
      return [name, `${size} ${mtimeMs} ${ctimeMs}`];
    });
    let read: ChartFiles | undefined;
    const files = (): ChartFiles => {
      read ??= stat.isDirectory() ? new Map(inside.map((name) => [name, readFileSync(join(path, name))])) : readArchive(readFileSync(path));
      return read;
    };
    const key = digestOf(path, ...signature);
    const kept = text(getJson(cx.store, 'seen', key));
    const digest = kept ?? digestOfFiles(files());
    if (kept === undefined) putJson(cx.store, 'seen', key, digest);
    return { digest, meta: metaOf(cx.store, digest, files), files, place: () => path };
  } catch {
    return undefined;
  }
}

/** Files in a folder and everything below it, sorted; links that lead nowhere are none. */
function filesIn(folder: string, below: string): readonly string[] {
  return readdirSync(join(folder, below), { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1)).flatMap((entry) => {
    const name = below === '' ? entry.name : `${below}/${entry.name}`;
    const kind = entry.isFile() ? 'file' : entry.isDirectory() ? 'directory' : kindOfPath(join(folder, name));
    return kind === 'directory' ? filesIn(folder, name) : kind === 'file' ? [name] : [];
  });
}

function nameKey(wanted: Extract<Wanted, { readonly is: 'registry' }>): string {
  return digestOf(wanted.url, wanted.name, wanted.digest ?? '', wanted.version ?? '');
}

function fromCache(cx: Context, wanted: Extract<Wanted, { readonly is: 'registry' }>): Obtained | undefined {
  const key = nameKey(wanted);
  cx.around.read(cx.store.path('names', key));
  const entry = plain(getJson(cx.store, 'names', key));
  const sha256 = text(entry['sha256']);
  if (sha256 === undefined) return undefined;
  if (!wanted.exact && !cx.around.offline && Date.now() - Number(entry['at']) > RANGE_MS) return undefined;
  return archived(cx, sha256);
}

/** An archive of our cache; undefined when it is gone or damaged. */
function archived(cx: Context, sha256: string): Obtained | undefined {
  const bytes = cx.store.get('archives', sha256);
  if (bytes === undefined) return undefined;
  let read: ChartFiles | undefined;
  const files = (): ChartFiles => {
    read ??= readArchive(bytes);
    return read;
  };
  const digest = digestOf('archive', sha256);
  return { digest, meta: metaOf(cx.store, digest, files), files, place: () => cx.store.path('archives', sha256) };
}

async function pulled(cx: Context, wanted: Extract<Wanted, { readonly is: 'registry' }>, there: string | undefined, hint: string): Promise<Obtaining> {
  const key = nameKey(wanted);
  const into = join(cx.scratch(), 'pulled', key.slice(0, 16));
  mkdirSync(into, { recursive: true, mode: 0o700 });
  try {
    const url = wanted.digest !== undefined && wanted.url.startsWith('oci://') ? `${wanted.url}@${wanted.digest}` : wanted.url;
    const version = wanted.digest !== undefined ? undefined : wanted.version?.replace(/^(v?\d+\.\d+\.\d+[^_]*)_/, '$1+');
    await cx.helm?.pull({ url, name: wanted.name, version, plainHttp: wanted.plainHttp, into });
    const file = readdirSync(into).find((name) => name.endsWith('.tgz'));
    if (file === undefined) throw new Error('helm fetched no archive');
    const bytes = readFileSync(join(into, file));
    readArchive(bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    cx.store.put('archives', sha256, bytes);
    putJson(cx.store, 'names', key, { name: wanted.name, url: wanted.url, version: wanted.version ?? '', sha256, at: Date.now() });
    if (!wanted.exact) cx.around.volatile(`${wanted.name} ${wanted.version ?? ''} is a range of versions`);
    const found = archived(cx, sha256);
    if (found !== undefined) return found;
    // The cache takes nothing: for this run what was fetched is enough.
    const files = readArchive(bytes);
    const digest = digestOf('archive', sha256);
    return { digest, meta: metaOf(cx.store, digest, () => files), files: () => files, place: () => join(into, file) };
  } catch (error) {
    cx.around.signal.throwIfAborted();
    cx.around.volatile(`${wanted.name} could not be fetched from ${wanted.url}`);
    const because = error instanceof ToolFailure ? lastWords(error.stderr, 2, 240).replace(/^Error: /, '') : error instanceof Error ? error.message : String(error);
    return { unknown: there ?? `its chart ${wanted.name} cannot be fetched from ${wanted.url}: ${because}`, hint };
  }
}
