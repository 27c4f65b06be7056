import { Exit, parseFlags, Unmodelled } from '../shared/flags.ts';
import { callSorted, CLIENT_FLAGS, insecureTarget, targetOf } from './client.ts';

/** `wipe disk NAME...`: clears disks that no volume uses, in maintenance too. */
export async function wipe(argv: readonly string[]): Promise<void> {
  const flags = parseFlags('talosctl', { ...CLIENT_FLAGS, insecure: { type: 'bool', short: 'i' }, method: { type: 'string', default: 'FAST' }, 'drop-partition': { type: 'bool' } }, argv);
  const [what, ...names] = flags.args;
  if (what !== 'disk') throw new Unmodelled('talosctl', `unknown command "${what ?? ''}" for "talosctl wipe"`);
  if (names.length === 0) throw new Exit(1, 'requires at least 1 arg(s), only received 0');
  const method = flags.text('method');
  if (!['FAST', 'ZEROES'].includes(method)) throw new Exit(1, `invalid wipe method "${method}"`);
  for (const target of flags.bool('insecure') ? insecureTarget(flags) : [await targetOf(flags)]) await callSorted(target, '', 'BlockDeviceWipe', { devices: names.map((device) => ({ device, method })) });
}
