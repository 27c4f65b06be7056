import { isUnknown, placeOf, readable } from '../build/index.ts';
import type { Around, Built, Found, Release, Texts, Tree } from '../model.types.ts';
import { installHint } from '../../tools/environment.ts';
import { ToolFailure } from '../../tools/proc.ts';
import { apisOf, spokenOf } from './apis.ts';
import { openContext, type Context } from './context.ts';
import { canonical, get, isPlain, spoken } from '../build/data.ts';
import type { HelmError } from './errors.ts';
import { lookupOf, type Lookup } from './lookup.ts';
import { obtain, type Obtained, type Obtaining } from './obtain.ts';
import { exactPlace, placeOfValue, type Place } from './place.ts';
import { postRender } from './post-render.ts';
import { render, type Rendering } from './render.ts';
import { wantedChart, type Wanted } from './source.ts';
import { helmReleases, specOf, type ReleaseSpec } from './spec.ts';
import { readValues, type ReadValues } from './values.ts';
import { withValuesFiles } from './values-files.ts';

/** Version of Kubernetes charts are rendered for where the tree does not say it. */
export const KUBERNETES = '1.34.0';

export interface ReleaseOptions {
  /** Undefined where nothing but the tree may be used: then nothing is rendered, and nothing said about that. */
  readonly around: Around | undefined;
  /** Folder charts and renderings are kept in; the user's cache folder by default. */
  readonly cache?: string;
}

/** The Helm releases of trees: their values as helm-controller merges them, and what their charts make of them where those are to be had. */
export async function readReleases(trees: readonly Tree[], { around, cache }: ReleaseOptions): Promise<ReadonlyMap<Tree, readonly Release[]>> {
  const cx = around === undefined ? undefined : openContext(around, cache);
  try {
    const charts = new Map<Texts, Map<string, Promise<Obtaining>>>();
    return new Map(await Promise.all(trees.map(async (tree) => {
      const reader = new Reader(tree, cx, charts);
      return [tree, await Promise.all(helmReleases(tree).map(async (declared) => reader.release(declared)))] as const;
    })));
  } finally {
    cx?.close();
  }
}

/** What is known of a release before its chart is rendered. */
interface Draft { readonly declared: Built; readonly spec: ReleaseSpec; readonly wanted: Wanted; readonly read: ReadValues; readonly found: readonly Found[] }

class Reader {
  readonly #tree: Tree;
  readonly #lookup: Lookup;
  readonly #cx: Context | undefined;
  /** Charts that were looked for, so that each is once. */
  readonly #charts: Map<Texts, Map<string, Promise<Obtaining>>>;
  #apis: readonly string[] | undefined;

  constructor(tree: Tree, cx: Context | undefined, charts: Map<Texts, Map<string, Promise<Obtaining>>>) {
    this.#tree = tree;
    this.#lookup = lookupOf(tree);
    this.#cx = cx;
    this.#charts = charts;
  }

