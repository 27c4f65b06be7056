import type { FaultKind } from './kind.ts';

/**
 * Faults of the operator's own machine, terminal, tools and secret provider. Those of tools are caused by the lab, in its stand-ins, from
 * the next task on; what befalls the runner's own process (`byHand`) only whoever starts it can cause.
 */
export const OPERATOR_FAULTS: readonly FaultKind[] = [
  { name: 'op-session-expired', scope: 'world', outcome: 'fails-safely', radius: 'the operator; no cluster', does: "the op command's session is over", symptom: '[ERROR] You are not currently signed in', heals: 'signed in again' },
  { name: 'tool-missing', scope: 'operator', outcome: 'refused', radius: 'the operator: every task that drives the tool; no cluster', does: 'a tool is not on PATH (a real one further along PATH would be found)', symptom: 'helmfile: command not found', heals: 'it is there again' },
  { name: 'tool-wrong-version', scope: 'operator', outcome: 'refused', radius: 'the operator: every task that drives the tool; no cluster', does: 'a tool is another version than the pinned one', symptom: 'talosctl version --client says v0.9.9', heals: 'it is the pinned one again' },
  { name: 'tool-warns-on-stdout', scope: 'operator', outcome: 'rides-out', radius: 'the operator: what tools print; no cluster', does: 'tools print warnings in front of their JSON or YAML on standard output', symptom: 'WARNING: ... before the first line of the answer', heals: 'they print the answer alone' },
  { name: 'child-ignores-sigterm', scope: 'operator', outcome: 'fails-safely', radius: 'the run that is stopped; the cluster stays as the tool leaves it', does: 'a tool hangs and does not end on SIGTERM', symptom: 'helmfile says nothing, goes on after SIGTERM, and ends only on SIGKILL', heals: 'it works and ends when it is told to' },
  { name: 'operator-disk-full', scope: 'operator', outcome: 'fails-safely', radius: 'the run; the cluster stays as it is', does: "there is no room for the run's journal and files", symptom: 'ENOSPC: no space left on device; EFBIG: file too large', heals: 'there is room again', byHand: 'put TASK_DIR on a full disk, or limit what may be written: (ulimit -f 16; ./task cluster:create ...)' },
  { name: 'journal-unwritable', scope: 'operator', outcome: 'refused', radius: 'the run; no cluster', does: "the folder of the runs cannot be written to", symptom: 'EACCES: permission denied; ENOTDIR: not a directory', heals: 'it can be written to', byHand: 'chmod a-w .task/runs (not as root), or put a file in its place' },
  { name: 'stdin-closed', scope: 'operator', outcome: 'rides-out', radius: 'nothing but questions, which are answered as without a terminal', does: 'standard input is closed', symptom: 'EBADF on file descriptor 0', heals: 'it is open', byHand: './task cluster:create ... <&-' },
  { name: 'terminal-1x1', scope: 'operator', outcome: 'rides-out', radius: 'what is seen', does: 'the terminal has one column and one row, and changes its size during the run', symptom: 'a picture of one character', heals: 'the window has a size again', byHand: 'stty cols 1 rows 1' },
  { name: 'sigpipe', scope: 'operator', outcome: 'rides-out', radius: 'what is seen; the journal has everything', does: 'the reader of the output goes away', symptom: 'EPIPE: broken pipe', heals: 'somebody reads', byHand: './task cluster:create ... 2>&1 | head -1' },
  { name: 'terminal-gone', scope: 'operator', outcome: 'fails-safely', radius: 'the run, which stops safely; the cluster stays as it is', does: 'the terminal is closed during the run, as when a connection breaks', symptom: 'SIGHUP, then EIO: i/o error on every write', heals: 'a new terminal', byHand: 'close the window, or end the connection' },
  { name: 'sigterm', scope: 'operator', outcome: 'fails-safely', radius: 'the run, which stops safely; the cluster stays as it is', does: 'somebody ends the runner from outside', symptom: 'SIGTERM', heals: 'nobody does', byHand: 'kill PID (its number is in .task/locks)' },
];
