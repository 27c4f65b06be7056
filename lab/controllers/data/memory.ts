/** What volumes and databases hold, as the controllers see it. */
import type { Content, LabData } from '../../world/data.ts';
import type { ControllerContext, KubeObject } from '../../world/types.ts';

/** Where sentinels are kept: a file of a volume, a row of a database. */
export const SENTINEL_FILE = '.dr-sentinel';
export const SENTINEL_ROW = 'dr_sentinel';

const apart = new WeakMap<object, LabData>();

/** The cluster's data. A context without any has its own, which nobody keeps. */
export function dataOf(cx: ControllerContext): LabData {
  if (cx.data !== undefined) return cx.data;
  let own = apart.get(cx.store);
  if (own === undefined) {
    own = { on: false, repositories: {}, archives: {}, contents: {}, copies: {}, changed: () => undefined, onSwitch: () => () => undefined };
    apart.set(cx.store, own);
  }
  return own;
}

export function contentOf(cx: ControllerContext, holder: KubeObject): Content { return dataOf(cx).contents[holder.metadata.uid ?? ''] ?? {}; }
export function putContent(cx: ControllerContext, holder: KubeObject, content: Content): void {
  const data = dataOf(cx);
  data.contents[holder.metadata.uid ?? ''] = content;
  data.changed();
}
export function dropContent(cx: ControllerContext, holder: KubeObject): void {
  const data = dataOf(cx);
  if (data.contents[holder.metadata.uid ?? ''] === undefined) return;
  delete data.contents[holder.metadata.uid ?? ''];
  data.changed();
}
export function sizeOf(content: Content): number { return Object.values(content).reduce((sum, text) => sum + Buffer.byteLength(text), 0); }
