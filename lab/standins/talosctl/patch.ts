import { readFileSync } from 'node:fs';
import { ConfigError, isMain, parseDocuments } from '../../world/machine-config.ts';
import { isFields } from '../../world/value.ts';
import type { Fields } from '../../world/value.ts';
import { Exit } from '../shared/flags.ts';

/** Lists that a patch replaces; all others it lengthens. */
const REPLACED = new Set(['cluster.network.podSubnets', 'cluster.network.serviceSubnets', 'cluster.apiServer.auditPolicy', 'ingress', 'portSelector.ports']);
/** Lists whose entries are told apart by a key, so that a patch changes the entry that is there. */
const KEYED: Readonly<Record<string, (entry: Fields) => string>> = {
  'machine.network.interfaces': (entry) => (typeof entry['interface'] === 'string' ? entry['interface'] : JSON.stringify(entry['deviceSelector'] ?? {})),
  'machine.network.interfaces.vlans': (entry) => String(entry['vlanId']), 'cluster.apiServer.admissionControl': (entry) => String(entry['name']),
};

/** Patches as given on the command line: inline YAML, or `@file`. Throws Exit 1 with talosctl's words. */
export function loadPatches(given: readonly string[]): readonly (readonly Fields[])[] {
  return given.map((text) => {
    let content = text;
    if (text.startsWith('@')) {
      try {
        content = readFileSync(text.slice(1), 'utf8');
      } catch (error) {
        throw new Exit(1, `open ${text.slice(1)}: ${error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'no such file or directory' : String(error)}`);
      }
    }
    if (/^\s*(\[|- op:)/.test(content)) throw new Exit(1, 'JSON6902 patches are not supported for multi-document machine configuration');
    try {
      return parseDocuments(content);
    } catch (error) {
      if (error instanceof ConfigError) throw new Exit(1, error.message);
      throw error;
    }
  });
}

/** Strategic merge as Talos 1.12 does it: documents by apiVersion, kind and name; maps key by key; lists lengthened, replaced or keyed; `$patch: delete` takes away. */
export function applyPatches(documents: readonly Fields[], patches: readonly (readonly Fields[])[]): readonly Fields[] {
  let now = documents.map((document) => structuredClone(document));
  for (const patch of patches.flat()) {
    const same = now.find((document) => idOf(document) === idOf(patch));
    if (patch['$patch'] === 'delete') {
      if (same === undefined) throw new Exit(1, `patch delete: path '${idOf(patch)}' not found`);
      now = now.filter((document) => document !== same);
    } else if (same === undefined) now.push(structuredClone(patch));
    else mergeMap(same, patch, '');
  }
  return now.map(normal);
}

const idOf = (document: Fields): string => (isMain(document) ? 'v1alpha1' : `${String(document['apiVersion'])}/${String(document['kind'])}/${String(document['name'] ?? '')}`);

function mergeMap(into: Fields, patch: Fields, path: string): void {
  for (const [key, value] of Object.entries(patch)) {
    const where = path === '' ? key : `${path}.${key}`;
    const old = into[key];
    if (isFields(value) && value['$patch'] === 'delete') delete into[key];
    else if (isFields(value)) {
      if (!isFields(old) || REPLACED.has(where)) into[key] = structuredClone(value);
      else mergeMap(old, value, where);
    } else if (Array.isArray(value)) into[key] = Array.isArray(old) && !REPLACED.has(where) ? mergeList(old, value, where) : structuredClone(value);
    // Empty values say nothing in a patch, except false.
    else if (value !== null && value !== '' && value !== 0) into[key] = value;
    else if (old === undefined && value !== null) into[key] = value;
  }
}

function mergeList(old: readonly unknown[], patch: readonly unknown[], where: string): readonly unknown[] {
  const key = KEYED[where];
  if (key === undefined) return [...old, ...structuredClone(patch)];
  const list = [...old];
  for (const entry of patch) {
    if (!isFields(entry)) continue;
    const at = list.findIndex((other) => isFields(other) && key(other) === key(entry));
    const found = list[at];
    if (!isFields(found)) list.push(structuredClone(entry));
    else if (entry['$patch'] === 'delete') list.splice(at, 1);
    else mergeMap(found, entry, where);
  }
  return list;
}

/** Talos's types: a maps of texts that a patch filled with numbers or truths holds texts afterwards. */
const TEXT_MAPS = new Set(['sysctls', 'sysfs', 'extraArgs', 'nodeLabels', 'nodeAnnotations', 'nodeTaints', 'env']);
function normal(document: Fields): Fields {
  const visit = (value: unknown, key: string): unknown => {
    if (Array.isArray(value)) return value.map((entry: unknown) => visit(entry, ''));
    if (!isFields(value)) return value;
    return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== null).map(([name, entry]) => [name, TEXT_MAPS.has(key) && (typeof entry === 'number' || typeof entry === 'boolean') ? String(entry) : visit(entry, name)] as const)
      // A map that lost its last entry is left out, as Go leaves out what is empty.
      .filter(([name, entry]) => !(isFields(entry) && Object.keys(entry).length === 0 && TEXT_MAPS.has(name))));
  };
  const answer = visit(document, '');
  return isFields(answer) ? answer : document;
}
