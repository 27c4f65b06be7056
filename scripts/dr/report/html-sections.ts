import { span } from '../../engine/clock.ts';
import { splitBar } from './gantt.ts';
import { facts, fold, h, list, mark, section, table, verdictCell, type Column, type Markup, type Piece } from './html-parts.ts';
import type { Both, Judgement, RehearsalReport, StepReport } from './report.types.ts';
import { both, count, day, instant, sizeOf, took } from './words.ts';

const dash = '–';
/** Moments of the day the rehearsal began are told without it. UTC. */
function times({ began }: RehearsalReport): (ms: number) => string {
  return (ms) => (day(ms) === day(began.wall) ? instant(ms).slice(11) : instant(ms));
}
const code = (text: string): Markup => h`<code>${text}</code>`;

/** Judgements of one kind, side by side for every cluster: the question once, the answers next to each other. */
const QUESTIONS: readonly (readonly [kind: string, question: string, wanted: string])[] = [
  ['readiness', 'could be afforded to lose', 'every check well, or accepted by name'], ['snapshot', 'etcd snapshot taken and read back *', 'hash, revision and keys'], ['disks', 'data disks clean after the wipe *', 'no signature, no partition'],
  ['data', 'data sets', 'back within their objectives; what is not protected may be gone'], ['sentinel', 'sentinels', 'as expected of each'], ['idempotence', 'second create', 'writes nothing'],
  ['fingerprint', 'the platform it was', 'equal fingerprints, or every difference explained'], ['put-back', 'what was suspended put back *', 'nothing left'],
];

export function objectives({ judgements, clusters }: RehearsalReport): Markup {
  const whole = judgements.filter((each) => each.cluster === '');
  const rows = QUESTIONS.flatMap(([kind, question, wanted]): (readonly Piece[])[] => {
    const cells = clusters.map((cluster) => judgements.filter((each) => each.cluster === cluster && each.id.startsWith(`${kind}:`)));
    return cells.every((cell) => cell.length === 0) ? [] : [[question, wanted, ...cells.map(answerOf)]];
  });
  return section('objectives', 'What had to be shown',
    table('Of the rehearsal as a whole', [{ head: 'what' }, { head: 'wanted' }, { head: 'seen' }, { head: 'verdict', as: 'w' }], whole.map((each) => [each.what, each.wanted, each.seen === '' ? dash : each.seen, verdictCell(each.verdict)])),
    table('Of each cluster', [{ head: 'what' }, { head: 'wanted' }, ...clusters.map((head) => ({ head }))], rows),
    h`<p class="none">Each of these stands in the way of green unless it passes; what is marked * is told and does not decide. Cannot tell is never a pass.</p>`,
  );
}

/** One or many judgements as one cell: the worst of them, how many are well, and what is not. */
function answerOf(all: readonly Judgement[]): Piece {
  const [first] = all;
  if (first === undefined) return dash;
  const bad = all.filter((each) => each.verdict.is === 'fail' || each.verdict.is === 'unknown');
  const tone = bad.some((each) => each.verdict.is === 'fail') ? 'fail' : bad.length > 0 ? 'unknown' : all.some((each) => each.verdict.is === 'pass') ? 'pass' : 'skip';
  const sign = mark(tone, tone === 'unknown' ? 'cannot tell' : tone);
  if (all.length === 1) return h`${sign}<div class="why">${first.verdict.is === 'pass' ? first.seen : first.verdict.because ?? first.seen}</div>`;
  const skipped = all.filter((each) => each.verdict.is === 'skip').length;
  return h`${sign}<div class="why">${`${all.length - bad.length - skipped} of ${all.length - skipped}${skipped === 0 ? '' : `, ${skipped} declared as lost`}`}</div>${bad.map((each) => h`<div class="why">${each.what}: ${each.verdict.because ?? ''}</div>`)}`;
}

