import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clusterFolder, kubeClient } from './fingerprint.ts';
import { ownCore } from './configuration.ts';
import { finish, journalOf, makeRig, type LogLine, type Ran, type Rig } from './rig.ts';

const PLANES = ['apps-01', 'apps-02', 'apps-03'];
const said = (ran: Ran): string => `${ran.code} ${ran.stdout}${ran.stderr}`;
const took = (log: readonly LogLine[], verb: string): readonly string[] => log.filter((entry) => entry.kind === 'talos' && entry.verb === verb && entry.write && entry.result === 'OK').map((entry) => entry.object);
const quorumLost = (log: readonly LogLine[]): readonly LogLine[] => log.filter(({ verb }) => verb === 'quorum-lost');

/** What an operator does to a pin, before a task brings it to the machines. */
function pin(root: string, what: 'talos' | 'kubernetes', version: string): void {
  const versions = join(root, 'bootstrap/versions.yaml');
  writeFileSync(versions, readFileSync(versions, 'utf8').replace(new RegExp(`^${what}: .*$`, 'm'), `${what}: ${version}`));
  if (what === 'kubernetes') return;
  const patches = join(root, 'talos/patches/all.yaml');
  writeFileSync(patches, readFileSync(patches, 'utf8').replace(/(image: factory\.talos\.dev\/\S+):v\S+/, `$1:v${version}`));
}

