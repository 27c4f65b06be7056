/** machine.MachineService/Events and the payloads its events carry (as Any). */
import { message } from '../codec.ts';
import type { Table } from '../codec.ts';
import { answer, Any } from './common.ts';
import { ServiceHealth } from './machine.ts';

export const EventsRequest = message({ tailEvents: '1 int32', tailId: '2 string', tailSeconds: '3 int32', withActorId: '4 string' });
export const Event = answer({ data: [2, Any], id: '3 string', actorId: '4 string' });

const Failure = message({ code: '1 FATAL|LOCKED|CANCELED', message: '2 string' });
const MachineStatus = message({ ready: '1 bool', unmetConditions: ['2*', message({ name: '1 string', reason: '2 string' })] });
/** By the name their type URL ends in; a client knows no others and stops at an unknown one. */
export const PAYLOADS = {
  SequenceEvent: message({ sequence: '1 string', action: '2 NOOP|START|STOP', error: [3, Failure] }),
  PhaseEvent: message({ phase: '1 string', action: '2 START|STOP' }),
  TaskEvent: message({ task: '1 string', action: '2 START|STOP' }),
  ServiceStateEvent: message({ service: '1 string', action: '2 INITIALIZED|PREPARING|WAITING|RUNNING|STOPPING|FINISHED|FAILED|SKIPPED|STARTING', message: '3 string', health: [4, ServiceHealth] }),
  MachineStatusEvent: message({ stage: '1 UNKNOWN|BOOTING|INSTALLING|MAINTENANCE|RUNNING|REBOOTING|SHUTTING_DOWN|RESETTING|UPGRADING', status: [2, MachineStatus] }),
} as const satisfies Readonly<Record<string, Table>>;
/** As the client expects it; not the usual `type.googleapis.com/`. */
export const typeUrl = (payload: string): string => `talos/runtime/machine.${payload}`;
