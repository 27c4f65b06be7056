import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fc } from '../fast-check.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Event } from '../../scripts/engine/event.ts';
import { journalFailure, openJournal, parseJournal, readJournal } from '../../scripts/engine/journal.ts';
import { readRunJournal, writeResult } from '../../scripts/engine/runs.ts';

let scratch = '';
beforeAll(() => { scratch = mkdtempSync(join(tmpdir(), 'journal-')); });
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let folders = 0;
const folder = (): string => join(scratch, String(++folders));

const noted = (text: string, seq = 1): Event => ({ type: 'note', lane: 'infra', step: 'core', level: 'info', text, seq, at: '2026-01-02T03:04:05.678Z', t: 12 });

function write(dir: string, texts: readonly string[]): Buffer {
  const journal = openJournal(dir);
  texts.forEach((text, index) => journal.append(noted(text, index + 1)));
  journal.close();
  return readFileSync(journal.file);
}

const wildTexts = fc.array(fc.string({ unit: 'binary', maxLength: 30 }), { minLength: 1, maxLength: 6 });

describe('a journal', () => {
  test('gives back what was written, whatever the text', () => {
    fc.assert(fc.property(wildTexts, (texts) => {
      const content = parseJournal(write(folder(), texts));
      expect(content.tampered).toBeUndefined();
      expect(content.torn).toBe(false);
      // JSON replaces lone surrogates on their way to bytes by nothing else than their own escapes.
      expect(content.events).toEqual(texts.map((text, index) => noted(text, index + 1)));
    }), { numRuns: 40 });
  });

  test('cut anywhere is torn or a shorter whole, never tampered, and keeps every whole line', () => {
    const bytes = write(folder(), ['one', 'two €', 'three']);
    for (let length = 0; length <= bytes.length; length++) {
      const cut = bytes.subarray(0, length);
      const content = parseJournal(cut);
      const lines = cut.filter((byte) => byte === 0x0a).length;
      expect(content.tampered).toBeUndefined();
      expect(content.events).toHaveLength(lines);
      expect(content.torn).toBe(length > 0 && bytes[length - 1] !== 0x0a);
    }
  });

  test('a changed byte anywhere is tampering, found at its line', () => {
    const bytes = write(folder(), ['one', 'two €', 'three', 'four']);
    fc.assert(fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ change;
      const content = parseJournal(changed);
      const line = bytes.subarray(0, at).filter((byte) => byte === 0x0a).length + 1;
      expect(content).toMatchObject({ torn: false, tampered: { line } });
      expect(content.events).toHaveLength(line - 1);
    }), { numRuns: 600 });
  });

  test('cut anywhere and changed in a whole line, it is tampering all the same; in the beginning of a line, that line is never believed', () => {
    const bytes = write(folder(), ['one', 'two €', 'three', 'four']);
    fc.assert(fc.property(fc.integer({ min: 1, max: bytes.length }), fc.nat(), fc.integer({ min: 1, max: 255 }), (length, where, change) => {
      const cut = Buffer.from(bytes.subarray(0, length));
      const at = where % length;
      const wholeLines = cut.lastIndexOf(0x0a) + 1;
      const whole = cut.subarray(0, wholeLines).filter((byte) => byte === 0x0a).length;
      cut[at] = (cut[at] ?? 0) ^ change;
      const content = parseJournal(cut);
      const line = bytes.subarray(0, at).filter((byte) => byte === 0x0a).length + 1;
      expect(content.events).toHaveLength(Math.min(whole, line - 1));
      expect(content.torn).toBe(content.tampered === undefined);
      if (at < wholeLines) expect(content.tampered?.line).toBe(line);
      else expect(content.tampered === undefined || content.tampered.line === whole + 1).toBe(true);
    }), { numRuns: 1000 });
  });

  test.each<readonly [name: string, end: (line: string) => string, is: 'torn' | RegExp]>([
    ['one byte of the next line', (line) => line.slice(0, 1), 'torn'],
    ['half of the next line', (line) => line.slice(0, line.length / 2), 'torn'],
    ['the next line but for its line break', (line) => line, 'torn'],
    ['half of the next line and the zeros of a power cut', (line) => line.slice(0, line.length / 2) + '\0'.repeat(300), 'torn'],
    ['nothing but zeros', () => '\0'.repeat(300), 'torn'],
    ['words', () => 'and more', /begin/],
    ['an object of another kind', () => '{"hello":1', /begin/],
    ['zeros in the middle', (line) => `${line.slice(0, 30)}\0\0${line.slice(32, 60)}`, /no line has/],
    ['a whole line and something behind it', (line) => `${line} `, /added/],
    ['a whole line of other content', (line) => line.replace('next', 'text'), /hashed/],
    ['a line of another chain, cut off', (line) => line.replace(/"prev":"[0-9a-f]{4}/, '"prev":"beef').slice(0, -4), /follow/],
  ])('behind its lines: %s', (_name, end, is) => {
    const dir = folder();
    write(dir, ['one', 'two']);
    const next = write(dir, ['next']).toString().trimEnd().split('\n');
    const content = parseJournal(Buffer.from(`${next.slice(0, 2).join('\n')}\n${end(next[2] ?? '')}`));
    expect(content.events).toHaveLength(2);
    expect(content.torn).toBe(is === 'torn');
    if (is === 'torn') expect(content.tampered).toBeUndefined();
    else expect(content.tampered).toMatchObject({ line: 3, because: expect.stringMatching(is) });
  });

  test.each([
    ['a line taken out', (lines: string[]) => [lines[0], lines[2]]],
    ['two lines swapped', (lines: string[]) => [lines[1], lines[0], lines[2]]],
    ['a line twice', (lines: string[]) => [lines[0], lines[0], lines[1]]],
    ['a line of another hand', (lines: string[]) => [lines[0], '{"type":"note"}', lines[1]]],
    ['an empty line', (lines: string[]) => [lines[0], '', lines[1]]],
  ])('%s is tampering', (_, change) => {
    const lines = write(folder(), ['one', 'two', 'three']).toString().trimEnd().split('\n');
    expect(parseJournal(Buffer.from(`${change(lines).join('\n')}\n`)).tampered).toBeDefined();
  });

  test('an empty file is an empty journal', () => {
    expect(parseJournal(Buffer.alloc(0))).toMatchObject({ events: [], torn: false, tampered: undefined });
  });

  test('is readable by its owner only', () => {
    const dir = folder();
    write(dir, ['one']);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(statSync(join(dir, 'journal.jsonl')).mode & 0o777).toBe(0o600);
  });

  test('each line is JSON a person can read with jq', () => {
    const [line = ''] = write(folder(), ['one']).toString().split('\n');
    expect(JSON.parse(line)).toMatchObject({ type: 'note', text: 'one', prev: '0'.repeat(64) });
  });
});

