import { Failure } from '../engine/failure.ts';
import type { Outcome } from '../engine/outcome.ts';
import { severalOutcomes } from '../health/index.ts';
import { KINDS } from '../tools/kinds.ts';
import type { Cx } from './context.ts';
import { controlPlanes, membership } from './etcd-membership.ts';
import { newest, runningParts, talosVersions } from './machines/upgrade-plan.ts';
import { planAll } from './machines/plans.ts';
import { sameVersion } from './machines/versions.ts';
import type { Action } from './task.ts';

/** One thing that was compared: as the repository has it, different, or not to be seen. `foreign`: it shows another cluster, and nothing more is asked. */
interface Found { readonly subject: string; readonly is: 'same' | 'differs' | 'unknown' | 'foreign'; readonly says: string; readonly hint?: string }

/**
 * The first run against a cluster that exists and was made by other means: proves by its certificates that it is the one the secrets
 * belong to, writes talosconfig and kubeconfig for it, and reports every difference from the repository. Nothing in the cluster is changed.
 */
const clusterAdopt: Action = async (cx) => severalOutcomes(await Promise.all(cx.clusters.map(async (cluster) => ({ cluster: cluster.name, outcome: await adopt(cx.forCluster(cluster, 'adopt')) }))));
export default clusterAdopt;

async function adopt(cx: Cx): Promise<Outcome> {
  // Files of ours, from the secrets: what the machines show is held against them.
  await cx.doors.talos.writeTalosconfig((await cx.secrets()).bundle(cx.cluster));
  const found: Found[] = [...(await identity(cx))];
  if (!found.some(({ is }) => is === 'foreign') && found.some(({ is }) => is === 'same')) {
    found.push(await asked('etcd', () => etcd(cx)));
    found.push(await asked('kubeconfig', () => kubeconfig(cx)));
    for (const compare of [talos, kubernetes, nodes, configuration, releases]) found.push(...(await several(compare.name, () => compare(cx))));
  }
  const of = (is: Found['is']): readonly Found[] => found.filter((each) => each.is === is);
  const exit = of('foreign').length > 0 ? 'look' : of('unknown').length > 0 ? 'cannotTell' : of('differs').length > 0 ? 'no' : 'done';
  return {
    exit,
    result: { format: 1, cluster: cx.cluster.name, found: found.map(({ subject, is, says, hint }) => ({ subject, is, says, hint: hint ?? null })) },
    render: (style) => [
      ...found.map(({ subject, is, says, hint }) => `${is === 'same' ? style.green('✔') : is === 'differs' ? style.yellow('~') : is === 'unknown' ? style.yellow('?') : style.red('✖')} ${subject.padEnd(22)} ${says}${is === 'same' || hint === undefined ? '' : `\n${' '.repeat(25)}${style.dim(hint)}`}`),
      exit === 'done' ? `${cx.cluster.name} is as the repository has it; every task may be run on it` : exit === 'look' ? `what answers there is not ${cx.cluster.name} as its secrets have it; nothing was asked further, nothing was changed` : `${of('differs').length} differences, ${of('unknown').length} not to be seen; nothing was changed`,
    ],
  };
}

async function identity(cx: Cx): Promise<readonly Found[]> {
  return Promise.all(cx.cluster.machines.map(async (machine): Promise<Found> => {
    const face = await cx.looking.talos.face(machine);
    if (face.is === 'closed') return { subject: machine.name, is: 'unknown', says: `no answer at ${machine.address} (${face.because})`, hint: `is the address in ${cx.cluster.file} right, and the machine on?` };
    if (face.is === 'maintenance') return { subject: machine.name, is: 'differs', says: 'in maintenance mode: it has no configuration', hint: `task talos:node-add CLUSTER=${cx.cluster.name} NODE=${machine.name}` };
    if (face.ours === true) return { subject: machine.name, is: 'same', says: 'its certificate is of the machine CA of our secrets' };
    return { subject: machine.name, is: 'foreign', says: `its certificate is signed by ${face.of === undefined ? face.issuer : `the machine CA of ${face.of}`}, not by the machine CA in ${cx.cluster.secrets}`, hint: 'put the bundle this cluster was made with where the cluster file says (task talos:secrets tells whether it holds together)' };
  }));
}

async function etcd(cx: Cx): Promise<Found> {
  const found = await membership(cx, 'looking');
  if (found.is === 'unknown' || found.is === 'none') return { subject: 'etcd', is: found.is === 'none' ? 'differs' : 'unknown', says: found.because, hint: `task etcd:status CLUSTER=${cx.cluster.name}` };
  const wanted = controlPlanes(cx).map(({ name }) => name).toSorted();
  const there = found.members.map(({ hostname }) => hostname).toSorted();
  return JSON.stringify(wanted) === JSON.stringify(there) ? { subject: 'etcd', is: 'same', says: `members ${there.join(' ')}` } : { subject: 'etcd', is: 'differs', says: `members ${there.join(' ')}; the cluster file has ${wanted.join(' ')}`, hint: `correct names and roles in ${cx.cluster.file}: a host name is a machine's name` };
}

