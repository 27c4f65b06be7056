import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readPolicy } from '../../scripts/config/policy.ts';
import { Failure } from '../../scripts/engine/failure.ts';

const GOOD = `format: 1
by: Jane Doe
because: quarterly rehearsal
targets: [lab]
tasks: [dr:rehearse]
window: {from: 2026-11-21T18:00:00Z, until: "2026-11-21T23:00:00+01:00"}
answers:
  - {checkpoint: confirm, cluster: apps, answer: go}
  - {checkpoint: rebuild, answer: pause}
`;
const NOW = Date.parse('2026-11-21T19:00:00Z');
const folder = mkdtempSync(join(tmpdir(), 'policy-'));
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });
let written = 0;
const file = (text: string): string => {
  const path = join(folder, `${written++}.yaml`);
  writeFileSync(path, text);
  return path;
};
const read = (text: string, asked: Partial<Parameters<typeof readPolicy>[1]> = {}): ReturnType<typeof readPolicy> => readPolicy(file(text), { task: 'dr:rehearse', target: 'lab', now: NOW, ...asked });
const failure = (work: () => unknown): Failure => {
  try { work(); } catch (error) { if (error instanceof Failure) return error; throw error; }
  throw new Error('nothing failed');
};

describe('a policy', () => {
  test('answers the checkpoints it names, in the name of who allowed it, and no other', () => {
    const answers = read(GOOD);
    expect(answers('apps', 'confirm')).toEqual({ answer: 'go', by: 'Jane Doe (quarterly rehearsal)', how: 'policy', waitedMs: 0 });
    expect(answers('infra', 'confirm')).toBeUndefined();
    expect(answers('', 'rebuild')).toMatchObject({ answer: 'pause' });
    expect(answers('apps', 'other')).toBeUndefined();
  });
  test.each([
    ['another task', { task: 'cluster:destroy' }, /is for dr:rehearse/],
    ['another target', { target: 'site' }, /is for lab, not site/],
    ['too early', { now: NOW - 7_200_000 }, /window is 2026-11-21T18:00:00.000Z to 2026-11-21T22:00:00.000Z/],
    ['too late', { now: NOW + 4 * 3_600_000 }, /window is/],
  ] as const)('allows nothing to %s: refused, in its own words', (_what, asked, because) => {
    const refused = failure(() => read(GOOD, asked));
    expect(refused.exit).toBe('refused');
    expect(refused.because).toMatch(because);
  });
  test.each([
    ['an answer that is none', GOOD.replace('answer: go', 'answer: maybe'), /answers\[0\]\.answer \(go, pause, stop\)/],
    ['a time without a zone', GOOD.replace('2026-11-21T18:00:00Z', '"2026-11-21T18:00:00"'), /window\.from/],
    ['nobody who allows it', GOOD.replace('by: Jane Doe\n', ''), /missing or wrong: by/],
    ['another form', GOOD.replace('format: 1', 'format: 2'), /format/],
    ['no YAML', 'a: [', /./],
    ['nothing', '', /format, .*by/],
  ])('with %s is a problem of the configuration that shows the form', (_what, text, because) => {
    const wrong = failure(() => read(text));
    expect(wrong.exit).toBe('configuration');
    expect(wrong.because).toMatch(because);
    expect(wrong.hint).toContain('window:');
  });
  test('that is not there is told', () => {
    expect(failure(() => readPolicy('/nowhere/policy.yaml', { task: 'dr:rehearse', target: 'lab', now: NOW })).because).toMatch(/ENOENT/);
  });
});
