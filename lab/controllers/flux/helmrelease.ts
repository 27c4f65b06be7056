/** The helm-controller: values, install or upgrade, adoption of releases others made, remediation, stalling. */
import { ApiError, type ControllerContext, type KubeObject, type Ref } from '../../world/types.ts';
import { at, conditionOf, digestOf, duration, isPlain, isTrue, list, mergeValues, plain, refOf, sha256, text, whole, type Plain } from '../../catalog/data.ts';
import { ChartNotFound, chartName } from '../../catalog/charts.ts';
import { applyPlan, finishPlan, HelmError, manifestObjects, planRelease, unready, waitTimedOut, type InstallOptions, type Plan } from '../../catalog/install.ts';
import { encodeRelease, historyOf, sameRelease } from '../../catalog/release.ts';
import { TIMES } from '../../catalog/timings.ts';
import { readYaml } from '../../flux/kustomize.ts';
import { isKind, keyOf, splitKey, type Again, type Controller } from '../runtime.ts';
import { accessOf, asked, componentUp, dependencies, FINALIZER, generationOf, handled, HELM, intervalOf, isNew, ofOtherShard, onCycle, ready, removeIfThere, requestOf, setFinalizer, setStatus, SOURCE, suspended } from './common.ts';
import { driftedVersion, stallFault } from './faults.ts';
import { artifactRevision } from './sources.ts';

const WATCH = 'reconcile.fluxcd.io/watch';
class ValuesError extends Error {}

/** Values texts as parsed, the latest few: each reconciliation reads the same ConfigMaps, and nobody changes what it gets. */
const parsedValues = new Map<string, unknown>();
const VALUES_KEPT = 100;
function parseValues(content: string): unknown {
  if (parsedValues.has(content)) return parsedValues.get(content);
  const parsed = readYaml(content);
  const oldest = parsedValues.keys().next();
  if (parsedValues.size >= VALUES_KEPT && oldest.done !== true) parsedValues.delete(oldest.value);
  parsedValues.set(content, parsed);
  return parsed;
}

interface Attempt { readonly id: string; readonly began: number; plan: Plan | undefined; hooks: boolean }
interface Wanted { readonly chart: string; readonly version: string; readonly values: Plain; readonly digest: string; readonly releaseName: string; readonly namespace: string }

function composeValues(cx: ControllerContext, object: KubeObject): Plain {
  let values: Plain = {};
  for (const source of list(at(object.spec, 'valuesFrom')).map(plain)) {
    const kind = text(source['kind']) ?? 'ConfigMap'; const name = text(source['name']) ?? ''; const key = text(source['valuesKey']) ?? 'values.yaml';
    const namespace = object.metadata.namespace ?? '';
    const found = cx.store.get({ apiVersion: 'v1', kind, name, namespace });
    const raw = found?.data?.[key];
    if (raw === undefined) {
      if (source['optional'] === true) continue;
      throw new ValuesError(`could not resolve ${kind} chart values reference '${namespace}/${name}' with key '${key}': ${found === undefined ? `${kind.toLowerCase()}s "${name}" not found` : `key '${key}' not found`}`);
    }
    const content = kind === 'Secret' ? Buffer.from(raw, 'base64').toString() : raw;
    const target = text(source['targetPath']);
    if (target === undefined) {
      const parsed = parseValues(content);
      if (parsed !== null && parsed !== undefined && !isPlain(parsed)) throw new ValuesError(`unable to parse values from ${kind} '${namespace}/${name}' key '${key}': not a map`);
      values = mergeValues(values, plain(parsed));
    } else values = mergeValues(values, target.split('.').reduceRight<Plain>((inner, step) => ({ [step]: inner['value'] ?? inner }), { value: parseValues(content) }));
  }
  return mergeValues(values, plain(at(object.spec, 'values')));
}

export function releaseNameOf(object: KubeObject): string {
  const target = text(at(object.spec, 'targetNamespace'));
  return text(at(object.spec, 'releaseName')) ?? (target === undefined ? object.metadata.name : `${target}-${object.metadata.name}`);
}

