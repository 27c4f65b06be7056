import { join } from 'node:path';
import { span } from '../../engine/clock.ts';
import { BEAT_MS, BEATS_MISSED, who } from '../../engine/lock-holder.ts';
import type { Verdict } from '../../engine/verdict.ts';
import type { Site } from '../../config/cluster.ts';
import type { Around, Finding, LockSeen, Told } from './around.ts';
import { clocks } from './clocks.ts';

/** One check of `task doctor`, by the name CHECK= takes. */
export interface DoctorCheck { readonly name: string; look(around: Around): Promise<readonly Finding[]> }

/** Journals, snapshots and rendered charts of one create stay well below this; a full disk in the middle of one does not. */
const ROOM_BYTES = 1e9;
/** A create of several clusters with its tools at work. */
const MEMORY_BYTES = 1e9;
const DAY = 86_400_000;
/** Client certificates are made anew by a command: two weeks are enough to get to it. */
const SOON_MS = 14 * DAY;

const pass = (name: string, because?: string): Finding => ({ name, verdict: because === undefined ? { is: 'pass' } : { is: 'pass', because } });
const fail = (name: string, because: string, hint: string): Finding => ({ name, verdict: { is: 'fail', because, hint } });
const unknown = (name: string, because: string, hint: string): Finding => ({ name, verdict: { is: 'unknown', because, hint } });
const skip = (name: string, because: string): Finding => ({ name, verdict: { is: 'skip', because } });
const untold = (name: string, told: Told<unknown> & { readonly ok: false }, hint: string): Finding => unknown(name, told.because, told.hint ?? hint);
const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
const octal = (mode: number): string => (mode & 0o777).toString(8).padStart(3, '0');

/** For each cluster, once the configuration is known. */
async function perCluster(around: Around, name: string, look: (cluster: Site['clusters'][number]) => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  const site = await around.site();
  if (!site.ok) return [unknown(name, 'the configuration could not be read', 'task doctor CHECK=configuration')];
  return (await Promise.all(site.value.clusters.map(look))).flat();
}

