import type { Found, Settings, Tree, Variant } from '../model.types.ts';
import { isPlain } from './data.ts';

/**
 * A tree with the other ways it may be built: with each other value its settings have for a variable that is given. A way that leads to the very same folders is
 * none of its own. What is wrong with how one is built is told with the tree.
 */
export async function withVariants(tree: Tree, settings: Settings, build: (settings: Settings) => Promise<Tree>): Promise<Tree> {
  const variants: Variant[] = [];
  for (const [name, values] of settings.variants ?? []) {
    if (!tree.units.some(({ uses }) => uses.some((use) => use.name === name && use.path.at(-1) === 'path'))) continue;
    for (const value of values) {
      const other = await build(given(settings, name, value));
      if (foldersOf(other) !== foldersOf(tree)) variants.push({ name: `${name}=${value}`, tree: other });
    }
  }
  if (variants.length === 0) return tree;
  const told = new Set(tree.found.map(keyOf));
  return { ...tree, variants, found: [...tree.found, ...variants.flatMap((variant) => variant.tree.found.filter((found) => !told.has(keyOf(found))).map((found) => inWords(found, variant.name)))] };
}

/** A finding says in which way of building there is what it speaks of. */
export function inWords<T extends Pick<Found, 'message'>>(found: T, name = 'another value'): T {
  return { ...found, message: `${found.message} (with ${name})` };
}

/** The same finding of two ways to build a tree. */
export function keyOf({ message, hint, built, path, source, spot }: Omit<Found, 'rule'>): string {
  return JSON.stringify([message, hint, built === undefined ? [source, spot] : [built.origin.source, built.unit.name, path]]);
}

function given(settings: Settings, name: string, value: string): Settings {
  return { ...settings, given: settings.given.map(({ object, source }) => {
    const data = object['data'];
    return { source, object: object.kind === 'ConfigMap' && isPlain(data) && Object.hasOwn(data, name) ? { ...object, data: { ...data, [name]: value } } : object };
  }) };
}

const foldersOf = (tree: Tree): string => JSON.stringify(tree.units.map(({ namespace, name, folder }) => [namespace, name, folder]));
