import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkInputs, inputsOf, wallNs } from '../../../scripts/manifests/cache/inputs.ts';
import { programNow, toolsNow } from '../../../scripts/manifests/cache/program.ts';
import { remembered, type Memory, type Reads } from '../../../scripts/manifests/cache/remembered.ts';
import { PROGRAM } from '../../tasks/rig.ts';

let dir: string;
let memory: Memory;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'remembered-'));
  memory = { folder: join(dir, 'cache/manifests'), program: 'this' };
  mkdirSync(join(dir, 'tree'));
  write('a.yaml', 'a: 1');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const at = (name: string): string => join(dir, 'tree', name);
/** A file as it was written long ago: young ones are not believed by their times. */
function write(name: string, text: string, seconds = 1_000): void {
  writeFileSync(at(name), text);
  utimesSync(at(name), seconds, seconds);
}
/** Reads a file and its folder, as a tree does. */
const readingA = (reads: Reads): { readonly text: string | null } => {
  const text = existsSync(at('a.yaml')) ? readFileSync(at('a.yaml'), 'utf8') : undefined;
  const names = readdirSync(join(dir, 'tree')).map((name): readonly [string, 'file'] => [name, 'file']);
  reads.consulted(() => ({ files: [[at('a.yaml'), text]], folders: [[join(dir, 'tree'), names]], paths: [] }));
  return { text: text ?? null };
};
async function ask(question: string = 'q', compute: (reads: Reads) => { readonly text: string | null } = readingA): Promise<{ readonly text: string | null; readonly remembered: boolean }> {
  const answer = await remembered(memory, question, async (reads) => compute(reads));
  return { ...answer.value, remembered: answer.remembered };
}
const entries = (): readonly string[] => (memory.folder !== undefined && existsSync(memory.folder) ? readdirSync(memory.folder) : []);

describe('an answer is remembered', () => {
  test('when nothing changed, also by what was only touched, saved again unchanged, or written in the last seconds', async () => {
    expect(await ask()).toEqual({ text: 'a: 1', remembered: false });
    expect(await ask()).toEqual({ text: 'a: 1', remembered: true });
    write('a.yaml', 'a: 1', 2_000);
    expect((await ask()).remembered).toBe(true);
    writeFileSync(at('a.yaml'), 'a: 1');
    expect((await ask()).remembered).toBe(true);
    rmSync(at('a.yaml'));
    write('a.yaml', 'a: 1');
    expect((await ask()).remembered).toBe(true);
  });

  test('in a folder of its user alone, in files of its user alone', async () => {
    await ask();
    expect(entries()).toHaveLength(1);
    expect([statSync(memory.folder ?? '').mode & 0o777, statSync(join(memory.folder ?? '', entries()[0] ?? '')).mode & 0o777]).toEqual([0o700, 0o600]);
  });
});

describe('and counts for nothing', () => {
  test.each<[string, () => void]>([
    ['when a file says something else', () => write('a.yaml', 'a: 2')],
    ['when it says something else of the same length with the same times', () => { const { atime, mtime } = statSync(at('a.yaml')); writeFileSync(at('a.yaml'), 'a: 3'); utimesSync(at('a.yaml'), atime, mtime); }],
    ['when it is gone', () => rmSync(at('a.yaml'))],
    ['when another one came beside it', () => write('b.yaml', 'b: 1')],
    ['for another program', () => { memory = { ...memory, program: 'that' }; }],
    ['when nothing is to be remembered', () => { memory = { ...memory, folder: undefined }; }],
  ])('%s', async (_, change) => {
    await ask();
    change();
    const answer = await ask();
    expect(answer).toEqual({ text: existsSync(at('a.yaml')) ? readFileSync(at('a.yaml'), 'utf8') : null, remembered: false });
  });

  test('for another question', async () => {
    await ask('q');
    expect([(await ask('p')).remembered, (await ask('p')).remembered, (await ask('q')).remembered]).toEqual([false, true, true]);
  });

  test('when a file changed while it was worked out: what was read is what counts', async () => {
    await ask('q', (reads) => {
      const answer = readingA(reads);
      write('a.yaml', 'a: 2');
      return answer;
    });
    expect(await ask()).toEqual({ text: 'a: 2', remembered: false });
  });

  test('when something outside that is known by its times alone changed, came or went; while that is young it is not remembered at all', async () => {
    const compute = (reads: Reads): { readonly text: null } => { reads.read('/bin/sh'); reads.read(at('chart.tgz')); return { text: null }; };
    await ask('q', compute);
    expect((await ask('q', compute)).remembered).toBe(true);
    writeFileSync(at('chart.tgz'), 'x');
    expect((await ask('q', compute)).remembered).toBe(false);
    expect((await ask('q', compute)).remembered).toBe(false);
  });

  test('when it hangs on what changes without a trace', async () => {
    const compute = (reads: Reads): { readonly text: null } => { reads.volatile('a registry did not answer'); return { text: null }; };
    await ask('q', compute);
    expect([(await ask('q', compute)).remembered, entries()]).toEqual([false, []]);
  });

  test.each([['half of it', (text: string) => text.slice(0, text.length / 2)], ['another letter in it', (text: string) => text.replace('a: 1', 'a: 7')], ['nothing', () => ''], ['something else', () => '{"value":{"text":"x"}}']])('when what was written down is damaged: %s', async (_, damage) => {
    await ask();
    const file = join(memory.folder ?? '', entries()[0] ?? '');
    writeFileSync(file, damage(readFileSync(file, 'utf8')));
    expect(await ask()).toEqual({ text: 'a: 1', remembered: false });
    expect((await ask()).remembered).toBe(true);
  });
});

