import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { METHODS } from '../../../lab/wire/methods/index.ts';
import { messages } from './client.ts';
import { makeWireRig } from './rig.ts';
import type { Rig } from './rig.ts';

const M = '/machine.MachineService';
const COSI = '/cosi.resource.State';
const [OK, INVALID, NOT_FOUND, ALREADY, DENIED, UNIMPLEMENTED, UNAVAILABLE] = [0, 3, 5, 6, 7, 12, 14];

describe('a machine in maintenance', () => {
  let rig: Rig;
  beforeAll(async () => { rig = await makeWireRig({ planes: 1, workers: 0 }); });
  afterAll(() => rig.end());

  test('answers anybody about its disks, and nobody about what only an installed one has', async () => {
    const client = rig.client(1);
    expect(messages(await client.call('/storage.StorageService/Disks'))).toEqual([{ disks: [expect.objectContaining({ deviceName: '/dev/sda', model: 'Samsung SSD 860' }), expect.objectContaining({ deviceName: '/dev/nvme0n1' })] }]);
    expect(await client.call(`${M}/Version`)).toMatchObject({ code: UNIMPLEMENTED, message: 'API is not implemented in maintenance mode' });
    expect(await client.call(`${COSI}/Get`, { namespace: 'secrets', type: 'OSRootSecrets.secrets.talos.dev', id: 'os' })).toMatchObject({ code: DENIED, message: 'not authorized' });
    expect((await client.call(`${COSI}/List`, { namespace: 'runtime', type: 'Disks.block.talos.dev' })).items).toHaveLength(2);
  });
  test('refuses modes it cannot have, tells what a dry run would do, and takes a configuration once', async () => {
    const client = rig.client(1);
    const data = Buffer.from(rig.config(1));
    expect(await client.call(`${M}/ApplyConfiguration`, { data, mode: 'STAGED' })).toMatchObject({ code: UNIMPLEMENTED, message: "apply configuration --mode='staged' is not supported in maintenance mode" });
    expect(await client.call(`${M}/ApplyConfiguration`, { data: Buffer.from('machine: {type: worker}\n'), mode: 'AUTO' })).toMatchObject({ code: INVALID });
    expect(messages(await client.call(`${M}/ApplyConfiguration`, { data, mode: 'AUTO', dryRun: true }))[0]).toMatchObject({ modeDetails: expect.stringContaining('does not have a config yet') });
    expect(rig.machine(1).state.phase).toBe('maintenance');
    expect((await client.call(`${M}/ApplyConfiguration`, { data, mode: 'AUTO' })).code).toBe(OK);
    expect(rig.machine(1).state.phase).toBe('accepted');
  });
});

