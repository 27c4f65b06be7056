/**
 * What a machine tells of itself as events: derived from the simulation, by comparing what is with what was told last. A tape
 * begins when the first gRPC client dials the cluster; until then there is none, and nothing to pay for.
 */
import { randomBytes } from 'node:crypto';
import type { LabCluster } from '../world/cluster.ts';
import type { Machine } from '../world/machine.ts';
import { servicesOf, stageOf } from '../world/services.ts';
import type { ServiceState } from '../world/services.ts';
import type { MachineState } from '../world/state.ts';
import { encode } from './codec.ts';
import { timestamp } from './fields/common.ts';
import { PAYLOADS } from './fields/events.ts';
import { LOOK_EVERY } from './watching.ts';

/** An event as it was told: `at` is wall ms; `ready`: the machine is ready again after something was done to it. */
export interface Told { readonly id: string; readonly actor: string; readonly at: number; readonly payload: keyof typeof PAYLOADS; readonly bytes: Buffer; readonly ready: boolean }
/** `down`: the machine answers nobody any more. */
export type Listener = (event: Told | 'down') => void;

/**
 * A client that waits for a reboot drops its stream at the first word of it, sleeps a second and asks again for what happens from
 * then on: a machine that was ready before that would be waited for until the client's timeout. Ready is told this long after, wall ms.
 */
const NOT_READY_BEFORE = 1_500;
const LONGEST = 500;
const SEQUENCES: Readonly<Record<string, string>> = { rebooting: 'reboot', resetting: 'reset', stopping: 'shutdown', upgrading: 'upgrade', installing: 'install' };
const ACTIONS: Readonly<Record<string, string>> = { Running: 'RUNNING', Waiting: 'WAITING', Preparing: 'PREPARING', Starting: 'STARTING', Failed: 'FAILED', Stopping: 'STOPPING', Finished: 'FINISHED' };
/** The stage of the simulation in the words of the wire. */
export const stageName = (stage: string): string => (stage === 'shuttingDown' ? 'SHUTTING_DOWN' : stage.toUpperCase());

let counter = randomBytes(3).readUIntBE(0, 3);
const origin = randomBytes(5);
/** An id in the form Talos uses (xid): 20 letters that sort by time. */
function newId(): string {
  const raw = Buffer.alloc(12);
  raw.writeUInt32BE(Math.floor(Date.now() / 1000));
  origin.copy(raw, 4);
  counter = (counter + 1) % 2 ** 24;
  raw.writeUIntBE(counter, 9, 3);
  let bits = BigInt(`0x${raw.toString('hex')}`) << 4n;
  let text = '';
  for (let n = 0; n < 20; n++) {
    text = '0123456789abcdefghijklmnopqrstuv'[Number(bits & 31n)] + text;
    bits >>= 5n;
  }
  return text;
}

export class Tape {
  told: Told[] = [];
  readonly #cluster: LabCluster;
  readonly #machine: Machine;
  readonly #listeners = new Set<Listener>();
  readonly #actions = new Set<string>();
  readonly #services = new Map<string, string>();
  #phase: MachineState['phase'] | undefined;
  #bootId = '';
  #status = '';
  #open = false;
  #readyFrom = 0;
  #waits = false;
  /** Somebody may wait for it to be ready again. */
  #acted = false;
  #looking: NodeJS.Timeout | undefined;

  constructor(cluster: LabCluster, machine: Machine) {
    this.#cluster = cluster;
    this.#machine = machine;
    cluster.onTurn(() => this.look());
    this.look();
  }

  /** Tells the listener of everything from now on. Returns what ends it. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    // Whether a node is Ready is no turn of the cluster's.
    this.#looking ??= setInterval(() => this.look(), LOOK_EVERY).unref();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#looking);
      this.#looking = undefined;
    };
  }

  #tell(payload: keyof typeof PAYLOADS, value: Readonly<Record<string, unknown>>, actor = '', ready = false): void {
    const event: Told = { id: newId(), actor, at: performance.now(), payload, bytes: encode(PAYLOADS[payload], value), ready };
    this.told.push(event);
    if (this.told.length > LONGEST) this.told.shift();
    for (const listener of this.#listeners) listener(event);
  }

  /** The last act of this kind that was asked for. */
  #actor(kind: string): string { return Object.entries(this.#machine.state.actions).findLast(([, action]) => action.kind === kind)?.[0] ?? ''; }

