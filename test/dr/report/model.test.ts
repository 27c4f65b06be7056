import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { recordFile } from '../../../scripts/dr/record.ts';
import { writeReport } from '../../../scripts/dr/report/finish.ts';
import { readReport } from '../../../scripts/dr/report/model.ts';
import type { RehearsalReport, Split } from '../../../scripts/dr/report/report.types.ts';
import { scratch } from '../../tools/support.ts';
import { makeFolder, type Story } from './folder.ts';

const MINUTE = 60_000;
function reportOf(story: Story): RehearsalReport {
  using dir = scratch();
  return readReport(makeFolder(dir.path, story));
}
const adds = ({ elapsed, machine, people, stopped }: Split): void => {
  expect(machine.run + people.run + stopped.run).toBe(elapsed.run);
  expect(machine.wall + people.wall + stopped.wall).toBe(elapsed.wall);
};

describe('a rehearsal that went well', () => {
  test('is green, final, and adds up', () => {
    const report = reportOf({});
    expect(report.verdict).toMatchObject({ is: 'green', reasons: [] });
    expect(report.verdict.sentence).toContain('all 8 protected data sets are back');
    expect(report).toMatchObject({ final: true, pointOfNoReturn: 'passed', gaps: [] });
    for (const each of [report.time, ...report.stages, ...report.recoveries.flatMap(({ time }) => time ?? []), ...(report.recovery.time === null ? [] : [report.recovery.time])]) adds(each);
    expect(report.recovery.time?.people.wall).toBe(31_000);
    // From the first wipe of any cluster to the last check of the data of the slower one; the second create is not part of it.
    const last = report.steps.find((step) => step.lane === 'apps' && step.step === 'sentinels-after')?.attempts.at(-1)?.to;
    expect(report.recovery.to).toEqual(last);
    expect(report.recovery.from?.run).toBeLessThan(report.recoveries[0]?.to?.run ?? 0);
    expect(report.slowest[0]).toMatchObject({ cluster: 'apps', step: 'core' });
    expect(report.findings.every((each) => each.weight === 'observation' && each.owner === '' && each.due === '' && each.retest === '')).toBe(true);
    expect(report.components.every((each) => each.back === each.before)).toBe(true);
    expect(report.people).toContainEqual({ who: 'mira', roles: ['answered checkpoints'] });
  });
  test('on the lab both clocks are told, and the run waits for nobody', () => {
    const report = reportOf({ kind: 'lab', speed: 60, how: 'policy' });
    expect(report.verdict.is).toBe('green');
    const time = report.recovery.time;
    expect((time?.elapsed.run ?? 0) / (time?.elapsed.wall ?? 1)).toBeCloseTo(60, 0);
    expect(report.interventions).toEqual([]);
    expect(report.target.simulated).toContain('storage');
  });
  test('of one cluster alone', () => {
    const report = reportOf({ clusters: ['apps'] });
    expect(report.verdict.is).toBe('green');
    expect(report.recoveries.map((each) => each.cluster)).toEqual(['apps']);
    expect(report.judgements.some((each) => each.id.endsWith(':infra'))).toBe(false);
  });
  test('what is different and explained is told and does not decide; a Ceph disk that cannot be shown clean is an observation', () => {
    const report = reportOf({ ceph: true, explained: 'the branch moved on', after: (print) => ({ ...print, sections: { ...print.sections, namespaces: { apps: 'new' } } }) });
    expect(report.verdict.is).toBe('green');
    expect(report.verdict.explained).toHaveLength(2);
    expect(report.findings.map((each) => each.weight)).not.toContain('fault');
    expect(report.findings.some((each) => each.what.includes('data disks of infra'))).toBe(true);
  });
});

