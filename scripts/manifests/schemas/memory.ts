import type { JsonSchema } from './trouble.ts';

/** Schemas that were read stay for as long as the process does: a watching one asks for them again with every saved file. */
const schemas = new Map<string, JsonSchema | undefined>();
const MOST = 500;

/** What `read` gives for this id, read at most once; ids change with what they stand for. */
export function remembered(id: string, read: () => JsonSchema | undefined): JsonSchema | undefined {
  if (!schemas.has(id)) {
    const [oldest] = schemas.keys();
    if (schemas.size >= MOST && oldest !== undefined) schemas.delete(oldest);
    schemas.set(id, read());
  }
  return schemas.get(id);
}
