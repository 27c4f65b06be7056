import type { At, Path, Written } from './source.ts';

/** Looks into plain data; undefined when a step of the path is not there. */
export function dig(data: unknown, path: Path): unknown {
  let at = data;
  for (const part of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = Array.isArray(at) ? at[Number(part)] : new Map(Object.entries(at)).get(String(part));
  }
  return at;
}

export function textIn(data: unknown, ...path: Path): string | undefined {
  const value = dig(data, path);
  return typeof value === 'string' ? value : undefined;
}

export function listIn(data: unknown, ...path: Path): readonly unknown[] {
  const value = dig(data, path);
  return Array.isArray(value) ? value : [];
}

/** A map, as YAML calls it. */
export function isMapping(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function mapIn(data: unknown, ...path: Path): Readonly<Record<string, unknown>> {
  const value = dig(data, path);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : {};
}

/** Text at a path of a document, with its place; undefined when it is not there or not text. */
export function textAt(document: Written, ...path: Path): At<string> | undefined {
  const value = textIn(document.data, ...path);
  // Where it stands is looked up when somebody wants to say it.
  return value === undefined ? undefined : { value, get spot() { return document.spotAt(path); } };
}
