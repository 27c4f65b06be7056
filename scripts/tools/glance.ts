import type { X509Certificate } from 'node:crypto';
import { request } from 'node:https';
import { connect, TLSSocket } from 'node:tls';
import type { Dial } from './dial.ts';
import { loginOf } from './kube-login.ts';

/** What a server shows before anything is asked of it. */
export interface Glance {
  /** Wall ms by its clock (to the second, as HTTP tells it); undefined when it did not say. */
  readonly clock: number | undefined;
  /** Wall ms by ours, in the middle of the question. */
  readonly asked: number;
  /** When the certificate it showed ends, wall ms. */
  readonly certificateEnds: number | undefined;
}

const DEADLINE_MS = 5_000;

/** One question to a cluster's API server, for its clock and its certificate. Throws in the network's or TLS' own words. */
export async function glanceApi(kubeconfig: string, signal: AbortSignal): Promise<Glance> {
  const login = await loginOf(kubeconfig);
  if (login === undefined) throw new Error('the kubeconfig names no server');
  const began = Date.now();
  const both = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]);
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL('/version', login.server), { ...login.tls, agent: false, signal: both, headers: login.headers });
    outgoing.on('error', (error) => reject(both.aborted && !signal.aborted ? new Error(`no answer within ${DEADLINE_MS / 1000} s`) : error));
    outgoing.on('response', (incoming) => {
      const said = Date.parse(incoming.headers.date ?? '');
      const socket = incoming.socket;
      const shown = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
      incoming.destroy();
      // A Date header holds whole seconds, cut off: its middle is the best guess.
      resolve({ clock: Number.isNaN(said) ? undefined : said + 500, asked: (began + Date.now()) / 2, certificateEnds: endOf(shown) });
    });
    outgoing.end();
  });
}

/** The certificate a machine shows on its Talos port, ours or not. Throws in the network's or TLS' own words. */
export async function glanceMachine(dial: Dial, signal: AbortSignal): Promise<Glance> {
  signal.throwIfAborted();
  const socket = connect({ host: dial.host, port: dial.port, ALPNProtocols: ['h2'], rejectUnauthorized: false, checkServerIdentity: () => undefined, ca: [] });
  const { promise, resolve, reject } = Promise.withResolvers<Glance>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${DEADLINE_MS / 1000} s`)), DEADLINE_MS);
  socket.on('secureConnect', () => resolve({ clock: undefined, asked: Date.now(), certificateEnds: endOf(socket.getPeerX509Certificate()) }));
  socket.on('error', reject);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

function endOf(shown: X509Certificate | undefined): number | undefined {
  const end = Date.parse(shown?.validTo ?? '');
  return Number.isNaN(end) ? undefined : end;
}
