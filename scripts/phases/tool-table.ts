import type { Verdict } from '../engine/verdict.ts';
import { findTool } from '../tools/environment.ts';
import { makeProc } from '../tools/proc.ts';
import { buildableTools, builtTool, toolsCache } from '../tools/toolchain.ts';
import { toolVersions, type ToolVersion } from '../tools/versions.ts';
import type { ActionContext } from './task.ts';

export interface ToolRow {
  readonly tool: string;
  readonly pin: string | undefined;
  readonly version: string | undefined;
  readonly file: string | undefined;
  /** PATH, the lab's stand-in, the tools cache, or nowhere. */
  readonly origin: string;
  readonly verdict: Verdict;
}

/** Tools that only checks of manifests use: their absence stops no cluster. */
const OPTIONAL = new Set(['kustomize', 'kubeconform', 'flux', 'age', 'sops']);

/** Every tool with its pin, what is found where, and whether we can drive it. */
export async function toolTable(cx: ActionContext): Promise<readonly ToolRow[]> {
  const { site } = { site: await cx.site() };
  const proc = makeProc({
    lane: '', step: 'tools', emit: cx.emit, signal: cx.signal, dryRun: false, redactor: cx.redactor, taskDir: cx.taskDir,
    looking: true, env: cx.environment, site: { target: cx.target },
  });
  const cache = toolsCache(cx.environment);
  const built = new Map(buildableTools(cx.programRoot).map((tool) => [tool.tool, builtTool(cache, tool)]));
  return (await toolVersions(proc, site.versions.tools)).map((found) => {
    const path = `${cx.target.path === null ? '' : `${cx.target.path}:`}${cx.environment['PATH'] ?? ''}`;
    const onPath = findTool(found.tool, path);
    const inCache = built.get(found.tool);
    const cached = inCache === undefined ? undefined : findTool(inCache, '');
    const file = onPath ?? cached;
    const origin = file === undefined ? 'nowhere' : file === cached ? 'tools cache' : cx.target.path !== null && file.startsWith(cx.target.path) ? "the lab's stand-in" : 'PATH';
    return { tool: found.tool, pin: found.wanted, version: found.found, file, origin, verdict: verdictOf(found, cached !== undefined, inCache !== undefined) };
  });
}

function verdictOf(found: ToolVersion, cached: boolean, buildable: boolean): Verdict {
  const hint = { hint: hintOf(found, buildable) };
  switch (found.is) {
    case 'same':
    case 'close':
    case 'unpinned': return { is: 'pass', because: found.because };
    case 'different': return { is: 'fail', because: found.because, ...hint };
    case 'unknown': return { is: 'unknown', because: found.because, ...hint };
    case 'missing':
      if (cached) return { is: 'pass', because: 'built by tools:install' };
      return OPTIONAL.has(found.tool) ? { is: 'skip', because: 'not here; only checks of manifests use it', ...hint } : { is: 'fail', because: found.because, ...hint };
  }
}

/** How to get it: built here where toolchain/ can, else as its makers distribute it. */
function hintOf(found: ToolVersion, buildable: boolean): string {
  if (buildable) return `task tools:install TOOL=${found.tool}`;
  const version = found.wanted === undefined ? '' : ` ${found.wanted}`;
  return found.tool === 'op' && found.hint !== undefined ? found.hint : `put ${found.tool}${version} on PATH: mise install, or your package manager`;
}
