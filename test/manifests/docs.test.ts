import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { allRules } from '../../scripts/manifests/only.ts';

const FILE = join(import.meta.dirname, '../../docs/manifests.md');
const BEGIN = '<!-- rules -->\n';
const END = '<!-- /rules -->';

/** The rules as the document has them; `UPDATE_DOCS=1` writes them there. */
function rows(): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');
  return [...Map.groupBy(allRules(), (rule) => rule.group)].map(([group, rules]) => [
    `### ${group}`, '', '| rule | | what holds | otherwise |', '|---|---|---|---|',
    ...rules.map(({ id, severity, summary, why }) => `| <a name="${id}"></a>${id} | ${severity} | ${cell(summary)} | ${cell(why)} |`), '',
  ].join('\n')).join('\n');
}

test('docs/manifests.md has every rule as the code tells it (UPDATE_DOCS=1 writes them)', () => {
  const text = readFileSync(FILE, 'utf8');
  const [from, to] = [text.indexOf(BEGIN) + BEGIN.length, text.indexOf(END)];
  expect(to).toBeGreaterThan(from - 1);
  if (process.env['UPDATE_DOCS'] !== undefined) writeFileSync(FILE, `${text.slice(0, from)}${rows()}${text.slice(to)}`);
  else expect(text.slice(from, to)).toBe(rows());
});

test('each rule has an id of its own that says what it is about, and tells what holds and what goes wrong otherwise', () => {
  const rules = allRules();
  const ids = rules.map(({ id }) => id);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index || !/^[a-z]+(?:-[a-z]+)*$/u.test(id))).toEqual([]);
  expect(rules.filter(({ summary, why }) => summary.length < 15 || why.length < 15).map(({ id }) => id)).toEqual([]);
});
