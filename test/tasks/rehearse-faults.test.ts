import { afterAll, describe, expect, test } from 'vitest';
import { asleepIn, bootstraps, rehearse, resets, tellLab, type Heard, type Rehearsed } from './rehearsing.ts';
import { ROWS, type Row } from './rehearse-rows.ts';
import { makeRig, type Rig } from './rig.ts';

const SOAK = process.env['SOAK'] !== undefined;
const SPEED = '90';
const APPS = ['CLUSTER=apps'];
const MACHINES = ['apps-01', 'apps-02', 'apps-03'];
const EXIT = { refused: 75, 'goes on': 75, red: 1, green: 0 } as const;
const titleOf = (row: Row): string => `${row.fault}${row.at === undefined ? '' : ` at ${row.at}`}${row.about === undefined ? '' : ` (${row.about})`}: ${row.ends}`;

let shared: Rig | undefined;
/** A world with both clusters, kept from row to row; a row that did not end as it should leaves none to the next. */
async function world(): Promise<Rig> {
  if (shared !== undefined) return shared;
  const rig = makeRig({ speed: SPEED });
  shared = rig;
  await rig.lab('up');
  await tellLab(rig, 'data');
  for (const cluster of ['infra', 'apps']) {
    const made = await rig.task('cluster:create', `CLUSTER=${cluster}`, 'TARGET=lab', '--yes');
    expect(`${made.code} ${made.stderr}`).toMatch(/^0 /);
  }
  return rig;
}
const last = async (rig: Rig): Promise<number> => (await rig.log()).at(-1)?.seq ?? 0;
const shown = (ran: Rehearsed): string => `${ran.code}\n${ran.said}\nnext: ${ran.next}\n${ran.report?.verdict.is ?? 'no report'}: ${ran.report?.verdict.sentence ?? ''} ${ran.report?.verdict.reasons.join('; ') ?? ''}\n${ran.stderr}`;

/** A rehearsal during which the row's fault is caused, when and where the row says. */
async function withFault(rig: Rig, row: Row): Promise<Rehearsed> {
  const cause = async (): Promise<void> => tellLab(rig, 'break', { fault: row.fault, cluster: 'apps', machine: row.machine, object: row.object });
  if (row.at === undefined) await cause();
  return rehearse(rig, [...APPS, 'RUN=new'], (event) => (momentOf(event) === row.at ? cause() : undefined));
}

/** The name by which a row means this moment: a step that begins, or `wipe of MACHINE`. */
function momentOf({ type, step, act, subject }: Heard): string | undefined {
  if (type === 'act-started') return `${String(act)} of ${String(subject)}`;
  return type === 'phase-started' || type === 'checkpoint-asked' ? step : undefined;
}

/** What the report says became of the data sets a fault did not touch. */
function others({ report }: Rehearsed, row: Row): readonly string[] {
  return (report?.data ?? []).filter(({ dataSet }) => row.became?.[dataSet] === undefined).map(({ became }) => became);
}

/** Nothing is worse than it was, and once the fault is healed readiness has nothing against it. */
async function leftAsItWas(rig: Rig, ran: Rehearsed, since: number): Promise<void> {
  expect(resets(await rig.log(since)), 'nothing is wiped').toEqual([]);
  if (ran.report !== undefined) expect(ran.report.verdict.is).not.toBe('green');
  await tellLab(rig, 'heal', { all: true });
  await readyAgain(rig);
}

/** The same command again, as far as its first gate: what some controllers still reconcile after a fault is waited for by asking again. */
async function readyAgain(rig: Rig): Promise<void> {
  const ask = (): Promise<Rehearsed> => rehearse(rig, [...APPS, 'RUN=new', 'UNTIL=readiness']);
  let ready = await ask();
  for (let asked = 1; asked < 5 && ready.code !== 0; asked++) ready = await ask();
  expect(shown(ready), shown(ready)).toMatch(/^0\n/);
  expect(await asleepIn(rig, 'apps'), 'Flux is awake').toEqual([]);
}

