import { existsSync } from 'node:fs';
import type { Cluster, KubeObject } from '../config/cluster.ts';
import { Failure } from '../engine/failure.ts';
import { commandLine } from './command-line.ts';
import type { Eviction, Kube, KindRef, Scope } from './doors.ts';
import { clusterFiles, readIfThere } from './files.ts';
import { gate } from './gate.ts';
import { proveClusterCA, readIdentity } from './identity.ts';
import { KINDS, kindOf, pathOf } from './kinds.ts';
import { sameWish } from './kube-compare.ts';
import { kubeHttp, NoAnswer } from './kube-http.ts';
import type { KubeReply, KubeRequest } from './kube-http.ts';
import { isObject, json, KubeFailure, parseStatus, passingTrouble, pause, refusal, unreachable } from './kube-status.ts';
import type { Cause, Outcome } from './kube-status.ts';
import { listInPages } from './kube-list.ts';
import { isKubeObject, superviseWatch } from './kube-watch.ts';
import { kubeconfigCA } from './kubeconfig.ts';

/** Who the API server remembers as the owner of what this program applied. */
export const FIELD_MANAGER = 'task';
/** All attempts at one request together, ms of the run's clock. */
const DEADLINE_MS = 60_000;
/** In a lab a minute of that clock is a second of the wall; this many attempts are always made. */
const AT_LEAST = 10;
const WRITE_TIMEOUT_MS = 60_000;
/** What a run that was stopped may still take to clean up one thing, wall ms. */
const LAST_MS = 5_000;
/** Every API server since 1.15 has this form; one that had not would answer with the whole objects. */
const METADATA_ONLY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';

/** The Kube door with what the Lease lock needs: writes that fail when somebody else was faster. */
export interface LockingKube extends Kube {
  now(): Promise<number>;
  evict(pod: string, namespace: string): Promise<Eviction>;
  podLog(pod: string, namespace: string, lines: number): Promise<string>;
  /** Creates; 'exists' when somebody was faster. `write`. */
  create(object: KubeObject): Promise<'created' | 'exists'>;
  /** Replaces exactly the version read before (metadata.resourceVersion); 'changed' when it is not that any more. `write`. */
  replace(object: KubeObject): Promise<'replaced' | 'changed'>;
}

