import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { expect, test } from 'vitest';
import { at, entries, fields, items } from '../../../scripts/manifests/index/read.ts';

const ROOT = join(import.meta.dirname, '../../..');
const read = (file: string): unknown => load(readFileSync(join(ROOT, file), 'utf8'));

test('the Secrets that are given to the validation of our tree are those the bootstrap makes, with the same keys and references', () => {
  const made = items(read('bootstrap/secrets.yaml')).map((each) => [`${String(at(each, 'namespace'))}/${String(at(each, 'name'))}`, fields(at(each, 'data'))]);
  const given = entries(at(read('.manifests.yaml'), 'given')).filter(({ entry }) => entry['kind'] === 'Secret').map(({ entry }) => [`${String(at(entry, 'metadata', 'namespace'))}/${String(at(entry, 'metadata', 'name'))}`, fields(entry['stringData'])]);
  expect(Object.fromEntries(given)).toEqual(Object.fromEntries(made));
});