export function stageTimes(report: RehearsalReport): Markup {
  const at = times(report);
  const { stages, target, recoveries, recovery, slowest, previous, baseline } = report;
  const most = Math.max(1, ...stages.map((stage) => stage.elapsed.run));
  const time = (value: Both): Piece => (value.run === 0 && value.wall === 0 ? dash : target.speed === 1 ? took(value.run) : h`${took(value.run)}<div class="why">wall ${took(value.wall)}</div>`);
  // A cluster goes through all of them; the rehearsal as a whole has only some.
  const names = [...new Set(stages.toSorted((a, b) => Number(a.lane === '') - Number(b.lane === '')).map((stage) => stage.stage))];
  const inOrder = stages.filter((stage) => stage.from !== null).toSorted((a, b) => names.indexOf(a.stage) - names.indexOf(b.stage));
  const split = [{ head: 'machine', as: 'n' }, { head: 'people', as: 'n' }, { head: 'stood still', as: 'n' }, { head: 'in all', as: 'n' }] as const;
  const all = recoveries.length > 1 ? [...recoveries, { ...recovery, cluster: 'all together' }] : recoveries;
  return section('times', 'Recovery time',
    h`<p>Recovery counts from the first wipe of a machine to the moment the platform is healthy and its data is judged and read. What comes after (the second create, the comparison) proves the recovery and is not part of it. Waiting on people counts while a question was open and nothing was at work; standing still, while no process ran.</p>`,
    table('Recovery', [{ head: 'cluster' }, ...split, { head: 'from' }, { head: 'to' }], all.map((each) => (each.time === null
      ? [each.cluster, dash, dash, dash, dash, each.from === null ? 'not destroyed' : at(each.from.wall), each.from === null ? dash : 'not recovered']
      : [each.cluster, time(each.time.machine), time(each.time.people), time(each.time.stopped), time(each.time.elapsed), each.from === null ? dash : at(each.from.wall), each.to === null ? dash : at(each.to.wall)]))),
    table('By stage', [{ head: 'stage' }, { head: 'cluster' }, ...split, { head: '', as: 'w' }], inOrder.map((stage) => [stage.title, stage.lane === '' ? 'all' : stage.lane, time(stage.machine), time(stage.people), time(stage.stopped), time(stage.elapsed), splitBar({ machine: stage.machine.run, people: stage.people.run, stopped: stage.stopped.run }, most)])),
    table('Slowest steps of the recovery', [{ head: 'step' }, { head: 'cluster' }, { head: 'took', as: 'n' }, { head: 'last green rehearsal', as: 'n' }, { head: 'change', as: 'n' }], slowest.map((each) => [each.step, each.cluster, time(each.took), each.before === null || each.beforeAt === null ? dash : h`${took(each.before)}<div class="why">${day(Date.parse(each.beforeAt))}</div>`, each.before === null ? dash : Math.abs(each.took.run - each.before) < 500 ? 'same' : `${each.took.run > each.before ? '+' : ''}${took(each.took.run - each.before)}`])),
    previous.length === 0 ? h`<p class="none">No earlier rehearsal of these clusters on a target of this kind, engine and speed is here to compare with.</p>` : table('Rehearsals before this one, on the same kind of target, engine and speed', [{ head: 'date' }, { head: 'verdict' }, { head: 'recovery (machine)', as: 'n' }, { head: 'worst data loss', as: 'n' }, { head: '', as: 'w' }],
      [...previous, baseline].map((each) => [each.run === report.run ? `${day(Date.parse(each.at))}, this one` : day(Date.parse(each.at)), mark(each.verdict === 'green' ? 'pass' : each.verdict === 'red' ? 'fail' : 'unknown', each.verdict), each.recoveryMs === null ? dash : took(each.recoveryMs), each.worstLossMs === null ? dash : took(each.worstLossMs), splitBar({ machine: each.recoveryMs ?? 0, people: 0, stopped: 0 }, Math.max(1, ...[...previous, baseline].map((one) => one.recoveryMs ?? 0)))])),
  );
}

