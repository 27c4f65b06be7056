/**
 * The table of contents: task name -> summary -> variables -> steps. Pure data; importing it starts nothing and loads
 * no phase. The plan shown, the dry run and the run all come from these lists.
 */
import type { CheckpointStep, PhaseStep } from './scripts/engine/phase.ts';
import type { Snapshot } from './scripts/health/snapshot.types.ts';
import type { Cx } from './scripts/phases/context.ts';
import type { Action, ActionTask, Stage, StagedTask, StepsTask, Taskfile, Variable } from './scripts/phases/task.ts';

type Loaded<T> = Promise<{ readonly default: T }>;

function phase(name: string, title: string, load: () => Loaded<Awaited<ReturnType<PhaseStep<Cx, Snapshot>['load']>>>): PhaseStep<Cx, Snapshot> {
  return { kind: 'phase', name, title, load: async () => (await load()).default };
}
function steps(task: Omit<StepsTask, 'writes'> & { readonly writes?: boolean }): StepsTask {
  return { writes: true, ...task };
}
function staged(task: Omit<StagedTask, 'writes'>): StagedTask {
  return { writes: true, ...task };
}
/** The same steps once more in one task, told apart by their names. */
function named(prefix: string, list: readonly PhaseStep<Cx, Snapshot>[]): readonly PhaseStep<Cx, Snapshot>[] {
  return list.map((step) => ({ ...step, name: `${prefix}${step.name}` }));
}
/** Steps of a run that is gone on with after its point of no return: what came before it is remembered. */
function once<S extends PhaseStep<Cx, Snapshot> | CheckpointStep<Cx>>(list: readonly S[]): readonly S[] {
  return list.map((step) => ({ ...step, once: true }));
}
function answer(task: Omit<ActionTask, 'writes' | 'load'> & { readonly writes?: boolean }, load: () => Loaded<Action>): ActionTask {
  return { writes: false, ...task, load: async () => (await load()).default };
}

const CLUSTER: Variable = { summary: 'which cluster, any file in talos/clusters; all for every one', required: true, values: 'clusters|all' };
const ALL_CLUSTERS: Variable = { ...CLUSTER, required: false, default: 'all' };
const ONE_CLUSTER: Variable = { summary: 'which cluster, any file in talos/clusters', required: true, values: 'clusters' };
const TARGET: Variable = { summary: 'site: the machines in talos/clusters; lab: the flight simulator on this machine', default: 'site', values: ['site', 'lab'] };
const LAB_SPEED: Variable = { summary: 'simulated seconds per second, when the lab is brought up', default: '60' };
const RUN: Variable = { summary: 'which run: an id of runs:list, the beginning of one, or last', default: 'last' };
const REHEARSAL: Variable = { summary: 'which rehearsal: an id of runs:list, the beginning of one, a path, or last', default: 'last' };
const onCluster = { CLUSTER, TARGET };
const DATA: Readonly<Record<string, Variable>> = {
  DATA_MODE: { summary: 'how the data of a cluster made anew begins; one that is there keeps what it was made with', default: 'fresh', values: ['fresh', 'restore'] },
  DATA_FROM: { summary: 'with DATA_MODE=restore: the generation of the backups, DATA_GENERATION of the cluster that was lost' },
};

const MANIFESTS: Readonly<Record<string, Variable>> = {
  CLUSTER: { summary: 'name of an entry point; all of them when not given' },
  ROOT: { summary: 'the repository, default this one' },
  ENTRY: { summary: 'the folder Flux begins with, from the root on; found when not given' },
  CHARTS: { summary: 'folders of charts, with commas, asked before registries' },
  SCHEMAS: { summary: 'folders of schemas, with commas, asked before catalogs' },
  OFFLINE: { summary: 'ask no network', values: ['true', 'false'] },
};

const preflight = phase('preflight', 'tools, secrets, and who the machines are', () => import('./scripts/phases/preflight.ts'));
const talosApply = phase('talos-apply', 'apply machine configuration to every machine', () => import('./scripts/phases/talos-apply.ts'));
const etcdBootstrap = phase('etcd-bootstrap', 'bootstrap etcd, once', () => import('./scripts/phases/etcd-bootstrap.ts'));
const kubeconfig = phase('kubeconfig', "fetch this cluster's own kubeconfig", () => import('./scripts/phases/kubeconfig.ts'));
const apiReady = phase('api-ready', 'wait for the Kubernetes API', () => import('./scripts/phases/api-ready.ts'));
const nodesRegistered = phase('nodes-registered', 'wait for every node to register', () => import('./scripts/phases/nodes-registered.ts'));
const prerequisites = phase('prerequisites', 'namespaces and the secrets that must exist before Flux', () => import('./scripts/phases/prerequisites.ts'));
const crds = phase('crds', 'custom resource definitions, before anything that needs them', () => import('./scripts/phases/crds.ts'));
const core = phase('core', 'core releases in order: network, DNS, certificates, secrets, Flux', () => import('./scripts/phases/core.ts'));
const nodesReady = phase('nodes-ready', 'wait for every node to be Ready', () => import('./scripts/phases/nodes-ready.ts'));
const flux = phase('flux', 'wait until Flux has brought up the tree', () => import('./scripts/phases/flux.ts'));
const layers = phase('layers', 'wait for what the tree brings: workloads, certificates, secrets', () => import('./scripts/phases/layers.ts'));
const mesh = phase('mesh', 'wait for the cluster mesh', () => import('./scripts/phases/mesh.ts'));
const destroyPreflight = phase('destroy-preflight', 'whose machines these are', () => import('./scripts/phases/destroy-preflight.ts'));
const canComeBack = phase('can-come-back', 'whether what is lost can come back', () => import('./scripts/phases/destroy-gate.ts'));
const confirmDestroy: CheckpointStep<Cx> = { kind: 'checkpoint', name: 'confirm', title: 'the point of no return', ask: async (cx) => (await import('./scripts/phases/destroy-checkpoint.ts')).askDestroy(cx) };
const freeze = phase('freeze', 'suspend Flux', () => import('./scripts/phases/destroy-freeze.ts'));
const evidence = phase('evidence', 'a last etcd snapshot, before anything is lost', () => import('./scripts/phases/destroy-evidence.ts'));
const wipe = phase('wipe', 'wipe every machine and its data disks', () => import('./scripts/phases/destroy-wipe.ts'));
const destroyed = phase('destroyed', 'prove that every machine is bare and every data disk clean', () => import('./scripts/phases/destroyed.ts'));
const restorePreflight = phase('restore-preflight', 'what the snapshot holds, and whether it is needed', () => import('./scripts/phases/restore-preflight.ts'));
const confirmRestore: CheckpointStep<Cx> = { kind: 'checkpoint', name: 'confirm', title: 'the point of no return', ask: async (cx) => (await import('./scripts/phases/restore-preflight.ts')).askRestore(cx) };
const etcdWipe = phase('etcd-wipe', 'wipe etcd from the control planes', () => import('./scripts/phases/etcd-wipe.ts'));
const restored = phase('restored', 'compare what came back with what was saved', () => import('./scripts/phases/restored.ts'));
const confirmShutdown: CheckpointStep<Cx> = { kind: 'checkpoint', name: 'confirm', title: 'whether to power off', ask: async (cx) => (await import('./scripts/phases/shutdown.ts')).askShutdown(cx) };
const shutdown = phase('shutdown', 'power every machine off', () => import('./scripts/phases/shutdown.ts'));
const healthy = phase('healthy', 'everything cluster:health asks', () => import('./scripts/phases/healthy.ts'));

