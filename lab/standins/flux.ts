/** The lab's stand-in for flux 2.9.5: reconcile, get, suspend, resume, version, over the cluster it is given. */
import { Exit, parseFlags, Unmodelled, type FlagTable } from './shared/flags.ts';
import { runStandin } from './run.ts';

const GLOBAL: FlagTable = { kubeconfig: { type: 'string' }, context: { type: 'string' }, namespace: { type: 'string', short: 'n', default: 'flux-system' }, timeout: { type: 'duration', default: '5m0s' }, verbose: { type: 'bool' } };
const VERBS: Readonly<Record<string, FlagTable>> = {
  reconcile: { 'with-source': { type: 'bool' }, force: { type: 'bool' }, reset: { type: 'bool' } },
  get: { 'all-namespaces': { type: 'bool', short: 'A' }, 'no-header': { type: 'bool' } },
  suspend: { all: { type: 'bool' } }, resume: { all: { type: 'bool' }, wait: { type: 'bool' } }, version: { client: { type: 'bool' }, output: { type: 'string', short: 'o', default: 'yaml' } },
};

async function main(argv: readonly string[]): Promise<void> {
  const verb = argv.find((word, index) => !word.startsWith('-') && !['--kubeconfig', '--context', '--namespace', '-n', '--timeout'].includes(argv[index - 1] ?? ''));
  if (verb === undefined) throw new Exit(1, 'a command is needed');
  const table = VERBS[verb];
  if (table === undefined) throw new Unmodelled('flux', `unknown command "${verb}" for "flux"`);
  const flags = parseFlags('flux', { ...GLOBAL, ...table }, argv);
  if (verb === 'version') {
    if (!flags.bool('client')) throw new Unmodelled('flux', 'flux version without --client');
    process.stdout.write(flags.text('output') === 'json' ? '{\n  "flux": "v2.9.5"\n}\n' : 'flux: v2.9.5\n');
    return;
  }
  const { act } = await import('./flux/verbs.ts');
  await act(verb, flags.args.slice(1), flags);
}
await runStandin('flux', '✗ ', main);
