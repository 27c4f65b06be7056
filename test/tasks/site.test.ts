import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { copyOfTheConfiguration } from './configuration.ts';
import { filesBelow, makeRig, PROGRAM } from './rig.ts';

describe('the site whose machines do not answer', () => {
  test('is refused in preflight before any write, every machine named, and the lab offered as the way to try', async () => {
    // Loopback addresses with nothing behind port 50000 stand in for the real ones, which no test ever dials.
    const root = copyOfTheConfiguration((copy) => {
      for (const folder of ['talos', 'bootstrap', 'kubernetes', 'helmfile.d']) {
        for (const [file, { text }] of filesBelow(join(copy, folder))) {
          if (text.includes('10.25.11.')) writeFileSync(file, text.replaceAll('10.25.11.', '127.25.11.'), 'latin1');
        }
      }
    });
    const rig = makeRig({ root, env: { PATH: `${join(PROGRAM, 'lab/bin')}:${process.env['PATH'] ?? ''}` } });
    try {
      const ran = await rig.task('cluster:create', 'CLUSTER=infra', '--yes');
      expect(`${ran.code}\n${ran.stderr}`).toMatch(/^75\n/);
      for (const machine of ['infra-01', 'infra-02', 'infra-03']) expect(ran.stderr).toContain(machine);
      expect(ran.stderr).toContain('TARGET=lab');
      expect(existsSync(join(rig.taskDir, 'targets/site/infra/applied.json'))).toBe(false);
      const journal = readdirSync(join(rig.taskDir, 'runs')).map((run) => readFileSync(join(rig.taskDir, 'runs', run, 'journal.jsonl'), 'utf8')).join('');
      expect(journal).not.toContain('"effect":"write"');
    } finally {
      await rig.dispose();
      rmSync(root, { recursive: true, force: true });
    }
  });
});

describe('a third cluster', () => {
  test('is brought up by adding files only', async () => {
    const root = copyOfTheConfiguration((copy) => cpSync(join(PROGRAM, 'test/fixtures/apps-dev'), copy, { recursive: true }));
    const rig = makeRig({ root });
    try {
      const created = await rig.task('cluster:create', 'CLUSTER=apps-dev', 'TARGET=lab', '--yes');
      expect(`${created.code}\n${created.stderr}`).toMatch(/^0\n/);
      const health = await rig.task('cluster:health', 'CLUSTER=apps-dev', 'TARGET=lab');
      expect(health.code).toBe(0);
    } finally {
      await rig.dispose();
      rmSync(root, { recursive: true, force: true });
    }
  }, 120_000);
});