export function data(report: RehearsalReport): Markup {
  const at = times(report);
  const { data: all, sentinels, generations, dataSets } = report;
  const how = { backup: 'backup', git: 'git', none: 'not protected' } as const;
  return section('data', 'Data',
    h`<p>Loss is the time between the moment the restored data is of and the freeze before the destroy. A data set that nothing protects is expected to be gone; one that is protected and came up empty is lost, however healthy it looks.${report.target.speed === 1 ? '' : h` Times in this section are of the simulated clock.`}</p>`,
    table('What became of every data set', [{ head: 'data set' }, { head: 'kind' }, { head: 'protected by' }, { head: 'became' }, { head: 'data of' }, { head: 'loss', as: 'n' }, { head: 'at most', as: 'n' }, { head: 'verdict', as: 'w' }], all.map((each) => {
      const set = dataSets.find((one) => one.cluster === each.cluster && one.name === each.dataSet);
      const by = set?.protection.by === 'backup' ? `${how.backup} (${set.protection.method})` : how[each.protection];
      return [`${each.cluster}/${each.dataSet}`, each.kind, by, each.became, each.restoredFrom === null ? dash : at(Date.parse(each.restoredFrom)), each.lossMs === null ? dash : took(each.lossMs), each.objectiveMs === null ? dash : span(each.objectiveMs), verdictCell(each.verdict)];
    }), 'none is declared in bootstrap/dr.yaml'),
    table('Sentinels: values of our own, written before the destroy and looked for after the rebuild', [{ head: 'data set' }, { head: 'expected' }, { head: 'written' }, { head: 'in a backup since' }, { head: 'found' }, { head: 'verdict', as: 'w' }], sentinels.map((each) => [
      `${each.cluster}/${each.dataSet}`, each.expected === 'returns' ? 'comes back' : 'is gone', each.written === null ? dash : at(Date.parse(each.written.writtenSim)), each.written?.backedUpSim == null ? dash : at(Date.parse(each.written.backedUpSim)),
      each.found === null ? 'nothing' : each.found === each.written?.value ? 'the very value' : code(each.found), verdictCell(each.verdict),
    ])),
    generations.length === 0 ? h`` : table('Archives of the databases', [{ head: 'cluster' }, { head: 'restored from' }, { head: 'archives into' }], generations.map((each) => [each.cluster, each.from, each.to])),
  );
}

export function platform({ differences, components, objects, secondCreate, acts, stages, versions }: RehearsalReport): Markup {
  const again = (cluster: string): string => {
    const stage = stages.find((each) => each.lane === cluster && each.stage === 'again');
    return stage === undefined || stage.from === null ? dash : took(stage.machine.run);
  };
  return section('platform', 'The same platform',
    table('Components that came back as they were', [{ head: 'cluster' }, { head: 'kind' }, { head: 'before', as: 'n' }, { head: 'back', as: 'n' }, { head: 'rate', as: 'n' }, { head: 'not as they were', as: 'w' }], components.map((each) => [each.cluster, each.kind, each.before, each.back, each.before === 0 ? dash : `${(Math.floor((1_000 * each.back) / each.before) / 10).toFixed(1)} %`, each.missing.length === 0 ? dash : short(each.missing)]), 'no fingerprint of after the rebuild'),
    table('Differences between the fingerprints', [{ head: 'of' }, { head: 'cluster' }, { head: 'what' }, { head: 'before', as: 'a' }, { head: 'after', as: 'a' }, { head: 'explained', as: 'w' }], groupsOf(differences).map(({ keys, first }) => [
      short(keys), first.cluster, `${first.section}${first.field === '' ? '' : ` ${first.field}`} ${first.kind}`, first.before === '' ? dash : first.before, first.after === '' ? dash : first.after,
      first.because === undefined ? mark('fail', 'not explained') : h`${mark('pass', 'explained')}<div class="why">${first.because}</div>`,
    ]), 'none'),
    table('Second create', [{ head: 'cluster' }, { head: 'took', as: 'n' }, { head: 'writes', as: 'n' }, { head: 'what it wrote', as: 'w' }], secondCreate.map((each) => [each.cluster, again(each.cluster), each.writes.length, each.writes.length === 0 ? 'nothing' : list(each.writes, '')]), 'it did not come to that'),
    fold(`Acts that must happen exactly once: ${acts.length}`, table('Acts', [{ head: 'act' }, { head: 'cluster' }, { head: 'of' }, { head: 'begun', as: 'n' }, { head: 'happened', as: 'n' }, { head: 'what is known', as: 'w' }], acts.map((each) => [each.step.startsWith('first:') ? `${each.act} (before the rehearsal)` : each.act, each.lane, each.subject, each.begun, each.open ? mark('unknown', 'open') : each.happened, each.because === '' ? dash : each.because]))),
    fold('Objects by kind, before and after', table('Objects', [{ head: 'kind' }, { head: 'cluster' }, { head: 'before', as: 'n' }, { head: 'after', as: 'n' }], objects.map((each) => [each.section, each.cluster, each.before ?? dash, each.after ?? dash]))),
    fold(`Versions: ${versions.length}`, table('Versions', [{ head: 'what' }, { head: 'cluster' }, { head: 'version' }], versions.map((each) => [each.what, each.cluster, each.version]))),
  );
}

