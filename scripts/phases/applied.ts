import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Which machines we have handed a configuration to, and when. A silent machine that we configured a moment ago is
 * rebooting; one that we never touched is switched off or not there, and waiting for it would only hide that.
 */
export function rememberApplied(clusterDir: string, machine: string, at: number): void {
  mkdirSync(clusterDir, { recursive: true, mode: 0o700 });
  const file = join(clusterDir, 'applied.json');
  const partial = `${file}.${process.pid}`;
  writeFileSync(partial, `${JSON.stringify({ ...appliedMachines(clusterDir), [machine]: at })}\n`, { mode: 0o600 });
  renameSync(partial, file);
}

/** Machine name to the time (ms, run's clock) of its last configuration; empty when none was given. */
export function appliedMachines(clusterDir: string): Readonly<Record<string, number>> {
  let text: string;
  try {
    text = readFileSync(join(clusterDir, 'applied.json'), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== 'object' || parsed === null) return {};
  return Object.fromEntries(Object.entries(parsed).filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
}
