import { textAt } from '../../world/value.ts';
import { Exit, parseFlags, Unmodelled } from '../shared/flags.ts';
import { table } from '../shared/table.ts';
import { act, WAIT } from './actions.ts';
import { exactly } from './basics.ts';
import { callOne, callSorted, CLIENT_FLAGS, shownNode, targetOf } from './client.ts';

const MODES = ['auto', 'no-reboot', 'reboot', 'staged', 'try'];

/** `upgrade --image REF`. */
export async function upgrade(argv: readonly string[]): Promise<void> {
  const flags = parseFlags('talosctl', {
    ...CLIENT_FLAGS, ...WAIT, image: { type: 'string', short: 'i', default: 'ghcr.io/siderolabs/installer:v1.12.0' }, force: { type: 'bool', short: 'f' }, 'reboot-mode': { type: 'string', short: 'm', default: 'default' },
  }, argv);
  exactly(flags.args, 0);
  const target = await targetOf(flags);
  const params = { image: flags.text('image'), force: flags.bool('force') };
  if (flags.bool('wait')) {
    await act(target, flags, 'Upgrade', 'error performing upgrade', params, true);
    return;
  }
  const rows = [['NODE', 'ACK', 'STARTED']];
  for (const { node, result } of await callSorted(target, 'error performing upgrade', 'Upgrade', params)) rows.push([shownNode(node, target), textAt(result, 'ack') ?? '', `${new Date().toISOString().replace('T', ' ').replace('Z', '')} +0000 UTC`]);
  process.stdout.write(table(rows));
}

/** `rollback`. */
export async function rollback(argv: readonly string[]): Promise<void> {
  const flags = parseFlags('talosctl', CLIENT_FLAGS, argv);
  exactly(flags.args, 0);
  await callSorted(await targetOf(flags), 'error executing rollback', 'Rollback');
}

/** `image pull REF --namespace NAME`. */
export async function image(argv: readonly string[]): Promise<void> {
  const flags = parseFlags('talosctl', { ...CLIENT_FLAGS, namespace: { type: 'string', default: 'cri' } }, argv);
  const [verb, ...args] = flags.args;
  if (verb !== 'pull' && verb !== 'p') throw new Unmodelled('talosctl', `unknown command "${verb ?? ''}" for "talosctl image"`);
  const [reference = ''] = exactly(args, 1);
  if (!['cri', 'system'].includes(flags.text('namespace'))) throw new Exit(1, `unsupported namespace "${flags.text('namespace')}"`);
  await callSorted(await targetOf(flags), 'error pulling image', 'ImagePull', { namespace: flags.text('namespace'), reference });
}

/** `patch machineconfig -p PATCH`: reads the active configuration of each node, patches it here, applies it. */
export async function patch(argv: readonly string[]): Promise<void> {
  const flags = parseFlags('talosctl', { ...CLIENT_FLAGS, patch: { type: 'string', short: 'p' }, 'patch-file': { type: 'string' }, mode: { type: 'string', short: 'm', default: 'auto' }, 'dry-run': { type: 'bool' }, timeout: { type: 'duration', default: '1m0s' } }, argv);
  const [type = ''] = exactly(flags.args, 1);
  if (!['mc', 'machineconfig', 'machineconfigs'].includes(type)) throw new Unmodelled('talosctl', `patching ${type}`);
  const mode = flags.text('mode');
  if (!MODES.includes(mode)) throw new Exit(1, `invalid argument "${mode}" for "-m, --mode" flag: possible options are: ${MODES.join(', ')}`);
  const given = [...flags.list('patch'), ...(flags.given('patch-file') ? [`@${flags.text('patch-file')}`] : [])];
  if (given.length === 0) throw new Exit(1, 'either --patch or --patch-file should be defined');
  const [{ applyPatches, loadPatches }, { documentsText }, { ConfigError, parseDocuments }] = await Promise.all([import('./patch.ts'), import('./gen.ts'), import('../../world/machine-config.ts')]);
  const target = await targetOf(flags);
  for (const node of target.nodes) {
    const own = { ...target, nodes: [node] };
    const before = textAt(await callOne(own, 'patch', '', 'MachineConfig'), 'config') ?? '';
    let data: string;
    try {
      data = documentsText(applyPatches(parseDocuments(before), loadPatches(given)));
      if (data === documentsText(parseDocuments(before))) {
        process.stderr.write('Apply was skipped: no changes detected.\n');
        continue;
      }
    } catch (error) {
      if (error instanceof ConfigError) throw new Exit(1, error.message);
      throw error;
    }
    // Said also of one that is refused: the real tool prints it before it looks at the answer.
    process.stderr.write(`patched MachineConfigs.config.talos.dev/v1alpha1 at the node ${node}\n`);
    const [answer] = await callSorted(own, '', 'ApplyConfiguration', { data, mode, dryRun: flags.bool('dry-run') });
    const details = textAt(answer?.result, 'modeDetails') ?? '';
    if (details !== '') process.stderr.write(`${details}\n`);
  }
}
