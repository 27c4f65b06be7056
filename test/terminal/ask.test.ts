import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { ask, judgeTyped, questionLines } from '../../scripts/terminal/ask.ts';
import { createStyle } from '../../scripts/terminal/style.ts';
import { displayWidth } from '../../scripts/terminal/width.ts';

const style = createStyle({ colour: false, width: 80 });
const question = { title: 'Point of no return: destroy apps', facts: [['machines', 'apps-01 apps-02 apps-03'], ['data', '11 volumes']] as const, word: 'apps' };

/** Answers with the given keys and says what came of it. */
async function answer(keys: string, word: string | undefined): Promise<string> {
  const [input, output] = [new PassThrough(), new PassThrough()];
  output.resume();
  let time = 0;
  const asked = ask({ ...question, word }, { input, output, style, now: () => (time += 500) });
  await new Promise((resolve) => setImmediate(resolve));
  input.write(keys);
  const { answer: given, waitedMs } = await asked;
  expect(waitedMs).toBe(500);
  return given;
}

describe('what an answer means', () => {
  test.each<[string, string, string | undefined, string]>([
    ['the word typed is consent', 'apps\r', 'apps', 'go'],
    ['Enter alone stops', '\r', 'apps', 'stop'],
    ['p pauses', 'p\r', 'apps', 'pause'],
    ['another word stops', 'infra\r', 'apps', 'stop'],
    ['yes is not the word', 'yes\r', 'apps', 'stop'],
    ['Ctrl-C stops', '\u0003', 'apps', 'stop'],
    ['Enter at a yes/no question means no', '\r', undefined, 'stop'],
    ['y agrees', 'y', undefined, 'go'],
    ['Ctrl-C at a yes/no question stops, although clack answers it with something truthy', '\u0003', undefined, 'stop'],
  ])('%s', async (_why, keys, word, expected) => expect(await answer(keys, word)).toBe(expected));

  test.each([['apps', 'go'], [' apps ', 'go'], ['Apps', 'stop'], ['app', 'stop'], ['', 'stop'], [undefined, 'stop'], ['P', 'pause']])('typed %j is %s', (typed, expected) => expect(judgeTyped(typed, 'apps')).toBe(expected));

  test('an empty word can never be consent', () => expect(judgeTyped('', '')).toBe('stop'));

  test('a run that is interrupted stops asking', async () => {
    const abort = new AbortController();
    const [input, output] = [new PassThrough(), new PassThrough()];
    output.resume();
    const asked = ask(question, { input, output, style, signal: abort.signal });
    await new Promise((resolve) => setImmediate(resolve));
    abort.abort();
    expect((await asked).answer).toBe('stop');
  });
});

test('the question shows every fact in full, within the width, and where in the run it is', () => {
  const lines = questionLines({ ...question, facts: [['data', 'volume '.repeat(40).trim()]] }, style, 'run 01JD…7K, step 9 of 31');
  expect(lines[0]).toMatch(/^◆ Point of no return: destroy apps +run 01JD…7K, step 9 of 31$/u);
  expect(lines.slice(1).join(' ').match(/volume/gu)).toHaveLength(40);
  for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(80);
});
