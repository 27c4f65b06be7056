import { chmodSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { versionOnce } from '../../scripts/tools/version-once.ts';
import { scope, scratch } from './support.ts';

/** A folder with a tool in it, and a question that counts how often it is asked. */
function bench(dir: string) {
  const file = join(dir, 'tool');
  writeFileSync(file, '');
  chmodSync(file, 0o755);
  let asked = 0;
  const told = scope(dir, { env: { PATH: dir } });
  return { file, asked: () => asked, version: (tool = 'tool', answer = async () => 'v1') => versionOnce(told, tool, async () => { asked += 1; return answer(); }) };
}

test('lanes that ask at once, and later, are answered by one question', async () => {
  using dir = scratch();
  const { asked, version } = bench(dir.path);
  expect([...await Promise.all([version(), version()]), await version(), asked()]).toEqual(['v1', 'v1', 'v1', 1]);
});

test('a tool that was replaced is asked again', async () => {
  using dir = scratch();
  const { file, asked, version } = bench(dir.path);
  await version();
  utimesSync(file, 1, 1);
  expect([await version('tool', async () => 'v2'), asked()]).toEqual(['v2', 2]);
});

test('a question that failed is not kept, and who waited for it asks for himself', async () => {
  using dir = scratch();
  const { asked, version } = bench(dir.path);
  const [first, second] = await Promise.allSettled([version('tool', async () => { throw new Error('interrupted'); }), version()]);
  expect([first.status, second, asked()]).toEqual(['rejected', { status: 'fulfilled', value: 'v1' }, 2]);
  expect([await version(), asked()]).toEqual(['v1', 3]);
});

test('a tool that is not there is asked for each time, so that each says so', async () => {
  using dir = scratch();
  const { asked, version } = bench(dir.path);
  await version('absent');
  await version('absent');
  expect(asked()).toBe(2);
});
