import { at, textAt } from '../../world/value.ts';
import { durationMs, Exit, parseFlags } from '../shared/flags.ts';
import type { FlagTable, Parsed } from '../shared/flags.ts';
import { exactly } from './basics.ts';
import { call, CallError, callSorted, CLIENT_FLAGS, insecureTarget, shownNode, sortOut, targetOf } from './client.ts';
import type { Target } from './client.ts';

export const WAIT: FlagTable = { wait: { type: 'bool', default: true }, timeout: { type: 'duration', default: '30m0s' } };
/** A machine is wiped and back within a simulated minute; this is for a busy computer. */
const SHORTEST_WALL_MS = 15_000;
const pause = (ms: number): Promise<void> => new Promise((done) => { setTimeout(done, ms); });

/** `reset`: wipes, and reboots or turns off. */
export async function reset(argv: readonly string[]): Promise<void> {
  const flags = parseFlags('talosctl', {
    ...CLIENT_FLAGS, ...WAIT, graceful: { type: 'bool', default: true }, reboot: { type: 'bool' }, insecure: { type: 'bool' }, 'system-labels-to-wipe': { type: 'strings' }, 'user-disks-to-wipe': { type: 'strings' }, 'wipe-mode': { type: 'string', default: 'all' },
  }, argv);
  exactly(flags.args, 0);
  const mode = flags.text('wipe-mode');
  if (!['all', 'system-disk', 'user-disks'].includes(mode)) throw new Exit(1, `invalid argument "${mode}" for "--wipe-mode" flag: possible options are: all, system-disk, user-disks`);
  if (flags.bool('wait') && flags.bool('insecure')) throw new Exit(1, 'cannot use --wait and --insecure together');
  const params = { graceful: flags.bool('graceful'), reboot: flags.bool('reboot'), mode, labels: flags.list('system-labels-to-wipe'), userDisks: flags.list('user-disks-to-wipe') };
  for (const target of flags.bool('insecure') ? insecureTarget(flags) : [await targetOf(flags)]) await act(target, flags, 'Reset', 'error executing reset', params, params.reboot);
}

/** `reboot`. */
export async function reboot(argv: readonly string[]): Promise<void> {
  const flags = parseFlags('talosctl', { ...CLIENT_FLAGS, ...WAIT, mode: { type: 'string', short: 'm', default: 'default' } }, argv);
  exactly(flags.args, 0);
  if (!['default', 'powercycle', 'force'].includes(flags.text('mode'))) throw new Exit(1, `invalid argument "${flags.text('mode')}" for "-m, --mode" flag: invalid reboot mode: "${flags.text('mode')}"`);
  await act(await targetOf(flags), flags, 'Reboot', 'error executing reboot', { mode: flags.text('mode') }, true);
}

/** `shutdown`. */
export async function shutdown(argv: readonly string[]): Promise<void> {
  const flags = parseFlags('talosctl', { ...CLIENT_FLAGS, ...WAIT, force: { type: 'bool' } }, argv);
  exactly(flags.args, 0);
  await act(await targetOf(flags), flags, 'Shutdown', 'error executing shutdown', { force: flags.bool('force') }, false);
}

/** Starts the action; with --wait each node is watched until it went down for it (and, when it reboots, came back in either face). */
export async function act(target: Target, flags: Parsed, method: string, what: string, params: Readonly<Record<string, unknown>>, comesBack: boolean): Promise<void> {
  const started = await callSorted(target, what, method, params);
  if (!flags.bool('wait')) return;
  // On the lab's clock, as every wait; but what the stand-in itself needs is no shorter on a fast one.
  const deadline = performance.now() + Math.max(SHORTEST_WALL_MS, (durationMs(flags.text('timeout')) ?? 0) / Math.max(1, Number(process.env['LAB_SPEED'] ?? '1')));
  for (const { node, result } of started) {
    const shown = shownNode(node, target);
    const actorId = textAt(result, 'actorId') ?? '';
    process.stderr.write(`watching nodes: [${shown}]\n`);
    for (;;) {
      if (performance.now() > deadline) throw new Exit(1, `"${shown}": context deadline exceeded`);
      const state = await look({ ...target, nodes: node === '' ? [] : [node] }, shown, actorId);
      if (state.failed !== undefined) throw new Exit(1, `"${shown}": ${state.failed}`);
      if (comesBack ? state.back : state.down) break;
      await pause(50);
    }
    process.stderr.write(`    * ${shown}: events check condition met\n`);
  }
}

async function look(target: Target, _shown: string, actorId: string): Promise<{ readonly down: boolean; readonly back: boolean; readonly failed: string | undefined }> {
  try {
    const { good } = sortOut(await call(target, 'Action', { actorId }));
    const result = good[0]?.result;
    if (result === undefined) return await maintenance(target);
    const failed = textAt(result, 'failed');
    // A machine that knows the action has not booted since; one that does not has.
    return { down: at(result, 'known') === true, back: at(result, 'known') === false, failed };
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    return maintenance(target);
  }
}

/** A machine that was wiped comes back without our authority: its maintenance API is the proof. */
async function maintenance(target: Target): Promise<{ readonly down: boolean; readonly back: boolean; readonly failed: undefined }> {
  try {
    await call({ endpoints: target.endpoints.slice(0, 1), nodes: [], identity: undefined }, 'Action', { actorId: '' });
    return { down: true, back: true, failed: undefined };
  } catch (error) {
    if (error instanceof CallError) return { down: true, back: false, failed: undefined };
    throw error;
  }
}
