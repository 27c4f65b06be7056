import { describe, expect, test } from 'vitest';
import type { Command, Op, Proc } from '../../scripts/tools/doors.ts';
import { makeOp } from '../../scripts/tools/op.ts';
import { ToolFailure } from '../../scripts/tools/proc.ts';
import { makeStores } from '../../scripts/tools/stores.ts';
import { failureOf, labTarget, scope, scratch, site } from './support.ts';

const refused = (tool: string, stderr: string): ToolFailure => new ToolFailure({ exit: 'rerun', what: `${tool} ended with exit code 1`, because: stderr, tool, exitCode: 1, stderr, stdout: '' });
const SOPS_SAYS = 'Failed to get the data key required to decrypt the SOPS file.\n\nGroup 0: FAILED\n  age1abc: FAILED\n    - | failed to load age identities: no such file\n';

/** A sops that knows files, by their path from the root on. */
function fakeSops(files: Readonly<Record<string, unknown>>, asked: Command[] = []): Proc {
  return {
    async run(command) {
      asked.push(command);
      const file = Object.keys(files).find((name) => command.argv.at(-1)?.endsWith(`/${name}`) === true);
      if (file === undefined) throw refused('sops', SOPS_SAYS);
      return { stdout: JSON.stringify(files[file]), stderr: '', exitCode: 0 };
    },
  };
}
const NO_OP: Pick<Op, 'whoami' | 'read'> = { whoami: async () => 'nobody', read: async () => { throw new Error('1Password was asked'); } };

describe('secrets out of every store', () => {
  test('each file is decrypted once, values come by their references, and the redactor knows them', async () => {
    using dir = scratch();
    const told = scope(dir.path, { env: { CONNECT_TOKEN: 'value-of-environment' } });
    const asked: Command[] = [];
    const values = await makeStores(told, fakeSops({ 'infra.sops.yaml': { talos: { TOKEN: 'value-of-file', PORT: 6443 } } }, asked), NO_OP)
      .resolve(['sops://infra.sops.yaml#talos.TOKEN', 'sops://infra.sops.yaml#talos.PORT', 'env://CONNECT_TOKEN']);
    expect(Object.fromEntries(values)).toEqual({ 'sops://infra.sops.yaml#talos.TOKEN': 'value-of-file', 'sops://infra.sops.yaml#talos.PORT': '6443', 'env://CONNECT_TOKEN': 'value-of-environment' });
    expect(asked).toMatchObject([{ tool: 'sops', effect: 'read' }]);
    expect(told.redactor.redact('value-of-file value-of-environment')).toBe('[redacted] [redacted]');
  });

  test('what no store can tell is told in one failure, with the reason of each and what to do', async () => {
    using dir = scratch();
    const told = scope(dir.path, { env: {} });
    const vault: Pick<Op, 'whoami' | 'read'> = { whoami: async () => 'me', read: async (references) => ({ values: new Map(), failed: references.map((reference) => ({ reference, because: 'item not found' })) }) };
    const failure = await failureOf(makeStores(told, fakeSops({ 'a.sops.yaml': { x: 'some-value' } }), vault).resolve(['op://V/i/f', 'sops://a.sops.yaml#gone', 'sops://b.sops.yaml#x', 'env://NOT_SET', 'sops://a.sops.yaml#x']));
    expect(failure.code).toBe(75);
    expect(failure.what).toBe('4 secrets cannot be read');
    expect(failure.because?.split('; ')).toEqual([
      'env://NOT_SET: it is not set, neither in the shell nor in .env', 'op://V/i/f: item not found', 'sops://a.sops.yaml#gone: the file has no value there', expect.stringMatching(/^sops:\/\/b\.sops\.yaml#x: sops: .*failed to load age identities/),
    ]);
    expect(failure.hint).toMatch(/op item edit.*; sops edit.*; set them in the shell/);
    expect(`${failure.message}${String(failure.because)}`).not.toContain('some-value');
  });

  test('nobody signed in to 1Password is told beside what else is missing', async () => {
    using dir = scratch();
    const told = scope(dir.path, { env: {} });
    const proc: Proc = { run: async ({ tool }) => { throw refused(tool, tool === 'op' ? 'You are not currently signed in.' : SOPS_SAYS); } };
    const failure = await failureOf(makeStores(told, proc, makeOp(told, proc)).resolve(['op://V/i/f?account=work', 'env://NOT_SET']));
    expect(failure.parts.map(({ what }) => what)).toEqual(['nobody is signed in to 1Password as work', 'one secret cannot be read']);
    expect(failure.parts[0]?.hint).toContain('op signin --account work');
  });

  test('each account is asked for its own, and who is asked is told', async () => {
    using dir = scratch();
    const told = scope(dir.path, { env: {} });
    const asked: [readonly string[], string | undefined][] = [];
    const vault: Pick<Op, 'whoami' | 'read'> = {
      whoami: async (account) => `jane of ${account ?? 'the default'}`,
      read: async (references, account) => { asked.push([references, account]); return { values: new Map(references.map((reference) => [reference, `value of ${reference} of ${account ?? ''}`])), failed: [] }; },
    };
    const references = ['op://V/i/f', 'op://V/i/f?account=work', 'sops://a.sops.yaml#x', 'env://A', 'env://B'];
    const stores = makeStores(told, fakeSops({}), vault);
    const values = await stores.resolve(references.slice(0, 2));
    expect(asked).toEqual([[['op://V/i/f'], undefined], [['op://V/i/f'], 'work']]);
    expect([...values.values()]).toEqual(['value of op://V/i/f of ', 'value of op://V/i/f of work']);
    expect(await stores.whoami(references)).toBe('1Password: jane of the default; 1Password: jane of work; SOPS: a.sops.yaml; environment: 2 variables');
  });

  test('in a lab nothing real is read: neither files nor the environment, but the lab\'s own store', async () => {
    using dir = scratch();
    const told = scope(dir.path, { env: { REAL: 'a-real-secret' }, site: site({ target: labTarget() }) });
    const asked: string[] = [];
    const vault: Pick<Op, 'whoami' | 'read'> = { whoami: async () => 'lab', read: async (references) => { asked.push(...references); return { values: new Map(references.map((reference) => [reference, 'of-the-lab'])), failed: [] }; } };
    const proc: Proc = { run: async ({ tool }) => { throw new Error(`${tool} was run`); } };
    const values = await makeStores(told, proc, vault).resolve(['env://REAL', 'sops://x.sops.yaml#a']);
    expect([...values.values()]).toEqual(['of-the-lab', 'of-the-lab']);
    expect(asked).toEqual(['op://environment/all/REAL', 'op://sops/x-sops-yaml/a']);
  });
});
