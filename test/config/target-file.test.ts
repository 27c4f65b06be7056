import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadTarget, parseTarget } from '../../scripts/config/target-file.ts';
import { SITE, type TargetFile } from '../../scripts/config/target.ts';
import { Failure } from '../../scripts/engine/failure.ts';

const LAB: TargetFile = {
  format: 1, id: 'lab-4f2a', kind: 'lab', label: 'LAB embedded, simulated machines, clock x60', engine: 'embedded', speed: 60, simulated: ['machines'],
  path: '/checkout/lab/bin', env: { LAB_WORLD: 'w1' }, machines: { '10.25.11.11': '127.0.0.1:40001' },
  apis: { infra: { address: '127.0.0.1:40010', serverName: 'infra-k8s.monosense.io' } }, downloads: { 'https://example.com/x.yaml': { file: '/tmp/x', sha256: 'a'.repeat(64) } },
  git: null, policy: null,
};

function failureOf(run: () => unknown): Failure {
  try {
    run();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

test('the site is the identity and needs no file', () => {
  expect(loadTarget('/nowhere', 'site')).toBe(SITE);
});

test('a lab is read as it was written', () => {
  const dir = mkdtempSync(join(tmpdir(), 'target-'));
  try {
    mkdirSync(join(dir, 'lab'));
    writeFileSync(join(dir, 'lab', 'target.json'), JSON.stringify(LAB));
    expect(loadTarget(dir, 'lab')).toEqual(LAB);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('a lab that is not up says so, and how to bring it up', () => {
  const failure = failureOf(() => loadTarget('/nowhere', 'lab'));
  expect([failure.code, failure.hint]).toEqual([75, 'task lab:up']);
});

describe('a file that is not what it should be is refused with the field named', () => {
  test.each<[string, string]>([
    ['{', 'it is not JSON'],
    ['[]', 'missing or wrong: format'],
    [JSON.stringify({ ...LAB, format: 2 }), 'missing or wrong: format'],
    [JSON.stringify({ ...LAB, kind: 'site' }), 'missing or wrong: kind'],
    [JSON.stringify({ ...LAB, speed: 0 }), 'missing or wrong: speed'],
    [JSON.stringify({ ...LAB, machines: { '10.25.11.11': '10.25.11.11:50000' } }), 'missing or wrong: machines'],
    [JSON.stringify({ ...LAB, apis: { infra: { address: '127.0.0.1:40010' } } }), 'missing or wrong: apis'],
    [JSON.stringify({ ...LAB, downloads: { 'https://example.com/x.yaml': { file: '/tmp/x', sha256: 'abc' } } }), 'missing or wrong: downloads'],
    [JSON.stringify({ ...LAB, extra: 1 }), 'unknown: extra'],
  ])('%#', (text, because) => {
    const failure = failureOf(() => parseTarget(text, 'target.json'));
    expect(failure.code).toBe(65);
    expect(failure.because).toContain(because);
  });
});
