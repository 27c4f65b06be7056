import type { Leftover, Volume } from './doors.ts';

/** Partitions Talos makes on its system disk; a reset empties them and leaves them there (pkg/machinery/constants). */
const SYSTEM = new Set(['EFI', 'BIOS', 'BOOT', 'BOOT-A', 'BOOT-B', 'META', 'STATE', 'EPHEMERAL', 'IMAGECACHE']);
/** A partition table alone is nobody's data. */
const TABLES = new Set(['', 'gpt', 'dos', 'mbr']);

/**
 * What these disks hold that is neither nothing nor Talos's own: on the system disk its partitions, elsewhere the user
 * volume of that purpose (`u-<purpose>`), which Talos takes over again. A disk of which the machine told nothing holds
 * something unknown: that is not clean either.
 */
export function leftoversOn(disks: readonly { readonly purpose: string; readonly path: string }[], volumes: readonly Volume[]): readonly Leftover[] {
  return disks.flatMap(({ purpose, path }): readonly Leftover[] => {
    const on = volumes.filter((volume) => volume.disk === path);
    if (on.length === 0) return [{ purpose, path, holds: 'the machine has not discovered what is on it' }];
    const foreign = on.filter((volume) => (volume.type === 'disk' ? !TABLES.has(volume.holds) : !(purpose === 'install' ? SYSTEM.has(volume.partition) : volume.partition === `u-${purpose}`)));
    return foreign.length === 0 ? [] : [{ purpose, path, holds: foreign.map(told).join(', ') }];
  });
}

function told(volume: Volume): string {
  const what = volume.holds === '' ? 'no file system it knows' : volume.holds;
  return volume.type === 'disk' ? what : `partition ${volume.path}${volume.partition === '' ? '' : ` "${volume.partition}"`} (${what})`;
}
