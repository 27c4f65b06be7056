import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { core } from './configuration.ts';
import { filesBelow, finish, journalOf, makeRig, type LogLine, type Rig } from './rig.ts';

const resets = (log: readonly LogLine[]): readonly string[] => log.filter((entry) => entry.kind === 'talos' && /reset/i.test(entry.verb) && entry.write && entry.result === 'OK').map((entry) => entry.object);
const runOf = (stdout: string): string => JSON.parse(stdout).run;

describe('cluster:destroy', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = makeRig({ ...core(), speed: '120' });
    await rig.lab('up', '--speed', '240');
  });
  afterAll(async () => { await rig.dispose(); });
  const create = async (): Promise<void> => {
    const made = await rig.task('cluster:create', 'CLUSTER=apps', 'TARGET=lab', '--yes');
    expect(`${made.code} ${made.stderr}`).toMatch(/^0 /);
  };

  test('flux:suspend and flux:resume change what is awake, remember it, and leave alone what others put to sleep', async () => {
    await create();
    const first = await rig.task('flux:suspend', 'CLUSTER=apps', 'TARGET=lab', '--json');
    expect(`${first.code} ${first.stderr}`).toMatch(/^0 /);
    const suspended: readonly string[] = JSON.parse(first.stdout).suspended;
    expect(suspended).toEqual(expect.arrayContaining(['FluxInstance flux-system/flux', 'Kustomization flux-system/flux-system', 'HelmRelease kube-system/cilium']));
    const again = await rig.task('flux:suspend', 'CLUSTER=apps', 'TARGET=lab', '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ suspended, suspendedByOthers: [] });
    const resumed = await rig.task('flux:resume', 'CLUSTER=apps', 'TARGET=lab', '--json');
    expect(JSON.parse(resumed.stdout)).toMatchObject({ stillSuspended: [] });
    expect([...JSON.parse(resumed.stdout).resumed].toSorted()).toEqual([...suspended].toSorted());
    expect((await rig.task('flux:resume', 'CLUSTER=apps', 'TARGET=lab')).stdout).toMatch(/nothing to resume/);
  });

  test.runIf(process.env['SOAK'] !== undefined)('cluster:shutdown powers every machine off and loses nothing: powered on again the cluster is well', async () => {
    await create();
    const off = await rig.task('cluster:shutdown', 'CLUSTER=apps', 'TARGET=lab', '--yes');
    expect(`${off.code} ${off.stderr}`).toMatch(/^0 /);
    expect(resets(await rig.log())).toEqual([]);
    expect((await rig.task('cluster:health', 'CLUSTER=apps', 'TARGET=lab')).code).not.toBe(0);
    for (const machine of ['apps-01', 'apps-02', 'apps-03']) await rig.lab('power', 'on', '--cluster', 'apps', '--machine', machine);
    await create();
    expect((await rig.task('cluster:health', 'CLUSTER=apps', 'TARGET=lab')).code).toBe(0);
  });

  test('a destroy that is killed in the middle of a wipe goes on when it is run again, and wipes each machine once', async () => {
    const since = (await rig.log()).at(-1)?.seq ?? 0;
    const child = rig.start('cluster:destroy', 'CLUSTER=apps', 'TARGET=lab', '--confirm=apps', '--output=json');
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('"act-started"') && text.includes('apps-02')) child.kill('SIGKILL');
    });
    const killed = await finish(child);
    expect(killed.signal).toBe('SIGKILL');
    const ended = await rig.task('cluster:destroy', 'CLUSTER=apps', 'TARGET=lab', '--confirm=apps', '--json');
    expect(`${ended.code} ${ended.stderr}`).toMatch(/^0 /);
    expect(resets(await rig.log(since)).toSorted()).toEqual(['apps-01', 'apps-02', 'apps-03']);
    const events = journalOf(rig.taskDir, runOf(ended.stdout));
    expect(events).toContainEqual(expect.objectContaining({ type: 'act-finished', act: 'wipe', subject: 'apps-01', outcome: 'done' }));
    const files = filesBelow(join(rig.taskDir, 'runs'));
    const disks = [...files].find(([path]) => path.endsWith(`${runOf(ended.stdout)}/disks-apps.json`));
    expect(JSON.parse(disks?.[1].text ?? '[]')).toEqual(expect.arrayContaining([
      expect.objectContaining({ machine: 'apps-01', purpose: 'openebs', verdict: { is: 'pass' } }),
      // Talos shows a disk's first label alone, so a Ceph disk is never called clean by it.
      expect.objectContaining({ machine: 'apps-03', purpose: 'ceph', verdict: expect.objectContaining({ is: 'unknown' }) }),
    ]));
    const evidence = [...files.entries()].filter(([path]) => path.includes('etcd-apps.db'));
    expect(evidence.map(([path]) => path).some((path) => path.endsWith('.db.json'))).toBe(true);
    expect(new Set(evidence.map(([, { mode }]) => mode))).toEqual(new Set([0o600]));
  });

  test('nothing of another cluster was written to, and of this one only its own files are gone', async () => {
    expect((await rig.log()).filter((entry) => entry.write && entry.cluster === 'infra')).toEqual([]);
    const target = [...filesBelow(join(rig.taskDir, 'targets')).keys()];
    expect(target.filter((path) => path.includes('/apps/kubeconfig'))).toEqual([]);
    expect(target.some((path) => path.endsWith('/apps/identity.json'))).toBe(true);
    expect(existsSync(join(rig.taskDir, 'targets'))).toBe(true);
  });

  test('on bare machines there is nothing to do: not for a dry run, not for a second destroy', async () => {
    const since = (await rig.log()).at(-1)?.seq ?? 0;
    const dry = await rig.task('cluster:destroy', 'CLUSTER=apps', 'TARGET=lab', '--dry-run', '--json');
    expect(JSON.parse(dry.stdout)).toMatchObject({ writes: 0 });
    expect((await rig.task('cluster:destroy', 'CLUSTER=apps', 'TARGET=lab', '--confirm=apps')).code).toBe(0);
    expect((await rig.log(since)).filter((entry) => entry.write)).toEqual([]);
  });

  test.runIf(process.env['SOAK'] !== undefined)('without an etcd snapshot nothing is destroyed, unless OVERRIDE says so by name; then members that cannot leave are wiped by force', async () => {
    await create();
    await rig.lab('break', 'etcd-no-quorum', '--cluster', 'apps');
    const since = (await rig.log()).at(-1)?.seq ?? 0;
    const refused = await rig.task('cluster:destroy', 'CLUSTER=apps', 'TARGET=lab', '--confirm=apps');
    expect(refused.code).toBe(75);
    expect(refused.stderr).toMatch(/no etcd snapshot of apps could be taken, so nothing was destroyed[\s\S]*OVERRIDE=no-snapshot/);
    expect((await rig.log(since)).filter((entry) => entry.write)).toEqual([]);
    const forced = await rig.task('cluster:destroy', 'CLUSTER=apps', 'TARGET=lab', '--confirm=apps', 'OVERRIDE=no-snapshot');
    expect(`${forced.code} ${forced.stderr}`).toMatch(/^0 /);
    expect(forced.stderr).toMatch(/apps-03 could not leave etcd[\s\S]*by force/);
    // The graceful tries were taken too, and came to nothing.
    expect([...new Set(resets(await rig.log(since)))].toSorted()).toEqual(['apps-01', 'apps-02', 'apps-03']);
    await rig.lab('heal', '--all');
  });
}, 240_000);
