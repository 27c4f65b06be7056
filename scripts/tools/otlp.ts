import { createHash } from 'node:crypto';
import type { Event, RunStarted } from '../engine/event.ts';
import { Failure } from '../engine/failure.ts';

/**
 * Spans as OTLP/HTTP has them in JSON (opentelemetry-proto, trace/v1): ids in hex, times and integers of 64 bits as decimal strings,
 * enumerations by number.
 */
export type Value = { readonly stringValue: string } | { readonly intValue: string } | { readonly boolValue: boolean };
export interface Attribute { readonly key: string; readonly value: Value }
export interface SpanEvent { readonly timeUnixNano: string; readonly name: string; readonly attributes: readonly Attribute[] }
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly events: readonly SpanEvent[];
  readonly status: { readonly code: number; readonly message?: string };
}
export interface TracesData {
  readonly resourceSpans: readonly { readonly resource: { readonly attributes: readonly Attribute[] }; readonly scopeSpans: readonly { readonly scope: { readonly name: string; readonly version: string }; readonly spans: readonly Span[] }[] }[];
}

const KIND = { internal: 1, client: 3 } as const;
const STATUS = { unset: 0, ok: 1, error: 2 } as const;
const SERVICE = 'talos-flux-runner';
const SEND_MS = 15_000;

export interface TraceOf { readonly run: string; readonly events: readonly Event[]; readonly torn: boolean; readonly tampered: string | undefined }

/**
 * A run as one trace: run, its lanes (clusters), their phases, the commands of each; waits, retries, locks and once-only acts are events of the phase they
 * belong to. Times are of the wall, the run's clock is an attribute. Ids follow from the run's, so that sending it twice is sending the same. Arguments of
 * commands stay at home. Pure.
 */
export function tracesOf(of: TraceOf): TracesData {
  const started = of.events.find((event) => event.type === 'run-started');
  return {
    resourceSpans: [{
      resource: { attributes: attributes({ 'service.name': SERVICE, 'service.version': started?.version, 'host.name': started?.by.host, 'process.pid': started?.by.pid, 'enduser.id': started?.by.user }) },
      scopeSpans: [{ scope: { name: SERVICE, version: started?.version ?? '' }, spans: spansOf(of, started) }],
    }],
  };
}

interface Open { readonly span: string; readonly parent: string | undefined; readonly name: string; readonly from: number; to: number; readonly attributes: Record<string, Plain>; readonly events: SpanEvent[]; status: Span['status']; readonly kind: number }
type Plain = string | number | boolean | undefined;

