import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { core } from './configuration.ts';
import { clusterFolder, kubeClient } from './fingerprint.ts';
import { finish, journalOf, makeRig, PROGRAM, type LogLine, type Ran, type Rig } from './rig.ts';

const PLANES = ['apps-01', 'apps-02', 'apps-03'];
const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';

/** What machines were told and did, by name. */
const took = (log: readonly LogLine[], verb: string): readonly string[] => log.filter((entry) => entry.kind === 'talos' && entry.verb === verb && entry.write && entry.result === 'OK').map((entry) => entry.object).toSorted();
const said = (ran: Ran): string => `${ran.code} ${ran.stdout}${ran.stderr}`;

describe('etcd:restore', () => {
  let rig: Rig;
  let file = '';
  const restore = (from: string, ...more: readonly string[]): Promise<Ran> => rig.task('etcd:restore', 'CLUSTER=apps', 'TARGET=lab', `SNAPSHOT=${from}`, '--confirm=apps', '--json', ...more);
  const kube = (path: string, method?: string, body?: unknown): Promise<unknown> => kubeClient(rig, 'apps')(path, method, body);
  const write = (name: string): Promise<unknown> => kube(CONFIGMAPS, 'POST', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data: { name } });
  const last = async (): Promise<number> => (await rig.log()).at(-1)?.seq ?? 0;
  /** Takes the etcd data of some machines behind the runner's back, as bad disks or a wrong command would. */
  const lose = async (...machines: readonly string[]): Promise<void> => {
    const status: { readonly clusters: readonly { readonly name: string; readonly machines: readonly { readonly name: string; readonly address: string; readonly dial: string }[] }[] } = JSON.parse(JSON.stringify(await rig.lab('status')));
    const all = status.clusters.find((cluster) => cluster.name === 'apps')?.machines ?? [];
    // One call for all of them: who came back while others have a quorum would join them.
    const child = spawn(join(PROGRAM, 'lab/bin/talosctl'), [
      'reset', '--talosconfig', join(clusterFolder(rig, 'apps'), 'talosconfig'), '-e', all.find(({ name }) => !machines.includes(name))?.dial ?? '', '-n', all.filter(({ name }) => machines.includes(name)).map(({ address }) => address).join(','),
      '--graceful=false', '--reboot', '--system-labels-to-wipe', 'EPHEMERAL', '--wait=false',
      // The Node on PATH may be any; the program's own runs this.
    ], { env: { ...rig.env, LAB_NODE: process.execPath }, stdio: ['ignore', 'pipe', 'pipe'] });
    expect(said(await finish(child))).toMatch(/^0 /);
  };
  /** Starts it, and kills it as soon as it has said that it begins an act. */
  const killedAt = async (act: string, ...more: readonly string[]): Promise<void> => {
    const child = rig.start('etcd:restore', 'CLUSTER=apps', 'TARGET=lab', `SNAPSHOT=${file}`, '--confirm=apps', '--output=json', ...more);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (text.split('\n').some((line) => line.includes('"act-started"') && line.includes(`"${act}"`))) child.kill('SIGKILL');
    });
    const ran = await finish(child);
    expect(ran.signal, said(ran)).toBe('SIGKILL');
  };
  /** What was there at the snapshot is there, what came after is not, and nobody was made anew. */
  const expectRestored = async (ran: Ran): Promise<void> => {
    expect(said(ran)).toMatch(/^0 /);
    expect(await kube(`${CONFIGMAPS}/kept`)).toMatchObject({ data: { name: 'kept' } });
    await expect(kube(`${CONFIGMAPS}/late`)).rejects.toThrow(/404/);
    const { run } = JSON.parse(ran.stdout);
    const judged = journalOf(rig.taskDir, run).filter((event) => event.type === 'judged' && event['step'] === 'restored');
    expect(judged.map((event) => event['verdict'])).toEqual([expect.objectContaining({ is: 'pass' }), expect.objectContaining({ is: 'pass' })]);
    // A copy taken for its figures is not left lying about.
    expect(existsSync(join(rig.taskDir, 'runs', run, 'etcd-apps-restored.db'))).toBe(false);
  };

  beforeAll(async () => {
    rig = makeRig({ ...core(), speed: '120' });
    file = join(rig.dir, 'apps.db');
    await rig.lab('up', '--speed', '240');
    expect(said(await rig.task('bootstrap:talos', 'CLUSTER=apps', 'TARGET=lab', '--yes'))).toMatch(/^0 /);
    await write('kept');
    expect(said(await rig.task('etcd:snapshot', 'CLUSTER=apps', 'TARGET=lab', `FILE=${file}`))).toMatch(/^0 /);
    await write('late');
  });
  afterAll(async () => { await rig.dispose(); });

  test('a snapshot has its evidence beside it, both for their owner alone', () => {
    expect(JSON.parse(readFileSync(`${file}.json`, 'utf8'))).toMatchObject({ cluster: 'apps', machine: 'apps-01', sha256: expect.stringMatching(/^[0-9a-f]{64}$/), namespaces: { 'kube-system': expect.any(String) } });
    expect([file, `${file}.json`].map((each) => statSync(each).mode & 0o777)).toEqual([0o600, 0o600]);
  });

  test('a snapshot that was changed is refused before anything is touched, and so is an etcd that is well', async () => {
    const since = await last();
    const broken = Buffer.from(readFileSync(file));
    broken[100] = (broken[100] ?? 0) ^ 1;
    const copy = join(rig.dir, 'copy.db');
    writeFileSync(copy, broken, { mode: 0o600 });
    copyFileSync(`${file}.json`, `${copy}.json`);
    const refused = await restore(copy);
    expect(refused.code, said(refused)).toBe(75);
    expect(said(refused)).toMatch(/not the snapshot its evidence tells of: its digest differs[\s\S]*nothing was touched/);
    const well = await restore(file);
    expect(well.code, said(well)).toBe(75);
    expect(said(well)).toMatch(/etcd of apps is well, so it is not restored[\s\S]*OVERRIDE=healthy-etcd/);
    expect((await rig.log(since)).filter((entry) => entry.write)).toEqual([]);
  });

  test('with the quorum lost it brings back what was saved; killed in the middle it goes on, and bootstraps once', async () => {
    await lose('apps-02', 'apps-03');
    const since = await last();
    const dry = await restore(file, '--dry-run');
    expect(said(dry)).toMatch(/^0 /);
    expect(dry.stdout).toContain('--recover-from');
    expect((await rig.log(since)).filter((entry) => entry.write)).toEqual([]);
    await killedAt('etcd-bootstrap');
    await expectRestored(await restore(file));
    const log = await rig.log(since);
    expect([took(log, 'Bootstrap'), took(log, 'Reset')]).toEqual([['apps-01'], ['apps-01']]);
    expect(log.filter((entry) => entry.write && entry.cluster === 'infra')).toEqual([]);
    // Seen to its end, it is no reason any more to go on with.
    const again = await restore(file, '--dry-run');
    expect(JSON.parse(again.stdout)).toMatchObject({ writes: 0 });
    expect(said(again)).toMatch(/etcd of apps is well/);
  });

  test.runIf(process.env['SOAK'] !== undefined)('an etcd that is well goes back when OVERRIDE says so: saved first, wiped from all at once, each once also when it is killed', async () => {
    await write('late');
    // Three processes start at their own pace: at full speed the first machine would be back before the last is told.
    await rig.lab('up', '--speed', '40');
    const since = await last();
    await killedAt('etcd-wipe', 'OVERRIDE=healthy-etcd');
    const ran = await restore(file, 'OVERRIDE=healthy-etcd');
    await expectRestored(ran);
    const log = await rig.log(since);
    expect([took(log, 'Bootstrap'), took(log, 'Reset')]).toEqual([['apps-01'], PLANES]);
    await rig.lab('up', '--speed', '240');
  });

  test.runIf(process.env['SOAK'] !== undefined)('bare machines are installed and get etcd from a snapshot, also from one without evidence', async () => {
    expect(said(await rig.task('cluster:destroy', 'CLUSTER=apps', 'TARGET=lab', '--confirm=apps'))).toMatch(/^0 /);
    const alone = join(rig.dir, 'alone.db');
    copyFileSync(file, alone);
    const since = await last();
    const ran = await restore(alone);
    expect(said(ran)).toMatch(/^0 /);
    expect(said(ran)).toMatch(/is not proven/);
    expect(await kube(`${CONFIGMAPS}/kept`)).toMatchObject({ data: { name: 'kept' } });
    const log = await rig.log(since);
    expect([took(log, 'Bootstrap'), took(log, 'Reset'), took(log, 'ApplyConfiguration')]).toEqual([['apps-01'], [], PLANES]);
  });
}, 240_000);
