import { each } from '../engine/each.ts';
import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { Verdict } from '../engine/verdict.ts';
import type { Machine } from '../config/cluster.ts';
import { endpointFinding } from '../health/checks/endpoint.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from './context.ts';
import { appliedMachines } from './applied.ts';
import { toolVerdicts } from './preflight-tools.ts';
import { MINUTES } from './wait-phase.ts';

interface Finding { readonly name: string; readonly verdict: Verdict }

/** A machine we configured less than this ago may be silent because it installs or reboots. */
const REBOOT_PATIENCE = 15 * MINUTES;

/**
 * Everything that can be known to go wrong before the first write: tools, secrets, and who the machines are. All
 * findings are collected and reported together; a refusal (75) has changed nothing.
 */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'preflight',
  title: 'tools, secrets, and who the machines are',
  patience: 0,
  verify: [],

  async done() {
    // Never: a preflight that was right an hour ago proves nothing now.
    return false;
  },

  async run(cx) {
    // Told one by one as they come: a preflight that takes a while shows how far it is.
    const tell = ({ name, verdict }: Finding): void => cx.emit({ type: 'judged', lane: cx.lane, step: cx.step, check: name, layer: 'preflight', verdict });
    const secretsAndIdentity = async (): Promise<Finding> => {
      const secrets = await secretsFinding(cx);
      tell(secrets);
      // Without the bundle nobody can say whether an installed machine is ours; the other findings still count.
      if (secrets.verdict.is === 'pass' && !cx.dryRun) await cx.doors.talos.writeTalosconfig((await cx.secrets()).bundle(cx.cluster));
      return secrets;
    };
    // Bare machines need no secrets to be told apart, so all is asked at once.
    const secretsFirst = secretsAndIdentity();
    const [tools, secrets, machines] = await Promise.all([toolVerdicts(cx, tell), secretsFirst, machineFindings(cx, tell, secretsFirst)]);
    const endpoint = await endpointFindings(cx, machines);
    for (const finding of endpoint) tell(finding);
    const findings: readonly Finding[] = [...tools, secrets, ...machines, ...endpoint];
    const bad = findings.filter((finding) => finding.verdict.is === 'fail' || finding.verdict.is === 'unknown');
    if (bad.length > 0 && !cx.dryRun) throw refusal(cx, bad);
    const counted = findings.filter((finding) => finding.verdict.is !== 'skip').length;
    return bad.length > 0 ? `${bad.length} of ${counted} checks would refuse: ${bad.map((finding) => finding.name).join(', ')}` : `${counted} checks passed`;
  },
};
export default phase;

async function secretsFinding(cx: Cx): Promise<Finding> {
  const name = 'secrets can be resolved';
  if (cx.dryRun) return { name, verdict: { is: 'skip', because: 'a dry run asks no secret provider; references were checked for their form' } };
  try {
    await cx.secrets();
    return { name, verdict: { is: 'pass' } };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { name, verdict: failVerdict(error) };
  }
}

function failVerdict(error: Failure): Verdict {
  const because = error.because === undefined ? error.what : `${error.what}: ${error.because}`;
  return error.hint === undefined ? { is: 'fail', because } : { is: 'fail', because, hint: error.hint };
}

async function machineFindings(cx: Cx, tell: (finding: Finding) => void, identityKnown: Promise<unknown>): Promise<readonly Finding[]> {
  const found = new Map<string, Finding>();
  await each(cx.cluster.machines, cx.cluster.machines.length, async (machine) => {
    const name = `${machine.name} (${machine.address}) is bare or ours`;
    const finding: Finding = { name, verdict: await machineVerdict(cx, machine, identityKnown) };
    found.set(machine.name, finding);
    tell(finding);
  }, cx.signal, { what: 'looking at the machines' });
  return cx.cluster.machines.flatMap((machine) => found.get(machine.name) ?? []);
}

