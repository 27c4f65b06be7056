import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inputsOf, wallNs } from '../../scripts/manifests/cache/inputs.ts';
import { follow, type Followed } from '../../scripts/manifests/watch.ts';

let dir: string;
let followed: Followed<string>;
let computed: number;
/** Answers in the order they came, and somebody who waits for the next. */
let answers: string[];
let bell: PromiseWithResolvers<void>;

const file = (name: string): string => join(dir, name);
const text = (path: string): string | undefined => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);
const list = (path: string): readonly (readonly [string, 'file' | 'directory'])[] => (existsSync(path) ? readdirSync(path, { withFileTypes: true }).map((entry): readonly [string, 'file' | 'directory'] => [entry.name, entry.isDirectory() ? 'directory' : 'file']) : []);

/** What the files of the tree say together, as a tree is read: folders listed, files read. */
async function read(): Promise<{ readonly answer: string; readonly inputs: ReturnType<typeof inputsOf>['inputs'] }> {
  const began = wallNs();
  computed += 1;
  const folders = [dir, file('apps')];
  const files = folders.flatMap((folder) => list(folder).flatMap(([name, kind]) => (kind === 'file' && !name.startsWith('.') ? [join(folder, name)] : []))).toSorted();
  const read = files.map((path): readonly [string, string | undefined] => [path, text(path)]);
  const { inputs } = inputsOf({ files: read, folders: folders.map((folder) => [folder, list(folder)] as const), paths: [] }, began);
  return { answer: read.map(([, content]) => content ?? '').join('|'), inputs };
}

async function tell(): Promise<void> {
  await followed.settled();
  const answer = followed.answer();
  if (answer !== undefined) answers.push(answer);
  bell.resolve();
}

/** The next answer for which `fits`; answers that came before it are passed over. */
async function next(fits: (answer: string) => boolean): Promise<string> {
  for (;;) {
    const found = answers.find(fits);
    if (found !== undefined) return found;
    await bell.promise;
    bell = Promise.withResolvers();
  }
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'follow-'));
  mkdirSync(file('apps'));
  writeFileSync(file('a.yaml'), 'a1');
  writeFileSync(file('apps/b.yaml'), 'b1');
  computed = 0;
  answers = [];
  bell = Promise.withResolvers();
  followed = follow(read, () => void tell(), (error) => bell.reject(error));
  await followed.refresh();
});
afterEach(() => {
  followed.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe('a new answer for', () => {
  test.each<[string, () => void, string]>([
    ['a file that was saved in place', () => writeFileSync(file('a.yaml'), 'a2'), 'a2|b1'],
    ['a file that was saved under another name and put in place', () => { writeFileSync(file('apps/.b.swp'), 'b2'); renameSync(file('apps/.b.swp'), file('apps/b.yaml')); }, 'a1|b2'],
    ['a file that is new', () => writeFileSync(file('apps/c.yaml'), 'c1'), 'a1|b1|c1'],
    ['a file that is gone', () => rmSync(file('apps/b.yaml')), 'a1'],
    ['a folder that is gone', () => rmSync(file('apps'), { recursive: true }), 'a1'],
    ['two files', () => { writeFileSync(file('a.yaml'), 'a2'); writeFileSync(file('apps/b.yaml'), 'b2'); }, 'a2|b2'],
  ])('%s', async (_, change, expected) => {
    expect(followed.answer()).toBe('a1|b1');
    change();
    expect(await next((answer) => answer === expected)).toBe(expected);
    expect(followed.answer()).toBe(expected);
  });

  test('a folder that went away and came back, and what is saved in it then', async () => {
    rmSync(file('apps'), { recursive: true });
    await next((answer) => answer === 'a1');
    mkdirSync(file('apps'));
    writeFileSync(file('apps/b.yaml'), 'b2');
    await next((answer) => answer === 'a1|b2');
    writeFileSync(file('apps/b.yaml'), 'b3');
    expect(await next((answer) => answer === 'a1|b3')).toBe('a1|b3');
  });
});

test('a file that was touched, or saved as it was, asks nothing again', async () => {
  utimesSync(file('a.yaml'), new Date(), new Date());
  writeFileSync(file('apps/b.yaml'), 'b1');
  await followed.refresh();
  writeFileSync(file('a.yaml'), 'a2');
  await next((answer) => answer === 'a2|b1');
  expect(computed).toBe(2);
});

test('what is saved while an answer is worked out is in the next one, and no half answer is told', async () => {
  let slow: PromiseWithResolvers<void> | undefined = Promise.withResolvers();
  const inside = Promise.withResolvers<void>();
  const other = follow(async () => {
    const answer = await read();
    inside.resolve();
    await slow?.promise;
    return answer;
  }, () => undefined, () => undefined);
  const first = other.refresh();
  await inside.promise;
  writeFileSync(file('a.yaml'), 'a2');
  expect(other.answer()).toBeUndefined();
  slow.resolve();
  slow = undefined;
  await first;
  expect(other.answer()).toBe('a2|b1');
  other.stop();
});

test('what cannot be worked out is told, and the end of it is no error', async () => {
  const failed = Promise.withResolvers<unknown>();
  const other = follow(async (): Promise<never> => { throw new TypeError('no'); }, () => undefined, failed.resolve);
  await other.refresh();
  expect(await failed.promise).toMatchObject({ message: 'no' });
  other.stop();
});

test('what takes long is left for afterwards: the answer is there first, then the whole of it, and a save in between is answered instead', async () => {
  let rests = 0;
  const rung: string[] = [];
  let heard = Promise.withResolvers<void>();
  const other = follow<string>(async () => {
    const first = await read();
    return { ...first, rest: async () => { rests += 1; return { ...first, answer: `${first.answer} and the rest` }; } };
  }, () => {
    void other.settled().then(() => {
      const answer = other.answer();
      if (answer !== undefined) rung.push(answer);
      heard.resolve();
    });
  }, (error) => heard.reject(error));
  const until = async (answer: string): Promise<void> => {
    while (!rung.includes(answer)) {
      await heard.promise;
      heard = Promise.withResolvers();
    }
  };
  await other.refresh();
  expect(other.answer()).toBe('a1|b1');
  await until('a1|b1 and the rest');
  writeFileSync(file('a.yaml'), 'a2');
  await until('a2|b1');
  writeFileSync(file('a.yaml'), 'a3');
  await until('a3|b1 and the rest');
  expect(rung).not.toContain('a2|b1 and the rest');
  expect(rests).toBe(2);
  other.stop();
});
