import type { Clock } from '../engine/clock.ts';
import type { Emit } from '../engine/event.ts';
import type { TargetFile } from '../config/target.ts';
import type { Redactor } from './doors.ts';
import { makeProc } from './proc.ts';

/** What running a tool outside of a cluster's doors needs. */
export interface Around { readonly emit: Emit; readonly signal: AbortSignal; readonly clock: Clock; readonly redactor: Redactor; readonly taskDir: string; readonly target: TargetFile; readonly environment: Readonly<Record<string, string | undefined>> }

const TIMEOUT_MS = 60_000;

/** The text as only the owner of this key of age can read it, armoured. Throws a Failure (69) when age is not there. */
export async function sealFor(recipient: string, text: string, around: Around): Promise<string> {
  const proc = makeProc({ lane: '', step: 'seal', emit: around.emit, signal: around.signal, dryRun: false, looking: true, redactor: around.redactor, taskDir: around.taskDir, env: around.environment, site: { target: around.target } });
  return (await proc.run({ tool: 'age', argv: ['--encrypt', '--armor', '--recipient', recipient], effect: 'local', stdin: text, timeoutMs: TIMEOUT_MS })).stdout;
}
