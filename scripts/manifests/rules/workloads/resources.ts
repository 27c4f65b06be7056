import type { Path } from '../../../config/source.ts';
import type { Built, Found, Rule, View } from '../../model.types.ts';
import { indexOf } from '../../index/index.ts';
import { containers } from '../../index/pods.ts';
import { likelyQuantity, quantity } from '../../index/quantity.ts';
import { at, fields, isHole, type Fields } from '../../index/read.ts';
import { scan } from '../../index/scan.ts';

type Finding = Omit<Found, 'rule'>;
interface Asked { readonly built: Built; readonly who: string; readonly resources: Fields; readonly path: Path }

export const resources: Rule = {
  id: 'resources',
  severity: 'error',
  summary: 'Requests and limits are quantities, and no request is above its limit.',
  why: 'The API refuses the pods, or (memory in thousandths) they are killed as soon as they start.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    for (const pods of index.pods) {
      if (pods.path === undefined) continue;
      for (const { name, fields: container, path } of containers(pods.spec, pods.path)) yield* judged({ built: pods.built, who: `container ${name}`, resources: fields(container['resources']), path: [...path, 'resources'] });
    }
    for (const { built, path, value } of scan(index).resources) {
      const who = path.findLast((step) => typeof step === 'string' && !['resources', 'values', 'spec'].includes(step)) ?? `${built.object.kind} ${built.object.metadata.name}`;
      yield* judged({ built, who: String(who), resources: value, path });
    }
  },
};

function* judged({ built, who, resources: asked, path }: Asked): Iterable<Finding> {
  const [requests, limits] = [fields(asked['requests']), fields(asked['limits'])];
  for (const [part, entries] of [['requests', requests], ['limits', limits]] as const) {
    for (const [resource, value] of Object.entries(entries)) {
      if (value === null || isHole(value) || typeof value === 'object') continue;
      const where = [...path, part, resource];
      const amount = quantity(value);
      const written = String(value);
      if (amount === undefined) {
        // Charts may put a template there.
        if (written.includes('{{')) continue;
        const likely = likelyQuantity(written);
        yield { built, path: where, message: `${written} is no quantity: ${resource} that ${who} ${part === 'requests' ? 'asks for' : 'may use'}`, hint: likely === undefined ? 'write it like 100m (cpu) or 128Mi (memory)' : `did you mean ${likely}?`, ...(likely?.toLowerCase() === written.toLowerCase() ? { fix: { from: written, to: likely ?? '' } } : {}) };
      } else if (amount < 0) yield { built, path: where, message: `${resource} of ${who} is below zero`, hint: 'write what it needs' };
      else if (isTiny(resource, value)) {
        yield { built, path: where, message: `${written} of ${resource} is a thousandth of ${written.slice(0, -1)} bytes`, hint: `did you mean ${written.slice(0, -1)}Mi?` };
      } else if (part === 'requests') {
        const limit = quantity(at(limits, resource));
        // A limit in thousandths of a byte is told already.
        if (limit !== undefined && amount > limit && !isTiny(resource, limits[resource])) yield { built, path: where, message: `${who} asks for more ${resource} (${written}) than it may use (${String(limits[resource])})`, hint: 'raise the limit, or ask for less' };
      }
    }
  }
}

/** Bytes in thousandths: nobody means that. */
function isTiny(resource: string, value: unknown): boolean {
  return (resource === 'memory' || resource === 'ephemeral-storage') && typeof value === 'string' && /^\d+m$/.test(value);
}
