import type { Machine } from '../../config/cluster.ts';
import type { Disk, Link } from '../../tools/doors.ts';

/** A machine in maintenance as it lists itself. */
export interface Found { readonly address: string; readonly known: Pick<Machine, 'name' | 'role'> | undefined; readonly disks: readonly Disk[]; readonly links: readonly Link[] }

const GB = 1_000_000_000;

/**
 * The machine as a cluster file would have it. Disks are named by their stable id; the system goes on the smallest that is large
 * enough (Talos wants 10 GB, images and etcd more), which is a guess for a person to correct, and says so.
 */
export function draftOf(found: Found, n: number): readonly string[] {
  const disks = found.disks.filter(({ sizeBytes }) => sizeBytes > 0).toSorted((a, b) => a.sizeBytes - b.sizeBytes || a.path.localeCompare(b.path));
  const system = disks.find(({ sizeBytes }) => sizeBytes >= 32 * GB) ?? disks[0];
  const data = disks.filter((disk) => disk !== system);
  const macs = found.links.filter(({ physical }) => physical).map(({ mac }) => `"${mac}"`);
  return [
    `  - name: ${found.known?.name ?? `new-${n}`}`,
    `    role: ${found.known?.role ?? 'worker'}${found.known === undefined ? '   # worker or controlplane' : ''}`,
    `    address: ${found.address}`,
    `    macs: [${macs.join(', ')}]`,
    '    disks:',
    `      install: ${system === undefined ? '{}   # it lists no disk' : `{id: ${idOf(system)}}   # ${told(system)}${data.length === 0 ? '' : '; the smallest: is it the one?'}`}`,
    data.length === 0 ? '      data: {}' : '      data:',
    ...data.map((disk, index) => `        data${index + 1}: {id: ${idOf(disk)}}   # ${told(disk)}; name it by its purpose, or leave it out`),
  ];
}

/** A name that stays with the disk: its WWID where there is a link of it, else the first link, else the device it is now. */
export function idOf(disk: Disk): string {
  const links = disk.symlinks.filter((link) => link.startsWith('/dev/disk/by-id/')).toSorted();
  return links.find((link) => disk.wwid !== '' && link.endsWith(disk.wwid.replace(/^naa\./, ''))) ?? links[0] ?? disk.path;
}
function told(disk: Disk): string {
  return `${disk.path} ${disk.model} ${Math.round(disk.sizeBytes / GB)} GB`.replace(/ +/g, ' ');
}
