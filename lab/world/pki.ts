import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign as signBytes, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { bits, context, octets, oid, positive, sequence, set, time, tlv, truth, utf8 } from './der.ts';

export type Algorithm = 'ed25519' | 'p256';
/** A certificate with its key, as PEM. Ed25519 keys carry Talos's own label (`ED25519 PRIVATE KEY`, PKCS#8 inside). */
export interface Pair { readonly crt: string; readonly key: string }
export interface Subject { readonly organization?: readonly string[]; readonly commonName?: string }

const DAY = 86_400_000;
const pem = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64').replace(/(.{64})(?=.)/g, '$1\n')}\n-----END ${label}-----\n`;

/** A new private key. */
export function newKey(algorithm: Algorithm): KeyObject {
  return algorithm === 'ed25519' ? generateKeyPairSync('ed25519').privateKey : generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

/** PEM as Talos writes it: its own label for Ed25519, SEC1 for EC, PKCS#1 for RSA. */
export function keyPem(key: KeyObject): string {
  if (key.asymmetricKeyType === 'ed25519') return pem('ED25519 PRIVATE KEY', key.export({ type: 'pkcs8', format: 'der' }));
  return key.export({ type: key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1', format: 'pem' }).toString();
}

/** Reads any private key Talos writes; OpenSSL refuses Talos's label for Ed25519, so the armour is taken off. Throws when it is no key. */
export function readKey(text: string): KeyObject {
  const talos = /-----BEGIN ED25519 PRIVATE KEY-----([\s\S]*?)-----END/.exec(text)?.[1];
  return talos === undefined ? createPrivateKey(text) : createPrivateKey({ key: Buffer.from(talos, 'base64'), format: 'der', type: 'pkcs8' });
}

/** The same key under a label that OpenSSL (and so Node's TLS) reads. */
export const opensslKey = (text: string): string => readKey(text).export({ type: 'pkcs8', format: 'pem' }).toString();

/** SHA-256 of the certificate, lower-case hex without colons. */
export const fingerprint = (crt: string): string => new X509Certificate(crt).fingerprint256.replaceAll(':', '').toLowerCase();

function algorithmId(key: KeyObject): Buffer {
  if (key.asymmetricKeyType === 'ed25519') return sequence(oid('1.3.101.112'));
  if (key.asymmetricKeyType === 'rsa') return sequence(oid('1.2.840.113549.1.1.11'), tlv(0x05));
  return sequence(oid('1.2.840.10045.4.3.2'));
}

function name(subject: Subject): Buffer {
  const part = (id: string, value: string): Buffer => set(sequence(oid(id), utf8(value)));
  return sequence(...(subject.organization ?? []).map((o) => part('2.5.4.10', o)), ...(subject.commonName === undefined ? [] : [part('2.5.4.3', subject.commonName)]));
}

const extension = (id: string, critical: boolean, value: Buffer): Buffer => sequence(oid(id), ...(critical ? [truth()] : []), octets(value));
const spki = (key: KeyObject): Buffer => createPublicKey(key).export({ type: 'spki', format: 'der' });
const keyId = (key: KeyObject): Buffer => createHash('sha1').update(spki(key)).digest();

interface Request {
  readonly subject: Buffer; readonly issuer: Buffer; readonly key: KeyObject; readonly signer: KeyObject;
  readonly ttlMs: number; readonly extensions: readonly Buffer[];
}

function certificate(request: Request): string {
  const now = Date.now();
  const algorithm = algorithmId(request.signer);
  const body = sequence(
    context(0, true, positive(Buffer.from([2]))), positive(randomBytes(16)), algorithm, request.issuer,
    // An hour back: clocks of the machines that check may be behind.
    sequence(time(new Date(now - 3_600_000)), time(new Date(now + request.ttlMs))),
    request.subject, spki(request.key), context(3, true, sequence(...request.extensions)),
  );
  const hash = request.signer.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  return pem('CERTIFICATE', sequence(body, algorithm, bits(signBytes(hash, body, request.signer))));
}

/** A self-signed authority, valid ten years as Talos makes them. */
export function createCA(subject: Subject, algorithm: Algorithm, key: KeyObject = newKey(algorithm)): Pair {
  const who = name(subject);
  const crt = certificate({
    subject: who, issuer: who, key, signer: key, ttlMs: 3650 * DAY,
    extensions: [
      extension('2.5.29.15', true, bits(Buffer.from([0x84]), 2)),
      extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.1'), oid('1.3.6.1.5.5.7.3.2'))),
      extension('2.5.29.19', true, sequence(truth())),
      extension('2.5.29.14', false, octets(keyId(key))),
    ],
  });
  return { crt, key: keyPem(key) };
}

export interface LeafOptions extends Subject {
  /** DNS names and IP addresses, told apart by form. */
  readonly names?: readonly string[];
  readonly use: 'server' | 'client' | 'both';
  readonly ttlMs?: number;
}

/** A certificate signed by `ca` for a new key of the authority's own algorithm. Throws when the authority's key is unusable. */
export function issue(ca: Pair, options: LeafOptions): Pair {
  const signer = readKey(ca.key);
  const key = newKey(signer.asymmetricKeyType === 'ed25519' ? 'ed25519' : 'p256');
  const uses = [...(options.use === 'client' ? [] : [oid('1.3.6.1.5.5.7.3.1')]), ...(options.use === 'server' ? [] : [oid('1.3.6.1.5.5.7.3.2')])];
  const names = (options.names ?? []).map((entry) => (isIP(entry) === 0 ? context(2, false, Buffer.from(entry)) : context(7, false, address(entry))));
  const crt = certificate({
    subject: name(options), issuer: subjectOf(ca.crt), key, signer, ttlMs: options.ttlMs ?? 365 * DAY,
    extensions: [
      extension('2.5.29.15', true, bits(Buffer.from([0x80]), 7)),
      extension('2.5.29.37', false, sequence(...uses)),
      // Without a key id of its own, OpenSSL takes a leaf whose subject is its issuer's for self-signed.
      extension('2.5.29.14', false, octets(keyId(key))),
      extension('2.5.29.35', false, sequence(context(0, false, authorityKeyId(ca)))),
      ...(names.length === 0 ? [] : [extension('2.5.29.17', false, sequence(...names))]),
    ],
  });
  return { crt, key: keyPem(key) };
}

/** A certificate signing request (PKCS#10, RFC 2986) for a new key, as a kubelet sends it. */
export function certificateRequest(subject: Subject): string {
  const key = newKey('p256');
  const info = sequence(positive(Buffer.from([0])), name(subject), spki(key), context(0, true));
  return pem('CERTIFICATE REQUEST', sequence(info, algorithmId(key), bits(signBytes('sha256', info, key))));
}

/** A self-signed server certificate, as a machine in maintenance shows. */
export function selfSigned(subject: Subject, names: readonly string[]): Pair {
  const key = newKey('ed25519');
  const who = name(subject);
  const entries = names.map((entry) => (isIP(entry) === 0 ? context(2, false, Buffer.from(entry)) : context(7, false, address(entry))));
  const crt = certificate({
    subject: who, issuer: who, key, signer: key, ttlMs: DAY,
    extensions: [extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.1'))), extension('2.5.29.17', false, sequence(...entries))],
  });
  return { crt, key: keyPem(key) };
}

function address(text: string): Buffer {
  if (isIP(text) === 4) return Buffer.from(text.split('.').map(Number));
  const [head = '', tail = ''] = text.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return Buffer.from(groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]));
}

interface Element { readonly tag: number; readonly start: number; readonly body: number; readonly end: number }
function element(der: Buffer, at: number): Element {
  const first = der[at + 1] ?? 0;
  const extra = first < 0x80 ? 0 : first - 0x80;
  const length = extra === 0 ? first : der.readUIntBE(at + 2, extra);
  const body = at + 2 + extra;
  return { tag: der[at] ?? 0, start: at, body, end: body + length };
}

/** The subject of a certificate exactly as it is encoded: an issuer must match it byte for byte. */
function subjectOf(crt: string): Buffer {
  const der = new X509Certificate(crt).raw;
  let at = element(der, element(der, 0).body).body;
  const fields: Element[] = [];
  for (let n = 0; n < 6; n++) {
    const field = element(der, at);
    fields.push(field);
    at = field.end;
  }
  // version [0], serial, signature, issuer, validity, subject; a version 1 certificate has no [0].
  const subject = fields[fields[0]?.tag === 0xa0 ? 5 : 4];
  if (subject === undefined) throw new Error('not a certificate');
  return der.subarray(subject.start, subject.end);
}

/** The authority's own subject key id (whatever hash it was made with), so that verifiers pair the two. */
function authorityKeyId(ca: Pair): Buffer {
  const der = new X509Certificate(ca.crt).raw;
  const marker = oid('2.5.29.14');
  const found = der.indexOf(marker);
  if (found < 0) return keyId(readKey(ca.key));
  const outer = element(der, found + marker.length);
  const inner = element(der, outer.body);
  return der.subarray(inner.body, inner.end);
}
