import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { Failure } from '../../engine/failure.ts';
import type { Verdict } from '../../engine/verdict.ts';
import type { Proc } from '../../tools/doors.ts';
import { writePrivate } from '../../tools/files.ts';
import { MANIFEST_FILE, SIGNATURE_FILE, type Finding } from '../evidence.ts';
import type { Signature } from './ending.ts';

/** What the signature is about, so that one made for a commit or a letter is none of ours. */
const NAMESPACE = 'dr-rehearsal';
/** A key in an agent or a security key may ask its owner first. */
const SIGN_MS = 60_000;
const VERIFY_MS = 20_000;

/** Signs the folder's seal with an SSH key. What cannot be signed is told, not thrown: the report stands without. */
export async function sign(dir: string, { key: written, proc }: { readonly key: string; readonly proc: Proc }): Promise<Signature> {
  // No shell reads it, and dr.yaml is the same file for everybody whose key lies in their own home.
  const key = written.startsWith('~/') ? join(homedir(), written.slice(2)) : written;
  try {
    const { stdout } = await proc.run({ tool: 'ssh-keygen', argv: ['-Y', 'sign', '-q', '-n', NAMESPACE, '-f', key], effect: 'local', stdin: readFileSync(join(dir, MANIFEST_FILE), 'utf8'), env: { SSH_ASKPASS_REQUIRE: 'never' }, timeoutMs: SIGN_MS });
    if (!stdout.startsWith('-----BEGIN SSH SIGNATURE-----')) return { is: 'unsigned', because: `ssh-keygen made no signature with ${key}` };
    await writePrivate(join(dir, SIGNATURE_FILE), stdout);
    return { is: 'signed', key };
  } catch (error) {
    if (!(error instanceof Failure) || error.exit === 'interrupted' || error.exit === 'bug') throw error;
    return { is: 'unsigned', because: error.because ?? error.what };
  }
}

/**
 * Whether the seal's signature is whole, and whose it is. Without a list of signers only the former can be told: anybody can sign with a
 * key of their own.
 */
export async function verifySignature(dir: string, signers: string | undefined, proc: Proc): Promise<readonly Finding[]> {
  const file = join(dir, SIGNATURE_FILE);
  const whole = 'the signature is one of this very seal';
  const whose = 'the signature is of somebody who may sign';
  const manifest = join(dir, MANIFEST_FILE);
  if (!existsSync(file) || !existsSync(manifest)) {
    const verdict: Verdict = signers === undefined ? { is: 'skip', because: 'it is not signed' } : { is: 'fail', because: existsSync(file) ? 'there is no seal it could be of' : 'it is not signed, though signers were named' };
    return [{ what: whole, verdict }];
  }
  if (!canonical(readFileSync(file, 'latin1'))) return [{ what: whole, verdict: { is: 'fail', because: `${SIGNATURE_FILE} is not written as ssh-keygen writes a signature` } }];
  const stdin = readFileSync(manifest, 'utf8');
  const checked = await asked(proc, ['-Y', 'check-novalidate', '-n', NAMESPACE, '-s', resolve(file)], stdin);
  const first: Finding = { what: whole, verdict: checked.verdict };
  if (checked.verdict.is !== 'pass') return [first];
  if (signers === undefined) return [first, { what: whose, verdict: { is: 'unknown', because: `${checked.said}, which anybody can make for themselves`, hint: 'name who may sign, as ssh-keygen(1) has it under ALLOWED SIGNERS: SIGNERS=file' } }];
  const principals = await proc.run({ tool: 'ssh-keygen', argv: ['-Y', 'find-principals', '-s', resolve(file), '-f', resolve(signers)], effect: 'read', stdin, timeoutMs: VERIFY_MS, ok: [0, 1, 255] });
  const [principal = ''] = principals.stdout.trim().split('\n');
  if (principals.exitCode !== 0 || principal === '') return [first, { what: whose, verdict: { is: 'fail', because: `${checked.said}, and ${signers} names nobody with that key` } }];
  const { verdict } = await asked(proc, ['-Y', 'verify', '-n', NAMESPACE, '-s', resolve(file), '-f', resolve(signers), '-I', principal.split(',')[0] ?? principal], stdin);
  return [first, { what: whose, verdict: verdict.is === 'pass' ? { is: 'pass', because: `${principal}, by ${signers}` } : verdict }];
}

async function asked(proc: Proc, argv: readonly string[], stdin: string): Promise<{ readonly verdict: Verdict; readonly said: string }> {
  const { exitCode, stdout, stderr } = await proc.run({ tool: 'ssh-keygen', argv, effect: 'read', stdin, timeoutMs: VERIFY_MS, ok: [0, 1, 255] });
  const said = (stdout.trim().split('\n').at(-1) ?? '').replace(/^Good "[^"]*" signature /, 'signed ');
  return exitCode === 0 ? { verdict: { is: 'pass', because: said }, said } : { verdict: { is: 'fail', because: (stderr.trim() || stdout.trim()).split('\n').at(-1) ?? 'ssh-keygen says no' }, said };
}

const LINE = 70;
/** Base 64 can say the same bytes in several ways; ours says them in one, so that any changed character is seen. */
function canonical(text: string): boolean {
  const [, body] = /^-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/=\n]+)\n-----END SSH SIGNATURE-----\n$/.exec(text) ?? [];
  if (body === undefined) return false;
  const again = Buffer.from(body.replaceAll('\n', ''), 'base64').toString('base64');
  return body === (again.match(new RegExp(`.{1,${LINE}}`, 'g')) ?? []).join('\n');
}
