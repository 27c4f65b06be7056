import type { KubeObject } from '../../config/cluster.ts';
import { readYaml } from '../build/yaml.ts';
import { readChart, type Chart } from './chart.ts';
import type { Context } from './context.ts';
import { canonical, isPlain, list, plain, replaced, text, without, type Values } from '../build/data.ts';
import { askedApis, asksCluster, readHelmError, type HelmError } from './errors.ts';
import type { Obtained } from './obtain.ts';
import { linkedSchemas } from './schema.ts';
import { digestOf, getJson, putJson } from './store.ts';
import { readsOf } from './template/reads.ts';
import type { Read } from './template/world.ts';
import { unreadValues, type Unread } from './unread.ts';

/** Another number when an entry holds something else than before. */
const FORMAT = 'rendering 3';
const READS = 'reads 1';

/** What a chart is rendered with, besides the chart. */
export interface Order {
  readonly release: string;
  readonly namespace: string;
  readonly values: Readonly<Values>;
  readonly kubeVersion: string;
  readonly apiVersions: readonly string[];
  readonly skipSchema: boolean;
  readonly skipTests: boolean;
  readonly skipHooks: boolean;
}

/** An object, and the template that made it. */
export interface Made { readonly template: string; readonly object: KubeObject }

export interface Rendering {
  readonly objects: readonly Made[];
  /** Out of crds/ folders. */
  readonly crds: readonly KubeObject[];
  readonly unread: readonly Unread[];
  readonly error: HelmError | undefined;
}

/** Renderings of this process, so that watching does not even read them again. */
const KEPT = new Map<string, Promise<Rendering>>();
const MOST_KEPT = 256;

/** What a chart makes of values; out of the cache when neither has changed. Throws when helm cannot be run. */
export async function render(cx: Context, chart: Obtained, order: Order): Promise<Rendering> {
  if (cx.helm === undefined) throw new TypeError('a chart is rendered with helm alone');
  const key = digestOf(FORMAT, await cx.helm.identity(), chart.digest, canonical(order));
  const where = cx.store.path('rendered', key);
  const kept = KEPT.get(where);
  if (kept !== undefined) return kept;
  const made = fromStore(cx, key) ?? renderAnew(cx, key, chart, order);
  KEPT.set(where, Promise.resolve(made));
  const [oldest] = KEPT.keys();
  if (KEPT.size > MOST_KEPT && oldest !== undefined) KEPT.delete(oldest);
  try {
    return await made;
  } catch (error) {
    KEPT.delete(where);
    throw error;
  }
}

/** Forgets what this process has rendered; what is on disk stays. */
export function forgetRenderings(): void {
  KEPT.clear();
}

async function renderAnew(cx: Context, key: string, chart: Obtained, order: Order): Promise<Rendering> {
  const rendering = await rendered(cx, chart, order);
  if (rendering.error?.is === 'schema elsewhere') return rendering;
  putJson(cx.store, 'rendered', key, rendering);
  return rendering;
}

/** The seal of an entry was right, so that its shape is as it was written. */
function fromStore(cx: Context, key: string): Rendering | undefined {
  const entry = getJson(cx.store, 'rendered', key);
  if (!isPlain(entry)) return undefined;
  return { objects: list(entry['objects']) as readonly Made[], crds: list(entry['crds']) as readonly KubeObject[], unread: list(entry['unread']) as readonly Unread[], error: entry['error'] as HelmError | undefined };
}

async function rendered(cx: Context, chart: Obtained, order: Order): Promise<Rendering> {
  const said = await template(cx, chart, order, order.values);
  const read = readChart(chart.files());
  if ('error' in said) return { objects: [], crds: [], unread: [], error: await failed(cx, chart, order, read, readHelmError(said.error, read)) };
  const parsed = parseRendered(said.text);
  const unread = await confirmed(cx, chart, order, said.text, unreadValues(read, order.values, (each, texts) => readsKept(cx, chart, each, texts)));
  return { ...parsed, unread };
}

/** What a chart can read hangs on the chart alone, and on values that are templates themselves. */
function readsKept(cx: Context, chart: Obtained, read: Chart, texts: readonly string[]): readonly Read[] | undefined {
  const key = digestOf(READS, chart.digest, ...texts);
  const kept = getJson(cx.store, 'charts', key);
  if (Array.isArray(kept)) return kept as readonly Read[];
  if (kept === 'too much') return undefined;
  const reads = readsOf(read, texts);
  putJson(cx.store, 'charts', key, reads ?? 'too much');
  return reads;
}

/** A chart that stops because of what it was told of the cluster: that it has no objects, or lacks APIs. */
async function failed(cx: Context, chart: Obtained, order: Order, read: Chart, error: HelmError): Promise<HelmError> {
  if (error.is !== 'template') return error;
  if (asksCluster(read)) return { is: 'cluster', message: `its templates ask the cluster (lookup), and stop without an answer: ${error.message}` };
  const missing = askedApis(read).filter((api) => !order.apiVersions.includes(api));
  if (missing.length === 0) return error;
  const again = await template(cx, chart, { ...order, apiVersions: [...order.apiVersions, ...missing] }, order.values);
  return 'error' in again ? error : { is: 'cluster', message: `it stops where nothing defines ${missing.join(', ')}: ${error.message}` };
}

