import { check, fail, pass, unread, type Finding } from '../finding.ts';
import type { Reading, Snapshot, TalosReading } from '../snapshot.types.ts';
import { machineId } from './machines.ts';

export const talosId = (machine: string): string => `Talos on ${machine}`;
export const serviceId = (service: string, machine: string): string => `service ${service} on ${machine}`;

/** What Talos says where the time is what it waits for: an unmet condition of a machine, the last event of a service. */
export const CLOCK = /time is not synced|time sync/iu;
export const CLOCK_STATE = 'clock not in sync';
export const clockHint = (machine: { readonly address: string } | undefined): string => `talosctl -n ${machine?.address ?? ''} time compares its clock with its time server; does it reach the one of machine.time.servers (talos/patches/all.yaml)?`;

/** States in which a service has nothing left to do. */
const FINE = new Set(['Running', 'Finished', 'Skipped']);

export const talosChecks = [
  check('talos', 'every machine to be running', (seen) => perMachine(seen, (talos, address) => [stageFinding(talos, address)])),
  check('talos', 'every Talos service to be healthy', (seen) => perMachine(seen, serviceFindings)),
  check('talos', 'every machine to run the pinned Talos', (seen) => perMachine(seen, (talos) => [versionFinding(talos, seen)])),
];

function perMachine(seen: Snapshot, find: (talos: TalosReading, address: string) => readonly Finding[]): readonly Finding[] {
  if (!seen.talos.ok) return [unread('Talos', seen.talos)];
  const readings = seen.talos.value;
  return seen.cluster.machines.flatMap((machine): readonly Finding[] => {
    const reading = readings.find((candidate) => candidate.machine === machine.name);
    if (reading === undefined) return [{ is: 'unknown', object: talosId(machine.name), because: 'not looked at' }];
    return find(reading, machine.address);
  });
}

/** A machine that cannot be asked: not known, and the way to it is to blame before Talos is. */
function unreadOn(machine: string, reading: Reading<unknown> & { readonly ok: false }): Finding {
  return unread(reading.needs === 'machines' ? machineId(machine) : talosId(machine), reading);
}

function stageFinding({ machine, stage }: TalosReading, address: string): Finding {
  if (!stage.ok) return unreadOn(machine, stage);
  const { stage: name, ready, unmet } = stage.value;
  if (unmet.some((condition) => CLOCK.test(condition))) return fail(talosId(machine), unmet.join('; '), { state: CLOCK_STATE, hint: clockHint({ address }) });
  if (name.toLowerCase() !== 'running') return fail(talosId(machine), 'it is not in stage running', { state: `stage ${name}`, hint: `talosctl -n ${address} dmesg` });
  if (ready) return pass(talosId(machine));
  return fail(talosId(machine), unmet.length === 0 ? 'it says it is not ready and not why' : unmet.join('; '), { state: 'running, not ready', hint: `talosctl -n ${address} get machinestatus -o yaml` });
}

function serviceFindings({ machine, services }: TalosReading, address: string): readonly Finding[] {
  if (!services.ok) return [unreadOn(machine, services)];
  if (services.value.length === 0) return [{ is: 'unknown', object: talosId(machine), because: 'it lists no services', hint: `talosctl -n ${address} services` }];
  // etcd is judged as one thing across its members, in its own layer.
  return services.value.filter((service) => service.id !== 'etcd').map((service): Finding => {
    const object = serviceId(service.id, machine);
    if (FINE.has(service.state) && service.healthy !== false) return pass(object);
    const state = FINE.has(service.state) ? 'unhealthy' : service.state;
    return fail(object, service.message === '' ? 'it says no more' : service.message, { state, hint: `talosctl -n ${address} service ${service.id}`, tries: [`talosctl -n ${address} logs ${service.id}`] });
  });
}

function versionFinding({ machine, version }: TalosReading, seen: Snapshot): Finding {
  if (!version.ok) return unreadOn(machine, version);
  const pinned = bare(seen.site.versions.talos);
  if (bare(version.value) === pinned) return pass(talosId(machine));
  return fail(talosId(machine), `it runs v${bare(version.value)}, bootstrap/versions.yaml pins v${pinned}`, { state: 'another version', hint: `task talos:upgrade CLUSTER=${seen.cluster.name} brings every machine there, one at a time; or correct the pin` });
}

const bare = (version: string): string => version.trim().replace(/^v/u, '');
