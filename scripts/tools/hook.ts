import { commandLine } from './command-line.ts';
import type { Hook, Proc, Scope } from './doors.ts';
import { gate } from './gate.ts';

/** Wall ms a command of the operator's own may take. */
const HOOK_MS = 120_000;

/**
 * Commands the configuration names: power, silences, what lives outside. Never through a shell. What is outside is real even when the machines
 * are not, so a lab never runs one: `null`.
 */
export function makeHook(scope: Scope, proc: Proc): Hook {
  return {
    async run({ argv, effect }) {
      if (scope.site.target.kind === 'lab') return null;
      const [tool, ...rest] = argv;
      if (tool === undefined) return null;
      if (gate(scope, effect, commandLine(tool, rest)) === 'would-run') return null;
      // Every exit code is an answer: what it means is for whoever asked.
      const { exitCode, stdout, stderr } = await proc.run({ tool, argv: rest, effect, timeoutMs: HOOK_MS, ok: Array.from({ length: 256 }, (_, code) => code) });
      return { exitCode, said: scope.redactor.redact(`${stdout}\n${stderr}`.trim().split('\n').at(-1) ?? '') };
    },
  };
}
