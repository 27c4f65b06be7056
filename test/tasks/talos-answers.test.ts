import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { core } from './configuration.ts';
import { kubeClient } from './fingerprint.ts';
import { makeRig, type Ran, type Rig } from './rig.ts';

const said = (ran: Ran): string => `${ran.code} ${ran.stdout}${ran.stderr}`;

describe('what is asked of machines, and of what they are made from', () => {
  let rig: Rig;
  const run = (task: string, ...more: readonly string[]): Promise<Ran> => rig.task(task, 'TARGET=lab', '--json', ...more);
  const of = (task: string, ...more: readonly string[]): Promise<Ran> => run(task, 'CLUSTER=apps', ...more);
  const writes = async (since: number): Promise<readonly unknown[]> => (await rig.log(since)).filter((entry) => entry.write);
  const last = async (): Promise<number> => (await rig.log()).at(-1)?.seq ?? 0;
  /** Every value of the cluster's bundle that must never be seen. */
  const secrets: string[] = [];
  const expectNoSecret = (text: string): void => expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);

  beforeAll(async () => {
    rig = makeRig({ ...core(), speed: '240' });
    await rig.lab('up', '--speed', '240');
  }, 120_000);
  afterAll(async () => { await rig.dispose(); });

  test('media and schematic are known without asking anybody', async () => {
    const schematic = JSON.parse((await rig.task('talos:schematic', '--json')).stdout);
    expect(schematic.id).toBe('37c75428f3524284f151167aa299788b2114b57d90339bf82109d6fa4d8a91a0');
    const file = join(rig.dir, 'metal-amd64.iso');
    writeFileSync(file, 'an image');
    const digest = createHash('sha256').update('an image').digest('hex');
    const media = await rig.task('talos:iso', `FILE=${file}`, `SHA256=${digest}`, '--json');
    expect(said(media)).toMatch(/^0 /);
    expect(JSON.parse(media.stdout)).toMatchObject({ sha256: digest, same: true, media: expect.arrayContaining([{ what: 'ISO', address: `https://factory.talos.dev/image/${schematic.id}/v1.12.0/metal-amd64.iso` }]) });
    expect((await rig.task('talos:iso', `FILE=${file}`, 'SHA256=00', '--json')).code).toBe(1);
  });

  test('machines in maintenance are a draft of the cluster file, and nothing is changed', async () => {
    const since = await last();
    const ran = await of('talos:discover');
    expect(said(ran)).toMatch(/^0 /);
    const { draft, machines } = JSON.parse(ran.stdout);
    expect(machines.map((each: { name: string }) => each.name)).toEqual(['apps-01', 'apps-02', 'apps-03']);
    expect(draft).toMatch(/- name: apps-01\n {4}role: controlplane\n {4}address: 10\.25\.11\.14\n {4}macs: \["[0-9a-f:]{17}"\]\n {4}disks:\n {6}install: \{id: \/dev\/disk\/by-id\//);
    expect(await writes(since)).toEqual([]);
  });

  test('a bundle is judged without showing it, and a new one is made only where there is none', async () => {
    const ran = await of('talos:secrets');
    expect(said(ran)).toMatch(/^0 /);
    expect(JSON.parse(ran.stdout).findings.map((each: { ok: boolean }) => each.ok)).not.toContain(false);
    const file = join(rig.dir, 'bundle.json');
    const refused = await of('talos:secrets', `FILE=${file}`);
    expect(refused.code, said(refused)).toBe(75);
    const made = await of('talos:secrets', `FILE=${file}`, 'OVERRIDE=new-secrets');
    expect(said(made)).toMatch(/^0 /);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const values = Object.entries(JSON.parse(readFileSync(file, 'utf8')));
    expect(values).toHaveLength(14);
    for (const [name, value] of values) if (!name.endsWith('_CRT')) expect(said(made)).not.toContain(String(value));
    expect((await of('talos:secrets', `FILE=${file}`, 'OVERRIDE=new-secrets')).code).toBe(75);
  });

  test('configurations are shown without secrets; whole ones go into files for their owner alone', async () => {
    const folder = join(rig.dir, 'configs');
    expect((await of('talos:generate', 'REVEAL=true')).code).toBe(64);
    const revealed = await of('talos:generate', `FOLDER=${folder}`, 'REVEAL=true', 'NODE=apps-01');
    expect(said(revealed)).toMatch(/^0 /);
    const whole = readFileSync(join(folder, 'apps-01.yaml'), 'utf8');
    expect(statSync(join(folder, 'apps-01.yaml')).mode & 0o777).toBe(0o600);
    secrets.push(...[...whole.matchAll(/^\s*(?:key|token|secret|secretboxEncryptionSecret): (\S+)$/gm)].map((match) => match[1] ?? '').filter((value) => value.length > 8));
    expect(secrets.length).toBeGreaterThan(8);
    const shown = await of('talos:generate', 'NODE=apps-01');
    expect(said(shown)).toMatch(/^0 /);
    expect(shown.stdout).toContain('[redacted]');
    expect(shown.stdout).toContain('factory.talos.dev/metal-installer/37c75428');
    for (const ran of [revealed, shown]) expectNoSecret(said(ran));
  });

  test('a cluster that exists is adopted: proven ours, its files written, differences told, nothing changed', async () => {
    expect(said(await of('bootstrap:talos', '--yes'))).toMatch(/^0 /);
    const since = await last();
    const ran = await of('cluster:adopt');
    // Only the machines were brought up: what Helm installs is not there.
    expect(ran.code, said(ran)).toBe(1);
    const found: readonly { readonly subject: string; readonly is: string }[] = JSON.parse(ran.stdout).found;
    expect(found.filter(({ subject }) => !subject.startsWith('release')).map(({ is }) => is)).not.toContain('differs');
    expect(found.filter(({ subject }) => subject.startsWith('release')).map(({ is }) => is)).not.toContain('same');
    expect(found.map(({ is }) => is)).not.toContain('unknown');
    expect(await writes(since)).toEqual([]);
    expectNoSecret(said(ran));
  });

  test('another cluster is told apart before anything is asked of it', async () => {
    await rig.lab('break', 'wrong-machine-ca', '--cluster', 'apps', '--machine', 'apps-02');
    const ran = await of('cluster:adopt');
    expect(ran.code, said(ran)).toBe(76);
    expect(JSON.parse(ran.stdout).found.find((each: { subject: string }) => each.subject === 'apps-02')).toMatchObject({ is: 'foreign' });
    await rig.lab('heal', 'wrong-machine-ca');
  });

  test('certificates are told with their end, and the ones in our files can be made anew', async () => {
    const ran = await of('talos:certs');
    expect(said(ran)).toMatch(/^0 /);
    const talosconfig = (): string => readFileSync(join(rig.taskDir, 'targets', readdirSync(join(rig.taskDir, 'targets'))[0] ?? '', 'apps/talosconfig'), 'utf8');
    const before = talosconfig();
    expect((await of('talos:certs', 'DAYS=9999')).code).toBe(1);
    expect(said(await of('talos:certs', 'RENEW=true'))).toMatch(/^0 /);
    expect(talosconfig()).not.toBe(before);
  });

  test('the authority of the mesh is held against its item; another one is never overwritten', async () => {
    expect(said(await of('bootstrap:crds', '--yes'))).toMatch(/^0 /);
    const ran = await of('op:clustermesh');
    expect(said(ran)).toMatch(/^0 /);
    expect(JSON.parse(ran.stdout)).toMatchObject({ item: 'op://Infra/cilium-ca', made: false });
    const kube = kubeClient(rig, 'apps');
    const path = '/api/v1/namespaces/kube-system/secrets/cilium-ca';
    const secret = JSON.parse(JSON.stringify(await kube(path)));
    await kube(path, 'PUT', { ...secret, data: { ...secret.data, 'ca.crt': Buffer.from('another').toString('base64') } });
    const other = await of('op:clustermesh');
    expect(other.code, said(other)).toBe(76);
    expect(said(other)).toMatch(/ca\.crt differs/);
    for (const value of Object.values(secret.data)) expect(said(ran) + said(other)).not.toContain(Buffer.from(String(value), 'base64').toString());
  });

  test('what a helper needs is in one file, and no secret is', async () => {
    const file = join(rig.dir, 'support.json');
    const ran = await of('talos:support', `FILE=${file}`);
    expect(said(ran)).toMatch(/^0 /);
    const text = readFileSync(file, 'utf8');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(JSON.parse(text).machines.map((each: { machine: string; version: string }) => [each.machine, each.version])).toEqual(['apps-01', 'apps-02', 'apps-03'].map((name) => [name, 'v1.12.0']));
    expectNoSecret(text);
    expect((await of('talos:support', 'RECIPIENT=somebody')).code).toBe(64);
  });
}, 240_000);
