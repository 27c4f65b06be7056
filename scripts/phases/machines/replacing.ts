import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from '../../config/cluster.ts';
import type { Cx } from '../context.ts';

/** A replacement that is not over: the old machine is out of the cluster; `bare`: the one that takes its place was seen in maintenance mode, so what is installed there now is the new one. */
export interface Replacing { readonly at: number; readonly bare: boolean }

type Place = Pick<Cx, 'clusterDir'>;
const fileOf = (cx: Place, machine: Machine): string => join(cx.clusterDir, `replacing-${machine.name}.json`);

/** What an earlier run remembered of a machine's replacement; undefined for none. */
export function replacing(cx: Place, machine: Machine): Replacing | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(fileOf(cx, machine), 'utf8'));
    if (typeof parsed !== 'object' || parsed === null || !('at' in parsed && 'bare' in parsed)) return undefined;
    return typeof parsed.at === 'number' ? { at: parsed.at, bare: parsed.bare === true } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || (error instanceof Error && 'code' in error && error.code === 'ENOENT')) return undefined;
    throw error;
  }
}

/** Remembers it, whole or not at all. */
export function remember(cx: Place, machine: Machine, mark: Replacing): void {
  mkdirSync(cx.clusterDir, { recursive: true, mode: 0o700 });
  const partial = `${fileOf(cx, machine)}.${process.pid}`;
  writeFileSync(partial, `${JSON.stringify(mark)}\n`, { mode: 0o600 });
  renameSync(partial, fileOf(cx, machine));
}

export function forget(cx: Place, machine: Machine): void {
  rmSync(fileOf(cx, machine), { force: true });
}
