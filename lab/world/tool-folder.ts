import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ActiveFault } from './types.ts';

const TOOLS = ['flux', 'helm', 'helmfile', 'op', 'talosctl'] as const;
/** The tool a fault befalls when none is named: one whose part in a create shows it best. No entry: every tool. */
const USUAL: Readonly<Record<string, (typeof TOOLS)[number]>> = { 'tool-missing': 'helmfile', 'tool-wrong-version': 'talosctl', 'child-ignores-sigterm': 'helmfile' };

/** What stands in front of the stand-in while a fault is on: lines of a POSIX shell, `real` starts the stand-in itself. */
const IN_FRONT: Readonly<Record<string, (real: string) => readonly string[]>> = {
  'tool-wrong-version': (real) => [
    'for word in "$@"; do',
    `  case $word in --client | --short | --version) ${real} "$@" | sed -E 's/[0-9]+[.][0-9]+[.][0-9]+/0.9.9/'; exit 0 ;; esac`,
    'done',
  ],
  'tool-warns-on-stdout': () => [
    "echo 'WARNING: the configuration file is group-readable. This is insecure.'",
    `echo 'W1121 10:00:00.000000       1 warnings.go:70] this version is deprecated'`,
  ],
  // What is ignored stays ignored in what is started from here: nothing in the group ends before KILL. Its number is beside it, for whoever looks.
  'child-ignores-sigterm': () => [
    'for word in "$@"; do',
    `  case $word in sync | bootstrap | reconcile | list) trap '' TERM INT HUP; echo 'waiting for a lock' >&2; echo $$ > "$0.hangs"; while :; do sleep 1; done ;; esac`,
    'done',
  ],
};

/** Whether a fault is one of the tools'; then its object is a tool, the usual one when none is named. */
export function toolOf(fault: string, named: string | undefined): { readonly tool: string | undefined } | { readonly error: string; readonly hint: string } | undefined {
  if (fault !== 'tool-missing' && IN_FRONT[fault] === undefined) return undefined;
  if (named === undefined || TOOLS.some((tool) => tool === named)) return { tool: named ?? USUAL[fault] };
  return { error: `the lab has no tool ${named}`, hint: `tools: ${TOOLS.join(', ')}` };
}

/**
 * The folder that goes first on PATH. Without a fault of the tools that is the stand-ins' own; with one, a folder of the
 * world in which the tools the fault befalls misbehave and the others are handed through.
 */
export function toolFolder(bin: string, worldFolder: string, faults: readonly ActiveFault[]): string {
  const on = faults.filter((fault) => toolOf(fault.fault, fault.object) !== undefined);
  if (on.length === 0) return bin;
  const folder = join(worldFolder, 'bin');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const tool of TOOLS) {
    const befalls = on.filter((fault) => fault.object === undefined || fault.object === tool);
    const file = join(folder, tool);
    if (befalls.some((fault) => fault.fault === 'tool-missing')) {
      rmSync(file, { force: true });
      continue;
    }
    const real = `'${join(bin, tool).replaceAll("'", String.raw`'\''`)}'`;
    const lines = befalls.flatMap((fault) => [`# The lab's fault ${fault.fault}.`, ...(IN_FRONT[fault.fault]?.(real) ?? [])]);
    // Whole or not at all: another task of this world may be starting it.
    writeFileSync(`${file}.new`, `${['#!/bin/sh', ...lines, `exec ${real} "$@"`].join('\n')}\n`, { mode: 0o700 });
    renameSync(`${file}.new`, file);
  }
  return folder;
}
