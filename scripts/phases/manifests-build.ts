import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { EXIT, Failure } from '../engine/failure.ts';
import type { Json, Outcome } from '../engine/outcome.ts';
import { remembered } from '../manifests/cache/remembered.ts';
import { tellBroken } from '../manifests/stable/broken.ts';
import type { BuiltAnswer } from '../manifests/stable/build.ts';
import { aroundOf, readAsked } from './manifests-asked.ts';
import type { Action, ActionContext } from './task.ts';

/** What the controllers would apply, in the order they would, as the same bytes on every machine. */
const manifestsBuild: Action = async (cx) => {
  const asked = readAsked(cx);
  const unit = cx.variables['KS'] === '' ? undefined : cx.variables['KS'];
  const render = cx.variables['RENDER'] === 'true';
  const { value } = await remembered(asked.memory, { task: 'build', unit: unit ?? null, render, asked: asked.question }, async (reads): Promise<Json> => {
    const { build } = await import('../manifests/stable/build.ts');
    const tools = await aroundOf(cx, asked, reads);
    return JSON.parse(JSON.stringify(await build({ ...asked, ...(unit === undefined ? {} : { unit }), tools, ...(render ? { around: tools } : {}), consulted: reads.consulted })));
  });
  return outcomeOf(cx, value as unknown as BuiltAnswer);
};
export default manifestsBuild;

function outcomeOf(cx: ActionContext, answer: BuiltAnswer): Outcome {
  if (answer.is !== 'built') throw tellBroken(answer, 'nothing was printed');
  const json = cx.variables['FORMAT'] === 'json';
  const text = (): string => (json ? `${JSON.stringify(answer.json, null, 2)}\n` : answer.yaml);
  const file = cx.variables['FILE'] === undefined || cx.variables['FILE'] === '' ? undefined : resolve(cx.variables['FILE']);
  if (file !== undefined) writeTo(file, text());
  if (answer.unshown > 0) note(cx, `names of variables stand in ${answer.unshown === 1 ? '1 object' : `${answer.unshown} objects`} where values are secret, or known in the cluster only`);
  for (const absent of answer.absent) note(cx, `not here: ${absent}`);
  for (const unbuilt of answer.unbuilt) note(cx, unbuilt);
  const exit = answer.unbuilt.length > 0 || (cx.variables['RENDER'] === 'true' && answer.absent.length > 0) ? 'cannotTell' : 'done';
  return {
    exit,
    get result() { return { exit: EXIT[exit], clusters: answer.json, objects: answer.objects, unshown: answer.unshown, absent: [...answer.absent], unbuilt: [...answer.unbuilt] }; },
    render: (style) => (file === undefined ? text().slice(0, -1).split('\n') : [`${style.green('✔')} ${answer.objects} objects of ${answer.clusters.join(', ')} to ${file}`]),
  };
}

function note(cx: ActionContext, text: string): void {
  cx.emit({ type: 'note', lane: '', step: 'manifests', level: 'warn', text });
}

function writeTo(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new Failure({ exit: 'rerun', what: `the manifests cannot be written to ${file}`, because: error instanceof Error ? error.message : String(error), hint: 'name a file in a folder that is there and writable: FILE=manifests.yaml' });
  }
}
