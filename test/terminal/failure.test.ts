import { expect, test } from 'vitest';
import { Failure, gather } from '../../scripts/engine/failure.ts';
import { renderFailure, renderUnexpected } from '../../scripts/terminal/failure.ts';
import { createStyle } from '../../scripts/terminal/style.ts';
import { displayWidth } from '../../scripts/terminal/width.ts';

const style = createStyle({ colour: false, width: 80 });
const part = new Failure({ exit: 'rerun', what: 'apps-02 did not come back', because: 'connection refused for 5m', hint: 'task doctor' });
const failure = new Failure({
  exit: 'rerun', what: '1 of 3 machines failed', because: 'see below', hint: 'run the same command again', leftBehind: 'apps-01 and apps-03 are configured',
  log: '.task/runs/01JD/journal.jsonl', parts: [part], cause: new Error('socket hang up'),
});

test('what, why, what is left, what next, where the log is, each part indented, then the exit code', () => {
  expect(renderFailure(failure, style, { verbose: false })).toEqual([
    '✖ 1 of 3 machines failed',
    '  why   see below',
    '  left  apps-01 and apps-03 are configured',
    '  next  run the same command again',
    '  log   .task/runs/01JD/journal.jsonl',
    '  ✖ apps-02 did not come back',
    '    why   connection refused for 5m',
    '    next  task doctor',
    '  exit  75, safe to run again',
  ]);
});

test('a stack only with verbose, then with its causes', () => {
  const text = renderFailure(failure, style, { verbose: true }).join('\n');
  expect(text).toContain('caused by');
  expect(text).toContain('socket hang up');
  expect(text).toMatch(/ at .*failure\.test\.ts/u);
});

test('an error nobody meant is our bug, 70, without a stack unless verbose', () => {
  const lines = renderUnexpected(new TypeError('x is not a function'), style, { verbose: false });
  expect(lines.at(-1)).toBe('  exit  70, a fault of this program');
  expect(lines.join('\n')).toContain('TypeError: x is not a function');
  expect(lines.join('\n')).not.toContain('failure.test.ts');
  expect(renderUnexpected('thrown text', style, { verbose: true }).join('\n')).toContain('thrown text');
});

test('long reasons wrap, dangerous ones are cleaned', () => {
  const lines = renderFailure(new Failure({ exit: 'look', what: 'word '.repeat(40), because: `\u001b[2Jx ${'y'.repeat(200)}` }), createStyle({ colour: false, width: 40 }), { verbose: false });
  for (const line of lines) {
    expect(displayWidth(line)).toBeLessThanOrEqual(40);
    expect(line).not.toContain('\u001b');
  }
});

test('what the parts say is not said a second time above them, and a next step only once', () => {
  const one = new Failure({ exit: 'rerun', what: 'apps-01 is silent', because: 'connection refused', hint: 'power it on' });
  const two = new Failure({ exit: 'rerun', what: 'apps-02 is silent', because: 'no route', hint: 'check the cable' });
  expect(renderFailure(gather([one, two], '2 of 3 machines failed'), style, { verbose: false })).toEqual([
    '✖ 2 of 3 machines failed',
    '  next  power it on',
    '  ✖ apps-01 is silent',
    '    why   connection refused',
    '  ✖ apps-02 is silent',
    '    why   no route',
    '    next  check the cable',
    '  exit  75, safe to run again',
  ]);
});
