import { get, isObject, isPlain, list, strings, text } from './build/data.ts';
import type { Found, Settings, Texts } from './model.types.ts';

/** `.manifests.yaml` at the root of a repository: what a tree cannot say of itself. */
export const SETTINGS_FILE = '.manifests.yaml';

/** Reads the settings; everything in them is optional, and so is the file. */
export function readSettings(texts: Texts): { readonly settings: Settings; readonly found: readonly Found[] } {
  const data = texts.documents(SETTINGS_FILE)?.[0]?.data;
  const found: Found[] = [];
  const given = list(get(data, 'given')).flatMap((each, index): Settings['given'][number][] => {
    if (typeof each !== 'string') return isObject(each) ? [{ object: each, source: { file: SETTINGS_FILE, document: 0, at: ['given', index] } }] : [];
    return (texts.documents(each) ?? []).flatMap(({ data: object, index: document }) => (isObject(object) ? [{ object, source: { file: each, document, at: [] } }] : []));
  });
  return {
    settings: {
      entries: new Map(Object.entries(strings(get(data, 'entries')))), given, before: [],
      schemas: list(get(data, 'schemas')).map(String), charts: list(get(data, 'charts')).map(String), items: text(get(data, 'items')),
      ...(text(get(data, 'versions')) === undefined ? {} : { versions: String(get(data, 'versions')) }),
    },
    found: data === undefined || isPlain(data) ? found : [{ rule: 'settings-invalid', source: { file: SETTINGS_FILE, document: 0, at: [] }, message: 'the settings are a map', hint: 'see docs/manifests.md' }],
  };
}