async function machineVerdict(cx: Cx, machine: Machine, identityKnown: Promise<unknown>): Promise<Verdict> {
  let face = await cx.doors.talos.face(machine);
  const appliedAt = appliedMachines(cx.clusterDir)[machine.name];
  if (face.is === 'closed' && !cx.dryRun && appliedAt !== undefined && cx.clock.now() - appliedAt < REBOOT_PATIENCE) {
    // An earlier run was cut short while this machine installed: give it the time a reboot takes.
    face = await cx.wait(`${machine.name} to answer again`, async () => {
      const now = await cx.doors.talos.face(machine);
      return now.is === 'closed' ? { ok: false, because: `${machine.name}: ${now.because}` } : { ok: true, value: now };
    }, { patience: REBOOT_PATIENCE - (cx.clock.now() - appliedAt), every: 2_000 }) ?? face;
  }
  if (face.is === 'installed') {
    // Whose it is, is judged by this run's bundle, never by what an earlier one left behind.
    await identityKnown;
    face = await cx.doors.talos.face(machine);
  }
  switch (face.is) {
    case 'closed':
      return { is: cx.dryRun ? 'unknown' : 'fail', because: `no answer on its Talos port: ${face.because}`, hint: unreachableHint(cx) };
    case 'maintenance': {
      const identity = await cx.doors.talos.identify(machine);
      if ('by' in identity) return cleanVerdict(cx, machine, `bare, is ${machine.name} by ${identity.by}`);
      if (identity.lacks !== undefined) {
        return { is: 'fail', because: `a disk of ${machine.name} is missing: ${identity.because}`, hint: `look at the disk, its seat and its cable; if it was exchanged, correct disks of ${machine.name} in ${cx.cluster.file}` };
      }
      return {
        is: 'fail',
        because: `the machine there is not ${machine.name}: ${identity.because}${identity.looksLike === undefined ? '' : `; it looks like ${identity.looksLike}`}`,
        hint: `check cabling and the addresses in ${cx.cluster.file}`,
      };
    }
    case 'installed':
      if (face.ours === true) return { is: 'pass', because: 'installed and ours' };
      if (face.ours === null) return { is: cx.dryRun ? 'skip' : 'unknown', because: `installed (signed by ${face.issuer}); whose it is cannot be told without the secrets bundle` };
      return {
        is: 'fail',
        because: face.of === undefined ? `installed, but signed by ${face.issuer}, not by ${cx.cluster.name}'s machine CA` : `it is a machine of ${face.of}: installed, and signed by the machine CA of ${face.of}`,
        hint: face.of !== undefined ? `${machine.address} should lead to ${machine.name}: check the cabling, and the addresses in ${cx.cluster.file}` : 'somebody else\'s machine, or installed with other secrets: restore that bundle, or reset the machine when it may be wiped',
      };
  }
}

/** A machine that is the right one may still hold what an earlier cluster left, and no installation takes that away. */
async function cleanVerdict(cx: Cx, machine: Machine, because: string): Promise<Verdict> {
  const [first, ...more] = await cx.doors.talos.leftovers(machine);
  if (first === undefined) return { is: 'pass', because };
  const left = [first, ...more];
  return {
    is: 'fail',
    because: `not clean: ${left.map(({ purpose, path, holds }) => `its ${purpose} disk ${path} holds ${holds}`).join('; ')}`,
    hint: `find out whose data it is; when it may go: talosctl wipe disk ${left.map(({ path }) => path.replace('/dev/', '')).join(' ')} --insecure -n ${machine.address}`,
  };
}

/** Where the endpoint's name leads, once any machine answers: without one there is nothing for it to lead to. */
async function endpointFindings(cx: Cx, machines: readonly Finding[]): Promise<readonly Finding[]> {
  const name = `${new URL(cx.cluster.endpoint).hostname} leads to the control planes`;
  if (cx.dryRun) return [{ name, verdict: { is: 'skip', because: 'a dry run asks no name server' } }];
  if (machines.every(({ verdict }) => verdict.is !== 'pass')) return [{ name, verdict: { is: 'skip', because: 'no machine is there yet for it to lead to' } }];
  const answer = await cx.doors.kube.endpoint?.();
  if (answer === undefined) return [];
  const { is, because, hint } = endpointFinding(cx.cluster, answer);
  return [{ name, verdict: is === 'pass' ? { is, because } : { is, because, ...(hint === undefined ? {} : { hint }) } }];
}

function unreachableHint(cx: Cx): string {
  return cx.site.target.kind === 'site'
    ? 'power it on, boot the Talos image of talos/schematic.yaml and check the network; to try everything without hardware: ./task cluster:create CLUSTER=all TARGET=lab'
    : 'task lab:status tells how the simulated machines are; task lab:heal ends faults';
}

function refusal(cx: Cx, bad: readonly Finding[]): Failure {
  const parts = bad.map((finding) => new Failure({
    exit: 'rerun',
    what: finding.name.startsWith('secrets') ? 'secrets cannot be resolved' : `not so: ${finding.name}`,
    because: finding.verdict.is === 'pass' ? undefined : finding.verdict.because,
    hint: finding.verdict.is === 'pass' ? undefined : finding.verdict.hint,
  }));
  const hints = [...new Set(parts.flatMap((part) => part.hint ?? []))];
  return new Failure({
    exit: 'rerun',
    what: `preflight refuses ${cx.cluster.name}; nothing was changed`,
    because: `${bad.length} ${bad.length === 1 ? 'check does' : 'checks do'} not hold`,
    hint: hints.length === 1 ? hints[0] : 'mend what is listed, then run the same command again',
    parts,
  });
}
