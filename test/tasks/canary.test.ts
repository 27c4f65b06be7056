import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BUNDLE_FIELDS } from '../../scripts/tools/talos-bundle.ts';
import { core } from './configuration.ts';
import { filesBelow, finish, makeRig, PROGRAM, type Ran, type Rig } from './rig.ts';

/** Words that would betray a leak: every secret the lab's store holds for a cluster, and tokens planted in the environment. */
const PLANTED = { OP_SERVICE_ACCOUNT_TOKEN: 'ops_canary_5f1c9e7d2b', CANARY_TOKEN: 'canary-token-8842aa01' };

/** Command lines of all processes, while a child runs. Reading one that just ended fails; that one was seen before or never mattered. */
function commandLines(): string {
  if (!existsSync('/proc/self/cmdline')) return '';
  let all = '';
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      all += `${readFileSync(`/proc/${pid}/cmdline`, 'latin1')}\n`;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))) throw error;
    }
  }
  return all;
}

/** How a value may be spelled where it leaks: as it is, each long line of it, in base64, as JSON. */
function spellings(value: string): readonly string[] {
  const lines = value.split('\n').filter((line) => line.length > 20 && !line.startsWith('-----'));
  const all = [value.trim(), ...lines, Buffer.from(value).toString('base64').slice(4, 44), JSON.stringify(value).slice(1, -1)];
  return all.filter((text) => text.length >= 8);
}

describe('a secret, wherever it comes from', () => {
  let rig: Rig;
  let ran: Ran;
  let canaries: readonly { readonly from: string; readonly text: string }[];
  let argv = '';

  beforeAll(async () => {
    rig = makeRig({ ...core(), env: PLANTED });
    await rig.lab('up', '--speed', '120');
    const target = JSON.parse(readFileSync(join(rig.taskDir, 'lab/target.json'), 'utf8'));
    const read = async (reference: string): Promise<string> => {
      const answer = await finish(spawn(join(PROGRAM, 'lab/bin/op'), ['read', reference], { env: { ...rig.env, ...target.env }, stdio: ['ignore', 'pipe', 'pipe'] }));
      expect(`${reference} ${answer.code} ${answer.stderr}`).toMatch(/ 0 /);
      return answer.stdout;
    };
    // The certificates of CAs are public by nature and stand in every kubeconfig; everything else is secret.
    const secretFields = BUNDLE_FIELDS.filter((field) => !field.endsWith('_CRT') && field !== 'CLUSTER_ID');
    const references = [...secretFields.map((field) => `op://Prod/apps-talos/${field}`), 'op://Infra/shared-1password/OP_CONNECT_TOKEN'];
    const values = await Promise.all(references.map(async (from) => ({ from, value: await read(from) })));
    canaries = [...values, ...Object.entries(PLANTED).map(([from, value]) => ({ from, value }))].flatMap(({ from, value }) => spellings(value).map((text) => ({ from, text })));
    const child = rig.start('cluster:create', 'CLUSTER=apps', 'TARGET=lab', '--yes', '--verbose', '--output=json');
    const ended = finish(child);
    let going = true;
    void ended.then(() => { going = false; });
    while (going) {
      argv += commandLines();
      await new Promise((resolve) => { setImmediate(resolve); });
    }
    ran = await ended;
    expect(`${ran.code} ${ran.stderr}`).toMatch(/^0 /);
  }, 120_000);
  afterAll(async () => rig.dispose());

  const leaks = (text: string): readonly string[] => [...new Set(canaries.filter((canary) => text.includes(canary.text)).map((canary) => canary.from))];

  test('is found where it must be, so that this test could see a leak', () => {
    const holders = [...filesBelow(join(rig.taskDir, 'targets'))].filter(([, file]) => leaks(Buffer.from(file.text, 'latin1').toString('utf8')).length > 0 || /client-key-data/.test(file.text));
    expect(holders.length).toBeGreaterThan(0);
    expect(argv).toContain('apply-config');
    expect(canaries.length).toBeGreaterThan(15);
  });

  test('is in no output', () => {
    expect(leaks(ran.stdout)).toEqual([]);
    expect(leaks(ran.stderr)).toEqual([]);
  });

  test('is in no command line of any process', () => {
    expect(leaks(argv)).toEqual([]);
  });

  test('is in no journal and no result', () => {
    const runs = filesBelow(join(rig.taskDir, 'runs'));
    expect(runs.size).toBeGreaterThan(0);
    for (const [path, file] of runs) expect({ path, leaks: leaks(file.text) }).toEqual({ path, leaks: [] });
  });

  test('is in no file that anybody else may read', () => {
    for (const [path, file] of filesBelow(rig.taskDir)) {
      if (leaks(file.text).length > 0) expect({ path, mode: file.mode.toString(8) }).toEqual({ path, mode: '600' });
    }
  });

  test('is in no failure either: a create that breaks says why without it', async () => {
    await rig.lab('break', 'op-session-expired', '--cluster', 'apps');
    const broken = await rig.task('cluster:create', 'CLUSTER=apps', 'TARGET=lab', '--yes', '--verbose');
    expect(broken.code).toBe(75);
    expect(leaks(broken.stdout + broken.stderr)).toEqual([]);
  });
});
