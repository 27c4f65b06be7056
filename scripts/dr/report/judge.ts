import type { DataSet } from '../../config/recovery.ts';
import { span } from '../../engine/clock.ts';
import type { Verdict } from '../../engine/verdict.ts';
import type { DataVerdict, SentinelFound } from '../record.ts';
import type { DiskReport, EtcdSnapshot, Judgement, Recovery, RehearsalReport, StepReport } from './report.types.ts';
import { count, took } from './words.ts';

type Of = Pick<RehearsalReport, 'objectives' | 'target' | 'clusters' | 'recovery' | 'steps' | 'data' | 'sentinels' | 'differences' | 'readiness' | 'secondCreate' | 'snapshots' | 'disks' | 'unfrozen' | 'frozen' | 'acts' | 'dataSets'> & {
  readonly damaged: readonly string[];
  readonly missingSteps: readonly string[];
  readonly compared: readonly string[];
  readonly passed: boolean;
};

const unknown = (because: string): Verdict => ({ is: 'unknown', because });
/** The step in which a rehearsal judges itself. */
export const VERDICT = 'verdict';
const NOT_REACHED = 'it did not come to that';
export const NOT_JUDGED = 'nothing was judged of it';

/** Everything a rehearsal has to show, in the order of the report. Pure. */
export function judgementsOf(of: Of): readonly Judgement[] {
  return [evidence(of), complete(of), recovery(of.recovery, of.objectives.recoveryTimeMs, of.target.kind), ...of.clusters.flatMap((cluster) => [
    readiness(of, cluster), snapshot(of.snapshots, cluster), disks(of.disks, cluster),
    ...of.data.filter((each) => each.cluster === cluster).map(data), ...sentinels(of, cluster), secondCreate(of, cluster), fingerprint(of, cluster), putBack(of, cluster),
  ]), ...once(of)];
}

function evidence({ damaged }: Of): Judgement {
  return { id: 'evidence', cluster: '', what: 'records of this rehearsal', wanted: 'journal and records as they were written', seen: damaged.length === 0 ? 'whole' : damaged.join('; '), verdict: damaged.length === 0 ? { is: 'pass' } : { is: 'fail', because: damaged.join('; ') }, decisive: true };
}

function complete({ steps, missingSteps }: Of): Judgement {
  // The step that says the verdict is neither counted nor missed: it is this very judgement.
  const open = steps.filter((step) => step.state !== 'done' && step.state !== 'already' && step.step !== VERDICT);
  const seen = `${steps.length - open.length} of ${steps.length + missingSteps.length} steps`;
  const failed = open.filter((step) => step.state === 'failed');
  const names = (some: readonly StepReport[]): string => some.slice(0, 4).map((step) => `${step.lane} ${step.step}`.trim()).join(', ') + (some.length > 4 ? ` and ${some.length - 4} more` : '');
  const because = failed.length > 0 ? `failed: ${names(failed)}` : open.length > 0 ? `not ended: ${names(open)}` : `never begun: ${missingSteps.slice(0, 4).join(', ')}`;
  return { id: 'complete', cluster: '', what: 'steps', wanted: 'every one to its end', seen, verdict: open.length + missingSteps.length === 0 ? { is: 'pass' } : { is: 'fail', because }, decisive: true };
}

/** People's own waiting and standstills are apart from the objective, as bootstrap/dr.yaml means it, and shown beside it. */
function recovery({ time, from }: Recovery, objective: number, kind: 'site' | 'lab'): Judgement {
  const base = { id: 'recovery-time', cluster: '', what: 'recovery time, without waiting for people', wanted: `at most ${span(objective)}`, decisive: true };
  if (time === null) return { ...base, seen: '', verdict: unknown(from === null ? 'nothing was destroyed' : 'not recovered') };
  const seen = took(time.machine.run);
  // A lab's clock counts the slowness of the computer it runs on, many times over: that says nothing of machines.
  if (kind === 'lab') return { ...base, seen, decisive: false, verdict: { is: 'skip', because: 'simulated: only a rehearsal on site can meet or miss it' } };
  return { ...base, seen, verdict: time.machine.run <= objective ? { is: 'pass' } : { is: 'fail', because: `${seen}, ${took(time.machine.run - objective)} more than the objective of ${span(objective)}` } };
}

function readiness({ readiness: all }: Of, cluster: string): Judgement {
  const rows = all.filter((row) => row.cluster === cluster);
  const bad = rows.filter((row) => row.verdict.is === 'fail' || row.verdict.is === 'unknown');
  const refused = bad.filter((row) => row.accepted === undefined);
  const base = { id: `readiness:${cluster}`, cluster, what: `readiness of ${cluster}`, wanted: 'every check well, or accepted by name', decisive: true };
  if (rows.length === 0) return { ...base, seen: '', verdict: unknown(NOT_REACHED) };
  const seen = `${count(rows.length, 'check')}${bad.length === 0 ? '' : `, ${bad.length - refused.length} accepted by name, ${refused.length} not`}`;
  return { ...base, seen, verdict: refused.length === 0 ? { is: 'pass' } : { is: 'fail', because: refused.map((row) => `${row.id}: ${row.verdict.because ?? row.detail}`).join('; ') } };
}

