import { asFailure, Failure } from '../../../scripts/engine/failure.ts';
import { performAct, type OpenAct } from '../../../scripts/engine/acts.ts';
import type { Cluster, KubeObject, Machine } from '../../../scripts/config/cluster.ts';
import type { Cx } from '../../../scripts/phases/context.ts';
import type { Told } from '../../../scripts/tools/doors.ts';
import { PROGRAM } from '../../tasks/rig.ts';

/** What befalls a machine, by itself or on its next upgrade. Times are ms of the model. */
export type Trouble =
  | { readonly is: 'power'; readonly machine: number; readonly at: number; readonly for: number }
  | { readonly is: 'slow-etcd'; readonly machine: number; readonly by: number }
  | { readonly is: 'no-boot' | 'unhealthy'; readonly machine: number };

interface Simulated {
  readonly machine: Machine;
  version: string;
  other: string | undefined;
  boot: number;
  /** Down until then; by us or by itself. */
  upAt: number;
  etcdAt: number;
  downBy: 'us' | 'itself' | undefined;
  downAt: number;
  ailing: boolean;
  cordoned: string | undefined;
  upgrades: number;
}

export const FROM = '1.11.5';
export const TO = '1.12.0';
const UPGRADE = 90_000;
const REBOOT = 40_000;
const ETCD = 15_000;
/** A look and the calls between it and the word, of 200 ms each. */
const UNSEEN = 4_000;

/** A run that is killed where it stands: nothing after it happens. */
export class Killed extends Error {}

/** A cluster in memory, with what the phases ask of it. Its clock moves when somebody waits, and a little with every call. */
export class Model {
  readonly machines: readonly Simulated[];
  now = 0;
  /** Moments at which quorum was gone although nothing befell a machine by itself. */
  readonly lost: string[] = [];
  /** Writes that took a member away which could not be spared. */
  readonly wrong: string[] = [];
  readonly open = new Map<string, OpenAct>();
  #troubles: Trouble[];
  #calls = 0;
  killAt = Infinity;

  constructor(planes: number, workers: number, troubles: readonly Trouble[]) {
    this.machines = Array.from({ length: planes + workers }, (_, n): Simulated => ({
      machine: { name: `m-${n}`, cluster: 'toy', role: n < planes ? 'controlplane' : 'worker', address: `192.0.2.${n + 1}`, macs: [], disks: { install: {}, data: {} }, patches: ['talos/patches/all.yaml'] },
      version: FROM, other: undefined, boot: n * 1000, upAt: 0, etcdAt: 0, downBy: undefined, downAt: -Infinity, ailing: false, cordoned: undefined, upgrades: 0,
    }));
    this.#troubles = [...troubles];
  }