// Day 2: machines that run (docs/runbooks/talos-day2.md).
const machinesPreflight = phase('machines-preflight', 'whose machines these are', () => import('./scripts/phases/machines-preflight.ts'));
const confirmApply: CheckpointStep<Cx> = { kind: 'checkpoint', name: 'confirm', title: 'whether to apply it', ask: async (cx) => (await import('./scripts/phases/talos-reconfigure.ts')).askApply(cx) };
const talosReconfigure = phase('talos-reconfigure', 'apply the configuration, one machine at a time', () => import('./scripts/phases/talos-reconfigure.ts'));
const confirmReboot: CheckpointStep<Cx> = { kind: 'checkpoint', name: 'confirm', title: 'whether to reboot', ask: async (cx) => (await import('./scripts/phases/talos-reboot.ts')).askReboot(cx) };
const talosReboot = phase('talos-reboot', 'reboot, one machine at a time', () => import('./scripts/phases/talos-reboot.ts'));
const confirmReset: CheckpointStep<Cx> = { kind: 'checkpoint', name: 'confirm', title: 'the point of no return', ask: async (cx) => (await import('./scripts/phases/talos-reset.ts')).askReset(cx) };
const talosReset = phase('talos-reset', 'take one machine out and wipe it', () => import('./scripts/phases/talos-reset.ts'));
const upgradePreflight = phase('talos-upgrade-preflight', 'which versions run, and whether the step is allowed', () => import('./scripts/phases/talos-upgrade-preflight.ts'));
const confirmUpgrade: CheckpointStep<Cx> = { kind: 'checkpoint', name: 'confirm', title: 'whether to upgrade', ask: async (cx) => (await import('./scripts/phases/talos-upgrade-preflight.ts')).askUpgrade(cx) };
const snapshot = phase('snapshot', 'an etcd snapshot, before machines are touched', () => import('./scripts/phases/talos-upgrade-snapshot.ts'));
const talosInstaller = phase('talos-installer', 'pull the installer image onto every machine', () => import('./scripts/phases/talos-installer.ts'));
const talosUpgrade = phase('talos-upgrade', 'upgrade Talos, one machine at a time', () => import('./scripts/phases/talos-upgrade.ts'));
const k8sPreflight = phase('k8s-upgrade-preflight', 'which versions run, and whether the step is allowed', () => import('./scripts/phases/k8s-upgrade-preflight.ts'));
const confirmK8s: CheckpointStep<Cx> = { kind: 'checkpoint', name: 'confirm', title: 'whether to upgrade', ask: async (cx) => (await import('./scripts/phases/k8s-upgrade-preflight.ts')).askUpgradeK8s(cx) };
const k8sImages = phase('k8s-images', 'pull the images of Kubernetes onto every machine', () => import('./scripts/phases/k8s-images.ts'));
const k8sParts = [
  phase('k8s-kube-apiserver', 'upgrade kube-apiserver, one machine at a time', () => import('./scripts/phases/k8s-kube-apiserver.ts')),
  phase('k8s-kube-controller-manager', 'upgrade kube-controller-manager, one machine at a time', () => import('./scripts/phases/k8s-kube-controller-manager.ts')),
  phase('k8s-kube-scheduler', 'upgrade kube-scheduler, one machine at a time', () => import('./scripts/phases/k8s-kube-scheduler.ts')),
  phase('k8s-kubelet', 'upgrade the kubelets, one machine at a time', () => import('./scripts/phases/k8s-kubelet.ts')),
];
const etcdDefrag = phase('etcd-defrag', 'defragment etcd, one member at a time', () => import('./scripts/phases/etcd-defrag.ts'));
const nodePreflight = phase('node-preflight', 'whether the cluster can take the machine', () => import('./scripts/phases/node-preflight.ts'));
const confirmAdd: CheckpointStep<Cx> = { kind: 'checkpoint', name: 'confirm', title: 'whether to add it', ask: async (cx) => (await import('./scripts/phases/node-preflight.ts')).askAdd(cx) };
const etcdJoined = phase('etcd-joined', 'wait for every control plane to be a member of etcd', () => import('./scripts/phases/etcd-joined.ts'));
const confirmReplace: CheckpointStep<Cx> = { kind: 'checkpoint', name: 'confirm', title: 'the point of no return', ask: async (cx) => (await import('./scripts/phases/node-gone.ts')).askReplace(cx) };
const nodeGone = phase('node-gone', 'take the old machine out of the cluster', () => import('./scripts/phases/node-gone.ts'));
const nodeReplaced = phase('node-replaced', 'the replacement is over', () => import('./scripts/phases/node-replaced.ts'));
const join = [preflight, nodePreflight, confirmAdd, talosApply, etcdJoined, nodesRegistered, nodesReady];
const NODE: Variable = { summary: 'only these machines: names, with commas; default all' };
const ONE_NODE: Variable = { summary: 'which machine: its name in talos/clusters', required: true };
const DRAIN: Variable = { summary: 'how long a node may take to be drained', default: '10m' };
const oneCluster = { CLUSTER: ONE_CLUSTER, TARGET };
/** What the gates between machines refuse, and is accepted by name. */
const GATES = ['drain-deadline', 'unready-nodes', 'lose-quorum', 'change-freeze'];
const TURN_OVERRIDE: Variable = { summary: 'what would be refused otherwise, journalled', values: GATES };

