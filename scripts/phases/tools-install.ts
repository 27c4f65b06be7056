import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure } from '../engine/failure.ts';
import { findTool } from '../tools/environment.ts';
import { passThrough } from '../tools/passthrough.ts';
import { makeProc } from '../tools/proc.ts';
import { buildableTools, builtTool, toolsCache, type Buildable } from '../tools/toolchain.ts';
import type { Action, ActionContext } from './task.ts';

/** Fetching a module, wall ms. */
const FETCH_MS = 600_000;

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
  const env = { ...cx.environment, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' };
  const copy = existsSync(join(tool.folder, 'add')) ? `${part}.source` : undefined;
  let code: number;
  try {
    const [folder, main] = copy === undefined ? [tool.folder, tool.mainPackage] : [copy, await laidOver(cx, tool, copy)];
    code = await passThrough(go, ['build', '-C', folder, '-trimpath', '-ldflags=-s -w', '-o', part, main], { cwd: cx.programRoot, env, signal: cx.signal });
  } finally {
    if (copy !== undefined) rmSync(copy, { recursive: true, force: true });
  }
  if (code !== 0) {
    throw new Failure({ exit: code === 130 ? 'interrupted' : 'rerun', what: `${tool.tool} ${tool.version} could not be built`, because: `go build ended with ${code}; its words are above`, hint: 'with a network to the Go module proxy, run the same command again: what was fetched is kept' });
  }
  renameSync(part, file);
  return said('built');
};
export default toolsInstall;

/** Copies a tool's module, its sums checked, and lays the files of add/ over it. Answers the main package, relative to the copy. */
async function laidOver(cx: ActionContext, tool: Buildable, copy: string): Promise<string> {
  const proc = makeProc({ lane: '', step: 'tools:install', emit: cx.emit, signal: cx.signal, dryRun: false, looking: true, redactor: cx.redactor, taskDir: cx.taskDir, env: { ...cx.environment, GOFLAGS: '-mod=readonly' }, site: { target: cx.target } });
  const { stdout } = await proc.run({ tool: 'go', argv: ['-C', tool.folder, 'mod', 'download', '-json', tool.module], effect: 'local', timeoutMs: FETCH_MS });
  const said: unknown = JSON.parse(stdout);
  const from = typeof said === 'object' && said !== null && 'Dir' in said && typeof said.Dir === 'string' ? said.Dir : undefined;
  if (from === undefined) throw new Failure({ exit: 'rerun', what: `go does not say where the module of ${tool.tool} is`, because: stdout.trim().slice(0, 200), hint: 'go clean -modcache, then the same command again' });
  cpSync(from, copy, { recursive: true });
  // Modules lie there so that nobody can change them; the copy is ours to add to and to take away.
  for (const folder of [copy, ...readdirSync(copy, { recursive: true, withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))]) chmodSync(folder, 0o755);
  cpSync(join(tool.folder, 'add'), copy, { recursive: true });
  return `.${tool.mainPackage.slice(tool.module.length)}`;
}
