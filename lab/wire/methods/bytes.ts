/** Methods of machine.MachineService that answer with bytes: files, logs, the kubeconfig. */
import { gzipSync } from 'node:zlib';
import { logOf } from '../../world/services.ts';
import type { Fields } from '../../world/value.ts';
import { listOf, sendBytes, service, stream, textOf } from '../call.ts';
import type { NodeCall, Service } from '../call.ts';
import { Data, Empty } from '../fields/common.ts';
import { CopyRequest, DmesgRequest, LogsRequest, ReadRequest } from '../fields/machine.ts';
import { tar } from '../tar.ts';
import { looks } from '../watching.ts';

type Send = (item: Fields) => Promise<void>;

/** Sends the lines there are (or the last ones, or none), and with `follow` each further one until the call ends. `first` was asked for and logged as a call, `again` only looks. */
async function lines(call: NodeCall, send: Send, first: string, again: () => string, options: { readonly follow: boolean; readonly tail: number }): Promise<void> {
  const split = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');
  const put = (line: string): Promise<void> => send({ bytes: Buffer.from(`${line}\n`) });
  let seen = split(first);
  for (const line of options.tail < 0 ? seen : seen.slice(seen.length - Math.min(options.tail, seen.length))) await put(line);
  if (!options.follow) return;
  for await (const _look of looks(call)) {
    const now = split(again());
    // A log that forgets its oldest lines is told apart by the last one that was sent.
    const last = seen.at(-1);
    for (const line of last === undefined ? now : now.slice(now.lastIndexOf(last) + 1)) await put(line);
    seen = now;
  }
}

async function dmesg(call: NodeCall, send: Send): Promise<void> {
  // The client puts its own word for the node before each line.
  const plain = (text: string): string => text.split('\n').map((line) => line.replace(/^\S+: (?=kern:)/, '')).join('\n');
  const first = plain(textOf((await call.ask('Dmesg'))['data']));
  await lines(call, send, first, () => plain(call.machine.state.dmesg.join('\n')), { follow: call.request['follow'] === true, tail: call.request['tail'] === true ? 0 : -1 });
}

async function logs(call: NodeCall, send: Send): Promise<void> {
  const id = textOf(call.request['id']);
  const first = textOf((await call.ask('Logs', { id, namespace: call.request['namespace'] }))['data']);
  await lines(call, send, first, () => logOf(call.cluster, call.machine, id) ?? '', { follow: call.request['follow'] === true, tail: Number(call.request['tailLines']) });
}

export const BYTES: Service = service('machine.MachineService', {
  Read: stream(ReadRequest, Data, async ({ request, ask }, send) => sendBytes(send, Buffer.from(textOf((await ask('Read', { path: request['path'] }))['data'])))),
  Kubeconfig: stream(Empty, Data, async ({ ask }, send) => sendBytes(send, gzipSync(tar({ kubeconfig: Buffer.from(textOf((await ask('Kubeconfig'))['kubeconfig'])) })))),
  Copy: stream(CopyRequest, Data, async ({ request, ask }, send) => {
    const root = textOf(request['rootPath']);
    const files: Record<string, Buffer> = {};
    for (const { path, relative, dir } of listOf((await ask('List', { root, recurse: true, depth: 10 }))['files'])) if (dir !== true) files[textOf(relative)] = Buffer.from(textOf((await ask('Read', { path }))['data']));
    await sendBytes(send, gzipSync(tar(files)));
  }),
  Dmesg: stream(DmesgRequest, Data, dmesg),
  Logs: stream(LogsRequest, Data, logs),
});
