import { at, fields, isFields, items, type Fields } from '../../health/objects.ts';
import { isUnknown as isMarked } from '../build/unknown.ts';
import type { KubeObject } from '../../config/cluster.ts';

export { at, fields, isFields, items, type Fields };

/** A variable nobody filled in: of a Kustomization that could not be built, or that fills in none. It is told there. */
const UNFILLED = /\$\{\w/;

/** Whether what only the cluster knows stands in a value, or anywhere in a list or map. */
export function isUnknown(value: unknown): boolean {
  if (typeof value === 'string') return isHole(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, each]) => isHole(key) || isUnknown(each));
}

/** Whether something only the cluster knows stands in the place of a value, or in its text. Unlike `isUnknown` it does not look into lists and maps. */
export function isHole(value: unknown): boolean {
  return typeof value === 'string' && (isMarked(value) || UNFILLED.test(value));
}

/** Text that is known: what is no text, or came out of an unknown variable, reads as undefined. Where the two differ ask `isHole`. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' && !isHole(value) ? value : undefined;
}

/** A whole number, written as one or as text (a port, a count). */
export function whole(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? value : undefined;
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}

/** Entries of a list with where they stand in it; what is no map is left out. */
export function entries(value: unknown): readonly { readonly entry: Fields; readonly index: number }[] {
  return items(value).flatMap((entry, index) => (isFields(entry) ? [{ entry, index }] : []));
}

/** The API group of an apiVersion; the core group is ''. */
export function groupOf(apiVersion: unknown): string {
  const version = typeof apiVersion === 'string' ? apiVersion : '';
  const slash = version.indexOf('/');
  return slash < 0 ? '' : version.slice(0, slash);
}

/** `group/Kind`, the core group without a slash: how tables of kinds are keyed. */
export function kindKey(group: string, kind: string): string {
  return group === '' ? kind : `${group}/${kind}`;
}

export function kindOf(object: KubeObject): string {
  return kindKey(groupOf(object.apiVersion), object.kind);
}
