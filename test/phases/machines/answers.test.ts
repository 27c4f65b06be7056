import { describe, expect, test } from 'vitest';
import { bundleFindings } from '../../../scripts/phases/machines/bundle-checks.ts';
import { draftOf, idOf } from '../../../scripts/phases/machines/draft.ts';
import { outcomeOf } from '../../../scripts/phases/talos-certs.ts';
import { withoutSecrets } from '../../../scripts/phases/talos-generate.ts';
import type { Disk, SecretsBundle } from '../../../scripts/tools/doors.ts';
import { mediaOf } from '../../../scripts/tools/schematic.ts';
import { newBundle } from '../../../lab/world/bundle.ts';

const disk = (path: string, sizeBytes: number, more: Partial<Disk> = {}): Disk => ({ name: path.slice(5), path, model: 'SSD', serial: 's', wwid: '', symlinks: [], sizeBytes, ...more });
const DAY = 86_400_000;

describe('a draft of a machine', () => {
  test('the system goes on the smallest disk that is large enough; a stick is not', () => {
    const lines = draftOf({ address: '192.0.2.9', known: undefined, links: [{ name: 'e', mac: '02:00:00:00:00:01', physical: true }, { name: 'bond0', mac: '02:00:00:00:00:02', physical: false }], disks: [disk('/dev/nvme0n1', 1e12), disk('/dev/sda', 8e9), disk('/dev/sdb', 24e10)] }, 3).join('\n');
    expect(lines).toContain('name: new-3');
    expect(lines).toContain('macs: ["02:00:00:00:00:01"]');
    expect(lines).toMatch(/install: \{id: \/dev\/sdb\}/);
    expect(lines).toMatch(/data1: \{id: \/dev\/sda\}[^]*data2: \{id: \/dev\/nvme0n1\}/);
  });
  test('without a disk it says so', () => {
    expect(draftOf({ address: '192.0.2.9', known: { name: 'one', role: 'controlplane' }, links: [], disks: [] }, 1).join('\n')).toContain('install: {}   # it lists no disk');
  });
  test.each<[string, Partial<Disk>, string]>([
    ['by the link of its WWID', { wwid: 'eui.01', symlinks: ['/dev/disk/by-id/nvme-SSD_s', '/dev/disk/by-id/nvme-eui.01'] }, '/dev/disk/by-id/nvme-eui.01'],
    ['by another stable link', { wwid: 'eui.01', symlinks: ['/dev/disk/by-path/x', '/dev/disk/by-id/nvme-SSD_s'] }, '/dev/disk/by-id/nvme-SSD_s'],
    ['by the device when there is no other', {}, '/dev/nvme0n1'],
  ])('a disk is named %s', (_name, more, id) => {
    expect(idOf(disk('/dev/nvme0n1', 1e12, more))).toBe(id);
  });
});

describe('a bundle', () => {
  const whole = newBundle(2048);
  const bad = async (change: Partial<SecretsBundle>, now = Date.now()): Promise<readonly string[]> => bundleFindings({ ...(await whole), ...change }, now).filter(({ ok }) => !ok).map(({ part }) => part);
  test('that was made whole holds together', async () => {
    expect(await bad({})).toEqual([]);
  });
  test("a key that is not its certificate's, a token of no form, a secret that is too short", async () => {
    expect(await bad({ MACHINE_CA_KEY: (await newBundle(2048)).MACHINE_CA_KEY })).toEqual(['machine CA']);
    expect(await bad({ MACHINE_TOKEN: 'x', CLUSTER_SECRET: 'YWJj' })).toEqual(['machine token', 'cluster secret']);
    expect(await bad({ CLUSTER_CA_CRT: 'nothing', CLUSTER_SERVICEACCOUNT_KEY: 'nothing' })).toEqual(['Kubernetes CA', 'service account key']);
  });
  test('authorities end', async () => {
    expect(await bad({}, Date.now() + 20 * 365 * DAY)).toEqual(['etcd CA', 'Kubernetes CA', 'aggregation CA', 'machine CA']);
  });
});

test.each<[string, number | undefined, string, string]>([
  ['the client certificate in the kubeconfig of a', 40 * DAY, 'lasts', 'done'], ['the client certificate in the kubeconfig of a', 20 * DAY, 'soon', 'no'], ['the client certificate in the kubeconfig of a', -DAY, 'ended', 'no'],
  ['what a-01 shows', DAY / 2, 'lasts', 'done'], ['what a-01 shows', -1, 'ended', 'no'], ['what a-01 shows', undefined, 'unknown', 'cannotTell'],
])('%s, %s ms from now: %s', (what, ends, is, exit) => {
  const outcome = outcomeOf('a', [{ what, ends: ends === undefined ? undefined : 1e12 + ends, because: '', renew: '' }], 30, 1e12);
  expect(outcome.exit).toBe(exit);
  expect(JSON.stringify(outcome.result)).toContain(`"is":"${is}"`);
});

test('nothing looked at is not well', () => {
  expect(outcomeOf('a', [], 30, 1e12).exit).toBe('cannotTell');
});

test('media are of one schematic and one version', () => {
  const media = mediaOf({ id: 'ab' }, 'v1.12.0', 'arm64');
  expect(media.map(({ address }) => address)).toContain('https://pxe.factory.talos.dev/pxe/ab/v1.12.0/metal-arm64');
  expect(media.every(({ address }) => address.includes('/ab') && address.includes('v1.12.0'))).toBe(true);
});

test('a configuration without its secrets keeps what is none', () => {
  expect(withoutSecrets('machine:\n  token: abc\n  ca:\n    key: LS0t\n    crt: LS0t\n  kubelet:\n    image: x:v1')).toBe('machine:\n  token: [redacted]\n  ca:\n    key: [redacted]\n    crt: LS0t\n  kubelet:\n    image: x:v1');
});
