import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import taskfile from '../../Taskfile.ts';
import { finish, makeRig, type Rig } from './rig.ts';

/**
 * Kills `task cluster:create` with SIGKILL the moment its journal says what `when` waits for, as a power cut would: no handler
 * runs, children are left. Reads the journal, because that is what survives.
 */
async function killWhen(rig: Rig, cluster: string, when: (line: string) => boolean): Promise<void> {
  const child = rig.start('cluster:create', `CLUSTER=${cluster}`, 'TARGET=lab', '--yes', '--output=json');
  const ended = finish(child);
  let pending = '';
  await new Promise<void>((resolve) => {
    child.stdout?.on('data', (chunk: string) => {
      pending += chunk;
      const lines = pending.split('\n');
      pending = lines.pop() ?? '';
      if (lines.some(when)) resolve();
    });
    void ended.then(() => resolve());
  });
  child.kill('SIGKILL');
  await ended;
}

const create = taskfile['cluster:create'];
const STEPS: readonly string[] = create.steps.map((step) => (step.kind === 'together' ? '' : step.name));
const starts = (step: string) => (line: string): boolean => line.includes('"type":"phase-started"') && line.includes(`"step":"${step}"`);

/** Four points for every run of the tests; in the long ones the start of every step besides. */
const POINTS: readonly (readonly [name: string, when: (line: string) => boolean])[] = [
  ['while machines install', (line) => line.includes('"type":"progress"') && line.includes('installing') && line.includes('talos-apply')],
  ['between the start and the end of the etcd bootstrap', (line) => line.includes('"type":"act-started"')],
  ['while definitions are applied', (line) => line.includes('"type":"progress"') && line.includes('"step":"crds"')],
  ['in the middle of the core releases', (line) => line.includes('"type":"progress"') && line.includes('"step":"core"') && line.includes('"done":2')],
  ['while helmfile installs a release, which goes on without us', (line) => line.includes('"type":"progress"') && line.includes('"step":"core"') && line.includes('cert-manager') && line.includes('installing')],
  ...(process.env['SOAK'] === undefined ? [] : STEPS.map((step): readonly [string, (line: string) => boolean] => [`at the start of ${step}`, starts(step)])),
];

describe('killed with SIGKILL and run again', () => {
  test.each(POINTS)('%s: the second run ends healthy and etcd was bootstrapped once', async (_name, when) => {
    const rig = makeRig();
    try {
      await killWhen(rig, 'apps', when);
      const first = readdirSync(join(rig.taskDir, 'runs'))[0] ?? '';
      expect(readFileSync(join(rig.taskDir, 'runs', first, 'journal.jsonl'), 'utf8')).not.toContain('"type":"run-finished"');
      const again = await rig.task('cluster:create', 'CLUSTER=apps', 'TARGET=lab', '--yes');
      expect(`${again.code} ${again.stderr}`).toMatch(/^0 /);
      const log = await rig.log();
      expect(log.filter((entry) => entry.kind === 'talos' && /bootstrap/i.test(entry.verb) && entry.write && entry.result === 'OK')).toHaveLength(1);
      const health = await rig.task('cluster:health', 'CLUSTER=apps', 'TARGET=lab');
      expect(health.code).toBe(0);
    } finally {
      await rig.dispose();
    }
  }, 120_000);

  test('a run that is still going is not disturbed: the second one learns who holds the lock', async () => {
    const rig = makeRig();
    try {
      const child = rig.start('cluster:create', 'CLUSTER=apps', 'TARGET=lab', '--yes', '--output=json');
      const ended = finish(child);
      await new Promise<void>((resolve) => {
        child.stdout?.on('data', (chunk: string) => { if (starts('talos-apply')(chunk)) resolve(); });
        void ended.then(() => resolve());
      });
      const second = await rig.task('cluster:create', 'CLUSTER=apps', 'TARGET=lab', '--yes');
      expect(second.code).toBe(75);
      expect(second.stderr).toContain(String(child.pid));
      expect((await ended).code).toBe(0);
    } finally {
      await rig.dispose();
    }
  }, 120_000);
});
