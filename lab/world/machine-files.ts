import type { Machine } from './machine.ts';
import { RpcError } from './rpc.ts';

/** A file or folder as a machine lists it. Sizes in bytes, `modified` ms since the epoch. */
export interface FileEntry { readonly path: string; readonly relative: string; readonly dir: boolean; readonly size: number; readonly mode: number; readonly modified: number }

/** What can be read of a machine's file system: a few files that say who it is. */
export function filesOf(machine: Machine): Readonly<Record<string, string>> {
  const version = machine.talosVersion;
  return {
    '/proc/sys/kernel/random/boot_id': `${machine.state.bootId}\n`,
    '/etc/hostname': machine.hostname,
    '/etc/os-release': `NAME="Talos"\nID=talos\nVERSION_ID=v${version}\nPRETTY_NAME="Talos (v${version})"\n`,
    '/etc/machine-id': `${machine.hardware.uuid.replaceAll('-', '')}\n`,
    '/proc/version': 'Linux version 6.18.1-talos (@buildkitsandbox) #1 SMP Talos\n',
    '/proc/uptime': '4711.00 90000.00\n',
    '/system/state/config.yaml': machine.state.config ?? '',
  };
}

/** The files and folders below one, to a depth (1: its own entries). Throws RpcError for a path that is not there. */
export function filesBelow(machine: Machine, root: string, depth: number): readonly FileEntry[] {
  const files = filesOf(machine);
  const top = root === '' ? '/' : root.replace(/(.)\/+$/, '$1');
  const entries = new Map<string, FileEntry>();
  const add = (path: string, dir: boolean, size: number): void => {
    const relative = path === top ? '.' : path.slice(top === '/' ? 1 : top.length + 1);
    entries.set(path, { path, relative, dir, size, mode: dir ? 0o755 + 2 ** 31 : 0o444, modified: machine.state.bootedAt });
  };
  for (const [path, content] of Object.entries(files)) {
    const parts = path.split('/').slice(1);
    for (let n = 0; n < parts.length; n++) add(`/${parts.slice(0, n).join('/')}`, true, 4096);
    add(path, false, Buffer.byteLength(content));
  }
  for (const folder of ['/var', '/var/lib', '/var/log', '/opt', '/usr', '/sys']) add(folder, true, 4096);
  if (!entries.has(top)) throw new RpcError('Unknown', `lstat ${top}: no such file or directory`);
  return [...entries.values()].filter(({ path, relative }) => path === top || (path.startsWith(top === '/' ? '/' : `${top}/`) && relative.split('/').length <= depth)).toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
