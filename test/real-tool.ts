import { existsSync } from 'node:fs';
import { delimiter } from 'node:path';
import { findTool } from '../scripts/tools/environment.ts';
import { buildableTools, builtTool, toolsCache } from '../scripts/tools/toolchain.ts';

const ROOT = new URL('../', import.meta.url).pathname;

/** The real tool: on PATH (the lab's stand-in does not count), or as tools:install builds it; undefined when there is none. */
export function realTool(tool: string): string | undefined {
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.startsWith(ROOT)).join(delimiter);
  const built = buildableTools(ROOT).find((each) => each.tool === tool);
  const cached = built === undefined ? undefined : builtTool(toolsCache(process.env), built);
  return findTool(tool, path) ?? (cached !== undefined && existsSync(cached) ? cached : undefined);
}
