/** Objects as the Tables kubectl asks for. */
import type { KubeObject, ResourceType } from '../world/types.ts';
import { PRINTERS } from './columns.ts';
import { findAll } from './jsonpath.ts';

export type Form = 'object' | 'table' | 'metadata';
export type Include = 'None' | 'Metadata' | 'Object';

/** The form the Accept header prefers of those the API has. undefined: none (406). */
export function negotiate(accept: string): Form | undefined {
  if (accept === '') return 'object';
  for (const entry of accept.split(',').map((part) => part.trim())) {
    const [type = '', ...parameters] = entry.split(';').map((part) => part.trim());
    if (!['application/json', 'application/*', '*/*', 'application/yaml'].includes(type)) continue;
    const as = parameters.find((parameter) => parameter.startsWith('as='))?.slice(3);
    if (as === undefined) return 'object';
    if (!parameters.includes('g=meta.k8s.io') || !parameters.includes('v=v1')) continue;
    if (as === 'Table') return 'table';
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return 'metadata';
  }
  return undefined;
}

const pair = (big: number, unit: string, small: number, smallUnit: string): string => (small === 0 ? `${big}${unit}` : `${big}${unit}${small}${smallUnit}`);
/** A duration as kubectl shows ages: 45s, 3m20s, 25m, 5h, 3d. */
export function humanDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (seconds < 120) return `${seconds}s`;
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  if (days < 8) return pair(days, 'd', hours % 24, 'h');
  return days < 730 ? `${days}d` : `${Math.floor(days / 365)}y`;
}

interface Column { readonly name: string; readonly type: string; readonly format: string; readonly description: string; readonly priority: number }
const column = (name: string, type: string, priority = 0, format = ''): Column => ({ name, type, format, description: name, priority });

function columnsOf(type: ResourceType): Column[] {
  const printer = PRINTERS[`${type.group}/${type.kind}`];
  const first = column('Name', 'string', 0, 'name');
  if (printer !== undefined) {
    return [first, ...printer.columns.map((text) => {
      const [name = '', kind = 'string'] = text.split(':');
      return column(name.replace(/\+$/, ''), kind, name.endsWith('+') ? 1 : 0);
    })];
  }
  if (type.columns.length === 0) return [first, column('Age', 'string')];
  return [first, ...type.columns.map((own) => column(own.name, own.type === 'date' ? 'date' : own.type))];
}

function cellsOf(object: KubeObject, type: ResourceType, now: number): readonly unknown[] {
  const age = (time: unknown): string => (typeof time === 'string' ? humanDuration(now - Date.parse(time)) : '<unknown>');
  const printer = PRINTERS[`${type.group}/${type.kind}`];
  const name = object.metadata.name;
  if (printer !== undefined) return [name, ...printer.cells(object, age)];
  if (type.columns.length === 0) return [name, age(object.metadata.creationTimestamp)];
  return [name, ...type.columns.map((own) => {
    const values = findAll(object, own.jsonPath);
    if (values.length === 0) return own.type === 'string' ? '' : null;
    if (own.type === 'date') return age(values[0]);
    if (own.type !== 'string') return values[0];
    return values.map((value) => (typeof value === 'object' ? JSON.stringify(value) : String(value))).join(',');
  })];
}

/** Metadata alone, under its own kind. */
export const partial = (object: KubeObject): object => ({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata });

/** A Table of the objects; `metadata` is the list's own. */
export function tableOf(objects: readonly KubeObject[], type: ResourceType, metadata: object, include: Include, now: number): object {
  return {
    kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata, columnDefinitions: columnsOf(type),
    rows: objects.map((object) => ({ cells: cellsOf(object, type, now), ...(include === 'None' ? {} : { object: include === 'Object' ? object : partial(object) }) })),
  };
}
