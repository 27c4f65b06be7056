import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where built tools are kept: a user folder keyed by tool and version, so that a fresh clone finds them again. */
export function toolsCache(env: Readonly<Record<string, string | undefined>>): string {
  const base = env['XDG_CACHE_HOME'] ?? join(env['HOME'] ?? homedir(), '.cache');
  return join(base, 'talos-flux-runner', 'tools');
}

export interface Buildable {
  readonly tool: string;
  /** Folder with go.mod, go.sum. */
  readonly folder: string;
  /** The main package `go build` is given. */
  readonly mainPackage: string;
  /** The module that package is in. */
  readonly module: string;
  readonly version: string;
}

/** Tools that toolchain/ can build, by folder name. */
export function buildableTools(programRoot: string): readonly Buildable[] {
  const base = join(programRoot, 'toolchain');
  if (!existsSync(base)) return [];
  return readdirSync(base, { withFileTypes: true }).filter((entry) => entry.isDirectory()).flatMap((entry) => {
    const folder = join(base, entry.name);
    // A folder without go.mod builds nothing (somebody is just making it).
    if (!existsSync(join(folder, 'go.mod'))) return [];
    const mod = readFileSync(join(folder, 'go.mod'), 'utf8');
    // go.mod's own `tool` directive names the package; its module's `require` line carries the version.
    const mainPackage = /^tool\s+(\S+)$/m.exec(mod)?.[1];
    if (mainPackage === undefined) return [];
    const requirement = [...mod.matchAll(/^(?:require\s+|\t)(\S+)\s+(v\S+)/gm)].filter(([, module]) => module !== undefined && (mainPackage === module || mainPackage.startsWith(`${module}/`)))
      .toSorted((a, b) => (b[1]?.length ?? 0) - (a[1]?.length ?? 0))[0];
    return requirement?.[1] === undefined || requirement[2] === undefined ? [] : [{ tool: entry.name, folder, mainPackage, module: requirement[1], version: requirement[2] }];
  });
}

/** Where a built tool lies: the version and a digest of its go.sum, so that a changed pin is never taken for the old one. */
export function builtTool(cache: string, tool: Buildable): string {
  const sums = createHash('sha256').update(readFileSync(join(tool.folder, 'go.sum'))).digest('hex').slice(0, 12);
  return join(cache, tool.tool, `${tool.version}-${sums}`, tool.tool);
}
