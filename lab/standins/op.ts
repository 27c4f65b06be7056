/** The lab's stand-in for 1Password's op: the lab's own secret store behind op's argv, output and exit codes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { ask, NoDaemon } from '../world/protocol.ts';
import { Exit, parseFlags, Unmodelled } from './shared/flags.ts';

/** op begins its errors so, with the local time. */
const stamp = (): string => `[ERROR] ${new Date().toISOString().slice(0, 19).replaceAll('-', '/').replace('T', ' ')}`;
const GLOBAL = { account: { type: 'string' }, format: { type: 'string', default: 'human-readable' }, 'no-color': { type: 'bool' } } as const;

async function fromLab(what: string, reference?: string): Promise<string> {
  const [socket, world] = [process.env['LAB_SOCKET'], process.env['LAB_WORLD']];
  if (socket === undefined || world === undefined) throw new Exit(1, `${stamp()} connecting to desktop app: the lab is not up (LAB_SOCKET and LAB_WORLD are not set)`);
  let reply;
  try {
    reply = await ask(socket, { verb: 'secret', world, what, ...(reference === undefined ? {} : { reference }) });
  } catch (error) {
    if (error instanceof NoDaemon) throw new Exit(1, `${stamp()} connecting to desktop app: ${error.message}`);
    throw error;
  }
  if (reply.ok) return typeof reply['value'] === 'string' ? reply['value'] : '';
  if (reply.error === 'signed-out') throw new Exit(1, `${stamp()} You are not currently signed in. Please run \`op signin --help\` for instructions`);
  if (reply.error === 'invalid-reference') throw new Exit(1, `${stamp()} could not read secret '${reference ?? ''}': invalid secret reference`);
  const [, vault = '', item = '', ...rest] = (reference ?? '').split('/').slice(1);
  if (reply.error === 'no-field') throw new Exit(1, `${stamp()} could not read secret '${reference ?? ''}': could not get item ${vault}/${item}: item '${vault}/${item}' does not have a field '${rest.join('.')}'`);
  if (reply.error === 'no-item') throw new Exit(1, `${stamp()} could not read secret '${reference ?? ''}': could not get item ${vault}/${item}: "${item}" isn't an item in the "${vault}" vault. Specify the item with its UUID, name, or domain.`);
  throw new Exit(1, `${stamp()} ${reply.error}`);
}

/** Fills every `{{ op://… }}` and every bare `op://…` of a template; each reference is read once. */
async function inject(template: string): Promise<string> {
  const pattern = /\{\{\s*(op:\/\/[^}]+?)\s*\}\}|(op:\/\/[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+){2,3})/g;
  const references = [...new Set([...template.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? ''))];
  const read = await Promise.allSettled(references.map(async (reference) => [reference, await fromLab('inject', reference)] as const));
  const values = new Map(read.map((one) => {
    // The first in the template that cannot be read is the one op names.
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  }));
  return template.replace(pattern, (_whole, framed: string | undefined, bare: string | undefined) => values.get(framed ?? bare ?? '') ?? '');
}

async function main(argv: readonly string[]): Promise<void> {
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-v')) return void process.stdout.write('2.32.0\n');
  const at = argv.findIndex((word, n) => !word.startsWith('-') && argv[n - 1] !== '--account' && argv[n - 1] !== '--format');
  const verb = argv[at];
  const rest = argv.filter((_word, n) => n !== at);
  if (verb === 'whoami') {
    const flags = parseFlags('op', GLOBAL, rest);
    await fromLab('whoami');
    const account = flags.text('account') || 'lab.1password.example';
    if (flags.text('format') === 'json') process.stdout.write(JSON.stringify({ url: account, URL: account, user_uuid: 'LABUSER0000000000000000000', account_uuid: 'LABACCOUNT0000000000000000', user_type: 'HUMAN', ServiceAccountType: '' }, null, 2) + '\n');
    else process.stdout.write(`URL:           https://${account}\nEmail:         operator@lab.example\nUser ID:       LABUSER0000000000000000000\n`);
  } else if (verb === 'read') {
    const flags = parseFlags('op', { ...GLOBAL, 'no-newline': { type: 'bool', short: 'n' }, 'out-file': { type: 'string', short: 'o' }, force: { type: 'bool', short: 'f' } }, rest);
    if (flags.args.length !== 1) throw new Exit(1, `${stamp()} accepts 1 arg(s), received ${flags.args.length}`);
    const value = await fromLab('read', flags.args[0]);
    const text = flags.bool('no-newline') ? value : `${value}\n`;
    if (flags.text('out-file') === '') process.stdout.write(text);
    else writeFileSync(flags.text('out-file'), text, { mode: 0o600 });
  } else if (verb === 'inject') {
    const flags = parseFlags('op', { ...GLOBAL, 'in-file': { type: 'string', short: 'i' }, 'out-file': { type: 'string', short: 'o' }, 'file-mode': { type: 'string' }, force: { type: 'bool', short: 'f' } }, rest);
    if (flags.args.length > 0) throw new Exit(1, `${stamp()} accepts 0 arg(s), received ${flags.args.length}`);
    const text = await inject(readFileSync(flags.text('in-file') === '' ? 0 : flags.text('in-file'), 'utf8'));
    if (flags.text('out-file') === '') process.stdout.write(text);
    else writeFileSync(flags.text('out-file'), text, { mode: 0o600 });
  } else throw new Unmodelled('op', `unknown command "${verb ?? ''}" for "op"`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof Unmodelled) {
    const { note } = await import('./shared/note.ts');
    await note('op', error.message, process.argv.slice(2).join(' '));
  }
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof Exit ? error.code : 1;
}
