import { loadAll } from 'js-yaml';
import type { KubeObject } from '../config/cluster.ts';
import { Failure } from '../engine/failure.ts';

const HINT = 'look at the file or the chart it comes from; task tools:check compares the tools with their pins';

/**
 * The Kubernetes objects of a YAML text, lists taken apart, empty documents left out. `from` names the text in errors.
 * @throws Failure (65) for text that is no YAML or documents that are no objects
 */
export function parseManifests(text: string, from: string): KubeObject[] {
  let documents: unknown[];
  try {
    documents = loadAll(text);
  } catch (error) {
    throw new Failure({ exit: 'configuration', what: `${from} is no readable YAML`, because: error instanceof Error ? error.message.split('\n')[0] : String(error), hint: HINT, cause: error });
  }
  return documents.flatMap((document) => flatten(document, from, 0));
}

/** Lists in lists; an anchor within itself would go on for ever. */
const DEEPEST = 10;

function flatten(document: unknown, from: string, depth: number): KubeObject[] {
  if (depth > DEEPEST) throw new Failure({ exit: 'configuration', what: `${from} holds a list within lists without end`, hint: HINT });
  if (document === null || document === undefined) return [];
  if (!isRecord(document) || typeof document['apiVersion'] !== 'string' || typeof document['kind'] !== 'string') {
    throw new Failure({ exit: 'configuration', what: `${from} holds a document that is no Kubernetes object`, because: typeof document === 'object' ? `it has the keys ${Object.keys(document).slice(0, 6).join(', ') || '(none)'}` : `it says: ${String(document).slice(0, 120)}`, hint: HINT });
  }
  // A line that a tool printed between its documents becomes a key of the next one.
  const foreign = Object.keys(document).find((key) => !/^[a-z$]\w*$/.test(key));
  if (foreign !== undefined) throw new Failure({ exit: 'configuration', what: `${from} holds a ${document['kind']} with the key ${foreign.slice(0, 60)}, which no Kubernetes object has`, hint: HINT });
  if (document['kind'].endsWith('List') && Array.isArray(document['items'])) return document['items'].flatMap((item: unknown) => flatten(item, from, depth + 1));
  const metadata = document['metadata'];
  if (!isRecord(metadata) || typeof metadata['name'] !== 'string') {
    throw new Failure({ exit: 'configuration', what: `${from} holds a ${document['kind']} without a name`, hint: HINT });
  }
  return [{ ...document, apiVersion: document['apiVersion'], kind: document['kind'], metadata: { ...metadata, name: metadata['name'] } }];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
