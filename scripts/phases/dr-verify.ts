import { verifyRehearsal } from '../dr/report/verify.ts';
import { Failure } from '../engine/failure.ts';
import type { Json } from '../engine/outcome.ts';
import { labelled, signOf, wrap } from '../health/layout.ts';
import { programVersion } from '../tools/environment.ts';
import { makeProc } from '../tools/proc.ts';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { rehearsalDir } from './dr-report.ts';
import type { Action } from './task.ts';

/** Whether the evidence of a rehearsal is what was sealed then, and how far that can be told. */
const drVerify: Action = async (cx) => {
  const dir = rehearsalDir(cx.taskDir, cx.variables['RUN'] ?? 'last');
  const proc = makeProc({ lane: '', step: 'dr:verify', emit: cx.emit, signal: cx.signal, dryRun: false, looking: true, redactor: cx.redactor, taskDir: cx.taskDir, env: cx.environment, site: { target: cx.target } });
  const { exit, findings, shows } = await verifyRehearsal(dir, { digest: digestOf(cx.variables['DIGEST']), signers: signersOf(cx.variables['SIGNERS']), proc, version: programVersion() });
  const result: Json = JSON.parse(JSON.stringify({ dir, exit, findings, shows }));
  return {
    exit, result,
    render: (style) => [
      style.bold(dir),
      ...findings.flatMap(({ what, verdict }) => [
        ...wrap(`${what}${verdict.because === undefined ? '' : `: ${verdict.because}`}`, style.width - 4).map((line, index) => `${index === 0 ? signOf(verdict.is, style) : ' '} ${line}`),
        ...('hint' in verdict && verdict.hint !== undefined ? labelled('try', verdict.hint, { indent: 2, label: 5, width: style.width, dress: style.dim }) : []),
      ]),
      '', ...shows.flatMap((text) => wrap(text, style.width)),
    ],
  };
};
export default drVerify;

const given = (value: string | undefined): string | undefined => (value === undefined || value === '' ? undefined : value);

function digestOf(value: string | undefined): string | undefined {
  const digest = given(value);
  if (digest === undefined || /^(sha256:)?[0-9a-f]{64}$/i.test(digest)) return digest;
  throw new Failure({ exit: 'usage', what: `DIGEST=${digest} is not a digest`, because: 'it is sha256: and 64 hexadecimal digits, as printed at the end of the rehearsal', hint: 'copy all of it: DIGEST=sha256:5b1e...' });
}

function signersOf(value: string | undefined): string | undefined {
  const file = given(value);
  if (file === undefined) return undefined;
  if (existsSync(file)) return resolve(file);
  throw new Failure({ exit: 'usage', what: `there is no file ${file}`, hint: 'SIGNERS names a file of lines `name key-type key`, as ssh-keygen(1) has it under ALLOWED SIGNERS' });
}
