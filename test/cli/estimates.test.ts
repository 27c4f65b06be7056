import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { estimatesFor } from '../../scripts/cli/estimates.ts';
import { SITE } from '../../scripts/config/target.ts';
import { newRunDir, writeResult } from '../../scripts/engine/runs.ts';

let taskDir = '';
beforeEach(() => {
  taskDir = mkdtempSync(join(tmpdir(), 'estimates-'));
});
afterEach(() => rmSync(taskDir, { recursive: true, force: true }));

function ran(steps: Readonly<Record<string, number>>, change: { readonly exit?: number; readonly speed?: number; readonly how?: string } = {}): void {
  const { dir } = newRunDir(taskDir);
  writeResult(dir, {
    task: 'cluster:create', exit: change.exit ?? 0, target: { kind: SITE.kind, engine: SITE.engine, speed: change.speed ?? SITE.speed },
    lanes: { infra: Object.entries(steps).map(([step, ms]) => ({ step, ms, how: change.how ?? 'done', note: '' })) },
  });
}

test('each step is expected to take what it took when it last really ran, also when a later run only went on', () => {
  ran({ preflight: 10, core: 100, flux: 50 });
  ran({ preflight: 12, flux: 60 });
  expect(estimatesFor(taskDir, 'cluster:create', SITE)).toEqual({ infra: { preflight: 12, core: 100, flux: 60 } });
});

test('runs that failed, at another speed or with nothing to do tell nothing', () => {
  ran({ preflight: 10, core: 100, flux: 50 }, { exit: 75 });
  ran({ preflight: 10, core: 100, flux: 50 }, { speed: 60 });
  ran({ preflight: 10, core: 100, flux: 50 }, { how: 'already' });
  ran({ preflight: 10 });
  expect(estimatesFor(taskDir, 'cluster:create', SITE)).toEqual({});
});
