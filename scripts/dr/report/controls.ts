import { span } from '../../engine/clock.ts';
import type { RehearsalReport } from './report.types.ts';
import { count, took } from './words.ts';

/** Which field of this report answers which question of the controls auditors ask about. It is evidence for them, no certificate. */
export function controlsOf(report: Omit<RehearsalReport, 'controls'>): RehearsalReport['controls'] {
  const { recovery, objectives, data, target, people, findings, previous, verdict, clusters, time } = report;
  const measured = recovery.time === null ? 'not recovered' : `${took(recovery.time.machine.run)} of machine time, ${took(recovery.time.elapsed.run)} with people and standstills`;
  const backed = data.filter((each) => each.protection === 'backup');
  const lab = target.kind === 'lab' ? ' On simulated machines: it shows that the procedure works, not how long the site takes, and does not replace a test on site.' : '';
  const last = previous.at(-1);
  return [
    { control: 'NIST SP 800-53 CP-4a', asks: 'test the contingency plan at a defined frequency, by defined tests', answer: `full rebuild of ${clusters.join(', ')}; the one before: ${last === undefined ? 'none known here' : `${last.at.slice(0, 10)} (${last.verdict})`}.${lab}` },
    { control: 'NIST SP 800-53 CP-4b, c', asks: 'review the results; initiate corrective actions', answer: `verdict ${verdict.is}; ${count(findings.length, 'finding')} in section Findings, with owner, due and re-test date to fill in` },
    { control: 'NIST SP 800-53 CP-4(3)', asks: 'automated testing', answer: `every step but the ${count(report.checkpoints.length, 'checkpoint')} is the program's; its plan, commands and waits are in journal.jsonl` },
    { control: 'NIST SP 800-53 CP-4(4)', asks: 'full recovery and reconstitution to a known state', answer: 'sections Data, Sentinels, Same platform, Second create' },
    { control: 'NIST SP 800-53 CP-9(1)', asks: 'test backups for reliability and integrity', answer: `${backed.filter((each) => each.verdict.is === 'pass').length} of ${count(backed.length, 'backed-up data set')} restored and compared by a value of ours` },
    { control: 'NIST SP 800-53 CP-10', asks: 'recover within the recovery time and recovery point objectives', answer: `recovery time: ${measured}, objective ${span(objectives.recoveryTimeMs)}; recovery point by data set in section Data` },
    { control: 'NIST SP 800-34 3.5 (test)', asks: 'scenario, objectives, participants, start and end, results, lessons (after-action report)', answer: `sections Scenario, Timeline, Findings; ${people.map((each) => each.who).join(', ')}; ${took(time.elapsed.wall)} of wall time` },
    { control: 'SOC 2 A1.3', asks: 'recovery plan procedures are tested; integrity and completeness of backup data; actual against objectives; gaps tracked', answer: 'sections Objectives, Data, Sentinels, Findings' },
    { control: 'ISO 22301 8.5', asks: 'exercise with a scenario and defined aims; report with outcomes and improvements', answer: 'this report as a whole' },
  ];
}
