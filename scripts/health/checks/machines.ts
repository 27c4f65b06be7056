import { check, fail, pass, unread, type Finding } from '../finding.ts';
import type { Snapshot } from '../snapshot.types.ts';

export const machineId = (name: string): string => `machine ${name}`;

/** Every machine answers on its Talos port with a certificate of ours: configured, and by us. */
export const machineChecks = [check('machines', 'every machine to answer as one of ours', machineFindings)];

function machineFindings(seen: Snapshot): readonly Finding[] {
  if (!seen.faces.ok) return [unread('machines', seen.faces)];
  const faces = seen.faces.value;
  const { machines, name: cluster } = seen.cluster;
  // When not one machine and not even the API answers, the trouble may as well be between here and there.
  const silent = !seen.api.ok && machines.every((machine) => (faces[machine.name]?.is ?? 'closed') === 'closed');
  return machines.map((machine): Finding => {
    const object = machineId(machine.name);
    const face = faces[machine.name] ?? { is: 'closed', because: 'not probed' } as const;
    if (face.is === 'closed') {
      return {
        is: silent ? 'unknown' : 'fail', object, state: `no answer from ${machine.address}`, because: face.because,
        hint: silent ? `ping ${machine.address}; is there a way from here to the machines of ${cluster}?` : `look at ${machine.name}: power, cable, console; ping ${machine.address}`,
      };
    }
    if (face.is === 'maintenance') {
      return fail(object, 'it asks for no client certificate: it waits for a configuration', {
        state: 'in maintenance mode', hint: `task cluster:create CLUSTER=${cluster} applies it`, tries: [`talosctl -n ${machine.address} dmesg --insecure`],
      });
    }
    if (face.ours === false) {
      if (face.of !== undefined) {
        return fail(object, `its Talos API is signed by the machine CA of ${face.of}`, {
          state: `is a machine of ${face.of}`, hint: `the addresses of ${cluster} lead to ${face.of}: check cabling, routes and the addresses in ${seen.cluster.file}`,
        });
      }
      return fail(object, `its Talos API is signed by ${face.issuer}, not by the machine CA of ${cluster}`, {
        state: 'belongs to somebody else', hint: `find out whose it is; if the secrets of ${cluster} changed, restore the bundle it was installed with`,
      });
    }
    if (face.ours === null) {
      return { is: 'unknown', object, because: `it is installed, but there is no machine CA of ${cluster} here to compare with`, hint: `task cluster:kubeconfig CLUSTER=${cluster}` };
    }
    return pass(object);
  });
}
