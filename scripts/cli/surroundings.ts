import { readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where things are, from the environment (see .env.example). */
export interface Places {
  /** The folder this program lives in. */
  readonly programRoot: string;
  /** The folder the configuration is read from; the program's own unless TASK_ROOT says otherwise. */
  readonly root: string;
  /** Runs, locks, generated files, the lab's state. */
  readonly taskDir: string;
}

export function places(env: Readonly<Record<string, string | undefined>>): Places {
  const programRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  const root = env['TASK_ROOT'] ? resolve(env['TASK_ROOT']) : programRoot;
  return { programRoot, root, taskDir: env['TASK_DIR'] ? resolve(env['TASK_DIR']) : join(root, '.task') };
}

/** Names of the clusters that have a file, in order, without reading any: enough to judge CLUSTER=... */
export function clusterNames(root: string): readonly string[] {
  try {
    return readdirSync(join(root, 'talos/clusters')).filter((file) => file.endsWith('.yaml')).map((file) => file.slice(0, -'.yaml'.length)).toSorted(byIntroduction);
  } catch (error) {
    // No such folder: the configuration is read next and says so with its place.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** infra serves the others (registry, databases), so it is first wherever clusters are listed; the rest by name. */
function byIntroduction(a: string, b: string): number {
  if (a === b) return 0;
  if (a === 'infra') return -1;
  if (b === 'infra') return 1;
  return a < b ? -1 : 1;
}