test('what is thrown is thrown, and nothing is written', async () => {
  await expect(remembered(memory, 'q', async () => { throw new TypeError('no'); })).rejects.toThrow('no');
  expect(entries()).toEqual([]);
});

test('a folder that cannot be written to costs time and nothing else', async () => {
  writeFileSync(join(dir, 'cache'), 'a file where the folder should be');
  expect([(await ask()).remembered, (await ask()).remembered]).toEqual([false, false]);
});

test('is bounded: the oldest go, and leftovers of writes that were cut off', async () => {
  await ask('first');
  const folder = memory.folder ?? '';
  for (let index = 0; index < 70; index += 1) {
    const file = join(folder, `${String(index).padStart(64, '0')}.json`);
    writeFileSync(file, 'x');
    utimesSync(file, 1_000 + index, 1_000 + index);
  }
  writeFileSync(join(folder, 'x.json.1.abcd.part'), 'x');
  utimesSync(join(folder, 'x.json.1.abcd.part'), 1_000, 1_000);
  await ask('second');
  const left = entries();
  expect([left.length, left.some((name) => name.endsWith('.part')), left.includes(`${String(0).padStart(64, '0')}.json`), (await ask('first')).remembered]).toEqual([64, false, false, true]);
});

test('changes are told one by one where that is asked for', () => {
  write('b.yaml', 'b: 1');
  const { inputs } = inputsOf({ files: [[at('a.yaml'), 'a: 1'], [at('b.yaml'), 'b: 1'], [at('c.yaml'), undefined]], folders: [], paths: [] }, wallNs());
  expect(checkInputs(inputs, wallNs(), true)).toMatchObject({ same: true, changed: [] });
  write('a.yaml', 'a: 2');
  write('c.yaml', 'c: 1');
  expect(checkInputs(inputs, wallNs(), true).changed).toEqual([at('a.yaml'), at('c.yaml')]);
});

test('a byte order mark, which readers drop, is no change', () => {
  write('a.yaml', '\uFEFFa: 1');
  expect(checkInputs(inputsOf({ files: [[at('a.yaml'), 'a: 1']], folders: [], paths: [] }, wallNs()).inputs, wallNs() + 10_000_000_000n)).toMatchObject({ same: true });
});

describe('who answers', () => {
  test('another program when one of its files or packages changed', () => {
    const root = join(dir, 'program');
    for (const folder of ['scripts/manifests/rules', 'scripts/config', 'scripts/tools', 'scripts/health']) mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, 'scripts/manifests/rules/a.ts'), 'one');
    const seen = new Set([programNow(root)]);
    writeFileSync(join(root, 'scripts/manifests/rules/a.ts'), 'three');
    seen.add(programNow(root));
    writeFileSync(join(root, 'scripts/config/b.ts'), 'new');
    seen.add(programNow(root));
    writeFileSync(join(root, 'package-lock.json'), '{}');
    seen.add(programNow(root));
    expect([seen.size, programNow(root) === programNow(root)]).toEqual([4, true]);
  });

  test('another set of tools when one is installed or replaced', () => {
    const env = { PATH: join(dir, 'bin'), HOME: dir };
    const none = toolsNow(env, PROGRAM);
    mkdirSync(join(dir, 'bin'));
    writeFileSync(join(dir, 'bin/gitleaks'), 'one');
    chmodSync(join(dir, 'bin/gitleaks'), 0o755);
    const one = toolsNow(env, PROGRAM);
    writeFileSync(join(dir, 'bin/gitleaks'), 'three');
    expect(new Set([none.join(), one.join(), toolsNow(env, PROGRAM).join()]).size).toBe(3);
  });
});
