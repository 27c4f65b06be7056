import type { EtcdMember, TalosService } from '../../tools/doors.ts';
import { check, fail, pass, unread, type Finding } from '../finding.ts';
import { controlPlanes, NOT_LOOKED_AT } from '../look.ts';
import type { Snapshot } from '../snapshot.types.ts';

export const ETCD = 'etcd';
export const etcdId = (machine: string): string => `etcd on ${machine}`;

export const etcdChecks = [
  check('etcd', 'every control plane to run etcd', serviceFindings),
  check('etcd', 'etcd to have a quorum', (seen) => [quorumFinding(seen)]),
  check('etcd', 'the etcd members to be exactly our control planes', memberFindings),
  check('etcd', 'etcd to have one leader', leaderFindings),
  check('etcd', 'etcd to have no alarm', alarmFindings),
];

type Service = { readonly is: 'read'; readonly service: TalosService | undefined } | { readonly is: 'unread'; readonly because: string };

function etcdService(seen: Snapshot, machine: string): Service {
  if (!seen.talos.ok) return { is: 'unread', because: seen.talos.because };
  const services = seen.talos.value.find((candidate) => candidate.machine === machine)?.services;
  if (services === undefined) return { is: 'unread', because: 'not looked at' };
  return services.ok ? { is: 'read', service: services.value.find((service) => service.id === 'etcd') } : { is: 'unread', because: services.because };
}

function serviceFindings(seen: Snapshot): readonly Finding[] {
  return controlPlanes(seen.cluster).map((machine): Finding => {
    const object = etcdId(machine.name);
    const found = etcdService(seen, machine.name);
    const hint = `talosctl -n ${machine.address} service etcd`;
    if (found.is === 'unread') return { is: 'unknown', object, because: found.because, hint, needs: 'talos' };
    const { service } = found;
    if (service === undefined) return fail(object, 'Talos lists no service etcd', { state: 'absent', hint });
    if (service.state === 'Preparing') return fail(object, service.message || 'etcd waits to be bootstrapped or to join', { state: service.state, hint: `task bootstrap:talos CLUSTER=${seen.cluster.name}` });
    if (service.state !== 'Running' || service.healthy === false) {
      return fail(object, service.message || 'it says no more', { state: service.state === 'Running' ? 'unhealthy' : service.state, hint, tries: [`talosctl -n ${machine.address} logs etcd`] });
    }
    return pass(object);
  });
}

/** Whether etcd can decide anything. A member list is only answered with a quorum, so one answer is proof. */
function quorumFinding(seen: Snapshot): Finding {
  const planes = controlPlanes(seen.cluster);
  const members = planes.map((machine) => ({ machine, reading: seen.etcd.members[machine.name] }));
  const voters = Math.max(planes.length, ...members.map(({ reading }) => (reading?.ok === true ? reading.value.filter((member) => !member.learner).length : 0)));
  const needed = Math.floor(voters / 2) + 1;
  const answering = members.filter(({ reading }) => reading?.ok === true);
  if (answering.length > 0) return pass(ETCD, `${voters} members`);

  const services = planes.map((machine) => ({ machine, found: etcdService(seen, machine.name) }));
  const down = services.filter(({ machine, found }) => (found.is === 'read' ? found.service?.state !== 'Running' : gone(seen, machine.name)));
  const first = services.find(({ found }) => found.is === 'read' && found.service?.state === 'Running')?.machine ?? planes[0];
  const hint = `talosctl -n ${first?.address ?? ''} etcd status; bring back ${down.map(({ machine }) => machine.name).join(' or ') || 'a member'}`;
  if (services.length > 0 && services.every(({ found }) => found.is === 'read' && found.service?.state === 'Preparing')) {
    return fail(ETCD, 'every control plane waits for it', { state: 'not bootstrapped', hint: `task bootstrap:talos CLUSTER=${seen.cluster.name}` });
  }
  if (planes.length - down.length < needed) {
    const reasons = down.map(({ machine, found }) => `${machine.name}: ${found.is === 'read' ? told(found.service) : found.because}`);
    return fail(ETCD, reasons.join('; '), { state: `no quorum: ${planes.length - down.length} of ${planes.length} can run, ${needed} needed`, hint, tries: [`talosctl -n ${down[0]?.machine.address ?? ''} logs etcd`] });
  }
  const silent = members.flatMap(({ machine, reading }) => (reading === undefined || reading.ok ? [] : [`${machine.name}: ${reading.because}`]));
  const because = silent.length === 0 ? 'not looked at' : silent.join('; ');
  const leaderless = seen.etcd.status.ok && seen.etcd.status.value.length > 0 && seen.etcd.status.value.every((status) => noLeader(status.leader));
  if (leaderless || /no leader|lost quorum/iu.test(because)) return fail(ETCD, because, { state: 'no quorum: no leader', hint });
  return { is: 'unknown', object: ETCD, because, hint, needs: 'talos' };
}

/** A machine that is known to be away or not configured cannot run etcd. */
function gone(seen: Snapshot, machine: string): boolean {
  const face = seen.faces.ok ? seen.faces.value[machine] : undefined;
  if (face === undefined || !seen.faces.ok) return false;
  if (face.is === 'maintenance') return true;
  // All of them closed may be our own way to them.
  return face.is === 'closed' && Object.values(seen.faces.value).some((other) => other.is !== 'closed');
}

