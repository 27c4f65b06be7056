import * as fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../../scripts/engine/failure.ts';
import reboot from '../../../scripts/phases/talos-reboot.ts';
import upgrade from '../../../scripts/phases/talos-upgrade.ts';
import { FROM, Killed, Model, TO, type Trouble } from './model.ts';

const RUNS = Number(process.env['SOAK'] === undefined ? 200 : 2_000);
/** A person who types the same command again gives up some time. */
const ATTEMPTS = 30;

/** One attempt: what became of it. */
async function attempt(model: Model, work: typeof upgrade = upgrade, folder?: string): Promise<'done' | 'killed' | Failure> {
  try {
    await work.run(model.context(folder));
    return 'done';
  } catch (error) {
    if (error instanceof Killed) return 'killed';
    if (error instanceof Failure && error.exit !== 'bug') return error;
    throw error;
  }
}

const machine = fc.nat({ max: 6 });
const trouble: fc.Arbitrary<Trouble> = fc.oneof(
  fc.record({ is: fc.constant('power' as const), machine, at: fc.nat({ max: 1_500_000 }), for: fc.integer({ min: 5_000, max: 400_000 }) }),
  fc.record({ is: fc.constant('slow-etcd' as const), machine, by: fc.integer({ min: 10_000, max: 500_000 }) }),
  fc.record({ is: fc.constantFrom('no-boot' as const, 'unhealthy' as const), machine }),
);
const schedule = fc.record({ planes: fc.constantFrom(3, 5), workers: fc.nat({ max: 2 }), troubles: fc.array(trouble, { maxLength: 5 }), kills: fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 6 }) });

describe('an upgrade of Talos, whatever befalls', () => {
  test(`never takes a member of etcd away that cannot be spared, and never two at once (${RUNS} schedules)`, async () => {
    await fc.assert(fc.asyncProperty(schedule, async ({ planes, workers, troubles, kills }) => {
      const model = new Model(planes, workers, troubles);
      const left = [...kills];
      for (let n = 0; n < ATTEMPTS; n += 1) {
        model.killAt = left.shift() ?? Infinity;
        // What befell is mended by people between attempts, once they were told often enough.
        if (n === ATTEMPTS / 2) model.healTroubles();
        const ended = await attempt(model);
        if (ended === 'done') break;
        model.pass(30_000);
      }
      expect(model.wrong).toEqual([]);
      expect(model.lost).toEqual([]);
      expect(model.machines.map(({ version }) => version)).toEqual(model.machines.map(() => TO));
      expect(model.machines.filter(({ cordoned }) => cordoned !== undefined)).toEqual([]);
      expect([...model.open.keys()]).toEqual([]);
    }), { numRuns: RUNS });
  }, 120_000);

  test('killed at every call it makes, it goes on, and upgrades each machine once', async () => {
    const calm = new Model(3, 0, []);
    expect(await attempt(calm)).toBe('done');
    for (let at = 1; ; at += 1) {
      const model = new Model(3, 0, []);
      model.killAt = at;
      if (await attempt(model) === 'done') break;
      expect(await attempt(model), `killed at call ${at}`).toBe('done');
      expect([model.lost, model.wrong], `killed at call ${at}`).toEqual([[], []]);
      expect(model.machines.map(({ version, upgrades, cordoned }) => [version, upgrades, cordoned]), `killed at call ${at}`).toEqual([1, 2, 3].map(() => [TO, 1, undefined]));
    }
  });

  test.each<[Trouble['is'], RegExp, string]>([['no-boot', /went back to 1\.11\.5 by itself/, 'the others are not touched'], ['unhealthy', /was rolled back to v?1\.11\.5/, 'and is well again']])('a machine that fails by %s stops it, is back as it was, and %s', async (is, said) => {
    const model = new Model(3, 1, [{ is: is === 'no-boot' ? 'no-boot' : 'unhealthy', machine: 1 }]);
    const ended = await attempt(model);
    expect(ended instanceof Failure ? ended.what : ended).toMatch(said);
    expect(model.machines.map(({ version }) => version)).toEqual([FROM, FROM, FROM, FROM]);
    expect(model.machines.filter(({ cordoned }) => cordoned !== undefined)).toEqual([]);
    expect(model.quorum()).toBe(true);
    expect([model.lost, model.wrong]).toEqual([[], []]);
  });
});

describe('a round of reboots, whatever befalls', () => {
  test('never takes a member of etcd away that cannot be spared, and goes on where it was', async () => {
    await fc.assert(fc.asyncProperty(schedule, async ({ planes, workers, troubles, kills }) => {
      const folder = mkdtempSync(join(tmpdir(), 'round-'));
      try {
        const model = new Model(planes, workers, troubles);
        const before = model.machines.map(({ boot }) => boot);
        const left = [...kills];
        let calm = troubles.length === 0;
        for (let n = 0; n < ATTEMPTS; n += 1) {
          model.killAt = left.shift() ?? Infinity;
          if (n === ATTEMPTS / 2) model.healTroubles();
          const ended = await attempt(model, reboot, folder);
          if (ended === 'done') break;
          if (ended !== 'killed') calm = false;
          model.pass(60_000);
        }
        expect([model.wrong, model.lost]).toEqual([[], []]);
        expect(model.machines.filter(({ boot }, n) => boot === before[n])).toEqual([]);
        // Where nothing befell anybody, nobody was rebooted twice, however often the runs were killed.
        if (calm) expect(model.machines.map(({ boot }, n) => boot - (before[n] ?? 0))).toEqual(model.machines.map(() => 1));
        expect(model.machines.filter(({ cordoned }) => cordoned !== undefined)).toEqual([]);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }), { numRuns: RUNS / 2 });
  }, 120_000);
});
