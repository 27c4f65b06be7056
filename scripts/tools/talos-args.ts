import type { Cluster, Machine, Versions } from '../config/cluster.ts';
import { Failure } from '../engine/failure.ts';

/** How a talosctl call reaches a machine. Node and endpoint are always given: an omitted node once meant "all of them". */
export type Via =
  /** The installed API, by the cluster's client certificate. `nodes` are real addresses; the endpoint is where it is dialled. */
  | { readonly by: 'mtls'; readonly talosconfig: string; readonly endpoint: string; readonly node: string }
  /** The maintenance API, which knows no client certificates. talosctl dials the node itself, so it is the dialled address. */
  | { readonly by: 'insecure'; readonly endpoint: string };

/** Several nodes in one call, for reads alone. Any of the endpoints passes it on, so each must be a control plane: a worker forwards nothing. */
export interface Together { readonly by: 'together'; readonly talosconfig: string; readonly endpoints: readonly string[]; readonly nodes: readonly string[] }

function via(how: Via | Together): string[] {
  switch (how.by) {
    case 'mtls': return ['--talosconfig', must(how.talosconfig, 'talosconfig'), '-e', must(how.endpoint, 'endpoint'), '-n', must(how.node, 'node')];
    case 'insecure': return ['--insecure', '-n', must(how.endpoint, 'node')];
    case 'together': return ['--talosconfig', must(how.talosconfig, 'talosconfig'), '-e', list(how.endpoints, 'endpoint'), '-n', list(how.nodes, 'node')];
  }
}

function list(values: readonly string[], what: string): string {
  return values.length === 0 ? must('', what) : values.map((value) => must(value, what)).join(',');
}

function must(value: string, what: string): string {
  if (value === '' || value.startsWith('-') || value.includes(',')) throw new Failure({ exit: 'bug', what: `talosctl was to be called with ${what} "${value}"`, because: 'exactly one is needed' });
  return value;
}

export interface GenConfig {
  readonly cluster: Cluster;
  readonly versions: Pick<Versions, 'talos' | 'kubernetes'>;
  /** JSON patch documents computed from the cluster's data, applied first, so that a hand-written patch has the last word. */
  readonly computed: readonly string[];
  /** Absolute files, in the order they apply. */
  readonly patches: readonly string[];
  readonly output: 'controlplane' | 'worker' | 'talosconfig';
}

/** `gen config`, secrets bundle on standard input (as a file), result on standard output. Versions are always named: the defaults move with talosctl. */
export function genConfig(options: GenConfig): string[] {
  return [
    'gen', 'config', options.cluster.name, options.cluster.endpoint,
    '--with-secrets', '/dev/stdin',
    '--talos-version', v(options.versions.talos),
    '--kubernetes-version', options.versions.kubernetes.replace(/^v/, ''),
    '--with-docs=false', '--with-examples=false',
    ...options.computed.flatMap((patch) => ['--config-patch', patch]),
    ...options.patches.flatMap((file) => ['--config-patch', `@${file}`]),
    '--output-types', options.output, '--output', '-',
  ];
}

/** A new secrets bundle on standard output; it is nowhere else. */
export function genSecrets(talos: string): string[] { return ['gen', 'secrets', '--talos-version', v(talos), '--output-file', '-']; }
/** Applies a machine configuration given on standard input (as a file). */
export function applyConfig(how: Via, options: { readonly dryRun?: boolean; readonly mode?: 'auto' | 'no-reboot' | 'staged' } = {}): string[] {
  return ['apply-config', ...via(how), '--file', '/dev/stdin', ...(options.mode === undefined ? [] : ['--mode', options.mode]), ...(options.dryRun === true ? ['--dry-run'] : [])];
}
export const validateConfig = (): string[] => ['validate', '--mode', 'metal', '--config', '/dev/stdin'];
/** Resources as concatenated JSON documents. */
export function getResource(how: Via | Together, type: 'disks' | 'links' | 'discoveredvolumes' | 'machinestatus'): string[] { return ['get', type, ...via(how), '-o', 'json']; }
export function services(how: Via | Together): string[] { return ['services', ...via(how)]; }
export function version(how: Via | Together): string[] { return ['version', ...via(how)]; }
/** Every machine's clock, and that of its time server, which it asks for this. */
export function time(how: Via | Together): string[] { return ['time', ...via(how)]; }
export const clientVersion = (): string[] => ['version', '--client'];
/** With a snapshot etcd begins with what is in it. A raw copy of the database carries no digest of its own: then none is asked for. */
export function bootstrap(how: Via & { readonly by: 'mtls' }, recover?: { readonly file: string; readonly raw: boolean }): string[] {
  return ['bootstrap', ...via(how), ...(recover === undefined ? [] : ['--recover-from', recover.file, ...(recover.raw ? ['--recover-skip-hash-check'] : [])])];
}
export function etcdMembers(how: Via | Together): string[] { return ['etcd', 'members', ...via(how)]; }
export function etcdStatus(how: Via | Together): string[] { return ['etcd', 'status', ...via(how)]; }
export function etcdAlarms(how: Via): string[] { return ['etcd', 'alarm', 'list', ...via(how)]; }
export function etcdSnapshot(how: Via, file: string): string[] { return ['etcd', 'snapshot', file, ...via(how)]; }
/**
 * What a machine loses: its configuration (STATE) and with it etcd and pods (EPHEMERAL), so that it comes back in maintenance, or what is named in
 * `labels` alone; and the named disks. The installed system stays, so the machine boots from its own disk. Without labels everything would be wiped.
 */