  /** Compares, and tells what is new. */
  look(): void {
    const { state } = this.#machine;
    if (state.bootId !== this.#bootId) this.#booted();
    for (const [actor, action] of Object.entries(state.actions)) {
      if (this.#actions.has(actor)) continue;
      this.#actions.add(actor);
      if (action.failed === null) continue;
      this.#tell('SequenceEvent', { sequence: action.kind, action: 'START' }, actor);
      this.#tell('SequenceEvent', { sequence: action.kind, action: 'NOOP', error: { code: 'FATAL', message: action.failed } }, actor);
    }
    if (state.phase !== this.#phase) this.#entered(state.phase);
    this.#tellServices();
    this.#tellStatus();
    const open = this.#machine.face() === 'installed';
    if (this.#open && !open) for (const listener of this.#listeners) listener('down');
    this.#open = open;
  }

  #booted(): void {
    this.#bootId = this.#machine.state.bootId;
    this.told = [];
    this.#actions.clear();
    this.#services.clear();
    this.#status = '';
    this.#tell('SequenceEvent', { sequence: 'boot', action: 'START' });
  }

  #entered(phase: MachineState['phase']): void {
    const before = this.#phase;
    this.#phase = phase;
    const sequence = SEQUENCES[phase];
    // What is rebooting after a wipe or an installation goes on with what it began.
    if (sequence === undefined || before === undefined || (phase === 'rebooting' && before !== 'up')) return;
    const actor = this.#actor(sequence);
    this.#readyFrom = performance.now() + NOT_READY_BEFORE;
    this.#acted = true;
    this.#tell('SequenceEvent', { sequence, action: 'START' }, actor);
    this.#tell('PhaseEvent', { phase: 'stopEverything', action: 'START' }, actor);
    this.#tell('TaskEvent', { task: 'stopAllServices', action: 'START' }, actor);
  }

  #tellServices(): void {
    if (this.#machine.state.phase !== 'up') return;
    for (const service of servicesOf(this.#cluster, this.#machine)) {
      const now = `${service.state} ${String(service.healthy)}`;
      if (this.#services.get(service.id) === now) continue;
      this.#services.set(service.id, now);
      this.#tell('ServiceStateEvent', serviceEvent(service));
    }
  }

  #tellStatus(): void {
    const { stage, ready, unmet } = stageOf(this.#cluster, this.#machine);
    const status = JSON.stringify([stage, ready, unmet]);
    if (status === this.#status) return;
    const early = this.#readyFrom - performance.now();
    if (stage === 'running' && ready && early > 0) {
      if (this.#waits) return;
      this.#waits = true;
      setTimeout(() => {
        this.#waits = false;
        this.look();
      }, early + 1).unref();
      return;
    }
    this.#status = status;
    if (stage === 'running') this.#tell('SequenceEvent', { sequence: 'boot', action: 'STOP' });
    this.#tell('MachineStatusEvent', { stage: stageName(stage), status: { ready, unmetConditions: unmet } }, '', stage === 'running' && ready && this.#acted);
    if (stage === 'running' && ready) this.#acted = false;
  }
}

function serviceEvent(service: ServiceState): Readonly<Record<string, unknown>> {
  const last = service.events.at(-1);
  return {
    service: service.id, action: ACTIONS[service.state] ?? 'RUNNING', message: last?.msg ?? '',
    health: { unknown: service.healthy === null, healthy: service.healthy === true, lastMessage: service.message, lastChange: timestamp(last?.ts ?? 0) },
  };
}

const tapes = new WeakMap<Machine, Tape>();
/** The tape of a machine; every machine of its cluster has one from the first call on, so that none misses what it is asked for later. */
export function tapeOf(cluster: LabCluster, machine: Machine): Tape {
  for (const each of cluster.machines) if (!tapes.has(each)) tapes.set(each, new Tape(cluster, each));
  const tape = tapes.get(machine);
  if (tape === undefined) throw new Error(`${machine.name} is no machine of ${cluster.name}`);
  return tape;
}