function spansOf({ run, events, torn, tampered }: TraceOf, started: RunStarted | undefined): readonly Span[] {
  const traceId = hex(run, 32);
  const spans = new Map<string, Open>();
  const wall = (event: Event): number => Date.parse(event.at);
  const first = events[0];
  const open = (path: string, parent: string | undefined, name: string, from: number, more: Record<string, Plain> = {}, kind: number = KIND.internal): Open => {
    const known = spans.get(path);
    if (known !== undefined) return known;
    const made: Open = { span: hex(`${run} ${path}`, 16), parent: parent === undefined ? undefined : spans.get(parent)?.span, name, from, to: from, attributes: more, events: [], status: { code: STATUS.unset }, kind };
    spans.set(path, made);
    return made;
  };
  if (first === undefined) return [];
  const root = open('run', undefined, started?.task ?? 'run', wall(first), {
    'task.run': run, 'task.name': started?.task, 'task.target': started?.target.id, 'task.clock.speed': started?.target.speed, 'task.commit': started?.commit, 'task.dry_run': started?.dryRun,
    'task.journal.torn': torn ? true : undefined, 'task.journal.tampered': tampered,
  });
  /** The span an event belongs to: its phase's, its lane's, or the run's. */
  const home = (event: Extract<Event, { readonly lane: string }>, at: number): { readonly path: string; readonly open: Open } => {
    const lane = event.lane === '' ? 'run' : `run/${event.lane}`;
    if (event.lane !== '') open(lane, 'run', event.lane, at, { 'task.cluster': event.lane });
    const path = 'step' in event && spans.has(`${lane}/${event.step}`) ? `${lane}/${event.step}` : lane;
    return { path, open: spans.get(path) ?? root };
  };
  for (const [index, event] of events.entries()) {
    const at = wall(event);
    root.to = Math.max(root.to, at);
    if (event.type === 'run-finished') {
      root.status = event.exit === 0 ? { code: STATUS.ok } : { code: STATUS.error, message: event.failure?.what ?? `exit ${event.exit}` };
      Object.assign(root.attributes, { 'task.exit': event.exit, 'task.clock.ms': event.ms });
    }
    if (!('lane' in event)) continue;
    if (event.lane !== '') {
      const lane = open(`run/${event.lane}`, 'run', event.lane, at, { 'task.cluster': event.lane });
      lane.to = Math.max(lane.to, at);
    }
    const lane = event.lane === '' ? 'run' : `run/${event.lane}`;
    if (event.type === 'phase-started') open(`${lane}/${event.step}`, lane, event.step, at, { 'task.cluster': event.lane, 'task.phase': event.step, 'task.phase.title': event.title });
    const { path, open: span } = home(event, at);
    span.to = Math.max(span.to, at);
    switch (event.type) {
      case 'phase-finished': case 'phase-skipped':
        span.status = { code: STATUS.ok };
        Object.assign(span.attributes, { 'task.phase.how': event.type === 'phase-finished' ? 'done' : 'already', 'task.phase.note': event.type === 'phase-finished' ? event.note : event.because, 'task.clock.ms': event.ms });
        break;
      case 'phase-failed':
        span.status = { code: STATUS.error, message: event.failure.what };
        Object.assign(span.attributes, { 'task.phase.how': 'failed', 'task.failure.because': event.failure.because, 'task.clock.ms': event.ms });
        // What one phase failed of is what its cluster's lane ended by.
        Object.assign(spans.get(lane) ?? {}, { status: span.status });
        break;
      case 'command-ran':
        Object.assign(open(`${path}#${index}`, path, [event.tool, verbOf(event.argv)].filter((word) => word !== '').join(' '), at - event.wallMs, {
          'process.executable.name': event.tool, 'process.exit.code': event.exitCode ?? undefined, 'task.effect': event.effect, 'task.cluster': event.lane, 'task.phase': event.step,
        }, KIND.client), { to: at, status: event.exitCode === 0 ? { code: STATUS.ok } : { code: STATUS.error, message: event.exitCode === null ? 'ended by a signal' : `exit ${event.exitCode}` } });
        break;
      case 'waiting': addTo(span, at, 'waiting', { for: event.for, reason: event.reason, since_ms: event.sinceMs, patience_ms: event.patienceMs }); break;
      case 'retrying': addTo(span, at, 'retrying', { what: event.what, reason: event.reason, attempt: event.attempt }); break;
      case 'lock-taken': addTo(span, at, 'lock-taken', { lock: event.lock, because: event.because }); break;
      case 'act-started': addTo(span, at, 'act-started', { act: event.act, subject: event.subject }); break;
      case 'act-finished': addTo(span, at, 'act-finished', { act: event.act, subject: event.subject, outcome: event.outcome, because: event.because }); break;
      case 'checkpoint-answered': addTo(span, at, 'checkpoint', { answer: event.answer, by: event.by, how: event.how, waited_ms: event.waitedMs }); break;
      case 'phase-not-started': addTo(span, at, 'phase-not-started', { phase: event.step, because: event.because }); break;
      case 'note': addTo(span, at, 'note', { level: event.level, text: event.text }); break;
      default:
    }
  }
  return [...spans.values()].map((each) => ({
    traceId, spanId: each.span, ...(each.parent === undefined ? {} : { parentSpanId: each.parent }), name: each.name, kind: each.kind,
    startTimeUnixNano: nanos(each.from), endTimeUnixNano: nanos(Math.max(each.from, each.to)), attributes: attributes(each.attributes), events: each.events, status: each.status,
  }));
}

function addTo(span: Open, at: number, name: string, of: Record<string, Plain>): void {
  span.events.push({ timeUnixNano: nanos(at), name, attributes: attributes(of) });
}

/** Words that say what a tool was to do. Only these leave the house: any other may be a value. */
const VERBS: ReadonlySet<string> = new Set([
  'apply-config', 'bootstrap', 'commit-tree', 'etcd', 'fetch', 'gen', 'get', 'hash-object', 'health', 'inject', 'kubeconfig', 'list', 'ls-remote', 'machineconfig', 'patch', 'push', 'read', 'reboot',
  'reconcile', 'remote', 'reset', 'rev-parse', 'rollback', 'service', 'services', 'show', 'snapshot', 'status', 'symbolic-ref', 'sync', 'template', 'uninstall', 'upgrade', 'version', 'whoami',
]);

