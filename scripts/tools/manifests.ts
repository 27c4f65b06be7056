import { loadAll } from 'js-yaml';
import { Failure } from '../engine/failure.ts';
import type { KubeObject } from '../config/cluster.ts';

/**
 * Every Kubernetes object of a multi-document YAML text. Empty documents are passed over; a document that is no object
 * is a Failure (75) naming `from`: half a download must not be applied.
 */
export function parseManifests(text: string, from: string): readonly KubeObject[] {
  let documents: unknown[];
  try {
    documents = loadAll(text);
  } catch (error) {
    throw new Failure({ exit: 'rerun', what: `${from} is not valid YAML`, because: error instanceof Error ? error.message.split('\n')[0] : String(error), hint: 'run again; if it stays, look at what was fetched', cause: error });
  }
  return documents.filter((document) => document !== null && document !== undefined).map((document) => {
    if (isKubeObject(document)) return document;
    throw new Failure({ exit: 'rerun', what: `${from} holds a document that is no Kubernetes object`, hint: 'look at what was fetched; nothing of it was applied' });
  });
}

function isKubeObject(value: unknown): value is KubeObject {
  return typeof value === 'object' && value !== null && 'apiVersion' in value && typeof value.apiVersion === 'string'
    && 'kind' in value && typeof value.kind === 'string' && 'metadata' in value && typeof value.metadata === 'object' && value.metadata !== null
    && 'name' in value.metadata && typeof value.metadata.name === 'string';
}
