import { span } from '../../engine/clock.ts';
import type { Site } from '../../config/cluster.ts';
import type { MachineTime } from '../../tools/doors.ts';
import type { Around, Finding, Told } from './around.ts';

/** Beyond this TLS, tokens and leases begin to fail one by one, each with words of its own. */
export const SKEW_MS = 5_000;

type Cluster = Site['clusters'][number];

/** Our clock beside the API server's, and the machines' beside their time servers' and each other's. */
export async function clocks(around: Around, cluster: Cluster): Promise<readonly Finding[]> {
  const [api, machines] = await Promise.all([apiClock(around, cluster), machineClocks(around, cluster)]);
  return [api, ...machines];
}

async function apiClock(around: Around, cluster: Cluster): Promise<Finding> {
  const name = `our clock and that of ${cluster.name}'s API agree`;
  if (!around.known(cluster.name)) return { name, verdict: { is: 'skip', because: 'there is no kubeconfig of it here' } };
  const api = await around.api(cluster.name);
  if (!api.ok) return { name, verdict: { is: 'unknown', because: api.because, hint: api.hint ?? `task cluster:health CLUSTER=${cluster.name}` } };
  if (api.value.clock === undefined) return { name, verdict: { is: 'unknown', because: 'it does not tell the time', hint: askBy(cluster.machines[0]) } };
  const skew = api.value.clock - api.value.asked;
  if (Math.abs(skew) <= SKEW_MS) return { name, verdict: { is: 'pass', because: Math.abs(skew) <= 1_000 ? 'to the second' : off(skew) } };
  return { name, verdict: { is: 'fail', because: off(skew), hint: `set this machine's clock (timedatectl), or see what time the machines have: ${askBy(cluster.machines[0])}` } };
}

/** One finding per machine that is off or does not answer; one for all of those that are right. */
async function machineClocks(around: Around, cluster: Cluster): Promise<readonly Finding[]> {
  const name = `the clocks of ${cluster.name}'s machines agree`;
  if (!around.askable(cluster.name)) return [{ name, verdict: { is: 'skip', because: 'there is no talosconfig of it here' } }];
  const told = await around.times(cluster.name);
  if (!told.ok) return [{ name, verdict: { is: 'unknown', because: told.because, hint: told.hint ?? `task cluster:health CLUSTER=${cluster.name}` } }];
  const { times, tookMs } = told.value;
  const answers = cluster.machines.map((machine) => ({ machine, its: `the clock of machine ${machine.name}`, time: times.get(machine.name) ?? ({ ok: false, because: 'nothing was said of it' } satisfies Told<MachineTime>) }));
  const right = answers.flatMap(({ time }) => (time.ok ? [time.value.local] : []));
  const middle = right.toSorted((a, b) => a - b)[Math.floor(right.length / 2)] ?? 0;
  const bad = answers.flatMap(({ machine, its, time }): readonly Finding[] => {
    if (!time.ok) return [{ name: its, verdict: { is: 'unknown', because: time.because, hint: time.hint ?? askBy(machine) } }];
    const fromServer = time.value.local - time.value.remote;
    const hint = `${askBy(machine)}; does it reach the time server of machine.time.servers (talos/patches/all.yaml)?`;
    if (Math.abs(fromServer) > SKEW_MS) return [{ name: its, verdict: { is: 'fail', because: `beside its time server ${time.value.server}, ${off(fromServer)}`, hint } }];
    // They were asked one after the other: what that may have taken is no skew.
    const fromOthers = time.value.local - middle;
    if (Math.abs(fromOthers) > SKEW_MS + tookMs) return [{ name: its, verdict: { is: 'fail', because: `beside the other machines, ${off(fromOthers)}, and its time server ${time.value.server} is too`, hint: `give all machines one time server: machine.time.servers in talos/patches/all.yaml` } }];
    return [];
  });
  const worst = Math.max(0, ...answers.flatMap(({ time }) => (time.ok ? [Math.abs(time.value.local - time.value.remote)] : [])));
  const all = right.length === answers.length ? `${right.length}` : `${right.length} of ${answers.length}`;
  return bad.length > 0 ? bad : [{ name, verdict: { is: 'pass', because: `${all} answer, ${worst <= 1_000 ? 'to the second' : `within ${span(worst)}`} of their time servers` } }];
}

const off = (skew: number): string => `${skew < 0 ? 'it is behind' : 'it is ahead'} by ${span(Math.abs(skew))}`;
const askBy = (machine: Cluster['machines'][number] | undefined): string => `talosctl -n ${machine?.address ?? 'MACHINE'} time`;