describe('a journal and the result of its run', () => {
  test.each<readonly [name: string, ended: boolean, change: (lines: string) => string, is: 'sound' | 'torn' | RegExp]>([
    ['left alone', true, (lines) => lines, 'sound'],
    ['a line missing at the end', true, (lines) => lines.split('\n').slice(0, -2).join('\n') + '\n', /knows of more lines/],
    ['the last line cut off', true, (lines) => lines.slice(0, -10), /knows of more lines/],
    ['a beginning of a line behind them, for which there was no room', true, (lines) => `${lines}{"type":"no`, 'torn'],
    ['a run without a result, a line missing: nothing shows it', false, (lines) => lines.split('\n').slice(0, -2).join('\n') + '\n', 'sound'],
  ])('%s', (_name, ended, change, is) => {
    const dir = folder();
    const text = write(dir, ['one', 'two', 'three']).toString();
    writeResult(dir, { journal: parseJournal(Buffer.from(text)).head });
    writeFileSync(join(dir, 'journal.jsonl'), change(text));
    const content = readRunJournal({ dir, ended });
    expect(content?.torn).toBe(is === 'torn');
    if (typeof is === 'string') expect(content?.tampered).toBeUndefined();
    else expect(content?.tampered?.because).toMatch(is);
  });

  test('a damaged result is no witness', () => {
    const dir = folder();
    write(dir, ['one']);
    writeFileSync(join(dir, 'result.json'), '{"journal":');
    expect(readRunJournal({ dir, ended: true })).toMatchObject({ torn: false, tampered: undefined });
  });
});

describe('opening a journal again', () => {
  test('goes on with its chain', () => {
    const dir = folder();
    write(dir, ['one', 'two']);
    const content = parseJournal(write(dir, ['three']));
    expect(content.tampered).toBeUndefined();
    expect(content.events.map((event) => event.type === 'note' && event.text)).toEqual(['one', 'two', 'three']);
  });

  test('cuts off a torn line, which nobody was told of', () => {
    const dir = folder();
    const bytes = write(dir, ['one', 'two']);
    writeFileSync(join(dir, 'journal.jsonl'), bytes.subarray(0, bytes.length - 20));
    const content = parseJournal(write(dir, ['again']));
    expect(content).toMatchObject({ torn: false, tampered: undefined });
    expect(content.events.map((event) => event.type === 'note' && event.text)).toEqual(['one', 'again']);
  });

  test('refuses one that was tampered with: look first', () => {
    const dir = folder();
    const bytes = write(dir, ['one', 'two']);
    bytes[30] = (bytes[30] ?? 0) ^ 1;
    writeFileSync(join(dir, 'journal.jsonl'), bytes);
    expect(() => openJournal(dir)).toThrow(expect.objectContaining({ exit: 'look', because: expect.stringContaining('line 1') }));
  });

  test('the head is the same for writer and reader', () => {
    const dir = folder();
    const journal = openJournal(dir);
    journal.append(noted('one'));
    journal.close();
    expect(readJournal(journal.file).head).toBe(journal.head());
  });
});

describe('what cannot be written', () => {
  test('a folder that is a file: safe to run again, and how', () => {
    const file = join(scratch, 'in-the-way');
    writeFileSync(file, '');
    expect(() => openJournal(join(file, 'run'))).toThrow(expect.objectContaining({ exit: 'rerun', hint: expect.stringContaining('run the same command again') }));
  });

  test.each([['ENOSPC', 'disk is full'], ['EDQUOT', 'disk is full'], ['EFBIG', 'ulimit -f'], ['EACCES', 'folder writable'], ['ENOTDIR', 'Move away'], ['EMFILE', 'ulimit -n'], ['EIO', 'See to the disk']])('%s says what to do', (code, hint) => {
    const failure = journalFailure('/x/journal.jsonl', Object.assign(new Error(`${code}: write`), { code, path: '/x/journal.jsonl' }));
    expect(failure).toMatchObject({ exit: 'rerun', because: `${code}: write`, hint: expect.stringContaining(hint) });
  });
});