/** Differences that say the same of several things are one row: a new revision is in every Kustomization. */
function groupsOf(differences: RehearsalReport['differences']): readonly { readonly keys: readonly string[]; readonly first: RehearsalReport['differences'][number] }[] {
  return [...Map.groupBy(differences, ({ key: _key, ...same }) => JSON.stringify(same)).values()].flatMap((same) => same.slice(0, 1).map((first) => ({ keys: same.map((each) => each.key), first })));
}

function short(names: readonly string[]): string {
  return names.slice(0, 6).join(', ') + (names.length > 6 ? ` and ${names.length - 6} more` : '');
}

export function destruction(report: RehearsalReport): Markup {
  const at = times(report);
  const { snapshots, disks, frozen, unfrozen, readiness } = report;
  const notWell = readiness.filter((row) => row.verdict.is === 'fail' || row.verdict.is === 'unknown' || row.accepted !== undefined);
  return section('destruction', 'Before and during the destroy',
    table('Etcd snapshots, the last thing saved', [{ head: 'cluster' }, { head: 'machine' }, { head: 'keys', as: 'n' }, { head: 'revision', as: 'n' }, { head: 'hash' }, { head: 'size', as: 'n' }, { head: 'sha256', as: 'w' }], snapshots.map((each) => [each.cluster, each.machine, each.keys, each.revision, code(each.hash), sizeOf(each.bytes), code(each.sha256)])),
    table('Data disks after the wipe, as the machines themselves show them', [{ head: 'machine' }, { head: 'cluster' }, { head: 'disk' }, { head: 'device' }, { head: 'clean', as: 'w' }], disks.map((each) => [each.machine, each.cluster, each.purpose, each.device ?? dash, verdictCell(each.verdict)])),
    table('Frozen, and put back', [{ head: 'cluster' }, { head: 'frozen at' }, { head: 'suspended', as: 'n' }, { head: 'by others already' }, { head: 'put back' }, { head: 'left for people', as: 'w' }], frozen.map((each) => {
      const back = unfrozen.find((one) => one.cluster === each.cluster);
      return [each.cluster, at(Date.parse(each.at)), each.suspended.length + each.scaledToZero.length + each.hooks.length, short(each.byOthers) || dash, back === undefined ? 'not yet' : short(back.putBack) || 'nothing to put back', back === undefined ? dash : short(back.left) || 'nothing'];
    })),
    h`<h3>Readiness: could it be afforded?</h3>`,
    table('Checks that were not well', READINESS, notWell.map(readinessRow), readiness.length === 0 ? 'it was not asked' : 'none'),
    readiness.length === 0 ? h`` : fold(`All ${readiness.length} checks`, table('Checks', READINESS, readiness.map(readinessRow))),
  );
}

const READINESS: readonly Column[] = [{ head: 'check' }, { head: 'cluster' }, { head: 'subject' }, { head: 'seen' }, { head: 'backup' }, { head: 'verdict', as: 'w' }];
function readinessRow(each: RehearsalReport['readiness'][number]): readonly Piece[] {
  return [
    each.id, each.cluster, each.subject, each.detail === '' ? dash : each.detail, each.backup === undefined ? dash : `${took(each.backup.ageMs)} old, at most ${span(each.backup.objectiveMs)}`,
    each.accepted === undefined ? verdictCell(each.verdict) : h`${verdictCell(each.verdict)}<div class="why">accepted by ${each.accepted.by} (${each.accepted.how})</div>`,
  ];
}