describe('a cluster over the wire', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await makeWireRig();
    await rig.grow();
  });
  afterAll(() => rig.end());

  test('only certificates of its own authority are let in', async () => {
    const nobody = await rig.client(1).call(`${M}/Version`);
    expect(nobody).toMatchObject({ code: UNAVAILABLE, broke: expect.any(String) });
    expect((await rig.client(1, 'os:admin').call(`${M}/Version`)).code).toBe(OK);
  });
  test.each([
    ['os:reader', `${M}/Version`, OK], ['os:reader', `${M}/Reboot`, DENIED], ['os:reader', `${M}/Read`, DENIED], ['os:reader', `${M}/EtcdSnapshot`, DENIED], ['os:reader', `${M}/Dmesg`, OK],
    ['os:operator', `${M}/Kubeconfig`, DENIED], ['os:operator', `${M}/EtcdSnapshot`, OK], ['os:etcd:backup', `${M}/EtcdSnapshot`, OK], ['os:etcd:backup', `${M}/Version`, DENIED],
    ['os:nothing', `${M}/Version`, DENIED],
  ])('%s may %s: %i', async (role, path, code) => {
    expect(await rig.client(1, String(role)).call(String(path))).toMatchObject({ code });
  });
  test('a secret resource is the administrator’s alone', async () => {
    const ask = { namespace: 'config', type: 'MachineConfigs.config.talos.dev', id: 'v1alpha1' };
    expect(await rig.client(1, 'os:reader').call(`${COSI}/Get`, ask)).toMatchObject({ code: DENIED });
    expect((await rig.client(1, 'os:admin').call(`${COSI}/Get`, ask)).items).toHaveLength(1);
  });
  test('`node` sends a call on and leaves the answer as it is; `nodes` names each, and an error is an answer too', async () => {
    const client = rig.client(1, 'os:admin');
    const one = messages(await client.call(`${M}/Hostname`, {}, { node: rig.address(4) }));
    expect(one).toEqual([{ hostname: 'infra-04' }]);
    const all = messages(await client.call(`${M}/Hostname`, {}, { nodes: `${rig.address(2)}, infra-04, 192.0.2.1` }));
    expect(all).toMatchObject([
      { metadata: { hostname: rig.address(2) }, hostname: 'infra-02' }, { metadata: { hostname: 'infra-04' }, hostname: 'infra-04' },
      { metadata: { hostname: '192.0.2.1', error: expect.stringContaining('connection refused'), status: { code: UNAVAILABLE } }, hostname: '' },
    ]);
    expect(await client.call(`${M}/Hostname`, {}, { node: '192.0.2.1' })).toMatchObject({ code: UNAVAILABLE });
  });
  test('a worker passes nothing on', async () => {
    const worker = rig.client(4, 'os:admin');
    expect(messages(await worker.call(`${M}/Hostname`, {}, { nodes: rig.address(4) }))[0]).toMatchObject({ hostname: 'infra-04' });
    expect(await worker.call(`${M}/Hostname`, {}, { nodes: `${rig.address(4)},${rig.address(1)}` })).toMatchObject({ code: DENIED, message: 'no request forwarding' });
    expect(await worker.call(`${M}/EtcdMemberList`)).toMatchObject({ code: UNIMPLEMENTED, message: 'member list is only available on control plane nodes' });
  });
  test('streams of several nodes are one stream, each item of its node', async () => {
    const call = rig.client(1, 'os:admin').open(`${M}/Events`, { tailEvents: -1 }, { nodes: `${rig.address(1)},${rig.address(4)}` });
    await call.until((items) => new Set(items.map((item) => Object(item['metadata']).hostname)).size === 2);
    call.cancel();
    const snapshots = await rig.client(1, 'os:admin').call(`${M}/EtcdSnapshot`, {}, { nodes: `${rig.address(1)},${rig.address(4)}` });
    expect(snapshots.items.find((item) => Object(item['metadata']).hostname === rig.address(4))).toMatchObject({ metadata: { error: expect.stringContaining('only available on control plane nodes') } });
  });
  test('COSI has no several nodes, and says so', async () => {
    expect(await rig.client(1, 'os:admin').call(`${COSI}/List`, { type: 'Members.cluster.talos.dev' }, { nodes: `${rig.address(1)},${rig.address(2)}` })).toMatchObject({ code: INVALID });
  });
  test('what is not there is not found, what is not known is not implemented', async () => {
    const client = rig.client(1, 'os:admin');
    expect(await client.call(`${COSI}/Get`, { namespace: 'runtime', type: 'MachineStatuses.runtime.talos.dev', id: 'nobody' })).toMatchObject({ code: NOT_FOUND });
    expect((await client.call(`${M}/Bootstrap`)).code).toBe(ALREADY);
  });
  test('a watch tells of what is, and then of what changes', async () => {
    const client = rig.client(1, 'os:admin');
    const watch = client.open(`${COSI}/Watch`, { namespace: 'runtime', type: 'MetaKeys.runtime.talos.dev', options: { bootstrapContents: true }, apiVersion: 1 });
    await watch.until((items) => items.length === 2);
    expect(watch.items).toMatchObject([{ events: [] }, { events: [{ type: 'BOOTSTRAPPED' }] }]);
    await client.call(`${M}/MetaWrite`, { key: 12, value: Buffer.from('a') });
    await watch.until((items) => items.length === 3);
    await client.call(`${M}/MetaWrite`, { key: 12, value: Buffer.from('b') });
    await watch.until((items) => items.length === 4);
    await client.call(`${M}/MetaDelete`, { key: 12 });
    await watch.until((items) => items.length === 5);
    expect(watch.items.slice(2)).toMatchObject([{ events: [{ type: 'CREATED' }] }, { events: [{ type: 'UPDATED', resource: { metadata: { version: '2' } }, old: { metadata: { version: '1' } } }] }, { events: [{ type: 'DESTROYED' }] }]);
    watch.cancel();
    const one = client.open(`${COSI}/Watch`, { namespace: 'runtime', type: 'MetaKeys.runtime.talos.dev', id: '0x0c', apiVersion: 1 });
    await one.until((items) => items.length === 2);
    expect(one.items[1]).toMatchObject({ events: [{ type: 'DESTROYED' }] });
    one.cancel();
  });
  test('a watch that goes on is one call in the log', async () => {
    const client = rig.client(1, 'os:admin');
    const since = rig.world.log.since(0).at(-1)?.seq ?? 0;
    const watch = client.open(`${COSI}/Watch`, { namespace: 'runtime', type: 'MetaKeys.runtime.talos.dev', apiVersion: 1 });
    await watch.until((items) => items.length === 1);
    for (const value of ['a', 'b', 'c']) {
      const before = watch.items.length;
      await client.call(`${M}/MetaWrite`, { key: 13, value: Buffer.from(value) });
      await watch.until((items) => items.length > before);
    }
    watch.cancel();
    const calls = rig.world.log.since(since).filter((entry) => entry.kind === 'talos').map((entry) => `${entry.verb} ${String(entry.write)}`);
    expect(calls).toEqual(['Resources false', 'MetaWrite true', 'MetaWrite true', 'MetaWrite true']);
  });
  test('whatever is sent is answered with a status, and the machine goes on answering', async () => {
    const paths = Object.keys(METHODS).filter((path) => !/(Reboot|Shutdown|Reset|Rollback|Upgrade|Leave|Remove|Watch|Events|Dmesg|HealthCheck)/.test(path));
    const client = rig.client(2, 'os:admin');
    await fc.assert(fc.asyncProperty(fc.constantFrom(...paths), fc.uint8Array({ maxLength: 80 }), fc.boolean(), async (path, bytes, framed) => {
      const outcome = await client.raw(path, framed ? Buffer.concat([Buffer.from([0, 0, 0, 0, bytes.length]), bytes]) : Buffer.from(bytes));
      expect(outcome.broke).toBeUndefined();
    }), { numRuns: 300 });
    expect((await client.call(`${M}/Version`)).code).toBe(OK);
    expect(await client.raw('/machine.MachineService/Nothing', Buffer.alloc(5))).toMatchObject({ code: UNIMPLEMENTED });
  });
  test('a configuration that is tried goes back by itself; one that is staged waits for the boot', async () => {
    const client = rig.client(4, 'os:admin');
    const changed = (value: string): Buffer => Buffer.from(rig.config(4).replace('network: {}', `sysctls:\n        a.b: "${value}"\n    network: {}`));
    const before = rig.machine(4).state.config;
    await client.call(`${M}/ApplyConfiguration`, { data: changed('1'), mode: 'TRY', tryModeTimeout: { seconds: 30 } });
    expect(rig.machine(4).state.config).toContain('a.b');
    await rig.when(() => rig.machine(4).state.config === before, 'the configuration is back');
    await client.call(`${M}/ApplyConfiguration`, { data: changed('2'), mode: 'STAGED' });
    expect(rig.machine(4).state.config).toBe(before);
    const { bootId } = rig.machine(4).state;
    await client.call(`${M}/Reboot`);
    await rig.when(() => rig.machine(4).state.bootId !== bootId && rig.machine(4).state.phase === 'up', 'it has booted');
    expect(rig.machine(4).state.config).toContain('a.b: "2"');
  });
  test('who waits for a reboot is told of it, loses the connection, and hears that the machine is ready no sooner than a client can bear', async () => {
    const client = rig.client(1, 'os:admin');
    const events = client.open(`${M}/Events`, { tailEvents: 0 }, { node: rig.address(4) });
    await events.until((items) => items.length > 0);
    const from = performance.now();
    const { actorId } = Object(messages(await client.call(`${M}/Reboot`, {}, { node: rig.address(4) }))[0]);
    expect(await events.outcome).toMatchObject({ code: UNAVAILABLE });
    expect(events.items).toContainEqual(expect.objectContaining({ actorId, data: expect.objectContaining({ typeUrl: 'talos/runtime/machine.SequenceEvent' }) }));
    await rig.when(() => rig.machine(4).face() === 'installed', 'it is up again');
    const again = client.open(`${M}/Events`, { tailEvents: 0 }, { node: rig.address(4) });
    // Field 1 of a MachineStatusEvent is its stage, 4 is RUNNING; field 2 its status, which begins with ready.
    await again.until((items) => items.some((item) => Object(item['data']).typeUrl?.endsWith('MachineStatusEvent') && Buffer.from(Object(item['data']).value).subarray(0, 6).toString('hex') === '080412020801'));
    expect(performance.now() - from).toBeGreaterThan(1_200);
    again.cancel();
  });
  test('a reset that cannot leave etcd fails with an event of the actor', async () => {
    const only = await makeWireRig({ planes: 1, workers: 0 });
    try {
      await only.grow();
      const client = only.client(1, 'os:admin');
      const events = client.open(`${M}/Events`, { tailEvents: 0 });
      await events.until((items) => items.length > 0);
      const { actorId } = Object(messages(await client.call(`${M}/Reset`, { graceful: true, reboot: true }))[0]);
      await events.until((items) => items.some((item) => item['actorId'] === actorId && Buffer.from(Object(item['data']).value).toString().includes('failed to leave cluster')));
      expect(only.machine(1).state.phase).toBe('up');
    } finally {
      await only.end();
    }
  });
});
