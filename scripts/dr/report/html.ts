import { span } from '../../engine/clock.ts';
import { gantt } from './gantt.ts';
import { facts, h, list, Markup, section, table, type Piece } from './html-parts.ts';
import { data, destruction, findings, objectives, people, platform, stageTimes, steps } from './html-sections.ts';
import { STYLE } from './html-style.ts';
import type { RehearsalReport } from './report.types.ts';
import { both, count, instant, took } from './words.ts';

const SIGN = { green: '✔', red: '✖', unfinished: '?' } as const;
/** Nothing may be loaded from anywhere, and nothing run: the page is read as it lies there. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/** The report as one page without a request to anywhere: for screens of any width, light and dark, and for paper. */
export function html(report: RehearsalReport): string {
  const { verdict, clusters, run, began } = report;
  const page = h`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${new Markup(POLICY)}"><meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>Rehearsal ${verdict.is}: ${clusters.join(', ')}, ${instant(began.wall).slice(0, 10)}</title><style>${new Markup(STYLE)}</style></head>
<body><main>
<header class="top"><h1>Disaster-recovery rehearsal of ${clusters.join(' and ')}</h1><div class="id">${instant(began.wall)} UTC · run <code>${run}</code></div></header>
${simulated(report)}
<div class="hero ${verdict.is}"><div class="word"><span aria-hidden="true">${SIGN[verdict.is]}</span> ${verdict.is === 'green' ? 'Green' : verdict.is === 'red' ? 'Red' : 'Unfinished'}</div><p class="sentence">${capital(verdict.sentence)}.</p>
${verdict.reasons.length === 0 ? [] : [list(verdict.reasons, '')]}</div>
${tiles(report)}
<nav aria-label="Sections">${NAVIGATION.map(([id, title]) => h`<a href="#${id}">${title}</a>`)}</nav>
${section('timeline', 'Timeline', gantt(report))}
${objectives(report)}
${stageTimes(report)}
${data(report)}
${platform(report)}
${destruction(report)}
${people(report)}
${findings(report)}
${scenario(report)}
${steps(report)}
${evidence(report)}
<footer>Times are UTC; those without a date are of ${instant(began.wall).slice(0, 10)}. Made from the records and the journal of run ${run} by version ${report.version}; configuration at commit ${report.commit}.</footer>
</main></body></html>
`;
  return page.html;
}

const NAVIGATION = [['timeline', 'Timeline'], ['objectives', 'What had to be shown'], ['times', 'Recovery time'], ['data', 'Data'], ['platform', 'The same platform'], ['destruction', 'Destroy'], ['people', 'People'], ['findings', 'Findings'], ['scenario', 'Scenario and controls'], ['steps', 'Every step'], ['evidence', 'Evidence']] as const;

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function simulated({ target }: RehearsalReport): Markup {
  if (target.kind !== 'lab') return h``;
  return h`<div class="lab" role="note"><strong>Simulated.</strong> ${target.label}. It shows that the procedure works; its times say nothing about real machines. Simulated: ${target.simulated.join(', ')}.</div>`;
}

function tiles(report: RehearsalReport): Markup {
  const { recovery, objectives: wanted, target, time, interventions, data: sets } = report;
  const spent = recovery.time;
  const losses = sets.flatMap((each) => (each.protection === 'backup' && each.lossMs !== null ? [each.lossMs] : []));
  const guarded = sets.filter((each) => each.protection !== 'none');
  const unplanned = interventions.filter((each) => each.kind !== 'checkpoint').length;
  const tile = (name: string, big: string, ...small: readonly string[]): Markup => h`<div class="tile"><dt>${name}</dt><dd><div class="big">${big}</div>${small.filter((text) => text !== '').map((text) => h`<div class="small">${text}</div>`)}</dd></div>`;
  const wall = (ms: number): string => (target.speed === 1 ? '' : `${took(ms)} by the wall`);
  return h`<dl class="tiles">
${tile('Recovered in', spent === null ? '–' : took(spent.elapsed.run), spent === null ? (recovery.from === null ? 'nothing was destroyed' : 'not recovered') : wall(spent.elapsed.wall), `whole rehearsal ${both(time.elapsed, target.speed)}`)}
${tile('Machine time', spent === null ? '–' : took(spent.machine.run), `objective ${span(wanted.recoveryTimeMs)}`)}
${tile('Waiting on people', spent === null ? '–' : took(spent.people.run), spent === null || spent.stopped.run === 0 ? '' : `stood still ${took(spent.stopped.run)}`, `${count(report.checkpoints.length, 'checkpoint')}${report.checkpoints.length > 0 && report.checkpoints.every((each) => each.how !== 'typed') ? ', nobody was waited for' : ''}`)}
${tile('Worst data loss', losses.length === 0 ? '–' : took(Math.max(...losses)), `objective ${span(wanted.dataLossMs)}`)}
${tile('Protected data back', guarded.length === 0 ? '–' : `${guarded.filter((each) => each.verdict.is === 'pass').length} of ${guarded.length}`, guarded.length === 0 ? 'no data set is declared' : '')}
${tile('Interventions', String(unplanned), 'besides the checkpoints')}
</dl>`;
}

function scenario(report: RehearsalReport): Markup {
  const { target, stopConditions, controls } = report;
  const pairs: readonly (readonly [string, Piece])[] = [
    ['target', target.label], ['engine', target.engine], ['speed', `${target.speed} s per second`], ['simulated', target.simulated.length === 0 ? 'nothing' : target.simulated.join(', ')],
    ['clusters', report.clusters.join(', ')], ['version', report.version], ['commit', report.commit], ['objectives', `recovery ${span(report.objectives.recoveryTimeMs)}, data loss ${span(report.objectives.dataLossMs)}`],
  ];
  return section('scenario', 'Scenario and controls',
    h`<p><strong>Scenario.</strong> ${report.scenario}</p><p><strong>Hypothesis.</strong> ${report.hypothesis}</p>`, facts(pairs),
    table('Stop conditions', [{ head: 'it stops when' }, { head: 'fired', as: 'w' }], stopConditions.map((each) => [each.what, each.fired === '' ? 'no' : each.fired])),
    table('What auditors ask, and where this report answers', [{ head: 'control' }, { head: 'asks for', as: 'w' }, { head: 'answer' }], controls.map((each) => [each.control, each.asks, each.answer])),
  );
}

function evidence(report: RehearsalReport): Markup {
  return section('evidence', 'Evidence',
    h`<p>This folder holds the journal (one line per event, each with the hash of the line before), the records each step wrote, what the tools said (<code>outputs.txt</code>), the digest of the etcd snapshots, this report in four forms, and, once the rehearsal is over, <code>manifest.sha256</code> with the digest of every file. <code>sha256sum --check manifest.sha256</code> checks it without this program, <code>task dr:verify RUN=${report.run} DIGEST=sha256:...</code> with it.</p>
<p><strong>What that proves.</strong> Chain and manifest show that nothing broke or was changed by somebody who did not make both anew. Who can write into the folder can make both anew: only the digest printed at the end of the run and kept elsewhere, or a signature by a key that person does not have, shows that nobody did. ${report.final ? '' : 'This rehearsal is not over, so its folder is not sealed.'}</p>
<p>Values of secrets are replaced before anything is written down. The etcd snapshot itself holds every secret of the cluster and is readable by its owner alone.</p>`,
    facts([['whole rehearsal', both(report.time.elapsed, report.target.speed)], ['began', `${instant(report.began.wall)} UTC`], ['ended', `${instant(report.ended.wall)} UTC`]]));
}
