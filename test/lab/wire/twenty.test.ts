import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { realTool } from '../../real-tool.ts';
import { run } from '../world/support.ts';
import { messages } from './client.ts';
import { makeWireRig } from './rig.ts';
import type { Rig } from './rig.ts';
import { join } from 'node:path';

const found = realTool('talosctl');
const megabytes = (): number => process.memoryUsage().rss / 1e6;

describe('twenty machines in one process', () => {
  let rig: Rig;
  let [before, openedMs] = [0, 0];
  beforeAll(async () => {
    before = megabytes();
    const from = performance.now();
    rig = await makeWireRig({ planes: 3, workers: 17, speed: 60 });
    openedMs = performance.now() - from;
    await rig.grow();
  });
  afterAll(() => rig.end());

  test('each answers for itself and through another', async () => {
    const nodes = rig.cluster.machines.map((machine) => machine.file.address).join(',');
    const all = messages(await rig.client(1, 'os:admin').call('/machine.MachineService/Version', {}, { nodes }));
    expect(all.map((message) => Object(message['metadata']).error)).toEqual(Array(20).fill(''));
    const alone = await Promise.all(rig.cluster.machines.map(async (_machine, n) => messages(await rig.client(n + 1, 'os:reader').call('/machine.MachineService/Hostname'))[0]?.['hostname']));
    expect(alone).toEqual(rig.cluster.machines.map((machine) => machine.hostname));
  });
  test.skipIf(found === undefined)('talosctl health --server=false is green', async () => {
    const env = { PATH: '/usr/bin:/bin', HOME: rig.folder, TALOSCONFIG: join(rig.folder, 'talosconfig') };
    const ran = await run(found ?? '', ['-e', rig.at(1), '-n', rig.address(1), 'health', '--server=false', '--k8s-endpoint', `https://127.0.0.1:${rig.cluster.state.apiPort}`], env);
    expect({ code: ran.code, last: ran.err.trimEnd().split('\n').at(-1) }).toEqual({ code: 0, last: 'waiting for all k8s nodes to report schedulable: OK' });
  });
  test('they cost little', () => {
    // Measured on a busy computer: 650 ms (keys and files of the test among them) and 55 MB (a Kubernetes API and all that runs in it among them).
    expect(openedMs).toBeLessThan(4_000);
    expect(megabytes() - before).toBeLessThan(250);
    process.stdout.write(`twenty machines: open in ${openedMs.toFixed(0)} ms, ${(megabytes() - before).toFixed(0)} MB more\n`);
  });
});
