import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cx } from '../context.ts';

/** A round of reboots that is not over: which boot each machine was in when it began. A machine in another boot had its turn. */
export interface Round { readonly at: number; readonly boots: Readonly<Record<string, string>> }

/** A round this old was given up: what was to be rebooted then is asked anew. */
const TOO_OLD = 24 * 3_600_000;
const fileOf = (cx: Pick<Cx, 'clusterDir'>): string => join(cx.clusterDir, 'reboot-round.json');

/** The round an earlier run did not see to its end; undefined for none, an old one, or one of other machines. */
export function openRound(cx: Pick<Cx, 'clusterDir' | 'clock'>, machines: readonly string[]): Round | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(fileOf(cx), 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError || (error instanceof Error && 'code' in error && error.code === 'ENOENT')) return undefined;
    throw error;
  }
  if (typeof parsed !== 'object' || parsed === null || !('at' in parsed && 'boots' in parsed) || typeof parsed.at !== 'number' || typeof parsed.boots !== 'object' || parsed.boots === null) return undefined;
  const boots = Object.fromEntries(Object.entries(parsed.boots).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
  const same = machines.length === Object.keys(boots).length && machines.every((name) => name in boots);
  return same && cx.clock.now() - parsed.at < TOO_OLD ? { at: parsed.at, boots } : undefined;
}

/** Remembers which boot each machine is in, before the first is rebooted. */
export function beginRound(cx: Pick<Cx, 'clusterDir' | 'clock'>, boots: Round['boots']): Round {
  mkdirSync(cx.clusterDir, { recursive: true, mode: 0o700 });
  const round: Round = { at: cx.clock.now(), boots };
  const partial = `${fileOf(cx)}.${process.pid}`;
  writeFileSync(partial, `${JSON.stringify(round)}\n`, { mode: 0o600 });
  renameSync(partial, fileOf(cx));
  return round;
}

export function endRound(cx: Pick<Cx, 'clusterDir'>): void {
  rmSync(fileOf(cx), { force: true });
}
