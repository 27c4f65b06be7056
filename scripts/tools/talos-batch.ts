import type { Machine } from '../config/cluster.ts';
import { each } from '../engine/each.ts';
import { Failure } from '../engine/failure.ts';
import type { TalosReads, Told } from './doors.ts';
import * as args from './talos-args.ts';
import * as parse from './talos-parse.ts';

/** Single calls at once, for those that a common call did not answer for. */
const ALONE = 6;

type Ask = (how: args.Via | args.Together) => string[];
interface Question<T> {
  readonly ask: Ask;
  one(text: string, machine: Machine): T;
  /** By the address a machine was asked by. */
  each(text: string): ReadonlyMap<string, T>;
}

const QUESTIONS: { readonly [K in keyof TalosReads]: Question<TalosReads[K]> } = {
  version: { ask: args.version, one: (text) => parse.parseVersion(text, 'server'), each: parse.parseVersions },
  stage: { ask: (how) => args.getResource(how, 'machinestatus'), one: parse.parseStage, each: parse.parseStages },
  services: { ask: args.services, one: parse.parseServices, each: parse.parseServicesEach },
  etcdMembers: { ask: args.etcdMembers, one: parse.parseEtcdMembers, each: parse.parseEtcdMembersEach },
  time: {
    ask: args.time,
    one(text, machine) {
      const [found] = parse.parseTimes(text).values();
      if (found === undefined) throw new Failure({ exit: 'rerun', what: `${machine.name} told no time`, hint: `talosctl -n ${machine.address} service machined` });
      return found;
    },
    each: parse.parseTimes,
  },
  etcdStatus: {
    ask: args.etcdStatus,
    one(text, machine) {
      const [status] = parse.parseEtcdStatus(text, machine.address);
      if (status === undefined) throw new Failure({ exit: 'rerun', what: `${machine.name} told no etcd status`, hint: `talosctl -n ${machine.address} service etcd   shows what etcd does there` });
      return status;
    },
    each: (text) => new Map(parse.parseEtcdStatus(text, '').map((status) => [status.node, status])),
  },
};

/** How the calls are made; both answer standard output. */
export interface Calls {
  alone(ask: Ask, machine: Machine): Promise<string>;
  /** Answers what was printed, also when some of the machines (or all) could not be asked. */
  together(ask: Ask, machines: readonly Machine[], endpoints: readonly Machine[]): Promise<string>;
  readonly signal: AbortSignal;
}

/**
 * Asks machines one thing with one call. talosctl prints who answered and complains about the others in one text, so whoever
 * has no part in the answer is asked alone and gives its own reason; so is everyone when the call as a whole failed, or when
 * its answer cannot be read. Throws only the run's interruption and bugs.
 */
export async function readTogether<K extends keyof TalosReads>(calls: Calls, what: K, machines: readonly Machine[]): Promise<ReadonlyMap<string, Told<TalosReads[K]>>> {
  const question = QUESTIONS[what];
  const common = await together(calls, question, machines);
  const told = await each(machines, ALONE, async (machine) => {
    const value = common.get(machine.address);
    return [machine.name, value === undefined ? await alone(calls, question, machine) : { ok: true, value } satisfies Told<TalosReads[K]>] as const;
  }, calls.signal);
  return new Map(told);
}

async function together<T>(calls: Calls, question: Question<T>, machines: readonly Machine[]): Promise<ReadonlyMap<string, T>> {
  const endpoints = machines.filter((machine) => machine.role === 'controlplane');
  if (machines.length < 2 || endpoints.length === 0) return new Map();
  try {
    const text = await calls.together(question.ask, machines, endpoints);
    if (text.trim() === '') return new Map();
    const found = question.each(text);
    // An answer of somebody who was not asked: a table that is not what it looks like.
    return [...found.keys()].every((node) => machines.some((machine) => machine.address === node)) ? found : new Map();
  } catch (error) {
    if (!(error instanceof Failure) || error.exit === 'interrupted') throw error;
    // Not lost: everyone is asked alone now, and whoever still fails says why.
    return new Map();
  }
}

async function alone<T>(calls: Calls, question: Question<T>, machine: Machine): Promise<Told<T>> {
  try {
    return { ok: true, value: question.one(await calls.alone(question.ask, machine), machine) };
  } catch (error) {
    if (!(error instanceof Failure) || error.exit === 'interrupted') throw error;
    return { ok: false, failure: error };
  }
}
