import { posix } from 'node:path';
import { get, isObject, isPlain, list, plain, text } from './build/data.ts';
import { meant, listed } from '../config/words.ts';
import type { Path } from '../config/source.ts';
import type { Found, Settings, Source, Texts } from './model.types.ts';

/** `.manifests.yaml` at the root of a repository: what a tree cannot say of itself. */
export const SETTINGS_FILE = '.manifests.yaml';

/** Its keys; docs/schemas/manifests.schema.json says the same. */
export const SETTINGS_KEYS = ['entries', 'given', 'variants', 'before', 'kubernetes', 'definitions', 'versions', 'items', 'charts', 'schemas', 'ignore'] as const;

type Given = Settings['given'][number];
type Before = Settings['before'][number];
type Definition = NonNullable<Settings['definitions']>[number];
type Ignore = NonNullable<Settings['ignore']>[number];

/** Reads the settings; everything in them is optional, and so is the file. What is not understood is found, at its place. */
export function readSettings(texts: Texts): { readonly settings: Settings; readonly found: readonly Found[] } {
  const reader = new Reader(texts);
  return { settings: reader.settings(), found: reader.found };
}

class Reader {
  readonly found: Found[] = [];
  readonly #texts: Texts;
  readonly #data: Readonly<Record<string, unknown>>;
  readonly #document: number;

  constructor(texts: Texts) {
    this.#texts = texts;
    const documents = texts.documents(SETTINGS_FILE);
    this.#document = documents?.[0]?.index ?? 0;
    const data = documents?.[0]?.data ?? {};
    this.#data = plain(data);
    if (documents === undefined && texts.kind(SETTINGS_FILE) === 'file') this.found.push({ rule: 'settings-invalid', source: this.#at(), message: `${SETTINGS_FILE} is no YAML`, hint: 'look for indentation, colons, quotes and brackets' });
    else if (!isPlain(data)) this.#wrong([], 'the settings are a map', `its keys are ${listed(SETTINGS_KEYS)}`);
    for (const key of Object.keys(this.#data)) {
      if (!SETTINGS_KEYS.some((known) => known === key)) this.#wrong([key], `${key} is no setting`, meant(key, SETTINGS_KEYS, `settings are ${listed(SETTINGS_KEYS)}`), true);
    }
  }

  settings(): Settings {
    const kubernetes = this.#kubernetes();
    const definitions = this.#definitions();
    const versions = this.#file('versions');
    const ignore = this.#ignore();
    const given = this.#given();
    const variants = this.#variants(given);
    return {
      entries: this.#entries(), given, before: this.#before(),
      schemas: this.#words('schemas'), charts: this.#words('charts'), items: this.#file('items'),
      ...(variants.size === 0 ? {} : { variants }), ...(versions === undefined ? {} : { versions }), ...(kubernetes === undefined ? {} : { kubernetes }), ...(definitions === undefined ? {} : { definitions }), ...(ignore.length === 0 ? {} : { ignore }),
    };
  }

  #at(...at: Path): Source { return { file: SETTINGS_FILE, document: this.#document, at }; }

  #wrong(path: Path, message: string, hint: string, key = false): undefined {
    this.found.push({ rule: 'settings-invalid', ...(key ? { spot: this.#texts.spot(this.#at(...path), 'key') } : { source: this.#at(...path) }), message, hint });
    return undefined;
  }

  #list(key: string): readonly unknown[] {
    const value = this.#data[key];
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) this.#wrong([key], `${key} must be a list`, 'write - before each of its lines');
    return list(value);
  }

  #words(key: string): readonly string[] {
    return this.#list(key).flatMap((each, index) => {
      if (typeof each === 'string' && each !== '') return [each];
      this.#wrong([key, index], `each of ${key} is a path`, 'write a path, relative to the root');
      return [];
    });
  }

  /** A setting that names a file. */
  #file(key: string): string | undefined {
    const value = this.#data[key];
    if (value === undefined || value === null) return undefined;
    const file = text(value);
    return file === undefined ? this.#wrong([key], `${key} is the name of a file`, 'write a path, relative to the root') : this.#there(file, [key]);
  }

  #there(file: string, path: Path): string | undefined {
    if (this.#texts.kind(file) === 'file') return file;
    const folder = posix.dirname(file) === '.' ? '' : posix.dirname(file);
    return this.#wrong(path, `there is no file ${file}`, meant(file, this.#texts.entries(folder).map(({ name }) => posix.join(folder, name)), 'paths begin at the root'));
  }

