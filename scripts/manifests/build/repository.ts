import type { KubeObject } from '../../config/cluster.ts';
import { get, text } from './data.ts';

/** Whether a Flux Kustomization builds from the repository we look at. */
export function ourSource(_object: KubeObject, _entry: string | undefined): boolean {
  return text(get(_object, 'spec', 'sourceRef', 'name')) !== undefined;
}
