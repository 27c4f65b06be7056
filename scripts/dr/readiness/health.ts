import { diagnose, LAYERS, readSnapshot, type Diagnosis } from '../../health/index.ts';
import { isAnswer } from '../backup/shared.ts';
import type { ReadinessRow } from '../record.ts';
import { fail, pass, row, unknown, type ReadinessContext } from './row.ts';

/** What only reconciles is well in a moment; what is not well after so long is not, ms of the run's clock. */
const PATIENCE = 180_000;
const EVERY = 10_000;

/** The cluster is healthy, or each thing that is not has a line of its own, to be accepted by its name. */
export async function healthRows(cx: ReadinessContext): Promise<readonly ReadinessRow[]> {
  const { cluster } = cx;
  let found: Diagnosis | undefined;
  try {
    await cx.wait(`${cluster.name} to be healthy`, async () => {
      found = diagnose(await readSnapshot({ site: cx.site, cluster, doors: cx.looking, clock: cx.clock, signal: cx.signal }, LAYERS));
      const [first] = [...found.causes, ...found.unknowns];
      return found.is === 'healthy' ? { ok: true, value: found } : { ok: false, because: first === undefined ? 'cluster:health says so' : `${first.object}: ${first.because}` };
    }, { patience: PATIENCE, every: EVERY });
  } catch (error) {
    // The patience is over: what the last look found is told row by row.
    if (!isAnswer(error) || found === undefined) throw error;
  }
  return found === undefined ? [] : rowsOf(cluster.name, found);
}

/** `Kustomization flux-system/apps` as part of an id: no spaces, no commas. */
export const healthId = (cluster: string, object: string): string => `health:${cluster}/${object.toLowerCase().replaceAll(/[^a-z0-9./-]+/g, '/').replaceAll(/^\/|\/$/g, '')}`;

export function rowsOf(cluster: string, diagnosis: Diagnosis): readonly ReadinessRow[] {
  const hint = `task cluster:health CLUSTER=${cluster}`;
  const causes = diagnosis.causes.map((cause) => row('health', healthId(cluster, cause.object), cause.object, fail(cause.state === undefined ? cause.because : `${cause.state}: ${cause.because}`, cause.hint)));
  const troubled = new Set(diagnosis.causes.flatMap((cause) => [...cause.objects, ...cause.consequences.flatMap((group) => group.objects)]));
  // What was not asked only because something else did not answer comes back with that.
  const own = diagnosis.unknowns.filter(({ needs, layer, object }) => (needs === undefined || needs === layer) && !troubled.has(object));
  const shown = own.length > 0 || causes.length > 0 ? own : diagnosis.unknowns;
  const unknowns = shown.map((each) => row('health', healthId(cluster, each.object), each.object, unknown(each.because, each.hint ?? hint))).filter(({ id }, index, all) => all.findIndex((other) => other.id === id) === index);
  const rows = [...causes, ...unknowns];
  if (rows.length > 0) return rows;
  // A verdict without a cause would otherwise be lost.
  if (diagnosis.is !== 'healthy') return [row('health', `health:${cluster}/all`, `health of ${cluster}`, (diagnosis.is === 'unhealthy' ? fail : unknown)('cluster:health says so and names no cause', hint))];
  return [row('health', `health:${cluster}/all`, `health of ${cluster}`, pass(`${diagnosis.layers.filter(({ is }) => is === 'pass').length} layers are well`))];
}
