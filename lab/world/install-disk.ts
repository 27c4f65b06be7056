import type { Disk } from './hardware.ts';
import { ConfigError, readMachineConfig } from './machine-config.ts';
import { textAt } from './value.ts';

/** Talos's wildcards in disk selectors. */
const fits = (pattern: string | undefined, value: string): boolean => pattern === undefined || new RegExp(`^${pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`).test(value);

/** The disk a configuration installs Talos on, among these; undefined when none fits, or it names none. */
export function installDisk(disks: readonly Disk[], text: string): Disk | undefined {
  try {
    const { install } = readMachineConfig(text).config;
    const { selector } = install;
    if (selector === undefined) return disks.find((disk) => disk.path === install.disk || disk.symlinks.includes(install.disk ?? ''));
    return disks.find((disk) => fits(textAt(selector, 'model'), disk.model) && fits(textAt(selector, 'serial'), disk.serial) && fits(textAt(selector, 'wwid'), disk.wwid) && fits(textAt(selector, 'name'), disk.path)
      && fits(textAt(selector, 'type'), disk.transport === 'nvme' ? 'nvme' : 'ssd'));
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}