export function helmReleaseController(cx: ControllerContext): Controller {
  const access = accessOf(cx);
  const attempts = new Map<string, Attempt>();
  const lastEnd = new Map<string, number>();
  const all = (): string[] => (cx.store.typeOf(HELM, 'HelmRelease') === undefined ? [] : cx.store.list(HELM, 'HelmRelease').map(keyOf));

  function held(object: KubeObject, reason: string, message: string): Again {
    setStatus(cx, object, { observedGeneration: generationOf(object) }, [ready('False', reason, message)], ['Reconciling']);
    return TIMES.dependencyRetry;
  }

  /** The chart this release wants, by chartRef or chart; a reason to wait while its source is not there. */
  function chartOf(object: KubeObject): { readonly chart: string; readonly version: string } | { readonly wait: readonly [string, string] } {
    const namespace = object.metadata.namespace ?? '';
    const chartRef = at(object.spec, 'chartRef');
    let ref: Ref;
    if (isPlain(chartRef)) ref = { apiVersion: SOURCE, kind: text(chartRef['kind']) ?? 'OCIRepository', name: text(chartRef['name']) ?? '', namespace: text(chartRef['namespace']) ?? namespace };
    else {
      const spec = plain(at(object.spec, 'chart.spec')); const source = plain(spec['sourceRef']);
      const sourceNamespace = text(source['namespace']) ?? namespace;
      ref = { apiVersion: SOURCE, kind: 'HelmChart', name: `${namespace}-${object.metadata.name}`, namespace: sourceNamespace };
      cx.store.apply({
        apiVersion: SOURCE, kind: 'HelmChart', metadata: { name: ref.name, namespace: sourceNamespace, labels: { 'helm.toolkit.fluxcd.io/name': object.metadata.name, 'helm.toolkit.fluxcd.io/namespace': namespace } },
        spec: { chart: spec['chart'], version: spec['version'] ?? '*', interval: spec['interval'] ?? at(object.spec, 'interval') ?? '10m', reconcileStrategy: spec['reconcileStrategy'] ?? 'ChartVersion', sourceRef: { kind: source['kind'], name: source['name'] } },
      }, { manager: 'helm-controller', force: true });
    }
    const source = cx.store.typeOf(SOURCE, ref.kind) === undefined ? undefined : cx.store.get(ref);
    if (source === undefined) return { wait: ['SourceNotReady', `could not get Source object: ${ref.kind.toLowerCase()}s.source.toolkit.fluxcd.io "${ref.name}" not found`] };
    if (!isTrue(source, 'Ready') || artifactRevision(source) === undefined) {
      const because = conditionOf(source, 'Ready')?.['message'];
      return { wait: ['SourceNotReady', `${ref.kind} '${ref.namespace ?? ''}/${ref.name}' is not ready: ${typeof because === 'string' ? because : 'latest generation of object has not been reconciled'}`] };
    }
    if (ref.kind === 'OCIRepository') return { chart: text(at(source.spec, 'url')) ?? '', version: (artifactRevision(source) ?? '').split('@')[0] ?? '' };
    return { chart: text(at(source.spec, 'chart')) ?? '', version: artifactRevision(source) ?? '' };
  }

  function installOptions(object: KubeObject): InstallOptions {
    return {
      manager: 'helm-controller', nowMs: cx.clock.now(), originLabels: { 'helm.toolkit.fluxcd.io/name': object.metadata.name, 'helm.toolkit.fluxcd.io/namespace': object.metadata.namespace ?? '' },
      recordLabels: { 'helm.toolkit.fluxcd.io/name': object.metadata.name, 'helm.toolkit.fluxcd.io/namespace': object.metadata.namespace ?? '' },
    };
  }
  const title = (wanted: Wanted, revision: number): string => `${wanted.namespace}/${wanted.releaseName}.v${revision}`;
  const charted = (wanted: Wanted): string => `${chartName(wanted.chart)}@${wanted.version}`;

  /** An attempt ended badly: count it, and give up for good when no retries are left. */
  async function failed(object: KubeObject, key: string, wanted: Wanted, action: 'install' | 'upgrade', because: string): Promise<Again> {
    const attempt = attempts.get(key);
    attempts.delete(key);
    if (attempt?.plan !== undefined) await finishPlan(access, attempt.plan, installOptions(object), because);
    const field = action === 'install' ? 'installFailures' : 'upgradeFailures';
    const failures = whole(object.status?.['failures'], 0) + 1;
    const count = whole(object.status?.[field], 0) + 1;
    const retries = whole(at(object.spec, `${action}.remediation.retries`), 0);
    const verb = action === 'install' ? 'Install' : 'Upgrade';
    const reason = `${verb}Failed`;
    const message = `Helm ${action} failed for release ${wanted.namespace}/${wanted.releaseName} with chart ${charted(wanted)}: ${because}`;
    const out = retries >= 0 && count > retries;
    setStatus(cx, object, { ...(out ? handled(object) : { observedGeneration: generationOf(object) }), failures, [field]: count, lastAttemptedRevision: wanted.version, lastAttemptedConfigDigest: wanted.digest, lastAttemptedGeneration: generationOf(object), lastAttemptedReleaseAction: action }, [
      ready('False', reason, message), { type: 'Released', status: 'False', reason, message },
      ...(out ? [{ type: 'Stalled', status: 'True', reason: 'RetriesExceeded', message: `Failed to ${action} after ${count} attempt(s)` } as const] : []),
    ], ['Reconciling']);
    lastEnd.set(key, cx.clock.now());
    return out ? undefined : TIMES.dependencyRetry;
  }

  async function succeeded(object: KubeObject, key: string, wanted: Wanted, plan: Plan): Promise<Again> {
    attempts.delete(key);
    lastEnd.set(key, cx.clock.now());
    const options = installOptions(object);
    const record = await finishPlan(access, plan, options);
    for (const hook of plan.hooks) removeIfThere(cx, refOf(hook));
    const verb = plan.action === 'install' ? 'Install' : 'Upgrade';
    const message = `Helm ${plan.action} succeeded for release ${title(wanted, record.revision)} with chart ${charted(wanted)}`;
    const snapshot = {
      name: record.name, namespace: record.namespace, version: record.revision, status: 'deployed', chartName: record.chart.name, chartVersion: record.chart.version, appVersion: record.chart.appVersion,
      configDigest: wanted.digest, digest: `sha256:${sha256(record.manifest)}`, firstDeployed: record.firstDeployed, lastDeployed: record.lastDeployed,
    };
    const before = list(object.status?.['history']).map(plain).map((entry) => (entry['status'] === 'deployed' ? { ...entry, status: 'superseded' } : entry));
    setStatus(cx, object, {
      ...handled(object), ...forced(object), history: [snapshot, ...before].slice(0, 5), storageNamespace: record.namespace, lastAttemptedRevision: wanted.version, lastAttemptedConfigDigest: wanted.digest,
      lastAttemptedGeneration: generationOf(object), lastAttemptedReleaseAction: plan.action, failures: 0, installFailures: 0, upgradeFailures: 0,
      ...(at(object.spec, 'chart') === undefined ? {} : { helmChart: `${object.metadata.namespace ?? ''}/${object.metadata.namespace ?? ''}-${object.metadata.name}` }),
    }, [ready('True', `${verb}Succeeded`, message), { type: 'Released', status: 'True', reason: `${verb}Succeeded`, message }], ['Reconciling', 'Stalled', 'Remediated']);
    return intervalOf(object);
  }
  /** The annotations `flux reconcile hr --reset/--force` leave are answered in status. */
  function forced(object: KubeObject): Plain {
    const out: Plain = {};
    for (const [annotation, field] of [['reconcile.fluxcd.io/resetAt', 'lastHandledResetAt'], ['reconcile.fluxcd.io/forceAt', 'lastHandledForceAt']] as const) {
      const value = object.metadata.annotations?.[annotation];
      if (value !== undefined) out[field] = value;
    }
    return out;
  }
  function resetAsked(object: KubeObject): boolean {
    const wanted = object.metadata.annotations?.['reconcile.fluxcd.io/resetAt'];
    return wanted !== undefined && wanted === requestOf(object) && text(object.status?.['lastHandledResetAt']) !== wanted;
  }

  async function reconcile(object: KubeObject, key: string): Promise<Again> {
    const now = cx.clock.now();
    const found = chartOf(object);
    if ('wait' in found) return held(object, found.wait[0], found.wait[1]);
    for (const dependency of dependencies(object)) {
      const other = cx.store.get({ apiVersion: HELM, kind: 'HelmRelease', ...splitKey(dependency) });
      if (other === undefined || onCycle(cx, object) || !isTrue(other, 'Ready')) return held(object, 'DependencyNotReady', other === undefined ? `unable to get '${dependency}' dependency: helmreleases.helm.toolkit.fluxcd.io "${splitKey(dependency).name}" not found` : `dependency '${dependency}' is not ready`);
    }
    const values = composeValues(cx, object);
    const inGit: Wanted = { ...found, values, digest: `sha256:${digestOf(values)}`, releaseName: releaseNameOf(object), namespace: text(at(object.spec, 'targetNamespace')) ?? object.metadata.namespace ?? '' };
    const history = historyOf(await access.list('v1', 'Secret', inGit.namespace, { owner: 'helm', name: inGit.releaseName }), inGit.releaseName);
    const deployed = history.findLast((record) => record.status === 'deployed');
    const wanted: Wanted = { ...inGit, version: driftedVersion(cx, object, inGit, deployed?.chart.version) };
    const last = history.at(-1);
    if (last?.status === 'pending-upgrade' && attempts.get(key)?.plan === undefined) {
      // Whoever was at it is gone or loses it: an unfinished revision is unlocked, and the upgrade made anew.
      cx.store.apply(encodeRelease({ ...last, status: 'failed', description: "Release unlocked from stale 'pending-upgrade' state" }, now), { manager: 'helm-controller', force: true });
      return 1;
    }
    const observed = list(object.status?.['history']).map(plain)[0];
    const stalled = conditionOf(object, 'Stalled')?.['status'] === 'True';
    const fault = stallFault(cx, object);
    const same = deployed !== undefined && last === deployed && sameRelease(deployed, chartName(wanted.chart), wanted.version, wanted.values) && observed?.['version'] === deployed.revision && observed['configDigest'] === wanted.digest;
    const attemptedSame = text(object.status?.['lastAttemptedRevision']) === wanted.version && text(object.status?.['lastAttemptedConfigDigest']) === wanted.digest && whole(object.status?.['lastAttemptedGeneration'], 0) === generationOf(object);
    const action = deployed === undefined ? 'install' : 'upgrade';
    if (stalled && attemptedSame && !resetAsked(object) && (fault || !text(conditionOf(object, 'Ready')?.['message'])?.includes(FAULT_WORDS))) return undefined;
    if (same && !fault && attempts.get(key) === undefined) {
      if (isTrue(object, 'Ready') && !isNew(object)) {
        const due = (lastEnd.get(key) ?? now) + intervalOf(object);
        if (due > now) return due - now;
        // Its interval is over and nothing differs: that was this reconciliation, and the next is an interval away.
        lastEnd.set(key, now);
        return intervalOf(object);
      }
      if (deployed !== undefined) {
        const reason = deployed.revision === 1 ? 'InstallSucceeded' : 'UpgradeSucceeded';
        const message = `Helm ${deployed.revision === 1 ? 'install' : 'upgrade'} succeeded for release ${title(wanted, deployed.revision)} with chart ${charted(wanted)}`;
        lastEnd.set(key, now);
        setStatus(cx, object, { ...handled(object), ...forced(object), lastAttemptedGeneration: generationOf(object), failures: 0, installFailures: 0, upgradeFailures: 0 }, [ready('True', reason, message), { type: 'Released', status: 'True', reason, message }], ['Reconciling', 'Stalled']);
        return intervalOf(object);
      }
    }
    const id = `${wanted.version}|${wanted.digest}|${generationOf(object)}|${requestOf(object) ?? ''}`;
    let attempt = attempts.get(key);
    if (attempt === undefined || attempt.id !== id) {
      attempt = { id, began: now, plan: undefined, hooks: false };
      attempts.set(key, attempt);
      const fresh = stalled || !attemptedSame || resetAsked(object);
      const verb = action === 'install' ? 'install' : 'upgrade';
      setStatus(cx, object, { observedGeneration: generationOf(object), ...(fresh ? { failures: 0, installFailures: 0, upgradeFailures: 0 } : {}) }, [
        { type: 'Reconciling', status: 'True', reason: 'Progressing', message: `Running '${verb}' action with timeout of ${text(at(object.spec, 'timeout')) ?? '5m0s'}` }, ready('Unknown', 'Progressing', `Running '${verb}' action with timeout of ${text(at(object.spec, 'timeout')) ?? '5m0s'}`),
      ], ['Stalled']);
      return TIMES.helmAction;
    }
    if (now - attempt.began < TIMES.helmAction) return attempt.began + TIMES.helmAction - now;
    if (fault) return failed(object, key, wanted, action, `${FAULT_WORDS}`);
    const timeout = duration(at(object.spec, `${action}.timeout`) ?? at(object.spec, 'timeout'), 300_000);
    try {
      if (attempt.plan === undefined) {
        const options = installOptions(object);
        const plan = await planRelease(access, { name: wanted.releaseName, namespace: wanted.namespace, chart: wanted.chart, version: wanted.version, values: wanted.values }, options);
        await applyPlan(access, plan, options);
        attempt.plan = plan;
      }
      const left = at(object.spec, `${action}.disableWait`) === true ? [] : await unready(access, attempt.plan.objects);
      if (left.length > 0) {
        if (now - attempt.began >= timeout) return await failed(object, key, wanted, action, waitTimedOut(left, timeout));
        return TIMES.healthPoll;
      }
      // Hooks of an install run once, and not for a release that was only taken over.
      if (attempt.plan.action === 'install' && !attempt.hooks) {
        attempt.hooks = true;
        for (const hook of attempt.plan.hooks) await access.apply(hook, { manager: 'helm-controller', force: true });
      }
      if (attempt.plan.action === 'install' && (await unready(access, attempt.plan.hooks)).length > 0) return TIMES.healthPoll;
      return await succeeded(object, key, wanted, attempt.plan);
    } catch (error) {
      if (error instanceof HelmError || error instanceof ChartNotFound || (error instanceof ApiError && error.reason !== 'Conflict')) return failed(object, key, wanted, action, error.message);
      throw error;
    }
  }

  async function uninstall(object: KubeObject): Promise<Again> {
    if (!suspended(object)) {
      const namespace = text(at(object.spec, 'targetNamespace')) ?? object.metadata.namespace ?? ''; const name = releaseNameOf(object);
      const secrets = cx.store.list('v1', 'Secret', namespace).filter((secret) => secret['type'] === 'helm.sh/release.v1' && secret.metadata.labels?.['name'] === name);
      for (const entry of manifestObjects(historyOf(secrets, name).at(-1)?.manifest ?? '').toReversed()) if (entry.metadata.annotations?.['helm.sh/resource-policy'] !== 'keep') removeIfThere(cx, refOf(entry));
      for (const secret of secrets) removeIfThere(cx, refOf(secret));
    }
    setFinalizer(cx, object, false);
    return await Promise.resolve(undefined);
  }

  return {
    name: 'helm-controller',
    keys(event) {
      if (isKind(event.object, 'helm.toolkit.fluxcd.io/HelmRelease')) return [keyOf(event.object)];
      if (isKind(event.object, '/ConfigMap', '/Secret') && event.object.metadata.labels?.[WATCH] === 'Enabled') {
        return all().filter((key) => list(at(cx.store.get({ apiVersion: HELM, kind: 'HelmRelease', ...splitKey(key) })?.spec, 'valuesFrom')).some((source) => plain(source)['name'] === event.object.metadata.name));
      }
      if (isKind(event.object, 'source.toolkit.fluxcd.io/OCIRepository', 'source.toolkit.fluxcd.io/HelmChart')) return artifactRevision(event.before) === artifactRevision(event.object) ? [] : all();
      return isKind(event.object, 'apps/Deployment') && event.object.metadata.name === 'helm-controller' ? all() : [];
    },
    async reconcile(key) {
      if (cx.store.typeOf(HELM, 'HelmRelease') === undefined || !componentUp(cx, 'helm-controller')) return undefined;
      let object = cx.store.get({ apiVersion: HELM, kind: 'HelmRelease', ...splitKey(key) });
      if (object === undefined) { attempts.delete(key); return undefined; }
      if (object.metadata.deletionTimestamp !== undefined) return (object.metadata.finalizers ?? []).includes(FINALIZER) ? uninstall(object) : undefined;
      if (suspended(object) || ofOtherShard(object)) { attempts.delete(key); return undefined; }
      object = setFinalizer(cx, object, true);
      if (asked(object)) lastEnd.delete(key);
      try { return await reconcile(object, key); } catch (error) {
        if (!(error instanceof ValuesError)) throw error;
        return held(object, 'ValuesError', error.message);
      }
    },
  };
}
const FAULT_WORDS = 'context deadline exceeded (the lab fault helmrelease-stalled is on)';