  /** `file#key`: a value of another file, with where it is written. */
  #referred(key: string): { readonly value: unknown; readonly source: Source } | undefined {
    const written = text(this.#data[key]) ?? '';
    const [file = '', pointer = ''] = written.split('#');
    if (this.#there(file, [key]) === undefined) return undefined;
    const at = pointer.split('.').filter((part) => part !== '');
    for (const { data, index } of this.#texts.documents(file) ?? []) {
      const value = get(data, ...at);
      if (value !== undefined) return { value, source: { file, document: index, at } };
    }
    return this.#wrong([key], `${file} has no ${pointer}`, 'write file#key; a key further down is file#outer.inner');
  }

  #entries(): ReadonlyMap<string, string> {
    const value = this.#data['entries'];
    if (value === undefined || value === null) return new Map();
    if (!isPlain(value)) { this.#wrong(['entries'], 'entries is a map', 'write the name of each cluster, a colon, and the folder Flux begins with'); return new Map(); }
    return new Map(Object.entries(value).flatMap(([name, folder]): [string, string][] => {
      if (typeof folder === 'string') return [[name, posix.normalize(folder).replace(/^\.?\//, '').replace(/\/$/, '').replace(/^\.$/, '')]];
      this.#wrong(['entries', name], 'an entry is a folder', 'write a path, relative to the root');
      return [];
    }));
  }

  #given(): readonly Given[] {
    return this.#list('given').flatMap((each, index): readonly Given[] => {
      if (isObject(each)) return [{ object: each, source: this.#at('given', index) }];
      const file = text(each);
      if (file === undefined) { this.#wrong(['given', index], 'what is given is a file or an object', 'an object has apiVersion, kind and metadata.name'); return []; }
      if (this.#there(file, ['given', index]) === undefined) return [];
      const documents = this.#texts.documents(file);
      if (documents === undefined) { this.#wrong(['given', index], `${file} is no YAML`, 'it holds Kubernetes objects'); return []; }
      return documents.flatMap(({ data, index: document }) => (isObject(data) ? [{ object: data, source: { file, document, at: [] } }] : []));
    });
  }

  /** Releases of helmfiles, or written out. */
  /** Variables among what is given, with what else each may be. */
  #variants(given: readonly Given[]): ReadonlyMap<string, readonly string[]> {
    const value = this.#data['variants'];
    if (value === undefined || value === null) return new Map();
    const names = [...new Set(given.flatMap(({ object }) => Object.keys(plain(object['data']))))];
    if (!isPlain(value)) { this.#wrong(['variants'], 'variants is a map', 'write the name of a variable, a colon, and what else it may be'); return new Map(); }
    return new Map(Object.entries(value).flatMap(([name, all]): [string, readonly string[]][] => {
      if (!names.includes(name)) this.#wrong(['variants', name], `no ConfigMap that is given has ${name}`, meant(name, names, 'name a variable of what stands under given'), true);
      else if (!Array.isArray(all) || !all.every((each) => typeof each === 'string')) this.#wrong(['variants', name], 'what else a variable may be is a list of words', `did you mean [${String(all)}]?`);
      else return [[name, all]];
      return [];
    }));
  }

  #before(): readonly Before[] {
    return this.#list('before').flatMap((each, index): readonly Before[] => {
      const path = ['before', index];
      const file = text(each) ?? text(get(each, 'file'));
      const crdsOnly = get(each, 'crdsOnly') === true;
      if (file === undefined) {
        const release = releaseOf(each, this.#at(...path), crdsOnly);
        if (release === undefined) this.#wrong(path, 'what is installed before Flux is a helmfile, or a release', 'write the file, or name, namespace, chart and version');
        return release === undefined ? [] : [release];
      }
      if (this.#there(file, path) === undefined) return [];
      const documents = this.#texts.documents(file);
      if (documents === undefined) { this.#wrong(path, `${file} is no plain YAML`, 'a helmfile with templates cannot be read: write its releases out'); return []; }
      return documents.flatMap(({ data, index: document }) => list(get(data, 'releases')).flatMap((release, at) => releaseOf(release, { file, document, at: ['releases', at] }, crdsOnly) ?? []));
    });
  }

  #kubernetes(): string | undefined {
    const value = this.#data['kubernetes'];
    if (value === undefined || value === null) return undefined;
    const version = typeof value === 'string' && value.includes('#') ? this.#referred('kubernetes')?.value : value;
    if (version === undefined) return undefined;
    return typeof version === 'string' && /^v?\d+\.\d+\.\d+/.test(version) ? version : this.#wrong(['kubernetes'], 'kubernetes is a whole version', 'write one like "1.34.4", or file#key');
  }

  #definitions(): readonly Definition[] | undefined {
    const value = this.#data['definitions'];
    if (value === undefined || value === null) return undefined;
    const from = typeof value === 'string' ? this.#referred('definitions') : { value, source: this.#at('definitions') };
    if (from === undefined) return undefined;
    if (!Array.isArray(from.value)) return this.#wrong(['definitions'], 'definitions are a list of url and sha256', 'write them out, or file#key');
    return list(from.value).flatMap((each, index): readonly Definition[] => {
      const [url, sha256] = [text(get(each, 'url')), text(get(each, 'sha256'))];
      if (url !== undefined && sha256 !== undefined) return [{ url, sha256, source: { ...from.source, at: [...from.source.at, index] } }];
      this.#wrong(typeof value === 'string' ? ['definitions'] : ['definitions', index], 'each of definitions has url and sha256', 'a digest makes it the same file for ever');
      return [];
    });
  }

  #ignore(): readonly Ignore[] {
    return this.#list('ignore').flatMap((each, index): readonly Ignore[] => {
      const [rule, reason, file, object] = ['rule', 'reason', 'file', 'object'].map((key) => text(get(each, key)));
      if (rule === undefined) this.#wrong(['ignore', index], 'what is ignored has a rule', 'task manifests:rules lists them');
      else if (reason === undefined || reason.trim() === '') this.#wrong(['ignore', index], `ignoring ${rule} has no reason`, 'say why it is right as it is: reason: ...');
      else if (file === undefined && object === undefined) this.#wrong(['ignore', index], `ignoring ${rule} says not where`, 'add file: (a file or a pattern) or object: (Kind namespace/name)');
      else return [{ rule, file, object, reason, source: this.#at('ignore', index) }];
      return [];
    });
  }
}

function releaseOf(value: unknown, source: Source, crdsOnly: boolean): Before | undefined {
  const [name, chart, version] = [text(get(value, 'name')), text(get(value, 'chart')), get(value, 'version')];
  if (name === undefined || chart === undefined) return undefined;
  return { name, namespace: text(get(value, 'namespace')) ?? '', chart, version: version === undefined || version === null ? '' : String(version), source, crdsOnly };
}
