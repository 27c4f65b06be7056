import { NO_GENERATION } from '../dr/record.ts';
import { KINDS } from '../tools/kinds.ts';
import type { Cx } from './context.ts';

/** Under which name the databases of the running cluster archive (DATA_GENERATION of its platform-mode); `none` when it says none. Throws when it cannot be read. */
export async function liveGeneration(cx: Pick<Cx, 'looking'>): Promise<string> {
  const mode = await cx.looking.kube.get(KINDS.ConfigMap, 'platform-mode', 'flux-system');
  const data = mode?.['data'];
  return typeof data === 'object' && data !== null && 'DATA_GENERATION' in data && typeof data.DATA_GENERATION === 'string' ? data.DATA_GENERATION : NO_GENERATION;
}
