import { askExplain } from '../manifests/explain/ask.ts';
import { explainLines } from '../manifests/explain/render.ts';
import { tellBroken } from '../manifests/stable/broken.ts';
import { aroundOf, readAsked } from './manifests-asked.ts';
import type { Action } from './task.ts';

/** Which file, Kustomization, patch, variable, chart and value made an object and its fields what they are. */
const manifestsExplain: Action = async (cx) => {
  const asked = readAsked(cx);
  const field = cx.variables['FIELD'] === '' ? undefined : cx.variables['FIELD'];
  const around = cx.variables['RENDER'] === 'true' ? await aroundOf(cx, asked, { read: () => undefined, volatile: () => undefined }) : undefined;
  const found = await askExplain({ ...asked, object: cx.variables['OBJECT'] ?? '', ...(field === undefined ? {} : { field }), all: cx.flags.verbose, ...(around === undefined ? {} : { around }) });
  if ('broken' in found) throw tellBroken({ is: 'settings', findings: found.broken }, '');
  return { exit: 'done', result: JSON.parse(JSON.stringify({ objects: found })), render: (style) => explainLines(found, style) };
};
export default manifestsExplain;
