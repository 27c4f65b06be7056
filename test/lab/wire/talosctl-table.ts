/** What the real talosctl is held to against the lab's machines, in this order. docs/lab.md lists the commands; talosctl.test.ts compares. */
import { join } from 'node:path';
import type { Rig } from './rig.ts';

export interface Row {
  /** As docs/lab.md shows it. */
  readonly shown: string;
  /** What is to be seen, as docs/lab.md tells it. */
  readonly tells: string;
  readonly argv: (rig: Rig) => readonly string[];
  /** Through which machine, 1 unless told; `maintenance` dials without certificates. */
  readonly through?: number | 'maintenance';
  /** On which machines; that which is dialled unless told. */
  readonly on?: readonly number[];
  readonly code?: number;
  /** In stdout and stderr together. */
  readonly says?: RegExp;
  /** Held before the command is run. */
  readonly after?: (rig: Rig) => Promise<void>;
  /** Goes on by itself: it is ended when it has said what it should. */
  readonly stops?: true;
}
const words = (text: string) => (): readonly string[] => text.split(' ');
const row = (shown: string, tells: string, more: Omit<Row, 'shown' | 'tells' | 'argv'> & { readonly argv?: Row['argv'] } = {}): Row => ({ shown, tells, argv: words(shown), ...more });
const insecure = (shown: string, tells: string, more: Partial<Row> = {}): Row => row(shown, tells, { through: 'maintenance', argv: words(shown), ...more });
const up = (n: number) => (rig: Rig): Promise<void> => rig.when(() => rig.machine(n).face() === 'installed', `machine ${n} is up`);

