import { createCA, issue, opensslKey } from '../../lab/world/pki.ts';
import type { Subject } from '../../lab/world/pki.ts';

export interface Leaf { readonly cert: string; readonly key: string }
export interface Authority { readonly cert: string; issue(subject: Subject, names?: readonly string[]): Leaf }

/** A certificate authority of the test's own, issuing for servers and clients alike. */
export function authority(subject: Subject, algorithm: 'ed25519' | 'p256' = 'p256'): Authority {
  const ca = createCA(subject, algorithm);
  return {
    cert: ca.crt,
    issue(of, names = ['127.0.0.1', 'localhost']) {
      const leaf = issue(ca, { ...of, names, use: 'both' });
      return { cert: leaf.crt, key: opensslKey(leaf.key) };
    },
  };
}
