import { randomUUID } from 'node:crypto';
import { hardwareOf } from './hardware.ts';
import type { Disk, Hardware } from './hardware.ts';
import { readMachineConfig } from './machine-config.ts';
import type { MachineConfig } from './machine-config.ts';
import { TAKES } from './state.ts';
import type { MachineState } from './state.ts';
import { installDisk } from './install-disk.ts';
import { bootNext, bootOther, installed, installNext } from './slots.ts';
import type { ActiveFault, ClusterFile } from './types.ts';
import { createCA, fingerprint } from './pki.ts';
import type { Pair } from './pki.ts';
import { textAt } from './value.ts';
import type { Fields } from './value.ts';

/** What a machine shows on its Talos port. */
export type Face = 'closed' | 'maintenance' | 'installed';
export interface ResetOrder { readonly graceful: boolean; readonly reboot: boolean; readonly mode: 'all' | 'system-disk' | 'user-disks'; readonly labels: readonly string[]; readonly userDisks: readonly string[] }
/** What a machine needs to know of the world around it. */
export interface Surroundings {
  /** The fault of this name, while it is on for this machine. */
  readonly fault: (name: string) => ActiveFault | undefined;
  readonly caKey: (fingerprint: string) => string | undefined;
  /** Runs after any change of state. */
  readonly changed: () => void;
}

/** One simulated machine: state is data (see state.ts), this is what happens to it. Times are simulated ms. */
export class Machine {
  readonly file: ClusterFile['machines'][number];
  readonly cluster: string;
  readonly hardware: Hardware;
  readonly state: MachineState;
  readonly port: number;
  readonly #around: Surroundings;
  #stranger: Pair | undefined;
  #read: { readonly text: string; readonly documents: readonly Fields[]; readonly config: MachineConfig } | undefined;

  constructor(cluster: string, file: ClusterFile['machines'][number], state: MachineState, port: number, around: Surroundings) {
    this.cluster = cluster;
    this.file = file;
    this.hardware = hardwareOf(cluster, file);
    this.state = state;
    this.port = port;
    this.#around = around;
  }

  get name(): string { return this.file.name; }

