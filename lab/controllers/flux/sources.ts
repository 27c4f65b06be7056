/** The source-controller: Git, OCI and Helm sources, and the charts of HelmReleases. */
import type { ControllerContext, KubeObject } from '../../world/types.ts';
import { at, conditionOf, iso, plain, sha256, text, type Plain } from '../../catalog/data.ts';
import { ChartNotFound, chartName, findChart } from '../../catalog/charts.ts';
import { TIMES } from '../../catalog/timings.ts';
import { FIXTURE_URL } from '../../world/data.ts';
import { befalls, faultsOf } from '../faults/befalls.ts';
import { isKind, keyOf, splitKey, type Again, type Controller } from '../runtime.ts';
import { componentUp, handled, intervalOf, isNew, ofOtherShard, ready, setStatus, SOURCE, suspended } from './common.ts';

const KINDS = ['GitRepository', 'OCIRepository', 'HelmRepository', 'HelmChart'] as const;
type Kind = (typeof KINDS)[number];

/** URLs that mean the same repository. */
function sameUrl(a: string, b: string): boolean {
  const bare = (url: string): string => url.replace(/^(ssh:\/\/|https?:\/\/)?(git@)?/, '').replace(':', '/').replace(/\.git$/, '').replace(/\/+$/, '').toLowerCase();
  return bare(a) === bare(b);
}
/** The one repository the lab has: the one the cluster syncs from. Any other URL would be answered with the wrong files. */
function servedUrl(cx: ControllerContext): string | undefined {
  if (cx.store.typeOf('fluxcd.controlplane.io/v1', 'FluxInstance') === undefined) return undefined;
  return cx.store.list('fluxcd.controlplane.io/v1', 'FluxInstance').map((instance) => text(at(instance.spec, 'sync.url'))).find((url) => url !== undefined);
}

/** How Flux writes a Git revision: by the ref that was asked for. */
export function gitRevision(spec: unknown, commit: string): string {
  const ref = plain(at(spec, 'ref'));
  const name = text(ref['name']) ?? text(ref['tag']) ?? text(ref['branch']) ?? 'master';
  return ref['commit'] === undefined ? `${name}@sha1:${commit}` : `sha1:${commit}`;
}

function stored(cx: ControllerContext, object: KubeObject, revision: string, extra: Plain = {}): void {
  const digest = `sha256:${sha256(`${object.kind}|${object.metadata.name}|${revision}`)}`;
  const place = `${object.kind.toLowerCase()}/${object.metadata.namespace ?? ''}/${object.metadata.name}`;
  const changed = text(at(object.status, 'artifact.revision')) !== revision;
  setStatus(cx, object, {
    ...handled(object), ...extra,
    artifact: {
      ...plain(at(object.status, 'artifact')), digest, revision, path: `${place}/${digest.slice(7, 47)}.tar.gz`, url: `http://source-controller.flux-system.svc.cluster.local./${place}/${digest.slice(7, 47)}.tar.gz`,
      ...(changed ? { lastUpdateTime: iso(cx.clock.now()), size: 65_536 } : {}),
    },
  }, [ready('True', 'Succeeded', object.kind === 'HelmChart' ? `pulled '${chartName(text(at(object.spec, 'chart')) ?? '')}' chart with version '${revision}'` : `stored artifact for ${object.kind === 'OCIRepository' ? 'digest' : 'revision'} '${revision}'`),
    { type: 'ArtifactInStorage', status: 'True', reason: 'Succeeded', message: `stored artifact for revision '${revision}'` }], ['Reconciling', 'FetchFailed', 'Stalled']);
}
function refused(cx: ControllerContext, object: KubeObject, reason: string, message: string, lost: Plain = {}): void {
  setStatus(cx, object, { ...handled(object), ...lost }, [{ type: 'FetchFailed', status: 'True', reason, message }, ready('False', reason, message)], ['Reconciling']);
}

