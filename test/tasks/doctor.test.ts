import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { core } from './configuration.ts';
import { makeRig, type Rig } from './rig.ts';

describe('doctor as a whole', () => {
  let rig: Rig;
  beforeAll(() => { rig = makeRig(core()); });
  afterAll(async () => rig.dispose());

  test('in a lab it looks at everything, and each finding says which check it is of', async () => {
    const ran = await rig.task('doctor', 'TARGET=lab', '--json');
    const result = JSON.parse(ran.stdout);
    expect(new Set(result.map((finding: { of: string }) => finding.of))).toEqual(new Set(['node', 'memory', 'disk', 'files', 'configuration', 'repository', 'tools', 'secrets', 'dns', 'clocks', 'certificates', 'locks', 'lab']));
    const bad = result.filter((finding: { is: string; of: string }) => (finding.is === 'fail' || finding.is === 'unknown') && finding.of !== 'repository');
    // Whether this checkout has uncommitted changes, or tools of other versions, is not what is tested.
    expect(bad.filter((finding: { of: string }) => finding.of !== 'tools' && finding.of !== 'memory')).toEqual([]);
  });

  test('one check alone has its own exit, and finds what is wrong on the disk', async () => {
    const folder = join(rig.taskDir, 'targets', 'site', 'infra');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'kubeconfig'), 'apiVersion: v1\n');
    chmodSync(join(folder, 'kubeconfig'), 0o644);
    const ran = await rig.task('doctor', 'CHECK=files');
    expect([ran.code, ran.stdout]).toEqual([1, expect.stringContaining(`chmod 600 ${join(folder, 'kubeconfig')}`)]);
  });
});
