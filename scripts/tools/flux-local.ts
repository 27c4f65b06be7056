import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { Failure } from '../engine/failure.ts';
import { findTool, type Environment } from './environment.ts';
import { timeCommand } from './stopwatch.ts';
import { buildableTools, builtTool, toolsCache } from './toolchain.ts';

/** Its last release; it needs Python 3.13, and kustomize and flux on PATH. */
const VERSION = '8.4.0';

/** flux-local, as `task bench` compares with it: what to start, in which environment; or why it cannot be had here. */
export type FluxLocal = { readonly file: string; readonly version: string; readonly env: Environment } | { readonly missing: string; readonly hint: string };

/** Finds flux-local in the user's cache, or installs it there from PyPI into a Python environment of its own. For `task bench` only. */
export async function fluxLocal(options: { readonly programRoot: string; readonly env: Environment; readonly signal: AbortSignal }): Promise<FluxLocal> {
  const { env, signal } = options;
  const run = { cwd: options.programRoot, env, signal };
  const folders: string[] = [];
  for (const tool of ['kustomize', 'flux']) {
    const file = toolFile(tool, options);
    if (file === undefined) return { missing: `flux-local drives ${tool}, and ${tool} is neither on PATH nor built`, hint: `./task tools:install TOOL=${tool}` };
    folders.push(dirname(file));
  }
  const python = await findPython(run);
  if (python === undefined) return { missing: `flux-local ${VERSION} needs Python 3.13`, hint: 'put python3.13 on PATH' };
  const home = join(dirname(toolsCache(env)), 'bench', `flux-local-${VERSION}`);
  const stamp = join(home, 'installed');
  if (!existsSync(stamp)) {
    try {
      // An environment cannot be moved: one that was not finished is made anew.
      rmSync(home, { recursive: true, force: true });
      mkdirSync(home, { recursive: true });
      await timeCommand(python, ['-m', 'venv', join(home, 'venv')], run);
      await timeCommand(join(home, 'venv/bin/pip'), ['install', '--quiet', '--disable-pip-version-check', `flux-local==${VERSION}`], run);
      writeFileSync(stamp, '');
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return { missing: `flux-local ${VERSION} cannot be installed: ${(error.because ?? error.what).trim().split('\n').at(-1) ?? ''}`, hint: 'with a network to PyPI, run the same command again' };
    }
  }
  return { file: join(home, 'venv/bin/flux-local'), version: VERSION, env: { ...env, PATH: [...folders, env['PATH'] ?? ''].join(delimiter) } };
}

function toolFile(tool: string, { programRoot, env }: { readonly programRoot: string; readonly env: Environment }): string | undefined {
  const known = buildableTools(programRoot).find((each) => each.tool === tool);
  const built = known === undefined ? undefined : builtTool(toolsCache(env), known);
  return built !== undefined && existsSync(built) ? built : findTool(tool, env['PATH'] ?? '');
}

/** The first Python that is one: those of pyenv stand on PATH also where none is chosen. */
async function findPython(run: { readonly cwd: string; readonly env: Environment; readonly signal: AbortSignal }): Promise<string | undefined> {
  const versions = join(run.env['HOME'] ?? homedir(), '.pyenv/versions');
  const ofPyenv = existsSync(versions) ? readdirSync(versions).filter((name) => /^3\.1[3-9]\b/.test(name)).map((name) => join(versions, name, 'bin/python3')) : [];
  const onPath = ['python3.13', 'python3.14', 'python3'].flatMap((name) => findTool(name, run.env['PATH'] ?? '') ?? []);
  for (const python of [...onPath, ...ofPyenv]) {
    try {
      await timeCommand(python, ['-c', 'import sys, venv; sys.exit(sys.version_info < (3, 13))'], run);
      return python;
    } catch (error) {
      // Too old, or none: the next. An interruption is one.
      if (run.signal.aborted) throw error;
    }
  }
  return undefined;
}