async function goesOn(rig: Rig, row: Row, first: Rehearsed, since: number): Promise<void> {
  expect(first.report?.verdict).toMatchObject({ is: 'unfinished', reasons: expect.arrayContaining([expect.any(String)]) });
  await tellLab(rig, 'heal', { all: true });
  const second = await rehearse(rig, APPS);
  if (row.byHand !== undefined) {
    expect(shown(second), shown(second)).toMatch(/^75\n[^]*unfinished/);
    expect(second.said).toMatch(row.byHand);
    // Nobody mends it here.
    await rig.dispose();
    shared = undefined;
    return;
  }
  expect(shown(second), shown(second)).toMatch(/^0\n[^]*green/);
  expect(second.run, 'it is one rehearsal').toBe(first.run);
  const log = await rig.log(since);
  // A machine that cannot leave etcd is told twice, by force the second time; that it was wiped once is one of the report's own judgements.
  expect([...new Set(resets(log))]).toEqual(MACHINES);
  expect(bootstraps(log)).toEqual(['apps']);
  expect(second.report?.gaps).toHaveLength(1);
}

async function holds(rig: Rig, row: Row): Promise<void> {
  const since = await last(rig);
  const ran = await withFault(rig, row);
  process.stderr.write(`${titleOf(row)}: ${Math.round(ran.wallMs / 1000)} s ${shown(ran).slice(0, 900)}\n`);
  expect(shown(ran), shown(ran)).toMatch(new RegExp(`^${row.exit ?? EXIT[row.ends]}\n`));
  const told = `${ran.said}\n${ran.report?.verdict.reasons.join('\n') ?? ''}`;
  for (const word of row.says) expect(told).toMatch(word);
  expect(ran.next).toMatch(row.next);
  for (const { dataSet, became } of ran.report?.data ?? []) if (dataSet !== 'sessions') expect(`${dataSet} ${became}`).not.toMatch(/fresh/);
  switch (row.ends) {
    case 'refused':
      expect(await asleepUnlessLost(rig, row), 'Flux is awake').toEqual([]);
      return leftAsItWas(rig, ran, since);
    case 'goes on': return goesOn(rig, row, ran, since);
    case 'red':
      expect(ran.report?.verdict.is).toBe('red');
      expect(Object.fromEntries((ran.report?.data ?? []).map((set) => [set.dataSet, set.became]))).toMatchObject(row.became ?? {});
      expect(ran.report?.findings.filter(({ weight, next }) => weight === 'fault' && next === ''), 'every fault has a next step').toEqual([]);
      break;
    case 'green': expect(ran.report?.verdict.is).toBe('green');
  }
  for (const became of others(ran, row)) expect(['restored', 'from git', 'fresh, as declared']).toContain(became);
  expect(resets(await rig.log(since))).toEqual(MACHINES);
  await tellLab(rig, 'heal', { all: true });
  await readyAgain(rig);
}

/** Asked before the fault is healed, where anybody answers. */
async function asleepUnlessLost(rig: Rig, row: Row): Promise<readonly string[]> {
  return ['clusters-swapped', 'etcd-no-quorum'].includes(row.fault) ? [] : asleepIn(rig, 'apps');
}

describe('a fault during a rehearsal', () => {
  afterAll(async () => { await shared?.dispose(); });

  test.runIf(SOAK).each(ROWS.map((row) => [titleOf(row), row] as const))('%s', async (_title, row) => {
    const rig = await world();
    try {
      await holds(rig, row);
    } catch (error) {
      // At once: the table takes long.
      process.stderr.write(`${titleOf(row)}: not so: ${String(error).slice(0, 2000)}\n`);
      shared = undefined;
      await rig.dispose();
      throw error;
    }
  }, 600_000);

  test('there are at least twenty, and none is told twice', () => {
    expect(new Set(ROWS.map(titleOf)).size).toBe(ROWS.length);
    expect(new Set(ROWS.map(({ fault }) => fault)).size).toBeGreaterThanOrEqual(20);
  });
});
