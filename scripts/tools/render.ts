import { readFile } from 'node:fs/promises';
import { isAbsolute, join, normalize, relative, resolve, sep } from 'node:path';
import { load } from 'js-yaml';
import type { Cluster, Site } from '../config/cluster.ts';
import { Failure } from '../engine/failure.ts';
import { writePrivate } from './files.ts';
import { refuseUnfilled, substitute } from './substitute.ts';
import type { Unfilled } from './substitute.ts';

export type HelmfileName = '00-crds.yaml' | '01-core.yaml';

/** One file of a rendering: where it is below the root, and what it holds for this cluster. */
export interface Rendered { readonly path: string; readonly text: string }

/** helmfile.d/<file> as it is (it holds literal pins) and the values files its releases name, with this cluster's settings filled in. Reads files only. */
export async function renderHelmfile(site: Pick<Site, 'root'>, cluster: Cluster, file: HelmfileName): Promise<readonly Rendered[]> {
  const main = join('helmfile.d', file);
  const unfilled: Unfilled[] = [];
  const one = async (path: string): Promise<Rendered> => {
    const done = substitute(await readRoot(site.root, path), cluster.settings, path);
    unfilled.push(...done.unfilled);
    return { path, text: done.text };
  };
  const first: Rendered = { path: main, text: await readRoot(site.root, main) };
  const paths = new Set<string>();
  for (const release of releasesOf(first.text, main)) for (const entry of release.values) if (typeof entry === 'string') paths.add(below(site.root, entry));
  const rendered = [first, ...await Promise.all([...paths].map(one))];
  refuseUnfilled(cluster.name, unfilled);
  return rendered;
}

/** Writes a rendering below `folder`, paths kept, so that helmfile's relative paths hold. Answers the helmfile to run. */
export async function writeRendering(folder: string, rendered: readonly Rendered[]): Promise<string> {
  for (const file of rendered) await writePrivate(join(folder, file.path), file.text);
  return join(folder, rendered[0]?.path ?? '');
}

/** The values one release is given: files and inline maps in order, then `set`, merged as Helm merges (maps deep, everything else replaced). */
export function releaseValues(rendered: readonly Rendered[], root: string, name: string): unknown {
  const main = rendered[0];
  const release = main === undefined ? undefined : releasesOf(main.text, main.path).find((each) => each.name === name);
  if (main === undefined || release === undefined) throw new Failure({ exit: 'configuration', what: `there is no release ${name} in ${main?.path ?? 'helmfile.d'}`, hint: 'add it there, or take it out of what waits for it' });
  let values: Record<string, unknown> = {};
  for (const entry of release.values) {
    if (typeof entry !== 'string') { values = merge(values, entry); continue; }
    const path = below(root, entry);
    const parsed = yaml(rendered.find((file) => file.path === path)?.text ?? '', path);
    if (parsed !== null && parsed !== undefined && !isRecord(parsed)) throw new Failure({ exit: 'configuration', what: `${path} is no map of values`, hint: 'values are keys with what they are set to; restore the file from Git' });
    values = merge(values, isRecord(parsed) ? parsed : {});
  }
  for (const item of release.set) values = merge(values, nested(item.name.split(/(?<!\\)\./).map((part) => part.replaceAll('\\.', '.')), scalar(item.value)));
  return values;
}

interface ReleaseEntry { readonly name: string; readonly values: readonly (string | Record<string, unknown>)[]; readonly set: readonly { readonly name: string; readonly value: unknown }[] }

function releasesOf(text: string, path: string): readonly ReleaseEntry[] {
  const parsed = yaml(text, path);
  const releases = isRecord(parsed) ? parsed['releases'] : undefined;
  if (!Array.isArray(releases)) throw new Failure({ exit: 'configuration', what: `${path} has no releases`, hint: 'restore it from Git' });
  return releases.filter(isRecord).map((release) => ({
    name: String(release['name']),
    values: Array.isArray(release['values']) ? release['values'].filter((entry: unknown): entry is string | Record<string, unknown> => typeof entry === 'string' || isRecord(entry)) : [],
    set: Array.isArray(release['set']) ? release['set'].filter(isRecord).flatMap((item) => (typeof item['name'] === 'string' ? [{ name: item['name'], value: item['value'] }] : [])) : [],
  }));
}

/** A values entry is relative to helmfile.d; nothing outside the root is read or written. */
function below(root: string, entry: string): string {
  const path = relative(root, resolve(root, 'helmfile.d', entry));
  if (isAbsolute(entry) || path.startsWith(`..${sep}`) || path === '..') throw new Failure({ exit: 'configuration', what: `helmfile.d names ${entry}, which is outside the configuration`, hint: 'values live beside the HelmRelease in the Flux tree' });
  return normalize(path);
}

/** YAML after the settings were filled in: a value with a colon or a quote in it can break what was whole before. */
function yaml(text: string, path: string): unknown {
  try {
    return load(text);
  } catch (error) {
    throw new Failure({ exit: 'configuration', what: `${path} is no YAML any more once the cluster's settings are filled in`, because: error instanceof Error ? error.message.split('\n')[0] : String(error), hint: 'put quotes around the ${NAME} in it, or look at the value in cluster-settings.yaml', cause: error });
  }
}

async function readRoot(root: string, path: string): Promise<string> {
  try {
    return await readFile(join(root, path), 'utf8');
  } catch (error) {
    throw new Failure({ exit: 'configuration', what: `${path} cannot be read`, because: error instanceof Error ? error.message : String(error), hint: 'restore it from Git, or mend its rights', cause: error });
  }
}

function merge(under: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  // A map, not an object that is assigned to: a key may be called __proto__.
  const merged = new Map(Object.entries(under));
  for (const [key, value] of Object.entries(over)) {
    const below_ = merged.get(key);
    merged.set(key, isRecord(below_) && isRecord(value) ? merge(below_, value) : value);
  }
  return Object.fromEntries(merged);
}

function nested(path: readonly string[], value: unknown): Record<string, unknown> {
  const [first = '', ...rest] = path;
  return { [first]: rest.length === 0 ? value : nested(rest, value) };
}

/** `--set` reads its text again: true, false, null and whole numbers are not strings. */
function scalar(value: unknown): unknown {
  const text = String(value);
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === 'null') return null;
  return /^(?:0|-?[1-9]\d*)$/.test(text) ? Number(text) : text;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
