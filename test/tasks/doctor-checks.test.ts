import { describe, expect, test } from 'vitest';
import taskfile from '../../Taskfile.ts';
import type { Site } from '../../scripts/config/cluster.ts';
import type { Around, Told } from '../../scripts/phases/doctor/around.ts';
import { CHECKS, worstOf } from '../../scripts/phases/doctor/checks.ts';
import type { MachineTime } from '../../scripts/tools/doors.ts';
import type { Glance } from '../../scripts/tools/glance.ts';
import { healthy } from '../health/builder.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const DAY = 86_400_000;
const ok = <T>(value: T): Told<T> => ({ ok: true, value });
const no = (because: string, hint?: string): Told<never> => ({ ok: false, because, ...(hint === undefined ? {} : { hint }) });
const glance = (more: Partial<Glance> = {}): Told<Glance> => ok({ clock: NOW, asked: NOW, certificateEnds: NOW + DAY, ...more });
/** The machines' clocks: right, but for what a case says of one. */
const clocks = (machine = '', time: Told<MachineTime> = no(''), tookMs = 100): Awaited<ReturnType<Around['times']>> =>
  ok({ times: new Map(healthy().cluster.machines.map(({ name }) => [name, name === machine ? time : ok({ server: 'ntp', local: NOW + 7, remote: NOW })])), tookMs });
const holder = { host: 'h', pid: 1, boot: 'b', space: 's', started: 't', token: 'x', user: 'ana', task: 'cluster:create', run: 'R1', since: '' };
const site: Site = healthy().site;
const one: Site = { ...site, clusters: site.clusters.slice(0, 1) };

/** Surroundings in which everything is well; each case changes one thing. */
function fit(changes: Partial<Around> = {}): Around {
  return {
    node: { version: 'v24.21.0', path: '/node', system: 'linux' }, memory: { total: 16e9, available: 8e9 }, taskDir: '/t', root: '/r', target: 'lab', dryRun: false,
    now: () => NOW, taskFolder: () => ok({ mode: 0o40700 }), room: () => ok(5e9), mode: () => 0o100600, site: async () => ok(one), commit: () => '0123456789abcdef',
    tools: async () => ok([{ name: 'helm', verdict: { is: 'pass' as const } }]), whoami: async () => ok('ana'), endpoint: async () => ({ is: 'leads', host: 'api', addresses: ['10.0.0.1'] }),
    askable: () => true, times: async () => clocks(), api: async () => glance(), machine: async () => glance(), known: () => true, dated: async () => [ok({ what: 'the client certificate', ends: NOW + 300 * DAY, renew: 'task cluster:kubeconfig' })],
    keyFiles: () => ['/t/kubeconfig'], locks: () => [], lab: async () => ok('it runs'), ...changes,
  };
}
const run = async (name: string, around: Around) => {
  const check = CHECKS.find((candidate) => candidate.name === name);
  if (check === undefined) throw new Error(`there is no check ${name}`);
  const findings = await check.look(around);
  return { findings, worst: worstOf(findings.map((finding) => finding.verdict)), said: JSON.stringify(findings) };
};

