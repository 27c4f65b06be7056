import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'dotenv';

/**
 * Variables of <root>/.env, or none when there is no such file. Parsed, never put into process.env: what the shell says
 * wins, and cli decides that. Throws what the file system says when the file is there but cannot be read.
 */
export function loadEnv(root: string): Readonly<Record<string, string>> {
  try {
    return parse(readFileSync(join(root, '.env')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
}
