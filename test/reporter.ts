import type { Reporter, SerializedError, TestModule } from 'vitest/node';

/**
 * Prints one last line, `N passed, N failed` (`, N skipped` when there are), for people and for CI to read. A file that
 * could not be collected and an error outside any test count as failures: a run that broke must not look empty.
 */
export default class LastLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    let passed = 0;
    let failed = unhandled.length;
    let skipped = 0;
    for (const module of modules) {
      const before = failed;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed += 1;
        else if (state === 'failed') failed += 1;
        else skipped += 1;
      }
      if (module.state() === 'failed' && failed === before) failed += 1;
    }
    // After vitest's own summary, which other reporters print in the same tick.
    process.once('exit', () => {
      process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
    });
  }
}
