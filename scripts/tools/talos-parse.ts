import { Failure } from '../engine/failure.ts';
import type { Disk, EtcdMember, EtcdStatus, Link, MachineStage, MachineTime, TalosService, Volume } from './doors.ts';

/** talosctl said something this program cannot read: never guessed at. */
function unreadable(what: string, text: string): Failure {
  const start = text.trim().slice(0, 160).replaceAll('\n', ' / ');
  return new Failure({ exit: 'rerun', what: `cannot read ${what}`, because: start === '' ? 'talosctl printed nothing' : `talosctl printed: ${start}`, hint: 'task tools:check   compares talosctl with the pinned version' });
}

/** The JSON documents of `talosctl get -o json`, one after the other without separators. */
export function jsonDocuments(text: string): unknown[] {
  const documents: unknown[] = [];
  let depth = 0;
  let start = -1;
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i];
    if (quoted) {
      if (character === '\\') i += 1;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === '{') {
      if (depth === 0) start = i;
      depth += 1;
    } else if (character === '}') {
      depth -= 1;
      if (depth < 0) throw unreadable('JSON of talosctl', text.slice(i));
      if (depth === 0) documents.push(parseJson(text.slice(start, i + 1)));
    } else if (depth === 0 && character?.trim() !== '') throw unreadable('JSON of talosctl', text.slice(i));
  }
  if (depth !== 0) throw unreadable('JSON of talosctl (it ends in the middle)', text.slice(start));
  return documents;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unreadable('JSON of talosctl', text);
  }
}

interface Resource { readonly node: string; readonly id: string; readonly spec: Readonly<Record<string, unknown>> }

function resources(text: string, type: string): Resource[] {
  return jsonDocuments(text).map((document) => {
    const metadata = record(record(document)['metadata']);
    const id = metadata['id'];
    if (typeof id !== 'string') throw unreadable(`a ${type} resource`, JSON.stringify(document));
    return { node: string(record(document)['node']), id, spec: record(record(document)['spec']) };
  });
}

/** `get disks -o json` (Disks.block.talos.dev). Read-only and optical drives are left out: nothing can be installed there. */
export function parseDisks(text: string): Disk[] {
  return resources(text, 'disk').filter(({ spec }) => spec['readonly'] !== true && spec['cdrom'] !== true).map(({ id, spec }) => ({
    name: id, path: string(spec['dev_path']) || `/dev/${id}`, model: string(spec['model']), serial: string(spec['serial']), wwid: string(spec['wwid']),
    symlinks: strings(spec['symlinks']), sizeBytes: typeof spec['size'] === 'number' ? spec['size'] : 0,
  }));
}

/** `get discoveredvolumes -o json` (DiscoveredVolumes.block.talos.dev). */
export function parseVolumes(text: string): Volume[] {
  return resources(text, 'discovered volume').map(({ id, spec }) => {
    const path = string(spec['dev_path']) || `/dev/${id}`;
    return { path, disk: string(spec['parent_dev_path']) || path, type: spec['type'] === 'partition' ? 'partition' : 'disk', holds: string(spec['name']), partition: string(spec['partition_label']) };
  });
}

/** `get links -o json` (LinkStatuses.net.talos.dev). Physical: an Ethernet device of no kind (no bond, bridge, VLAN), as Talos itself decides it. The permanent address survives a bond. */
export function parseLinks(text: string): Link[] {
  return resources(text, 'link').map(({ id, spec }) => ({
    name: id, mac: (string(spec['permanentAddr']) || string(spec['hardwareAddr'])).toLowerCase(), physical: spec['type'] === 'ether' && string(spec['kind']) === '',
  }));
}

/** `get machinestatus -o json` (MachineStatuses.runtime.talos.dev, a single resource). */
export function parseStage(text: string): MachineStage {
  const [found] = resources(text, 'machine status');
  if (found === undefined) throw unreadable('the stage of a machine', text);
  return stageOf(found);
}

/** The same of several machines, by the address each was asked by. */
export function parseStages(text: string): ReadonlyMap<string, MachineStage> {
  return new Map(resources(text, 'machine status').map((found) => [found.node, stageOf(found)]));
}

function stageOf({ spec }: Resource): MachineStage {
  const stage = spec['stage'];
  if (typeof stage !== 'string') throw unreadable('the stage of a machine', JSON.stringify(spec));
  const status = record(spec['status']);
  const unmet = Array.isArray(status['unmetConditions']) ? status['unmetConditions'] : [];
  return {
    stage, ready: status['ready'] === true,
    unmet: unmet.map((item) => { const { name, reason } = record(item); return string(reason) === '' ? string(name) : `${string(name)}: ${string(reason)}`; }),
  };
}

type Row = Readonly<Record<string, string>>;

