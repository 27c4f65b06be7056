import type { Index } from './index.ts';

/** What pods of a namespace can be chosen by, for hints. */
export function labelsIn(index: Index, namespace: string): string {
  const found = new Set(index.podsIn(namespace).map(({ labels }) => [...labels.known].filter(([, value]) => value !== undefined).slice(0, 3).map(([key, value]) => `${key}=${value ?? ''}`).join(', ')));
  if (found.size === 0) return `nothing of the tree runs in ${namespace}; take it out, or name the namespace it is meant for`;
  return `pods there have ${[...found].slice(0, 3).join('; or ')}${found.size > 3 ? '; and others' : ''}`;
}
