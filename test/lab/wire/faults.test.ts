import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROTOCOL } from '../../../lab/world/protocol.ts';
import { handleVerb } from '../../../lab/world/verbs.ts';
import type { DaemonState } from '../../../lab/world/verbs.ts';
import { messages } from './client.ts';
import type { Client } from './client.ts';
import { makeWireRig } from './rig.ts';
import type { Rig } from './rig.ts';

const M = '/machine.MachineService';
const COSI = '/cosi.resource.State';

/** Causes and heals faults as `lab break` and `lab heal` do. */
function board(rig: Rig): { readonly cause: (fault: string, machine?: number) => Promise<void>; readonly heal: () => Promise<void> } {
  const state: DaemonState = { socket: '', labFolder: '', build: '', node: '', worlds: new Map([[rig.world.taskDir, rig.world]]), opening: new Map(), taken: new Set(), lastUse: 0, had: true };
  const ask = async (verb: 'break' | 'heal', more: object): Promise<void> => {
    const reply = await handleVerb(state, { protocol: PROTOCOL, verb, taskDir: rig.world.taskDir, ...more });
    if (!reply.ok) throw new Error(reply.error);
    // A fault befalls at the cluster's next turn.
    rig.cluster.settle();
  };
  return { cause: (fault, machine) => ask('break', { fault, cluster: 'infra', ...(machine === undefined ? {} : { machine: rig.machine(machine).name }) }), heal: () => ask('heal', { all: true }) };
}
const disks = async (client: Client): Promise<readonly unknown[]> => Object(messages(await client.call('/storage.StorageService/Disks'))[0])['disks'];
const yaml = async (client: Client, type: string, namespace: string): Promise<string> => (await client.call(`${COSI}/List`, { type, namespace })).items.map((item) => Object(Object(item['resource'])['spec'])['yamlSpec']).join('---\n');

describe('faults of bare machines, as the Talos API shows them', () => {
  let rig: Rig;
  beforeAll(async () => { rig = await makeWireRig({ planes: 2, workers: 0, speed: 600 }); });
  afterAll(() => rig.end());

  test('disk-missing: it is in no listing', async () => {
    const { cause, heal } = board(rig);
    const client = rig.client(1);
    expect(await disks(client)).toHaveLength(2);
    await cause('disk-missing', 1);
    expect(await disks(client)).toHaveLength(1);
    expect(await yaml(client, 'Disks.block.talos.dev', 'runtime')).not.toContain('nvme0n1');
    await heal();
  });
  test('disk-not-clean: a signature, until the disk is wiped', async () => {
    const { cause, heal } = board(rig);
    const client = rig.client(1);
    await cause('disk-not-clean', 1);
    expect(await yaml(client, 'DiscoveredVolumes.block.talos.dev', 'runtime')).toContain('name: bluestore');
    expect((await client.call('/storage.StorageService/BlockDeviceWipe', { devices: [{ device: 'nvme0n1' }] })).code).toBe(0);
    expect(await yaml(client, 'DiscoveredVolumes.block.talos.dev', 'runtime')).not.toContain('bluestore');
    await heal();
  });
  test('machines-swapped: the disks of the other', async () => {
    const { cause, heal } = board(rig);
    const [own, others] = [await disks(rig.client(1)), await disks(rig.client(2))];
    await cause('machines-swapped', 1);
    expect([await disks(rig.client(1)), await disks(rig.client(2))]).toEqual([others, own]);
    await heal();
    expect(await disks(rig.client(1))).toEqual(own);
  });
  test('stuck-in-maintenance: it takes its configuration, and goes on answering as before', async () => {
    const { cause, heal } = board(rig);
    await cause('stuck-in-maintenance', 1);
    expect((await rig.client(1).call(`${M}/ApplyConfiguration`, { data: Buffer.from(rig.config(1)), mode: 'AUTO' })).code).toBe(0);
    await rig.when(() => rig.machine(1).state.phase === 'maintenance' && rig.machine(1).state.pending !== null, 'it is stuck');
    expect(await rig.client(1).call(`${M}/Version`)).toMatchObject({ code: 12 });
    await heal();
    await rig.when(() => rig.machine(1).face() === 'installed', 'it installs');
  });
  test('bootstrap-exists-foreign: there is data, and its members are not ours', async () => {
    const { cause, heal } = board(rig);
    const client = rig.client(1, 'os:admin');
    await cause('bootstrap-exists-foreign', 1);
    await rig.when(() => rig.cluster.now() > rig.machine(1).state.bootedAt + 5_000, 'it may be bootstrapped');
    expect(await client.call(`${M}/Bootstrap`)).toMatchObject({ code: 6, message: 'etcd data directory is not empty' });
    expect(messages(await client.call(`${M}/EtcdMemberList`))[0]).toMatchObject({ members: [{ hostname: 'old-cp-1' }, { hostname: 'old-cp-2' }, { hostname: 'old-cp-3' }] });
    await heal();
  });
  test('bootstrap-exists-ours: it is done, and the answer says otherwise', async () => {
    const { cause, heal } = board(rig);
    await cause('bootstrap-exists-ours');
    expect(await rig.client(1, 'os:admin').call(`${M}/Bootstrap`)).toMatchObject({ code: 6, message: 'etcd data directory is not empty' });
    expect(rig.cluster.state.etcd?.members).toHaveLength(1);
    await heal();
  });
});

