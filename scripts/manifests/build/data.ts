import type { KubeObject } from '../../config/cluster.ts';
import type { Path } from '../../config/source.ts';

/** Looking at plain data whose shape nobody has checked. */

export type Plain = Readonly<Record<string, unknown>>;

export function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
export function plain(value: unknown): Plain {
  return isPlain(value) ? value : {};
}
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
/** The text values of a map. */
export function strings(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(plain(value)).flatMap(([key, each]) => (typeof each === 'string' ? [[key, each]] : typeof each === 'number' || typeof each === 'boolean' ? [[key, String(each)]] : [])));
}
export function get(value: unknown, ...path: Path): unknown {
  let here = value;
  for (const part of path) {
    if (Array.isArray(here)) here = here[Number(part)];
    else if (isPlain(here) && Object.hasOwn(here, part)) here = here[part];
    else return undefined;
  }
  return here;
}

/** Something with an apiVersion, a kind and a name. */
export function isObject(value: unknown): value is KubeObject {
  return isPlain(value) && typeof value['apiVersion'] === 'string' && typeof value['kind'] === 'string' && value['kind'] !== '' && isPlain(value['metadata']) && typeof value['metadata']['name'] === 'string' && value['metadata']['name'] !== '';
}
export function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
}
export function versionOf(apiVersion: string): string {
  return apiVersion.slice(apiVersion.indexOf('/') + 1);
}

/** A copy with another value at a path; maps on the way are made when they are missing. Nothing is changed in place. */
export function withAt(value: unknown, path: Path, next: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return next;
  if (Array.isArray(value)) return value.map((each, index): unknown => (index === Number(first) ? withAt(each, rest, next) : each));
  return { ...plain(value), [first]: withAt(plain(value)[first], rest, next) };
}