  async release(declared: Built): Promise<Release> {
    const wanted = wantedChart(this.#lookup, declared);
    const read = readValues(this.#lookup, declared);
    const draft = { declared, spec: specOf(declared), wanted, read, found: [...read.found, ...(wanted.is === 'wrong' ? [wanted.found] : [])] };
    if (this.#cx === undefined) return unrendered(draft, draft.found[0]?.message ?? read.unknown ?? 'charts were not asked for');
    if (draft.found.length > 0 || wanted.is === 'wrong') return unrendered(draft, draft.found[0]?.message ?? '');
    const { name, namespace } = draft.spec;
    if (read.values === undefined) return notRendered(draft, ['valuesFrom'], read.unknown ?? '', 'nothing to do when that is meant; what this release makes is not checked');
    if (wanted.is === 'unknown') return notRendered(draft, wanted.at.slice(1), wanted.because, wanted.hint);
    if (isUnknown(name) || isUnknown(namespace)) return notRendered(draft, [], `its name hangs on ${readable(isUnknown(name) ? name : namespace)}`, 'write the name out');
    if (this.#cx.helm === undefined) return notRendered(draft, wanted.at.slice(1), 'helm is not here', installHint('helm'));
    try {
      return await this.#rendered(this.#cx, draft, wanted, read.values);
    } catch (error) {
      if (!(error instanceof ToolFailure)) throw error;
      // helm itself did not work: it could not be started, or did not end.
      this.#cx.around.volatile(error.what);
      return notRendered(draft, wanted.at.slice(1), error.message, error.hint ?? 'run the same again');
    }
  }

  async #rendered(cx: Context, draft: Draft, wanted: Extract<Wanted, { readonly is: 'registry' | 'tree' }>, values: Readonly<Record<string, unknown>>): Promise<Release> {
    const obtained = await this.#obtained(cx, wanted);
    if ('unknown' in obtained) return notRendered(draft, versionPath(wanted), obtained.unknown, obtained.hint);
    const own = withValuesFiles(cx, this.#tree, wanted, obtained);
    if ('missing' in own) return unrendered({ ...draft, found: [{ rule: 'values-source-missing', built: draft.declared, path: [...wanted.at, 'valuesFiles', own.index], message: `the chart has no values file ${own.missing}`, hint: wanted.is === 'tree' ? 'the path is relative to the root of the repository' : 'the path is relative to the folder of the chart' }] }, `the chart has no values file ${own.missing}`);
    if (own.meta.lacking.length > 0) return notRendered(draft, versionPath(wanted), `its chart does not hold what it depends on: ${own.meta.lacking.join(', ')}`, 'helm dependency build in its folder');
    this.#apis ??= apisOf(this.#tree);
    const { elsewhere } = own.meta;
    const order = {
      release: draft.spec.name, namespace: draft.spec.namespace, values, kubeVersion: this.#tree.settings.kubernetes?.replace(/^v/, '') ?? KUBERNETES, apiVersions: spokenOf(this.#apis, own.meta.apis),
      skipSchema: draft.spec.skipSchema || (elsewhere.length > 0 && cx.around.offline), skipTests: !draft.spec.runsTests, skipHooks: draft.spec.skipHooks,
    };
    const first = await render(cx, own, order);
    const unfetched = first.error?.is === 'schema elsewhere' ? first.error.message : undefined;
    if (unfetched !== undefined) cx.around.volatile(`the schema ${unfetched} could not be fetched`);
    const rendering = unfetched === undefined ? first : await render(cx, own, { ...order, skipSchema: true });
    const unchecked: Found = { rule: 'values-schema', unknown: true, built: draft.declared, path: wanted.at, key: true, message: `its values are not held against the schema of ${own.meta.name}: ${unfetched ?? elsewhere[0] ?? ''} is not here`, hint: 'run with a network' };
    const checked = draft.spec.skipSchema || (unfetched === undefined && (elsewhere.length === 0 || !cx.around.offline)) ? draft : { ...draft, found: [...draft.found, unchecked] };
    return rendering.error === undefined ? this.#made(checked, own, rendering) : this.#failed(checked, wanted, rendering.error);
  }

  async #obtained(cx: Context, wanted: Extract<Wanted, { readonly is: 'registry' | 'tree' }>): Promise<Obtaining> {
    const known = this.#charts.get(this.#tree.texts) ?? new Map<string, Promise<Obtaining>>();
    this.#charts.set(this.#tree.texts, known);
    const key = canonical({ ...wanted, at: [] });
    const obtaining = known.get(key) ?? obtain(cx, this.#tree, wanted);
    known.set(key, obtaining);
    return obtaining;
  }

  #made(draft: Draft, chart: Obtained, rendering: Rendering): Release {
    const { declared } = draft;
    const after = postRender(this.#tree, declared, rendering.objects);
    if ('unknown' in after) return notRendered(draft, ['postRenderers'], after.unknown, 'nothing to do when that is meant; what this release makes is not checked');
    const found = [...draft.found, ...this.#unread(draft, chart, rendering)];
    if ('found' in after) return unrendered({ ...draft, found: [...found, ...after.found] }, after.found[0]?.message ?? 'its postRenderers fail');
    // What goes to another cluster is none of this one's objects.
    if (get(declared.object, 'spec', 'kubeConfig') !== undefined) return { ...basis(draft), rendered: [], crds: [], unknown: undefined, found };
    const rendered = after.objects.map(({ template, object }): Built => ({ object, raw: object, origin: { source: declared.origin.source, edits: [], template }, unit: declared.unit, release: declared }));
    const crds = [...rendering.crds, ...rendered.map(({ object }) => object).filter(({ kind }) => kind === 'CustomResourceDefinition')];
    return { ...basis(draft), rendered, crds, unknown: undefined, found };
  }

  #unread(draft: Draft, chart: Obtained, { unread }: Rendering): readonly Found[] {
    return unread.flatMap(({ path, hint }): readonly Found[] => {
      const place = exactPlace(this.#tree, draft.declared, draft.read, path);
      if (place === undefined || holdsAnchor(this.#tree, place)) return [];
      return [{ rule: 'value-not-read', ...place, message: `no template of ${chart.meta.name} ${chart.meta.version} reads ${spoken(path)}`, hint }];
    });
  }

  #failed(draft: Draft, wanted: Wanted, error: HelmError): Release {
    const { declared, read } = draft;
    const hidden = secretTexts(read);
    const shown = (message: string): string => hidden.reduce((text, secret) => text.replaceAll(secret, '(secret)'), message);
    const place = (path: readonly string[]): Place => placeOfValue(this.#tree, declared, read, path);
    if (error.is === 'schema elsewhere') return notRendered(draft, [], `the schema ${error.message} is not here`, 'run with a network');
    if (error.is === 'cluster') return notRendered(draft, wanted.at.slice(1), shown(error.message), 'look whether that holds in the cluster; definitions that are installed before Flux can be named in .manifests.yaml');
    if (error.is === 'template' && this.#tree.settings.kubernetes === undefined && error.message.includes('requires kubeVersion')) return notRendered(draft, wanted.at.slice(1), error.message, 'say which Kubernetes the clusters have: kubernetes in .manifests.yaml');
    if (error.is === 'dependencies') return notRendered(draft, versionPath(wanted), `its chart does not hold what it depends on: ${error.missing.join(', ')}`, 'helm dependency build in its folder');
    // What only the cluster knows stands in the values as a mark: a chart that stumbles over it tells nothing.
    if (isUnknown(read.values) && (error.is === 'template' || error.wrong.every(({ path }) => isUnknown(get(read.values, ...path))))) return notRendered(draft, [], 'its chart cannot be rendered without values only the cluster knows', 'nothing to do when that is meant; what this release makes is not checked');
    if (error.is === 'template') return unrendered({ ...draft, found: [...draft.found, { rule: 'release-template-error', ...(error.path === undefined ? { built: declared, path: wanted.at, key: true } : place(error.path)), message: `the chart ${wanted.name} cannot be rendered: ${shown(error.message)}`, hint: error.path === undefined ? 'look at the values of this release, and what the chart wants of them: helm show values' : `look at ${spoken(error.path)}: helm show values tells what the chart wants` }] }, 'its chart cannot be rendered');
    const wrong = error.wrong.filter(({ path }) => !isUnknown(get(read.values, ...path)));
    return unrendered({ ...draft, found: [...draft.found, ...wrong.map(({ path, message, key, chart }): Found => {
      const { key: _, ...spot } = place(path);
      // A value is underlined, a key that should not be there as well; a map that lacks something is told at its key.
      const whole = isPlain(get(read.values, ...path)) || spot.path?.join('\n') !== ['spec', 'values', ...path].join('\n') && spot.source?.at.join('\n') !== path.join('\n');
      return { rule: 'values-schema', ...spot, ...(key || whole ? { key: true } : {}), message: `${spoken(path)}: ${shown(message)} (values.schema.json of ${chart})`, hint: key ? 'remove it, or mend its name: helm show values' : 'write it as the chart wants it: helm show values' };
    })] }, 'its values do not fit the schema of its chart');
  }
}

function basis({ declared, spec, wanted, read }: Draft): Omit<Release, 'rendered' | 'crds' | 'unknown' | 'found'> {
  return { declared, name: spec.name, namespace: spec.namespace, chart: { name: wanted.name, url: wanted.url, version: wanted.version }, values: read.values };
}

function unrendered(draft: Draft, unknown: string): Release {
  return { ...basis(draft), rendered: undefined, crds: [], unknown, found: draft.found };
}

/** Not rendered, without anybody having made a mistake: that it could not be checked is said. */
function notRendered(draft: Draft, path: readonly (string | number)[], because: string, hint: string): Release {
  const said: Found = { rule: 'release-not-rendered', unknown: true, built: draft.declared, path: ['spec', ...path], key: true, message: `what this release makes is not known: ${because}`, hint };
  return unrendered({ ...draft, found: [...draft.found, said] }, because);
}

/** Values that come out of Secrets: helm's words may hold them. */
function secretTexts({ sources }: ReadValues): readonly string[] {
  const leaves = (value: unknown): readonly string[] => (typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : typeof value === 'string' || typeof value === 'number' ? [String(value)] : []);
  return sources.filter(({ known }) => known.object.kind === 'Secret').flatMap(({ values, text }) => [...leaves(values), text]).filter((each) => each.length > 3).toSorted((a, b) => b.length - a.length);
}

/** Where a HelmRelease says which version. */
function versionPath(wanted: Wanted): readonly (string | number)[] {
  return wanted.at.length === 3 && wanted.is === 'registry' ? [...wanted.at.slice(1), 'version'] : wanted.at.slice(1);
}

/** Whether a value is there to be referred to: an anchor stands in it. */
function holdsAnchor(tree: Tree, place: Place): boolean {
  const spot = place.spot ?? (place.source !== undefined ? tree.texts.spot(place.source, 'key') : place.built === undefined ? undefined : placeOf(tree.texts, place.built, place.path ?? [], 'key').spot);
  if (spot === undefined) return false;
  const [first = '', ...rest] = tree.texts.text(spot.file)?.split('\n').slice(spot.line - 1) ?? [];
  const end = rest.findIndex((line) => line.trim() !== '' && line.length - line.trimStart().length < spot.column);
  return [first.slice(spot.column - 1), ...rest.slice(0, end < 0 ? rest.length : end)].some((line) => /(?:^|[\s[{,])&[\w.-]+/.test(line));
}
