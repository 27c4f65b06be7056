import { accessSync, constants, readdirSync, statfsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kindOfPath, troubleWith, wordsFor } from '../config/file.ts';
import type { UsageProblem } from './args.ts';

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

/**
 * What is wrong with the places the environment names, before anything is looked for in them: without this a missing
 * TASK_ROOT looked like a configuration without clusters, and a TASK_DIR nobody can write to like a fault of the program.
 */
export function placeProblems(env: Readonly<Record<string, string | undefined>>, where: Places): readonly UsageProblem[] {
  const problems: UsageProblem[] = [];
  const root = env['TASK_ROOT'] ? troubleWith(where.root, 'directory') ?? (kindOfPath(where.root) === undefined ? 'it is not there' : undefined) : undefined;
  if (root !== undefined) problems.push({ word: 'TASK_ROOT', message: `TASK_ROOT is ${where.root}: ${root}`, hint: 'name the folder that holds talos/, bootstrap/, helmfile.d/ and kubernetes/, or leave TASK_ROOT out' });
  const dir = root === undefined ? unwritable(where.taskDir) : undefined;
  if (dir !== undefined) problems.push({ word: 'TASK_DIR', message: `the task folder ${where.taskDir} cannot be used: ${dir}`, hint: env['TASK_DIR'] ? 'name a folder of your own in TASK_DIR, or leave it out' : 'make it yours (chown, chmod), or name another folder: TASK_DIR=...' });
  return problems;
}

/** statfs types of proc, sysfs and cgroup2: making folders there fails with ENOENT, at which Node's recursive mkdir tries for ever. */
const KERNEL_VIEWS: ReadonlySet<number> = new Set([0x9fa0, 0x62656572, 0x63677270]);

/** Why nothing can be written to a folder that may not be there yet; undefined when it can. */
function unwritable(folder: string): string | undefined {
  const because = troubleWith(folder, 'directory');
  if (because !== undefined) return because;
  try {
    statSync(folder);
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return KERNEL_VIEWS.has(statfsSync(folder).type) ? `${folder} is a view of the kernel and keeps no files` : undefined;
  } catch (error) {
    const words = wordsFor(error, folder);
    if (words !== undefined) return words.replace('no right to read it', 'no right to read and write there');
    // It will be made; what counts is the folder it will be made in.
    return dirname(folder) === folder ? 'there is no folder to make it in' : unwritable(dirname(folder));
  }
}

/** Names of the clusters that have a file, in order, without reading any: enough to judge CLUSTER=... */
export function clusterNames(root: string): readonly string[] {
  try {
    return readdirSync(join(root, 'talos/clusters')).filter((file) => file.endsWith('.yaml') && !file.startsWith('.')).map((file) => file.slice(0, -'.yaml'.length)).toSorted(byIntroduction);
  } catch (error) {
    // No such folder, or none that can be looked into: the configuration is read next and says so with its place.
    if (error instanceof Error && 'code' in error) return [];
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
