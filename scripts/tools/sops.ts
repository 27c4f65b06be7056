import { join } from 'node:path';
import { dig } from '../config/data.ts';
import { Failure } from '../engine/failure.ts';
import { lastWords } from './command-line.ts';
import type { Proc } from './doors.ts';
import { ToolFailure } from './proc.ts';

/** Wall ms. A key may be in a hardware token that wants to be touched. */
const TIMEOUT_MS = 90_000;

/** Prints a whole file decrypted, as JSON whatever its form. The key comes from SOPS_AGE_KEY_FILE or where sops looks itself. */
export const decryptArgs = (file: string): string[] => ['--decrypt', '--output-type', 'json', file];

export async function sopsVersion(proc: Proc): Promise<string> {
  const { stdout } = await proc.run({ tool: 'sops', argv: ['--version'], effect: 'read', timeoutMs: 20_000 });
  const version = /sops v?(\d+\.\d+\.\d+\S*)/.exec(stdout)?.[1];
  if (version === undefined) throw new Failure({ exit: 'rerun', what: 'cannot read the version of sops', because: `it printed: ${stdout.trim().slice(0, 120)}`, hint: 'task tools:check' });
  return version;
}

/** What a file holds, or why it cannot be read. The text is never kept. */
export async function decryptFile(proc: Proc, root: string, file: string): Promise<{ readonly data: unknown } | { readonly because: string }> {
  let text: string;
  try {
    text = (await proc.run({ tool: 'sops', argv: decryptArgs(join(root, file)), effect: 'read', timeoutMs: TIMEOUT_MS })).stdout;
  } catch (error) {
    if (!(error instanceof ToolFailure)) throw error;
    return { because: `sops: ${complaint(error.stderr)}` };
  }
  try {
    return { data: JSON.parse(text) };
  } catch {
    throw new Failure({ exit: 'rerun', what: `cannot read what sops printed of ${file}`, because: 'it is no JSON', hint: 'task tools:check' });
  }
}

/** sops explains at length; the line that counts names the key or says what failed. */
function complaint(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  return lines.find((line) => /no identity matched|no age identity|failed to load age identities|error (?:decrypting|loading|unmarshalling)|no such file|MAC mismatch/i.test(line))?.slice(0, 200) ?? lastWords(stderr, 2, 200);
}

/** The text at a path of keys; numbers and truth values as they are written. undefined: nothing is there, or no single value. */
export function textAt(data: unknown, key: readonly string[]): string | undefined {
  const value = dig(data, key);
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
