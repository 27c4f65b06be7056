/** Reads a helmfile of the plain kind: releases, their values and order. Anything this does not know is refused. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { CORE_SCHEMA, load } from 'js-yaml';
import { isPlain, list, mergeValues, plain, text, whole, type Plain } from '../../catalog/data.ts';
import { Exit, Unmodelled } from '../shared/flags.ts';

export interface HelmfileRelease {
  readonly name: string; readonly namespace: string; readonly chart: string; readonly version: string; readonly needs: readonly string[]; readonly values: Plain;
  readonly wait: boolean; readonly timeoutMs: number; readonly createNamespace: boolean; readonly installed: boolean; readonly labels: Readonly<Record<string, string>>;
}

const FILE_KEYS = new Set(['repositories', 'helmDefaults', 'releases', 'environments', 'helmBinary']);
const DEFAULT_KEYS = new Set(['wait', 'waitForJobs', 'timeout', 'createNamespace', 'cleanupOnFail', 'atomic', 'historyMax', 'kubeContext', 'force', 'recreatePods', 'verify', 'skipDeps', 'takeOwnership', 'args']);
const RELEASE_KEYS = new Set(['name', 'namespace', 'chart', 'version', 'needs', 'values', 'set', 'wait', 'waitForJobs', 'timeout', 'createNamespace', 'installed', 'labels', 'cleanupOnFail', 'atomic', 'force', 'disableValidation', 'historyMax']);

function known(where: string, map: Plain, keys: ReadonlySet<string>): void {
  for (const key of Object.keys(map)) if (!keys.has(key)) throw new Unmodelled('helmfile', `${where}: field ${key}`);
}
function yaml(file: string): unknown {
  try { return load(readFileSync(file, 'utf8'), { schema: CORE_SCHEMA }); } catch (error) {
    throw new Exit(1, `in ${file}: failed to read ${file}: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
  }
}

function valuesOf(file: string, release: Plain): Plain {
  let values: Plain = {};
  for (const entry of list(release['values'])) {
    if (isPlain(entry)) { values = mergeValues(values, entry); continue; }
    const path = resolve(dirname(file), String(entry));
    if (path.endsWith('.gotmpl')) throw new Unmodelled('helmfile', `template ${String(entry)}`);
    if (!existsSync(path)) throw new Exit(1, `in ${file}: failed processing release ${String(release['name'])}: values file matching "${String(entry)}" does not exist in "${dirname(file)}"`);
    values = mergeValues(values, plain(yaml(path)));
  }
  for (const entry of list(release['set']).map(plain)) {
    const path = (text(entry['name']) ?? '').split('.');
    values = mergeValues(values, plain(path.reduceRight<unknown>((inner, step) => ({ [step]: inner }), entry['value'])));
  }
  return values;
}

/** Releases in the order in which they are installed: what a release needs comes before it. Throws Exit or Unmodelled. */
export function readHelmfile(file: string): HelmfileRelease[] {
  if (!existsSync(file)) throw new Exit(1, `error resolving desired state: specified state file ${file} is not found`);
  const state = plain(yaml(file));
  known(file, state, FILE_KEYS);
  const defaults = plain(state['helmDefaults']);
  known(`${file}: helmDefaults`, defaults, DEFAULT_KEYS);
  const releases = list(state['releases']).map(plain).map((release): HelmfileRelease => {
    const name = text(release['name']) ?? '';
    known(`${file}: release ${name}`, release, RELEASE_KEYS);
    const setting = (key: string): unknown => release[key] ?? defaults[key];
    const chart = text(release['chart']) ?? '';
    return {
      name, namespace: text(release['namespace']) ?? 'default', chart, version: text(release['version']) ?? '', needs: list(release['needs']).map(String), values: valuesOf(file, release),
      wait: setting('wait') === true, timeoutMs: whole(setting('timeout'), 300) * 1000, createNamespace: setting('createNamespace') !== false, installed: release['installed'] !== false,
      labels: { ...Object.fromEntries(Object.entries(plain(release['labels'])).map(([key, value]) => [key, String(value)])), name, namespace: text(release['namespace']) ?? '', chart: chart.split('/').at(-1) ?? chart },
    };
  });
  return ordered(file, releases);
}

function ordered(file: string, releases: readonly HelmfileRelease[]): HelmfileRelease[] {
  const id = (release: HelmfileRelease): string => `${release.namespace}/${release.name}`;
  const out: HelmfileRelease[] = [];
  const open = new Set<string>();
  const visit = (release: HelmfileRelease): void => {
    if (out.includes(release)) return;
    if (open.has(id(release))) throw new Exit(1, `in ${file}: release "${id(release)}" depends on itself through needs`);
    open.add(id(release));
    for (const need of release.needs) {
      const wanted = releases.find((other) => id(other) === need || other.name === need);
      if (wanted === undefined) throw new Exit(1, `in ${file}: release(s) "${id(release)}" depend(s) on an undefined release "${need}". Perhaps you made a typo in "needs" or forgot defining a release named "${need.split('/').at(-1) ?? need}" with appropriate "namespace" and "kubeContext"?`);
      visit(wanted);
    }
    open.delete(id(release));
    out.push(release);
  };
  for (const release of releases) visit(release);
  return out;
}

/** `name=x,tier!=y`; several selectors are alternatives. */
export function selected(releases: readonly HelmfileRelease[], selectors: readonly string[]): HelmfileRelease[] {
  if (selectors.length === 0) return [...releases];
  return releases.filter((release) => selectors.some((selector) => selector.split(',').every((pair) => {
    const not = pair.includes('!=');
    const [key, value] = pair.split(not ? '!=' : '=');
    const same = release.labels[key?.trim() ?? ''] === value?.trim();
    return not ? !same : same;
  })));
}
