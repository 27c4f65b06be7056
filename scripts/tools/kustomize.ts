import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Proc } from './doors.ts';
import { findTool, type Environment } from './environment.ts';
import { buildableTools, builtTool, toolsCache } from './toolchain.ts';

const PROGRAM_ROOT = dirname(dirname(import.meta.dirname));

/** Wall ms. A folder takes a fraction of a second; what is fetched from elsewhere may be slow. */
const BUILD_MS = 30_000;

/** What became of a build: its objects as YAML, or kustomize's own words. */
export type Kustomized = { readonly text: string } | { readonly error: string };

/** kustomize as Flux uses it: files anywhere in the tree may be named, charts and programs are not run. It knows no home of whoever runs this. */
export interface Kustomize {
  /** Builds a folder; absolute. */
  build(folder: string): Promise<Kustomized>;
}

/** Where kustomize is: on PATH, or as tools:install builds it; undefined when it is nowhere. */
export function findKustomize(environment: Environment): string | undefined {
  const onPath = findTool('kustomize', environment['PATH'] ?? '');
  if (onPath !== undefined) return onPath;
  const buildable = buildableTools(PROGRAM_ROOT).find(({ tool }) => tool === 'kustomize');
  const built = buildable === undefined ? undefined : builtTool(toolsCache(environment), buildable);
  return built !== undefined && existsSync(built) ? built : undefined;
}

export function buildArgs(folder: string): string[] {
  return ['build', folder, '--load-restrictor', 'LoadRestrictionsNone'];
}

/** kustomize whose own files are in `home` and nowhere else. */
export function makeKustomize(proc: Proc, tool: string, home: string): Kustomize {
  return {
    async build(folder) {
      // 1: the tree is wrong; that is an answer.
      const ran = await proc.run({ tool, argv: buildArgs(folder), effect: 'read', env: { HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home, GIT_TERMINAL_PROMPT: '0' }, timeoutMs: BUILD_MS, ok: [0, 1] });
      return ran.exitCode === 0 ? { text: ran.stdout } : { error: ran.stderr };
    },
  };
}
