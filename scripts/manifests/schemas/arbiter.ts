import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Failure } from '../../engine/failure.ts';
import { findKubeconform, kubeconform } from '../../tools/kubeconform.ts';
import type { View } from '../model.types.ts';
import { troublesOf } from './answers.ts';
import type { Subject } from './explain.ts';
import { apiVersionOf, keyOf, type Gvk } from './kinds.ts';
import type { Located, Locator } from './locate.ts';
import type { Trouble } from './trouble.ts';
import type { Verdicts } from './verdicts.ts';

/** An object somebody must judge. */
export interface Asked { readonly subject: Subject; readonly gvk: Gvk; readonly located?: Located }
export type Verdict = { readonly is: 'valid' } | { readonly is: 'invalid'; readonly troubles: readonly Trouble[] } | { readonly is: 'error'; readonly said: string };

export interface Arbiter {
  /** Judges objects by the schemas that were found for them; a verdict each, undefined with the reason when nobody can judge. */
  judge(asked: readonly Asked[]): Promise<{ readonly verdicts: readonly (Verdict | undefined)[]; readonly because: Failure | undefined }>;
  /** Judges objects by schemas from the catalogs; kinds they do not have either are left out. */
  fetch(homeless: ReadonlyMap<string, readonly Asked[]>, kept: Verdicts): Promise<{ readonly told: ReadonlyMap<string, readonly Verdict[]>; readonly because: string | undefined }>;
}

/** Documents from which on a second process pays. */
const WORTH_TWO = 40;
/** How long the catalogs are not asked again for a kind they did not have, and when they did not answer at all. */
const KIND_MS = 24 * 3_600_000;
const SILENCE_MS = 300_000;
const UNREACHABLE = /failed downloading schema|error while downloading schema/;

/** kubeconform, with what it needs laid out as it wants it. */
export function arbiter(view: View, look: Locator, kubernetes: string | undefined, catalogs: readonly string[]): Arbiter {
  const { around } = view;
  const tool = around === undefined ? undefined : findKubeconform(around.environment);
  const nobody = tool === undefined ? new Failure({ exit: 'toolMissing', what: 'kubeconform is not here', hint: 'task tools:install TOOL=kubeconform   (or put it on PATH yourself)' }) : undefined;

  const ask = async (asked: readonly Asked[], folder: string): Promise<readonly Verdict[]> => {
    if (around === undefined || tool === undefined) throw nobody ?? new TypeError('no surroundings');
    const locations = [join(folder, '{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json'), ...catalogs];
    const told = await kubeconform(around.proc, tool, { documents: asked.map(({ subject }) => JSON.stringify(subject.object)), locations, kubernetes, downloads: catalogs.length === 0 ? undefined : look.downloads });
    return told.map((each, index): Verdict => (each.is === 'valid' ? { is: 'valid' } : each.is === 'error' ? { is: 'error', said: each.said } : { is: 'invalid', troubles: troublesOf(each, asked[index]?.subject.object) }));
  };
  return {
    async judge(asked) {
      if (nobody !== undefined) return { verdicts: asked.map(() => undefined), because: nobody };
      const folder = lay(asked);
      try {
        // By kind, so that no two processes compile the same schema.
        const order = asked.map((each, index) => ({ each, index })).toSorted((a, b) => (keyOf(a.each.gvk) < keyOf(b.each.gvk) ? -1 : 1));
        const processes = asked.length < WORTH_TWO ? 1 : availableParallelism();
        const size = Math.ceil(order.length / processes);
        const parts = Array.from({ length: Math.ceil(order.length / size) }, (_, part) => order.slice(part * size, (part + 1) * size));
        const told = (await Promise.all(parts.map((part) => ask(part.map(({ each }) => each), folder)))).flat();
        const verdicts: (Verdict | undefined)[] = asked.map(() => undefined);
        order.forEach(({ index }, at) => { verdicts[index] = told[at]; });
        return { verdicts, because: undefined };
      } catch (error) {
        if (!(error instanceof Failure) || error.exit === 'interrupted') throw error;
        around?.volatile(error.what);
        return { verdicts: asked.map(() => undefined), because: error };
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    async fetch(homeless, kept) {
      const told = new Map<string, readonly Verdict[]>();
      const since = (what: string): number => Date.now() - (kept.absent(what) ?? -Infinity);
      if (around === undefined || around.offline) return { told, because: undefined };
      if (nobody !== undefined) return { told, because: `${nobody.what}, which would ask the public catalogs (task tools:install TOOL=kubeconform)` };
      around.volatile('the public catalogs were asked for schemas');
      const unreachable = 'the public catalogs of schemas did not answer';
      if (since('network') < SILENCE_MS) return { told, because: unreachable };
      const kinds = [...homeless].filter(([kind]) => since(kind) > KIND_MS);
      mkdirSync(look.downloads, { recursive: true, mode: 0o700 });
      const folder = mkdtempSync(join(tmpdir(), 'schemas-'));
      try {
        // One kind first: without a network every further one would cost its retries as well.
        for (const batch of [kinds.slice(0, 1), kinds.slice(1)]) {
          const asked = batch.flatMap(([, all]) => all);
          const verdicts = asked.length === 0 ? [] : await ask(asked, folder);
          if (verdicts.some((each) => each.is === 'error' && UNREACHABLE.test(each.said))) {
            kept.lack('network');
            return { told, because: unreachable };
          }
          let at = 0;
          for (const [kind, all] of batch) {
            const mine = verdicts.slice(at, at + all.length);
            at += all.length;
            if (mine.some((each) => each.is === 'error' && each.said.startsWith('could not find schema'))) kept.lack(kind);
            else told.set(kind, mine);
          }
        }
        return { told, because: undefined };
      } catch (error) {
        if (!(error instanceof Failure) || error.exit === 'interrupted') throw error;
        return { told, because: error.message };
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

/** A folder with the schema of every kind that is asked about, by the names kubeconform makes of the template above. */
function lay(asked: readonly Asked[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'schemas-'));
  const done = new Set<string>();
  for (const { gvk, located } of asked) {
    const [group = '', version = group] = apiVersionOf(gvk).split('/');
    const file = join(folder, group, `${gvk.kind.toLowerCase()}_${version}.json`);
    if (located === undefined || done.has(file)) continue;
    done.add(file);
    mkdirSync(dirname(file), { recursive: true });
    if (located.file !== undefined) symlinkSync(located.file, file);
    else writeFileSync(file, JSON.stringify(located.schema() ?? {}));
  }
  return folder;
}
