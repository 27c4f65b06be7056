/** machine.MachineService/Events. */
import { RpcError } from '../../world/rpc.ts';
import type { Fields } from '../../world/value.ts';
import { service, stream } from '../call.ts';
import type { NodeCall, Service } from '../call.ts';
import { Event, EventsRequest, typeUrl } from '../fields/events.ts';
import { tapeOf } from '../tape.ts';
import type { Tape, Told } from '../tape.ts';

/** Wall ms. A client asks for events and acts at the same moment: what it caused must not be over before it listens. */
const JUST_NOW = 500;
/** Wall ms. A client that slept longer than it wanted still learns that the machine it waits for is ready. */
const READY_JUST_NOW = 5_000;

/** What was told before this call and belongs to it. */
function past({ told }: Tape, request: Fields): readonly Told[] {
  const tail = Number(request['tailEvents']);
  const id = String(request['tailId']);
  const seconds = Number(request['tailSeconds']);
  if (id !== '') return told.filter((event) => event.id > id);
  if (seconds > 0) return told.filter((event) => performance.now() - event.at <= seconds * 1000);
  if (tail !== 0) return tail < 0 ? told : told.slice(-tail);
  return told.filter((event) => performance.now() - event.at <= (event.ready ? READY_JUST_NOW : JUST_NOW));
}

async function events({ cluster, machine, request, signal, ask }: NodeCall, send: (item: Fields) => Promise<void>): Promise<void> {
  await ask('Events');
  const actor = String(request['withActorId']);
  const tape = tapeOf(cluster, machine);
  const wire = (event: Told): Promise<void> => (actor !== '' && event.actor !== actor ? Promise.resolve()
    : send({ id: event.id, actorId: event.actor, data: { typeUrl: typeUrl(event.payload), value: event.bytes } }));
  // The client waits for a first message, which says nothing.
  await send({});
  await new Promise<void>((resolve, reject) => {
    const stop = tape.listen((event) => {
      if (event === 'down') end(() => reject(new RpcError('Unavailable', 'error reading from server: EOF')));
      else wire(event).catch((error: unknown) => end(() => reject(error)));
    });
    const end = (how: () => void): void => {
      stop();
      how();
    };
    signal.addEventListener('abort', () => end(resolve), { once: true });
    if (signal.aborted) end(resolve);
    for (const event of past(tape, request)) wire(event).catch((error: unknown) => end(() => reject(error)));
  });
}

export const EVENTS: Service = service('machine.MachineService', { Events: stream(EventsRequest, Event, events) });
