import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROWS } from './rehearse-rows.ts';
import { rehearse, tellLab } from './rehearsing.ts';
import { finish, journalOf, makeRig, type LogLine, type Ran, type Rig } from './rig.ts';

// Faster, a machine that is busy besides takes longer than Flux is waited for.
const SPEED = '30';
const REHEARSE = ['dr:rehearse', 'TARGET=lab'];
const ok = (kind: string, verb: RegExp) => (log: readonly LogLine[]): readonly string[] => log.filter((entry) => entry.kind === kind && verb.test(entry.verb) && entry.write && entry.result === 'OK').map((entry) => entry.object).toSorted();
const resets = ok('talos', /^reset/i);
const bootstraps = (log: readonly LogLine[]): readonly string[] => log.filter((entry) => entry.verb === 'Bootstrap' && entry.write && entry.result === 'OK').map((entry) => entry.cluster).toSorted();
const MACHINES = ['apps-01', 'apps-02', 'apps-03', 'infra-01', 'infra-02', 'infra-03'];

describe('dr:rehearse on a fresh lab', () => {
  let rig: Rig;
  let first: Ran;
  let began: string;
  const runs = (): readonly string[] => readdirSync(join(rig.taskDir, 'runs')).toSorted();
  const newest = (): string => runs().at(-1) ?? '';
  const report = (run: string): { readonly verdict: { readonly is: string; readonly reasons: readonly string[] }; readonly [key: string]: unknown } => JSON.parse(readFileSync(join(rig.taskDir, 'runs', run, 'run.json'), 'utf8'));

  beforeAll(async () => {
    rig = makeRig({ speed: SPEED });
    // Stopped from outside, without a word, in the middle of the second machine's wipe.
    const child = rig.start(...REHEARSE, '--output=json');
    child.stdout?.setEncoding('utf8').on('data', (text: string) => { if (/"act-started"[^\n]*-02"/.test(text)) child.kill('SIGKILL'); });
    first = await finish(child);
    began = newest();
  }, 180_000);
  afterAll(async () => { await rig.dispose(); });

  test('brings the clusters up first, and killed in the middle of the wipe it leaves a run to go on with', () => {
    expect(first.signal).toBe('SIGKILL');
    expect(journalOf(rig.taskDir, began).some((event) => event.type === 'phase-finished' && event['step'] === 'first:core')).toBe(true);
  });

  test('goes on with that run: green, each machine wiped once, each etcd bootstrapped once more, one report with the interruption in it', async () => {
    // Two at once: one has it, the other learns who, and writes nothing into what is not its own.
    const both = [rig.start(...REHEARSE, '--json'), rig.start(...REHEARSE, '--json')];
    const ends = await Promise.all(both.map(async (child) => finish(child)));
    const winner = ends.findIndex(({ code }) => code !== 75);
    const [done, other] = [ends[winner], ends[1 - winner]];
    expect(`${done?.code} ${done?.stderr}`).toMatch(/^0 /);
    expect(`${other?.code} ${other?.stderr}`).toMatch(new RegExp(`^75 [^]*${both[winner]?.pid}`));
    const log = await rig.log();
    expect(resets(log)).toEqual(MACHINES);
    expect(bootstraps(log)).toEqual(['apps', 'apps', 'infra', 'infra']);
    expect(runs().filter((run) => readdirSync(join(rig.taskDir, 'runs', run)).includes('report.html'))).toEqual([began]);
    const made = report(began);
    expect(made.verdict).toMatchObject({ is: 'green', reasons: [] });
    expect(made['gaps']).toHaveLength(1);
    expect(JSON.parse(done?.stdout ?? '')).toMatchObject({ exit: 0, run: began, report: { verdict: 'green' } });
  }, 240_000);

  test('what came back: every protected data set from its own backup, by its mark; what nothing protects is lost as declared', () => {
    const made = report(began);
    const data = made['data'];
    if (!Array.isArray(data)) throw new Error('no data in the report');
    const became = Object.fromEntries(data.map((set) => [`${set.cluster}/${set.dataSet}`, set.became]));
    expect(became).toMatchObject({ 'infra/ledger': 'restored', 'infra/orders': 'restored', 'infra/handbook': 'from git', 'infra/sessions': 'fresh, as declared', 'apps/ledger': 'restored', 'apps/orders': 'restored' });
    // The platform's own: its database, and every volume VolSync protects, each from a moment that is told.
    expect(became).toMatchObject({ 'infra/shared-postgres': 'restored', 'apps/demo-notes': 'restored', 'apps/gitlab-gitaly': 'restored' });
    for (const set of data) if (set.became === 'restored') expect(Number.isNaN(Date.parse(set.restoredFrom))).toBe(false);
    expect(made['secondCreate']).toEqual(expect.arrayContaining([expect.objectContaining({ writes: [] })]));
    const { differences } = made;
    expect(Array.isArray(differences) ? differences.filter((each) => each.because === undefined) : differences).toEqual([]);
  });

  test('dr:verify: cannot tell without a digest kept elsewhere, proves it with one, finds a changed byte', async () => {
    const digest = /sha256:[0-9a-f]{64}/.exec((await rig.task('dr:verify', `RUN=${began}`)).stdout)?.[0] ?? '';
    expect((await rig.task('dr:verify', `RUN=${began}`)).code).toBe(2);
    expect((await rig.task('dr:verify', `RUN=${began}`, `DIGEST=${digest}`)).code).toBe(0);
    const file = join(rig.taskDir, 'runs', began, 'data-infra.json');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('restored', 'Restored'));
    expect((await rig.task('dr:verify', `RUN=${began}`, `DIGEST=${digest}`)).code).toBe(1);
    writeFileSync(file, text);
  });

  test('a no at the point of no return ends it (77): nothing is destroyed, and what was frozen is awake again', async () => {
    const since = (await rig.log()).at(-1)?.seq ?? 0;
    const policy = join(mkdtempSync(join(rig.dir, 'policy-')), 'policy.yaml');
    const day = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();
    writeFileSync(policy, `format: 1\nby: Jane\nbecause: a test\ntargets: [lab]\ntasks: [dr:rehearse]\nwindow: {from: ${day(-1)}, until: ${day(1)}}\nanswers:\n  - {checkpoint: confirm, cluster: infra, answer: go}\n  - {checkpoint: confirm, cluster: apps, answer: stop}\n`);
    const ran = await rig.task(...REHEARSE, 'CLUSTER=apps', `POLICY=${policy}`, '--json');
    const { run } = JSON.parse(ran.stdout);
    expect(`${ran.code} ${ran.stderr}`).toMatch(/^77 /);
    expect(resets(await rig.log(since))).toEqual([]);
    expect((await rig.task('flux:resume', 'CLUSTER=apps', 'TARGET=lab')).stdout).toMatch(/nothing to resume/);
    expect(report(run).verdict.is).not.toBe('green');
    const shown = JSON.stringify(journalOf(rig.taskDir, run).filter((event) => event.type === 'checkpoint-answered'));
    expect(shown).toContain('Jane (a test)');
  }, 120_000);

  // One of the refusals; all of them are tried by rehearse-faults.test.ts in the soak.
  test.each(ROWS.filter(({ fault }) => fault === 'backup-missing').slice(0, 1))('$fault: refused (75) before anything is touched, with what to do', async ({ fault, says, next }) => {
    const since = (await rig.log()).at(-1)?.seq ?? 0;
    await tellLab(rig, 'break', { fault, cluster: 'apps' });
    const ran = await rehearse(rig, ['CLUSTER=apps', 'RUN=new']);
    const said = `${ran.code}\n${ran.said}\nnext: ${ran.next}`;
    for (const word of [/^75\n/, ...says, next]) expect(said).toMatch(word);
    expect(resets(await rig.log(since))).toEqual([]);
    await tellLab(rig, 'heal', { all: true });
  }, 120_000);
});