function snapshot(snapshots: readonly EtcdSnapshot[], cluster: string): Judgement {
  const found = snapshots.find((each) => each.cluster === cluster);
  return {
    id: `snapshot:${cluster}`, cluster, what: `etcd snapshot of ${cluster}`, wanted: 'hash, revision and keys', decisive: false,
    seen: found === undefined ? 'none' : `${found.keys} keys at revision ${found.revision}`, verdict: found === undefined ? unknown('none is in the folder') : { is: 'pass' },
  };
}

/** What Talos cannot show of a disk is unknown for ever; it is told as an observation and does not decide. */
function disks(all: readonly DiskReport[], cluster: string): Judgement {
  const own = all.filter((disk) => disk.cluster === cluster);
  const dirty = own.filter((disk) => disk.verdict.is === 'fail');
  const unsure = own.filter((disk) => disk.verdict.is === 'unknown');
  const names = (some: readonly DiskReport[]): string => [...Map.groupBy(some, (disk) => disk.verdict.because ?? '')].map(([because, same]) => `${same.map((disk) => `${disk.machine} ${disk.purpose}`).join(', ')}${because === '' ? '' : `: ${because}`}`).join('; ');
  const verdict: Verdict = dirty.length > 0 ? { is: 'fail', because: names(dirty) } : own.length === 0 ? unknown('no proof is in the folder') : unsure.length > 0 ? unknown(names(unsure)) : { is: 'pass' };
  return { id: `disks:${cluster}`, cluster, what: `data disks of ${cluster} after the wipe`, wanted: 'no signature, no partition', seen: own.length === 0 ? '' : `${own.length - dirty.length - unsure.length} of ${count(own.length, 'disk')} proven`, verdict, decisive: dirty.length > 0 };
}

/**
 * What became of a data set, once its mark was looked for. The operator of a volume or a database says which backup it restored; only the mark says
 * what is in it. Without the mark it is lost whatever anybody says, and with another mark nobody knows of when it is.
 */
export function borneOut(became: DataVerdict, mark: Pick<SentinelFound, 'expected' | 'found' | 'verdict'> | undefined): DataVerdict {
  if (mark?.expected !== 'returns' || mark.verdict.is !== 'fail' || (became.became !== 'restored' && became.became !== 'from git')) return became;
  const said = `${became.became} according to its operator (${became.because})`;
  return mark.found === null
    ? { ...became, became: 'lost', restoredFrom: null, lossMs: null, because: `${said}, but the mark written before the destroy is not in it` }
    : { ...became, became: 'unknown', restoredFrom: null, lossMs: null, because: `${said}, but it holds another mark than the one written before the destroy` };
}

/** What became of a data set, as a verdict. A missing backup never looks like a fresh success: `fresh` is well only where nothing protects it. */
export function dataVerdict(set: DataSet | undefined, became: DataVerdict | undefined): Verdict {
  if (became === undefined) return unknown(NOT_JUDGED);
  const declared = set?.protection.by === 'none';
  if (became.became === 'lost' || became.became === 'fresh, as declared') return declared ? { is: 'skip', because: `${became.became === 'lost' ? 'lost' : 'fresh'}, as declared: ${became.because}` } : { is: 'fail', because: became.because };
  if (became.became === 'unknown') return unknown(became.because);
  if (became.objectiveMs === null || became.protection === 'git') return { is: 'pass', because: became.because };
  if (became.lossMs === null) return unknown(`how much of it is missing cannot be told: ${became.because}`);
  return became.lossMs <= became.objectiveMs ? { is: 'pass', because: became.because } : { is: 'fail', because: `${took(became.lossMs)} of it are missing, ${took(became.lossMs - became.objectiveMs)} more than its objective of ${span(became.objectiveMs)}` };
}

function data(each: RehearsalReport['data'][number]): Judgement {
  const wanted = each.protection === 'none' ? 'nothing: it is not protected' : each.protection === 'git' ? 'back from git' : `back, at most ${span(each.objectiveMs ?? 0)} missing`;
  const seen = each.because === NOT_JUDGED ? '' : `${each.became}${each.lossMs === null ? '' : `, ${took(each.lossMs)} missing`}`;
  return { id: `data:${each.cluster}/${each.dataSet}`, cluster: each.cluster, what: `data set ${each.cluster}/${each.dataSet}`, wanted, seen, verdict: hinted(each), decisive: true };
}

