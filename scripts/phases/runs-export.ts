import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Failure } from '../engine/failure.ts';
import { findRun } from './runs-record.ts';
import { damageOf } from './runs-words.ts';
import type { Action } from './task.ts';

/** A run as an OpenTelemetry trace: to the collector the environment names, or into FILE. */
const runsExport: Action = async (cx) => {
  const run = findRun(cx.taskDir, cx.variables['RUN'] ?? 'last');
  const { endpointOf, sendTraces, tracesOf } = await import('../tools/otlp.ts');
  const file = cx.variables['FILE'] === undefined || cx.variables['FILE'] === '' ? undefined : resolve(cx.variables['FILE']);
  const endpoint = file === undefined ? endpointOf(cx.environment) : undefined;
  const traces = tracesOf({ run: run.id, events: run.events, torn: run.torn, tampered: run.tampered });
  const spans = traces.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)).length;
  if (file !== undefined) writeTo(file, `${JSON.stringify(traces, undefined, 2)}\n`);
  else if (endpoint !== undefined) {
    for (const secret of Object.values(endpoint.headers)) cx.redactor.add(secret);
    await sendTraces(endpoint, traces, cx.signal);
  } else {
    throw new Failure({ exit: 'usage', what: 'nothing says where the trace should go', hint: 'set OTEL_EXPORTER_OTLP_ENDPOINT (http://localhost:4318, say), or write it to a file: task runs:export RUN=last FILE=trace.json' });
  }
  const to = file ?? `${endpoint?.url.origin ?? ''}${endpoint?.url.pathname ?? ''}`;
  const damage = damageOf(run);
  return {
    exit: run.tampered === undefined ? 'done' : 'look',
    result: { run: run.id, spans, to, ...(run.torn ? { torn: true } : {}), ...(run.tampered === undefined ? {} : { tampered: run.tampered }) },
    render: (style) => [
      `${run.tampered === undefined ? style.green('✔') : style.red('!')} ${spans} spans of run ${run.id} to ${to}`,
      ...(damage === undefined ? [] : [`  its journal: ${damage}`]),
    ],
  };
};
export default runsExport;

function writeTo(file: string, text: string): void {
  try {
    writeFileSync(file, text, { mode: 0o600 });
  } catch (error) {
    throw new Failure({ exit: 'rerun', what: `the trace cannot be written to ${file}`, because: error instanceof Error ? error.message : String(error), hint: 'name a file in a folder that is there and writable: FILE=trace.json' });
  }
}
