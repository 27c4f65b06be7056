import type { Found, Rule, View } from '../../model.types.ts';
import { cronTrouble } from '../../index/cron.ts';
import { indexOf } from '../../index/index.ts';
import { at, entries, text } from '../../index/read.ts';

/** Kinds with a cron schedule, and where. `seconds`: theirs begins with seconds. */
const SCHEDULES: readonly { readonly kind: string; readonly at: readonly string[]; readonly seconds?: true; readonly zone?: readonly string[] }[] = [
  { kind: 'batch/CronJob', at: ['spec', 'schedule'], zone: ['spec', 'timeZone'] },
  { kind: 'postgresql.cnpg.io/ScheduledBackup', at: ['spec', 'schedule'], seconds: true },
  { kind: 'volsync.backube/ReplicationSource', at: ['spec', 'trigger', 'schedule'] },
  { kind: 'volsync.backube/ReplicationDestination', at: ['spec', 'trigger', 'schedule'] },
  { kind: 'velero.io/Schedule', at: ['spec', 'schedule'] },
  { kind: 'longhorn.io/RecurringJob', at: ['spec', 'cron'] },
  { kind: 'argoproj.io/CronWorkflow', at: ['spec', 'schedule'], zone: ['spec', 'timezone'] },
  { kind: 'kyverno.io/ClusterCleanupPolicy', at: ['spec', 'schedule'] },
  { kind: 'kyverno.io/CleanupPolicy', at: ['spec', 'schedule'] },
];

export const cronSchedule: Rule = {
  id: 'cron-schedule',
  severity: 'error',
  summary: 'Schedules can be read, and come some day.',
  why: 'The object is refused, or the job (often a backup) silently never runs.',
  * check(view: View): Iterable<Omit<Found, 'rule'>> {
    const index = indexOf(view);
    for (const { kind, at: path, seconds = false, zone } of SCHEDULES) {
      for (const built of index.kind(kind)) {
        const schedule = text(at(built.object, ...path));
        const because = schedule === undefined ? undefined : cronTrouble(schedule, seconds);
        if (because !== undefined) yield { built, path, message: `${schedule ?? ''} is no schedule: ${because}`, hint: seconds ? 'write second, minute, hour, day, month, weekday: 0 0 3 * * *' : 'write minute, hour, day, month, weekday: 0 3 * * *' };
        const where = zone === undefined ? undefined : text(at(built.object, ...zone));
        if (zone !== undefined && where !== undefined && !isZone(where)) yield { built, path: zone, message: `${where} is no time zone`, hint: 'use a name like Europe/Berlin, or Etc/UTC' };
      }
    }
    for (const built of index.kind('keda.sh/ScaledObject')) {
      for (const { entry, index: position } of entries(at(built.object['spec'], 'triggers'))) {
        for (const end of ['start', 'end']) {
          const schedule = entry['type'] === 'cron' ? text(at(entry, 'metadata', end)) : undefined;
          const because = schedule === undefined ? undefined : cronTrouble(schedule);
          if (because !== undefined) yield { built, path: ['spec', 'triggers', position, 'metadata', end], message: `${schedule ?? ''} is no schedule: ${because}`, hint: 'write minute, hour, day, month, weekday: 0 3 * * *' };
        }
      }
    }
  },
};

function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
