/** Strategic merge patch: merge patch that knows the lists of built-in kinds. */
import { badRequest } from './errors.ts';
import { isFields } from '../world/value.ts';
import type { Fields } from '../world/value.ts';
import { equal } from './json.ts';
import { itemKey } from './lists.ts';
import type { ListKind, Schema } from './lists.ts';

const ORDER = '$setElementOrder/';
const DELETE = '$deleteFromPrimitiveList/';

/** Merges with directives ($patch, $retainKeys, $setElementOrder, $deleteFromPrimitiveList). Throws 400 on one it does not know. */
export function strategicMerge(target: unknown, patch: unknown, schema: Schema): unknown {
  if (!isFields(patch)) throw badRequest('cannot unmarshal a strategic merge patch that is not an object');
  return merged(isFields(target) ? target : {}, patch, [], schema) ?? {};
}

/** undefined: the mapping is to be deleted. */
function merged(live: Fields, patch: Fields, names: readonly string[], schema: Schema): Fields | undefined {
  const { $patch: directive, $retainKeys: retain, ...rest } = patch;
  if (directive === 'delete') return undefined;
  if (directive === 'replace') return rest;
  if (directive !== undefined && directive !== 'merge') throw badRequest(`Unknown patch type found in patch: ${String(directive)}`);
  const out: Fields = Array.isArray(retain) ? Object.fromEntries(Object.entries(live).filter(([key]) => retain.includes(key))) : { ...live };
  for (const [key, value] of Object.entries(rest)) {
    if (key.startsWith(ORDER)) continue;
    if (key.startsWith(DELETE)) {
      const name = key.slice(DELETE.length);
      const list = out[name];
      if (Array.isArray(list) && Array.isArray(value)) out[name] = list.filter((entry) => !value.some((gone) => equal(gone, entry)));
      continue;
    }
    if (key.startsWith('$')) throw badRequest(`unknown directive in patch: ${key}`);
    const path = [...names, key];
    if (value === null) delete out[key];
    else if (isFields(value)) {
      const old = out[key];
      const made = merged(isFields(old) ? old : {}, value, path, schema);
      if (made === undefined) delete out[key];
      else out[key] = made;
    } else if (Array.isArray(value)) out[key] = mergedList(out[key], value, path, schema);
    else out[key] = value;
  }
  for (const [key, order] of Object.entries(rest)) {
    const list = out[key.slice(ORDER.length)];
    if (key.startsWith(ORDER) && Array.isArray(list) && Array.isArray(order)) out[key.slice(ORDER.length)] = ordered(list, order, schema.list([...names, key.slice(ORDER.length)]));
  }
  return out;
}

function mergedList(live: unknown, patch: readonly unknown[], path: readonly string[], schema: Schema): unknown[] {
  const kind = schema.list(path);
  const old = Array.isArray(live) ? live : [];
  if (kind.merge === 'set') return [...old, ...patch.filter((entry) => !old.some((other) => equal(other, entry)))];
  const plain = patch.filter((item) => !(isFields(item) && item['$patch'] === 'replace' && Object.keys(item).length === 1));
  if (kind.merge === 'atomic' || plain.length < patch.length) return plain.map((item) => (isFields(item) ? merged({}, item, path, schema) ?? {} : item));
  const out: unknown[] = [...old];
  for (const item of plain) {
    if (!isFields(item)) throw badRequest(`.${path.join('.')}: an item of a list merged by ${kind.keys.join(', ')} is not an object`);
    const key = itemKey(item, kind.keys);
    if (key === undefined) throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${kind.keys.join(', ')}`);
    const index = out.findIndex((other) => itemKey(other, kind.keys) === key);
    const before = out[index];
    const made = merged(isFields(before) ? before : {}, item, path, schema);
    if (made === undefined) {
      if (index >= 0) out.splice(index, 1);
    } else if (index >= 0) out[index] = made;
    else out.push(made);
  }
  return out;
}

/** Named items in the order asked for; others keep their place behind their old neighbours as far as that goes: at the end. */
function ordered(list: readonly unknown[], order: readonly unknown[], kind: ListKind): unknown[] {
  const place = (item: unknown): number => {
    const index = kind.merge === 'map' ? order.findIndex((wanted) => itemKey(wanted, kind.keys) === itemKey(item, kind.keys)) : order.findIndex((wanted) => equal(wanted, item));
    return index < 0 ? order.length : index;
  };
  return list.toSorted((a, b) => place(a) - place(b));
}