function told(service: TalosService | undefined): string {
  if (service === undefined) return 'no service etcd';
  return `etcd service ${service.state}${service.message === '' ? '' : ` (${service.message})`}`;
}

function memberFindings(seen: Snapshot): readonly Finding[] {
  const planes = controlPlanes(seen.cluster);
  const ours = planes.map((machine) => machine.name);
  const answers = planes.flatMap((machine) => {
    const reading = seen.etcd.members[machine.name];
    return reading?.ok === true ? [{ machine, members: reading.value }] : [];
  });
  const [first] = answers;
  if (first === undefined) {
    const reading = planes.map((machine) => seen.etcd.members[machine.name]).find((candidate) => candidate !== undefined && !candidate.ok);
    return [reading === undefined || reading.ok ? { is: 'unknown', object: ETCD, because: 'not looked at' } : { ...unread(ETCD, reading), needs: 'talos' }];
  }
  // One member's answer proves a quorum, not that the silent one says the same.
  const silent = planes.flatMap((machine): readonly Finding[] => {
    const reading = seen.etcd.members[machine.name] ?? NOT_LOOKED_AT;
    return reading.ok ? [] : [unread(etcdId(machine.name), reading)];
  });
  const strangers = answers.filter(({ members }) => members.some((member) => !ours.includes(member.hostname)));
  if (strangers.length > 0) {
    return strangers.map(({ machine, members }) => {
      const foreign = members.map((member) => member.hostname).filter((name) => !ours.includes(name));
      return fail(strangers.length === answers.length ? ETCD : etcdId(machine.name), `members ${names(members)}; ${foreign.join(', ')} ${foreign.length === 1 ? 'is' : 'are'} not of ${seen.cluster.name}, which has ${ours.join(', ')}`, {
        state: 'members that are not ours', hint: `find out whose data it is before anything is wiped: talosctl -n ${machine.address} etcd members`,
      });
    });
  }
  const differing = answers.find(({ members }) => names(members) !== names(first.members));
  if (differing !== undefined) {
    return [fail(ETCD, `${first.machine.name} says ${names(first.members)}, ${differing.machine.name} says ${names(differing.members)}`, { state: 'members disagree', hint: `talosctl -n ${first.machine.address},${differing.machine.address} etcd members` })];
  }
  const missing = ours.filter((name) => !first.members.some((member) => member.hostname === name));
  const learners = first.members.filter((member) => member.learner).map((member) => member.hostname);
  return [
    ...missing.map((name) => fail(etcdId(name), `the members are ${names(first.members)}`, { state: 'not a member', hint: `talosctl -n ${first.machine.address} etcd members; ${name} joins when its etcd service starts` })),
    ...learners.map((name) => fail(etcdId(name), 'a learner has no vote yet', { state: 'learner', hint: `talosctl -n ${first.machine.address} etcd members; it is promoted once it has caught up` })),
    ...silent,
    ...(missing.length + learners.length === 0 ? [pass(ETCD, `${first.members.length} members`)] : []),
  ];
}

const names = (members: readonly EtcdMember[]): string => members.map((member) => member.hostname).toSorted().join(', ');
const noLeader = (leader: string): boolean => leader === '' || /^0+$/u.test(leader);

function leaderFindings(seen: Snapshot): readonly Finding[] {
  const { status } = seen.etcd;
  if (!status.ok) return [unread(ETCD, status)];
  const [first] = status.value;
  if (first === undefined) return [{ is: 'unknown', object: ETCD, because: 'no member told its status', needs: 'talos' }];
  const hint = `talosctl -n ${first.node} etcd status`;
  const without = status.value.filter((member) => noLeader(member.leader));
  if (without.length > 0) return [fail(ETCD, `${without.map((member) => member.node).join(', ')} ${without.length === 1 ? 'knows' : 'know'} of none`, { state: 'no leader', hint })];
  const other = status.value.find((member) => member.leader !== first.leader);
  if (other !== undefined) return [fail(ETCD, `${first.node} follows ${first.leader}, ${other.node} follows ${other.leader}`, { state: 'two leaders', hint })];
  const errors = status.value.filter((member) => member.errors !== '');
  if (errors.length > 0) return errors.map((member) => fail(ETCD, `${member.node}: ${member.errors}`, { state: 'a member reports an error', hint }));
  return [pass(ETCD, `leader ${leaderName(seen) ?? first.leader}`)];
}

/** The machine that leads, by its host name; undefined when nobody can tell. */
export function leaderName(seen: Snapshot): string | undefined {
  const leader = seen.etcd.status.ok ? seen.etcd.status.value[0]?.leader : undefined;
  if (leader === undefined) return undefined;
  for (const reading of Object.values(seen.etcd.members)) {
    const member = reading.ok ? reading.value.find((candidate) => candidate.id === leader) : undefined;
    if (member !== undefined) return member.hostname;
  }
  return undefined;
}

function alarmFindings(seen: Snapshot): readonly Finding[] {
  const { alarms } = seen.etcd;
  if (!alarms.ok) return [unread(ETCD, alarms)];
  if (alarms.value.length === 0) return [pass(ETCD, 'no alarm')];
  const address = controlPlanes(seen.cluster)[0]?.address ?? '';
  const hint = alarms.value.some((alarm) => alarm.includes('NOSPACE')) ? `talosctl -n ${address} etcd defrag, then: talosctl -n ${address} etcd alarm disarm` : `talosctl -n ${address} etcd alarm list`;
  return [fail(ETCD, alarms.value.join('; '), { state: 'alarm', hint })];
}