describe('what makes it red', () => {
  const lost: Story['data'] = (verdict, cluster) => (verdict.dataSet === 'media' && cluster === 'apps' ? { ...verdict, became: 'lost', restoredFrom: null, lossMs: null, because: 'no backup of it is in the store' } : verdict);
  test.each<[string, Story, RegExp]>([
    ['a protected data set that is lost', { data: lost }, /data set apps\/media: no backup of it is in the store/],
    ['a protected data set that came up fresh', { data: (verdict) => (verdict.dataSet === 'ledger' ? { ...verdict, became: 'fresh, as declared', because: 'an empty database was made' } : verdict) }, /data set infra\/ledger: an empty database was made/],
    ['a data set of which nothing can be told', { data: (verdict) => (verdict.dataSet === 'ledger' ? { ...verdict, became: 'unknown', because: 'its API did not answer' } : verdict) }, /its API did not answer/],
    ['a loss nobody can tell', { data: (verdict) => (verdict.dataSet === 'ledger' ? { ...verdict, lossMs: null } : verdict) }, /how much of it is missing cannot be told/],
    ['more loss than its objective', { data: (verdict) => (verdict.dataSet === 'ledger' ? { ...verdict, lossMs: 26 * 3_600_000 } : verdict) }, /26h00m? of it are missing|1d02h of it are missing/],
    ['a sentinel with another value', { found: (found) => (found.dataSet === 'ledger' ? { ...found, found: 'older', verdict: { is: 'fail', because: 'another mark is there' } } : found) }, /sentinel in infra\/ledger: another mark is there/],
    ['a second create that wrote', { writes: ['patch HelmRelease a/b'] }, /second create of infra: it wrote: patch HelmRelease a\/b/],
    ['a difference nobody explained', { after: (print) => ({ ...print, sections: { ...print.sections, volumes: {} } }) }, /fingerprint of infra: volumes rehearsal\/documents gone/],
    ['a section that could not be read', { after: (print) => ({ ...print, unread: { services: 'forbidden' } }) }, /services cannot be compared/],
    ['a recovery slower than its objective', { pace: 1.6 }, /more than the objective of 45m/],
    ['an act that happened twice', { more: ['act-started', 'act-finished'].map((type) => ({ type, lane: 'infra', step: 'wipe', act: 'wipe', subject: 'infra-01', outcome: 'done', because: '' }) as never) }, /wipe: infra-01 happened 2 times/],
    ['an act that is open', { more: [{ type: 'act-started', lane: 'infra', step: 'etcd-bootstrap', act: 'bootstrap', subject: 'infra' }] }, /bootstrap: infra was begun, and nothing says how it ended/],
    ['a readiness check nobody accepted', { rows: [{ id: 'health:infra', group: 'health', subject: 'infra', verdict: { is: 'unknown', because: 'it did not answer' }, detail: '' }] }, /readiness of infra: health:infra: it did not answer/],
  ])('%s', (_name, story, says) => {
    // The step verdict says no; the report says why.
    const report = reportOf({ processes: [{ exit: 'no' }], ...story });
    expect(report.verdict.is).toBe('red');
    expect(report.final).toBe(true);
    expect(report.verdict.reasons.join('\n')).toMatch(says);
    expect(report.findings.some((each) => each.weight === 'fault')).toBe(true);
  });
  test('a run that ended with no although nothing is known against it', () => {
    expect(reportOf({ processes: [{ exit: 'no' }] }).verdict).toMatchObject({ is: 'red', reasons: ['the rehearsal is red: not everything came back as it had to'] });
  });
  test.for<[string, string | null, string, RegExp]>([
    ['its mark is not there', null, 'lost', /restored according to its operator .*the mark written before the destroy is not in it/],
    ['another mark is there', 'older', 'unknown', /another mark than the one written/],
  ])('a volume its operator calls restored is not, when %s', ([, found, became, because]) => {
    const report = reportOf({ found: (mark) => (mark.dataSet === 'ledger' ? { ...mark, found, verdict: { is: 'fail', because: 'not the mark' } } : mark) });
    const rows = report.data.filter(({ dataSet }) => dataSet === 'ledger');
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) {
      expect(row).toMatchObject({ became, restoredFrom: null, lossMs: null });
      expect(row.because).toMatch(because);
      expect(row.verdict.is).not.toBe('pass');
    }
  });
  test('a data set and a sentinel nothing was written of, and a damaged record', () => {
    using dir = scratch();
    const folder = makeFolder(dir.path, {});
    rmSync(recordFile(folder, 'data', 'apps'));
    writeFileSync(recordFile(folder, 'sentinels-after', 'apps'), '{');
    const { verdict, findings } = readReport(folder);
    expect(verdict.is).toBe('red');
    expect(verdict.reasons.join('\n')).toMatch(/records of this rehearsal: sentinels-after apps/);
    expect(verdict.reasons.join('\n')).toMatch(/data set apps\/ledger: nothing was judged of it/);
    expect(findings.some((each) => each.what === 'data set apps/ledger' && each.weight === 'fault')).toBe(true);
    expect(verdict.reasons.join('\n')).toMatch(/sentinel in apps\/ledger: it was written and not looked for yet/);
  });
  test('a journal that was changed', () => {
    using dir = scratch();
    const folder = makeFolder(dir.path, {});
    const file = join(folder, 'journal.jsonl');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"12 checks"', '"13 checks"'));
    const { verdict } = readReport(folder);
    expect(verdict.is).not.toBe('green');
    expect(verdict.reasons.join('\n')).toMatch(/records of this rehearsal: journal, line \d+/);
  });
  test('an exception that somebody accepted by name is a deviation, not red', () => {
    const report = reportOf({ rows: [{ id: 'backup:infra/media', group: 'data', subject: 'media', verdict: { is: 'fail', because: '26 h old' }, detail: '', accepted: { by: 'mira', how: 'variable' } }] });
    expect(report.verdict.is).toBe('green');
    expect(report.deviations.join()).toContain('accepted by mira');
    expect(report.interventions.filter((each) => each.kind === 'acceptance')).toHaveLength(2);
  });
});

