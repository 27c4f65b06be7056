import { readFileSync, writeFileSync } from 'node:fs';
import { ConfigError, manyErrors, parseDocuments, problemsOf } from '../../world/machine-config.ts';
import type { Fields } from '../../world/value.ts';
import { Exit, parseFlags, Unmodelled } from '../shared/flags.ts';
import { exactly } from './basics.ts';
import { documentsText } from './gen.ts';
import { applyPatches, loadPatches } from './patch.ts';

/** Reads a configuration file. Throws Exit 1 with talosctl's words. */
function readDocuments(file: string): readonly Fields[] {
  try {
    return parseDocuments(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof ConfigError) throw new Exit(1, error.message);
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw new Exit(1, `open ${file}: no such file or directory`);
    throw error;
  }
}

/** `machineconfig patch FILE -p PATCH...` */
export function machineconfig(argv: readonly string[]): void {
  const flags = parseFlags('talosctl', { patch: { type: 'string', short: 'p' }, output: { type: 'string', short: 'o' } }, argv);
  if (flags.args[0] !== 'patch') throw new Unmodelled('talosctl', `unknown command "${flags.args[0] ?? ''}" for "talosctl machineconfig"`);
  const [file = ''] = exactly(flags.args.slice(1), 1);
  const text = documentsText(applyPatches(readDocuments(file), loadPatches(flags.list('patch'))));
  if (flags.text('output') === '') process.stdout.write(`${text}\n`);
  else writeFileSync(flags.text('output'), text, { mode: 0o644 });
}

/** `validate -c FILE -m MODE` */
export function validate(argv: readonly string[]): void {
  const flags = parseFlags('talosctl', { config: { type: 'string', short: 'c' }, mode: { type: 'string', short: 'm' }, strict: { type: 'bool' } }, argv);
  exactly(flags.args, 0);
  if (!flags.given('mode')) throw new Exit(1, 'required flag(s) "mode" not set');
  const mode = flags.text('mode');
  const documents = readDocuments(flags.text('config'));
  if (mode !== 'metal' && mode !== 'cloud' && mode !== 'container') throw new Exit(1, `unknown runtime mode: "${mode}"`);
  const problems = problemsOf(documents, mode);
  if (problems.length > 0) throw new Exit(1, manyErrors(problems));
  process.stdout.write(`${flags.text('config')} is valid for ${mode} mode\n`);
}
