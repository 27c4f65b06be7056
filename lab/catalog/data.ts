/** Small, strict helpers to look into plain data whose shape is not known to the compiler. */
import { createHash } from 'node:crypto';
import type { KubeObject, Ref } from '../world/types.ts';

export type Plain = Record<string, unknown>;

export function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
/** The value as a map, or an empty one. */
export function plain(value: unknown): Plain { return isPlain(value) ? value : {}; }
export function list(value: unknown): readonly unknown[] { return Array.isArray(value) ? value : []; }
export function text(value: unknown): string | undefined { return typeof value === 'string' ? value : undefined; }
export function whole(value: unknown, otherwise: number): number { return typeof value === 'number' ? value : otherwise; }
export function yes(value: unknown): boolean { return value === true; }

/** The value at a dotted path of maps; undefined where the path ends early. */
export function at(value: unknown, path: string): unknown {
  let here: unknown = value;
  for (const step of path.split('.')) {
    if (!isPlain(here)) return undefined;
    here = here[step];
  }
  return here;
}

/** String-to-string map, dropping what is not a string. */
export function strings(value: unknown): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [key, entry] of Object.entries(plain(value))) if (typeof entry === 'string') out[key] = entry;
  return out;
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.keys(value).toSorted().map((key) => [key, canonical(value[key])]));
}
/** JSON with sorted keys: equal data gives equal text. */
export function canonicalJson(value: unknown): string { return JSON.stringify(canonical(value)) ?? 'null'; }
export function sha256(value: string): string { return createHash('sha256').update(value).digest('hex'); }
export function digestOf(value: unknown): string { return sha256(canonicalJson(value)); }

const LETTERS = 'bcdfghjklmnpqrstvwxz2456789';
/** A name suffix in the alphabet Kubernetes uses for generated names, always the same for the same seed. */
export function suffix(seed: string, length: number): string {
  const bytes = createHash('sha256').update(seed).digest();
  let out = '';
  for (let i = 0; i < length; i++) out += LETTERS[(bytes[i] ?? 0) % LETTERS.length];
  return out;
}

/** RFC 3339 to the second, as Kubernetes writes times. `ms` is simulated time since the epoch. */
export function iso(ms: number): string { return `${new Date(ms).toISOString().slice(0, 19)}Z`; }

export function refOf(object: KubeObject): Ref {
  const namespace = object.metadata.namespace;
  return { apiVersion: object.apiVersion, kind: object.kind, name: object.metadata.name, ...(namespace === undefined ? {} : { namespace }) };
}
export function groupOf(apiVersion: string): string { return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''; }
export function versionOf(apiVersion: string): string { return apiVersion.slice(apiVersion.indexOf('/') + 1); }
/** Identity without the version, as Flux and Helm keep it: namespace_name_group_kind. */
export function identity(object: { apiVersion: string; kind: string; metadata: { name: string; namespace?: string } }): string {
  return `${object.metadata.namespace ?? ''}_${object.metadata.name}_${groupOf(object.apiVersion)}_${object.kind}`;
}

export interface Condition { readonly type: string; readonly status: 'True' | 'False' | 'Unknown'; readonly reason: string; readonly message: string; readonly observedGeneration?: number }
export function conditionsOf(object: KubeObject | undefined): readonly Plain[] { return list(object?.status?.['conditions']).filter(isPlain); }
export function conditionOf(object: KubeObject | undefined, type: string): Plain | undefined {
  return conditionsOf(object).find((condition) => condition['type'] === type);
}
/** True when the condition is True and, where the object tells, is about the present generation. */
export function isTrue(object: KubeObject | undefined, type: string): boolean {
  const condition = conditionOf(object, type);
  if (object === undefined || condition?.['status'] !== 'True') return false;
  const observed = condition['observedGeneration'] ?? object.status?.['observedGeneration'];
  return typeof observed !== 'number' || observed === (object.metadata.generation ?? observed);
}

/** Is a pod Ready, and to stay? */
export function podReady(pod: KubeObject): boolean { return pod.metadata.deletionTimestamp === undefined && conditionOf(pod, 'Ready')?.['status'] === 'True'; }

/** Replaces the conditions of the given types, keeping lastTransitionTime where the status did not change, and removes `gone`. */
export function withConditions(object: KubeObject, now: number, conditions: readonly Condition[], gone: readonly string[] = []): Plain[] {
  const before = conditionsOf(object);
  const out: Plain[] = before.filter((old) => !gone.includes(String(old['type'])) && !conditions.some((next) => next.type === old['type']));
  for (const next of conditions) {
    const old = before.find((entry) => entry['type'] === next.type);
    const since = old !== undefined && old['status'] === next.status ? old['lastTransitionTime'] : iso(now);
    out.push({ ...next, lastTransitionTime: since });
  }
  return out;
}

/** Does a label selector (matchLabels and matchExpressions) choose these labels? An absent selector chooses nothing. */
export function selects(selector: unknown, labels: Readonly<Record<string, string>> | undefined): boolean {
  if (!isPlain(selector)) return false;
  const have = labels ?? {};
  for (const [key, value] of Object.entries(plain(selector['matchLabels']))) if (have[key] !== value) return false;
  for (const expression of list(selector['matchExpressions']).filter(isPlain)) {
    const key = String(expression['key']);
    const values = list(expression['values']).map(String);
    const value = have[key];
    switch (expression['operator']) {
      case 'In': if (value === undefined || !values.includes(value)) return false; break;
      case 'NotIn': if (value !== undefined && values.includes(value)) return false; break;
      case 'Exists': if (value === undefined) return false; break;
      case 'DoesNotExist': if (value !== undefined) return false; break;
      default: return false;
    }
  }
  return true;
}

/** Milliseconds of a Go duration such as `1h30m`, `90s`, `500ms`; `otherwise` when it is absent or not a duration. */
export function duration(value: unknown, otherwise: number): number {
  if (typeof value !== 'string' || !/^(\d+(\.\d+)?(h|m|s|ms))+$/.test(value)) return otherwise;
  const unit: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
  let total = 0;
  for (const part of value.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)) total += Number(part[1]) * (unit[part[2] ?? ''] ?? 0);
  return total;
}
/** How Go prints a duration, e.g. `4m30s`, `1h0m0s`, `12s`. */
export function goDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const h = Math.floor(seconds / 3600); const m = Math.floor((seconds % 3600) / 60); const s = seconds % 60;
  return h > 0 ? `${h}h${m}m${s}s` : m > 0 ? `${m}m${s}s` : `${s}s`;
}

/** Deep merge as Helm merges values: maps merge, everything else replaces, null removes. */
export function mergeValues(under: Plain, over: Plain): Plain {
  const out: Plain = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = out[key];
    if (value === null) delete out[key];
    else out[key] = isPlain(value) && isPlain(below) ? mergeValues(below, value) : value;
  }
  return out;
}
