import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeReport } from '../../../scripts/dr/report/finish.ts';
import { newRunDir } from '../../../scripts/engine/runs.ts';
import { PROGRAM } from '../../tasks/rig.ts';
import { scratch } from '../../tools/support.ts';
import { makeFolder } from './folder.ts';

const dir = scratch();
const taskDir = join(dir.path, 'task');
const runs = join(taskDir, 'runs');
const made: Record<'old' | 'red' | 'lab' | 'new', string> = { old: '', red: '', lab: '', new: '' };
let digest = '';

function task(...words: string[]): { readonly code: number | null; readonly out: string; readonly err: string } {
  const ran = spawnSync(join(PROGRAM, 'task'), words, { cwd: dir.path, encoding: 'utf8', env: { PATH: process.env['PATH'], HOME: dir.path, TASK_DIR: taskDir, NO_COLOR: '1', CI: 'true', LANG: 'C.UTF-8' } });
  return { code: ran.status, out: ran.stdout, err: ran.stderr };
}

beforeAll(async () => {
  mkdirSync(runs, { recursive: true });
  const now = Date.UTC(2026, 10, 21);
  const stories = { old: { at: now - 5e9, pace: 0.9 }, red: { at: now - 4e9, writes: ['patch a'], processes: [{ exit: 'no' as const }] }, lab: { at: now - 3e9, kind: 'lab' as const, speed: 60 }, new: { at: now } };
  for (const [name, story] of Object.entries(stories)) {
    made[name as keyof typeof made] = makeFolder(runs, story);
    digest = (await writeReport(made[name as keyof typeof made])).digest ?? '';
  }
  // A run of another kind is newer.
  newRunDir(taskDir);
});
afterAll(() => dir[Symbol.dispose]());

describe('dr:report', () => {
  test('tells the newest rehearsal in a few lines, and where its sealed report is', () => {
    const { code, out } = task('dr:report');
    expect(code).toBe(0);
    expect(out).toContain('rehearsal green');
    expect(out).toContain(`${made.new}/report.html (sealed)`);
  });
  test.each(['html', 'md', 'junit', 'json'])('FORMAT=%s is the very text of the folder, on standard output', (format) => {
    const name = { html: 'report.html', md: 'report.md', junit: 'junit.xml', json: 'run.json' }[format] ?? '';
    expect(task('dr:report', `RUN=${basename(made.new)}`, `FORMAT=${format}`).out).toBe(readFileSync(join(made.new, name), 'utf8'));
  });
  test('FILE goes by its ending, and never into the evidence', () => {
    expect(task('dr:report', `RUN=${made.red}`, 'FILE=red.xml').code).toBe(0);
    expect(readFileSync(join(dir.path, 'red.xml'), 'utf8')).toBe(readFileSync(join(made.red, 'junit.xml'), 'utf8'));
    const refused = task('dr:report', `RUN=${made.red}`, `FILE=${join(made.red, 'mine.html')}`);
    expect(refused.code).toBe(64);
    expect(existsSync(join(made.red, 'mine.html'))).toBe(false);
    expect(task('dr:report', 'FILE=nowhere/at/all.html').code).toBe(75);
  });
  test('a run that is no rehearsal, and none at all', () => {
    const { code, err } = task('dr:report', 'RUN=0');
    expect(code).toBe(64);
    expect(err).toContain('beginning of 5 runs');
    expect(task('dr:report', 'RUN=./nowhere').err).toContain('it is not there');
    expect(task('dr:report', `RUN=${dir.path}/`).err).toContain('it has no rehearsal.json');
  });
});

describe('dr:verify', () => {
  test('0 by its digest, 2 without, 1 when a byte is another; anywhere the folder is', () => {
    expect(task('dr:verify', `DIGEST=sha256:${digest}`).code).toBe(0);
    expect(task('dr:verify').code).toBe(2);
    const copy = join(dir.path, 'elsewhere');
    cpSync(made.new, copy, { recursive: true });
    expect(task('dr:verify', `RUN=${copy}`, `DIGEST=${digest}`).code).toBe(0);
    rmSync(join(copy, 'rehearsal.json'));
    const { code, out } = task('dr:verify', 'RUN=./elsewhere', `DIGEST=${digest}`);
    expect(code).toBe(1);
    expect(out).toContain('rehearsal.json is gone');
    expect(out).toContain('Something is not as it was written');
  });
  test('a digest that is none, and signers that are not there', () => {
    expect(task('dr:verify', 'DIGEST=5b1e')).toMatchObject({ code: 64 });
    expect(task('dr:verify', 'SIGNERS=nobody')).toMatchObject({ code: 64 });
  });
});

describe('dr:compare', () => {
  test('two of a kind', () => {
    const { code, out } = task('dr:compare', `A=${basename(made.old)}`, `B=${basename(made.red)}`);
    expect(code).toBe(0);
    expect(out).toMatch(/infra build again +23m38s +26m15s|infra build again +\S+ +\S+ +\+/);
    expect(out).toMatch(/second create of infra +pass +fail: it wrote: patch a/);
  });
  test('not what is of another kind', () => {
    const { code, err } = task('dr:compare', `A=${basename(made.lab)}`);
    expect(code).toBe(64);
    expect(err).toContain('one was on the lab, the other on the site');
  });
});
