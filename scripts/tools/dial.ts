import type { Cluster, Machine } from '../config/cluster.ts';
import type { TargetFile } from '../config/target.ts';
import { Failure } from '../engine/failure.ts';

/** Port of the Talos API on a real machine. */
export const TALOS_PORT = 50000;

export interface Dial { readonly host: string; readonly port: number; /** `host:port`, brackets round an IPv6 host. */ readonly hostPort: string }

/** Where a machine's Talos API is dialled: itself on site, the lab's loopback port in a lab. A lab that does not know it is an error, never a call to the real one. */
export function dialMachine(target: TargetFile, machine: Pick<Machine, 'name' | 'address'>): Dial {
  const translated = target.machines[machine.address];
  if (translated !== undefined) return parseHostPort(translated);
  if (target.kind === 'lab') {
    throw new Failure({ exit: 'configuration', what: `the lab has no machine ${machine.name} (${machine.address})`, hint: 'the lab was brought up before this machine was added: task lab:down, then run this again' });
  }
  const host = machine.address;
  return { host, port: TALOS_PORT, hostPort: host.includes(':') ? `[${host}]:${TALOS_PORT}` : `${host}:${TALOS_PORT}` };
}

export interface ApiDial {
  /** Base URL requests go to. */
  readonly server: string;
  /** Name the certificate is checked against and sent as SNI, when it is not the server's own. */
  readonly serverName: string | undefined;
}

/** Where a cluster's Kubernetes API is dialled. */
export function dialApi(target: TargetFile, cluster: Pick<Cluster, 'name' | 'endpoint'>): ApiDial {
  const api = target.apis[cluster.name];
  if (api !== undefined) return { server: `https://${parseHostPort(api.address.replace(/^https:\/\//, '')).hostPort}`, serverName: api.serverName };
  if (target.kind === 'lab') {
    throw new Failure({ exit: 'configuration', what: `the lab has no cluster ${cluster.name}`, hint: 'the lab was brought up before this cluster was added: task lab:down, then run this again' });
  }
  return { server: cluster.endpoint, serverName: undefined };
}

export type DownloadDial = { readonly from: 'url'; readonly url: string; readonly sha256: string } | { readonly from: 'file'; readonly file: string; readonly sha256: string };

/** What is fetched for a pinned URL: the URL with its digest, or the lab's file with the lab's digest. */
export function dialDownload(target: TargetFile, url: string, sha256: string): DownloadDial {
  const instead = target.downloads[url];
  return instead === undefined ? { from: 'url', url, sha256 } : { from: 'file', file: instead.file, sha256: instead.sha256 };
}

/** Splits `host:port`, `[v6]:port`. Throws a Failure (65) for anything else: a target file is data somebody wrote. */
export function parseHostPort(text: string): Dial {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]/\s]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || !(port >= 1 && port <= 65_535)) {
    throw new Failure({ exit: 'configuration', what: `"${text}" is no host:port`, hint: 'the target file is damaged: task lab:down and lab:up write it anew' });
  }
  return { host, port, hostPort: text };
}