function verbOf(argv: readonly string[]): string {
  return argv.find((word) => VERBS.has(word)) ?? '';
}

function attributes(of: Record<string, Plain>): readonly Attribute[] {
  return Object.entries(of).flatMap(([key, value]): Attribute[] => {
    if (value === undefined) return [];
    if (typeof value === 'boolean') return [{ key, value: { boolValue: value } }];
    return [{ key, value: typeof value === 'number' ? { intValue: String(Math.round(value)) } : { stringValue: value } }];
  });
}

function hex(of: string, digits: number): string {
  return createHash('sha256').update(of).digest('hex').slice(0, digits);
}
function nanos(ms: number): string {
  return `${Math.round(ms)}000000`;
}

/** Where traces go, from the variables every OpenTelemetry program knows; undefined when none says. Throws a Failure (64) for one that cannot be. */
export function endpointOf(env: Readonly<Record<string, string | undefined>>): { readonly url: URL; readonly headers: Readonly<Record<string, string>> } | undefined {
  const [name, value, path] = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ? ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'], ''] : ['OTEL_EXPORTER_OTLP_ENDPOINT', env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '', '/v1/traces'];
  if (value === '') return undefined;
  const url = URL.parse(value.replace(/\/+$/, '') + path);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new Failure({ exit: 'usage', what: `${name} is no address to send traces to`, because: 'it must begin with http:// or https://', hint: `for example ${name}=http://localhost:4318${path === '' ? '/v1/traces' : ''}` });
  }
  const headers = Object.fromEntries((env['OTEL_EXPORTER_OTLP_TRACES_HEADERS'] ?? env['OTEL_EXPORTER_OTLP_HEADERS'] ?? '').split(',').flatMap((pair) => {
    const at = pair.indexOf('=');
    return at <= 0 ? [] : [[pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim())]];
  }));
  return { url, headers };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that begins no escape stands for itself.
    return text;
  }
}

/** Sends traces. Throws a Failure (75) that says what the collector answered, or that it did not; nothing of the headers is in it. */
export async function sendTraces(to: NonNullable<ReturnType<typeof endpointOf>>, traces: TracesData, signal: AbortSignal): Promise<void> {
  const where = `${to.url.origin}${to.url.pathname}`;
  const what = `the trace could not be sent to ${where}`;
  let status: number;
  let said: string;
  try {
    const answer = await fetch(to.url, { method: 'POST', headers: { ...to.headers, 'Content-Type': 'application/json' }, body: JSON.stringify(traces), redirect: 'error', signal: AbortSignal.any([signal, AbortSignal.timeout(SEND_MS)]) });
    status = answer.status;
    said = (await answer.text()).slice(0, 4096);
  } catch (error) {
    signal.throwIfAborted();
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new Failure({ exit: 'rerun', what, because: cause instanceof Error ? cause.message || cause.name : String(cause), hint: 'is a collector listening there for OTLP over HTTP? FILE= writes the trace to a file instead' });
  }
  if (status < 200 || status > 299) throw new Failure({ exit: 'rerun', what, because: `it answered ${status}${said === '' ? '' : `: ${said.slice(0, 300)}`}`, hint: status === 401 || status === 403 ? 'OTEL_EXPORTER_OTLP_HEADERS holds what it wants to know you by' : 'the collector says why; sending it again sends the same spans' });
  const rejected = rejectedIn(said);
  if (rejected !== undefined) throw new Failure({ exit: 'rerun', what: `${where} did not take every span`, because: rejected, hint: 'the collector says why; sending it again sends the same spans' });
}

/** A partial success says how many spans were turned away. */
function rejectedIn(body: string): string | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    // An empty answer, or one in another form: the status has said that all is well.
    return undefined;
  }
  const partial = typeof parsed === 'object' && parsed !== null && 'partialSuccess' in parsed ? parsed.partialSuccess : undefined;
  const fields: Record<string, unknown> = typeof partial === 'object' && partial !== null ? { ...partial } : {};
  const count = Number(fields['rejectedSpans'] ?? 0);
  return count > 0 ? `${count} rejected: ${typeof fields['errorMessage'] === 'string' ? fields['errorMessage'] : 'no reason given'}` : undefined;
}
