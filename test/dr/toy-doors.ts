import type { KubeObject } from '../../scripts/config/cluster.ts';
import { Failure } from '../../scripts/engine/failure.ts';
import type { Doors, Kube } from '../../scripts/tools/doors.ts';

/** What the doors of a toy world lead to. */
export interface World {
  /** `Kind namespace/name` to object, to be changed by the test. */
  readonly objects: Map<string, KubeObject>;
  /** What was written, in order. */
  readonly writes: string[];
  now(): number;
}
export const keyOf = (object: KubeObject): string => `${object.kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`;

/** Doors of a toy world: a Kubernetes API over a map; every other door that the test does not give says that it must not be asked. */
export function fakeDoors<W extends World>(world: () => W, turn: (toy: W) => void, others: Readonly<Record<string, unknown>> = {}): Doors {
  const seen = (): W['objects'] => {
    const toy = world();
    turn(toy);
    return toy.objects;
  };
  const kube: Kube = {
    hasKubeconfig: () => true,
    now: async () => Math.floor(world().now() / 1000) * 1000,
    readyz: async () => undefined,
    serverVersion: async () => 'v1.34.4',
    async list(kind, options = {}) {
      const [label, value] = (options.labelSelector ?? '').split('=');
      const items = [...seen().values()].filter((each) => each.kind === kind.kind && (options.namespace === undefined || each.metadata.namespace === options.namespace) && (label === undefined || label === '' || each.metadata.labels?.[label] === value));
      return { items, missing: false };
    },
    get: async (kind, name, namespace) => seen().get(`${kind.kind} ${namespace ?? ''}/${name}`) ?? null,
    async apply(wanted) {
      world().writes.push(`apply ${keyOf(wanted)}`);
      world().objects.set(keyOf(wanted), { ...world().objects.get(keyOf(wanted)), ...structuredClone(wanted) });
    },
    wouldChange: async () => false,
    async patch(kind, name, namespace, patch) {
      world().writes.push(`patch ${kind.kind} ${namespace ?? ''}/${name} ${JSON.stringify(patch)}`);
      const key = `${kind.kind} ${namespace ?? ''}/${name}`;
      const found = world().objects.get(key);
      if (found === undefined) throw new Failure({ exit: 'rerun', what: `there is no ${key}` });
      world().objects.set(key, merged(found, patch) as KubeObject);
    },
    async delete(kind, name, namespace) {
      world().writes.push(`delete ${kind.kind} ${namespace ?? ''}/${name}`);
      world().objects.delete(`${kind.kind} ${namespace ?? ''}/${name}`);
    },
    watch: () => ({ stop: () => undefined }),
  };
  return new Proxy({ ...others, kube } as unknown as Doors, {
    get(doors, name) {
      if (Reflect.has(doors, name)) return Reflect.get(doors, name);
      throw new Error(`a test asked the door ${String(name)}`);
    },
  });
}

/** A merge patch (RFC 7386). */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const out: Record<string, unknown> = typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete out[key];
    else out[key] = merged(out[key], value);
  }
  return out;
}