describe('machines that run', () => {
  let rig: Rig;
  let root = '';
  const run = (task: string, ...more: readonly string[]): Promise<Ran> => rig.task(task, 'CLUSTER=apps', 'TARGET=lab', '--yes', '--json', ...more);
  const last = async (): Promise<number> => (await rig.log()).at(-1)?.seq ?? 0;
  const nodes = async (): Promise<readonly { readonly name: string; readonly os: string; readonly kubelet: string; readonly cordoned: boolean }[]> => {
    const list = JSON.parse(JSON.stringify(await kubeClient(rig, 'apps')('/api/v1/nodes')));
    return list.items.map((node: { metadata: { name: string; annotations?: Record<string, string> }; spec: { unschedulable?: boolean }; status: { nodeInfo: { osImage: string; kubeletVersion: string } } }) => ({ name: node.metadata.name, os: node.status.nodeInfo.osImage, kubelet: node.status.nodeInfo.kubeletVersion, cordoned: node.spec.unschedulable === true || node.metadata.annotations?.['task/cordoned-for'] !== undefined }));
  };
  const dry = async (task: string, ...more: readonly string[]): Promise<{ readonly writes: number }> => {
    const since = await last();
    const ran = await run(task, '--dry-run', ...more);
    expect(said(ran)).toMatch(/^0 /);
    expect((await rig.log(since)).filter((entry) => entry.write)).toEqual([]);
    return JSON.parse(ran.stdout);
  };

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

  test('talos:diff finds nothing after a create', async () => {
    const ran = await run('talos:diff');
    expect(said(ran)).toMatch(/^0 /);
    expect(JSON.parse(ran.stdout).machines.map((each: { takes: string }) => each.takes)).toEqual(['none', 'none', 'none']);
  });

  test('etcd is defragmented one member at a time, the leader last; asked again there is nothing to do', async () => {
    expect((await dry('etcd:defrag')).writes).toBe(3);
    const since = await last();
    expect(said(await run('etcd:defrag'))).toMatch(/^0 /);
    const log = await rig.log(since);
    expect(took(log, 'EtcdDefragment').toSorted()).toEqual(PLANES);
    expect(took(log, 'EtcdDefragment').at(-1)).toBe('apps-01');
    expect(quorumLost(log)).toEqual([]);
    expect((await dry('etcd:defrag')).writes).toBe(0);
    expect(said(await run('etcd:status'))).toMatch(/^0 /);
  });

  test('a step of two minors, or to a Kubernetes nobody supports, is refused before anything is touched', async () => {
    pin(root, 'talos', '1.14.2');
    const since = await last();
    const ran = await run('talos:upgrade');
    expect(ran.code, said(ran)).toBe(75);
    expect(said(ran)).toMatch(/one minor at a time[\s\S]*2 minors away/);
    pin(root, 'talos', '1.12.0');
    pin(root, 'kubernetes', '1.36.1');
    const kube = await run('talos:upgrade-k8s');
    expect(kube.code, said(kube)).toBe(75);
    expect(said(kube)).toMatch(/supported pairs/);
    pin(root, 'kubernetes', '1.34.4');
    expect((await rig.log(since)).filter((entry) => entry.write && entry.kind === 'talos')).toEqual([]);
  });

  test('Talos is upgraded one machine at a time; killed while one is away, the same command goes on, each once', async () => {
    pin(root, 'talos', '1.12.4');
    expect((await dry('talos:upgrade')).writes).toBeGreaterThan(6);
    const since = await last();
    const child = rig.start('talos:upgrade', 'CLUSTER=apps', 'TARGET=lab', '--yes', '--output=json');
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('"act-started"')) child.kill('SIGKILL');
    });
    expect((await finish(child)).signal).toBe('SIGKILL');
    const ran = await run('talos:upgrade');
    expect(said(ran)).toMatch(/^0 /);
    const log = await rig.log(since);
    expect(took(log, 'Upgrade').toSorted()).toEqual(PLANES);
    expect(took(log, 'Upgrade').at(-1)).toBe('apps-01');
    expect(quorumLost(log)).toEqual([]);
    expect(await nodes()).toEqual(PLANES.map((name) => ({ name, os: 'Talos (v1.12.4)', kubelet: 'v1.34.4', cordoned: false })));
    expect(journalOf(rig.taskDir, JSON.parse(ran.stdout).run).some((event) => event.type === 'act-finished' && event['act'] === 'talos-upgrade')).toBe(true);
    expect((await dry('talos:upgrade')).writes).toBe(0);
    // The configuration names what runs, so nothing is left to apply.
    expect(said(await run('talos:diff'))).toMatch(/^0 /);
  });

  test('an installer that is not to be had is found before the first machine is drained', async () => {
    pin(root, 'talos', '1.12.5');
    await rig.lab('break', 'installer-unreachable', '--cluster', 'apps', '--machine', 'apps-03');
    const since = await last();
    const ran = await run('talos:upgrade');
    expect(ran.code, said(ran)).toBe(75);
    expect(said(ran)).toMatch(/apps-03 cannot pull factory\.talos\.dev/);
    expect(took(await rig.log(since), 'Upgrade')).toEqual([]);
    await rig.lab('heal', 'installer-unreachable');
  });

  test.each(([['upgrade-does-not-boot', /apps-02 did not boot Talos 1\.12\.5 and went back to v?1\.12\.\d/], ['upgrade-unhealthy', /apps-02 was not well on Talos 1\.12\.5 and was rolled back to v?1\.12\.\d/]] as const).filter((_, index) => index === 0 || process.env['SOAK'] !== undefined))('%s: that machine is back as it was, the others are left alone', async (fault, words) => {
    pin(root, 'talos', '1.12.5');
    await rig.lab('break', fault, '--cluster', 'apps', '--machine', 'apps-02');
    const since = await last();
    const ran = await run('talos:upgrade');
    expect(ran.code, said(ran)).toBe(75);
    expect(said(ran)).toMatch(words);
    const log = await rig.log(since);
    expect(took(log, 'Upgrade').at(-1)).toBe('apps-02');
    expect(quorumLost(log)).toEqual([]);
    expect((await nodes()).find(({ name }) => name === 'apps-02')).toEqual({ name: 'apps-02', os: expect.stringMatching(/^Talos \(v1\.12\.[04]\)$/), kubelet: 'v1.34.4', cordoned: false });
    await rig.lab('heal', fault);
  });

  test('Kubernetes is upgraded part by part, the API servers first, without a reboot; asked again there is nothing to do', async () => {
    pin(root, 'talos', '1.12.4');
    pin(root, 'kubernetes', '1.34.6');
    // A machine of the test before may be ahead of the pin.
    const boots = async (): Promise<string> => JSON.stringify(await rig.lab('status'), (key, value: unknown) => (key === 'bootId' || typeof value === 'object' || key === '' ? value : undefined));
    const [before, since] = [await boots(), await last()];
    expect(said(await run('talos:upgrade-k8s'))).toMatch(/^0 /);
    expect(quorumLost(await rig.log(since))).toEqual([]);
    expect((await nodes()).map(({ kubelet }) => kubelet)).toEqual(PLANES.map(() => 'v1.34.6'));
    expect(await boots()).toBe(before);
    expect((await dry('talos:upgrade-k8s')).writes).toBe(0);
  });

  test('a change of the configuration is applied live where that is possible, and by a drained reboot where not', async () => {
    const patches = join(root, 'talos/patches/all.yaml');
    const original = readFileSync(patches, 'utf8');
    writeFileSync(patches, original.replace('vm.nr_hugepages: "1024"', 'vm.nr_hugepages: "2048"'));
    const differs = await run('talos:diff', 'NODE=apps-02');
    expect(differs.code, said(differs)).toBe(1);
    expect(JSON.parse(differs.stdout).machines[0]).toMatchObject({ machine: 'apps-02', takes: 'live' });
    const live = await last();
    expect(said(await run('talos:apply', 'NODE=apps-02'))).toMatch(/^0 /);
    expect([took(await rig.log(live), 'ApplyConfiguration'), quorumLost(await rig.log(live))]).toEqual([['apps-02'], []]);
    expect((await dry('talos:apply', 'NODE=apps-02')).writes).toBe(0);
    const controlplane = join(root, 'talos/patches/controlplane.yaml');
    writeFileSync(controlplane, readFileSync(controlplane, 'utf8').replace('listen-metrics-urls: http://0.0.0.0:2381', 'listen-metrics-urls: http://0.0.0.0:2382'));
    const refused = await run('talos:apply', 'MODE=no-reboot');
    expect(refused.code, said(refused)).toBe(75);
    const since = await last();
    expect(said(await run('talos:apply'))).toMatch(/^0 /);
    const log = await rig.log(since);
    expect(took(log, 'ApplyConfiguration').toSorted()).toEqual(PLANES);
    expect(quorumLost(log)).toEqual([]);
    expect((await dry('talos:apply')).writes).toBe(0);
    expect((await nodes()).some(({ cordoned }) => cordoned)).toBe(false);
  });

  test('a budget that lets no pod go is named, nothing is done to the machine, and it takes pods again; OVERRIDE goes on', async () => {
    const { object } = JSON.parse(JSON.stringify(await rig.lab('break', 'pdb-blocking', '--cluster', 'apps'))).fault;
    const [namespace = ''] = String(object).split('/').slice(-2);
    const pods = JSON.parse(JSON.stringify(await kubeClient(rig, 'apps')(`/api/v1/namespaces/${namespace}/pods`)));
    const node: string = pods.items.find((pod: { metadata: { name: string } }) => pod.metadata.name.startsWith(String(object).split('/').at(-1) ?? ''))?.spec.nodeName;
    const since = await last();
    const ran = await run('talos:reboot', `NODE=${node}`, 'DRAIN=90s');
    expect(ran.code, said(ran)).toBe(75);
    expect(said(ran)).toMatch(new RegExp(`${node} could not be drained in 90 s, so nothing was done to it[\\s\\S]*disruption budget`));
    expect(took(await rig.log(since), 'Reboot')).toEqual([]);
    expect((await nodes()).some(({ cordoned }) => cordoned)).toBe(false);
    expect(said(await run('talos:reboot', `NODE=${node}`, 'DRAIN=90s', 'OVERRIDE=drain-deadline'))).toMatch(/^0 /);
    expect(took(await rig.log(since), 'Reboot')).toEqual([node]);
    await rig.lab('heal', 'pdb-blocking');
  });

  test('machines are rebooted one by one, each once', async () => {
    const since = await last();
    expect(said(await run('talos:reboot', 'NODE=apps-02,apps-03'))).toMatch(/^0 /);
    const log = await rig.log(since);
    expect(took(log, 'Reboot').toSorted()).toEqual(['apps-02', 'apps-03']);
    expect(quorumLost(log)).toEqual([]);
    expect(readFileSync(join(clusterFolder(rig, 'apps'), 'talosconfig'), 'utf8')).toContain('apps');
  });

  test.runIf(process.env['SOAK'] !== undefined)('killed again and again, a little later each time, an upgrade ends, each machine upgraded once', async () => {
    pin(root, 'talos', '1.12.6');
    const since = await last();
    let runs = 0;
    for (let lines = 5; ; lines += 7, runs += 1) {
      const child = rig.start('talos:upgrade', 'CLUSTER=apps', 'TARGET=lab', '--yes', '--output=json');
      let heard = 0;
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        heard += text.split('\n').length - 1;
        if (heard >= lines) child.kill('SIGKILL');
      });
      const ran = await finish(child);
      if (ran.signal !== 'SIGKILL') {
        expect(said(ran)).toMatch(/^0 /);
        break;
      }
    }
    expect(runs).toBeGreaterThan(5);
    const log = await rig.log(since);
    expect(took(log, 'Upgrade').toSorted()).toEqual(PLANES);
    expect(quorumLost(log)).toEqual([]);
    expect((await nodes()).map(({ os, cordoned }) => [os, cordoned])).toEqual(PLANES.map(() => ['Talos (v1.12.6)', false]));
  }, 900_000);
}, 300_000);
