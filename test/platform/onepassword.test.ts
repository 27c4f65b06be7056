import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { onepasswordDocument } from './onepassword.ts';
import { built, CLUSTERS, PROJECT, written } from './tree.ts';

const FILE = join(PROJECT, 'docs/runbooks/onepassword.md');

test('the document of 1Password items is what the tree asks for, byte for byte', () => {
  const document = onepasswordDocument(written(), CLUSTERS.map(built));
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(FILE, document);
  expect(readFileSync(FILE, 'utf8')).toBe(document);
});