/** Machines as they come. */
export const BARE: readonly Row[] = [
  insecure('version --insecure', 'refused: a machine in maintenance has no such call', { code: 1, says: /Unimplemented desc = API is not implemented in maintenance mode/ }),
  insecure('get disks --insecure', 'the disks', { says: /sda .*Samsung SSD 860/ }),
  insecure('get links --insecure -o json', 'links with their MAC', { says: /"hardwareAddr": "f8:f2:1e:20:11/ }),
  insecure('get discoveredvolumes --insecure', 'what is on the disks', { says: /nvme0n1/ }),
  insecure('get addresses --insecure', 'addresses', { says: /10\.25\.11\.11\/24/ }),
  insecure('get machineconfig --insecure', 'refused: it holds secrets', { code: 1, says: /PermissionDenied desc = not authorized/ }),
  insecure('wipe disk nvme0n1 --insecure', 'clears a disk'),
  insecure('wipe disk sdx --insecure', 'refused: there is no such disk', { code: 1, says: /NotFound desc = blockdevice "sdx" not found/ }),
  insecure('apply-config --insecure -f FILE --mode staged', 'refused: a mode maintenance does not have', { argv: (rig) => ['apply-config', '--insecure', '-f', rig.file(1), '--mode', 'staged'], code: 1, says: /--mode='staged' is not supported in maintenance mode/ }),
  insecure('apply-config --insecure -f FILE --dry-run', 'what would be done', { argv: (rig) => ['apply-config', '--insecure', '-f', rig.file(1), '--dry-run'], says: /does not have a config yet/ }),
  insecure('apply-config --insecure -f FILE', 'installs', { argv: (rig) => ['apply-config', '--insecure', '-f', rig.file(1)] }),
];

/** A control plane that was just installed. */
export const YOUNG: readonly Row[] = [
  row('etcd members', 'refused before the bootstrap', { code: 1, says: /failed to create etcd client/ }),
  row('bootstrap', 'makes the first member of etcd', { after: (rig) => rig.when(() => rig.cluster.now() > rig.machine(1).state.bootedAt + 5_000, 'it may be bootstrapped') }),
  row('bootstrap (again)', 'refused: there is data', { argv: words('bootstrap'), code: 1, says: /AlreadyExists desc = etcd data directory is not empty/ }),
  row('bootstrap (on a worker)', 'refused', { argv: words('bootstrap'), on: [4], code: 1, says: /bootstrap can only be performed on a control plane node/, after: (rig) => rig.when(() => rig.cluster.now() > rig.machine(4).state.bootedAt + 5_000, 'the worker has booted') }),
];

/** A cluster whose nodes are Ready. */
export const GROWN: readonly Row[] = [
  row('version', 'the version of each node', { on: [1, 4], says: /NODE: +10\.25\.11\.14\n\tTag: +v1\.12\.0/ }),
  row('version (of a node that is not there)', 'what the others say, and a warning', { argv: words('version'), on: [1, 9], says: /WARNING: 1 error occurred:\n\t\* 10\.25\.11\.19: rpc error: code = Unavailable/ }),
  row('services', 'state and health of each service', { says: /etcd +Running +OK/ }),
  row('service kubelet', 'one service and its events', { says: /ID +kubelet\nSTATE +Running/ }),
  row('service kubelet restart', 'restarts it', { says: /Service "kubelet" restarted/ }),
  row('service apid restart', 'refused, as Talos does', { code: 1, says: /service "apid" doesn't support restart operation via API/ }),
  row('etcd members', 'the members', { says: /infra-03 +https:\/\/10\.25\.11\.13:2380/ }),
  row('etcd status', 'one row per control plane', { on: [1, 2, 3], says: /10\.25\.11\.13 +[0-9a-f]{16}/ }),
  row('etcd status (on a worker)', 'refused', { argv: words('etcd status'), on: [4], code: 1, says: /only available on control plane nodes/ }),
  row('etcd alarm list', 'nothing: there are none'),
  row('etcd alarm disarm', 'nothing to disarm'),
  row('etcd forfeit-leadership', 'another member leads'),
  row('etcd defrag', 'makes the database’s file anew'),
  row('etcd remove-member ID', 'refused: there is no such member', { argv: words('etcd remove-member 1234567890abcdef'), code: 1, says: /member not found/ }),
  row('etcd snapshot FILE', 'a database that etcd’s own check passes', { argv: (rig) => ['etcd', 'snapshot', join(rig.folder, 'etcd.db')], says: /snapshot info: hash [0-9a-f]{8}, revision [1-9]\d*, total keys [1-9]\d*, total size \d+/ }),
  row('kubeconfig FILE', 'an administrator’s kubeconfig', { argv: (rig) => ['kubeconfig', join(rig.folder, 'kubeconfig')] }),
  row('kubeconfig - (on a worker)', 'refused', { argv: words('kubeconfig -'), on: [4], code: 1, says: /kubeconfig is only available on control plane nodes/ }),
  row('get rd', 'every kind of resource', { says: /machinestatuses\.runtime\.talos\.dev .*ms/ }),
  row('get members', 'who belongs to the cluster', { says: /infra-04 +worker/ }),
  row('get ms -o yaml', 'stage and readiness', { says: /stage: running\n/ }),
  row('get hostname -o json', 'the host name', { says: /"hostname": "infra-01"/ }),
  row('get mc -o yaml', 'the configuration', { says: /clusterName: infra/ }),
  row('get systemdisk', 'the disk Talos is on', { says: /system-disk +1 +sda/ }),
  row('get discoveredvolumes', 'partitions and signatures', { says: /EPHEMERAL/ }),
  row('get disks', 'the disks', { says: /Samsung SSD 860/ }),
  row('get addresses', 'addresses', { says: /10\.25\.11\.11\/24/ }),
  row('get links', 'links', { says: /f8:f2:1e:20:11/ }),
  row('get nodename', 'the name in Kubernetes', { says: /infra-01/ }),
  row('get volumestatus', 'volumes', { says: /EPHEMERAL .*ready/ }),
  row('get nonsense', 'refused', { code: 1, says: /resource "nonsense" is not registered/ }),
  row('get ms absent', 'not found', { code: 1, says: /NotFound|doesn't exist/ }),
  row('patch mc -p PATCH', 'a change without a reboot', { argv: words('patch mc -p {"machine":{"sysctls":{"a.b":"1"}}}'), says: /Applied configuration without a reboot/ }),
  row('patch mc -p PATCH (again)', 'nothing to change', { argv: words('patch mc -p {"machine":{"sysctls":{"a.b":"1"}}}'), says: /Apply was skipped: no changes detected/ }),
  row('patch mc --mode try -p PATCH', 'a change that goes back by itself', { argv: words('patch mc --mode try -p {"machine":{"sysctls":{"a.b":"2"}}}'), says: /patched MachineConfigs/ }),
  row('patch mc --mode staged -p PATCH', 'a change for the next boot', { argv: words('patch mc --mode staged -p {"machine":{"sysctls":{"a.b":"3"}}}'), says: /Staged configuration to be applied after the next reboot/ }),
  row('apply-config -f FILE --dry-run', 'the difference', { argv: (rig) => ['apply-config', '-f', rig.file(1), '--dry-run'], says: /Config diff:[\s\S]*-machine\.sysctls\.a\.b/ }),
  row('apply-config -f FILE --mode no-reboot', 'applies', { argv: (rig) => ['apply-config', '-f', rig.file(1), '--mode', 'no-reboot'], says: /Applied configuration without a reboot/ }),
  row('apply-config -f FILE (of another cluster’s kind)', 'refused with every problem', { argv: (rig) => ['apply-config', '-f', join(rig.folder, 'talosconfig')], code: 1 }),
  row('health', 'every check of the cluster, from inside', { says: /waiting for all k8s nodes to report schedulable: OK/ }),
  row('health --server=false --k8s-endpoint API', 'the same checks, made by talosctl itself', { argv: (rig) => ['health', '--server=false', '--k8s-endpoint', `https://127.0.0.1:${rig.cluster.state.apiPort}`], says: /waiting for all k8s nodes to report schedulable: OK/ }),
  row('read /etc/hostname', 'a file', { says: /^infra-01$/m }),
  row('read /etc/nothing', 'refused', { code: 1, says: /no such file or directory/ }),
  row('ls -l /etc', 'a folder', { says: /hostname/ }),
  row('dmesg', 'the kernel’s log', { says: /10\.25\.11\.11: kern: +info: .*bootstrapping etcd/ }),
  row('logs etcd', 'a service’s log', { says: /Health check successful/ }),
  row('logs nobody', 'refused', { code: 1, says: /log "nobody" was not registered/ }),
  row('time', 'the clock', { says: /time\.cloudflare\.com/ }),
  row('memory', 'memory', { says: /10\.25\.11\.11 +64034/ }),
  row('containers', 'containers of Talos', { says: /kubelet .*RUNNING/ }),
  row('containers -k', 'containers of Kubernetes', { says: /kube-apiserver/ }),
  row('stats', 'what containers use', { says: /kubelet/ }),
  row('mounts', 'mounts', { says: /\/var/ }),
  row('processes', 'processes', { says: /\/sbin\/init/ }),
  row('image pull REF', 'pulls an image of Kubernetes', { argv: words('image pull registry.k8s.io/kube-apiserver:v1.34.5') }),
  row('image pull REF (that is nowhere)', 'refused', { argv: words('image pull example.io/nothing:v1'), code: 1, says: /failed to resolve reference/ }),
  row('image list', 'images', { says: /kube-apiserver:v1\.34\.4/ }),
  row('meta write 0x0a TEXT', 'writes META', { argv: words('meta write 0x0a hello') }),
  row('get meta', 'reads META', { says: /0x0a +1 +hello/ }),
  row('meta delete 0x0a', 'clears it'),
  row('config info', 'the talosconfig', { says: /Roles: +os:admin/ }),
  row('config new FILE --roles os:reader', 'a certificate of fewer rights', { argv: (rig) => ['config', 'new', join(rig.folder, 'reader'), '--roles', 'os:reader'] }),
  row('reboot (as a reader)', 'refused', { argv: (rig) => ['--talosconfig', join(rig.folder, 'reader'), 'reboot', '--wait=false'], code: 1, says: /PermissionDenied desc = not authorized/ }),
  row('events --tail 3', 'events, until it is stopped', { stops: true, says: /talos\/runtime\/machine\.(Service|Machine|Sequence)/ }),
  row('get ms -w', 'what is, and each change', { stops: true, says: /\+ +runtime +MachineStatus +machine/ }),
  row('dmesg -f', 'the kernel’s log as it grows', { stops: true, says: /bootstrapping etcd/ }),
  row('logs -f kubelet', 'a service’s log as it grows', { stops: true, says: /Health check successful/ }),
  row('support -O FILE', 'a bundle of everything', { argv: (rig) => ['support', '-O', join(rig.folder, 'support.zip')], says: /Support bundle is written/ }),
  row('wipe disk sda', 'refused: it is in use', { code: 1, says: /blockdevice "sda" is in use by volume/ }),
  row('wipe disk nvme0n1', 'clears a disk that nothing uses'),
  row('reboot', 'waits until the machine is ready again', { on: [4], says: /post check passed/ }),
  row('reboot --wait=false', 'only asks', { on: [4] }),
  row('upgrade --image REF', 'installs another version, and waits until it is ready', { argv: words('upgrade --image ghcr.io/siderolabs/installer:v1.12.1'), on: [4], says: /post check passed/, after: up(4) }),
  row('version (after the upgrade)', 'the new one', { argv: words('version --short'), on: [4], says: /Tag: +v1\.12\.1/ }),
  row('upgrade --image REF (that is nowhere)', 'refused before anything is done', { argv: words('upgrade --wait=false --image ghcr.io/siderolabs/installer:nothing'), on: [4], code: 1, says: /error validating installer image/ }),
  row('rollback', 'boots what was there before', { on: [4] }),
  row('shutdown', 'waits until it goes down', { on: [4], says: /events check condition met/, after: up(4) }),
  row('version (of a machine that is off)', 'no connection', { argv: words('version'), on: [4], code: 1, says: /connection refused/, after: (rig) => rig.when(() => rig.machine(4).state.phase === 'off', 'it is off') }),
  row('etcd leave', 'takes itself out of etcd', { through: 3 }),
  row('reset --graceful=false --reboot', 'wipes, and waits for maintenance', { through: 3, argv: words('reset --graceful=false --reboot'), on: [-3], says: /post check passed/ }),
  row('reset --reboot --system-labels-to-wipe EPHEMERAL --user-disks-to-wipe DISK', 'wipes what is named and boots its own system', { through: 2, on: [-2], argv: words('reset --reboot --graceful=false --system-labels-to-wipe EPHEMERAL --user-disks-to-wipe /dev/nvme0n1'), says: /post check passed/ }),
];

/** A cluster that gets another machine CA while it runs. */
export const ROTATED: readonly Row[] = [
  row('rotate-ca --kubernetes=false --dry-run=false -o FILE', 'another machine CA on every machine, without a reboot', { argv: (rig) => ['rotate-ca', '--kubernetes=false', '--dry-run=false', '-o', join(rig.folder, 'young'), '--k8s-endpoint', `https://127.0.0.1:${rig.cluster.state.apiPort}`], says: /Writing new talosconfig/ }),
  row('version (with the talosconfig of before)', 'refused by TLS', { argv: words('version'), code: 1, says: /certificate signed by unknown authority/ }),
  row('version (with the new one)', 'as before', { argv: (rig) => ['--talosconfig', join(rig.folder, 'young'), 'version'], on: [1, 4], says: /NODE: +10\.25\.11\.14/ }),
];
