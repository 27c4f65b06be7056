import { Failure } from '../engine/failure.ts';
import type { Proc } from './doors.ts';
import { findTool, type Environment } from './environment.ts';

const TIMEOUT_MS = 60_000;

/** A place gitleaks holds for a secret: line and column of the text it was given, from 1, and what it says of it. Never the secret. */
export interface Leak { readonly rule: string; readonly says: string; readonly line: number; readonly column: number; readonly endColumn: number }

export function findGitleaks(environment: Environment): string | undefined {
  return findTool('gitleaks', environment['PATH'] ?? '');
}

/** Arguments of one scan of standard input. The report is redacted: what it found passes through no pipe and no memory of ours. */
export function leaksArgs(config: string | undefined): string[] {
  return ['stdin', '--no-banner', '--no-color', '--log-level', 'error', '--redact', '--exit-code', '0', '--report-format', 'json', '--report-path', '-', ...(config === undefined ? [] : ['--config', config])];
}

/** Scans a text. `config` is a .gitleaks.toml. */
export async function gitleaks(proc: Proc, tool: string, text: string, config: string | undefined): Promise<readonly Leak[]> {
  const { stdout } = await proc.run({ tool, argv: leaksArgs(config), effect: 'read', stdin: text, timeoutMs: TIMEOUT_MS });
  return parseLeaks(stdout);
}

/** gitleaks' JSON report; nothing at all is no leak. */
export function parseLeaks(text: string): readonly Leak[] {
  if (text.trim() === '') return [];
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw unreadable(error);
  }
  if (parsed === null) return [];
  if (!Array.isArray(parsed)) throw unreadable();
  return parsed.map((each: unknown) => {
    const read = (key: string): unknown => (typeof each === 'object' && each !== null ? Reflect.get(each, key) : undefined);
    const line = Number(read('StartLine'));
    if (!Number.isInteger(line)) throw unreadable();
    return { rule: String(read('RuleID')), says: String(read('Description')), line, column: Number(read('StartColumn')) || 1, endColumn: Number(read('EndColumn')) || 1 };
  });
}

function unreadable(cause?: unknown): Failure {
  return new Failure({ exit: 'rerun', what: 'cannot read what gitleaks says', because: 'its report is not the JSON it should be', hint: 'gitleaks 8.19 or newer knows `gitleaks stdin`; or take it from PATH: the other rules about secrets need no tool', cause });
}
