#!/usr/bin/env node
import taskfile from '../../Taskfile.ts';
import { EXIT } from '../engine/failure.ts';
import { answerFast } from './fast.ts';

// The exit code is set, never forced: process.exit would cut off what is still being written to a pipe.
const argv = process.argv.slice(2);
// What is thrown where nobody awaits it would end with 1, which means "no" to whoever asked a question.
process.once('uncaughtException', (error) => void tell(error).finally(() => process.exit(EXIT.bug)));
try {
  process.exitCode = answerFast(argv, taskfile, process) ?? (await (await import('./main.ts')).main(argv, process.env));
} catch (error) {
  await tell(error);
  process.exitCode = EXIT.bug;
}

async function tell(error: unknown): Promise<void> {
  const { renderUnexpected } = await import('../terminal/failure.ts');
  const { createStyle, sentenceWidth } = await import('../terminal/style.ts');
  const { writeLines } = await import('../terminal/output.ts');
  writeLines(process.stderr, renderUnexpected(error, createStyle({ colour: false, width: sentenceWidth(process.stderr.columns) }), { verbose: argv.includes('--verbose') }));
}