export const CHECKS: readonly DoctorCheck[] = [
  {
    name: 'node',
    async look({ node }) {
      const enough = Number(node.version.replace(/^v/u, '').split('.')[0]) >= 24;
      return [enough ? pass('Node 24 or newer', `${node.version} at ${node.path}, ${node.system}`) : fail('Node 24 or newer', `this is ${node.version}`, './task uses the Node that npm installs; start it through that')];
    },
  },
  {
    name: 'memory',
    async look({ memory }) {
      const said = `${gigabytes(memory.available)} of ${gigabytes(memory.total)} free`;
      return [memory.available >= MEMORY_BYTES ? pass('memory', said) : fail('memory', `${said}, ${gigabytes(MEMORY_BYTES)} is wanted`, 'close what is not needed: a create runs several tools at once')];
    },
  },
  {
    name: 'disk',
    async look(around) {
      const name = 'room on the disk of the task folder';
      const room = around.room();
      if (!room.ok) return [untold(name, room, `see that ${around.taskDir} can be made`)];
      return [room.value >= ROOM_BYTES ? pass(name, `${gigabytes(room.value)} free`) : fail(name, `${gigabytes(room.value)} free, ${gigabytes(ROOM_BYTES)} is wanted`, `remove old runs below ${join(around.taskDir, 'runs')}, or set TASK_DIR to a disk with room`)];
    },
  },
  { name: 'files', look: async (around) => [taskFolder(around), envFile(around), ...keyFiles(around)] },
  {
    name: 'configuration',
    async look(around) {
      const name = 'configuration without problems';
      const site = await around.site();
      return [site.ok ? pass(name, site.value.clusters.map((cluster) => `${cluster.name} (${cluster.machines.length} machines)`).join(', ')) : fail(name, site.because, site.hint ?? 'mend what is listed')];
    },
  },
  {
    name: 'repository',
    async look(around) {
      const name = 'the configuration is committed';
      const commit = around.commit();
      if (commit === 'no git' || commit === 'no commit') return [fail(name, commit, 'Flux reads a Git repository: commit the configuration')];
      return [commit.endsWith('+dirty') ? fail(name, `uncommitted changes on top of ${commit.slice(0, 12)}`, 'Flux will run what is committed, not what you see: commit or stash') : pass(name, commit.slice(0, 12))];
    },
  },
  {
    name: 'tools',
    async look(around) {
      const tools = await around.tools();
      return tools.ok ? tools.value : [untold('tools', tools, 'task doctor CHECK=configuration')];
    },
  },
  {
    name: 'secrets',
    async look(around) {
      const name = 'signed in to the secret store';
      if (around.dryRun) return [skip(name, 'a dry run asks no secret provider')];
      const site = await around.site();
      if (site.ok && site.value.clusters.length === 0) return [skip(name, 'there is no cluster whose secrets would be asked for')];
      const person = await around.whoami();
      return [person.ok ? pass(name, person.value) : fail(name, person.because, person.hint ?? 'sign in with: eval "$(op signin)"')];
    },
  },
  {
    name: 'dns',
    look: (around) => perCluster(around, 'endpoints lead somewhere', async (cluster) => {
      const name = `the endpoint of ${cluster.name} leads somewhere`;
      const answer = await around.endpoint(cluster.name);
      if (answer.is === 'leads') return [pass(name, answer.addresses.includes(answer.host) ? answer.host : `${answer.host} is ${answer.addresses.join(', ')}`)];
      if (answer.is === 'nowhere') return [fail(name, `${answer.host}: ${answer.because}`, `add a record for ${answer.host}, or correct the endpoint in ${cluster.file}`)];
      return [unknown(name, `${answer.host}: ${answer.because}`, 'see that this machine reaches its name servers (VPN?)')];
    }),
  },
  { name: 'clocks', look: (around) => perCluster(around, 'clocks agree', (cluster) => clocks(around, cluster)) },
  { name: 'certificates', look: (around) => perCluster(around, 'certificates last', (cluster) => certificates(around, cluster)) },
  { name: 'locks', look: async (around) => locks(around) },
  {
    name: 'lab',
    async look(around) {
      if (around.target === 'site') return [skip('the lab', 'the target is the site; TARGET=lab looks at the lab')];
      const lab = await around.lab();
      return [lab.ok ? pass('the lab', lab.value) : fail('the lab', lab.because, lab.hint ?? 'task lab:up')];
    },
  },
];

function taskFolder(around: Around): Finding {
  const name = `task folder ${around.taskDir} is ours alone`;
  const folder = around.taskFolder();
  if (!folder.ok) return fail(name, folder.because, 'make it writable, or set TASK_DIR to a folder that is');
  // What lies in it is 0600 by itself; a folder others may write to would let them put files there.
  return (folder.value.mode & 0o022) === 0 ? pass(name) : fail(name, `others may write to it (mode ${octal(folder.value.mode)})`, `chmod go-w ${around.taskDir}`);
}

function envFile(around: Around): Finding {
  const file = join(around.root, '.env');
  const mode = around.mode(file);
  if (mode === undefined) return skip('.env', 'there is none: nothing is set by it');
  return (mode & 0o077) === 0 ? pass('.env is for our eyes only') : fail('.env is for our eyes only', `others may read it (mode ${octal(mode)})`, `chmod 600 ${file}`);
}

/** kubeconfigs and talosconfigs are the keys to everything; one finding for all that are well. */
function keyFiles(around: Around): readonly Finding[] {
  const name = 'kubeconfigs and talosconfigs are for our eyes only';
  const files = around.keyFiles().flatMap((file) => { const mode = around.mode(file); return mode === undefined ? [] : [{ file, mode }]; });
  if (files.length === 0) return [skip(name, 'there are none yet')];
  const open = files.filter(({ mode }) => (mode & 0o077) !== 0);
  return open.length === 0 ? [pass(name, `${files.length} files`)] : open.map(({ file, mode }) => fail(name, `others may read ${file} (mode ${octal(mode)})`, `chmod 600 ${file}; who may have read it can do anything to that cluster: consider new secrets`));
}

