import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { realTool } from '../real-tool.ts';
import { makeRig, type Ran, type Rig } from './rig.ts';

const found = realTool('talosctl');

/** The same tasks as everywhere, with the real talosctl where otherwise the stand-in runs: the machines answer both. */
describe.skipIf(found === undefined)(found === undefined ? 'tasks with the real talosctl: skipped: no real talosctl on PATH, nor built by tools:install' : 'tasks with the real talosctl', () => {
  let rig: Rig;
  const words = ['CLUSTER=infra', 'TARGET=lab', '--yes'];
  const well = (ran: Ran): void => { expect({ code: ran.code, said: ran.code === 0 ? '' : ran.stdout.slice(-2000) + ran.stderr.slice(-2000) }).toEqual({ code: 0, said: '' }); };
  beforeAll(() => { rig = makeRig({ speed: '60', env: { LAB_TALOSCTL: found } }); });
  afterAll(() => rig.dispose());

  test('a cluster is made, is healthy, is saved, and is made again by nobody', async () => {
    well(await rig.task('cluster:create', ...words));
    well(await rig.task('cluster:health', ...words.slice(0, 2)));
    well(await rig.task('etcd:snapshot', ...words.slice(0, 2)));
    const before = (await rig.log()).at(-1)?.seq ?? 0;
    well(await rig.task('talos:diff', ...words.slice(0, 2)));
    well(await rig.task('cluster:create', ...words));
    // The lock that says who works on the cluster is taken and given back; nothing else is written.
    expect((await rig.log(before)).filter((line) => line.write && !/leases?\//.test(line.object))).toEqual([]);
  }, 180_000);
  test('it is taken down to bare machines, and its etcd comes back from the snapshot', async () => {
    well(await rig.task('cluster:destroy', ...words, '--confirm=infra'));
    const snapshot = readdirSync(join(rig.taskDir, 'runs')).toSorted().flatMap((run) => readdirSync(join(rig.taskDir, 'runs', run)).filter((file) => file === 'etcd-infra.db').map((file) => join(rig.taskDir, 'runs', run, file)))[0];
    well(await rig.task('etcd:restore', ...words, '--confirm=infra', `SNAPSHOT=${snapshot ?? ''}`));
    well(await rig.task('cluster:health', ...words.slice(0, 2)));
  }, 180_000);
});
