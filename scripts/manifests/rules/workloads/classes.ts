import { meant } from '../../../config/words.ts';
import type { Found, Rule, View } from '../../model.types.ts';
import { indexOf } from '../../index/index.ts';
import { SYSTEM_PRIORITIES } from '../../index/kinds.ts';
import { text } from '../../index/read.ts';
import { isAsked } from './references.ts';

const CLASSES: readonly { readonly field: string; readonly kind: string; readonly own: readonly string[] }[] = [
  { field: 'priorityClassName', kind: 'scheduling.k8s.io/PriorityClass', own: SYSTEM_PRIORITIES },
  { field: 'runtimeClassName', kind: 'node.k8s.io/RuntimeClass', own: [] },
];

export const podClass: Rule = {
  id: 'pod-class',
  severity: 'error',
  summary: 'Priority and runtime classes that pods name exist.',
  why: 'The API refuses every pod, and the workload stays at zero.',
  * check(view: View): Iterable<Omit<Found, 'rule'>> {
    const index = indexOf(view);
    for (const pods of index.pods) {
      if (pods.path === undefined) continue;
      for (const { field, kind, own } of CLASSES) {
        const name = text(pods.spec[field]);
        if (name === undefined || name === '' || own.includes(name) || !isAsked(index, pods.built, name) || index.exists(kind, '', name) !== false) continue;
        // Runtimes come with the machines, and some distributions bring the class with them.
        if (field === 'runtimeClassName' && index.kind(kind).length === 0) continue;
        yield { built: pods.built, path: [...pods.path, 'spec', field], message: `nobody makes ${kind.split('/')[1] ?? kind} ${name}`, hint: meant(name, [...own, ...index.names(kind, '')], `add it, or take ${field} out`) };
      }
    }
  },
};
