import { isMain } from './machine-config.ts';
import { canonical, isFields } from './value.ts';
import type { Fields } from './value.ts';

/** Parts of the configuration that Talos takes up only at a boot, as paths. */
const AT_BOOT = ['machine.type', 'machine.token', 'machine.install', 'machine.disks', 'machine.systemDiskEncryption', 'cluster.id', 'cluster.secret', 'cluster.etcd'];

/** True when the change cannot be taken up by the running machine. `machine.install` alone is read at the next upgrade and needs none. */
export function needsReboot(before: readonly Fields[], after: readonly Fields[]): boolean {
  const [old, young] = [leaves(before), leaves(after)];
  const paths = new Set([...old.keys(), ...young.keys()]);
  return [...paths].some((path) => old.get(path) !== young.get(path) && !path.startsWith('machine.install') && AT_BOOT.some((part) => path === part || path.startsWith(`${part}.`)));
}

/** The difference in unified form, "No changes." when there is none. Values below keys that hold secrets are not shown. */
export function configDiff(before: readonly Fields[], after: readonly Fields[]): string {
  const [old, young] = [leaves(before), leaves(after)];
  const lines: string[] = [];
  for (const path of [...new Set([...old.keys(), ...young.keys()])].toSorted()) {
    const [was, is] = [old.get(path), young.get(path)];
    if (was === is) continue;
    const secret = /(^|\.)(key|token|secret|secretboxEncryptionSecret|password)$/.test(path);
    if (was !== undefined) lines.push(`-${path}: ${secret ? '******' : was}`);
    if (is !== undefined) lines.push(`+${path}: ${secret ? '******' : is}`);
  }
  return lines.length === 0 ? 'No changes.' : `--- a\n+++ b\n@@ -1,${old.size} +1,${young.size} @@\n${lines.join('\n')}\n`;
}

function leaves(documents: readonly Fields[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const visit = (value: unknown, path: string): void => {
    if (isFields(value) && Object.keys(value).length > 0) for (const [key, entry] of Object.entries(value)) visit(entry, path === '' ? key : `${path}.${key}`);
    else if (value !== undefined && value !== null) found.set(path, canonical(value));
  };
  for (const document of documents) visit(document, isMain(document) ? '' : `${String(document['kind'])}/${String(document['name'] ?? '')}`);
  return found;
}
