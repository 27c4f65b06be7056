import { existsSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { handleVerb } from './verbs.ts';
import type { DaemonState } from './verbs.ts';
import { ask, buildOf, NoDaemon, PROTOCOL } from './protocol.ts';
import type { DaemonReply, DaemonRequest } from './protocol.ts';
import { isFields } from './value.ts';
import { labFolderOf } from './world.ts';

/** A request is a line; more than this without an end is no request. */
const LONGEST_LINE = 1024 * 1024;
/** Wall ms between two looks at whether anybody still needs the daemon. */
const LOOK_EVERY = 2_000;

/**
 * Runs the lab's daemon on a socket until it is told to quit, nobody asks anything of its worlds for `idleMinutes` of wall time, or
 * the folders of all its worlds are gone. State is saved before it ends.
 */
export async function runDaemon(options: { readonly socket: string; readonly labFolder: string; readonly idleMinutes: number }): Promise<void> {
  const state: DaemonState = { ...options, build: buildOf(options.labFolder), worlds: new Map(), opening: new Map(), taken: new Set(), lastUse: Date.now(), node: process.execPath, had: false };
  const server = createServer((connection) => serve(state, connection, () => void quit(0)));
  let quitting = false;

  const quit = async (code: number): Promise<void> => {
    if (quitting) return;
    quitting = true;
    server.close();
    if (mine()) unlinkSync(options.socket);
    for (const world of state.worlds.values()) await world.end(false);
    process.exit(code);
  };
  let inode = 0;
  const mine = (): boolean => existsSync(options.socket) && statSync(options.socket).ino === inode;

  await listen(server, options.socket);
  inode = statSync(options.socket).ino;
  const look = setInterval(() => {
    // Another daemon took the place while this one started: that one has the callers.
    if (!mine()) return void quit(0);
    for (const [key, world] of state.worlds) {
      if (existsSync(labFolderOf(world.taskDir))) continue;
      state.worlds.delete(key);
      void world.end(true);
    }
    const idle = Date.now() - state.lastUse > options.idleMinutes * 60_000;
    if (idle || (state.had && state.worlds.size === 0 && state.opening.size === 0 && Date.now() - state.lastUse > LOOK_EVERY)) void quit(0);
  }, LOOK_EVERY);
  look.unref();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void quit(0));
  process.on('uncaughtException', (error) => {
    // A mistake in one world must not end the others; it is told where people look.
    process.stderr.write(`${new Date().toISOString()} ${error.stack ?? error.message}\n`);
  });
  process.on('unhandledRejection', (reason) => { process.stderr.write(`${new Date().toISOString()} ${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}\n`); });
  process.stderr.write(`${new Date().toISOString()} daemon ${process.pid} on ${options.socket}\n`);
}

async function listen(server: ReturnType<typeof createServer>, socket: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(socket, () => {
          server.off('error', reject);
          resolve();
        });
      });
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') || tries > 2) throw error;
      try {
        await ask(socket, { verb: 'hello' }, 3_000);
        // Another one was faster; its callers are served.
        process.exit(0);
      } catch (answer) {
        if (!(answer instanceof NoDaemon)) throw answer;
        unlinkSync(socket);
      }
    }
  }
}

function serve(state: DaemonState, connection: Socket, quit: () => void): void {
  let text = '';
  let done = false;
  connection.setEncoding('utf8');
  connection.on('error', () => connection.destroy());
  connection.on('data', (chunk: string) => {
    if (done) return;
    text += chunk;
    const end = text.indexOf('\n');
    if (end < 0) {
      if (text.length > LONGEST_LINE) connection.destroy();
      return;
    }
    done = true;
    void reply(state, text.slice(0, end)).then((answer) => {
      connection.end(JSON.stringify(answer) + '\n', () => { if (answer.ok && answer['quit'] === true) quit(); });
    });
  });
}

async function reply(state: DaemonState, line: string): Promise<DaemonReply> {
  try {
    const request: unknown = JSON.parse(line);
    if (!isFields(request) || typeof request['verb'] !== 'string') return { ok: false, error: 'not a request of the lab' };
    if (request['protocol'] !== PROTOCOL) return { ok: false, error: `this daemon speaks protocol ${PROTOCOL}, the request ${String(request['protocol'])}`, hint: 'end it with `lab down` of the version that started it' };
    const asked: DaemonRequest = { ...request, protocol: PROTOCOL, verb: request['verb'] as DaemonRequest['verb'] };
    return await handleVerb(state, asked);
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

/** Started by cli.ts: daemon.ts SOCKET LABFOLDER IDLE_MINUTES TASK_DIR. */
if (import.meta.main) {
  const [socket = '', labFolder = '', idle = '30', taskDir = ''] = process.argv.slice(2);
  await runDaemon({ socket, labFolder, idleMinutes: Number(idle) });
  if (existsSync(labFolderOf(taskDir))) writeFileSync(join(labFolderOf(taskDir), 'daemon.json'), JSON.stringify({ socket, pid: process.pid }), { mode: 0o600 });
}
