import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { keptParses } from '../../scripts/config/kept.ts';
import { loadSite } from '../../scripts/config/load.ts';
import { Sources } from '../../scripts/config/source.ts';
import { SITE } from '../../scripts/config/target.ts';
import { scratch } from '../tools/support.ts';
import { Scratch } from './scratch.ts';

const PROJECT = join(import.meta.dirname, '../..');

describe('parses that are kept', () => {
  test('the site is the same from kept parses as from files read for the first time', () => {
    using cache = scratch();
    const first = loadSite(PROJECT, SITE, cache.path);
    expect(statSync(join(cache.path, 'parsed.json')).mode & 0o777).toBe(0o600);
    expect(loadSite(PROJECT, SITE, cache.path)).toEqual(first);
    expect(loadSite(PROJECT, SITE)).toEqual(first);
  });
  test('what a rule says of a file that was kept has the same place as without', () => {
    using cache = scratch();
    const copy = new Scratch();
    try {
      expect('site' in loadSite(copy.root, SITE, cache.path)).toBe(true);
      // One file changes, so that others, kept ones, are wrong too: the address is another cluster's.
      copy.change([{ file: 'talos/clusters/apps.yaml', replace: ['address: 10.25.11.16', 'address: 10.25.11.13'] }]);
      const kept = loadSite(copy.root, SITE, cache.path);
      expect('problems' in kept && kept.problems.length).toBeGreaterThan(0);
      expect(kept).toEqual(loadSite(copy.root, SITE));
    } finally {
      copy[Symbol.dispose]();
    }
  });
  test('a place in a kept document is looked up when it is asked for, in the right document', () => {
    using dir = scratch();
    writeFileSync(join(dir.path, 'a.yaml'), '---\n# nothing\n---\na: 1\n---\nb:\n  - x\n  - y\n');
    mkdirSync(join(dir.path, 'cache'));
    const read = (): ReturnType<Sources['yaml']> => {
      const kept = keptParses(join(dir.path, 'cache'));
      const documents = new Sources(dir.path, kept).yaml('a.yaml');
      kept.save();
      return documents;
    };
    const [fresh, again] = [read(), read()];
    expect(again?.map(({ data }) => data)).toEqual([{ a: 1 }, { b: ['x', 'y'] }]);
    expect(again?.map((document) => document.spotAt(['b', 1]))).toEqual(fresh?.map((document) => document.spotAt(['b', 1])));
    expect(again?.[1]?.spotAt(['b', 1])).toMatchObject({ line: 8, column: 5 });
  });
  test.each([
    ['a text with a mistake', 'a: 1\na: 2\n'], ['an empty one', '# nothing\n'], ['a number JSON does not know', 'a: .inf\n'],
  ])('%s is read anew each time', (_name, text) => {
    using dir = scratch();
    writeFileSync(join(dir.path, 'a.yaml'), text);
    const kept = keptParses(dir.path);
    new Sources(dir.path, kept).yaml('a.yaml');
    kept.save();
    expect(keptParses(dir.path).get(text)).toBeUndefined();
  });
  test.each([
    ['damaged', 'no json'], ['of another form', '{"reader":1}'], ['of another reader', '{"reader":"older","documents":{}}'],
  ])('what was kept is not believed when it is %s', (_name, text) => {
    using dir = scratch();
    writeFileSync(join(dir.path, 'parsed.json'), text);
    expect('site' in loadSite(PROJECT, SITE, dir.path)).toBe(true);
    expect(JSON.parse(readFileSync(join(dir.path, 'parsed.json'), 'utf8')).reader).toMatch(/source\.ts/);
  });
  test('no folder is made for it', () => {
    using dir = scratch();
    const kept = keptParses(join(dir.path, 'none'));
    kept.put('a: 1', [{ a: 1 }]);
    kept.save();
    expect(() => statSync(join(dir.path, 'none'))).toThrow(/ENOENT/);
  });
});
