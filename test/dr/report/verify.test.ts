import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SITE } from '../../../scripts/config/target.ts';
import { sealFolder } from '../../../scripts/dr/evidence.ts';
import { writeReport } from '../../../scripts/dr/report/finish.ts';
import { verifyRehearsal, type Verification } from '../../../scripts/dr/report/verify.ts';
import { findTool, programVersion } from '../../../scripts/tools/environment.ts';
import { makeProc } from '../../../scripts/tools/proc.ts';
import { makeRedactor } from '../../../scripts/tools/redact.ts';
import { scratch } from '../../tools/support.ts';
import { makeFolder } from './folder.ts';

const proc = makeProc({ lane: '', step: 'test', emit: () => undefined, signal: new AbortController().signal, dryRun: false, site: { target: SITE }, redactor: makeRedactor(), taskDir: '/nonexistent', env: { PATH: process.env['PATH'], HOME: '/nonexistent' } });
const verify = (dir: string, given: { digest?: string; signers?: string } = {}): Promise<Verification> => verifyRehearsal(dir, { digest: given.digest, signers: given.signers, proc, version: programVersion() });
const keygen = findTool('ssh-keygen', process.env['PATH'] ?? '') !== undefined;
const said = ({ findings }: Verification): string => findings.map(({ what, verdict }) => `${verdict.is} ${what}: ${verdict.because ?? ''}`).join('\n');

function makeKey(dir: string, name: string): { readonly key: string; readonly line: string } {
  mkdirSync(dir, { recursive: true });
  const key = join(dir, name);
  expect(spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', key]).status).toBe(0);
  return { key, line: `${name}@example.test ${readFileSync(`${key}.pub`, 'utf8')}` };
}

describe('a sealed rehearsal', () => {
  test('is proven by its digest, cannot be told without, and is not by another', async () => {
    using dir = scratch();
    const folder = makeFolder(dir.path, {});
    const { digest } = await writeReport(folder);
    expect((await verify(folder, { digest: `sha256:${digest}` })).exit).toBe('done');
    const alone = await verify(folder);
    expect(alone.exit).toBe('cannotTell');
    expect(alone.shows.join()).toContain('could have made journal, report and seal anew');
    expect((await verify(folder, { digest: '0'.repeat(64) })).exit).toBe('no');
  });
  test('a byte of any file, anywhere, changed to another: found', async () => {
    using dir = scratch();
    const folder = makeFolder(dir.path, {});
    const { digest } = await writeReport(folder);
    const files = readdirSync(folder).filter((name) => readFileSync(join(folder, name)).length > 0);
    expect(files.length).toBeGreaterThan(20);
    for (const [n, name] of files.entries()) {
      const file = join(folder, name);
      const bytes = readFileSync(file);
      for (const at of new Set([0, Math.floor((bytes.length * ((n * 7) % 11)) / 11), bytes.length - 1])) {
        const changed = Buffer.from(bytes);
        changed[at] = ((changed[at] ?? 0) + 1 + (n % 255)) % 256;
        writeFileSync(file, changed);
        expect((await verify(folder, digest === undefined ? {} : { digest })).exit, `${name} at ${at}`).toBe('no');
        // Even the seal itself, with nothing from outside: it is written in one way only.
        if (name !== 'manifest.sha256' || at !== 0) expect((await verify(folder)).exit, `${name} at ${at}, alone`).toBe('no');
      }
      writeFileSync(file, bytes);
    }
    expect((await verify(folder, digest === undefined ? {} : { digest })).exit).toBe('done');
  }, 60_000);
  test('a report made to say something else and sealed anew does not follow from its records', async () => {
    using dir = scratch();
    const folder = makeFolder(dir.path, { writes: ['patch a'], processes: [{ exit: 'no' }] });
    await writeReport(folder);
    const file = join(folder, 'run.json');
    const report = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...report, verdict: { ...report.verdict, is: 'green', reasons: [] } }));
    await sealFolder(folder);
    const found = await verify(folder);
    expect(found.exit).toBe('no');
    expect(said(found)).toContain('fail the report says what journal and records say: verdict is not what follows from them');
    expect(said(await verifyRehearsal(folder, { digest: undefined, signers: undefined, proc, version: 'another' }))).toContain('unknown the report says what journal and records say');
    writeFileSync(file, '{');
    expect(said(await verify(folder))).toContain('run.json is damaged');
    rmSync(file);
    expect(said(await verify(folder))).toContain('there is no run.json');
  });
  test('a seal that was taken away is not a run that is well', async () => {
    using dir = scratch();
    const folder = makeFolder(dir.path, {});
    const { digest } = await writeReport(folder);
    rmSync(join(folder, 'manifest.sha256'));
    expect((await verify(folder, digest === undefined ? {} : { digest })).exit).toBe('cannotTell');
  });
});

