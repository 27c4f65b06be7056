import { at, isFields, textAt } from '../../world/value.ts';
import type { Fields } from '../../world/value.ts';
import { Exit, parseFlags, Unmodelled } from '../shared/flags.ts';
import { goDuration, table } from '../shared/table.ts';
import { callSorted, CLIENT_FLAGS, shownNode, targetOf } from './client.ts';

const health = (service: Fields): string => (service['healthy'] === true ? 'OK' : service['healthy'] === false ? 'Fail' : '?');
const eventsOf = (service: Fields): readonly Fields[] => (Array.isArray(service['events']) ? service['events'].filter(isFields) : []);

/** `services` and `service ID`. */
export async function service(argv: readonly string[]): Promise<void> {
  const flags = parseFlags('talosctl', CLIENT_FLAGS, argv);
  const [id, action = 'status'] = flags.args;
  if (action !== 'status') {
    if (['start', 'stop', 'restart'].includes(action)) throw new Unmodelled('talosctl', `service ${action}`);
    throw new Exit(1, `unsupported service action: "${action}"`);
  }
  const target = await targetOf(flags);
  const answers = await callSorted(target, 'error listing services', 'ServiceList');
  const rows: string[][] = id === undefined ? [['NODE', 'SERVICE', 'STATE', 'HEALTH', 'LAST CHANGE', 'LAST EVENT']] : [];
  for (const { node, result } of answers) {
    const now = Number(at(result, 'now'));
    const list = at(result, 'services');
    for (const entry of Array.isArray(list) ? list.filter(isFields) : []) {
      const events = eventsOf(entry);
      const ago = (event: Fields | undefined): string => goDuration(now - Number(event?.['ts'] ?? now));
      if (id === undefined) rows.push([shownNode(node, target), String(entry['id']), String(entry['state']), health(entry), `${ago(events.at(-1))} ago`, textAt(events.at(-1), 'msg') ?? '<none>']);
      else if (entry['id'] === id) {
        rows.push(['NODE', shownNode(node, target)], ['ID', id], ['STATE', String(entry['state'])], ['HEALTH', health(entry)]);
        if ((textAt(entry, 'message') ?? '') !== '') rows.push(['LAST HEALTH MESSAGE', textAt(entry, 'message') ?? '']);
        events.toReversed().forEach((event, n) => rows.push([n === 0 ? 'EVENTS' : '', `[${String(event['state'])}]: ${String(event['msg'])} (${ago(event)} ago)`]));
      }
    }
  }
  if (rows.length === 0) throw new Exit(1, `service "${id ?? ''}" is not registered on any nodes`);
  process.stdout.write(table(rows));
}