// Namespaces, secrets and definitions need only the API: they are applied while the nodes still register (docs/decisions/0008).
const talos = [talosApply, etcdBootstrap, kubeconfig, apiReady];
const create = [preflight, ...talos, prerequisites, crds, nodesRegistered, core, nodesReady, flux, layers, mesh, healthy];

const createDetails = [
  'Bare machines to a healthy, Flux-managed cluster. Each step asks the world first and does only what is missing, so running it again goes on from where it stopped, and running it on a healthy cluster changes nothing.',
  'With CLUSTER=all the clusters are made side by side; one that fails does not stop the others.',
];

// The rehearsal: create and destroy themselves, with what proves them around.
const readiness = phase('readiness', 'whether everything that is destroyed can come back', () => import('./scripts/phases/dr-gate.ts'));
const fingerprintBefore = phase('fingerprint-before', 'what the cluster is, before it goes', () => import('./scripts/phases/dr-fingerprint-before.ts'));
const sentinels = phase('sentinels', 'mark every data set, and back it up', () => import('./scripts/phases/dr-sentinels.ts'));
const drFreeze = phase('freeze', 'suspend Flux and silence what would call people', () => import('./scripts/phases/dr-freeze.ts'));
const confirmRehearsal: CheckpointStep<Cx> = { kind: 'checkpoint', name: 'confirm', title: 'the point of no return', ask: async (cx) => (await import('./scripts/phases/dr-confirm.ts')).askRehearsal(cx) };
const confirmRebuild: CheckpointStep<Cx> = { kind: 'checkpoint', name: 'rebuild', title: 'whether to build again', ask: async (cx) => (await import('./scripts/phases/dr-confirm.ts')).askRebuild(cx) };
const dataGate = phase('data-gate', 'what became of every data set, and from when it is', () => import('./scripts/phases/dr-data-gate.ts'));
const sentinelsAfter = phase('sentinels-after', 'read every mark back', () => import('./scripts/phases/dr-sentinels-after.ts'));
const idempotent = phase('idempotent', 'that a second create writes nothing', () => import('./scripts/phases/dr-second-create.ts'));
const fingerprintAfter = phase('fingerprint-after', 'what came back, compared with what was there', () => import('./scripts/phases/dr-fingerprint-after.ts'));
const unfreeze = phase('unfreeze', 'put back what was frozen', () => import('./scripts/phases/dr-unfreeze.ts'));
const verdict = phase('verdict', 'whether everything came back as it had to', () => import('./scripts/phases/dr-verdict.ts'));

const rehearsal: readonly Stage[] = [
  { name: 'prepare', title: 'bring up what is not there', only: 'lab', steps: once(named('first:', create)) },
  { name: 'readiness', title: 'can it be afforded', steps: once([readiness]) },
  { name: 'before', title: 'what is there', steps: once([fingerprintBefore, sentinels, evidence]) },
  { name: 'freeze', title: 'freeze, and ask', steps: once<PhaseStep<Cx, Snapshot> | CheckpointStep<Cx>>([drFreeze, confirmRehearsal]) },
  { name: 'destroy', title: 'destroy, and prove it', steps: once([wipe, destroyed]) },
  { name: 'rebuild', title: 'build again', first: once([confirmRebuild]), steps: create },
  { name: 'data', title: 'what data came back', steps: [dataGate, sentinelsAfter] },
  { name: 'again', title: 'a second create', steps: [...named('again:', create), idempotent] },
  { name: 'after', title: 'compare, put back, judge', steps: [fingerprintAfter, unfreeze], last: [verdict] },
];

