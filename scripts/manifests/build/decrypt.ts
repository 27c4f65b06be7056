import type { KubeObject } from '../../config/cluster.ts';
import { isPlain } from './data.ts';
import { UNKNOWN } from './unknown.ts';

/** What SOPS keeps for itself: in objects, and as lines of an environment file. */
const SOPS = 'sops';

/** An object as the controller applies it once it has decrypted it: its encrypted values are there, and nobody here knows them. */
export function decrypted(object: KubeObject): KubeObject {
  if (!isPlain(object[SOPS])) return object;
  const { [SOPS]: _sops, ...rest } = object;
  return opened(rest) as KubeObject;
}

function opened(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith('ENC[') ? UNKNOWN : value;
  if (Array.isArray(value)) return value.map(opened);
  return isPlain(value) ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, opened(each)])) : value;
}

/** Whether a text is encrypted by SOPS as a whole: a file of a generator. */
export function isEncryptedFile(text: string): boolean {
  return text.includes('ENC[') && /^(?:\s*"?sops"?:|sops_[a-z_]+=|\[sops\])/m.test(text);
}

/** A line of an environment file that is SOPS's own. */
export function isSopsKey(key: string): boolean {
  return key.startsWith('sops_');
}
