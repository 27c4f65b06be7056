import { statSync } from 'node:fs';
import type { Scope } from './doors.ts';
import { childEnvironment, findTool, inherited } from './environment.ts';

/** Versions by program file; all lanes of a run live in one process. */
const asked = new Map<string, Promise<string>>();

/**
 * A tool's version, asked once for all lanes of a run: by the path the tool is found at and the time it was written, so that
 * a tool that was replaced is asked again. A question that fails is not kept, and whoever waited for it asks for himself:
 * it may have been another lane's interruption.
 */
export async function versionOnce(scope: Pick<Scope, 'env' | 'site'>, tool: string, ask: () => Promise<string>): Promise<string> {
  const env = childEnvironment({ tool, inherit: scope.env ?? inherited(), target: scope.site.target, kubeconfig: undefined, talosconfig: undefined });
  const file = findTool(tool, env['PATH'] ?? '');
  if (file === undefined) return ask();
  const key = `${file} ${statSync(file).mtimeMs}`;
  const others = asked.get(key);
  if (others !== undefined) return others.catch(ask);
  const ours = ask();
  asked.set(key, ours);
  try {
    return await ours;
  } catch (error) {
    asked.delete(key);
    throw error;
  }
}
