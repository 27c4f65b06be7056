import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { outcomeOf } from '../../scripts/phases/bench.ts';
import { madeTree } from '../../scripts/phases/bench/tree.ts';
import { fluxLocal } from '../../scripts/tools/flux-local.ts';
import { peakOfTree } from '../../scripts/tools/stopwatch.ts';
import { reportOf } from '../manifests/planted.ts';

const { signal } = new AbortController();
let scratch: string;
beforeAll(() => { scratch = mkdtempSync(join(tmpdir(), 'bench-')); });
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test('the tree that grows has nothing wrong with it: its figures are of building, not of complaining', async () => {
  const root = join(scratch, 'made');
  const { entry } = madeTree(12, root);
  const { clusters, findings } = await reportOf({ root, entry });
  expect(clusters).toMatchObject([{ entry, kustomizations: 13, objects: 12 * 4 + 1 + 2 }]);
  expect(findings.filter(({ severity }) => severity !== 'unknown').map(({ rule, message }) => `${rule}: ${message}`)).toEqual([]);
});

test('memory is that of a command and of all it starts, at one moment', async () => {
  const child = 'const held = Buffer.alloc(150e6, 1); setTimeout(() => held.length, 600)';
  const parent = `require("node:child_process").spawnSync(process.execPath, ["-e", ${JSON.stringify(child)}])`;
  expect(await peakOfTree(process.execPath, ['-e', parent], { cwd: scratch, env: process.env, signal })).toBeGreaterThan(150e6);
  await expect(peakOfTree(process.execPath, ['-e', 'process.exit(3)'], { cwd: scratch, env: process.env, signal })).rejects.toThrow('ended with 3');
});

describe('where flux-local cannot be had', () => {
  test('it is said what is missing and how to get it', async () => {
    const env = { PATH: '/nowhere', HOME: scratch };
    expect(await fluxLocal({ programRoot: scratch, env, signal })).toMatchObject({ missing: expect.stringContaining('kustomize'), hint: './task tools:install TOOL=kustomize' });
  });

  test('what is measured only beside it counts as not known, never as met', () => {
    const style = { width: 80, bold: String, dim: String, red: String, green: String, yellow: String, cyan: String };
    const met = { what: 'a', ratio: 0.0151, goal: 0.02, figures: 'b' };
    const unknown = { what: 'c', ratio: Number.NaN, goal: 0.1, figures: '', unknown: 'no Python; try another' };
    expect(outcomeOf([met]).exit).toBe('done');
    const { exit, result, render } = outcomeOf([met, unknown]);
    expect(exit).toBe('cannotTell');
    expect(result).toEqual([met, { ...unknown, ratio: null }]);
    expect(render(style)).toEqual(['✔ a: 0.015 (goal: at most 0.020)', '  b', '? c: not measured (goal: at most 0.10)', '  no Python; try another']);
    expect(outcomeOf([met, unknown, { ...met, ratio: 0.03 }]).exit).toBe('no');
    // A figure that is none is none.
    expect(outcomeOf([{ ...met, ratio: Number.NaN }]).exit).toBe('no');
  });
});
