import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { buildableTools, builtTool, toolsCache } from '../../tools/toolchain.ts';
import { cacheFolder, findTool } from '../../tools/environment.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Rooms whose code makes an answer, and what they are made with. */
const ROOMS = ['scripts/manifests', 'scripts/config', 'scripts/tools', 'scripts/health'];
const FILES = ['package.json', 'package-lock.json'];

/** Which program answers: its own files by size and time of change, its packages, its Node. A remembered answer of another program counts for nothing. */
export function programNow(programRoot: string): string {
  const hash = createHash('sha256').update(`${process.version} ${process.platform} ${process.arch}\n`);
  const add = (file: string): void => {
    const stat = statSync(join(programRoot, file), { throwIfNoEntry: false });
    hash.update(`${file} ${stat === undefined ? 'none' : `${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`}\n`);
  };
  for (const file of FILES) add(file);
  for (const room of ROOMS) for (const file of below(programRoot, room)) add(file);
  return hash.digest('base64url');
}

function below(root: string, folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? below(root, `${folder}/${entry.name}`) : [`${folder}/${entry.name}`])).toSorted();
}

/** Tools that may have a part in an answer. */
const TOOLS = ['kustomize', 'helm', 'kubeconform', 'gitleaks', 'flux', 'git', 'sops'];

/** Which binary each tool is now, by place, size and time: installing one, or another version, is another question. */
export function toolsNow(env: Environment, programRoot: string): readonly string[] {
  const cache = toolsCache(env);
  const built = new Map(buildableTools(programRoot).map((tool) => [tool.tool, builtTool(cache, tool)]));
  return TOOLS.flatMap((tool) => [findTool(tool, env['PATH'] ?? ''), built.get(tool)].map((file) => {
    const stat = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false });
    return `${tool} ${stat === undefined ? '' : `${file} ${stat.size} ${stat.mtimeMs}`}`;
  }));
}

/** Where answers about trees are remembered. */
export function memoryFolder(env: Environment): string {
  return join(cacheFolder(env), 'manifests', 'answers');
}
