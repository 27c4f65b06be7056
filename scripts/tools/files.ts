import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { chmod, open, rename, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { TargetFile } from '../config/target.ts';

/** Files the doors keep for one cluster of one target, below the task folder. */
export interface ClusterFiles {
  readonly folder: string;
  readonly talosconfig: string;
  /** As the cluster gives it: the real address. */
  readonly kubeconfig: string;
  /** As the doors use it: the address that is dialled. On site both say the same. */
  readonly kubeconfigDial: string;
  /** CA certificates and fingerprints this cluster is known by. */
  readonly identity: string;
  /** helmfile.d and values files with this cluster's settings filled in. */
  readonly render: string;
}

/** Where the files of `cluster` are for `target`. */
export function clusterFiles(taskDir: string, target: Pick<TargetFile, 'id'>, cluster: string): ClusterFiles {
  const folder = join(taskDir, 'targets', target.id, cluster);
  return {
    folder,
    talosconfig: join(folder, 'talosconfig'),
    kubeconfig: join(folder, 'kubeconfig'),
    kubeconfigDial: join(folder, 'kubeconfig.dial'),
    identity: join(folder, 'identity.json'),
    render: join(folder, 'render'),
  };
}

/** Makes a folder (and those above it) that only its owner can look into. */
export function privateFolder(folder: string): void {
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
}

/** Writes a file whole or not at all, readable by its owner only, into a folder only its owner can look into. */
export async function writePrivate(file: string, text: string): Promise<void> {
  privateFolder(dirname(file));
  const part = `${file}.${process.pid}.${randomBytes(4).toString('hex')}.part`;
  const handle = await open(part, 'wx', 0o600);
  try {
    await handle.writeFile(text, 'utf8');
    await handle.sync();
  } catch (error) {
    await handle.close();
    await rm(part, { force: true });
    throw error;
  }
  await handle.close();
  await rename(part, file);
  await chmod(file, 0o600);
}

/** The text of a file, or undefined when there is none. Other troubles (rights, a folder in its place) are thrown. */
export function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