export function reset(how: Via & { readonly by: 'mtls' }, options: { readonly graceful: boolean; readonly userDisks: readonly string[]; readonly labels?: readonly ('STATE' | 'EPHEMERAL')[]; readonly timeout: string }): string[] {
  const { labels = ['STATE', 'EPHEMERAL'] } = options;
  if (labels.length === 0) throw new Failure({ exit: 'bug', what: 'a reset was to be made that names no partition', because: 'talosctl would wipe everything' });
  return [
    'reset', ...via(how), `--graceful=${String(options.graceful)}`, '--reboot', ...labels.flatMap((label) => ['--system-labels-to-wipe', label]),
    ...options.userDisks.flatMap((device) => ['--user-disks-to-wipe', must(device, 'disk')]), '--wait', '--timeout', options.timeout,
  ];
}
/** Without waiting: a machine that is off cannot say so, its silence does. */
export function shutdown(how: Via & { readonly by: 'mtls' }, options: { readonly force: boolean }): string[] {
  return ['shutdown', ...via(how), ...(options.force ? ['--force'] : []), '--wait=false'];
}
/** Without waiting, as everything below: talosctl follows events of a machine that goes away, which has hung for its whole time limit; the boot id tells. */
export function reboot(how: Via & { readonly by: 'mtls' }): string[] { return ['reboot', ...via(how), '--wait=false']; }
export function upgrade(how: Via & { readonly by: 'mtls' }, image: string): string[] { return ['upgrade', ...via(how), '--image', must(image, 'image'), '--wait=false']; }
export function rollback(how: Via & { readonly by: 'mtls' }): string[] { return ['rollback', ...via(how)]; }
export function pullImage(how: Via & { readonly by: 'mtls' }, image: string, namespace: 'system' | 'cri'): string[] { return ['image', 'pull', must(image, 'image'), ...via(how), '--namespace', namespace]; }
export function logs(how: Via & { readonly by: 'mtls' }, service: string, lines: number): string[] { return ['logs', must(service, 'service'), ...via(how), '--tail', String(lines)]; }
export function dmesg(how: Via & { readonly by: 'mtls' }): string[] { return ['dmesg', ...via(how)]; }
/** A file of the machine's, on standard output. */
export function readFile(how: Via & { readonly by: 'mtls' }, path: string): string[] { return ['read', path, ...via(how)]; }
export function etcdDefrag(how: Via & { readonly by: 'mtls' }): string[] { return ['etcd', 'defrag', ...via(how)]; }
export function etcdRemoveMember(how: Via & { readonly by: 'mtls' }, id: string): string[] { return ['etcd', 'remove-member', must(id, 'member'), ...via(how)]; }
/** Merged into the active configuration of the machine; refused when it cannot be taken up without a reboot. */
export function patchConfig(how: Via & { readonly by: 'mtls' }, patch: string): string[] { return ['patch', 'machineconfig', ...via(how), '--mode', 'no-reboot', '--patch', patch]; }
/**
 * Data disks alone, of a machine in maintenance; it stays up. `wipe disk` is what maintenance answers to anybody: its Reset wants an administrator,
 * whom nobody can prove to be there (Talos' internal/app/maintenance/server.go), and takes the installed system along.
 */
export function wipeDisks(how: Via & { readonly by: 'insecure' }, devices: readonly string[]): string[] {
  return ['wipe', 'disk', ...devices.map((device) => must(device, 'disk').replace(/^\/dev\//, '')), ...via(how)];
}
/** Into a file of ours, never merged. talosctl ignores --force-context-name without a merge (kubeconfig.go), so the door renames the context itself. */
export function kubeconfig(how: Via, file: string, context: string): string[] { return ['kubeconfig', file, ...via(how), '--merge=false', '--force', `--force-context-name=${context}`]; }

/**
 * What follows from a machine's entry in the cluster file and is not typed a second time into a patch: its name, its
 * install disk, the cluster's networks. JSON documents for --config-patch; no secrets. Checked with `talosctl validate`.
 */
export function computedPatches(cluster: Cluster, machine: Machine): string[] {
  const { id, model } = machine.disks.install;
  const install = id === undefined ? { diskSelector: { model } } : { disk: id };
  const config = {
    machine: { install },
    cluster: { network: { podSubnets: [cluster.podCIDR], serviceSubnets: [cluster.serviceCIDR] } },
  };
  // Since 1.12 the host name is a document of its own; generation brings one with `auto: stable`, which excludes a fixed name.
  const hostname = { apiVersion: 'v1alpha1', kind: 'HostnameConfig', hostname: machine.name, auto: 'off' };
  return [JSON.stringify(config), JSON.stringify(hostname)];
}

function v(text: string): string {
  return text.startsWith('v') ? text : `v${text}`;
}