describe('faults of a cluster, as the Talos API shows them', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await makeWireRig();
    await rig.grow();
  });
  afterAll(() => rig.end());

  test('wrong-machine-ca: our certificate is refused, and theirs is not ours', async () => {
    const { cause, heal } = board(rig);
    await cause('wrong-machine-ca', 4);
    expect(await rig.client(4, 'os:admin').call(`${M}/Version`)).toMatchObject({ code: 14, broke: expect.stringMatching(/self-signed certificate|unable to (verify|get local issuer)|signature failure/) });
    await heal();
    expect((await rig.client(4, 'os:admin').call(`${M}/Version`)).code).toBe(0);
  });
  test('etcd-no-quorum: the service fails, its members are not told, no snapshot is taken', async () => {
    const { cause, heal } = board(rig);
    await cause('etcd-no-quorum');
    const client = rig.client(1, 'os:admin');
    const services = messages(await client.call(`${M}/ServiceList`, {}, { nodes: [1, 2, 3].map((n) => rig.address(n)).join(',') }));
    expect(services.map((answer) => Object(Object(answer)['services'].find((one: unknown) => Object(one)['id'] === 'etcd'))['health'].healthy)).toEqual([false, false, false]);
    expect(await client.call(`${M}/EtcdMemberList`)).toMatchObject({ code: 2, message: 'error getting etcd members: context deadline exceeded' });
    expect((await client.call(`${M}/EtcdSnapshot`)).code).not.toBe(0);
    const health = await client.call('/cluster.ClusterService/HealthCheck', { waitTimeout: { seconds: 0, nanos: 300_000_000 } });
    expect(health).toMatchObject({ code: 4, message: 'context deadline exceeded' });
    expect(health.items.at(-1)).toMatchObject({ message: expect.stringMatching(/^waiting for etcd to be healthy: .*etcd/) });
    await heal();
    await rig.when(() => rig.cluster.quorum() && rig.cluster.apiUp() && rig.cluster.api.running, 'etcd is back');
  });
  test('node-lost: nothing answers, neither there nor through others', async () => {
    const { cause, heal } = board(rig);
    await cause('node-lost', 4);
    expect(await rig.client(4, 'os:admin').call(`${M}/Version`)).toMatchObject({ code: 14, broke: expect.stringContaining('ECONNREFUSED') });
    expect(await rig.client(1, 'os:admin').call(`${M}/Version`, {}, { node: rig.address(4) })).toMatchObject({ code: 14, message: expect.stringContaining('connect: connection refused') });
    await heal();
    await rig.when(() => rig.machine(4).face() === 'installed', 'it is back');
  });
  test('clock-skew: the time server is asked in vain, and its absence is told', async () => {
    const { cause, heal } = board(rig);
    await cause('clock-skew', 4);
    const client = rig.client(4, 'os:admin');
    expect(await client.call('/time.TimeService/Time')).toMatchObject({ code: 2, message: expect.stringContaining('i/o timeout') });
    expect(await yaml(client, 'MachineStatuses.runtime.talos.dev', 'runtime')).toContain('time is not synced');
    expect(await yaml(client, 'TimeStatuses.v1alpha1.talos.dev', 'runtime')).toContain('synced: false');
    await heal();
  });
  test('kubelet-certificate-pending: a diagnostic says so', async () => {
    const { cause, heal } = board(rig);
    await cause('kubelet-certificate-pending', 4);
    await rig.when(() => rig.cluster.waitingKubelets().includes('infra-04'), 'its kubelet waits');
    expect(await yaml(rig.client(4, 'os:admin'), 'Diagnostics.runtime.talos.dev', 'runtime')).toContain('CSR is not approved');
    await heal();
  });
  test('snapshot-corrupt: what arrives is not what its digest says', async () => {
    const { cause, heal } = board(rig);
    const whole = async (): Promise<Buffer> => Buffer.concat((await rig.client(1, 'os:admin').call(`${M}/EtcdSnapshot`)).items.map((item) => Buffer.from(Object(item)['bytes'])));
    const sealed = async (): Promise<boolean> => {
      const { createHash } = await import('node:crypto');
      const file = await whole();
      return createHash('sha256').update(file.subarray(0, -32)).digest().equals(file.subarray(-32));
    };
    expect(await sealed()).toBe(true);
    await cause('snapshot-corrupt');
    expect(await sealed()).toBe(false);
    await heal();
  });
  test('machine-does-not-come-back: after the reset there is nobody', async () => {
    const { cause } = board(rig);
    await cause('machine-does-not-come-back', 4);
    const client = rig.client(4, 'os:admin');
    const events = client.open(`${M}/Events`);
    await events.until((items) => items.length > 0);
    expect((await client.call(`${M}/Reset`, { graceful: false, reboot: true })).code).toBe(0);
    expect((await events.outcome).items.some((item) => Buffer.from(Object(item['data'])['value'] ?? []).toString().includes('stopAllServices'))).toBe(true);
    await rig.when(() => rig.machine(4).state.phase === 'off', 'it is off');
    expect(await rig.client(4).call('/storage.StorageService/Disks')).toMatchObject({ code: 14, broke: expect.stringContaining('ECONNREFUSED') });
  });
});
