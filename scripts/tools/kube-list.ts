import type { KubeObject } from '../config/cluster.ts';
import { Failure } from '../engine/failure.ts';
import type { Keep, KindRef } from './doors.ts';
import type { KubeReply } from './kube-http.ts';
import { isObject } from './kube-status.ts';
import { isKubeObject } from './kube-watch.ts';

/** Objects of one answer: a few megabytes of pods, so that thousands of them never lie in memory as text at once. */
const PAGE = 250;

export interface Listed { readonly items: readonly KubeObject[]; /** A watch from here misses nothing. */ readonly resourceVersion: string; readonly missing: boolean }

/**
 * A whole list, page by page (limit, continue), of each object only what `keep` leaves. A token the server has forgotten (410)
 * begins the list anew, the second time in one piece. `missing` when the kind is not served. `good` parses an answer or throws.
 */
export async function listInPages(
  ref: KindRef, options: { readonly labelSelector?: string; readonly limit?: number; readonly keep?: Keep },
  send: (query: Readonly<Record<string, string>>) => Promise<KubeReply>, good: (reply: KubeReply) => unknown, what: string,
): Promise<Listed> {
  const selected: Record<string, string> = options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector };
  const keep = options.keep ?? ((object) => object);
  let pageSize: number | undefined = options.limit ?? PAGE;
  for (;;) {
    const items: KubeObject[] = [];
    let resourceVersion: string | undefined;
    let next = '';
    do {
      const reply = await send({ ...selected, ...(pageSize === undefined ? {} : { limit: String(pageSize) }), ...(next === '' ? {} : { continue: next }) });
      if (reply.status === 404) return { items: [], resourceVersion: '', missing: true };
      if (reply.status === 410 && next !== '') {
        pageSize = undefined;
        break;
      }
      const page = pageOf(ref, good(reply), what);
      for (const item of page.items) items.push(keep(item));
      // The first page's: what happens while the others are read is told again by a watch, never left out.
      resourceVersion ??= page.resourceVersion;
      next = page.next;
      if (next === '' || options.limit !== undefined) return { items, resourceVersion, missing: false };
    } while (next !== '');
  }
}

/** Lists leave kind and version out of their items; objects always carry them here. */
function pageOf(ref: KindRef, answer: unknown, what: string): { readonly items: readonly KubeObject[]; readonly resourceVersion: string; readonly next: string } {
  if (!isObject(answer) || !Array.isArray(answer['items'])) throw new Failure({ exit: 'rerun', what, because: 'the answer is no list', hint: 'look whether something else answers at that address: task cluster:health' });
  const metadata = isObject(answer['metadata']) ? answer['metadata'] : {};
  const text = (key: string): string => (typeof metadata[key] === 'string' ? metadata[key] : '');
  return { items: answer['items'].filter(isKubeObject).map((item): KubeObject => ({ ...item, apiVersion: ref.apiVersion, kind: ref.kind })), resourceVersion: text('resourceVersion'), next: text('continue') };
}
