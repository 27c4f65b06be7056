import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { at, isFields, textAt, textsAt } from '../../world/value.ts';
import { Exit, parseFlags, Unmodelled } from '../shared/flags.ts';
import { humanBytes, table } from '../shared/table.ts';
import { exactly } from './basics.ts';
import { callOne, callSorted, CLIENT_FLAGS, targetOf } from './client.ts';

// With nodes named, each row says of which it is.
const head = (node: string): readonly string[] => (node === '' ? [] : ['NODE']);
const own = (node: string): readonly string[] => (node === '' ? [] : [node]);

/** `etcd members|status|snapshot|alarm list|leave|defrag|remove-member`. */
export async function etcd(argv: readonly string[]): Promise<void> {
  const flags = parseFlags('talosctl', CLIENT_FLAGS, argv);
  const [verb, ...args] = flags.args;
  const target = await targetOf(flags);
  switch (verb) {
    case 'members': {
      exactly(args, 0);
      const rows: string[][] = [];
      for (const [n, { node, result }] of (await callSorted(target, 'error getting members', 'EtcdMemberList')).entries()) {
        const members = at(result, 'members');
        // Headings come with the first answer's first member: when that one has none, the real tool prints none at all.
        if (n === 0 && Array.isArray(members) && members.length > 0) rows.push([...head(node), 'ID', 'HOSTNAME', 'PEER URLS', 'CLIENT URLS', 'LEARNER']);
        for (const member of Array.isArray(members) ? members.filter(isFields) : []) rows.push([...own(node), String(member['id']), String(member['hostname']), textsAt(member, 'peerUrls').join(','), textsAt(member, 'clientUrls').join(','), String(member['isLearner'])]);
      }
      process.stdout.write(table(rows));
      return;
    }
    case 'status': {
      exactly(args, 0);
      const rows: string[][] = [];
      for (const { node, result } of await callSorted(target, 'error getting status', 'EtcdStatus')) {
        if (rows.length === 0) rows.push([...head(node), 'MEMBER', 'DB SIZE', 'IN USE', 'LEADER', 'RAFT INDEX', 'RAFT TERM', 'RAFT APPLIED INDEX', 'LEARNER', 'PROTOCOL', 'STORAGE', 'ERRORS']);
        const [size, used] = [Number(result['dbSize']), Number(result['dbSizeInUse'])];
        rows.push([...own(node), String(result['memberId']), humanBytes(size), `${humanBytes(used)} (${(size > 0 ? (used / size) * 100 : 0).toFixed(2)}%)`, String(result['leader']), String(result['raftIndex']), String(result['raftTerm']), String(result['raftAppliedIndex']), String(result['isLearner']), String(result['protocolVersion']), String(result['storageVersion']), textsAt(result, 'errors').join(', ')]);
      }
      process.stdout.write(table(rows));
      return;
    }
    case 'snapshot': {
      const [path = ''] = exactly(args, 1);
      const result = await callOne(target, 'etcd snapshot', 'error reading', 'EtcdSnapshot');
      const data = Buffer.from(textAt(result, 'data') ?? '', 'base64');
      if (data.length % 512 !== 32) throw new Exit(1, `sha256 checksum not found (size ${data.length})`);
      try {
        writeFileSync(`${path}.part`, data, { mode: 0o600 });
        renameSync(`${path}.part`, path);
      } finally {
        rmSync(`${path}.part`, { force: true });
      }
      process.stdout.write(`etcd snapshot saved to "${path}" (${data.length} bytes)\n`);
      process.stdout.write(`snapshot info: hash ${String(result['hash'])}, revision ${String(result['revision'])}, total keys ${String(result['keys'])}, total size ${data.length - 32}\n`);
      return;
    }
    case 'alarm':
      if (args[0] !== 'list') throw new Unmodelled('talosctl', `unknown command "${args[0] ?? ''}" for "talosctl etcd alarm"`);
      exactly(args.slice(1), 0);
      // Without alarms the real tool prints nothing, not even a heading.
      await callSorted(target, 'error getting alarms', 'EtcdAlarmList');
      return;
    case 'defrag':
      exactly(args, 0);
      if (target.nodes.length > 1) throw new Exit(1, 'command "etcd defrag" is not supported with multiple nodes');
      await callSorted(target, '', 'EtcdDefragment');
      return;
    case 'remove-member': {
      const [id = ''] = exactly(args, 1);
      if (!/^[0-9a-f]{1,16}$/.test(id)) throw new Exit(1, `error parsing member ID: error parsing etcd member id: strconv.ParseUint: parsing "${id}": invalid syntax`);
      await callSorted(target, '', 'EtcdRemoveMemberByID', { memberId: id.padStart(16, '0') });
      return;
    }
    case 'leave':
      exactly(args, 0);
      if (target.nodes.length > 1) throw new Exit(1, 'command "etcd leave" is not supported with multiple nodes');
      await callSorted(target, '', 'EtcdLeaveCluster');
      return;
    default:
      throw new Unmodelled('talosctl', `unknown command "${verb ?? ''}" for "talosctl etcd"`);
  }
}
