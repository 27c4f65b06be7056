/** Plain data, as YAML and JSON give it, and careful ways into it. */
export type Fields = Record<string, unknown>;

/** True for a mapping: no list, no null. */
export const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value at a path of keys, undefined when any step is missing. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let here = value;
  for (const key of path) {
    if (!isFields(here)) return undefined;
    here = here[key];
  }
  return here;
}

/** The text at a path; undefined when it is missing or no text. */
export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

/** The list of texts at a path; what is no text is left out. */
export function textsAt(value: unknown, ...path: readonly string[]): readonly string[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found.filter((entry): entry is string => typeof entry === 'string') : [];
}

/** The same data with mapping keys in order, so that equal data is equal text. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, entry: unknown) => (isFields(entry) ? Object.fromEntries(Object.entries(entry).toSorted(([a], [b]) => (a < b ? -1 : 1))) : entry));
}

/** The host of a URL; undefined when the text is none. */
export const hostOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).hostname : undefined);
