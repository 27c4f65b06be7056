import { textAt } from '../../world/value.ts';
import { Exit, parseFlags } from '../shared/flags.ts';
import { table } from '../shared/table.ts';
import { call, CallError, callOne, callSorted, CLIENT_FLAGS, insecureTarget, shownNode, targetOf } from './client.ts';

const TAG = 'v1.12.0';
const arch = process.arch === 'x64' ? 'amd64' : process.arch;

/** `version`: the client's, then each server's. */
export async function version(argv: readonly string[]): Promise<void> {
  const flags = parseFlags('talosctl', { ...CLIENT_FLAGS, client: { type: 'bool' }, short: { type: 'bool' }, insecure: { type: 'bool', short: 'i' }, json: { type: 'bool' } }, argv);
  if (!flags.bool('json')) {
    process.stdout.write('Client:\n');
    process.stdout.write(flags.bool('short') ? `Talos ${TAG}\n` : `\tTag:         ${TAG}\n\tSHA:         undefined\n\tBuilt:       \n\tGo version:  go1.25.5\n\tOS/Arch:     ${process.platform}/${arch}\n`);
    if (flags.bool('client')) return;
    process.stdout.write('Server:\n');
  }
  const targets = flags.bool('insecure') ? insecureTarget(flags) : [await targetOf(flags)];
  for (const target of targets) {
    for (const { node, result } of await callSorted(target, 'error getting version', 'Version')) {
      const field = (name: string): string => textAt(result, name) ?? '';
      if (flags.bool('json')) {
        process.stdout.write(JSON.stringify({ metadata: { hostname: node }, version: { tag: field('tag'), sha: field('sha'), goVersion: field('goVersion'), os: field('os'), arch: field('arch') }, platform: { name: 'metal', mode: 'metal' }, features: { rbac: true } }) + '\n');
        continue;
      }
      process.stdout.write(`\tNODE:        ${shownNode(node, target)}\n\tTag:         ${field('tag')}\n\tSHA:         ${field('sha')}\n\tBuilt:       ${field('built')}\n\tGo version:  ${field('goVersion')}\n\tOS/Arch:     ${field('os')}/${field('arch')}\n\tEnabled:     RBAC\n`);
    }
  }
}

/** As Go prints a moment: without the zeros a fraction ends in. */
const goTime = (iso: string): string => `${iso.replace('T', ' ').replace(/\.?0*Z$/, '')} +0000 UTC`;

/** `time`: each machine's clock beside its time server's. */
export async function time(argv: readonly string[]): Promise<void> {
  const flags = parseFlags('talosctl', { ...CLIENT_FLAGS, check: { type: 'string', short: 'c' } }, argv);
  exactly(flags.args, 0);
  const target = await targetOf(flags);
  const rows = [['NODE', 'NTP-SERVER', 'NODE-TIME', 'NTP-SERVER-TIME']];
  for (const { node, result } of await callSorted(target, 'error fetching time', 'Time')) rows.push([shownNode(node, target), textAt(result, 'server') ?? '', goTime(textAt(result, 'local') ?? ''), goTime(textAt(result, 'remote') ?? '')]);
  process.stdout.write(table(rows));
}

/** `read PATH`. */
export async function read(argv: readonly string[]): Promise<void> {
  const flags = parseFlags('talosctl', CLIENT_FLAGS, argv);
  const [path] = exactly(flags.args, 1);
  process.stdout.write(textAt(await callOne(await targetOf(flags), 'read', 'error reading file', 'Read', { path }, 'error reading'), 'data') ?? '');
}

/** `dmesg`. */
export async function dmesg(argv: readonly string[]): Promise<void> {
  const flags = parseFlags('talosctl', CLIENT_FLAGS, argv);
  exactly(flags.args, 0);
  const target = await targetOf(flags);
  // Each line begins with the word the node was named by.
  for (const { node, result } of await callSorted(target, 'error getting dmesg', 'Dmesg')) process.stdout.write((textAt(result, 'data') ?? '').replace(/^\S+: (?=kern:)/gm, `${shownNode(node, target)}: `));
}

/** `logs SERVICE`. */
export async function logs(argv: readonly string[]): Promise<void> {
  const flags = parseFlags('talosctl', { ...CLIENT_FLAGS, tail: { type: 'int', default: '-1' } }, argv);
  const [id] = exactly(flags.args, 1);
  const target = await targetOf(flags);
  let answers;
  try {
    answers = await call(target, 'Logs', { id });
  } catch (error) {
    if (error instanceof CallError) throw new Exit(1, `error fetching logs: ${error.message}`);
    throw error;
  }
  for (const { node, result, error } of answers) {
    if (error !== undefined) {
      process.stderr.write(`ERROR: rpc error: code = ${error.code} desc = ${error.message}\n`);
      process.exitCode = 1;
    }
    const lines = (textAt(result, 'data') ?? '').split('\n').filter((line) => line !== '');
    const tail = Number(flags.text('tail'));
    for (const line of tail < 0 ? lines : lines.slice(-tail)) process.stdout.write(`${shownNode(node, target)}: ${line}\n`);
  }
}

/** The arguments, which must be `count` many. */
export function exactly(args: readonly string[], count: number): readonly string[] {
  if (args.length === count) return args;
  throw new Exit(1, count === 0 ? `unknown command "${args[0] ?? ''}"` : `accepts ${count} arg(s), received ${args.length}`);
}