async function kubeconfig(cx: Cx): Promise<Found> {
  const first = controlPlanes(cx)[0];
  if (first === undefined) throw new Failure({ exit: 'configuration', what: `${cx.cluster.name} has no control plane`, hint: `add one to ${cx.cluster.file}` });
  await cx.doors.talos.writeKubeconfig(first);
  await cx.looking.kube.readyz();
  return { subject: 'Kubernetes API', is: 'same', says: `ready, ${await cx.looking.kube.serverVersion()}` };
}

async function talos(cx: Cx): Promise<readonly Found[]> {
  const versions = await talosVersions(cx, cx.cluster.machines);
  const pin = cx.site.versions.talos;
  return Object.entries(versions).filter(([, version]) => !sameVersion(version, pin)).map(([name, version]): Found => ({ subject: `Talos on ${name}`, is: 'differs', says: `${version}, pinned ${pin}`, hint: `task talos:upgrade CLUSTER=${cx.cluster.name}, or correct the pin` }));
}

async function kubernetes(cx: Cx): Promise<readonly Found[]> {
  const pin = cx.site.versions.kubernetes;
  const behind = (await runningParts(cx, cx.cluster.machines)).filter(({ version }) => !sameVersion(version, pin));
  return behind.length === 0 ? [{ subject: 'Kubernetes', is: 'same', says: `every part is ${pin}` }] : [{ subject: 'Kubernetes', is: 'differs', says: `${behind.map(({ machine, part, version }) => `${part} on ${machine} ${version}`).join(', ')}; pinned ${pin} (newest there ${newest(behind.map(({ version }) => version)) ?? ''})`, hint: `task talos:upgrade-k8s CLUSTER=${cx.cluster.name}, or correct the pin` }];
}

async function nodes(cx: Cx): Promise<readonly Found[]> {
  const there = (await cx.looking.kube.list(KINDS.Node)).items.map(({ metadata }) => metadata.name);
  const ours = cx.cluster.machines.map(({ name }) => name);
  return [
    ...there.filter((name) => !ours.includes(name)).map((name): Found => ({ subject: `node ${name}`, is: 'differs', says: 'is no machine of the cluster file', hint: `add it to ${cx.cluster.file}, or remove the node` })),
    ...ours.filter((name) => !there.includes(name)).map((name): Found => ({ subject: `node ${name}`, is: 'differs', says: 'is not registered' })),
  ];
}

async function configuration(cx: Cx): Promise<readonly Found[]> {
  return (await planAll(cx, cx.cluster.machines)).map((each): Found => {
    const subject = `configuration ${each.machine.name}`;
    if ('failure' in each) return { subject, is: 'unknown', says: each.failure.message };
    if (each.plan.takes === 'none') return { subject, is: 'same', says: 'as the repository makes it' };
    return { subject, is: 'differs', says: `${each.plan.diff.length} lines, ${each.plan.takes === 'live' ? 'taken up while it runs' : 'by a reboot'}`, hint: `task talos:diff CLUSTER=${cx.cluster.name} NODE=${each.machine.name}` };
  });
}

async function releases(cx: Cx): Promise<readonly Found[]> {
  const there = await cx.looking.helm.list();
  return cx.site.helmfile.core.map((wanted): Found => {
    const found = there.find(({ name, namespace }) => name === wanted.name && namespace === wanted.namespace);
    const subject = `release ${wanted.name}`;
    if (found === undefined) return { subject, is: 'differs', says: 'is not installed by Helm under this name', hint: `task bootstrap:core CLUSTER=${cx.cluster.name} --dry-run` };
    return sameText(found.version, wanted.version) && found.status === 'deployed' ? { subject, is: 'same', says: found.version } : { subject, is: 'differs', says: `${found.version}, ${found.status}; pinned ${wanted.version}` };
  });
}
const sameText = (a: string, b: string): boolean => a.replace(/^v/, '') === b.replace(/^v/, '');

/** What cannot be asked is told as such, and the rest is asked all the same. */
async function asked(subject: string, ask: () => Promise<Found>): Promise<Found> {
  const [found] = await several(subject, async () => [await ask()]);
  return found ?? { subject, is: 'unknown', says: 'nothing was said' };
}
async function several(subject: string, ask: () => Promise<readonly Found[]>): Promise<readonly Found[]> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof Failure) || error.exit === 'interrupted' || error.exit === 'bug') throw error;
    return [{ subject, is: 'unknown', says: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) }];
  }
}
