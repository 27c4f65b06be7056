/** The kustomize-controller: builds a path of a source, applies it, prunes what is gone, waits for health. */
import { ApiError, type ControllerContext, type KubeObject, type Ref } from '../../world/types.ts';
import { at, conditionOf, duration, goDuration, identity, isTrue, list, plain, refOf, strings, text, versionOf, type Plain } from '../../catalog/data.ts';
import { isCrd } from '../../catalog/install.ts';
import { TIMES } from '../../catalog/timings.ts';
import { buildFluxKustomization } from '../../flux/build.ts';
import { BuildError, type Files } from '../../flux/kustomize.ts';
import { statusByExpressions } from '../../flux/health-expressions.ts';
import { kstatus } from '../../flux/kstatus.ts';
import { FIXTURE_URL } from '../../world/data.ts';
import { isKind, keyOf, splitKey, type Again, type Controller } from '../runtime.ts';
import { asked, componentUp, dependencies, FINALIZER, generationOf, handled, intervalOf, isNew, KUSTOMIZE, ofOtherShard, onCycle, ready, removeIfThere, setFinalizer, setStatus, SOURCE, suspended } from './common.ts';
import { artifactRevision } from './sources.ts';
import { asInGit, missingVariables, unreadableFile } from './faults.ts';

const OWNER_NAME = 'kustomize.toolkit.fluxcd.io/name';
const OWNER_NAMESPACE = 'kustomize.toolkit.fluxcd.io/namespace';
const marked = (object: KubeObject, key: string, value: string): boolean => [object.metadata.annotations, object.metadata.labels].some((map) => map?.[`kustomize.toolkit.fluxcd.io/${key}`]?.toLowerCase() === value);

/** A reconciliation on its way, in memory only: after a restart it simply begins again. */
interface Attempt { readonly revision: string; readonly generation: number; readonly request: string | undefined; readonly began: number; applied: readonly KubeObject[] | undefined; changed: boolean }

