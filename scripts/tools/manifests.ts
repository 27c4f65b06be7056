import { loadAll } from 'js-yaml';
import type { KubeObject } from '../config/cluster.ts';
import { Failure } from '../engine/failure.ts';

/**
 * The Kubernetes objects of a YAML text, lists taken apart, empty documents left out. `from` names the text in errors.
 * @throws Failure (65) for text that is no YAML or documents that are no objects
 */
export function parseManifests(text: string, from: string): KubeObject[] {
  let documents: unknown[];
  try {
    documents = loadAll(text);
  } catch (error) {
    throw new Failure({ exit: 'configuration', what: `${from} is no readable YAML`, because: error instanceof Error ? error.message.split('\n')[0] : String(error), cause: error });
  }
  return documents.flatMap((document) => flatten(document, from));
}

function flatten(document: unknown, from: string): KubeObject[] {
  if (document === null || document === undefined) return [];
  if (!isRecord(document) || typeof document['apiVersion'] !== 'string' || typeof document['kind'] !== 'string') {
    throw new Failure({ exit: 'configuration', what: `${from} holds a document that is no Kubernetes object`, because: JSON.stringify(document).slice(0, 120) });
  }
  if (document['kind'].endsWith('List') && Array.isArray(document['items'])) return document['items'].flatMap((item: unknown) => flatten(item, from));
  const metadata = document['metadata'];
  if (!isRecord(metadata) || typeof metadata['name'] !== 'string') {
    throw new Failure({ exit: 'configuration', what: `${from} holds a ${document['kind']} without a name` });
  }
  return [{ ...document, apiVersion: document['apiVersion'], kind: document['kind'], metadata: { ...metadata, name: metadata['name'] } }];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
