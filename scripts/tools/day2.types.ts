import type { Machine } from '../config/cluster.ts';
import type { Disk, Link, SecretsBundle } from './doors.ts';

/** What applying a configuration would do to a machine that runs, by the machine's own word. */
export interface ApplyPlan {
  /** `none`: it has this very configuration. `live`: taken up while it runs. `reboot`: only by a reboot. */
  readonly takes: 'none' | 'live' | 'reboot';
  /** Lines of the difference, `+` and `-` first; values below keys that hold secrets are masked. Empty for `none`. */
  readonly diff: readonly string[];
}

/**
 * What an installed machine of a cluster is told after its creation. As with every door nodes and endpoints are explicit, and
 * before a write whoever answers is proven to be a machine of this cluster. None of the writes waits for what it begins: what
 * became of it is asked of the machine itself (docs/decisions/0026).
 */
export interface Day2 {
  /** What a machine in maintenance lists of itself; anybody may ask. `read`. */
  inventory(machine: Machine): Promise<{ readonly disks: readonly Disk[]; readonly links: readonly Link[] }>;
  /** A new secrets bundle, known to the redactor before it is answered; undefined in a dry run. `local`. */
  newSecrets(): Promise<SecretsBundle | undefined>;
  /** Dry-run apply. `read`. */
  plan(machine: Machine, config: string): Promise<ApplyPlan>;
  /** Applies a whole configuration. `auto` reboots where that is needed, `no-reboot` refuses then, `staged` waits for the next boot. `write`. */
  apply(machine: Machine, config: string, mode: 'auto' | 'no-reboot' | 'staged'): Promise<void>;
  /** Merges this patch into the machine's own active configuration, without a reboot. `write`. No secrets: it stands in argv. */
  patch(machine: Machine, patch: Readonly<Record<string, unknown>>): Promise<void>;
  /** The last lines of what a service said. `read`. */
  logs(machine: Machine, service: string, lines: number): Promise<string>;
  /** What the kernel said since the boot. `read`. */
  dmesg(machine: Machine): Promise<string>;
  /** Changes with every boot. `read`. */
  bootId(machine: Machine): Promise<string>;
  /** `write`. */
  reboot(machine: Machine): Promise<void>;
  /** Pulls an image onto the machine: `system` for what Talos runs itself (installer, kubelet), `cri` for what Kubernetes runs. `write`. */
  pullImage(machine: Machine, image: string, namespace: 'system' | 'cri'): Promise<void>;
  /** Installs another system into the other boot slot and boots it. `write`. */
  upgrade(machine: Machine, image: string): Promise<void>;
  /** Boots the slot that is not running. `write`. */
  rollback(machine: Machine): Promise<void>;
  /** Makes this member's database file anew; the member answers nothing meanwhile. Returns when it is done. `write`. */
  etcdDefrag(machine: Machine): Promise<void>;
  /** Takes a member that is gone for good out of etcd, through one that is there. `write`. */
  etcdRemoveMember(through: Machine, id: string): Promise<void>;
}
