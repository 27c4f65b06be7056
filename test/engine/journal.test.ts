import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Event } from '../../scripts/engine/event.ts';
import { journalFailure, openJournal, parseJournal, readJournal } from '../../scripts/engine/journal.ts';

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

  test('a changed byte in an inner line is tampering, found at that line or before its follower', () => {
    const bytes = write(folder(), ['one', 'two', 'three', 'four']);
    const lastLine = bytes.subarray(0, bytes.length - 1).lastIndexOf(0x0a) + 1;
    fc.assert(fc.property(fc.nat(lastLine - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ change;
      const content = parseJournal(changed);
      const line = bytes.subarray(0, at).filter((byte) => byte === 0x0a).length + 1;
      expect(content.tampered?.line).toBe(line);
      expect(content.events).toHaveLength(line - 1);
    }), { numRuns: 400 });
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

  test.each([['ENOSPC', 'disk is full'], ['EDQUOT', 'disk is full'], ['EACCES', 'folder writable']])('%s says what to do', (code, hint) => {
    const failure = journalFailure('/x/journal.jsonl', Object.assign(new Error(`${code}: write`), { code }));
    expect(failure).toMatchObject({ exit: 'rerun', because: `${code}: write`, hint: expect.stringContaining(hint) });
  });
});