type Case = readonly [what: string, check: string, changes: Partial<Around>, worst: 'no' | 'cannotTell' | 'done', says: string];
const CASES: readonly Case[] = [
  ['an old Node', 'node', { node: { version: 'v22.9.0', path: '/node', system: 'linux' } }, 'no', 'v22.9.0'],
  ['too little memory', 'memory', { memory: { total: 2e9, available: 2e8 } }, 'no', '1.0 GB is wanted'],
  ['a full disk', 'disk', { room: () => ok(1e8) }, 'no', 'TASK_DIR'],
  ['a disk nobody can look at', 'disk', { room: () => no('EACCES') }, 'cannotTell', 'EACCES'],
  ['a task folder that cannot be made', 'files', { taskFolder: () => no('EACCES: permission denied') }, 'no', 'EACCES'],
  ['a task folder others may write to', 'files', { taskFolder: () => ok({ mode: 0o40777 }) }, 'no', 'chmod go-w /t'],
  ['a .env others may read', 'files', { mode: (file) => (file === '/r/.env' ? 0o100644 : 0o100600) }, 'no', 'chmod 600 /r/.env'],
  ['a kubeconfig others may read', 'files', { mode: (file) => (file === '/t/kubeconfig' ? 0o100640 : 0o100600) }, 'no', '/t/kubeconfig (mode 640)'],
  ['no .env and no kubeconfig yet', 'files', { mode: () => undefined }, 'done', 'there are none yet'],
  ['problems in the configuration', 'configuration', { site: async () => no('3 problems') }, 'no', '3 problems'],
  ['no repository', 'repository', { commit: () => 'no git' }, 'no', 'commit the configuration'],
  ['uncommitted changes', 'repository', { commit: () => '0123456789abcdef+dirty' }, 'no', 'uncommitted'],
  ['a tool that is not the pin', 'tools', { tools: async () => ok([{ name: 'helm', verdict: { is: 'fail', because: 'helm is 2.9', hint: 'get another' } }]) }, 'no', 'helm is 2.9'],
  ['tools nobody can tell of', 'tools', { tools: async () => no('no configuration') }, 'cannotTell', 'CHECK=configuration'],
  ['nobody signed in', 'secrets', { whoami: async () => no('session expired', 'eval "$(op signin)"') }, 'no', 'op signin'],
  ['a dry run asks no secret provider', 'secrets', { dryRun: true, whoami: () => { throw new Error('asked'); } }, 'done', 'dry run'],
  ['an endpoint without a record', 'dns', { endpoint: async () => ({ is: 'nowhere', host: 'api', because: 'no such host' }) }, 'no', 'add a record for api'],
  ['name servers that do not answer', 'dns', { endpoint: async () => ({ is: 'unknown', host: 'api', because: 'EAI_AGAIN' }) }, 'cannotTell', 'VPN'],
  ['a clock that is behind', 'clocks', { api: async () => glance({ clock: NOW - 90_000 }) }, 'no', 'behind by 1m30s'],
  ['a clock nobody tells', 'clocks', { api: async () => glance({ clock: undefined }) }, 'cannotTell', 'does not tell'],
  ['an API that does not answer', 'clocks', { api: async () => no('connection refused') }, 'cannotTell', 'connection refused'],
  ['a cluster that is not made yet', 'clocks', { known: () => false, askable: () => false }, 'done', 'no kubeconfig'],
  ['a machine that is behind its time server', 'clocks', { times: async () => clocks('infra-02', ok({ server: 'ntp', local: NOW - 90_000, remote: NOW })) }, 'no', 'the clock of machine infra-02'],
  ['a time server that is not that of the others', 'clocks', { times: async () => clocks('infra-02', ok({ server: 'odd', local: NOW + 90_000, remote: NOW + 90_000 })) }, 'no', 'beside the other machines, it is ahead by 1m30s'],
  ['machines that took long to be asked', 'clocks', { times: async () => clocks('infra-02', ok({ server: 'ntp', local: NOW + 20_000, remote: NOW + 20_000 }), 16_000) }, 'done', '3 answer, to the second'],
  ['a machine that does not tell the time', 'clocks', { times: async () => clocks('infra-03', no('error querying NTP server')) }, 'cannotTell', 'error querying NTP server'],
  ['machines nobody can ask', 'clocks', { times: async () => no('talosctl is not on PATH', 'task tools:install') }, 'cannotTell', 'not on PATH'],
  ['a client certificate that ends soon', 'certificates', { dated: async () => [ok({ what: 'the client certificate', ends: NOW + 3 * DAY, renew: 'task cluster:kubeconfig' })] }, 'no', 'it ends in 72h'],
  ['a client certificate that has ended', 'certificates', { dated: async () => [ok({ what: 'the client certificate', ends: NOW - DAY, renew: 'task cluster:kubeconfig' })] }, 'no', 'it ended 24h ago'],
  ['a file that cannot be read', 'certificates', { dated: async () => [no('kubeconfig: damaged')] }, 'cannotTell', 'damaged'],
  ["an API server's certificate that has ended", 'certificates', { api: async () => glance({ certificateEnds: NOW - 60_000 }) }, 'no', 'the API server of infra'],
  ["a machine's certificate that has ended", 'certificates', { machine: async (_, machine) => glance(machine === 'infra-02' ? { certificateEnds: NOW - 1 } : {}) }, 'no', 'machine infra-02'],
  ['a machine that does not answer', 'certificates', { machine: async (_, machine) => (machine === 'infra-02' ? no('no route to it') : glance()) }, 'cannotTell', 'no route to it'],
  ['a lock of a run that died', 'locks', { locks: () => [{ file: '/t/l.lock', holder, alive: { is: 'dead', because: 'process 1 is gone' }, silent: 0 }] }, 'no', 'task cluster:create'],
  ['a lock of another computer that fell silent', 'locks', { locks: () => [{ file: '/t/l.lock', holder, alive: { is: 'cannot tell' }, silent: 120_000 }] }, 'no', 'no sign of life for 2m'],
  ['a lock of another computer that is at work', 'locks', { locks: () => [{ file: '/t/l.lock', holder, alive: { is: 'cannot tell' }, silent: 5_000 }] }, 'done', 'is at work'],
  ['a lock of a run at work', 'locks', { locks: () => [{ file: '/t/l.lock', holder, alive: { is: 'alive' }, silent: 0 }] }, 'done', 'is at work'],
  ["a lock that is nobody's", 'locks', { locks: () => [{ file: '/t/l.lock', holder: undefined, alive: { is: 'cannot tell' }, silent: 0 }] }, 'cannotTell', 'not written by this program'],
  ['a lab without a daemon', 'lab', { lab: async () => no('no lab is up') }, 'no', 'task lab:up'],
  ['no lab asked for', 'lab', { target: 'site' }, 'done', 'TARGET=lab'],
];

describe('doctor', () => {
  test.each(CHECKS.map((check) => check.name))('%s passes where all is well', async (name) => {
    expect((await run(name, fit())).worst).toBe('done');
  });

  test.each(CASES)('%s', async (_, name, changes, worst, says) => {
    const seen = await run(name, fit(changes));
    expect([seen.worst, seen.said.includes(says) ? says : seen.said]).toEqual([worst, says]);
    // Whatever is not well says what to do next.
    for (const { verdict } of seen.findings) if (verdict.is === 'fail' || verdict.is === 'unknown') expect(verdict.hint ?? '').not.toBe('');
  });

  test('every check can fail, and the table shows each failing', () => {
    expect(new Set(CASES.filter(([, , , worst]) => worst === 'no').map(([, name]) => name))).toEqual(new Set(CHECKS.map((check) => check.name)));
  });

  test('CHECK takes exactly the checks there are', () => {
    expect(taskfile.doctor.variables.CHECK?.values).toEqual(CHECKS.map((check) => check.name));
  });

  test.each(['dns', 'clocks', 'certificates'])('%s cannot tell without a configuration', async (name) => {
    expect((await run(name, fit({ site: async () => no('3 problems') }))).worst).toBe('cannotTell');
  });
});