async function git(cx: ControllerContext, object: KubeObject): Promise<Again> {
  const url = text(at(object.spec, 'url')) ?? '';
  // The lab's own tree has an address of its own.
  const own = url === FIXTURE_URL ? cx.fixture : undefined;
  const served = own === undefined ? servedUrl(cx) : undefined;
  if (served !== undefined && !sameUrl(served, url)) {
    refused(cx, object, 'GitOperationFailed', `failed to checkout and determine revision: unable to clone '${url}': repository not found (the lab serves only ${served})`);
    return intervalOf(object);
  }
  if (own === undefined && faultsOf(cx, 'source-artifact-missing').length > 0) {
    // The storage is empty, and there is nothing to fill it from.
    refused(cx, object, 'GitOperationFailed', `failed to checkout and determine revision: unable to clone '${url}': dial tcp 192.0.2.10:443: i/o timeout`, { artifact: undefined });
    return TIMES.dependencyRetry;
  }
  try {
    const head = await (own ?? cx.git).head();
    stored(cx, object, gitRevision(object.spec, head.commit));
    // Asking Git is a process of its own: on a fast clock once per wall second is enough, and a request is heard at once.
    return Math.max(intervalOf(object), 1000 * cx.clock.speed);
  } catch (error) { refused(cx, object, 'GitOperationFailed', `failed to checkout and determine revision: ${error instanceof Error ? error.message : String(error)}`); }
  return intervalOf(object);
}

function oci(cx: ControllerContext, object: KubeObject): Again {
  const url = text(at(object.spec, 'url')) ?? ''; const ref = plain(at(object.spec, 'ref'));
  const tag = text(ref['tag']) ?? text(ref['semver']) ?? 'latest';
  const trouble = registryTrouble(cx, object, url);
  if (trouble !== undefined) { refused(cx, object, ...trouble); return TIMES.dependencyRetry; }
  try {
    findChart(url, tag);
    stored(cx, object, `${tag}@sha256:${sha256(`${url}:${tag}`)}`);
  } catch (error) {
    if (!(error instanceof ChartNotFound)) throw error;
    refused(cx, object, 'OCIArtifactPullFailed', `failed to determine artifact digest: GET ${url.replace('oci://', 'https://').replace(/^(https:\/\/[^/]+)\//, '$1/v2/')}/manifests/${tag}: MANIFEST_UNKNOWN: manifest unknown (${error.message})`);
  }
  return intervalOf(object);
}