/** What did not come back is looked for in its backups before anybody begins anew in its place. */
function hinted({ cluster, dataSet, protection, verdict }: RehearsalReport['data'][number]): Verdict {
  if ((verdict.is !== 'fail' && verdict.is !== 'unknown') || verdict.hint !== undefined || protection === 'none') return verdict;
  return { ...verdict, hint: protection === 'backup' ? `before anything is written into it: task dr:restore-one CLUSTER=${cluster} DATASET=${dataSet} shows what its newest backup holds` : `task flux:status CLUSTER=${cluster} shows what brings it` };
}

function sentinels({ sentinels: all }: Of, cluster: string): readonly Judgement[] {
  return all.filter((each) => each.cluster === cluster).map((each) => ({
    id: `sentinel:${cluster}/${each.dataSet}`, cluster, what: `sentinel in ${cluster}/${each.dataSet}`, wanted: each.expected === 'returns' ? 'the value written before the destroy' : 'gone: the data set is not protected',
    seen: each.found === null ? (each.verdict.is === 'unknown' ? '' : 'none') : each.found === each.written?.value ? 'equal' : 'another value', verdict: each.verdict, decisive: true,
  }));
}

function secondCreate({ secondCreate: all }: Of, cluster: string): Judgement {
  const found = all.find((each) => each.cluster === cluster);
  const base = { id: `idempotence:${cluster}`, cluster, what: `second create of ${cluster}`, wanted: 'it writes nothing', decisive: true };
  if (found === undefined) return { ...base, seen: '', verdict: unknown(NOT_REACHED) };
  return { ...base, seen: count(found.writes.length, 'write'), verdict: found.writes.length === 0 ? { is: 'pass' } : { is: 'fail', because: `it wrote: ${found.writes.slice(0, 5).join('; ')}${found.writes.length > 5 ? ` and ${found.writes.length - 5} more` : ''}`, hint: `what a create writes twice is not as the tree says, or is changed by somebody: task cluster:create CLUSTER=${cluster} --dry-run` } };
}

function fingerprint({ differences, compared }: Of, cluster: string): Judgement {
  const own = differences.filter((each) => each.cluster === cluster);
  const open = own.filter((each) => each.because === undefined);
  const base = { id: `fingerprint:${cluster}`, cluster, what: `fingerprint of ${cluster}`, wanted: 'as before, or every difference explained', decisive: true };
  if (!compared.includes(cluster)) return { ...base, seen: '', verdict: unknown(NOT_REACHED) };
  const seen = own.length === 0 ? 'equal' : `${count(own.length, 'difference')}, ${own.length - open.length} explained`;
  const [first] = open;
  return { ...base, seen, verdict: first === undefined ? { is: 'pass' } : { is: 'fail', because: `${first.section} ${first.key} ${first.field} ${first.kind}`.replaceAll(/ +/g, ' ') + (open.length > 1 ? ` and ${open.length - 1} more` : ''), hint: `each difference is below, before and after; task flux:status CLUSTER=${cluster} shows what brought it` } };
}

/** What is left is for a person to decide, and no fault of the recovery. */
function putBack({ unfrozen, frozen, passed }: Of, cluster: string): Judgement {
  const back = unfrozen.find((each) => each.cluster === cluster);
  const base = { id: `put-back:${cluster}`, cluster, what: `what was suspended in ${cluster}`, wanted: 'put back, nothing left', decisive: false };
  if (back === undefined) {
    const untouched = !frozen.some((each) => each.cluster === cluster) && !passed;
    return { ...base, seen: '', verdict: untouched ? { is: 'skip', because: 'nothing was frozen' } : unknown(NOT_REACHED) };
  }
  return { ...base, seen: `${back.putBack.length} put back, ${back.left.length} left`, verdict: back.left.length === 0 ? { is: 'pass' } : { is: 'fail', because: `${back.left.join(', ')}: ${back.because}` } };
}

/** Wipes and bootstraps happen exactly once each, whatever came between. */
function once({ acts }: Of): readonly Judgement[] {
  const kinds = [...new Set(acts.map((act) => act.act))];
  return kinds.map((kind) => {
    const own = acts.filter((act) => act.act === kind);
    const wrong = own.filter((act) => act.open || act.happened !== 1);
    const verdict: Verdict = wrong.length === 0 ? { is: 'pass' } : {
      is: wrong.some((act) => !act.open) ? 'fail' : 'unknown',
      because: wrong.map((act) => `${act.subject} ${act.open ? 'was begun, and nothing says how it ended' : `happened ${act.happened} times`}`).join('; '),
    };
    return { id: `once:${kind}`, cluster: '', what: kind, wanted: 'exactly once each', seen: `${own.length - wrong.length} of ${own.length}`, verdict, decisive: true };
  });
}
