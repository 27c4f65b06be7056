import { Failure } from '../../engine/failure.ts';
import { each } from '../../engine/each.ts';
import type { Machine } from '../../config/cluster.ts';
import type { Verdict } from '../../engine/verdict.ts';
import { neededReferences } from '../../tools/secrets.ts';
import type { ReadinessRow } from '../record.ts';
import { isAnswer } from '../backup/shared.ts';
import { fail, isLab, pass, row, skip, unknown, type ReadinessContext } from './row.ts';

/** Whether every secret of a rebuild is there without the cluster: read from the provider itself, by whoever is signed in. */
export async function secretsRow(cx: ReadinessContext): Promise<ReadinessRow> {
  const id = `secrets:${cx.cluster.name}/provider`;
  try {
    const [who] = await Promise.all([cx.looking.stores.whoami(neededReferences(cx.site, [cx.cluster])), cx.secrets()]);
    return row('secrets', id, 'secrets without the cluster', pass(`all were read from where they are kept; ${who}`));
  } catch (error) {
    if (!isAnswer(error)) throw error;
    return row('secrets', id, 'secrets without the cluster', fail(error.message, error.hint));
  }
}

/** Each machine: proven ours, and answering. What does not answer could not be wiped, and what is not ours must not be. */
export async function machineRows(cx: ReadinessContext): Promise<readonly ReadinessRow[]> {
  const { machines, name } = cx.cluster;
  return each(machines, machines.length, async (machine) => row('machines', `machines:${name}/${machine.name}`, machine.name, await ours(cx, machine)), cx.signal, { what: 'looking at the machines', name: (machine) => machine.name });
}

async function ours(cx: ReadinessContext, machine: Machine): Promise<Verdict> {
  const face = await cx.looking.talos.face(machine);
  if (face.is === 'closed') return fail(`${machine.address} does not answer: ${face.because}`, 'switch it on, or look at its network');
  if (face.is === 'installed') {
    if (face.ours === true) return pass('installed, its certificate is ours');
    return face.ours === null ? unknown(`installed, signed by ${face.issuer}; without our machine CA nobody can tell whose it is`) : fail(face.of === undefined ? `installed, signed by ${face.issuer}, not by our machine CA` : `it is a machine of ${face.of}`, `check cabling and the addresses in ${cx.cluster.file}`);
  }
  try {
    const identity = await cx.looking.talos.identify(machine);
    return 'by' in identity ? fail('it is bare: there is nothing on it to rehearse the loss of', `task cluster:create CLUSTER=${cx.cluster.name}`) : fail(`the machine at ${machine.address} is not it: ${identity.because}`, `check cabling and the addresses in ${cx.cluster.file}`);
  } catch (error) {
    if (!isAnswer(error)) throw error;
    return unknown(error.message, error.hint);
  }
}

/** Whether every machine can be switched on when its system is gone: by its command, or by a person who says so by name. */
export async function powerRows(cx: ReadinessContext): Promise<readonly ReadinessRow[]> {
  const { cluster, site } = cx;
  if (isLab(cx)) return [row('power', `power:${cluster.name}/lab`, 'power', skip('simulated machines are switched on by the lab'))];
  const by = (how: string | undefined): readonly string[] => cluster.machines.filter((machine) => site.recovery.power[machine.name]?.by === how).map((machine) => machine.name);
  const [people, none] = [by('person'), by(undefined)];
  const commands = await each(by('command'), 4, async (name) => row('power', `power:${cluster.name}/${name}`, `power of ${name}`, await powerVerdict(cx, name)), cx.signal, { what: 'asking for the power of the machines' });
  return [
    ...commands,
    ...(people.length === 0 ? [] : [row('power', `power:${cluster.name}/person`, `power of ${people.join(' ')}`, unknown('a person has to be there to switch them on; nobody has said so', `when somebody is: ACCEPT=power:${cluster.name}/person`))]),
    ...none.map((name) => row('power', `power:${cluster.name}/${name}`, `power of ${name}`, fail('nothing says how it is switched on when its system is gone', `power: in bootstrap/dr.yaml: ${name}: {by: person}, or a command`))),
  ];
}

async function powerVerdict(cx: ReadinessContext, name: string): Promise<Verdict> {
  const power = cx.site.recovery.power[name];
  if (power?.by !== 'command') throw new TypeError(`${name} has no command for its power`);
  return commandVerdict(cx, power.status, 'its power answers', `power.${name}.status in bootstrap/dr.yaml`);
}

/** What a command of the operator's own says: 0 well, 1 not, anything else cannot tell. */
export async function commandVerdict(cx: ReadinessContext, argv: readonly string[], well: string, where: string): Promise<Verdict> {
  try {
    const ended = await cx.looking.hook.run({ argv, effect: 'read' });
    if (ended === null) return skip('what is outside a lab is not asked');
    // What it prints may be what it checks: a secret. Only what it says of a failure is passed on.
    if (ended.exitCode === 0) return pass(well);
    const because = `${argv[0] ?? ''} ended with ${ended.exitCode}${ended.said === '' ? '' : `: ${ended.said}`}`;
    return ended.exitCode === 1 ? fail(because, where) : unknown(because, where);
  } catch (error) {
    if (!isAnswer(error)) throw error;
    return unknown(error instanceof Failure ? error.message : '', error.hint ?? where);
  }
}
