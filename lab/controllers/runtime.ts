/**
 * Runs controllers over a store: level-triggered queues, one object at a time per key, everything restartable because
 * a controller keeps nothing it could not read from the store again.
 */
import { ApiError, type ControllerContext, type KubeObject, type StoreEvent } from '../world/types.ts';

/** Simulated ms until the key is looked at again; nothing: only when something changes. */
export type Again = number | undefined;

export interface Controller {
  readonly name: string;
  /** Keys that a change concerns. Called for every object when the controllers start. */
  keys(event: StoreEvent): Iterable<string>;
  /** Keys looked at when the controllers start, whatever the store holds. */
  initial?(): Iterable<string>;
  reconcile(key: string): Again | Promise<Again>;
}

/** Looks at a key of a controller soon, or in `afterMs`. */
export type Enqueue = (controller: string, key: string, afterMs?: number) => void;

const RETRY_CONFLICT = 200;
const RETRY_ERROR = 5_000;
/** The longest thing a controller waits for in its work; beyond it are intervals of reconciliation. */
const LONGEST_WAIT = 59_000;

interface Slot { due: number; cancel: (() => void) | undefined; queued: boolean; running: boolean; dirty: boolean }

/**
 * Starts the controllers. A conflict is retried at once, any other error is logged once per message and retried, as
 * real controllers do. Nothing is thrown to the caller.
 */
export function runControllers(cx: ControllerContext, controllers: readonly Controller[]): { readonly enqueue: Enqueue; stop(): void } {
  let stopped = false;
  let draining: (() => void) | undefined;
  const byName = new Map(controllers.map((controller) => [controller.name, controller]));
  const slots = new Map<string, Slot>();
  const queue: { readonly controller: Controller; readonly key: string; readonly id: string }[] = [];
  const told = new Set<string>();

  function schedule(): void {
    if (draining !== undefined || stopped) return;
    draining = cx.clock.after(0, () => { draining = undefined; drain(); });
  }
  function push(controller: Controller, key: string, id: string, slot: Slot): void {
    slot.cancel?.();
    slot.cancel = undefined;
    slot.due = Number.POSITIVE_INFINITY;
    if (slot.running) { slot.dirty = true; return; }
    if (slot.queued) return;
    slot.queued = true;
    queue.push({ controller, key, id });
    schedule();
  }
  const enqueue: Enqueue = (name, key, afterMs = 0) => {
    const controller = byName.get(name);
    if (stopped || controller === undefined) return;
    const id = `${name}|${key}`;
    const slot = slots.get(id) ?? { due: Number.POSITIVE_INFINITY, cancel: undefined, queued: false, running: false, dirty: false };
    slots.set(id, slot);
    if (afterMs <= 0) { push(controller, key, id, slot); return; }
    const due = cx.clock.now() + afterMs;
    if (slot.queued || due >= slot.due) return;
    slot.cancel?.();
    slot.due = due;
    const wake = (): void => { push(controller, key, id, slot); };
    // Intervals (minutes) and the look-out for faults go on for ever; only what brings something further is a wait.
    const brings = afterMs <= LONGEST_WAIT && name !== 'faults' && cx.clock.waits !== undefined;
    slot.cancel = brings && cx.clock.waits !== undefined ? cx.clock.waits(cx.cluster, afterMs, wake) : cx.clock.after(afterMs, wake);
  };
  function failed(controller: Controller, key: string, error: unknown): void {
    if (error instanceof ApiError && error.code === 409 && error.reason === 'Conflict') { enqueue(controller.name, key, RETRY_CONFLICT); return; }
    const message = error instanceof Error ? error.message : String(error);
    if (!told.has(`${controller.name}|${key}|${message}`)) {
      told.add(`${controller.name}|${key}|${message}`);
      cx.log.add({ cluster: cx.cluster, kind: 'world', by: `controller/${controller.name}`, verb: 'reconcile', object: key, write: false, result: message });
    }
    enqueue(controller.name, key, RETRY_ERROR);
  }
  function finished(controller: Controller, key: string, slot: Slot, again: Again): void {
    slot.running = false;
    if (stopped) return;
    if (slot.dirty) { slot.dirty = false; enqueue(controller.name, key); return; }
    if (again !== undefined) enqueue(controller.name, key, Math.max(again, 1));
    else if (slot.cancel === undefined && !slot.queued) slots.delete(`${controller.name}|${key}`);
  }
  function drain(): void {
    for (let item = queue.shift(); item !== undefined && !stopped; item = queue.shift()) {
      const { controller, key, id } = item;
      const slot = slots.get(id);
      if (slot === undefined) continue;
      slot.queued = false;
      slot.running = true;
      try {
        const result = controller.reconcile(key);
        if (result instanceof Promise) {
          result.then((again) => { finished(controller, key, slot, again); }, (error: unknown) => { finished(controller, key, slot, undefined); failed(controller, key, error); });
        } else finished(controller, key, slot, result);
      } catch (error) {
        finished(controller, key, slot, undefined);
        failed(controller, key, error);
      }
    }
  }
  function concern(event: StoreEvent): void {
    for (const controller of controllers) for (const key of controller.keys(event)) enqueue(controller.name, key);
  }

  const unlisten = cx.store.onChange(concern);
  for (const type of cx.store.types()) {
    for (const object of everyObject(cx, type.group === '' ? type.version : `${type.group}/${type.version}`, type.kind)) concern({ type: 'ADDED', object, before: undefined });
  }
  for (const controller of controllers) for (const key of controller.initial?.() ?? []) enqueue(controller.name, key);
  return {
    enqueue,
    stop() {
      stopped = true;
      unlisten();
      draining?.();
      for (const slot of slots.values()) slot.cancel?.();
      slots.clear();
      queue.length = 0;
    },
  };
}

function everyObject(cx: ControllerContext, apiVersion: string, kind: string): readonly KubeObject[] { return cx.store.list(apiVersion, kind); }

/** `namespace/name`, the usual key. */
export function keyOf(object: KubeObject): string { return `${object.metadata.namespace ?? ''}/${object.metadata.name}`; }
export function splitKey(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
/** Is this one of the kinds (as `group/Kind`, core kinds as `/Kind`)? */
export function isKind(object: KubeObject, ...kinds: readonly string[]): boolean {
  const group = object.apiVersion.includes('/') ? object.apiVersion.slice(0, object.apiVersion.indexOf('/')) : '';
  return kinds.includes(`${group}/${object.kind}`);
}
