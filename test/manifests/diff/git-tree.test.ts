import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fc } from '../../fast-check.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeGitTree, parseBatch, parseRaw, type GitTree } from '../../../scripts/tools/git-tree.ts';
import { makeProc } from '../../../scripts/tools/proc.ts';
import { SITE } from '../../../scripts/config/target.ts';
import { makeRedactor } from '../../../scripts/tools/redact.ts';

let dir: string;
beforeAll(() => { dir = mkdtempSync(join(tmpdir(), 'git-tree-')); });
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const git = (...argv: readonly string[]): string => {
  const ran = spawnSync('git', ['-C', dir, '-c', 'user.name=t', '-c', 'user.email=t@example', '-c', 'commit.gpgsign=false', ...argv], { encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(ran.stderr);
  return ran.stdout.trim();
};
const write = (file: string, text: string | Buffer): void => {
  mkdirSync(dirname(join(dir, file)), { recursive: true });
  writeFileSync(join(dir, file), text);
};
const door = (root = dir): GitTree => makeGitTree(makeProc({ lane: '', step: 't', emit: () => undefined, signal: new AbortController().signal, dryRun: false, looking: true, redactor: makeRedactor(), taskDir: dir, env: process.env, site: { target: SITE } }), root);

describe('files as they were in a commit', () => {
  let first: string;
  beforeAll(() => {
    git('init', '-q', '-b', 'main');
    write('a.yaml', 'a: 1\n');
    write('with space/ümlaut.yaml', '\uFEFFb: 1');
    write('empty.yaml', '');
    write('binary.bin', Buffer.from([0, 255, 254, 10, 13, 200]));
    write('same.yaml', 'same\n');
    write('gone.yaml', 'was here\nWARNING: not a warning\n');
    write('.gitignore', 'secret.yaml\n');
    symlinkSync('a.yaml', join(dir, 'link.yaml'));
    git('add', '-A');
    git('commit', '-q', '-m', 'first');
    first = git('rev-parse', 'HEAD');
    write('a.yaml', 'a: 2\n');
    write('with space/ümlaut.yaml', 'b: 2');
    write('empty.yaml', 'full\n');
    write('binary.bin', Buffer.from([1]));
    write('staged.yaml', 'staged\n');
    git('add', 'staged.yaml');
    write('new/untracked.yaml', 'x\n');
    write('secret.yaml', 'ignored\n');
    unlinkSync(join(dir, 'gone.yaml'));
    unlinkSync(join(dir, 'link.yaml'));
    symlinkSync('same.yaml', join(dir, 'link.yaml'));
  });

  test('are told where the working tree has something else, byte for byte', async () => {
    const laid = await door().laid(first);
    expect(laid.get('binary.bin')).toContain('\u0000');
    expect(new Map([...laid].filter(([file]) => file !== 'binary.bin').toSorted())).toEqual(new Map<string, string | null>([
      ['a.yaml', 'a: 1\n'], ['empty.yaml', ''], ['gone.yaml', 'was here\nWARNING: not a warning\n'], ['new/untracked.yaml', null], ['staged.yaml', null], ['with space/ümlaut.yaml', 'b: 1'],
    ]));
  });

  test('below a folder only what is in it, from there on', async () => {
    expect(await door(join(dir, 'with space')).laid(first)).toEqual(new Map([['ümlaut.yaml', 'b: 1']]));
  });

  test('a commit by any name; one there is not says what there is', async () => {
    git('tag', 'v1');
    expect([await door().commit('main'), await door().commit('v1'), await door().commit(first.slice(0, 8)), await door().commit('HEAD')]).toEqual([first, first, first, first]);
    await expect(door().commit('mian')).rejects.toMatchObject({ exit: 'usage', what: 'there is no commit called mian here', hint: expect.stringContaining('there is main, v1') });
    await expect(door().commit('--output=/tmp/x')).rejects.toMatchObject({ exit: 'usage' });
    expect(await door().mergeBase('main', 'v1')).toBe(first);
  });

  test('a folder without a repository', async () => {
    const alone = mkdtempSync(join(tmpdir(), 'alone-'));
    await expect(door(alone).commit('main')).rejects.toMatchObject({ exit: 'usage', what: expect.stringContaining('is in no Git repository') });
    rmSync(alone, { recursive: true });
  });
});

describe('what git prints', () => {
  test('entries: changed, new, gone, links and submodules left out', () => {
    const [a, b, none] = ['a'.repeat(40), 'b'.repeat(40), '0'.repeat(40)];
    expect(parseRaw([`:100644 100644 ${a} ${none} M`, 'x', `:000000 100644 ${none} ${none} A`, 'y', `:100755 000000 ${b} ${none} D`, 'z', `:120000 120000 ${a} ${b} M`, 'l', `:160000 160000 ${a} ${b} M`, 'm', `:000000 120000 ${none} ${none} A`, 'n', ''].join('\0'))).toEqual([
      { path: 'x', oid: a }, { path: 'y', oid: undefined }, { path: 'z', oid: b },
    ]);
    expect(parseRaw('')).toEqual([]);
  });

  test('contents, whatever is in them and however long they say they are', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '\n', ' ', 'blob', '\uFFFD', '0'), maxLength: 30 });
    fc.assert(fc.property(fc.array(text, { maxLength: 6 }), fc.integer({ min: -3, max: 3 }), (contents, wrong) => {
      const oids = contents.map((_, index) => String(index).padStart(40, 'c'));
      const printed = contents.map((content, index) => `${oids[index]} blob ${content.length + wrong}\n${content}\n`).join('');
      expect([...parseBatch(printed, oids)]).toEqual(contents.map((content, index) => [oids[index], content]));
    }));
    expect([...parseBatch(`${'a'.repeat(40)} missing\n${'b'.repeat(40)} blob 1\nx\n`, ['a'.repeat(40), 'b'.repeat(40)])]).toEqual([['b'.repeat(40), 'x']]);
  });
});
