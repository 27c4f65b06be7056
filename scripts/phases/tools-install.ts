import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { Failure } from '../engine/failure.ts';
import { buildableTools, builtTool, toolsCache } from '../tools/toolchain.ts';
import { passThrough } from '../tools/passthrough.ts';
import { findTool } from '../tools/environment.ts';
import type { Action } from './task.ts';

/** Builds one pinned tool from toolchain/ into the user cache; there already means done. */
const toolsInstall: Action = async (cx) => {
  const wanted = cx.variables['TOOL'] ?? '';
  const known = buildableTools(cx.programRoot);
  const tool = known.find((candidate) => candidate.tool === wanted);
  if (tool === undefined) {
    throw new Failure({ exit: 'usage', what: `toolchain/ cannot build ${wanted}`, hint: `it builds ${known.map((candidate) => candidate.tool).join(', ')}; other tools: mise install, or your package manager` });
  }
  const file = builtTool(toolsCache(cx.environment), tool);
  const said = (text: string) => ({
    exit: 'done' as const,
    result: { tool: tool.tool, version: tool.version, file },
    render: (style: { green(text: string): string }) => [`${style.green('✔')} ${tool.tool} ${tool.version} ${text}: ${file}`],
  });
  if (existsSync(file)) return said('is built');
  const go = findTool('go', cx.environment['PATH'] ?? '');
  if (go === undefined) {
    throw new Failure({ exit: 'toolMissing', what: `${tool.tool} ${tool.version} is built from its Go module, and Go is missing`, hint: `install Go (https://go.dev/dl), or get ${tool.tool} ${tool.version} from mise or your package manager and put it on PATH` });
  }
  mkdirSync(dirname(file), { recursive: true });
  // Built aside and renamed: a build that was interrupted is never taken for a tool.
  const part = `${file}.${process.pid}.part`;
  cx.emit({ type: 'note', lane: '', step: 'tools:install', level: 'info', text: `building ${tool.tool} ${tool.version} from its pinned Go module; the first build takes a minute or two` });
  const code = await passThrough(go, ['build', '-C', tool.folder, '-trimpath', '-ldflags=-s -w', '-o', part, tool.mainPackage], {
    cwd: cx.programRoot, env: { ...cx.environment, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' }, signal: cx.signal,
  });
  if (code !== 0) {
    throw new Failure({ exit: code === 130 ? 'interrupted' : 'rerun', what: `${tool.tool} ${tool.version} could not be built`, because: `go build ended with ${code}; its words are above`, hint: 'with a network to the Go module proxy, run the same command again: what was fetched is kept' });
  }
  renameSync(part, file);
  return said('built');
};
export default toolsInstall;
