import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from '../config/cluster.ts';
import { Failure } from '../engine/failure.ts';

/** What of a machine's configuration is asked here: the last patch that says something of it has the last word, as talosctl applies them. */
export async function patchedValue(root: string, machine: Pick<Machine, 'name' | 'patches'>, ...path: readonly string[]): Promise<unknown> {
  const { loadAll } = await import('js-yaml');
  let found: unknown;
  for (const file of machine.patches) {
    for (const document of loadAll(readFileSync(join(root, file), 'utf8'))) {
      if (typeof document !== 'object' || document === null || 'kind' in document) continue;
      let at: unknown = document;
      for (const key of path) at = typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined;
      if (at !== undefined) found = at;
    }
  }
  return found;
}

/** The installer image a machine's configuration names. Throws a Failure (65) when it names none: talosctl's own default lacks the schematic's extensions. */
export async function installerImage(root: string, machine: Machine): Promise<string> {
  const found = await patchedValue(root, machine, 'machine', 'install', 'image');
  if (typeof found === 'string' && found !== '') return found;
  throw new Failure({ exit: 'configuration', what: `the configuration of ${machine.name} names no installer image`, because: 'talosctl would take its own, which lacks the extensions of the schematic', hint: 'machine.install.image in talos/patches/all.yaml' });
}
