import { describe, expect, test } from 'vitest';
import { KINDS, listKey } from '../../scripts/health/kinds.ts';
import type { LookContext } from '../../scripts/health/look.ts';
import { makeLooks } from '../../scripts/health/looks.ts';
import type { KubeObject } from '../../scripts/config/cluster.ts';
import type { KindRef } from '../../scripts/tools/doors.ts';
import { Failure } from '../../scripts/engine/failure.ts';
import { healthy, NOW } from './builder.ts';

interface Watcher { readonly key: string; readonly changed: (items: readonly KubeObject[]) => void; readonly trouble: (because: string) => void; stopped: boolean }

/** A cluster whose API writes down what it is asked, and whose watches speak when the test says so. */
function world(): { readonly cx: LookContext; readonly asked: string[]; readonly watchers: Watcher[]; ready: boolean; node(name: string): KubeObject } {
  const draft = healthy();
  const asked: string[] = [];
  const watchers: Watcher[] = [];
  const no = (): never => { throw new Error('nobody asks this'); };
  const node = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'CustomResourceDefinition', metadata: { name } });
  const made = {
    asked, watchers, ready: true, node,
    cx: {
      site: draft.site, cluster: draft.cluster, clock: { now: () => NOW }, signal: new AbortController().signal,
      doors: {
        talos: {}, helm: {},
        kube: {
          hasKubeconfig: () => true,
          readyz: async () => { asked.push('readyz'); if (!made.ready) throw new Failure({ exit: 'rerun', what: 'the API does not answer', because: 'connection refused' }); },
          serverVersion: async () => { asked.push('version'); if (!made.ready) throw new Failure({ exit: 'rerun', what: 'the API does not answer', because: 'connection refused' }); return 'v1.34.4'; },
          list: async (kind: KindRef) => { asked.push(`list ${kind.plural}`); return { items: [node('listed')], missing: false }; },
          watch: (kind: KindRef, changed: Watcher['changed'], trouble: Watcher['trouble']) => {
            const watcher: Watcher = { key: listKey(kind), changed, trouble, stopped: false };
            watchers.push(watcher);
            queueMicrotask(() => changed([node('watched')]));
            return { stop: () => { watcher.stopped = true; } };
          },
          get: no, apply: no, wouldChange: no, patch: no, delete: no,
        },
      },
    } as unknown as LookContext,
  };
  return made;
}
const names = (seen: Awaited<ReturnType<ReturnType<typeof makeLooks>['look']>>): unknown => {
  const reading = seen.lists[listKey(KINDS.crds)];
  return reading?.ok === true ? reading.value.map((object) => object.metadata.name) : reading?.because;
};

describe('the looks of a step', () => {
  test('the first asks for everything, those after it only whether the API is there', async () => {
    const { cx, asked } = world();
    const looks = makeLooks();
    expect(names(await looks.look(cx, 'nodes-ready', ['crds']))).toEqual(['listed']);
    expect(asked.splice(0)).toEqual(['readyz', 'version', 'list customresourcedefinitions']);
    expect(names(await looks.look(cx, 'nodes-ready', ['crds']))).toEqual(['watched']);
    asked.splice(0);
    for (const _ of [1, 2, 3]) await looks.look(cx, 'nodes-ready', ['crds']);
    expect(asked).toEqual(['readyz', 'readyz', 'readyz']);
  });

  test('a change that a watch told is in the next look', async () => {
    const { cx, watchers, node } = world();
    const looks = makeLooks();
    for (const _ of [1, 2]) await looks.look(cx, 'nodes-ready', ['crds']);
    watchers[0]?.changed([node('a'), node('b')]);
    expect(names(await looks.look(cx, 'nodes-ready', ['crds']))).toEqual(['a', 'b']);
  });

  test('a watch in trouble is no reading: its kind is listed until it is well again', async () => {
    const { cx, watchers, asked, node } = world();
    const looks = makeLooks();
    for (const _ of [1, 2]) await looks.look(cx, 'nodes-ready', ['crds']);
    watchers[0]?.trouble('the connection was reset');
    asked.splice(0);
    expect(names(await looks.look(cx, 'nodes-ready', ['crds']))).toEqual(['listed']);
    expect(asked).toContain('list customresourcedefinitions');
    watchers[0]?.changed([node('back')]);
    asked.splice(0);
    expect(names(await looks.look(cx, 'nodes-ready', ['crds']))).toEqual(['back']);
    expect(asked).not.toContain('list customresourcedefinitions');
  });

  test('an API that went away is not shown by the last words of its watches', async () => {
    const made = world();
    const looks = makeLooks();
    for (const _ of [1, 2]) await looks.look(made.cx, 'nodes-ready', ['crds']);
    made.ready = false;
    const seen = await looks.look(made.cx, 'nodes-ready', ['crds']);
    expect(seen.api).toMatchObject({ ok: false });
    expect(names(seen)).toContain('not reached');
  });

  test('another step, and the end, stop what was followed', async () => {
    const { cx, watchers } = world();
    const looks = makeLooks();
    for (const _ of [1, 2]) await looks.look(cx, 'nodes-registered', ['crds']);
    for (const _ of [1, 2]) await looks.look(cx, 'nodes-ready', ['crds']);
    expect(watchers.map((watcher) => watcher.stopped)).toEqual([true, false]);
    looks.end();
    expect(watchers.map((watcher) => watcher.stopped)).toEqual([true, true]);
  });
});