  healTroubles(): void { this.#troubles = []; for (const each of this.machines) each.ailing = false; }
  get planes(): readonly Simulated[] { return this.machines.filter(({ machine }) => machine.role === 'controlplane'); }
  up(each: Simulated): boolean { return each.upAt <= this.now; }
  healthy(each: Simulated): boolean { return this.up(each) && each.etcdAt <= this.now && !each.ailing; }
  quorum(without?: Simulated): boolean { return this.planes.filter((each) => each !== without && this.healthy(each)).length > this.planes.length / 2; }

  /** Moves the clock, in steps small enough that nothing is overlooked. */
  pass(ms: number): void {
    for (let left = ms; left > 0; left -= 1_000) {
      this.now += Math.min(left, 1_000);
      for (const each of this.machines) if (each.downBy !== undefined && this.healthy(each)) each.downBy = undefined;
      for (const trouble of this.#troubles.filter((each) => each.is === 'power' && each.at <= this.now)) {
        this.#troubles = this.#troubles.filter((each) => each !== trouble);
        const hit = this.machines[trouble.machine % this.machines.length];
        if (hit !== undefined && trouble.is === 'power') this.#down(hit, trouble.for, 'itself');
      }
      const away = this.planes.filter((each) => !this.healthy(each));
      const ours = away.filter(({ downBy, ailing }) => downBy === 'us' || ailing);
      if (ours.length > 1) this.lost.push(`${this.now}: ${ours.map(({ machine }) => machine.name).join(' ')} are away at once`);
      if (!this.quorum() && ours.length === away.length) this.lost.push(`${this.now}: no quorum, and nothing befell anybody`);
    }
  }

  #down(each: Simulated, ms: number, by: 'us' | 'itself'): void {
    if (this.healthy(each)) each.downAt = this.now;
    each.upAt = Math.max(each.upAt, this.now + ms);
    const slow = this.#troubles.find((trouble) => trouble.is === 'slow-etcd' && this.machines[trouble.machine % this.machines.length] === each);
    each.etcdAt = each.upAt + ETCD + (slow?.is === 'slow-etcd' ? slow.by : 0);
    each.boot += 1;
    // What is away already, for a reason of its own, does not become ours by being told something more.
    if (each.machine.role === 'controlplane') each.downBy = each.downBy ?? by;
  }
  #take(each: Simulated, ms: number): void {
    if (each.machine.role === 'controlplane' && this.healthy(each) && !this.#spareable(each)) this.wrong.push(`${this.now}: ${each.machine.name} was taken away and nobody could spare it`);
    this.#down(each, ms, 'us');
  }
  /** Nobody can know of what befalls between the last look and the word that is sent: what went within that time does not count. */
  #spareable(each: Simulated): boolean {
    return this.planes.filter((other) => other !== each && (this.healthy(other) || this.now - other.downAt < UNSEEN)).length > this.planes.length / 2;
  }
  #taken(is: 'no-boot' | 'unhealthy', each: Simulated): boolean {
    return this.#troubles.some((trouble) => trouble.is === is && this.machines[trouble.machine % this.machines.length] === each);
  }

  #call(): void {
    this.pass(200);
    this.#calls += 1;
    if (this.#calls >= this.killAt) {
      this.killAt = Infinity;
      this.#calls = 0;
      throw new Killed();
    }
  }
  #of(machine: Machine): Simulated {
    const found = this.machines.find((each) => each.machine.name === machine.name);
    if (found === undefined) throw new Error(`no ${machine.name}`);
    return found;
  }
  #reached(machine: Machine): Simulated {
    this.#call();
    const each = this.#of(machine);
    if (!this.up(each)) throw new Failure({ exit: 'rerun', what: `${machine.name} does not answer`, because: 'connection refused' });
    return each;
  }
  #told<T>(machines: readonly Machine[], tell: (each: Simulated) => T | Failure): ReadonlyMap<string, Told<T>> {
    this.#call();
    return new Map(machines.map((machine) => {
      const each = this.#of(machine);
      const value = this.up(each) ? tell(each) : new Failure({ exit: 'rerun', what: 'does not answer' });
      return [machine.name, value instanceof Failure ? { ok: false, failure: value } : { ok: true, value }] as const;
    }));
  }

  /** What the phases get. Only what they ask for is there. */
  context(clusterDir = '/nowhere'): Cx {
    const noQuorum = new Failure({ exit: 'rerun', what: 'etcd does not answer', because: 'context deadline exceeded' });
    const leader = (): string => this.planes.find((each) => this.healthy(each))?.machine.name ?? '';
    const reads: Readonly<Record<string, (each: Simulated) => unknown>> = {
      version: (each) => each.version,
      services: (each) => [{ id: 'etcd', state: this.healthy(each) ? 'Running' : 'Failed', healthy: this.healthy(each), message: '' }],
      etcdStatus: (each) => (this.healthy(each) ? { node: each.machine.address, memberId: each.machine.name, leader: this.quorum() ? leader() : '0', dbSizeBytes: 1, raftTerm: 1, raftIndex: 1, learner: false, errors: '' } : noQuorum),
      etcdMembers: (each) => (this.quorum() && this.healthy(each) ? this.planes.map(({ machine }) => ({ id: machine.name, hostname: machine.name, peerUrls: [], learner: false })) : noQuorum),
    };
    const node = (each: Simulated): KubeObject => ({
      apiVersion: 'v1', kind: 'Node', metadata: { name: each.machine.name, annotations: each.cordoned === undefined ? {} : { 'task/cordoned-for': each.cordoned } }, spec: each.cordoned === undefined ? {} : { unschedulable: true },
      status: { conditions: [{ type: 'Ready', status: this.up(each) && !each.ailing ? 'True' : 'False', message: '' }] },
    });
    const api = (): void => {
      this.#call();
      if (!this.quorum()) throw new Failure({ exit: 'rerun', what: 'the Kubernetes API does not answer' });
    };
    const talos = {
      face: async (machine: Machine) => { this.#call(); return this.up(this.#of(machine)) ? { is: 'installed', ours: true, issuer: '' } : { is: 'closed', because: 'connection refused' }; },
      readEach: async (what: string, machines: readonly Machine[]) => this.#told(machines, (each) => reads[what]?.(each)),
      stage: async (machine: Machine) => { this.#reached(machine); return { stage: 'running', ready: true, unmet: [] }; },
      version: async (machine: Machine) => this.#reached(machine).version,
    };
    const day2 = {
      bootId: async (machine: Machine) => String(this.#reached(machine).boot),
      upgrade: async (machine: Machine) => {
        const each = this.#reached(machine);
        // Talos asks etcd too before it begins; here nobody but the task under test does.
        each.upgrades += 1;
        this.#take(each, UPGRADE);
        if (this.#taken('no-boot', each)) each.upAt += REBOOT;
        else {
          each.other = each.version;
          each.version = TO;
          each.ailing = this.#taken('unhealthy', each);
        }
        this.#call();
      },
      rollback: async (machine: Machine) => {
        const each = this.#reached(machine);
        each.version = each.other ?? each.version;
        this.#take(each, REBOOT);
        each.ailing = false;
      },
      patch: async (machine: Machine) => void this.#reached(machine),
      reboot: async (machine: Machine) => {
        this.#take(this.#reached(machine), REBOOT);
        this.#call();
      },
    };
    const kube = {
      get: async (_kind: unknown, name: string) => { api(); return this.machines.filter(({ machine }) => machine.name === name).map(node)[0] ?? null; },
      list: async (kind: { readonly kind: string }) => { api(); return { items: kind.kind === 'Node' ? this.machines.map(node) : [], missing: false }; },
      patch: async (_kind: unknown, name: string, _namespace: unknown, patch: unknown) => {
        api();
        const each = this.machines.find(({ machine }) => machine.name === name);
        if (each !== undefined) each.cordoned = JSON.stringify(patch).includes('null') ? undefined : 'talos-upgrade';
      },
      evict: async () => ({ is: 'gone' }),
    };
    const cluster: Pick<Cluster, 'name' | 'machines'> = { name: 'toy', machines: this.machines.map(({ machine }) => machine) };
    const emit = (event: { readonly type: string; readonly act?: string; readonly subject?: string }): void => {
      const key = `${event.act ?? ''} ${event.subject ?? ''}`;
      if (event.type === 'act-started') this.open.set(key, { act: event.act ?? '', subject: event.subject ?? '', lane: 'toy', run: 'r', at: '', target: 't' });
      if (event.type === 'act-finished') this.open.delete(key);
    };
    const earlier = [...this.open.values()];
    const cx = {
      lane: 'toy', step: 'talos-upgrade', dryRun: false, clusterDir, clock: { now: () => this.now }, variables: {}, overrides: new Set<string>(), signal: new AbortController().signal, cluster, emit,
      site: { root: PROGRAM, versions: { talos: TO } }, doors: { talos, day2, kube }, looking: { talos, day2, kube },
      wait: async (what: string, probe: () => Promise<{ readonly ok: boolean; readonly value?: unknown; readonly because?: string }>, options: { readonly patience: number; readonly every?: number }) => {
        const start = this.now;
        for (;;) {
          const answer = await probe();
          if (answer.ok) return answer.value;
          if (this.now - start >= options.patience) throw new Failure({ exit: 'rerun', what: `waited for ${what}`, because: answer.because });
          this.pass(options.every ?? 2_000);
        }
      },
      actOpen: (act: string, subject: string) => this.open.has(`${act} ${subject}`),
      act: async (act: string, subject: string, proof: () => Promise<'done' | 'not-done' | 'unknown'>, run: () => Promise<string>) => {
        // A kill is no failure: nothing runs after it, neither a proof nor a last line in the journal.
        let killed: Killed | undefined;
        const dying = <T>(work: () => Promise<T>) => async (): Promise<T> => {
          if (killed !== undefined) throw killed;
          try {
            return await work();
          } catch (error) {
            if (error instanceof Killed) killed = error;
            throw error;
          }
        };
        try {
          await performAct({ act, subject, lane: 'toy', step: 'talos-upgrade', proof: dying(proof), run: dying(run), emit: (event) => { if (killed === undefined) emit(event); }, open: earlier });
        } catch (error) {
          throw killed ?? asFailure(error, act);
        }
      },
    };
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a toy has only what the phases under test ask for
    return cx as unknown as Cx;
  }
}
