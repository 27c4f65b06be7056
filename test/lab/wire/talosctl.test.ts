import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { realTool } from '../../real-tool.ts';
import { CHECKOUT, run } from '../world/support.ts';
import type { Ran } from '../world/support.ts';
import { makeWireRig } from './rig.ts';
import type { Rig } from './rig.ts';
import { BARE, GROWN, ROTATED, YOUNG } from './talosctl-table.ts';
import type { Row } from './talosctl-table.ts';

const found = realTool('talosctl');

test('docs/lab.md lists the commands that are held to here, and no other', () => {
  const docs = readFileSync(join(CHECKOUT, 'docs', 'lab.md'), 'utf8');
  const listed = [...docs.matchAll(/^\| `talosctl ([^`]+)` \| (.+) \|$/gm)].map((match) => [match[1], match[2]]);
  expect(listed).toEqual([...BARE, ...YOUNG, ...GROWN, ...ROTATED].map((row) => [row.shown, row.tells]));
});

describe.skipIf(found === undefined)(found === undefined ? 'the real talosctl: skipped: no real talosctl on PATH, nor built by tools:install' : 'the real talosctl', () => {
  let rig: Rig;
  const env = (): Record<string, string> => ({ PATH: '/usr/bin:/bin', HOME: rig.folder, TALOSCONFIG: join(rig.folder, 'talosconfig'), KUBECONFIG: join(rig.folder, 'no-kubeconfig') });
  const talosctl = (argv: readonly string[]): Promise<Ran> => run(found ?? '', argv, env(), '', rig.folder);
  const saysUntilKilled = (argv: readonly string[], says: RegExp): Promise<void> => new Promise((resolve, reject) => {
    const child = spawn(found ?? '', argv, { env: env(), cwd: rig.folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    const read = (chunk: Buffer): void => {
      said += chunk.toString();
      if (says.test(said)) child.kill('SIGKILL');
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('close', (_code, signal) => (signal === 'SIGKILL' ? resolve() : reject(new Error(`it ended by itself: ${said}`))));
  });
  const hold = async (row: Row): Promise<void> => {
    await row.after?.(rig);
    const through = row.through === 'maintenance' || row.through === undefined ? 1 : row.through;
    // A machine that is to be met in maintenance afterwards is named by where it can be dialled; its own address is nowhere in a lab.
    const nodes = (row.on ?? [through]).map((n) => (n < 0 ? rig.at(-n) : n > rig.cluster.machines.length ? `10.25.11.${10 + n}` : rig.address(n)));
    const argv = [...row.argv(rig), ...(row.through === 'maintenance' ? ['-n', rig.at(1)] : ['-e', rig.at(through), '-n', nodes.join(',')])];
    if (row.stops === true) return saysUntilKilled(argv, row.says ?? /./);
    const ran = await talosctl(argv);
    const said = ran.out + ran.err;
    if (ran.code !== (row.code ?? 0)) throw new Error(`talosctl ended with ${ran.code}: ${said}`);
    if (row.says !== undefined) expect(said).toMatch(row.says);
  };
  beforeAll(async () => { rig = await makeWireRig(); });
  afterAll(() => rig.end());

  describe('in maintenance', () => {
    test.each(BARE.map((row) => [row.shown, row] as const))('%s', async (_shown, row) => { await hold(row); });
  });
  describe('before etcd', () => {
    beforeAll(async () => {
      rig.machine(4).accept(rig.config(4), rig.cluster.now());
      await rig.when(() => rig.machine(1).face() === 'installed' && rig.machine(4).face() === 'installed', 'two machines are installed');
    });
    test.each(YOUNG.map((row) => [row.shown, row] as const))('%s', async (_shown, row) => { await hold(row); });
  });
  describe('a cluster', () => {
    beforeAll(async () => { await rig.grow(); });
    test.each(GROWN.map((row) => [row.shown, row] as const))('%s', async (_shown, row) => { await hold(row); });
  });
  describe('another authority', () => {
    beforeAll(async () => {
      await rig.end();
      rig = await makeWireRig();
      await rig.grow();
    });
    test.each(ROTATED.map((row) => [row.shown, row] as const))('%s', async (_shown, row) => { await hold(row); });
  });
});
