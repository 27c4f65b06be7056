import { ask } from '../../world/protocol.ts';

/** Writes a line of a stand-in into the lab's log. Without a daemon there is no log to write to, and the tool's own stderr says the same. */
export async function note(tool: string, what: string, object: string): Promise<void> {
  const [socket, world] = [process.env['LAB_SOCKET'], process.env['LAB_WORLD']];
  if (socket === undefined || world === undefined) return;
  try {
    await ask(socket, { verb: 'note', world, by: tool, note: 'not-modelled', object: object.slice(0, 300), result: what }, 2_000);
  } catch {
    // The lab is down; there is no log.
  }
}
