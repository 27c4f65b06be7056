import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import type { TalosFace } from './doors.ts';
import type { Dial } from './dial.ts';

/** HTTP/2 client preface followed by an empty SETTINGS frame (RFC 9113 section 3.4): all a server needs to show its own SETTINGS. */
const HELLO = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1'), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]);
/** Type byte of a SETTINGS frame, the first a server sends. */
const SETTINGS = 4;

export interface ProbeOptions {
  readonly dial: Dial;
  /** PEM of the machine CA this machine's certificate should come from; undefined when none is known. */
  readonly expectedCA: string | undefined;
  /** Other clusters of ours by their machine CA, to say whose machine it is when it is not this one's. */
  readonly others?: () => readonly { readonly cluster: string; readonly pem: string }[];
  /** Wall ms until it counts as not answering. */
  readonly deadlineMs?: number;
  readonly signal: AbortSignal;
}

/**
 * Tells a machine in maintenance from an installed one by TLS alone: connects without a client certificate and asks for HTTP/2. In
 * maintenance the server answers; installed it refuses with the alert "certificate required", which in TLS 1.3 comes only after the
 * handshake, so the first bytes are waited for. Never rejects, except when the signal aborts.
 */
export async function probeFace(options: ProbeOptions): Promise<TalosFace> {
  options.signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<TalosFace>();
  const socket = connect({
    host: options.dial.host, port: options.dial.port, ALPNProtocols: ['h2'], minVersion: 'TLSv1.3',
    // Nothing is sent that needs a proven server; whether the certificate is ours is part of the answer.
    rejectUnauthorized: false, checkServerIdentity: () => undefined,
    // Never the public authorities: no machine's certificate is theirs, and reading them takes longer than the rest.
    ca: options.expectedCA ?? [],
  });
  let shaken: { ours: boolean | null; issuer: string; certificate: string; of: string | undefined } | undefined;
  const closed = (because: string): void => resolve({ is: 'closed', because });
  const deadlineMs = options.deadlineMs ?? 3_000;
  const timer = setTimeout(() => closed(`no answer within ${deadlineMs / 1000} s`), deadlineMs);
  const onAbort = (): void => reject(options.signal.reason);
  options.signal.addEventListener('abort', onAbort, { once: true });
  socket.on('secureConnect', () => {
    // Asked once and for all: whoever asks Node for it a second time, in either form, gets nothing.
    const shown = socket.getPeerX509Certificate();
    shaken = { ours: options.expectedCA === undefined ? null : socket.authorized, issuer: issuerOf(shown), certificate: shown?.fingerprint256 ?? '', of: socket.authorized ? undefined : signedBy(shown, options.others?.() ?? []) };
    if (socket.alpnProtocol !== 'h2') closed('it speaks TLS but not HTTP/2, so it is no Talos API');
    socket.write(HELLO);
  });
  let first = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    first = Buffer.concat([first, chunk]);
    if (first.length < 9) return;
    if (first[3] === SETTINGS) resolve({ is: 'maintenance', ...(shaken === undefined || shaken.certificate === '' ? {} : { certificate: shaken.certificate }) });
    else closed('it answered something that is not HTTP/2');
  });
  socket.on('error', (error: Error & { code?: string }) => {
    if (wantsCertificate(error)) resolve({ is: 'installed', ours: shaken?.ours ?? null, issuer: shaken?.issuer ?? '', ...(shaken?.of === undefined ? {} : { of: shaken.of }) });
    else closed(describe(error));
  });
  socket.on('close', () => closed(shaken === undefined ? 'the connection was closed during the TLS handshake' : 'the connection was closed without an answer'));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener('abort', onAbort);
    socket.destroy();
  }
}

function wantsCertificate(error: Error & { code?: string }): boolean {
  return error.code === 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' || /alert certificate required|alert number 116/i.test(error.message);
}

/** By the signature alone: every Talos authority has the same name. */
function signedBy(shown: X509Certificate | undefined, others: readonly { readonly cluster: string; readonly pem: string }[]): string | undefined {
  return others.find(({ pem }) => shown?.verify(new X509Certificate(pem).publicKey) === true)?.cluster;
}

function issuerOf(shown: X509Certificate | undefined): string {
  // One attribute per line, as Node prints a name.
  return (shown?.issuer ?? '').split('\n').filter((part) => part !== '').join(', ');
}

function describe(error: Error & { code?: string }): string {
  switch (error.code) {
    case 'ECONNREFUSED': return 'connection refused';
    case 'ECONNRESET': return 'connection reset';
    case 'EHOSTUNREACH': case 'ENETUNREACH': return 'no route to it';
    case 'ETIMEDOUT': return 'connection timed out';
    case 'ENOTFOUND': return 'its name does not resolve';
    default: return error.message.split('\n')[0] ?? error.message;
  }
}
