import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readJournal } from '../../scripts/engine/journal.ts';
import type { Death } from './die.ts';
import { kubeClient } from './fingerprint.ts';
import { asleepIn, bootstraps, rehearsalsIn, rehearse, resets, tellLab, type Heard, type Rehearsed } from './rehearsing.ts';
import { makeRig, type Rig } from './rig.ts';

const SOAK = process.env['SOAK'] !== undefined;
const PRELOAD = join(import.meta.dirname, 'die.ts');
const SPEED = '90';
const APPS = ['CLUSTER=apps'];
const MACHINES = ['apps-01', 'apps-02', 'apps-03'];

let shared: Rig | undefined;
/** A world with a cluster, kept from one interruption to the next: each ends with the cluster back. */
async function world(): Promise<Rig> {
  if (shared !== undefined) return shared;
  const rig = makeRig({ speed: SPEED });
  shared = rig;
  await rig.lab('up');
  await tellLab(rig, 'data');
  const made = await rig.task('cluster:create', ...APPS, 'TARGET=lab', '--yes');
  expect(`${made.code} ${made.stderr}`).toMatch(/^0 /);
  return rig;
}
async function discard(): Promise<void> {
  const rig = shared;
  shared = undefined;
  await rig?.dispose();
}
const last = async (rig: Rig): Promise<number> => (await rig.log()).at(-1)?.seq ?? 0;
const shown = (ran: Rehearsed): string => `${ran.code}\n${ran.said}\n${ran.report?.verdict.is ?? 'no report'} ${ran.report?.verdict.reasons.join('; ') ?? ''}\n${ran.stderr}`;

/** What is not as it has to be after one rehearsal that was interrupted (`first`) and gone on with to its end (`second`). */
async function wrongWith(rig: Rig, first: Rehearsed, second: Rehearsed, since: number, before: readonly string[]): Promise<readonly string[]> {
  if (second.code !== 0 || second.report?.verdict.is !== 'green') return [`not green: ${shown(second)}`];
  const wrong: string[] = [];
  const log = await rig.log(since);
  if (resets(log).join() !== MACHINES.join()) wrong.push(`wiped: ${resets(log).join(' ')}`);
  if (bootstraps(log).join() !== 'apps') wrong.push(`etcd bootstrapped ${bootstraps(log).length} times`);
  const made = rehearsalsIn(rig.taskDir).filter((run) => !before.includes(run));
  if (made.join() !== second.run || (first.run !== '' && first.run !== second.run)) wrong.push(`run folders: ${made.join(' ')}, gone on with in ${second.run}`);
  if (second.report.gaps.length === 0 || second.report.processes.length !== second.report.gaps.length + 1) wrong.push(`the report tells ${second.report.processes.length} processes and ${second.report.gaps.length} interruptions`);
  const asleep = await asleepIn(rig, 'apps');
  if (asleep.length > 0) wrong.push(`asleep: ${asleep.join(', ')}`);
  return [...wrong, ...await leftIn(rig)];
}

/** What rehearsals make in a cluster for themselves must not stay there. */
async function leftIn(rig: Rig): Promise<readonly string[]> {
  const get = kubeClient(rig, 'apps');
  const found = await Promise.all(['/api/v1/persistentvolumeclaims', '/apis/batch/v1/jobs', '/apis/volsync.backube/v1alpha1/replicationdestinations', '/apis/postgresql.cnpg.io/v1/clusters'].map(async (path) => {
    const list: { readonly items: readonly { readonly metadata: { readonly name: string } }[] } = JSON.parse(JSON.stringify(await get(path)));
    return list.items.map(({ metadata }) => metadata.name).filter((name) => /^(volsync-)?(\w+-)?dr-/.test(name));
  }));
  return found.flat().map((name) => `left in the cluster: ${name}`);
}

/** Dies at a line of its journal, then the same command. */
async function dies(rig: Rig, death: Death): Promise<{ readonly beyond: boolean; readonly wrong: readonly string[] }> {
  const before = rehearsalsIn(rig.taskDir);
  const since = await last(rig);
  const first = await rehearse({ ...rig.with({ DIE: JSON.stringify(death), NODE_OPTIONS: `--import=${PRELOAD}` }), taskDir: rig.taskDir }, [...APPS, 'RUN=new']);
  if (first.signal !== 'SIGKILL') return { beyond: first.code === 0, wrong: [`did not die: ${shown(first)}`] };
  const run = rehearsalsIn(rig.taskDir).find((each) => !before.includes(each)) ?? '';
  const left = readJournal(join(rig.taskDir, 'runs', run, 'journal.jsonl'));
  const wrong = left.torn !== death.torn || left.tampered !== undefined ? [`the journal it left: torn ${left.torn}, tampered ${JSON.stringify(left.tampered)}`] : [];
  const second = await rehearse(rig, APPS);
  return { beyond: false, wrong: [...wrong, ...await wrongWith(rig, { ...first, run }, second, since, before)] };
}

