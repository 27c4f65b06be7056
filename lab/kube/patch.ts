/** Patches as the wire has them: JSON merge patch (RFC 7386), JSON patch (RFC 6902). */
import { ApiError } from '../world/types.ts';
import { isFields } from '../world/value.ts';
import type { Fields } from '../world/value.ts';
import { copy, equal } from './json.ts';

/** Merges mappings; null takes a field away; everything else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  const out: Fields = isFields(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete out[key];
    else out[key] = mergePatch(out[key], value);
  }
  return out;
}

const refused = (because: string): ApiError => new ApiError(422, 'Invalid', `the server rejected our request due to an error in our request: ${because}`, {});

/** Applies the operations in order. Throws 422 when a path is missing or a test fails, 400 when the patch is no list of operations. */
export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw new ApiError(400, 'BadRequest', 'error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  let root = copy(target);
  for (const step of patch) {
    if (!isFields(step)) throw new ApiError(400, 'BadRequest', 'error decoding patch: an operation is not an object');
    const op = String(step['op']);
    const path = pointer(step['path']);
    const missing = (): ApiError => refused(`${op} operation does not apply: doc is missing path: "${String(step['path'])}": missing value`);
    if (op === 'test') {
      if (!equal(lookUp(root, path, missing), step['value'])) throw refused(`testing path ${String(step['path'])} failed`);
    } else if (op === 'add') root = add(root, path, copy(step['value']), missing);
    else if (op === 'remove') root = remove(root, path, missing);
    else if (op === 'replace') {
      lookUp(root, path, missing);
      root = replace(root, path, copy(step['value']), missing);
    } else if (op === 'move' || op === 'copy') {
      const from = pointer(step['from']);
      const value = copy(lookUp(root, from, missing));
      if (op === 'move') root = remove(root, from, missing);
      root = add(root, path, value, missing);
    } else throw refused(`Unexpected kind: ${op}`);
  }
  return root;
}

function pointer(value: unknown): string[] {
  if (value === '') return [];
  if (typeof value !== 'string' || !value.startsWith('/')) throw refused(`not a JSON pointer: ${JSON.stringify(value)}`);
  return value.slice(1).split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

type Missing = () => ApiError;

function lookUp(root: unknown, path: readonly string[], missing: Missing): unknown {
  let here = root;
  for (const part of path) {
    if (Array.isArray(here)) here = here[index(part, here.length - 1, missing)];
    else if (isFields(here) && Object.hasOwn(here, part)) here = here[part];
    else throw missing();
  }
  return here;
}

function index(part: string, last: number, missing: Missing): number {
  const number = /^(0|[1-9]\d*)$/.test(part) ? Number(part) : -1;
  if (number < 0 || number > last) throw missing();
  return number;
}

/** Works on the holder of the last part of the path; the root itself has none. */
function within(root: unknown, path: readonly string[], missing: Missing, list: (holder: unknown[], part: string) => void, mapping: (holder: Fields, part: string) => void): unknown {
  const holder = lookUp(root, path.slice(0, -1), missing);
  const part = path.at(-1) ?? '';
  if (Array.isArray(holder)) list(holder, part);
  else if (isFields(holder)) mapping(holder, part);
  else throw missing();
  return root;
}

function add(root: unknown, path: readonly string[], value: unknown, missing: Missing): unknown {
  if (path.length === 0) return value;
  return within(root, path, missing, (holder, part) => { holder.splice(part === '-' ? holder.length : index(part, holder.length, missing), 0, value); }, (holder, part) => { holder[part] = value; });
}

function replace(root: unknown, path: readonly string[], value: unknown, missing: Missing): unknown {
  if (path.length === 0) return value;
  return within(root, path, missing, (holder, part) => { holder[index(part, holder.length - 1, missing)] = value; }, (holder, part) => { holder[part] = value; });
}

function remove(root: unknown, path: readonly string[], missing: Missing): unknown {
  lookUp(root, path, missing);
  if (path.length === 0) throw missing();
  return within(root, path, missing, (holder, part) => { holder.splice(index(part, holder.length - 1, missing), 1); }, (holder, part) => { delete holder[part]; });
}