/** Rows by their NODE, in the order they came. */
function byNode<T>(rows: readonly Row[], read: (row: Row) => T): ReadonlyMap<string, readonly T[]> {
  const nodes = new Map<string, T[]>();
  for (const row of rows) {
    const node = cell(row, 'NODE');
    nodes.set(node, [...nodes.get(node) ?? [], read(row)]);
  }
  return nodes;
}

/** Rows of a table whose columns start where their headings start (Go's tabwriter). Empty cells are ''. */
export function table(text: string, headings: readonly string[], what: string): Record<string, string>[] {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const head = lines[0] ?? '';
  const columns = [...head.matchAll(/\S+(?: \S+)*/g)].map((match) => ({ name: match[0], from: match.index }));
  const absent = headings.filter((heading) => !columns.some((column) => column.name === heading));
  if (absent.length > 0) throw unreadable(`${what} (no column ${absent.join(', ')})`, text);
  // Before a column there is a blank, or the row ends earlier. Colours, or another table below, would shift words into the wrong column.
  const shifted = lines.slice(1).find((line) => columns.some(({ from }) => from > 0 && line.length > from && line[from - 1] !== ' '));
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  if (shifted !== undefined || /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(text)) throw unreadable(`${what} (its columns are not straight)`, shifted ?? text);
  return lines.slice(1).map((line) => Object.fromEntries(columns.map((column, i) => [column.name, line.slice(column.from, columns[i + 1]?.from).trim()])));
}

/** `talosctl services`: NODE SERVICE STATE HEALTH LAST CHANGE LAST EVENT. */
export function parseServices(text: string): TalosService[] {
  return table(text, ['SERVICE', 'STATE', 'HEALTH'], 'the services of a machine').map(serviceOf);
}

/** The same of several machines, by the address each was asked by. */
export function parseServicesEach(text: string): ReadonlyMap<string, readonly TalosService[]> {
  return byNode(table(text, ['NODE', 'SERVICE', 'STATE', 'HEALTH'], 'the services of machines'), serviceOf);
}

function serviceOf(row: Row): TalosService {
  return {
    id: cell(row, 'SERVICE'), state: cell(row, 'STATE'),
    healthy: cell(row, 'HEALTH') === 'OK' ? true : cell(row, 'HEALTH') === 'Fail' ? false : null,
    message: cell(row, 'LAST EVENT'),
  };
}

/** `talosctl etcd members`. Member ids are 16 hex digits. An empty answer (talosctl prints nothing for no members) is no members. */
export function parseEtcdMembers(text: string): EtcdMember[] {
  if (text.trim() === '') return [];
  return table(text, ['ID', 'HOSTNAME', 'PEER URLS', 'LEARNER'], 'the etcd members').map(memberOf);
}

/**
 * The same of several machines, by the address each was asked by. A machine that knows no members has no rows; when that is
 * the first one, talosctl forgets the headings, and nothing is readable.
 */
export function parseEtcdMembersEach(text: string): ReadonlyMap<string, readonly EtcdMember[]> {
  return byNode(table(text, ['NODE', 'ID', 'HOSTNAME', 'PEER URLS', 'LEARNER'], 'the etcd members'), memberOf);
}

function memberOf(row: Row): EtcdMember {
  return { id: cell(row, 'ID'), hostname: cell(row, 'HOSTNAME'), peerUrls: cell(row, 'PEER URLS').split(',').filter((url) => url !== ''), learner: yesNo(row, 'LEARNER') };
}

/** `talosctl etcd status`. Sizes come rounded ("2.4 MB"), so bytes are to three digits. `fallbackNode` names the row of a reply without NODE column. */
export function parseEtcdStatus(text: string, fallbackNode: string): EtcdStatus[] {
  return table(text, ['MEMBER', 'DB SIZE', 'LEADER', 'RAFT INDEX', 'RAFT TERM', 'LEARNER', 'ERRORS'], 'the etcd status').map((row) => ({
    node: cell(row, 'NODE') || fallbackNode, memberId: cell(row, 'MEMBER'), leader: cell(row, 'LEADER'), dbSizeBytes: humanBytes(cell(row, 'DB SIZE')), ...inUse(cell(row, 'IN USE')),
    raftTerm: whole(row, 'RAFT TERM'), raftIndex: whole(row, 'RAFT INDEX'), learner: yesNo(row, 'LEARNER'), errors: cell(row, 'ERRORS'),
  }));
}

/**
 * The alarms of a cluster as its members' own status tells them: etcd lists every alarm it keeps, of all members, among the
 * errors of a status (maintenance.go, Status), as "memberID:<decimal> alarm:<type>". Each as parseEtcdAlarms words it, once.
 */
export function alarmsOfStatus(statuses: readonly EtcdStatus[]): string[] {
  const alarms = statuses.flatMap((status) => [...status.errors.matchAll(/\bmemberID:(\d+)\s+alarm:(\w+)/g)]
    .map(([, member = '0', alarm = '']) => `${BigInt(member).toString(16).padStart(16, '0')}: ${alarm}`));
  return [...new Set(alarms)];
}

