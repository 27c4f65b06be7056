import { X509Certificate } from 'node:crypto';
import type { ClusterFiles } from './files.ts';
import { readIfThere } from './files.ts';
import { readIdentity } from './identity.ts';
import { currentParts } from './kubeconfig.ts';

/** A certificate of a file, by the name people know it under. */
export interface Dated { readonly what: string; /** Wall ms. */ readonly ends: number; /** How to get a new one. */ readonly renew: string }
/** One read, or why it gave nothing. */
export type DatedRead = { readonly ok: true; readonly value: Dated } | { readonly ok: false; readonly because: string };

/** Every certificate in the files kept for a cluster. What cannot be read is an entry that says so; a file that is not there has none. */
export async function certificatesOf(files: ClusterFiles, cluster: string): Promise<readonly DatedRead[]> {
  const renew = `task cluster:kubeconfig CLUSTER=${cluster}`;
  const found: DatedRead[] = [];
  const read = async (file: string, parse: (text: string) => Promise<readonly (readonly [what: string, pem: unknown, renew: string])[]>): Promise<void> => {
    try {
      const text = readIfThere(file);
      if (text === undefined) return;
      for (const [what, pem, how] of await parse(text)) found.push({ ok: true, value: { what, ends: endOf(what, pem), renew: how } });
    } catch (error) {
      found.push({ ok: false, because: `${file}: ${error instanceof Error ? error.message : String(error)}` });
    }
  };
  await read(files.kubeconfig, async (text) => [[`the client certificate in the kubeconfig of ${cluster}`, decoded((await currentParts(text)).user['client-certificate-data']), renew]]);
  await read(files.talosconfig, async (text) => [[`the client certificate in the talosconfig of ${cluster}`, decoded(property(await contextOf(text), 'crt')), renew]]);
  await read(files.identity, async () => {
    const identity = readIdentity(files);
    const how = 'a certificate authority ends with its cluster: plan the rotation (Talos: talosctl rotate-ca) before that day';
    return identity === undefined ? [] : [[`the machine CA of ${cluster}`, identity.machineCA.pem, how], [`the Kubernetes CA of ${cluster}`, identity.clusterCA.pem, how]];
  });
  return found;
}

function endOf(what: string, pem: unknown): number {
  const end = typeof pem === 'string' && pem !== '' ? Date.parse(new X509Certificate(pem).validTo) : Number.NaN;
  if (Number.isNaN(end)) throw new Error(`${what} is not there`);
  return end;
}
const decoded = (value: unknown): string | undefined => (typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : undefined);

async function contextOf(text: string): Promise<unknown> {
  const { load } = await import('js-yaml');
  const parsed = load(text);
  return property(property(parsed, 'contexts'), String(property(parsed, 'context')));
}
function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
