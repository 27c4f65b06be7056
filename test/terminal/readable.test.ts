import { describe, expect, test } from 'vitest';
import { createView, styleFor } from '../../scripts/terminal/view.ts';
import { FakeStream } from './fake-stream.ts';
import { syntheticRun } from './synthetic.ts';

type Environment = Readonly<Record<string, string>>;

/** What `--output=plain` writes of a whole run that fails, on a terminal. */
async function plain(env: Environment): Promise<string> {
  const [stdout, stderr] = [new FakeStream({ columns: 100 }), new FakeStream({ columns: 100 })];
  const view = createView({ mode: 'plain', stdout, stderr, shape: 'steps', env });
  for (const event of syntheticRun({ failAt: 'core' })) view.on(event);
  await view.close();
  expect(stderr.text).toBe('');
  return stdout.text;
}
// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const DRESS = /\u001b\[\d+m/gu;

describe('--output=plain, as a screen reader or a braille line gets it', () => {
  test('every line is new, stands for itself, and is never written over', async () => {
    const text = await plain({ NO_COLOR: '1' });
    expect(text.endsWith('\n')).toBe(true);
    const lines = text.slice(0, -1).split('\n');
    expect(lines.length).toBeGreaterThan(40);
    for (const line of lines) {
      // Nothing a terminal obeys, no frame, bar or turning sign; and nothing that only its place above another line explains.
      // oxlint-disable-next-line no-control-regex -- control characters are what this is about
      expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f]|[\u2500-\u259f\u2800-\u28ff\u25d0-\u25d7]/u);
      expect(line).toMatch(/^\d\d:\d\d:\d\d +\S/u);
      expect(line).toBe(line.trimEnd());
    }
  });

  test('what became of a step is a word, never a mark or a colour alone', async () => {
    const lines = (await plain({ NO_COLOR: '1' })).trimEnd().split('\n');
    const ends = lines.filter((line) => / (?:core|crds|preflight) +(?:done|failed|already)\b/u.test(line));
    expect(ends.map((line) => line.split(/ +/u).slice(1, 4).join(' '))).toEqual(expect.arrayContaining(['infra preflight done', 'apps crds done', 'apps core failed']));
    for (const line of lines) expect(line.slice(37).trimStart()).toMatch(/^[a-z][a-z ]+/u);
  });

  test('colour dresses words and says nothing by itself', async () => {
    const dressed = await plain({ FORCE_COLOR: '1' });
    expect(dressed).toMatch(DRESS);
    expect(dressed.replace(DRESS, '')).toBe(await plain({ NO_COLOR: '1' }));
  });
});

describe('NO_COLOR, in every form people set it', () => {
  test.each<readonly [string, Environment, boolean]>([
    ['1', { NO_COLOR: '1' }, false], ['true', { NO_COLOR: 'true' }, false], ['any word', { NO_COLOR: 'please' }, false],
    // What it says does not matter, that it says something does (no-color.org): 0 and false are words like any other.
    ['0', { NO_COLOR: '0' }, false], ['false', { NO_COLOR: 'false' }, false], ['a blank', { NO_COLOR: ' ' }, false],
    ['together with FORCE_COLOR', { NO_COLOR: '1', FORCE_COLOR: '3' }, false], ['0 together with FORCE_COLOR', { NO_COLOR: '0', FORCE_COLOR: '1' }, false],
    ['empty', { NO_COLOR: '' }, true], ['not set', {}, true],
  ])('%s', async (_name, env, colour) => {
    expect(styleFor(new FakeStream({ columns: 100 }), env).red('x') !== 'x').toBe(colour);
    expect(DRESS.test(await plain(env))).toBe(colour);
    DRESS.lastIndex = 0;
  });

  test('the picture of a run has none either, and stays a picture', async () => {
    const stdout = new FakeStream({ columns: 100, rows: 40 });
    const view = createView({ mode: 'live', stdout, stderr: new FakeStream({ columns: 100 }), shape: 'steps', env: { NO_COLOR: '1' } });
    for (const event of syntheticRun({ failAt: 'core' })) view.on(event);
    await view.close();
    expect(stdout.text).toContain('core');
    // oxlint-disable-next-line no-control-regex -- as above
    expect(stdout.text).not.toMatch(/\u001b\[(?:[1-9]|[1-9]\d)m/u);
  });
});
