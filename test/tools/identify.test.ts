import { describe, expect, test } from 'vitest';
import { identifyBy, identifyMachine, provenBy } from '../../scripts/tools/identify.ts';
import { parseDisks, parseLinks } from '../../scripts/tools/talos-parse.ts';
import { fixture, machine } from './support.ts';

const seen = { disks: parseDisks(fixture('talosctl-1.12.0/get-disks.json')), links: parseLinks(fixture('talosctl-1.12.0/get-links.json')) };
const SSD = { model: 'Samsung SSD 860' };
const CEPH = '/dev/disk/by-id/nvme-eui.6479a7726a304b94';
const infra01 = machine('infra-01', { disks: { install: SSD, data: { ceph: { id: CEPH } } } });
const macOnly = machine('infra-01');
const stranger = machine('apps-01', { macs: ['3c:fd:fe:35:10:*'], disks: { install: SSD, data: { ceph: { id: '/dev/disk/by-id/nvme-eui.other' } } } });

test('a disk id settles it', () => {
  expect(identifyMachine(infra01, seen, [infra01, stranger])).toEqual({ machine: 'infra-01', by: 'disk id', evidence: CEPH });
});
test('without disk ids a network card does', () => {
  expect(identifyMachine(macOnly, seen, [macOnly, stranger])).toEqual({ machine: 'infra-01', by: 'MAC', evidence: 'eno1 f8:f2:1e:20:57:d1' });
});
test('the right card does not outweigh a wrong disk, and who it looks like is named', () => {
  const wanted = machine('infra-02', { disks: { install: SSD, data: { ceph: { id: '/dev/disk/by-id/nvme-eui.elsewhere' } } } });
  const answer = identifyMachine(wanted, seen, [wanted, infra01]);
  expect(answer).toMatchObject({ machine: 'infra-02', looksLike: 'infra-01' });
  expect(answer).toHaveProperty('because', expect.stringContaining('it has no disk /dev/disk/by-id/nvme-eui.elsewhere'));
});
test('a MAC prefix that two machines share proves nothing by itself', () => {
  const twin = machine('apps-02');
  expect(identifyMachine(macOnly, seen, [macOnly, twin])).toMatchObject({ because: expect.stringContaining('fits apps-02 as well'), looksLike: 'apps-02' });
});
test('a twin that a disk id excludes is no rival', () => {
  const twin = machine('apps-02', { disks: { install: SSD, data: { ceph: { id: '/dev/disk/by-id/absent' } } } });
  expect(identifyMachine(macOnly, seen, [macOnly, twin])).toMatchObject({ by: 'MAC' });
});
test('no disk to install on is a mismatch, whatever else fits', () => {
  const wanted = machine('infra-01', { disks: { install: { model: 'WDC' }, data: { ceph: { id: CEPH } } } });
  expect(identifyMachine(wanted, seen, [wanted])).toMatchObject({ because: expect.stringMatching(/no disk fits the install disk \(model WDC\).*Samsung/) });
});
test.each([
  ['a data disk by id', { ceph: { id: '/dev/disk/by-id/nvme-eui.elsewhere' } }, '/dev/disk/by-id/nvme-eui.elsewhere'],
  ['a data disk by model, when another is there by id', { ceph: { id: CEPH }, openebs: { model: 'Intel P5800X' } }, 'model Intel P5800X'],
  ['a data disk by model, when a card is all that tells the machine', { openebs: { model: 'Intel P5800X' } }, 'model Intel P5800X'],
])('a machine without %s is that machine, and lacks it', (_, data, lacks) => {
  const wanted = machine('infra-01', { disks: { install: SSD, data } });
  expect(identifyMachine(wanted, seen, [wanted])).toMatchObject({ machine: 'infra-01', lacks, because: expect.stringContaining('it has no disk') });
});
test('a machine with the disks of another lacks nothing: it is the other', () => {
  const wanted = machine('infra-02', { disks: { install: SSD, data: { ceph: { id: '/dev/disk/by-id/nvme-eui.elsewhere' } } } });
  expect(identifyMachine(wanted, seen, [wanted, infra01])).not.toHaveProperty('lacks');
});
test('a machine with none of its cards lacks no disk: nothing says that it is the one', () => {
  const wanted = machine('infra-02', { macs: ['02:00:00:*'], disks: { install: SSD, data: { ceph: { id: '/dev/disk/by-id/nvme-eui.elsewhere' } } } });
  expect(identifyMachine(wanted, seen, [wanted])).not.toHaveProperty('lacks');
});
test('a bond has the right address too, but is no card', () => {
  const wanted = machine('infra-01', { macs: ['f8:f2:1e:20:57:d0'] });
  expect(identifyMachine(wanted, seen, [wanted])).toMatchObject({ because: expect.stringContaining('none of its network cards') });
});

describe('asking', () => {
  const asked: string[] = [];
  const listings = {
    disks: async () => { asked.push('disks'); return seen.disks; },
    links: async () => { asked.push('links'); return seen.links; },
  };
  const elsewhere = machine('infra-02', { disks: { install: SSD, data: { ceph: { id: '/dev/disk/by-id/nvme-eui.elsewhere' } } } });
  test.each([
    ['disk ids settle it: cards are not asked for', infra01, ['disks'], { by: 'disk id' }],
    ['without disk ids both are', macOnly, ['disks', 'links'], { by: 'MAC' }],
    ['disk ids that say no: the cards tell whose machine it may be', elsewhere, ['disks', 'links'], { looksLike: 'apps-03' }],
  ])('%s', async (_, wanted, questions, answer) => {
    asked.length = 0;
    const byCard = machine('apps-03');
    const others = wanted === elsewhere ? [byCard] : [];
    expect(await identifyBy(wanted, listings, [wanted, ...others])).toMatchObject(answer);
    expect(asked).toEqual(questions);
  });
});

describe('a proof of this run', () => {
  const proof = { machine: 'infra-01', by: 'disk id', evidence: CEPH } as const;
  const mismatch = { machine: 'infra-01', because: 'no disk fits', looksLike: undefined };
  const asking = (...answers: (typeof proof | typeof mismatch)[]) => {
    const ask = async () => answers.shift() ?? Promise.reject(new Error('asked too often'));
    return { ask, left: () => answers.length };
  };
  test('holds while the machine shows the same certificate', async () => {
    const wanted = machine('infra-01');
    const { ask } = asking(proof);
    expect(await provenBy(wanted, 'AA', ask)).toBe(proof);
    expect(await provenBy(wanted, 'AA', ask)).toBe(proof);
  });
  test.each([['another certificate', 'BB'], ['none', undefined]])('is made anew when it shows %s: another machine may answer there now', async (_, shown) => {
    const wanted = machine('infra-01');
    const { ask } = asking(proof, mismatch);
    await provenBy(wanted, 'AA', ask);
    expect(await provenBy(wanted, shown, ask)).toBe(mismatch);
  });
  test('of a machine that shows no certificate is not kept', async () => {
    const wanted = machine('infra-01');
    const { ask, left } = asking(proof, proof);
    await provenBy(wanted, undefined, ask);
    await provenBy(wanted, undefined, ask);
    expect(left()).toBe(0);
  });
  test('a mismatch is never kept, and takes an earlier proof with it', async () => {
    const wanted = machine('infra-01');
    const { ask, left } = asking(proof, mismatch, mismatch);
    await provenBy(wanted, 'AA', ask);
    await provenBy(wanted, 'BB', ask);
    await provenBy(wanted, 'AA', ask);
    expect(left()).toBe(0);
  });
});
