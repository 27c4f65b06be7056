/** The Talos API of the lab's machines as a gRPC client sees it: an adapter over the one simulation in lab/world. Loaded when somebody dials. */
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { RpcError } from '../world/rpc.ts';
import type { Arrival } from '../world/talos-api.ts';
import type { Fields } from '../world/value.ts';
import { decode, encode } from './codec.ts';
import { received, replyOn } from './grpc.ts';
import { METHODS } from './methods/index.ts';
import { tapeOf } from './tape.ts';
import { answerMany, answerOnce, destination } from './proxy.ts';

/** Answers one gRPC call. `closing` is aborted when the machine that was dialled goes down: streams then end as a broken connection does. */
export async function serveGrpc(arrival: Arrival, request: Http2ServerRequest, response: Http2ServerResponse, closing: AbortSignal): Promise<void> {
  const reply = replyOn(response);
  const ended = new AbortController();
  response.on('close', () => ended.abort());
  const signal = AbortSignal.any([closing, ended.signal]);
  // From the first call on, whatever happens to a machine is kept for those who ask for its events.
  tapeOf(arrival.cluster, arrival.machine);
  try {
    const rpc = METHODS[request.url];
    if (rpc === undefined) {
      const [, service = '', method = ''] = request.url.split('/');
      throw new RpcError('Unimplemented', `unknown method ${method} for service ${service}`);
    }
    const table = rpc.kind === 'upload' ? rpc.item : rpc.request;
    const requests: Fields[] = [];
    for await (const bytes of received(request)) requests.push(decode(table, bytes));
    const to = destination(request.headers, arrival);
    if (rpc.kind === 'stream') {
      const down = new Promise<never>((_resolve, reject) => {
        const fail = (): void => reject(new RpcError('Unavailable', 'error reading from server: EOF'));
        if (closing.aborted) fail();
        else closing.addEventListener('abort', fail, { once: true, signal: ended.signal });
      });
      await Promise.race([answerMany(arrival, to, rpc, requests[0] ?? {}, signal, (item) => reply.send(encode(rpc.item, item))), down]);
      if (closing.aborted) await down;
    } else await reply.send(encode(rpc.reply, await answerOnce(arrival, to, rpc, requests, signal)));
    reply.end();
  } catch (error) {
    reply.end(error);
  }
}
