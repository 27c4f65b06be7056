import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { dig } from '../../../../scripts/config/data.ts';
import { SITE } from '../../../../scripts/config/target.ts';
import { RULES } from '../../../../scripts/manifests/rules/index.ts';
import { spell } from '../../../../scripts/manifests/schemas/look.ts';
import type { Around, Found, View } from '../../../../scripts/manifests/model.types.ts';
import { makeProc } from '../../../../scripts/tools/proc.ts';
import { makeRedactor } from '../../../../scripts/tools/redact.ts';
import { viewOf, type Parts } from '../../index/rig.ts';

/** Schemas and caches in a folder of their own, and rules asked by their id. */

export interface Scratch { readonly path: string; write(file: string, text: string): string; [Symbol.dispose](): void }

export function scratch(): Scratch {
  const path = mkdtempSync(join(tmpdir(), 'schemas-test-'));
  return {
    path,
    write(file, text) {
      const whole = join(path, file);
      mkdirSync(dirname(whole), { recursive: true });
      writeFileSync(whole, text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
      return whole;
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

export interface Heard { readonly read: string[]; readonly volatile: string[]; readonly ran: string[] }

/** Surroundings with a PATH and a cache of their own, that remember what was asked of them. */
export function aroundOf(options: { readonly path?: string; readonly cache: string; readonly offline?: boolean }): { readonly around: Around; readonly heard: Heard } {
  const heard: Heard = { read: [], volatile: [], ran: [] };
  // The tools cache of the machine is none of a test's: with a cache of its own nothing built is found.
  const environment = { PATH: `${options.path ?? '/nonexistent'}:/usr/bin:/bin`, HOME: options.cache, XDG_CACHE_HOME: options.cache };
  const { signal } = new AbortController();
  const proc = makeProc({
    lane: '', step: 'manifests', emit: (event) => { if (event.type === 'command-ran') heard.ran.push(event.tool); }, signal, dryRun: false, redactor: makeRedactor(),
    taskDir: join(options.cache, 'task'), looking: true, env: environment, site: { target: SITE },
  });
  return { around: { proc, environment, offline: options.offline ?? true, signal, read: (path) => { heard.read.push(path); }, volatile: (because) => { heard.volatile.push(because); } }, heard };
}

export function view(parts: Parts | string, more: Partial<View> = {}): View {
  return { ...viewOf(parts), ...more };
}

/** What one rule finds, each as `Kind name path: message | hint`; a fix at its end. Paths that are not in the object are marked. */
export async function asks(id: string, of: View): Promise<readonly string[]> {
  const rule = RULES.find((each) => each.id === id);
  if (rule === undefined) throw new Error(`no rule ${id}`);
  return [...await rule.check(of)].map(told);
}

export function told(found: Omit<Found, 'rule'>): string {
  if (found.message.endsWith('.') || found.hint === '' || found.hint.endsWith('.')) throw new Error(`a message and a hint without full stop: ${found.message} | ${found.hint}`);
  const fix = found.fix === undefined ? '' : ` [${found.fix.from} -> ${found.fix.to}]`;
  const words = `${found.unknown === true ? '? ' : ''}${found.message} | ${found.hint}${fix}`;
  if (found.built === undefined) return `${found.source === undefined ? `${found.spot?.file ?? ''}:${String(found.spot?.line)}` : `${found.source.file} ${spell(found.source.at)}`}: ${words}`;
  const { kind, metadata } = found.built.object;
  const path = found.path ?? [];
  // It may go on inside a text: JSON or YAML in a ConfigMap.
  const intoText = path.some((_, index) => typeof dig(found.built?.object, path.slice(0, index)) === 'string');
  if (path.length > 0 && !intoText && dig(found.built.object, path.slice(0, -1)) === undefined) throw new Error(`${path.join('.')} leads nowhere in ${kind} ${metadata.name}`);
  return `${kind} ${metadata.name} ${spell(path)}${found.needle === undefined ? '' : ` <${found.needle}>`}: ${words}`;
}