/** The controller, and `forget`: the tree may read differently now, so every Kustomization is applied anew. */
export function kustomizationController(cx: ControllerContext): { readonly controller: Controller; forget(): void } {
  const attempts = new Map<string, Attempt>();
  const lastEnd = new Map<string, number>();
  const trees = new Map<string, Promise<Files>>();
  const all = (): string[] => (cx.store.typeOf(KUSTOMIZE, 'Kustomization') === undefined ? [] : cx.store.list(KUSTOMIZE, 'Kustomization').map(keyOf));

  /** Files of a commit below the first folder of the path, read once per commit. */
  function filesOf(source: KubeObject, commit: string, path: string): Promise<Files> {
    const prefix = path.replace(/^\.?\/+/, '').split('/')[0] ?? '';
    const id = `${commit}|${prefix}`;
    const known = trees.get(id);
    if (known !== undefined) return known;
    if (trees.size > 4) trees.clear();
    const read = (at(source.spec, 'url') === FIXTURE_URL ? cx.fixture ?? cx.git : cx.git).files(commit, prefix);
    trees.set(id, read);
    read.catch(() => { trees.delete(id); });
    return read;
  }
  function fail(object: KubeObject, key: string, reason: string, message: string, revision: string | undefined): Again {
    attempts.delete(key);
    lastEnd.set(key, cx.clock.now());
    setStatus(cx, object, { ...handled(object), ...(revision === undefined ? {} : { lastAttemptedRevision: revision }) }, [ready('False', reason, message),
      ...(reason === 'HealthCheckFailed' ? [{ type: 'Healthy', status: 'False', reason, message } as const] : [])], ['Reconciling']);
    return duration(at(object.spec, 'retryInterval'), intervalOf(object));
  }
  /** Not a failure of this object: it waits for another, and is asked again soon. */
  function held(object: KubeObject, reason: string, message: string): Again {
    setStatus(cx, object, { observedGeneration: generationOf(object) }, [ready('False', reason, message)], ['Reconciling']);
    return TIMES.dependencyRetry;
  }

  async function variables(object: KubeObject): Promise<Record<string, string> | undefined> {
    const postBuild = at(object.spec, 'postBuild');
    if (postBuild === undefined) return undefined;
    const out: Record<string, string> = {};
    for (const source of list(at(postBuild, 'substituteFrom')).map(plain)) {
      const kind = text(source['kind']) ?? ''; const name = text(source['name']) ?? '';
      const found = cx.store.get({ apiVersion: 'v1', kind, name, namespace: object.metadata.namespace ?? '' });
      if (found === undefined) {
        if (source['optional'] === true) continue;
        throw new BuildError(`post build failed: substitute from '${kind}/${name}' error: ${kind.toLowerCase()}s "${name}" not found`);
      }
      for (const [key, value] of Object.entries(strings(found.data))) out[key] = kind === 'Secret' ? Buffer.from(value, 'base64').toString() : value;
    }
    for (const name of missingVariables(cx)) delete out[name];
    for (const [key, value] of Object.entries(plain(at(postBuild, 'substitute')))) out[key] = String(value);
    return await Promise.resolve(out);
  }

  function apply(object: KubeObject, objects: readonly KubeObject[]): readonly KubeObject[] {
    const labels = { [OWNER_NAME]: object.metadata.name, [OWNER_NAMESPACE]: object.metadata.namespace ?? '' };
    const first = objects.filter((entry) => isCrd(entry) || entry.kind === 'Namespace');
    const rest = objects.filter((entry) => !first.includes(entry));
    const applied: KubeObject[] = [];
    // All of a stage is tried without writing first, so that one bad object leaves nothing half done.
    for (const stage of [first, rest]) {
      const placed = stage.filter((entry) => !marked(entry, 'reconcile', 'disabled')).map((entry) => place({ ...entry, metadata: { ...entry.metadata, labels: { ...entry.metadata.labels, ...labels } } }));
      for (const entry of placed) attempt(entry, true);
      for (const entry of placed) {
        if (marked(entry, 'ssa', 'ifnotpresent') && cx.store.get(refOf(entry)) !== undefined) { applied.push(entry); continue; }
        attempt(entry, false);
        applied.push(entry);
      }
    }
    return applied;
  }
  function place(object: KubeObject): KubeObject {
    const type = cx.store.typeOf(object.apiVersion, object.kind);
    const { namespace, ...metadata } = object.metadata;
    if (type?.namespaced === false) return { ...object, metadata };
    if (type !== undefined && namespace === undefined) throw new BuildError(`${object.kind}/${object.metadata.name} namespace not specified: the server could not find the requested resource`);
    return object;
  }
  function attempt(object: KubeObject, dryRun: boolean): void {
    const name = `${object.kind}${object.metadata.namespace === undefined ? '' : `/${object.metadata.namespace}`}/${object.metadata.name}`;
    if (cx.store.typeOf(object.apiVersion, object.kind) === undefined) throw new BuildError(`${name} dry-run failed: no matches for kind "${object.kind}" in version "${object.apiVersion}"`);
    try { cx.store.apply(object, { manager: 'kustomize-controller', force: true, dryRun }); } catch (error) {
      if (error instanceof ApiError) throw new BuildError(`${name} dry-run failed (${error.reason}): ${error.message}`);
      throw error;
    }
  }
  function prune(object: KubeObject, before: readonly Plain[], applied: readonly KubeObject[]): void {
    if (at(object.spec, 'prune') !== true) return;
    const kept = new Set(applied.map(identity));
    for (const entry of before) {
      const id = text(entry['id']) ?? '';
      if (kept.has(id)) continue;
      const ref = refFromInventory(id, text(entry['v']) ?? 'v1');
      if (ref === undefined || cx.store.typeOf(ref.apiVersion, ref.kind) === undefined) continue;
      const live = cx.store.get(ref);
      if (live === undefined || marked(live, 'prune', 'disabled') || live.metadata.labels?.[OWNER_NAME] !== object.metadata.name || live.metadata.labels[OWNER_NAMESPACE] !== object.metadata.namespace) continue;
      removeIfThere(cx, ref);
    }
  }
  function health(object: KubeObject, applied: readonly KubeObject[]): readonly string[] {
    const refs: Ref[] = at(object.spec, 'wait') === true ? applied.map(refOf) : list(at(object.spec, 'healthChecks')).map(plain).map((check) => ({
      apiVersion: text(check['apiVersion']) ?? 'v1', kind: text(check['kind']) ?? '', name: text(check['name']) ?? '', ...(check['namespace'] === undefined ? {} : { namespace: String(check['namespace']) }),
    }));
    const own = keyOf(object);
    return refs.filter((ref) => !(ref.kind === 'Kustomization' && `${ref.namespace ?? ''}/${ref.name}` === own)).map((ref) => {
      const live = cx.store.typeOf(ref.apiVersion, ref.kind) === undefined ? undefined : cx.store.get(ref);
      return { ref, status: statusByExpressions(at(object.spec, 'healthCheckExprs'), live) ?? kstatus(live) };
    }).filter(({ status }) => status.status !== 'Current').map(({ ref, status }) => `${ref.kind}/${ref.namespace === undefined ? '' : `${ref.namespace}/`}${ref.name} status: '${status.status}'`);
  }

  function blocked(object: KubeObject, revision: string): string | undefined {
    const cycle = onCycle(cx, object);
    for (const dependency of dependencies(object)) {
      const other = cx.store.get({ apiVersion: KUSTOMIZE, kind: 'Kustomization', ...splitKey(dependency) });
      if (other === undefined) return `dependency '${dependency}' not found`;
      // On a cycle each waits for the other to reach the new revision first, which none ever does.
      const sameSource = JSON.stringify(at(other.spec, 'sourceRef.name')) === JSON.stringify(at(object.spec, 'sourceRef.name'));
      if (cycle || !isTrue(other, 'Ready') || other.status?.['observedGeneration'] !== generationOf(other) || (sameSource && other.status['lastAppliedRevision'] !== revision)) {
        return `dependency '${dependency}' is not ready`;
      }
    }
    return undefined;
  }

  async function reconcile(object: KubeObject, key: string): Promise<Again> {
    const now = cx.clock.now();
    const reference = plain(at(object.spec, 'sourceRef'));
    const sourceRef: Ref = { apiVersion: SOURCE, kind: text(reference['kind']) ?? 'GitRepository', name: text(reference['name']) ?? '', namespace: text(reference['namespace']) ?? object.metadata.namespace ?? '' };
    const source = cx.store.typeOf(SOURCE, sourceRef.kind) === undefined ? undefined : cx.store.get(sourceRef);
    if (source === undefined) return held(object, 'ArtifactFailed', `Source '${sourceRef.kind}/${sourceRef.namespace ?? ''}/${sourceRef.name}' not found`);
    const revision = artifactRevision(source);
    if (revision === undefined) return held(object, 'ArtifactFailed', `Source artifact not found, retrying in ${goDuration(TIMES.dependencyRetry)}`);
    const why = blocked(object, revision);
    if (why !== undefined) { attempts.delete(key); return held(object, 'DependencyNotReady', why); }

    const checks = at(object.spec, 'wait') === true || list(at(object.spec, 'healthChecks')).length > 0;
    let current = attempts.get(key);
    if (current === undefined || current.revision !== revision || current.generation !== generationOf(object) || current.request !== object.metadata.annotations?.['reconcile.fluxcd.io/requestedAt']) {
      const due = (lastEnd.get(key) ?? Number.NEGATIVE_INFINITY) + (isTrue(object, 'Ready') ? intervalOf(object) : duration(at(object.spec, 'retryInterval'), intervalOf(object)));
      const fresh = isNew(object) || text(object.status?.['lastAttemptedRevision']) !== revision || (conditionOf(object, 'Ready')?.['reason'] === 'DependencyNotReady') || conditionOf(object, 'Ready')?.['reason'] === 'ArtifactFailed';
      if (!fresh && now < due) return due - now;
      current = { revision, generation: generationOf(object), request: object.metadata.annotations?.['reconcile.fluxcd.io/requestedAt'], began: now, applied: undefined, changed: fresh };
      attempts.set(key, current);
      if (fresh) setStatus(cx, object, { lastAttemptedRevision: revision }, [{ type: 'Reconciling', status: 'True', reason: 'Progressing', message: 'Building manifests for revision ' + revision }, ready('Unknown', 'Progressing', 'Reconciliation in progress')]);
      return TIMES.kustomizationBuild;
    }
    if (now - current.began < TIMES.kustomizationBuild) return current.began + TIMES.kustomizationBuild - now;
    if (current.applied === undefined) {
      const spec = plain(object.spec); const path = text(spec['path']) ?? './';
      const commit = revision.slice(revision.lastIndexOf(':') + 1);
      try {
        const files = await filesOf(source, commit, path);
        const unreadable = unreadableFile(cx, object);
        if (unreadable !== undefined) throw new BuildError(unreadable);
        const built = asInGit(cx, buildFluxKustomization(object.metadata.name, spec, files, await variables(object)));
        try { current.applied = apply(object, built); } catch (error) {
          if (error instanceof BuildError) return fail(object, key, 'ReconciliationFailed', error.message, revision);
          throw error;
        }
        const live = cx.store.get(refOf(object));
        prune(object, list(at(live?.status, 'inventory.entries')).map(plain), current.applied);
        setStatus(cx, object, { lastAttemptedRevision: revision, inventory: { entries: current.applied.map((entry) => ({ id: identity(entry), v: versionOf(entry.apiVersion) })) } }, []);
      } catch (error) {
        if (!(error instanceof BuildError)) throw error;
        return fail(object, key, 'BuildFailed', error.message, revision);
      }
      // Whoever looks after the new objects gets a moment to say something, or "no status yet" would count as ready.
      if (checks) return TIMES.healthPoll;
    }
    const timeout = duration(at(object.spec, 'timeout'), intervalOf(object));
    const left = checks ? health(object, current.applied) : [];
    if (left.length > 0) {
      const spent = now - current.began;
      if (spent >= timeout) return fail(object, key, 'HealthCheckFailed', `health check failed after ${goDuration(spent)}: timeout waiting for: [${left.join(', ')}]`, revision);
      if (current.changed || conditionOf(object, 'Reconciling') !== undefined) {
        setStatus(cx, object, {}, [{ type: 'Reconciling', status: 'True', reason: 'Progressing', message: `Running health checks for revision ${revision} with a timeout of ${goDuration(timeout)}` }, ready('Unknown', 'Progressing', 'Reconciliation in progress'),
          { type: 'Healthy', status: 'Unknown', reason: 'Progressing', message: `Running health checks for revision ${revision} with a timeout of ${goDuration(timeout)}` }]);
      }
      return TIMES.healthPoll;
    }
    const said = conditionOf(object, 'Healthy');
    const healthy = said?.['status'] === 'True' ? text(said['message']) : undefined;
    attempts.delete(key);
    lastEnd.set(key, now);
    setStatus(cx, object, { ...handled(object), lastAppliedRevision: revision, lastAttemptedRevision: revision }, [ready('True', 'ReconciliationSucceeded', `Applied revision: ${revision}`),
      ...(checks ? [{ type: 'Healthy', status: 'True', reason: 'Succeeded', message: healthy === undefined || current.changed ? `Health check passed in ${goDuration(now - current.began)}` : healthy } as const] : [])], checks ? ['Reconciling', 'Stalled'] : ['Reconciling', 'Stalled', 'Healthy']);
    return intervalOf(object);
  }

  const controller: Controller = {
    name: 'kustomize-controller',
    keys(event) {
      if (isKind(event.object, 'kustomize.toolkit.fluxcd.io/Kustomization')) {
        // A cycle comes with a commit, and a commit makes everybody on it look again.
        const circle = event.before !== undefined && generationOf(event.before) !== generationOf(event.object) && onCycle(cx, event.object);
        return circle ? all() : [keyOf(event.object)];
      }
      if (isKind(event.object, 'source.toolkit.fluxcd.io/GitRepository')) return artifactRevision(event.before) === artifactRevision(event.object) ? [] : all();
      return isKind(event.object, 'apps/Deployment') && event.object.metadata.name === 'kustomize-controller' ? all() : [];
    },
    reconcile(key) {
      if (cx.store.typeOf(KUSTOMIZE, 'Kustomization') === undefined || !componentUp(cx, 'kustomize-controller')) return undefined;
      let object = cx.store.get({ apiVersion: KUSTOMIZE, kind: 'Kustomization', ...splitKey(key) });
      if (object === undefined) { attempts.delete(key); return undefined; }
      if (object.metadata.deletionTimestamp !== undefined) {
        if (!(object.metadata.finalizers ?? []).includes(FINALIZER)) return undefined;
        if (!suspended(object)) prune(object, list(at(object.status, 'inventory.entries')).map(plain), []);
        setFinalizer(cx, object, false);
        return undefined;
      }
      if (suspended(object) || ofOtherShard(object)) { attempts.delete(key); return undefined; }
      object = setFinalizer(cx, object, true);
      if (asked(object)) lastEnd.delete(key);
      return reconcile(object, key);
    },
  };
  return { controller, forget() { lastEnd.clear(); attempts.clear(); } };
}

/** `namespace_name_group_kind` back to a reference. */
export function refFromInventory(id: string, version: string): Ref | undefined {
  const [namespace, name, group, kind] = id.split('_');
  if (name === undefined || kind === undefined || group === undefined) return undefined;
  return { apiVersion: group === '' ? version : `${group}/${version}`, kind, name, ...(namespace === undefined || namespace === '' ? {} : { namespace }) };
}
