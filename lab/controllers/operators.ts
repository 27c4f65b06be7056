/** The operators inside charts: each works only while its Deployment is available and its CRDs are served. */
import { isStatus, type OperatorKind, OPERATORS } from './operator-kinds.ts';
import type { ControllerContext, KubeObject } from '../world/types.ts';
import { conditionOf, refOf, withConditions } from '../catalog/data.ts';
import { deploymentUp } from './flux/common.ts';
import { isKind, keyOf, splitKey, type Controller } from './runtime.ts';

/** One controller for all of them: what to do with a kind is a table (operator-kinds.ts). */
export function operatorController(cx: ControllerContext): Controller {
  const seen = new Map<string, number>();
  const keyFor = (kind: OperatorKind, object: KubeObject): string => `${kind.apiVersion}/${kind.kind} ${keyOf(object)}`;
  const everything = (): string[] => OPERATORS.flatMap((kind) => (cx.store.typeOf(kind.apiVersion, kind.kind) === undefined ? [] : cx.store.list(kind.apiVersion, kind.kind).map((object) => keyFor(kind, object))));
  return {
    name: 'operator',
    keys(event) {
      const own = OPERATORS.filter((kind) => isKind(event.object, `${kind.apiVersion.slice(0, kind.apiVersion.indexOf('/'))}/${kind.kind}`)).map((kind) => keyFor(kind, event.object));
      if (own.length > 0) return [...own, ...OPERATORS.filter((kind) => kind.dependsOn === event.object.kind).flatMap((kind) => (cx.store.typeOf(kind.apiVersion, kind.kind) === undefined ? [] : cx.store.list(kind.apiVersion, kind.kind).map((object) => keyFor(kind, object))))];
      const woken = OPERATORS.flatMap((kind) => {
        const place = kind.wokenBy?.(event.object);
        return place === undefined ? [] : [`${kind.apiVersion}/${kind.kind} ${place}`];
      });
      if (woken.length > 0) return woken;
      return isKind(event.object, 'apps/Deployment') && OPERATORS.some((kind) => Object.entries(kind.operator).every(([label, value]) => event.object.metadata.labels?.[label] === value)) ? everything() : [];
    },
    reconcile(key) {
      const [type, place] = key.split(' ');
      const kind = OPERATORS.find((entry) => `${entry.apiVersion}/${entry.kind}` === type);
      if (kind === undefined || place === undefined || cx.store.typeOf(kind.apiVersion, kind.kind) === undefined) return undefined;
      const object = cx.store.get({ apiVersion: kind.apiVersion, kind: kind.kind, ...splitKey(place) });
      if (object === undefined || object.metadata.deletionTimestamp !== undefined) { seen.delete(key); return undefined; }
      if (!deploymentUp(cx, kind.operator)) return undefined;
      const now = cx.clock.now();
      const id = `${key}|${object.metadata.generation ?? 1}`;
      const since = seen.get(id) ?? now;
      seen.set(id, since);
      if (now - since < kind.afterMs && (object.status === undefined || conditionOf(object, 'Ready')?.['reason'] === kind.pending?.reason)) {
        if (kind.pending !== undefined) cx.store.updateStatus(refOf(object), { ...object.status, conditions: withConditions(object, now, [kind.pending]) });
        return since + kind.afterMs - now;
      }
      const result = kind.reconcile(cx, object);
      if (isStatus(result.status)) cx.store.updateStatus(refOf(object), { ...object.status, ...result.status });
      return result.again;
    },
  };
}
