/** The faults that faults-operator.test.ts has a row for; the table there is held against this list. */
export const OPERATOR_ROWS: readonly string[] = [
  'op-session-expired', 'journal-unwritable', 'tool-missing', 'tool-wrong-version', 'operator-disk-full', 'sigterm', 'terminal-gone',
  'child-ignores-sigterm', 'tool-warns-on-stdout', 'stdin-closed', 'sigpipe', 'terminal-1x1',
];
