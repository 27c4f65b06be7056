import type { ActionContext } from './task.ts';

/** What the lab's own command needs to know of where we are. */
export function labPlace(cx: ActionContext): { readonly programRoot: string; readonly root: string; readonly taskDir: string; readonly env: Readonly<Record<string, string | undefined>>; readonly signal: AbortSignal } {
  return { programRoot: cx.programRoot, root: cx.root, taskDir: cx.taskDir, env: cx.environment, signal: cx.signal };
}
