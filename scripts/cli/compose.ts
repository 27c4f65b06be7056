import { userInfo } from 'node:os';
import { openActs, performAct } from '../engine/acts.ts';
import type { Clock } from '../engine/clock.ts';
import type { Emit } from '../engine/event.ts';
import { Failure } from '../engine/failure.ts';
import { poll } from '../engine/poll.ts';
import type { Cluster, Site } from '../config/cluster.ts';
import { generationOf, NO_GENERATION, readRecord } from '../dr/record.ts';
import { LAYERS, type Layer } from '../health/snapshot.types.ts';
import type { Cx, Secrets } from '../phases/context.ts';
import { clusterFiles } from '../tools/files.ts';
import type { Redactor, Scope } from '../tools/doors.ts';

/** What every step of a run shares. */
export interface RunParts {
  readonly site: Site;
  readonly clusters: readonly Cluster[];
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly dryRun: boolean;
  readonly redactor: Redactor;
  readonly taskDir: string;
  readonly runDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The task's variables. */
  readonly variables: Readonly<Record<string, string>>;
  /** Asked before every write to a cluster; see Scope. */
  readonly claim?: Scope['claim'];
}

/**
 * Makes the contexts of a run's steps. Secrets are resolved once for all clusters of the run, at the first step that
 * asks; open once-only acts are read once, while the lock is held. `end` when the last step is over.
 */
export async function makeContexts(parts: RunParts): Promise<{ contextFor(lane: string, step: string): Cx; end(): void }> {
  const [{ makeDoors }, { makeLooks }, { resolveSecrets }] = await Promise.all([
    import('../tools/index.ts'), import('../health/looks.ts'), import('../tools/secrets.ts'),
  ]);
  const { site, signal, clock, dryRun, redactor, taskDir } = parts;
  const looks = makeLooks();
  const writes: { readonly lane: string; readonly step: string; readonly what: string }[] = [];
  const emit: Emit = (event) => {
    if (event.type === 'command-ran' && event.effect === 'write') writes.push({ lane: event.lane, step: event.step, what: [event.tool, ...event.argv].join(' ') });
    parts.emit(event);
  };
  let resolved: Promise<Secrets> | undefined;
  let open: ReturnType<typeof openActs> | undefined;

  const contextFor = (lane: string, step: string): Cx => {
    const cluster = site.clusters.find((candidate) => candidate.name === lane) ?? parts.clusters[0] ?? site.clusters[0];
    if (cluster === undefined) throw new Failure({ exit: 'configuration', what: 'there is no cluster', hint: 'add a file to talos/clusters' });
    const scope: Scope = { lane, step, emit, signal, clock, dryRun, site, redactor, taskDir, env: parts.env, wrote: (by, what) => void writes.push({ lane: by.lane, step: by.step, what }), ...(parts.claim === undefined ? {} : { claim: parts.claim }) };
    const doors = makeDoors(scope, cluster);
    const looking = makeDoors({ ...scope, looking: true }, cluster);
    return {
      lane, step, site, cluster, clock, signal, dryRun, emit, doors, looking,
      runDir: parts.runDir,
      variables: parts.variables,
      written: (of) => writes.filter((write) => of(write.lane, write.step)).map(({ what }) => what),
      get data() { return dataMode(parts, cluster.name); },
      overrides: new Set((parts.variables['OVERRIDE'] ?? '').split(',').filter((name) => name !== '')),
      clusterDir: clusterFiles(taskDir, site.target, cluster.name).folder,
      look: async (layers) => looks.look({ site, cluster, doors: looking, clock, signal }, step, layers.filter(isLayer)),
      secrets: async () => {
        resolved ??= resolveSecrets(doors.stores, site, parts.clusters, redactor);
        return resolved;
      },
      wait: async (what, probe, options) => {
        if (dryRun) return undefined;
        const patienceMs = options.patience;
        return poll({
          ...options, what, probe, clock, signal,
          waiting: (reason, sinceMs, done, of) => emit({
            type: 'waiting', lane, step, for: what, reason, sinceMs, patienceMs,
            ...(done === undefined ? {} : { done }), ...(of === undefined ? {} : { of }),
          }),
        });
      },
      actOpen: (act, subject) => {
        open ??= openActs(taskDir, site.target.id);
        return open.some((earlier) => earlier.act === act && earlier.subject === subject && earlier.lane === lane);
      },
      act: async (act, subject, proof, run) => {
        open ??= openActs(taskDir, site.target.id);
        await performAct({ act, subject, lane, step, proof, run, emit, open });
      },
    };
  };
  return { contextFor, end: looks.end };
}

/** A rehearsal has written down where its data comes from; else the variables say so, and nothing said is a fresh start. */
function dataMode({ runDir, variables }: Pick<RunParts, 'runDir' | 'variables'>, cluster: string): Cx['data'] {
  const own = generationOf(runDir);
  const rehearsed = readRecord(runDir, 'generation', cluster);
  if (rehearsed !== undefined) return { mode: 'restore', generation: rehearsed.to, from: rehearsed.from };
  return variables['DATA_MODE'] === 'restore' ? { mode: 'restore', generation: own, from: variables['DATA_FROM'] ?? '' } : { mode: 'fresh', generation: own, from: NO_GENERATION };
}

function isLayer(name: string): name is Layer {
  return LAYERS.some((layer) => layer === name);
}

/** Who runs this, for lock, journal and checkpoint. A user without a name in the system (a container's) is told by number. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
