/** Addresses a kustomization.yaml fetches from. */

/** Names of branches and tags that are moved on by whoever publishes. */
export const MOVING: ReadonlySet<string> = new Set(['latest', 'main', 'master', 'edge', 'dev', 'develop', 'nightly', 'stable', 'canary', 'rolling', 'head', 'HEAD']);
const VERSION = /^(?:v?\d+\.\d+(?:\.\d+)?(?:[-+.][0-9A-Za-z.-]+)?|v\d+|[0-9a-f]{40}|[0-9a-f]{7,12})$/;

/** Whether an address names a tag, a release or a commit: what it gives is the same tomorrow. */
export function isPinned(entry: string): boolean {
  const ref = /[?&](?:ref|version)=([^&]*)/.exec(entry)?.[1];
  if (ref !== undefined) return ref !== '' && !MOVING.has(ref) && (VERSION.test(ref) || /\d/.test(ref));
  const parts = entry.replace(/[?#].*$/, '').split('/');
  const download = parts.indexOf('download');
  if (parts.includes('releases') && download >= 0) return parts[download + 1] !== undefined && parts[download - 1] !== 'latest' && parts[download + 1] !== 'latest';
  return parts.some((part) => /^(?:v?\d+\.\d+\.\d+[\w.+-]*|[0-9a-f]{40})$/.test(part));
}