export function people(report: RehearsalReport): Markup {
  const at = times(report);
  const { checkpoints, interventions, people: all, deviations, skipped, processes, gaps, target } = report;
  const kinds = { checkpoint: 'checkpoint', resume: 'went on', override: 'override', acceptance: 'exception accepted' } as const;
  return section('people', 'People',
    facts(all.map(({ who, roles }) => [who, roles.join(', ')])),
    table('Checkpoints: who allowed what, and when', [{ head: 'question' }, { head: 'cluster' }, { head: 'asked' }, { head: 'answer' }, { head: 'by' }, { head: 'waited', as: 'n' }], checkpoints.map((each) => [each.question, each.lane === '' ? 'all' : each.lane, at(each.from.wall), each.answer === 'none' ? 'none' : `${each.answer} (${each.how})`, each.by === '' ? dash : each.by, target.speed === 1 ? took(each.waited.wall) : `wall ${took(each.waited.wall)}`])),
    table('Manual interventions', [{ head: 'what', as: 'w' }, { head: 'kind' }, { head: 'cluster' }, { head: 'by' }, { head: 'at' }], interventions.map((each) => [each.what, kinds[each.kind], each.cluster === '' ? 'all' : each.cluster, each.by, each.at === '' ? dash : at(Date.parse(each.at))])),
    h`<h3>Deviations from the plan</h3>${list(deviations, 'none')}`,
    processes.length < 2 && gaps.length === 0 ? h`` : table('Processes that worked on it', [{ head: 'from' }, { head: 'to' }, { head: 'by' }, { head: 'ended' }, { head: 'because', as: 'w' }], processes.map((each) => [at(each.from.wall), at(each.to.wall), `${each.by} (pid ${each.pid})`, each.end, each.because === '' ? dash : each.because])),
    table('Skipped', [{ head: 'step' }, { head: 'cluster' }, { head: 'because', as: 'w' }], skipped.map((each) => [each.step, each.lane === '' ? 'all' : each.lane, each.because === '' ? dash : each.because])),
  );
}

export function findings({ findings: all }: RehearsalReport): Markup {
  const tones = { fault: 'fail', deviation: 'unknown', observation: 'skip' } as const;
  return section('findings', 'Findings',
    h`<p>${all.length === 0 ? 'Nothing was out of the ordinary.' : `${count(all.length, 'finding')}, made of everything that was not as it should be. Owner, due and re-test date are for people to fill in, here on paper or where findings are tracked.`}</p>`,
    table('Findings', [{ head: 'id' }, { head: 'weight' }, { head: 'what', as: 'f' }, { head: 'owner', as: 'b' }, { head: 'due', as: 'b' }, { head: 're-test', as: 'b' }], all.map((each) => [each.id, mark(tones[each.weight], each.weight), h`${each.what}${each.because === '' ? [] : [h`<div class="why">${each.because}</div>`]}${each.next === '' ? [] : [h`<div class="why">next: ${each.next}</div>`]}`, each.owner, each.due, each.retest])),
  );
}

export function steps({ steps: all, target, commands }: RehearsalReport): Markup {
  const tone = { done: 'pass', already: 'pass', failed: 'fail', unfinished: 'unknown', 'not-started': 'skip' } as const;
  const columns: readonly Column[] = [{ head: 'step' }, { head: 'cluster' }, { head: 'state' }, { head: 'attempts', as: 'n' }, { head: 'took', as: 'n' }, { head: 'what it said', as: 'w' }];
  const row = (each: StepReport): readonly Piece[] => [
    each.step, each.lane === '' ? 'all' : each.lane, mark(tone[each.state], each.state === 'not-started' ? 'not begun' : each.state === 'already' ? 'already so' : each.state), each.attempts.length, each.attempts.length === 0 ? dash : both(each.took, target.speed),
    h`${each.note === '' ? dash : each.note}${each.retries.map((again) => h`<div class="why">tried again ${count(again.count, 'time')}: ${again.what}, ${again.reason}</div>`)}`,
  ];
  const odd = all.filter((each) => each.state === 'failed' || each.state === 'unfinished' || each.retries.length > 0 || each.attempts.some((attempt) => attempt.state === 'failed' || attempt.state === 'unfinished'));
  return section('steps', 'Every step',
    table('Steps that failed, were cut off, or tried something again', columns, odd.map(row)),
    fold(`All ${all.length} steps in the order of the plan`, table('Steps', columns, all.map(row))),
    fold(`Commands that were run: ${commands.reduce((sum, each) => sum + each.count, 0)}`, table('Commands', [{ head: 'tool' }, { head: 'effect' }, { head: 'times', as: 'n' }, { head: 'failed', as: 'n' }, { head: 'wall', as: 'n' }], commands.map((each) => [each.tool, each.effect, each.count, each.failed, took(each.wallMs)]))),
  );
}
