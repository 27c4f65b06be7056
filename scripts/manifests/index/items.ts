import { load } from 'js-yaml';
import type { Tree } from '../model.types.ts';
import { at, fields, isFields, items as list, text } from './read.ts';

/** What a secret provider holds, as the tree's own list says it: items with their fields. */
export interface Items {
  readonly file: string;
  readonly names: readonly string[];
  /** The fields of an item; undefined when there is no such item. An item may be listed with its vault before it (`vault / item`). */
  fields(item: string): ReadonlySet<string> | undefined;
}

const READ = new WeakMap<Tree, Items | undefined>();

/** The list of `items` in the settings; undefined when there is none, or it cannot be read as one. */
export function itemsOf(tree: Tree): Items | undefined {
  if (READ.has(tree)) return READ.get(tree);
  const file = tree.settings.items;
  const written = file === undefined ? undefined : tree.texts.text(file);
  const found = written === undefined || file === undefined ? undefined : file.endsWith('.md') ? fromTable(written) : fromData(written);
  const items = found === undefined || found.size === 0 || file === undefined ? undefined : { file, names: [...found.keys()], fields: (item: string) => found.get(item) ?? found.get([...found.keys()].find((name) => name.endsWith(` / ${item}`)) ?? '') };
  READ.set(tree, items);
  return items;
}

type Found = Map<string, Set<string>>;
const add = (found: Found, item: string, field: string): void => { found.set(item, (found.get(item) ?? new Set()).add(field)); };

/** A Markdown table with the columns item and field; one row for each field. */
function fromTable(written: string): Found {
  const found: Found = new Map();
  let columns: { readonly item: number; readonly field: number } | undefined;
  for (const line of written.split('\n')) {
    if (!line.trimStart().startsWith('|')) {
      columns = undefined;
      continue;
    }
    const cells = line.split('|').slice(1, -1).map((cell) => cell.trim().replaceAll('`', ''));
    const heads = cells.map((cell) => cell.toLowerCase());
    if (heads.includes('item') && heads.includes('field')) columns = { item: heads.indexOf('item'), field: heads.indexOf('field') };
    else if (columns !== undefined && !/^:?-+:?$/.test(cells[0] ?? '')) {
      const [item, field] = [cells[columns.item] ?? '', cells[columns.field] ?? ''];
      if (item !== '') add(found, item, field);
    }
  }
  return found;
}

/** YAML or JSON: `item: [fields]`, or a list of `{item, fields}`. */
function fromData(written: string): Found {
  const found: Found = new Map();
  let data: unknown;
  try {
    data = load(written);
  } catch {
    // Whoever reads the settings says that the file is broken.
    return found;
  }
  const rows = Array.isArray(data) ? list(data).map((row) => [text(at(row, 'item')) ?? text(at(row, 'title')) ?? text(at(row, 'name')), at(row, 'fields')] as const) : Object.entries(fields(data));
  for (const [item, of] of rows) {
    if (item === undefined) continue;
    found.set(item, found.get(item) ?? new Set());
    for (const field of Array.isArray(of) ? of : isFields(of) ? Object.keys(of) : []) add(found, item, String(isFields(field) ? text(field['name']) ?? text(field['label']) ?? '' : field));
  }
  return found;
}