  /** The applied configuration, read; undefined before one is installed. */
  get config(): MachineConfig | undefined { return this.#applied()?.config; }
  get documents(): readonly Fields[] { return this.#applied()?.documents ?? []; }

  #applied(): { readonly documents: readonly Fields[]; readonly config: MachineConfig } | undefined {
    const text = this.state.config;
    if (text === null) return undefined;
    if (this.#read?.text !== text) this.#read = { text, ...readMachineConfig(text) };
    return this.#read;
  }

  /** Host name: from the configuration, else the stable one Talos makes up. */
  get hostname(): string { return this.config?.hostname ?? `talos-${this.hardware.uuid.slice(0, 3)}-${this.hardware.uuid.slice(4, 7)}`; }

  /** The machine CA with its key, once some control plane of the same CA has brought the key; undefined before. */
  get authority(): { readonly crt: string; readonly key: string } | undefined {
    if (this.stranger) return (this.#stranger ??= createCA({ organization: ['talos'] }, 'ed25519'));
    const ca = this.config?.machineCA;
    if (ca === undefined) return undefined;
    const key = ca.key === '' ? this.#around.caKey(fingerprint(ca.crt)) : ca.key;
    return key === undefined ? undefined : { crt: ca.crt, key };
  }

  /** True while somebody else's machine, installed with another CA, stands at this one's place. */
  get stranger(): boolean { return this.#around.fault('wrong-machine-ca') !== undefined; }

  /** The disks that are there: one that fell out is in no listing. */
  get disks(): readonly Disk[] {
    const missing = this.#around.fault('disk-missing') === undefined ? undefined : this.hardware.disks.at(-1);
    return this.hardware.disks.filter((disk) => disk !== missing);
  }

  /** Whether the clock is wrong; `booted`: and has been since this boot, so that what waits for the time has not started. */
  clockOff(): 'no' | 'since-boot' | 'later' {
    const fault = this.#around.fault('clock-skew');
    if (fault === undefined) return 'no';
    return this.state.bootedAt + TAKES.etcdPreparing > Date.parse(fault.since) ? 'since-boot' : 'later';
  }

  face(): Face {
    const { phase } = this.state;
    if (this.stranger) return phase === 'off' ? 'closed' : 'installed';
    if (phase === 'maintenance' || phase === 'accepted') return 'maintenance';
    return (phase === 'up' || phase === 'upgrading' || phase === 'resetting' || phase === 'stopping') && this.authority !== undefined ? 'installed' : 'closed';
  }

  /** The Talos that runs (or would, after a boot): what was installed last, whatever the configuration names for the next time. */
  get talosVersion(): string { return this.state.slots?.boots.version ?? this.config?.talosVersion ?? '1.12.0'; }
  /** A system that came by an upgrade and on which etcd and the kubelet do not come up. */
  get ailing(): boolean { return this.state.slots?.trial === true && this.#around.fault('upgrade-unhealthy') !== undefined; }

  say(now: number, line: string): void {
    this.state.dmesg.push(`${this.name}: kern:    info: [${new Date(now).toISOString()}]: [talos] ${line}`);
    if (this.state.dmesg.length > 200) this.state.dmesg.splice(0, this.state.dmesg.length - 200);
  }

  /** Takes a configuration in maintenance. The text was checked by the caller. */
  accept(text: string, now: number): void {
    this.state.pending = text;
    this.#go('accepted', now + TAKES.maintenanceLingers);
  }

  /** Replaces the configuration of an installed machine, now or at the reboot that is asked for. */
  reconfigure(text: string, reboot: boolean, now: number): void {
    this.state.config = text;
    delete this.state.staged;
    delete this.state.trying;
    if (reboot) this.reboot(now);
    else this.#around.changed();
  }

  /** Keeps a configuration for the next boot. */
  stage(text: string): void {
    this.state.staged = text;
    this.#around.changed();
  }

  /** Takes up a configuration until a moment (simulated ms); nobody having applied another one by then, it goes back. A boot goes back as well. */
  tryOut(text: string, until: number): void {
    this.state.trying = { back: this.state.trying?.back ?? this.state.config ?? text, until };
    this.state.config = text;
    this.#around.changed();
  }
  #goBack(): void {
    if (this.state.trying === undefined) return;
    this.state.config = this.state.trying.back;
    delete this.state.trying;
    this.#around.changed();
  }

  reboot(now: number, actor?: string): void {
    if (actor !== undefined) this.state.actions[actor] = { done: true, failed: null, kind: 'reboot' };
    this.state.next = this.state.config === null ? 'maintenance' : 'up';
    this.#go('rebooting', now + TAKES.reboot);
  }

  /** Installs another system into the other boot slot and boots it. */
  upgrade(image: string, now: number, actor: string): void {
    this.state.actions[actor] = { done: true, failed: null, kind: 'upgrade' };
    this.state.slots = installNext(this.state.slots ?? installed(this.#imageIn(this.state.config), this.talosVersion), image);
    this.say(now, `upgrade sequence: installing ${image}`);
    this.#go('upgrading', now + TAKES.upgrade);
  }

  /** Boots the other slot; false when there is nothing in it. */
  rollback(now: number): boolean {
    const slots = bootOther(this.state.slots);
    if (slots === undefined) return false;
    this.state.slots = slots;
    this.reboot(now);
    return true;
  }

  #imageIn(config: string | null): string {
    return config === null ? '' : textAt(readMachineConfig(config).documents.find((document) => 'machine' in document), 'machine', 'install', 'image') ?? '';
  }

  shutdown(now: number, actor: string): void {
    this.state.actions[actor] = { done: true, failed: null, kind: 'shutdown' };
    this.state.next = 'off';
    this.#go('stopping', now + TAKES.shutdown);
  }

  /** Cuts the power. A configuration that was taken and not installed yet was only in memory. */
  powerOff(): void {
    this.state.pending = null;
    this.#go('off', null);
  }

  powerOn(now: number): void {
    if (this.state.phase !== 'off') return;
    this.state.next = this.state.config === null ? 'maintenance' : 'up';
    this.#go('rebooting', now + TAKES.reboot);
  }

  /** Wipes what the order names and then reboots or turns off. Membership in etcd is the caller's. */
  reset(order: ResetOrder, now: number, actor: string): void {
    this.state.actions[actor] = { done: true, failed: null, kind: 'reset' };
    if (order.mode !== 'user-disks') {
      if (order.labels.length === 0 || order.labels.includes('STATE')) {
        this.state.config = null;
        this.state.pending = null;
        delete this.state.staged;
        delete this.state.trying;
      }
      if (order.labels.length === 0 || order.labels.includes('META')) delete this.state.meta;
      if (order.labels.length === 0 || order.labels.includes('EPHEMERAL')) this.state.etcd = null;
    }
    // A quick wipe clears the start of a disk; Ceph's copies further in stay, as on real disks.
    const dirty = this.#around.fault('disk-stays-dirty') === undefined ? undefined : this.disks.findLast(({ path, purpose }) => purpose !== 'system' && order.userDisks.includes(path));
    for (const path of order.userDisks) {
      if (path === dirty?.path) {
        this.state.leftovers = { ...this.state.leftovers, [path]: dirty.purpose === 'ceph' ? 'bluestore' : 'partitions' };
        continue;
      }
      this.#clear(path);
    }
    if (order.mode !== 'user-disks') for (const { path, purpose } of this.disks) if (purpose === 'system') delete this.state.leftovers?.[path];
    this.say(now, 'reset sequence: wiping');
    this.state.next = order.reboot ? (this.state.config === null ? 'maintenance' : 'up') : 'off';
    this.#go('resetting', now + TAKES.reset);
  }

  /** Clears the start of a disk, as a fast wipe does; one that stays dirty by a fault does. */
  wipeDisk(path: string, now: number): void {
    this.say(now, `wiping user disk ${path}`);
    if (this.#around.fault('disk-stays-dirty') === undefined) this.#clear(path);
    this.#around.changed();
  }
  #clear(path: string): void {
    this.state.ceph[path] = (this.state.ceph[path] ?? []).filter((offset) => offset !== 0);
    delete this.state.leftovers?.[path];
  }

  fail(actor: string, kind: string, because: string, now: number): void {
    this.state.actions[actor] = { done: true, failed: because, kind };
    this.say(now, `${kind} failed: ${because}`);
    this.#around.changed();
  }

  disk(path: string): Disk | undefined { return this.disks.find((disk) => disk.path === path); }

  /** Moves on through every phase that has ended by `now`; answers when something ends next, Infinity when nothing does by itself. */
  settle(now: number): number {
    const { state } = this;
    if (state.phase === 'maintenance' && state.pending !== null && !this.#stuck()) this.#go('accepted', now + TAKES.maintenanceLingers);
    while (state.until !== null && state.until <= now) this.#end(state.until);
    if (state.trying !== undefined && state.trying.until <= now) this.#goBack();
    return Math.min(state.until ?? Infinity, state.trying?.until ?? Infinity);
  }

  #stuck(): boolean { return this.#around.fault('stuck-in-maintenance') !== undefined; }

  #end(at: number): void {
    const { state } = this;
    switch (state.phase) {
      case 'accepted':
        if (this.#stuck()) {
          this.say(at, 'configuration received, install sequence does not start: waiting for the boot disk to settle');
          this.#go('maintenance', null);
        } else this.#go('installing', at + (this.#around.fault('slow-install') === undefined ? TAKES.install : TAKES.slowInstall));
        return;
      case 'installing':
        this.#install(at);
        return;
      case 'resetting':
      case 'stopping':
        if (state.next === 'off' || (state.phase === 'resetting' && this.#around.fault('machine-does-not-come-back') !== undefined)) this.#go('off', null);
        else this.#go('rebooting', at + TAKES.reboot);
        return;
      case 'upgrading':
        bootNext(state);
        state.next = 'up';
        this.#go('rebooting', at + TAKES.reboot);
        return;
      case 'rebooting':
        if (state.next === 'up' && this.#fallsBack(at)) return;
        state.bootId = randomUUID();
        state.bootedAt = at;
        state.actions = {};
        delete state.restarted;
        this.#goBack();
        if (state.config !== null && state.staged !== undefined) state.config = state.staged;
        delete state.staged;
        this.#go(state.next === 'up' && state.config !== null ? 'up' : 'maintenance', null);
        return;
      default:
        state.until = null;
    }
  }

  /** The boot loader counts: a system that never came up is not tried again. */
  #fallsBack(at: number): boolean {
    const { state } = this;
    const back = state.slots?.trial === true && this.#around.fault('upgrade-does-not-boot') !== undefined ? bootOther(state.slots) : undefined;
    if (back === undefined) return false;
    this.say(at, `${back.other?.version ?? ''} did not boot: back to ${back.boots.version}`);
    state.slots = back;
    this.#go('rebooting', at + TAKES.reboot);
    return true;
  }

  #install(at: number): void {
    const { state } = this;
    const text = state.pending;
    state.pending = null;
    const disk = text === null ? undefined : installDisk(this.disks, text);
    if (text === null || disk === undefined) this.say(at, 'install failed: no disks matched the install disk selector; rebooting');
    else {
      state.config = text;
      state.slots = installed(this.#imageIn(text), this.talosVersion);
      this.say(at, `installed Talos on ${disk.path}`);
    }
    state.next = state.config === null ? 'maintenance' : 'up';
    this.#go('rebooting', at + TAKES.reboot);
  }

  #go(phase: MachineState['phase'], until: number | null): void {
    this.state.phase = phase;
    this.state.until = until;
    this.#around.changed();
  }
}
