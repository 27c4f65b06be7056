import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scratch } from '../config/scratch.ts';
import { makeRig, type Rig } from './rig.ts';

/** The whole program on what is wrong from the outside: the exit code, everything told, and nothing begun. */
describe('what is wrong is told before anything is begun', () => {
  let scratch: Scratch;
  let rig: Rig;
  beforeAll(() => { scratch = new Scratch(); });
  afterAll(() => { scratch[Symbol.dispose](); });

  const rows: readonly { readonly what: string; readonly make?: (dir: string) => void; readonly env: (dir: string) => NodeJS.ProcessEnv; readonly words: readonly string[]; readonly code: number; readonly says: readonly string[] }[] = [
    {
      what: 'a configuration with mistakes in three files, on the way to a lab',
      make: () => scratch.change([{ file: 'talos/clusters/apps.yaml', write: '<<<<<<< HEAD\n' }, { file: 'helmfile.d/01-core.yaml', write: 'releases: []\n' }, { file: 'bootstrap/versions.yaml', replace: ['helm: 4.3.1', 'helm: ~'] }]),
      env: () => ({ TASK_ROOT: scratch.root }), words: ['cluster:create', 'CLUSTER=infra', 'TARGET=lab', '--yes'], code: 65,
      says: ['3 problems in the configuration; nothing was changed', 'talos/clusters/apps.yaml:1:1  a mark of an unfinished merge stands here', 'helmfile.d/01-core.yaml:1:11  releases must be a list', 'bootstrap/versions.yaml:42:9  helm must be text'],
    },
    {
      what: 'a .env with mistakes, its lines not shown', make: () => writeFileSync(join(scratch.root, '.env'), 'TARGTE=lab\nOP_SERVICE_ACCOUNT_TOKEN="c4nary\n'),
      env: () => ({ TASK_ROOT: scratch.root }), words: ['cluster:health', 'CLUSTER=infra', 'TARGET=lab'], code: 65,
      says: ['2 problems in the configuration', '.env:1:1  nobody reads TARGTE', 'did you mean TARGET?', '.env:2:26  the quote that begins OP_SERVICE_ACCOUNT_TOKEN is never closed'],
    },
    { what: 'TASK_ROOT that is not there', env: (dir) => ({ TASK_ROOT: join(dir, 'no') }), words: ['cluster:health', 'CLUSTER=infra', 'TARGET=lab'], code: 64, says: ['/no: it is not there', 'name the folder that holds talos/'] },
    { what: 'TASK_DIR a file', make: (dir) => writeFileSync(join(dir, 'f'), ''), env: (dir) => ({ TASK_DIR: join(dir, 'f') }), words: ['cluster:create', 'CLUSTER=infra', 'TARGET=lab'], code: 64, says: ['/f cannot be used: it is no folder', 'name a folder of your own in TASK_DIR'] },
    { what: 'a speed no lab can have, and a cluster nobody has', env: () => ({ LAB_SPEED: '1e9' }), words: ['cluster:create', 'CLUSTER=infar', 'TARGET=lab', '--json'], code: 64, says: ['LAB_SPEED must be a number above 0, at most 10000, not 1e9 (from the environment)', 'did you mean CLUSTER=infra?'] },
  ];

  test.each(rows)('$what', async ({ make, env, words, code, says }) => {
    rig = makeRig();
    try {
      mkdirSync(rig.dir, { recursive: true });
      make?.(rig.dir);
      Object.assign(rig.env, env(rig.dir));
      const ran = await rig.task(...words);
      expect([ran.code, ran.stderr]).toEqual([code, expect.stringContaining(says[0] ?? '')]);
      for (const each of says) expect(ran.stderr).toContain(each);
      expect(ran.stderr).not.toContain('c4nary');
      if (words.includes('--json')) expect(JSON.parse(ran.stdout)).toMatchObject({ exit: 'usage', code, problems: [{}, {}] });
      else expect(ran.stdout).toBe('');
      // No run folder, no world in the lab.
      expect(existsSync(rig.taskDir)).toBe(false);
    } finally {
      scratch.restore();
      rmSync(join(scratch.root, '.env'), { force: true });
      rmSync(rig.dir, { recursive: true, force: true });
    }
  });
});