describe.skipIf(!keygen)('signed', () => {
  test('who signed is told by the list of who may; then no digest is needed', async () => {
    using dir = scratch();
    const [mira, other] = [makeKey(join(dir.path, 'keys'), 'mira'), makeKey(join(dir.path, 'keys'), 'other')];
    const folder = makeFolder(join(dir.path, 'runs'), {});
    const { signature, digest } = await writeReport(folder, { signing: { key: mira.key, proc } });
    expect(signature).toEqual({ is: 'signed', key: mira.key });
    const lists = { both: join(dir.path, 'both'), other: join(dir.path, 'other') };
    writeFileSync(lists.both, other.line + mira.line);
    writeFileSync(lists.other, other.line);
    const good = await verify(folder, { signers: lists.both });
    expect(good.exit).toBe('done');
    expect(said(good)).toContain('pass the signature is of somebody who may sign: mira@example.test');
    expect(good.shows.join()).toContain('who holds the key can sign again');
    const stranger = await verify(folder, { signers: lists.other });
    expect(stranger.exit).toBe('no');
    expect(said(stranger)).toContain('names nobody with that key');
    expect((await verify(folder)).exit).toBe('cannotTell');
    expect((await verify(folder, digest === undefined ? {} : { digest })).exit).toBe('done');

    // The signature is no part of the seal it signs, so its own bytes are looked at on their own.
    const file = join(folder, 'manifest.sha256.sig');
    const bytes = readFileSync(file);
    for (let at = 0; at < bytes.length; at += 13) {
      const changed = Buffer.from(bytes);
      changed[at] = ((changed[at] ?? 0) + 1) % 256;
      writeFileSync(file, changed);
      expect((await verify(folder, { signers: lists.both })).exit, `at ${at}`).toBe('no');
    }
    writeFileSync(file, bytes);

    // Sealed anew by somebody without the key: the signature is of another seal.
    writeFileSync(join(folder, 'more'), 'x');
    await sealFolder(folder);
    expect((await verify(folder, { signers: lists.both })).exit).toBe('no');
    rmSync(file);
    expect(said(await verify(folder, { signers: lists.both }))).toContain('it is not signed, though signers were named');
  }, 60_000);
  test('a key below ~ is found in the home of whoever rehearses', async () => {
    using dir = scratch();
    const keys = mkdtempSync(join(homedir(), 'keys-'));
    const { key } = makeKey(keys, 'mira');
    const { signature } = await writeReport(makeFolder(join(dir.path, 'runs'), {}), { signing: { key: `~/${relative(homedir(), key)}`, proc } });
    rmSync(keys, { recursive: true });
    expect(signature).toEqual({ is: 'signed', key });
  });
  test('a key that cannot sign leaves the report unsigned, and says why', async () => {
    using dir = scratch();
    const folder = makeFolder(dir.path, {});
    const { signature, digest, lines } = await writeReport(folder, { signing: { key: join(dir.path, 'none'), proc } });
    expect(signature).toMatchObject({ is: 'unsigned' });
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    const same = (text: string): string => text;
    expect(lines({ width: 200, bold: same, dim: same, red: same, green: same, yellow: same, cyan: same }).join('\n')).toMatch(/not signed: .*(No such file|not found|load)/);
  });
});
