import { expect, test } from 'vitest';
import { judge } from '../../scripts/phases/destroyed.ts';
import type { Volume } from '../../scripts/tools/doors.ts';

const whole = (device: string, signature = ''): Volume => ({ path: device, disk: device, type: 'disk', holds: signature, partition: '' });
const part = (parent: string, partition: string, signature = ''): Volume => ({ path: `${parent}p1`, disk: parent, type: 'partition', holds: signature, partition });

test.each<[string, string, string | undefined, readonly Volume[], string, RegExp | undefined]>([
  ['an empty disk', 'openebs', '/dev/nvme0n1', [whole('/dev/nvme0n1')], 'pass', undefined],
  ['a file system on it', 'openebs', '/dev/nvme0n1', [whole('/dev/nvme0n1', 'xfs')], 'fail', /shows xfs/],
  ['a partition left on it', 'openebs', '/dev/nvme0n1', [whole('/dev/nvme0n1'), part('/dev/nvme0n1', 'r-openebs', 'xfs')], 'fail', /partition \/dev\/nvme0n1p1 r-openebs xfs/],
  ['Ceph at its start', 'ceph', '/dev/nvme1n1', [whole('/dev/nvme1n1', 'bluestore')], 'fail', /bluestore/],
  ['a Ceph disk without a signature', 'ceph', '/dev/nvme1n1', [whole('/dev/nvme1n1')], 'unknown', /cannot show copies/],
  ['a machine that says nothing of it', 'openebs', '/dev/nvme0n1', [whole('/dev/sda', 'gpt')], 'unknown', /does not say/],
  ['no disk that fits', 'openebs', undefined, [], 'fail', /fits the configuration/],
])('a data disk: %s', (_name, purpose, device, volumes, is, because) => {
  const verdict = judge(purpose, device, volumes);
  expect(verdict.is).toBe(is);
  if (because !== undefined) expect('because' in verdict ? verdict.because : '').toMatch(because);
});
