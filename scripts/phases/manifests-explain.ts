import { askExplain } from '../manifests/explain/ask.ts';
import { explainLines } from '../manifests/explain/render.ts';
import { safeLines } from '../manifests/stable/safe.ts';
import { tellBroken } from '../manifests/stable/broken.ts';
import { aroundOf, readAsked } from './manifests-asked.ts';
import type { Action } from './task.ts';

/** Which file, Kustomization, patch, variable, chart and value made an object and its fields what they are. */
const manifestsExplain: Action = async (cx) => {
  const asked = readAsked(cx);
  const field = cx.variables['FIELD'] === '' ? undefined : cx.variables['FIELD'];
  const tools = await aroundOf(cx, asked, { read: () => undefined, volatile: () => undefined });
  const found = await askExplain({ ...asked, object: cx.variables['OBJECT'] ?? '', ...(field === undefined ? {} : { field }), all: cx.flags.verbose, tools, ...(cx.variables['RENDER'] === 'true' ? { around: tools } : {}) });
  if ('broken' in found) throw tellBroken({ is: 'settings', findings: found.broken }, '');
  return { exit: 'done', result: JSON.parse(JSON.stringify({ objects: found })), render: (style) => safeLines(explainLines(found, style)) };
};
export default manifestsExplain;
