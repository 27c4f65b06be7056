import { expect, test } from 'vitest';
import { leftoversOn } from '../../scripts/tools/leftovers.ts';
import { parseVolumes } from '../../scripts/tools/talos-parse.ts';
import type { Volume } from '../../scripts/tools/doors.ts';

const disk = (path: string, holds: string): Volume => ({ path, disk: path, type: 'disk', holds, partition: '' });
const part = (path: string, of: string, holds: string, partition = ''): Volume => ({ path, disk: of, type: 'partition', holds, partition });
const [SDA, NVME] = ['/dev/sda', '/dev/nvme0n1'];

test.each<readonly [string, string, string, readonly Volume[], string | undefined]>([
  ['a blank disk', 'ceph', NVME, [disk(NVME, '')], undefined],
  ['a partition table and nothing in it', 'ceph', NVME, [disk(NVME, 'gpt')], undefined],
  ["Ceph's label", 'ceph', NVME, [disk(NVME, 'bluestore')], 'bluestore'],
  ['a file system over the whole disk', 'openebs', NVME, [disk(NVME, 'ext4')], 'ext4'],
  ['a partition of somebody', 'openebs', NVME, [disk(NVME, 'gpt'), part('/dev/nvme0n1p1', NVME, 'ntfs', 'Basic data partition')], 'partition /dev/nvme0n1p1 "Basic data partition" (ntfs)'],
  ['a partition with nothing known in it', 'ceph', NVME, [disk(NVME, 'gpt'), part('/dev/nvme0n1p1', NVME, '')], 'partition /dev/nvme0n1p1 (no file system it knows)'],
  ['the user volume of its purpose, which Talos takes over', 'openebs', NVME, [disk(NVME, 'gpt'), part('/dev/nvme0n1p1', NVME, 'xfs', 'u-openebs')], undefined],
  ['the user volume of another purpose', 'ceph', NVME, [disk(NVME, 'gpt'), part('/dev/nvme0n1p1', NVME, 'xfs', 'u-openebs')], '"u-openebs"'],
  ["Talos's own partitions on the system disk, as a reset leaves them", 'install', SDA, [disk(SDA, 'gpt'), part('/dev/sda1', SDA, 'vfat', 'EFI'), part('/dev/sda4', SDA, 'talosmeta', 'META'), part('/dev/sda6', SDA, '', 'EPHEMERAL')], undefined],
  ["Talos's partitions on a data disk", 'ceph', SDA, [disk(SDA, 'gpt'), part('/dev/sda1', SDA, 'vfat', 'EFI')], '"EFI"'],
  ['another system on the system disk', 'install', SDA, [disk(SDA, 'gpt'), part('/dev/sda1', SDA, 'vfat', 'EFI'), part('/dev/sda2', SDA, 'ext4', 'root')], '"root" (ext4)'],
  ['a disk the machine told nothing of', 'ceph', NVME, [disk(SDA, 'bluestore')], 'not discovered'],
])('%s', (_, purpose, path, volumes, holds) => {
  const found = leftoversOn([{ purpose, path }], volumes);
  if (holds === undefined) expect(found).toEqual([]);
  else expect(found).toEqual([{ purpose, path, holds: expect.stringContaining(holds) }]);
});

test('volumes are read as talosctl prints them: one JSON document each, a partition by its disk', () => {
  const document = (id: string, spec: unknown): string => JSON.stringify({ node: '10.25.11.14', metadata: { namespace: 'runtime', type: 'DiscoveredVolumes.block.talos.dev', id }, spec }, null, 4);
  const text = [document('sda', { dev_path: SDA, type: 'disk', name: 'gpt' }), document('sda1', { dev_path: '/dev/sda1', parent_dev_path: SDA, type: 'partition', name: 'vfat', partition_label: 'EFI' })].join('\n');
  expect(parseVolumes(text)).toEqual([disk(SDA, 'gpt'), part('/dev/sda1', SDA, 'vfat', 'EFI')]);
});
