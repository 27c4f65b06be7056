import { join, resolve } from 'node:path';
import { Failure } from '../engine/failure.ts';
import { each } from '../engine/each.ts';
import type { Json } from '../engine/outcome.ts';
import type { Machine } from '../config/cluster.ts';
import { writePrivate } from '../tools/files.ts';
import { KINDS } from '../tools/kinds.ts';
import { sealFor } from '../tools/age.ts';
import type { Cx } from './context.ts';
import { chosenMachines } from './machines/chosen.ts';
import { withoutSecrets } from './talos-generate.ts';
import type { Action } from './task.ts';

const AT_ONCE = 4;
/** Services whose last words are asked for. */
const SERVICES = ['machined', 'apid', 'containerd', 'cri', 'etcd', 'kubelet', 'trustd', 'udevd'];
const LINES = 400;

/**
 * What somebody who helps needs to see of a cluster, in one file: versions, stages, services and their last words, etcd, nodes and
 * events. It is made of what is asked here, not of everything a machine has: configurations and Secrets are never read, known secrets
 * are taken out of every text, and with RECIPIENT only that key opens it.
 */
const talosSupport: Action = async (cx) => {
  const cluster = cx.clusters[0];
  if (cluster === undefined) throw new Failure({ exit: 'usage', what: 'no cluster was chosen', hint: 'task talos:support CLUSTER=infra' });
  const context = cx.forCluster(cluster, 'talos-support');
  const recipient = cx.variables['RECIPIENT'] ?? '';
  if (recipient !== '' && !/^age1[02-9ac-hj-np-z]{58}$/.test(recipient)) throw new Failure({ exit: 'usage', what: 'RECIPIENT is no public key of age', hint: 'age-keygen -y <file of your key> shows it: age1...' });
  const given = cx.variables['FILE'] ?? '';
  const file = given === '' ? join(cx.runDir, `support-${cluster.name}.json${recipient === '' ? '' : '.age'}`) : resolve(given);
  if (cx.flags.dryRun) return { exit: 'done', result: { cluster: cluster.name, file }, render: () => [`would collect from ${chosenMachines(context).map(({ name }) => name).join(' ')} into ${file}`] };
  // Secrets are resolved so that every one of them is known, and none gets through.
  await context.doors.talos.writeTalosconfig((await context.secrets()).bundle(cluster));
  const machines = await each(chosenMachines(context), AT_ONCE, async (machine) => ofMachine(context, machine), cx.signal, { what: 'collecting', name: (machine) => machine.name });
  const site = await cx.site();
  const bundle: Json = { format: 1, cluster: cluster.name, target: cx.target.label, at: new Date().toISOString(), pins: { talos: site.versions.talos, kubernetes: site.versions.kubernetes, cilium: site.versions.cilium }, machines, cluster_objects: await ofCluster(context) };
  const text = withoutSecrets(cx.redactor.redact(JSON.stringify(bundle, undefined, 1)));
  await writePrivate(file, recipient === '' ? text : await sealFor(recipient, text, cx));
  const silent = machines.filter((machine) => Object.values(machine).some((part) => typeof part === 'object' && part !== null && !Array.isArray(part) && 'unknown' in part));
  return {
    exit: silent.length > 0 ? 'cannotTell' : 'done',
    result: { format: 1, cluster: cluster.name, file, sealed: recipient !== '', incomplete: silent.map((machine) => String(machine['machine'])) },
    render: (style) => [
      `${silent.length > 0 ? style.yellow('?') : style.green('✔')} ${file}   ${recipient === '' ? 'not encrypted, readable by you alone: look into it before you give it away' : 'only the key of RECIPIENT opens it'}`,
      ...(silent.length === 0 ? [] : [`  not everything could be asked of ${silent.map((machine) => String(machine['machine'])).join(', ')}; what was not says why in the file`]),
    ],
  };
};
export default talosSupport;

async function ofMachine(cx: Cx, machine: Machine): Promise<Record<string, Json>> {
  const { talos, day2 } = cx.looking;
  const face = await talos.face(machine);
  if (face.is !== 'installed' || face.ours !== true) return { machine: machine.name, face: face.is, reached: { unknown: face.is === 'closed' ? face.because : `it is ${face.is === 'maintenance' ? 'in maintenance mode' : 'not proven ours'}` } };
  const logs: Record<string, Json> = {};
  for (const service of SERVICES) logs[service] = await told(async () => (await day2.logs(machine, service, LINES)).split('\n'));
  return {
    machine: machine.name, role: machine.role, face: face.is,
    version: await told(async () => talos.version(machine)),
    stage: await told(async () => ({ ...(await talos.stage(machine)) })),
    services: await told(async () => (await talos.services(machine)).map((service) => ({ ...service }))),
    ...(machine.role === 'controlplane' ? { etcd: await told(async () => ({ members: (await talos.etcdMembers(machine)).map((member) => ({ ...member })), status: (await talos.etcdStatus([machine])).map((status) => ({ ...status })) })) } : {}),
    kernel: await told(async () => (await day2.dmesg(machine)).split('\n').slice(-LINES)),
    logs,
  };
}

/** Only kinds without secrets in them, and of those what is there and how it is. */
async function ofCluster(cx: Cx): Promise<Json> {
  const list = async (kind: 'Node' | 'Pod' | 'Event' | 'Kustomization' | 'HelmRelease'): Promise<Json> => told(async () => (await cx.looking.kube.list(KINDS[kind])).items.map((object) => JSON.parse(JSON.stringify({ name: object.metadata.name, namespace: object.metadata.namespace ?? null, status: object['status'] ?? null, ...(kind === 'Event' ? { reason: object['reason'] ?? null, message: object['message'] ?? null, about: object['involvedObject'] ?? null } : {}) }))));
  return { nodes: await list('Node'), pods: await list('Pod'), events: await list('Event'), kustomizations: await list('Kustomization'), helmReleases: await list('HelmRelease') };
}

/** An answer, or why there is none: what could not be asked is part of the picture. */
async function told(ask: () => Promise<Json>): Promise<Json> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof Failure) || error.exit === 'interrupted' || error.exit === 'bug') throw error;
    return { unknown: error.message };
  }
}
