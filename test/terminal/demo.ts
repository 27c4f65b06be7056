/**
 * Plays a synthetic create in this terminal, to look at: `node test/terminal/demo.ts [live|plain|json] [factor] [failing step] [clusters]`.
 * The wall clock runs `factor` times faster than the synthetic one's (default 1).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createView } from '../../scripts/terminal/view.ts';
import { ESTIMATES, startingAt, syntheticRun } from './synthetic.ts';

const [mode = 'auto', factor = '1', failAt = '', clusters = 'infra,apps'] = process.argv.slice(2);
const modes = ['auto', 'live', 'plain', 'json'] as const;
const from = Date.now();
const rate = Number(factor);
// Time as the demo's viewers are told it: faster than the wall, so that the pictures agree with the events.
const now = (): number => from + (Date.now() - from) * rate;
const view = createView({ mode: modes.find((each) => each === mode) ?? 'auto', stdout: process.stdout, stderr: process.stderr, env: process.env, estimates: ESTIMATES, now });
for (const event of startingAt(syntheticRun({ clusters: clusters.split(','), ...(failAt === '' ? {} : { failAt }) }), from)) {
  const due = Date.parse(event.at) - now();
  if (due > 0) await sleep(due / rate);
  view.on(event);
}
await view.close();
