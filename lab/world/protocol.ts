import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One JSON line asks, one JSON line answers. Raise this when the lines change their meaning. */
export const PROTOCOL = 1;

export interface DaemonRequest {
  readonly protocol: number;
  readonly verb: 'hello' | 'up' | 'down' | 'status' | 'break' | 'heal' | 'log' | 'busy' | 'requests' | 'fill' | 'data' | 'power' | 'quit' | 'secret' | 'note';
  /** TASK_DIR of the world, or its id. */
  readonly taskDir?: string;
  readonly world?: string;
  readonly [key: string]: unknown;
}
export type DaemonReply = { readonly ok: true; readonly [key: string]: unknown } | { readonly ok: false; readonly error: string; readonly hint?: string };

/** Nobody listens on the socket. */
export class NoDaemon extends Error {}

/** The socket of a checkout's own daemon. Short, for a socket's path may have 108 characters (104 on macOS). */
export function socketOf(labFolder: string): string {
  return join(tmpdir(), `lab-${process.getuid?.() ?? 0}-${createHash('sha256').update(labFolder).digest('hex').slice(0, 12)}.sock`);
}

/** Changes whenever a file of the lab does: a daemon must not run other code than its caller believes. */
export function buildOf(labFolder: string): string {
  const hash = createHash('sha256');
  for (const entry of readdirSync(labFolder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.(ts|json|yaml)$/.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const { mtimeMs, size } = statSync(path);
    hash.update(`${path} ${mtimeMs} ${size}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}

/** Asks the daemon. Throws NoDaemon when none listens, Error when it does not speak the lab's language or stays silent for `timeoutMs` wall ms. */
export function ask(socket: string, request: Omit<DaemonRequest, 'protocol'>, timeoutMs = 20_000): Promise<DaemonReply> {
  return new Promise((resolve, reject) => {
    const connection = createConnection(socket);
    let text = '';
    connection.setTimeout(timeoutMs, () => connection.destroy(new Error(`the lab's daemon at ${socket} did not answer within ${timeoutMs / 1000} s`)));
    connection.on('connect', () => connection.write(JSON.stringify({ protocol: PROTOCOL, ...request }) + '\n'));
    connection.on('data', (chunk: Buffer) => { text += chunk.toString(); });
    connection.on('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'ENOENT' || error.code === 'ECONNREFUSED' || (error.code === 'ECONNRESET' && text === '') ? new NoDaemon(`no daemon of the lab listens at ${socket}`) : error);
    });
    connection.on('end', () => {
      connection.destroy();
      try {
        const reply: DaemonReply = JSON.parse(text);
        if (typeof reply !== 'object' || reply === null || typeof reply.ok !== 'boolean') throw new SyntaxError('no reply');
        resolve(reply);
      } catch {
        // An end without an answer is a daemon that was just ending.
        reject(text === '' ? new NoDaemon(`the lab's daemon at ${socket} ended`) : new Error(`what listens at ${socket} is no daemon of this lab: ${text.slice(0, 80)}`));
      }
    });
  });
}
