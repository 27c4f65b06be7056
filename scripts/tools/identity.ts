import { Failure } from '../engine/failure.ts';
import type { SecretsBundle } from './doors.ts';
import { readIfThere, writePrivate } from './files.ts';
import type { ClusterFiles } from './files.ts';
import { certificateFingerprint, pemOf } from './talos-bundle.ts';

export interface Authority { readonly sha256: string; readonly pem: string }
/** What a cluster is known by: its two certificate authorities. Public data. */
export interface Identity { readonly format: 1; readonly cluster: string; readonly machineCA: Authority; readonly clusterCA: Authority }

/** The identity a secrets bundle gives a cluster. */
export function identityOf(cluster: string, bundle: SecretsBundle): Identity {
  const authority = (value: string): Authority => { const pem = pemOf(value); return { sha256: certificateFingerprint(pem), pem }; };
  return { format: 1, cluster, machineCA: authority(bundle.MACHINE_CA_CRT), clusterCA: authority(bundle.CLUSTER_CA_CRT) };
}

export async function writeIdentity(files: ClusterFiles, identity: Identity): Promise<void> {
  await writePrivate(files.identity, `${JSON.stringify(identity, undefined, 2)}\n`);
}

/** The identity written earlier, or undefined when this cluster has none yet. A damaged file is a Failure (75), never "none". */
export function readIdentity(files: ClusterFiles): Identity | undefined {
  const text = readIfThere(files.identity);
  if (text === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    if (isIdentity(parsed)) return parsed;
  } catch (error) {
    throw damaged(files.identity, error);
  }
  throw damaged(files.identity, undefined);
}

function damaged(file: string, cause: unknown): Failure {
  return new Failure({ exit: 'rerun', what: `${file} is damaged, so nobody can tell which cluster is meant`, hint: 'remove the file and run bootstrap:talos, which writes it from the secret store', cause });
}

function isIdentity(value: unknown): value is Identity {
  return isObject(value) && value['format'] === 1 && typeof value['cluster'] === 'string' && isAuthority(value['machineCA']) && isAuthority(value['clusterCA']);
}
function isAuthority(value: unknown): value is Authority {
  return isObject(value) && typeof value['sha256'] === 'string' && typeof value['pem'] === 'string';
}
function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/**
 * Refuses (75, before anything is written) when the CA a connection would trust is not the expected cluster's.
 * An unknown identity is refused as well: unknown is never good.
 */
export function proveClusterCA(cluster: string, pem: string | undefined, identity: Identity | undefined): void {
  if (identity === undefined) {
    throw new Failure({ exit: 'rerun', what: `nothing is written to ${cluster}: it is not known which cluster that is`, because: 'there is no identity.json of it yet', hint: `task bootstrap:talos CLUSTER=${cluster}   writes it from the secret store` });
  }
  if (pem === undefined) {
    throw new Failure({ exit: 'rerun', what: `nothing is written to ${cluster}: its kubeconfig names no certificate authority`, because: 'so the API server could be anybody', hint: `task cluster:kubeconfig CLUSTER=${cluster}` });
  }
  const seen = certificateFingerprint(pem);
  if (seen !== identity.clusterCA.sha256) {
    throw new Failure({
      exit: 'rerun',
      what: `nothing is written: this kubeconfig belongs to another cluster than ${cluster}`,
      because: `its CA is ${short(seen)}, the secret store's is ${short(identity.clusterCA.sha256)}`,
      hint: `task cluster:kubeconfig CLUSTER=${cluster}   fetches the right one`,
    });
  }
}

function short(fingerprint: string): string {
  return `sha256:${fingerprint.slice(0, 16)}`;
}
