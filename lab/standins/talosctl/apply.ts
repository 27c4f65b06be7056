import { readFileSync } from 'node:fs';
import { textAt } from '../../world/value.ts';
import { Exit, parseFlags } from '../shared/flags.ts';
import { exactly } from './basics.ts';
import { call, CallError, callSorted, CLIENT_FLAGS, insecureTarget, sortOut, targetOf } from './client.ts';

const MODES = ['auto', 'no-reboot', 'reboot', 'staged', 'try'];

/** `apply-config -f FILE`. */
export async function apply(argv: readonly string[], called: string): Promise<void> {
  const flags = parseFlags('talosctl', {
    ...CLIENT_FLAGS, file: { type: 'string', short: 'f' }, insecure: { type: 'bool', short: 'i' }, 'dry-run': { type: 'bool' }, mode: { type: 'string', short: 'm', default: 'auto' },
    'config-patch': { type: 'string', short: 'p' }, timeout: { type: 'duration', default: '1m0s' },
  }, argv);
  if (flags.args.length > 0) throw new Exit(1, called === 'apply-config' ? 'expected no positional arguments' : `unknown positional argument ${flags.args[0] ?? ''}`);
  const mode = flags.text('mode');
  if (!MODES.includes(mode)) throw new Exit(1, `invalid argument "${mode}" for "-m, --mode" flag: possible options are: ${MODES.join(', ')}`);
  const file = flags.text('file');
  if (file === '') throw new Exit(1, 'no filename supplied for configuration');
  let data: string;
  try {
    data = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Exit(1, `failed to read configuration from "${file}": open ${file}: ${error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'no such file or directory' : String(error)}`);
  }
  if (data === '') throw new Exit(1, 'no configuration data read');
  if (flags.given('config-patch')) {
    const [{ applyPatches, loadPatches }, { documentsText }, { ConfigError, parseDocuments }] = await Promise.all([import('./patch.ts'), import('./gen.ts'), import('../../world/machine-config.ts')]);
    try {
      data = documentsText(applyPatches(parseDocuments(data), loadPatches(flags.list('config-patch'))));
    } catch (error) {
      if (error instanceof ConfigError) throw new Exit(1, error.message);
      throw error;
    }
  }
  for (const target of flags.bool('insecure') ? insecureTarget(flags) : [await targetOf(flags)]) {
    for (const { result } of await callSorted(target, 'error applying new configuration', 'ApplyConfiguration', { data, mode, dryRun: flags.bool('dry-run') })) {
      const details = textAt(result, 'modeDetails') ?? '';
      if (details !== '') process.stderr.write(`${details}\n`);
    }
  }
}

/** `bootstrap [--recover-from SNAPSHOT]`. */
export async function bootstrap(argv: readonly string[]): Promise<void> {
  const flags = parseFlags('talosctl', { ...CLIENT_FLAGS, 'recover-from': { type: 'string' }, 'recover-skip-hash-check': { type: 'bool' } }, argv);
  exactly(flags.args, 0);
  const target = await targetOf(flags);
  if (target.nodes.length > 1) throw new Exit(1, 'command "bootstrap" is not supported with multiple nodes');
  const from = flags.text('recover-from');
  try {
    if (from !== '') {
      const { error } = sortOut(await call(target, 'EtcdRecover', { data: readFileSync(from).toString('base64') }));
      if (error !== undefined) throw new Exit(1, `error uploading snapshot: ${error}`);
    }
    const { error } = sortOut(await call(target, 'Bootstrap', { recoverEtcd: from !== '', skipHash: flags.bool('recover-skip-hash-check') }));
    if (error !== undefined) throw new Exit(1, `error executing bootstrap: ${error}`);
  } catch (error) {
    if (error instanceof CallError) throw new Exit(1, `error executing bootstrap: ${error.message}`);
    throw error;
  }
}
