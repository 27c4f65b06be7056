/** A bare HTTPS client for the tests: what it sends is exactly what it was told. */
import { Agent, request } from 'node:https';
import type { Served } from './harness.ts';

export interface Reply { readonly code: number; readonly headers: NodeJS.Dict<string | string[]>; readonly text: string; readonly json: Record<string, unknown> }
export interface Ask { readonly method?: string; readonly body?: unknown; readonly type?: string; readonly accept?: string; readonly as?: 'admin' | 'guest' | 'nobody'; readonly agent?: Agent; readonly by?: string }

/** One request; rejects when the connection fails. */
export function ask(served: Served, path: string, how: Ask = {}): Promise<Reply> {
  const who = how.as ?? 'admin';
  return new Promise((resolve, reject) => {
    const call = request({
      host: '127.0.0.1', port: served.port, path, method: how.method ?? 'GET', ca: served.ca, agent: how.agent ?? new Agent({ keepAlive: false }),
      ...(who === 'nobody' ? {} : { cert: served[who].cert, key: served[who].key }),
      headers: { 'user-agent': how.by ?? 'tester/1.0 (test)', ...(how.accept === undefined ? {} : { accept: how.accept }), ...(how.body === undefined ? {} : { 'content-type': how.type ?? 'application/json' }) },
    }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const parsed: unknown = text.startsWith('{') && !text.trimEnd().includes('\n') ? JSON.parse(text) : {};
        resolve({ code: response.statusCode ?? 0, headers: response.headers, text, json: Object(parsed) });
      });
    });
    call.on('error', reject);
    call.end(how.body === undefined ? undefined : typeof how.body === 'string' ? how.body : JSON.stringify(how.body));
  });
}

export interface WatchEvent { readonly type: string; readonly object: Record<string, unknown> }
/** A watch that collects. `until` waits for so many events, `ended` for the end: `end` when the server ended it properly, `cut` when not. */
export function openWatch(served: Served, path: string, accept?: string): { readonly events: WatchEvent[]; until(count: number): Promise<void>; readonly ended: Promise<'end' | 'cut'>; readonly opened: Promise<void>; stop(): void } {
  const events: WatchEvent[] = [];
  const waiting: { readonly count: number; readonly done: () => void }[] = [];
  const { promise: ended, resolve: finish } = Promise.withResolvers<'end' | 'cut'>();
  const { promise: opened, resolve: started } = Promise.withResolvers<void>();
  const call = request({ host: '127.0.0.1', port: served.port, path, ca: served.ca, cert: served.admin.cert, key: served.admin.key, agent: false, headers: accept === undefined ? {} : { accept } }, (response) => {
    started();
    let rest = '';
    response.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) events.push(JSON.parse(line));
      for (const waiter of waiting) if (events.length >= waiter.count) waiter.done();
    });
    response.on('end', () => finish('end'));
    response.on('error', () => finish('cut'));
  });
  call.on('error', () => finish('cut'));
  call.end();
  return {
    events, ended, opened,
    until: (count) => new Promise((resolve) => {
      if (events.length >= count) resolve();
      else waiting.push({ count, done: resolve });
    }),
    stop: () => { call.destroy(); },
  };
}
