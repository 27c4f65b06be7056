import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ask, buildOf, NoDaemon, socketOf } from './protocol.ts';
import type { DaemonReply } from './protocol.ts';
import { spawn } from 'node:child_process';

const LAB = dirname(import.meta.dirname);
const USAGE = `lab up|down|status|faults|break FAULT|heal [FAULT]|log|busy|requests|fill|data|policy|power on|off   [--json]
  up      [--speed N]                                     starts or goes on with the lab of this TASK_DIR
  down                                                    ends it and forgets its state
  break   FAULT [--cluster C] [--machine M] [--object O]  causes a fault;  lab faults lists them
  heal    [FAULT|--all] [--cluster C]
  log     [--since SEQ]
  busy                                                    simulated ms in which something was pending, per cluster
  requests                                                who asked the API servers and machines for what, how often
  fill    --cluster C [--pods N] [--flux N]               brings a cluster to N further pods and Flux objects, all well
  data                                                    every cluster gets the lab's own data sets, and backups of them, from now on
  power   on|off --machine M
from the environment or as flags: --root (TASK_ROOT), --task-dir (TASK_DIR), --speed (LAB_SPEED), --socket (LAB_SOCKET)
`;
/** Exit codes as the runner has them: 64 usage, 69 no daemon, 70 our mistake, 1 no. */
class Refusal extends Error {
  readonly code: number;
  readonly hint: string | undefined;
  constructor(code: number, message: string, hint?: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

interface Arguments { readonly verb: string; readonly word: string | undefined; readonly json: boolean; readonly all: boolean; readonly flags: Readonly<Record<string, string>> }
const FLAGS: Readonly<Record<string, readonly string[]>> = { up: ['speed'], break: ['cluster', 'machine', 'object'], heal: ['cluster'], log: ['since'], power: ['machine', 'cluster'], fill: ['cluster', 'pods', 'flux'] };
const COMMON = ['root', 'task-dir', 'socket'];
const WORDS: Readonly<Record<string, boolean>> = { up: false, down: false, status: false, faults: false, break: true, heal: true, log: false, busy: false, requests: false, fill: false, data: false, policy: false, power: true };

function parse(argv: readonly string[]): Arguments {
  const [verb = '', ...rest] = argv;
  const takesWord = WORDS[verb];
  if (takesWord === undefined) throw new Refusal(64, verb === '' ? USAGE.trimEnd() : `the lab has no verb ${verb}`, verb === '' ? undefined : USAGE.trimEnd());
  const flags: Record<string, string> = {};
  let [word, json, all]: [string | undefined, boolean, boolean] = [undefined, false, false];
  for (let n = 0; n < rest.length; n++) {
    const entry = rest[n] ?? '';
    if (entry === '--json') json = true;
    else if (entry === '--all' && verb === 'heal') all = true;
    else if (entry.startsWith('--')) {
      const [name = '', ...value] = entry.slice(2).split('=');
      if (!COMMON.includes(name) && !(FLAGS[verb] ?? []).includes(name)) throw new Refusal(64, `lab ${verb} has no flag --${name}`, USAGE.trimEnd());
      const given = value.length > 0 ? value.join('=') : rest[++n];
      if (given === undefined) throw new Refusal(64, `--${name} needs a value`);
      flags[name] = given;
    } else if (takesWord && word === undefined) word = entry;
    else throw new Refusal(64, `lab ${verb} does not take "${entry}"`, USAGE.trimEnd());
  }
  return { verb, word, json, all, flags };
}

interface Place { readonly root: string; readonly taskDir: string; readonly socket: string; readonly shared: boolean }
function placeOf(flags: Readonly<Record<string, string>>): Place {
  const given = (flag: string, variable: string): string | undefined => flags[flag] ?? (process.env[variable] === '' ? undefined : process.env[variable]);
  const root = resolve(given('root', 'TASK_ROOT') ?? dirname(LAB));
  const taskDir = resolve(given('task-dir', 'TASK_DIR') ?? join(root, '.task'));
  const shared = given('socket', 'LAB_SOCKET');
  // Another daemon may have this world already: with a socket of its own, the one that is written down counts.
  const recorded = recordedSocket(taskDir);
  return { root, taskDir, socket: shared ?? recorded ?? socketOf(LAB), shared: shared !== undefined };
}

function recordedSocket(taskDir: string): string | undefined {
  const file = join(taskDir, 'lab', 'daemon.json');
  if (!existsSync(file)) return undefined;
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof value === 'object' && value !== null && 'socket' in value && typeof value.socket === 'string' ? value.socket : undefined;
  } catch {
    // Half a file of a crash: as if there were none.
    return undefined;
  }
}

const pause = (ms: number): Promise<void> => new Promise((done) => { setTimeout(done, ms); });

/** Asks the daemon, and starts it first when none listens. */
async function ensure(place: Place, say: (line: string) => void): Promise<void> {
  const build = buildOf(LAB);
  let others: readonly { readonly taskDir: string; readonly root: string }[] = [];
  try {
    const hello = await ask(place.socket, { verb: 'hello' }, 5_000);
    if (!hello.ok) throw new Refusal(69, hello.error, hello.hint);
    if (hello['labFolder'] !== LAB) throw new Refusal(69, `the daemon at ${place.socket} belongs to another checkout: ${String(hello['labFolder'])}`, 'use another LAB_SOCKET');
    // A shared daemon is whoever's shared it: only its own checkout's is restarted for newer code.
    if (hello['build'] === build || place.shared) return;
    say('the lab has changed since its daemon started: restarting it (its worlds go on)');
    const quit = await ask(place.socket, { verb: 'quit' }, 5_000);
    if (quit.ok && Array.isArray(quit['worlds'])) others = quit['worlds'];
    for (let n = 0; n < 200 && alive(Number(hello['pid'])); n++) await pause(20);
  } catch (error) {
    if (!(error instanceof NoDaemon)) throw error;
  }
  mkdirSync(join(place.taskDir, 'lab'), { recursive: true, mode: 0o700 });
  const output = openSync(join(place.taskDir, 'lab', 'daemon.log'), 'a', 0o600);
  const child = spawn(process.execPath, [join(import.meta.dirname, 'daemon.ts'), place.socket, LAB, process.env['LAB_IDLE_MINUTES'] ?? '30', place.taskDir], { detached: true, stdio: ['ignore', output, output], cwd: LAB });
  closeSync(output);
  child.unref();
  for (const from = performance.now(); performance.now() - from < 15_000;) {
    try {
      await ask(place.socket, { verb: 'hello' }, 5_000);
      for (const other of others) if (other.taskDir !== place.taskDir) await ask(place.socket, { verb: 'up', taskDir: other.taskDir, root: other.root });
      return;
    } catch (error) {
      if (!(error instanceof NoDaemon)) throw error;
      await pause(10);
    }
  }
  throw new Refusal(69, "the lab's daemon did not start", `see ${join(place.taskDir, 'lab', 'daemon.log')}`);
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function main(): Promise<unknown> {
  const { verb, word, all, flags } = parse(process.argv.slice(2));
  if (verb === 'faults') return (await import('./faults/index.ts')).FAULTS;
  const place = placeOf(flags);
  if (verb === 'policy') return { file: join(LAB, 'world', 'policy.json'), policy: JSON.parse(readFileSync(join(LAB, 'world', 'policy.json'), 'utf8')) };
  const speed = flags['speed'] ?? process.env['LAB_SPEED'];
  if (speed !== undefined && speed !== '' && !(Number(speed) > 0)) throw new Refusal(64, `a speed is a number above 0, not ${speed}`);
  for (const name of ['pods', 'flux']) if (flags[name] !== undefined && !/^\d{1,6}$/.test(flags[name])) throw new Refusal(64, `--${name} is a whole number, not ${flags[name]}`);
  if (verb === 'up') await ensure(place, (line) => process.stderr.write(`${line}\n`));
  const request = {
    taskDir: place.taskDir, root: place.root,
    ...(verb === 'up' && speed !== undefined && speed !== '' ? { speed: Number(speed) } : {}), ...Object.fromEntries(['pods', 'flux'].flatMap((name) => (flags[name] === undefined ? [] : [[name, Number(flags[name])]]))),
    ...(flags['since'] === undefined ? {} : { since: Number(flags['since']) }),
    ...(flags['cluster'] === undefined ? {} : { cluster: flags['cluster'] }), ...(flags['machine'] === undefined ? {} : { machine: flags['machine'] }), ...(flags['object'] === undefined ? {} : { object: flags['object'] }),
    ...(word === undefined ? {} : verb === 'power' ? { state: word } : { fault: word }), all,
  };
  let reply: DaemonReply;
  const asked = (): Promise<DaemonReply> => ask(place.socket, { verb: verb as 'up', ...request }, verb === 'fill' ? 600_000 : 60_000);
  try {
    reply = await asked().catch(async (error: unknown) => {
      // It ended in between, with somebody else's last world: it is started again, once.
      if (verb !== 'up' || !(error instanceof NoDaemon)) throw error;
      await ensure(place, (line) => process.stderr.write(`${line}\n`));
      return asked();
    });
  } catch (error) {
    if (!(error instanceof NoDaemon)) throw error;
    if (verb !== 'down') throw new Refusal(69, `no lab is up for ${place.taskDir}`, 'lab up');
    const { rmSync } = await import('node:fs');
    const was = existsSync(join(place.taskDir, 'lab'));
    rmSync(join(place.taskDir, 'lab'), { recursive: true, force: true });
    return { was };
  }
  if (!reply.ok) throw new Refusal(1, reply.error, reply.hint);
  const { ok: _ok, quit, ...rest } = reply;
  if (verb === 'down') {
    // The daemon answers before it ends; whoever said down finds no process afterwards.
    for (let n = 0; quit === true && n < 500 && alive(Number(rest['pid'])); n++) await pause(10);
    return { was: rest['was'] };
  }
  if (verb === 'up' || verb === 'data') return rest['target'];
  if (verb === 'log') return rest['entries'];
  if (verb === 'busy') return rest['busy'];
  if (verb === 'requests') return rest['requests'];
  return rest;
}

function print(verb: string, answer: unknown, json: boolean): void {
  if (json || typeof answer !== 'object' || answer === null) {
    process.stdout.write(JSON.stringify(answer, null, verb === 'log' ? undefined : 2) + '\n');
    return;
  }
  if (verb === 'up' && 'label' in answer) process.stdout.write(`${String(answer.label)} is up\n`);
  else if (verb === 'data' && 'label' in answer) process.stdout.write(`${String(answer.label)} has data sets of its own now: ${'recovery' in answer ? String(answer.recovery) : ''}\n`);
  else if (verb === 'faults' && Array.isArray(answer)) for (const fault of answer) process.stdout.write(`${String(fault.name).padEnd(26)} ${String(fault.outcome).padEnd(13)} ${String(fault.does)}\n`);
  else if (verb === 'log' && Array.isArray(answer)) for (const entry of answer) process.stdout.write(`${entry.seq} ${entry.at} ${entry.cluster} ${entry.kind} ${entry.by} ${entry.verb} ${entry.object} ${entry.write ? 'WRITE' : 'read'} ${entry.result}\n`);
  else process.stdout.write(JSON.stringify(answer, null, 2) + '\n');
}

try {
  print(process.argv[2] ?? '', await main(), process.argv.includes('--json'));
} catch (error) {
  const refusal = error instanceof Refusal ? error : new Refusal(70, error instanceof Error ? error.message : String(error));
  if (process.argv.includes('--json')) process.stdout.write(JSON.stringify({ error: refusal.message, ...(refusal.hint === undefined ? {} : { hint: refusal.hint }) }) + '\n');
  process.stderr.write(`lab: ${refusal.message}\n${refusal.hint === undefined ? '' : `  ${refusal.hint}\n`}`);
  process.exitCode = refusal.code;
}