/** What a registry in trouble makes of a pull: reason and message; undefined while it is well. */
function registryTrouble(cx: ControllerContext, object: KubeObject, url: string): readonly [reason: string, message: string] | undefined {
  const host = url.replace(/^[a-z]+:\/\//, '').split('/')[0] ?? '';
  if (befalls(cx, 'chart-pull-fails', object)) return ['OCIArtifactPullFailed', `failed to determine artifact digest: Get "https://${host}/v2/": dial tcp 192.0.2.20:443: i/o timeout`];
  if (!befalls(cx, 'chart-wrong-digest', object)) return undefined;
  return ['OCIArtifactLayerOperationFailed', `failed to extract layer contents from artifact: error verifying sha256 checksum after reading 65536 bytes; got "sha256:${sha256(`other bytes of ${url}`)}", want "sha256:${sha256(url)}"`];
}

function helmRepository(cx: ControllerContext, object: KubeObject): Again {
  // An OCI HelmRepository is only an address: the real controller gives it no status at all.
  if (at(object.spec, 'type') === 'oci') return undefined;
  stored(cx, object, `sha256:${sha256(text(at(object.spec, 'url')) ?? '')}`);
  return intervalOf(object);
}

function helmChart(cx: ControllerContext, object: KubeObject): Again {
  const chart = text(at(object.spec, 'chart')) ?? ''; const version = text(at(object.spec, 'version')) ?? '*';
  const source = plain(at(object.spec, 'sourceRef'));
  const repository = cx.store.get({ apiVersion: SOURCE, kind: text(source['kind']) ?? 'HelmRepository', name: text(source['name']) ?? '', namespace: object.metadata.namespace ?? '' });
  if (repository === undefined) {
    refused(cx, object, 'SourceUnavailable', `failed to get source: ${String(source['kind']).toLowerCase()}s.source.toolkit.fluxcd.io "${String(source['name'])}" not found`);
    return TIMES.dependencyRetry;
  }
  if (at(repository.spec, 'type') !== 'oci' && conditionOf(repository, 'Ready')?.['status'] !== 'True') {
    refused(cx, object, 'NoSourceArtifact', 'no artifact available for HelmRepository source');
    return TIMES.dependencyRetry;
  }
  const trouble = registryTrouble(cx, object, text(at(repository.spec, 'url')) ?? '');
  if (trouble !== undefined) { refused(cx, object, 'ChartPullError', `chart pull error: ${trouble[1]}`); return TIMES.dependencyRetry; }
  try { findChart(chart, version); stored(cx, object, version, { observedChartName: chartName(chart) }); } catch (error) {
    if (!(error instanceof ChartNotFound)) throw error;
    refused(cx, object, 'ChartPullError', `chart pull error: failed to get chart version for remote reference: no '${chart}' chart with version matching '${version}' found (${error.message})`);
  }
  return intervalOf(object);
}

/** The controller, and `forget`: what is served may be other than it was, so every source is fetched anew. */
export function sourceController(cx: ControllerContext): { readonly controller: Controller; forget(): void } {
  const fetching = new Map<string, number>();
  const lastPoll = new Map<string, number>();
  const keyFor = (object: KubeObject): string => `${object.kind} ${keyOf(object)}`;
  const all = (): string[] => KINDS.flatMap((kind) => (cx.store.typeOf(SOURCE, kind) === undefined ? [] : cx.store.list(SOURCE, kind).map(keyFor)));
  const controller: Controller = {
    name: 'source-controller',
    keys(event) {
      if (isKind(event.object, ...KINDS.map((kind) => `source.toolkit.fluxcd.io/${kind}`))) {
        const charts = event.object.kind === 'HelmRepository' && cx.store.typeOf(SOURCE, 'HelmChart') !== undefined ? cx.store.list(SOURCE, 'HelmChart').map(keyFor) : [];
        return [keyFor(event.object), ...charts];
      }
      return isKind(event.object, 'apps/Deployment') && event.object.metadata.name === 'source-controller' ? all() : [];
    },
    reconcile(key) {
      const [kind, place] = key.split(' ');
      const known = KINDS.find((entry) => entry === kind);
      if (known === undefined || place === undefined || cx.store.typeOf(SOURCE, known) === undefined) return undefined;
      const object = cx.store.get({ apiVersion: SOURCE, kind: known, ...splitKey(place) });
      if (object === undefined || object.metadata.deletionTimestamp !== undefined || suspended(object) || ofOtherShard(object) || !componentUp(cx, 'source-controller')) return undefined;
      const now = cx.clock.now();
      const due = (lastPoll.get(key) ?? Number.NEGATIVE_INFINITY) + (conditionOf(object, 'Ready')?.['status'] === 'True' ? intervalOf(object) : TIMES.dependencyRetry);
      if (!isNew(object) && now < due) return due - now;
      const since = fetching.get(key);
      if (since === undefined && isNew(object)) { fetching.set(key, now); return TIMES.sourceFetch; }
      if (since !== undefined && now - since < TIMES.sourceFetch) return since + TIMES.sourceFetch - now;
      fetching.delete(key);
      lastPoll.set(key, now);
      return fetch(cx, known, object);
    },
  };
  return { controller, forget() { lastPoll.clear(); } };
}
function fetch(cx: ControllerContext, kind: Kind, object: KubeObject): Again | Promise<Again> {
  switch (kind) {
    case 'GitRepository': return git(cx, object);
    case 'OCIRepository': return oci(cx, object);
    case 'HelmRepository': return helmRepository(cx, object);
    case 'HelmChart': return helmChart(cx, object);
  }
}
/** Revision a source has stored; undefined while it has none. */
export function artifactRevision(source: KubeObject | undefined): string | undefined { return text(at(source?.status, 'artifact.revision')); }
