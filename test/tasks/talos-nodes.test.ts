import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubeClient } from './fingerprint.ts';
import { ownCore } from './configuration.ts';
import { makeRig, type LogLine, type Ran, type Rig } from './rig.ts';

const said = (ran: Ran): string => `${ran.code} ${ran.stdout}${ran.stderr}`;
const took = (log: readonly LogLine[], verb: string): readonly string[] => log.filter((entry) => entry.kind === 'talos' && entry.verb === verb && entry.write && entry.result === 'OK').map((entry) => entry.object);

describe('machines that come and go', () => {
  let rig: Rig;
  let root = '';
  const run = (task: string, ...more: readonly string[]): Promise<Ran> => rig.task(task, 'CLUSTER=apps', 'TARGET=lab', '--yes', '--json', ...more);
  const last = async (): Promise<number> => (await rig.log()).at(-1)?.seq ?? 0;
  const nodes = async (): Promise<readonly string[]> => {
    const list = JSON.parse(JSON.stringify(await kubeClient(rig, 'apps')('/api/v1/nodes')));
    return list.items.map((node: { metadata: { name: string } }) => node.metadata.name).toSorted();
  };
  const members = async (): Promise<readonly unknown[]> => JSON.parse((await run('etcd:status')).stdout).members.map((each: { machine: string; member: string | null; unknown?: string }) => [each.machine, each.member !== null && each.unknown === undefined]);

  beforeAll(async () => {
    root = ownCore();
    rig = makeRig({ root, speed: '120' });
    await rig.lab('up', '--speed', '120');
    expect(said(await run('cluster:create'))).toMatch(/^0 /);
  }, 240_000);
  afterAll(async () => {
    await rig.dispose();
    rmSync(root, { recursive: true, force: true });
  });

  test('a machine is taken out by its name, and brought back; asked again neither writes', async () => {
    const refused = await rig.task('talos:reset', 'CLUSTER=apps', 'TARGET=lab', 'NODE=apps-9');
    expect(refused.code, said(refused)).toBe(64);
    const since = await last();
    expect(said(await run('talos:reset', 'NODE=apps-03', '--confirm=apps-03'))).toMatch(/^0 /);
    expect(await nodes()).toEqual(['apps-01', 'apps-02']);
    expect(took(await rig.log(since), 'Reset')).toEqual(['apps-03']);
    expect(JSON.parse((await run('talos:reset', 'NODE=apps-03', '--dry-run')).stdout)).toMatchObject({ writes: 0 });
    expect(said(await run('talos:node-add', 'NODE=apps-03'))).toMatch(/^0 /);
    expect(await nodes()).toEqual(['apps-01', 'apps-02', 'apps-03']);
    expect(await members()).toEqual([['apps-01', true], ['apps-02', true], ['apps-03', true]]);
    expect(JSON.parse((await run('talos:node-add', 'NODE=apps-03', '--dry-run')).stdout)).toMatchObject({ writes: 0 });
    expect((await rig.log(since)).filter(({ verb }) => verb === 'quorum-lost')).toEqual([]);
  });

  test('a machine that runs is replaced: out, wiped, in again, once', async () => {
    const since = await last();
    expect(said(await run('talos:node-replace', 'NODE=apps-02', '--confirm=apps-02'))).toMatch(/^0 /);
    const log = await rig.log(since);
    expect([took(log, 'Reset'), took(log, 'ApplyConfiguration')]).toEqual([['apps-02'], ['apps-02']]);
    expect(log.filter(({ verb }) => verb === 'quorum-lost')).toEqual([]);
    expect(await nodes()).toEqual(['apps-01', 'apps-02', 'apps-03']);
    expect(await members()).toEqual([['apps-01', true], ['apps-02', true], ['apps-03', true]]);
  });

  test('of a dead machine membership and node go; what comes back in its place is wiped when it is the old one, and installed', async () => {
    await rig.lab('power', 'off', '--machine', 'apps-02');
    const since = await last();
    const first = await run('talos:node-replace', 'NODE=apps-02', '--confirm=apps-02');
    expect(first.code, said(first)).toBe(75);
    expect(said(first)).toMatch(/apps-02 is out of apps; the machine that takes its place does not answer yet/);
    expect(took(await rig.log(since), 'EtcdRemoveMemberByID')).toEqual(['apps-01']);
    expect(await nodes()).toEqual(['apps-01', 'apps-03']);
    await rig.lab('power', 'on', '--machine', 'apps-02');
    const again = await run('talos:node-replace', 'NODE=apps-02', '--confirm=apps-02');
    expect(said(again)).toMatch(/^0 /);
    expect(await nodes()).toEqual(['apps-01', 'apps-02', 'apps-03']);
    expect(await members()).toEqual([['apps-01', true], ['apps-02', true], ['apps-03', true]]);
    const log = await rig.log(since);
    expect([took(log, 'Reset'), took(log, 'EtcdRemoveMemberByID')]).toEqual([['apps-02'], ['apps-01']]);
    expect(log.filter(({ verb }) => verb === 'quorum-lost')).toEqual([]);
  });
}, 300_000);