const tasks = {
  'cluster:create': steps({ aliases: ['bootstrap:bootstrap'], fixedAliases: { 'bootstrap:infra': { CLUSTER: 'infra' }, 'bootstrap:apps': { CLUSTER: 'apps' } }, summary: 'Create a cluster from bare machines, or go on with it', details: createDetails, variables: { ...onCluster, ...DATA }, steps: create }),
  'cluster:create-infra': steps({ summary: 'cluster:create CLUSTER=infra', details: createDetails, variables: { ...onCluster, ...DATA }, fixed: { CLUSTER: 'infra' }, steps: create }),
  'cluster:create-apps': steps({ summary: 'cluster:create CLUSTER=apps', details: createDetails, variables: { ...onCluster, ...DATA }, fixed: { CLUSTER: 'apps' }, steps: create }),
  'cluster:destroy': steps({
    aliases: ['talos:reset-cluster'], fixedAliases: { 'cluster:destroy-infra': { CLUSTER: 'infra' }, 'cluster:destroy-apps': { CLUSTER: 'apps' } }, summary: 'Wipe a cluster: every machine back to maintenance, proven, data disks clean', variables: { ...onCluster, OVERRIDE: { summary: 'what may be missing all the same, journalled', values: ['no-snapshot'] }, ACCEPT: { summary: 'ids of dr:readiness, with commas, that may be as they are' } },
    details: [
      'Proves whose machines these are, asks whether its declared data can come back (dr:readiness; what cannot is accepted by name), saves an etcd snapshot, asks for the name of each cluster, suspends Flux (nothing is pruned), lets control planes leave etcd while there is a quorum, wipes STATE, EPHEMERAL and the data disks, and asks the machines themselves for the proof.',
      'Without a terminal: --confirm=NAME for each cluster. Interrupted, it goes on from where it stopped. Other clusters and their files are not touched.',
    ],
    steps: [destroyPreflight, canComeBack, evidence, confirmDestroy, freeze, wipe, destroyed],
  }),
  'cluster:shutdown': steps({ aliases: ['talos:shutdown-cluster'], summary: 'Power a cluster off, with all its data kept', variables: onCluster, steps: [confirmShutdown, shutdown] }),
  'cluster:preflight': steps({ aliases: ['bootstrap:preflight'], summary: 'What would refuse a create, all of it at once', variables: onCluster, steps: [preflight], writes: false }),
  'cluster:health': answer({ aliases: ['bootstrap:phase:3', 'bootstrap:validate', 'cluster:layer:5-validation', 'validate:all'], summary: 'Is the cluster well, and if not, what is the cause', details: ['Exit 0 healthy, 1 not healthy, 2 cannot tell. --watch looks again whenever something changes.'], variables: onCluster }, () => import('./scripts/phases/cluster-health.ts')),
  'cluster:status': answer({ aliases: ['bootstrap:status', 'cluster:list-nodes', 'bootstrap:list-crds'], fixedAliases: { 'cluster:status-infra': { CLUSTER: 'infra' }, 'cluster:status-apps': { CLUSTER: 'apps' } }, summary: 'Machines, etcd, nodes and Flux at a glance', variables: onCluster }, () => import('./scripts/phases/cluster-status.ts')),
  'cluster:adopt': answer({
    summary: 'The first run against a cluster that exists: is it ours, and what differs from the repository', details: ['Proves by certificates that it is the cluster the secrets belong to, writes its talosconfig and kubeconfig here, and compares members, versions, nodes, configurations and core releases. Changes nothing in the cluster. Exit 0 nothing differs, 1 something, 2 not everything could be asked, 76 it is another cluster.'],
    variables: onCluster,
  }, () => import('./scripts/phases/cluster-adopt.ts')),
  'cluster:kubeconfig': answer({ aliases: ['talos:generate-kubeconfig'], summary: "Write the cluster's kubeconfig and talosconfig (0600) and say where", variables: { CLUSTER: ONE_CLUSTER, TARGET } }, () => import('./scripts/phases/cluster-kubeconfig.ts')),

  'bootstrap:talos': steps({ aliases: ['cluster:layer:1-talos', 'cluster:layer:2-kubernetes'], summary: 'Only the machines: configuration, etcd, API, nodes registered', variables: onCluster, steps: [preflight, ...talos, nodesRegistered] }),
  'bootstrap:crds': steps({ aliases: ['bootstrap:phase:0', 'bootstrap:phase:1', 'bootstrap:prereq', 'cluster:layer:3-crds'], fixedAliases: { 'bootstrap:infra-crds': { CLUSTER: 'infra' }, 'bootstrap:apps-crds': { CLUSTER: 'apps' } }, summary: 'Only namespaces, bootstrap secrets and custom resource definitions', variables: onCluster, steps: [apiReady, prerequisites, crds] }),
  'bootstrap:core': steps({ aliases: ['bootstrap:phase:2', 'cluster:layer:4-infrastructure'], summary: 'Only the core releases, from Cilium to the Flux instance', variables: onCluster, steps: [apiReady, core, nodesReady] }),
  'bootstrap:flux': steps({ summary: 'Only the handover: wait until Flux has brought up the tree', variables: onCluster, steps: [apiReady, flux] }),

  'flux:status': answer({ summary: 'Sources, Kustomizations and HelmReleases, in order of dependence', variables: onCluster }, () => import('./scripts/phases/flux-status.ts')),
  'flux:suspend': answer({ summary: 'Suspend Flux, and remember what was suspended', variables: { CLUSTER: ONE_CLUSTER, TARGET }, writes: true }, () => import('./scripts/phases/flux-suspend.ts')),
  'flux:resume': answer({ summary: 'Resume exactly what flux:suspend suspended', variables: { CLUSTER: ONE_CLUSTER, TARGET }, writes: true }, () => import('./scripts/phases/flux-resume.ts')),
  'flux:reconcile': answer({ aliases: ['kubernetes:reconcile'], summary: 'Fetch the source and reconcile the root Kustomization now', variables: { CLUSTER: ONE_CLUSTER, TARGET }, writes: true }, () => import('./scripts/phases/flux-reconcile.ts')),

  'etcd:snapshot': answer({ summary: 'Save an etcd snapshot with its hash, revision and key count', variables: { CLUSTER: ONE_CLUSTER, TARGET, FILE: { summary: 'where to; default in the run folder' } }, writes: true }, () => import('./scripts/phases/etcd-snapshot.ts')),
  'etcd:restore': steps({
    summary: 'Bring etcd back from a snapshot: quorum lost, or bare machines',
    details: [
      'Reads the snapshot to its end and compares it with what etcd:snapshot wrote beside it, proves whose machines these are, asks for the cluster\'s name, wipes etcd (EPHEMERAL) from all control planes at once, installs what is bare, bootstraps from the snapshot once, and compares what came back.',
      'Everything written since the snapshot is thrown away, so an etcd that is well is refused. Without a terminal: --confirm=NAME. Interrupted, it goes on from where it stopped.',
    ],
    variables: {
      CLUSTER: ONE_CLUSTER, TARGET, SNAPSHOT: { summary: 'the file etcd:snapshot wrote', required: true },
      OVERRIDE: { summary: 'what would be refused otherwise, journalled', values: ['healthy-etcd', 'raw-database'] },
    },
    steps: [restorePreflight, confirmRestore, etcdWipe, talosApply, etcdBootstrap, kubeconfig, apiReady, nodesRegistered, restored],
  }),

  'etcd:status': answer({ summary: 'Members of etcd, who leads, how large it is and how much of that is unused', details: ['Exit 0 well, 1 not well, 2 cannot tell.'], variables: onCluster }, () => import('./scripts/phases/etcd-status.ts')),
  'etcd:defrag': steps({
    summary: 'Give back what deletions left in the files of etcd, one member at a time', details: ['Only members of which that much is unused, the leader last; every member is well before and after each.'],
    variables: { ...oneCluster, UNUSED: { summary: 'from which share on, in percent', default: '30' } }, steps: [machinesPreflight, etcdDefrag],
  }),

  'talos:diff': answer({ summary: 'What talos:apply would change on each machine, and whether that takes a reboot', details: ['Asks the machines themselves (a dry-run apply). Values of secrets are masked. Exit 0 no differences, 1 some, 2 a machine could not be asked.'], variables: { ...onCluster, NODE } }, () => import('./scripts/phases/talos-diff.ts')),
  'talos:generate': answer({
    summary: 'The machine configurations as they would be applied, without secrets', details: ['On the screen secrets are always left out. FOLDER writes files for their owner alone, without secrets unless REVEAL=true.'],
    variables: { ...oneCluster, NODE, FOLDER: { summary: 'write NAME.yaml there' }, REVEAL: { summary: 'with secrets, into files alone', values: ['true', 'false'] } },
  }, () => import('./scripts/phases/talos-generate.ts')),
  'talos:secrets': answer({
    summary: 'Does the secrets bundle of a cluster hold together; with FILE a new one', details: ['Exit 0 it does, 1 a part of it does not. FILE takes a new bundle for a cluster that has none, readable by its owner alone, to be put where the cluster file says. No value is ever shown.'],
    variables: { ...oneCluster, FILE: { summary: 'write a new bundle there' }, OVERRIDE: { summary: 'what would be refused otherwise', values: ['new-secrets'] } },
  }, () => import('./scripts/phases/talos-secrets.ts')),
  'talos:certs': answer({
    summary: 'When certificates end, those of our files, machines, API and authorities', details: ['Exit 0 all last, 1 one ends within DAYS, 2 one could not be seen. RENEW=true makes talosconfig and kubeconfig anew. Authorities are not rotated here.'],
    variables: { ...onCluster, DAYS: { summary: 'how many days a certificate has to last', default: '30' }, RENEW: { summary: 'make the ones in our files anew', values: ['true', 'false'] } },
  }, () => import('./scripts/phases/talos-certs.ts')),
  'talos:discover': answer({
    summary: 'Machines in maintenance mode, their disks and cards, as a draft of a cluster file', details: ['Asks the addresses of the cluster file, and ADDRESSES beside them. Changes nothing. Exit 1 when none is there.'],
    variables: { ...oneCluster, ADDRESSES: { summary: 'further addresses, with commas' } },
  }, () => import('./scripts/phases/talos-discover.ts')),
  'talos:support': answer({
    summary: 'What somebody who helps needs to see of a cluster, in one file without secrets', details: ['Versions, services and their last words, etcd, nodes, events. Configurations and Secrets are never read, known secrets are taken out of every text. With RECIPIENT only that key of age opens it. Exit 2 when a machine could not be asked.'],
    variables: { ...oneCluster, NODE, FILE: { summary: 'where to; default in the run folder' }, RECIPIENT: { summary: 'a public key of age: age1...' } }, writes: true,
  }, () => import('./scripts/phases/talos-support.ts')),
  'talos:schematic': answer({ summary: 'What the machines boot with, and the id the image factory knows it by', details: ['Computed from talos/schematic.yaml; nobody is asked.'], variables: {} }, () => import('./scripts/phases/talos-schematic.ts')),
  'talos:iso': answer({
    summary: 'Where to get what machines boot from, by our schematic and pinned Talos', details: ['Nothing is downloaded. FILE tells the digest of an image that was, and compares it with SHA256.'],
    variables: { ARCH: { summary: 'of the machines', default: 'amd64', values: ['amd64', 'arm64'] }, FILE: { summary: 'an image that was downloaded' }, SHA256: { summary: 'the digest it has to have' } },
  }, () => import('./scripts/phases/talos-iso.ts')),
  'talos:apply': steps({
    summary: 'Bring the configuration to machines that run, one at a time', aliases: ['talos:apply-node', 'talos:re-apply-node'],
    details: ['Live where the machine can take it up so; else drained and rebooted, with etcd and every node well before the next. A run that was interrupted goes on.'],
    variables: { ...oneCluster, NODE, DRAIN, OVERRIDE: TURN_OVERRIDE, MODE: { summary: 'no-reboot refuses what takes one, staged leaves it for the next boot', default: 'auto', values: ['auto', 'no-reboot', 'staged'] } },
    steps: [machinesPreflight, confirmApply, talosReconfigure],
  }),
  'talos:reboot': steps({
    aliases: ['talos:reboot-node'], summary: 'Reboot machines, drained, one at a time', details: ['A round that was interrupted goes on with the machines that have not had their turn.'],
    variables: { ...oneCluster, NODE, DRAIN, OVERRIDE: TURN_OVERRIDE }, steps: [machinesPreflight, confirmReboot, talosReboot],
  }),
  'talos:reset': steps({
    summary: 'Take one machine out of its cluster and wipe it', aliases: ['talos:reset-node'],
    details: ["Drains it, lets it leave etcd while the others have a quorum, wipes STATE, EPHEMERAL and its data disks, and removes its node. Asks for the machine's name; without a terminal: --confirm=NAME."],
    variables: { ...oneCluster, NODE: ONE_NODE, DRAIN, OVERRIDE: TURN_OVERRIDE }, steps: [confirmReset, talosReset],
  }),
  'talos:node-add': steps({
    summary: 'Install a bare machine of the cluster file into a cluster that runs', details: ['Proves that it is that machine by its disks or cards and that its disks are clean, and waits until it is a member of etcd (a control plane) and a node that is Ready.'],
    variables: { ...oneCluster, NODE: ONE_NODE, OVERRIDE: TURN_OVERRIDE }, steps: join,
  }),
  'talos:node-replace': steps({
    summary: 'Take a machine out, whatever is left of it, and install the one that takes its place',
    details: [
      "One that runs is drained, leaves etcd and is wiped; of one that is dead its membership and its node are removed, and the task waits to be run again once the new machine answers. Asks for the machine's name; without a terminal: --confirm=NAME.",
      'New hardware has other disks and cards: talos:discover shows them for the cluster file. Interrupted, it goes on and wipes nothing twice.',
    ],
    variables: { ...oneCluster, NODE: ONE_NODE, DRAIN, OVERRIDE: TURN_OVERRIDE }, steps: [confirmReplace, nodeGone, ...join.filter((step) => step !== confirmAdd), nodeReplaced],
  }),
  'talos:upgrade': steps({
    summary: 'Bring every machine to the pinned Talos, one at a time',
    details: [
      'The version is the one of bootstrap/versions.yaml, the installer the one of talos/patches. Refuses what Talos does not support (more than a minor, a Kubernetes it does not run, a way back), saves etcd, pulls the installer onto every machine, and then takes one after the other: drained, upgraded, everything whole again before the next.',
      'A machine that does not boot the new system falls back by itself; one on which etcd or its node do not come up is rolled back; either stops the task with the others untouched. Killed at any point, the same command goes on.',
    ],
    variables: { ...oneCluster, DRAIN, ROLLBACK: { summary: 'never: leave a machine that is not well on the new system', default: 'auto', values: ['auto', 'never'] }, OVERRIDE: { ...TURN_OVERRIDE, values: [...GATES, 'unknown-talos'] } },
    steps: [upgradePreflight, confirmUpgrade, snapshot, talosInstaller, talosUpgrade],
  }),
  'talos:upgrade-k8s': steps({
    summary: 'Bring every part of Kubernetes to the pinned version', aliases: ['kubernetes:upgrade'],
    details: [
      'The version is the one of bootstrap/versions.yaml. Refuses what the skew policy or Talos do not support, saves etcd, pulls every image first, then goes part by part: API servers, controller managers, schedulers, kubelets; machine by machine, each up before the next. No machine reboots.',
      'What it changes is the image in the configuration of each machine, to exactly what talos:apply would write. Killed at any point, the same command goes on.',
    ],
    variables: { ...oneCluster, OVERRIDE: { summary: 'what would be refused otherwise, journalled', values: ['unready-nodes', 'change-freeze'] } },
    steps: [k8sPreflight, confirmK8s, snapshot, k8sImages, ...k8sParts],
  }),

  'op:clustermesh': answer({
    summary: "The authority all clusters of the mesh share: the live Secret's, kept in 1Password", details: ['Compares the Secret kube-system/cilium-ca of a cluster with the item bootstrap/secrets.yaml names, and makes the item where there is none. Another authority in it is never overwritten. Exit 0 equal or made, 76 two authorities.'],
    fixedAliases: { 'op:clustermesh:infra': { CLUSTER: 'infra' }, 'op:clustermesh:apps': { CLUSTER: 'apps' } }, variables: oneCluster, writes: true,
  }, () => import('./scripts/phases/op-clustermesh.ts')),

  'dr:rehearse': staged({
    summary: 'Rehearse disaster: destroy, build again, prove what came back, with a report', aliases: ['dr:resume'],
    details: [
      'Asks whether everything can come back (dr:readiness), marks every data set and backs it up, suspends Flux, asks for the name of each cluster, wipes the machines and proves it, builds the platform again by the steps of cluster:create with its data restored, reads the marks, creates a second time (which must write nothing), compares what is there with what was, and writes a report with its evidence. Exit 0 green, 1 red; everything else says what to do next.',
      'Running it again goes on with a rehearsal that is not over, however it was stopped. Without a terminal on site: --confirm=NAME for each cluster and --yes, or POLICY.',
    ],
    variables: {
      CLUSTER: ALL_CLUSTERS, TARGET,
      RUN: { summary: 'new: leave an unfinished rehearsal as it is and start another; or the beginning of the id of one to go on with' },
      ACCEPT: { summary: 'ids of dr:readiness, with commas, that may be as they are' },
      UNTIL: { summary: 'stop after this stage; the same command without it goes on' }, FROM: { summary: 'begin with this stage; refused when the world does not bear it out' },
      POLICY: { summary: 'a file that answers the checkpoints: who allowed what, in which window' },
    },
    labData: true, stages: rehearsal, ending: () => import('./scripts/phases/dr-ending.ts'),
  }),

  'dr:readiness': answer({ summary: 'Can we afford to destroy: everything a rebuild needs, asked now', details: ['Takes an etcd snapshot, restores every backup beside its data set and removes both. Exit 0 ready, 1 not ready, 2 cannot tell; ACCEPT names what you can live with.'], variables: { CLUSTER: ALL_CLUSTERS, TARGET, ACCEPT: { summary: 'ids of the table, with commas, that may be as they are' } }, writes: true, labData: true }, () => import('./scripts/phases/dr-readiness.ts')),
  'dr:report': answer({ summary: 'The report of a rehearsal, made anew from its folder', details: ['In a few lines; with FORMAT in full on standard output; with FILE into a file (its ending says the format). The sealed one in the run folder is never touched. RUN is an id, the beginning of one, last, or the path of a folder.'], variables: { RUN: REHEARSAL, FORMAT: { summary: 'which form', values: ['html', 'md', 'junit', 'json'] }, FILE: { summary: 'where to' } }, configuration: 'optional' }, () => import('./scripts/phases/dr-report.ts')),
  'dr:verify': answer({ summary: 'Is the evidence of a rehearsal what was sealed then', details: ['Chain, seal, signature, and whether the report says what the records say. Exit 0 proven by DIGEST or SIGNERS, 1 something was changed, 2 nothing from outside the folder to hold it against.'], variables: { RUN: REHEARSAL, DIGEST: { summary: 'the digest that was printed at its end: sha256:...' }, SIGNERS: { summary: "a file of who may sign (ssh-keygen's allowed signers)" } }, configuration: 'optional' }, () => import('./scripts/phases/dr-verify.ts')),
  'dr:compare': answer({ summary: 'What is different between two rehearsals of one kind', details: ['Times by stage, data loss, sentinels, fingerprints. Rehearsals on another kind of target, engine or speed are not compared (64).'], variables: { A: { summary: 'the one', required: true }, B: { summary: 'and the other', default: 'last' } }, configuration: 'optional' }, () => import('./scripts/phases/dr-compare.ts')),
  'dr:restore-one': answer({ summary: 'The small drill: one data set restored beside itself, read, and removed', variables: { CLUSTER: ONE_CLUSTER, TARGET, DATASET: { summary: 'its name in bootstrap/dr.yaml', required: true } }, writes: true, labData: true }, () => import('./scripts/phases/dr-restore-one.ts')),

  'runs:list': answer({ summary: 'Runs of this folder, newest first: what, when, how long, how they ended', variables: {}, configuration: 'optional' }, () => import('./scripts/phases/runs-list.ts')),
  'runs:show': answer({ summary: 'One run: phases, waits and their reasons, commands, where it stopped', details: ['RUN is an id of runs:list, the beginning of one, or last. Exit 76 when its journal was changed after it was written: only what is before is shown.'], variables: { RUN }, configuration: 'optional' }, () => import('./scripts/phases/runs-show.ts')),
  'runs:export': answer({ summary: 'A run as an OpenTelemetry trace, to a collector or into a file', details: ['Sends OTLP over HTTP as JSON to OTEL_EXPORTER_OTLP_ENDPOINT (with OTEL_EXPORTER_OTLP_HEADERS), or writes the same to FILE. Spans are the run, its clusters, their phases and commands; arguments of commands are left out.'], variables: { RUN, FILE: { summary: 'write the trace there instead of sending it' } }, configuration: 'optional' }, () => import('./scripts/phases/runs-export.ts')),

  'lab:up': answer({ summary: 'Bring up the lab: simulated machines, bare, powered on', variables: { LAB_SPEED }, configuration: 'optional' }, () => import('./scripts/phases/lab-up.ts')),
  'lab:down': answer({ summary: 'End the lab and forget its clusters', variables: {}, configuration: 'optional' }, () => import('./scripts/phases/lab-down.ts')),
  'lab:status': answer({ summary: 'What the lab simulates now, its clock, machines and faults', variables: {}, configuration: 'optional' }, () => import('./scripts/phases/lab-status.ts')),
  'lab:faults': answer({ summary: 'Faults the lab can cause, each with symptom and expected outcome', variables: {}, configuration: 'optional' }, () => import('./scripts/phases/lab-faults.ts')),
  'lab:break': answer({ summary: 'Cause a fault in the lab', variables: { FAULT: { summary: 'its name, from lab:faults', required: true }, CLUSTER: { summary: 'which cluster', values: 'clusters' }, MACHINE: { summary: 'which machine, where the fault is of one' }, OBJECT: { summary: 'namespace/name, where the fault is of an object' } }, configuration: 'optional' }, () => import('./scripts/phases/lab-break.ts')),
  'lab:heal': answer({ summary: 'End a fault, or every fault', variables: { FAULT: { summary: 'its name; all when not given' }, CLUSTER: { summary: 'only in this cluster', values: 'clusters' } }, configuration: 'optional' }, () => import('./scripts/phases/lab-heal.ts')),

  'manifests:validate': answer({
    aliases: ['kubernetes:validate'], summary: 'Everything a cluster would complain about in a tree of Flux, before there is a cluster',
    details: [
      'Follows the entry points as the controllers do (Kustomizations, components, patches, variables, charts) and asks every rule of manifests:rules. Any repository will do: ROOT=path ENTRY=kubernetes/flux/cluster. What a tree cannot say of itself stands in its .manifests.yaml (docs/manifests.md).',
      'Exit 0 nothing wrong (warnings alone are nothing wrong), 1 an error, 2 something could not be checked. FIX=true mends what says how to mend it, with --dry-run only shows the diff. --watch looks again whenever a file is saved.',
    ],
    variables: {
      ...MANIFESTS,
      ONLY: { summary: 'rules, groups of rules or paths, with commas' },
      FORMAT: { summary: 'in which form, default text', values: ['text', 'json', 'sarif', 'junit', 'github'] },
      FILE: { summary: 'write the form there; its ending says which (.sarif, .xml, .json)' },
      FIX: { summary: 'mend what says how to mend it', values: ['true', 'false'] },
    },
    configuration: 'optional',
  }, () => import('./scripts/phases/manifests-validate.ts')),
  'manifests:build': answer({
    summary: 'What the controllers would apply, in order, the same on every machine',
    details: [
      'YAML with a comment for each Kustomization; values of Secrets are masked, variables only the cluster knows stay as their names. All of what is asked for, or nothing and the reasons why.',
      'Exit 0 built, 1 a Kustomization cannot be built, 2 with RENDER=true when a chart is not to be had.',
    ],
    variables: {
      ...MANIFESTS,
      KS: { summary: 'only this Kustomization: name or namespace/name' },
      RENDER: { summary: 'also what charts make of their releases', values: ['true', 'false'] },
      FORMAT: { summary: 'in which form', default: 'yaml', values: ['yaml', 'json'] },
      FILE: { summary: 'write it there' },
    },
    configuration: 'optional',
  }, () => import('./scripts/phases/manifests-build.ts')),
  'manifests:diff': answer({
    summary: 'What a change of files changes in the clusters, why, and what is lost',
    details: [
      'REF is any name of a commit; with three dots behind it (main...) it is where HEAD left it. Nothing is checked out. Deletions that take data along, fields that cannot be changed, and what pruning does are told first.',
      'Exit 0 whether there is a difference or not, 1 when a side cannot be built everywhere, 2 with RENDER=true when a chart that changes is not to be had.',
    ],
    variables: {
      ...MANIFESTS,
      REF: { summary: 'what to compare with', default: 'main' },
      HEAD: { summary: 'what is compared: a name of a commit, or the working tree', default: 'worktree' },
      RENDER: { summary: 'also what charts make of their releases', values: ['true', 'false'] },
      FORMAT: { summary: 'in which form', default: 'text', values: ['text', 'markdown', 'json'] },
      FILE: { summary: 'write it there; its ending says which form (.md, .json)' },
    },
    configuration: 'optional',
  }, () => import('./scripts/phases/manifests-diff.ts')),
  'manifests:graph': answer({
    summary: 'What a tree is made of, what waits for what, and the longest chain',
    details: ['text is for the terminal, mermaid for a page of GitHub, svg a drawing that stands alone, json for programs. With RENDER=true charts are looked into for the definitions they bring.'],
    variables: {
      ...MANIFESTS,
      FOCUS: { summary: 'only what has to do with this one: a Kustomization or HelmRelease, name or namespace/name' },
      RENDER: { summary: 'also look into charts', values: ['true', 'false'] },
      FORMAT: { summary: 'in which form', default: 'text', values: ['text', 'mermaid', 'svg', 'json'] },
      FILE: { summary: 'write it there; its ending says which form (.svg, .mmd, .md, .json)' },
    },
    configuration: 'optional',
  }, () => import('./scripts/phases/manifests-graph.ts')),
  'manifests:explain': answer({
    summary: 'What made an object and each of its fields what they are',
    details: ['Shows every field that is not simply written in its own file; FIELD one of them and what is below it, --verbose all. With RENDER=true also objects that charts make, and which values their templates read. 64 when there is no such object or field, with what is near.'],
    variables: {
      ...MANIFESTS,
      OBJECT: { summary: '[Kind/]namespace/name, or Kind/name for what has no namespace', required: true },
      FIELD: { summary: 'one field: .spec.replicas, .data["values.yaml"], .spec.containers[app].image; of a HelmRelease also .values.x' },
      RENDER: { summary: 'also what charts make', values: ['true', 'false'] },
    },
    configuration: 'optional',
  }, () => import('./scripts/phases/manifests-explain.ts')),
  'manifests:rules': answer({ summary: 'Every rule of manifests:validate: what holds, and what goes wrong otherwise', variables: { RULE: { summary: 'only this one, in full' } }, configuration: 'optional' }, () => import('./scripts/phases/manifests-rules.ts')),

  doctor: answer({
    summary: 'Is this machine fit to operate from: Node, tools, files, secrets, names, clocks, certificates, locks', details: ['Exit 0 fit, 1 not, 2 cannot tell. Every finding that is not well says what to do next.'],
    variables: { TARGET, CHECK: { summary: 'only this one', values: ['node', 'memory', 'disk', 'files', 'configuration', 'repository', 'tools', 'secrets', 'dns', 'clocks', 'certificates', 'locks', 'lab'] } }, configuration: 'optional',
  }, () => import('./scripts/phases/doctor.ts')),
  'tools:check': answer({ summary: 'Which binary, version and origin each tool has, against the pins', variables: { TARGET }, configuration: 'optional' }, () => import('./scripts/phases/tools-check.ts')),
  'tools:install': answer({ summary: 'Build a pinned tool from toolchain/ into the user cache', variables: { TOOL: { summary: 'which one: a folder of toolchain/', required: true } }, configuration: 'optional' }, () => import('./scripts/phases/tools-install.ts')),

  'ci:title': answer({ summary: "Does a pull request's title begin with the id of its story", variables: { TITLE: { summary: 'the title', required: true }, AUTHOR: { summary: 'who opened it; bots have no stories' } }, configuration: 'optional' }, () => import('./scripts/phases/ci-title.ts')),
  'ci:docs': answer({ summary: 'Does every task the documents and workflows tell to type exist', variables: {}, configuration: 'optional' }, () => import('./scripts/phases/ci-docs.ts')),
  'ci:bootstrap': answer({ summary: 'A dry run of cluster:create as Markdown: phases, definitions, releases', details: ['Exit 2 when a chart or a manifest at its pin is not to be had, so that the definitions cannot be counted.'], variables: { CLUSTER: ALL_CLUSTERS, TARGET, DRY_RUN: { summary: 'the file that cluster:create --dry-run --json was written to', required: true } } }, () => import('./scripts/phases/ci-bootstrap.ts')),

  bench: answer({ summary: 'Measure start-up, manifests, create, big clusters and watching against their goals, as ratios in one run', details: ['manifests:build is measured beside flux-local (PyPI; Python 3.13, kustomize and flux are needed) on the same files. Exit 1 when a goal is missed, 2 when something could not be measured.'], variables: { ONLY: { summary: 'measure only this', values: ['start-up', 'manifests', 'clusters'] } }, configuration: 'optional' }, () => import('./scripts/phases/bench.ts')),
  check: answer({ summary: 'Ready to commit: types, lint, arrows, lock file', variables: {}, configuration: 'optional' }, () => import('./scripts/phases/check.ts')),
  test: answer({ summary: 'Run the tests', variables: { ONLY: { summary: 'files or folders below test/ to run' } }, configuration: 'optional' }, () => import('./scripts/phases/run-tests.ts')),
} satisfies Taskfile;

export default tasks;
