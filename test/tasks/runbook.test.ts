import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import taskfile from '../../Taskfile.ts';
import { parseArgs } from '../../scripts/cli/args.ts';
import { resolveTasks, taskNames } from '../../scripts/cli/resolve.ts';
import type { Taskfile } from '../../scripts/phases/task.ts';
import { makeRig, PROGRAM } from './rig.ts';

/** Commands of the blocks a person would copy, in their order. */
function commandsOf(runbook: string): readonly string[] {
  const text = readFileSync(join(PROGRAM, 'docs/runbooks', runbook), 'utf8');
  return [...text.matchAll(/^```sh\n([^`]*)```$/gm)].flatMap(([, block]) => (block ?? '').split('\n').filter((line) => line.trim() !== ''));
}
const GENERATION = '<generation>';
const wordsOf = (command: string, generation: string): readonly string[] => command.replace('./task ', '').replace(GENERATION, generation).split(' ');

describe.each(['disaster-recovery.md'])('%s', (runbook) => {
  const commands = commandsOf(runbook);

  test('names only tasks, variables and flags that exist', () => {
    expect(commands.length).toBeGreaterThan(12);
    for (const command of commands) {
      expect(command).toMatch(/^\.\/task [a-z]/);
      const tasks: Taskfile = taskfile;
      const { parsed, problems } = parseArgs([...wordsOf(command, 'g1')], taskNames(tasks));
      expect([command, problems, resolveTasks(tasks, parsed, { clusters: ['apps', 'infra'], env: {} }).problems]).toEqual([command, [], []]);
    }
  });

  // Minutes: a destroy, a restore and a whole rehearsal.
  test.runIf(process.env['SOAK'] !== undefined)('every command does what it says, in the order it is told', async () => {
    const rig = makeRig({ speed: '90', env: { TARGET: 'lab' } });
    // The machine of a test is not fit to operate from, and the seal is compared with no digest.
    const expected: Readonly<Record<string, readonly number[]>> = { './task doctor': [0, 1, 2], './task dr:verify RUN=last': [2] };
    try {
      await rig.lab('up');
      await rig.lab('data');
      expect((await rig.task('cluster:create', 'CLUSTER=all', '--yes')).code).toBe(0);
      let generation = '';
      for (const command of commands) {
        const ran = await rig.task(...wordsOf(command, generation));
        expect(expected[command] ?? [0], `${command}\n${ran.stdout.slice(-2000)}\n${ran.stderr.slice(-2000)}`).toContain(ran.code);
        generation = /DATA_FROM=(\S+)/.exec(ran.stdout + ran.stderr)?.[1] ?? generation;
      }
      // The other way: what cannot come back is not destroyed.
      await rig.lab('break', 'backup-missing', '--cluster', 'apps');
      const refused = await rig.task('cluster:destroy', 'CLUSTER=apps', '--confirm=apps');
      expect(`${refused.code} ${refused.stderr}`).toMatch(/^75 [^]*ACCEPT=/);
    } finally {
      await rig.dispose();
    }
  }, 900_000);
});
