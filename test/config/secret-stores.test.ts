import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { BUNDLE_FIELDS } from '../../scripts/tools/talos-bundle.ts';
import { Scratch, type Change } from './scratch.ts';

const scratch = new Scratch();
afterEach(() => { scratch.restore(); });
afterAll(() => { scratch[Symbol.dispose](); });

const TOKEN = 'op://Infra/shared-1password/OP_CONNECT_TOKEN';
const TALOS = 'op://Prod/infra-talos';
const token = (reference: string): Change => ({ file: 'bootstrap/secrets.yaml', replace: [TOKEN, reference] });
const bundle = (place: string): Change => ({ file: 'talos/clusters/infra.yaml', replace: [TALOS, place] });
/** As sops writes one: keys readable, values not. */
const sops = (file: string, keys: readonly string[], indent = ''): Change => ({ file, write: `${indent === '' ? '' : 'talos:\n'}${keys.map((key) => `${indent}${key}: ENC[AES256_GCM,data:abc=,iv:abc=,tag:abc=,type:str]\n`).join('')}sops:\n  mac: ENC[AES256_GCM,data:abc=,iv:abc=,tag:abc=,type:str]\n  version: 3.11.0\n` });

const told = (changes: readonly Change[]): readonly string[] => {
  scratch.change(changes);
  return scratch.problems().map(({ file, line, rule, message }) => `${file}:${line} ${rule}: ${message}`);
};

describe('secrets may be kept in any store', () => {
  test.each<[what: string, changes: readonly Change[]]>([
    ['a token in a variable', [token('env://OP_CONNECT_TOKEN')]],
    ['a token in another account of 1Password', [token(`${TOKEN}?account=work.1password.eu`)]],
    ['a token in a file of SOPS', [token('sops://talos/secrets.sops.yaml#token'), sops('talos/secrets.sops.yaml', ['token'])]],
    ['a cluster\'s fields in variables', [bundle('env://INFRA_TALOS')]],
    ['a cluster\'s fields in a file of SOPS', [bundle('sops://talos/infra.sops.yaml'), sops('talos/infra.sops.yaml', BUNDLE_FIELDS)]],
    ['a cluster\'s fields in a part of such a file', [bundle('sops://talos/infra.sops.yaml#talos'), sops('talos/infra.sops.yaml', BUNDLE_FIELDS, '  ')]],
  ])('%s', (_what, changes) => { expect(told(changes)).toEqual([]); });

  test.each<[what: string, changes: readonly Change[], wrong: RegExp]>([
    ['a file that is not there', [token('sops://talos/secrets.sops.yaml#token')], /^bootstrap\/secrets\.yaml:\d+ secret-file: there is no talos\/secrets\.sops\.yaml$/],
    ['a file nobody encrypted', [token('sops://talos/secrets.sops.yaml#note'), { file: 'talos/secrets.sops.yaml', write: 'note: nothing\n' }], /secret-file: talos\/secrets\.sops\.yaml is not encrypted by SOPS$/],
    ['a key the file has not', [token('sops://talos/secrets.sops.yaml#token'), sops('talos/secrets.sops.yaml', ['other'])], /secret-key: talos\/secrets\.sops\.yaml has no token$/],
    ['fields of a cluster the file has not', [bundle('sops://talos/infra.sops.yaml'), sops('talos/infra.sops.yaml', BUNDLE_FIELDS.slice(2))], new RegExp(`^talos/clusters/infra\\.yaml:\\d+ secret-key: talos/infra\\.sops\\.yaml has no ${BUNDLE_FIELDS[0]}, ${BUNDLE_FIELDS[1]}$`)],
    ['a reference without a key', [token('sops://talos/secrets.sops.yaml')], /secret-reference: sops:\/\/talos\/secrets\.sops\.yaml is not a reference/],
    ['a name that is none', [token('env://OP-TOKEN')], /secret-reference: env:\/\/OP-TOKEN is not a reference/],
  ])('told at once: %s', (_what, changes, wrong) => {
    const problems = told(changes);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(wrong);
  });
});