/** `talosctl etcd alarm list`: one "member: alarm" per row; nothing printed is no alarms. */
export function parseEtcdAlarms(text: string): string[] {
  if (text.trim() === '') return [];
  return table(text, ['MEMBER', 'ALARM'], 'the etcd alarms').map((row) => `${cell(row, 'MEMBER')}: ${cell(row, 'ALARM')}`);
}

/** `20 MB (83.33%)`; nothing where the column is not there. */
function inUse(text: string): { readonly dbInUseBytes?: number } {
  return text === '' ? {} : { dbInUseBytes: humanBytes(text.replace(/\s*\(.*$/, '')) };
}

/** Decimal units, as Go's humanize prints them. */
export function humanBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(|k|M|G|T|P|E)B$/.exec(text);
  if (match === null) throw unreadable('a size', text);
  return Math.round(Number(match[1]) * 1000 ** ['', 'k', 'M', 'G', 'T', 'P', 'E'].indexOf(match[2] ?? ''));
}

/** Tag of the server's version; of the client's with `client`. */
export function parseVersion(text: string, of: 'client' | 'server'): string {
  const part = of === 'server' ? text.split(/^Server:$/m)[1] : text.split(/^Server:$/m)[0];
  const tag = /^\s*Tag:\s+(\S+)/m.exec(part ?? '')?.[1];
  if (tag === undefined) throw unreadable(`the ${of}'s Talos version`, text);
  return tag;
}

/** Tags of several servers' versions, by the address each was asked by. */
export function parseVersions(text: string): ReadonlyMap<string, string> {
  const [, ...parts] = (text.split(/^Server:$/m)[1] ?? '').split(/^\s*NODE:\s+/m);
  return new Map(parts.map((part) => {
    const [node = ''] = part.split(/\s/);
    const tag = /^\s*Tag:\s+(\S+)/m.exec(part)?.[1];
    if (node === '' || tag === undefined) throw unreadable('the version of a server', part);
    return [node, tag];
  }));
}

/** `talosctl time`: NODE NTP-SERVER NODE-TIME NTP-SERVER-TIME, by the address each was asked by. */
export function parseTimes(text: string): ReadonlyMap<string, MachineTime> {
  return new Map(table(text, ['NODE', 'NTP-SERVER', 'NODE-TIME', 'NTP-SERVER-TIME'], 'the clocks of machines').map((row) => [
    cell(row, 'NODE'), { server: cell(row, 'NTP-SERVER'), local: goTime(cell(row, 'NODE-TIME')), remote: goTime(cell(row, 'NTP-SERVER-TIME')) },
  ]));
}

/** A moment as Go prints it (time.Time.String, in UTC as talosctl has it): `2026-11-21 18:12:00.123456789 +0000 UTC`. */
function goTime(text: string): number {
  const [, day, time] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?) \+0000 UTC$/.exec(text) ?? [];
  const ms = Date.parse(`${day}T${time}Z`);
  if (Number.isNaN(ms)) throw unreadable('a time', text);
  return ms;
}

/** The two lines talosctl prints when an etcd snapshot is saved. */
export function parseSnapshot(text: string): { readonly bytes: number; readonly hash: string; readonly revision: number; readonly keys: number } {
  const saved = /saved to .* \((\d+) bytes\)/.exec(text);
  const info = /hash ([0-9a-f]+), revision (\d+), total keys (\d+)/.exec(text);
  if (saved === null || info === null) throw unreadable('what became of the etcd snapshot', text);
  return { bytes: Number(saved[1]), hash: info[1] ?? '', revision: Number(info[2]), keys: Number(info[3]) };
}

/** Whether a dry-run apply would change something: the server's summary ends in its diff, or in "No changes." (generateDiff in Talos' v1alpha1_server.go). */
export function parseApplyDryRun(text: string): boolean {
  if (/^\s*No changes\.?\s*$/m.test(text)) return false;
  if (text.includes('Config diff:')) return true;
  throw unreadable('what applying the configuration would change', text);
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : {};
}
function string(value: unknown): string { return typeof value === 'string' ? value : ''; }
function strings(value: unknown): string[] { return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []; }
/** A cell that is a whole number, or nothing can be concluded from its row. */
function whole(row: Row, name: string): number {
  const text = cell(row, name);
  if (!/^\d+$/.test(text)) throw unreadable(`a number (${name})`, Object.values(row).join(' '));
  return Number(text);
}
function yesNo(row: Row, name: string): boolean {
  const text = cell(row, name);
  if (text !== 'true' && text !== 'false') throw unreadable(`true or false (${name})`, Object.values(row).join(' '));
  return text === 'true';
}
function cell(row: Row, name: string): string { return row[name] ?? ''; }
