import { Failure } from '../engine/failure.ts';
import type { Outcome } from '../engine/outcome.ts';
import { severalOutcomes } from '../health/index.ts';
import { certificatesOf } from '../tools/certificates.ts';
import { dialMachine } from '../tools/dial.ts';
import { clusterFiles, readIfThere } from '../tools/files.ts';
import { glanceApi, glanceMachine } from '../tools/glance.ts';
import type { Cx } from './context.ts';
import { controlPlanes } from './etcd-membership.ts';
import type { Action, ActionContext } from './task.ts';

interface Row { readonly what: string; /** Wall ms. */ readonly ends: number | undefined; readonly because: string; readonly renew: string }
const DAY = 86_400_000;
const DEFAULT_DAYS = 30;

/** When certificates end: those in our files, those machines and API show, and the authorities. RENEW=true makes the ones in our files anew. */
const talosCerts: Action = async (cx) => severalOutcomes(await Promise.all(cx.clusters.map(async (cluster) => {
  const context = cx.forCluster(cluster, 'talos-certs');
  if (cx.variables['RENEW'] === 'true') await renew(context);
  return { cluster: cluster.name, outcome: outcomeOf(cluster.name, await rowsOf(cx, context), daysOf(cx), Date.now()) };
})));
export default talosCerts;

function daysOf(cx: ActionContext): number {
  const given = cx.variables['DAYS'] ?? '';
  const days = given === '' ? DEFAULT_DAYS : Number(given);
  if (!Number.isInteger(days) || days < 0) throw new Failure({ exit: 'usage', what: `DAYS=${given} is no number of days`, hint: 'DAYS=30' });
  return days;
}

/** Talos signs both from the bundle and the cluster; machines are asked for nothing but the kubeconfig. */
async function renew(cx: Cx): Promise<void> {
  await cx.doors.talos.writeTalosconfig((await cx.secrets()).bundle(cx.cluster));
  const machine = controlPlanes(cx)[0];
  if (machine !== undefined) await cx.doors.talos.writeKubeconfig(machine);
}

async function rowsOf(cx: ActionContext, context: Cx): Promise<readonly Row[]> {
  const { cluster } = context;
  const files = clusterFiles(cx.taskDir, cx.target, cluster.name);
  const kept = (await certificatesOf(files, cluster.name)).map((told): Row => (told.ok ? { what: told.value.what, ends: told.value.ends, because: '', renew: told.value.renew } : { what: 'a file', ends: undefined, because: told.because, renew: `task talos:certs CLUSTER=${cluster.name} RENEW=true` }));
  const kubeconfig = readIfThere(files.kubeconfigDial);
  const shown = await Promise.all([
    ...cluster.machines.map((machine) => glance(`what ${machine.name} shows`, () => glanceMachine(dialMachine(cx.target, machine), cx.signal))),
    ...(kubeconfig === undefined ? [] : [glance('what the Kubernetes API shows', () => glanceApi(kubeconfig, cx.signal))]),
  ]);
  return [...kept, ...shown];
}

async function glance(what: string, ask: () => Promise<{ readonly certificateEnds: number | undefined }>): Promise<Row> {
  const renewed = 'Talos renews it while the machine runs: see that its clock is right';
  try {
    const { certificateEnds } = await ask();
    return { what, ends: certificateEnds, because: certificateEnds === undefined ? 'it shows none' : '', renew: renewed };
  } catch (error) {
    return { what, ends: undefined, because: error instanceof Error ? error.message : String(error), renew: renewed };
  }
}

/** Served certificates live for a day and are renewed by themselves: only one that has ended is wrong. */
export function outcomeOf(cluster: string, rows: readonly Row[], days: number, now: number): Outcome {
  const judged = rows.map((row) => ({ ...row, is: row.ends === undefined ? 'unknown' as const : row.ends < now ? 'ended' as const : !row.what.startsWith('what ') && row.ends - now < days * DAY ? 'soon' as const : 'lasts' as const }));
  const bad = judged.filter(({ is }) => is === 'ended' || is === 'soon');
  const unknown = judged.filter(({ is }) => is === 'unknown');
  return {
    exit: bad.length > 0 ? 'no' : unknown.length > 0 || judged.length === 0 ? 'cannotTell' : 'done',
    result: { format: 1, cluster, days, certificates: judged.map(({ what, ends, because, is, renew: how }) => ({ what, ends: ends === undefined ? null : new Date(ends).toISOString(), is, because, renew: how })) },
    render: (style) => judged.map(({ what, ends, because, is, renew: how }) => {
      const sign = is === 'lasts' ? style.green('✔') : is === 'unknown' ? style.yellow('?') : style.red('✖');
      const when = ends === undefined ? because : `${is === 'ended' ? 'ended' : 'until'} ${new Date(ends).toISOString().slice(0, 16).replace('T', ' ')}`;
      return `${sign} ${what.padEnd(52)} ${when}${is === 'lasts' ? '' : `   ${how}`}`;
    }),
  };
}
