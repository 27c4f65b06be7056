/** The two kinds of patches kustomize knows: strategic merge (by the known list keys) and JSON 6902. */
import type { KubeObject } from '../world/types.ts';
import { isPlain, type Plain } from '../catalog/data.ts';

export class PatchError extends Error {}

/** Lists that merge by a key in built-in kinds; all other lists are replaced. */
const LIST_KEYS: Readonly<Record<string, string>> = {
  containers: 'name', initContainers: 'name', ephemeralContainers: 'name', volumes: 'name', env: 'name', volumeMounts: 'mountPath', volumeDevices: 'devicePath', imagePullSecrets: 'name',
  hostAliases: 'ip', topologySpreadConstraints: 'topologyKey', secrets: 'name',
};
const BUILT_IN = new Set(['', 'apps', 'batch', 'policy', 'networking.k8s.io', 'rbac.authorization.k8s.io', 'autoscaling', 'storage.k8s.io', 'apiextensions.k8s.io', 'scheduling.k8s.io']);

function keyFor(field: string, parent: string): string | undefined {
  if (field === 'ports') return parent === 'containers' ? 'containerPort' : 'port';
  return LIST_KEYS[field];
}

function mergeMap(under: Plain, patch: Plain, builtIn: boolean, parent: string): Plain {
  if (patch['$patch'] === 'replace') { const { $patch: _directive, ...rest } = patch; return rest; }
  const out: Plain = { ...under };
  for (const [field, value] of Object.entries(patch)) {
    if (field === '$patch') continue;
    if (field.startsWith('$')) throw new PatchError(`the lab does not know the patch directive ${field}`);
    const below = out[field];
    if (value === null) delete out[field];
    else if (isPlain(value)) {
      if (value['$patch'] === 'delete') delete out[field];
      else out[field] = isPlain(below) ? mergeMap(below, value, builtIn, field) : mergeMap({}, value, builtIn, field);
    } else if (Array.isArray(value)) out[field] = builtIn ? mergeList(field, below, value, parent) : value;
    else out[field] = value;
  }
  return out;
}
function mergeList(field: string, below: unknown, patch: readonly unknown[], parent: string): unknown[] {
  const key = keyFor(field, parent);
  if (key === undefined || !Array.isArray(below)) return patch.filter((entry) => !isPlain(entry) || entry['$patch'] === undefined);
  // What the patch names comes first and in the patch's order, as kustomize has it; the rest follows.
  const rest: unknown[] = [...below];
  const first: unknown[] = [];
  for (const entry of patch) {
    if (!isPlain(entry)) { first.push(entry); continue; }
    const index = rest.findIndex((old) => isPlain(old) && old[key] === entry[key]);
    const old = index < 0 ? undefined : rest.splice(index, 1)[0];
    if (entry['$patch'] === 'delete') continue;
    first.push(isPlain(old) ? mergeMap(old, entry, true, field) : entry);
  }
  return [...first, ...rest];
}

/** Strategic merge for built-in kinds, plain merge (lists replaced) for custom resources. */
export function strategicMerge(object: KubeObject, patch: Plain): KubeObject {
  const group = object.apiVersion.includes('/') ? object.apiVersion.slice(0, object.apiVersion.indexOf('/')) : '';
  const merged = mergeMap({ ...object }, patch, BUILT_IN.has(group), '');
  // Kind and name of the target stay, whatever the patch calls itself.
  return { ...object, ...merged, apiVersion: object.apiVersion, kind: object.kind, metadata: { ...object.metadata, ...(isPlain(merged['metadata']) ? merged['metadata'] : {}), name: object.metadata.name } };
}

/** Applies RFC 6902 operations. Throws PatchError when a path does not exist or a test fails. */
export function jsonPatch<T>(document: T, operations: readonly Plain[]): T {
  const root: { value: unknown } = { value: structuredClone(document) };
  for (const operation of operations) apply(root, operation);
  return root.value as T;
}
function steps(path: unknown): string[] {
  if (typeof path !== 'string' || (path !== '' && !path.startsWith('/'))) throw new PatchError(`not a JSON pointer: ${String(path)}`);
  return path === '' ? [] : path.slice(1).split('/').map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}
function read(value: unknown, path: readonly string[]): unknown {
  let here = value;
  for (const step of path) {
    if (Array.isArray(here)) here = here[Number(step)];
    else if (isPlain(here)) here = here[step];
    else here = undefined;
    if (here === undefined) throw new PatchError(`path /${path.join('/')} does not exist`);
  }
  return here;
}
function apply(root: { value: unknown }, operation: Plain): void {
  const path = steps(operation['path']);
  const last = path.at(-1);
  if (last === undefined) throw new PatchError('a patch of the whole document is not supported');
  const parent = read(root.value, path.slice(0, -1));
  switch (operation['op']) {
    case 'add': case 'replace': {
      const value = structuredClone(operation['value']);
      if (operation['op'] === 'replace') read(root.value, path);
      if (Array.isArray(parent)) {
        const index = last === '-' ? parent.length : Number(last);
        if (!Number.isInteger(index) || index < 0 || index > parent.length) throw new PatchError(`index ${last} is outside the list`);
        parent.splice(index, operation['op'] === 'replace' ? 1 : 0, value);
      } else if (isPlain(parent)) parent[last] = value;
      else throw new PatchError(`path /${path.join('/')} does not exist`);
      return;
    }
    case 'remove':
      read(root.value, path);
      if (Array.isArray(parent)) parent.splice(Number(last), 1);
      else if (isPlain(parent)) delete parent[last];
      return;
    case 'test':
      if (JSON.stringify(read(root.value, path)) !== JSON.stringify(operation['value'])) throw new PatchError(`testing path /${path.join('/')} failed`);
      return;
    default: throw new PatchError(`the lab does not know the JSON patch operation ${String(operation['op'])}`);
  }
}
