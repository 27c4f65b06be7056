/** How a stand-in ends: what it does not model is told to the lab's log, every error goes to stderr, the exit code is the tool's. */
import { Exit, Unmodelled } from './shared/flags.ts';

/** Runs a stand-in's main. `prefix` is what the real tool writes before an error. */
export async function runStandin(tool: string, prefix: string, main: (argv: readonly string[]) => Promise<void>): Promise<void> {
  // Whoever reads the output may have seen enough.
  process.stdout.on('error', () => process.exit(0));
  const argv = process.argv.slice(2);
  try { await main(argv); } catch (error) {
    if (error instanceof Unmodelled) {
      const { note } = await import('./shared/note.ts');
      await note(tool, error.message, argv.join(' '));
    }
    const message = error instanceof Error ? error.message : String(error);
    if (message !== '') process.stderr.write(`${prefix}${message}\n`);
    process.exitCode = error instanceof Exit ? error.code : 1;
  }
}
/** Columns as Go's tabwriter sets them for helm and helmfile: a tab after each cell, cells padded. */
export function tabbed(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, index) => { widths[index] = Math.max(widths[index] ?? 0, cell.length); });
  return rows.map((row) => `${row.map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0))).join('\t')}\n`).join('');
}
