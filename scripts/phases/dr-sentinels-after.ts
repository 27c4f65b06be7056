import { readRecord, writeRecord, type Sentinel, type SentinelFound } from '../dr/record.ts';
import { each } from '../engine/each.ts';
import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { Verdict } from '../engine/verdict.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import { readSentinel } from '../probes/sentinel.ts';
import type { Cx } from './context.ts';
import { setsOf } from './dr-sentinels.ts';

/** Reads every mark back. What is not as expected is a finding for the verdict; the other marks are read all the same. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'sentinels-after',
  title: 'read every mark back',
  patience: 0,
  verify: [],
  async done(cx) {
    return setsOf(cx).length === 0 ? `${cx.cluster.name} holds no data set that bootstrap/dr.yaml names` : false;
  },
  async run(cx) {
    if (cx.dryRun) return 'would read every mark back';
    const marks = readRecord(cx.runDir, 'sentinels', cx.cluster.name);
    if (marks === undefined) return 'nothing to read back: this rehearsal wrote no marks';
    const found = await each(marks, marks.length, async (mark) => lookFor(cx, mark), cx.signal, { what: 'reading the marks', name: (mark) => mark.dataSet });
    await writeRecord(cx.runDir, 'sentinels-after', found, cx.cluster.name);
    return `${found.filter(({ verdict }) => verdict.is === 'pass').length}/${found.length} as expected`;
  },
};
export default phase;

async function lookFor(cx: Cx, mark: Sentinel): Promise<SentinelFound> {
  const set = setsOf(cx).find((each) => each.name === mark.dataSet);
  if (set === undefined) return { dataSet: mark.dataSet, expected: mark.expected, found: null, verdict: { is: 'unknown', because: 'bootstrap/dr.yaml names it no more', hint: 'a data set must stay declared until its rehearsal is over' } };
  try {
    const found = await readSentinel(cx, set);
    return { dataSet: mark.dataSet, expected: mark.expected, found, verdict: judgeMark(mark, found) };
  } catch (error) {
    if (!(error instanceof Failure) || error.exit === 'interrupted' || error.exit === 'bug') throw error;
    return { dataSet: mark.dataSet, expected: mark.expected, found: null, verdict: { is: 'unknown', because: error.message, hint: error.hint ?? 'read it by hand, then run the same command again' } };
  }
}

/** What a mark that was read says. One that was expected to be lost and is there is no harm, but what protects it should be declared. */
export function judgeMark(mark: Pick<Sentinel, 'expected' | 'value'>, found: string | null): Verdict {
  if (found === mark.value) return mark.expected === 'returns' ? { is: 'pass', because: 'the very mark came back' } : { is: 'pass', because: 'it came back although nothing is declared to protect it' };
  if (mark.expected === 'lost') return { is: 'pass', because: 'lost, as declared' };
  return { is: 'fail', because: found === null ? 'the mark is not there: what came back is empty or older than the mark' : 'another mark is there: what came back is of another time', hint: 'look at which backup was restored (the report names it) before anybody uses this data' };
}
