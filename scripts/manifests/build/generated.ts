import { posix } from 'node:path';
import { ignoredIn } from './ignored.ts';
import { KUSTOMIZATION_FILES } from './instructions.ts';
import type { Instructions, Work } from './work.ts';

/** What the controller writes into a folder that has no kustomization.yaml: every manifest below it, and every folder that has one of its own. */
export function generatedInstructions(work: Work, folder: string): Instructions {
  const resources: string[] = [];
  scan(work, folder, '', resources);
  const data = resources.length === 0 ? { namespace: '_placeholder' } : { resources };
  return {
    folder, file: undefined, data,
    // Nobody wrote the list: what is wrong with an entry is wrong with the file itself.
    source: ([field, index]) => ({ file: field === 'resources' && typeof index === 'number' ? posix.join(folder, resources[index] ?? '') : folder, document: 0, at: [] }),
    by: (field) => field,
  };
}

function scan(work: Work, folder: string, below: string, into: string[]): void {
  const here = posix.join(folder, below);
  for (const { name, kind } of work.texts.entries(here === '.' ? '' : here)) {
    const path = posix.join(below, name);
    const full = posix.join(folder, path);
    if (kind === 'directory') {
      if (KUSTOMIZATION_FILES.some((each) => work.texts.kind(posix.join(full, each)) === 'file')) into.push(path);
      else if (name !== '.git') scan(work, folder, path, into);
    } else if (/\.ya?ml$/.test(name) && ignoredIn(work.texts).why(full) === undefined) {
      work.files.add(full);
      into.push(path);
    }
  }
}
