import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fc } from '../fast-check.ts';
import { describe, expect, test } from 'vitest';
import { MANIFEST_FILE, sealFolder, verifyFolder } from '../../scripts/dr/evidence.ts';
import { openJournal } from '../../scripts/engine/journal.ts';
import { scratch } from '../tools/support.ts';

async function sealed(dir: string): Promise<string> {
  const journal = openJournal(dir);
  journal.append({ type: 'note', lane: '', step: '', level: 'info', text: 'a', seq: 0, at: '2026-01-01T00:00:00.000Z', t: 0 });
  journal.append({ type: 'run-finished', run: 'R', exit: 0, ms: 1, wallMs: 1, seq: 1, at: '2026-01-01T00:00:01.000Z', t: 1 });
  journal.close();
  mkdirSync(join(dir, 'more'));
  writeFileSync(join(dir, 'more', 'disks.json'), '[1]');
  writeFileSync(join(dir, 'etcd.db'), Buffer.from([0, 1, 2, 255]));
  return sealFolder(dir);
}
const verdicts = async (dir: string, digest?: string): Promise<string> => (await verifyFolder(dir, digest)).map(({ verdict }) => verdict.is).join(' ');

describe('a sealed run', () => {
  test('is proven by a digest that was kept elsewhere; without one the seal itself is unknown', async () => {
    using dir = scratch();
    const digest = await sealed(dir.path);
    expect(await verdicts(dir.path, digest)).toBe('pass pass pass');
    expect(await verdicts(dir.path, `sha256:${digest.toUpperCase()}`)).toBe('pass pass pass');
    expect(await verdicts(dir.path)).toBe('pass pass unknown');
    expect(await verdicts(dir.path, '0'.repeat(64))).toBe('pass pass fail');
  });
  test('can be checked with sha256sum alone', async () => {
    using dir = scratch();
    await sealed(dir.path);
    const checked = spawnSync('sha256sum', ['--check', '--strict', MANIFEST_FILE], { cwd: dir.path, encoding: 'utf8' });
    // A machine without coreutils shows nothing, which is no pass of this program's.
    expect(checked.error === undefined ? checked.status : 0).toBe(0);
  });
  test.each<[string, (dir: string) => void, RegExp]>([
    ['a changed file', (dir) => writeFileSync(join(dir, 'more', 'disks.json'), '[2]'), /more\/disks\.json was changed/],
    ['a missing file', (dir) => rmSync(join(dir, 'etcd.db')), /etcd\.db is gone/],
    ['an added file', (dir) => writeFileSync(join(dir, 'report.html'), 'x'), /report\.html was added/],
    ['a renamed file', (dir) => renameSync(join(dir, 'etcd.db'), join(dir, 'etcd2.db')), /etcd\.db is gone, etcd2\.db was added/],
    ['a link where a file was', (dir) => { rmSync(join(dir, 'etcd.db')); symlinkSync('/etc/hostname', join(dir, 'etcd.db')); }, /etcd\.db was changed/],
    ['a manifest that does not read as one', (dir) => appendFileSync(join(dir, MANIFEST_FILE), 'hello\n'), /line 4 of manifest/],
    ['a journal that was added to', (dir) => appendFileSync(join(dir, 'journal.jsonl'), '{}\n'), /line 3: /],
    ['no manifest', (dir) => rmSync(join(dir, MANIFEST_FILE)), /never sealed/],
    ['no journal', (dir) => rmSync(join(dir, 'journal.jsonl')), /there is no journal/],
  ])('%s is found', async (_name, change, says) => {
    using dir = scratch();
    await sealed(dir.path);
    change(dir.path);
    const bad = (await verifyFolder(dir.path, undefined)).filter(({ verdict }) => verdict.is !== 'pass').map(({ verdict }) => ('because' in verdict ? verdict.because : ''));
    expect(bad.join('\n')).toMatch(says);
  });
  test('any byte of any file, changed to any other, is found', async () => {
    using dir = scratch();
    const digest = await sealed(dir.path);
    const names = ['journal.jsonl', 'more/disks.json', 'etcd.db', MANIFEST_FILE];
    await fc.assert(fc.asyncProperty(fc.constantFrom(...names), fc.nat(), fc.integer({ min: 1, max: 255 }), async (name, at, by) => {
      const file = join(dir.path, name);
      const bytes = readFileSync(file);
      const changed = Buffer.from(bytes);
      const index = at % bytes.length;
      changed[index] = ((changed[index] ?? 0) + by) % 256;
      writeFileSync(file, changed);
      try {
        expect(await verdicts(dir.path, digest)).toMatch(/fail/);
      } finally {
        writeFileSync(file, bytes);
      }
    }), { numRuns: 60 });
    expect(await verdicts(dir.path, digest)).toBe('pass pass pass');
  });
});