/** Every beginning of a step, both ends of every once-only act, every tenth other line; every sixth of them torn. */
function deathsOf(events: readonly Heard[]): readonly Death[] {
  const marked = events.map((event, index) => ({ event, nth: index + 1 })).filter(({ event, nth }) => ['phase-started', 'checkpoint-asked', 'act-started', 'act-finished'].includes(event.type) || nth % 10 === 0);
  return marked.map(({ event, nth }, index): Death => {
    const torn = index % 6 === 5;
    switch (event.type) {
      // Which line it is differs a little from run to run; which step does not.
      case 'phase-started': case 'checkpoint-asked': return { text: `"type":"${event.type}","lane":"${event.lane}","step":"${event.step}"`, nth: 1, torn };
      case 'act-started': case 'act-finished': return { text: `"type":"${event.type}","lane":"${event.lane}","step":"${event.step}","act":"${String(event['act'])}","subject":"${String(event['subject'])}"`, nth: 1, torn };
      default: return { text: '', nth, torn };
    }
  });
}

/** Starts a rehearsal and stops it, as Ctrl-C does, at the first event that is `at`. */
async function stopped(rig: Rig, at: (event: Heard) => boolean): Promise<Rehearsed> {
  let told = false;
  return rehearse(rig, [...APPS, 'RUN=new'], (event, pid) => {
    if (told || !at(event)) return;
    told = true;
    process.kill(pid, 'SIGINT');
  });
}

const STOPS: readonly (readonly [where: string, at: (event: Heard) => boolean])[] = [
  ['while data sets are marked', (event) => event.type === 'phase-started' && event.step === 'sentinels'],
  ['while Flux is suspended', (event) => event.type === 'phase-started' && event.step === 'freeze'],
  ['when Flux is suspended', (event) => event.type === 'checkpoint-asked' && event.step === 'confirm'],
  ['in the middle of a wipe', (event) => event.type === 'act-started' && event['subject'] === 'apps-02'],
  ['in the middle of the rebuild', (event) => event.type === 'phase-started' && event.step === 'flux'],
];

describe.runIf(SOAK)('a rehearsal that was interrupted and is gone on with', () => {
  afterAll(discard);

  test.each(STOPS)('Ctrl-C %s: 130, Flux awake unless its machines go; the same command ends green', async (_where, at) => {
    const rig = await world();
    const [before, since] = [rehearsalsIn(rig.taskDir), await last(rig)];
    const first = await stopped(rig, at);
    expect(shown(first)).toMatch(/^130\n/);
    expect(first.next).toMatch(/same command/);
    if (resets(await rig.log(since)).length === 0) expect(await asleepIn(rig, 'apps')).toEqual([]);
    expect(await wrongWith(rig, first, await rehearse(rig, APPS), since, before)).toEqual([]);
  }, 600_000);

  test.each(['confirm', 'rebuild'])('a pause at %s keeps everything as it is; the same command goes on', async (checkpoint) => {
    const rig = await world();
    const [before, since] = [rehearsalsIn(rig.taskDir), await last(rig)];
    const policy = join(rig.dir, 'policy.yaml');
    const day = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();
    const answers = (['confirm', 'rebuild'] as const).map((name) => `  - {checkpoint: ${name}, answer: ${name === checkpoint ? 'pause' : 'go'}}\n`).join('');
    writeFileSync(policy, `format: 1\nby: Jane\nbecause: a test\ntargets: [lab]\ntasks: [dr:rehearse]\nwindow: {from: ${day(-1)}, until: ${day(1)}}\nanswers:\n${answers}`);
    const first = await rehearse(rig, [...APPS, 'RUN=new', `POLICY=${policy}`]);
    expect(shown(first)).toMatch(/^75\n[^]*pause/);
    expect(resets(await rig.log(since))).toEqual(checkpoint === 'confirm' ? [] : MACHINES);
    if (checkpoint === 'confirm') expect((await asleepIn(rig, 'apps')).length).toBeGreaterThan(0);
    const second = await rehearse(rig, APPS);
    expect(await wrongWith(rig, first, second, since, before)).toEqual([]);
    expect(readFileSync(join(rig.taskDir, 'runs', second.run, 'report.md'), 'utf8')).toContain('Jane (a test)');
  }, 600_000);

  // Hours on a busy machine; in strides, so that one that is broken off has still been everywhere.
  test('killed with SIGKILL at lines of its journal: the same end', async () => {
    const rig = await world();
    const whole = await rehearse(rig, [...APPS, 'RUN=new']);
    expect(shown(whole)).toMatch(/^0\n/);
    const deaths = deathsOf(whole.events);
    const stride = 13;
    const order = Array.from({ length: stride }, (_, offset) => deaths.filter((_death, index) => index % stride === offset)).flat();
    const told: string[] = [];
    let [done, beyond] = [0, 0];
    for (const death of order) {
      const found = await dies(await world(), death);
      // How many lines there are differs a little from run to run.
      if (found.beyond && death.text === '') beyond++;
      else {
        done++;
        if (found.wrong.length > 0) {
          told.push(`${JSON.stringify(death)}: ${found.wrong.join('; ')}`);
          await discard();
        }
      }
      process.stderr.write(`died ${done} of ${deaths.length} times, ${told.length} deviations${told.length === 0 ? '' : `; last: ${told.at(-1)?.slice(0, 900)}`}\n`);
    }
    expect(told).toEqual([]);
    expect(beyond).toBeLessThan(deaths.length * 0.1);
  }, 21_600_000);
});