async function certificates(around: Around, cluster: Site['clusters'][number]): Promise<readonly Finding[]> {
  const name = `certificates of ${cluster.name} last`;
  if (!around.known(cluster.name)) return [skip(name, 'there is no kubeconfig of it here')];
  const [files, api, machines] = await Promise.all([around.dated(cluster.name), around.api(cluster.name), Promise.all(cluster.machines.map(async ({ name: machine }) => ({ machine, told: await around.machine(cluster.name, machine) })))]);
  const shown = [{ what: `the API server of ${cluster.name}`, told: api }, ...machines.map(({ machine, told }) => ({ what: `machine ${machine}`, told }))];
  const now = around.now();
  const findings = files.map((told): Finding => {
    if (!told.ok) return untold(name, told, `task cluster:kubeconfig CLUSTER=${cluster.name}`);
    const { what, ends, renew } = told.value;
    return judged(`${what} lasts`, ends, now, SOON_MS, renew);
  });
  // Servers renew their own, some every day: only what has ended tells of trouble.
  for (const { what, told } of shown) {
    const its = `the certificate of ${what} lasts`;
    if (!told.ok) findings.push(untold(its, told, `task cluster:health CLUSTER=${cluster.name}`));
    else if (told.value.certificateEnds === undefined) findings.push(unknown(its, 'it shows none', `task cluster:health CLUSTER=${cluster.name}`));
    else findings.push(judged(its, told.value.certificateEnds, now, 0, 'Talos renews it while the machine runs: restart what shows it, and see that its clock is right'));
  }
  const bad = findings.filter((finding) => finding.verdict.is !== 'pass');
  const ends = [...files.flatMap((told) => (told.ok ? [told.value.ends] : [])), ...shown.flatMap(({ told }) => (told.ok ? told.value.certificateEnds ?? [] : []))];
  return bad.length > 0 ? bad : [pass(name, `${findings.length} looked at, the first ends in ${span(Math.min(...ends) - now)}`)];
}

function judged(name: string, ends: number, now: number, soon: number, renew: string): Finding {
  if (ends <= now) return fail(name, `it ended ${span(now - ends)} ago`, renew);
  return ends - now < soon ? fail(name, `it ends in ${span(ends - now)}`, renew) : pass(name);
}

function locks(around: Around): readonly Finding[] {
  const name = 'no lock of a run that is gone';
  const seen = around.locks();
  if (seen.length === 0) return [pass(name, 'nothing is locked')];
  return seen.map((lock): Finding => {
    if (lock.holder === undefined) return unknown(name, `${lock.file} was not written by this program`, `look at it: nobody can tell whose it is`);
    const gone = goneOf(lock);
    if (gone === undefined) return pass(name, `${who(lock.holder)} is at work`);
    return fail(name, `${who(lock.holder)} left ${lock.file}: ${gone}`, `run \`task ${lock.holder.task}\` for that cluster again: it takes the lock over and goes on where that run stopped`);
  });
}

function goneOf({ alive, silent }: LockSeen): string | undefined {
  if (alive.is === 'dead') return alive.because;
  return alive.is === 'cannot tell' && silent > BEATS_MISSED * BEAT_MS ? `no sign of life for ${span(silent)}` : undefined;
}

/** The worst of all verdicts, as `cluster:health` counts: a no before an unknown before a yes. */
export function worstOf(verdicts: readonly Verdict[]): 'done' | 'no' | 'cannotTell' {
  if (verdicts.some((verdict) => verdict.is === 'fail')) return 'no';
  return verdicts.some((verdict) => verdict.is === 'unknown') ? 'cannotTell' : 'done';
}
