import { isIP } from 'node:net';
import { Failure } from '../engine/failure.ts';
import { each } from '../engine/each.ts';
import type { Machine } from '../config/cluster.ts';
import type { Cx } from './context.ts';
import { draftOf, type Found } from './machines/draft.ts';
import type { Action } from './task.ts';

type Looked = { readonly machine: Machine; readonly found: Found } | { readonly machine: Machine; readonly not: string };
const AT_ONCE = 6;

/** Asks machines in maintenance mode for their disks and cards and writes them down as a cluster file would have them. Changes nothing. */
const talosDiscover: Action = async (cx) => {
  const cluster = cx.clusters[0];
  if (cluster === undefined) throw new Failure({ exit: 'usage', what: 'no cluster was chosen', hint: 'task talos:discover CLUSTER=infra' });
  const context = cx.forCluster(cluster, 'talos-discover');
  const extra = (cx.variables['ADDRESSES'] ?? '').split(',').map((address) => address.trim()).filter((address) => address !== '');
  const wrong = extra.filter((address) => isIP(address) === 0);
  if (wrong.length > 0) throw new Failure({ exit: 'usage', what: `${wrong.join(', ')} is no address`, hint: 'ADDRESSES=10.0.0.21,10.0.0.22' });
  const known = new Set(cluster.machines.map(({ address }) => address));
  const machines = [...cluster.machines, ...extra.filter((address) => !known.has(address)).map((address): Machine => ({ name: address, cluster: cluster.name, role: 'worker', address, macs: [], disks: { install: {}, data: {} }, patches: [] }))];
  const looked = await each(machines, AT_ONCE, async (machine) => look(context, machine, known.has(machine.address)), cx.signal, { what: 'looking at the machines', name: (machine) => machine.name });
  const found = looked.flatMap((one) => ('found' in one ? [one.found] : []));
  const draft = ['machines:', ...found.flatMap((one, n) => draftOf(one, n + 1))];
  return {
    exit: found.length > 0 ? 'done' : 'no',
    result: { format: 1, cluster: cluster.name, machines: looked.map((one) => ('found' in one ? { address: one.machine.address, name: one.found.known?.name ?? null, disks: one.found.disks.map((disk) => ({ ...disk })), cards: one.found.links.filter(({ physical }) => physical).map(({ name, mac }) => ({ name, mac })) } : { address: one.machine.address, name: one.machine.name, not: one.not })), draft: draft.join('\n') },
    render: (style) => [
      ...looked.flatMap((one) => ('not' in one ? [style.dim(`# ${one.machine.name} (${one.machine.address}): ${one.not}`)] : [])),
      ...(found.length === 0 ? ['no machine there is in maintenance mode; task talos:iso says what to boot them from'] : draft),
      ...(found.length === 0 ? [] : [style.dim(`# for ${cluster.file}; task cluster:preflight CLUSTER=${cluster.name} proves it`)]),
    ],
  };
};
export default talosDiscover;

async function look(cx: Cx, machine: Machine, known: boolean): Promise<Looked> {
  const face = await cx.looking.talos.face(machine);
  if (face.is === 'closed') return { machine, not: `no answer (${face.because})` };
  if (face.is === 'installed') return { machine, not: `installed already, by ${face.issuer}` };
  try {
    return { machine, found: { address: machine.address, known: known ? machine : undefined, ...(await cx.looking.day2.inventory(machine)) } };
  } catch (error) {
    if (!(error instanceof Failure) || error.exit !== 'rerun') throw error;
    return { machine, not: `in maintenance mode, but it does not say what it is made of: ${error.because ?? error.what}` };
  }
}
