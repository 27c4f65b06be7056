import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Failure } from '../engine/failure.ts';
import type { Outcome } from '../engine/outcome.ts';
import { writePrivate } from '../tools/files.ts';
import { BUNDLE_FIELDS } from '../tools/talos-bundle.ts';
import type { Cx } from './context.ts';
import { bundleFindings } from './machines/bundle-checks.ts';
import type { Action } from './task.ts';

/** Whether a cluster's secrets bundle is there and holds together; with FILE a new one for a cluster that has none. Never a value on the screen. */
const talosSecrets: Action = async (cx) => {
  const cluster = cx.clusters[0];
  if (cluster === undefined) throw new Failure({ exit: 'usage', what: 'no cluster was chosen', hint: 'task talos:secrets CLUSTER=infra' });
  const context = cx.forCluster(cluster, 'talos-secrets');
  const file = cx.variables['FILE'] ?? '';
  return file === '' ? checked(context) : made(context, resolve(file));
};
export default talosSecrets;

async function checked(cx: Cx): Promise<Outcome> {
  const findings = bundleFindings((await cx.secrets()).bundle(cx.cluster), cx.clock.now());
  const bad = findings.filter(({ ok }) => !ok);
  return {
    exit: bad.length === 0 ? 'done' : 'no',
    result: { format: 1, cluster: cx.cluster.name, store: cx.cluster.secrets, findings: findings.map(({ part, ok, says, ends }) => ({ part, ok, says, ends: ends === undefined ? null : new Date(ends).toISOString() })) },
    render: (style) => [
      ...findings.map(({ part, ok, says }) => `${ok ? style.green('✔') : style.red('✖')} ${part.padEnd(20)} ${says}`),
      bad.length === 0 ? `the fourteen fields of ${cx.cluster.name} (${cx.cluster.secrets}) hold together` : `${bad.length} of ${findings.length} are not as they have to be; correct them where they are kept: ${cx.cluster.secrets}`,
    ],
  };
}

async function made(cx: Cx, file: string): Promise<Outcome> {
  if (existsSync(file)) throw new Failure({ exit: 'rerun', what: `${file} is there already`, because: 'a bundle is the identity of a cluster and is never overwritten', hint: 'name another file' });
  if (!cx.overrides.has(NEW)) await refuseWhereThereIsOne(cx);
  const bundle = await cx.doors.day2.newSecrets();
  if (bundle !== undefined) await writePrivate(file, `${JSON.stringify(bundle, undefined, 2)}\n`);
  return {
    exit: 'done',
    result: { format: 1, cluster: cx.cluster.name, file: bundle === undefined ? null : file, fields: BUNDLE_FIELDS },
    render: (style) => bundle === undefined ? [`would make a new bundle for ${cx.cluster.name} in ${file}`] : [
      `${style.green('✔')} ${file}   a new bundle for ${cx.cluster.name}, readable by you alone`,
      `  put its ${BUNDLE_FIELDS.length} fields where ${cx.cluster.file} says they are kept (${cx.cluster.secrets}), then remove the file`,
      `  task talos:secrets CLUSTER=${cx.cluster.name}   tells whether they arrived`,
    ],
  };
}

/** What OVERRIDE accepts by name: a second bundle for a cluster that has one, whose machines it would not open. */
const NEW = 'new-secrets';

async function refuseWhereThereIsOne(cx: Cx): Promise<void> {
  if (cx.dryRun) return;
  try {
    await cx.secrets();
  } catch (error) {
    // None is to be read: that is what a new one is for.
    if (error instanceof Failure && error.exit !== 'interrupted' && error.exit !== 'bug') return;
    throw error;
  }
  throw new Failure({ exit: 'rerun', what: `${cx.cluster.name} has a secrets bundle`, because: `its fields are where ${cx.cluster.file} says, and with a new one nobody could talk to its machines any more`, hint: `OVERRIDE=${NEW} makes one all the same, for a cluster that is to be made anew` });
}