/** The Kubernetes API of one cluster; see doors.ts for what each method promises. */
export function makeKube(scope: Scope, cluster: Cluster, random: () => number = Math.random): LockingKube {
  const files = clusterFiles(scope.taskDir, scope.site.target, cluster.name);
  const api = `the Kubernetes API of ${cluster.name}`;

  const kubeconfig = (): string => {
    const text = readIfThere(files.kubeconfigDial);
    if (text === undefined) throw new Failure({ exit: 'rerun', what: `there is no kubeconfig of ${cluster.name} yet`, hint: `task cluster:kubeconfig CLUSTER=${cluster.name}` });
    return text;
  };

  const send = async (request: KubeRequest, what: string, signal: AbortSignal = scope.signal): Promise<KubeReply> => {
    const http = await kubeHttp(kubeconfig());
    const until = scope.clock.now() + DEADLINE_MS;
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await once(() => http.send(request, signal));
      const trouble = passingTrouble(request, outcome, attempt);
      const wait = pause(outcome, attempt);
      const again = trouble !== undefined && (attempt < AT_LEAST || scope.clock.now() + wait < until);
      if (!again) {
        if ('reply' in outcome) return outcome.reply;
        throw clean(unreachable(`${api} does not answer`, outcome.error));
      }
      scope.emit({ type: 'retrying', lane: scope.lane, step: scope.step, what, reason: trouble, attempt });
      await scope.clock.sleep(wait, signal);
    }
  };

  /** ApiServer messages may quote what was sent; nothing secret leaves in an error. */
  const clean = (failure: KubeFailure): KubeFailure => new KubeFailure({
    exit: failure.exit, what: scope.redactor.redact(failure.what), because: scope.redactor.redact(failure.because ?? ''), hint: failure.hint ?? `task cluster:health CLUSTER=${cluster.name} says how the cluster is`,
    status: failure.status, reason: failure.reason, causes: failure.causes.map((cause) => ({ ...cause, message: scope.redactor.redact(cause.message) })), cause: undefined,
  });

  const good = (what: string, reply: KubeReply): unknown => {
    if (reply.status < 200 || reply.status > 299) throw clean(refusal(what, reply));
    return json(reply.body);
  };
  const object = (what: string, value: unknown): KubeObject => {
    if (!isKubeObject(value)) throw new Failure({ exit: 'rerun', what, because: `${api} answered something that is no object`, hint: 'look whether something else answers at that address: task cluster:health' });
    return value;
  };

  let proven: Promise<void> | undefined;
  /** Once per door: the CA this connection trusts is the expected cluster's, and TLS then proves the server. */
  const prove = (): Promise<void> => {
    proven ??= (async () => proveClusterCA(cluster.name, await kubeconfigCA(kubeconfig()), readIdentity(files)))();
    return proven;
  };
  /** False in a dry run, after telling what would have been done. */
  const mayWrite = async (command: string): Promise<boolean> => {
    if (gate(scope, 'write', `kubectl --kubeconfig ${files.kubeconfigDial} --context ${cluster.name} ${command}`) === 'would-run') return false;
    await prove();
    await scope.claim?.(scope, cluster);
    scope.wrote?.(scope, scope.redactor.redact(command));
    return true;
  };

  const resolve = async (apiVersion: string, name: string): Promise<KindRef> => {
    const known = kindOf(apiVersion, name);
    if (known !== undefined) return known;
    // Asked every time: a list of kinds that is kept does not know the CRD of a moment ago.
    const what = `cannot find out how ${apiVersion} ${name} is served`;
    const answer = good(what, await send({ method: 'GET', path: apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}` }, `discovery of ${apiVersion}`));
    const list = isObject(answer) && Array.isArray(answer['resources']) ? answer['resources'] : [];
    for (const item of list) {
      if (isObject(item) && item['kind'] === name && typeof item['name'] === 'string' && !item['name'].includes('/')) {
        return { apiVersion, plural: item['name'], kind: name, namespaced: item['namespaced'] === true };
      }
    }
    throw new Failure({ exit: 'rerun', what, because: `${api} serves no such kind`, hint: 'its CRD is not installed yet' });
  };

  const patchTo = async (ref: KindRef, wanted: KubeObject, options: { readonly force: boolean; readonly dryRun: boolean }): Promise<KubeReply> => send({
    method: 'PATCH', path: pathOf(ref, namespaceOf(ref, wanted), wanted.metadata.name), contentType: 'application/apply-patch+yaml', body: JSON.stringify(wanted), timeoutMs: WRITE_TIMEOUT_MS,
    query: { fieldManager: FIELD_MANAGER, force: String(options.force), ...(options.dryRun ? { dryRun: 'All' } : {}) },
  }, `apply ${label(wanted)}`);

  const pages = async (ref: KindRef, what: string, options: Parameters<Kube['list']>[1] = {}): ReturnType<typeof listInPages> => listInPages(
    ref, options, (query) => send({ method: 'GET', path: pathOf(ref, options.namespace), query, ...(options.metadataOnly === true ? { accept: METADATA_ONLY } : {}), ...(options.keep === undefined ? {} : { withoutManagers: true }) }, `list ${ref.plural}`), (reply) => good(what, reply), what,
  );
  const list: Kube['list'] = async (ref, options = {}) => {
    const { items, missing } = await pages(ref, `cannot list ${ref.plural} of ${cluster.name}`, options);
    return { items, missing };
  };

  return {
    hasKubeconfig: () => existsSync(files.kubeconfigDial),
    prepare: async () => { await import('js-yaml'); },

    async readyz() {
      const reply = await send({ method: 'GET', path: '/readyz', timeoutMs: 10_000 }, 'readyz');
      if (reply.status === 200) return;
      const failing = [...reply.body.matchAll(/^\[-\](\S+)/gm)].map((match) => match[1]).join(', ');
      throw clean(new KubeFailure({ exit: 'rerun', what: `${api} is not ready`, because: failing === '' ? parseStatus(reply).message : `failing: ${failing}`, status: reply.status, reason: '', causes: [] }));
    },

    async serverVersion() {
      const what = `cannot ask ${api} for its version`;
      const answer = good(what, await send({ method: 'GET', path: '/version' }, 'version'));
      if (!isObject(answer) || typeof answer['gitVersion'] !== 'string') throw new Failure({ exit: 'rerun', what, because: 'it answered without one', hint: 'look whether something else answers at that address: task cluster:health' });
      return answer['gitVersion'];
    },

    async now() {
      const what = `cannot ask ${api} for its time`;
      const probe: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `task-clock-${Math.floor(random() * 1e9)}`, namespace: 'default' } };
      const answer = object(what, good(what, await send({ method: 'POST', path: pathOf(KINDS.ConfigMap, 'default'), body: JSON.stringify(probe), query: { fieldManager: FIELD_MANAGER, dryRun: 'All' } }, 'time')));
      const at = Date.parse(answer.metadata.creationTimestamp ?? '');
      if (Number.isNaN(at)) throw new Failure({ exit: 'rerun', what, because: 'it stamps no time on what is made', hint: 'look whether something else answers at that address: task cluster:health' });
      return at;
    },

    list,

    async get(ref, name, namespace) {
      const what = `cannot read ${ref.kind} ${name} of ${cluster.name}`;
      const reply = await send({ method: 'GET', path: pathOf(ref, namespace, name) }, `get ${ref.kind} ${name}`);
      return reply.status === 404 ? null : object(what, good(what, reply));
    },

    async evict(pod, namespace) {
      if (!(await mayWrite(`delete pod ${pod} -n ${namespace} # by eviction, as its disruption budget allows`))) return { is: 'evicted' };
      const body = JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace } });
      const reply = await send({ method: 'POST', path: `${pathOf(KINDS.Pod, namespace, pod)}/eviction`, body, timeoutMs: WRITE_TIMEOUT_MS }, `evict ${pod}`);
      if (reply.status === 404) return { is: 'gone' };
      // A budget's no, or a busy server: either way for now.
      if (reply.status === 429) return { is: 'refused', because: scope.redactor.redact(parseStatus(reply).causes.map((cause) => cause.message).join('; ') || parseStatus(reply).message) };
      good(`cannot evict ${namespace}/${pod} of ${cluster.name}`, reply);
      return { is: 'evicted' };
    },

    async podLog(pod, namespace, lines) {
      const reply = await send({ method: 'GET', path: `${pathOf(KINDS.Pod, namespace, pod)}/log`, query: { tailLines: String(lines) } }, `log of ${pod}`);
      // 400: no container of it has said anything yet, or it has several and none is the one meant.
      if (reply.status === 404 || reply.status === 400) return '';
      if (reply.status < 200 || reply.status > 299) throw clean(refusal(`cannot read what ${pod} of ${cluster.name} said`, reply));
      return scope.redactor.redact(reply.body);
    },

    async apply(wanted, options = {}) {
      if (!(await mayWrite(`apply --server-side --field-manager=${FIELD_MANAGER}${options.force === true ? ' --force-conflicts' : ''} -f - # ${label(wanted)}`))) return;
      const ref = await resolve(wanted.apiVersion, wanted.kind);
      const what = `cannot apply ${label(wanted)} to ${cluster.name}`;
      const first = await patchTo(ref, wanted, { force: false, dryRun: false });
      if (first.status !== 409 || options.force !== true) { good(what, first); return; }
      const conflicts = parseStatus(first).causes.filter((cause) => cause.reason === 'FieldManagerConflict');
      if (conflicts.length === 0) { good(what, first); return; }
      scope.emit({ type: 'note', lane: scope.lane, step: scope.step, level: 'warn', text: scope.redactor.redact(`${label(wanted)}: taking over ${byManager(conflicts)}`) });
      good(what, await patchTo(ref, wanted, { force: true, dryRun: false }));
    },

    async wouldChange(wanted) {
      const ref = await resolve(wanted.apiVersion, wanted.kind);
      const path = pathOf(ref, namespaceOf(ref, wanted), wanted.metadata.name);
      const what = `cannot compare ${label(wanted)} with ${cluster.name}`;
      const live = await send({ method: 'GET', path }, `get ${label(wanted)}`);
      if (live.status === 404) return true;
      const wish = await patchTo(ref, wanted, { force: true, dryRun: true });
      return !sameWish(object(what, good(what, live)), object(what, good(what, wish)));
    },

    async patch(ref, name, namespace, patch, { last = false } = {}) {
      const inside = namespace === undefined ? '' : ` -n ${namespace}`;
      const body = JSON.stringify(patch);
      if (!(await mayWrite(`patch ${ref.plural} ${name}${inside} --type=merge -p ${commandLine(scope.redactor.redact(body), [])}`))) return;
      good(`cannot change ${ref.kind} ${name} of ${cluster.name}`, await send({ method: 'PATCH', path: pathOf(ref, namespace, name), contentType: 'application/merge-patch+json', body, timeoutMs: WRITE_TIMEOUT_MS, query: { fieldManager: FIELD_MANAGER } }, `patch ${ref.kind} ${name}`, last && scope.signal.aborted ? AbortSignal.timeout(LAST_MS) : scope.signal));
    },

    async delete(ref, name, namespace, { last = false } = {}) {
      if (!(await mayWrite(`delete ${ref.plural} ${name}${namespace === undefined ? '' : ` -n ${namespace}`} --wait=false`))) return;
      const reply = await send({ method: 'DELETE', path: pathOf(ref, namespace, name), body: JSON.stringify({ apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' }), timeoutMs: WRITE_TIMEOUT_MS }, `delete ${ref.kind} ${name}`, last && scope.signal.aborted ? AbortSignal.timeout(LAST_MS) : scope.signal);
      // Not there is what was wanted.
      if (reply.status !== 404) good(`cannot delete ${ref.kind} ${name} of ${cluster.name}`, reply);
    },

    watch(ref, changed, trouble, { keep } = {}) {
      const stopped = new AbortController();
      const signal = AbortSignal.any([scope.signal, stopped.signal]);
      const what = `cannot watch ${ref.plural} of ${cluster.name}`;
      const source = {
        list: () => pages(ref, what, keep === undefined ? {} : { keep }),
        async open(resourceVersion: string, open: AbortSignal) {
          const http = await kubeHttp(kubeconfig());
          const stream = await http.open({ method: 'GET', path: pathOf(ref, undefined), query: { watch: '1', resourceVersion, allowWatchBookmarks: 'true' } }, open);
          if (stream.status === 410) return { expired: true, lines: stream.lines };
          if (stream.status !== 200) throw clean(refusal(what, { status: stream.status, retryAfter: stream.retryAfter, body: await joined(stream.lines) }));
          return { expired: false, lines: stream.lines };
        },
      };
      superviseWatch({ source, clock: scope.clock, signal, ...(keep === undefined ? {} : { keep }), changed, trouble: (because) => trouble(scope.redactor.redact(because)), random })
        // It reports its troubles itself; what comes here is a clock that failed, and the watch is over.
        .catch((error: unknown) => trouble(`the watch ended: ${error instanceof Error ? error.message : String(error)}`));
      return { stop: () => stopped.abort() };
    },

    async create(wanted) {
      if (!(await mayWrite(`create -f - # ${label(wanted)}`))) return 'created';
      const ref = await resolve(wanted.apiVersion, wanted.kind);
      const reply = await send({ method: 'POST', path: pathOf(ref, namespaceOf(ref, wanted)), body: JSON.stringify(wanted), query: { fieldManager: FIELD_MANAGER } }, `create ${label(wanted)}`);
      if (reply.status === 409) return 'exists';
      good(`cannot create ${label(wanted)} in ${cluster.name}`, reply);
      return 'created';
    },

    async replace(wanted) {
      if (!(await mayWrite(`replace -f - # ${label(wanted)}`))) return 'replaced';
      const ref = await resolve(wanted.apiVersion, wanted.kind);
      const reply = await send({ method: 'PUT', path: pathOf(ref, namespaceOf(ref, wanted), wanted.metadata.name), body: JSON.stringify(wanted), query: { fieldManager: FIELD_MANAGER } }, `replace ${label(wanted)}`);
      if (reply.status === 409 || reply.status === 404) return 'changed';
      good(`cannot replace ${label(wanted)} in ${cluster.name}`, reply);
      return 'replaced';
    },
  };
}

async function once(call: () => Promise<KubeReply>): Promise<Outcome> {
  try {
    return { reply: await call() };
  } catch (error) {
    if (error instanceof NoAnswer) return { error };
    throw error;
  }
}

function namespaceOf(ref: KindRef, object: KubeObject): string | undefined {
  return ref.namespaced ? (object.metadata.namespace ?? 'default') : undefined;
}

function label(object: KubeObject): string {
  return `${object.kind} ${object.metadata.namespace === undefined ? '' : `${object.metadata.namespace}/`}${object.metadata.name}`;
}

function byManager(causes: readonly Cause[]): string {
  const fields = new Map<string, string[]>();
  for (const cause of causes) {
    const manager = /conflict with "([^"]+)"/.exec(cause.message)?.[1] ?? cause.message;
    fields.set(manager, [...(fields.get(manager) ?? []), cause.field]);
  }
  return [...fields].map(([manager, paths]) => `${paths.join(', ')} from ${manager}`).join('; ');
}

async function joined(lines: AsyncIterable<string>): Promise<string> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all.join('\n');
}
