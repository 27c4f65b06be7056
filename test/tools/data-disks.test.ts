import { describe, expect, test } from 'vitest';
import type { Disk } from '../../scripts/tools/doors.ts';
import { dataDisksAmong } from '../../scripts/tools/identify.ts';
import { reset, wipeDisks } from '../../scripts/tools/talos-args.ts';
import { machine } from './support.ts';

const disk = (path: string, model: string, symlinks: readonly string[] = []): Disk => ({ name: path.slice(5), path, model, serial: '', wwid: '', symlinks, sizeBytes: 512 });
const SYSTEM = disk('/dev/sda', 'Samsung SSD 860');
const of = (data: Parameters<typeof machine>[1]): ReturnType<typeof machine> => machine('infra-01', data);

describe('which disks are the data disks', () => {
  const configured = of({ disks: { install: { model: 'Samsung SSD 860' }, data: { openebs: { model: 'TEAM*' }, ceph: { id: '/dev/disk/by-id/nvme-x' } } } });
  test.each<[string, readonly Disk[], readonly (string | undefined)[]]>([
    ['each found by model or id', [SYSTEM, disk('/dev/nvme0n1', 'TEAM TM8'), disk('/dev/nvme1n1', 'Other', ['/dev/disk/by-id/nvme-x'])], ['/dev/nvme0n1', '/dev/nvme1n1']],
    ['two of one model: neither is said to be the one', [SYSTEM, disk('/dev/nvme0n1', 'TEAM TM8'), disk('/dev/nvme2n1', 'TEAM TM9'), disk('/dev/nvme1n1', 'Other', ['/dev/disk/by-id/nvme-x'])], [undefined, '/dev/nvme1n1']],
    ['one that is gone', [SYSTEM, disk('/dev/nvme0n1', 'TEAM TM8')], ['/dev/nvme0n1', undefined]],
    ['none but the install disk', [SYSTEM], [undefined, undefined]],
  ])('%s', (_name, disks, devices) => {
    expect(dataDisksAmong(configured, disks).map(({ device }) => device)).toEqual(devices);
  });
  test('the install disk is never one of them, also when a pattern fits it', () => {
    const greedy = of({ disks: { install: { model: 'Samsung SSD 860' }, data: { all: { model: '*' } } } });
    expect(dataDisksAmong(greedy, [SYSTEM])).toEqual([{ purpose: 'all', device: undefined, sizeBytes: 0 }]);
  });
});

test('a reset always names what it wipes: without labels talosctl would wipe everything', () => {
  const via = { by: 'mtls', talosconfig: '/t', endpoint: '127.0.0.1:1', node: '10.25.11.11' } as const;
  expect(reset(via, { graceful: false, userDisks: ['/dev/nvme0n1'], timeout: '1m' })).toEqual([
    'reset', '--talosconfig', '/t', '-e', '127.0.0.1:1', '-n', '10.25.11.11', '--graceful=false', '--reboot', '--system-labels-to-wipe', 'STATE', '--system-labels-to-wipe', 'EPHEMERAL',
    '--user-disks-to-wipe', '/dev/nvme0n1', '--wait', '--timeout', '1m',
  ]);
  expect(() => reset(via, { graceful: false, userDisks: [], labels: [], timeout: '1m' })).toThrow(/names no partition/);
  expect(() => reset(via, { graceful: true, userDisks: ['/dev/a,/dev/b'], timeout: '1m' })).toThrow(/exactly one is needed/);
  expect(wipeDisks({ by: 'insecure', endpoint: '127.0.0.1:1' }, ['/dev/nvme0n1'])).toEqual(['wipe', 'disk', 'nvme0n1', '--insecure', '-n', '127.0.0.1:1']);
});
