import { describe, expect, test } from 'vitest';
import type { Command, CommandResult, Proc } from '../../scripts/tools/doors.ts';
import { injectTemplate, isSignedOut, makeOp, parseInjected, parseOpVersion, parseWhoami } from '../../scripts/tools/op.ts';
import { ToolFailure } from '../../scripts/tools/proc.ts';
import { resolveSecrets } from '../../scripts/tools/secrets.ts';
import { makeStores } from '../../scripts/tools/stores.ts';
import { BUNDLE_FIELDS } from '../../scripts/tools/talos-bundle.ts';
import { cluster, failureOf, scope, scratch, site } from './support.ts';

const refused = (stderr: string): ToolFailure => new ToolFailure({ exit: 'rerun', what: 'op inject ended with exit code 1', because: stderr, tool: 'op', exitCode: 1, stderr, stdout: '' });
const good = (stdout: string): CommandResult => ({ stdout, stderr: '', exitCode: 0 });
/** An op that knows a vault, and says what it was asked. */
function fakeOp(vault: Readonly<Record<string, string>>, asked: Command[] = []): Proc {
  return {
    async run(command) {
      asked.push(command);
      const [verb = ''] = command.argv;
      if (verb === 'whoami') return good('{"url":"my.1password.com","email":"me@example.test"}');
      if (verb === 'read') {
        const value = vault[command.argv.at(-1) ?? ''];
        if (value === undefined) throw refused('[ERROR] 2026/11/21 10:00:00 could not read secret: item not found');
        return good(value);
      }
      return good((command.stdin ?? '').replace(/\{\{ (op:\/\/.*?) \}\}/g, (_, reference: string) => {
        const value = vault[reference];
        if (value === undefined) throw refused(`[ERROR] 2026/11/21 10:00:00 could not resolve ${reference}`);
        return value;
      }));
    },
  };
}

const storesOf = (told: ReturnType<typeof scope>, proc: Proc) => makeStores(told, proc, makeOp(told, proc));

test('values of any shape come back by reference, in one call, secrets on no command line', async () => {
  using dir = scratch();
  const vault = { 'op://V/a/x': 'simple-value', 'op://V/b/y': 'line one\nline two: {{ }}\n', 'op://V/c d/z': ' spaced ' };
  const asked: Command[] = [];
  const told = scope(dir.path);
  const values = await storesOf(told, fakeOp(vault, asked)).resolve(Object.keys(vault));
  expect(Object.fromEntries(values)).toEqual(vault);
  expect(asked).toHaveLength(1);
  expect(asked[0]).toMatchObject({ argv: ['inject'], effect: 'read', stdinAsFile: true });
  expect(told.redactor.redact('simple-value line one')).toBe('[redacted] line one');
});

test('every reference that cannot be read is named in one failure', async () => {
  using dir = scratch();
  const failure = await failureOf(storesOf(scope(dir.path), fakeOp({ 'op://V/a/x': 'value-a', 'op://V/e/e': ' ' })).resolve(['op://V/a/x', 'op://V/b/y', 'op://V/c/z']));
  expect([failure.code, failure.because]).toEqual([75, 'op://V/b/y: could not read secret: item not found; op://V/c/z: could not read secret: item not found']);
  expect((await failureOf(storesOf(scope(dir.path), fakeOp({ 'op://V/e/e': ' ' })).resolve(['op://V/e/e']))).because).toContain('op://V/e/e: it is empty');
});

test('an ended session says how to sign in', async () => {
  using dir = scratch();
  const proc: Proc = { run: async () => { throw refused('[ERROR] 2026/11/21 10:00:00 You are not currently signed in. Please run `op signin --help` for instructions'); } };
  const failure = await failureOf(makeOp(scope(dir.path), proc).whoami());
  expect([failure.code, failure.hint]).toEqual([75, expect.stringContaining('op signin')]);
});

test('what is no reference is refused before anything is asked', async () => {
  using dir = scratch();
  const asked: Command[] = [];
  const failure = await failureOf(storesOf(scope(dir.path), fakeOp({}, asked)).resolve(['op://V/a', 'hunter2', 'op://V/$x/y']));
  expect([failure.code, asked.length]).toEqual([65, 0]);
});

test('a cluster gets its fourteen fields and the bootstrap secrets', async () => {
  using dir = scratch();
  const vault = { ...Object.fromEntries(BUNDLE_FIELDS.map((field) => [`op://Prod/infra-talos/${field}`, `value of ${field}`])), 'op://Infra/connect/token': 'token-value' };
  const mine = site({ bootstrap: { ...site().bootstrap, secrets: [{ name: 's', namespace: 'n', data: { token: 'op://Infra/connect/token' } }] } });
  const told = scope(dir.path, { site: mine });
  const secrets = await resolveSecrets(storesOf(told, fakeOp(vault)), mine, [cluster()], told.redactor);
  expect(secrets.bundle(cluster()).CLUSTER_ID).toBe('value of CLUSTER_ID');
  expect(secrets.value('op://Infra/connect/token')).toBe('token-value');
  expect(() => secrets.value('op://other/one/x')).toThrow(/not asked for/);
});

describe('reading op', () => {
  test.each([['2.30.3\n', '2.30.3'], ['2.31.0-beta.01', '2.31.0-beta.01']])('version %j', (text, wanted) => { expect(parseOpVersion(text)).toBe(wanted); });
  test.each([['You are not currently signed in.', true], ['session expired, sign in to create a new session', true], ['authorization timeout', true], ['no account found for filter x', true], ['item not found', false]])('%s', (text, wanted) => { expect(isSignedOut(text)).toBe(wanted); });
  test('a service account has no email', () => { expect(parseWhoami('{"url":"https://x.1password.com","user_type":"SERVICE_ACCOUNT","user_uuid":"U1"}')).toMatch(/^U1 \(a service account/); });
  test('a person\'s sign-in ends, and it is said when', () => { expect(parseWhoami('{"url":"https://x.1password.com","email":"me@example.test","user_type":"HUMAN"}')).toMatch(/^me@example\.test \(a sign-in that ends after 10 idle minutes/); });
  test('a cut answer is noticed', () => { expect(() => parseInjected(injectTemplate(['op://a/b/c', 'op://a/b/d'], 'n').slice(0, 30), ['op://a/b/c', 'op://a/b/d'], 'n')).toThrow(/section/); });
});