async function template(cx: Context, chart: Obtained, order: Order, values: unknown): Promise<{ readonly text: string } | { readonly error: string }> {
  const { helm } = cx;
  if (helm === undefined) throw new TypeError('a chart is rendered with helm alone');
  return cx.limited(async () => helm.template({ ...order, chart: placeOf(cx, chart), values: JSON.stringify(values) }));
}

/** Schemas that name others by an address lie in the chart as well as a rule: with those helm needs no network. */
function placeOf(cx: Context, chart: Obtained): string {
  return chart.meta.linked ? cx.laidOut(`linked ${chart.digest}`, (folder) => linkedSchemas(chart.files(), folder)) : chart.place();
}

/** `helm template`: documents, each below the name of its template. */
export function parseRendered(said: string): Omit<Rendering, 'unread'> {
  const objects: Made[] = [];
  const crds: KubeObject[] = [];
  for (const { template: from, body } of documentsOf(said)) {
    const read = readYaml(body, true);
    if ('trouble' in read) return broken(`${from} makes no YAML: line ${read.trouble.line}: ${read.trouble.message}`);
    for (const object of read.documents.flatMap(opened)) {
      if (object === null) continue;
      if (!isPlain(object)) return broken(`${from} makes something that is no Kubernetes object`);
      const { apiVersion, kind } = object;
      const metadata = plain(object['metadata']);
      const name = text(metadata['name']) ?? text(metadata['generateName']);
      if (typeof apiVersion !== 'string' || typeof kind !== 'string' || name === undefined) {
        const lacks = [['apiVersion', apiVersion], ['kind', kind], ['metadata.name', name]].filter(([, value]) => typeof value !== 'string').map(([field]) => String(field));
        return broken(`${from} makes something that is no Kubernetes object: it has no ${lacks.join(' and no ')}`);
      }
      const whole: KubeObject = { ...object, apiVersion, kind, metadata: { ...metadata, name } };
      if (kind === 'CustomResourceDefinition' && /^[^/]+\/(?:charts\/[^/]+\/)*crds\//.test(from)) crds.push(whole); else objects.push({ template: from, object: whole });
    }
  }
  return { objects, crds, error: undefined };
}

const broken = (message: string): Omit<Rendering, 'unread'> => ({ objects: [], crds: [], error: { is: 'template', message, path: undefined } });

function opened(document: unknown): readonly unknown[] {
  return isPlain(document) && text(document['kind'])?.endsWith('List') === true && Array.isArray(document['items']) ? document['items'].flatMap(opened) : [document];
}

function documentsOf(said: string): readonly { readonly template: string; readonly body: string }[] {
  return `\n${said}`.split(/\n---\n# Source: /).slice(1).map((each) => {
    const end = each.indexOf('\n');
    return { template: each.slice(0, end), body: each.slice(end + 1) };
  });
}

/** At most so many values are tried one by one. */
const ONE_BY_ONE = 8;

/** Of values no template seems to read those that change nothing when they go or are otherwise. */
async function confirmed(cx: Context, chart: Obtained, order: Order, said: string, unread: readonly Unread[]): Promise<readonly Unread[]> {
  if (unread.length === 0) return [];
  let again: string | undefined;
  const same = async (paths: readonly Unread[]): Promise<boolean> => {
    const gone = paths.reduce<unknown>((values, { path }) => without(values, path), order.values);
    const other = paths.reduce<unknown>((values, { path }) => replaced(values, path, changed), order.values);
    for (const values of [gone, other]) {
      const next = await template(cx, chart, order, values);
      if ('error' in next) return false;
      if (next.text === said) continue;
      // Charts make up passwords and certificates: what is different without any change says nothing.
      if (again === undefined) {
        const repeated = await template(cx, chart, order, order.values);
        again = 'text' in repeated ? repeated.text : said;
      }
      if (!sameBut(said, next.text, again)) return false;
    }
    return true;
  };
  if (await same(unread)) return unread;
  if (unread.length === 1 || unread.length > ONE_BY_ONE) return [];
  const sure: Unread[] = [];
  for (const each of unread) if (await same([each])) sure.push(each);
  return sure;
}

function changed(value: unknown): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'string') return `${value}-changed`;
  if (Array.isArray(value)) return value.length === 0 ? ['changed'] : value.slice(0, -1);
  if (isPlain(value) && Object.keys(value).length > 0) return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, changed(each)]));
  return 'changed';
}

/** Whether two renderings are the same document by document, those aside that differ between two of the very same values, and checksums. */
function sameBut(before: string, after: string, again: string): boolean {
  const [a, b, c] = [before, after, again].map((said) => documentsOf(said).map(({ template: from, body }) => `${from}\n${body}`));
  if (a === undefined || b === undefined || c === undefined || a.length !== b.length || a.length !== c.length) return false;
  return a.every((each, index) => each !== c[index] || masked(each) === masked(b[index] ?? ''));
}
const masked = (said: string): string => said.replaceAll(/\b[0-9a-f]{8,}\b/g, '#');
