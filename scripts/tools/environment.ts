import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import type { TargetFile } from '../config/target.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What child processes inherit when the caller's scope does not say. Child processes are this room's, and so is this one look at the
 * process's own environment; nothing is decided by it.
 */
export function inherited(): Environment {
  return process.env;
}

/** Variables by which somebody's ambient shell could choose a cluster, a shell start-up file or our own shell layer for us. */
const NEVER_INHERITED = [
  /^ZX_/, /^BASH_ENV$/, /^ENV$/, /^BASH_FUNC_/, /^SHELLOPTS$/, /^BASHOPTS$/,
  /^TALOS/, /^SIDEROV1_/, /^OMNI_/, /^KUBE/, /^HELM_(KUBE|NAMESPACE|DRIVER|DEBUG|BIN)/, /^HELMFILE_/, /^FLUX_/, /^GIT_(DIR|WORK_TREE|INDEX_FILE)$/,
];
/** What opens a secret store; only the tool that asks that store gets it. */
const SIGN_IN: Readonly<Record<string, RegExp>> = { op: /^OP_/, sops: /^SOPS_/ };

export interface ChildEnvironment {
  readonly tool: string;
  readonly inherit: Environment;
  readonly target: TargetFile;
  /** Files of the cluster the command is for; undefined becomes /dev/null, so that no other cluster is ever a default. */
  readonly kubeconfig: string | undefined;
  readonly talosconfig: string | undefined;
  readonly extra?: Readonly<Record<string, string>> | undefined;
}

/** Environment of a child process: inherited, without ambient contexts, the target's folder first on PATH. Pure. */
export function childEnvironment(options: ChildEnvironment): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.inherit)) {
    if (value === undefined || NEVER_INHERITED.some((rule) => rule.test(name))) continue;
    if (Object.entries(SIGN_IN).some(([tool, rule]) => tool !== options.tool && rule.test(name))) continue;
    env[name] = value;
  }
  Object.assign(env, options.target.env);
  const path = options.inherit['PATH'] ?? '/usr/local/bin:/usr/bin:/bin';
  env['PATH'] = options.target.path === null ? path : `${options.target.path}${delimiter}${path}`;
  env['HOME'] = options.inherit['HOME'] ?? '/nonexistent';
  env['KUBECONFIG'] = options.kubeconfig ?? '/dev/null';
  env['TALOSCONFIG'] = options.talosconfig ?? '/dev/null';
  // Colour codes and translated messages would only have to be parsed away again.
  env['NO_COLOR'] = '1';
  env['LC_ALL'] = 'C.UTF-8';
  return Object.assign(env, options.extra);
}

/** Where `tool` is found on `path` (a PATH value), or undefined. A tool given as a path is taken as it is. */
export function findTool(tool: string, path: string): string | undefined {
  if (tool.includes('/')) return isAbsolute(tool) && executable(tool) ? tool : undefined;
  for (const folder of path.split(delimiter)) {
    if (folder === '') continue;
    const file = join(folder, tool);
    if (executable(file)) return file;
  }
  return undefined;
}

function executable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    // Not there, or not ours to run: both mean "look further along PATH".
    return false;
  }
}

const SYSTEM_TOOLS = new Set(['bash', 'cat', 'git']);

/** How to come by a tool: built here where toolchain/ can, else from its makers; `wanted` is the pinned version. */
export function installHint(tool: string, wanted?: string): string {
  const named = wanted === undefined ? tool : `${tool} ${wanted}`;
  if (SYSTEM_TOOLS.has(tool)) return `install ${tool} with the system's package manager`;
  if (existsSync(new URL(`../../toolchain/${tool}/go.mod`, import.meta.url))) return `task tools:install TOOL=${tool}   (or put ${named} first on PATH yourself)`;
  const from = tool === 'op' ? 'the 1Password CLI (https://developer.1password.com/docs/cli/get-started)' : named;
  return `install ${from} and put it on PATH: task tools:check shows what is found and wanted; without any tools: TARGET=lab`;
}

let version: string | undefined;
/** This program's version, from its package.json. */
export function programVersion(): string {
  if (version !== undefined) return version;
  const file = new URL('../../package.json', import.meta.url);
  const parsed: unknown = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const found = typeof parsed === 'object' && parsed !== null && 'version' in parsed ? parsed.version : undefined;
  version = typeof found === 'string' ? found : 'unknown';
  return version;
}

/** Folder for what may be fetched again: $XDG_CACHE_HOME or ~/.cache, ours below it. */
export function cacheFolder(env: Environment): string {
  const base = env['XDG_CACHE_HOME'];
  return join(base !== undefined && isAbsolute(base) ? base : join(env['HOME'] ?? '/tmp', '.cache'), 'talos-flux-runner');
}