describe('interruptions', () => {
  test('killed and gone on with: one report, one gap, the same verdict, everything wiped once', () => {
    const report = reportOf({ processes: [{ at: 'apps/core', how: 'killed', gapMs: 9 * MINUTE }, {}] });
    expect(report.verdict.is).toBe('green');
    expect(report.gaps).toMatchObject([{ after: 'killed' }]);
    expect(report.gaps[0]?.to.wall).toBe((report.gaps[0]?.from.wall ?? 0) + (report.recovery.time?.stopped.wall ?? 0));
    expect(report.recovery.time?.stopped.wall).toBeGreaterThanOrEqual(9 * MINUTE);
    expect(report.acts.filter((act) => act.act === 'wipe').map((act) => act.happened)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(report.processes.map((each) => each.end)).toEqual(['killed', 'done']);
    expect(report.interventions.filter((each) => each.kind === 'resume')).toMatchObject([{ by: 'jonas@bastion' }]);
    expect(report.steps.find((step) => step.lane === 'apps' && step.step === 'core')?.attempts.map((each) => each.state)).toEqual(['unfinished', 'done']);
    // The standstill is nobody's machine time: the objective still holds.
    expect(report.recovery.time?.machine.run).toBeLessThan(45 * MINUTE);
    adds(report.time);
  });
  test('in the lab a standstill is as long on the simulated clock as it is long by the wall times the speed', () => {
    const report = reportOf({ kind: 'lab', speed: 60, processes: [{ at: 'apps/core', how: 'killed', gapMs: 30_000 }, {}] });
    const { stopped } = report.recovery.time ?? { stopped: { run: 0, wall: 1 } };
    expect(stopped.run / stopped.wall).toBeCloseTo(60, 1);
  });
  test('paused at a checkpoint over night', () => {
    const report = reportOf({ processes: [{ at: '/rebuild', how: 'paused', gapMs: 14 * 60 * MINUTE }, {}] });
    expect(report.verdict.is).toBe('green');
    expect(report.gaps).toMatchObject([{ after: 'paused' }]);
    expect(report.checkpoints.map((each) => each.answer)).toEqual(['go', 'go', 'pause', 'go']);
    expect(report.recovery.time?.people.wall).toBe(62_000);
    expect(report.recovery.time?.machine.wall).toBeLessThan(45 * MINUTE);
  });
  test.each<[string, Story, RegExp]>([
    ['killed, and nobody came back', { processes: [{ at: 'apps/core', how: 'killed' }] }, /killed, or still going on, after the point of no return/],
    ['paused', { processes: [{ at: '/rebuild', how: 'paused' }] }, /^paused, after the point of no return/],
    ['interrupted before anything was lost', { processes: [{ at: 'infra/sentinels', how: 'interrupted' }] }, /^interrupted, before the point of no return: nothing was destroyed/],
    ['failed', { processes: [{ at: 'apps/flux', how: 'failed' }] }, /^stopped by a failure, after the point of no return/],
  ])('unfinished: %s', (_name, story, says) => {
    const report = reportOf(story);
    expect(report).toMatchObject({ final: false, verdict: { is: 'unfinished' }, recovery: { time: null } });
    expect(report.verdict.sentence).toMatch(says);
    expect(report.verdict.reasons.length).toBeGreaterThan(0);
  });
  test('a question that was open when the process was killed was waited on until then', () => {
    const [asked] = reportOf({ processes: [{ at: 'infra/confirm', how: 'killed' }] }).checkpoints;
    expect(asked).toMatchObject({ answer: 'none', how: '' });
  });
  test('refused before the point of no return is over, sealed, and no verdict on recovery', async () => {
    using dir = scratch();
    const { report, digest } = await writeReport(makeFolder(dir.path, { processes: [{ at: 'infra/confirm', how: 'refused' }] }), { final: true });
    expect(report.verdict).toMatchObject({ is: 'unfinished', reasons: ['infra confirm: mira answered stop'] });
    expect(report.verdict.sentence).toContain('nothing was destroyed');
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
  });
  test('told to end before a stage: the steps that were never planned are missing', () => {
    using dir = scratch();
    const folder = makeFolder(dir.path, {});
    const file = recordFile(folder, 'rehearsal');
    const rehearsal = JSON.parse(readFileSync(file, 'utf8'));
    rehearsal.stages.push({ name: 'later', title: 'later', steps: ['dance'] });
    writeFileSync(file, JSON.stringify(rehearsal));
    const report = readReport(folder);
    expect(report.verdict.is).toBe('unfinished');
    expect(report.skipped).toEqual([{ lane: '', step: 'dance', because: 'the rehearsal was told to end before it' }]);
  });
});

test('while the step verdict is at work, all that speaks against green is told, and nothing else', () => {
  const open = (story: Story): RehearsalReport => reportOf({ ...story, processes: [{ at: '/verdict', how: 'killed' }] });
  expect(open({}).verdict.reasons).toEqual([]);
  expect(open({ writes: ['patch a'] }).verdict.reasons).toEqual(['second create of infra: it wrote: patch a', 'second create of apps: it wrote: patch a']);
});

test('earlier rehearsals of the same kind are the trend; others are left out', async () => {
  using dir = scratch();
  const day = 24 * 60 * MINUTE;
  const now = Date.UTC(2026, 10, 21);
  for (const story of [{ at: now - 40 * day, pace: 0.9 }, { at: now - 30 * day, kind: 'lab', speed: 60 }, { at: now - 20 * day, clusters: ['apps'] }, { at: now - 10 * day, processes: [{ at: 'apps/flux', how: 'failed' }] }] as const satisfies readonly Story[]) await writeReport(makeFolder(dir.path, story));
  mkdirSync(join(dir.path, '0'.repeat(26)));
  writeFileSync(join(dir.path, '0'.repeat(26), 'run.json'), 'no json');
  const report = readReport(makeFolder(dir.path, { at: now }));
  expect(report.previous).toHaveLength(1);
  const [core] = report.slowest;
  expect(core?.took.run).toBeGreaterThan(core?.before ?? Infinity);
});

test('a folder of another kind of run says so', () => {
  using dir = scratch();
  expect(() => readReport(dir.path)).toThrow(/is not a rehearsal/);
});
